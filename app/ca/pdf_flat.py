"""Flat documents only: a PDF that anyone could have built is refused before it is signed or believed."""

# mypy: allow-untyped-calls
# (pyHanko is only partly annotated.)

import io
from typing import Any, BinaryIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodeLimits
from pyhanko.pdf_utils.reader import PdfFileReader

from app.errors import InputError

SIZE_LIMIT = 64 * 1024 * 1024
OBJECT_LIMIT = 200_000
PAGE_LIMIT = 2000
REVISION_LIMIT = 400

# Keys and names by which a PDF does something by itself, hides layers, or carries a form of another kind.
_ACTIVE_KEYS = frozenset({
    "/JS", "/JavaScript", "/AA", "/OpenAction", "/A", "/XFA", "/OCProperties", "/RichMedia", "/NeedAppearances",
    "/Collection", "/URI", "/Launch", "/Movie", "/3DD",
})  # fmt: skip
_ACTIVE_VALUES = frozenset({"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/URI", "/GoToR", "/GoToE"})


def open_flat(source: bytes | BinaryIO) -> PdfFileReader:
    """A reader on a flat document: no scripts, actions, layers or encryption; no annotation but signature fields.

    ``source``: the document, or an open file with it, which the reader goes on using.

    Raises:
        InputError: ``pdf.too_large`` (``limit``), ``pdf.unreadable``, ``pdf.not_flat`` (``found``).
    """
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    if stream.seek(0, io.SEEK_END) > SIZE_LIMIT:
        raise InputError("pdf.too_large", limit=SIZE_LIMIT)
    try:
        reader = _reader(stream)
        if reader.encrypted:
            raise InputError("pdf.not_flat", found="Encrypt")
        if reader.xrefs.total_revisions > REVISION_LIMIT:
            raise InputError("pdf.too_large", limit=REVISION_LIMIT)
        _walk(reader.trailer.raw_get("/Root"))
        _only_signature_fields(reader)
    except InputError:
        raise
    except Exception as error:  # the library raises whatever a malformed file provokes
        raise InputError("pdf.unreadable") from error
    return _reader(stream)  # the one that has walked holds every object in memory


def _reader(stream: BinaryIO) -> PdfFileReader:
    return PdfFileReader(stream, strict=True, decode_limits=DecodeLimits.for_untrusted_input())


def _walk(root: Any) -> None:
    seen: set[tuple[int, int]] = set()
    pending: list[Any] = [root]
    while pending:
        item = pending.pop()
        if isinstance(item, generic.IndirectObject):
            name = (item.idnum, item.generation)
            if name in seen:
                continue
            seen.add(name)
            if len(seen) > OBJECT_LIMIT:
                raise InputError("pdf.too_large", limit=OBJECT_LIMIT)
            item = item.get_object()
        if isinstance(item, generic.DictionaryObject):
            active = _ACTIVE_KEYS & item.keys()
            kind = item.raw_get("/S") if "/S" in item else None
            if active:
                raise InputError("pdf.not_flat", found=min(active)[1:])
            if isinstance(kind, generic.NameObject) and kind in _ACTIVE_VALUES:
                raise InputError("pdf.not_flat", found=kind[1:])
            pending.extend(item.raw_get(key) for key in item)
        elif isinstance(item, generic.ArrayObject):
            pending.extend(item.raw_get(index) for index in range(len(item)))


def _only_signature_fields(reader: PdfFileReader) -> None:
    fields: set[generic.Reference] = set()
    root = reader.root
    if "/AcroForm" in root:
        listed = root["/AcroForm"]["/Fields"]
        for index in range(len(listed)):
            field = listed[index]
            if field["/FT"] != "/Sig" or "/Kids" in field:
                raise InputError("pdf.not_flat", found="AcroForm")
            fields.add(listed.raw_get(index).reference)
    pages = root["/Pages"]
    if not 0 < int(pages["/Count"]) <= PAGE_LIMIT:
        raise InputError("pdf.too_large", limit=PAGE_LIMIT)
    for number in range(int(pages["/Count"])):
        page = reader.find_page_for_modification(number)[0].get_object()
        if "/Annots" not in page:
            continue
        annotations = page["/Annots"]  # not get(): that would not follow a reference
        for index in range(len(annotations)):
            raw = annotations.raw_get(index)
            if not isinstance(raw, generic.IndirectObject) or raw.reference not in fields:
                raise InputError("pdf.not_flat", found="Annots")
