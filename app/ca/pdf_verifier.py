"""Verifying a signed PDF: three verdicts a signature (integrity, identity, time), never one boolean, never a crash."""

import contextlib
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

import msgspec
from asn1crypto import cms
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from app.ca.pdf_archive import Store, read_store
from app.ca.pdf_cms import form_problem, stamp_form_problem
from app.ca.pdf_flat import open_flat
from app.ca.pdf_national import NationalSignature
from app.ca.pdf_policy import adds_stamp, adds_store, step
from app.ca.pdf_revisions import Signatures, document_problem, frame_problem
from app.ca.pdf_time import timestamp_part, token_of
from app.ca.signatures import describe
from app.ca.timestamp import judge_imprint
from app.ca.trust import Part, Status, TrustList, Usage, Verdict
from app.errors import InputError

CLOCK_SLACK = timedelta(minutes=10)


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


class StampVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A time stamp over the whole document, made when all had signed (文档时间戳).

    Attributes:
        field: name of its field.
        authority: name in the authority's certificate.
        at: its time, aware UTC; None where its integrity failed.
        integrity: it is over this document as it was then. time: the authority is believed.
    """

    field: str
    authority: str
    at: datetime | None
    integrity: Part
    time: Part


class Level(StrEnum):
    """What keeps a document's signatures provable (ETSI EN 319 142-1, 6); the weakest of them counts."""

    NONE = ""
    B = "B-B"
    T = "B-T"
    LT = "B-LT"
    LTA = "B-LTA"


class DocumentVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signed document.

    Attributes:
        document: the file as a whole: flat, certified by its first signature, covered by its last.
        signatures: in the order of signing.
        empty_fields: fields nobody signed.
        stamps: document time stamps, the oldest first.
        level: what it carries along; says nothing about whether that is believed.
    """

    document: Part
    signatures: tuple[SignatureVerdict, ...] = ()
    empty_fields: tuple[str, ...] = ()
    stamps: tuple[StampVerdict, ...] = ()
    level: Level = Level.NONE

    @property
    def intact(self) -> bool:
        """The document and every signature's integrity passed; says nothing about who signed or when."""
        whole = self.document.status is Status.PASSED
        parts = [one.integrity for one in self.signatures] + [one.integrity for one in self.stamps]
        return whole and all(part.status is Status.PASSED for part in parts)


def verify(pdf: bytes, trust: Trust, at: datetime, bound: Collection[bytes] = ()) -> DocumentVerdict:
    """The verdict on a document; any exception inside is a failed part.

    Args:
        trust: whom to believe.
        at: the moment for which certificates are judged where no timestamp proves another, aware.
        bound: DER certificates that the record itself bound to persons at sign-in (device keys without an issuer).
    """
    try:
        reader = open_flat(pdf)
        found = Signatures(reader)
    except InputError as error:
        return DocumentVerdict(Part(Status.FAILED, error.code, str(error.facts.get("found", ""))))
    except Exception:
        return DocumentVerdict(Part(Status.FAILED, "pdf.unreadable"))
    problem = document_problem(reader, found)
    try:
        store = read_store(reader)
    except Exception:
        store = Store()
    trust = _with_store(trust, store)
    stamps = tuple(_judge_stamp(pdf, one, trust, problem) for one in found.stamps)
    proven = min((one.at for one in stamps if one.at and one.time.status is Status.PASSED), default=None)
    signatures = tuple(_judge(pdf, reader, one, trust, at, bound, problem, proven) for one in found.signed)
    document = Part(Status.FAILED, problem) if problem else Part(Status.PASSED, "pdf.ok")
    return DocumentVerdict(document, signatures, found.empty, stamps, _level(found, store))


def check_grown(seen: bytes, now: bytes) -> None:
    """Whether ``now`` is the document that was ``seen``, with at most signatures of others added since.

    Raises:
        InputError: ``pdf.other_than_seen``.
    """
    if now == seen:
        return
    try:
        if not now.startswith(seen):
            raise InputError("pdf.other_than_seen")
        old, new = open_flat(seen), open_flat(now)
        found = Signatures(new)
        if not found.signed or frame_problem(new, found):
            raise InputError("pdf.other_than_seen")
        names = {int(one.signed_revision): one.field_name for one in found.signed}
        anyone = any(revision < old.xrefs.total_revisions for revision in names)
        for revision in range(old.xrefs.total_revisions, new.xrefs.total_revisions):
            certifying = not anyone and revision == min(names)
            if revision not in names or step(new, revision, certifying=certifying) != frozenset({names[revision]}):
                raise InputError("pdf.other_than_seen")
    except InputError:
        raise
    except Exception as error:
        raise InputError("pdf.other_than_seen") from error


def check_archived(before: bytes, after: bytes) -> None:
    """Whether ``after`` is ``before``, signed, plus exactly the evidence and a time stamp over all of it.

    Says nothing about whether the authority is believed.

    Raises:
        InputError: ``pdf.increment_refused`` with ``reason``: as :func:`check_increment`.
    """
    reason = _archive_problem(before, after)
    if reason:
        raise InputError("pdf.increment_refused", reason=reason, field="")


def _archive_problem(before: bytes, after: bytes) -> str | None:
    if len(after) <= len(before) or not after.startswith(before):
        return "not_an_increment"
    try:
        old, new = open_flat(before), open_flat(after)
        first = old.xrefs.total_revisions
        if new.xrefs.total_revisions != first + 2:
            return "more_than_one_change"
        found = Signatures(new)
        added = [one for one in found.stamps if int(one.signed_revision) == first + 1]
        if len(added) != 1 or not found.signed:
            return "other_field"
        if not adds_store(new, first) or not adds_stamp(new, first + 1, added[0].field_name):
            return "other_content"
        return frame_problem(new, found) or _stamp_problem(after, added[0])
    except InputError as error:
        return error.code.removeprefix("pdf.")
    except Exception:
        return "unreadable"


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
        was, found = Signatures(old), Signatures(new)
        added = [one for one in found.signed if one.field_name not in {one.field_name for one in was.signed}]
        if [one.field_name for one in added] != [field] or found.stamps:
            return "other_field"
        if step(new, new.xrefs.total_revisions - 1, certifying=not was.signed) != frozenset({field}):
            return "other_content"
        problem = frame_problem(new, found)
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


def _judge(
    pdf: bytes,
    reader: PdfFileReader,
    signature: EmbeddedPdfSignature,
    trust: Trust,
    at: datetime,
    bound: Collection[bytes],
    problem: str | None,
    stamped: datetime | None,
) -> SignatureVerdict:
    certificate, holder = _certificate(signature)
    integrity = _integrity(pdf, signature)
    if integrity.status is Status.PASSED and problem:
        integrity = Part(Status.FAILED, problem)
    claimed = _claimed_time(signature)
    time, proven = _time(signature, trust, claimed, at)
    if proven is None and stamped is not None and time.code == "time.claimed_only":
        time, proven = _not_later(claimed, stamped), stamped
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


def _not_later(claimed: datetime | None, stamped: datetime) -> Part:
    """The document's stamp proves that the signature was there then, not when before that it was made."""
    if claimed is not None and claimed > stamped + CLOCK_SLACK:
        return Part(Status.FAILED, "time.claim_differs")
    return Part(Status.PASSED, "time.document_stamped")


def _judge_stamp(pdf: bytes, stamp: EmbeddedPdfSignature, trust: Trust, problem: str | None) -> StampVerdict:
    _, holder = _certificate(stamp)
    try:
        reason = _stamp_problem(pdf, stamp) or problem
        time, moment = _judge_token(stamp, trust)
    except Exception:
        reason, time, moment = "signature.unreadable", Part(Status.FAILED, "time.stamp_unreadable"), None
    integrity = Part(Status.FAILED, reason) if reason else Part(Status.PASSED, "signature.ok")
    if moment is None and not reason:
        integrity = time
    return StampVerdict(stamp.field_name, holder, None if reason else moment, integrity, time)


def _stamp_problem(pdf: bytes, stamp: EmbeddedPdfSignature) -> str | None:
    """The cryptography of a document time stamp, its form and its coverage; not who made it."""
    problem = stamp_form_problem(pdf, stamp)
    if problem:
        return problem
    if _coverage(stamp) is Coverage.UNCLEAR:
        return "signature.coverage"
    part, moment = _judge_token(stamp, TrustList([]))
    return None if moment is not None else part.code


def _judge_token(stamp: EmbeddedPdfSignature, trust: Trust) -> tuple[Part, datetime | None]:
    token = cms.ContentInfo({"content_type": "signed_data", "content": stamp.signed_data})
    return judge_imprint(token, lambda name: bytes(stamp.compute_digest(name)), trust)


def _with_store(trust: Trust, store: Store) -> Trust:
    """``trust`` with the evidence that the document carries: who issued it signed it, so it needs no belief."""
    if not isinstance(trust, TrustList) or not (store.crls or store.ocsp):
        return trust
    try:
        return trust.with_evidence(store.crls, store.ocsp)
    except InputError:  # one by one: what is useless proves nothing, and hinders nothing
        for crls, answers in [((crl,), ()) for crl in store.crls] + [((), (answer,)) for answer in store.ocsp]:
            with contextlib.suppress(InputError):
                trust = trust.with_evidence(crls, answers)
    return trust


def _level(found: Signatures, store: Store) -> Level:
    if not found.signed:
        return Level.NONE
    evidence = bool(store.certificates or store.crls or store.ocsp)
    if evidence and found.stamps:
        return Level.LTA
    try:
        stamped = all(token_of(one.signer_info) is not None for one in found.signed)
    except Exception:
        stamped = False
    return (Level.LT if evidence else Level.T) if stamped else Level.B


def _integrity(pdf: bytes, signature: EmbeddedPdfSignature) -> Part:
    """The cryptography of one signature, its form, and that it covers its whole revision."""
    try:
        problem = form_problem(pdf, signature)
        if problem:
            return Part(Status.FAILED, problem)
        found = _cryptography(pdf, signature)
        if found.status is not Status.PASSED:
            return found
        if _coverage(signature) is Coverage.UNCLEAR:
            return Part(Status.FAILED, "signature.coverage")
    except Exception:
        return Part(Status.FAILED, "signature.unreadable")
    return Part(Status.PASSED, "signature.ok")


def _cryptography(pdf: bytes, signature: EmbeddedPdfSignature) -> Part:
    if isinstance(signature, NationalSignature):
        return signature.integrity(pdf)
    intact, valid = validate_sig_integrity(
        signature.signer_info, signature.signer_cert, "data", signature.compute_digest()
    )
    if not intact:
        return Part(Status.FAILED, "signature.content_changed")
    return Part(Status.PASSED, "signature.ok") if valid else Part(Status.FAILED, "signature.invalid")


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
