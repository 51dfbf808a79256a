import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot
from ui_samples import NOW, case, certificates, checks, home, token

from app.clock import ManualClock
from app.settings import RESOURCES
from app.ui.devices.sound import RATE, loudness, two_notes
from app.ui.home.case_row import until_text
from app.ui.home.home_screen import HomeScreen, token_chip
from app.ui.home.new_case import NewCaseWizard
from app.ui.home.settings_screen import SettingsScreen
from app.ui.i18n import Language, language
from app.ui.main_window import MainWindow
from app.ui.models import CheckState, HomeView, TokenState
from app.ui.preferences import Preferences
from app.ui.prepare.prepare_screen import PrepareScreen
from app.ui.screenshots import grab, grab_variants, variants
from app.ui.theme import ThemeChoice, theme
from app.ui.tokens.tokens_screen import TokensScreen
from app.ui.widgets.chip import Tone

CASE_FILE = RESOURCES / "samples" / "case.json"


def shown(widget: QWidget) -> str:
    return "\n".join(part.text() for part in widget.findChildren(QLabel) if part.isVisibleTo(widget))


# --- home -------------------------------------------------------------------------------------------------------------


def test_home_has_one_primary_action_and_tells_which_case(qtbot: QtBot, clock: ManualClock) -> None:
    screen = HomeScreen(clock)
    qtbot.addWidget(screen)
    screen.show_home(home())
    lines = screen.lines()
    assert [line.button.text() for line in lines] == ["进入", "进入", "准备", "查看档案"]
    assert [line.button.property("role") for line in lines] == ["primary", "plain", "plain", "plain"]
    chosen: list[Any] = []
    screen.case_chosen.connect(chosen.append)
    lines[2].button.click()
    assert chosen[0].case_id == "c2"


def test_an_empty_home_explains_the_first_step(qtbot: QtBot, clock: ManualClock) -> None:
    screen = HomeScreen(clock)
    qtbot.addWidget(screen)
    screen.show_home(HomeView())
    assert "还没有项目" in shown(screen)


def test_times_until_are_coarse() -> None:
    assert until_text(NOW + timedelta(minutes=12), NOW) == "12 分钟后"
    assert until_text(NOW + timedelta(hours=2, minutes=14), NOW) == "2 小时 14 分后"
    assert until_text(NOW - timedelta(seconds=1), NOW) == "已到开始时间"


def test_the_token_at_a_glance() -> None:
    assert token_chip(None) == ("CA 证书　未插入", Tone.NEUTRAL)
    text, tone = token_chip(token(state=TokenState.PIN_LOCKED, tries_left=0))
    assert "口令已锁定" in text
    assert tone is Tone.BAD


def test_settings_change_language_and_look_at_once(qtbot: QtBot) -> None:
    preferences = Preferences()
    screen = SettingsScreen(preferences)
    qtbot.addWidget(screen)
    screen.language.setCurrentIndex(1)
    screen.look.setCurrentIndex(2)
    assert (language(), theme().dark) == (Language.ENGLISH, True)
    assert (preferences.language, preferences.theme) == ("en", ThemeChoice.DARK)
    assert screen.look.currentText() == "Dark"


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_tokens_say_expiry_and_trust(qtbot: QtBot, clock: ManualClock) -> None:
    screen = TokensScreen(clock)
    qtbot.addWidget(screen)
    screen.show_tokens(
        (token(certificates=certificates()), token(state=TokenState.BROKEN, problem="token.unrecognised")), 1
    )
    from app.ui.widgets.chip import Chip

    words = [chip.text for chip in screen.findChildren(Chip) if chip.parent() is not None]
    assert all(word in words for word in ("有效期内", "12 天后到期", "受信任", "信任未核对", "读取失败"))
    assert "证书无法识别" in shown(screen)


@pytest.mark.parametrize(("modules", "title"), [(0, "没有找到证书驱动"), (2, "没有找到证书")])
def test_no_driver_is_another_advice_than_no_token(qtbot: QtBot, clock: ManualClock, modules: int, title: str) -> None:
    screen = TokensScreen(clock)
    qtbot.addWidget(screen)
    screen.show_tokens((), modules)
    assert title in shown(screen).split("\n")


# --- preparation ------------------------------------------------------------------------------------------------------


def test_everything_is_off_until_confirmed(qtbot: QtBot) -> None:
    screen = PrepareScreen(Preferences())
    qtbot.addWidget(screen)
    screen.show_case(case(role="supplier"), "赵甲")
    screen.show_checks(checks())
    assert not screen.camera_on
    assert not screen.microphone_on
    assert screen.join.isDefault()
    assert screen.join.isEnabled()
    states = {line.code: line.state for line in screen.lines()}
    assert states["media"] is CheckState.FAILED
    again: list[str] = []
    screen.check_again.connect(again.append)
    screen._list.again.emit("media")
    screen._list.again.emit("camera")
    assert again == ["media"]


def test_without_devices_one_can_still_join(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.ui.devices.camera import Camera
    from app.ui.devices.sound import Microphone, Speaker

    for device in (Camera, Microphone, Speaker):
        monkeypatch.setattr(device, "names", staticmethod(list))
    screen = PrepareScreen(Preferences())
    qtbot.addWidget(screen)
    states = {line.code: (line.state, line.finding) for line in screen.lines()}
    assert states["camera"] == (CheckState.ATTENTION, "camera.none")
    assert not screen._camera_button.isEnabled()
    assert screen.join.isEnabled()


def test_loudness_is_measured_on_sixty_decibels() -> None:
    assert loudness(bytes(1920)) == 0.0
    assert loudness(b"\xff\x7f" * 960) == pytest.approx(1.0, abs=0.01)
    assert loudness(b"\x48\x01" * 960) == pytest.approx(1 / 3, abs=0.02)
    assert len(two_notes(1.0)) == RATE * 2
    assert 0.5 < loudness(two_notes(1.0)) < 0.9


# --- a new case -------------------------------------------------------------------------------------------------------


def test_a_good_case_file_can_be_created(qtbot: QtBot) -> None:
    wizard = NewCaseWizard()
    qtbot.addWidget(wizard)
    made: list[Any] = []
    wizard.create_requested.connect(lambda file, data: made.append((file, data)))
    wizard.read(CASE_FILE)
    assert (wizard.problems(), wizard.current(), wizard.next.isEnabled()) == ((), 1, True)
    wizard.next.click()
    assert wizard.next.text() == "建立项目"
    wizard.next.click()
    assert made[0][1] == CASE_FILE.read_bytes()


def test_problems_stop_the_wizard_and_are_sentences(qtbot: QtBot, tmp_path: Path) -> None:
    data = json.loads(CASE_FILE.read_text("utf-8"))
    data["committee"]["size"] = 4
    path = tmp_path / "case.json"
    path.write_text(json.dumps(data), "utf-8")
    wizard = NewCaseWizard()
    qtbot.addWidget(wizard)
    wizard.read(path)
    assert "case.committee_even" in {problem.code for problem in wizard.problems()}
    assert "评审小组须为单数" in shown(wizard)
    assert not wizard.next.isEnabled()


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[]"])
def test_what_is_no_case_file_is_told(qtbot: QtBot, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    wizard = NewCaseWizard()
    qtbot.addWidget(wizard)
    wizard.read(path)
    wizard.read(tmp_path / "missing.json")
    assert not wizard.next.isEnabled()
    assert "missing.json" in shown(wizard)


# --- the window -------------------------------------------------------------------------------------------------------


def test_the_window_asks_before_it_closes(qtbot: QtBot, clock: ManualClock) -> None:
    window = MainWindow(clock)
    qtbot.addWidget(window)
    first, second = QLabel("一"), QLabel("二")
    window.show_screen(first)
    window.show_screen(second)
    assert window.screen_now() is second
    window.drop(second)
    assert window.screen_now() is first
    window.name_window("城区档案", rehearsal=True)
    assert window.windowTitle() == "【演练】城区档案 — 开评标室"
    window.show()
    window.may_close = lambda: False
    window.close()
    assert window.isVisible()
    window.close_now()
    assert not window.isVisible()


def test_pictures_in_all_variants_and_everything_as_before(qtbot: QtBot, clock: ManualClock, tmp_path: Path) -> None:
    screen = HomeScreen(clock)
    qtbot.addWidget(screen)
    screen.show_home(home())
    screen.show()
    made = grab_variants(screen, tmp_path, "home", QSize(1280, 800))
    assert [path.name for path in made] == [f"home_{v}.png" for v in ("zh_light", "zh_dark", "en_light", "en_dark")]
    assert len({path.read_bytes() for path in made}) == 4
    assert QImage(str(made[0])).size() == QSize(1280, 800)
    assert (language(), theme().choice) == (Language.CHINESE, ThemeChoice.LIGHT)
    assert list(variants())[-1] == "en_dark"
    assert grab(screen, tmp_path / "deep" / "one.png").exists()
