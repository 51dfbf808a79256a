"""What was just removed, and a way back."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from app.ui.view import View, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.elided import ElidedLabel


class UndoLine(View):
    """Hidden until something was removed; only the last removal can be taken back."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._undo: Callable[[], None] | None = None
        self._say: Callable[[], str] = str
        self._text = ElidedLabel("second", middle=True)
        self.button = Button("link", "refresh")
        self.say(self.button.setText, "撤销")
        self.button.clicked.connect(self._take_back)
        line = row(self._text, self.button, spacing=8)
        line.setStretch(0, 1)
        self.setLayout(line)
        self.hide()

    def offer(self, say: Callable[[], str], undo: Callable[[], None]) -> None:
        """``say`` what is gone, in the language shown then; ``undo`` brings it back."""
        self._say, self._undo = say, undo
        self.retranslate()
        self.show()

    def retranslate(self) -> None:
        self._text.setText(self._say())

    def forget(self) -> None:
        """Too late, or no longer of interest."""
        self._undo = None
        self.hide()

    def _take_back(self) -> None:
        undo, self._undo = self._undo, None
        self.hide()
        if undo is not None:
            undo()
