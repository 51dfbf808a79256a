"""The committee's own judgement starts the low-price review too: the fourth ground of 财库〔2026〕2号."""

from factory import CONSULTATION, GRAVE, TENDER, A, B, C, D, Room, opened
from steps import acts, open_quotes, quote, to_low_price, to_quoting

import app.session.rules.commands as cmd
import app.session.rules.events_evaluation as ev
from app.session.rules.visibility import may_see

FAIR = {A: "800.00", B: "850.00", C: "950.00", D: "900.00"}
EXPLAIN = cmd.FileExplanation(text="成本说明", grave=GRAVE)
MOVE = cmd.DoubtPrice(supplier=A, reason="人工成本低于当地最低工资")


def reviewing(prices: dict[str, str] = FAIR) -> Room:
    room = opened(TENDER, dict(prices))
    to_low_price(room)
    return room


def vote(review: bool) -> cmd.VotePriceDoubt:
    return cmd.VotePriceDoubt(supplier=A, review=review, reason="同意" if review else "报价正常")


def scoring(room: Room) -> str:
    return room.refuses("m1", cmd.Advance(phase="scoring", reason="x"))


def doubted() -> Room:
    """m2 moved, m3 and m4 agreed: three of five."""
    room = reviewing()
    room.does("m2", MOVE)
    room.does("m3", vote(True))
    room.does("m4", vote(True))
    return room


def test_a_motion_alone_starts_nothing_but_holds_the_scoring_back() -> None:
    room = reviewing()
    assert room.state.low_price == {}
    room.does("m2", MOVE)
    assert room.state.low_price == {}
    assert acts(room) == {(m, "vote_price_doubt") for m in ("m0", "m1", "m3", "m4")}
    assert scoring(room) == "gate.low_price_open"


def test_more_than_half_of_all_members_start_the_review_with_time_to_explain() -> None:
    room = doubted()
    assert room.state.doubts[A].ruled is True
    assert room.state.low_price[A].triggers == ("low_price.committee",)
    assert room.state.windows[f"low_price:{A}"].seconds == 1800
    assert not room.state.window_open(f"doubt:{A}")
    assert acts(room) == {("sa", "file_explanation")}
    room.does("sa", EXPLAIN)
    for member in room.state.members():
        room.does(member, cmd.VoteLowPrice(supplier=A, valid=True, reason="说明充分"))
    assert room.state.low_price[A].ruled is True
    room.does("m1", cmd.Advance(phase="scoring"))


def test_without_an_explanation_the_bid_is_invalid_as_on_a_computed_ground() -> None:
    room = doubted()
    room.run_out(f"low_price:{A}")
    assert room.state.invalid == {A: "no_explanation"}


def test_a_majority_against_it_ends_the_motion() -> None:
    room = reviewing()
    room.does("m2", MOVE)
    for member in ("m0", "m1", "m3"):
        room.does(member, vote(False))
    assert room.state.doubts[A].ruled is False
    assert room.state.low_price == {}
    assert room.refuses("m2", MOVE) == "refused.price_doubted"
    assert room.refuses("m4", vote(True)) == "refused.no_request"
    room.does("m1", cmd.Advance(phase="scoring"))


def test_members_that_do_not_vote_block_nobody() -> None:
    room = reviewing()
    room.does("m2", MOVE)
    room.does("m3", vote(True))
    room.run_out(f"doubt:{A}")
    assert room.of(ev.LowPriceDoubtRuled)[-1].by_clock
    assert room.state.low_price == {}
    room.does("m1", cmd.Advance(phase="scoring"))


def test_what_may_not_be_moved() -> None:
    room = reviewing({**FAIR, A: "400.00"})  # A is under review on computed grounds
    assert room.refuses("m2", MOVE) == "refused.price_doubted"
    assert room.refuses("m2", cmd.DoubtPrice(supplier="nobody", reason="x")) == "refused.not_continuing"
    assert room.refuses("m2", cmd.DoubtPrice(supplier=B, reason=" ")) == "refused.text"
    assert room.refuses("officer", cmd.DoubtPrice(supplier=B, reason="x")) == "refused.role"


def test_each_review_has_its_own_time() -> None:
    room = reviewing({**FAIR, A: "400.00"})
    room.wait(600)
    room.does("m2", cmd.DoubtPrice(supplier=B, reason="x"))
    for member in ("m3", "m4"):
        room.does(member, cmd.VotePriceDoubt(supplier=B, review=True, reason="x"))
    room.run_out("low_price")
    assert room.state.invalid == {A: "no_explanation"}
    assert room.state.window_open(f"low_price:{B}")
    room.does("sb", EXPLAIN)
    assert ("m0", "vote_low_price") in acts(room)


def test_the_supplier_learns_of_the_review_but_not_of_the_doubt() -> None:
    room = doubted()
    shown = {who: {type(e.event) for e in room.log if may_see(room.state, who, e)} for who in ("sa", "sb", "m1")}
    assert ev.LowPriceTriggered in shown["sa"]
    assert not {ev.LowPriceDoubted, ev.LowPriceDoubtVoted, ev.LowPriceDoubtRuled} & shown["sa"]
    assert ev.LowPriceTriggered not in shown["sb"]
    assert {ev.LowPriceDoubted, ev.LowPriceDoubtVoted} <= shown["m1"]


def test_final_quotes_may_be_doubted_in_a_consultation() -> None:
    room = opened(CONSULTATION, dict(FAIR))
    to_quoting(room)
    quote(room, A, B, C, D)
    open_quotes(room, dict(FAIR))
    room.does("m1", MOVE)
    room.does("m2", vote(True))
    assert room.state.low_price.keys() == {A}
