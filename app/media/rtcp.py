"""RTCP packets: the few a room needs (RFC 3550, RFC 4585, RFC 5104, draft-alvestrand-rmcat-remb).

Unknown packet types inside a compound are skipped; a malformed one ends the parse with ValueError.
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

_EPOCH_1900 = 2208988800
APP_NAME = b"BIDR"


class SenderReport(msgspec.Struct, frozen=True):
    """When (NTP, 64-bit fixed point) which RTP timestamp was sent, and how much so far."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int


class ReceiverReport(msgspec.Struct, frozen=True):
    """What one receiver got of one stream; ``fraction_lost`` in 1/256 since its last report."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int


class Nack(msgspec.Struct, frozen=True):
    """Please send these sequence numbers again."""

    ssrc: int
    lost: tuple[int, ...]


class KeyframeRequest(msgspec.Struct, frozen=True):
    """PLI or FIR: please send a whole picture."""

    ssrc: int


class BitrateLimit(msgspec.Struct, frozen=True):
    """REMB: not more than this many bits per second, for these streams together."""

    bits_per_second: int
    ssrcs: tuple[int, ...]


class WatchRequest(msgspec.Struct, frozen=True):
    """What a subscriber tells the router inside a :class:`Note`: (source, width in pixels), most important first."""

    watch: tuple[tuple[str, int], ...]


class Note(msgspec.Struct, frozen=True):
    """An application packet of ours (APP, name ``BIDR``)."""

    data: bytes


Message = SenderReport | ReceiverReport | Nack | KeyframeRequest | BitrateLimit | Note


def parse(data: bytes) -> list[Message]:
    """The messages of one decrypted compound packet.

    Raises:
        ValueError: a packet is cut short or of another version.
    """
    found: list[Message] = []
    offset = 0
    while offset < len(data):
        if offset + 4 > len(data) or data[offset] >> 6 != 2:
            raise ValueError("not an RTCP packet")
        count, kind = data[offset] & 31, data[offset + 1]
        end = offset + 4 + (int.from_bytes(data[offset + 2 : offset + 4], "big") << 2)
        if end > len(data):
            raise ValueError("RTCP packet cut short")
        body = data[offset + 4 : end]
        try:
            found.extend(_read(kind, count, body))
        except (struct.error, IndexError) as error:
            raise ValueError("RTCP packet cut short") from error
        offset = end
    return found


def _read(kind: int, count: int, body: bytes) -> Iterable[Message]:
    if kind == 200:
        ssrc, ntp, timestamp, packets, octets = struct.unpack_from("!IQIII", body)
        yield SenderReport(ssrc, ntp, timestamp, packets, octets)
        yield from _reports(body, 24, count)
    elif kind == 201:
        yield from _reports(body, 4, count)
    elif kind == 204 and body[4:8] == APP_NAME:
        yield Note(body[8:].rstrip(b"\0"))
    elif kind == 205 and count == 1:
        lost: list[int] = []
        for offset in range(8, len(body), 4):
            base, mask = struct.unpack_from("!HH", body, offset)
            lost.append(base)
            lost.extend((base + bit + 1) & 0xFFFF for bit in range(16) if mask >> bit & 1)
        yield Nack(struct.unpack_from("!I", body, 4)[0], tuple(lost))
    elif kind == 206 and count == 1:
        yield KeyframeRequest(struct.unpack_from("!I", body, 4)[0])
    elif kind == 206 and count == 4:
        for offset in range(8, len(body), 8):
            yield KeyframeRequest(struct.unpack_from("!I", body, offset)[0])
    elif kind == 206 and count == 15 and body[8:12] == b"REMB":
        number = body[12]
        exponent = body[13] >> 2
        mantissa = (body[13] & 3) << 16 | body[14] << 8 | body[15]
        yield BitrateLimit(min(mantissa << exponent, 1 << 40), struct.unpack_from(f"!{number}I", body, 16))


def _reports(body: bytes, offset: int, count: int) -> Iterable[Message]:
    for _ in range(count):
        ssrc, loss, highest, jitter = struct.unpack_from("!IIII", body, offset)
        lost = loss & 0xFFFFFF
        yield ReceiverReport(ssrc, loss >> 24, lost - (1 << 24) if lost & 0x800000 else lost, highest, jitter)
        offset += 24


def _packet(count: int, kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def sender_report(report: SenderReport) -> bytes:
    """A sender report without reception blocks."""
    return _packet(
        0,
        200,
        struct.pack(
            "!IQIII",
            report.ssrc,
            report.ntp,
            report.timestamp & 0xFFFFFFFF,
            report.packets & 0xFFFFFFFF,
            report.octets & 0xFFFFFFFF,
        ),
    )


def receiver_report(own: int, reports: Sequence[ReceiverReport]) -> bytes:
    """What we received; the round-trip fields stay 0 (nobody here measures by them)."""
    body = struct.pack("!I", own)
    for one in reports[:31]:
        lost = max(-0x800000, min(0x7FFFFF, one.lost)) & 0xFFFFFF
        body += struct.pack(
            "!IIIIII", one.ssrc, one.fraction_lost << 24 | lost, one.highest & 0xFFFFFFFF, one.jitter, 0, 0
        )
    return _packet(min(len(reports), 31), 201, body)


def nack(own: int, ssrc: int, lost: Sequence[int]) -> bytes:
    """Generic NACK for 16-bit sequence numbers, in the order given."""
    body = struct.pack("!II", own, ssrc)
    pending = list(lost)
    while pending:
        base = pending.pop(0)
        mask = 0
        while pending and 0 < (pending[0] - base) & 0xFFFF <= 16:
            mask |= 1 << (((pending.pop(0) - base) & 0xFFFF) - 1)
        body += struct.pack("!HH", base, mask)
    return _packet(1, 205, body)


def keyframe_request(own: int, ssrc: int) -> bytes:
    """Picture loss indication."""
    return _packet(1, 206, struct.pack("!II", own, ssrc))


def bitrate_limit(own: int, bits_per_second: int, ssrcs: Sequence[int]) -> bytes:
    """REMB."""
    exponent = max(0, bits_per_second.bit_length() - 18)
    mantissa = bits_per_second >> exponent
    head = bytes([len(ssrcs), exponent << 2 | mantissa >> 16, mantissa >> 8 & 0xFF, mantissa & 0xFF])
    return _packet(15, 206, struct.pack("!II", own, 0) + b"REMB" + head + struct.pack(f"!{len(ssrcs)}I", *ssrcs))


def note(own: int, data: bytes) -> bytes:
    """An application packet of ours; zero bytes at the end of ``data`` are not kept."""
    return _packet(0, 204, struct.pack("!I", own) + APP_NAME + data)


def ntp_time(moment: datetime) -> int:
    """UTC as 64-bit NTP."""
    return int((moment.astimezone(UTC).timestamp() + _EPOCH_1900) * (1 << 32))


def ntp_seconds(ntp: int) -> float:
    """64-bit NTP as seconds since 1970."""
    return ntp / (1 << 32) - _EPOCH_1900
