"""The desk's side of what it receives: slots to frames and sound, decoding only what somebody looks at."""

from collections.abc import Callable
from typing import Any

import av
import msgspec

from app.clock import Clock
from app.media import rtcp, rtp
from app.media.assemble import Frame, FrameAssembler
from app.media.mixer import Mixer
from app.media.seams import Line, Link
from app.media.stream import Missing, Reception

VIDEO_WAIT = 0.25  # seconds for a retransmission before a picture is given up
AUDIO_WAIT = 0.06
_FREEZE = 0.5
_KEYFRAME_AGAIN = 0.5

FrameSink = Callable[[str, av.VideoFrame], None]


class SlotStats(msgspec.Struct, frozen=True):
    """What arrived in one slot so far.

    Attributes:
        source: what fills it now, empty for none (or not yet named).
        lost: packets never repaired. bits: of payload, in all. frames: whole ones (decoded or not).
        freezes: pauses between pictures over half a second. level: loudness, RFC 6464.
    """

    kind: str
    source: str
    packets: int
    lost: int
    bits: int
    frames: int
    freezes: int
    level: int


class _Slot:
    def __init__(self, line: Line) -> None:
        self.kind = line.kind
        self.ssrc = line.remote_ssrc
        self.codecs = {number: name for name, number in line.payload_types.items()}
        self.level_id = line.level_id
        self.assembler = FrameAssembler(line.kind, VIDEO_WAIT if line.kind == "video" else AUDIO_WAIT)
        self.sequence = rtp.Unwrapper(16)
        self.timestamp = rtp.Unwrapper(32)
        self.highest = -1
        self.number = 0
        self.missing = Missing()
        self.reception = Reception()
        self.bits = self.frames = self.freezes = 0
        self.level = rtp.SILENT
        self.last_frame: float | None = None
        self.asked = 0.0
        self.decoder: Any = None
        self.decoder_codec = ""


class Subscriber:
    """Everything that comes over one link, for as long as that link lives.

    Args:
        on_frame: gets (source, picture in yuv420p) for every source that is looked at; None: count only, never decode.
        mixer: gets the decoded voices; None: count only.
    """

    def __init__(self, link: Link, clock: Clock, on_frame: FrameSink | None, mixer: Mixer | None) -> None:
        self.last_packet = clock.monotonic()
        self.looked_at: frozenset[str] = frozenset()
        self._link = link
        self._clock = clock
        self._on_frame = on_frame
        self._mixer = mixer
        self._names: dict[int, str] = {}
        self._slots = {line.remote_ssrc: _Slot(line) for line in link.lines if line.receives and line.remote_ssrc}

    def on_rtp(self, data: bytes) -> None:
        """One decrypted packet."""
        try:
            slot = self._slots.get(int.from_bytes(data[8:12], "big"))
            if slot is None:
                return
            packet = rtp.parse(data, slot.level_id)
        except ValueError:
            return
        now = self.last_packet = self._clock.monotonic()
        codec = slot.codecs.get(packet.payload_type)
        if codec is None:
            return
        sequence = slot.sequence(packet.sequence)
        if packet.source != slot.number:
            if sequence < slot.highest:
                return  # a straggler of what was shown here before
            slot.number = packet.source
            slot.assembler.reset()
            slot.last_frame = None
        slot.highest = max(slot.highest, sequence)
        slot.reception.add(sequence)
        slot.bits += len(packet.payload) * 8
        slot.level = packet.level
        if slot.kind == "video" and slot.missing.add(sequence):
            self._ask_again(slot, now)
        timestamp = slot.timestamp(packet.timestamp)
        self._take(slot, slot.assembler.add(codec, sequence, timestamp, packet.marker, packet.payload, now))

    def on_note(self, data: bytes) -> None:
        """Which number is which source, from the router."""
        try:
            names = msgspec.json.decode(data, type=dict[str, str])
            self._names.update({int(number): name for number, name in names.items()})
        except (msgspec.DecodeError, ValueError):
            return
        self.last_packet = self._clock.monotonic()

    def tend(self) -> None:
        """Repair and give up what is due; call it some ten times a second."""
        now = self._clock.monotonic()
        for slot in self._slots.values():
            self._take(slot, slot.assembler.poll(now))
            if slot.kind != "video":
                continue
            self._ask_again(slot, now)
            if slot.assembler.broken and slot.number and now - slot.asked > _KEYFRAME_AGAIN:
                slot.asked = now
                self._link.send_rtcp(rtcp.keyframe_request(1, slot.ssrc))

    def report(self) -> None:
        """Tell the router what got lost; call it once a second."""
        reports = [r for r in (s.reception.report(s.ssrc) for s in self._slots.values()) if r is not None]
        self._link.send_rtcp(rtcp.receiver_report(1, reports))

    def stats(self) -> list[SlotStats]:
        """By slot, in the order negotiated."""
        return [
            SlotStats(
                s.kind, self._names.get(s.number, ""), s.reception.received,
                max(0, s.reception.expected - s.reception.received), s.bits, s.frames, s.freezes, s.level,
            )
            for s in self._slots.values()
        ]  # fmt: skip

    def _ask_again(self, slot: _Slot, now: float) -> None:
        asked = slot.missing.due(now)
        if asked:
            self._link.send_rtcp(rtcp.nack(1, slot.ssrc, asked))

    def _take(self, slot: _Slot, frames: list[Frame]) -> None:
        for frame in frames:
            slot.frames += 1
            if slot.last_frame is not None and slot.kind == "video" and frame.arrival - slot.last_frame > _FREEZE:
                slot.freezes += 1
            slot.last_frame = frame.arrival
            source = self._names.get(slot.number, "")
            if slot.kind == "audio":
                if self._mixer is not None:
                    self._mixer.put(slot.ssrc, frame.data, frame.timestamp)
            elif self._on_frame is not None and source in self.looked_at:
                self._decode(slot, frame, source)
            elif slot.decoder is not None:
                # Frames were skipped: what comes next can only be understood from a whole picture on.
                slot.decoder = None
                slot.assembler.broken = True

    def _decode(self, slot: _Slot, frame: Frame, source: str) -> None:
        if slot.decoder is None or slot.decoder_codec != frame.codec:
            if not frame.keyframe:
                slot.assembler.broken = True
                return
            slot.decoder = av.CodecContext.create("vp8" if frame.codec == "VP8" else "h264", "r")
            slot.decoder.thread_count = 1
            slot.decoder_codec = frame.codec
        packet = av.Packet(frame.data)
        packet.pts = frame.timestamp
        try:
            pictures = slot.decoder.decode(packet)
        except av.FFmpegError:
            slot.decoder = None
            slot.assembler.broken = True
            return
        assert self._on_frame is not None
        for picture in pictures:
            self._on_frame(source, picture)
