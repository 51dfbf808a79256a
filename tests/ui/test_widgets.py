"""The small widgets: value in, picture and signal out."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from ui_samples import DIGEST, NOW, agenda

from app.clock import ManualClock
from app.ui.fonts import BODY, font
from app.ui.i18n import Language, set_language
from app.ui.models import RecordLine, RecordState
from app.ui.widgets.agenda import AgendaList
from app.ui.widgets.amount import amount_text
from app.ui.widgets.banner import Banner
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.countdown import CountdownLabel, countdown_text
from app.ui.widgets.data_table import Align, ChipCell, Column, DataTable, fit_lines, share_widths
from app.ui.widgets.digest import DigestLabel, short_digest
from app.ui.widgets.drop_zone import DropZone
from app.ui.widgets.elided import ElidedLabel
from app.ui.widgets.foldable import FoldableDetails
from app.ui.widgets.meter import Meter
from app.ui.widgets.qr import QrView
from app.ui.widgets.record_list import LiveRecordList
from app.ui.widgets.root_line import RootLine
from app.ui.widgets.split_view import SplitView
from app.ui.widgets.tabs import SegmentedTabs
from app.ui.widgets.toast import Toast


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "—"), (Decimal("1234567.5"), "1,234,567.50"), (Decimal(0), "0.00"), (Decimal("0.4567"), "0.4567"),
     (Decimal("1E+6"), "1,000,000.00")],
)  # fmt: skip
def test_amounts(value: Decimal | None, shown: str) -> None:
    assert amount_text(value) == shown


def test_chip_always_has_a_word_and_keeps_it_when_there_is_no_room(qtbot: QtBot) -> None:
    chip = Chip("供应商原因造成解密失败", Tone.BAD)
    qtbot.addWidget(chip)
    chip.resize(60, 24)
    chip.grab()
    assert chip.accessibleName() == chip.toolTip() == "供应商原因造成解密失败"


def test_a_state_is_never_cut_in_a_table_and_a_name_takes_two_lines(qtbot: QtBot) -> None:
    table = DataTable([Column("供应商", stretch=True, width=60), Column("状态", width=40)])
    qtbot.addWidget(table)
    name = "云南滇云档案信息技术有限公司"
    table.show_rows([[name, ChipCell("逾时视为确认", Tone.OK)]])
    table.resize(260, 120)
    table.grab()
    assert table.view.columnWidth(1) >= table.view.sizeHintForColumn(1)
    lines = fit_lines(name, font(BODY), table.view.columnWidth(0) - 16, 46)
    assert len(lines) == 2
    assert "".join(lines) == name


@pytest.mark.parametrize(
    ("text", "height", "lines"),
    [
        ("组长", 46, ["组长"]),
        ("personal token", 46, ["personal", "token"]),
        ("昆明翰墨 确认密封", 46, ["昆明翰墨", "确认密封"]),
        ("personal token", 20, None),
        ("云南滇云档案信息技术有限公司昆明分公司", 46, None),
    ],
)
def test_lines_break_between_words_and_are_cut_only_after_two(
    qtbot: QtBot, text: str, height: int, lines: list[str] | None
) -> None:
    found = fit_lines(text, font(BODY), 70, height)
    assert found == lines if lines is not None else found[-1].endswith("…")


def test_half_a_hint_is_not_shown(qtbot: QtBot) -> None:
    hint = ElidedLabel("second", "全部递交后由评审小组成员共同放行", least=0.6)
    qtbot.addWidget(hint)
    hint.resize(60, 20)
    hint.grab()
    assert hint.text().strip() == ""
    assert hint.toolTip()
    hint.resize(600, 20)
    hint.grab()
    assert hint.text() == hint.whole_text()


def test_enter_presses_the_button_that_has_the_focus(qtbot: QtBot) -> None:
    pressed: list[bool] = []
    button = Button("plain", text="取消")
    qtbot.addWidget(button)
    button.clicked.connect(lambda: pressed.append(True))
    qtbot.keyClick(button, Qt.Key.Key_Return)
    qtbot.keyClick(button, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert pressed == [True]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(1306, "21:46"), (59.2, "01:00"), (0, "00:00"), (-3, "00:00"), (3723, "1:02:03")]
)
def test_countdown_text(seconds: float, shown: str) -> None:
    assert countdown_text(seconds) == shown


def test_countdown_ends_once_and_stands_still_when_paused(qtbot: QtBot, clock: ManualClock) -> None:
    count = CountdownLabel(clock)
    qtbot.addWidget(count)
    over: list[None] = []
    count.over.connect(lambda: over.append(None))
    count.run(NOW + timedelta(seconds=90))
    assert count.text() == "01:30"
    count.freeze(90)
    clock.advance(500)
    qtbot.wait(300)
    assert (count.text(), over) == ("01:30", [])
    count.run(NOW + timedelta(seconds=501))
    clock.advance(2)
    qtbot.waitUntil(lambda: len(over) == 1, timeout=1000)
    qtbot.wait(300)
    assert (count.text(), len(over)) == ("00:00", 1)


def test_countdown_is_announced_at_ten_five_and_one(qtbot: QtBot, clock: ManualClock) -> None:
    count = CountdownLabel(clock)
    qtbot.addWidget(count)
    count.run(NOW + timedelta(seconds=602))
    said: list[str] = []
    for step in (1, 2, 300, 240):
        clock.advance(step)
        count._tick()
        said.append(count.accessibleName())
    assert said == ["", "剩余 10 分钟", "剩余 5 分钟", "剩余 1 分钟"]


def test_agenda_names_the_current_step_in_the_language(qtbot: QtBot) -> None:
    steps = AgendaList()
    qtbot.addWidget(steps)
    steps.show_steps(agenda())
    assert steps.accessibleName() == "解密投标文件"
    set_language(Language.ENGLISH)
    assert steps.accessibleName() == "Decrypting bids"
    assert not steps.grab().isNull()


def test_banner_counts_seconds_from_the_loss(qtbot: QtBot, clock: ManualClock) -> None:
    banner = Banner(clock)
    qtbot.addWidget(banner)
    banner.reconnecting()
    clock.advance(12)
    banner.reconnecting()
    assert "12" in banner.text()
    banner.clear()
    assert not banner.isVisible()


def test_table_keeps_amounts_whole_and_elides_names() -> None:
    assert share_widths([80, 120, 90], [300, 120, 90], [True, False, False], 400) == [190, 120, 90]
    assert share_widths([80, 120], [100, 120], [True, False], 400) == [280, 120]
    assert share_widths([80, 120], [100, 120], [False, False], 400) == [100, 300]
    assert share_widths([80, 120], [100, 120], [True, False], 50) == [80, 120]


def test_table_shows_figures_aligned_and_says_rows(qtbot: QtBot) -> None:
    table = DataTable([Column("名称", stretch=True), Column("分值", Align.RIGHT)], select=True)
    qtbot.addWidget(table)
    chosen: list[int] = []
    table.selected.connect(chosen.append)
    table.show_rows([["甲", Decimal("1000")], ["乙", None], ["丙", ChipCell("等待", Tone.NEUTRAL)]])
    assert table.rows() == [["甲", "1,000.00"], ["乙", "—"], ["丙", "等待"]]
    table.view.selectRow(1)
    table.show_rows([["甲", Decimal("1000")], ["乙", Decimal(5)], ["丙", None]])
    assert table.view.currentIndex().row() == 1
    set_language(Language.ENGLISH)
    assert table.view.model().headerData(1, Qt.Orientation.Horizontal) == "Points"


def test_digest_is_short_to_the_eye_and_whole_to_the_clipboard(qtbot: QtBot) -> None:
    assert short_digest(DIGEST) == "a3f1…9c"
    label = DigestLabel(DIGEST)
    qtbot.addWidget(label)
    qtbot.mouseClick(label, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == DIGEST


def test_root_line_copies_what_verify_takes(qtbot: QtBot) -> None:
    line = RootLine()
    qtbot.addWidget(line)
    line.show_state(RecordState(size=214, root=DIGEST, cosigned=6, expected=6))
    line._copy_it()
    assert QGuiApplication.clipboard().text() == f"214:{DIGEST}"


def test_new_record_lines_come_on_top_without_a_reset(qtbot: QtBot) -> None:
    record = LiveRecordList()
    qtbot.addWidget(record)
    lines = tuple(RecordLine(index=n, at=NOW, event="phase_entered", facts={"phase": "reading"}) for n in range(3))
    resets: list[None] = []
    record._model.modelReset.connect(lambda: resets.append(None))
    record.show_lines(lines[:2])
    record.show_lines(lines)
    assert (len(record.sentences()), resets) == (3, [])
    assert record.sentences()[0].endswith("进入：唱标")
    record.show_lines(lines[1:])
    assert (len(record.sentences()), resets) == (2, [None])


def test_tabs_tell_which_one(qtbot: QtBot) -> None:
    tabs = SegmentedTabs(3)
    qtbot.addWidget(tabs)
    chosen: list[int] = []
    tabs.chosen.connect(chosen.append)
    tabs.choose(2)
    assert (chosen, tabs.current()) == ([2], 2)


def test_drop_zone_sorts_by_ending(qtbot: QtBot) -> None:
    zone = DropZone("把 PDF 文件拖到这里，或", (".pdf",))
    qtbot.addWidget(zone)
    taken: list[list[Path]] = []
    refused: list[list[Path]] = []
    zone.dropped.connect(taken.append)
    zone.refused.connect(refused.append)
    zone.take([Path("a.PDF"), Path("b.exe")])
    assert (taken, refused) == ([[Path("a.PDF")]], [[Path("b.exe")]])


def test_elided_text_stays_whole_in_the_tool_tip(qtbot: QtBot) -> None:
    label = ElidedLabel("body", "城区档案数字化服务项目采购包一" * 3)
    qtbot.addWidget(label)
    label.resize(100, 20)
    label.grab()
    assert label.text() != label.whole_text() == label.toolTip()


def test_details_are_folded_first_and_copied_whole(qtbot: QtBot) -> None:
    fold = FoldableDetails("token.timeout")
    qtbot.addWidget(fold)
    fold.show()
    assert not fold._text.isVisible()
    fold._fold.setChecked(True)
    assert fold._text.isVisible()
    fold._copy.click()
    assert QGuiApplication.clipboard().text() == "token.timeout"


def test_meter_rises_at_once_and_falls_slowly(qtbot: QtBot) -> None:
    meter = Meter()
    qtbot.addWidget(meter)
    meter.show_level(0.8)
    meter.show_level(0.0)
    assert 0.5 < meter.level < 0.8


def test_qr_is_dark_on_white_in_both_themes(qtbot: QtBot) -> None:
    view = QrView("214:" + DIGEST)
    qtbot.addWidget(view)
    view.resize(view.sizeHint())
    image = view.grab().toImage()
    shades = {image.pixelColor(x, y).lightness() for x in range(0, 160, 3) for y in range(0, 160, 3)}
    assert {0, 255} <= shades


def test_split_keeps_its_shares_when_the_window_grows(qtbot: QtBot) -> None:
    split = SplitView(Qt.Orientation.Horizontal)
    qtbot.addWidget(split)
    split.addWidget(QWidget())
    split.addWidget(QWidget())
    split.set_shares([0.7, 0.3])
    split.resize(1000, 100)
    split.show()
    split.resize(1800, 100)
    assert split.shares()[0] == pytest.approx(0.7, abs=0.01)


def test_toast_goes_by_itself(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.ui.widgets.toast.SHOWN_MS", 30)
    window = QWidget()
    qtbot.addWidget(window)
    toast = Toast(window)
    window.show()
    toast.say("已保存")
    assert toast.isVisible()
    qtbot.waitUntil(lambda: not toast.isVisible(), timeout=1000)
