"""A case whose machine is gone comes up on another one, with k holders' tokens and the second copy."""

import shutil
from pathlib import Path

import msgspec
import pytest
from world import SoftHolder, World, demo_person

from app.cli import run
from app.cli.case import FILE_LIMIT
from app.errors import FaultError, InputError
from app.rehearsal.cast import person_of
from app.session.case_folder import folder_name
from app.session.escrow import HandedShare, make_escrow, open_escrow, read_escrow, restore, share_of_words, take_out
from app.session.room import Room
from app.session.rules import commands as cmd

HOLDERS = ("officer", "opener", "supervisor")
SECRET = b"what only the case key opens"


@pytest.fixture
async def lost(tmp_path: Path) -> tuple[World, Path, str, tuple[int, bytes]]:
    """A case whose host is gone: the world, its escrow file, a sealed file's digest, the last head."""
    world = await World.create(tmp_path)
    mirror = tmp_path / "second-copy"
    (world.room.folder / "mirror.txt").write_text(str(mirror))
    await world.restart()
    await world.room.report(cmd.ReportClocks(offsets={"officer": 1}))
    sealed = world.room.blobs.put_bytes(SECRET, world.room.keys.case_key).sha256
    escrow = make_escrow(world.room.folder, [world.keys[key].encryption_certificate for key in HOLDERS], 2)
    path = tmp_path / "escrow.json"
    path.write_bytes(msgspec.json.encode(escrow))
    head = world.room.tree.size, world.room.tree.root()
    await world.close()
    shutil.copytree(world.room.folder / "blobs", tmp_path / "new" / world.room.folder.name / "blobs")
    shutil.rmtree(world.home)
    return world, path, sealed, head


async def test_two_of_three_holders_bring_the_case_up_elsewhere(
    lost: tuple[World, Path, str, tuple[int, bytes]], tmp_path: Path
) -> None:
    world, path, sealed, head = lost
    escrow = read_escrow(path.read_bytes())
    shares = [share_of_words(escrow, (await take_out(escrow, world.keys[key])).words()) for key in HOLDERS[1:]]
    folder = restore(escrow, shares, tmp_path / "new", tmp_path / "second-copy")
    assert folder == tmp_path / "new" / folder_name(escrow.case)
    room = await Room.open(folder, escrow.case, world.clock)
    try:
        assert (room.tree.size, room.tree.root()) == head
        assert room.keys.fingerprint == world.room.keys.fingerprint  # the links still lead here
        assert room.keys.log_public == world.room.keys.log_public
        assert b"".join(room.blobs.pieces(sealed, room.keys.case_key)) == SECRET
        await room.report(cmd.ReportClocks(offsets={"officer": 2}))
    finally:
        await room.close()
    assert (folder / "case.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(InputError, match="in_the_way"):
        restore(escrow, shares, tmp_path / "new", tmp_path / "second-copy")


async def test_one_holder_is_not_enough_and_strangers_are_none(
    lost: tuple[World, Path, str, tuple[int, bytes]], tmp_path: Path
) -> None:
    world, path, _sealed, _head = lost
    escrow = read_escrow(path.read_bytes())
    share = await take_out(escrow, world.keys["officer"])
    with pytest.raises(InputError, match="too_few"):
        restore(escrow, [share, share], tmp_path / "new")
    stranger = SoftHolder(world.pki, demo_person(person_of(world.samples["clerk"]), 77))
    with pytest.raises(InputError, match="not_a_holder"):
        await take_out(escrow, stranger)
    assert share.value.hex() not in repr(share) + path.read_text()
    assert not (tmp_path / "new" / folder_name(escrow.case) / "case.key").exists()


async def test_what_was_changed_is_found(lost: tuple[World, Path, str, tuple[int, bytes]]) -> None:
    world, path, _sealed, _head = lost
    escrow = read_escrow(path.read_bytes())
    one, other = [await take_out(escrow, world.keys[key]) for key in HOLDERS[:2]]
    with pytest.raises(InputError, match="share_differs"):
        share_of_words(escrow, HandedShare(other.x, one.value).words())
    first, *words = one.words().split()
    for text in ("", first, " ".join([first, *words[:-1]]), " ".join(["x", *words]), " ".join([first, *words[::-1]])):
        with pytest.raises(InputError, match=r"escrow\.words"):
            share_of_words(escrow, text)
    with pytest.raises(InputError, match="damaged"):
        open_escrow(msgspec.structs.replace(escrow, case="another"), [one, other])
    with pytest.raises(InputError, match="malformed"):
        read_escrow(b"{}")
    with pytest.raises(InputError, match="too_large"):
        read_escrow(b" " * (FILE_LIMIT + 1))


async def test_a_policy_that_one_person_fulfils_is_refused(tmp_path: Path) -> None:
    world = await World.create(tmp_path)
    await world.close()
    officer, opener = (world.keys[key].encryption_certificate for key in HOLDERS[:2])
    for certificates, k in (([officer, opener], 1), ([officer], 2), ([officer, officer], 2), ([officer, opener], 3)):
        with pytest.raises(InputError, match=r"escrow\.policy"):
            make_escrow(world.room.folder, certificates, k)
    with pytest.raises(FaultError, match="keys_missing"):
        make_escrow(tmp_path, [officer, opener], 2)


async def test_the_commands(
    lost: tuple[World, Path, str, tuple[int, bytes]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, path, _sealed, _head = lost
    escrow = read_escrow(path.read_bytes())
    words = []
    for key in HOLDERS[:2]:
        file = tmp_path / f"{key}.txt"
        file.write_text((await take_out(escrow, world.keys[key])).words() + "\n")
        words += ["--words", str(file)]
    home, copy = tmp_path / "new", tmp_path / "second-copy"
    assert run(["case", "restore", str(path), *words, "--mirror", str(copy), "--home", str(home)]) == 0
    assert str(home) in capsys.readouterr().out
    pem = []
    for key in HOLDERS:
        file = tmp_path / f"{key}.der"
        file.write_bytes(world.keys[key].encryption_certificate)
        pem += ["--holder", str(file)]
    again = tmp_path / "again.json"
    arguments = ["case", "escrow", "--case", escrow.case, "--home", str(home), *pem, "-k", "3", "--out", str(again)]
    assert run(arguments) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4
    assert read_escrow(again.read_bytes()).k == 3
    assert run(["case", "restore", str(path), *words[:2], "--home", str(tmp_path / "third")]) == 2
