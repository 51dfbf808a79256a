"""The whole table of legal moves: importing it registers every decider. Outside the rules ask it, not decide.py."""

from app.session.rules import (
    clarification,
    decide_case,
    decide_committee,
    decide_conversation,
    decide_low_price,
    decide_negotiation,
    decide_opening,
    decide_people,
    decide_report,
    decide_review,
    decide_scoring,
)
from app.session.rules.decide import MOVES, Refused, decide, elapse, follow, next_deadline, waiting_for
from app.session.rules.effects import due

DECIDERS = (
    decide_case, decide_people, decide_conversation, decide_opening, decide_review, clarification, decide_committee,
    decide_negotiation, decide_low_price, decide_scoring, decide_report,
)  # fmt: skip
"""The modules that hold the table's rows."""

__all__ = ["DECIDERS", "MOVES", "Refused", "decide", "due", "elapse", "follow", "next_deadline", "waiting_for"]
