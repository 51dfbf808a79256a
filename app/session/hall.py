"""The room's eyes and ears on the host: router and recorder follow what the state allows.

Who may receive whom is :func:`app.session.rules.visibility.may_receive`, handed to the router after every step. The
recorder starts by itself as soon as the room has opened and somebody can be seen, and every closed segment goes into
the record. Recordings of the evaluation room lie under the case key.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from app.clock import parse_stamp
from app.errors import BidroomError, FaultError
from app.logs import get_logger
from app.media.embedded_router import EmbeddedRouter
from app.media.recorder import Recorder
from app.media.router import RouterEvent
from app.media.segment_file import SegmentClosed, recover
from app.session.disk import DiskLimits, forecast, free_bytes
from app.session.room import Entry, Room
from app.session.rules import commands
from app.session.rules.people import Role
from app.session.rules.seats import room_run_by
from app.session.rules.state import ANNOUNCED, CLOSED, FAILED, RECEIVING
from app.session.rules.visibility import may_publish, may_receive
from app.session.wire.messages import MediaOffer
from app.tasks import TaskSet

_log = get_logger("hall")

MEDIA_OFF = (ANNOUNCED, RECEIVING, CLOSED, FAILED)
RESUME_SECONDS = 5.0
HALT_SECONDS = 30.0
"""At least: a quota that the free space does not show must not fill the record with starts and stops."""
MEASURED_SECONDS = 60.0
"""Of recording, before its rate says anything about the disk."""
KINDS = ("camera", "room", "screen", "file", "test")


class Hall:
    """Media of one room. Call :meth:`close` before the room is closed, so that the last segments are recorded."""

    def __init__(self, room: Room, router: EmbeddedRouter, folder: Path) -> None:
        self._room = room
        self._router = router
        self._folder = folder
        self._names: dict[str, tuple[str, str]] = {}
        self._recorder: Recorder | None = None
        self._ending = False
        self._halted, self._halted_at = False, 0.0
        self._closed = False
        self._connected: set[str] = set()
        self._tasks = TaskSet()
        self._events: asyncio.Queue[RouterEvent] = asyncio.Queue()
        self._segments: asyncio.Queue[SegmentClosed] = asyncio.Queue()
        self._stop_listening = room.listen(self)

    @classmethod
    async def start(
        cls, room: Room, *, addresses: Sequence[str] | None, port: int, public_address: str | None
    ) -> "Hall":
        """Open the UDP port, take up what an earlier process left of the recording.

        Raises:
            FaultError: ``media.port_unavailable``, ``media.seam_changed``.
        """
        events: list[Hall] = []

        def on_event(event: RouterEvent) -> None:
            for hall in events:
                hall._events.put_nowait(event)

        router = await EmbeddedRouter.start(
            room.clock, on_event, addresses=addresses, port=port, public_address=public_address
        )
        hall = cls(room, router, room.folder / "recording")
        events.append(hall)
        hall._folder.mkdir(exist_ok=True)
        for segment in await asyncio.to_thread(recover, hall._folder):
            await hall._keep(segment)
        hall._tasks.start(hall._follow_events(), "media events")
        hall._tasks.start(hall._follow_segments(), "segments")
        return hall

    @property
    def port(self) -> int:
        """The UDP port in use."""
        return self._router.port

    def show_reach(self, key: bytes, on_peer: Callable[[str], None]) -> None:
        """Answer the desk that asks whether the media port is reached; tell who came from where."""
        self._router.show_reach(key, on_peer)

    async def connect(self, person: str, offer: MediaOffer) -> str:
        """A desk's media connection: publishes only who may; receives only what it may."""
        state = self._room.state
        publishes = offer.publishes and may_publish(state, person)
        name = " ".join(offer.name.split())[:60] or state.people[person].name
        kind = offer.kind if offer.kind in KINDS else "camera"
        room = room_run_by(state, person)
        if room:
            name, kind = room, "room"
        elif kind == "room":
            kind = "camera"  # who runs a room's devices is assigned, not claimed
        self._names[person] = (name, kind)
        self._connected.add(person)
        self._router.allow(person, may_receive(state, person))
        return await self._router.connect(person, offer.sdp, publishes=publishes)

    async def disconnect(self, person: str) -> None:
        self._connected.discard(person)
        await self._router.disconnect(person)

    # --- following the record ---

    def announced(self, entries: Sequence[Entry]) -> None:
        self.apply_policy()

    def headed(self, note: str) -> None:
        pass

    def apply_policy(self) -> None:
        """Who receives what, who is silent, whether it is recorded: all by the state as it is now."""
        state = self._room.state
        for person in self._connected:
            self._router.allow(person, may_receive(state, person))
        for source, info in self._router.sources().items():
            if info.kind == "audio":
                officer = state.has_role(info.peer, Role.OFFICER)
                silent = info.peer in state.muted or (state.muted_all and not officer)
                if info.silenced != silent:
                    self._router.silence(source, silent)
        wanted = state.phase not in MEDIA_OFF and not state.paused
        if (
            wanted
            and not self._ending
            and not self._halted
            and self._recorder is None
            and any(source.live for source in state.sources.values())
        ):
            self._recorder = Recorder(
                self._router, self._folder, self._room.clock, self._segments.put_nowait, self._trouble
            )
            self._tasks.start(self._start_recording(self._recorder), "start recording")
        elif state.phase in (CLOSED, FAILED) and self._recorder is not None:
            recorder, self._recorder = self._recorder, None
            self._tasks.start(recorder.stop(), "stop recording")

    async def _start_recording(self, recorder: Recorder) -> None:
        await recorder.start()
        await self._tell_running()

    async def _tell_running(self) -> None:
        left = forecast(await asyncio.to_thread(free_bytes, self._folder), DiskLimits())
        sources = tuple(self._room.state.sources)
        await self._room.report(commands.ReportRecording(running=True, sources=sources, hours_left=left // 60))

    def _trouble(self, fault: FaultError) -> None:
        reason = str(fault.facts.get("reason", fault.code))
        if reason == "recording.disk_full":
            self._tasks.start(self.halt(), "recording halted")
            return
        self._tasks.start(
            self._room.report(commands.ReportRecording(running=False, sources=(), reason=reason)), "recording failed"
        )

    def bytes_per_second(self) -> float | None:
        """What the recording takes; None while nothing was measured."""
        stats = self._recorder.stats() if self._recorder is not None else None
        return stats.bytes_per_second or None if stats is not None and stats.seconds >= MEASURED_SECONDS else None

    async def halt(self) -> None:
        """The disk is full: stop, and say so; nothing is recorded until :meth:`resume`."""
        if self._halted:
            return
        self._halted, self._halted_at = True, self._room.clock.monotonic()
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            stopped = commands.ReportRecording(running=False, sources=(), reason="recording.disk_full")
            try:
                await self._room.report(stopped)
            finally:
                await recorder.stop()

    async def resume(self) -> None:
        """There is room again: keep what was left lying, then go on recording."""
        if not self._halted or self._room.clock.monotonic() - self._halted_at < HALT_SECONDS:
            return
        await self._segments.join()
        for segment in await asyncio.to_thread(recover, self._folder):
            await self._keep(segment)
        self._halted = False
        self.apply_policy()

    async def stop_recording(self) -> None:
        """Close all segments and record them: before the case is closed. If it is not then, recording goes on."""
        self._ending = True
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            await recorder.stop()
        await self._segments.join()
        if recorder is not None and self._room.state.phase != CLOSED:
            await self._room.report(commands.ReportRecording(running=False, sources=(), reason="recording.closing"))
        asyncio.get_running_loop().call_later(RESUME_SECONDS, self._go_on)

    def _go_on(self) -> None:
        self._ending = False
        if not self._closed:
            self.apply_policy()

    async def _follow_events(self) -> None:
        while True:
            event = await self._events.get()
            try:
                await self._take(event)
            except BidroomError as error:
                _log.warning("media event", code=error.code)

    async def _take(self, event: RouterEvent) -> None:
        if event.what.startswith("source_") and self._room.state.phase != CLOSED:
            name, kind = self._names.get(event.peer, ("", "camera"))
            known = self._room.state.sources.get(event.source)
            states = {"source_added": "started", "source_removed": "lost", "source_lost": "lost"}
            state = states.get(event.what, "restored")
            if state == "started" and known and (known.name, known.kind) == (name, kind):
                state = "restored"
            await self._room.report(
                commands.ReportSource(source=event.source, state=state, person=event.peer, name=name, kind=kind)
            )
        self.apply_policy()

    async def _follow_segments(self) -> None:
        while True:
            segment = await self._segments.get()
            try:
                await self._keep(segment)
                if self._recorder is not None and not self._room.state.recording.running:
                    await self._tell_running()  # a trouble that was reported has passed
            except BidroomError as error:
                _log.error("segment not kept", code=error.code)
            finally:
                self._segments.task_done()

    async def _keep(self, segment: SegmentClosed) -> None:
        """Move a closed segment among the blobs and record its digest."""
        room = self._room
        method = room.state.the_method()
        opening = any(phase.name == room.state.phase for phase in method.room("opening"))
        private = not opening
        key = room.keys.case_key if private else None

        def move() -> tuple[str, str]:
            digests = []
            for path in (Path(segment.path), Path(segment.notes_path)):
                with open(path, "rb") as file:
                    digests.append(room.blobs.put(file, key).sha256)
            return digests[0], digests[1]

        def forget() -> None:
            for path in (segment.path, segment.notes_path):
                Path(path).unlink(missing_ok=True)

        video, notes = await asyncio.to_thread(move)
        await room.report(
            commands.ReportSegment(
                source=segment.publisher,
                number=segment.number,
                segment_sha256=video,
                notes_sha256=notes,
                size=segment.size,
                start=parse_stamp(segment.start),
                milliseconds=segment.duration_ms,
                gaps=segment.gaps,
                private=private,
            )
        )
        await asyncio.to_thread(forget)

    async def close(self) -> None:
        """End media; the last segments are recorded first."""
        self._closed = True
        await self.stop_recording()
        self._stop_listening()
        await self._router.close()
        await self._tasks.close()
