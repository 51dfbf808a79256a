"""A signed file that somebody brings, PDF or OFD: its signatures with one kind of verdict for both."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from app.ca import ofd, pdf_verifier
from app.ca.ofd_package import MAX_FILE
from app.ca.signatures import parse_certificate
from app.ca.trust import Part, Status, TrustList, is_demo, read_authorities
from app.errors import InputError

FILE_LIMIT = MAX_FILE


class FileSignature(msgspec.Struct, frozen=True):
    """One signature, in the three lines that everyone is shown.

    Attributes:
        holder: name in the certificate. name: as the signature says, or the seal's. claimed_time: aware UTC, or None.
    """

    holder: str
    name: str
    claimed_time: datetime | None
    integrity: Part
    identity: Part
    time: Part


class FileVerdict(msgspec.Struct, frozen=True):
    """``kind``: ``pdf`` or ``ofd``; ``document``: the file as a whole; signatures in their order."""

    kind: str
    document: Part
    signatures: tuple[FileSignature, ...]

    @property
    def status(self) -> Status:
        """Failed if anything failed; passed only if everything passed."""
        parts = [part for one in self.signatures for part in (one.integrity, one.identity, one.time)]
        found = {part.status for part in (self.document, *parts)}
        for status in (Status.FAILED, Status.COULD_NOT_TELL):
            if status in found:
                return status
        return Status.PASSED


def check(data: bytes, trust: TrustList, at: datetime) -> FileVerdict:
    """The verdict on a file; arguments as for :func:`app.ca.pdf_verifier.verify`.

    Raises:
        InputError: ``signature.unknown_file``.
    """
    if data[:1024].lstrip().startswith(b"%PDF-"):
        pdf = pdf_verifier.verify(data, trust, at)
        signed = tuple(
            FileSignature(one.holder, one.name, one.claimed_time, one.integrity, one.identity, one.time)
            for one in pdf.signatures
        )
        return FileVerdict("pdf", pdf.document, signed)
    if data.startswith(b"PK\x03\x04"):
        found = ofd.verify(data, trust, at)
        sealed = tuple(
            FileSignature(one.holder, one.seal_name, one.claimed_time, one.integrity, one.identity, one.time)
            for one in found.signatures
        )
        return FileVerdict("ofd", found.document, sealed)
    raise InputError("signature.unknown_file")


def trust_of(authorities: Sequence[bytes], crls: Sequence[bytes] = ()) -> TrustList:
    """A trust list of files from outside (PEM or DER): who issued themselves are roots, the others stand below them.

    Raises:
        InputError: ``trust.unreadable``.
    """
    certificates = [der for item in authorities for der in read_authorities(item)]
    roots, others = [], []
    for der in certificates:
        parsed = parse_certificate(der)
        (roots if parsed.issuer == parsed.subject else others).append(der)
    return TrustList(roots, crls, others, demo=any(is_demo(root) for root in roots))
