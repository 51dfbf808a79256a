"""Nobody can block a case by walking away: every phase of both methods is walked, and everyone in it stays silent once.

SESSION.md: a phase that waits for somebody has a clock and a recorded default; 87号令 art. 45 (leader), 49 (member).
"""

import copy
from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest
from factory import CONSULTATION, GRAVE, TENDER, A, B, C, Room, advance, digest, expert, opened, received
from moments import evaluating, ranked
from steps import (
    assemble,
    commit,
    confirm,
    open_quotes,
    papers,
    quote,
    report,
    review,
    talk,
    to_conformity,
    to_low_price,
    to_quoting,
    to_scoring,
    to_talks,
)

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_opening as evo
import app.session.rules.events_waiting as evw
from app.procurement.case import LotCase
from app.procurement.methods import METHODS
from app.session.rules.decide import waiting_for
from app.session.rules.people import HOST, Role
from app.session.rules.waiting import RELIEFS, awaited, overdue, relief_of

REASON = "两次催办未办理"


def in_phase(phase: str) -> Callable[[str], Room]:
    """A room of the opening that has just entered ``phase``, its clock running."""

    def made(method: str) -> Room:
        room = received(method)
        room.wait((room.state.the_lot().deadline - room.now).total_seconds() + 1)
        room.happens(evc.PhaseEntered(phase=phase, by="officer"))
        if phase in ("seal_check", "decrypting", "objections", "signing"):
            clock = {"decrypting": "decrypt", "signing": "sign"}.get(phase, phase)
            room.happens(evc.WindowOpened(window=phase, seconds=600, until=room.now + _seconds(room, clock)))
        for uscc in (A, B, C):
            header = room.state.bids[uscc].header_sha256
            if phase != "gathering":
                room.happens(evo.SealMatched(supplier=uscc, header_sha256=header, size=1))
            if phase not in ("gathering", "discipline", "seal_check"):
                room.happens(evo.SealConfirmed(supplier=uscc))
        return room

    return made


def _seconds(room: Room, clock: str) -> timedelta:
    return timedelta(seconds=room.state.windows_seconds[clock])


def announced(method: str) -> Room:
    room = received(method)
    room.state = room.state.with_(phase="announced", acceptances={}, kit_core="{}", kit_sha256="", kit_openers=())
    return room


def gathered(method: str) -> Room:
    return opened(method)


def assembling(method: str) -> Room:
    room = _at_door(method)
    papers(room)
    for member in room.state.members():
        room.does("engineer", cmd.LockPhone(person=member))
    advance(room, "assembling")
    return room


def _at_door(method: str) -> Room:
    room = opened(method)
    if method == TENDER:
        advance(room, "qualification")
        review(room, "officer", "o2")
    return room


def committing(method: str) -> Room:
    room = _at_door(method)
    assemble(room)
    return room


def electing(method: str) -> Room:
    room = committing(method)
    commit(room)
    return room


def qualification(method: str) -> Room:
    room = opened(method)
    if method == TENDER:
        advance(room, "qualification")
    else:
        to_conformity(room)
    return room


def conformity(method: str) -> Room:
    room = _at_door(method)
    to_conformity(room)
    if method == CONSULTATION:
        review(room, *room.state.members())
        advance(room, "conformity", "m1")
    return room


def talks(method: str) -> Room:
    room = opened(method)
    to_talks(room)
    return room


def talking(method: str) -> Room:
    room = talks(method)
    talk(room, A)
    room.does("m1", cmd.ChangeRequirement(text="x"))
    room.does("m0", cmd.ConfirmRequirement(change="ch1"))
    room.does("sb", cmd.ResubmitResponse(change="ch1", text="x", grave=GRAVE))
    return room


def quoting(method: str) -> Room:
    room = opened(method)
    to_quoting(room)
    return room


def low_price(method: str) -> Room:
    room = opened(method, {A: "400.00", B: "850.00", C: "950.00"})
    if method == TENDER:
        to_low_price(room)
    else:
        to_quoting(room)
        quote(room, A, B, C)
        open_quotes(room, {A: "400.00", B: "850.00", C: "950.00"})
    return room


def explained(method: str) -> Room:
    room = low_price(method)
    room.does("sa", cmd.FileExplanation(text="x", grave=GRAVE))
    return room


def scoring(method: str) -> Room:
    if method == TENDER:
        room = opened(method)
        to_scoring(room)
        return room
    return evaluating(method)


def checking(method: str) -> Room:
    room = ranked(method)
    advance(room, "agency_check", "m1")
    return room


def asked_again(method: str) -> Room:
    room = checking(method)
    room.does("officer", cmd.AskReCheck(ground="summing_error", reason="x"))
    return room


def reporting(method: str) -> Room:
    room = ranked(method)
    room.state = room.state.with_(candidates=())
    confirm(room)
    report(room)
    return room


def ended(method: str) -> Room:
    room = reporting(method)
    room.run_out("report")
    return room


BOTH = (TENDER, CONSULTATION)
WALK: dict[str, tuple[tuple[str, ...], Callable[[str], Room]]] = {
    "announced": (BOTH, announced),
    **{
        p: (BOTH, in_phase(p)) for p in ("gathering", "discipline", "seal_check", "decrypting", "objections", "signing")
    },
    "reading": ((TENDER,), in_phase("reading")),
    "opening_closed": (BOTH, gathered),
    "qualification": (BOTH, qualification),
    "assembling": (BOTH, assembling),
    "commitment": (BOTH, committing),
    "leader": (BOTH, electing),
    "conformity": (BOTH, conformity),
    "talks": ((CONSULTATION,), talks),
    "talks, one held and a change": ((CONSULTATION,), talking),
    "quoting": ((CONSULTATION,), quoting),
    "low_price": (BOTH, low_price),
    "low_price, explained": (BOTH, explained),
    "scoring": (BOTH, scoring),
    "summary": (BOTH, ranked),
    "agency_check": (BOTH, checking),
    "agency_check, asked again": (BOTH, asked_again),
    "report": (BOTH, reporting),
    "evaluation_closed": (BOTH, ended),
}
CASES = [(method, name) for name, (methods, _) in WALK.items() for method in methods]
_made: dict[tuple[str, str], Room] = {}


def at(method: str, name: str) -> Room:
    if (method, name) not in _made:
        _made[method, name] = WALK[name][1](method)
    room = copy.copy(_made[method, name])
    room.log = list(room.log)
    return room


def people_waited_for(room: Room) -> set[str]:
    return {item.person for item in (*waiting_for(room.state), *awaited(room.state, room.now)) if item.person != HOST}


def test_every_phase_of_every_method_is_walked() -> None:
    for code, method in METHODS.items():
        walked = {at(code, name).state.phase for m, name in CASES if m == code}
        assert walked == {phase.name for phase in method.phases} | {"announced"}


@pytest.mark.parametrize(("method", "name"), CASES)
def test_somebody_is_always_waited_for_or_the_host_is(method: str, name: str) -> None:
    """A phase that waits for nobody would be stuck; before the deadline nothing is due."""
    room = at(method, name)
    room.wait(30 * 86_400)
    assert waiting_for(room.state) or awaited(room.state, room.now) or room.state.failed


@pytest.mark.parametrize(("method", "name"), CASES)
def test_no_phase_waits_for_ever_on_anyone(method: str, name: str) -> None:
    """Each person that is waited for stays silent: a default takes the place of the act, or somebody steps in."""
    for person in sorted(people_waited_for(at(method, name))):
        room = at(method, name)
        for _ in range(60):
            room.wait(86_400)
            if overdue(room.state, person) and relief_of(room.state, person) is not None:
                break
            if person not in people_waited_for(room):
                break
        if person not in people_waited_for(room):
            continue
        assert not room.state.supplier_of(person), f"{name}: the supplier {person} has no default"
        assert overdue(room.state, person), f"{name}: {person} has no clock"
        relieve(room, person)
        assert person not in people_waited_for(room), f"{name}: {person} is still waited for"


def relieve(room: Room, person: str) -> None:
    """What :data:`RELIEFS` names, done by another person."""
    relief = relief_of(room.state, person)
    assert relief is not None
    state = room.state
    officer = state.with_role(Role.OFFICER)[0]
    match relief.act:
        case "call_election":
            room.does("officer", cmd.CallElection(reason=REASON))
            for member in room.state.members():
                candidate = next(m for m in room.state.members() if m not in (person, "m0"))
                room.tries(member, cmd.VoteLeader(candidate=candidate))
            assert room.state.leader != person
            if person in people_waited_for(room):  # as a member it is lost too
                relieve(room, person)
        case "replace_member":
            room.does(officer, cmd.ReplaceMember(person=person, substitute=expert("n1"), reason=REASON))
        case "issue_kit":
            others = [p for p in state.with_role(Role.OPENER) if p != person]
            for other in others:
                room.does(other, cmd.AcceptOpening(acceptance="{}"))
            room.state = room.state.with_(lot=_one_of_two(room))
            room.does(officer, cmd.IssueKit(kit_sha256=digest("kit")))
        case "advance":  # agency and purchaser review between the rooms: the agency goes on alone (art. 44)
            review(room, officer)
            papers(room)
            for member in room.state.members():
                room.does("engineer", cmd.LockPhone(person=member))
            room.does(officer, cmd.Advance(phase="assembling", reason=REASON))
        case "take_over":
            room.does("clerk", cmd.TakeOver(reason=REASON))
            assert room.state.with_role(Role.OFFICER) == ("clerk",)
        case _:
            raise AssertionError(relief.act)


def _one_of_two(room: Room) -> LotCase:
    lot = room.state.the_lot()
    policy = msgspec.structs.replace(lot.opening_policy, k=1, layers="supplier")
    return msgspec.structs.replace(lot, opening_policy=policy)


# --- the rules in detail ---


def test_the_leader_is_reminded_and_only_then_may_others_call_an_election() -> None:
    """87号令 art. 45: the organiser organises the election; a leader that walks away does not end the case."""
    room = at(TENDER, "conformity")
    review(room, *room.state.members())
    call = cmd.CallElection(reason=REASON)
    assert room.refuses("officer", call) == "refused.not_overdue"
    room.wait(901)
    assert [(e.person, e.act) for e in room.of(evw.Reminded)] == [("m1", "advance")]
    assert room.refuses("m2", call) == "refused.not_overdue"
    room.does("m1", cmd.AskClarification(supplier=A, text="x"))  # whoever acts is not overdue
    assert room.state.reminded == {}
    room.run_out("clarify:c1")
    room.wait(901)
    room.wait(901)
    assert overdue(room.state, "m1")
    room.does("m2", call)
    assert room.state.leader == ""
    assert room.refuses("m2", cmd.VoteLeader(candidate="m1")) == "refused.may_not_lead"
    for member in room.state.members():
        room.does(member, cmd.VoteLeader(candidate="m3"))
    assert room.state.leader == "m3"
    advance(room, "low_price", "m3")


def test_talking_is_no_act() -> None:
    room = at(TENDER, "agency_check")
    for _ in range(2):
        room.wait(901)
        room.does("officer", cmd.PostMessage(to="committee", text="稍等"))
    assert overdue(room.state, "officer")


def test_the_clerk_takes_over_and_the_former_officer_may_no_longer_lead() -> None:
    room = at(TENDER, "agency_check")
    take = cmd.TakeOver(reason=REASON)
    assert room.refuses("clerk", take) == "refused.not_overdue"
    room.wait(901)
    room.wait(901)
    assert room.refuses("o2", take) == "refused.role"  # the purchaser's opener
    room.does("clerk", take)
    assert room.refuses("officer", cmd.ConfirmCheck()) == "refused.role"
    room.does("clerk", cmd.ConfirmCheck())


def test_a_pause_and_an_outage_give_everybody_new_patience() -> None:
    room = at(TENDER, "agency_check")
    room.wait(800)
    room.does("officer", cmd.Pause(reason="x"))
    room.wait(5000)
    room.does("officer", cmd.Resume())
    room.wait(899)
    assert room.of(evw.Reminded) == []


def test_before_the_deadline_the_officer_is_not_waited_for() -> None:
    room = received()
    room.happens(evc.PhaseEntered(phase="gathering", by="officer"))
    assert awaited(room.state, room.now) == ()


def test_the_table_of_reliefs_covers_every_role_that_is_ever_waited_for() -> None:
    assert {relief.role for relief in RELIEFS} == {"leader", "member", "opener", "purchaser", "officer"}
