"""A whole public tender with a committee, played by real desks on a real host, down to the archive."""

import random
from pathlib import Path

import pytest
from whole_case import played
from world import World

import app.session.client
import app.session.room
from app.bootstrap import verify
from app.record import bidverify
from app.record.verification import Verdict
from app.record.verifier import verify_archive


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


@pytest.mark.timeout(300)  # half a minute on two free cores
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
