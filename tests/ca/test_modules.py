"""Modules are found where they are said to be."""

import os
from pathlib import Path

import pytest

from app.ca.modules import find_modules


def test_named_modules_come_first_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, link = tmp_path / "vendor.so", tmp_path / "link.so"
    module.touch()
    link.symlink_to(module)
    monkeypatch.setenv("BIDROOM_PKCS11", os.pathsep.join([str(module), str(link), str(tmp_path / "absent.so")]))
    found = find_modules()
    assert found[0] == str(module)
    assert str(link) not in found
    assert str(tmp_path / "absent.so") not in found
