"""Tabs as words in a row with a line below the chosen one; Ctrl+1..n is bound by the screen."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QWidget

from app.ui.i18n import capital
from app.ui.view import View, row
from app.ui.widgets.buttons import TabButton


class SegmentedTabs(View):
    """A row of tabs.

    Signals:
        chosen(int): the index of the tab now shown.
    """

    chosen = Signal(int)

    def __init__(self, count: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self._buttons = [TabButton() for _ in range(count)]
        for index, button in enumerate(self._buttons):
            self._group.addButton(button, index)
        self._group.idToggled.connect(self._toggled)
        self.setLayout(row(*self._buttons, None, spacing=8))
        self.choose(0)

    def name(self, index: int, text: str, count: int | None = None) -> None:
        """Name a tab, with an optional number behind the word."""
        shown = capital(text) if count is None else f"{capital(text)} {count}"
        self._buttons[index].setText(shown)
        self._buttons[index].setAccessibleName(shown)

    def choose(self, index: int) -> None:
        """Show the tab ``index``."""
        self._buttons[index].setChecked(True)

    def current(self) -> int:
        return self._group.checkedId()

    def _toggled(self, index: int, on: bool) -> None:
        if on:
            self.chosen.emit(index)
