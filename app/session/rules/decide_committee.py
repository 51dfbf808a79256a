"""The committee 评审小组: place, commitment, recusal, replacement, the leader's election (87号令 art. 45-49)."""

import string
from collections.abc import Iterable
from datetime import datetime

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_evaluation as ev
from app.errors import InputError
from app.procurement.case_checks import composition_problems
from app.session.rules.checks import in_opening_room, known, text
from app.session.rules.decide import ELAPSED, Events, Waiting, decides, gate, open_window, require_counts
from app.session.rules.decide_review import undecided
from app.session.rules.evaluation import (
    AFTER_ELECTION,
    enter_if_open,
    in_evaluation,
    may_lead,
    missed,
    next_name,
    register,
    voters,
)
from app.session.rules.people import HOST, Party, Person, Role
from app.session.rules.state import State

PLACING = ("opening_closed", "qualification", "assembling", *AFTER_ELECTION, "commitment", "leader")
COMMITTING = ("commitment", "leader", *AFTER_ELECTION)


# --- gates ---


@gate("opening_closed")
def _(state: State, now: datetime) -> None:
    """The opening is over and its bids are handed on; a review between the rooms is decided, with enough left."""
    if all(phase != "opening_closed" for phase, _ in state.history):
        raise InputError("gate.opening_open")
    if state.phase == "qualification":
        if undecided(state, "qualification"):
            raise InputError("gate.review_open")
        require_counts(state, next_name(state))
    if state.phase != "opening_closed" and not state.bids_handed_on:
        raise InputError("gate.bids_not_handed_on")


@gate("composition_lawful")
def _(state: State, now: datetime) -> None:
    _check_composition(state, [state.people[p] for p in state.members()])


def _check_composition(state: State, members: list[Person]) -> None:
    """87号令 art. 47, 214号 art. 14, and the size that the case announced.

    Raises:
        InputError: ``gate.committee_size``, or ``gate.composition`` with the problem's own code.
    """
    lot = state.the_lot()
    if len(members) != lot.committee.size:
        raise InputError("gate.committee_size", found=len(members), needed=lot.committee.size)
    experts = sum(person.has(Role.EXPERT) for person in members)
    for code, facts in composition_problems(
        len(members), experts, lot.lot.budget, lot.committee.complex, state.the_method(), state.the_rules()
    ):
        raise InputError("gate.composition", problem=code, least=facts["least"], article=facts["article"])


@gate("members_admissible")
def _(state: State, now: datetime) -> None:
    for person in state.members():
        _check_admissible(state, state.people[person])


def _check_admissible(state: State, person: Person) -> None:
    """Nobody of the agency or a supplier; where the method bars it, nobody who took part in the opening (art. 40, 47).

    Raises:
        InputError: ``gate.member_of_agency``, ``gate.member_conflict``, ``gate.member_attended_opening``.
    """
    if person.party is Party.AGENCY or person.has(Role.OFFICER, Role.CLERK):
        raise InputError("gate.member_of_agency", person=person.id)
    if person.party is Party.SUPPLIER or person.has(Role.SUPPLIER, Role.SUPERVISOR) or person.uscc in state.suppliers:
        raise InputError("gate.member_conflict", person=person.id)
    attended = not in_evaluation(state) and (person.id in state.admitted or person.id in state.removed)
    if state.the_method().members_barred_from_opening and (attended or person.has(Role.OPENER)):
        raise InputError("gate.member_attended_opening", person=person.id)


@gate("place_held")
def _(state: State, now: datetime) -> None:
    for person in state.members():
        if person not in state.phones:
            raise InputError("gate.place_unchecked", person=person)


@gate("members_present")
def _(state: State, now: datetime) -> None:
    _check_composition(state, [state.people[p] for p in state.members()])
    for person in state.members():
        if person not in state.signed_in or person not in state.online:
            raise InputError("gate.member_away", person=person)
        if person not in state.phones:
            raise InputError("gate.place_unchecked", person=person)


@gate("all_committed")
def _(state: State, now: datetime) -> None:
    for person in state.members():
        recusal = state.member_recusals.get(person)
        if recusal is not None and recusal.granted is not False:
            raise InputError("gate.recusal_open", person=person)
        if person not in state.commitments:
            raise InputError("gate.not_committed", person=person)


# --- the place ---


@decides(cmd.LockPhone, by=("engineer", "officer", "clerk"), during=PLACING)
def _(state: State, actor: str, command: cmd.LockPhone, now: datetime) -> Events:
    """Ticked at the site for each member; who sits alone is checked instead (CheckPlace)."""
    _check_place_kind(state, command.person, dispersed=False)
    return [] if command.person in state.phones else [ev.PhoneLocked(person=command.person)]


@decides(cmd.CheckPlace, by=("engineer", "officer", "clerk"), during=PLACING)
def _(state: State, actor: str, command: cmd.CheckPlace, now: datetime) -> Events:
    _check_place_kind(state, command.person, dispersed=True)
    return [ev.PlacePolicyChecked(person=command.person, note=text(command.note))]


def _check_place_kind(state: State, person: str, *, dispersed: bool) -> None:
    kind = state.the_lot().place_policy.kind
    if not state.has_role(person, Role.MEMBER):
        raise InputError("refused.not_member", person=person)
    if dispersed != (kind == "dispersed"):
        raise InputError("refused.place_policy", kind=kind)


def _assembling_waiting(state: State) -> Iterable[Waiting]:
    for person in state.members():
        if person not in state.signed_in:
            yield Waiting(person, "report_sign_in")


register("assembling", waiting=_assembling_waiting)


# --- commitment and recusal ---


@decides(cmd.SignCommitment, by=("member",), during=COMMITTING)
def _(state: State, actor: str, command: cmd.SignCommitment, now: datetime) -> Events:
    """Also in later phases, by a member that came as a substitute."""
    if len(command.text_sha256) != 64 or not set(command.text_sha256) <= set(string.hexdigits.lower()):
        raise InputError("refused.digest")
    recusal = state.member_recusals.get(actor)
    if recusal is not None and recusal.granted is not False:
        raise InputError("refused.recused", person=actor)
    if actor in state.commitments:
        raise InputError("refused.already_committed")
    if actor not in state.phones:
        raise InputError("gate.place_unchecked", person=actor)
    return [ev.CommitmentSigned(person=actor, text_sha256=command.text_sha256, grave=command.grave)]


@decides(cmd.DeclareRecusal, by=("member",), during=("assembling", *COMMITTING))
def _(state: State, actor: str, command: cmd.DeclareRecusal, now: datetime) -> Events:
    found = state.member_recusals.get(actor)
    if found is not None and found.granted is not False:
        raise InputError("refused.recused", person=actor)
    return [ev.RecusalDeclared(person=actor, reason=text(command.reason))]


@decides(cmd.RuleMemberRecusal, by=("officer",))
def _(state: State, actor: str, command: cmd.RuleMemberRecusal, now: datetime) -> Events:
    """Granted, the member does nothing more and is to be replaced."""
    found = state.member_recusals.get(command.person)
    if found is None or found.granted is not None:
        raise InputError("refused.no_request", request=command.person)
    return [ev.MemberRecusalRuled(person=command.person, granted=command.granted, reason=text(command.reason))]


def _committed(state: State, now: datetime) -> Events:
    return enter_if_open(state, next_name(state), now)


def _commitment_elapsed(state: State, name: str, now: datetime) -> Events:
    return missed(state, (p for p in state.members() if p not in state.commitments), "commitment")


register("commitment", following=_committed, elapsed=_commitment_elapsed)


# --- replacement ---


@decides(cmd.ReplaceMember, by=("officer",))
def _(state: State, actor: str, command: cmd.ReplaceMember, now: datetime) -> Events:
    """A member lost in mid-review (art. 49): his opinions are void; what depended on them is done again."""
    if state.agency_checked:
        raise InputError("refused.too_late", command="replace_member")
    known(state, command.person)
    if not state.has_role(command.person, Role.MEMBER):
        raise InputError("refused.not_member", person=command.person)
    substitute = command.substitute
    events: Events = []
    if substitute is not None:
        if (
            substitute.id in state.people
            or substitute.id == HOST
            or not (substitute.id.isascii() and substitute.id.isalnum())
        ):
            raise InputError("refused.person_id", person=substitute.id)
        if not substitute.has(Role.MEMBER):
            raise InputError("refused.not_member", person=substitute.id)
        _check_admissible(state, substitute)
        events.append(evc.PersonAdded(person=substitute))
    if in_evaluation(state) and state.phase != "assembling":
        left = [state.people[p] for p in state.members() if p != command.person]
        _check_composition(state, left if substitute is None else [*left, substitute])
    replacement = substitute.id if substitute is not None else ""
    events.append(ev.MemberReplaced(person=command.person, substitute=replacement, reason=text(command.reason)))
    if command.person == state.leader:
        events.append(open_window(state, "leader", "leader", now))
    return events


# --- the leader ---


@decides(cmd.VoteLeader, by=("member",), during=("leader", *AFTER_ELECTION))
def _(state: State, actor: str, command: cmd.VoteLeader, now: datetime) -> Events:
    """Hidden until all have voted; also in later phases when the leader was lost."""
    if in_opening_room(state) or not in_evaluation(state):
        raise InputError("refused.phase", command="vote_leader", phase=state.phase)
    if actor not in state.commitments:
        raise InputError("refused.not_committed", person=actor)
    if state.leader:
        raise InputError("refused.leader_elected", person=state.leader)
    if actor in state.leader_votes:
        raise InputError("refused.already_voted")
    if not may_lead(state, command.candidate):
        raise InputError("refused.may_not_lead", person=command.candidate)
    return [ev.LeaderVoteCast(voter=actor, candidate=command.candidate, round=state.leader_round)]


def _elected(state: State, now: datetime) -> Events:
    return enter_if_open(state, next_name(state), now) if state.leader else []


def _leader_elapsed(state: State, name: str, now: datetime) -> Events:
    return missed(state, (item.person for item in voters(state)), "leader")


register("leader", following=_elected, waiting=voters)
ELAPSED["leader"] = _leader_elapsed
