"""Pictures and sound to RTP payloads: VP8 (RFC 7741) and Opus (RFC 7587)."""

import random
from fractions import Fraction
from typing import Any

import av
import av.video.frame
import numpy

from app.media.depacketize import AUDIO_CLOCK, VIDEO_CLOCK
from app.media.rtp import SILENT

PAYLOAD_BYTES = 1100  # leaves room for headers, SRTP tag and tunnels in a 1280-byte packet
SAMPLES = 960  # 20 ms at 48 kHz
_VIDEO_BASE = Fraction(1, VIDEO_CLOCK)
_AUDIO_BASE = Fraction(1, AUDIO_CLOCK)


class Vp8Encoder:
    """One picture stream. Not thread-safe.

    The bit rate is kept when it changes by less than a quarter: libvpx must be opened anew for each change,
    which costs a whole picture.
    """

    def __init__(self, bits_per_second: int = 300_000) -> None:
        self._wanted = bits_per_second
        self._codec: Any = None
        self._picture = random.randrange(1 << 15)  # noqa: S311  a counter's start, not a secret

    def limit(self, bits_per_second: int) -> None:
        """Not more than this from now on."""
        if self._codec is None or not 0.75 < bits_per_second / self._wanted < 1.25:
            self._wanted = max(50_000, bits_per_second)
            self._codec = None

    def encode(self, frame: av.VideoFrame, timestamp: int, keyframe: bool) -> list[bytes]:
        """The payloads of one picture; ``timestamp`` in 90 kHz units, rising. yuv420p is taken as it is."""
        if frame.format.name != "yuv420p":
            frame = frame.reformat(format="yuv420p")
        if self._codec is None or (frame.width, frame.height) != (self._codec.width, self._codec.height):
            self._codec = self._open(frame.width, frame.height)
            keyframe = True
        frame.pts = timestamp
        frame.time_base = _VIDEO_BASE
        frame.pict_type = av.video.frame.PictureType.I if keyframe else av.video.frame.PictureType.NONE
        data = b"".join(bytes(packet) for packet in self._codec.encode(frame))
        return self._split(data) if data else []

    def _open(self, width: int, height: int) -> Any:
        codec: Any = av.CodecContext.create("libvpx", "w")
        codec.width, codec.height = width, height
        codec.pix_fmt = "yuv420p"
        codec.time_base = _VIDEO_BASE
        codec.bit_rate = self._wanted
        codec.gop_size = 3000
        codec.qmin, codec.qmax = 4, 56
        codec.thread_count = 1 if width * height <= 640 * 480 else 2
        codec.options = {
            "cpu-used": "-12" if width * height <= 320 * 240 else "-8",
            "deadline": "realtime",
            "lag-in-frames": "0",
            "auto-alt-ref": "0",
            "static-thresh": "100",
            "error-resilient": "default",
            "maxrate": str(self._wanted),
            "minrate": str(self._wanted),
            "bufsize": str(self._wanted),
        }
        return codec

    def _split(self, data: bytes) -> list[bytes]:
        self._picture = (self._picture + 1) & 0x7FFF
        number = (0x8000 | self._picture).to_bytes(2, "big")
        return [
            bytes([0x90 if start == 0 else 0x80, 0x80]) + number + data[start : start + PAYLOAD_BYTES]
            for start in range(0, len(data), PAYLOAD_BYTES)
        ]


class OpusEncoder:
    """One voice: mono, 28 kbit/s, in-band error correction for 10 % loss. Not thread-safe."""

    def __init__(self, bits_per_second: int = 28_000) -> None:
        codec: Any = av.CodecContext.create("libopus", "w")
        codec.bit_rate = bits_per_second
        codec.format = "s16"
        codec.layout = "mono"
        codec.sample_rate = AUDIO_CLOCK
        codec.time_base = _AUDIO_BASE
        codec.options = {
            "application": "voip",
            "fec": "1",
            "packet_loss": "10",
            "frame_duration": "20",
            "compression_level": "5",
        }
        self._codec = codec
        self._count = 0

    def encode(self, samples: bytes) -> bytes:
        """20 ms of mono s16 at 48 kHz (1920 bytes) to one packet; empty while the encoder fills."""
        frame = av.AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.sample_rate = AUDIO_CLOCK
        frame.time_base = _AUDIO_BASE
        frame.pts = self._count * SAMPLES
        self._count += 1
        frame.planes[0].update(samples)
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))


def level(samples: bytes) -> int:
    """RFC 6464 level of s16 samples: 0 is full scale, 127 is silence."""
    values = numpy.frombuffer(samples, dtype=numpy.int16).astype(numpy.float32)
    power = float(numpy.dot(values, values)) / max(1, len(values)) / 32768.0**2
    if power <= 1e-12:
        return SILENT
    return max(0, min(SILENT, round(-10 * float(numpy.log10(power)))))
