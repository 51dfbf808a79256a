"""Sixty people at once, and a bid of two hundred megabytes: the host stays quick and small."""

import asyncio
import os
import socket
import time
from datetime import timedelta
from pathlib import Path

import msgspec
import psutil
import pytest
import world as worlds
from world import World

import app.session.client
from app.clock import SystemClock
from app.rehearsal.host_process import HostProcess
from app.rehearsal.sample_bids import measure
from app.session import acts
from app.session.client import Client
from app.session.client import Person as Who
from app.session.rules import commands as cmd
from app.session.rules.people import Level

A, B, C = SUPPLIERS = ("supplier-a", "supplier-b", "supplier-c")
CROWD = 60
MEGABYTE = 1 << 20


async def test_sixty_desks_are_told_of_everything_and_witness_it(world: World) -> None:
    await world.ready(*SUPPLIERS)
    world.clock._ahead -= 3000  # before the deadline again, so that representatives may register
    crowd: list[Client] = []
    for number in range(CROWD):
        who = Who(Level.ORGANISATION_TOKEN, world.keys[SUPPLIERS[number % 3]], name=f"代表{number}")
        crowd.append(world.client(SUPPLIERS[number % 3], who=who))
    await asyncio.gather(*(client.start() for client in crowd))
    world.clock._ahead += 3000
    await world.discipline()
    began = time.monotonic()
    await asyncio.gather(*(client.do(cmd.RaiseHand()) for client in crowd))
    assert set(world.state.hands) == {client.me for client in crowd}
    async with asyncio.timeout(30):
        await world.room.witnessed(world.room.tree.size)
    took = time.monotonic() - began
    assert took < 20, took
    everyone = [*crowd, *world.clients.values()]
    assert {client.alarm for client in everyone} == {""}
    size = world.room.tree.size
    assert {client.head[0] for client in everyone} == {size}
    assert len({client.head[1] for client in everyone}) == 1


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Watch:
    """The largest resident memory of a process, looked at every few milliseconds."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.first = self.most = self._process.memory_info().rss
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while True:
            self.most = max(self.most, self._process.memory_info().rss)
            await asyncio.sleep(0.005)

    def stop(self) -> int:
        """Bytes more than at the beginning."""
        self._task.cancel()
        return self.most - self.first


@pytest.mark.slow
async def test_two_hundred_megabytes_go_through_in_constant_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.session.client, "PING_SECONDS", 0.5)
    monkeypatch.setattr(worlds, "RECEIVING", timedelta(seconds=30))
    world = await World.create(tmp_path, start=False)
    world.clock = SystemClock()  # type: ignore[assignment]
    world.port = free_port()
    await world.room.close()
    host = HostProcess(world.home, media=False, port=world.port)
    try:
        await host.start()
        await world.receiving(*SUPPLIERS)
        await world.clients[A].until(lambda s: bool(s.kit_sha256))
        annex = tmp_path / "annex.bin"
        with open(annex, "wb") as file:
            for _ in range(200):
                file.write(os.urandom(MEGABYTE))
        bid = world.bids[A]
        documents = (*bid.payload.documents, measure(annex, "annex"))
        payload = msgspec.structs.replace(bid.payload, documents=documents)
        files = [(d.name, p) for d, p in zip(documents, (*bid.files, annex), strict=True)]
        path, header = await world.seal(A, payload=payload, files=files)
        assert path.stat().st_size > 200 * MEGABYTE
        await world.submit(B, C)
        watch = Watch(host.pid)
        await acts.submit_bid(world.clients[A], path, header)
        received = watch.stop()
        officer = world.clients["officer"]
        await officer.do(cmd.Advance(phase="gathering"))
        await officer.do(cmd.WaiveGate(gate="recording_runs", reason="演练"))
        await officer.until(lambda s: len(s.clocks) >= 2)
        await asyncio.sleep(max(0.0, (world.file.deadline - world.clock.now()).total_seconds()) + 0.3)
        await world.advance("discipline")
        await officer.do(cmd.ReadDiscipline())
        await officer.do(cmd.PublishBidders())
        watch = Watch(host.pid)
        await world.advance("seal_check")
        await officer.until(lambda s: all(s.bids[b].seal == "matched" for b in s.valid_bids()))
        for key in SUPPLIERS:
            await world.clients[key].do(cmd.ConfirmSeal())
        await world.advance("decrypting")
        for key in SUPPLIERS:
            for person in (key, "officer", "opener"):
                await world.clients[person].until(lambda s: s.phase == "decrypting")
                await acts.release_bid(world.clients[person], world.uscc(key))
        await officer.until(lambda s: all(s.bids[b].opened for b in s.bids), 60)
        opened = watch.stop()
    finally:
        await asyncio.gather(*(client.close() for client in world._clients))
        await host.stop()
    assert received < 64 * MEGABYTE, received
    assert opened < 64 * MEGABYTE, opened
