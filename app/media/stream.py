"""The host's side of one published stream: numbering, loss, loudness, and who gets it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.logs import get_logger
from app.media import rtcp
from app.media.depacketize import starts_keyframe
from app.media.router import ClockPair, Kind, MediaPacket, PairTap, Tap
from app.media.rtp import Packet, Unwrapper

if TYPE_CHECKING:
    from app.media.room_peer import RoomPeer, Slot

KEYFRAME_SECONDS = 0.5
_NACK_AGAIN = 0.08  # seconds between two requests for the same packet
_NACK_TRIES = 6
_MAX_MISSING = 256
_log = get_logger("media.stream")


class Missing:
    """Sequence numbers that should have come; says which to ask for again. Pure."""

    def __init__(self) -> None:
        self._highest: int | None = None
        self._missing: dict[int, tuple[int, float]] = {}

    def add(self, sequence: int) -> bool:
        """Take note of an unwrapped number; True when a new hole has been found."""
        highest = self._highest
        if highest is None or sequence > highest + _MAX_MISSING:
            self._highest = sequence
            self._missing.clear()
            return False
        if sequence <= highest:
            self._missing.pop(sequence, None)
            return False
        for number in range(highest + 1, sequence):
            self._missing[number] = (0, 0.0)
        self._highest = sequence
        return sequence > highest + 1

    def due(self, now: float) -> list[int]:
        """What to ask for now, as 16-bit numbers; each is asked for a few times and then given up."""
        asked = []
        for number, (tries, last) in list(self._missing.items()):
            if tries >= _NACK_TRIES or number < (self._highest or 0) - _MAX_MISSING:
                del self._missing[number]
            elif now - last >= _NACK_AGAIN:
                self._missing[number] = (tries + 1, now)
                asked.append(number & 0xFFFF)
        return asked


class Reception:
    """Loss of one received stream, for receiver reports (RFC 3550 section 6.4.1)."""

    def __init__(self) -> None:
        self.received = 0
        self.fraction = 0.0
        self._base: int | None = None
        self._highest = 0
        self._before = (0, 0)

    @property
    def expected(self) -> int:
        """How many packets the numbering says there were."""
        return 0 if self._base is None else self._highest - self._base + 1

    def add(self, sequence: int) -> None:
        """One packet, unwrapped number."""
        if self._base is None:
            self._base = self._highest = sequence
        elif sequence > self._highest:
            self._highest = sequence
        self.received += 1

    def report(self, ssrc: int) -> rtcp.ReceiverReport | None:
        """What to tell the sender; ``fraction`` (0 to 1) is since the last call. None before the first packet."""
        if self._base is None:
            return None
        expected, received = self.expected - self._before[0], self.received - self._before[1]
        self._before = (self.expected, self.received)
        self.fraction = max(0.0, (expected - received) / expected) if expected > 0 else 0.0
        return rtcp.ReceiverReport(
            ssrc, min(255, int(self.fraction * 256)), self.expected - self.received, self._highest, 0
        )


class Stream:
    """One published stream while its peer is connected."""

    def __init__(
        self, source: str, peer: str, kind: Kind, number: int, ssrc: int, codecs: dict[int, str], now: float,
        ask_keyframe: Callable[[int], None],
    ) -> None:  # fmt: skip
        self.source = source
        self.peer = peer
        self.kind = kind
        self.number = number
        self.ssrc = ssrc
        self.codec = next(iter(codecs.values()), "")
        self.reception = Reception()
        self.missing = Missing()
        self.taps: list[tuple[Tap, PairTap | None]] = []
        self.outs: list[tuple[RoomPeer, Slot]] = []
        self.budget = 1.0
        self.last_packet = now
        self.seen = False
        self.lost = False
        self.silenced = False
        self._codecs = codecs
        self._ask_keyframe = ask_keyframe
        self._last_keyframe_request = -KEYFRAME_SECONDS
        self._sequence = Unwrapper(16)
        self._timestamp = Unwrapper(32)

    def take(self, packet: Packet, now: float) -> tuple[int, int] | None:
        """Count a packet in; its unwrapped sequence and timestamp, or None for a codec that was not agreed."""
        codec = self._codecs.get(packet.payload_type)
        if codec is None:
            return None
        self.codec = codec
        self.last_packet = now
        sequence = self._sequence(packet.sequence)
        self.reception.add(sequence)
        if self.kind == "video":
            self.missing.add(sequence)
        return sequence, self._timestamp(packet.timestamp)

    def request_keyframe(self, now: float) -> None:
        """Relay the wish for a whole picture, throttled."""
        if self.kind == "video" and now - self._last_keyframe_request >= KEYFRAME_SECONDS:
            self._last_keyframe_request = now
            self._ask_keyframe(self.ssrc)

    def forward(self, packet: Packet, sequence: int, timestamp: int, now: float) -> None:
        """Give a packet to the slots that show this stream, and to the taps."""
        begins: bool | None = None
        for peer, slot in self.outs:
            if self.source not in peer.allowed:
                continue
            if slot.waiting:
                if begins is None:
                    begins = starts_keyframe(self.codec, packet.payload)
                if not begins:
                    continue
                slot.waiting = False
            payload_type = slot.payload_types.get(self.codec)
            if payload_type is None:
                continue
            out = slot.writer.write(payload_type, packet.marker, sequence, timestamp, packet.payload, now, packet.level)
            if out is not None:
                peer.sent += 1
                peer.link.send_rtp(out)
        if not self.taps:
            return
        taken = MediaPacket(
            self.source, self.ssrc, self.kind, self.codec, sequence, timestamp, packet.marker, packet.level,
            packet.payload, now,
        )  # fmt: skip
        for tap, _ in tuple(self.taps):
            try:
                tap(taken)
            except Exception as error:  # a recorder's trouble must not silence the room
                _log.error("tap failed", source=self.source, error=type(error).__name__)

    def pass_report(self, report: rtcp.SenderReport, now: float) -> None:
        """Give a sender report to whoever gets this stream, in the slot's own numbers."""
        timestamp = self._timestamp.near(report.timestamp)
        for peer, slot in self.outs:
            writer = slot.writer
            stamp = writer.stamp(timestamp)
            if stamp is not None and self.source in peer.allowed:
                passed = rtcp.SenderReport(writer.ssrc, report.ntp, stamp, writer.packets, writer.octets)
                peer.link.send_rtcp(rtcp.sender_report(passed))
        pair = ClockPair(self.source, timestamp, report.ntp, now)
        for _, pairs in tuple(self.taps):
            if pairs is not None:
                pairs(pair)
