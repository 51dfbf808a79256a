"""A supplier decrypts with its paper: announced, allowed by the case, under the same rules as with the token."""

import io
from pathlib import Path
from typing import Any

import msgspec
import pypdfium2
import pytest
from test_bidbox import open_room, release
from world import RECEIVING, World

import app.session.rules.events_opening as evo
from app.ca.envelope import read_header, take_share
from app.ca.paper import words_of
from app.ca.token import Act
from app.clock import SystemClock
from app.errors import InputError
from app.rehearsal.sample_case import sample_case
from app.session import acts
from app.session.recovery import paper_of, release_from_paper

SUPPLIERS = ("supplier-a", "supplier-b", "supplier-c")


async def allowing(make_world: Any) -> World:
    """A case whose policy lets suppliers keep their share on paper."""
    plain = sample_case("public_tender", SystemClock().now(), receiving=RECEIVING)
    world: World = await make_world(opening_policy=msgspec.structs.replace(plain.opening_policy, recovery=True))
    return world


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    return str(document[0].get_textpage().get_text_bounded())


async def words_for(world: World, path: Path) -> list[str]:
    with path.open("rb") as file:
        header = read_header(file)
    return list(words_of(await take_share(header, world.keys["supplier-a"], Act("print_recovery_share"))))


async def code(work: Any) -> str:
    with pytest.raises(InputError) as caught:
        await work
    return caught.value.code


async def test_a_broken_token_does_not_cost_the_bid(make_world: Any) -> None:
    world = await allowing(make_world)
    await world.receiving(*SUPPLIERS)
    path, header = await world.seal("supplier-a")
    page = text_of(await paper_of(path, world.keys["supplier-a"], world.clock))
    with path.open("rb") as file:
        assert read_header(file).core.env_id in page.replace("\r\n", "")
    words = await words_for(world, path)
    a = world.clients["supplier-a"]
    await acts.submit_bid(a, path, header, recovery=True)
    await world.submit("supplier-b", "supplier-c")
    uscc = world.uscc("supplier-a")
    assert await code(release_from_paper(a, words)) == "blob.missing"  # before its time not even the header is given
    await open_room(world, *SUPPLIERS)
    assert await code(release_from_paper(a, words[::-1])) == "paper.checksum"
    assert await code(release_from_paper(world.clients["supplier-b"], words)) == "release.recovery_unannounced"

    async def broken(_blob: bytes, _act: Act) -> bytes:
        raise InputError("token.gone")

    world.keys["supplier-a"].unwrap = broken  # type: ignore[assignment,method-assign]
    assert await code(acts.release_bid(a, uscc)) == "token.gone"
    await release_from_paper(a, words)
    for key in ("officer", "opener"):
        await acts.release_bid(world.clients[key], uscc)
    await world.settled(lambda s: s.bids[uscc].opened)
    released = [e.recorded.event for e in world.room.entries if isinstance(e.recorded.event, evo.SupplierKeyReleased)]
    assert [event.recovered for event in released] == [True]
    assert world.state.bids[uscc].recovered
    await release(world, "supplier-b")


async def test_a_case_that_does_not_allow_paper_refuses_it(world: World) -> None:
    await world.receiving("supplier-a")
    path, header = await world.seal("supplier-a")
    a = world.clients["supplier-a"]
    assert await code(acts.submit_bid(a, path, header, recovery=True)) == "bid.recovery_not_allowed"
    await acts.submit_bid(a, path, header)
    assert not world.state.bids[world.uscc("supplier-a")].recovery


async def test_the_paper_obeys_the_release_rules(make_world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lying host gives the header out too early: the desk keeps the paper's share to itself."""
    world = await allowing(make_world)
    await world.receiving(*SUPPLIERS)
    path, header = await world.seal("supplier-a")
    words = await words_for(world, path)
    a = world.clients["supplier-a"]
    await acts.submit_bid(a, path, header, recovery=True)

    async def too_early(_digest: str, _limit: int) -> bytes:
        return path.read_bytes()

    monkeypatch.setattr(a.files, "header", too_early)
    monkeypatch.setattr("app.session.recovery.WITNESS_SECONDS", 0.1)
    blobs = list(world.room.blobs.digests())
    assert await code(release_from_paper(a, words)) == "release.not_decrypting"
    assert list(world.room.blobs.digests()) == blobs
    assert io.BytesIO(path.read_bytes()).read(8) == b"BIDENV1\n"
