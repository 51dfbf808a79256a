"""Several voices into one stream for the loudspeaker.

Thread-safe: filled by the media thread, read by the sound card.
"""

import threading
from typing import Any

import av
import numpy

from app.media.depacketize import AUDIO_CLOCK
from app.media.encoders import SAMPLES

DELAY_BLOCKS = 3  # 60 ms: what jitter may take before it is heard
_MAX_BLOCKS = 12
_FADE = numpy.linspace(1.0, 0.0, SAMPLES, dtype=numpy.float32)


class _Voice:
    def __init__(self) -> None:
        self.decoder: Any = av.CodecContext.create("libopus", "r")
        self.decoder.sample_rate = AUDIO_CLOCK
        self.decoder.layout = "mono"
        self.samples = numpy.zeros(0, dtype=numpy.float32)
        self.playing = False
        self.last = numpy.zeros(SAMPLES, dtype=numpy.float32)


class Mixer:
    """Decodes Opus per voice and sums on demand; an empty voice fades out over 20 ms instead of clicking."""

    def __init__(self) -> None:
        self._voices: dict[int, _Voice] = {}
        self._lock = threading.Lock()

    def put(self, voice: int, packet: bytes, timestamp: int) -> None:
        """One Opus packet of a voice, in order."""
        with self._lock:
            state = self._voices.setdefault(voice, _Voice())
            data = av.Packet(packet)
            data.pts = timestamp
            try:
                frames = state.decoder.decode(data)
            except av.FFmpegError:
                return
            for frame in frames:
                samples = frame.to_ndarray()
                if samples.dtype == numpy.int16:
                    samples = samples.astype(numpy.float32) / 32768.0
                channels = len(frame.layout.channels)
                flat = samples.reshape(-1, channels).mean(axis=1) if samples.shape[0] == 1 else samples.mean(axis=0)
                state.samples = numpy.concatenate((state.samples, flat))[-_MAX_BLOCKS * SAMPLES :]

    def read(self, count: int = SAMPLES) -> bytes:
        """The next ``count`` samples of the mix: mono s16 at 48 kHz, silence where nobody speaks."""
        mix = numpy.zeros(count, dtype=numpy.float32)
        with self._lock:
            for voice in self._voices.values():
                if not voice.playing:
                    voice.playing = len(voice.samples) >= DELAY_BLOCKS * SAMPLES
                    if not voice.playing:
                        continue
                taken, voice.samples = voice.samples[:count], voice.samples[count:]
                if len(taken) < count:
                    voice.playing = False
                    gap = min(count - len(taken), SAMPLES)
                    tail = voice.last[:gap] * _FADE[:gap] if not len(taken) else taken[-1] * _FADE[:gap]
                    taken = numpy.concatenate((taken, tail))
                elif len(taken) >= SAMPLES:
                    voice.last = taken[-SAMPLES:]
                mix[: len(taken)] += taken
        return bytes((numpy.clip(mix, -1.0, 1.0) * 32767).astype(numpy.int16).tobytes())
