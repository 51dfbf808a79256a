"""Verifying a signed PDF: three verdicts a signature (integrity, identity, time), never one boolean, never a crash."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

import msgspec
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, enumerate_sig_fields
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from app.ca.pdf_cms import form_problem
from app.ca.pdf_flat import open_flat
from app.ca.pdf_policy import step
from app.ca.pdf_time import timestamp_part
from app.ca.signatures import describe
from app.ca.trust import Part, Status, Usage, Verdict
from app.errors import InputError

CLOCK_SLACK = timedelta(minutes=10)
SIGNATURE_LIMIT = 300


class Trust(Protocol):
    """What is asked of :class:`app.ca.trust.TrustList`."""

    def validate(self, certificate: bytes, chain: Sequence[bytes], at: datetime, usage: Usage) -> Verdict: ...


class Coverage(StrEnum):
    """How much of the file a signature covers."""

    FILE = "file"  # all of it: nothing was added afterwards
    REVISION = "revision"  # all up to its own increment
    UNCLEAR = "unclear"


class SignatureVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One signature (电子签章) in a document.

    Attributes:
        field: name of the signature field.
        certificate: DER; empty when it cannot be read.
        holder: name in the certificate.
        name, reason: as the signature dictionary says (claims).
        claimed_time: the time the signer wrote, aware UTC, or None.
        coverage: of the file.
        integrity: what was signed is unchanged, and only signatures were added since.
        identity: the certificate is believed: its chain, dates, usage and revocation, or the record bound it.
        time: proven by a timestamp, or only claimed.
        certificate_verdict: the parts behind ``identity``; None where the record bound the certificate or none is read.
    """

    field: str
    certificate: bytes
    holder: str
    name: str
    reason: str
    claimed_time: datetime | None
    coverage: Coverage
    integrity: Part
    identity: Part
    time: Part
    certificate_verdict: Verdict | None = None


class DocumentVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signed document.

    Attributes:
        document: the file as a whole: flat, certified by its first signature, covered by its last.
        signatures: in the order of signing.
        empty_fields: fields nobody signed.
    """

    document: Part
    signatures: tuple[SignatureVerdict, ...] = ()
    empty_fields: tuple[str, ...] = ()

    @property
    def intact(self) -> bool:
        """The document and every signature's integrity passed; says nothing about who signed or when."""
        whole = self.document.status is Status.PASSED
        return whole and all(one.integrity.status is Status.PASSED for one in self.signatures)


def verify(pdf: bytes, trust: Trust, at: datetime, bound: Collection[bytes] = ()) -> DocumentVerdict:
    """The verdict on a document; any exception inside is a failed part.

    Args:
        trust: whom to believe.
        at: the moment for which certificates are judged where no timestamp proves another, aware.
        bound: DER certificates that the record itself bound to persons at sign-in (device keys without an issuer).
    """
    try:
        reader = open_flat(pdf)
        embedded, empty = _signatures(reader)
    except InputError as error:
        return DocumentVerdict(Part(Status.FAILED, error.code, str(error.facts.get("found", ""))))
    except Exception:
        return DocumentVerdict(Part(Status.FAILED, "pdf.unreadable"))
    problem = _document_problem(reader, embedded)
    signatures = tuple(_judge(pdf, reader, one, trust, at, bound, problem) for one in embedded)
    document = Part(Status.FAILED, problem) if problem else Part(Status.PASSED, "pdf.ok")
    return DocumentVerdict(document, signatures, empty)


def check_increment(before: bytes, after: bytes, field: str, certificate: bytes) -> None:
    """Whether ``after`` is ``before`` plus exactly one valid new signature, in ``field``, by ``certificate`` (DER).

    Says nothing about whether the certificate is believed: the host asks that of its trust list. Earlier signatures
    are not computed again: their bytes are those of ``before``, which the host has accepted already.

    Raises:
        InputError: ``pdf.increment_refused`` with ``reason``: ``not_an_increment``, ``unreadable``, ``not_flat``,
            ``more_than_one_change``, ``other_field``, ``other_certificate``, ``other_content``, or the code of what
            failed (``pdf.…``, ``signature.…``).
    """
    reason = _increment_problem(before, after, field, certificate)
    if reason:
        raise InputError("pdf.increment_refused", reason=reason, field=field[:64])


def _increment_problem(before: bytes, after: bytes, field: str, certificate: bytes) -> str | None:
    if len(after) <= len(before) or not after.startswith(before):
        return "not_an_increment"
    try:
        old, new = open_flat(before), open_flat(after)
        if new.xrefs.total_revisions != old.xrefs.total_revisions + 1:
            return "more_than_one_change"
        old_signed, _ = _signatures(old)
        new_signed, _ = _signatures(new)
        added = [one for one in new_signed if one.field_name not in {was.field_name for was in old_signed}]
        if [one.field_name for one in added] != [field]:
            return "other_field"
        if step(new, new.xrefs.total_revisions - 1, certifying=not old_signed) != frozenset({field}):
            return "other_content"
        problem = _frame_problem(new, new_signed)
        if problem:
            return problem
        part = _integrity(after, added[0])
        if part.status is not Status.PASSED:
            return part.code
        if added[0].signer_cert.dump() != certificate:
            return "other_certificate"
    except InputError as error:
        return error.code.removeprefix("pdf.")
    except Exception:
        return "unreadable"
    return None


def _signatures(reader: PdfFileReader) -> tuple[list[EmbeddedPdfSignature], tuple[str, ...]]:
    """The filled fields in the order of signing, and the names of the empty ones."""
    filled, empty = [], []
    for name, value, field in enumerate_sig_fields(reader):
        if value is None:
            empty.append(name)
        else:
            filled.append(EmbeddedPdfSignature(reader, field, name))
        if len(filled) + len(empty) > SIGNATURE_LIMIT:
            raise InputError("pdf.too_large", limit=SIGNATURE_LIMIT)
    return sorted(filled, key=lambda one: one.signed_revision), tuple(empty)


def _document_problem(reader: PdfFileReader, signatures: list[EmbeddedPdfSignature]) -> str | None:
    """Why the document as a whole fails: its frame, or something that came in between the signatures."""
    if not signatures:
        return "pdf.unsigned"
    try:
        problem = _frame_problem(reader, signatures)
        if problem:
            return problem
        signed_in = {one.signed_revision: one.field_name for one in signatures}
        first = signatures[0].signed_revision
        for revision in range(first + 1, reader.xrefs.total_revisions):
            if step(reader, revision) != frozenset({signed_in[revision]} if revision in signed_in else ()):
                return "pdf.changed"
        known = {name for name, _, _ in enumerate_sig_fields(reader.get_historical_resolver(first))}
        if any(name not in known for name, _, _ in enumerate_sig_fields(reader)):
            return "pdf.field_added"
    except Exception:
        return "pdf.unreadable"
    return None


def _frame_problem(reader: PdfFileReader, signatures: list[EmbeddedPdfSignature]) -> str | None:
    """The first signature certifies, and no other; the last covers the file; no two share an increment."""
    first, last = signatures[0], signatures[-1]
    if len({one.signed_revision for one in signatures}) != len(signatures):
        return "pdf.changed"
    if not _certifies(reader, first) or any(one.docmdp_level is not None for one in signatures[1:]):
        return "pdf.not_certified"
    if last.signed_revision != reader.xrefs.total_revisions - 1 or _coverage(last) is not Coverage.FILE:
        return "pdf.not_covered"
    return None


def _certifies(reader: PdfFileReader, signature: EmbeddedPdfSignature) -> bool:
    if "/Perms" not in reader.root:
        return False
    perms = reader.root["/Perms"]
    if set(perms) != {"/DocMDP"} or signature.docmdp_level != MDPPerm.FILL_FORMS:
        return False
    return bool(perms.raw_get("/DocMDP").reference == signature.sig_field.raw_get("/V").reference)


def _judge(
    pdf: bytes,
    reader: PdfFileReader,
    signature: EmbeddedPdfSignature,
    trust: Trust,
    at: datetime,
    bound: Collection[bytes],
    problem: str | None,
) -> SignatureVerdict:
    certificate, holder = _certificate(signature)
    integrity = _integrity(pdf, signature)
    if integrity.status is Status.PASSED and problem:
        integrity = Part(Status.FAILED, problem)
    claimed = _claimed_time(signature)
    time, proven = _time(signature, trust, claimed, at)
    identity, verdict = _identity(signature, certificate, holder, trust, proven or at, bound)
    return SignatureVerdict(
        field=signature.field_name,
        certificate=certificate,
        holder=holder,
        name=_text(signature, "/Name"),
        reason=_text(signature, "/Reason"),
        claimed_time=claimed,
        coverage=_coverage(signature),
        integrity=integrity,
        identity=identity,
        time=time,
        certificate_verdict=verdict,
    )


def _integrity(pdf: bytes, signature: EmbeddedPdfSignature) -> Part:
    """The cryptography of one signature, its form, and that it covers its whole revision."""
    try:
        problem = form_problem(pdf, signature)
        if problem:
            return Part(Status.FAILED, problem)
        intact, valid = validate_sig_integrity(
            signature.signer_info, signature.signer_cert, "data", signature.compute_digest()
        )
        if not intact:
            return Part(Status.FAILED, "signature.content_changed")
        if not valid:
            return Part(Status.FAILED, "signature.invalid")
        if _coverage(signature) is Coverage.UNCLEAR:
            return Part(Status.FAILED, "signature.coverage")
    except Exception:
        return Part(Status.FAILED, "signature.unreadable")
    return Part(Status.PASSED, "signature.ok")


def _identity(
    signature: EmbeddedPdfSignature,
    certificate: bytes,
    holder: str,
    trust: Trust,
    at: datetime,
    bound: Collection[bytes],
) -> tuple[Part, Verdict | None]:
    if not certificate:
        return Part(Status.FAILED, "certificate.unreadable"), None
    if certificate in bound:
        return Part(Status.PASSED, "identity.bound_by_record", holder), None
    try:
        chain = [other.dump() for other in signature.other_embedded_certs]
        verdict = trust.validate(certificate, chain, at, "sign")
    except Exception:
        return Part(Status.FAILED, "certificate.unreadable", holder), None
    parts = (verdict.chain, verdict.validity, verdict.usage, verdict.revocation)
    telling = next((part for part in parts if part.status is verdict.status), verdict.chain)
    if verdict.status is Status.PASSED:
        return Part(Status.PASSED, "identity.ok", holder), verdict
    return telling, verdict


def _time(
    signature: EmbeddedPdfSignature, trust: Trust, claimed: datetime | None, at: datetime
) -> tuple[Part, datetime | None]:
    if claimed is None:
        return Part(Status.FAILED, "time.unreadable"), None
    try:
        part, proven = timestamp_part(signature.signer_info, trust, at)
    except Exception:
        return Part(Status.FAILED, "time.stamp_invalid"), None
    if part is not None and part.status is not Status.PASSED:
        return part, None
    if proven is not None and part is not None:
        far = abs(proven - claimed) > CLOCK_SLACK
        return (Part(Status.FAILED, "time.claim_differs"), proven) if far else (part, proven)
    if claimed > at + CLOCK_SLACK:
        return Part(Status.FAILED, "time.in_future"), None
    return Part(Status.COULD_NOT_TELL, "time.claimed_only"), None


def _certificate(signature: EmbeddedPdfSignature) -> tuple[bytes, str]:
    try:
        der: bytes = signature.signer_cert.dump()
        return der, describe(der).holder
    except Exception:
        return b"", ""


def _coverage(signature: EmbeddedPdfSignature) -> Coverage:
    try:
        level = signature.evaluate_signature_coverage()
    except Exception:
        return Coverage.UNCLEAR
    known = {
        SignatureCoverageLevel.ENTIRE_FILE: Coverage.FILE,
        SignatureCoverageLevel.ENTIRE_REVISION: Coverage.REVISION,
    }
    return known.get(level, Coverage.UNCLEAR)


def _claimed_time(signature: EmbeddedPdfSignature) -> datetime | None:
    try:
        moment = generic.parse_pdf_date(signature.sig_object["/M"], strict=True)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except Exception:
        return None


def _text(signature: EmbeddedPdfSignature, key: str) -> str:
    try:
        return str(signature.sig_object[key])[:400]
    except Exception:
        return ""
