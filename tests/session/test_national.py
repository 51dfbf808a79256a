"""A case in national algorithms: SM2 tokens sign in, accept, seal, act and open; the host's own key stays P-256."""

from typing import Any

import pytest
from national import NationalHolder

from app.ca import receipt as receipts
from app.ca import sm2
from app.ca.envelope import read_header
from app.ca.sealing_kit import verify
from app.ca.signatures import SM2_SUITE, describe
from app.ca.trust import TrustList, Usage, Verdict
from app.errors import InputError
from app.session import acts
from app.session.signin import unbase64
from tests.session.test_bidbox import foreign, open_room, refused, release
from tests.session.world import World

SUPPLIERS = ("supplier-a", "supplier-b", "supplier-c")


@pytest.mark.parametrize(
    ("national", "suite"),
    [
        (("officer", "opener", "supervisor", "supplier-a", "supplier-b"), "gm-1"),  # supplier-c comes with an EC token
        (("supplier-a", "opener"), "intl-1"),  # one opener with an EC token makes the case international
    ],
)
async def test_bids_are_sealed_received_opened_and_the_acts_signed(
    make_world: Any, national: tuple[str, ...], suite: str
) -> None:
    world: World = await make_world(national=national)
    await world.receiving(*SUPPLIERS)
    assert world.kit.core.suite == suite
    path, header = await world.seal("supplier-a")
    with path.open("rb") as file:
        assert read_header(file).core.suite == suite
    receipt = await acts.submit_bid(world.clients["supplier-a"], path, header)
    assert receipts.verify(receipt, world.room.keys.fingerprint).body.header_sha256 == header
    await world.submit("supplier-b", "supplier-c")
    await open_room(world, *SUPPLIERS)
    await release(world, *SUPPLIERS)
    state = await world.settled(lambda s: all(s.bids[b].opened or s.bids[b].failure for b in s.bids))
    assert {supplier: (bid.opened, bid.failure) for supplier, bid in state.bids.items()} == {
        world.uscc(key): (True, "") for key in SUPPLIERS
    }
    for key in SUPPLIERS:
        documents = state.bids[world.uscc(key)].documents
        assert [document.sha256 for document in documents] == [d.sha256 for d in world.bids[key].payload.documents]
    for key in national:
        holder = world.keys[key]
        assert isinstance(holder, NationalHolder)
        certificate = unbase64(state.certificates[world.clients[key].me])
        assert (certificate, describe(certificate).suite) == (holder.signing_certificate, SM2_SUITE)


async def test_a_kit_s_suite_is_not_left(make_world: Any) -> None:
    """A bid in the other suite than the kit says: what openers and officer signed is what counts."""
    world: World = await make_world(national=("officer", "opener", "supplier-a"))
    await world.receiving("supplier-a")
    path, header = await foreign(world, "supplier-a")  # sealed in intl-1, else like a bid
    assert await refused(world, "supplier-a", path, header) == "bid.foreign"
    await world.submit("supplier-a")


async def test_a_machine_without_sm2_blames_nobody(make_world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither does the host say that a good signature is wrong, nor a supplier's desk that nobody accepted the kit."""
    world: World = await make_world(national=("officer", "opener", "supplier-a"))
    await world.receiving()

    roots = [world.pki.trust_file.read_bytes(), world.national.root]
    trust = TrustList(roots, [world.pki.crl_file.read_bytes(), *world.national.crls()], demo=True)

    def believe(certificate: bytes, chain: tuple[bytes, ...], usage: Usage) -> Verdict:
        return trust.validate(certificate, chain, world.clock.now(), usage)

    verify(world.kit, believe)
    monkeypatch.setattr(sm2, "gmssl_fast", None)
    with pytest.raises(InputError, match=r"^sm2\.unavailable"):
        verify(world.kit, believe)
    with pytest.raises(InputError, match=r"^sm2\.unavailable"):
        await world.enter("supplier-a")
