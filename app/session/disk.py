"""How long a host's disk will last: measured, told to the record, and what stops before the disk is full.

Who writes to the disk stops in this order, so that what matters most goes on longest: uploads (they can be sent again),
then the recording (loudly, as an event), then nothing more but the record, which at last lives on space of its own
(:mod:`app.record.reserve`).
"""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from app.errors import BidroomError
from app.logs import get_logger
from app.record.store import Store
from app.session.room import Room
from app.session.rules.commands import ReportDisk
from app.session.rules.state import CLOSED, FAILED

_log = get_logger("disk")

BYTES_AN_HOUR = 2_000_000_000
"""What some twelve places of picture and sound take at most; the forecast before anything was measured."""
LOW_MINUTES = 120
"""A forecast below this is a warning: time enough to bring a disk (USERS.md, P6)."""
CRITICAL_MINUTES = 30
"""And below this the second one: time to pause and make room."""
LOOK_SECONDS = 5.0
TELL_SECONDS = 300.0
"""The forecast itself is told no oftener than this, unless a level is crossed: the record is no gauge."""
FELL, ROSE = 0.75, 2.0
"""And only when it has changed by so much since it was told."""
BACK = 1.1
"""A level is left upwards only with a tenth to spare, so that it does not flutter."""


class DiskLimits(msgspec.Struct, frozen=True):
    """What is kept free, in bytes.

    Attributes:
        uploads: no upload may leave less. Half an hour of recording, so that bids cannot bring an opening to its end.
        recording: the recording stops here, while documents to sign (some MB each) and their blobs still find room.
    """

    uploads: int = BYTES_AN_HOUR // 2
    recording: int = 256 << 20


class Recording(Protocol):
    """What the disk's watch needs of the hall."""

    def bytes_per_second(self) -> float | None:
        """Of the last minute; None while nothing is recorded or not for long enough."""
        ...

    async def halt(self) -> None:
        """Stop recording because the disk is full."""
        ...

    async def resume(self) -> None:
        """There is room again."""
        ...


def free_bytes(folder: Path) -> int:
    """Bytes that this process may still write there."""
    return shutil.disk_usage(folder).free


def forecast(free: int, limits: DiskLimits, rate: float | None = None) -> int:
    """Minutes of recording until it has to stop, at ``rate`` bytes a second or at what is usual."""
    return int(max(0, free - limits.recording) / (rate or BYTES_AN_HOUR / 3600) / 60)


def level_of(free: int, minutes: int, limits: DiskLimits, before: str) -> str:
    """``ample``, ``low``, ``critical`` or ``full``; ``before`` holds until there is a tenth more than needed."""
    bounds = {
        "full": free <= limits.recording * (BACK if before == "full" else 1),
        "critical": minutes < CRITICAL_MINUTES * (BACK if before in ("full", "critical") else 1),
        "low": minutes < LOW_MINUTES * (BACK if before != "ample" else 1),
    }
    return next((level for level, below in bounds.items() if below), "ample")


class DiskWatch:
    """Looks every few seconds; run :meth:`run` as a task. ``free`` is asked for the free bytes (tests bring theirs)."""

    def __init__(
        self, room: Room, hall: Recording | None, limits: DiskLimits, free: Callable[[], int] | None = None
    ) -> None:
        self._room = room
        self._hall = hall
        self._limits = limits
        self._free = free or (lambda: free_bytes(room.folder))
        self._told = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except (BidroomError, OSError) as error:  # the disk is looked at again whatever becomes of one report
                _log.error("disk not watched", error=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Once: tell the record, stop or resume the recording, make the reserve whole.

        Raises:
            FaultError: ``record.not_written``. OSError: the disk cannot be asked.
        """
        state = self._room.state
        if state.phase in ("", CLOSED, FAILED):
            return
        free = self._free()
        rate = self._hall.bytes_per_second() if self._hall is not None else None
        minutes = forecast(free, self._limits, rate)
        known = state.disk
        level = level_of(free, minutes, self._limits, known.space)
        now = self._room.clock.monotonic()
        before = known.minutes_left
        moved = before is None or not before * FELL <= minutes <= max(before, 1) * ROSE
        due = before is None or now - self._told >= TELL_SECONDS
        if level != known.space or (moved and due and rate is not None):
            self._told = now
            await self._room.report(ReportDisk(space=level, minutes_left=minutes, free=free))
        if self._hall is not None:
            await (self._hall.halt() if level == "full" else self._hall.resume())
        if level != "full":
            await self._room.store.run(_refill)


def _refill(store: Store) -> None:
    if store.reserve is not None and not store.reserve.whole:
        store.reserve.fill()
