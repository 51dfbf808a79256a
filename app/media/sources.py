"""What a desk can publish: pictures and sound as they come from a device, a file, or whoever pushes them."""

import asyncio
import collections
import math
from collections.abc import Callable
from typing import Any, Protocol

import av
import numpy

from app.errors import InputError
from app.media.depacketize import AUDIO_CLOCK
from app.media.encoders import SAMPLES

SILENCE = bytes(SAMPLES * 2)
MAX_QUEUE_SECONDS = 0.2


class FrameSource(Protocol):
    """A picture source (画面来源). ``next_frame`` waits for the next picture; None means that it has ended."""

    async def next_frame(self) -> av.VideoFrame | None: ...

    def close(self) -> None: ...


class MirroredFrames:
    """A picture source that also shows each of its pictures to ``look``: one's own picture on one's own screen."""

    def __init__(self, source: FrameSource, look: Callable[[av.VideoFrame], None]) -> None:
        self._source = source
        self._look = look

    async def next_frame(self) -> av.VideoFrame | None:
        frame = await self._source.next_frame()
        if frame is not None:
            self._look(frame)
        return frame

    def close(self) -> None:
        self._source.close()


class SoundSource(Protocol):
    """A sound source (声音来源): 20 ms of mono s16 at 48 kHz (1920 bytes) at a time, in real time; None at its end."""

    async def next_samples(self) -> bytes | None: ...

    def close(self) -> None: ...


class Pace:
    """Waits so that things happen every ``interval`` seconds on the average, without drifting."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._next: float | None = None

    async def wait(self) -> None:
        """Until the next moment; after a long pause it begins anew instead of catching up."""
        now = asyncio.get_running_loop().time()
        if self._next is None or now - self._next > 0.5:
            self._next = now
        self._next += self._interval
        await asyncio.sleep(max(0.0, self._next - self._interval - now))


class CallbackSource:
    """Takes pictures and sound that someone else pushes, from any thread (a camera of the screen's toolkit).

    Only the newest picture is kept; sound is kept for 200 ms. Use :attr:`frames` and :attr:`sound` as the sources.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.frames = _PushedFrames(loop)
        self.sound = _PushedSound()

    def push_frame(self, frame: av.VideoFrame) -> None:
        """A picture; the caller does not touch it afterwards."""
        self.frames.push(frame)

    def push_samples(self, samples: bytes) -> None:
        """Mono s16 at 48 kHz, any number of whole samples."""
        self.sound.push(samples)


class _PushedFrames:
    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._loop = loop
        self._newest: av.VideoFrame | None = None
        self._ready = asyncio.Event()
        self._closed = False

    def push(self, frame: av.VideoFrame) -> None:
        self._newest = frame
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._ready.set)

    async def next_frame(self) -> av.VideoFrame | None:
        self._loop = asyncio.get_running_loop()
        if self._newest is None and not self._closed:
            self._ready.clear()
            if self._newest is None:
                await self._ready.wait()
        frame, self._newest = self._newest, None
        return frame

    def close(self) -> None:
        self._closed = True
        self._ready.set()


class _PushedSound:
    def __init__(self) -> None:
        self._bytes: collections.deque[bytes] = collections.deque()
        self._rest = b""
        self._pace = Pace(SAMPLES / AUDIO_CLOCK)

    def push(self, samples: bytes) -> None:
        self._bytes.append(samples)
        while len(self._bytes) > 1 and sum(map(len, self._bytes)) > MAX_QUEUE_SECONDS * AUDIO_CLOCK * 2:
            self._bytes.popleft()

    async def next_samples(self) -> bytes | None:
        await self._pace.wait()
        while len(self._rest) < SAMPLES * 2 and self._bytes:
            self._rest += self._bytes.popleft()
        if len(self._rest) < SAMPLES * 2:
            return SILENCE
        samples, self._rest = self._rest[: SAMPLES * 2], self._rest[SAMPLES * 2 :]
        return samples

    def close(self) -> None:
        self._bytes.clear()


class Tone:
    """A soft short tone every three seconds, its pitch chosen by ``pitch`` (0, 1, 2 …), faded in and out."""

    def __init__(self, pitch: int = 0, every_seconds: float = 3.0, volume: float = 0.08) -> None:
        count = SAMPLES * 10  # 200 ms
        t = numpy.arange(count) / AUDIO_CLOCK
        shape = numpy.sin(numpy.pi * numpy.arange(count) / count) ** 2
        wave = numpy.sin(2 * math.pi * 220 * 2 ** (pitch % 24 / 12) * t) * shape * volume * 32767
        data = wave.astype(numpy.int16).tobytes()
        self._blocks = [data[i : i + SAMPLES * 2] for i in range(0, len(data), SAMPLES * 2)]
        self._period = max(len(self._blocks), round(every_seconds * AUDIO_CLOCK / SAMPLES))
        self._count = 0
        self._pace = Pace(SAMPLES / AUDIO_CLOCK)

    async def next_samples(self) -> bytes | None:
        await self._pace.wait()
        place = self._count % self._period
        self._count += 1
        return self._blocks[place] if place < len(self._blocks) else SILENCE

    def close(self) -> None:
        """Nothing to free."""


class FileSource:
    """A video file played in real time, over and over: ``frames`` and ``sound`` (silence if it has none).

    Raises:
        InputError: ``media.file_unreadable``.
    """

    def __init__(self, path: str, *, width: int = 640) -> None:
        self.frames = _FileFrames(path, width)
        self.sound = _FileSound(path)


class DeviceSource:
    """A camera and a microphone through FFmpeg (v4l2, dshow, avfoundation; alsa or pulse for sound).

    The second way, where the screen's toolkit has no devices. ``video`` and ``audio`` are FFmpeg input names
    (``/dev/video0``, ``video=Integrated Camera``, ``0``).

    Raises:
        InputError: ``media.device_unavailable``.
    """

    def __init__(
        self, video: str, video_format: str, audio: str | None = None, audio_format: str | None = None, width: int = 640
    ) -> None:
        self.frames = _FileFrames(video, width, video_format)
        self.sound = _FileSound(audio, audio_format) if audio else None


def _open(path: str, container_format: str | None) -> Any:
    try:
        return av.open(path, format=container_format)
    except (av.FFmpegError, OSError) as error:
        code = "media.device_unavailable" if container_format else "media.file_unreadable"
        raise InputError(code, reason=type(error).__name__) from error


class _FileFrames:
    def __init__(self, path: str, width: int, container_format: str | None = None) -> None:
        self._path = path
        self._format = container_format
        self._width = width
        self._container = _open(path, container_format)
        if not self._container.streams.video:
            raise InputError("media.file_unreadable", reason="no picture")
        self._live = container_format is not None
        self._frames: Any = self._container.decode(video=0)
        self._start: float | None = None

    async def next_frame(self) -> av.VideoFrame | None:
        loop = asyncio.get_running_loop()
        frame = await loop.run_in_executor(None, self._read)
        if frame is None:
            return None
        if not self._live:
            at = frame.time or 0.0
            if self._start is None:
                self._start = loop.time() - at
            await asyncio.sleep(max(0.0, self._start + at - loop.time()))
        height = round(frame.height * self._width / frame.width / 2) * 2
        smaller = frame.width > self._width
        return frame.reformat(
            width=self._width if smaller else frame.width,
            height=height if smaller else frame.height,
            format="yuv420p",
        )

    def _read(self) -> av.VideoFrame | None:
        frame: av.VideoFrame | None = next(self._frames, None)
        if frame is None and not self._live:
            self._container.close()
            self._container = _open(self._path, self._format)
            self._frames = self._container.decode(video=0)
            self._start = None
            frame = next(self._frames, None)
        return frame

    def close(self) -> None:
        self._container.close()


class _FileSound:
    def __init__(self, path: str, container_format: str | None = None) -> None:
        self._path = path
        self._format = container_format
        self._live = container_format is not None
        self._container = _open(path, container_format)
        self._pace = Pace(SAMPLES / AUDIO_CLOCK)
        self._begin()

    def _begin(self) -> None:
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=AUDIO_CLOCK, frame_size=SAMPLES)
        self._packets: Any = self._container.decode(audio=0) if self._container.streams.audio else iter(())
        self._ready: collections.deque[bytes] = collections.deque()

    async def next_samples(self) -> bytes | None:
        if not self._live:
            await self._pace.wait()
        if not self._ready:
            await asyncio.get_running_loop().run_in_executor(None, self._read)
        return self._ready.popleft() if self._ready else SILENCE

    def _read(self) -> None:
        for again in (False, True):
            for frame in self._packets:
                frame.pts = None
                for block in self._resampler.resample(frame):
                    self._ready.append(bytes(block.planes[0])[: SAMPLES * 2])
                if self._ready:
                    return
            if self._live or again or not self._container.streams.audio:
                return
            self._container.close()
            self._container = _open(self._path, self._format)
            self._begin()

    def close(self) -> None:
        self._container.close()
