"""The agency's check, the report: signed, refused, dissented from, deemed agreed."""

from factory import TENDER, A, B, C, Room, advance, digest, expert, opened
from steps import acts, open_sheets, report, seal_sheets, to_scoring

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
from app.session.rules.effects import IssueDocument
from app.session.rules.table import due


def checking() -> Room:
    room = opened(TENDER)
    to_scoring(room)
    seal_sheets(room)
    open_sheets(room, {A: 60, B: 40, C: 50})
    room.does("m1", cmd.ConfirmRanking())
    advance(room, "agency_check", "m1")
    return room


def reporting() -> Room:
    room = checking()
    room.does("officer", cmd.ConfirmCheck())
    report(room)
    return room


def sign(room: Room, who: str) -> None:
    document = room.state.documents["d9"]
    signed = cmd.SignDocument(document="d9", previous_sha256=document.pdf_sha256, pdf_sha256=digest(who))
    room.does(who, signed)


def test_without_a_confirmed_ranking_there_is_nothing_to_check() -> None:
    room = opened(TENDER)
    to_scoring(room)
    seal_sheets(room)
    open_sheets(room, {A: 60, B: 40, C: 50})
    assert room.refuses("m1", cmd.Advance(phase="agency_check", reason="x")) == "gate.ranking_unconfirmed"


def test_a_re_check_needs_a_lawful_ground_and_is_answered_by_the_leader() -> None:
    room = checking()
    assert room.refuses("officer", cmd.AskReCheck(ground="taste", reason="x")) == "refused.no_ground"
    assert room.refuses("m1", cmd.AskReCheck(ground="summing_error", reason="x")) == "refused.role"
    assert room.refuses("m1", cmd.AnswerReCheck(accepted=True, reason="x")) == "refused.no_request"
    room.does("officer", cmd.AskReCheck(ground="summing_error", reason="请复核汇总"))
    assert room.refuses("officer", cmd.ConfirmCheck()) == "refused.recheck_open"
    assert acts(room) == {("m1", "answer_re_check")}
    room.does("m1", cmd.AnswerReCheck(accepted=False, reason="汇总无误"))
    assert room.state.rechecks == (("请复核汇总", "汇总无误"),)
    room.does("officer", cmd.ConfirmCheck())
    assert room.refuses("officer", cmd.AskReCheck(ground="summing_error", reason="x")) == "refused.too_late"


def test_an_accepted_re_check_opens_the_totals_again() -> None:
    room = checking()
    room.does("officer", cmd.AskReCheck(ground="objective_unequal", reason="请复核"))
    room.does("m1", cmd.AnswerReCheck(accepted=True, reason="复核"))
    assert (room.state.phase, room.state.candidates) == ("summary", ())
    assert len(room.state.standings) == 3
    room.does("m1", cmd.ReopenSheet(member="m2", ground="objective_unequal", reason="复核"))
    seal_sheets(room, "m2")
    open_sheets(room, {A: 60, B: 40, C: 50})
    room.does("m1", cmd.ConfirmRanking())
    advance(room, "agency_check", "m1")


def test_the_report_and_every_members_sheet_are_issued_after_the_check() -> None:
    room = checking()
    assert due(room.state) == ()
    assert room.refuses("officer", cmd.Advance(phase="report", reason="x")) == "gate.not_checked"
    room.does("officer", cmd.ConfirmCheck())
    assert room.refuses("officer", cmd.Advance(phase="report", reason="x")) == "gate.report_not_issued"
    sheets = {IssueDocument("score_sheet", m) for m in room.state.members()}
    assert set(due(room.state)) == {IssueDocument("evaluation_report"), *sheets}
    report(room)
    assert set(due(room.state)) == sheets
    room.does(
        "host",
        cmd.ReportDocument(
            document="s1", kind="score_sheet", pdf_sha256="00", fields={}, entries=1, root="", subject="m1"
        ),
    )
    assert set(due(room.state)) == sheets - {IssueDocument("score_sheet", "m1")}


def test_after_the_check_nobody_is_replaced_any_more() -> None:
    room = reporting()
    late = cmd.ReplaceMember(person="m2", substitute=expert("m9"), reason="x")
    assert room.refuses("officer", late) == "refused.too_late"


def test_who_signs_is_not_waited_for_and_the_leader_ends_it() -> None:
    room = reporting()
    assert {who for who, act in acts(room) if act == "sign_document"} == {"m0", "m1", "m2", "m3", "m4"}
    for member in room.state.members():
        sign(room, member)
    assert acts(room) == set()
    assert room.refuses("m2", cmd.Advance(phase="evaluation_closed")) == "refused.role"
    advance(room, "evaluation_closed", "m1")


def test_a_member_signs_its_own_sheet_too() -> None:
    room = reporting()
    room.does(
        "host",
        cmd.ReportDocument(
            document="s1", kind="score_sheet", pdf_sha256="00", fields={"m1": "S"}, entries=1, root="", subject="m1"
        ),
    )
    for member in room.state.members():
        sign(room, member)
    assert acts(room) == {("m1", "sign_document")}
    assert room.refuses("m1", cmd.Advance(phase="evaluation_closed")) == "gate.undone"
    room.does("m1", cmd.SignDocument(document="s1", previous_sha256="00", pdf_sha256=digest("s1")))
    advance(room, "evaluation_closed", "m1")


def test_silence_is_agreement_refusal_with_reason_and_dissent_are_not() -> None:
    room = reporting()
    sign(room, "m0")
    room.does("m1", cmd.RefuseSignature(document="d9", reason="评分依据不足"))
    room.does("m2", cmd.FileDissent(text="对第一名有不同意见"))
    assert room.refuses("officer", cmd.FileDissent(text="x")) == "refused.role"
    room.run_out("report")
    assert room.state.phase == "evaluation_closed"
    assert room.state.documents["d9"].deemed == dict.fromkeys(("m3", "m4"), "deemed.public_tender.report")
    assert room.state.dissents == {"m2": "对第一名有不同意见"}


def test_a_member_lost_during_the_check_takes_the_case_back_to_scoring() -> None:
    room = checking()
    room.does("officer", cmd.ReplaceMember(person="m2", substitute=expert("m9"), reason="失联"))
    assert room.state.phase == "scoring"
    assert room.state.candidates == ()


def test_nothing_is_deemed_before_the_clock() -> None:
    room = reporting()
    assert room.of(evc.DeemedAgreed) == []
    assert room.refuses("officer", cmd.ConfirmCheck()) == "refused.phase"
