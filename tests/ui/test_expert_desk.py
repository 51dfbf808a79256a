"""The expert's desk under use: keys, evidence at its page, two bids side by side, drafts that outlive the window."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

import app.session.rules.commands as cmd
from app.clock import ManualClock
from app.procurement.bid import Evidence
from app.ui.async_bridge import AsyncBridge
from app.ui.evaluation import bid_documents
from app.ui.evaluation.expert_desk import ExpertDesk
from app.ui.evaluation.review import ReviewPanel
from app.ui.evaluation.score_entry import read_points
from app.ui.i18n import Language, set_language
from app.ui.room_acts import Sure
from app.ui.sample_state import Played, play, sheets_of
from app.ui.step_facts import StepContext, StepFacts
from app.ui.step_panels import panel_type


def make(played: Played, person: str, drafts: Path) -> Any:
    async def fetch(sha256: str) -> bytes:
        return played.files[sha256]

    facts = StepFacts(played.seen_by(person)[0], person)
    context = StepContext(ManualClock(played.now), AsyncBridge(lambda error: None), fetch, drafts)
    made = panel_type(facts)(context)  # type: ignore[call-arg]
    made.resize(1256, 700)
    made.show_snapshot(facts)
    return made


@pytest.fixture
def desk(qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(bid_documents.BidDocuments, "_open_chosen", lambda self: None)
    played = play("scoring")
    made = make(played, played.state.members()[-1], tmp_path)
    qtbot.addWidget(made)
    made.show()
    assert isinstance(made, ExpertDesk)
    return made


def test_a_sheet_is_scored_with_keys_alone(desk: Any, qtbot: Any) -> None:
    desk.criteria.choose("approach")
    desk.criteria.view.setFocus()
    supplier = desk._supplier
    for key in "16.5":
        qtbot.keyClicks(desk.focusWidget(), key)
    assert desk.entry.points.hasFocus()
    assert desk.draft.score(supplier, "approach") == Decimal("16.5")
    before = desk.criteria.current()
    qtbot.keyClick(desk.entry.points, Qt.Key.Key_Return)
    assert desk.criteria.current() != before
    assert desk.criteria.view.hasFocus()
    qtbot.keyClicks(desk.criteria.view, "9")
    second = desk.criteria.current()
    assert desk.draft.score(supplier, second) == Decimal(9)
    qtbot.keyClicks(desk.entry.points, "ew")  # letters are keys of the desk, never part of a number
    assert desk.entry.points.text() == "9"
    qtbot.keyClick(desk.entry.points, Qt.Key.Key_Up)
    assert desk.criteria.current() == "approach"


def test_ctrl_enter_goes_to_what_is_missing_and_then_submits(desk: Any, qtbot: Any) -> None:
    asked: list[object] = []
    desk.command_requested.connect(asked.append)
    played = play("scoring")
    marks = sheets_of(played)[desk.facts().me]
    last = desk.facts().state.continuing()[-1]
    for supplier, scores in marks.scores.items():
        for criterion, score in scores.items():
            desk.draft.put(supplier, criterion, score)
    desk.draft.put(last, "approach", None)
    desk.show_snapshot(desk.snapshot)
    qtbot.keyClick(desk.criteria.view, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert asked == []
    assert (desk._supplier, desk.criteria.current()) == (last, "approach")
    assert desk.entry.points.hasFocus()
    qtbot.keyClicks(desk.entry.points, "15")
    qtbot.keyClick(desk.entry.points, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert [type(one) for one in asked] == [Sure]


@pytest.mark.parametrize(
    ("typed", "score", "wrong"),
    [("16.5", "16.5", ""), ("１６．５", "16.5", ""),
     ("16.", "16", ""), ("0", "0", ""), ("20", "20", ""), ("", None, ""),
     ("20.01", None, "应在 0—20 分之间"), ("999", None, "应在 0—20 分之间"), ("1.234", None, "最多两位小数"),
     ("1e1", None, "请填写数字"), ("1_0", None, "请填写数字"), ("NaN", None, "请填写数字"), ("-1", None, "请填写数字")],
)  # fmt: skip
def test_points_are_read_as_written_or_refused_in_a_sentence(typed: str, score: str | None, wrong: str) -> None:
    assert read_points(typed, Decimal(20)) == (None if score is None else Decimal(score), wrong)


def test_news_of_the_case_do_not_touch_what_is_being_typed(desk: Any, qtbot: Any) -> None:
    desk.criteria.choose("approach")
    desk.entry.type_points("16.")
    desk.entry.reason.setPlainText("流程完整")
    cursor = desk.entry.reason.textCursor()
    cursor.setPosition(2)
    desk.entry.reason.setTextCursor(cursor)
    desk.show_snapshot(desk.snapshot)
    assert desk.entry.points.text() == "16."
    assert desk.entry.reason.textCursor().position() == 2
    set_language(Language.ENGLISH)
    assert desk.entry.points.text() == "16."
    desk.entry.type_points("21")
    desk.show_snapshot(desk.snapshot)
    assert desk.entry.problem() == "Must be between 0 and 20"
    set_language(Language.CHINESE)
    assert desk.entry.problem() == "应在 0—20 分之间"


def test_a_draft_outlives_a_window_that_closes_before_it_was_written(desk: Any, qtbot: Any, tmp_path: Path) -> None:
    desk.criteria.choose("approach")
    desk.entry.type_points("16.5")
    place = Evidence(desk.facts().state.bids[desk._supplier].documents[0].sha256, 4)
    desk._note(place)
    assert desk._save.isActive()
    desk.hide()
    again = make(play("scoring"), desk.facts().me, tmp_path)
    qtbot.addWidget(again)
    assert again.draft.score(desk._supplier, "approach") == Decimal("16.5")
    again.criteria.choose("approach")
    assert again.entry.points.text() == "16.5"
    assert again.entry.evidence.link.toolTip() == f"{desk.documents.first._documents[0].name} 第 4 页"
    assert again.sheet().evidence == {desk._supplier: {"approach": place}}


def test_a_review_outlives_its_window_with_verdicts_reasons_and_pages(
    qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bid_documents.BidDocuments, "_open_chosen", lambda self: None)
    played = play("conformity")
    member = played.state.members()[-1]
    first = make(played, member, tmp_path)
    qtbot.addWidget(first)
    assert isinstance(first, ReviewPanel)
    first.show()
    supplier = played.state.continuing()[1]
    items = [item.id for item in played.lot.lot.conformity]
    place = Evidence(first.facts().state.bids[supplier].documents[1].sha256, 7)
    for item in items:
        first._judged((supplier, item), item != items[0])
    first._at((supplier, items[0]))
    first._reason_typed("未盖章")
    first._note(place)
    name = first.facts().state.bids[supplier].documents[1].name
    assert first.evidence.link.toolTip() == f"{name} 第 7 页"
    set_language(Language.ENGLISH)
    assert first.evidence.link.toolTip() == f"{name}, page 7"
    set_language(Language.CHINESE)
    first.hide()
    again = make(played, member, tmp_path)
    qtbot.addWidget(again)
    asked: list[object] = []
    again.command_requested.connect(asked.append)
    assert again.submit.isEnabled()
    again.submit.click()
    passed = {item: item != items[0] for item in items}
    assert asked == [
        cmd.SubmitReview(
            supplier=supplier, passed=passed, reasons={items[0]: "未盖章"}, evidence={items[0]: place}
        )
    ]  # fmt: skip


async def _until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.02)


def test_evidence_opens_at_its_page_and_two_bids_scroll_together(run: Any, tmp_path: Path) -> None:
    played = play("scoring")

    async def main() -> dict[str, object]:
        made = make(played, played.state.members()[-1], tmp_path)
        made.show()
        documents, seen = made.documents, {}
        first = documents.first
        made.criteria.choose("approach")
        made.show_evidence()  # nothing is noted: the contents of the technical document know the words
        await _until(lambda: first.place() is not None and first.choice.currentText() == "技术文件.pdf")
        await _until(lambda: bool(first.viewer._found))
        seen["found on"] = first.place().page
        made.note_page()
        noted = made.draft.place(made._supplier, "approach")
        first.viewer.go_to(0)
        made.show_evidence()
        seen["noted"], seen["back on"] = noted.page, first.place().page
        documents.compare(True)
        await _until(lambda: documents.second.place() is not None)
        await _until(lambda: bool(documents.second.viewer._found))
        seen["list"] = made._list.isVisible()
        seen["other"] = documents.compared_with() not in ("", made._supplier)
        second = documents.second
        seen["same document"] = second.choice.currentText()
        second.viewer.go_to(5)
        documents.together.click()  # lined up as they stand
        apart = second.viewer.area.position() - first.viewer.area.position()
        first.viewer.area.go_to_position(first.viewer.area.position() + 1.5)
        seen["together"] = abs(second.viewer.area.position() - first.viewer.area.position() - apart) < 0.02
        seen["moved"] = second.viewer.area.position() > 6.4
        documents.together.click()
        before = second.viewer.area.position()
        first.viewer.go_to(0)
        seen["apart"] = second.viewer.area.position() == before
        documents.compare(False)
        seen["list again"] = made._list.isVisible()
        documents.close_renderer()
        await made.context.bridge.close()
        made.close()
        made.deleteLater()
        return seen

    seen = run(main())
    assert seen["found on"] == seen["noted"] == seen["back on"] == 3
    assert seen["same document"] == "技术文件.pdf"
    wanted = {"list": False, "other": True, "together": True, "moved": True, "apart": True, "list again": True}
    assert {name: seen[name] for name in wanted} == wanted
