import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication

from app.clock import SystemClock
from app.errors import InputError
from app.session.wire.link import Link
from app.ui.application import Desk
from app.ui.crash import CrashGuard
from app.ui.dialogs.error import ErrorDialog
from app.ui.preferences import Preferences
from app.ui.prepare.prepare_screen import PrepareScreen
from app.ui.program.program import Program
from app.ui.program.services import Services

NOBODY = Link("127.0.0.1", 9, "KM-1/1", "5e" * 32, "p3", "one-use")


def services() -> Services:
    def never(*_arguments: object) -> Any:
        raise InputError("test.not_used")

    return Services(clock=SystemClock(), verify=never, plan=never, rehearse=never, local=True)


async def shown(kind: type[Any]) -> Any:
    while True:
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, kind) and widget.isVisible():
                return widget
        await asyncio.sleep(0.02)


def test_an_evening_at_the_desk(run: Callable[[Any], Any], qapp: QApplication) -> None:
    """Home, tokens, settings; a link to a host that does not answer is said calmly; closed without a trace."""

    async def life() -> None:
        failures: list[BaseException] = []
        desk = Desk(qapp, Preferences(), CrashGuard())
        desk.bridge._report = failures.append
        program = Program(desk, services())
        program.start()
        program.home.tokens_requested.emit()
        assert program.window.screen_now() is not program.home
        program.go_home()
        await program._follow(NOBODY.text())
        screen = program.window.screen_now()
        assert isinstance(screen, PrepareScreen)
        screen.join.click()
        (await shown(ErrorDialog)).accept()
        await asyncio.sleep(0.05)
        screen.back.emit()
        assert program.window.screen_now() is program.home
        program.window.close()
        await desk.bridge.close()
        await program.finish()
        assert failures == []

    run(life())


def test_a_link_that_is_none_is_said(run: Callable[[Any], Any], qapp: QApplication, tmp_path: Path) -> None:
    async def life() -> None:
        desk = Desk(qapp, Preferences(), CrashGuard())
        program = Program(desk, services())
        program.start("https://example.cn/")
        dialog = await shown(ErrorDialog)
        assert program.window.screen_now() is program.home
        dialog.accept()
        await asyncio.sleep(0.05)
        program.window.close()
        await desk.bridge.close()
        await program.finish()

    run(life())
