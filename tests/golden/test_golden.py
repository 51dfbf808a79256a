"""An archive and a database of each released version still verify; what an owner of a host forges is named in words.

Where the rules or the documents change what an unreleased version writes, its folder is made again (make.py); a
released one never: then the program must still read what it wrote (USERS P20).
"""

import json
import random
from pathlib import Path

import pytest
from attacks import ATTACKS, BY_RULES_ONLY, DOUBTS
from golden_case import VERSIONS, Forger, archive_bytes, case_id, database_bytes, expect, roots
from record_case import Authority, small_case, write
from test_two_verifiers import SEED, member_at

from app.ca.trust import TrustList
from app.record import bidverify
from app.record.archive import save_archive
from app.record.log import MerkleTree
from app.record.store import Store
from app.record.verification import Verdict, Verification
from app.record.verifier import verify_archive
from app.session.replay import ReplayStep
from app.session.replay_bids import BidStep
from app.session.replay_documents import DocumentStep
from app.settings import RESOURCES


def full(path: Path, version: str = VERSIONS[-1], *, documents: bool = True, session: bool = True) -> Verification:
    """All steps, with what the reader brings along; the slow ones only where they are looked at."""
    trust = TrustList([roots(version)], demo=True)
    return verify_archive(
        path,
        roots=roots(version),
        expect=expect(version),
        documents=DocumentStep(trust) if documents else None,
        steps=[BidStep(), ReplayStep()] if session else [],
    )


def alone(path: Path, version: str = VERSIONS[-1]) -> dict[str, str]:
    """The verdicts of the stand-alone verifier, by step."""
    known = bidverify.load_roots(roots(version))
    return {step.code: step.verdict for step in bidverify.verify(path, known, expect(version))}


def agree(one: Verification, other: dict[str, str]) -> None:
    """Never passed against failed."""
    for step in one.steps:
        assert {step.verdict.value, other.get(step.code)} != {"passed", "failed"}, step


def named(result: Verification) -> set[str]:
    """``step:problem`` of the findings; a doubt with ``~``."""
    return {
        f"{step.code}:{'' if step.verdict is Verdict.FAILED else '~'}{step.problem}"
        for step in result.steps
        if step.problem is not None
    }


def sentence(code: str) -> dict[str, str]:
    """What a person reads, in each language."""
    problems = json.loads((RESOURCES / "i18n" / "verification.json").read_text("utf-8"))["problems"]
    if code in problems:
        return {spoken: problems[code][spoken] for spoken in ("zh", "en")}
    for path in (RESOURCES / "i18n").glob("errors*.json"):
        entry = json.loads(path.read_text("utf-8")).get(code)
        if entry is not None:
            return {spoken: entry[spoken]["what"] for spoken in ("zh", "en")}
    raise AssertionError(f"no sentence for {code}")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_kept_archive_still_verifies_by_both(version: str, tmp_path: Path) -> None:
    path = write(tmp_path / "case.bidroom", archive_bytes(version))
    result = full(path, version)
    doubts = {step.code for step in result.steps if step.verdict is not Verdict.PASSED}
    assert doubts <= {"carried"}, named(result)  # bidverify.py is that of its version
    agree(result, small := alone(path, version))
    assert {code for code, verdict in small.items() if verdict != "passed"} <= {"carried"}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_kept_database_still_opens_and_is_the_same_record(version: str, tmp_path: Path) -> None:
    path = write(tmp_path / "record.sqlite", database_bytes(version))
    with Store(f"sqlite:///{path}", case_id(version)) as store:
        tree = MerkleTree()
        for data in store.read():
            tree.append(data)
        assert (tree.size, tree.root()) == expect(version)
        assert store.checkpoints()[-1].size == tree.size
        assert len(store.cosignatures()) > tree.size


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_named_in_words(name: str, tmp_path: Path) -> None:
    attack = ATTACKS[name]
    forger = Forger(tmp_path / "forged.bidroom")
    attack.change(forger)
    if attack.resigned:
        forger.write()
    steps = {found.partition(":")[0] for found in attack.found}
    result = full(forger.path, documents="documents" in steps, session=bool(steps & {"bids", "replay"}))
    assert set(attack.found) <= named(result)
    wanted = Verdict.COULD_NOT_TELL if name in DOUBTS else Verdict.FAILED
    assert result.verdict is wanted
    small = alone(forger.path)
    agree(result, small)
    assert ("failed" in small.values()) is (name not in DOUBTS | BY_RULES_ONLY)
    for found in attack.found:
        said = sentence(found.partition(":")[2].removeprefix("~"))
        assert all(said.values())
        assert said["zh"] != said["en"]


def test_there_are_many_attacks() -> None:
    assert len(ATTACKS) >= 50


def test_an_archive_with_its_own_trust_is_not_believed(tmp_path: Path) -> None:
    """Everything in it fits together, its roots lie inside: but they are not those that the reader brings."""
    case = small_case(Authority("Self-made CA"))
    case.certificates = {"trust-roots.pem": case.authority.pem}
    path = tmp_path / "forged.bidroom"
    save_archive(path, case)
    result = full(path, session=False)
    assert {"identities:chain.no_path", "expect:expect.log_shorter"} <= named(result)
    assert alone(path)["identities"] == "failed"


def test_another_root_does_not_vouch_for_the_people(tmp_path: Path) -> None:
    path = write(tmp_path / "case.bidroom", archive_bytes())
    other = Authority("Other CA").pem
    result = verify_archive(path, roots=other, expect=expect())
    assert "identities:chain.no_path" in named(result)
    codes = {step.code: step.verdict for step in bidverify.verify(path, bidverify.load_roots(other), expect())}
    assert codes["identities"] == "failed"


# --- flips ---


def flips(path: Path, rounds: int, seed: int) -> dict[str, int]:
    """Flip one byte at a time; both must fail, and name the file (or the container) where it was. Counts by place."""
    good = archive_bytes()
    chance = random.Random(seed)
    places: dict[str, int] = {}
    for _ in range(rounds):
        position, bit = chance.randrange(len(good)), 1 << chance.randrange(8)
        name = member_at(write(path, good), position)
        spoilt = bytearray(good)
        spoilt[position] ^= bit
        write(path, bytes(spoilt))
        result = full(path, documents=False, session=False)
        small = alone(path)
        agree(result, small)
        first = result.first_failed
        assert first is not None, position
        assert first.code == "container", (position, first)
        assert "failed" in small.values()
        if name and name != "MANIFEST.jsonl":
            assert (first.problem, first.where.get("name")) == ("container.file_differs", name), (position, first)
        kind = name.partition("/")[0] or "headers and padding"
        places[kind] = places.get(kind, 0) + 1
    return places


def test_a_flipped_byte_of_a_full_archive_is_found_and_placed(tmp_path: Path) -> None:
    assert sum(flips(tmp_path / "case.bidroom", 4, SEED).values()) == 4


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_two_hundred_flipped_bytes_of_a_full_archive_are_found_and_placed(tmp_path: Path) -> None:
    places = flips(tmp_path / "case.bidroom", 200, SEED + 1)
    print(places)
    assert sum(places.values()) == 200
