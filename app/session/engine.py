"""The engine: commands in, events and effects out. Pure; the host appends before it announces.

One step is ``step(actor, command, now)``: the command's events, then everything that follows by itself (all in, votes
counted), then the defaults of clocks that have run out, until nothing more happens.
"""

from datetime import datetime

import msgspec

import app.session.rules.fold_case
import app.session.rules.fold_evaluation
import app.session.rules.fold_opening
import app.session.rules.fold_waiting
import app.session.rules.table  # noqa: F401 - the tables fill when their modules are read
from app.session.rules.command import Command
from app.session.rules.commands import Tick
from app.session.rules.decide import Refused, decide, elapse, follow
from app.session.rules.event import Event, Recorded
from app.session.rules.events import canonical_event
from app.session.rules.fold import apply
from app.session.rules.people import HOST
from app.session.rules.state import State

MOST_STEPS = 1000


class Step(msgspec.Struct, frozen=True):
    """What a command leads to.

    Attributes:
        events: by actor, in order; the first ``own`` are the command's, the rest are the host's.
        state: after all of them.
    """

    events: tuple[tuple[str, Event], ...]
    own: int
    state: State


class Engine:
    """Holds the state of one case and moves it; does no I/O and knows no clock."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state or State()

    def step(self, actor: str, command: Command, now: datetime) -> Step | Refused:
        """What ``command`` leads to. The state moves only when the caller, having appended, calls :meth:`commit`."""
        decided = decide(self.state, actor, command, now)
        if isinstance(decided, Refused):
            return decided
        state = self.state
        events: list[tuple[str, Event]] = []

        def take(by: str, happened: list[Event]) -> None:
            nonlocal state
            for event in map(canonical_event, happened):
                state = apply(state, Recorded(state.size, now, by, event))
                events.append((by, event))

        take(actor, list(decided))
        own = len(events)
        for _ in range(MOST_STEPS):
            more = follow(state, now) or elapse(state, now)
            if not more:
                return Step(tuple(events), own, state)
            take(HOST, more)
        raise AssertionError("the rules do not come to rest")

    def tick(self, now: datetime) -> Step | Refused:
        """What time alone leads to."""
        return self.step(HOST, Tick(), now)

    def commit(self, step: Step) -> None:
        """The step is in the record: it is true now."""
        self.state = step.state

    def replay(self, recorded: Recorded) -> None:
        """One entry read back from the record."""
        self.state = apply(self.state, recorded)
