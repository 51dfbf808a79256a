"""Nobody can block a case by walking away: reminders, and who steps in for whom (SESSION.md; 87号令 art. 45, 49).

A supplier, and whoever votes or signs, has a clock of the phase and a recorded default. Whoever has none (the officer
and the leader, who move on; a member or opener after the clock) is reminded after :func:`patience`, again and again.
Who was reminded twice and has done nothing in between is *overdue*, and :data:`RELIEFS` says who may step in.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

import app.session.rules.commands as cmd
import app.session.rules.events_waiting as ev
from app.errors import InputError
from app.session.rules.checks import text
from app.session.rules.decide import QUIET, Events, Waiting, decides, open_window, waiting_for
from app.session.rules.evaluation import AFTER_ELECTION
from app.session.rules.people import HOST, Party, Role
from app.session.rules.state import ANNOUNCED, RECEIVING, State

PATIENCE_SECONDS = 900
PATIENCE_DAY_SECONDS = 86_400
"""Before and between the rooms, where work is done outside the program and takes days."""
BETWEEN = (ANNOUNCED, RECEIVING, "opening_closed", "qualification", "evaluation_closed")
REMINDERS = 2


class Relief(msgspec.Struct, frozen=True):
    """What frees a case of a person who is overdue.

    Attributes:
        role: what the person is waited for as.
        by: who steps in (role names).
        act: with which command (its tag).
        during: phases in which that is so; empty: all.
    """

    role: str
    by: tuple[str, ...]
    act: str
    during: tuple[str, ...] = ()


RELIEFS = (
    Relief("leader", ("officer", "member"), "call_election", AFTER_ELECTION),
    Relief("member", ("officer",), "replace_member"),
    Relief("opener", ("officer",), "issue_kit", (ANNOUNCED,)),
    Relief("purchaser", ("officer",), "advance"),
    Relief("officer", ("clerk", "opener", "engineer"), "take_over"),
)
"""Who steps in for whom. A supplier is not here: every act of a supplier has a clock with a default."""


def patience(state: State) -> timedelta:
    """How long somebody may do nothing before a reminder."""
    between = state.phase in BETWEEN and not (state.phase == "qualification" and _grouped(state))
    return timedelta(seconds=PATIENCE_DAY_SECONDS if between else PATIENCE_SECONDS)


def _grouped(state: State) -> bool:
    return state.the_method().qualification_by == "group"


def overdue(state: State, person: str) -> bool:
    """Reminded at least twice, and nothing done since."""
    return state.reminded.get(person, 0) >= REMINDERS


def awaited(state: State, now: datetime) -> tuple[Waiting, ...]:
    """Who is waited for without a clock of the phase: first those who owe an act, else whoever moves on.

    Where somebody is overdue, the one who may step in is waited for too.
    """
    if not state.with_role(Role.OFFICER) or _clocked(state):
        return ()
    found = dict.fromkeys(_owing(state, now))
    for item in tuple(found):
        relief = relief_of(state, item.person) if overdue(state, item.person) else None
        if relief is not None and "officer" in relief.by:
            found[Waiting(state.with_role(Role.OFFICER)[0], relief.act)] = None
    return tuple(found)


def _clocked(state: State) -> bool:
    return any(window.closed is None and name.split(":")[0] == state.phase for name, window in state.windows.items())


def _owing(state: State, now: datetime) -> Iterable[Waiting]:
    officer = state.with_role(Role.OFFICER)[0]
    if state.phase == ANNOUNCED:
        missing = [p for p in state.with_role(Role.OPENER) if p not in state.acceptances] if state.kit_core else []
        yield from (Waiting(person, "accept_opening") for person in missing)
        if not missing:
            yield Waiting(officer, "issue_kit" if state.kit_core else "fix_kit")
        return
    waiting = waiting_for(state)
    people = [item for item in waiting if item.person != HOST and not state.supplier_of(item.person)]
    yield from people
    if waiting or (state.phase in (RECEIVING, "gathering") and now < state.the_lot().deadline):
        return
    method = state.the_method()
    leads = method.has(state.phase) and "leader" in method.phase(state.phase).moved_by
    yield Waiting(state.leader if leads and state.leader else officer, "advance")


def relief_of(state: State, person: str) -> Relief | None:
    """Who may step in for a person, and how; None for a supplier."""
    for relief in RELIEFS:
        if relief.during and state.phase not in relief.during:
            continue
        is_leader = relief.role == "leader" and person == state.leader
        if is_leader or (relief.role != "leader" and state.has_role(person, Role(relief.role))):
            return relief
    return None


def _due(state: State, person: str) -> datetime | None:
    """When the next reminder of a person is due."""
    known = (state.phase_since, state.patient_since, state.acted.get(person))
    since = [moment for moment in known if moment is not None]
    return max(since) + patience(state) if since else None


def _remind(state: State, now: datetime) -> Events:
    people = {item.person: item.act for item in reversed(awaited(state, now))}
    late = {person: due for person in people if (due := _due(state, person)) is not None and due <= now}
    return [ev.Reminded(person=person, act=people[person]) for person in sorted(late)]


def _next(state: State, now: datetime) -> datetime | None:
    due = [moment for item in awaited(state, now) if (moment := _due(state, item.person)) is not None]
    return min(due, default=None)


QUIET.append((_remind, _next))


# --- stepping in ---


@decides(cmd.CallElection, by=("officer", "member"), during=AFTER_ELECTION)
def _(state: State, actor: str, command: cmd.CallElection, now: datetime) -> Events:
    """Another leader (art. 45): the present one was reminded twice and did nothing."""
    if not state.leader:
        raise InputError("refused.no_leader")
    if not overdue(state, state.leader):
        raise InputError("refused.not_overdue", person=state.leader)
    aside = ev.LeaderSetAside(person=state.leader, reason=text(command.reason))
    return [aside, open_window(state, "leader", "leader", now)]


@decides(cmd.TakeOver, by=("clerk", "opener", "engineer"), while_paused=True)
def _(state: State, actor: str, command: cmd.TakeOver, now: datetime) -> Events:
    """Somebody of the agency goes on where the officer was reminded twice and did nothing."""
    person = state.people[actor]
    if person.party is not Party.AGENCY or person.has(Role.MEMBER):
        raise InputError("refused.role", command="take_over")
    officer = state.with_role(Role.OFFICER)[0]
    if not overdue(state, officer):
        raise InputError("refused.not_overdue", person=officer)
    return [ev.OfficerReplaced(person=officer, by=actor, reason=text(command.reason))]
