"""What someone may do now: one pure function over one table.

``decide(state, actor, command, now)`` gives events or :class:`Refused`. The table :data:`MOVES` says for each command
who may give it and in which phases; the handlers say what follows. Four more tables hang on the phases:

- :data:`GATES`: what must hold to enter (named by the method's data);
- :data:`ENTERING`: events that come with entering (clocks);
- :data:`FOLLOWING`: what follows by itself as soon as it is true (all in, votes counted), asked after every step;
- :data:`ELAPSED`: the recorded default when a clock runs out;
- :data:`WAITING`: who is waited for, for which act;
- :data:`QUIET`: what follows when nobody does anything (reminders), and when it will next.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from app.errors import InputError
from app.session.rules.command import Command
from app.session.rules.commands import command_type
from app.session.rules.event import Event
from app.session.rules.events_case import PhaseEntered, WindowClosed, WindowOpened
from app.session.rules.people import HOST, Role
from app.session.rules.state import CLOSED, FAILED, State

C = TypeVar("C", bound=Command)
Events = list[Event]
Handler = Callable[[State, str, Any, datetime], Events]

LEADER = "leader"
ANYONE = "anyone"
ALWAYS: tuple[str, ...] = ()


class Refused(msgspec.Struct, frozen=True):
    """A command that may not be: a stable code and plain facts."""

    code: str
    facts: dict[str, str | int | bool | None]


class Move(msgspec.Struct, frozen=True):
    """A row of the table: who (role names, ``leader``, ``host``, ``anyone``), in which phases (empty: in all)."""

    by: tuple[str, ...]
    during: tuple[str, ...]
    handler: Handler
    while_paused: bool


class Waiting(msgspec.Struct, frozen=True):
    """Someone is waited for: a person id, and the act as a command tag."""

    person: str
    act: str


MOVES: dict[type[Command], Move] = {}
GATES: dict[str, Callable[[State, datetime], None]] = {}
ENTERING: dict[str, Callable[[State, datetime], Events]] = {}
FOLLOWING: dict[str, Callable[[State, datetime], Events]] = {}
ELAPSED: dict[str, Callable[[State, str, datetime], Events]] = {}
WAITING: dict[str, Callable[[State], Iterable[Waiting]]] = {}
QUIET: list[tuple[Callable[[State, datetime], Events], Callable[[State, datetime], datetime | None]]] = []


def decides(
    kind: type[C], *, by: tuple[str, ...], during: tuple[str, ...] = ALWAYS, while_paused: bool = False
) -> Callable[[Callable[[State, str, C, datetime], Events]], Callable[[State, str, C, datetime], Events]]:
    """Enter a command into the table."""

    def register(
        handler: Callable[[State, str, C, datetime], Events],
    ) -> Callable[[State, str, C, datetime], Events]:
        assert kind not in MOVES, f"two rows for {kind.__name__}"
        MOVES[kind] = Move(by, during, handler, while_paused)
        return handler

    return register


def gate(name: str) -> Callable[[Callable[[State, datetime], None]], Callable[[State, datetime], None]]:
    """Register a gate: it raises InputError when it does not hold."""

    def register(check: Callable[[State, datetime], None]) -> Callable[[State, datetime], None]:
        GATES[name] = check
        return check

    return register


def decide(state: State, actor: str, command: Command, now: datetime) -> tuple[Event, ...] | Refused:
    """The events that ``command`` of ``actor`` makes in ``state`` at ``now`` (aware UTC), or why not."""
    try:
        move = MOVES.get(type(command))
        if move is None:
            raise InputError("refused.unknown_command", command=command_type(command))
        _permit(state, actor, command, move)
        return tuple(move.handler(state, actor, command, now))
    except InputError as error:
        return Refused(error.code, error.facts)


def _permit(state: State, actor: str, command: Command, move: Move) -> None:
    if not holds(state, actor, move.by):
        raise InputError("refused.role", command=command_type(command))
    if state.phase == CLOSED or (state.phase == FAILED and actor != HOST and not move.while_paused):
        raise InputError("refused.closed")
    if actor == HOST:
        return
    if move.during and state.phase not in move.during:
        raise InputError("refused.phase", command=command_type(command), phase=state.phase)
    if state.paused and not move.while_paused:
        raise InputError("refused.paused", reason=state.paused)


def holds(state: State, actor: str, by: tuple[str, ...]) -> bool:
    """Whether ``actor`` is one of ``by``: role names, ``leader``, ``host``, ``anyone`` (any person of the case)."""
    if actor == HOST:
        return HOST in by
    person = state.people.get(actor)
    if person is None or actor in state.replaced:
        return False
    return ANYONE in by or (LEADER in by and actor == state.leader) or person.has(*(Role(r) for r in by if r in ROLES))


ROLES = frozenset(role.value for role in Role)


def follow(state: State, now: datetime) -> Events:
    """What follows by itself in the present phase; the engine applies it and asks again until nothing follows."""
    if state.paused or state.phase in (CLOSED, FAILED):
        return []
    following = FOLLOWING.get(state.phase)
    return following(state, now) if following is not None else []


def elapse(state: State, now: datetime) -> Events:
    """The first clock that has run out takes its default; the engine applies it and asks again."""
    if state.paused or state.phase in (CLOSED, FAILED):
        return []
    for name, window in state.windows.items():
        if window.closed is None and window.until <= now:
            handler = ELAPSED.get(name.split(":")[0])
            closing: Events = [WindowClosed(window=name, elapsed=True)]
            return closing + (handler(state, name, now) if handler is not None else [])
    return [event for quiet, _ in QUIET for event in quiet(state, now)]


def next_deadline(state: State, now: datetime) -> datetime | None:
    """When the engine wants to be woken at the latest."""
    if state.paused or state.phase in (CLOSED, FAILED):
        return None
    wanted = [window.until for window in state.windows.values() if window.closed is None]
    wanted += [moment for _, wake in QUIET if (moment := wake(state, now)) is not None]
    return min(wanted, default=None)


def waiting_for(state: State) -> tuple[Waiting, ...]:
    """Who is waited for now."""
    if state.phase in (CLOSED, FAILED):
        return ()
    waiting = WAITING.get(state.phase)
    return tuple(waiting(state)) if waiting is not None else ()


# --- moving on ---


def enter(state: State, phase: str, by: str, now: datetime, reason: str = "") -> Events:
    """Enter ``phase``: close the clocks of the phase that ends, record the step, open the new clock.

    Raises:
        InputError: the code of the first gate or count that does not hold (unless waived).
    """
    check_gates(state, phase, now)
    events: Events = [
        WindowClosed(window=name, elapsed=False)
        for name, window in state.windows.items()
        if window.closed is None and name.split(":")[0] == state.phase
    ]
    events.append(PhaseEntered(phase=phase, by=by, reason=reason))
    method = state.the_method()
    if method.has(phase):
        clock = method.phase(phase).window
        entering = ENTERING.get(phase)
        if clock is not None and entering is None:
            events.append(open_window(state, phase, clock, now))
        if entering is not None:
            events.extend(entering(state, now))
    return events


def open_window(state: State, name: str, clock: str, now: datetime) -> WindowOpened:
    """A clock named ``name`` that runs for the case's seconds of ``clock``."""
    seconds = state.windows_seconds[clock]
    return WindowOpened(window=name, seconds=seconds, until=now + timedelta(seconds=seconds))


def check_gates(state: State, phase: str, now: datetime) -> None:
    """Raise InputError for the first gate or minimum count of ``phase`` that neither holds nor was waived."""
    method = state.the_method()
    if not method.has(phase):
        return
    for name in method.phase(phase).gates:
        if name in state.waived:
            continue
        check = GATES.get(name)
        if check is None:
            raise InputError("refused.gate_unknown", gate=name)
        check(state, now)


def require_counts(state: State, phase: str) -> None:
    """The minimum counts before ``phase`` (87号令 art. 41, 43, 44; 214号 art. 21).

    Raises:
        InputError: ``gate.minimum_count`` with what was counted, how many there are and how many it takes.
    """
    lot = state.the_lot()
    for check in state.the_method().counts_before(phase):
        needed = state.the_rules().minimum(check.rule, check.counted, lot.count_exception)
        found = len(counted(state, check.counted))
        if found < needed:
            raise InputError("gate.minimum_count", counted=check.counted, found=found, needed=needed)


def counted(state: State, what: str) -> tuple[str, ...]:
    """Suppliers that count as ``bids``, ``qualified``, ``conforming`` or ``continuing``."""
    if what == "bids":
        return state.valid_bids()
    if what == "qualified":
        return _passed(state, "qualification")
    if what == "conforming":
        return _passed(state, "conformity")
    return state.continuing()


def _passed(state: State, stage: str) -> tuple[str, ...]:
    decisions = state.decisions.get(stage, {})
    return tuple(s for s in state.continuing() if s in decisions and decisions[s].passed)
