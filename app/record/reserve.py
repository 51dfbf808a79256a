"""Disk space that the record keeps for itself, so that what happens can still be written down when a disk is full.

A file beside the record, whose blocks are really there. When the record meets a full disk it takes a piece off the end
and writes into what that set free. The file is made whole again when there is room.
"""

import errno
import os
from pathlib import Path

from app.logs import get_logger

RESERVE_BYTES = 16 << 20
"""Measured (tests/record/full_disk.py): holds four thousand entries of 1.5 KiB, more than the rest of any case; SQLite
writes its log into the first four MiB. Little beside what any case needs."""
STEP_BYTES = 1 << 20
"""Taken at a time: enough for any one entry with its pages; what others on the machine may snatch is only that."""
NAME = "record.reserve"
_PIECE = bytes(1 << 16)
_log = get_logger("record.reserve")


class Reserve:
    """The reserved file in ``folder``; not for several threads at once. Never raises: without it the record goes on.

    Attributes:
        path: the file.
    """

    def __init__(self, folder: Path, size: int = RESERVE_BYTES, step: int = STEP_BYTES) -> None:
        self.path = folder / NAME
        self._size = size
        self._step = step

    @property
    def left(self) -> int:
        """Bytes that are still held."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    @property
    def whole(self) -> bool:
        """Whether nothing was taken of it."""
        return self.left >= self._size

    def fill(self) -> bool:
        """Make it whole as far as the disk allows; whether it is."""
        if self.whole:
            return True
        held = self.left
        try:
            # Unbuffered: what a full disk refuses must not be tried once more when the file is closed.
            with open(self.path, "r+b" if self.path.exists() else "xb", buffering=0) as file:
                try:
                    _allocate(file.fileno(), held, self._size - held)
                    os.fsync(file.fileno())
                except OSError:
                    file.truncate(held)  # a half made piece counts for nothing: it may have no blocks
                    raise
        except OSError as error:
            _log.warning("reserve not made", error=type(error).__name__)
        return self.whole

    def give(self) -> bool:
        """Set a step free for the record; False when there is nothing left."""
        held = self.left
        if not held:
            return False
        try:
            os.truncate(self.path, max(0, held - self._step))
        except OSError as error:
            _log.error("reserve not released", error=type(error).__name__)
            return False
        _log.warning("disk full: the record uses its reserve", left=self.left)
        return True


def _allocate(handle: int, start: int, size: int) -> None:
    """Blocks that are there; written out where the system cannot reserve them (Windows, macOS, some network disks)."""
    allocate = getattr(os, "posix_fallocate", None)
    if allocate is not None:
        try:
            allocate(handle, start, size)
            return
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL):
                raise
    os.lseek(handle, start, os.SEEK_SET)
    end = start + size
    while start < end:
        start += os.write(handle, _PIECE[: min(len(_PIECE), end - start)])
