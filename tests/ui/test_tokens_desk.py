"""Promise P8 at the desk itself: tokens pulled out, exchanged, locked, slow, and drivers that crash or hang."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialog

from app.ca.doctor import Outcome
from app.ca.token import Act
from app.errors import InputError
from app.rehearsal.demo_pki import SoftToken
from app.ui import texts
from app.ui.application import Desk
from app.ui.crash import CrashGuard
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.dialogs.error import ErrorDialog
from app.ui.dialogs.pin import PinDialog
from app.ui.models import TokenState
from app.ui.preferences import Preferences
from app.ui.program.program import Program
from tests.ca.conftest import PIN, make_token, pki  # noqa: F401 - fixtures
from tests.ca.test_pkcs11_token import Faulty, faulty, faulty_module, soft  # noqa: F401 - fixtures
from tests.ui.test_program_desk import services

ACT = Act("test")


class Ticker:
    """Counts the longest time in which the window could not have answered."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = asyncio.get_running_loop().time()
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(10)

    def _tick(self) -> None:
        now = asyncio.get_running_loop().time()
        self.longest, self._last = max(self.longest, now - self._last), now

    def stop(self) -> float:
        self._timer.stop()
        return self.longest


class AtTheDesk:
    """The program with its window, and a person who answers dialogs."""

    def __init__(self, program: Program) -> None:
        self.program, self.watch = program, program.tokens
        self.screen = program._token_screen.screen

    async def until(self, true: Callable[[], bool], seconds: float = 15.0) -> None:
        async with asyncio.timeout(seconds):
            while not true():
                await asyncio.sleep(0.02)

    async def dialog(self, kind: type[Any]) -> Any:
        found: list[QDialog] = []

        def look() -> bool:
            found[:] = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
            return bool(found)

        await self.until(look)
        return found[0]

    async def state(self, wanted: TokenState | None) -> None:
        """Until the token at a glance is in this state: at most two seconds, with a margin for a loaded machine."""

        def told() -> bool:
            chip = self.watch.chip()
            return (chip.state if chip is not None else None) is wanted

        await self.until(told)

    def try_token(self) -> None:
        """Press 试用口令与证书."""
        self.screen.test_requested.emit(self.watch.views()[0])

    async def type_pin(self, pin: str) -> PinDialog:
        dialog: PinDialog = await self.dialog(PinDialog)
        dialog.type_pin(pin)
        dialog.accept()
        await asyncio.sleep(0)
        return dialog

    async def told(self) -> str:
        """What the error dialog says; it is closed."""
        dialog: ErrorDialog = await self.dialog(ErrorDialog)
        said = " ".join(w.text() for w in dialog.findChildren(object) if callable(getattr(w, "text", None)))
        dialog.accept()
        await asyncio.sleep(0.05)
        return said

    async def succeeds(self, pin: str | None = PIN) -> None:
        self.program.window.toast.hide()
        self.try_token()
        if pin is not None:
            await self.type_pin(pin)
        await self.until(lambda: self.program.window.toast.isVisible())


@pytest.fixture
def at_desk(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``async with at_desk(modules, env)``: the desk with these drivers, on the page of the tokens."""

    @asynccontextmanager
    async def begin(modules: list[str], env: dict[str, str], timeout: float = 60.0) -> AsyncIterator[AtTheDesk]:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        failures: list[BaseException] = []
        desk = Desk(qapp, Preferences(), CrashGuard())
        desk.bridge._report = failures.append  # type: ignore[method-assign]
        program = Program(desk, services())
        program.tokens.use(modules)
        program.tokens._worker._timeout = timeout
        program.start()
        program._show_tokens()
        try:
            yield AtTheDesk(program)
        finally:
            program.window.close_now()
            await desk.bridge.close()
            await program.finish()
        assert failures == []

    return begin


def says(code: str) -> str:
    return texts.error_text(code, {"seconds": 2}).what


def test_pulled_out_and_put_back(run: Any, at_desk: Any, faulty: Faulty) -> None:  # noqa: F811
    async def life() -> None:
        async with at_desk([faulty.module], faulty.env) as desk:
            await desk.state(TokenState.READY)
            await desk.succeeds()
            faulty.order("removed")  # in the middle of what it is at: logged in, about to sign
            desk.try_token()
            assert await desk.told()  # gone, or not found: by then the look may have seen it
            await desk.state(TokenState.REMOVED)
            assert "已拔出" in desk.program.window.foot.text()
            faulty.withdraw("removed")
            await desk.state(TokenState.READY)
            desk.try_token()
            await desk.dialog(PinDialog)
            faulty.order("removed")  # while the PIN is typed: the question ends by itself
            assert says("token.gone") in await desk.told()
            assert not any(isinstance(w, PinDialog) and w.isVisible() for w in QApplication.topLevelWidgets())
            faulty.withdraw("removed")
            await desk.state(TokenState.READY)
            await desk.succeeds()

    run(life())


def test_another_one_in_its_place(run: Any, at_desk: Any, make_token: Callable[[str], SoftToken]) -> None:  # noqa: F811
    mine, other = make_token("ec"), make_token("ec")

    async def life() -> None:
        async with at_desk([mine.module], mine.env) as desk:
            await desk.state(TokenState.READY)
            key = await desk.watch.open(mine.label)
            (mine.folder / "tokens").rename(mine.folder / "away")
            (other.folder / "tokens").rename(mine.folder / "tokens")
            with pytest.raises(InputError, match=r"token\.wrong_token"):
                await key.sign(b"x", ACT)  # and no PIN was asked
            await desk.until(lambda: {t.serial for t in desk.watch.tokens} != {key.info.serial})

    run(life())


def test_wrong_pins_up_to_the_lock(run: Any, at_desk: Any, faulty: Faulty) -> None:  # noqa: F811
    async def life() -> None:
        async with at_desk([faulty.module], faulty.env) as desk:
            await desk.state(TokenState.READY)
            desk.try_token()
            await desk.type_pin("111111")
            dialog = await desk.dialog(PinDialog)
            assert dialog._request.wrong
            await desk.type_pin("222222")
            confirm = await desk.dialog(ConfirmDialog)  # the last try is asked for twice
            confirm.reject()
            assert says("token.cancelled") in await desk.told()
            assert (faulty.orders / "tries").read_text() == "2"  # nothing was tried by the program
            await desk.state(TokenState.PIN_FINAL)
            faulty.order("tries", "3")
            await desk.state(TokenState.PIN_LOCKED)
            assert "口令已锁定" in desk.program.window.foot.text()
            assert not desk.program.tokens.views()[0].problem

    run(life())


def test_a_slow_one_and_a_crash_leave_the_window_free(run: Any, at_desk: Any, faulty: Faulty) -> None:  # noqa: F811
    async def life() -> None:
        async with at_desk([faulty.module], faulty.env) as desk:
            await desk.state(TokenState.READY)
            ticker = Ticker()
            faulty.order("slow", "45")
            desk.program.window.toast.hide()
            desk.try_token()
            await desk.type_pin(PIN)
            await desk.state(TokenState.WORKING)
            assert "正在运算" in desk.program.window.token_banner.text()
            await desk.until(lambda: desk.program.window.toast.isVisible())
            await desk.state(TokenState.READY)
            faulty.withdraw("slow")
            faulty.order("crash")
            desk.try_token()
            assert says("token.worker_died") in await desk.told()
            assert ticker.stop() < 3.0  # had the window waited for the token, it were 4.5 s
            await desk.succeeds()

    run(life())


def test_one_that_hangs_is_given_up(run: Any, at_desk: Any, faulty: Faulty) -> None:  # noqa: F811
    async def life() -> None:
        async with at_desk([faulty.module], faulty.env, timeout=4.0) as desk:
            await desk.state(TokenState.READY)
            ticker = Ticker()
            faulty.order("stall")
            desk.try_token()
            await desk.type_pin(PIN)
            assert "没有回应" in await desk.told()
            assert ticker.stop() < 3.0  # had the window waited for the token, it were four seconds
            faulty.withdraw("stall")
            await desk.state(TokenState.READY)
            await desk.succeeds()

    run(life())


def test_a_hanging_driver_hides_no_other_token(run: Any, at_desk: Any, faulty: Faulty, tmp_path: Path) -> None:  # noqa: F811
    healthy = str(shutil.copy(faulty.token.module, tmp_path / "healthy.so"))
    faulty.order("hang")

    async def life() -> None:
        async with at_desk([faulty.module, healthy], faulty.env, timeout=2.0) as desk:
            await desk.state(TokenState.READY)
            await desk.until(lambda: any(t.problem == "token.module_broken" for t in desk.watch.tokens))
            assert any(driver.problem for driver in desk.screen.drivers._drivers)
            faulty.withdraw("hang")
            desk.screen.refresh_requested.emit()  # 重新检测 gives it another chance
            await desk.until(lambda: all(t.problem is None for t in desk.watch.tokens))

    run(life())


def test_the_check_on_its_screen_asks_once_and_can_be_stopped(run: Any, at_desk: Any, faulty: Faulty) -> None:  # noqa: F811
    async def life() -> None:
        async with at_desk([faulty.module], faulty.env) as desk:
            await desk.state(TokenState.READY)
            screen = desk.program._token_screen.doctor
            desk.screen.doctor_requested.emit()
            assert desk.program.window.screen_now() is screen
            screen.start.click()
            await desk.dialog(PinDialog)
            assert not screen.start.isEnabled()
            screen.cancel.click()
            await desk.until(lambda: "停止" in screen.summary())
            assert not any(isinstance(w, PinDialog) and w.isVisible() for w in QApplication.topLevelWidgets())
            screen.start.click()
            await desk.type_pin(PIN)
            await desk.until(lambda: "正在检测" not in screen.summary())
            found = {check.code: check.outcome for check in screen.checks()}
            assert (found["sign"], found["decrypt"]) == (Outcome.PASSED, Outcome.PASSED)
            screen.back.emit()
            assert desk.program.window.screen_now() is desk.screen

    run(life())


def test_the_pin_is_in_no_file_of_the_desk(run: Any, at_desk: Any, faulty: Faulty, tmp_path: Path) -> None:  # noqa: F811
    """Logs, settings and whatever else the desk wrote; and after the act not even the line edit has it."""

    async def life() -> None:
        async with at_desk([faulty.module], faulty.env) as desk:
            await desk.state(TokenState.READY)
            desk.try_token()
            await desk.type_pin(PIN)
            await desk.until(lambda: desk.program.window.toast.isVisible())
            desk.program.desk.preferences.save()
            for path in tmp_path.rglob("*"):
                if path.is_file():
                    assert PIN.encode() not in path.read_bytes(), path

    run(life())
