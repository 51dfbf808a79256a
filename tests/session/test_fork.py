"""A host that forks or cuts its record is found: at the next contact, by what others cosign, or by their silence."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from world import World

import app.session.client
import app.session.connection
from app.errors import InputError
from app.record.checkpoint import cosign, parse_note
from app.session.client import Client
from app.session.head_code import head_code, same_head
from app.session.head_memory import HeadMemory
from app.session.host import CaseHost, Listen
from app.session.room import Room
from app.session.rules import commands as cmd
from app.session.wire import messages as wire


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.session.client, "WATCH_SECONDS", 0.05)
    monkeypatch.setattr(app.session.connection, "RELAY_SECONDS", 0.05)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await World.create(tmp_path)
    yield world
    await world.close()


async def until(true: object, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # type: ignore[operator]
            await asyncio.sleep(0.02)


def remembering(world: World, key: str) -> Client:
    """A desk that keeps heads and alarms in a folder of its own."""
    client = world.client(key)
    client = Client(client.link, client.who, world.clock, HeadMemory.of(client.link, world.folder / "desk" / key))
    world._clients.append(client)
    return client


async def noted(world: World, texts: int = 1) -> None:
    for _ in range(texts):
        await world.room.report(cmd.ReportClocks(offsets={"officer": world.room.tree.size}))


async def seen(world: World, client: Client) -> None:
    await until(lambda: client.head[0] == world.room.tree.size)


def copied(world: World, name: str) -> Path:
    """The host's folder as it is now."""
    target = world.folder / name / world.room.folder.name
    shutil.copytree(world.room.folder, target)
    return target


async def back(world: World) -> None:
    """The host comes back from its folder."""
    world.room = await Room.open(world.room.folder, world.room.case, world.clock)
    await world.serve()


async def other_host(world: World, folder: Path) -> tuple[Room, CaseHost]:
    """A second host on a copy of the case, with the same keys: the other side of a fork."""
    room = await Room.open(folder, world.room.case, world.clock)
    host = CaseHost(room, Listen(address="127.0.0.1", port=0))
    await host.start(media=False)
    return room, host


def move(client: Client, port: int) -> None:
    """This desk reaches the other host from its next connection on."""
    client.link = msgspec.structs.replace(client.link, port=port)
    client.files.link = client.link


# --- after a restart of the desk ---


async def test_a_record_that_was_cut_is_found_by_a_desk_that_starts_again(world: World) -> None:
    desk = remembering(world, "supervisor")
    await desk.start()
    await world.host.close()
    cut = copied(world, "cut")
    await back(world)
    await noted(world, 3)
    await seen(world, desk)
    kept = HeadMemory.of(desk.link, world.folder / "desk" / "supervisor")
    await until(lambda: (known := kept.load()) is not None and known.head[0] == world.room.tree.size)
    await desk.close()
    room, host = await other_host(world, cut)
    try:
        again = remembering(world, "supervisor")
        move(again, host.port)
        await again.start()
        await until(lambda: again.alarm != "")
        assert again.alarm == "record.rolled_back"
        assert room.witnesses == {}
        (line,) = kept.alarms()
        assert (line["code"], line["person"]) == ("record.rolled_back", "supervisor")
        assert "note" in line["facts"]  # type: ignore[operator]
    finally:
        await host.close()


async def test_a_record_that_was_forked_is_found_by_a_desk_that_starts_again(world: World) -> None:
    desk = remembering(world, "supervisor")
    await desk.start()
    await world.host.close()
    fork = copied(world, "fork")
    await back(world)
    await noted(world, 2)
    await seen(world, desk)
    await desk.close()
    room, host = await other_host(world, fork)
    try:
        while room.tree.size < world.room.tree.size + 5:
            await room.report(cmd.ReportClocks(offsets={"officer": -room.tree.size}))
        again = remembering(world, "supervisor")
        move(again, host.port)
        await again.start()
        await until(lambda: again.alarm != "")
        assert again.alarm == "record.forked"
    finally:
        await host.close()


def test_what_cannot_be_read_is_an_alarm_and_not_an_end(tmp_path: Path) -> None:
    memory = HeadMemory(tmp_path)
    assert memory.load() is None
    assert memory.alarms() == []
    (tmp_path / "head.json").write_bytes(b"{}")
    assert memory.load() is None
    with open(tmp_path / "alarms.jsonl", "ab") as file:
        file.write(b'{"torn')
    assert [line["code"] for line in memory.alarms()] == ["record.memory_unreadable"]


# --- while both sides of a fork are served ---


class Fork:
    """Two records of one case from one moment on, each served to some: officer here, supervisor there."""

    def __init__(self, world: World, room: Room, host: CaseHost) -> None:
        self.world, self.other, self.host = world, room, host

    @classmethod
    async def make(cls, world: World) -> "Fork":
        for key in ("officer", "clerk", "supervisor"):
            world.clients[key] = remembering(world, key)
            await world.clients[key].start()
        await noted(world)
        await until(lambda: len(world.clients["supervisor"]._copy.heard) == 2)
        await world.host.close()
        folder = copied(world, "fork")
        room, host = await other_host(world, folder)
        move(world.clients["supervisor"], host.port)
        await back(world)
        for key in ("officer", "clerk"):
            await world.clients[key].until(lambda s: True)
        await until(lambda: room.state.online >= {"supervisor"} and world.state.online >= {"officer", "clerk"})
        return cls(world, room, host)

    async def claims(self, room: Room, *people: str) -> None:
        """The host says of people that they are here."""
        for person in people:
            await room.report(cmd.ReportConnection(person=person, connected=True))

    async def differ(self) -> None:
        await self.world.room.report(cmd.ReportClocks(offsets={"officer": 1}))
        await self.other.report(cmd.ReportClocks(offsets={"officer": 2}))


async def test_a_fork_is_silent_and_the_silence_is_an_alarm_in_ten_seconds(world: World) -> None:
    fork = await Fork.make(world)
    try:
        desk = world.clients["officer"]
        await fork.claims(world.room, "supervisor")  # who would be missed otherwise
        await fork.differ()
        await seen(world, desk)
        assert desk.silent == ()
        await asyncio.sleep(0.3)
        world.clock.advance(9.0)
        await until(lambda: desk.silent == ("supervisor",))
        assert desk.alarm == ""  # nothing is proven; people are to compare
        alarms = HeadMemory.of(desk.link, world.folder / "desk" / "officer").alarms()
        assert [(line["code"], line["facts"]["about"]) for line in alarms] == [  # type: ignore[index]
            ("record.not_witnessed", "supervisor")
        ]
    finally:
        await fork.host.close()


async def test_a_host_that_relays_a_cosignature_of_the_other_side_proves_its_fork(world: World) -> None:
    fork = await Fork.make(world)
    try:
        desk, there = world.clients["officer"], world.clients["supervisor"]
        while fork.other.tree.size != world.room.tree.size:
            shorter = min(fork.other, world.room, key=lambda room: room.tree.size)
            await shorter.report(cmd.ReportClocks(offsets={"clerk": shorter.tree.size}))
        await fork.differ()
        size = fork.other.tree.size
        await until(lambda: fork.other.cosignatures.get("supervisor", (0, ""))[0] == size)
        await seen(world, desk)
        line = fork.other.cosignatures["supervisor"][1]
        await desk._take_head(
            wire.Head(world.room.note, {}, (wire.Cosigned("supervisor", size, fork.other.tree.root().hex(), line),))
        )
        assert desk.alarm == "record.witnessed_otherwise"
        witnessed = world.room.witnesses["officer"]
        await noted(world)
        await asyncio.sleep(0.3)
        assert world.room.witnesses["officer"] == witnessed  # and witnesses nothing more
        assert there.alarm == ""
    finally:
        await fork.host.close()


async def test_a_host_that_parts_people_whole_is_found_when_they_compare(world: World) -> None:
    """Each is told that the other has left: no program can see that, so people read the code to each other."""
    fork = await Fork.make(world)
    try:
        desk, there = world.clients["officer"], world.clients["supervisor"]
        await fork.differ()
        size = min(world.room.tree.size, fork.other.tree.size)
        await until(lambda: desk.head[0] >= size <= there.head[0])
        world.clock.advance(30.0)
        await asyncio.sleep(0.3)
        assert (desk.silent, desk.alarm) == ((), "")
        mine, theirs = head_code(size, desk.root_at(size)), head_code(size, there.root_at(size))
        assert not same_head(theirs, size, desk.root_at(size))
        assert not same_head(f"{size}:{there.root_at(size)}", size, desk.root_at(size))
        assert same_head(mine, size, desk.root_at(size))
        desk.told_other(theirs, size)
        assert desk.alarm == "record.other_head_told"
        alarms = HeadMemory.of(desk.link, world.folder / "desk" / "officer").alarms()
        assert alarms[-1]["facts"]["told"] == theirs  # type: ignore[index]
    finally:
        await fork.host.close()


async def test_a_false_cosignature_is_an_alarm(world: World) -> None:
    await world.enter("officer", "supervisor")
    await noted(world)
    desk = world.clients["officer"]
    await seen(world, desk)
    checkpoint, _ = parse_note(world.room.note)
    line = cosign(checkpoint, "supervisor", Ed25519PrivateKey.generate(), 1)
    item = wire.Cosigned("supervisor", checkpoint.size, checkpoint.root.hex(), line)
    await desk._take_head(wire.Head(world.room.note, {}, (item,)))
    assert desk.alarm == "record.witness_forged"


async def test_with_an_honest_host_nobody_is_missed(world: World) -> None:
    await world.enter("officer", "clerk", "supervisor")
    for _ in range(3):
        await noted(world)
        await asyncio.sleep(0.2)
        world.clock.advance(9.0)
    desk = world.clients["officer"]
    await until(lambda: all(desk._copy.heard.get(p, 0) == world.room.tree.size for p in ("clerk", "supervisor")))
    await asyncio.sleep(0.2)
    assert all(client.silent == () and client.alarm == "" for client in world.clients.values())


# --- the code that people compare ---


def test_the_code_is_forty_digits_of_size_and_root() -> None:
    code = head_code(7, "ab" * 32)
    assert len(code.split()) == 10
    assert {len(group) for group in code.split()} == {4}
    assert head_code(8, "ab" * 32) != code != head_code(7, "ac" * 32)
    assert same_head(f" {code} \n", 7, "ab" * 32)
    assert same_head("7:" + "ab" * 32, 7, "ab" * 32)
    with pytest.raises(InputError, match=r"head\.other_size"):
        same_head("8:" + "ab" * 32, 7, "ab" * 32)
    with pytest.raises(InputError, match=r"expect\.malformed"):
        same_head("1234", 7, "ab" * 32)
