"""Who sees what: one pure function over one closed table (SESSION.md, Who sees what).

The table's rows are in ``sees_case.py`` and ``sees_evaluation.py``; what has no row is seen by nobody. An entry that is
hidden now may be shown later; :func:`visibility_key` changes whenever that may be the case.
"""

from app.session.rules import sees_case, sees_evaluation, sees_waiting
from app.session.rules.access import may_fetch, may_fetch_segment, may_publish, may_receive
from app.session.rules.audience import AUDIENCE, viewer
from app.session.rules.event import Recorded
from app.session.rules.state import State

ROWS = (sees_case, sees_evaluation, sees_waiting)
"""The modules that fill the table."""

__all__ = [
    "AUDIENCE",
    "ROWS",
    "may_fetch",
    "may_fetch_segment",
    "may_publish",
    "may_receive",
    "may_see",
    "visibility_key",
]


def may_see(state: State, person: str, recorded: Recorded) -> bool:
    """Whether ``person`` may see an entry of the record, the state being ``state`` (with that entry folded in)."""
    who = viewer(state, person, recorded.at)
    if who is None:
        return False
    rule = AUDIENCE.get(type(recorded.event))
    if rule is None:
        return False
    return recorded.actor == person or rule(who, recorded.event, recorded)


def visibility_key(state: State, person: str) -> tuple[object, ...]:
    """A value that changes whenever something hidden from ``person`` may have become visible."""
    return (
        person in state.signed_in,
        state.phase,
        state.bidders_published,
        state.bids_handed_on,
        state.leader,
        state.leader_round,
        state.in_talk,
        bool(state.candidates),
        len(state.talks),
        len(state.documents),
        sum(len(decided) for decided in state.decisions.values()),
        sum(change.confirmed for change in state.changes.values()),
        sum(len(change.rechecked) for change in state.changes.values()),
        sum(item.ruled is not None for item in state.low_price.values()),
        sum(doubt.ruled is not None for doubt in state.doubts.values()),
        tuple(sorted(purpose for purpose, found in state.sealed.items() if found.opened)),
    )
