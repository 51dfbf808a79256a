"""The level of a microphone or speaker, as a bar of sixteen fields."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.theme import color

FIELDS = 16


class Meter(QWidget):
    """Shows a level between 0 and 1 (full scale); falls slowly so that a word can be seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._level = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_level(self, level: float) -> None:
        """Show a new level; call it about twenty times a second."""
        self._level = max(min(level, 1.0), self._level * 0.85)
        self.update()

    @property
    def level(self) -> float:
        return self._level

    def sizeHint(self) -> QSize:
        return QSize(180, 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        step = self.width() / FIELDS
        for number in range(FIELDS):
            lit = self._level * FIELDS > number + 0.001
            shade = ("ok" if number < 11 else "warn" if number < 14 else "bad") if lit else "line"
            painter.setBrush(color(shade))
            painter.drawRoundedRect(QRectF(number * step, 1, step - 3, self.height() - 2), 2, 2)
        painter.end()
