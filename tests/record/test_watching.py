"""Whoever waits for a verification sees how far it is, may end it, and is shown every place that is bad."""

import json
from pathlib import Path

import pytest
from record_case import Authority, repack, small_case

from app.record.archive import save_archive
from app.record.archive_reader import ArchiveReader
from app.record.verification import Finding, Stopped, Tally, Verdict
from app.record.verifier import verify_archive


class Reading:
    """A step that reads all entries, as the replay does."""

    code = "reading"

    def check(self, archive: ArchiveReader) -> Finding:
        return Finding(Verdict.PASSED, {"entries": len(list(archive.entries()))})


def _archive(folder: Path) -> Path:
    path = folder / "case.bidroom"
    save_archive(path, small_case(Authority()))
    return path


def test_the_steps_are_told_with_what_was_read(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    path = _archive(tmp_path)
    verify_archive(path, steps=[Reading()], watch=lambda *at: told.append(at))
    assert list(dict.fromkeys(step for step, _, _ in told)) == ["container", "entries", "checkpoints", "reading"]
    container = [(done, whole) for step, done, whole in told if step == "container"]
    assert container[0][0] == 0
    assert container == sorted(container)
    assert container[-1][0] == container[-1][1] > path.stat().st_size / 2


@pytest.mark.parametrize("step", ["container", "entries", "reading"])
def test_it_can_be_ended_at_every_step(tmp_path: Path, step: str) -> None:
    def watch(at: str, done: int, _whole: int) -> None:
        if at == step and (done or at == "reading"):
            raise Stopped

    with pytest.raises(Stopped):
        verify_archive(_archive(tmp_path), steps=[Reading()], watch=watch)


def test_every_bad_place_is_named(tmp_path: Path) -> None:
    path = _archive(tmp_path)

    def change(files: dict[str, bytes], _first: dict[str, object]) -> None:
        lines = files["entries.jsonl"].splitlines()
        for place in (5, 7):
            entry = json.loads(lines[place])
            entry["case"] = "another"
            lines[place] = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        files["entries.jsonl"] = b"".join(line + b"\n" for line in lines)

    repack(path, change)
    step = verify_archive(path).steps[1]
    assert (step.problem, step.where) == ("entry.other_case", {"index": 5})
    assert [place.where for place in step.places] == [{"index": 5}, {"index": 7}]
    assert all(place.failed for place in step.places)


def test_places_have_a_limit() -> None:
    tally = Tally()
    for number in range(1000):
        tally.unsure("files.sealed", index=number)
    assert len(tally.finding().places) == 200
