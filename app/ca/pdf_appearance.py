"""What is seen in a signed box: the seal picture, and beside it who signed, as what and when."""

# mypy: allow-untyped-calls
# (pyHanko is only partly annotated.)

import io
from datetime import datetime, timedelta, timezone
from typing import Any, cast

import typst
from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.images import pil_image
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from app.ca.seal import SealImage
from app.ca.typeface import FONTS, printable
from app.canon import canonical
from app.errors import FaultError
from app.settings import RESOURCES

BEIJING = timezone(timedelta(hours=8))

_POINTS_PER_MM = 72 / 25.4
_MARGIN = 3.0  # points
_TEXT_WIDTH = 108.0  # points kept for the words
_TEMPLATES = RESOURCES / "templates"


def appearance(
    writer: IncrementalPdfFileWriter,
    widget: Any,
    seal: SealImage,
    *,
    name: str,
    reason: str,
    at: datetime,
    serial: str,
) -> None:
    """Give the signature field's ``widget`` its appearance: the seal on the left, the words on the right.

    The seal keeps its printed size unless the box is too small for it.

    Raises:
        FaultError: ``pdf.no_appearance`` when template or fonts are broken.
    """
    left, bottom, right, top = (float(edge) for edge in widget["/Rect"])
    width, height = right - left, top - bottom
    size, corner, text_width = layout(width, height, seal)
    words = writer.import_page_as_xobject(
        PdfFileReader(io.BytesIO(_words(seal, text_width, height, name, reason, at, serial)))
    )
    picture = pil_image(Image.open(io.BytesIO(seal.png)), writer)
    drawing = (
        f"q {size[0]:.3f} 0 0 {size[1]:.3f} {corner[0]:.3f} {corner[1]:.3f} cm /Seal Do Q "
        f"q 1 0 0 1 {width - text_width:.3f} 0 cm /Words Do Q"
    )
    form = generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): generic.ArrayObject(
                [generic.FloatObject(f"{edge:.3f}") for edge in (0.0, 0.0, width, height)]
            ),
            pdf_name("/Resources"): generic.DictionaryObject(
                {
                    pdf_name("/XObject"): generic.DictionaryObject(
                        {
                            pdf_name("/Seal"): picture,
                            pdf_name("/Words"): words,
                        }
                    )
                }
            ),
        },
        stream_data=drawing.encode(),
    )
    widget[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(form)})


def layout(width: float, height: float, seal: SealImage) -> tuple[tuple[float, float], tuple[float, float], float]:
    """In a box of ``width`` × ``height`` points: the seal's size, its lower left corner, the width left for words."""
    text_width = min(_TEXT_WIDTH, width / 2)
    room = (width - text_width - 2 * _MARGIN, height - 2 * _MARGIN)
    printed = (seal.width_mm * _POINTS_PER_MM, seal.height_mm * _POINTS_PER_MM)
    scale = min(1.0, room[0] / printed[0], room[1] / printed[1])
    size = (printed[0] * scale, printed[1] * scale)
    return size, (_MARGIN + (room[0] - size[0]) / 2, _MARGIN + (room[1] - size[1]) / 2), text_width


def _words(seal: SealImage, width: float, height: float, name: str, reason: str, at: datetime, serial: str) -> bytes:
    local = at.astimezone(BEIJING)
    shown = {
        "width": round(width),
        "height": round(height),
        "name": printable(name),
        "reason": printable(reason),
        "time": f"{local.year}年{local.month}月{local.day}日 {local:%H:%M:%S}",
        "serial": serial[-16:].upper(),
        "rehearsal": seal.rehearsal,
    }
    try:
        compiler = typst.Compiler(
            str(_TEMPLATES / "signature_text.typ"),
            root=str(_TEMPLATES),
            font_paths=[str(FONTS)],
            ignore_system_fonts=True,
            sys_inputs={"shown": canonical(shown).decode()},
        )
        pdf = compiler.compile(format="pdf", pdf_standards=["a-3u"], pdf_tags=False, timestamp=int(at.timestamp()))
    except typst.TypstError as error:
        raise FaultError("pdf.no_appearance") from error
    return cast(bytes, pdf)
