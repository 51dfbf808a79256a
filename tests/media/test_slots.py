"""Header rewriting: sequence and time go on across sources, and no number is used twice."""

from app.media import rtp
from app.media.slots import SlotWriter


def write(slot: SlotWriter, sequence: int, timestamp: int, now: float, payload: bytes = b"x") -> rtp.Packet | None:
    data = slot.write(97, True, sequence, timestamp, payload, now)
    return rtp.parse(data) if data else None


def test_numbers_go_on_across_a_switch() -> None:
    slot = SlotWriter(7, 90_000)
    slot.switch(1)
    before = [write(slot, 60_000 + i, 1_000_000 + i * 9000, i * 0.1) for i in range(3)]
    slot.switch(2)
    after = [write(slot, 12 + i, 500 + i * 9000, 0.5 + i * 0.1) for i in range(3)]
    packets = [p for p in before + after if p]
    assert [p.sequence - packets[0].sequence for p in packets] == [0, 1, 2, 3, 4, 5]
    assert [p.source for p in packets] == [1, 1, 1, 2, 2, 2]
    assert {p.ssrc for p in packets} == {7}
    stamps = [p.timestamp - packets[0].timestamp for p in packets]
    assert stamps[:3] == [0, 9000, 18000]
    assert stamps[3] == 18000 + 27000  # 0.3 s passed
    assert stamps[5] - stamps[4] == 9000


def test_a_hole_stays_a_hole_and_can_be_filled_late() -> None:
    slot = SlotWriter(7, 90_000)
    a, c, b = write(slot, 10, 0, 0.0), write(slot, 12, 0, 0.0), write(slot, 11, 0, 0.1)
    assert a
    assert b
    assert c
    assert (b.sequence - a.sequence, c.sequence - a.sequence) == (1, 2)


def test_what_came_before_the_switch_or_twice_is_not_sent() -> None:
    slot = SlotWriter(7, 90_000)
    write(slot, 100, 0, 0.0)
    assert write(slot, 99, 0, 0.0) is None
    assert write(slot, 100, 0, 0.0, b"other") is None


def test_no_number_is_used_twice_whatever_a_source_does() -> None:
    slot = SlotWriter(7, 90_000)
    used: dict[int, bytes] = {}
    sequence = 0
    for step, jump in enumerate([1, 5, -3, 4000, 1, -4001, 1, 2999, -2999, 1, 60_000, -1, 1, -60_000] * 3):
        if step % 9 == 0:
            slot.switch(step)
        sequence += jump
        packet = write(slot, 100_000 + sequence, step * 90, step * 0.01, str(step).encode())
        if packet:
            assert packet.sequence not in used
            used[packet.sequence] = packet.payload
    assert len(used) > 10


def test_retransmission_is_the_same_packet_and_forgotten_at_a_switch() -> None:
    slot = SlotWriter(7, 48_000, rtp.extensions(1, "3", 2), with_level=True)
    data = slot.write(96, False, 5, 960, b"voice", 0.0, 33)
    assert data
    packet = rtp.parse(data, level_id=2)
    assert (packet.level, packet.payload) == (33, b"voice")
    assert slot.again(packet.sequence) == data
    assert slot.again(packet.sequence + 1) is None
    slot.switch(2)
    assert slot.again(packet.sequence) is None


def test_the_slots_time_of_a_source_time() -> None:
    slot = SlotWriter(7, 90_000)
    assert slot.stamp(1000) is None
    packet = write(slot, 1, 1000, 0.0)
    assert packet
    assert slot.stamp(1090) == packet.timestamp + 90
