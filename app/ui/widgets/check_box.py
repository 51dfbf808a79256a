"""A check box with the desk's own box: the style's is lost on both grounds."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QStyle, QStyleOptionButton, QWidget

from app.ui.icons import paint_icon
from app.ui.theme import color

SIDE = 16.0


class CheckBox(QCheckBox):
    """Use it in place of QCheckBox."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setMinimumHeight(24)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        where = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
        box = QRectF(max(1.0, where.center().x() - SIDE / 2 + 0.5), where.center().y() - SIDE / 2 + 0.5, SIDE, SIDE)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        checked = self.checkState() is Qt.CheckState.Checked
        ground = color("primary" if checked else "surface")
        edge = color("primary" if checked or self.hasFocus() else "text3")
        painter.setPen(QPen(edge, 1.4))
        painter.setBrush(ground)
        painter.drawRoundedRect(box, 4, 4)
        if checked:
            paint_icon(painter, "check", box.adjusted(2, 2, -2, -2), color("on_primary"))
        painter.end()
