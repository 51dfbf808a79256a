"""What all deciders of the evaluation room share: members that may act, the leader's election, going on by itself."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

import app.session.rules.events_case as evc
import app.session.rules.events_evaluation as ev
from app.errors import InputError
from app.session.rules.decide import ELAPSED, FOLLOWING, WAITING, Events, Waiting, enter, open_window
from app.session.rules.people import Party, Person, Role
from app.session.rules.state import State

Following = Callable[[State, datetime], Events]
Awaited = Callable[[State], Iterable[Waiting]]

AFTER_ELECTION = ("qualification", "conformity", "talks", "quoting", "low_price", "scoring", "summary", "agency_check")
"""Phases of the evaluation room in which a lost leader is voted for anew."""

VOTE_MISSED = "vote_missed"


def in_evaluation(state: State) -> bool:
    """Whether the present phase belongs to the evaluation room 评审."""
    return any(phase.name == state.phase for phase in state.the_method().room("evaluation"))


def require_member(state: State, actor: str) -> None:
    """A member may act: it sits on the committee, has committed itself and is not recused.

    Raises:
        InputError: ``refused.not_member``, ``refused.recused``, ``refused.not_committed``.
    """
    if not state.has_role(actor, Role.MEMBER):
        raise InputError("refused.not_member", person=actor)
    recusal = state.member_recusals.get(actor)
    if recusal is not None and recusal.granted is not False:
        raise InputError("refused.recused", person=actor)
    if actor not in state.commitments:
        raise InputError("refused.not_committed", person=actor)


def of_purchaser(person: Person) -> bool:
    """采购人代表: on the purchaser's side."""
    return person.has(Role.PURCHASER) or person.party is Party.PURCHASER


def majority(size: int) -> int:
    """More than half of ``size``."""
    return size // 2 + 1


def close(state: State, window: str) -> Events:
    """End a clock that still runs because all are in."""
    return [evc.WindowClosed(window=window, elapsed=False)] if state.window_open(window) else []


def missed(state: State, people: Iterable[str], phase: str) -> Events:
    """The recorded default for those who did not act in time; nobody's act is invented."""
    default = state.the_method().phase(phase).default or "missed"
    return [evc.AbsentMarked(person=person, rule=default) for person in people if state.absent.get(person) != default]


def enter_if_open(state: State, phase: str, now: datetime) -> Events:
    """Go on by itself when the gates of ``phase`` hold; else stay, and the officer sees why when trying to move on."""
    try:
        return enter(state, phase, "host", now)
    except InputError:
        return []


def next_name(state: State) -> str:
    """The name of the phase after the present one."""
    following = state.the_method().after(state.phase)
    assert following is not None, "every phase of the evaluation room has one after it"
    return following.name


def register(
    phase: str,
    *,
    following: Following | None = None,
    waiting: Awaited | None = None,
    elapsed: Callable[[State, str, datetime], Events] | None = None,
) -> None:
    """Enter a phase of the evaluation room into the tables; a lost leader is elected before anything else follows."""

    def follows(state: State, now: datetime) -> Events:
        election = elect(state, now) if in_evaluation(state) and phase != "report" else []
        return election or (following(state, now) if following is not None else [])

    def awaits(state: State) -> Iterable[Waiting]:
        if in_evaluation(state):
            yield from _substitutes(state)
            if phase in AFTER_ELECTION:
                yield from voters(state)
        if waiting is not None:
            yield from waiting(state)

    assert phase not in FOLLOWING, phase
    FOLLOWING[phase] = follows
    WAITING[phase] = awaits
    if elapsed is not None:
        ELAPSED[phase] = elapsed


def _substitutes(state: State) -> Iterable[Waiting]:
    """A member that came later still has to commit itself; a recusal still has to be ruled."""
    for person in state.members():
        recusal = state.member_recusals.get(person)
        if recusal is not None and recusal.granted is None:
            yield Waiting(state.with_role(Role.OFFICER)[0], "rule_member_recusal")
        elif recusal is not None and recusal.granted:
            yield Waiting(state.with_role(Role.OFFICER)[0], "replace_member")
        elif person not in state.commitments and state.phase != "assembling":
            yield Waiting(person, "sign_commitment")


# --- the leader ---


def may_lead(state: State, person: str) -> bool:
    """Whether a member may be 组长: the purchaser's representative only where the rule says so (87号令 art. 45).

    A leader that was set aside is no candidate while there is another one.
    """
    able = [p for p in state.members() if _able(state, p)]
    fresh = [p for p in able if p not in state.set_aside]
    return person in (fresh or able)


def _able(state: State, person: str) -> bool:
    allowed = state.the_rules().flag(state.the_method().leader, "purchaser_may_lead")
    return allowed or not of_purchaser(state.people[person])


def voters(state: State) -> Iterable[Waiting]:
    """Members whose vote for a leader is waited for."""
    if state.leader:
        return
    for person in state.members():
        if person not in state.leader_votes and state.absent.get(person) != VOTE_MISSED:
            yield Waiting(person, "vote_leader")


def elect(state: State, now: datetime) -> Events:
    """When all votes are in (those that missed the clock do not count, but more than half must vote): count them."""
    members = state.members()
    votes = {voter: name for voter, name in state.leader_votes.items() if voter in members and may_lead(state, name)}
    if state.leader or len(votes) < majority(len(members)):
        return []
    if any(person not in votes and state.absent.get(person) != VOTE_MISSED for person in members):
        return []
    tally = Counter(votes.values())
    best = max(tally.values())
    first = [person for person in members if tally[person] == best]
    shown = {person: tally[person] for person in members if tally[person]}
    if len(first) == 1:
        return [*close(state, "leader"), ev.LeaderElected(person=first[0], round=state.leader_round, votes=shown)]
    return [ev.LeaderTied(round=state.leader_round, votes=shown), open_window(state, "leader", "leader", now)]
