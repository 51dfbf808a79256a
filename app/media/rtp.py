"""RTP headers as bytes: parsed and built without objects per field, because a router touches thousands a second.

RFC 3550 (fixed header), RFC 8285 (one-byte header extensions), RFC 6464 (audio level).
"""

import struct
from typing import NamedTuple

FIXED = struct.Struct("!BBHII")
ONE_BYTE_PROFILE = 0xBEDE
SILENT = 127  # RFC 6464: -127 dBov, digital silence

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"


class Packet(NamedTuple):
    """One RTP packet, taken apart.

    Attributes:
        marker: last packet of a video frame, first of a talkspurt.
        sequence: 16 bit. timestamp: 32 bit, in units of the codec's clock.
        source: the first contributing source (CSRC), or 0.
        level: loudness as RFC 6464 says, 0 (loudest) to 127 (silence); 127 where it is not given.
    """

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    source: int
    level: int
    payload: bytes


def is_rtcp(data: bytes) -> bool:
    """RFC 5761: told apart from RTP by the second byte."""
    return len(data) >= 2 and 192 <= data[1] <= 223


def parse(data: bytes, level_id: int = 0) -> Packet:
    """Take a decrypted packet apart; ``level_id`` is the negotiated number of the audio level extension.

    Raises:
        ValueError: the packet is cut short or not RTP version 2.
    """
    size = len(data)
    if size < 12 or data[0] >> 6 != 2:
        raise ValueError("not an RTP packet")
    first, second, sequence, timestamp, ssrc = FIXED.unpack_from(data)
    offset = 12 + ((first & 15) << 2)
    if offset > size:
        raise ValueError("contributing sources cut short")
    source = int.from_bytes(data[12:16], "big") if first & 15 else 0
    level = SILENT
    if first & 0x10:
        if offset + 4 > size:
            raise ValueError("header extension cut short")
        end = offset + 4 + (int.from_bytes(data[offset + 2 : offset + 4], "big") << 2)
        if end > size:
            raise ValueError("header extension cut short")
        if level_id and data[offset] == 0xBE and data[offset + 1] == 0xDE:
            level = _find_level(data, offset + 4, end, level_id)
        offset = end
    if first & 0x20:
        padding = data[-1]
        if padding == 0 or padding > size - offset:
            raise ValueError("padding longer than the packet")
        size -= padding
    return Packet(second & 0x7F, second >= 0x80, sequence, timestamp, ssrc, source, level, data[offset:size])


def _find_level(data: bytes, offset: int, end: int, level_id: int) -> int:
    while offset < end:
        head = data[offset]
        if head == 0:
            offset += 1
            continue
        if head >> 4 == 15:
            break
        if head >> 4 == level_id and offset + 1 < end:
            return data[offset + 1] & 0x7F
        offset += (head & 15) + 2
    return SILENT


def extensions(mid_id: int, mid: str, level_id: int = 0) -> tuple[bytes, bytes]:
    """The constant parts of a one-byte extension block, before and after the audio level byte.

    With ``level_id`` 0 the whole block is in the first part. Numbers of 0 mean "not negotiated".
    """
    body = b""
    if mid_id and mid:
        name = mid.encode()[:16]
        body += bytes([mid_id << 4 | (len(name) - 1)]) + name
    if level_id:
        body += bytes([level_id << 4])
    size = len(body) + (1 if level_id else 0)
    if not size:
        return b"", b""
    padding = -size % 4
    head = struct.pack("!HH", ONE_BYTE_PROFILE, (size + padding) // 4)
    return (head + body, bytes(padding)) if level_id else (head + body + bytes(padding), b"")


def build(
    payload_type: int, marker: bool, sequence: int, timestamp: int, ssrc: int, payload: bytes, extension: bytes = b""
) -> bytes:
    """A packet without contributing sources; ``extension`` is a whole block (see :func:`extensions`) or empty."""
    return (
        FIXED.pack(
            0x90 if extension else 0x80,
            payload_type | (0x80 if marker else 0),
            sequence & 0xFFFF,
            timestamp & 0xFFFFFFFF,
            ssrc,
        )
        + extension
        + payload
    )


class Unwrapper:
    """Turns a counter that wraps (16 or 32 bit) into one that does not; small steps back are allowed."""

    def __init__(self, bits: int) -> None:
        self._size = 1 << bits
        self._half = 1 << (bits - 1)
        self._last: int | None = None

    def near(self, value: int) -> int:
        """The unwrapped value nearest to the last one, without taking note of it."""
        if self._last is None:
            # One turn of room, so that a late first packet does not become negative.
            return value + self._size
        step = (value - self._last) & (self._size - 1)
        return self._last + (step - self._size if step > self._half else step)

    def __call__(self, value: int) -> int:
        result = self.near(value)
        if self._last is None or result > self._last:
            self._last = result
        return result
