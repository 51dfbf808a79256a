"""Headers in, headers out; malformed ones are one error."""

import random

import pytest

from app.media import rtcp, rtp


def test_what_is_built_is_parsed() -> None:
    before, after = rtp.extensions(1, "12", 2)
    data = rtp.build(111, True, 65_535, 0xFFFFFFFF, 0xDEADBEEF, b"payload", before + bytes([40]) + after)
    assert len(before + after) % 4 == 3
    assert rtp.parse(data, level_id=2) == rtp.Packet(111, True, 65_535, 0xFFFFFFFF, 0xDEADBEEF, 0, 40, b"payload")
    assert rtp.parse(data).level == rtp.SILENT


def test_padding_and_contributing_sources() -> None:
    data = bytearray(rtp.build(96, False, 1, 2, 3, b"abc\0\0\3"))
    data[0] |= 0x21
    data[12:12] = (9).to_bytes(4, "big")
    packet = rtp.parse(bytes(data))
    assert (packet.source, packet.payload) == (9, b"abc")


def test_any_garbage_is_refused_or_parsed() -> None:
    generator = random.Random(1)
    good = rtp.build(96, False, 1, 2, 3, b"abc" * 9, b"".join(rtp.extensions(1, "3")))
    for _ in range(3000):
        data = bytearray(good[: generator.randrange(len(good) + 1)])
        for _ in range(3):
            if data:
                data[generator.randrange(len(data))] = generator.randrange(256)
        for parse in (lambda d: rtp.parse(d, 2), rtcp.parse):
            try:
                parse(bytes(data))
            except ValueError:
                pass


@pytest.mark.parametrize("values", [[65_534, 65_535, 0, 65_533, 1], [5, 4, 6]])
def test_unwrapping(values: list[int]) -> None:
    unwrap = rtp.Unwrapper(16)
    result = [unwrap(value) for value in values]
    assert [r & 0xFFFF for r in result] == values
    assert max(result) - min(result) < 10


def test_feedback_messages_survive_the_wire() -> None:
    lost = (65_530, 65_535, 3, 10, 40)
    compound = (
        rtcp.receiver_report(1, [rtcp.ReceiverReport(9, 25, -2, 70_000, 5)])
        + rtcp.nack(1, 9, lost)
        + rtcp.keyframe_request(1, 9)
        + rtcp.bitrate_limit(1, 450_000, (9, 10))
        + rtcp.note(1, b'{"a":1}')
        + rtcp.sender_report(rtcp.SenderReport(9, 1 << 63, 4, 5, 6))
    )
    report, nack, keyframe, limit, note, sent = rtcp.parse(compound)
    assert report == rtcp.ReceiverReport(9, 25, -2, 70_000, 5)
    assert nack == rtcp.Nack(9, lost)
    assert keyframe == rtcp.KeyframeRequest(9)
    assert isinstance(limit, rtcp.BitrateLimit)
    assert 449_000 < limit.bits_per_second <= 450_000
    assert limit.ssrcs == (9, 10)
    assert note == rtcp.Note(b'{"a":1}')
    assert sent == rtcp.SenderReport(9, 1 << 63, 4, 5, 6)


def test_a_message_cut_short_is_refused() -> None:
    whole = rtcp.bitrate_limit(1, 450_000, (9,))
    for size in range(1, len(whole)):
        with pytest.raises(ValueError):
            rtcp.parse(whole[:size])
    with pytest.raises(ValueError):
        rtcp.parse(bytes([0x81, 200, 0, 0]))
