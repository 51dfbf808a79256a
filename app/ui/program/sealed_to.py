"""To which certificate this desk sealed a bid: the envelope itself does not tell, or others could guess."""

from pathlib import Path

import msgspec

from app.ca.signatures import fingerprint
from app.ui.program.case_book import case_folder, write_private

LIMIT = 4096


class SealedTo(msgspec.Struct, frozen=True):
    """``header``: digest of the envelope's header. ``encryption``: SHA-256 of the certificate (DER)."""

    header: str
    encryption: str


def remember(envelope: Path, header: str, certificate: bytes) -> None:
    """Keep it beside the envelope.

    Raises:
        FaultError: ``desk.not_written``.
    """
    note = SealedTo(header, fingerprint(certificate))
    write_private(envelope.with_suffix(".sealed.json"), msgspec.json.encode(note))


def sealed_to(case: str, header: str) -> str:
    """SHA-256 of the encryption certificate; empty when the envelope was not sealed on this desk."""
    for path in (case_folder(case) / "envelopes").glob("*.sealed.json"):
        try:
            with path.open("rb") as file:
                note = msgspec.json.decode(file.read(LIMIT), type=SealedTo)
        except (OSError, msgspec.DecodeError):
            continue
        if note.header == header:
            return note.encryption
    return ""
