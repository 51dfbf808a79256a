import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import typst
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot
from ui_samples import DIGEST

from app.ca.token import Act, PinRequest, PinState
from app.errors import InputError
from app.settings import RESOURCES
from app.ui import texts
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.confirm import ConfirmDialog, leave_dialog
from app.ui.dialogs.end_for_all import EndForAllDialog
from app.ui.dialogs.error import ErrorDialog
from app.ui.dialogs.join_link import JoinByLinkDialog
from app.ui.dialogs.pin import DeskPinProvider, PinDialog
from app.ui.dialogs.sign import SignDialog, SignRequest
from app.ui.widgets.chip import Chip

Run = Callable[[Any], Any]


def request(**changed: Any) -> PinRequest:
    made: dict[str, Any] = {
        "token_label": "CA-01", "token_serial": "4A7F", "holder": "赵甲",
        "act": Act("release_share", {"case": "KM-1", "secret_field": "x"}), "pin_state": PinState.OK,
    }  # fmt: skip
    return PinRequest(**{**made, **changed})


def words(dialog: Any) -> str:
    return "\n".join(part.text() for part in dialog.findChildren(QLabel) if part.isVisibleTo(dialog))


def test_pin_says_token_holder_and_exact_act(qtbot: QtBot) -> None:
    dialog = PinDialog(request())
    qtbot.addWidget(dialog)
    shown = words(dialog)
    assert all(part in shown for part in ("赵甲", "CA-01", "4A7F", "放行开标份额", "KM-1"))
    assert "secret_field" not in shown


def test_pin_is_given_once_and_wiped(run: Run) -> None:
    async def main() -> tuple[str | None, str]:
        dialog = PinDialog(request())
        dialog.type_pin("123456")
        QTimer.singleShot(10, dialog.accept)
        given = await ask(dialog)
        return given, dialog._line.text()

    assert run(main()) == ("123456", "")


def test_cancelled_pin_is_none(run: Run) -> None:
    async def main() -> str | None:
        dialog = PinDialog(request())
        dialog.type_pin("123456")
        QTimer.singleShot(10, dialog.reject)
        return await ask(dialog)

    assert run(main()) is None


def test_empty_pin_cannot_be_sent(qtbot: QtBot) -> None:
    dialog = PinDialog(request())
    qtbot.addWidget(dialog)
    assert not dialog.can_go()
    dialog.type_pin("1")
    assert dialog.can_go()


def test_pin_on_the_device_shows_a_notice_and_no_field(run: Run) -> None:
    async def main() -> tuple[str | None, bool]:
        dialog = PinDialog(request(on_device=True))
        QTimer.singleShot(10, dialog.accept)
        answer = await ask(dialog)
        return answer, dialog._line.isVisibleTo(dialog)

    assert run(main()) == ("", False)


@pytest.mark.parametrize(
    ("state", "warning"), [(PinState.OK, None), (PinState.LOW, "剩余次数不多"), (PinState.FINAL, "最后一次机会")]
)
def test_warnings_by_tries_left(qtbot: QtBot, state: PinState, warning: str | None) -> None:
    dialog = PinDialog(request(pin_state=state, wrong=True))
    qtbot.addWidget(dialog)
    shown = words(dialog)
    assert "口令不正确" in shown
    assert (warning in shown) if warning else ("机会" not in shown and "次数不多" not in shown)


def test_the_number_of_tries_is_said_where_it_is_known(qtbot: QtBot) -> None:
    told, untold = PinDialog(request(tries_left=7)), PinDialog(request())
    for dialog in (told, untold):
        qtbot.addWidget(dialog)
    assert [[chip.text for chip in one.findChildren(Chip)] for one in (told, untold)] == [
        ["口令剩余 7 次"],
        ["口令次数充足"],
    ]


def test_the_last_try_wants_a_second_word(run: Run) -> None:
    async def main(press: bool) -> bool:
        def answer() -> None:
            dialog = next(w for w in QApplication.topLevelWidgets() if isinstance(w, ConfirmDialog) and w.isVisible())
            (dialog.confirm.click if press else dialog.reject)()

        QTimer.singleShot(20, answer)
        return await DeskPinProvider(lambda: None).confirm_final(request(pin_state=PinState.FINAL))

    assert run(main(True)) is True
    assert run(main(False)) is False


def test_two_acts_ask_one_after_the_other(run: Run) -> None:
    async def main() -> tuple[list[int], list[str | None]]:
        provider = DeskPinProvider(lambda: None)
        tasks = [asyncio.create_task(provider.ask(request())) for _ in range(2)]
        open_now: list[int] = []
        for pin in ("one", "two"):
            await asyncio.sleep(0.03)
            dialogs = [w for w in QApplication.topLevelWidgets() if isinstance(w, PinDialog) and w.isVisible()]
            open_now.append(len(dialogs))
            dialogs[0].type_pin(pin)
            dialogs[0].accept()
        return open_now, list(await asyncio.gather(*tasks))

    assert run(main()) == ([1, 1], ["one", "two"])


def test_danger_is_not_the_default(qtbot: QtBot) -> None:
    dialog = ConfirmDialog("删除？", "不能撤回", "删除")
    qtbot.addWidget(dialog)
    assert not dialog.confirm.isDefault()
    calm = leave_dialog(recording=True)
    qtbot.addWidget(calm)
    assert calm.confirm.isDefault()
    assert "正在录制" in words(calm)


def test_ending_with_things_undone_wants_a_reason(run: Run) -> None:
    async def main() -> tuple[bool, bool, str | None]:
        dialog = EndForAllDialog(("供应商 丙 尚未签署",))
        before = dialog.can_end()
        dialog.type_reason("停电，改期复会")
        after = dialog.can_end()
        QTimer.singleShot(10, dialog.accept)
        return before, after, await ask(dialog)

    assert run(main()) == (False, True, "停电，改期复会")


def test_ending_with_nothing_undone_wants_none(qtbot: QtBot) -> None:
    dialog = EndForAllDialog(())
    qtbot.addWidget(dialog)
    assert dialog.can_end()
    assert dialog.answer() is None


def test_a_wrong_link_is_told_in_place(qtbot: QtBot) -> None:
    def check(link: str) -> None:
        if not link.startswith("bidroom:"):
            raise InputError("link.malformed")

    dialog = JoinByLinkDialog(check)
    qtbot.addWidget(dialog)
    dialog.open()
    dialog.type_link("http://nonsense")
    dialog.press()
    assert dialog.isVisible()
    assert "邀请链接不完整" in dialog.error()
    dialog.type_link("bidroom://host/abc")
    assert dialog.error() == ""
    dialog.press()
    assert (dialog.isVisible(), dialog.answer()) == (False, "bidroom://host/abc")


def test_an_error_hides_its_code_behind_the_fold(qtbot: QtBot) -> None:
    dialog = ErrorDialog(texts.error_text("token.timeout", {"seconds": 30}))
    qtbot.addWidget(dialog)
    dialog.show()
    assert "token.timeout" not in words(dialog)
    assert dialog.details.details() == "token.timeout\nseconds = 30"


def test_signing_is_free_once_the_page_with_the_seal_was_seen(run: Run) -> None:
    pages = "#set page(width: 200pt, height: 900pt)\n= 1\n#pagebreak()\n= 2\n#pagebreak()\n= 3"
    pdf = typst.compile(pages.encode(), font_paths=[str(RESOURCES / "fonts")], ignore_system_fonts=True)
    assert isinstance(pdf, bytes)

    async def main() -> tuple[list[BaseException], bool, bool, int]:
        met: list[BaseException] = []
        bridge = AsyncBridge(met.append)
        dialog = SignDialog(bridge, SignRequest(pdf, "开标记录表", DIGEST, "赵甲", 2, (20.0, 20.0, 120.0, 80.0)))
        opened: list[int] = []
        dialog.viewer.shown.connect(opened.append)
        dialog.open()
        while not opened:
            await asyncio.sleep(0.01)
        before = dialog.sign.isEnabled()
        dialog.go_to_seal()
        after = dialog.sign.isEnabled()
        while not dialog.viewer.area.drawn(2):
            await asyncio.sleep(0.01)
        pid = dialog.viewer._renderer.pid
        assert pid is not None
        dialog.reject()
        ended = dialog.viewer._renderer.pid
        await bridge.close()
        dialog.deleteLater()
        return met, before, after, ended or 0

    assert run(main()) == ([], False, True, 0)
