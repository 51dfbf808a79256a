import asyncio
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QPushButton

from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.confirm import ConfirmDialog

Run = Callable[[Any], Any]


class Bell(QObject):
    rung = Signal(int)


def test_a_dialog_is_awaited(run: Run) -> None:
    async def main() -> tuple[bool, bool]:
        dialog = ConfirmDialog("标题", "正文", "继续")
        QTimer.singleShot(10, dialog.confirm.click)
        yes = await ask(dialog)
        other = ConfirmDialog("标题", "正文", "继续")
        QTimer.singleShot(10, other.reject)
        return yes, await ask(other)

    assert run(main()) == (True, False)


def test_cancelling_the_task_closes_the_dialog(run: Run) -> None:
    async def main() -> bool:
        dialog = ConfirmDialog("标题", "正文", "继续")
        task = asyncio.get_running_loop().create_task(ask(dialog))
        await asyncio.sleep(0.02)
        assert dialog.isVisible()
        ended: list[int] = []
        dialog.finished.connect(ended.append)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return task.cancelled() and ended == [0]

    assert run(main())


def test_the_loop_goes_on_under_an_open_dialog(run: Run) -> None:
    async def main() -> int:
        turns = 0
        dialog = ConfirmDialog("标题", "正文", "继续")
        task = asyncio.get_running_loop().create_task(ask(dialog))
        for _ in range(20):
            await asyncio.sleep(0.001)
            turns += 1
        dialog.accept()
        await task
        return turns

    assert run(main()) == 20


def test_a_double_click_is_one_act(run: Run) -> None:
    async def main() -> tuple[list[int], list[bool]]:
        bridge, bell, button = AsyncBridge(print), Bell(), QPushButton()
        seen: list[int] = []
        enabled: list[bool] = []

        async def act(number: int) -> None:
            seen.append(number)
            enabled.append(button.isEnabled())
            await asyncio.sleep(0.01)

        bridge.on(bell.rung, act, "bell", disable=button)
        bell.rung.emit(1)
        bell.rung.emit(2)
        await asyncio.sleep(0.05)
        enabled.append(button.isEnabled())
        bell.rung.emit(3)
        await asyncio.sleep(0.05)
        await bridge.close()
        button.deleteLater()
        return seen, enabled

    assert run(main()) == ([1, 3], [False, True, False])


def test_what_a_coroutine_raises_is_reported_and_the_button_comes_back(run: Run) -> None:
    async def main() -> tuple[list[str], bool]:
        met: list[str] = []
        bridge, bell, button = AsyncBridge(lambda error: met.append(str(error))), Bell(), QPushButton()

        async def act(_number: int) -> None:
            raise ValueError("broken")

        bridge.on(bell.rung, act, "bell", disable=button)
        bell.rung.emit(1)
        await asyncio.sleep(0.02)
        enabled = button.isEnabled()
        await bridge.close()
        button.deleteLater()
        return met, enabled

    assert run(main()) == (["broken"], True)


def test_closing_cancels_what_runs(run: Run) -> None:
    async def main() -> str:
        ended: list[str] = []
        bridge = AsyncBridge(print)

        async def forever() -> None:
            try:
                await asyncio.sleep(3600)
            finally:
                ended.append("cancelled")

        bridge.start(forever(), "forever")
        await asyncio.sleep(0)
        await bridge.close()
        return "".join(ended)

    assert run(main()) == "cancelled"
