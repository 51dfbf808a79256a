"""Both methods through the evaluation room, step by step, as people do it."""

from decimal import Decimal

from factory import CONSULTATION, TENDER, A, B, C, advance, opened
from steps import (
    assemble,
    commit,
    confirm,
    elect,
    open_quotes,
    open_sheets,
    papers,
    quote,
    report,
    review,
    seal_sheets,
    talk,
)

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_evaluation as ev
from app.session.rules.effects import IssueDocument, OpenSealed
from app.session.rules.table import due, waiting_for


def test_a_tender_from_handed_on_bids_to_the_closed_room() -> None:
    room = opened(TENDER)
    advance(room, "qualification")
    review(room, "officer", "o2")
    assert {s: d.passed for s, d in room.state.decisions["qualification"].items()} == {A: True, B: True, C: True}

    assemble(room)
    commit(room)
    assert room.state.phase == "leader"
    elect(room, "m1")
    assert (room.state.phase, room.state.leader) == ("conformity", "m1")

    review(room, *room.state.members())
    advance(room, "low_price", "m1")
    assert room.state.fixed_quotes == {A: Decimal("900.00"), B: Decimal("800.00"), C: Decimal("850.00")}

    advance(room, "scoring", "m1")
    seal_sheets(room)
    assert OpenSealed("sheet") not in due(room.state)
    open_sheets(room, {A: 60, B: 40, C: 50})
    assert room.state.phase == "summary"
    # contracts 6 each, price 20 * 800 / quote
    assert [(s.supplier, s.rank, s.total) for s in room.state.standings] == [
        (A, 1, Decimal("83.78")),
        (C, 2, Decimal("74.82")),
        (B, 3, Decimal("66.00")),
    ]

    confirm(room)
    assert room.state.candidates == (A, C, B)
    assert IssueDocument("evaluation_report") in due(room.state)
    report(room)
    for member in room.state.members():
        document = room.state.document_of("evaluation_report")
        assert document is not None
        room.does(
            member, cmd.SignDocument(document=document.id, previous_sha256=document.pdf_sha256, pdf_sha256=member * 32)
        )
    advance(room, "evaluation_closed", "m1")
    papers(room)
    advance(room, "closed")
    assert room.state.phase == "closed"


def test_a_consultation_from_opened_responses_to_the_closed_room() -> None:
    room = opened(CONSULTATION)
    assemble(room)
    commit(room)
    elect(room, "m2")
    assert room.state.phase == "qualification"
    review(room, *room.state.members())
    advance(room, "conformity", "m2")
    review(room, *room.state.members())
    advance(room, "talks", "m2")
    assert room.refuses("m2", cmd.Advance(phase="quoting", reason="快")) == "gate.talk_missing"
    for supplier in (A, B, C):
        talk(room, supplier, seconds=600)
    advance(room, "quoting", "m2")
    quote(room, A, B, C)
    assert not room.state.window_open("quoting")
    assert OpenSealed("quote") not in due(room.state)
    open_quotes(room, {A: "880.00", B: "790.00", C: "840.00"})
    assert room.state.phase == "low_price"
    assert room.state.fixed_quotes[A] == Decimal("880.00")
    advance(room, "scoring", "m2")
    seal_sheets(room)
    open_sheets(room, {A: 60, B: 40, C: 50})
    confirm(room)
    report(room)
    room.run_out("report")
    assert room.state.phase == "evaluation_closed"
    deemed = [e for e in room.of(evc.DeemedAgreed) if isinstance(e, evc.DeemedAgreed)]
    assert {e.person for e in deemed} == set(room.state.members())
    assert {e.rule for e in deemed} == {"deemed.competitive_consultation.report"}
    papers(room)
    advance(room, "closed")


def test_everyone_waited_for_is_named_at_every_step() -> None:
    room = opened(TENDER)
    advance(room, "qualification")
    assert {(w.person, w.act) for w in waiting_for(room.state)} == {
        ("officer", "submit_review"),
        ("o2", "submit_review"),
    }
    review(room, "officer", "o2")
    assemble(room)
    assert {w.act for w in waiting_for(room.state)} == {"sign_commitment"}
    commit(room)
    assert {(w.person, w.act) for w in waiting_for(room.state)} == {(m, "vote_leader") for m in room.state.members()}
    elect(room, "m1")
    review(room, *room.state.members())
    assert waiting_for(room.state) == ()
    advance(room, "low_price", "m1")
    advance(room, "scoring", "m1")
    assert {w.act for w in waiting_for(room.state)} == {"seal_sheet"}
    seal_sheets(room)
    assert {w.act for w in waiting_for(room.state)} == {"release_sealed"}
    assert room.of(ev.SheetsOpened) == []
