"""The committee's own judgement that a quote may be abnormally low: the fourth ground of the review (财库〔2026〕2号).

A member moves it with a reason, which is its vote; more than half of all members must want the review. Then the
supplier is asked to explain as on a computed ground, in time of its own. Whoever has not voted when the clock ends is
not waited for: without a majority no review is started, and the record says so.
"""

from collections.abc import Iterable
from datetime import datetime

import app.session.rules.commands as cmd
import app.session.rules.events_evaluation as ev
from app.errors import InputError
from app.session.rules.checks import text
from app.session.rules.decide import ELAPSED, Events, Waiting, decides, open_window
from app.session.rules.evaluation import close, majority, require_member
from app.session.rules.state import PriceDoubt, State

STAGE = "low_price"
DOUBT = "doubt"
COMMITTEE = "low_price.committee"
"""The trigger's code beside the three computed ones of ``procurement/low_price.py``."""


def explanation_window(state: State, supplier: str) -> str:
    """The name of the clock in which a supplier explains: one for all computed grounds, one each for a judgement."""
    item = state.low_price.get(supplier)
    return f"{STAGE}:{supplier}" if item is not None and COMMITTEE in item.triggers else STAGE


def explaining(state: State, supplier: str) -> bool:
    """Whether a supplier's time to explain still runs."""
    return state.window_open(explanation_window(state, supplier))


@decides(cmd.DoubtPrice, by=("member",), during=(STAGE,))
def _(state: State, actor: str, command: cmd.DoubtPrice, now: datetime) -> Events:
    """Once for a quote, and never beside a review that is under way or was ruled."""
    require_member(state, actor)
    supplier = command.supplier
    if not state.fixed_quotes:
        raise InputError("gate.prices_not_fixed")
    if supplier not in state.continuing():
        raise InputError("refused.not_continuing", supplier=supplier)
    if supplier in state.low_price or supplier in state.doubts:
        raise InputError("refused.price_doubted", supplier=supplier)
    moved = ev.LowPriceDoubted(supplier=supplier, member=actor, reason=text(command.reason))
    return [moved, open_window(state, f"{DOUBT}:{supplier}", "review", now)]


@decides(cmd.VotePriceDoubt, by=("member",), during=(STAGE,))
def _(state: State, actor: str, command: cmd.VotePriceDoubt, now: datetime) -> Events:
    """With the reason; another vote replaces it until the majority is known."""
    require_member(state, actor)
    if command.supplier not in _open(state):
        raise InputError("refused.no_request", request=command.supplier)
    voted = ev.LowPriceDoubtVoted(
        supplier=command.supplier, voter=actor, review=command.review, reason=text(command.reason)
    )
    return [voted]


def _open(state: State) -> dict[str, PriceDoubt]:
    return {supplier: item for supplier, item in state.doubts.items() if item.ruled is None}


def _votes(state: State, item: PriceDoubt) -> dict[str, bool]:
    """The votes that count: of those who still sit on the committee."""
    return {person: vote for person, vote in item.votes.items() if person in state.members()}


def rule_doubts(state: State, now: datetime) -> Events:
    """As soon as more than half want the review, or can no longer want it."""
    members = state.members()
    for supplier, item in _open(state).items():
        votes = _votes(state, item)
        wanting, against = sum(votes.values()), len(votes) - sum(votes.values())
        if wanting >= majority(len(members)) or len(members) - against < majority(len(members)):
            return [*close(state, f"{DOUBT}:{supplier}"), *_ruled(state, supplier, item, now)]
    return []


def _ruled(state: State, supplier: str, item: PriceDoubt, now: datetime, *, by_clock: bool = False) -> Events:
    votes = _votes(state, item)
    wanted = sum(votes.values()) >= majority(len(state.members()))
    ruled = ev.LowPriceDoubtRuled(supplier=supplier, review=wanted, votes=votes, by_clock=by_clock)
    if not wanted or supplier not in state.continuing():
        return [ruled]
    clock = open_window(state, f"{STAGE}:{supplier}", "explanation", now)
    return [ruled, ev.LowPriceTriggered(supplier=supplier, triggers=(COMMITTEE,), until=clock.until), clock]


def _elapsed(state: State, name: str, now: datetime) -> Events:
    supplier = name.partition(":")[2]
    item = _open(state).get(supplier)
    return [] if item is None else _ruled(state, supplier, item, now, by_clock=True)


ELAPSED[DOUBT] = _elapsed


def doubt_voters(state: State) -> Iterable[Waiting]:
    """Members whose vote is waited for while its clock runs."""
    for item in _open(state).values():
        yield from (Waiting(member, "vote_price_doubt") for member in state.members() if member not in item.votes)
