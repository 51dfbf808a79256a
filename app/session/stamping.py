"""Having the record's heads stamped by a time stamping authority (时间戳服务), where the case names one.

A head is stamped when the phase has changed, when ten minutes have passed since the last stamp and the record has
grown, and at the end. When no authority answers the case goes on: that is an event, said to the officer, and the next
head that gets a stamp covers everything before it.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from app.ca.timestamp_client import TimestampClient
from app.errors import BidroomError, FaultError
from app.logs import get_logger
from app.record.checkpoint import parse_note
from app.session.room import Entry, Room
from app.session.rules.commands import ReportTimeStamps
from app.session.rules.state import CLOSED, FAILED
from app.tasks import TaskSet

EVERY_SECONDS = 600.0
RETRY_SECONDS = 60.0
_log = get_logger("stamping")


def _nothing() -> None:
    """Before the start there is nothing to stop."""


class Stamper:
    """Follows one room. Needs :meth:`start`; :meth:`finish` before the archive is written.

    Attributes:
        stamped: size of the largest head that has a stamp.
    """

    def __init__(
        self, room: Room, client: TimestampClient, *, every: float = EVERY_SECONDS, retry: float = RETRY_SECONDS
    ) -> None:
        self._room = room
        self._client = client
        self._every = every
        self._retry = retry
        self.stamped = 0
        self._phase = ""
        self._at = float("-inf")
        self._wake = asyncio.Event()
        self._asking = asyncio.Lock()
        self._tasks = TaskSet()
        self._stop_listening: Callable[[], None] = _nothing

    async def start(self) -> None:
        """Take up where the last process stopped."""
        kept = await self._room.store.run(lambda store: store.stamps())
        self.stamped = max((one.size for one in kept), default=0)
        self._stop_listening = self._room.listen(self)
        self._tasks.start(self._follow(), "time stamps")

    async def finish(self, seconds: float = 25.0) -> None:
        """Stamp the last head, if that is possible within ``seconds``."""
        with contextlib.suppress(TimeoutError, BidroomError):
            async with asyncio.timeout(seconds):
                await self._stamp()

    async def close(self) -> None:
        self._stop_listening()
        await self._tasks.close()

    # --- following the record ---

    def announced(self, entries: Sequence[Entry]) -> None:
        pass

    def headed(self, note: str) -> None:
        self._wake.set()

    async def _follow(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            passed = self._room.clock.monotonic() - self._at
            if self._room.state.phase == self._phase and passed < self._every:
                with contextlib.suppress(TimeoutError):  # grown, but not due: look again when it is
                    async with asyncio.timeout(self._every - passed):
                        await self._wake.wait()
                self._wake.set()
                continue
            try:
                await self._stamp()
            except BidroomError as error:
                _log.warning("no time stamp", code=error.code, reason=error.facts.get("reason"))
                await asyncio.sleep(self._retry)
                self._wake.set()

    async def _stamp(self) -> None:
        async with self._asking:
            room = self._room
            note, phase = room.note, room.state.phase
            checkpoint = parse_note(note)[0]
            if checkpoint.size > self.stamped:
                try:
                    stamped = await self._client.stamp(checkpoint.body.encode())
                except FaultError as error:
                    await self._report(missing=True, reason=str(error.facts.get("reason") or ""))
                    raise
                now = room.now()
                size, token = checkpoint.size, stamped.token
                await room.store.run(lambda store: store.add_stamp(size, now, token))
                self.stamped = size
                await self._report(missing=False, reason="")
            self._phase, self._at = phase, room.clock.monotonic()

    async def _report(self, *, missing: bool, reason: str) -> None:
        """Only a change is an event; after the end of a case nothing is."""
        state = self._room.state
        if state.stamps_missing != missing and state.phase not in (CLOSED, FAILED):
            await self._room.report(ReportTimeStamps(missing=missing, reason=reason[:80]))
