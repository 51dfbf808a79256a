"""Taking files out of an archive under names that a person understands: documents, bids, recordings."""

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from app.errors import FaultError
from app.record.archive_reader import ArchiveReader
from app.record.entry import Entry
from app.session.replay import recorded, replay
from app.session.rules.events_case import SegmentClosed
from app.session.rules.state import State


class Named(msgspec.Struct, frozen=True):
    """A file of the archive: where it goes, and its digest."""

    path: str
    sha256: str


def named_files(reader: ArchiveReader) -> Iterator[Named]:
    """Every document in its last form, every envelope, opened bid document and recorded segment."""
    entries = [recorded(entry) for entry in reader.entries() if isinstance(entry, Entry)]
    state = replay(entries)
    for document in state.documents.values():
        yield Named(f"documents/{safe_name(document.id)}.pdf", document.pdf_sha256)
    yield from _bids(state)
    for item in entries:
        if isinstance(item.event, SegmentClosed):
            who = state.people.get(item.event.source)
            name = f"{item.event.source}-{who.name}" if who is not None else item.event.source
            yield Named(f"recording/{safe_name(name)}/{item.event.number:05d}.mkv", item.event.segment_sha256)


def _bids(state: State) -> Iterator[Named]:
    for supplier, bid in state.bids.items():
        folder = f"bids/{safe_name(state.suppliers.get(supplier, supplier))}"
        yield Named(f"{folder}/{bid.header_sha256[:16]}.bid", bid.envelope_sha256)
        for document in bid.documents:
            yield Named(f"{folder}/{safe_name(document.name)}", document.sha256)


def safe_name(name: str) -> str:
    """A name as a file name on every system; never a path."""
    return re.sub(r'[\x00-\x1f/\\:*?"<>|]', "_", name).strip(". ")[:120] or "_"


def extract(archive: Path, out: Path, watch: Callable[[int, int], None] = lambda _done, _all: None) -> list[Path]:
    """Write the archive's files below ``out``; what the archive does not hold (party editions) is left out.

    Args:
        watch: told the bytes written, and those to write; may raise to end it. What is written stays.

    Raises:
        InputError: ``container.*`` and what else the archive is at fault of.
        FaultError: ``extract.damaged`` for files that are not their digests (``count``, and ``name`` of the first),
            after all others are written; OSError of the disk.
    """
    written: list[Path] = []
    damaged: list[str] = []
    with ArchiveReader(archive) as reader:
        items = [item for item in named_files(reader) if reader.has_blob(item.sha256)]
        done, whole = 0, sum(reader.members[f"blobs/{item.sha256}"].size for item in items)
        for item in items:
            path = out / item.path
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(path.name + ".part")
            digest = hashlib.sha256()
            try:
                with open(part, "wb") as file:
                    for piece in reader.blob_pieces(item.sha256):
                        digest.update(piece)
                        file.write(piece)
                        done += len(piece)
                        watch(done, whole)
                if digest.hexdigest() == item.sha256:
                    part.replace(path)
                    written.append(path)
                else:
                    damaged.append(item.path)
            finally:
                part.unlink(missing_ok=True)
    if damaged:
        raise FaultError("extract.damaged", name=damaged[0], count=len(damaged))
    return written
