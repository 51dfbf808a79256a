"""The evaluation's panels: reviews, drafts, the desk, the summary and its derivations."""

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

import app.session.rules.commands as cmd
from app.clock import ManualClock
from app.session.rules.events_evaluation import CheckFinding, OpenedSheet, SheetSealed
from app.session.rules.people import Role
from app.ui.async_bridge import AsyncBridge
from app.ui.evaluation import bid_documents
from app.ui.evaluation.commitment import CommitmentPanel, commitment_digest
from app.ui.evaluation.derivation import derive, sentences, why_of_total
from app.ui.evaluation.drafts import Draft, draft_path, drop_draft, load_draft, save_draft
from app.ui.evaluation.expert_desk import ExpertDesk
from app.ui.evaluation.leader import LeaderPanel
from app.ui.evaluation.progress import SealedProgressPanel
from app.ui.evaluation.review import ReviewPanel
from app.ui.evaluation.summary import SummaryPanel, finding_lines
from app.ui.evaluation.supplier_side import SupplierEvaluationPanel
from app.ui.room_acts import Graved, ReviseSheet, SubmitSheet, Sure
from app.ui.sample_state import Played, play, sheets_of
from app.ui.step_facts import StepContext, StepFacts
from app.ui.step_panels import panel_type


@pytest.fixture
def panel(qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(bid_documents.BidDocuments, "_open_chosen", lambda self: None)

    def make(played: Played, person: str) -> tuple[Any, list[object]]:
        async def fetch(sha256: str) -> bytes:
            return played.files[sha256]

        facts = StepFacts(played.seen_by(person)[0], person)
        context = StepContext(ManualClock(played.now), AsyncBridge(lambda error: None), fetch, tmp_path)
        made: Any = panel_type(facts)(context)  # type: ignore[call-arg]
        qtbot.addWidget(made)
        asked: list[object] = []
        made.command_requested.connect(asked.append)
        made.show_snapshot(facts)
        return made, asked

    return make


def test_a_review_needs_every_item_and_a_reason_for_a_failure(panel: Any) -> None:
    played = play("conformity")
    shown, asked = panel(played, played.state.members()[-1])
    assert isinstance(shown, ReviewPanel)
    supplier = played.state.continuing()[1]
    items = [item.id for item in played.lot.lot.conformity]
    for item in items[:-1]:
        shown._judged((supplier, item), True)
    assert not shown.submit.isEnabled()
    shown._judged((supplier, items[-1]), False)
    assert not shown.submit.isEnabled()
    shown._reason_typed("目录页码不一致。")
    assert shown.submit.isEnabled()
    shown.submit.click()
    passed = {item: item != items[-1] for item in items}
    wanted = cmd.SubmitReview(supplier=supplier, passed=passed, reasons={items[-1]: "目录页码不一致。"})
    assert asked == [wanted]


def test_the_commitment_is_read_before_it_is_signed(panel: Any) -> None:
    played = play("commitment")
    shown, asked = panel(played, played.state.members()[-1])
    assert isinstance(shown, CommitmentPanel)
    assert not shown.sign.isEnabled()
    shown.resize(700, 300)
    shown.show()
    for _ in range(40):
        shown._tick()
    assert not shown.can_sign()
    bar = shown.text.verticalScrollBar()
    bar.setValue(bar.maximum())
    shown._scrolled()
    shown._show_reading()
    assert shown.can_sign()
    shown.sign.click()
    assert isinstance(asked[0], Graved)
    assert asked[0].command.text_sha256 == commitment_digest()  # type: ignore[attr-defined]
    shown.hide()


def test_a_vote_names_one_candidate(panel: Any) -> None:
    played = play("leader")
    shown, asked = panel(played, played.state.members()[-1])
    assert isinstance(shown, LeaderPanel)
    assert not shown.vote.isEnabled()
    shown._group.button(1).setChecked(True)
    shown.vote.click()
    assert asked == [cmd.VoteLeader(candidate=shown._candidates[1])]
    assert all(played.state.has_role(one, Role.EXPERT) for one in shown._candidates)


def test_a_sealed_sheet_can_be_revised_until_all_are_in(panel: Any) -> None:
    played = play("scoring")
    first, last = played.state.members()[0], played.state.members()[-1]
    played.happens(SheetSealed(member=last, header_sha256="0" * 64, envelope_sha256="1" * 64, size=1), actor=last)
    shown, asked = panel(played, last)
    assert isinstance(shown, SealedProgressPanel)
    assert shown.revise.isVisibleTo(shown)
    shown.revise.click()
    assert asked == [ReviseSheet(on=True)]
    facts = StepFacts(played.seen_by(last)[0], last)
    assert panel_type(facts, revising=True) is ExpertDesk
    for member in played.state.members():
        if member != last:
            played.happens(
                SheetSealed(member=member, header_sha256="2" * 64, envelope_sha256="3" * 64, size=1), actor=member
            )
    whole = StepFacts(played.seen_by(last)[0], last)
    assert panel_type(whole, revising=True) is SealedProgressPanel
    shown, _ = panel(played, last)
    assert not shown.revise.isVisibleTo(shown)
    shown, _ = panel(played, first)
    assert not shown.revise.isVisibleTo(shown)


def test_drafts_stay_until_they_are_dropped(tmp_path: Path) -> None:
    path = draft_path(tmp_path / "drafts", "KM-1/1", "p3")
    draft = Draft()
    draft.put("S", "approach", Decimal("16.5"))
    draft.say("S", "approach", "可行")
    assert save_draft(path, draft)
    again = load_draft(path)
    assert (again.score("S", "approach"), again.reason("S", "approach")) == (Decimal("16.5"), "可行")
    path.write_bytes(b"{broken")
    assert load_draft(path).scores == {}
    drop_draft(path)
    assert not path.exists()
    assert draft_path(tmp_path, "KM-1/1", "p4") != draft_path(tmp_path, "KM-1/1", "p3")


def test_the_desk_fills_computed_points_and_refuses_what_is_out_of_range(panel: Any) -> None:
    played = play("scoring")
    shown, asked = panel(played, played.state.members()[-1])
    assert isinstance(shown, ExpertDesk)
    assert not shown.submit.isEnabled()
    supplier = played.state.continuing()[0]
    assert shown.sheet().scores[supplier]["contracts"] == Decimal(6)
    shown.criteria.choose("approach")
    shown.entry.type_points("21")
    assert shown.draft.score(supplier, "approach") is None
    assert shown.entry.problem()
    shown.entry.type_points("16.5")
    assert shown.draft.score(supplier, "approach") == Decimal("16.5")
    shown._keep()
    assert load_draft(shown._path).score(supplier, "approach") == Decimal("16.5")
    assert not asked


def test_a_whole_sheet_is_submitted_once_it_is_complete(panel: Any) -> None:
    played = play("scoring")
    member = played.state.members()[-1]
    shown, asked = panel(played, member)
    marks: OpenedSheet = sheets_of(played)[member]
    for supplier, scores in marks.scores.items():
        for criterion, score in scores.items():
            shown.draft.put(supplier, criterion, score)
    shown.show_snapshot(shown.snapshot)
    assert shown.submit.isEnabled()
    assert shown.problems() == []
    shown.submit.click()
    assert isinstance(asked[0], Sure)
    assert isinstance(asked[0].then, SubmitSheet)
    assert asked[0].then.sheet.scores == marks.scores


def test_after_its_sheet_a_member_sees_who_is_missing(panel: Any) -> None:
    played = play("scoring")
    shown, _ = panel(played, played.state.members()[0])
    assert isinstance(shown, SealedProgressPanel)
    assert len(shown.owners.rows()) == 5
    assert not shown.release.isVisibleTo(shown)


def test_the_summary_is_the_ranking_and_every_total_is_derived_again(panel: Any) -> None:
    played = play("summary")
    shown, asked = panel(played, played.state.leader)
    assert isinstance(shown, SummaryPanel)
    derived = derive(played.state)
    for standing in played.state.standings:
        assert derived.totals[standing.supplier].total == standing.total
        facts = StepFacts(played.state, played.state.leader)
        said = sentences(facts, why_of_total(derived, standing.supplier))
        assert f"{standing.total:.2f}" in said[-1]
        assert all(not line.startswith(("total.", "price_score.", "deduction.")) for line in said)
    assert [line[0] for line in shown.matrix.table.rows()] == ["1", "2", "3"]
    shown.confirm.click()
    assert isinstance(asked[0], Sure)
    assert asked[0].then == cmd.ConfirmRanking()
    assert finding_lines(StepFacts(played.state, played.state.leader))


def test_a_deviation_is_told_with_its_figures_to_who_must_explain_it(panel: Any) -> None:
    played = play("summary")
    state, leader = played.state, played.state.leader
    sheet, supplier = state.sheets[leader], state.continuing()[0]
    low = {**sheet.scores, supplier: dict.fromkeys(sheet.scores[supplier], Decimal(0))}
    odd = state.with_(
        sheets={**state.sheets, leader: OpenedSheet(scores=low, reasons={})},
        deviations=(CheckFinding(code="deviation", member=leader, supplier=supplier, criterion=""),),
    )
    shown, asked = panel(played, leader)
    shown.show_snapshot(StepFacts(odd, leader))
    assert shown.reason.isVisibleTo(shown)
    shown.reason.click()
    others = [sum(s.scores[supplier].values()) for m, s in state.sheets.items() if m != leader]
    mean = (sum(others, Decimal(0)) / len(state.sheets)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert asked[0].lines[1] == f"您的合计 0.00 分，平均 {mean} 分，相差 -100.0%。"  # type: ignore[attr-defined]


def test_a_supplier_can_answer_though_it_sees_no_phase_of_the_evaluation(panel: Any) -> None:
    played = play("conformity")
    shown, asked = panel(played, list(played.speaker.values())[-1])
    assert isinstance(shown, SupplierEvaluationPanel)
    assert asked == [cmd.MarkSeen(request="c1")] or asked == []
    assert shown.clarifications._shown
