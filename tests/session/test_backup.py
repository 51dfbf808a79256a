"""The backup bid: bound before the deadline, admitted by the officer, and nothing but what was committed to."""

import io
from pathlib import Path
from typing import Any

import pytest
from test_bidbox import everything_under, open_room, release
from world import World

import app.session.rules.events_opening as evo
from app.ca import receipt as receipts
from app.ca.backup import commitment_of, open_backup, read_backup
from app.ca.envelope import read_header
from app.canon import sha256_hex
from app.errors import InputError
from app.session import acts
from app.session.backups import hand_in_backup
from app.session.document_data_opening import outcome, outcome_reason
from app.session.document_parts import Source
from app.session.rules import commands as cmd
from app.session.rules.table import waiting_for

SUPPLIERS = ("supplier-a", "supplier-b", "supplier-c")
REASON = "主机存储的文件损坏，采购文件约定可以启用备用文件。"


async def sealed(world: World, key: str, name: str = "", **changes: Any) -> tuple[Path, str, Path]:
    """Envelope, header digest and backup."""
    bid = world.bids[key]
    out, backup = world.folder / f"{name or key}.bid", world.folder / f"{name or key}.backup"
    files = [(d.name, p) for d, p in zip(bid.payload.documents, bid.files, strict=True)]
    header = await acts.seal_bid(
        world.kit, changes.get("payload", bid.payload), files, out, world.keys[key], backup=backup
    )
    return out, header, backup


def code_of(caught: pytest.ExceptionInfo[InputError]) -> str:
    return caught.value.code


async def failed_at_the_opening(world: World) -> Path:
    """A's envelope is damaged where it lies, after its seal was confirmed; the failure is the platform's."""
    await world.receiving(*SUPPLIERS)
    path, header, backup = await sealed(world, "supplier-a")
    receipt = await acts.submit_bid(world.clients["supplier-a"], path, header, backup=backup)
    assert receipts.verify(receipt, world.room.keys.fingerprint).body.backup == commitment_of(backup, path)
    await world.submit("supplier-b", "supplier-c")
    await open_room(world, *SUPPLIERS)
    uscc = world.uscc("supplier-a")
    stored = world.room.blobs.path(world.state.bids[uscc].envelope_sha256)
    data = stored.read_bytes()
    stored.chmod(0o600)
    stored.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    await release(world, *SUPPLIERS)
    await world.settled(lambda s: bool(s.bids[uscc].failure))
    assert world.state.bids[uscc].telemetry["fault"] == "platform"
    return backup


async def test_an_admitted_backup_takes_the_bids_place(world: World) -> None:
    backup = await failed_at_the_opening(world)
    uscc, a, officer = world.uscc("supplier-a"), world.clients["supplier-a"], world.clients["officer"]
    with pytest.raises(InputError) as caught:
        await officer.do(cmd.AdmitBackup(supplier=uscc, reason=REASON))
    assert code_of(caught) == "backup.not_attributed"
    with pytest.raises(InputError) as caught:
        await hand_in_backup(a, backup)
    assert code_of(caught) == "backup.not_admitted"
    await officer.do(cmd.AttributeFailure(supplier=uscc, attribution="platform", reason="存储损坏"))
    assert world.state.bids[uscc].settled
    await officer.do(cmd.AdmitBackup(supplier=uscc, reason=REASON))
    assert not world.state.bids[uscc].settled
    assert [(w.person, w.act) for w in waiting_for(world.state)] == [(a.me, "hand_in_backup")]
    await a.until(lambda s: bool(s.bids[uscc].backup_admitted), 20)
    await hand_in_backup(a, backup)
    state = await world.settled(lambda s: s.bids[uscc].opened)
    bid = state.bids[uscc]
    assert [d.sha256 for d in bid.documents] == [
        sha256_hex(path.read_bytes()) for path in world.bids["supplier-a"].files
    ]
    assert not state.window_open(f"backup:{uscc}")
    assert everything_under(world.home).count(world.bids["supplier-a"].files[0].read_bytes()[200:400]) == 0
    recorded = [entry.recorded for entry in world.room.entries]
    source = Source(state, recorded, len(recorded), "", world.clock.now())
    assert outcome(state, bid) == "经启用备用文件开启"
    assert REASON in outcome_reason(source, bid)
    await world.advance("reading")
    await world.settled(lambda s: s.phase == "reading")
    with pytest.raises(InputError) as caught:
        await officer.do(cmd.AdmitBackup(supplier=world.uscc("supplier-b"), reason=REASON))
    assert code_of(caught) == "refused.phase"  # only before prices are read


async def test_only_what_was_committed_to_counts(world: World) -> None:
    """A second manifest, signed for the very same envelope after the deadline, with another price."""
    backup = await failed_at_the_opening(world)
    uscc, a, officer = world.uscc("supplier-a"), world.clients["supplier-a"], world.clients["officer"]
    await officer.do(cmd.AttributeFailure(supplier=uscc, attribution="ruled", reason="存储损坏"))
    await officer.do(cmd.AdmitBackup(supplier=uscc, reason=REASON))
    await a.until(lambda s: bool(s.bids[uscc].backup_admitted), 20)
    data = backup.read_bytes()
    _, _, other = await sealed(world, "supplier-a", "later")
    forgeries = [other.read_bytes(), data[:20] + b"?" + data[21:], data + b"more", data[:-1], b"BIDBAK1\n"]
    for number, forged in enumerate(forgeries):
        path = world.folder / f"forged-{number}"
        path.write_bytes(forged)
        if number < 2 or number == 4:
            with pytest.raises(InputError) as caught:
                await hand_in_backup(a, path)
            assert code_of(caught) in ("backup.not_committed", "backup.malformed")
        digest = await a.files.upload(path, private=True)  # a desk that does not check
        await a.do(cmd.HandInBackup(backup_sha256=digest))
        await world.settled(lambda s: s.bids[uscc].failure.startswith("backup.") and not s.bids[uscc].backup_sha256)
        assert not world.state.bids[uscc].opened
    with pytest.raises(InputError) as caught:  # in the clear it is not taken at all
        await a.do(cmd.HandInBackup(backup_sha256=await a.files.upload(b"in the clear")))
    assert code_of(caught) == "blob.not_private"
    await hand_in_backup(a, backup)
    await world.settled(lambda s: s.bids[uscc].opened)


async def test_a_backup_serves_where_the_header_itself_is_lost(world: World) -> None:
    backup = await failed_at_the_opening(world)
    uscc, a, officer = world.uscc("supplier-a"), world.clients["supplier-a"], world.clients["officer"]
    stored = world.room.blobs.path(world.state.bids[uscc].envelope_sha256)
    stored.write_bytes(b"BIDENV1\n" + bytes(4000))
    await officer.do(cmd.AttributeFailure(supplier=uscc, attribution="platform", reason="存储损坏"))
    await officer.do(cmd.AdmitBackup(supplier=uscc, reason=REASON))
    await a.until(lambda s: bool(s.bids[uscc].backup_admitted), 20)
    await hand_in_backup(a, backup)
    await world.settled(lambda s: s.bids[uscc].opened)


async def test_no_backup_in_time_leaves_the_ruling_as_it_was(world: World) -> None:
    await failed_at_the_opening(world)
    uscc, officer = world.uscc("supplier-a"), world.clients["officer"]
    await officer.do(cmd.AttributeFailure(supplier=uscc, attribution="platform", reason="存储损坏"))
    await officer.do(cmd.AdmitBackup(supplier=uscc, reason=REASON))
    with pytest.raises(InputError) as caught:
        await world.advance("reading")
    assert code_of(caught) == "gate.bid_open"
    world.clock.advance(world.state.windows[f"backup:{uscc}"].seconds + 1)
    state = await world.settled(lambda s: s.bids[uscc].settled)
    assert (state.bids[uscc].attribution, state.bids[uscc].backup_admitted) == ("platform", "")
    last = [entry.recorded.event for entry in world.room.entries]
    assert evo.FailureAttributed(supplier=uscc, attribution="platform", reason="存储损坏") in last
    await officer.do(cmd.AdmitBackup(supplier=uscc, reason=REASON))  # the officer may try once more
    await officer.do(cmd.AttributeFailure(supplier=uscc, attribution="ruled", reason="不再等待"))
    assert world.state.bids[uscc].settled


async def test_without_a_commitment_there_is_nothing_to_admit(world: World) -> None:
    await world.receiving("supplier-a")
    path, header, backup = await sealed(world, "supplier-a")
    other, _, _ = await sealed(world, "supplier-a", "other")
    with pytest.raises(InputError) as caught:
        await acts.submit_bid(world.clients["supplier-a"], other, header, backup=backup)
    assert code_of(caught) == "backup.foreign"
    for wrong in ("x", "AB" * 32):
        command = cmd.SubmitBid(header_sha256=header, envelope_sha256="", size=1, backup=wrong)
        with pytest.raises(InputError):
            await world.clients["supplier-a"].do(command)
    receipt = await acts.submit_bid(world.clients["supplier-a"], path, header)
    assert b"backup" not in receipt


async def test_the_backup_is_the_signed_manifest_and_the_files(world: World) -> None:
    await world.receiving("supplier-a")
    path, _, backup = await sealed(world, "supplier-a")
    kept: dict[int, bytes] = {}

    class Keep(io.BytesIO):
        number = 0

        def __exit__(self, *error: object) -> None:
            kept[self.number] = self.getvalue()

    def sink(number: int, _entry: object) -> Any:
        file = Keep()
        file.number = number
        return file

    with path.open("rb") as envelope, backup.open("rb") as file:
        header = read_header(envelope)
        opened = open_backup(
            file,
            header=header,
            suite=header.suite,
            context=header.core.context,
            rehearsal=True,
            commitment=commitment_of(backup, path),
            sink=sink,
        )
    assert opened.payload["supplier"]["uscc"] == world.uscc("supplier-a")
    assert list(kept.values()) == [path.read_bytes() for path in world.bids["supplier-a"].files]
    assert backup.stat().st_mode & 0o777 == 0o600
    with backup.open("rb") as file:
        assert repr(read_backup(file)) == "Backup()"
