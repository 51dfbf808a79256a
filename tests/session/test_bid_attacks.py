"""Rows of the envelope's attack table that need a host and desks; each succeeds when its one defence is taken out."""

from pathlib import Path
from typing import Any

import pytest
from test_bidbox import foreign, open_room, refused, release
from world import World

from app.ca.envelope import EnvelopeHeader, read_header
from app.ca.envelope_header import frame_header
from app.canon import canonical, parse_canonical, sha256_hex
from app.errors import InputError
from app.session import acts
from app.session.bidbox import BidBox
from app.session.rules import commands as cmd

SUPPLIERS = ("supplier-a", "supplier-b", "supplier-c")


def under_another_header(path: Path, change: str) -> tuple[Path, str]:
    """A rival's envelope, every ciphertext as it is, with a header that is not the same."""
    with path.open("rb") as file:
        header, body = read_header(file), file.read()
    value: Any = parse_canonical(header.raw, 1 << 20)
    if change == "blobs":  # the share that nobody needs
        value["blobs"][0] = value["blobs"][1]
    else:
        value["core"]["env_id"] = "ab" * 32
    raw = canonical(value)
    copy = path.with_suffix(f".{change}")
    copy.write_bytes(frame_header(raw) + body)
    return copy, sha256_hex(raw)


@pytest.mark.parametrize("defended", [True, False])
async def test_a_rivals_ciphertext_is_not_received_under_another_header(
    world: World, monkeypatch: pytest.MonkeyPatch, defended: bool
) -> None:
    await world.receiving("supplier-a", "supplier-b")
    path, header = await world.seal("supplier-a")
    await acts.submit_bid(world.clients["supplier-a"], path, header)
    if not defended:
        monkeypatch.setattr(BidBox, "_is_copy", lambda *_: False)
    for change in ("blobs", "env_id"):
        copy, copied = under_another_header(path, change)
        if defended:
            assert await refused(world, "supplier-b", copy, copied) == "bid.copied"
        else:
            await acts.submit_bid(world.clients["supplier-b"], copy, copied)
            assert world.state.bids[world.uscc("supplier-b")].header_sha256 == copied
    if defended:  # a withdrawn bid is not free to be copied either
        await acts.withdraw_bid(world.clients["supplier-a"])
        copy, copied = under_another_header(path, "blobs")
        assert await refused(world, "supplier-b", copy, copied) == "bid.copied"
        await world.restart()  # what was received is known from the record, not from memory
        await world.clients["supplier-b"].until(lambda _s: world.clients["supplier-b"].status == "connected", 20)
        assert await refused(world, "supplier-b", copy, copied) == "bid.copied"


@pytest.mark.parametrize("defended", [True, False])
async def test_what_somebody_else_signed_does_not_become_ones_bid(
    world: World, monkeypatch: pytest.MonkeyPatch, defended: bool
) -> None:
    await world.receiving(*SUPPLIERS)
    stolen, header = await foreign(world, "supplier-a", supplier=world.keys["supplier-b"].encryption_certificate)
    await acts.submit_bid(world.clients["supplier-b"], stolen, header)
    await world.submit("supplier-a", "supplier-c")
    if not defended:
        monkeypatch.setattr(BidBox, "_check_bid", lambda *_: None)
    await open_room(world, *SUPPLIERS)
    await release(world, "supplier-b")
    uscc = world.uscc("supplier-b")
    state = await world.settled(lambda s: s.bids[uscc].opened or s.bids[uscc].failure != "")
    assert state.bids[uscc].opened != defended


@pytest.mark.parametrize("defended", [True, False])
async def test_a_lying_host_cannot_use_a_desk_as_an_oracle(
    world: World, monkeypatch: pytest.MonkeyPatch, defended: bool
) -> None:
    """The host gives the header out too early and asks for the share: the token is not even asked."""
    await world.ready(*SUPPLIERS)
    await world.discipline()
    await world.advance("seal_check")
    uscc = world.uscc("supplier-a")
    for key in ("opener", "supplier-a"):
        await world.clients[key].until(lambda s: uscc in s.bids and s.phase == "seal_check", 20)
    path = world.room.blobs.path(world.state.bids[uscc].envelope_sha256)

    async def too_early(_client: object, _envelope: str) -> EnvelopeHeader:
        with path.open("rb") as file:
            return read_header(file)

    monkeypatch.setattr(acts, "_header", too_early)
    monkeypatch.setattr(acts, "WITNESS_SECONDS", 0.1)
    if not defended:
        monkeypatch.setattr(acts, "check_release", lambda *_: None)
    given: list[str] = []
    to_host = acts._to_host

    async def watched(client: Any, share: Any) -> str:
        given.append(share.kind)
        return await to_host(client, share)

    monkeypatch.setattr(acts, "_to_host", watched)
    for key in ("opener", "supplier-a"):
        with pytest.raises(InputError) as caught:
            await acts.release_bid(world.clients[key], uscc)
        assert caught.value.code == ("release.not_decrypting" if defended else "refused.phase")
    asked = [act.code for key in ("opener", "supplier-a") for act in world.keys[key].acts]
    assert ("release_share" in asked, "release_supplier_key" in asked) == (not defended, not defended)
    assert given == ([] if defended else ["share", "supplier"])


async def test_a_late_desk_does_not_believe_the_hosts_clock(world: World) -> None:
    """Phase and record say that the opening is on; the desk's own clock says that the deadline has not come."""
    await world.decrypting(*SUPPLIERS)
    opener = world.clients["opener"]
    deadline = world.file.deadline

    class Slow:
        def now(self) -> Any:
            return deadline - acts.CLOCK_SLACK * 2

        def monotonic(self) -> float:
            return world.clock.monotonic()

    opener.clock = Slow()
    with pytest.raises(InputError) as caught:
        await acts.release_bid(opener, world.uscc("supplier-a"))
    assert caught.value.code == "release.before_deadline"
    assert "release_share" not in [act.code for act in world.keys["opener"].acts]
    with pytest.raises(InputError):  # nothing was released, so nothing opens
        await world.clients["officer"].do(cmd.Advance(phase="reading", reason=""))
