"""Editions of a real archive verify, and reveal nothing that their readers may not see."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from golden_case import archive_bytes, expect, roots
from record_case import write
from test_golden import agree, alone, full

from app.cli import run
from app.errors import InputError
from app.record.archive_reader import ArchiveReader, Hidden
from app.record.verification import Verdict
from app.session.editions import export_edition, reader_of
from app.session.replay import recorded, replay
from app.session.rules.access import may_fetch
from app.session.rules.state import State
from app.session.rules.visibility import may_see

LONG = 12


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("editions") / "full.bidroom", archive_bytes())


def entries_of(path: Path) -> list[Any]:
    with ArchiveReader(path) as archive:
        return list(archive.entries())


@pytest.fixture(scope="module")
def state(whole: Path) -> State:
    return replay(recorded(entry) for entry in entries_of(whole))


def words(value: Any) -> Iterator[str]:
    """Every text in an event, keys aside."""
    if isinstance(value, dict):
        for item in value.values():
            yield from words(item)
    elif isinstance(value, list):
        for item in value:
            yield from words(item)
    elif isinstance(value, str):
        yield value


def _record_and_files(path: Path) -> tuple[bytes, list[str]]:
    """All bytes but those of files, and the digests of the files."""
    with ArchiveReader(path) as archive:
        names = [name for name in archive.members if name != "bidverify.py"]
        files = [name.partition("/")[2] for name in names if name.startswith(("blobs/", "sealed/"))]
        return b"".join(archive.read(name) for name in names if not name.startswith(("blobs/", "sealed/"))), files


def editions(state: State) -> list[str]:
    return [*(f"supplier:{uscc}" for uscc in state.bids), "purchaser"]


def test_each_party_sees_what_it_may_and_nothing_more(whole: Path, state: State, tmp_path: Path) -> None:
    entries = entries_of(whole)
    for edition in editions(state):
        people = reader_of(state, edition).people
        out = tmp_path / "party.bidroom"
        summary = export_edition(whole, edition, out)
        assert 0 < summary.hidden < len(entries)
        raw, files = _record_and_files(out)
        assert all(any(may_fetch(state, person, digest) for person in people) for digest in files), edition
        shown = entries_of(out)
        secrets: set[str] = set()
        public: set[str] = set()
        for entry, seen in zip(entries, shown, strict=True):
            if isinstance(seen, Hidden):
                secrets.update(text for text in words(entry.event) if len(text) >= LONG)
            else:
                assert entry.index == 0 or any(may_see(state, person, recorded(seen)) for person in people)
                command = json.dumps(json.loads(seen.command.signed)) if hasattr(seen.command, "signed") else ""
                public.update(words(seen.event))
                public.add(command)
        told = "\n".join(public)
        leaked = [text for text in secrets if text.encode() in raw and text not in told]
        assert leaked == [], (edition, leaked[:3])
        assert len(secrets) > 20


def test_a_suppliers_edition_has_its_own_bid_and_no_other(whole: Path, state: State, tmp_path: Path) -> None:
    mine, *others = state.bids
    export_edition(whole, f"supplier:{mine}", tmp_path / "party.bidroom")
    with ArchiveReader(tmp_path / "party.bidroom") as archive:
        assert archive.has_blob(state.bids[mine].envelope_sha256)
        for other in others:
            assert not archive.has_blob(state.bids[other].envelope_sha256)
            assert not any(archive.has_blob(document.sha256) for document in state.bids[other].documents)
        assert {item.name for item in archive.cosignatures()} & set(state.members()) == set()


def test_editions_verify_by_both_and_doubt_only_what_is_hidden(whole: Path, state: State, tmp_path: Path) -> None:
    for edition in (editions(state)[0], "purchaser"):
        out = tmp_path / "party.bidroom"
        export_edition(whole, edition, out)
        result = full(out)
        assert [step for step in result.steps if step.verdict is Verdict.FAILED] == []
        verdicts = {step.code: step.verdict for step in result.steps}
        for code in ("container", "entries", "tree", "checkpoints", "expect"):
            assert verdicts[code] is Verdict.PASSED
        agree(result, small := alone(out))
        assert "failed" not in small.values()


def test_a_court_sees_every_entry_and_all_passes(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "court.bidroom"
    assert export_edition(whole, "court", out).hidden == 0
    result = full(out)
    assert [step.code for step in result.steps if step.verdict is not Verdict.PASSED] == []


def test_an_edition_of_an_edition_or_of_nobody_is_refused(whole: Path, state: State, tmp_path: Path) -> None:
    for edition, code in (
        ("supplier:1", "edition.nobody"),
        ("everyone", "edition.unknown"),
        ("supplier:", "edition.unknown"),
    ):
        with pytest.raises(InputError) as caught:
            export_edition(whole, edition, tmp_path / "x")
        assert caught.value.code == code
    export_edition(whole, "purchaser", tmp_path / "party.bidroom")
    with pytest.raises(InputError, match="not_full"):
        export_edition(tmp_path / "party.bidroom", "court", tmp_path / "x")


def test_the_command_writes_it_and_says_its_head(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "court.bidroom"
    assert run(["archive", "export", str(whole), "--edition", "court", "--out", str(out)]) == 0
    size, root = expect()
    assert capsys.readouterr().out.splitlines()[-1] == f"{size}:{root.hex()}"
    assert out.stat().st_size > 1_000_000
    assert roots()
