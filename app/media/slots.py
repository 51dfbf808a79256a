"""A receive slot (接收槽): one outgoing stream whose source changes while its SSRC, sequence and clock go on.

Pure: bytes and numbers in, bytes out. A subscriber negotiates a fixed number of slots once; what fills them is
decided later, so nothing is ever renegotiated.
"""

from app.media.rtp import FIXED, SILENT

RING = 256  # packets kept for retransmission: some seconds of a small picture
_JUMP = 3000  # a larger step in a source's numbering is a new beginning, not loss


class SlotWriter:
    """Rewrites headers for one slot.

    A sequence number is never used for two different packets: with AES-GCM that would give away the key stream.

    Attributes:
        ssrc: of the slot, constant.
        packets: and octets: sent since the start, for sender reports.
    """

    def __init__(
        self, ssrc: int, clock_rate: int, extension: tuple[bytes, bytes] = (b"", b""), *, with_level: bool = False
    ) -> None:
        self.ssrc = ssrc
        self.packets = 0
        self.octets = 0
        self._clock_rate = clock_rate
        self._before, self._after = extension
        self._with_level = with_level
        self._ring: list[tuple[int, bytes] | None] = [None] * RING
        self._number = 0
        self._next = 1 << 12  # first sequence: low, so that it does not wrap before the key stream is in step
        self._first: int | None = None
        self._highest = 0
        self._shift = 0
        self._stamp_shift = 0
        self._last_stamp = 0
        self._last_time: float | None = None

    def switch(self, number: int) -> None:
        """The next packets come from another source, known to receivers as ``number`` (CSRC)."""
        self._number = number
        self._first = None
        # What was sent of the former source must not be sent again: it may be forbidden by now.
        self._ring = [None] * RING

    def write(
        self, payload_type: int, marker: bool, sequence: int, timestamp: int, payload: bytes, now: float,
        level: int = SILENT,
    ) -> bytes | None:  # fmt: skip
        """The packet to send, or None if it is too late for this slot.

        Args:
            sequence: unwrapped, of the source. timestamp: unwrapped, of the source.
            now: monotonic seconds; keeps the slot's clock going across switches.
        """
        if self._first is None or abs(sequence - self._highest) > _JUMP:
            self._begin(sequence, timestamp, now)
        elif sequence < self._first:
            return None
        self._highest = max(self._highest, sequence)
        out = sequence + self._shift
        stamp = timestamp + self._stamp_shift
        if out >= self._next:
            self._next = out + 1
            self._last_stamp = stamp
            self._last_time = now
        place = out & (RING - 1)
        kept = self._ring[place]
        if kept is not None and kept[0] >= out:
            return None
        before = self._before
        second = payload_type | (0x80 if marker else 0)
        packet = FIXED.pack(0x91 if before else 0x81, second, out & 0xFFFF, stamp & 0xFFFFFFFF, self.ssrc)
        packet += self._number.to_bytes(4, "big")
        if before:
            packet += before + (bytes([level]) if self._with_level else b"") + self._after
        packet += payload
        self._ring[place] = (out, packet)
        self.packets += 1
        self.octets += len(payload)
        return packet

    def again(self, sequence: int) -> bytes | None:
        """The packet sent under this 16-bit number, exactly as it was sent."""
        kept = self._ring[sequence & (RING - 1)]
        return kept[1] if kept is not None and kept[0] & 0xFFFF == sequence else None

    def stamp(self, timestamp: int) -> int | None:
        """The slot's time for a source's unwrapped timestamp, or None before the first packet."""
        return None if self._first is None else (timestamp + self._stamp_shift) & 0xFFFFFFFF

    def _begin(self, sequence: int, timestamp: int, now: float) -> None:
        passed = 0.0 if self._last_time is None else max(now - self._last_time, 0.001)
        stamp = self._last_stamp + int(passed * self._clock_rate)
        self._shift = self._next - sequence
        self._stamp_shift = stamp - timestamp
        self._first = sequence
        self._highest = sequence
