"""Who may bring how much onto a host's disk: free space, a count of unfinished uploads, and bytes that nothing names.

A file is *named* once its digest is in the record: then it is evidence and stays. What was uploaded and never named (a
desk that crashed, a command that was refused) counts against the person who brought it, and is thrown away in time.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.errors import InputError
from app.record.blobs import BlobRef, BlobStore
from app.session.disk import DiskLimits
from app.session.room import Room

UNFINISHED_LIMIT = 4
"""Uploads at once of one person: a desk sends one after the other; a second desk and two that hang are allowed for."""
UNNAMED_FILES = 2
"""Of the greatest size that this person may send: one that waits for its command and one more try."""
UNNAMED_LEAST = 256 << 20
"""But so many bytes for everyone: some small files that one command names together."""
FORGET_SECONDS = 600.0
"""After so long a person's file that nothing names makes way for the next one: checking a bid of 4 GB takes less."""
KEEP_SECONDS = 86_400.0
"""A file that nothing names goes at the host's next start after a day: the command follows its file within minutes."""
LOOK_BYTES = 16 << 20
"""The disk is asked again after so much of a file."""
_DIGEST = re.compile(rb"[0-9a-f]{64}")


class Named:
    """Digests that the record names, read as it grows; anything in an entry that looks like one counts."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._read = 0
        self._digests: set[str] = set()

    def digests(self) -> set[str]:
        """All so far."""
        for entry in self._room.entries[self._read :]:
            self._digests.update(found.decode() for found in _DIGEST.findall(entry.data))
        self._read = len(self._room.entries)
        return self._digests


class Uploads:
    """Admits uploads to one case; ``free`` gives the free bytes of the disk. Belongs to one event loop."""

    def __init__(self, room: Room, limits: DiskLimits, free: Callable[[], int]) -> None:
        self._room = room
        self._limits = limits
        self._free = free
        self._named = Named(room)
        self._unfinished: Counter[str] = Counter()
        self._open: set[Upload] = set()
        self._unnamed: dict[str, dict[str, tuple[int, float]]] = defaultdict(dict)

    def sweep(self, now: float) -> int:
        """Throw away what nothing has named for a day (``now``: seconds since 1970); returns how many files."""
        return self._blobs.sweep_unnamed(self._named.digests(), now - KEEP_SECONDS)

    @contextmanager
    def admit(self, person: str, declared: int | None, limit: int) -> "Iterator[Upload]":
        """One upload of at most ``limit`` bytes; ``declared`` is what its sender says it will be.

        Raises:
            InputError: ``blob.too_large``; ``upload.no_room`` when it would leave less than the reserve free,
                ``upload.too_many`` unfinished ones, ``upload.unused`` for too many bytes that nothing names.
        """
        if declared is not None and declared > limit:
            raise InputError("blob.too_large", limit=limit)
        if self._unfinished[person] >= UNFINISHED_LIMIT:
            raise InputError("upload.too_many", count=UNFINISHED_LIMIT)
        upload = Upload(self, person, declared, max(UNNAMED_FILES * limit, UNNAMED_LEAST))
        upload.check(declared or 0)
        self._unfinished[person] += 1
        self._open.add(upload)
        try:
            yield upload
        finally:
            self._open.discard(upload)
            self._unfinished[person] -= 1
            if not self._unfinished[person]:
                del self._unfinished[person]

    @property
    def _blobs(self) -> BlobStore:
        return self._room.blobs

    def _check_room(self, upload: "Upload", more: int) -> None:
        promised = sum(other.outstanding for other in self._open if other is not upload)
        if self._free() - promised - more < self._limits.uploads:
            raise InputError("upload.no_room", bytes=upload.declared or upload.received + more)

    def _check_quota(self, upload: "Upload", more: int) -> None:
        own = self._unnamed[upload.person]
        self._forget_named(own)
        total = upload.received + more + sum(other.size for other in self._open if other.rivals(upload))
        if total + _bytes(own) > upload.quota:
            self._make_way(own)
        if total + _bytes(own) > upload.quota:
            raise InputError("upload.unused", limit=upload.quota)

    def _forget_named(self, own: dict[str, tuple[int, float]]) -> None:
        named = self._named.digests()
        for digest in [digest for digest in own if digest in named]:
            del own[digest]

    def _make_way(self, own: dict[str, tuple[int, float]]) -> None:
        now = self._room.clock.monotonic()
        for digest, (_size, at) in list(own.items()):
            newest = max(others[digest][1] for others in self._unnamed.values() if digest in others)
            if now - at >= FORGET_SECONDS:
                del own[digest]
                if now - newest >= FORGET_SECONDS:  # nobody else has just brought the same file
                    self._blobs.discard(digest)

    def _finished(self, upload: "Upload", kept: BlobRef) -> None:
        self._unnamed[upload.person][kept.sha256] = (kept.size, self._room.clock.monotonic())


class Upload:
    """One that was admitted.

    Attributes:
        declared: bytes, None when its sender did not say. received: so far. quota: of bytes that nothing names.
    """

    def __init__(self, uploads: Uploads, person: str, declared: int | None, quota: int) -> None:
        self.person = person
        self.declared = declared
        self.received = 0
        self.quota = quota
        self._uploads = uploads
        self._look = 0

    @property
    def size(self) -> int:
        """What it counts for: what was said, or what has come."""
        return max(self.declared or 0, self.received)

    @property
    def outstanding(self) -> int:
        """Bytes still to come, as far as its sender said."""
        return max(0, (self.declared or 0) - self.received)

    def rivals(self, other: "Upload") -> bool:
        """Whether it is another one of the same person."""
        return self is not other and self.person == other.person

    def check(self, more: int) -> None:
        """Whether there is room for ``more`` bytes; raises as :meth:`Uploads.admit`."""
        self._uploads._check_room(self, more)
        self._uploads._check_quota(self, more)
        self._look = self.received + (LOOK_BYTES if self.declared is not None else 0)

    def arrived(self, count: int) -> None:
        """Before ``count`` bytes are written; raises as :meth:`Uploads.admit`."""
        if self.received + count > self._look:
            self.check(max(count, self.outstanding))
        self.received += count

    def finished(self, kept: BlobRef) -> None:
        """It is on the disk; it counts until the record names it."""
        self._uploads._finished(self, kept)


def _bytes(own: dict[str, tuple[int, float]]) -> int:
    return sum(size for size, _at in own.values())
