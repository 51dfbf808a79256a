"""How a signed document grew: issued, certified by its first signature, signed, and then perhaps stamped to last."""

# mypy: allow-untyped-calls
# (pyHanko is only partly annotated.)

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, enumerate_sig_fields
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from app.ca.pdf_national import embedded
from app.ca.pdf_policy import adds_stamp, adds_store, step
from app.errors import InputError

SIGNATURE_LIMIT = 300


class Signatures:
    """What stands in the signature fields.

    Attributes:
        signed: signatures in the order of signing. stamps: document time stamps, likewise.
        every: both, in the order of the fields. empty: names of the fields without a value.
    """

    def __init__(self, reader: PdfFileReader) -> None:
        """InputError ``pdf.too_large``; raises anything for a malformed file: the caller treats that as failed."""
        filled: list[EmbeddedPdfSignature] = []
        empty: list[str] = []
        for name, value, field in enumerate_sig_fields(reader):
            if value is None:
                empty.append(name)
            else:
                filled.append(embedded(reader, field, name))
            if len(filled) + len(empty) > SIGNATURE_LIMIT:
                raise InputError("pdf.too_large", limit=SIGNATURE_LIMIT)
        self.every = tuple(filled)
        filled.sort(key=lambda one: int(one.signed_revision))
        self.signed = [one for one in filled if one.sig_object_type != "/DocTimeStamp"]
        self.stamps = [one for one in filled if one.sig_object_type == "/DocTimeStamp"]
        self.empty = tuple(empty)


def document_problem(reader: PdfFileReader, found: Signatures) -> str | None:
    """Why the document as a whole fails: its frame, or something that came in between or behind the signatures."""
    if not found.signed:
        return "pdf.unsigned"
    try:
        problem = frame_problem(reader, found)
        if problem:
            return problem
        first = int(found.signed[0].signed_revision)
        names = {int(one.signed_revision): one.field_name for one in found.signed}
        last = max(names)
        for revision in range(first + 1, last + 1):
            if revision not in names or step(reader, revision) != frozenset({names[revision]}):
                return "pdf.changed"
        if not _only_archived(reader, last, found.stamps):
            return "pdf.changed"
        known = {name for name, _, _ in enumerate_sig_fields(reader.get_historical_resolver(first))}
        known |= {one.field_name for one in found.stamps}
        if any(name not in known for name, _, _ in enumerate_sig_fields(reader)):
            return "pdf.field_added"
    except Exception:
        return "pdf.unreadable"
    return None


def _only_archived(reader: PdfFileReader, last: int, stamps: list[EmbeddedPdfSignature]) -> bool:
    """Behind the last signature come pairs of evidence and time stamp, and nothing else (the first pair by the host,
    later ones where somebody renewed the stamp)."""
    after = range(last + 1, reader.xrefs.total_revisions)
    if len(after) != 2 * len(stamps):
        return False
    return all(
        int(stamp.signed_revision) == store + 1 and adds_store(reader, store)
        and adds_stamp(reader, store + 1, stamp.field_name)
        for store, stamp in zip(after[::2], stamps, strict=True)
    )  # fmt: skip


def frame_problem(reader: PdfFileReader, found: Signatures) -> str | None:
    """The first signature certifies, and no other; the last covers the file; no two share an increment."""
    everything = sorted([*found.signed, *found.stamps], key=lambda one: int(one.signed_revision))
    if len({one.signed_revision for one in everything}) != len(everything):
        return "pdf.changed"
    if not _certifies(reader, everything[0]) or any(one.docmdp_level is not None for one in everything[1:]):
        return "pdf.not_certified"
    if everything[-1].signed_revision != reader.xrefs.total_revisions - 1 or not covers_file(everything[-1]):
        return "pdf.not_covered"
    return None


def covers_file(signature: EmbeddedPdfSignature) -> bool:
    """Whether nothing was added behind it."""
    return bool(signature.evaluate_signature_coverage() is SignatureCoverageLevel.ENTIRE_FILE)


def _certifies(reader: PdfFileReader, signature: EmbeddedPdfSignature) -> bool:
    if "/Perms" not in reader.root:
        return False
    perms = reader.root["/Perms"]
    if set(perms) != {"/DocMDP"} or signature.docmdp_level != MDPPerm.FILL_FORMS:
        return False
    return bool(perms.raw_get("/DocMDP").reference == signature.sig_field.raw_get("/V").reference)
