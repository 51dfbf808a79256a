"""A case whose host is killed again and again: nothing that was acknowledged is lost, and nothing is there twice."""

import asyncio
import random
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import world as worlds
from world import STAFF, World

import app.session.client
from app.bootstrap import verify
from app.clock import SystemClock
from app.errors import BidroomError
from app.record.archive_reader import ArchiveReader
from app.record.entry import Entry, SignedCommand
from app.record.verification import Verdict
from app.rehearsal.cast import person_of
from app.rehearsal.host_process import HostProcess
from app.session import acts
from app.session.client import Client
from app.session.rules import commands as cmd
from app.session.rules.command import Command
from app.session.rules.state import CLOSED
from app.session.signin import digest_of

SUPPLIERS = ("supplier-a", "supplier-b", "supplier-c")
RECEIVING, LONGER = timedelta(seconds=20), timedelta(seconds=40)
"""Until the deadline; longer where the host is killed while bids come in."""
SEED = 20261123
PLAY_SECONDS = 150.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Acknowledged:
    """What the host said was in the record: index → the event's command as the desk gave it."""

    def __init__(self) -> None:
        self.acts: list[tuple[str, bytes, tuple[int, ...]]] = []

    def hear(self, client: Client) -> None:
        """Keep every acknowledgement of this desk with the bytes it had signed."""
        recorded = client._recorded

        async def keep(indexes: tuple[int, ...], body: bytes) -> None:
            self.acts.append((client.me, body, indexes))
            await recorded(indexes, body)

        client._recorded = keep  # type: ignore[method-assign]

    def check(self, entries: list[Entry]) -> None:
        carried: dict[bytes, list[int]] = {}
        for entry in entries:
            if isinstance(entry.command, SignedCommand):
                carried.setdefault(entry.command.signed, []).append(entry.index)
        assert all(len(indexes) == 1 for indexes in carried.values())
        for person, body, indexes in self.acts:
            assert carried.get(body) == [indexes[0]], f"{person} was told {indexes}"
            assert all(entries[index].actor == person for index in indexes)


class Killer:
    """Ends the host's process after it has recorded a random number of entries more, and starts it again."""

    def __init__(self, host: HostProcess, watch: Client, rounds: int, seed: int) -> None:
        self._host, self._watch, self._rounds = host, watch, rounds
        self._most = 280 // rounds  # of some three hundred entries
        self._random = random.Random(seed)
        self.kills: list[str] = []

    async def run(self) -> None:
        for _ in range(self._rounds):
            more = self._watch.head[0] + self._random.randint(2, self._most)
            while self._watch.head[0] < more:
                if self._watch.state.phase == CLOSED:
                    return
                await asyncio.sleep(0.005)
            await asyncio.sleep(self._random.random() * 0.05)
            before = self._watch.state
            if before.phase == CLOSED:
                return
            await self._host.kill()
            self.kills.append(before.phase)
            await self._host.start()


async def insist(act: Callable[[], Awaitable[Any]]) -> None:
    """What a person does whose connection was lost in the middle: once more."""
    async with asyncio.timeout(60):
        while True:
            try:
                await act()
                return
            except BidroomError as error:
                if not error.code.startswith(("client.", "blob.")):
                    raise
                await asyncio.sleep(0.2)


async def publish(world: World, media: bool) -> None:
    """Picture and sound of everyone who has none yet."""
    for player in world.players if media else ():
        if player.media is None:
            watches = player.name == "supervisor"
            await player.publish(publishes=not watches, pitch=1, note="", addresses=None)


Played = tuple[World, Killer, Acknowledged, Path, str]
LATER = ("reading", "objections", "signing", "opening_closed", "qualification", "assembling")


async def play(folder: Path, rounds: int, monkeypatch: pytest.MonkeyPatch, *, media: bool = False) -> Played:
    """A public tender from the kit to the archive, everybody a real desk, with the host killed ``rounds`` times."""
    monkeypatch.setattr(app.session.client, "PING_SECONDS", 0.5)
    early = rounds >= 20
    monkeypatch.setattr(worlds, "RECEIVING", LONGER if early else RECEIVING)
    world = await World.create(folder, start=False)
    world.clock = SystemClock()  # type: ignore[assignment]
    world.port = free_port()
    await world.room.close()
    host = HostProcess(world.home, media=media, port=world.port)
    heard = Acknowledged()
    try:
        await host.start()

        async def enter(*keys: str) -> None:
            for key in keys:
                client = world.client(key)
                heard.hear(client)
                await client.start()
                world.clients[key] = client

        await enter(*STAFF)
        officer = world.clients["officer"]
        await world.issue_kit()
        killer = Killer(host, officer, rounds, SEED)
        killing = asyncio.create_task(killer.run()) if early else None
        await enter(*SUPPLIERS)
        for key in SUPPLIERS:
            client = world.clients[key]
            await client.until(lambda s: bool(s.kit_sha256))
            path, header = await world.seal(key)
            await insist(lambda c=client, p=path, h=header: acts.submit_bid(c, p, h))  # type: ignore[misc]
        killing = killing or asyncio.create_task(killer.run())
        members = [key for key, sample in world.samples.items() if sample.role in ("purchaser", "expert")]
        people = tuple(person_of(world.samples[key]) for key in members)
        steps: list[Command] = [cmd.ImportCommittee(people=people, draw_reference="抽-1")]
        for person in people:
            world.secrets[person.id] = f"secret of {person.id}"
            steps.append(cmd.Invite(person=person.id, secret_sha256=digest_of(world.secrets[person.id])))
        steps.append(cmd.Advance(phase="gathering"))
        if not media:
            steps.append(cmd.WaiveGate(gate="recording_runs", reason="演练：不含音视频"))
        for command in steps:
            await officer.do(command)
        deadline = world.file.deadline
        await asyncio.sleep(max(0.0, (deadline - world.clock.now()).total_seconds()) + 0.3)
        await officer.until(lambda s: len(s.clocks) >= 2)
        world.play("officer", "clerk", "opener", "supervisor", *SUPPLIERS)
        await publish(world, media)
        await officer.until(lambda s: s.phase in LATER, PLAY_SECONDS)
        await enter(*members)
        world.play(*members)
        await publish(world, media)
        await officer.until(lambda s: s.phase == CLOSED, PLAY_SECONDS)
        if killing.done():
            killing.result()
        killing.cancel()
        archive, expect = await host.archive(60.0)
    finally:
        for player in world.players:
            await player.close()
        await asyncio.gather(*(client.close() for client in world._clients))
        await host.stop()
    return world, killer, heard, archive, expect


def check(world: World, heard: Acknowledged, archive: Path, expect: str) -> None:
    with ArchiveReader(archive) as reader:
        entries = [entry for entry in reader.entries() if isinstance(entry, Entry)]
    heard.check(entries)
    result = verify(archive, [world.pki.trust_file], expect)
    assert result.verdict is Verdict.PASSED, result


@pytest.mark.timeout(240)
@pytest.mark.parametrize("rounds", [5, pytest.param(20, marks=pytest.mark.slow)])
async def test_a_case_survives_a_host_that_is_killed_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    world, killer, heard, archive, expect = await play(tmp_path, rounds, monkeypatch)
    assert len(killer.kills) == rounds, killer.kills
    assert len(set(killer.kills)) >= 3  # in different steps
    assert len(heard.acts) > 50
    assert all(client.alarm == "" for client in world.clients.values())
    check(world, heard, archive, expect)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_so_does_one_with_picture_and_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world, killer, heard, archive, expect = await play(tmp_path, 5, monkeypatch, media=True)
    assert len(killer.kills) == 5, killer.kills
    check(world, heard, archive, expect)
    with ArchiveReader(archive) as reader:
        entries = [entry for entry in reader.entries() if isinstance(entry, Entry)]
    kinds = [str(entry.event["type"]) for entry in entries]
    assert kinds.count("recording_started") >= 2  # it began again by itself
    last = max(index for index, kind in enumerate(kinds) if kind == "outage_noted")
    assert "segment_closed" in kinds[:last]
    assert "segment_closed" in kinds[last:]
