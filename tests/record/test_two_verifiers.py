"""Any spoilt byte is found by both verifiers, and they never say passed against failed (USERS P16)."""

import os
import random
from pathlib import Path

import pytest
from cryptography import x509
from record_case import RecordCase, write

from app.record import bidverify
from app.record.container import read_members
from app.record.verification import Verdict, Verification
from app.record.verifier import verify_archive

SEED = int(os.environ.get("BIDROOM_SEED", "20261120"))


def both(path: Path, case: RecordCase) -> tuple[Verification, dict[str, str]]:
    """Run both with trust and head from outside; fails where they disagree."""
    full = verify_archive(path, roots=case.authority.pem, expect=case.expect)
    roots = x509.load_pem_x509_certificates(case.authority.pem)
    small = {step.code: step.verdict for step in bidverify.verify(path, roots, case.expect)}
    for step in full.steps:
        assert step.problem != "step.broke", step.where
        opposite = {step.verdict.value, small.get(step.code)} == {"passed", "failed"}
        assert not opposite, f"{step.code}: {step.verdict} against {small[step.code]}: {step.problem}"
    return full, small


def _found(path: Path, case: RecordCase, name: str = "") -> None:
    """Both find it; ``name`` is the file that must be named, where it is one that the manifest lists."""
    full, small = both(path, case)
    assert full.verdict is Verdict.FAILED
    first = full.first_failed
    assert first is not None
    assert first.problem
    assert "failed" in small.values()
    if name not in ("", "MANIFEST.jsonl"):
        assert (first.code, first.problem, first.where) == ("container", "container.file_differs", {"name": name})


def member_at(path: Path, position: int) -> str:
    """The file of the archive in which this byte lies; empty for headers and padding."""
    with open(path, "rb") as file:
        members = read_members(file)
    return next((one.name for one in members if one.offset <= position < one.offset + one.size), "")


def test_a_good_archive_passes_both(archived: tuple[bytes, RecordCase], archive_path: Path) -> None:
    full, small = both(archive_path, archived[1])
    assert {step.code for step in full.steps if step.verdict is not Verdict.PASSED} == {"documents"}
    assert set(small.values()) == {"passed"}


def _flip(archived: tuple[bytes, RecordCase], path: Path, rounds: int, seed: int) -> None:
    data, case = archived
    chance = random.Random(seed)
    for _ in range(rounds):
        position, bit = chance.randrange(len(data)), 1 << chance.randrange(8)
        name = member_at(write(path, data), position)
        spoilt = bytearray(data)
        spoilt[position] ^= bit
        try:
            _found(write(path, bytes(spoilt)), case, name)
        except AssertionError as error:
            raise AssertionError(f"byte {position}, bit {bit}: {error}") from error


def test_every_flipped_byte_is_found_and_placed(archived: tuple[bytes, RecordCase], archive_path: Path) -> None:
    _flip(archived, archive_path, 300, SEED)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_flipped_byte_is_found_and_placed_ten_thousand_times(
    archived: tuple[bytes, RecordCase], archive_path: Path
) -> None:
    _flip(archived, archive_path, 10_000, SEED + 1)


@pytest.mark.parametrize("keep", [0, 511, 512, 1024, 5000, -1, -512, -1024])
def test_a_cut_archive_is_found(archived: tuple[bytes, RecordCase], archive_path: Path, keep: int) -> None:
    _found(write(archive_path, archived[0][:keep]), archived[1])
