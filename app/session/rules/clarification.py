"""Clarification 澄清: an act, not a phase (87号令 art. 51): asked in writing, answered signed or by clock."""

from datetime import datetime

import app.session.rules.commands as cmd
import app.session.rules.events_evaluation as ev
from app.errors import InputError
from app.session.rules.checks import text
from app.session.rules.decide import ELAPSED, LEADER, Events, decides, open_window
from app.session.rules.evaluation import close, in_evaluation
from app.session.rules.state import State

DURING = ("qualification", "conformity", "talks", "quoting", "low_price", "scoring", "summary")
CORRECTION = "correction"
CLARIFY = "clarify"


def ask(state: State, number: int, supplier: str, said: str, purpose: str, now: datetime) -> Events:
    """A question to a supplier with its own clock ``clarify:<id>``."""
    key = f"c{number}"
    clock = open_window(state, f"{CLARIFY}:{key}", CLARIFY, now)
    asked = ev.ClarificationAsked(clarification=key, supplier=supplier, text=said, purpose=purpose, until=clock.until)
    return [asked, clock]


@decides(cmd.AskClarification, by=(LEADER, "officer", "purchaser"), during=DURING)
def _(state: State, actor: str, command: cmd.AskClarification, now: datetime) -> Events:
    """By the leader for the committee; in the qualification of a tender by officer or purchaser."""
    if in_evaluation(state):
        if actor != state.leader:
            raise InputError("refused.not_leader")
    elif actor in state.members():
        raise InputError("refused.role", command="ask_clarification")
    if command.supplier not in state.continuing():
        raise InputError("refused.not_continuing", supplier=command.supplier)
    return ask(state, len(state.clarifications) + 1, command.supplier, text(command.text), CLARIFY, now)


@decides(cmd.AnswerClarification, by=("supplier",))
def _(state: State, actor: str, command: cmd.AnswerClarification, now: datetime) -> Events:
    item = state.clarifications.get(command.clarification)
    if item is None or item.supplier != state.supplier_of(actor):
        raise InputError("refused.no_request", request=command.clarification)
    if not item.open:
        raise InputError("refused.answered", request=command.clarification)
    if (command.confirmed is None) == (item.purpose == CORRECTION):
        raise InputError("refused.yes_or_no", request=command.clarification)
    answered = ev.ClarificationAnswered(
        clarification=item.id, text=text(command.text), grave=command.grave, confirmed=command.confirmed
    )
    return [answered, *close(state, f"{CLARIFY}:{item.id}")]


def _elapsed(state: State, name: str, now: datetime) -> Events:
    item = state.clarifications.get(name.partition(":")[2])
    return [ev.ClarificationDefaulted(clarification=item.id)] if item is not None and item.open else []


ELAPSED[CLARIFY] = _elapsed
