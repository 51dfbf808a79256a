"""The embedded router with real clients over UDP: who gets what, and who gets nothing."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from app.clock import SystemClock
from app.errors import InputError
from app.media import rtcp, rtp
from app.media.client import MediaClient
from app.media.embedded_router import EmbeddedRouter
from app.media.router import MediaPacket, WantedTile
from app.media.seams import Gathering, Link


def spy(client: MediaClient) -> Counter[int]:
    """Counts the RTP packets that reach a client's machine, by source number, whatever it does with them."""
    seen: Counter[int] = Counter()
    link = client._link
    assert link is not None
    inner = link.on_rtp

    def on_rtp(data: bytes) -> None:
        seen[rtp.parse(data).source] += 1
        inner(data)

    link.on_rtp = on_rtp
    return seen


def sources_of(*names: str) -> list[str]:
    return [f"{name}/{kind}" for name in names for kind in ("audio", "video")]


async def test_three_publish_and_a_reader_sees_and_hears_all(room: Any, wait_until: Any) -> None:
    for name in "ABC":
        await room.join(name)
    await wait_until(lambda: len(room.router.sources()) == 6)
    started: dict[str, float] = {}
    frames: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    joined = 0.0

    def on_frame(source: str, frame: Any) -> None:
        started.setdefault(source, loop.time() - joined)
        frames[source] += 1
        assert (frame.width, frame.height, frame.format.name) == (320, 180, "yuv420p")

    room.router.allow("S", sources_of(*"ABC"))
    reader = await room.join("S", publishes=False, on_frame=on_frame)
    reader.watch([WantedTile(f"{name}/video") for name in "ABC"])
    await wait_until(lambda: reader.state == "connected")
    joined = loop.time()
    await wait_until(lambda: len(frames) == 3 and min(frames.values()) >= 8)
    # without being asked for, the next one would come after 3,000 pictures
    assert max(started.values()) < 10.0, "a late joiner must not wait for a key frame"
    slots = reader.stats().slots
    assert {s.source for s in slots if s.kind == "audio"} == {"A/audio", "B/audio", "C/audio"}
    assert all(s.packets > 20 for s in slots if s.kind == "audio")
    assert room.router.stats("S").injected == 0


async def test_nothing_is_forwarded_by_default(room: Any, wait_until: Any) -> None:
    await room.join("A")
    reader = await room.join("S", publishes=False)
    reader.watch([WantedTile("A/video")])
    await wait_until(lambda: reader.state == "connected" and len(room.router.sources()) == 2)
    seen = spy(reader)
    await asyncio.sleep(0.5)
    assert not seen
    assert not any(s.source for s in reader.stats().slots)


async def test_a_visibility_change_cuts_at_once(room: Any, wait_until: Any) -> None:
    for name in "AB":
        await room.join(name)
    room.router.allow("S", sources_of("A", "B"))
    reader = await room.join("S", publishes=False)
    reader.watch([WantedTile("A/video"), WantedTile("B/video")])
    await wait_until(lambda: reader.state == "connected" and len(room.router.sources()) == 4)
    seen = spy(reader)
    numbers = {s.source: s.number for s in room.router.sources().values()}
    await wait_until(lambda: all(seen[number] for number in numbers.values()))
    room.router.allow("S", sources_of("B"))
    await asyncio.sleep(0.2)
    seen.clear()
    # A client that insists gets no more than one that does not.
    reader.watch([WantedTile("A/video"), WantedTile("A/audio")])
    for slot_ssrc in [line.remote_ssrc for line in reader._link.lines]:
        reader._link.send_rtcp(b"".join(_feedback(slot_ssrc)))
    await asyncio.sleep(0.6)
    assert seen[numbers["A/audio"]] == seen[numbers["A/video"]] == 0
    assert seen[numbers["B/audio"]] > 10


def _feedback(ssrc: int) -> list[bytes]:
    return [rtcp.keyframe_request(1, ssrc), rtcp.nack(1, ssrc, list(range(4096, 4596)))]


async def test_a_reader_cannot_send(room: Any, wait_until: Any) -> None:
    """The client is a changed one: it offers to send, and sends although it was refused."""
    room.router.allow("S", sources_of("X", "A"))
    reader = await room.join("S", publishes=False)
    seen_by_tap: list[MediaPacket] = []
    room.router.add_tap("X/audio", seen_by_tap.append)
    link = Link(Gathering(["127.0.0.1"]))
    offer = await link.offer([("audio", "sendonly"), ("video", "sendonly"), ("audio", "recvonly")])
    await link.accept(await room.router.connect("X", offer, publishes=False))
    await wait_until(lambda: link.connected and reader.state == "connected")
    seen = spy(reader)
    declared = [line for line in link.lines if line.kind in ("audio", "video")]
    assert not any(line.sends for line in declared)
    for sequence in range(50):
        for line in declared:
            for payload_type in (96, 97):
                link.send_rtp(rtp.build(payload_type, True, sequence, sequence * 960, line.ssrc, b"\x10\x00\x00\x00"))
    await wait_until(lambda: room.router.stats("X").injected >= 150)
    assert room.router.sources() == {}
    assert not seen
    assert not seen_by_tap
    await link.close()


async def test_a_publisher_sends_only_what_it_declared(room: Any, wait_until: Any) -> None:
    client = await room.join("A")
    await wait_until(lambda: len(room.router.sources()) == 2)
    client._link.send_rtp(rtp.build(96, False, 1, 0, 12345, b"x"))
    await wait_until(lambda: room.router.stats("A").injected == 1)
    assert len(room.router.sources()) == 2


async def test_a_silenced_source_reaches_nobody(room: Any, wait_until: Any) -> None:
    await room.join("A")
    room.router.allow("S", sources_of("A"))
    reader = await room.join("S", publishes=False)
    await wait_until(lambda: reader.state == "connected" and len(room.router.sources()) == 2)
    seen = spy(reader)
    number = room.router.sources()["A/audio"].number
    await wait_until(lambda: seen[number] > 5)
    room.router.silence("A/audio")
    await asyncio.sleep(0.1)
    seen.clear()
    await asyncio.sleep(0.3)
    assert seen[number] == 0
    assert room.router.sources()["A/audio"].silenced
    room.router.silence("A/audio", False)
    await wait_until(lambda: seen[number] > 5)


async def test_muted_stays_muted_over_a_reconnect(room: Any, wait_until: Any) -> None:
    packets: list[MediaPacket] = []
    room.router.add_tap("A/audio", packets.append)
    client = await room.join("A", muted=False)
    await wait_until(lambda: len(packets) > 20)
    client.set_muted(True)
    await asyncio.sleep(0.1)
    packets.clear()
    await room.router.disconnect("A")
    assert "A/audio" not in room.router.sources()
    await wait_until(lambda: client.stats().connections == 2)
    await wait_until(lambda: len(packets) >= 2)
    await asyncio.sleep(0.5)
    assert client.muted
    assert all(len(p.payload) == 3 and p.level == rtp.SILENT for p in packets)
    assert len(packets) < 20, "a muted microphone sends only signs of life"


async def test_a_dead_source_is_noticed_in_three_seconds_and_its_return_too(room: Any, wait_until: Any) -> None:
    client = await room.join("A")
    await wait_until(lambda: len(room.router.sources()) == 2)
    link = client._link
    send, link.send_rtp = link.send_rtp, lambda packet: None
    start = asyncio.get_running_loop().time()
    await wait_until(lambda: any(e.what == "source_lost" for e in room.events))
    assert 2.5 < asyncio.get_running_loop().time() - start < 4.5
    link.send_rtp = send
    await wait_until(lambda: any(e.what == "source_restored" for e in room.events), 2.0)


async def test_lost_packets_are_sent_again(room: Any, wait_until: Any) -> None:
    """Every fifth picture packet vanishes on the way to the reader; the pictures come all the same."""
    await room.join("A")
    room.router.allow("S", sources_of("A"))
    frames: Counter[str] = Counter()
    reader = await room.join("S", publishes=False, on_frame=lambda source, _frame: frames.update([source]))
    reader.watch([WantedTile("A/video")])
    await wait_until(lambda: frames["A/video"] > 2)
    ice = reader._link._ice
    inner = ice.data_received
    count = dropped = 0

    def lossy(data: bytes, component: int) -> None:
        nonlocal count, dropped
        if data[0] == 0x91 and data[1] & 0x7F == 97:
            count += 1
            if count % 5 == 0:
                dropped += 1
                return
        inner(data, component)

    ice.data_received = lossy
    frames.clear()
    await asyncio.sleep(2.5)
    assert frames["A/video"] >= 16, "of twenty"
    assert dropped >= 4
    video = next(s for s in reader.stats().slots if s.kind == "video")
    assert video.lost <= 1


async def test_one_slot_shows_one_source_after_the_other(room: Any, wait_until: Any) -> None:
    for name in "AB":
        await room.join(name)
    room.router.allow("S", sources_of("A", "B"))
    frames: Counter[str] = Counter()
    reader = await room.join(
        "S", publishes=False, video_slots=1, on_frame=lambda source, _frame: frames.update([source])
    )
    reader.watch([WantedTile("A/video"), WantedTile("B/video")])
    await wait_until(lambda: frames["A/video"] > 4)
    assert frames["B/video"] == 0
    reader.watch([WantedTile("B/video")])
    await wait_until(lambda: frames["B/video"] > 4, 3.0)
    before = frames["A/video"]
    await asyncio.sleep(0.4)
    assert frames["A/video"] == before


async def test_all_peers_share_one_port_and_the_public_address_is_offered() -> None:
    router = await EmbeddedRouter.start(SystemClock(), addresses=["127.0.0.1"], public_address="203.0.113.9")
    answers = []
    links = [Link(Gathering(["127.0.0.1"])) for _ in range(2)]
    for index, link in enumerate(links):
        answers.append(await router.connect(f"P{index}", await link.offer([("audio", "recvonly")]), publishes=False))
    for answer in answers:
        candidates = [line.split() for line in answer.splitlines() if line.startswith("a=candidate")]
        assert {(c[4], int(c[5])) for c in candidates} == {("127.0.0.1", router.port), ("203.0.113.9", router.port)}
    for link in links:
        await link.close()
    await router.close()


async def test_a_desk_with_several_addresses_and_all_slots_connects(room: Any, wait_until: Any) -> None:
    many = [f"127.0.0.{n}" for n in range(1, 5)]
    client = await room.join("A", addresses=many, video_slots=16, audio_slots=4)
    await wait_until(lambda: client.state == "connected" and len(room.router.sources()) == 2)


async def test_a_slot_more_than_there_are_is_refused_quietly(room: Any, wait_until: Any) -> None:
    client = await room.join("A", publishes=False, video_slots=18)
    await wait_until(lambda: client.state == "connected")
    assert sum(slot.kind == "video" for slot in client.stats().slots) == 16


@pytest.mark.parametrize("offer", ["", "v=0", "m=audio 9 UDP/TLS/RTP/SAVPF 96\r\n" * 100, "x" * 200_000])
async def test_a_malformed_offer_is_one_clear_error(room: Any, offer: str) -> None:
    with pytest.raises(InputError) as caught:
        await room.router.connect("A", offer, publishes=True)
    assert caught.value.code == "media.description_invalid"
    with pytest.raises(InputError):
        await room.router.connect("a/b", offer, publishes=True)
