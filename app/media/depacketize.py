"""RTP payloads to encoded frames: VP8 (RFC 7741), H.264 (RFC 6184, packetization mode 1), Opus (RFC 7587)."""

VIDEO_CLOCK = 90_000
AUDIO_CLOCK = 48_000
_START = b"\0\0\0\1"


def vp8_payload(payload: bytes) -> tuple[bool, bytes]:
    """(begins a frame, VP8 data) of one packet.

    Raises:
        ValueError: the payload descriptor is cut short.
    """
    if not payload:
        raise ValueError("empty VP8 payload")
    first = payload[0]
    offset = 1
    if first & 0x80:
        bits = payload[1] if len(payload) > 1 else 0
        offset = 2
        if bits & 0x80:
            offset += 2 if len(payload) > 2 and payload[2] & 0x80 else 1
        offset += 1 if bits & 0x40 else 0
        offset += 1 if bits & 0x30 else 0
    if offset >= len(payload):
        raise ValueError("VP8 descriptor cut short")
    return first & 0x10 != 0 and first & 0x07 == 0, payload[offset:]


def vp8_size(frame: bytes) -> tuple[int, int] | None:
    """(width, height) of a VP8 key frame, None of any other (RFC 6386 section 9.1)."""
    if len(frame) < 10 or frame[0] & 1 or frame[3:6] != b"\x9d\x01\x2a":
        return None
    return int.from_bytes(frame[6:8], "little") & 0x3FFF, int.from_bytes(frame[8:10], "little") & 0x3FFF


def h264_payload(payload: bytes) -> tuple[bool, bytes]:
    """(begins a NAL unit, Annex B data) of one packet: single NAL, STAP-A or FU-A.

    Raises:
        ValueError: cut short, or a packet type that mode 1 does not know.
    """
    if len(payload) < 2:
        raise ValueError("H.264 payload cut short")
    kind = payload[0] & 0x1F
    if 1 <= kind <= 23:
        return True, _START + payload
    if kind == 24:
        units = []
        offset = 1
        while offset < len(payload):
            size = int.from_bytes(payload[offset : offset + 2], "big")
            unit = payload[offset + 2 : offset + 2 + size]
            if not size or len(unit) != size:
                raise ValueError("aggregation cut short")
            units.append(_START + unit)
            offset += 2 + size
        return True, b"".join(units)
    if kind == 28:
        if payload[1] & 0x80:
            return True, _START + bytes([payload[0] & 0xE0 | payload[1] & 0x1F]) + payload[2:]
        return False, payload[2:]
    raise ValueError("unknown H.264 packet type")


def h264_units(frame: bytes) -> set[int]:
    """The NAL unit types in Annex B data."""
    kinds = set()
    offset = frame.find(b"\0\0\1")
    while 0 <= offset < len(frame) - 3:
        kinds.add(frame[offset + 3] & 0x1F)
        offset = frame.find(b"\0\0\1", offset + 3)
    return kinds


def starts_keyframe(codec: str, payload: bytes) -> bool:
    """Whether this packet begins a whole picture, so that a receiver may start here. False for anything malformed."""
    try:
        if codec == "VP8":
            begins, data = vp8_payload(payload)
            return begins and vp8_size(data) is not None
        if codec == "H264":
            return 7 in h264_units(h264_payload(payload)[1][:64])
    except ValueError:
        return False
    return codec == "opus"


def is_keyframe(codec: str, frame: bytes) -> bool:
    """Whether an assembled frame can be decoded by itself."""
    if codec == "VP8":
        return vp8_size(frame) is not None
    if codec == "H264":
        return {5, 7} <= h264_units(frame)
    return True
