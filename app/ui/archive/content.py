"""What an archive holds, read in a worker thread: nothing of it is trusted, the verification says what holds.

What cannot be read is kept as such, at its place: a changed archive is looked at just because it was changed.
"""

import contextlib
import hashlib
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from app.ca.pdf_verifier import DocumentVerdict, verify
from app.ca.trust import TrustList
from app.errors import BidroomError, InputError
from app.record.archive_reader import ArchiveReader, Hidden
from app.record.carried import with_carried
from app.record.entry import Entry, parse_entry
from app.record.naming import blob_keys, named_blobs
from app.record.verification import Watch
from app.session.rules.event import Recorded
from app.session.rules.events import from_builtins
from app.session.rules.events_case import SegmentClosed
from app.session.rules.fold import apply
from app.session.rules.state import Document, State

PDF_LIMIT = 256 * 1024 * 1024
PEM_LIMIT = 4 * 1024 * 1024
UNREADABLE = "entry.unreadable"


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


class ArchivedFile(msgspec.Struct, frozen=True):
    """A file that the record names, or that lies in the archive besides.

    Attributes:
        sha256: what its name, or the manifest, says.
        member: its name in the archive; empty where this edition leaves it out.
        size: bytes; None where it is not here.
        index: the first entry that names it; None where none does.
        sealed: still encrypted under the key of the case.
        own: one of the archive's own (the list of entries, certificates, the note for the reader).
    """

    sha256: str
    member: str
    size: int | None
    index: int | None
    sealed: bool = False
    own: bool = False

    @property
    def kept(self) -> bool:
        """Whether it can be taken out."""
        return bool(self.member) and not self.sealed


class Content(msgspec.Struct, frozen=True):
    """The archive's contents.

    Attributes:
        state: the fold of all entries that this edition shows and that can be read.
        entries: these, in the order of the record.
        hidden: indexes of which this edition has the hash alone.
        unreadable: indexes that cannot be read, each with a code that says why.
        cut: why reading ended before the last entry; empty when it did not.
        heads: how many entries each signed head covers.
        carried_roots: certificates that lie in the archive itself (PEM); no ground for trust.
    """

    path: Path
    case: str
    edition: str
    size: int
    root: str
    state: State
    entries: tuple[Recorded, ...]
    segments: tuple[Segment, ...] = ()
    files: tuple[ArchivedFile, ...] = ()
    hidden: tuple[int, ...] = ()
    unreadable: dict[int, str] = {}
    cut: str = ""
    heads: tuple[int, ...] = ()
    carried_roots: bytes = b""

    @property
    def full(self) -> bool:
        """Whether this is no party's edition."""
        return self.edition == "full"

    def file(self, sha256: str) -> ArchivedFile | None:
        """The file of that digest, when an entry names it or the archive holds it."""
        return next((one for one in self.files if one.sha256 == sha256 and not one.own), None)

    def keeps(self, sha256: str) -> bool:
        """Whether this edition has that file in the clear."""
        found = self.file(sha256)
        return found is not None and found.kept


def read_content(path: Path) -> Content:
    """Read everything but the files' bytes.

    Raises:
        InputError: ``archive.*``, ``container.*`` where not even the list of files can be read.
    """
    import app.session.engine  # noqa: F401 - the fold's table fills when its modules are read

    with ArchiveReader(path) as archive:
        walk = _Walk()
        try:
            for index, line in enumerate(archive.entry_lines()):
                walk.visit(index, line)
        except InputError as error:
            walk.cut = error.code
        heads = list[int]()
        with contextlib.suppress(InputError):
            heads.extend(one.size for one in archive.checkpoints())
        return Content(
            path=path,
            case=archive.case,
            edition=archive.edition,
            size=archive.size,
            root=archive.root,
            state=walk.state,
            entries=tuple(walk.entries),
            segments=tuple(
                _segment(archive, one.event) for one in walk.entries if isinstance(one.event, SegmentClosed)
            ),
            files=_files(archive, walk.named),
            hidden=tuple(walk.hidden),
            unreadable=walk.unreadable,
            cut=walk.cut,
            heads=tuple(sorted(heads)),
            carried_roots=_carried_roots(archive),
        )


class _Walk:
    def __init__(self) -> None:
        self.state, self.entries = State(), list[Recorded]()
        self.hidden, self.unreadable = list[int](), dict[int, str]()
        self.named: dict[str, int] = {}
        self.cut = ""
        self._keys: frozenset[str] = frozenset()

    def visit(self, index: int, line: bytes | Hidden) -> None:
        if isinstance(line, Hidden):
            self.hidden.append(index)
            return
        try:
            entry = parse_entry(line)
            if index == 0:
                self._keys = blob_keys(entry.event)
            recorded = Recorded(entry.index, entry.at, entry.actor, from_builtins(entry.event))
            self.state = apply(self.state, recorded)
            self._name(entry)
        except BidroomError as error:
            self.unreadable[index] = error.code
            return
        except Exception:  # what the rules meet in a changed archive can be anything
            self.unreadable[index] = UNREADABLE
            return
        self.entries.append(recorded)

    def _name(self, entry: Entry) -> None:
        for digest in named_blobs(entry.event, self._keys):
            self.named.setdefault(digest, entry.index)


def _files(archive: ArchiveReader, named: dict[str, int]) -> tuple[ArchivedFile, ...]:
    """First what entries name, in their order; then what lies there besides."""
    members = {name.partition("/")[2]: name for name in archive.members if name.startswith(("blobs/", "sealed/"))}
    others = [name for name in archive.members if name in archive.listed and name.partition("/")[2] not in members]
    found = []
    unnamed: list[tuple[str, int | None]] = [(one, None) for one in members if one not in named]
    for digest, index in [*named.items(), *unnamed]:
        name = members.get(digest, "")
        if not name and "rulepack.json" in archive.members and archive.listed["rulepack.json"].sha256 == digest:
            continue  # it lies under its own name
        size = archive.members[name].size if name else None
        found.append(ArchivedFile(digest, name, size, index, sealed=name.startswith("sealed/")))
    found += [
        ArchivedFile(archive.listed[one].sha256, one, archive.members[one].size, None, own=True) for one in others
    ]
    return tuple(found)


def _carried_roots(archive: ArchiveReader) -> bytes:
    """The certificates (PEM) that the archive carries; b"" for none that can be read."""
    found = b""
    for name in archive.members:
        if name.startswith("certificates/") and name.endswith(".pem"):
            with contextlib.suppress(InputError):
                found += archive.read(name, PEM_LIMIT)
    return found


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


def read_papers(content: Content, roots: bytes | None) -> tuple[SignedPaper, ...]:
    """The case's documents with their signatures, judged by ``roots`` (PEM) where given.

    Raises:
        InputError: ``archive.*``, ``container.*``, ``trust.*``.
    """
    state = content.state
    with ArchiveReader(content.path) as archive:
        trust = with_carried(TrustList([roots] if roots is not None else [], demo=True), archive)
        return tuple(_paper(archive, document, trust, state) for document in state.documents.values())


def _paper(archive: ArchiveReader, document: Document, trust: TrustList, state: State) -> SignedPaper:
    if not archive.has_blob(document.pdf_sha256) or state.at is None:
        return SignedPaper(document, kept=False)
    try:
        pdf = archive.read_blob(document.pdf_sha256, PDF_LIMIT)
        return SignedPaper(document, kept=True, verdict=verify(pdf, trust, state.at))
    except BidroomError:
        return SignedPaper(document, kept=True)


def read_file(path: Path, sha256: str, limit: int = PDF_LIMIT) -> bytes:
    """One file of the archive, its digest checked; raises InputError ``blob.*``."""
    with ArchiveReader(path) as archive:
        return archive.read_blob(sha256, limit)


def extract(path: Path, file: ArchivedFile, target: Path) -> Path:
    """Write one file of the archive to ``target``, which is replaced only by what has the digest.

    Raises:
        InputError: ``blob.*``, ``archive.missing``. OSError of the disk.
    """
    digest = hashlib.sha256()
    part = target.with_name(target.name + ".part")
    try:
        with ArchiveReader(path) as archive, part.open("wb") as written:
            for piece in archive.member_pieces(file.member):
                digest.update(piece)
                written.write(piece)
        if digest.hexdigest() != file.sha256:
            raise InputError("blob.damaged", digest=file.sha256)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def file_digest(path: Path, watch: Watch) -> str:
    """SHA-256 (hex) of the archive as one file; ``watch`` may end it, as a verification. Raises OSError."""
    digest, done, size = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            done += len(piece)
            watch("digest", done, size)
    return digest.hexdigest()


def source_names(content: Content) -> dict[str, str]:
    """Each source by the name of its person, or its own where it is a room's camera."""
    people = content.state.people
    return {
        key: people[source.person].name if source.person in people else source.name
        for key, source in content.state.sources.items()
    }
