"""The bid box over the wire: what is received, what is refused and why, and that nobody reads a bid too early."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog.testing
from world import World

from app.ca import receipt as receipts
from app.ca.envelope import Recipient, seal
from app.ca.sealing_kit import build_core
from app.canon import sha256_hex
from app.errors import InputError
from app.procurement.bid import BidPayload
from app.rehearsal.sample_bids import measure
from app.session import acts
from app.session.rules import commands as cmd
from app.session.rules import events_case as evc
from app.session.rules.events import event_bytes

CANARY = b"CANARY-7f3a1c9e-nobody-reads-this-early"


async def refused(world: World, key: str, path: Path, header: str) -> str:
    """The code with which a submission is refused; it is recorded with its reason and nothing is received."""
    before = world.state.bids
    with pytest.raises(InputError) as caught:
        await acts.submit_bid(world.clients[key], path, header)
    assert world.state.bids == before
    last = world.room.entries[-1].recorded.event
    assert last == evc.BidRefused(supplier=world.uscc(key), code=caught.value.code)
    return caught.value.code


async def foreign(world: World, key: str, **changes: Any) -> tuple[Path, str]:
    """An envelope sealed like a bid, with something of another case about it."""
    bid = world.bids[key]
    path = world.folder / f"foreign-{len(list(world.folder.iterdir()))}.bid"
    arguments: dict[str, Any] = {
        "purpose": "bid", "rehearsal": True, "context": world.kit.context, "openers": world.kit.recipients,
        "k": world.kit.core.k, "supplier": world.keys[key].encryption_certificate,
        "payload": msgspec.to_builtins(bid.payload),
        "files": [(d.name, p) for d, p in zip(bid.payload.documents, bid.files, strict=True)],
        "signer": world.keys[key], **changes,
    }  # fmt: skip
    return path, (await seal(path, **arguments)).header_sha256


async def test_a_receipt_binds_the_header_and_verifies(world: World) -> None:
    await world.receiving("supplier-a")
    path, header = await world.seal("supplier-a")
    data = await acts.submit_bid(world.clients["supplier-a"], path, header)
    receipt = receipts.parse(data)
    assert receipts.verify(data, world.room.keys.fingerprint) == receipt
    other = data.replace(header.encode(), b"ab" * 32)
    with pytest.raises(InputError):
        receipts.verify(other, world.room.keys.fingerprint)
    bid = world.state.bids[world.uscc("supplier-a")]
    assert bid.header_sha256 == header
    assert base64.b64decode(bid.receipt) == data
    assert header in data.decode()
    said = json.loads(data)
    assert said.get("index") is None  # no place and no count: it would tell how many others there are


async def test_withdrawn_and_replaced_bids(world: World) -> None:
    await world.receiving("supplier-a")
    a, uscc = world.clients["supplier-a"], world.uscc("supplier-a")
    first, first_header = await world.seal("supplier-a")
    await acts.submit_bid(a, first, first_header)
    second, second_header = await world.seal("supplier-a")
    command = cmd.SubmitBid(
        header_sha256=second_header, envelope_sha256=await a.files.upload(second), size=0, receipt="", replaces=""
    )
    with pytest.raises(InputError) as caught:
        await a.do(command)  # a bid stands; a second one takes the first one's receipt
    assert caught.value.code == "bid.replace_needs_receipt"
    await acts.submit_bid(a, second, second_header)
    assert world.state.bids[uscc].header_sha256 == second_header
    assert first_header in world.state.superseded
    assert await refused(world, "supplier-a", first, first_header) == "bid.superseded"
    await a.grave(cmd.WithdrawBid(header_sha256=second_header, grave=acts.UNSIGNED))
    assert world.state.bids[uscc].withdrawn
    assert await refused(world, "supplier-a", second, second_header) == "bid.superseded"
    third, third_header = await world.seal("supplier-a")
    await acts.submit_bid(a, third, third_header)
    assert world.state.valid_bids() == (uscc,)


async def test_what_is_no_envelope_is_refused(world: World, tmp_path: Path) -> None:
    await world.receiving("supplier-a")
    plain = tmp_path / "plain.pdf"
    plain.write_bytes(b"%PDF-1.7 not sealed at all" * 100)
    assert await refused(world, "supplier-a", plain, "ab" * 32) == "bid.unsealed"
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    assert await refused(world, "supplier-a", empty, "ab" * 32) in ("bid.unsealed", "bid.damaged")


async def test_damaged_envelopes_are_refused(world: World) -> None:
    await world.receiving("supplier-a")
    path, header = await world.seal("supplier-a")
    data = path.read_bytes()
    assert await refused(world, "supplier-a", path, "ab" * 32) == "bid.damaged"  # another header than it says
    for damage in (data[:-1], data + b"\0", data[:40] + bytes([data[40] ^ 1]) + data[41:]):
        path.write_bytes(damage)
        assert await refused(world, "supplier-a", path, header) == "bid.damaged"
    path.write_bytes(data)
    await acts.submit_bid(world.clients["supplier-a"], path, header)


async def test_envelopes_of_another_case_kit_or_mark_are_refused(world: World) -> None:
    await world.receiving("supplier-a")
    context = world.kit.context
    for changes in (
        {"context": {**context, "case": "KM-X/9"}},
        {"context": {**context, **{key: "ff" * 32 for key in context if "kit" in key or "core" in key}, "lot": "9"}},
        {"rehearsal": False},
        {"purpose": "quote"},
        {"supplier": None},
        {"openers": [*world.kit.recipients, Recipient(world.keys["clerk"].encryption_certificate)], "k": 3},
    ):
        path, header = await foreign(world, "supplier-a", **changes)
        assert await refused(world, "supplier-a", path, header) == "bid.foreign", changes


async def test_a_kit_of_other_openers_makes_another_context(world: World) -> None:
    await world.receiving("supplier-a")
    core = world.kit.core
    other = build_core(
        case=core.case, project=core.project, lot=core.lot, deadline=world.file.deadline, notice_sha256="cd" * 32,
        k=core.k, supplier=core.supplier, openers=list(core.openers), rehearsal=core.rehearsal,
        host_name=core.host_name, host_fingerprint=world.room.keys.fingerprint,
    )  # fmt: skip
    context = msgspec.structs.replace(world.kit, core=other).context
    path, header = await foreign(world, "supplier-a", context=context)
    assert await refused(world, "supplier-a", path, header) == "bid.foreign"


async def test_a_late_bid_is_refused_to_the_second(world: World) -> None:
    await world.receiving("supplier-a", "supplier-b")
    path, header = await world.seal("supplier-a")
    late, late_header = await world.seal("supplier-b")
    left = (world.file.deadline - world.clock.now()).total_seconds()
    world.clock.advance(left - 3)
    await acts.submit_bid(world.clients["supplier-a"], path, header)
    world.past_deadline()
    assert await refused(world, "supplier-b", late, late_header) == "bid.late"
    with pytest.raises(InputError) as caught:
        await world.clients["supplier-a"].grave(cmd.WithdrawBid(header_sha256=header, grave=acts.UNSIGNED))
    assert caught.value.code == "bid.late"


async def test_an_envelope_of_another_supplier_is_refused(world: World) -> None:
    """The same file, seen somewhere and handed in under one's own name."""
    await world.receiving("supplier-a", "supplier-b")
    path, header = await world.seal("supplier-a")
    await acts.submit_bid(world.clients["supplier-a"], path, header)
    assert await refused(world, "supplier-b", path, header) == "bid.superseded"


async def test_a_bid_inside_which_somebody_else_signs_fails_at_the_opening(world: World) -> None:
    """B hands in, before A does, what A sealed: only the inside tells, and the failure is the supplier's."""
    await world.receiving("supplier-a", "supplier-b", "supplier-c")
    stolen, header = await foreign(world, "supplier-a", supplier=world.keys["supplier-b"].encryption_certificate)
    await acts.submit_bid(world.clients["supplier-b"], stolen, header)
    await world.submit("supplier-a", "supplier-c")
    await open_room(world, "supplier-a", "supplier-b", "supplier-c")
    await release(world, "supplier-a", "supplier-b", "supplier-c")
    state = await world.settled(lambda s: all(s.bids[b].opened or s.bids[b].failure for b in s.bids))
    b = state.bids[world.uscc("supplier-b")]
    assert (b.opened, b.failure) == (False, "bid.other_supplier")
    assert b.telemetry["fault"] == "supplier"
    assert state.bids[world.uscc("supplier-a")].opened


async def open_room(world: World, *suppliers: str) -> None:
    officer = world.clients["officer"]
    await officer.do(cmd.Advance(phase="gathering"))
    await officer.do(cmd.WaiveGate(gate="recording_runs", reason="演练"))
    await world.settled(lambda s: len(s.clocks) >= 2)
    world.past_deadline()
    await world.discipline()
    await world.advance("seal_check")
    await world.settled(lambda s: all(s.bids[b].seal == "matched" for b in s.valid_bids()))
    for key in suppliers:
        await world.clients[key].do(cmd.ConfirmSeal())
    await world.advance("decrypting")


async def release(world: World, *suppliers: str) -> None:
    for key in suppliers:
        for person in (key, "officer", "opener"):
            await acts.release_bid(world.clients[person], world.uscc(key))


async def test_an_envelope_that_changed_on_the_hosts_disk_is_found_before_it_is_opened(world: World) -> None:
    await world.receiving("supplier-a", "supplier-b", "supplier-c")
    await world.submit("supplier-a", "supplier-b", "supplier-c")
    stored = world.room.blobs.path(world.state.bids[world.uscc("supplier-b")].envelope_sha256)
    data = stored.read_bytes()
    stored.chmod(0o600)
    stored.write_bytes(data[:-5] + b"xxxxx")
    officer = world.clients["officer"]
    await officer.do(cmd.Advance(phase="gathering"))
    await officer.do(cmd.WaiveGate(gate="recording_runs", reason="演练"))
    await world.settled(lambda s: len(s.clocks) >= 2)
    world.past_deadline()
    await world.discipline()
    await world.advance("seal_check")
    state = await world.settled(lambda s: all(s.bids[b].seal for b in s.valid_bids()))
    assert state.bids[world.uscc("supplier-b")].seal == "mismatch"
    with pytest.raises(InputError) as caught:
        await world.advance("decrypting")
    assert caught.value.code == "gate.seal_open"


def everything_under(*folders: Path) -> bytes:
    return b"".join(p.read_bytes() for folder in folders for p in sorted(folder.rglob("*")) if p.is_file())


def shown_to(client: Any) -> bytes:
    """All that a desk was shown."""
    entries = b"".join(event_bytes(recorded.event) for recorded in client.entries.values())
    return entries + repr(client.state).encode() + b"".join(client._copy._texts.values())


async def test_nobody_reads_a_bid_before_the_opening_and_nowhere_in_clear_after_it(world: World) -> None:
    """A mark in a bid's document, in its facts and a price: not on the host's disk, in no log, with no other desk."""
    await world.receiving("supplier-a", "supplier-b", "supplier-c")
    bid = world.bids["supplier-a"]
    marked = world.folder / "marked.pdf"
    marked.write_bytes(bid.files[0].read_bytes() + b"\n% " + CANARY + b"\n")
    delivery = msgspec.structs.replace(bid.payload.price.declarations, delivery=CANARY.decode())
    price = msgspec.structs.replace(bid.payload.price, declarations=delivery)
    document = measure(marked, "price")
    payload: BidPayload = msgspec.structs.replace(bid.payload, price=price, documents=(document,))
    with structlog.testing.capture_logs() as logs:
        path, header = await world.seal("supplier-a", payload=payload, files=[(document.name, marked)])
        await acts.submit_bid(world.clients["supplier-a"], path, header)
        await world.submit("supplier-b", "supplier-c")
        total = str(bid.payload.price.total).encode()
        host = everything_under(world.home)
        assert CANARY not in path.read_bytes()
        assert CANARY not in host
        assert total not in host
        others = ("officer", "clerk", "opener", "supervisor", "supplier-b", "supplier-c")
        for key in others:
            assert CANARY not in shown_to(world.clients[key])
        b = world.clients["supplier-b"]
        for blob in world.state.bids[world.uscc("supplier-a")].envelope_sha256, "ab" * 32:
            with pytest.raises(InputError):
                await b.files.fetch(blob)
        await open_room(world, "supplier-a", "supplier-b", "supplier-c")
        for key in others:
            assert CANARY not in shown_to(world.clients[key])
        await release(world, "supplier-a", "supplier-b", "supplier-c")
        opened = await world.settled(lambda s: all(s.bids[b].opened for b in s.bids))
        assert CANARY not in everything_under(world.home)  # opened, but under the case key
        mine = opened.bids[world.uscc("supplier-a")]
        assert mine.documents[0].sha256 == sha256_hex(marked.read_bytes())
        assert CANARY in world.room.blobs.read(mine.manifest_sha256, 1 << 20, world.room.keys.case_key)
        assert CANARY in world.room.blobs.read(mine.documents[0].sha256, 1 << 20, world.room.keys.case_key)
        for key in ("supplier-b", "supplier-c", "opener", "supervisor"):
            with pytest.raises(InputError):
                await world.clients[key].files.fetch(mine.documents[0].sha256)
    assert CANARY.decode() not in repr(logs)


@pytest.mark.parametrize("must", [False, True])
async def test_it_takes_k_openers_the_supplier_and_where_asked_the_supervisor(make_world: Any, must: bool) -> None:
    world: World = await make_world(must=must)
    suppliers = ("supplier-a", "supplier-b", "supplier-c")
    await world.decrypting(*suppliers)
    uscc = world.uscc("supplier-a")
    people = ["officer", "opener", "supplier-a"] + (["supervisor"] if must else [])
    for person in people:
        await asyncio.sleep(0.1)
        assert not world.state.bids[uscc].opened
        await acts.release_bid(world.clients[person], uscc)
    await world.settled(lambda s: s.bids[uscc].opened)
    if not must:
        with pytest.raises(InputError):
            await acts.release_bid(world.clients["supervisor"], uscc)


async def test_sealed_sheets_and_quotes_that_are_missing_are_refused_cleanly(world: World) -> None:
    await world.enter("officer", "clerk")
    for command in (
        cmd.SealQuote(header_sha256="ab" * 32, envelope_sha256="cd" * 32, size=1),
        cmd.SignDocument(document="none", previous_sha256="ab" * 32, pdf_sha256="../../etc/passwd"),
        cmd.IssueKit(kit_sha256="../case.key"),
        cmd.ReleaseSealed(purpose="sheet", shares={"ab" * 32: "cd" * 32}, grave=acts.UNSIGNED),
    ):
        with pytest.raises(InputError):
            await world.clients["officer"].do(command)
    assert world.clients["officer"].status == "connected"
