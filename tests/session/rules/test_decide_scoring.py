"""Sealed sheets, opened together; totals, findings, deviations, ties, the confirmed ranking."""

from decimal import Decimal

import pytest
from factory import GRAVE, TENDER, A, B, C, Room, digest, expert, opened
from steps import acts, open_sheets, release, seal_sheets, sheet, to_scoring

import app.session.rules.commands as cmd
import app.session.rules.events_evaluation as eve
from app.session.rules.effects import OpenSealed
from app.session.rules.sealed import pending
from app.session.rules.table import due

EVEN = {A: 50, B: 50, C: 50}
SEAL = cmd.SealSheet(header_sha256=digest("h"), envelope_sha256=digest("e"), size=1, grave=GRAVE)


def scoring() -> Room:
    room = opened(TENDER)
    to_scoring(room)
    return room


def summed(marks: dict[str, int] | None = None, **own: eve.OpenedSheet) -> Room:
    room = scoring()
    seal_sheets(room)
    open_sheets(room, marks or EVEN, **own)
    return room


def test_only_members_seal_and_may_do_it_again_until_all_are_in() -> None:
    room = scoring()
    assert room.refuses("officer", SEAL) == "refused.role"
    seal_sheets(room, "m1")
    first = room.state.sealed["sheet"].envelopes["m1"]
    seal_sheets(room, "m1")
    assert room.state.sealed["sheet"].envelopes["m1"] != first
    seal_sheets(room, "m0", "m2", "m3", "m4")
    assert not room.state.window_open("scoring")
    assert room.refuses("m1", SEAL) == "refused.all_in"


def test_a_silent_member_is_marked_and_no_score_is_invented() -> None:
    room = scoring()
    seal_sheets(room, "m0", "m1", "m2", "m3")
    room.run_out("scoring")
    assert room.state.absent == {"m4": "sheet_missed"}
    assert room.state.sheets == {}
    assert acts(room) == {("m4", "seal_sheet")}
    shares = dict.fromkeys(pending(room.state, "sheet"), "s")
    released = cmd.ReleaseSealed(purpose="sheet", shares=shares, grave=GRAVE)
    assert room.refuses("m1", released) == "release.not_all_in"
    room.does("officer", cmd.ReplaceMember(person="m4", substitute=expert("m9"), reason="失联"))
    room.signs_in("m9")
    room.does("engineer", cmd.LockPhone(person="m9"))
    assert room.refuses("m9", SEAL) == "refused.not_committed"
    room.does("m9", cmd.SignCommitment(text_sha256=digest("承诺书"), grave=GRAVE))
    seal_sheets(room, "m9")
    assert room.refuses("m9", released) == "release.not_holder"
    open_sheets(room, EVEN)
    assert room.state.phase == "summary"


def test_three_of_five_open_the_sheets_together() -> None:
    room = scoring()
    seal_sheets(room)
    release(room, "sheet", "m0", "m1")
    assert due(room.state) == ()
    release(room, "sheet", "m2")
    assert due(room.state) == (OpenSealed("sheet"),)
    part = cmd.ReportSheets(sheets={"m1": sheet(EVEN)}, failed={})
    assert room.refuses("host", part) == "refused.other_envelopes"


def test_while_one_sheet_cannot_be_opened_no_other_is_shown() -> None:
    room = scoring()
    seal_sheets(room)
    release(room, "sheet")
    good = {m: sheet(EVEN) for m in ("m0", "m1", "m2", "m3")}
    room.does("host", cmd.ReportSheets(sheets=good, failed={"m4": "envelope.damaged"}))
    assert room.state.sheets == {}
    assert room.state.phase == "scoring"
    assert acts(room) == {("m4", "seal_sheet")}
    seal_sheets(room, "m4")
    open_sheets(room, EVEN)
    assert room.state.phase == "summary"


def test_totals_follow_by_themselves() -> None:
    room = summed({A: 52, B: 50, C: 51})
    # A: 6+52+17.78, B: 6+50+20, C: 6+51+18.82
    assert {s.supplier: s.total for s in room.state.standings} == {
        A: Decimal("75.78"),
        B: Decimal("76.00"),
        C: Decimal("75.82"),
    }
    assert [s.supplier for s in room.state.standings] == [B, C, A]
    assert room.of(eve.TieResolved) == []


def test_equal_totals_are_ordered_by_the_lower_quote() -> None:
    room = opened(TENDER, {A: "800.00", B: "1000.00", C: "900.00"})
    to_scoring(room)
    seal_sheets(room)
    open_sheets(room, {A: 50, B: 54, C: 10})  # A 50 + 20.00, B 54 + 16.00
    assert [(s.supplier, s.total) for s in room.state.standings][:2] == [(A, Decimal("76.00")), (B, Decimal("76.00"))]
    tie = room.of(eve.TieResolved)
    assert tie == [eve.TieResolved(order=(A, B, C), rule="quote_asc")]


def test_a_mark_out_of_range_is_a_finding_and_only_a_lawful_ground_reopens_the_sheet() -> None:
    room = summed(m2=sheet({A: 71, B: 50, C: 50}))
    assert [(f.code, f.member, f.supplier, f.criterion) for f in room.state.findings] == [
        ("sheet.out_of_range", "m2", A, "approach")
    ]
    assert room.state.standings == ()
    assert room.refuses("m1", cmd.ConfirmRanking()) == "refused.findings_open"
    assert acts(room) == {("m1", "reopen_sheet")}
    reopen = cmd.ReopenSheet(member="m2", ground="score_out_of_range", reason="超出 70 分")
    assert room.refuses("m3", reopen) == "refused.role"
    assert room.refuses("m1", cmd.ReopenSheet(member="m2", ground="x", reason="x")) == "refused.no_ground"
    other = cmd.ReopenSheet(member="m9", ground="score_out_of_range", reason="x")
    assert room.refuses("m1", other) == "refused.no_sheet"
    room.does("m1", reopen)
    assert room.state.phase == "scoring"
    assert "m2" not in room.state.sheets
    seal_sheets(room, "m2")
    assert room.refuses("m3", SEAL) == "refused.sheet_open"
    open_sheets(room, EVEN)
    assert room.state.phase == "summary"
    assert room.state.findings == ()
    assert len(room.state.standings) == 3


def test_an_objective_mark_that_is_not_what_the_rule_computes_is_a_finding() -> None:
    room = summed(m2=sheet(EVEN, contracts=4))
    codes = {f.code for f in room.state.findings}
    assert codes == {"sheet.objective_differs", "sheet.objective_unequal"}


def test_a_sheet_that_misses_a_mark_stops_the_ranking() -> None:
    room = summed(m2=sheet({A: 50, B: 50}))
    assert {f.code for f in room.state.findings} == {"sheet.missing"}


def test_a_deviation_is_explained_by_its_own_member_before_the_ranking_is_confirmed() -> None:
    room = summed(m2=sheet({A: 5, B: 50, C: 50}))
    assert [(d.member, d.supplier) for d in room.state.deviations] == [("m2", A)]
    assert room.refuses("m1", cmd.ConfirmRanking()) == "refused.deviation_open"
    why = cmd.GiveDeviationReason(supplier=A, criterion="", reason="方案与需求不符")
    assert room.refuses("m3", why) == "refused.no_deviation"
    assert acts(room) == {("m2", "give_deviation_reason")}
    room.does("m2", why)
    room.does("m1", cmd.ConfirmRanking())
    assert room.refuses("m1", cmd.ConfirmRanking()) == "refused.ranking_confirmed"
    late = cmd.ReopenSheet(member="m2", ground="summing_error", reason="x")
    assert room.refuses("m1", late) == "refused.ranking_confirmed"


def test_a_member_that_will_not_explain_does_not_block_the_ranking() -> None:
    room = summed(m2=sheet({A: 5, B: 50, C: 50}))
    room.run_out("summary:deviations")
    assert room.state.absent == {"m2": "deviation_unexplained"}
    room.does("m1", cmd.ConfirmRanking())


def test_an_open_clarification_holds_the_ranking() -> None:
    room = summed()
    room.does("m1", cmd.AskClarification(supplier=A, text="请说明"))
    assert room.refuses("m1", cmd.ConfirmRanking()) == "refused.clarification_open"
    room.run_out("clarify:c1")
    room.does("m1", cmd.ConfirmRanking())


@pytest.mark.parametrize("candidates", [1, 2])
def test_as_many_candidates_as_the_document_says(candidates: int) -> None:
    room = opened(TENDER, candidates=candidates)
    to_scoring(room)
    seal_sheets(room)
    open_sheets(room, {A: 60, B: 40, C: 50})
    room.does("m1", cmd.ConfirmRanking())
    assert room.state.candidates == (A, C)[:candidates]


def test_the_summary_opens_only_with_all_sheets() -> None:
    room = scoring()
    assert room.refuses("officer", cmd.Advance(phase="summary", reason="x")) == "gate.sheets_sealed"
