"""Talks 磋商 with one supplier at a time, changes of requirements, sealed final quotes 最后报价 (214号 art. 19-21)."""

from collections.abc import Iterable
from datetime import datetime

import app.session.rules.commands as cmd
import app.session.rules.events_evaluation as ev
import app.session.rules.events_opening as evo
from app.errors import InputError
from app.session.rules.checks import text
from app.session.rules.decide import ELAPSED, ENTERING, LEADER, Events, Waiting, decides, gate, open_window
from app.session.rules.evaluation import close, enter_if_open, next_name, of_purchaser, register, require_member
from app.session.rules.people import HOST
from app.session.rules.sealed import QUOTE, fix_holders, openable_by_members, releasing, sealed_set, to_open
from app.session.rules.state import Change, State

TALK_MISSED = "talk_missed"
RESUBMIT_MISSED = "resubmit_missed"
QUOTE_MISSED = "quote_missed"


def talked(state: State, supplier: str) -> bool:
    """Whether a supplier has had its talk to the end."""
    talk = state.talks.get(supplier)
    return talk is not None and talk.seconds is not None


def in_force(state: State) -> tuple[Change, ...]:
    """Changes that the purchaser's member has confirmed."""
    return tuple(change for change in state.changes.values() if change.confirmed)


@gate("talks_held")
def _(state: State, now: datetime) -> None:
    """Equal chances: every supplier still in has had its talk and answered every change (214号 art. 19, 20)."""
    if state.in_talk:
        raise InputError("gate.talk_running", supplier=state.in_talk)
    for supplier in state.continuing():
        if not talked(state, supplier):
            raise InputError("gate.talk_missing", supplier=supplier)
        for change in in_force(state):
            if supplier not in change.rechecked:
                raise InputError("gate.response_unchecked", supplier=supplier, change=change.id)


# --- talks ---


def _check_talk(state: State, actor: str, supplier: str) -> None:
    require_member(state, actor)
    if supplier not in state.continuing():
        raise InputError("refused.not_continuing", supplier=supplier)


def called(state: State) -> str:
    """The supplier that has been called in and whose talk has not ended, else empty."""
    return next((s for s, talk in state.talks.items() if talk.seconds is None and s in state.continuing()), "")


@decides(cmd.CallSupplier, by=(LEADER,), during=("talks",))
def _(state: State, actor: str, command: cmd.CallSupplier, now: datetime) -> Events:
    _check_talk(state, actor, command.supplier)
    if called(state):
        raise InputError("refused.one_at_a_time", supplier=called(state))
    clock = open_window(state, f"talks:{command.supplier}", "talk", now)
    return [ev.SupplierCalled(supplier=command.supplier), clock]


@decides(cmd.StartTalk, by=(LEADER,), during=("talks",))
def _(state: State, actor: str, command: cmd.StartTalk, now: datetime) -> Events:
    _check_talk(state, actor, command.supplier)
    if called(state) != command.supplier or state.in_talk:
        raise InputError("refused.not_called", supplier=command.supplier)
    return [ev.TalkStarted(supplier=command.supplier)]


@decides(cmd.EndTalk, by=(LEADER,), during=("talks",))
def _(state: State, actor: str, command: cmd.EndTalk, now: datetime) -> Events:
    talk = state.talks.get(command.supplier)
    if state.in_talk != command.supplier or talk is None or talk.started is None:
        raise InputError("refused.not_in_talk", supplier=command.supplier)
    return [*close(state, f"talks:{command.supplier}"), *_end(state, now)]


def _end(state: State, now: datetime) -> Events:
    talk = state.talks[state.in_talk]
    seconds = int((now - talk.started).total_seconds()) if talk.started is not None else 0
    return [ev.TalkEnded(supplier=state.in_talk, seconds=max(0, seconds))]


@decides(cmd.WithdrawFromTalks, by=("supplier",), during=("talks", "quoting"))
def _(state: State, actor: str, command: cmd.WithdrawFromTalks, now: datetime) -> Events:
    """A supplier may leave before it has handed in its final quote (214号 art. 22)."""
    supplier = state.supplier_of(actor)
    if supplier not in state.continuing():
        raise InputError("refused.not_continuing", supplier=supplier)
    if supplier in sealed_set(state, QUOTE).envelopes:
        raise InputError("refused.quote_is_in", supplier=supplier)
    ended = _end(state, now) if state.in_talk == supplier else []
    left = ev.SupplierWithdrew(supplier=supplier, reason=text(command.reason))
    return [*ended, *close(state, f"talks:{supplier}"), left]


def _talks_elapsed(state: State, name: str, now: datetime) -> Events:
    """Called and not come in time: the supplier has left. A talk that runs goes on; the record has its length."""
    supplier = name.partition(":")[2]
    talk = state.talks.get(supplier)
    here = any(person in state.online for person in state.representatives(supplier))
    if talk is None or talk.started is not None or here or supplier not in state.continuing():
        return []
    return [ev.SupplierWithdrew(supplier=supplier, reason=TALK_MISSED)]


# --- changes of requirements ---


@decides(cmd.ChangeRequirement, by=(LEADER,), during=("talks",))
def _(state: State, actor: str, command: cmd.ChangeRequirement, now: datetime) -> Events:
    if not state.the_method().requirement_may_change:
        raise InputError("refused.not_in_method")
    require_member(state, actor)
    return [ev.RequirementChanged(change=f"ch{len(state.changes) + 1}", text=text(command.text))]


@decides(cmd.ConfirmRequirement, by=("member",), during=("talks",))
def _(state: State, actor: str, command: cmd.ConfirmRequirement, now: datetime) -> Events:
    """Only the purchaser's member puts a change in force; then it goes to all at once, with a clock."""
    require_member(state, actor)
    change = _change(state, command.change)
    if not of_purchaser(state.people[actor]):
        raise InputError("refused.not_purchaser")
    if change.confirmed:
        raise InputError("refused.already_confirmed", change=change.id)
    return [ev.RequirementConfirmed(change=change.id), open_window(state, f"resubmit:{change.id}", "resubmit", now)]


def _change(state: State, key: str) -> Change:
    found = state.changes.get(key)
    if found is None:
        raise InputError("refused.no_request", request=key)
    return found


@decides(cmd.ResubmitResponse, by=("supplier",), during=("talks",))
def _(state: State, actor: str, command: cmd.ResubmitResponse, now: datetime) -> Events:
    change = _change(state, command.change)
    supplier = state.supplier_of(actor)
    if supplier not in state.continuing():
        raise InputError("refused.not_continuing", supplier=supplier)
    if not change.confirmed or not state.window_open(f"resubmit:{change.id}"):
        raise InputError("refused.no_window", window=f"resubmit:{change.id}")
    return [
        ev.ResponseResubmitted(supplier=supplier, change=change.id, text=text(command.text), grave=command.grave)
    ]  # fmt: skip


def _resubmit_elapsed(state: State, name: str, now: datetime) -> Events:
    change = state.changes.get(name.partition(":")[2])
    if change is None:
        return []
    silent = [s for s in state.continuing() if s not in change.responses]
    return [ev.SupplierWithdrew(supplier=supplier, reason=RESUBMIT_MISSED) for supplier in silent]


@decides(cmd.RecheckResponse, by=("member",), during=("talks",))
def _(state: State, actor: str, command: cmd.RecheckResponse, now: datetime) -> Events:
    """A vote; another one replaces it until the majority is known."""
    require_member(state, actor)
    change = _change(state, command.change)
    if command.supplier not in change.responses or command.supplier not in state.continuing():
        raise InputError("refused.no_response", supplier=command.supplier)
    if command.supplier in change.rechecked:
        raise InputError("review.decided", supplier=command.supplier)
    if state.window_open(f"resubmit:{change.id}"):
        raise InputError("refused.window_runs")
    return [
        ev.ResponseVoted(voter=actor, supplier=command.supplier, change=change.id, passed=command.passed)
    ]  # fmt: skip


def _talks_following(state: State, now: datetime) -> Events:
    for change in in_force(state):
        name = f"resubmit:{change.id}"
        if state.window_open(name) and all(s in change.responses for s in state.continuing()):
            return close(state, name)
        for supplier in state.continuing():
            votes = change.votes.get(supplier, {})
            agreed = sum(votes.values())
            tied = 2 * agreed == len(votes)
            if supplier in change.rechecked or tied or any(member not in votes for member in state.members()):
                continue
            passed = 2 * agreed > len(votes)
            events: Events = [
                ev.ResponseRechecked(supplier=supplier, change=change.id, passed=passed, votes=dict(votes))
            ]
            return events if passed else [*events, *invalid("talks", supplier, f"response.{change.id}")]
    return []


def invalid(stage: str, supplier: str, ground: str) -> Events:
    """Declared invalid, and told so."""
    return [
        evo.InvalidDeclared(stage=stage, supplier=supplier, ground=ground),
        evo.InvalidNotified(supplier=supplier),
    ]


def _talks_waiting(state: State) -> Iterable[Waiting]:
    busy = called(state)
    if busy and state.leader:
        yield Waiting(state.leader, "end_talk" if state.in_talk else "start_talk")
    elif state.leader and any(not talked(state, s) for s in state.continuing()):
        yield Waiting(state.leader, "call_supplier")
    for change in in_force(state):
        for supplier in state.continuing():
            if supplier not in change.responses:
                yield Waiting(speaker(state, supplier), "resubmit_response")
            elif supplier not in change.rechecked and not state.window_open(f"resubmit:{change.id}"):
                votes = change.votes.get(supplier, {})
                tied = len(votes) >= len(state.members())
                for member in state.members():
                    if member not in votes or tied:
                        yield Waiting(member, "recheck_response")


def speaker(state: State, supplier: str) -> str:
    """The representative who is waited for: one that is signed in, else the first."""
    people = state.representatives(supplier)
    return next((p for p in people if p in state.signed_in), people[0] if people else supplier)


ENTERING["talks"] = lambda state, now: []  # a clock for each talk, not one for all
ELAPSED["resubmit"] = _resubmit_elapsed
register(
    "talks",
    following=_talks_following,
    waiting=lambda state: dict.fromkeys(_talks_waiting(state)),
    elapsed=_talks_elapsed,
)


# --- final quotes ---


def _quoting_entered(state: State, now: datetime) -> Events:
    return [*fix_holders(state, QUOTE), open_window(state, "quoting", "quote", now)]


@decides(cmd.SealQuote, by=("supplier",), during=("quoting",))
def _(state: State, actor: str, command: cmd.SealQuote, now: datetime) -> Events:
    """The latest one before the clock ends counts."""
    supplier = state.supplier_of(actor)
    if supplier not in state.continuing():
        raise InputError("refused.not_continuing", supplier=supplier)
    window = state.windows.get("quoting")
    if window is None or window.closed is not None or window.until <= now:
        raise InputError("refused.no_window", window="quoting")
    return [
        ev.QuoteSealed(
            supplier=supplier,
            header_sha256=command.header_sha256,
            envelope_sha256=command.envelope_sha256,
            size=command.size,
        )
    ]


def _quoting_elapsed(state: State, name: str, now: datetime) -> Events:
    quoted = sealed_set(state, QUOTE).envelopes
    silent = [s for s in state.continuing() if s not in quoted]
    return [ev.SupplierWithdrew(supplier=supplier, reason=QUOTE_MISSED) for supplier in silent]


@decides(cmd.ReportQuotes, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportQuotes, now: datetime) -> Events:
    if state.phase != "quoting" or not to_open(state, QUOTE):
        return []
    if command.quotes.keys() | command.failed.keys() != set(state.continuing()):
        raise InputError("refused.other_envelopes", purpose=QUOTE)
    return [ev.QuotesOpened(quotes=command.quotes, failed=command.failed)]


def _quoting_following(state: State, now: datetime) -> Events:
    quotes = sealed_set(state, QUOTE)
    if not quotes.opened and not openable_by_members(state, QUOTE):
        try:
            return _quoting_entered(state, now)
        except InputError:
            return []
    if state.window_open("quoting") and state.continuing() and all(s in quotes.envelopes for s in state.continuing()):
        return close(state, "quoting")
    if not quotes.opened:
        return []
    unreadable = [s for s in state.continuing() if s not in state.quotes]
    if unreadable:
        return [e for s in unreadable for e in invalid("quoting", s, f"quote.{quotes.failed.get(s, 'unreadable')}")]
    return enter_if_open(state, next_name(state), now)


def _quoting_waiting(state: State) -> Iterable[Waiting]:
    if state.window_open("quoting"):
        for supplier in state.continuing():
            if supplier not in sealed_set(state, QUOTE).envelopes:
                yield Waiting(speaker(state, supplier), "seal_quote")
    else:
        yield from releasing(state, QUOTE)


ENTERING["quoting"] = _quoting_entered
register("quoting", following=_quoting_following, waiting=_quoting_waiting, elapsed=_quoting_elapsed)
