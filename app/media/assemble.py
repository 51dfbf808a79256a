"""Packets to whole frames, in order: waits a little for what is missing, then says so and goes on. Pure."""

from collections.abc import Callable
from typing import NamedTuple

from app.media.depacketize import h264_payload, is_keyframe, vp8_payload

_MAX_WAITING = 1024


class Frame(NamedTuple):
    """One encoded picture or 20 ms of sound; ``timestamp`` unwrapped, in the codec's clock."""

    codec: str
    data: bytes
    timestamp: int
    keyframe: bool
    arrival: float


class FrameAssembler:
    """Puts the packets of one stream in order and joins them.

    After a hole that did not fill in time, a video stream is dropped until its next key frame (``broken`` is then
    true, and the owner asks for one); audio goes on with the next packet.

    Attributes:
        lost: packets given up. holes: how often.
        broken: waiting for a key frame.
    """

    def __init__(self, kind: str, wait_seconds: float, on_gap: Callable[[int, float], None] | None = None) -> None:
        self.lost = 0
        self.holes = 0
        self.broken = kind == "video"
        self._video = kind == "video"
        self._wait = wait_seconds
        self._on_gap = on_gap
        self._next: int | None = None
        self._waiting: dict[int, tuple[str, int, bool, bytes, float]] = {}
        self._parts: list[bytes] = []
        self._stamp = -1
        self._arrival = 0.0

    def reset(self) -> None:
        """Another source begins: forget everything that is half done."""
        self._next = None
        self._waiting.clear()
        self._parts = []
        self.broken = self._video

    def add(self, codec: str, sequence: int, timestamp: int, marker: bool, payload: bytes, now: float) -> list[Frame]:
        """Take one packet (unwrapped numbers); the frames that it completed."""
        if self._next is None:
            self._next = sequence
        if sequence < self._next or len(self._waiting) >= _MAX_WAITING:
            if sequence >= self._next:
                self._give_up(min(self._waiting), now)
            return []
        self._waiting[sequence] = (codec, timestamp, marker, payload, now)
        return self.poll(now)

    def poll(self, now: float) -> list[Frame]:
        """What is complete by now; call it also while nothing comes, so that a hole is given up in time."""
        frames: list[Frame] = []
        assert self._next is not None or not self._waiting
        while self._waiting and self._next is not None:
            entry = self._waiting.pop(self._next, None)
            if entry is None:
                first = min(self._waiting)
                if now - self._waiting[first][4] < self._wait:
                    break
                self._give_up(first, now)
                continue
            self._next += 1
            frame = self._join(*entry)
            if frame is not None:
                frames.append(frame)
        return frames

    def _give_up(self, first: int, now: float) -> None:
        missing = first - (self._next or first)
        self.lost += missing
        self.holes += 1
        self._next = first
        self._parts = []
        if self._video:
            self.broken = True
        if self._on_gap is not None:
            self._on_gap(missing, now)

    def _join(self, codec: str, timestamp: int, marker: bool, payload: bytes, arrival: float) -> Frame | None:
        if not self._video:
            return Frame(codec, payload, timestamp, True, arrival) if payload else None
        try:
            if codec == "VP8":
                begins, data = vp8_payload(payload)
            else:
                begins, data = h264_payload(payload)
                begins = begins and timestamp != self._stamp
        except ValueError:
            self._parts = []
            self.broken = True
            return None
        if begins:
            self._parts = []
            self._stamp = timestamp
            self._arrival = arrival
        elif not self._parts:
            return None
        self._parts.append(data)
        if not marker:
            return None
        whole = b"".join(self._parts)
        self._parts = []
        keyframe = is_keyframe(codec, whole)
        if self.broken and not keyframe:
            return None
        self.broken = False
        return Frame(codec, whole, self._stamp, keyframe, self._arrival)
