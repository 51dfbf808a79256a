"""Editions of an archive 分发版本: what one party, or a court, is handed. All verify, and show no more than they say.

An edition is written from a full archive. It has the leaf hash, salted, of every entry that its reader may not see, by
the same rule that decides in the room (:mod:`app.session.rules.visibility`), the state being that at the end; of the
files only those that the reader could fetch; of the cosignatures those that the reader was told of.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from app.errors import InputError
from app.record.archive import ArchivedBlob, ArchiveSummary, save_archive
from app.record.archive_reader import ArchiveReader, Hidden
from app.record.evidence import StoredCheckpoint, StoredCosignature, StoredStamp
from app.session.replay import recorded, replay
from app.session.rules.access import heard_by, may_fetch, may_fetch_segment
from app.session.rules.event import Recorded
from app.session.rules.events_case import SegmentClosed
from app.session.rules.people import Role
from app.session.rules.state import State
from app.session.rules.visibility import may_see

SUPPLIER, PURCHASER, COURT = "supplier", "purchaser", "court"
KEPT_CERTIFICATES = (".pem", ".crl")
"""What of ``certificates/`` goes into a party's edition: roots and lists, which name no one; answers about single
certificates do."""


class Reader(msgspec.Struct, frozen=True):
    """Who an edition is for: a party by its people, or a court.

    Attributes:
        edition: the name in the archive's manifest.
        people: ids; what any of them may see is in it. Empty for a court, which sees every entry.
    """

    edition: str
    people: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether no entry is hidden."""
        return not self.people


def reader_of(state: State, edition: str) -> Reader:
    """The reader that ``edition`` names: ``supplier:USCC``, ``purchaser``, ``court``.

    Raises:
        InputError: ``edition.unknown``; ``edition.nobody`` where the case has no such party.
    """
    kind, _, about = edition.partition(":")
    if edition == COURT:
        return Reader(COURT, ())
    if kind == SUPPLIER and about:
        people = tuple(state.representatives(about))
    elif edition == PURCHASER:
        members = (Role.MEMBER, Role.EXPERT)  # the purchaser's member is a member: what it saw as such is its own
        people = tuple(p.id for p in state.people.values() if p.party == PURCHASER and not p.has(*members))
    else:
        raise InputError("edition.unknown", edition=edition[:100])
    if not people:
        raise InputError("edition.nobody", edition=edition[:100])
    return Reader(f"{kind}:{about}" if about else kind, people)


def export_edition(archive: Path, edition: str, out: Path) -> ArchiveSummary:
    """Write the edition of a full archive to ``out``. The archive itself is not judged here; verify it first.

    Raises:
        InputError: ``edition.*`` (also ``edition.not_full``), ``container.*`` and what else the archive is at fault of.
        FaultError: ``archive.*``.
    """
    with ArchiveReader(archive) as source:
        if not source.full:
            raise InputError("edition.not_full", edition=source.edition[:100])
        entries = [recorded(entry) for entry in source.entries() if not isinstance(entry, Hidden)]
        state = replay(entries)
        reader = reader_of(state, edition)
        shown = [reader.whole or any(may_see(state, person, item) for person in reader.people) for item in entries]
        kept = _Kept(source, state, reader, [item for item, seen in zip(entries, shown, strict=True) if seen])
        return save_archive(out, kept, reader.edition, visible=lambda index: shown[index], blobs=kept.shows_file)


class _Kept:
    """A full archive as the source of an edition; an :class:`app.record.archive.ArchiveSource`."""

    def __init__(self, source: ArchiveReader, state: State, reader: Reader, seen: Sequence[Recorded]) -> None:
        self._source, self._state, self._reader = source, state, reader
        self._segments = {
            digest
            for item in seen
            if isinstance(item.event, SegmentClosed)
            and any(may_fetch_segment(state, person, item.event.source) for person in reader.people)
            for digest in (item.event.segment_sha256, item.event.notes_sha256)
        }

    @property
    def case(self) -> str:
        return self._source.case

    @property
    def rulepack(self) -> bytes | None:
        return self._source.read("rulepack.json") if "rulepack.json" in self._source.members else None

    @property
    def certificates(self) -> Mapping[str, bytes]:
        names = [name for name in self._source.members if name.startswith("certificates/")]
        if not self._reader.whole:
            names = [name for name in names if name.endswith(KEPT_CERTIFICATES)]
        return {name.partition("/")[2]: self._source.read(name) for name in names}

    def entries(self) -> Iterator[bytes]:
        return (line for line in self._source.entry_lines() if not isinstance(line, Hidden))

    def checkpoints(self) -> Sequence[StoredCheckpoint]:
        return list(self._source.checkpoints())

    def cosignatures(self) -> Sequence[StoredCosignature]:
        return [item for item in self._source.cosignatures() if self._hears(item.name)]

    def stamps(self) -> Sequence[StoredStamp]:
        return list(self._source.stamps())

    def blob(self, sha256: str) -> ArchivedBlob | None:
        for folder, sealed in (("blobs", False), ("sealed", True)):
            member = self._source.members.get(f"{folder}/{sha256}")
            if member is not None:
                return ArchivedBlob(sealed, member.size, self._pieces(member.name))
        return None

    def _pieces(self, name: str) -> Callable[[], Iterator[bytes]]:
        return lambda: self._source.member_pieces(name)

    def _hears(self, other: str) -> bool:
        return self._reader.whole or any(heard_by(self._state, person, other) for person in self._reader.people)

    def shows_file(self, sha256: str) -> bool:
        """Whether the reader could fetch the file of this digest."""
        if self._reader.whole or sha256 in self._segments:
            return True
        return any(may_fetch(self._state, person, sha256) for person in self._reader.people)
