"""Prices: corrections confirmed, quotes fixed, abnormally low ones reviewed 异常低价审查 (财库〔2026〕2号)."""

from collections.abc import Iterable
from datetime import datetime

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_evaluation as ev
from app.errors import InputError
from app.session.rules.checks import text
from app.session.rules.clarification import CORRECTION, ask
from app.session.rules.decide import ENTERING, Events, Waiting, decides, gate, open_window
from app.session.rules.decide_negotiation import invalid, speaker
from app.session.rules.decide_review import undecided
from app.session.rules.evaluation import VOTE_MISSED, close, register, require_member
from app.session.rules.price_doubt import doubt_voters, explaining, explanation_window, rule_doubts
from app.session.rules.sealed import QUOTE, sealed_set
from app.session.rules.state import LowPrice, State
from app.session.rules.totals import corrected_quotes, faults, found_correction, low_prices, quoted

STAGE = "low_price"
VOTING = "low_price:vote"


# --- gates ---


@gate("prices_known")
def _(state: State, now: datetime) -> None:
    """Reviews are decided and every supplier still in has a price that the committee may read."""
    if undecided(state, "conformity"):
        raise InputError("gate.review_open")
    if state.the_method().has("quoting") and not sealed_set(state, QUOTE).opened:
        raise InputError("gate.quotes_sealed")
    for supplier in state.continuing():
        if quoted(state, supplier) is None:
            raise InputError("gate.price_unknown", supplier=supplier)


@gate("low_price_ruled")
def _(state: State, now: datetime) -> None:
    if not state.fixed_quotes:
        raise InputError("gate.prices_not_fixed")
    doubted = any(doubt.ruled is None for doubt in state.doubts.values())
    if doubted or any(item.ruled is None for item in state.low_price.values()):
        raise InputError("gate.low_price_open")


# --- corrections, then triggers ---


def _entered(state: State, now: datetime) -> Events:
    """Every arithmetic correction goes to its supplier for confirmation (87号令 art. 51, 59)."""
    events: Events = []
    number = len(state.clarifications)
    for supplier in state.continuing():
        correction = found_correction(state, supplier)
        if correction is None:
            continue
        number += 1
        corrected, steps = correction
        asked = ask(state, number, supplier, ",".join(steps), CORRECTION, now)
        found = ev.CorrectionFound(supplier=supplier, clarification=f"c{number}", corrected=corrected, steps=steps)
        events.extend((*asked, found))
    return events


def _following(state: State, now: datetime) -> Events:
    return (rule_doubts(state, now) or _rule(state, now)) if state.fixed_quotes else _fix(state, now)


def _fix(state: State, now: datetime) -> Events:
    """When corrections are confirmed or failed: who is out, what counts, who is reviewed."""
    corrections = [item for item in state.clarifications.values() if item.purpose == CORRECTION]
    if any(item.open for item in corrections) or not state.continuing():
        return []
    refused = [item.supplier for item in corrections if not item.confirmed and item.supplier in state.continuing()]
    if refused:
        return [event for s in refused for event in invalid(STAGE, s, "correction_unconfirmed")]
    faulty = faults(state)
    if faulty:
        return [event for s, code in faulty.items() for event in invalid(STAGE, s, code)]
    quotes = {supplier: quote.total for supplier, quote in corrected_quotes(state).items()}
    events: Events = [ev.PricesFixed(quotes=quotes)]
    found = low_prices(state, quotes)
    if found:
        clock = open_window(state, STAGE, "explanation", now)
        for item in found:
            codes = tuple(step.code for step in item.triggers)
            events.append(ev.LowPriceTriggered(supplier=item.supplier, triggers=codes, until=clock.until))
        events.append(clock)
    return events


# --- explanations and the vote ---


def _open(state: State) -> dict[str, LowPrice]:
    return {supplier: item for supplier, item in state.low_price.items() if item.ruled is None}


@decides(cmd.FileExplanation, by=("supplier",), during=(STAGE,))
def _(state: State, actor: str, command: cmd.FileExplanation, now: datetime) -> Events:
    supplier = state.supplier_of(actor)
    if supplier not in _open(state):
        raise InputError("refused.no_request", request=STAGE)
    if not explaining(state, supplier):
        raise InputError("refused.no_window", window=explanation_window(state, supplier))
    return [ev.ExplanationFiled(supplier=supplier, text=text(command.text), grave=command.grave)]


@decides(cmd.VoteLowPrice, by=("member",), during=(STAGE,))
def _(state: State, actor: str, command: cmd.VoteLowPrice, now: datetime) -> Events:
    """Whether the explanation is sufficient, with the reason; another vote replaces it until the majority is known."""
    require_member(state, actor)
    item = _open(state).get(command.supplier)
    if item is None:
        raise InputError("refused.no_request", request=STAGE)
    if not item.explanation or explaining(state, command.supplier):
        raise InputError("refused.window_runs")
    return [
        ev.LowPriceVoted(voter=actor, supplier=command.supplier, valid=command.valid, reason=text(command.reason))
    ]  # fmt: skip


def _rule(state: State, now: datetime) -> Events:
    unruled = _open(state)
    for window in dict.fromkeys(explanation_window(state, s) for s in unruled):
        asked = [item for s, item in unruled.items() if explanation_window(state, s) == window]
        if state.window_open(window) and all(item.explanation for item in asked):
            return [*close(state, window), open_window(state, VOTING, "review", now)]
    for supplier, item in unruled.items():
        agreed = sum(item.votes.values())
        if any(member not in item.votes for member in state.members()) or 2 * agreed == len(item.votes):
            continue
        valid = 2 * agreed > len(item.votes)
        last = close(state, VOTING) if len(unruled) == 1 else []
        ruled: Events = [ev.LowPriceRuled(supplier=supplier, valid=valid, votes=dict(item.votes)), *last]
        return ruled if valid else [*ruled, *invalid(STAGE, supplier, "low_price_unexplained")]
    return []


def _elapsed(state: State, name: str, now: datetime) -> Events:
    if name == VOTING:
        late = dict.fromkeys(item.person for item in _voting(state))
        return [evc.AbsentMarked(person=person, rule=VOTE_MISSED) for person in late]
    events: Events = []
    asked = {s: item for s, item in _open(state).items() if explanation_window(state, s) == name}
    for supplier, item in asked.items():
        if not item.explanation:
            events.append(ev.LowPriceRuled(supplier=supplier, valid=False, votes={}))
            events.extend(invalid(STAGE, supplier, "no_explanation"))
    if any(item.explanation for item in asked.values()):
        events.append(open_window(state, VOTING, "review", now))
    return events


def _voting(state: State) -> Iterable[Waiting]:
    for supplier, item in _open(state).items():
        if item.explanation and not explaining(state, supplier):
            tied = len(item.votes) >= len(state.members())
            yield from (Waiting(m, "vote_low_price") for m in state.members() if m not in item.votes or tied)


def _waiting(state: State) -> Iterable[Waiting]:
    for item in state.clarifications.values():
        if item.purpose == CORRECTION and item.open:
            yield Waiting(speaker(state, item.supplier), "answer_clarification")
    for supplier, review in _open(state).items():
        if not review.explanation and explaining(state, supplier):
            yield Waiting(speaker(state, supplier), "file_explanation")
    yield from doubt_voters(state)
    yield from dict.fromkeys(_voting(state))


ENTERING[STAGE] = _entered
register(STAGE, following=_following, waiting=_waiting, elapsed=_elapsed)
