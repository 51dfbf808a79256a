"""The desk's side of what it publishes: one voice, one picture. Mute and camera are kept over reconnects."""

import asyncio
import random
from collections.abc import Callable

import av

from app.clock import Clock
from app.logs import get_logger
from app.media import rtcp, rtp
from app.media.depacketize import AUDIO_CLOCK, VIDEO_CLOCK
from app.media.encoders import SAMPLES, OpusEncoder, Vp8Encoder, level
from app.media.seams import Line, Link
from app.media.sources import FrameSource, Pace, SoundSource

_RING = 512
_QUIET_OPUS = bytes((0xF8, 0xFF, 0xFE))  # 20 ms of digital silence (CELT, mono)
_MUTED_EVERY = 20  # one quiet packet per 400 ms shows that the connection lives and the microphone is off
_DARK_SECONDS = 1.0
_log = get_logger("media.publisher")


class Sender:
    """One outgoing stream: numbers, ring for retransmission, sender reports. Pure but for the random start."""

    def __init__(self, line: Line, clock_rate: int) -> None:
        self.ssrc = line.ssrc
        self.packets = self.octets = 0
        self._payload_type = line.payload_types.get("VP8" if line.kind == "video" else "opus", 0)
        self._sequence = random.randrange(1, 1 << 14)  # noqa: S311  only must differ between streams
        self._offset = random.randrange(1 << 31)  # noqa: S311
        self._level = line.kind == "audio" and line.level_id > 0
        self._before, self._after = rtp.extensions(line.mid_id, line.mid, line.level_id if self._level else 0)
        self._ring: list[tuple[int, bytes] | None] = [None] * _RING
        self.clock_rate = clock_rate

    def packet(self, payload: bytes, timestamp: int, marker: bool, loudness: int = rtp.SILENT) -> bytes:
        """The next packet; ``timestamp`` in the codec's clock, without the random offset."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        extension = self._before + (bytes([loudness]) + self._after if self._level else b"")
        data = rtp.build(
            self._payload_type, marker, self._sequence, timestamp + self._offset, self.ssrc, payload, extension
        )
        self._ring[self._sequence % _RING] = (self._sequence, data)
        self.packets += 1
        self.octets += len(payload)
        return data

    def again(self, sequence: int) -> bytes | None:
        """A packet as it was sent before."""
        kept = self._ring[sequence % _RING]
        return kept[1] if kept is not None and kept[0] == sequence else None

    def report(self, timestamp: int, ntp: int) -> bytes:
        """The sender report for "``timestamp`` is now"."""
        return rtcp.sender_report(
            rtcp.SenderReport(self.ssrc, ntp, timestamp + self._offset, self.packets, self.octets)
        )


class Publisher:
    """Reads the sources in real time, encodes, and sends on whatever link is attached.

    Attributes:
        muted: no sound leaves this machine. camera: pictures leave it; otherwise a dark picture once a second,
            so that others see "off" and not "lost".
    """

    def __init__(
        self, clock: Clock, frames: FrameSource | None, sound: SoundSource | None, *, muted: bool, camera: bool
    ) -> None:
        self.muted = muted
        self.camera = camera
        self.level = rtp.SILENT
        self._clock = clock
        self._frames = frames
        self._sound = sound
        self._link: Link | None = None
        self._audio: Sender | None = None
        self._video: Sender | None = None
        self._encoder = Vp8Encoder()
        self._keyframe = True
        self._dark: av.VideoFrame | None = None
        self._size = (320, 180)
        self._start = clock.monotonic()

    @property
    def sent(self) -> int:
        """Packets sent over the present link."""
        return sum(sender.packets for sender in (self._audio, self._video) if sender is not None)

    def attach(self, link: Link) -> None:
        """Send on this connected link from now on."""
        lines = {line.kind: line for line in link.lines if line.sends}
        self._audio = Sender(lines["audio"], AUDIO_CLOCK) if "audio" in lines else None
        self._video = Sender(lines["video"], VIDEO_CLOCK) if "video" in lines else None
        self._keyframe = True
        self._link = link

    def detach(self) -> None:
        """The link is gone; sources go on being read, nothing is sent."""
        self._link = None

    def handle(self, message: rtcp.Message) -> None:
        """Feedback from the router about our streams."""
        link = self._link
        if link is None:
            return
        for sender in (self._audio, self._video):
            if sender is None:
                continue
            match message:
                case rtcp.Nack(ssrc=ssrc, lost=lost) if ssrc == sender.ssrc:
                    for sequence in lost:
                        packet = sender.again(sequence)
                        if packet is not None:
                            link.send_rtp(packet)
                case rtcp.KeyframeRequest(ssrc=ssrc) if ssrc == sender.ssrc:
                    self._keyframe = True
                case rtcp.BitrateLimit(bits_per_second=bits, ssrcs=ssrcs) if sender.ssrc in ssrcs:
                    self._encoder.limit(bits)
                case _:
                    pass

    def report(self) -> None:
        """Send both sender reports; call it once a second."""
        link = self._link
        if link is None:
            return
        ntp = rtcp.ntp_time(self._clock.now())
        passed = self._clock.monotonic() - self._start
        for sender in (self._audio, self._video):
            if sender is not None and sender.packets:
                link.send_rtcp(sender.report(int(passed * sender.clock_rate), ntp))

    def close(self) -> None:
        """Close the sources."""
        for source in (self._frames, self._sound):
            if source is not None:
                source.close()

    async def run_sound(self) -> None:
        """Until the source ends, and quietly for ever after."""
        encoder = OpusEncoder()
        pace = Pace(SAMPLES / AUDIO_CLOCK)
        count = 0
        stamp = 0
        while True:
            samples = await self._sound.next_samples() if self._sound is not None else None
            if samples is None:
                self._sound = None
                await pace.wait()
            count += 1
            now = int((self._clock.monotonic() - self._start) * AUDIO_CLOCK)
            # The source's clock counts, ours only decides when it has stood still or run away.
            stamp = stamp + SAMPLES if abs(now - stamp) < AUDIO_CLOCK // 5 else now
            quiet = self.muted or samples is None
            self.level = rtp.SILENT if samples is None else level(samples)
            link, sender = self._link, self._audio
            if link is None or sender is None:
                continue
            if quiet:
                if count % _MUTED_EVERY == 0:
                    link.send_rtp(sender.packet(_QUIET_OPUS, stamp, False))
                continue
            data = encoder.encode(samples or b"")
            if data:
                link.send_rtp(sender.packet(data, stamp, False, self.level))

    async def run_pictures(self) -> None:
        """Until the source ends, and dark for ever after."""
        if self._frames is None:
            await self._run_dark(lambda: True)
            return
        while True:
            if not self.camera:
                await self._run_dark(lambda: not self.camera)
                self._keyframe = True
            frame = await self._frames.next_frame()
            if frame is None:
                break
            if self.camera:
                self._size = (frame.width, frame.height)
                self._send(frame)
        _log.info("picture source ended")
        await self._run_dark(lambda: True)

    async def _run_dark(self, still: Callable[[], bool]) -> None:
        last = -_DARK_SECONDS
        while still():
            now = self._clock.monotonic()
            if self._keyframe or now - last >= _DARK_SECONDS:
                last = now
                if self._dark is None or (self._dark.width, self._dark.height) != self._size:
                    self._dark = _dark_frame(*self._size)
                self._send(self._dark)
            await asyncio.sleep(0.1)

    def _send(self, frame: av.VideoFrame) -> None:
        link, sender = self._link, self._video
        if link is None or sender is None or not link.connected:
            return
        stamp = int((self._clock.monotonic() - self._start) * VIDEO_CLOCK)
        keyframe, self._keyframe = self._keyframe, False
        payloads = self._encoder.encode(frame, stamp, keyframe)
        for index, payload in enumerate(payloads):
            link.send_rtp(sender.packet(payload, stamp, index == len(payloads) - 1))


def _dark_frame(width: int, height: int) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, value in zip(frame.planes, (24, 128, 128), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return frame
