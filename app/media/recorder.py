"""Records every source as it is sent: no decoding, no re-encoding, closed segments with digests.

Packets come from the router's taps in the event loop, where they are only put in order; files are written by one
worker thread, a quarter of a second's worth at a time. What the room does not hear (a silenced microphone) is not
recorded either.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from app.clock import Clock, stamp
from app.errors import FaultError, is_full
from app.logs import get_logger
from app.media.assemble import FrameAssembler
from app.media.depacketize import AUDIO_CLOCK, VIDEO_CLOCK
from app.media.router import ClockPair, MediaPacket, Router, SourceInfo
from app.media.segment_file import SegmentClosed, SegmentFile, hours_left, next_number
from app.media.segmenter import SECONDS, Close, Open, Segmenter, Step, Write
from app.media.timeline import Timeline
from app.tasks import TaskSet

_TICK = 0.25
_WAIT = 0.4  # seconds for a retransmission: longer than a viewer would, for the record
_CLOSE_SECONDS = 30.0
_RATE_SECONDS = 60.0
_log = get_logger("media.recorder")


class RecorderStats(msgspec.Struct, frozen=True):
    """How the recording does.

    Attributes:
        publishers: being recorded now. segments: closed since the start. seconds: since the start.
        bytes_per_second: of the last minute. hours_left: until the disk is full, None while nothing is written.
    """

    publishers: tuple[str, ...]
    segments: int
    written: int
    seconds: float
    bytes_per_second: float
    hours_left: float | None


class _Recording:
    """One publisher: its streams in order, on one time line, cut into segments."""

    def __init__(self, publisher: str, router: Router, clock: Clock, seconds: float) -> None:
        self.publisher = publisher
        self.ends: dict[str, Callable[[], None]] = {}
        self.notes: list[dict[str, Any]] = []
        self._router = router
        self._clock = clock
        self._timeline = Timeline()
        self._assemblers: dict[str, FrameAssembler] = {}
        self._streams: dict[str, int] = {}
        self.segmenter = Segmenter({}, self._ask_keyframe, seconds)

    def add(self, info: SourceInfo) -> None:
        """Record this stream as well."""
        source = info.source

        def gap(lost: int, _now: float) -> None:
            self.notes.append({"note": "gap", "at": stamp(self._clock.now()), "source": source, "lost": lost})
            self._router.request_keyframe(source)

        self._assemblers[source] = FrameAssembler(info.kind, _WAIT, gap)
        self.segmenter.add_source(info.kind, source)
        self.ends[source] = self._router.add_tap(source, self._take, self._pair)

    def poll(self, now: float) -> list[Step]:
        """Give up what did not come, and say what is to be written."""
        for source, assembler in self._assemblers.items():
            self._put(source, assembler.poll(now))
            if assembler.broken:
                self._router.request_keyframe(source)
        return self.segmenter.advance(now)

    def _take(self, packet: MediaPacket) -> None:
        source = packet.source
        assembler = self._assemblers[source]
        if self._streams.get(source) != packet.stream:
            self._streams[source] = packet.stream
            assembler.reset()
            self._timeline.restart(source, VIDEO_CLOCK if packet.kind == "video" else AUDIO_CLOCK)
        self._timeline.arrive(source, packet.timestamp, packet.arrival)
        self._put(
            source,
            assembler.add(
                packet.codec, packet.sequence, packet.timestamp, packet.marker, packet.payload, packet.arrival
            ),
        )

    def _put(self, source: str, frames: list[Any]) -> None:
        kind = source.rpartition("/")[2]
        for frame in frames:
            self.segmenter.add(kind, self._timeline.at(source, frame.timestamp), frame)

    def _pair(self, pair: ClockPair) -> None:
        self._timeline.pair(pair.source, pair.timestamp, pair.ntp)
        self.notes.append(
            {
                "note": "pair",
                "at": stamp(self._clock.now()),
                "source": pair.source,
                "rtp": pair.timestamp & 0xFFFFFFFF,
                "ntp": str(pair.ntp),
            }
        )

    def _ask_keyframe(self) -> None:
        self._router.request_keyframe(f"{self.publisher}/video")


class Recorder:
    """Records all that a router carries into one directory.

    Run :func:`app.media.segment_file.recover` on the directory first.

    Args:
        on_segment: told, in the event loop, of each segment as it is closed.
        on_trouble: told, in the event loop, when something could not be written (``media.record_failed``).
        wanted: which sources; all by default.
    """

    def __init__(
        self,
        router: Router,
        directory: Path,
        clock: Clock,
        on_segment: Callable[[SegmentClosed], None],
        on_trouble: Callable[[FaultError], None] = lambda _fault: None,
        *,
        wanted: Callable[[SourceInfo], bool] = lambda _info: True,
        seconds: float = SECONDS,
    ) -> None:
        self._router = router
        self._directory = directory
        self._clock = clock
        self._on_segment = on_segment
        self._on_trouble = on_trouble
        self._wanted = wanted
        self._seconds = seconds
        self._recordings: dict[str, _Recording] = {}
        self._queue: queue.SimpleQueue[tuple[str, list[Step], list[dict[str, Any]]] | None] = queue.SimpleQueue()
        self._tasks = TaskSet()
        self._worker: _Worker | None = None
        self._segments = 0
        self._started = 0.0
        self._written: list[tuple[float, int]] = []

    async def start(self) -> None:
        """Begin; sources are picked up as they appear.

        Raises:
            FaultError: ``media.record_failed`` when the directory cannot be used.
        """
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FaultError("media.record_failed", reason=type(error).__name__) from error
        loop = asyncio.get_running_loop()
        self._started = self._clock.monotonic()
        self._worker = _Worker(
            self._directory,
            self._clock,
            self._queue,
            lambda segment: loop.call_soon_threadsafe(self._segment_closed, segment),
            lambda publisher, fault: loop.call_soon_threadsafe(self._failed, publisher, fault),
        )
        self._worker.start()
        self._tasks.start(self._run(), "recorder")

    async def stop(self) -> None:
        """Close all segments; when this returns ``on_segment`` has been told of every one."""
        await self._tasks.close()
        for recording in self._recordings.values():
            for end in recording.ends.values():
                end()
            self._hand_over(recording, recording.segmenter.finish())
        self._recordings.clear()
        self._queue.put(None)
        if self._worker is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._worker.join, _CLOSE_SECONDS)
        await asyncio.sleep(0)  # lets the last call_soon_threadsafe run

    def stats(self) -> RecorderStats:
        """Now."""
        now = self._clock.monotonic()
        total = self._worker.written if self._worker is not None else 0
        then, before = self._written[0] if self._written else (self._started, 0)
        rate = (total - before) / (now - then) if now - then > 1.0 else 0.0
        return RecorderStats(
            tuple(self._recordings), self._segments, total, now - self._started, rate,
            hours_left(self._directory, rate),
        )  # fmt: skip

    async def _run(self) -> None:
        while True:
            now = self._clock.monotonic()
            for info in self._router.sources().values():
                self._look_at(info)
            for recording in self._recordings.values():
                self._hand_over(recording, recording.poll(now))
            if self._worker is not None and (not self._written or now - self._written[-1][0] >= 5.0):
                self._written.append((now, self._worker.written))
                self._written = [one for one in self._written if now - one[0] <= _RATE_SECONDS]
            await asyncio.sleep(_TICK)

    def _look_at(self, info: SourceInfo) -> None:
        recording = self._recordings.get(info.peer)
        if (recording is not None and info.source in recording.ends) or not self._wanted(info):
            return
        if recording is None:
            recording = _Recording(info.peer, self._router, self._clock, self._seconds)
            self._recordings[info.peer] = recording
        recording.add(info)

    def _hand_over(self, recording: _Recording, steps: list[Step]) -> None:
        notes, recording.notes = recording.notes, []
        if steps or notes:
            self._queue.put((recording.publisher, steps, notes))

    def _failed(self, publisher: str, fault: FaultError) -> None:
        recording = self._recordings.get(publisher)
        if recording is not None:
            recording.segmenter.restart()
        self._on_trouble(fault)

    def _segment_closed(self, segment: SegmentClosed) -> None:
        self._segments += 1
        self._on_segment(segment)


class _Worker(threading.Thread):
    """The thread that writes."""

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        work: "queue.SimpleQueue[tuple[str, list[Step], list[dict[str, Any]]] | None]",
        closed: Callable[[SegmentClosed], Any],
        trouble: Callable[[str, FaultError], Any],
    ) -> None:
        super().__init__(name="recorder", daemon=True)
        self.written = 0
        self._directory = directory
        self._clock = clock
        self._work = work
        self._closed = closed
        self._trouble = trouble
        self._files: dict[str, tuple[SegmentFile, float]] = {}

    def run(self) -> None:
        while (item := self._work.get()) is not None:
            publisher, steps, notes = item
            try:
                self._do(publisher, steps, notes)
            except Exception as error:  # a full disk must be told, and the other publishers go on
                entry = self._files.pop(publisher, None)
                if entry is not None:
                    entry[0].abandon()
                _log.error("recording failed", source=publisher, error=type(error).__name__)
                reason = "recording.disk_full" if is_full(error) else type(error).__name__
                fault = FaultError("media.record_failed", publisher=publisher, reason=reason)
                self._trouble(publisher, fault)

    def _do(self, publisher: str, steps: list[Step], notes: list[dict[str, Any]]) -> None:
        for step in steps:
            match step:
                case Open(start=start, sources=sources, first=first):
                    utc = self._clock.now() - timedelta(seconds=self._clock.monotonic() - start)
                    number = next_number(self._directory, publisher)
                    file = SegmentFile(self._directory, publisher, number, sources, utc, first)
                    self._files[publisher] = (file, start)
                case Write(kind=kind, at=at, frame=frame):
                    if publisher in self._files:
                        self._files[publisher][0].write(kind, at, frame)
                        self.written += len(frame.data)
                case Close(end=end):
                    entry = self._files.pop(publisher, None)
                    if entry is not None:
                        self._closed(entry[0].close(end - entry[1]))
        entry = self._files.get(publisher)
        if entry is not None:
            for note in notes:
                entry[0].note(note)
            entry[0].flush()
