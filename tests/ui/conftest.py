"""The desk's tests run offscreen; a Qt warning or a widget left over fails the test."""

import asyncio
import gc
import os
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# The bundled FFmpeg looks for screen-capture libraries that a bare machine does not have, and says so.
os.environ.setdefault("QT_LOGGING_RULES", "qt.multimedia.*=false")

import pytest
import qasync
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from app.clock import ManualClock
from app.ui.application import dress, make_application
from app.ui.i18n import Language, set_language
from app.ui.preferences import Preferences
from app.ui.theme import ThemeChoice, theme

HERE = Path(__file__).parent
IGNORED_QT = (r"This plugin does not support propagateSizeHints\(\)", r"PulseAudioService: .*")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
            item.add_marker(pytest.mark.qt_log_ignore(*IGNORED_QT, extend=True))


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    app = make_application([])
    dress(Preferences(theme=ThemeChoice.LIGHT))
    return app


@pytest.fixture(autouse=True)
def _clean_desk(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BIDROOM_DATA", str(tmp_path / "data"))
    before = {id(widget) for widget in QApplication.topLevelWidgets()}
    yield
    if theme().choice is not ThemeChoice.LIGHT:
        theme().apply(ThemeChoice.LIGHT)
    gc.collect()
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
    left = [w for w in QApplication.topLevelWidgets() if id(w) not in before and w.parent() is None and w.isVisible()]
    names = [type(widget).__name__ for widget in left]
    for widget in left:
        widget.close()
        widget.deleteLater()
    set_language(Language.CHINESE)
    assert not names, f"windows left over: {names}"


@pytest.fixture
def clock() -> ManualClock:
    from ui_samples import NOW

    return ManualClock(NOW)


@pytest.fixture
def run(qapp: QApplication) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine on a Qt loop, as the desk does; at most 20 s."""

    def go(coroutine: Coroutine[Any, Any, Any]) -> Any:
        async def limited() -> Any:
            return await asyncio.wait_for(coroutine, 20)

        with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(qapp)) as runner:
            return runner.run(limited())

    return go
