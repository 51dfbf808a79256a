"""When a share may be released: each rule refused by the holder's desk, and by the host when a desk is lenient."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from world import World

import app.session.rules.events_case as evc
from app.ca.envelope_header import EnvelopeHeader
from app.errors import InputError
from app.session import acts
from app.session.acts import UNSIGNED, check_release
from app.session.rules import commands as cmd
from app.session.rules.state import Bid, State

SUPPLIERS = ("supplier-a", "supplier-b", "supplier-c")


class Desk:
    """What :func:`check_release` looks at, to be bent one thing at a time."""

    def __init__(self, real: Any) -> None:
        self.state: State = real.state
        self.clock = real.clock
        self.head = real.head
        self.alarm = ""
        self.entries = dict(real.entries)


Bend = Callable[[Desk, Bid, EnvelopeHeader], tuple[Bid, EnvelopeHeader]]


def of_state(**changes: Any) -> Bend:
    def bend(desk: Desk, bid: Bid, header: EnvelopeHeader) -> tuple[Bid, EnvelopeHeader]:
        desk.state = desk.state.with_(**changes)
        return bid, header

    return bend


def of_desk(**changes: Any) -> Bend:
    def bend(desk: Desk, bid: Bid, header: EnvelopeHeader) -> tuple[Bid, EnvelopeHeader]:
        for name, value in changes.items():
            setattr(desk, name, value)
        return bid, header

    return bend


def of_header(change: Callable[[Any], Any]) -> Bend:
    def bend(desk: Desk, bid: Bid, header: EnvelopeHeader) -> tuple[Bid, EnvelopeHeader]:
        return bid, msgspec.structs.replace(header, core=change(header.core))

    return bend


def superseded(desk: Desk, bid: Bid, header: EnvelopeHeader) -> tuple[Bid, EnvelopeHeader]:
    desk.state = desk.state.with_(superseded=frozenset({header.sha256}))
    return bid, header


def withdrawn(desk: Desk, bid: Bid, header: EnvelopeHeader) -> tuple[Bid, EnvelopeHeader]:
    desk.state = desk.state.with_(bids={bid.supplier: msgspec.structs.replace(bid, withdrawn=True)})
    return bid, header


def unreceipted(desk: Desk, bid: Bid, header: EnvelopeHeader) -> tuple[Bid, EnvelopeHeader]:
    other = msgspec.structs.replace(bid, header_sha256="ab" * 32)
    desk.state = desk.state.with_(bids={bid.supplier: other})
    return bid, header


def early(desk: Desk, bid: Bid, header: EnvelopeHeader) -> tuple[Bid, EnvelopeHeader]:
    deadline = desk.state.the_lot().deadline

    class Early:
        def now(self) -> Any:
            return deadline - timedelta(seconds=6)

    desk.clock = Early()
    return bid, header


def unwitnessed(desk: Desk, bid: Bid, header: EnvelopeHeader) -> tuple[Bid, EnvelopeHeader]:
    begun = max(i for i, r in desk.entries.items() if isinstance(r.event, evc.PhaseEntered))
    desk.head = (begun, "ab" * 32)  # a head just before the phase began
    return bid, header


RULES: list[tuple[str, Bend]] = [
    ("release.not_decrypting", of_state(phase="seal_check")),
    ("release.not_decrypting", of_state(phase="reading")),
    ("release.not_decrypting", of_state(paused="休息")),
    ("release.not_receipted", of_state(bids={})),
    ("release.not_receipted", unreceipted),
    ("release.superseded", superseded),
    ("release.superseded", withdrawn),
    ("release.before_deadline", early),
    ("release.not_witnessed", unwitnessed),
    ("release.not_witnessed", of_desk(alarm="record.forked")),
    ("release.rehearsal", of_state(rehearsal=False)),
    ("release.rehearsal", of_header(lambda core: msgspec.structs.replace(core, rehearsal=False))),
    ("release.foreign", of_header(lambda core: msgspec.structs.replace(core, purpose="quote"))),
    *(
        ("release.foreign", of_header(lambda core, name=name: placed(core, name)))  # type: ignore[misc]
        for name in ("case", "lot", "kit_sha256")
    ),
]


def placed(core: Any, name: str) -> Any:
    """Sealed for another case or lot, or with another kit."""
    return msgspec.structs.replace(core, context={**core.context, name: "X"})


async def test_a_holders_desk_refuses_whatever_is_not_the_opening_of_this_bid(world: World) -> None:
    await world.decrypting(*SUPPLIERS)
    opener = world.clients["opener"]
    bid = opener.state.bids[world.uscc("supplier-a")]
    header = await acts._header(opener, bid.envelope_sha256)
    await opener.until(lambda _state: opener.head[0] >= acts.phase_index(opener))
    check_release(opener, bid, header)  # nothing bent: it may be
    for code, bend in RULES:
        desk = Desk(opener)
        with pytest.raises(InputError) as caught:
            check_release(desk, *bend(desk, bid, header))  # type: ignore[arg-type]
        assert caught.value.code == code


async def lenient(world: World, key: str, header: str, kind: Any = cmd.ReleaseShare) -> str:
    """The host's answer to a desk that releases whatever it is asked."""
    desk = world.clients[key]
    blob = await desk.files.upload(b"a share")
    with pytest.raises(InputError) as caught:
        await desk.grave(kind(header_sha256=header, commitment="ab" * 32, share_sha256=blob, grave=UNSIGNED))
    return caught.value.code


async def test_the_host_refuses_releases_out_of_time(world: World) -> None:
    await world.ready(*SUPPLIERS)
    header = world.state.bids[world.uscc("supplier-a")].header_sha256
    for phase in ("discipline", "seal_check"):
        assert await lenient(world, "opener", header) == "refused.phase"
        assert await lenient(world, "supplier-a", header, cmd.ReleaseSupplierKey) == "refused.phase"
        await (world.discipline() if phase == "discipline" else world.advance("seal_check"))
    with pytest.raises(InputError) as caught:
        await world.clients["opener"].files.header(world.state.bids[world.uscc("supplier-a")].envelope_sha256, 1 << 20)
    assert caught.value.code == "blob.missing"  # not even the header is given out before


async def test_the_host_refuses_releases_by_others_and_for_other_bids(world: World) -> None:
    await world.receiving(*SUPPLIERS)
    await world.submit(*SUPPLIERS)
    old = world.state.bids[world.uscc("supplier-c")].header_sha256
    await world.submit("supplier-c")  # replaced: the old envelope is never opened
    officer = world.clients["officer"]
    await officer.do(cmd.Advance(phase="gathering"))
    await officer.do(cmd.WaiveGate(gate="recording_runs", reason="演练"))
    await world.settled(lambda s: len(s.clocks) >= 2)
    world.past_deadline()
    await world.discipline()
    await world.advance("seal_check")
    await world.settled(lambda s: all(s.bids[b].seal == "matched" for b in s.valid_bids()))
    await world.clients["supplier-b"].do(cmd.RaiseSealMismatch(reason="回执不符"))
    await officer.do(cmd.RuleSealMismatch(supplier=world.uscc("supplier-b"), admitted=False, reason="不予开启"))
    for key in ("supplier-a", "supplier-c"):
        await world.clients[key].do(cmd.ConfirmSeal())
    await world.advance("decrypting")
    a, b = (world.state.bids[world.uscc(key)].header_sha256 for key in ("supplier-a", "supplier-b"))
    assert await lenient(world, "opener", old) == "release.superseded"
    assert await lenient(world, "opener", "ab" * 32) == "release.not_receipted"
    assert await lenient(world, "opener", b) == "release.not_receipted"  # excluded
    assert await lenient(world, "supervisor", a) == "release.not_holder"
    assert await lenient(world, "clerk", a) == "refused.role"
    assert await lenient(world, "supplier-c", a) == "refused.role"
    assert await lenient(world, "supplier-c", a, cmd.ReleaseSupplierKey) == "release.superseded"  # not its own
    await acts.release_bid(world.clients["opener"], world.uscc("supplier-a"))
    assert await lenient(world, "opener", a) == "release.again"
    for key in ("supplier-a", "officer"):
        await acts.release_bid(world.clients[key], world.uscc("supplier-a"))
    await world.settled(lambda s: s.bids[world.uscc("supplier-a")].opened)
    assert await lenient(world, "officer", a) == "release.settled"


async def test_a_released_share_that_is_none_fails_the_bid_and_says_so(world: World) -> None:
    """A lenient desk hands in rubbish: it is attributed, and the other bids open."""
    await world.decrypting(*SUPPLIERS)
    uscc = world.uscc("supplier-a")
    desk = world.clients["opener"]
    blob = await desk.files.upload(b"rubbish")
    header = world.state.bids[uscc].header_sha256
    await desk.grave(cmd.ReleaseShare(header_sha256=header, commitment="ab" * 32, share_sha256=blob, grave=UNSIGNED))
    for key in ("supplier-a", "officer"):
        await acts.release_bid(world.clients[key], uscc)
    state = await world.settled(lambda s: s.bids[uscc].failure != "")
    assert not state.bids[uscc].opened
    other = world.uscc("supplier-b")
    for key in ("supplier-b", "officer", "opener"):
        await acts.release_bid(world.clients[key], other)
    await world.settled(lambda s: s.bids[other].opened)
