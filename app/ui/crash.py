"""No exception takes the desk down: it is logged by its type and shown as a calm dialog, one at a time."""

import asyncio
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

from PySide6.QtCore import QObject, Qt, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from app.logs import get_logger
from app.ui import texts
from app.ui.dialogs.error import ErrorDialog

_log = get_logger("desk")


class CrashGuard(QObject):
    """Installed once, before the first window.

    Signals:
        _met(object, str): an exception from any thread with its trace; shown on the GUI thread.
    """

    _met = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._dialog: ErrorDialog | None = None
        self._met.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take over the hooks of Python, threads and Qt's messages."""
        sys.excepthook = self._uncaught
        threading.excepthook = self._in_thread
        qInstallMessageHandler(_qt_message)

    def uninstall(self) -> None:
        """Give the hooks back (tests)."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        qInstallMessageHandler(None)

    def watch_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Report what the loop would only print."""
        loop.set_exception_handler(self._from_loop)

    def report(self, error: BaseException) -> None:
        """Show ``error`` to the person; from any thread."""
        if isinstance(error, asyncio.CancelledError | KeyboardInterrupt | SystemExit):
            return
        _log.error("uncaught", error=type(error).__name__, code=getattr(error, "code", ""))
        self._met.emit(error, "".join(traceback.format_tb(error.__traceback__)[-6:]) if texts.is_fault(error) else "")

    def _uncaught(self, _kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt):
            QApplication.closeAllWindows()
            return
        self.report(error)

    def _in_thread(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            self.report(arguments.exc_value)

    def _from_loop(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            self.report(error)
        else:
            _log.error("loop", error=str(context.get("message", ""))[:80])

    def _show(self, error: BaseException, trace: str) -> None:
        if self._dialog is not None:
            return
        dialog = ErrorDialog(texts.exception_text(error), trace, QApplication.activeWindow())
        dialog.finished.connect(self._forget)
        self._dialog = dialog
        dialog.open()

    def _forget(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None


def _qt_message(kind: QtMsgType, _context: object, message: str) -> None:
    if kind in (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg):
        _log.warning("qt", error=message[:120])
