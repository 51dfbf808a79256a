"""The room: what is in the record is true, whatever happens to the host or to whoever asked."""

import asyncio
import shutil
import stat
import sys
from typing import Any

import pytest
from world import World

from app.errors import FaultError, InputError
from app.record.log import MerkleTree
from app.session.case_folder import cases_in, create_case
from app.session.keys import HostKeys
from app.session.room import Room
from app.session.rules import commands as cmd
from app.session.rules import events_case as evc
from app.session.rules.state import Document
from app.settings import RESOURCES


def tree_of(room: Room) -> MerkleTree:
    tree = MerkleTree()
    for entry in room.entries:
        tree.append(entry.data)
    return tree


async def test_a_restarted_room_is_the_same_room(world: World) -> None:
    await world.receiving("supplier-a")
    await world.submit("supplier-a")
    await world.clients["officer"].do(cmd.PostMessage(to="officer", text="一"))
    before, entries, root = world.state, [e.data for e in world.room.entries], world.room.tree.root()
    await world.restart()
    assert [e.data for e in world.room.entries][: len(entries)] == entries
    assert world.room.tree.root(len(entries)) == root == tree_of(world.room).root(len(entries))
    assert world.state.bids == before.bids
    assert world.state.people == before.people
    await world.settled(lambda s: len(s.online) == 5)


async def test_whoever_gives_up_asking_leaves_record_and_memory_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that ends in the middle of a step: the step is taken whole."""
    room = world.room
    append, started = room.store.append, asyncio.Event()

    async def slow(entries: list[bytes]) -> Any:
        started.set()
        await asyncio.sleep(0.1)
        return await append(entries)

    monkeypatch.setattr(room.store, "append", slow)
    size = room.tree.size
    asking = asyncio.create_task(room.report(cmd.ReportClocks(offsets={"officer": 1})))
    await started.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await room.report(cmd.ReportClocks(offsets={"officer": 2}))
    assert room.tree.size == size + 2
    assert [entry.recorded.index for entry in room.entries] == list(range(size + 2))
    assert len(await room.store.read()) == size + 2


async def test_a_step_that_could_not_be_written_did_not_happen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    room = world.room
    append = room.store.append
    told: list[Any] = []

    class Ear:
        def announced(self, entries: Any) -> None:
            told.extend(entries)

        def headed(self, note: str) -> None:
            told.append(note)

    async def full(entries: list[bytes]) -> None:
        raise FaultError("record.not_written")

    room.listen(Ear())
    before, size = room.state, room.tree.size
    monkeypatch.setattr(room.store, "append", full)
    with pytest.raises(FaultError):
        await room.report(cmd.ReportClocks(offsets={"officer": 1}))
    assert (room.state, room.tree.size, told) == (before, size, [])
    monkeypatch.setattr(room.store, "append", append)
    await room.report(cmd.ReportClocks(offsets={"officer": 1}))
    assert room.tree.size == size + 1


async def test_a_closed_or_failed_case_comes_up_again(world: World) -> None:
    await world.enter("officer")
    await world.clients["officer"].do(cmd.FailCase(ground="废标", article="87/36", reason="测试"))
    await world.restart()
    assert world.state.phase == "failed"
    with pytest.raises(InputError):
        await world.clients["officer"].do(cmd.Advance(phase="gathering"))


async def test_after_a_crash_nobody_is_online_until_he_comes_back(world: World) -> None:
    await world.enter("officer", "clerk")
    copy = world.folder / "as the crash left it"
    shutil.copytree(world.room.folder, copy)
    room = await Room.open(copy, world.room.case, world.clock)
    assert room.state.online == {"officer", "clerk"}
    await room.start()
    assert room.state.online == frozenset()
    assert [e.recorded.event for e in room.entries[-2:]] == [evc.Disconnected(person=p) for p in ("clerk", "officer")]
    await room.close()


async def test_a_case_is_made_once_and_found_again(world: World) -> None:
    assert cases_in(world.home) == {world.room.case: world.room.folder}
    with pytest.raises(InputError) as caught:
        await create_case(
            world.home,
            world.file,
            world.file.lots[0].id,
            rule_pack=(RESOURCES / "rulepacks" / "cn-2026.json").read_bytes(),
            trust_roots=world.pki.trust_file.read_bytes(),
            crls=b"",
            people=(),
            clock=world.clock,
        )
    assert caught.value.code == "case.exists"


async def test_the_hosts_keys_are_its_owners_alone_and_missing_ones_are_a_fault(world: World) -> None:
    folder = world.room.folder
    loaded = HostKeys.load(folder)
    assert loaded.fingerprint == world.room.keys.fingerprint
    assert loaded.log_public == world.room.keys.log_public
    for name in ("log.key", "case.key", "host.key"):
        if sys.platform != "win32":
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    (folder / "case.key").unlink()
    with pytest.raises(FaultError) as caught:
        HostKeys.load(folder)
    assert caught.value.code == "host.keys_missing"


async def test_one_signs_at_a_time_and_nobody_waits_behind_himself(world: World) -> None:
    await world.enter("officer", "clerk")
    document = Document(id="d", kind="opening_record", pdf_sha256="ab" * 32, fields={"officer": "f1", "clerk": "f2"})
    work = world.host._casework
    world.room._engine.state = world.state.with_(documents={"d": document})
    assert await work.lease("officer", "d") == ("ab" * 32, 90)
    async with asyncio.timeout(1):
        await work.lease("officer", "d")  # again, after a lost connection
    waiting = asyncio.create_task(work.lease("clerk", "d"))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    work.release_all("officer")
    assert (await waiting)[0] == "ab" * 32
    work.release_all("clerk")
    with pytest.raises(InputError):
        await work.lease("supervisor", "d")
