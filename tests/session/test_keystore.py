"""Device and host keys in the system's keyring, in files, and on the way from one to the other."""

import os
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null

from app import keystore
from app.cli import run
from app.clock import ManualClock
from app.errors import FaultError, InputError
from app.keystore import Kind, Place
from app.session.keys import HostKeys, secret_files

SECRET = b"a secret of this machine"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


class Drawer(KeyringBackend):
    """A keyring in memory; ``locked``: it refuses, as one whose owner does not unlock it."""

    priority: ClassVar[Any] = 5
    locked = False

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked
        self.kept[service, username] = password

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise keyring.errors.KeyringLocked
        return self.kept.get((service, username))

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BIDROOM_DATA", str(tmp_path / "data"))
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # what a machine without one has
    yield
    keyring.set_keyring(before)


@pytest.fixture
def drawer() -> Drawer:
    made = Drawer()
    keyring.set_keyring(made)
    return made


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring])
def test_without_a_keyring_a_secret_is_a_private_file_and_that_is_said(tmp_path: Path, backend: Any) -> None:
    keyring.set_keyring(backend())
    path = tmp_path / "device.key"
    keystore.write_new(path, SECRET, Kind.DEVICE)
    assert path.read_bytes() == keystore.read(path) == SECRET
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    state = keystore.state()
    assert (state.keyring, state.protects(Kind.DEVICE)) == ("", False)
    with pytest.raises(InputError, match=r"secret\.no_keyring"):
        keystore.choose(Place.ALL)
    assert keystore.state().place is Place.DEVICE
    with pytest.raises(FileExistsError):
        keystore.write_new(path, SECRET, Kind.DEVICE)


def test_a_device_key_is_under_the_keyring_and_a_hosts_is_not_unless_chosen(tmp_path: Path, drawer: Drawer) -> None:
    device, host, later = (tmp_path / name for name in ("device.key", "host.key", "later.key"))
    keystore.write_new(device, SECRET, Kind.DEVICE)
    keystore.write_new(host, SECRET, Kind.HOST)
    assert SECRET not in device.read_bytes()
    assert keystore.read(device) == SECRET
    assert host.read_bytes() == SECRET
    assert len(drawer.kept) == 1
    assert SECRET.decode() not in repr(drawer.kept)
    keystore.choose(Place.ALL)
    keystore.write_new(later, SECRET, Kind.HOST)
    assert SECRET not in later.read_bytes()
    assert len(drawer.kept) == 1  # one wrapping key for all
    if sys.platform != "win32":
        assert stat.S_IMODE(device.stat().st_mode) == 0o600


def test_a_swapped_a_damaged_and_a_keyless_file_are_told_apart_from_a_secret(tmp_path: Path, drawer: Drawer) -> None:
    path = tmp_path / "device.key"
    keystore.write_new(path, SECRET, Kind.DEVICE)
    whole = path.read_bytes()
    for place in range(len(keystore.MAGIC) + 32, len(whole), 5):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(FaultError, match=r"secret\.damaged"):
            keystore.read(path)
    path.write_bytes(whole[:40])
    with pytest.raises(FaultError, match=r"secret\.damaged"):
        keystore.read(path)
    other = tmp_path / "other.key"
    other.write_bytes(whole)
    with pytest.raises(FaultError, match=r"secret\.damaged"):
        keystore.read(other)
    path.write_bytes(whole)
    drawer.locked = True
    with pytest.raises(FaultError, match=r"secret\.key_missing"):
        keystore.read(path)
    drawer.locked = False
    drawer.kept.clear()
    with pytest.raises(FaultError, match=r"secret\.key_missing"):
        keystore.read(path)


def test_a_case_moves_into_the_keyring_and_back(tmp_path: Path, drawer: Drawer) -> None:
    home = tmp_path / "cases"
    made = HostKeys.create(home / "one", "host", ManualClock(NOW))
    plain = {name: (home / "one" / name).read_bytes() for name in ("log.key", "case.key", "host.key")}
    desk = keystore.data_dir() / "desk" / "one"
    desk.mkdir(parents=True)
    (desk / "device-p3.key").write_bytes(SECRET)  # as an older program left it
    keystore.choose(Place.ALL)
    assert keystore.move(secret_files(home)) == 4
    assert keystore.move(secret_files(home)) == 0
    for path, _kind in secret_files(home):
        assert keystore.is_wrapped(path)
    assert not list(home.rglob("*.part"))
    again = HostKeys.load(home / "one")
    assert (again.log_public, again.case_key, again.fingerprint) == (made.log_public, made.case_key, made.fingerprint)
    assert again.tls().cert_store_stats() is not None  # the certificate and the key fit together
    drawer.locked = True
    with pytest.raises(FaultError, match=r"secret\.key_missing"):
        HostKeys.load(home / "one")
    drawer.locked = False
    keystore.choose(Place.FILES)
    assert keystore.move(secret_files(home)) == 4
    assert {name: (home / "one" / name).read_bytes() for name in plain} == plain
    assert keystore.read(desk / "device-p3.key") == SECRET


def test_a_move_that_is_cut_off_leaves_every_secret_whole(
    tmp_path: Path, drawer: Drawer, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [(tmp_path / f"{number}.key", Kind.DEVICE) for number in range(3)]
    for path, _kind in paths:
        path.write_bytes(SECRET)
    written = os.fsync
    calls: list[int] = []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(28, "no space left")
        written(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        keystore.move(paths)
    assert [keystore.read(path) for path, _kind in paths] == [SECRET] * 3
    assert keystore.move(paths) == 2


def test_the_command_says_plainly_where_keys_lie(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIDROOM_LANGUAGE", "en")
    home = tmp_path / "cases"
    HostKeys.create(home / "one", "host", ManualClock(NOW))
    assert run(["keys", "--home", str(home)]) == 0
    said = capsys.readouterr().out
    assert "no keyring" in said
    assert said.count("file ") >= 3
    assert run(["keys", "--home", str(home), "--place", "all"]) == 2
    keyring.set_keyring(Drawer())
    assert run(["keys", "--home", str(home), "--place", "all"]) == 0
    assert "3 key files were moved" in capsys.readouterr().out
