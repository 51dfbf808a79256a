"""Starting the desk: one QApplication, one qasync loop, dressed and guarded; ended by the last window.

The order of the end matters (qasync 0.28): the last window sets an event, tasks are cancelled and gathered, and only
then the main coroutine returns. ``asyncio.Runner(loop_factory=…)`` owns the loop; no ``asyncSlot``, no ``exec()``.
"""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import qasync
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from app.ui.async_bridge import AsyncBridge
from app.ui.crash import CrashGuard
from app.ui.i18n import Language, set_language
from app.ui.preferences import Preferences, load_preferences
from app.ui.theme import theme


class Desk:
    """What the start-up function gets.

    Attributes:
        app: the application.
        bridge: starts coroutines; closed when the last window is.
        guard: shows what nobody caught.
        preferences: language, theme and window places of this user.
        closing: set when the last window has closed.
    """

    def __init__(self, app: QApplication, preferences: Preferences, guard: CrashGuard) -> None:
        self.app = app
        self.preferences = preferences
        self.guard = guard
        self.bridge = AsyncBridge(guard.report)
        self.closing = asyncio.Event()
        app.lastWindowClosed.connect(self.closing.set)


Start = Callable[[Desk], Awaitable[Callable[[], Awaitable[None]] | None]]


def make_application(arguments: list[str] | None = None) -> QApplication:
    """The dressed QApplication; the one that exists already is taken (tests)."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication(arguments if arguments is not None else sys.argv[:1])
    app.setApplicationName("bidroom")
    app.setApplicationDisplayName("开评标室")
    app.setQuitOnLastWindowClosed(False)
    return app


def dress(preferences: Preferences) -> None:
    """Apply theme and language."""
    theme().apply(preferences.theme)
    set_language(Language(preferences.language))


def run_desk(start: Start) -> int:
    """Run the desk until its last window closes.

    ``start(desk)`` opens the first window and may return a coroutine function that is awaited at the end, after the
    tasks were cancelled: the place to close connections. Returns the exit code.
    """
    app = make_application()
    preferences = load_preferences()
    dress(preferences)
    guard = CrashGuard()
    guard.install()
    try:
        with asyncio.Runner(loop_factory=lambda: _loop(app)) as runner:
            return runner.run(_main(app, preferences, guard, start))
    finally:
        guard.uninstall()


def _loop(app: QApplication) -> asyncio.AbstractEventLoop:
    loop: asyncio.AbstractEventLoop = qasync.QEventLoop(app)
    return loop


async def _main(app: QApplication, preferences: Preferences, guard: CrashGuard, start: Start) -> int:
    loop = asyncio.get_running_loop()
    guard.watch_loop(loop)
    desk = Desk(app, preferences, guard)
    _close_on_interrupt(loop)
    finish = await start(desk)
    await desk.closing.wait()
    await desk.bridge.close()
    if finish is not None:
        await finish()
    preferences.save()
    return 0


def _close_on_interrupt(loop: Any) -> None:
    """Ctrl+C closes the windows; Windows has no signal handlers on loops and keeps Python's own."""
    try:
        loop.add_signal_handler(signal.SIGINT, QApplication.closeAllWindows)
    except (NotImplementedError, RuntimeError, AttributeError):
        signal.signal(signal.SIGINT, lambda *_: QApplication.closeAllWindows())
