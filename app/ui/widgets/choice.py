"""A combo box with the desk's own arrow; the style sheet would otherwise leave it without one."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QWidget

from app.ui.icons import paint_icon
from app.ui.theme import color


class Choice(QComboBox):
    """Use it in place of QComboBox."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.setMinimumContentsLength(6)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = 16.0
        where = QRectF(self.width() - side - 10, (self.height() - side) / 2, side, side)
        paint_icon(painter, "chevron-down", where, color("text2" if self.isEnabled() else "text3"))
        painter.end()
