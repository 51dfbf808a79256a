"""The whole table: importing it registers every decider and every fold. Outside the rules ask it, not decide.py."""

from app.session.rules import (
    clarification,
    decide_case,
    decide_committee,
    decide_conversation,
    decide_decryption,
    decide_low_price,
    decide_negotiation,
    decide_opening,
    decide_people,
    decide_reading,
    decide_record,
    decide_report,
    decide_review,
    decide_scoring,
    decide_seats,
    fold_case,
    fold_evaluation,
    fold_opening,
    fold_waiting,
    price_doubt,
    waiting,
)
from app.session.rules.decide import MOVES, Refused, decide, elapse, follow, next_deadline, waiting_for
from app.session.rules.effects import due
from app.session.rules.fold import APPLIERS, apply

DECIDERS = (
    decide_seats,
    decide_case, decide_people, decide_conversation, decide_opening, decide_decryption, decide_reading, decide_record,
    decide_review, clarification, decide_committee, decide_negotiation, decide_scoring, decide_low_price, decide_report,
    price_doubt, waiting,
)  # fmt: skip
"""The modules that hold the table's rows."""

FOLDS = (fold_case, fold_opening, fold_evaluation, fold_waiting)
"""The modules that say how each event changes the state."""

__all__ = [
    "APPLIERS",
    "DECIDERS",
    "FOLDS",
    "MOVES",
    "Refused",
    "apply",
    "decide",
    "due",
    "elapse",
    "follow",
    "next_deadline",
    "waiting_for",
]
