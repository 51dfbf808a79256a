"""apply(state, recorded) → state: cannot fail, also on a client that sees only a part of the record."""

from collections.abc import Callable
from typing import Any, TypeVar

import app.session.rules.events_case as ev
from app.session.rules.event import Event, Recorded
from app.session.rules.state import State

TALK = (ev.MessagePosted, ev.HandRaised, ev.HandLowered, ev.Seen)
NEW_PATIENCE = (ev.Resumed, ev.OutageNoted)

E = TypeVar("E", bound=Event)
Applier = Callable[[State, Any, Recorded], State]
APPLIERS: dict[type[Event], Applier] = {}


def applies(kind: type[E]) -> Callable[[Callable[[State, E, Recorded], State]], Callable[[State, E, Recorded], State]]:
    """Register how one kind of event changes the state."""

    def register(function: Callable[[State, E, Recorded], State]) -> Callable[[State, E, Recorded], State]:
        assert kind not in APPLIERS, f"two appliers for {kind.__name__}"
        APPLIERS[kind] = function
        return function

    return register


def apply(state: State, recorded: Recorded) -> State:
    """The state after one more entry; whoever acts is not overdue any more, though talking alone is no act."""
    changed = APPLIERS[type(recorded.event)](state, recorded.event, recorded)
    actor = recorded.actor
    if isinstance(recorded.event, NEW_PATIENCE):
        return changed.with_(size=recorded.index + 1, at=recorded.at, patient_since=recorded.at)
    if actor in changed.people and not isinstance(recorded.event, TALK):
        reminded = without(changed.reminded, actor) if actor in changed.reminded else changed.reminded
        changed = changed.with_(acted=put(changed.acted, actor, recorded.at), reminded=reminded)
    return changed.with_(size=recorded.index + 1, at=recorded.at)


def put(mapping: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """A copy of a dict with one key set."""
    return {**mapping, key: value}


def without(mapping: dict[str, Any], key: str) -> dict[str, Any]:
    """A copy of a dict without a key."""
    return {k: v for k, v in mapping.items() if k != key}
