"""The visible picture of an electronic seal (电子签章): name chop, round official seal, drawn signature."""

import io
import math
import struct
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from app.ca.typeface import REGULAR, SEMIBOLD, printable
from app.errors import InputError

RED = (200, 22, 34, 235)
INK = (24, 32, 72)
REHEARSAL_WORD = "演练"
DRAWN_LIMIT = 2 * 1024 * 1024
DRAWN_SIDE = 4096
LEAST_MM, MOST_MM = 5, 55

_PX_PER_MM = 12  # about 300 dpi
_FINE = 3  # drawn larger, then scaled down: smooth edges
_SCALE = _PX_PER_MM * _FINE


@dataclass(frozen=True)
class SealImage:
    """A seal picture.

    Attributes:
        png: RGBA, transparent where nothing is printed.
        width_mm, height_mm: printed size.
        rehearsal: the picture carries 演练.
    """

    png: bytes
    width_mm: float
    height_mm: float
    rehearsal: bool


def name_chop(name: str, *, rehearsal: bool) -> SealImage:
    """A person's chop (签名章): 18 mm square for names up to four characters, a wider one for longer names.

    Read as a chop is: columns from right to left, completed by 印 or 之印.

    Raises:
        InputError: ``seal.no_name``.
    """
    shown = printable(name.replace("\n", " ").strip())
    if not shown:
        raise InputError("seal.no_name")
    filled = {1: shown + "之印", 2: shown + "之印", 3: shown + "印"}.get(len(shown), shown)
    han = all("\u3400" <= char <= "\u9fff" or ord(char) > 0xFFFF for char in shown)
    square = han and len(filled) in {3, 4}
    width = 18.0 if square else min(44.0, 6.0 + 5.2 * _em_width(shown))
    height = 18.0 if square else 11.0
    strip = 4.5 if rehearsal else 0.0
    image, draw = _canvas(width, height + strip)
    _frame(draw, width, height)
    if square:
        _square_name(image, filled, width)
    else:
        _fitted(image, shown, (1.6, 1.6, width - 1.6, height - 1.6))
    if rehearsal:
        _fitted(image, REHEARSAL_WORD, (0, height + 0.6, width, height + strip))
    return _finish(image, width, height + strip, rehearsal)


def official_seal(organisation: str, *, rehearsal: bool, purpose: str = "") -> SealImage:
    """An organisation's round seal (公章): 40 mm, star in the middle, name on the arc, ``purpose`` below the star.

    In a rehearsal the purpose line says 演练专用.

    Raises:
        InputError: ``seal.no_name``.
    """
    shown = printable("".join(organisation.split()))
    if not shown:
        raise InputError("seal.no_name")
    size = 40.0
    image, draw = _canvas(size, size)
    edge = 0.6 * _SCALE
    draw.ellipse((edge, edge, size * _SCALE - edge, size * _SCALE - edge), outline=RED, width=round(1.2 * _SCALE))
    _star(draw, size / 2, size / 2 - 0.3, 6.6)
    _arc_text(image, shown, size)
    line = "演练专用" if rehearsal else printable(purpose)
    if line:
        wide = min(19.0, 4.2 * len(line))
        _fitted(image, line, (size / 2 - wide / 2, 29.0, size / 2 + wide / 2, 33.2))
    return _finish(image, size, size, rehearsal)


def drawn_signature(png: bytes, *, rehearsal: bool) -> SealImage:
    """A signature drawn on a pad or touch screen: its dark strokes, cropped, at most 40 mm × 18 mm.

    Raises:
        InputError: ``seal.drawing_too_large``, ``seal.drawing_unreadable``, ``seal.drawing_empty``.
    """
    picture = _read(png)
    on_white = Image.new("RGBA", picture.size, "white")
    on_white.alpha_composite(picture)
    strokes = on_white.convert("L").point([max(0, min(255, (200 - level) * 2)) for level in range(256)])
    bounds = strokes.getbbox()
    if bounds is None:
        raise InputError("seal.drawing_empty")
    strokes = strokes.crop(bounds)
    factor = min(40.0 / strokes.width, 18.0 / strokes.height)
    width, height = max(2.0, strokes.width * factor), max(2.0, strokes.height * factor)
    strip = 4.5 if rehearsal else 0.0
    image = Image.new("RGBA", _pixels(width, height + strip, _SCALE))
    ink = Image.new("RGBA", _pixels(width, height, _SCALE), (*INK, 255))
    ink.putalpha(strokes.resize(ink.size, Image.Resampling.LANCZOS))
    image.alpha_composite(ink)
    if rehearsal:
        _fitted(image, REHEARSAL_WORD, (0, height + 0.6, width, height + strip))
    return _finish(image, width, height + strip, rehearsal, red_only=False)


def picture_seal(png: bytes, width_mm: float, *, rehearsal: bool) -> SealImage:
    """A seal from a picture (a scanned 公章 with a transparent ground), ``width_mm`` wide; in a rehearsal it says 演练.

    Raises:
        InputError: ``seal.drawing_too_large``, ``seal.drawing_unreadable``, ``seal.bad_size`` (``least``, ``most``).
    """
    picture = _read(png)
    height_mm = width_mm * picture.height / picture.width
    if not (min(width_mm, height_mm) >= LEAST_MM and max(width_mm, height_mm) <= MOST_MM):
        raise InputError("seal.bad_size", least=LEAST_MM, most=MOST_MM)
    strip = 4.5 if rehearsal else 0.0
    image = Image.new("RGBA", _pixels(width_mm, height_mm + strip, _SCALE))
    image.alpha_composite(picture.resize(_pixels(width_mm, height_mm, _SCALE), Image.Resampling.LANCZOS))
    if rehearsal:
        _fitted(image, REHEARSAL_WORD, (0, height_mm + 0.6, width_mm, height_mm + strip))
    return _finish(image, width_mm, height_mm + strip, rehearsal, red_only=False)


def checked_picture(png: bytes) -> bytes:
    """``png`` when it is a PNG of a reasonable size; InputError ``seal.drawing_*``."""
    _read(png)
    return png


def _read(png: bytes) -> Image.Image:
    if len(png) > DRAWN_LIMIT:
        raise InputError("seal.drawing_too_large", limit=DRAWN_LIMIT)
    if len(png) < 33 or png[:8] != b"\x89PNG\r\n\x1a\n":
        raise InputError("seal.drawing_unreadable")
    if max(struct.unpack(">II", png[16:24])) > DRAWN_SIDE:  # before any pixel is decoded
        raise InputError("seal.drawing_too_large", limit=DRAWN_SIDE)
    try:
        return Image.open(io.BytesIO(png), formats=["PNG"]).convert("RGBA")
    except Exception as error:
        raise InputError("seal.drawing_unreadable") from error


def _pixels(width: float, height: float, scale: int) -> tuple[int, int]:
    return max(1, round(width * scale)), max(1, round(height * scale))


def _canvas(width: float, height: float) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGBA", _pixels(width, height, _SCALE), (*RED[:3], 0))
    return image, ImageDraw.Draw(image)


def _finish(image: Image.Image, width: float, height: float, rehearsal: bool, red_only: bool = True) -> SealImage:
    small = image.resize(_pixels(width, height, _PX_PER_MM), Image.Resampling.LANCZOS)
    if red_only:  # one colour all over and only its alpha varies: a fifth of the bytes in the PDF
        alpha = small.getchannel("A")
        small = Image.new("RGBA", small.size, (*RED[:3], 255))
        small.putalpha(alpha)
    out = io.BytesIO()
    small.save(out, "PNG")
    return SealImage(png=out.getvalue(), width_mm=round(width, 3), height_mm=round(height, 3), rehearsal=rehearsal)


def _frame(draw: ImageDraw.ImageDraw, width: float, height: float) -> None:
    box = (0, 0, width * _SCALE - 1, height * _SCALE - 1)
    draw.rounded_rectangle(box, radius=0.8 * _SCALE, outline=RED, width=round(0.8 * _SCALE))


def _em_width(text: str) -> float:
    return sum(0.55 if char.isascii() else 1.0 for char in text)


def _glyphs(text: str, bold: bool = True) -> Image.Image:
    """``text`` in red, cropped to its ink across and to the line's height."""
    font = ImageFont.truetype(str(SEMIBOLD if bold else REGULAR), 8 * _SCALE // 2)
    left, top, right, bottom = font.getbbox(text)
    tall = max(bottom, round(4.4 * _SCALE))
    image = Image.new("RGBA", (max(1, round(right - left)), round(tall)), (*RED[:3], 0))
    ImageDraw.Draw(image).text((-left, 0), text, font=font, fill=RED)
    return image.crop((0, round(top), image.width, round(bottom)))


def _fitted(image: Image.Image, text: str, box: tuple[float, float, float, float]) -> None:
    """Text scaled into a box in millimetres, keeping its shape unless it has to be narrowed."""
    glyphs = _glyphs(text)
    room = ((box[2] - box[0]) * _SCALE, (box[3] - box[1]) * _SCALE)
    tall = min(room[1], glyphs.height * room[0] / glyphs.width * 1.25)
    wide = min(room[0], glyphs.width * tall / glyphs.height)
    glyphs = glyphs.resize((max(1, round(wide)), max(1, round(tall))), Image.Resampling.LANCZOS)
    at = (round(box[0] * _SCALE + (room[0] - wide) / 2), round(box[1] * _SCALE + (room[1] - tall) / 2))
    image.alpha_composite(glyphs, at)


def _square_name(image: Image.Image, text: str, size: float) -> None:
    half = size / 2
    pad, gap = 1.9, 0.5
    right = (half + gap, size - pad)
    left = (pad, half - gap)
    upper, lower = (pad, half - gap), (half + gap, size - pad)
    columns = (text[:1], text[1:]) if len(text) == 3 else (text[:2], text[2:])
    for (x0, x1), column in zip((right, left), columns, strict=True):
        rows = (upper, lower) if len(column) == 2 else ((pad, size - pad),)
        for (y0, y1), char in zip(rows, column, strict=True):
            glyph = _glyphs(char).resize(_pixels(x1 - x0, y1 - y0, _SCALE), Image.Resampling.LANCZOS)
            image.alpha_composite(glyph, (round(x0 * _SCALE), round(y0 * _SCALE)))


def _star(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    points = []
    for step in range(10):
        reach = radius if step % 2 == 0 else inner
        angle = math.radians(-90 + 36 * step)
        points.append(((x + reach * math.cos(angle)) * _SCALE, (y + reach * math.sin(angle)) * _SCALE))
    draw.polygon(points, fill=RED)


def _arc_text(image: Image.Image, text: str, size: float) -> None:
    """The name clockwise round the upper arc; long names get narrower characters."""
    span = min(236.0, 23.0 * (len(text) - 1))
    step = span / max(1, len(text) - 1)
    tall, radius = 4.7, size / 2 - 5.0
    wide = min(4.3, 2 * math.pi * radius * step / 360 * 0.92)
    for index, char in enumerate(text):
        turn = -span / 2 + step * index if len(text) > 1 else 0.0
        side = round(8 * _SCALE)
        tile = Image.new("RGBA", (side, side), (*RED[:3], 0))
        glyph = _glyphs(char).resize(_pixels(wide, tall, _SCALE), Image.Resampling.LANCZOS)
        tile.alpha_composite(glyph, ((side - glyph.width) // 2, (side - glyph.height) // 2))
        tile = tile.rotate(-turn, Image.Resampling.BICUBIC)
        angle = math.radians(turn)
        x = (size / 2 + radius * math.sin(angle)) * _SCALE - side / 2
        y = (size / 2 - radius * math.cos(angle)) * _SCALE - side / 2
        image.alpha_composite(tile, (max(0, round(x)), max(0, round(y))))
