"""Corrections confirmed, prices fixed, abnormally low quotes explained and ruled."""

from decimal import Decimal

from factory import CONSULTATION, GRAVE, TENDER, A, B, C, D, Room, opened, payload
from steps import acts, open_quotes, quote, to_low_price, to_quoting

import app.session.rules.commands as cmd

# 400 < 50 % of the mean 787.50? no; < 50 % of the second lowest 850? yes; < 45 % of the budget 1000? yes
LOW = {A: "400.00", B: "850.00", C: "950.00", D: "900.00"}
EXPLAIN = cmd.FileExplanation(text="成本说明", grave=GRAVE)


def reviewing() -> Room:
    room = opened(TENDER, dict(LOW))
    to_low_price(room)
    return room


def vote(valid: bool) -> cmd.VoteLowPrice:
    return cmd.VoteLowPrice(supplier=A, valid=valid, reason="说明充分" if valid else "说明不足")


def scoring(room: Room) -> str:
    return room.refuses("m1", cmd.Advance(phase="scoring", reason="x"))


def test_low_quotes_are_found_with_their_triggers() -> None:
    room = reviewing()
    assert room.state.low_price.keys() == {A}
    assert room.state.low_price[A].triggers == ("low_price.second_lowest", "low_price.limit")
    assert room.state.windows["low_price"].seconds == 1800
    assert acts(room) == {("sa", "file_explanation")}
    assert scoring(room) == "gate.low_price_open"


def test_an_explanation_is_voted_on_by_all() -> None:
    room = reviewing()
    assert room.refuses("m1", vote(True)) == "refused.window_runs"
    assert room.refuses("sb", EXPLAIN) == "refused.no_request"
    room.does("sa", EXPLAIN)
    assert not room.state.window_open("low_price")
    assert room.refuses("sa", EXPLAIN) == "refused.no_window"
    for member, valid in (("m0", True), ("m1", True), ("m2", False), ("m3", True)):
        room.does(member, vote(valid))
    assert room.state.low_price[A].ruled is None
    room.does("m4", vote(False))
    assert room.state.low_price[A].ruled is True
    assert room.refuses("m4", vote(False)) == "refused.no_request"
    assert not room.state.window_open("low_price:vote")
    room.does("m1", cmd.Advance(phase="scoring"))


def test_an_insufficient_explanation_makes_the_bid_invalid() -> None:
    room = reviewing()
    room.does("sa", EXPLAIN)
    for member in room.state.members():
        room.does(member, vote(member == "m0"))
    assert room.state.invalid == {A: "low_price_unexplained"}
    assert A in room.state.notified


def test_no_explanation_in_time_makes_the_bid_invalid_by_rule() -> None:
    room = reviewing()
    room.run_out("low_price")
    assert room.state.invalid == {A: "no_explanation"}
    assert room.state.low_price[A].ruled is False
    room.does("m1", cmd.Advance(phase="scoring"))


def test_a_member_that_does_not_vote_is_marked_and_still_waited_for() -> None:
    room = reviewing()
    room.does("sa", EXPLAIN)
    for member in ("m0", "m1", "m2", "m3"):
        room.does(member, vote(True))
    room.run_out("low_price:vote")
    assert room.state.absent == {"m4": "vote_missed"}
    assert acts(room) == {("m4", "vote_low_price")}


def test_the_mean_is_taken_over_raw_quotes_of_those_still_in() -> None:
    room = opened(TENDER, {A: "900.00", B: "800.00", C: "850.00", D: "1000.01"})
    to_low_price(room)
    assert room.state.invalid == {D: "quote.over_limit"}
    assert room.state.low_price == {}
    assert room.state.fixed_quotes.keys() == {A, B, C}


def wrong() -> Room:
    """A's line says 900, its total 890, in figures and words."""
    prices = {A: payload(A, "900.00", written="890.00"), B: "800.00", C: "850.00", D: "870.00"}
    room = opened(TENDER, prices)  # type: ignore[arg-type]
    to_low_price(room)
    return room


def answer(confirmed: bool | None) -> cmd.AnswerClarification:
    return cmd.AnswerClarification(clarification="c1", text="同意修正", grave=GRAVE, confirmed=confirmed)


def test_a_correction_waits_for_its_supplier_and_then_counts() -> None:
    room = wrong()
    assert room.state.clarifications["c1"].corrected == Decimal("900.00")
    assert acts(room) == {("sa", "answer_clarification")}
    assert scoring(room) == "gate.prices_not_fixed"
    assert room.refuses("sa", answer(None)) == "refused.yes_or_no"
    room.does("sa", answer(True))
    assert room.state.fixed_quotes[A] == Decimal("900.00")


def test_a_correction_refused_or_not_answered_makes_the_bid_invalid() -> None:
    room = wrong()
    room.does("sa", answer(False))
    assert room.state.invalid == {A: "correction_unconfirmed"}
    assert room.state.fixed_quotes.keys() == {B, C, D}
    room = wrong()
    room.run_out("clarify:c1")
    assert room.state.invalid == {A: "correction_unconfirmed"}


def test_final_quotes_are_what_is_reviewed_in_a_consultation() -> None:
    room = opened(CONSULTATION, {A: "900.00", B: "800.00", C: "850.00", D: "870.00"})
    to_quoting(room)
    quote(room, A, B, C, D)
    open_quotes(room, dict(LOW))
    assert room.state.low_price.keys() == {A}
    room.run_out("low_price")
    room.does("m1", cmd.Advance(phase="scoring"))


def test_too_few_left_after_the_review_end_it() -> None:
    room = opened(CONSULTATION)
    to_quoting(room)
    quote(room, A, B, C)
    open_quotes(room, {A: "400.00", B: "850.00", C: "950.00"})
    room.run_out("low_price")
    assert scoring(room) == "gate.minimum_count"
