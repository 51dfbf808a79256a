"""Qualification and conformity: who reviews, majority and dissent, the clock, clarification before a decision."""

import msgspec
from factory import CONSULTATION, GRAVE, TENDER, A, B, C, D, Room, advance, opened, passing
from steps import acts, review, to_conformity

import app.session.rules.commands as cmd
import app.session.rules.events_evaluation as eve
import app.session.rules.events_opening as evo
from app.procurement.bid import Evidence


def sheet(room: Room, supplier: str = A, **failing: str) -> cmd.SubmitReview:
    passed = {item: item not in failing for item in passing(room)}
    return cmd.SubmitReview(supplier=supplier, passed=passed, reasons=failing)


def qualifying() -> Room:
    room = opened(TENDER, {A: "900.00", B: "800.00", C: "850.00", D: "870.00"})
    advance(room, "qualification")
    return room


def test_officer_and_purchaser_review_a_tender_and_nobody_else() -> None:
    room = qualifying()
    for who in ("m1", "m0", "o1"):
        assert room.refuses(who, sheet(room)) == "review.not_a_member"
    assert room.refuses("sa", sheet(room)) == "refused.role"
    assert room.refuses("clerk", sheet(room)) == "refused.role"


def test_a_sheet_names_every_item_and_gives_a_reason_for_what_failed() -> None:
    room = qualifying()
    assert room.refuses("officer", sheet(room, credit="")) == "review.reason_missing"
    part = cmd.SubmitReview(supplier=A, passed={"licence": True}, reasons={})
    assert room.refuses("officer", part) == "review.item_missing"
    other = cmd.SubmitReview(supplier=A, passed={**passing(room), "x": True}, reasons={})
    assert room.refuses("officer", other) == "review.unknown_item"
    assert room.refuses("officer", sheet(room, "no such")) == "review.unknown_supplier"
    assert room.refuses("officer", sheet(room, credit="长" * 2001)) == "refused.text"


def test_evidence_is_a_page_of_the_suppliers_own_documents() -> None:
    room = qualifying()
    own, other = (room.state.bids[s].documents[0].sha256 for s in (A, B))
    with_page = msgspec.structs.replace(sheet(room), evidence={"credit": Evidence(own, 3)})
    foreign = msgspec.structs.replace(sheet(room), evidence={"credit": Evidence(other, 3)})
    nothing = msgspec.structs.replace(sheet(room), evidence={"x": Evidence(own, 3)})
    assert room.refuses("officer", foreign) == "review.unknown_document"
    assert room.refuses("officer", nothing) == "review.unknown_item"
    room.does("officer", with_page)
    assert room.state.reviews["qualification"][A]["officer"].evidence == {"credit": Evidence(own, 3)}


def test_all_are_decided_at_once_when_the_last_sheet_is_in() -> None:
    room = qualifying()
    review(room, "officer")
    assert room.of(evo.ReviewDecided) == []
    for supplier in (A, B, C):
        room.does("o2", sheet(room, supplier))
    assert room.of(evo.ReviewDecided) == []
    room.does("o2", sheet(room, D))
    assert len(room.of(evo.ReviewDecided)) == 4
    assert room.refuses("o2", sheet(room, A)) == "review.decided"


def test_two_reviewers_that_differ_talk_and_submit_again() -> None:
    room = qualifying()
    review(room, "officer")
    review(room, "o2", fail=(A,), item="credit")
    assert room.of(evo.ReviewDecided) == []
    assert acts(room) == {("officer", "submit_review"), ("o2", "submit_review")}
    room.does("officer", sheet(room, A, credit="失信"))
    assert room.state.decisions["qualification"][A].failed_items == ("credit",)
    assert room.state.invalid == {A: "qualification.credit"}
    assert room.state.notified == {A}
    assert room.state.continuing() == (B, C, D)


def test_with_too_few_left_the_evaluation_does_not_begin() -> None:
    room = opened(TENDER)
    advance(room, "qualification")
    review(room, "officer", "o2", fail=(A,), item="licence")
    for member in room.state.members():
        room.does("engineer", cmd.LockPhone(person=member))
    assert room.refuses("officer", cmd.Advance(phase="assembling", reason="x")) == "gate.minimum_count"


def test_an_undecided_review_keeps_the_next_room_closed() -> None:
    room = qualifying()
    assert room.refuses("officer", cmd.Advance(phase="assembling", reason="x")) == "gate.review_open"


def test_the_agency_goes_on_without_a_reviewer_that_let_the_clock_run_out() -> None:
    room = qualifying()
    review(room, "officer")
    room.run_out("qualification")
    assert room.state.absent == {"o2": "review_missed"}
    assert len(room.state.decisions["qualification"]) == 4


def test_when_nobody_reviews_nothing_is_decided() -> None:
    room = qualifying()
    room.run_out("qualification")
    assert room.state.decisions == {}
    assert acts(room) == {("officer", "submit_review"), ("o2", "submit_review")}


def test_a_committee_never_decides_without_a_member() -> None:
    room = opened(CONSULTATION)
    to_conformity(room)
    review(room, "m0", "m1")
    room.run_out("qualification")
    assert room.state.absent == {"m2": "review_missed"}
    assert room.state.decisions == {}
    review(room, "m2")
    assert len(room.state.decisions["qualification"]) == 3


def test_the_majority_decides_and_dissent_is_kept() -> None:
    room = opened(CONSULTATION, {A: "900.00", B: "800.00", C: "850.00", D: "870.00"})
    to_conformity(room)
    review(room, "m0")
    review(room, "m1", "m2", fail=(A,), item="credit")
    decision = room.state.decisions["qualification"][A]
    assert (decision.passed, decision.failed_items, decision.dissent) == (False, ("credit",), {"m0": "credit"})
    advance(room, "conformity", "m1")
    review(room, "m0", "m1")
    review(room, "m2", fail=(B,), item="signed")
    assert room.state.decisions["conformity"][B].passed
    assert room.state.decisions["conformity"][B].dissent == {"m2": "signed: 未提供"}


def test_what_is_not_mandatory_fails_nobody() -> None:
    room = opened(CONSULTATION)
    to_conformity(room)
    review(room, *room.state.members())
    advance(room, "conformity", "m1")
    review(room, *room.state.members(), fail=(A,), item="format")
    assert room.state.decisions["conformity"][A].passed
    assert room.state.invalid == {}


def test_an_open_clarification_holds_the_decision() -> None:
    room = qualifying()
    room.does("officer", cmd.AskClarification(supplier=A, text="请说明"))
    review(room, "officer", "o2")
    assert room.state.decisions == {}
    answer = cmd.AnswerClarification(clarification="c1", text="说明如下", grave=GRAVE)
    assert room.refuses("sb", answer) == "refused.no_request"
    room.does("sa", answer)
    assert len(room.state.decisions["qualification"]) == 4
    assert room.refuses("sa", answer) == "refused.answered"


def test_a_clarification_not_answered_is_defaulted_by_the_clock() -> None:
    room = qualifying()
    room.does("o2", cmd.AskClarification(supplier=A, text="请说明"))
    review(room, "officer", "o2")
    room.run_out("clarify:c1")
    assert room.state.clarifications["c1"].defaulted
    assert len(room.state.decisions["qualification"]) == 4


def test_in_the_evaluation_room_only_the_leader_asks() -> None:
    room = opened(CONSULTATION)
    to_conformity(room)
    ask = cmd.AskClarification(supplier=A, text="请说明")
    assert room.refuses("officer", ask) == "refused.not_leader"
    assert room.refuses("m2", ask) == "refused.role"
    assert room.refuses("m1", cmd.AskClarification(supplier="x", text="?")) == "refused.not_continuing"
    assert room.refuses("m1", cmd.AskClarification(supplier=A, text=" ")) == "refused.text"
    room.does("m1", ask)
    asked = room.of(eve.ClarificationAsked)[0]
    assert isinstance(asked, eve.ClarificationAsked)
    assert asked.until == room.state.windows["clarify:c1"].until
    yes = cmd.AnswerClarification(clarification="c1", text="好", grave=GRAVE, confirmed=True)
    assert room.refuses("sa", yes) == "refused.yes_or_no"
