"""Nobody can block a case by walking away: absent, silent and refusing parties, by clock and recorded default."""

import asyncio
from typing import Any

import pytest
from world import World

from app.errors import FaultError, InputError
from app.session import acts
from app.session.rules import commands as cmd
from app.session.rules import events_case as evc
from app.session.rules import events_opening as evo

A, B, C = SUPPLIERS = ("supplier-a", "supplier-b", "supplier-c")


def run_out(world: World, window: str) -> None:
    """Let the time pass until just after a window has run out; the room's own clock does the rest."""
    left = (world.state.windows[window].until - world.clock.now()).total_seconds()
    assert left > 0
    world.clock.advance(left + 0.5)


def happened(world: World, kind: type[Any]) -> list[Any]:
    return [entry.recorded.event for entry in world.room.entries if type(entry.recorded.event) is kind]


async def leaves(world: World, key: str) -> None:
    """A person goes away, and is marked absent; somebody who is there cannot be."""
    me, officer = world.clients[key].me, world.clients["officer"]
    with pytest.raises(InputError) as caught:
        await officer.do(cmd.MarkAbsent(person=me))
    assert caught.value.code == "refused.present"
    await world.clients[key].close()
    await world.settled(lambda s: me not in s.online)
    await officer.do(cmd.MarkAbsent(person=me))


async def read_price(world: World, key: str) -> None:
    uscc = world.uscc(key)
    await world.clients["officer"].do(cmd.ReadPrice(supplier=uscc))
    await world.settled(lambda s: s.bids[uscc].read)


async def reading(world: World, *silent: str) -> None:
    """Everything opened but the silent ones' bids, which are attributed; prices can be read."""
    await world.decrypting(*SUPPLIERS)
    for key in SUPPLIERS:
        people = ("officer", "opener") if key in silent else (key, "officer", "opener")
        for person in people:
            await acts.release_bid(world.clients[person], world.uscc(key))
    await world.settled(lambda s: sum(s.bids[b].opened for b in s.bids) == len(SUPPLIERS) - len(silent))
    if silent:
        run_out(world, "decrypting")
        await world.settled(lambda s: all(s.bids[world.uscc(key)].failure for key in silent))
        for key in silent:
            await world.clients["officer"].do(
                cmd.AttributeFailure(supplier=world.uscc(key), attribution="supplier", reason="未解密")
            )
    await world.advance("reading")


async def test_a_silent_opening_ends_by_its_clocks_with_every_default_recorded(world: World) -> None:
    """A says all that is asked; B confirms nothing and never signs; C does not even decrypt."""
    await world.ready(*SUPPLIERS)
    await world.discipline()
    await world.advance("seal_check")
    await world.settled(lambda s: all(s.bids[b].seal == "matched" for b in s.valid_bids()))
    await world.clients[A].do(cmd.ConfirmSeal())
    run_out(world, "seal_check")
    state = await world.settled(lambda s: s.bids[world.uscc(C)].seal == "default")
    assert [state.bids[world.uscc(key)].seal for key in SUPPLIERS] == ["confirmed", "default", "default"]
    await world.advance("decrypting")
    for key in (A, B):
        for person in (key, "officer", "opener"):
            await acts.release_bid(world.clients[person], world.uscc(key))
    await world.settled(lambda s: s.bids[world.uscc(B)].opened)
    officer = world.clients["officer"]
    with pytest.raises(InputError) as caught:  # not before its time is up
        await officer.do(cmd.AttributeFailure(supplier=world.uscc(C), attribution="supplier", reason="太慢"))
    assert caught.value.code == "refused.window_runs"
    run_out(world, "decrypting")
    state = await world.settled(lambda s: s.bids[world.uscc(C)].failure != "")
    assert state.bids[world.uscc(C)].failure == "decryption.supplier_silent"
    with pytest.raises(InputError) as caught:
        await world.advance("reading")
    assert caught.value.code == "gate.bid_open"
    await officer.do(cmd.AttributeFailure(supplier=world.uscc(C), attribution="supplier", reason="时限内未解密"))
    await world.advance("reading")
    for key in (A, B):
        await read_price(world, key)
        if key == A:
            await acts.confirm_price(world.clients[A], world.bids[A].payload.price.total)
        else:
            run_out(world, f"confirm:{world.uscc(B)}")
    state = await world.settled(lambda s: s.bids[world.uscc(B)].price != "")
    assert [state.bids[world.uscc(key)].price for key in SUPPLIERS] == ["confirmed", "default", ""]
    await world.advance("objections")
    await world.clients[A].do(cmd.DeclareNoObjection())
    run_out(world, "objections")
    state = await world.settled(lambda s: len(s.no_objection) == 3)
    assert state.no_objection == {world.uscc(A): False, world.uscc(B): True, world.uscc(C): True}
    await world.advance("signing")
    state = await world.settled(lambda s: s.document_of("opening_record") is not None)
    record = state.document_of("opening_record")
    assert record is not None
    await world.clients[A].until(lambda s: record.id in s.documents)
    refusal = cmd.RefuseSignature(document=record.id, reason="对记录有保留")
    await world.clients[A].do(refusal)
    run_out(world, "signing")
    state = await world.settled(lambda s: len(s.documents[record.id].deemed) == 2)
    signed = state.documents[record.id]
    assert signed.refused == {world.clients[A].me: "对记录有保留"}
    assert set(signed.deemed) == {world.clients[B].me, world.clients[C].me}
    assert set(signed.waiting) == {"officer", "clerk"}  # the agency's own silence is nobody's agreement
    await world.advance("opening_closed", "工作人员随后补签")
    assert world.state.phase == "opening_closed"


async def test_an_absent_bidder_is_deemed_to_agree_as_soon_as_the_record_is_there(world: World) -> None:
    await reading(world)
    me = world.clients[C].me
    await leaves(world, C)
    for key in SUPPLIERS:
        await read_price(world, key)
    await world.advance("objections")
    await world.advance("signing")
    state = await world.settled(lambda s: bool(s.documents) and me in next(iter(s.documents.values())).deemed)
    assert not next(iter(state.documents.values())).signed


async def test_a_silent_opener_is_the_platforms_failure_not_the_suppliers(world: World) -> None:
    await world.decrypting(*SUPPLIERS)
    for key in SUPPLIERS:
        await acts.release_bid(world.clients[key], world.uscc(key))
    run_out(world, "decrypting")
    state = await world.settled(lambda s: all(s.bids[b].failure for b in s.bids))
    assert {state.bids[b].failure for b in state.bids} == {"decryption.opener_silent"}


async def test_a_supplier_that_left_is_absent_and_its_trouble_is_kept(world: World) -> None:
    await world.decrypting(*SUPPLIERS)
    await world.clients[B].do(cmd.ReportTrouble(cause="token.gone", telemetry={"driver": "x"}))
    await leaves(world, C)
    run_out(world, "decrypting")
    state = await world.settled(lambda s: all(s.bids[b].failure for b in s.bids))
    assert state.bids[world.uscc(C)].failure == "decryption.supplier_absent"
    assert state.bids[world.uscc(B)].telemetry == {"trouble": "token.gone"}


async def test_pausing_stops_the_clocks_and_resuming_gives_the_time_back(world: World) -> None:
    await world.decrypting(*SUPPLIERS)
    officer = world.clients["officer"]
    until = world.state.windows["decrypting"].until
    await officer.do(cmd.Pause(reason="网络故障"))
    world.clock.advance(24 * 3600)
    await asyncio.sleep(0.1)
    assert world.state.window_open("decrypting")
    with pytest.raises(InputError):
        await acts.release_bid(world.clients[A], world.uscc(A))
    await officer.do(cmd.Resume())
    shifted = (world.state.windows["decrypting"].until - until).total_seconds()
    assert 24 * 3600 <= shifted < 24 * 3600 + 10
    await asyncio.sleep(0.1)
    assert world.state.window_open("decrypting")
    await acts.release_bid(world.clients[A], world.uscc(A))


async def test_an_outage_of_the_host_costs_nobody_time(world: World) -> None:
    await world.decrypting(*SUPPLIERS)
    until = world.state.windows["decrypting"].until
    folder, case = world.room.folder, world.room.case
    await world.host.close()
    world.clock.advance(6 * 3600)
    world.room = await type(world.room).open(folder, case, world.clock)
    await world.serve()
    outage = happened(world, evc.OutageNoted)[-1]
    assert 6 * 3600 - 5 <= float(outage.seconds) < 6 * 3600 + 60
    assert not happened(world, evo.DecryptionFailed)
    shifted = (world.state.windows["decrypting"].until - until).total_seconds()
    assert abs(shifted - float(outage.seconds)) < 0.01
    assert world.state.phase == "decrypting"
    await world.settled(lambda s: len(s.online) == 7)  # all come back by themselves
    await acts.release_bid(world.clients[A], world.uscc(A))


async def test_a_damaged_heartbeat_does_not_keep_the_host_down(world: World) -> None:
    await world.decrypting(*SUPPLIERS)
    folder, case = world.room.folder, world.room.case
    await world.host.close()
    (folder / "heartbeat").write_text("2026-")
    world.room = await type(world.room).open(folder, case, world.clock)
    await world.serve()
    assert world.state.phase == "decrypting"
    assert happened(world, evc.OutageNoted)


async def test_a_window_is_extended_only_while_it_runs_and_with_a_reason(world: World) -> None:
    await world.decrypting(*SUPPLIERS)
    officer = world.clients["officer"]
    until = world.state.windows["decrypting"].until
    await officer.do(cmd.ExtendWindow(window="decrypting", seconds=600, reason="多家供应商网络缓慢"))
    assert (world.state.windows["decrypting"].until - until).total_seconds() == 600
    for window, reason in (("decrypting", " "), ("seal_check", "已过"), ("none", "无")):
        with pytest.raises(InputError):
            await officer.do(cmd.ExtendWindow(window=window, seconds=60, reason=reason))


async def test_a_full_disk_does_not_stop_the_clock_for_good(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.decrypting(*SUPPLIERS)
    store = world.room.store
    append = store.append

    async def full(entries: object) -> None:
        raise FaultError("record.not_written", error="ENOSPC")

    monkeypatch.setattr(store, "append", full)
    run_out(world, "decrypting")
    await asyncio.sleep(0.2)
    assert world.state.window_open("decrypting")
    monkeypatch.setattr(store, "append", append)
    await world.settled(lambda s: not s.window_open("decrypting"))
    assert [entry.recorded.index for entry in world.room.entries] == list(range(world.room.tree.size))
