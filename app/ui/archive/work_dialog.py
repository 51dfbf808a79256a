"""Work that takes a while, with how far it is and a way out: taking a whole case out of its archive."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QWidget

from app.record.verification import Stopped
from app.ui import texts
from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import tr
from app.ui.view import label

Told = Callable[[int, int], None]
T = TypeVar("T")


class WorkDialog(DeskDialog[None]):
    """Open while :meth:`run` works; cancelling ends the work at its next report."""

    _told = Signal(object, object)

    def __init__(self, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._stop = threading.Event()
        self._share = -1
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(title)
        self._how_far = label("second")
        self.add(label("body", text, wrap=True), self.bar, self._how_far)
        self.cancel = self.add_button(tr("停止"))
        self.cancel.clicked.connect(self.reject)
        self._told.connect(self._show)

    async def run(self, work: Callable[[Told], T]) -> T | None:
        """Do ``work`` in a worker thread; None when it was cancelled. Raises what the work raises."""
        self.open()
        try:
            return await asyncio.to_thread(work, self._tell)
        except Stopped:
            return None
        finally:
            super().reject()
            self.deleteLater()

    def reject(self) -> None:
        """The window is closed by the end of the work, not before."""
        self._stop.set()
        self.cancel.setEnabled(False)

    def _tell(self, done: int, whole: int) -> None:
        if self._stop.is_set():
            raise Stopped
        share = 1000 * done // whole if whole else 0
        if share != self._share:
            self._share = share
            self._told.emit(done, whole)

    def _show(self, done: int, whole: int) -> None:
        self.bar.setRange(0, 1000)
        self.bar.setValue(self._share)
        self._how_far.setText(f"{texts.size_text(done)} / {texts.size_text(whole)}")

    def answer(self) -> None:
        return None
