"""Sleep is prevented by a child that lives exactly as long as the host."""

import os
import stat
import sys
from pathlib import Path

import pytest

from app.session.awake import command, stay_awake

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the child is Linux's here")


def test_the_child_runs_inside_and_is_gone_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = tmp_path / "pid"
    inhibit = tmp_path / "systemd-inhibit"
    inhibit.write_text(f'#!/bin/sh\necho $$ > {pid}\necho "$@" >> {pid}\nexec sleep 60\n')
    inhibit.chmod(inhibit.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with stay_awake() as asked:
        assert asked
        while not pid.exists() or "sleep:idle" not in pid.read_text():
            pass
        running = int(pid.read_text().split()[0])
        os.kill(running, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(running, 0)


def test_without_a_way_the_host_runs_all_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command() is None
    with stay_awake() as asked:
        assert not asked
