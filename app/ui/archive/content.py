"""What an archive holds, read in a worker thread: nothing of it is trusted, the verification says what holds."""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from app.ca.pdf_verifier import DocumentVerdict, verify
from app.ca.trust import TrustList
from app.errors import BidroomError, InputError
from app.record.archive_reader import ArchiveReader, Hidden
from app.record.carried import with_carried
from app.session.rules.event import Recorded
from app.session.rules.events import from_builtins
from app.session.rules.events_case import SegmentClosed
from app.session.rules.fold import apply
from app.session.rules.state import Document, State

PDF_LIMIT = 256 * 1024 * 1024
SEGMENT_LIMIT = 256 * 1024 * 1024


class Segment(msgspec.Struct, frozen=True):
    """A piece of recording; ``kept`` whether the file is in this edition in the clear."""

    source: str
    number: int
    start: datetime
    milliseconds: int
    sha256: str
    size: int
    gaps: int
    kept: bool

    @property
    def end(self) -> datetime:
        return self.start + timedelta(milliseconds=self.milliseconds)


class SignedPaper(msgspec.Struct, frozen=True):
    """A document of the case with what its signatures are worth."""

    document: Document
    kept: bool
    verdict: DocumentVerdict | None = None


class Content(msgspec.Struct, frozen=True):
    """The archive's contents.

    Attributes:
        state: the fold of all entries that this edition shows; ``hidden`` counts the others.
        entries: in the order of the record.
    """

    path: Path
    case: str
    edition: str
    size: int
    root: str
    state: State
    entries: tuple[Recorded, ...]
    hidden: int
    segments: tuple[Segment, ...]
    papers: tuple[SignedPaper, ...]
    bid_files: frozenset[str]


def read_content(path: Path, roots: bytes | None = None) -> Content:
    """Read everything but the files' bytes; signatures are judged against ``roots`` (PEM) where given.

    Raises:
        InputError: ``archive.*``, ``container.*``, ``entry.*``, ``event.*``.
    """
    import app.session.engine  # noqa: F401 - the fold's table fills when its modules are read

    with ArchiveReader(path) as archive:
        state, entries, hidden = State(), list[Recorded](), 0
        for entry in archive.entries():
            if isinstance(entry, Hidden):
                hidden += 1
                continue
            recorded = Recorded(entry.index, entry.at, entry.actor, from_builtins(entry.event))
            entries.append(recorded)
            state = apply(state, recorded)
        segments = tuple(_segment(archive, one.event) for one in entries if isinstance(one.event, SegmentClosed))
        trust = with_carried(TrustList([roots] if roots is not None else [], demo=state.rehearsal), archive)
        papers = tuple(_paper(archive, document, trust, state) for document in state.documents.values())
        kept = frozenset(d.sha256 for b in state.bids.values() for d in b.documents if archive.has_blob(d.sha256))
        return Content(
            path=path,
            case=archive.case,
            edition=archive.edition,
            size=archive.size,
            root=archive.root,
            state=state,
            entries=tuple(entries),
            hidden=hidden,
            segments=segments,
            papers=papers,
            bid_files=kept,
        )


def read_file(path: Path, sha256: str, limit: int = PDF_LIMIT) -> bytes:
    """One file of the archive, its digest checked; raises InputError ``blob.*``."""
    with ArchiveReader(path) as archive:
        return archive.read_blob(sha256, limit)


def extract(path: Path, sha256: str, target: Path) -> Path:
    """Write one file of the archive to ``target``; raises InputError ``blob.*``."""
    digest = hashlib.sha256()
    with ArchiveReader(path) as archive, target.open("wb") as file:
        for piece in archive.blob_pieces(sha256):
            digest.update(piece)
            file.write(piece)
    if digest.hexdigest() != sha256:
        target.unlink(missing_ok=True)
        raise InputError("blob.damaged", digest=sha256)
    return target


def source_names(content: Content) -> dict[str, str]:
    """Each source by the name of its person, or its own where it is a room's camera."""
    people = content.state.people
    return {
        key: people[source.person].name if source.person in people else source.name
        for key, source in content.state.sources.items()
    }


def _segment(archive: ArchiveReader, event: SegmentClosed) -> Segment:
    return Segment(
        source=event.source,
        number=event.number,
        start=event.start,
        milliseconds=event.milliseconds,
        sha256=event.segment_sha256,
        size=event.size,
        gaps=event.gaps,
        kept=archive.has_blob(event.segment_sha256),
    )


def _paper(archive: ArchiveReader, document: Document, trust: TrustList, state: State) -> SignedPaper:
    if not archive.has_blob(document.pdf_sha256) or state.at is None:
        return SignedPaper(document, kept=False)
    try:
        pdf = archive.read_blob(document.pdf_sha256, PDF_LIMIT)
        return SignedPaper(document, kept=True, verdict=verify(pdf, trust, state.at))
    except BidroomError:
        return SignedPaper(document, kept=True)
