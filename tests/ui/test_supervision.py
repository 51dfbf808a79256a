"""Supervision: alarms from the state, a private notebook."""

from pathlib import Path
from typing import Any

import pytest

from app.clock import SystemClock
from app.session.rules.people import Role
from app.session.rules.state import Disk, Recording
from app.ui.room.room_screen import RoomScreen
from app.ui.room_snapshot import Surroundings, room_view
from app.ui.sample_state import play
from app.ui.step_facts import StepFacts
from app.ui.supervision.alarms import alarms
from app.ui.supervision.notebook import Notebook
from app.ui.widgets.chip import Tone


def test_all_in_order_gives_no_alarm() -> None:
    played = play("decrypting")
    facts = StepFacts(played.state, played.one(Role.SUPERVISOR))
    assert alarms(facts, Surroundings(cosigned=8, expected=8), "", played.now) == ()


def test_the_gravest_comes_first() -> None:
    played = play("decrypting")
    state = played.state.with_(recording=Recording(), waived={"place_held": "测试"})
    facts = StepFacts(state, played.one(Role.SUPERVISOR))
    found = alarms(facts, Surroundings(cosigned=6, expected=8), "record.forked", played.now)
    assert [one.code for one in found] == ["record", "recording", "witness", "waived.place_held"]
    assert found[0].tone is Tone.BAD


@pytest.mark.parametrize(("space", "said"), [("low", "尽快清理"), ("critical", "或暂停"), ("full", "录制已停止")])
def test_a_disk_that_fills_is_an_alarm_and_a_line_across_the_screen(qtbot: Any, space: str, said: str) -> None:
    played = play("decrypting")
    state = played.state.with_(disk=Disk(space=space, minutes_left=90))
    facts = StepFacts(state, played.one(Role.SUPERVISOR))
    (found,) = alarms(facts, Surroundings(cosigned=8, expected=8), "", played.now)
    assert (found.code, found.tone) == ("disk", Tone.BAD)
    assert said in found.text
    screen = RoomScreen(SystemClock())
    qtbot.addWidget(screen)
    view = room_view(StepFacts(state, played.one(Role.OFFICER)), {}, Surroundings())
    screen.show_room(view)
    assert screen.top._disk.isVisibleTo(screen)
    assert (said in screen.banner.text()) == (space != "low")
    assert view.top.disk_full == (space == "full")


def test_notes_stay_on_this_machine(qtbot: Any, tmp_path: Path) -> None:
    book = Notebook(tmp_path)
    qtbot.addWidget(book)
    book.open_for("KM-1/1", "p9")
    book.text.setPlainText("注意核对时间。")
    book.keep()
    again = Notebook(tmp_path)
    qtbot.addWidget(again)
    again.open_for("KM-1/1", "p9")
    assert again.text.toPlainText() == "注意核对时间。"
    again.open_for("KM-2/1", "p9")
    assert again.text.toPlainText() == ""
