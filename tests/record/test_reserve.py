"""On a full disk the record goes on: with a real disk without a free byte, and with a database that refuses to grow."""

import contextlib
import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from record_case import CASE, NOW

from app.errors import FaultError
from app.record import reserve
from app.record.entry import build_entry
from app.record.reserve import RESERVE_BYTES, Reserve
from app.record.store import Store

ROOT = Path(__file__).parents[2]


def _entry(index: int) -> bytes:
    return build_entry(CASE, index, NOW, "host", index.to_bytes(16, "big"), {"type": "noted", "text": "x" * 3000})


def _namespace() -> list[str]:
    """The command that gives a process mounts of its own; skips where this machine allows nobody that."""
    own = [] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", "--mount", *own]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("this machine does not allow a mount namespace")
    return command


def test_events_are_accepted_with_no_byte_free(tmp_path: Path) -> None:
    child = subprocess.run(
        [*_namespace(), sys.executable, str(Path(__file__).with_name("full_disk.py")), str(tmp_path)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    found = json.loads(child.stdout.splitlines()[-1])
    assert found["whole"]
    assert found["held"] >= RESERVE_BYTES
    assert found["free"] == 0
    assert found["appended"] == 1500
    assert 0 < found["left"] < RESERVE_BYTES
    assert found["again"] == 1501
    assert found["end"] == "record.not_written"
    assert found["last"] > 3500
    assert found["after"]
    assert found["filled"]
    assert found["size"] == RESERVE_BYTES


class _Rationed(Reserve):
    """Each step lets the database grow by as many pages."""

    grow: Callable[[int], None]

    def give(self) -> bool:
        given = super().give()
        if given:
            self.grow(self._step // 4096)
        return given


def test_what_found_no_room_is_tried_again_on_the_reserve(tmp_path: Path) -> None:
    store = Store.at(tmp_path, CASE)
    store.append([_entry(0)])
    kept = _Rationed(tmp_path, size=3 * 65536, step=65536)
    store.reserve = kept
    assert kept.fill()

    def pages(name: str) -> int:
        return int(store._connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0)

    def grow(by: int) -> None:
        store._connection.exec_driver_sql(f"PRAGMA max_page_count={pages('max_page_count') + by}")
        store._connection.rollback()

    kept.grow = grow
    store._connection.exec_driver_sql(f"PRAGMA max_page_count={pages('page_count')}")
    store._connection.rollback()
    index = 1
    with contextlib.suppress(FaultError):
        while index < 1000:
            store.append([_entry(index)])
            index += 1
    assert 40 < index < 1000
    assert kept.left == 0
    assert store.size == index
    assert list(store.read()) == [_entry(at) for at in range(index)]
    store.close()


def test_a_reserve_is_written_where_blocks_cannot_be_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_handle: int, _start: int, _size: int) -> None:
        raise OSError(errno.EOPNOTSUPP, "not here")

    monkeypatch.setattr(os, "posix_fallocate", refuses, raising=False)
    kept = Reserve(tmp_path, size=1 << 20, step=1 << 19)
    assert kept.fill()
    assert kept.path.stat().st_blocks * 512 >= 1 << 20
    assert kept.give()
    assert kept.left == 1 << 19
    assert kept.fill()
    assert kept.whole


def test_a_reserve_that_finds_no_room_is_no_empty_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, start: int, _size: int) -> None:
        os.ftruncate(handle, start + 4096)  # some systems leave a part behind
        raise OSError(errno.ENOSPC, "full")

    kept = Reserve(tmp_path, size=1 << 20, step=1 << 19)
    with monkeypatch.context() as patched:
        patched.setattr(reserve, "_allocate", full)
        assert not kept.fill()
        assert kept.left == 0
    assert not kept.give()
