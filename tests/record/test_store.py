"""The store only appends, survives being killed, and says when its second copy is damaged."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from record_case import CASE, NOW, RecordCase

from app.errors import FaultError, InputError
from app.record.archive import save_archive
from app.record.blobs import BlobStore
from app.record.entry import build_entry
from app.record.source import CaseSource
from app.record.store import AsyncStore, Store
from app.record.tables import EVIDENCE
from app.record.verification import Verdict
from app.record.verifier import verify_archive


def _entry(index: int, case: str = CASE) -> bytes:
    return build_entry(case, index, NOW, "host", index.to_bytes(16, "big"), {"type": "noted", "number": index})


def test_what_is_appended_is_there_after_reopening(tmp_path: Path) -> None:
    entries = [_entry(index) for index in range(2500)]
    with Store.at(tmp_path, CASE) as store:
        store.append(entries[:1])
        store.append(entries[1:])
        root = store.tree().root()
    with Store.at(tmp_path, CASE) as store:
        assert store.size == 2500
        assert list(store.read()) == entries
        assert list(store.read(998, 1003)) == entries[998:1003]
        assert store.tree().root() == root


def test_gaps_foreign_entries_and_nonsense_are_refused_whole(tmp_path: Path) -> None:
    with Store.at(tmp_path, CASE) as store:
        store.append([_entry(0)])
        for bad, code in (
            ([_entry(2)], "record.gap"),
            ([_entry(1), _entry(1)], "record.gap"),
            ([_entry(1, "another")], "record.foreign"),
            ([_entry(1), b"{}"], "entry.malformed"),
            ([_entry(1) + b" "], "input.not_canonical"),
        ):
            with pytest.raises(InputError) as caught:
                store.append(bad)
            assert caught.value.code == code
        assert store.size == 1
        store.append([_entry(1)])


def test_two_cases_share_a_database(tmp_path: Path) -> None:
    with Store.at(tmp_path, CASE) as first, Store.at(tmp_path, "other") as second:
        first.append([_entry(0)])
        second.append([_entry(0, "other"), _entry(1, "other")])
        assert (first.size, second.size) == (1, 2)
        assert list(first.read()) == [_entry(0)]


def test_the_database_itself_refuses_change(tmp_path: Path, case: RecordCase) -> None:
    with Store.at(tmp_path, case.case) as store:
        _fill(store, case)
        store.add_stamp(case.notes[0].size, NOW, b"token")
        assert [(stamp.size, stamp.token) for stamp in store.stamps()] == [(case.notes[0].size, b"token")]
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'record.sqlite'}")
    for table in EVIDENCE:
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET case_id = 'x'"):
            with pytest.raises(sa.exc.IntegrityError, match="never changed"), engine.begin() as connection:
                connection.exec_driver_sql(statement)
    for statement in (
        f"INSERT OR REPLACE INTO entries VALUES ('{CASE}', 1, x'00', x'00')",
        f"INSERT INTO entries VALUES ('{CASE}', 99, x'00', x'00')",
    ):
        with pytest.raises(sa.exc.IntegrityError, match="not the next"), engine.begin() as connection:
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_damage_on_disk_is_named(tmp_path: Path) -> None:
    with Store.at(tmp_path, CASE) as store:
        store.append([_entry(index) for index in range(5)])
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'record.sqlite'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER entries_no_update")
        connection.exec_driver_sql("UPDATE entries SET bytes = x'7b7d' WHERE \"index\" = 3")
    engine.dispose()
    with Store.at(tmp_path, CASE) as store, pytest.raises(FaultError, match=r"record\.damaged \(index=3"):
        store.tree()


def test_a_second_note_of_one_size_is_a_fork(tmp_path: Path, case: RecordCase) -> None:
    with Store.at(tmp_path, case.case) as store:
        _fill(store, case)
        store.add_checkpoint(case.notes[0].note)
        with pytest.raises(InputError, match=r"record\.fork"):
            store.add_checkpoint(case.notes[0].note.replace("bidroom/", "bidroom/x"))
        line = case.lines_of_cosigners[0]
        assert store.add_cosignature(line.size, line.line) is False
        with pytest.raises(InputError, match="no_checkpoint"):
            store.add_cosignature(1, line.line)
        last = store.last_checkpoint()
        assert last is not None
        assert last.size == case.tree.size


def test_tables_of_a_later_version_are_not_touched(tmp_path: Path) -> None:
    Store.at(tmp_path, CASE).close()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'record.sqlite'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(FaultError, match=r"record\.too_new"):
        Store.at(tmp_path, CASE)


def test_a_disk_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "record.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(FaultError, match=r"record\.cannot_open"):
        Store.at(tmp_path, CASE)


def test_the_mirror_follows_catches_up_and_reports(tmp_path: Path) -> None:
    mirror = tmp_path / "other disk" / "entries.jsonl"
    with Store.at(tmp_path, CASE) as store:
        store.append([_entry(0), _entry(1)])
    with Store.at(tmp_path, CASE, mirror=mirror) as store:
        store.append([_entry(2)])
    mirror.write_bytes(mirror.read_bytes()[:-7])  # torn by a power cut
    with Store.at(tmp_path, CASE, mirror=mirror) as store:
        assert store.mirror is not None
        assert store.mirror.damage is None
        assert mirror.read_bytes() == b"".join(_entry(index) + b"\n" for index in range(3))
    mirror.write_bytes(mirror.read_bytes().replace(b'"number":1', b'"number":7'))
    with Store.at(tmp_path, CASE, mirror=mirror) as store:
        assert store.mirror is not None
        assert store.mirror.damage == "mirror.differs"
        store.append([_entry(3)])
        assert store.size == 4


def test_a_mirror_that_cannot_be_written_is_never_fatal(tmp_path: Path) -> None:
    mirror = tmp_path / "folder"
    mirror.mkdir()
    with Store.at(tmp_path, CASE, mirror=mirror) as store:
        assert store.mirror is not None
        assert store.mirror.damage == "mirror.not_written"
        store.append([_entry(0)])
        assert store.size == 1


async def test_the_async_store_keeps_the_order_of_calls(tmp_path: Path) -> None:
    store = await AsyncStore.at(tmp_path, CASE)
    await asyncio.gather(*(store.append([_entry(index)]) for index in range(20)))
    assert await store.size() == 20
    assert await store.read(18) == [_entry(18), _entry(19)]
    with pytest.raises(InputError, match=r"record\.gap"):
        await store.append([_entry(3)])
    await store.close()


def test_a_case_goes_from_store_and_blobs_to_a_good_archive(tmp_path: Path, case: RecordCase) -> None:
    blobs, key = BlobStore(tmp_path / "blobs"), bytes(range(32))
    for number, data in enumerate(case.kept.values()):
        blobs.put_bytes(data, key if number == 0 else None)
    with Store.at(tmp_path, case.case) as store:
        _fill(store, case)
        options = {"certificates": case.certificates, "rulepack": case.rulepack}
        whole = CaseSource(store, blobs, case_key=key, **options)
        sealed = CaseSource(store, blobs, **options)
        assert save_archive(tmp_path / "whole.tar", whole).sealed == 0
        assert save_archive(tmp_path / "sealed.tar", sealed).sealed == 1
    verdicts = {}
    for name in ("whole", "sealed"):
        found = verify_archive(tmp_path / f"{name}.tar", roots=case.authority.pem, expect=case.expect)
        verdicts[name] = {step.code for step in found.steps if step.verdict is not Verdict.PASSED}
    assert verdicts == {"whole": {"documents"}, "sealed": {"documents", "files"}}


def test_an_archive_needs_a_last_checkpoint(tmp_path: Path, case: RecordCase) -> None:
    case.add({"type": "after"})
    with pytest.raises(FaultError, match="no_final_checkpoint"):
        save_archive(tmp_path / "case.tar", case)


def _fill(store: Store, case: RecordCase) -> None:
    store.append(case.lines)
    for note in case.notes:
        store.add_checkpoint(note.note)
    for line in case.lines_of_cosigners:
        store.add_cosignature(line.size, line.line)


_WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_store import _entry
from app.record.store import Store
store = Store.at(Path({folder!r}), {case!r}, mirror=Path({folder!r}) / "mirror.jsonl")
while True:
    size = store.size
    store.append([_entry(size + step) for step in range(1 + size % 3)])
    print(store.size, flush=True)
"""


def _kill_rounds(tmp_path: Path, delays: list[float]) -> None:
    acknowledged = 0
    script = _WRITER.format(tests=str(Path(__file__).parent), folder=str(tmp_path), case=CASE)
    for delay in delays:
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            acknowledged = int(writer.stdout.readline())
            time.sleep(delay)
            writer.kill()
            for line in writer.stdout:
                acknowledged = int(line) if line.endswith("\n") else acknowledged
        mirror = tmp_path / "mirror.jsonl"
        with Store.at(tmp_path, CASE, mirror=mirror) as store:
            assert store.size >= acknowledged
            assert list(store.read()) == [_entry(index) for index in range(store.size)]
            assert store.mirror is not None
            assert store.mirror.damage is None
            assert mirror.read_bytes().count(b"\n") == store.size


def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    _kill_rounds(tmp_path, [0.01, 0.043, 0.002])


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_writer_killed_a_hundred_times_loses_nothing(tmp_path: Path) -> None:
    _kill_rounds(tmp_path, [number * 0.0013 for number in range(100)])
