"""Before the opening the host has nothing of a bid: not on its disk, and not in its process's memory (USERS.md P14)."""

import asyncio
import socket
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from test_bidbox import everything_under
from world import STAFF, World

from app.ca import envelope_seal
from app.ca.envelope_plan import Plan
from app.canon import sha256_hex
from app.clock import SystemClock
from app.procurement.bid import BidPayload
from app.rehearsal.host_process import HostProcess
from app.rehearsal.sample_bids import measure
from app.session import acts
from app.session.rules import commands as cmd

CANARY = b"CANARY-51c0ffee-not-even-in-memory"
CONTROL = "CONTROL-0ddba11-this-one-the-host-has"


def memory_of(pid: int) -> bytes:
    """All that a process has in its readable memory."""
    found = bytearray()
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            if not rights.startswith("r") or line.rstrip().endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            start, end = (int(text, 16) for text in span.split("-"))
            try:
                memory.seek(start)
                while start < end and (piece := memory.read(min(end - start, 1 << 24))):
                    found += piece
                    start += len(piece)
            except OSError:
                continue  # a page that is promised and not there
    return bytes(found)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/PID/mem")
async def test_the_hosts_memory_and_disk_hold_nothing_of_a_bid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[Plan] = []
    real = envelope_seal.make_plan

    def make_plan(*arguments: Any, **options: Any) -> Plan:
        plans.append(real(*arguments, **options))
        return plans[-1]

    monkeypatch.setattr(envelope_seal, "make_plan", make_plan)
    world = await World.create(tmp_path / "w", start=False)
    world.clock = SystemClock()  # type: ignore[assignment]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        world.port = probe.getsockname()[1]
    await world.room.close()
    host = HostProcess(world.home, media=False, port=world.port)
    try:
        await host.start()
        await world.enter(*STAFF)
        await world.issue_kit()
        supplier = await world.enter("supplier-a")
        await supplier.until(lambda s: bool(s.kit_sha256))
        bid = world.bids["supplier-a"]
        marked = tmp_path / "marked.pdf"
        marked.write_bytes(bid.files[0].read_bytes() + b"\n% " + CANARY + b"\n")
        document = measure(marked, "price")
        delivery = msgspec.structs.replace(bid.payload.price.declarations, delivery=CANARY.decode())
        price = msgspec.structs.replace(bid.payload.price, declarations=delivery)
        payload: BidPayload = msgspec.structs.replace(bid.payload, price=price, documents=(document,))
        envelope, backup = tmp_path / "a.bid", tmp_path / "a.backup"
        files = [(document.name, marked)]
        header = await acts.seal_bid(world.kit, payload, files, envelope, world.keys["supplier-a"], backup=backup)
        await acts.submit_bid(supplier, envelope, header, backup=backup)
        await world.clients["officer"].do(cmd.PostMessage(to="all", text=CONTROL))
        memory = await asyncio.to_thread(memory_of, host.pid)
        disk = everything_under(world.home)
    finally:
        await asyncio.gather(*(client.close() for client in world._clients))
        await host.stop()
    (plan,) = plans
    secrets = [CANARY, plan.key, plan.key.hex().encode(), sha256_hex(marked.read_bytes()).encode()]
    secrets.append(str(payload.price.total).encode())
    for known in (header.encode(), CONTROL.encode()):  # so this does find what is there
        assert known in memory
        assert known in disk
    for secret in secrets:
        assert secret not in memory
        assert secret not in disk
    assert CANARY in backup.read_bytes()
    assert CANARY not in envelope.read_bytes()
