"""A whole public tender with a committee, played by real desks on a real host, down to the archive."""

import asyncio
import random
from pathlib import Path

import pytest
from world import STAFF, World

import app.session.client
import app.session.room
from app.bootstrap import verify
from app.record import bidverify
from app.record.verification import Verdict
from app.record.verifier import verify_archive
from app.rehearsal.cast import person_of
from app.session.archiving import archive_room
from app.session.rules import commands as cmd
from app.session.rules.state import CLOSED
from app.session.signin import digest_of

SUPPLIERS = ("supplier-a", "supplier-b", "supplier-c")


async def played(folder: Path, method: str) -> tuple[World, Path, str]:
    """A closed case and its archive."""
    world = await World.create(folder, method)
    try:
        members = [key for key, sample in world.samples.items() if sample.role in ("purchaser", "expert")]
        await world.ready(*SUPPLIERS)
        people = tuple(person_of(world.samples[key]) for key in members)
        officer = world.clients["officer"]
        await officer.do(cmd.ImportCommittee(people=people, draw_reference="抽-1"))
        for person in people:
            world.secrets[person.id] = f"secret of {person.id}"
            await officer.do(cmd.Invite(person=person.id, secret_sha256=digest_of(world.secrets[person.id])))
        world.play(*STAFF, *SUPPLIERS)
        room = {phase.name for phase in world.state.the_method().room("evaluation")}
        await world.settled(lambda s: s.phase in room, 60)
        await world.enter(*members)
        world.play(*members)
        await world.settled(lambda s: s.phase == CLOSED, 100)
        async with asyncio.timeout(10):
            await world.room.witnessed(world.room.tree.size)
        assert all(client.alarm == "" for client in world.clients.values())
        done = await archive_room(world.room)
        size = world.room.tree.size
        await world.restart()  # a closed case comes up again, and nothing is added to it
        assert (world.state.phase, world.room.tree.size) == (CLOSED, size)
        return world, done.path, done.expect
    finally:
        await world.close()


def both(path: Path, world: World, expect: str) -> tuple[Verdict, int]:
    """What the two verifiers say of the record."""
    roots = world.pki.trust_file.read_bytes()
    size, root = bidverify.parse_expect(expect)
    first = verify_archive(path, roots=roots, expect=(size, root)).verdict
    return first, bidverify.exit_code(bidverify.verify(path, bidverify.load_roots(roots), (size, root)))


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.session.room, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(app.session.client, "PING_SECONDS", 0.5)


@pytest.mark.parametrize(
    ("method", "flips"),
    [
        ("public_tender", 20),
        ("competitive_consultation", 5),
        pytest.param("public_tender", 500, marks=[pytest.mark.slow, pytest.mark.timeout(1200)]),
    ],
)
async def test_a_whole_case_is_archived_and_every_flipped_byte_is_found(
    tmp_path: Path, method: str, flips: int
) -> None:
    world, archive, expect = await played(tmp_path, method)
    whole = verify(archive, [world.pki.trust_file], expect)
    assert whole.verdict is Verdict.PASSED, [step for step in whole.steps if step.verdict is not Verdict.PASSED]
    assert bidverify.main([str(archive), "--trust", str(world.pki.trust_file), "--expect", expect]) == 0
    other_root = f"{expect.split(':')[0]}:{'ab' * 32}"
    assert both(archive, world, other_root) == (Verdict.FAILED, 1)
    good = archive.read_bytes()
    chance = random.Random(20261123)
    forged = tmp_path / "forged.bidroom"
    for _ in range(flips):
        place, bit = chance.randrange(len(good)), 1 << chance.randrange(8)
        forged.write_bytes(good[:place] + bytes([good[place] ^ bit]) + good[place + 1 :])
        assert both(forged, world, expect) == (Verdict.FAILED, 1), f"byte {place}, bit {bit}"
    for keep in (0, 512, len(good) // 2, len(good) - 1):
        forged.write_bytes(good[:keep])
        assert both(forged, world, expect) == (Verdict.FAILED, 1), f"cut to {keep}"
    forged.write_bytes(good + b"\0" * 512)
    assert both(forged, world, expect) == (Verdict.FAILED, 1)
