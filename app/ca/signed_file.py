"""A signed file that somebody brings, PDF or OFD: one kind of verdict for both."""

from collections.abc import Sequence
from datetime import datetime

from app.ca import ofd, pdf_verifier
from app.ca.ofd_package import MAX_FILE
from app.ca.pdf_verifier import Coverage, DocumentVerdict, SignatureVerdict
from app.ca.signatures import parse_certificate
from app.ca.trust import Status, TrustList, is_demo, read_authorities
from app.errors import InputError

FILE_LIMIT = MAX_FILE


def is_ofd(data: bytes) -> bool:
    """Whether this is an OFD file, by how it begins."""
    return data.startswith(b"PK\x03\x04")


def check(data: bytes, trust: TrustList, at: datetime) -> DocumentVerdict:
    """The verdict on a file; arguments as for :func:`app.ca.pdf_verifier.verify`.

    Of an OFD signature, ``field`` is the place of its list and ``name`` the seal's.

    Raises:
        InputError: ``signature.unknown_file``.
    """
    if data[:1024].lstrip().startswith(b"%PDF-"):
        return pdf_verifier.verify(data, trust, at)
    if not is_ofd(data):
        raise InputError("signature.unknown_file")
    found = ofd.verify(data, trust, at)
    return DocumentVerdict(found.document, tuple(_signature(one) for one in found.signatures))


def status_of(verdict: DocumentVerdict) -> Status:
    """Failed if anything failed; passed only if everything passed."""
    parts = [part for one in verdict.signatures for part in (one.integrity, one.identity, one.time)]
    parts += [part for stamp in verdict.stamps for part in (stamp.integrity, stamp.time)]
    found = {part.status for part in (verdict.document, *parts)}
    for status in (Status.FAILED, Status.COULD_NOT_TELL):
        if status in found:
            return status
    return Status.PASSED


def trust_of(authorities: Sequence[bytes], crls: Sequence[bytes] = ()) -> TrustList:
    """A trust list of files from outside (PEM or DER): who issued themselves are roots, the others stand below them.

    Raises:
        InputError: ``trust.unreadable``.
    """
    roots: list[bytes] = []
    others: list[bytes] = []
    for der in (der for item in authorities for der in read_authorities(item)):
        parsed = parse_certificate(der)
        (roots if parsed.issuer == parsed.subject else others).append(der)
    return TrustList(roots, crls, others, demo=any(is_demo(root) for root in roots))


def _signature(one: ofd.OfdSignatureVerdict) -> SignatureVerdict:
    whole = one.integrity.status is Status.PASSED
    return SignatureVerdict(
        field=one.place,
        certificate=one.signature.certificate if one.signature else b"",
        holder=one.holder,
        name=one.seal_name,
        reason="",
        claimed_time=one.claimed_time,
        coverage=Coverage.FILE if whole else Coverage.UNCLEAR,
        integrity=one.integrity,
        identity=one.identity,
        time=one.time,
    )
