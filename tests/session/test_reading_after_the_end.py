"""After a case is closed its people may still sign in, to read what they may see; nothing is recorded any more."""

import asyncio

import pytest
from world import World

import app.session.rules.commands as cmd
from app.errors import InputError
from app.session.engine import Step
from app.session.rules.event import Recorded
from app.session.rules.events_case import BidSubmitted, CaseClosed
from app.session.rules.fold import apply
from app.session.rules.people import HOST
from app.session.rules.state import CLOSED

A, B = "supplier-a", "supplier-b"


async def close_case(world: World) -> None:
    """The case is closed here and now; everybody's desk is gone, and the host has been started again."""
    room = world.room
    event = CaseClosed(undone=(), reason="")
    recorded = Recorded(room.state.size, room.now(), HOST, event)
    await room._commit(Step(((HOST, event),), 1, apply(room.state, recorded)), HOST, None)
    for client in [*world.clients.values()]:
        await client.close()
    world.clients.clear()
    await world.restart()
    assert world.state.phase == CLOSED


async def submitted(world: World) -> int:
    """Two bids are in, then the end; the number of entries."""
    await world.receiving(A, B)
    await world.submit(A, B)
    await close_case(world)
    return world.state.size


async def test_a_supplier_signs_in_anew_and_fetches_its_own_receipt_and_envelope(world: World) -> None:
    size = await submitted(world)
    client = world.client(A, secret="")
    await client.start()
    assert client.state.phase == CLOSED
    own = client.state.bids[world.uscc(A)]
    assert own.receipt
    assert len(await client.files.fetch(own.envelope_sha256)) == own.size
    other = world.state.bids[world.uscc(B)]
    with pytest.raises(InputError, match=r"blob\.missing"):
        await client.files.fetch(other.envelope_sha256)
    seen = [e.event for e in client.entries.values() if isinstance(e.event, BidSubmitted)]
    assert [event.supplier for event in seen] == [world.uscc(A)]
    assert client.alarm == ""
    assert world.state.size == size  # nothing was recorded for it


async def test_staff_reads_and_comes_back_by_its_session_but_does_and_uploads_nothing(world: World) -> None:
    size = await submitted(world)
    client = world.client("officer", secret="")
    await client.start()
    assert await client.files.fetch(client.state.kit_sha256)
    for command in (
        cmd.RaiseHand(),
        cmd.PostMessage(to="all", text="x"),
        cmd.FailCase(ground="x", article="x", reason="x"),
    ):
        with pytest.raises(InputError, match=r"refused\.closed"):
            await client.do(command)
    with pytest.raises(InputError, match=r"refused\.closed"):
        await client.files.upload(b"late")
    assert client._socket is not None
    gone = client._socket
    await gone.close()
    async with asyncio.timeout(10):
        while client._socket in (gone, None):
            await asyncio.sleep(0.01)
    assert client.status == "connected"
    assert world.state.size == size


async def test_after_the_end_no_link_binds_and_no_other_certificate_gets_in(world: World) -> None:
    await world.receiving(A)
    people, signed_in = world.state.people, world.state.signed_in
    never = next(k for k in world.samples if world.id_of(k) in people and world.id_of(k) not in signed_in)
    await close_case(world)
    with pytest.raises(InputError, match=r"sign_in\.case_closed"):
        await world.client(never).start()
    with pytest.raises(InputError, match=r"sign_in\.registration_closed"):
        await world.client("supplier-c", secret="").start()
