from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from ui_samples import NOW, OFFICER_MAY, agenda, person, room, tiles

from app.clock import ManualClock
from app.ui.i18n import Language, set_language
from app.ui.models import Link, MessageRow, RecordState, RoomTop, StepState
from app.ui.room.room_screen import RoomScreen
from app.ui.room.step_panel import ActButton, StepPanel


@pytest.fixture
def screen(qtbot: QtBot, clock: ManualClock) -> RoomScreen:
    made = RoomScreen(clock)
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show_room(room())
    made.show_tiles(tiles())
    made.show()
    qtbot.waitExposed(made)
    return made


class _Panel(StepPanel[int]):
    def __init__(self) -> None:
        super().__init__("核对", "检查")
        self.act = ActButton(text="x")
        self.act.clicked.connect(lambda: self.command_requested.emit("command"))
        self.shown: list[int] = []
        self.add(self.act)

    def show_snapshot(self, snapshot: int) -> None:
        super().show_snapshot(snapshot)
        self.shown.append(snapshot)


def test_the_top_bar_says_what_is_going_on(screen: RoomScreen, clock: ManualClock) -> None:
    assert "公开招标" in screen.top.bar.subtitle()
    assert screen.top.recording.text() == "录制中 00:17:42　剩余 46 小时"
    clock.advance(60)
    screen.top._show_recording()
    assert "00:18:42" in screen.top.recording.text()


def test_nothing_recorded_is_said(screen: RoomScreen) -> None:
    top = RoomTop(title="t", number="n", method="public_tender", officer="o", record=RecordState())
    screen.show_room(room(top=top))
    assert screen.top.recording.text() == "未录制"


def test_a_low_disk_is_a_word_of_its_own(screen: RoomScreen) -> None:
    top = RoomTop(title="t", number="n", method="public_tender", officer="o", recording_since=NOW, disk_minutes=110)
    screen.show_room(room(top=top))
    assert screen.top._disk.isVisibleTo(screen)
    assert screen.top._disk.text == "磁盘不足：还可录制 110 分钟"


def test_keys_work_and_not_while_writing(screen: RoomScreen, qtbot: QtBot) -> None:
    asked: list[tuple[str, bool]] = []
    screen.controls.mute_requested.connect(lambda on: asked.append(("mute", on)))
    screen.controls.camera_requested.connect(lambda on: asked.append(("camera", on)))
    screen.controls.hand_requested.connect(lambda on: asked.append(("hand", on)))
    screen.activateWindow()
    screen.setFocus()
    for key in (Qt.Key.Key_M, Qt.Key.Key_V, Qt.Key.Key_H):
        qtbot.keyClick(screen, key)
    assert asked == [("mute", True), ("camera", False), ("hand", True)]
    qtbot.keyClick(screen, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert screen.side.tabs.current() == 1
    screen.side.messages._draft.setFocus()
    qtbot.keyClicks(screen.side.messages._draft, "mvh")
    assert (screen.side.messages.draft(), len(asked)) == ("mvh", 3)


def test_space_is_held_to_talk(screen: RoomScreen, qtbot: QtBot) -> None:
    held: list[bool] = []
    screen.talk_held.connect(held.append)
    screen.setFocus()
    qtbot.keyPress(screen, Qt.Key.Key_Space)
    qtbot.keyRelease(screen, Qt.Key.Key_Space)
    assert held == [True, False]
    screen.show_room(room(may=frozenset()))
    qtbot.keyPress(screen, Qt.Key.Key_Space)
    assert held == [True, False]


def test_a_supervisor_has_no_device_buttons(screen: RoomScreen) -> None:
    screen.show_room(room(may=frozenset()))
    for button in (screen.controls.microphone, screen.controls.camera, screen.controls.mute_all, screen.top.end,
                   screen.agenda.pause):  # fmt: skip
        assert not button.isVisibleTo(screen)


def test_mute_all_and_lock_stand_outside_any_menu(screen: RoomScreen) -> None:
    asked: list[tuple[str, bool]] = []
    screen.controls.mute_all_requested.connect(lambda on: asked.append(("mute", on)))
    screen.controls.lock_requested.connect(lambda on: asked.append(("lock", on)))
    screen.controls.mute_all.click()
    screen.controls.lock.click()
    screen.show_room(room(all_muted=True, locked=True))
    screen.controls.mute_all.click()
    screen.controls.lock.click()
    assert asked == [("mute", True), ("lock", True), ("mute", False), ("lock", False)]


def test_losing_the_host_greys_the_acts_and_keeps_the_draft(screen: RoomScreen, clock: ManualClock) -> None:
    panel = _Panel()
    screen.set_step(panel)
    screen.side.messages.type_draft("尚未发出")
    screen.show_room(room(link=Link.RECONNECTING))
    clock.advance(12)
    screen.banner.reconnecting()
    assert "12" in screen.banner.text()
    assert not panel.isEnabled()
    screen.show_room(room())
    assert (panel.isEnabled(), screen.banner.isVisible()) == (True, False)
    assert screen.side.messages.draft() == "尚未发出"


def test_a_step_panel_sends_its_command_and_rests_until_it_is_recorded(screen: RoomScreen) -> None:
    panel = _Panel()
    screen.set_step(panel)
    sent: list[Any] = []
    screen.command_requested.connect(sent.append)
    panel.act.click()
    panel.set_pending(True)
    panel.act.click()
    panel.act.allow(False)
    panel.set_pending(False)
    panel.act.click()
    panel.act.allow(True)
    panel.act.click()
    assert sent == ["command", "command"]


def test_a_step_panel_speaks_the_language(screen: RoomScreen) -> None:
    panel = _Panel()
    screen.set_step(panel)
    panel.show_snapshot(7)
    set_language(Language.ENGLISH)
    assert panel._heading.text() == "Check"
    assert panel.shown == [7, 7]


def test_the_panel_before_is_gone(screen: RoomScreen, qtbot: QtBot) -> None:
    first, second = _Panel(), _Panel()
    screen.set_step(first)
    screen.set_step(second)
    assert screen.step is second
    assert first.parent() is None


def test_video_floats_and_comes_back(screen: RoomScreen) -> None:
    screen.toggle_floating()
    assert screen.floating
    assert screen.video.window() is not screen.window()
    screen.toggle_floating()
    assert not screen.floating
    assert screen.video.window() is screen.window()


def test_closing_the_room_closes_the_floating_video(screen: RoomScreen) -> None:
    screen.toggle_floating()
    screen.close()
    assert not screen.floating


def test_f6_walks_through_the_parts(screen: RoomScreen, qtbot: QtBot) -> None:
    screen.set_step(_Panel())
    seen = []
    for _ in range(4):
        screen.next_pane()
        focused = screen.focusWidget()
        assert focused is not None
        seen.append(next(n for n, pane in enumerate((screen.step, screen.side, screen.controls, screen.top))
                         if pane is not None and pane.isAncestorOf(focused)))  # fmt: skip
    assert seen == [0, 1, 2, 3]


def test_people_hands_first_and_lobby_with_the_act(screen: RoomScreen) -> None:
    admitted: list[str] = []
    screen.side.people.admit.connect(admitted.append)
    people = (person(1, name="甲"), person(2, name="乙", in_lobby=True, state="lobby"), person(3, name="丙", hand=1))
    screen.show_room(room(people=people, may=OFFICER_MAY))
    from app.ui.room.people_panel import PersonLine
    from app.ui.widgets.buttons import Button

    lines = [
        screen.side.people._rows.itemAt(n).widget()
        for n in range(3)  # type: ignore[union-attr]
    ]
    names = [line.accessibleName().split()[0] for line in lines if isinstance(line, PersonLine)]
    assert names == ["丙", "乙", "甲"]
    buttons = lines[1].findChildren(Button)  # type: ignore[union-attr]
    buttons[0].click()
    assert admitted == ["p2"]


def test_a_message_not_yet_recorded_says_so(screen: RoomScreen) -> None:
    from PySide6.QtWidgets import QLabel

    row = MessageRow(at=NOW, sender="我", text="在吗", scope="all", mine=True, recorded=False)
    screen.show_room(room(messages=(row,)))
    assert any("尚未记入" in part.text() for part in screen.side.messages.findChildren(QLabel))


def test_sending_a_message_clears_the_draft(screen: RoomScreen) -> None:
    sent: list[tuple[str, str]] = []
    screen.side.messages.sent.connect(lambda text, scope: sent.append((text, scope)))
    screen.side.messages.type_draft("  ")
    screen.side.messages._emit()
    screen.side.messages.type_draft("你好")
    screen.side.messages._emit()
    assert sent == [("你好", "all")]
    assert screen.side.messages.draft() == ""


def test_objections_are_raised_only_where_allowed(screen: RoomScreen) -> None:
    assert not screen.side.objections._raise.isVisibleTo(screen.side.objections)
    raised: list[str] = []
    screen.side.objections.raised.connect(raised.append)
    screen.show_room(room(may=frozenset({"raise_objection"})))
    screen.side.objections._text.setPlainText("密封有疑问")
    screen.side.objections._raise.click()
    assert raised == ["密封有疑问"]


def test_the_agenda_follows_the_snapshot(screen: RoomScreen) -> None:
    steps = tuple(
        step if step.state is not StepState.CURRENT else type(step)(phase="reading", state=StepState.CURRENT)
        for step in agenda()
    )
    screen.show_room(room(agenda=steps))
    assert screen.agenda.agenda.accessibleName() == "唱标"
