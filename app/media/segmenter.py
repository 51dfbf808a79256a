"""Where a recording is cut: frames of one publisher in, "open, write, close" out. Pure.

A segment begins at a key frame (asked for shortly before it is due), so that each file plays by itself. Frames are
held half a second and sorted by time, so that sound and picture are cut at the same moment.
"""

import heapq
from collections.abc import Callable
from typing import NamedTuple

from app.media.assemble import Frame
from app.media.depacketize import vp8_size

SECONDS = 10.0
HOLD = 0.5
ASK_BEFORE = 0.2
_NO_PICTURE = 2.0  # how long a beginning waits for a first picture before it goes on with sound alone
_ASK_AGAIN = 1.0


class Open(NamedTuple):
    """Begin a segment at ``start`` (monotonic seconds); ``first`` is its first picture, None for sound alone."""

    start: float
    sources: tuple[str, ...]
    first: Frame | None


class Write(NamedTuple):
    """A frame, ``at`` seconds from the segment's start."""

    kind: str
    at: float
    frame: Frame


class Close(NamedTuple):
    """End the segment; ``end`` in monotonic seconds."""

    end: float


Step = Open | Write | Close


class Segmenter:
    """One publisher's cuts. ``ask_keyframe`` is called when a picture is needed to begin with."""

    def __init__(self, sources: dict[str, str], ask_keyframe: Callable[[], None], seconds: float = SECONDS) -> None:
        """``sources``: source id by kind (``audio``, ``video``); more may be added later with :meth:`add_source`."""
        self._sources = dict(sources)
        self._ask_keyframe = ask_keyframe
        self._seconds = seconds
        self._held: list[tuple[float, int, str, Frame]] = []
        self._count = 0
        self._start: float | None = None
        self._picture: tuple[str, tuple[int, int] | None] | None = None
        self._last = 0.0
        self._first_sound: float | None = None
        self._asked = float("-inf")

    def add_source(self, kind: str, source: str) -> None:
        """A second stream of the same publisher has appeared."""
        self._sources[kind] = source

    def add(self, kind: str, at: float, frame: Frame) -> None:
        """A frame captured at this monotonic time."""
        self._count += 1
        heapq.heappush(self._held, (at, self._count, kind, frame))

    def advance(self, now: float) -> list[Step]:
        """What is to be done by now."""
        steps: list[Step] = []
        while self._held and self._held[0][0] <= now - HOLD:
            at, _, kind, frame = heapq.heappop(self._held)
            self._take(kind, at, frame, steps)
        if self._start is not None and self._picture is not None and now - self._start > self._seconds - ASK_BEFORE:
            self._ask(now)
        return steps

    def restart(self) -> None:
        """The open segment is lost (the disk has failed): begin another one as soon as a picture comes."""
        self._start = None
        self._picture = None
        self._first_sound = None

    def finish(self) -> list[Step]:
        """Everything that is left, and the end."""
        steps = self.advance(float("inf"))
        self._close(steps)
        return steps

    def _take(self, kind: str, at: float, frame: Frame, steps: list[Step]) -> None:
        if kind == "video":
            self._take_picture(at, frame, steps)
        else:
            self._take_sound(at, steps)
        if self._start is not None and (kind == "audio" or self._picture is not None):
            self._last = max(self._last, at)
            steps.append(Write(kind, max(0.0, at - self._start), frame))

    def _take_picture(self, at: float, frame: Frame, steps: list[Step]) -> None:
        if not frame.keyframe:
            return
        picture = (frame.codec, vp8_size(frame.data) if frame.codec == "VP8" else None)
        # The picture that was asked for may come a little before its time.
        due = self._start is None or at - self._start >= self._seconds - ASK_BEFORE - 0.05
        if due or picture != self._picture:
            self._open(at, frame, steps)
            self._picture = picture

    def _take_sound(self, at: float, steps: list[Step]) -> None:
        if self._first_sound is None:
            self._first_sound = at
        if self._start is None:
            if "video" not in self._sources or at - self._first_sound > _NO_PICTURE:
                self._open(at, None, steps)
            else:
                self._ask(at)
        elif self._picture is None and at - self._start >= self._seconds:
            self._open(at, None, steps)
        elif self._picture is not None and at - self._start >= 2 * self._seconds:
            # The picture has gone: do not let the file grow for ever.
            self._open(at, None, steps)

    def _open(self, at: float, first: Frame | None, steps: list[Step]) -> None:
        self._close(steps)
        self._start = self._last = at
        self._picture = None
        kinds = ("video", "audio") if first is not None else ("audio",)
        sources = tuple(self._sources[kind] for kind in kinds if kind in self._sources)
        steps.append(Open(at, sources, first))

    def _close(self, steps: list[Step]) -> None:
        if self._start is not None:
            steps.append(Close(self._last))
            self._start = None

    def _ask(self, now: float) -> None:
        if now - self._asked >= _ASK_AGAIN or now < self._asked:
            self._asked = now
            self._ask_keyframe()
