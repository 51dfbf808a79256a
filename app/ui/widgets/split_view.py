"""Two panes with a draggable border of 12 px; sizes are remembered as shares, not pixels."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSplitter, QSplitterHandle, QWidget

from app.ui.theme import color


class _Grip(QSplitterHandle):
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("primary" if self.underMouse() else "strong_line"))
        middle = QRectF(self.rect()).center()
        wide = self.orientation() is Qt.Orientation.Vertical
        width, height = (36, 3) if wide else (3, 36)
        painter.drawRoundedRect(QRectF(middle.x() - width / 2, middle.y() - height / 2, width, height), 1.5, 1.5)
        painter.end()


class SplitView(QSplitter):
    """A splitter whose grip can be seen; panes never collapse to nothing."""

    def __init__(self, orientation: Qt.Orientation, parent: QWidget | None = None) -> None:
        super().__init__(orientation, parent)
        self.setHandleWidth(12)
        self.setChildrenCollapsible(False)

    def createHandle(self) -> QSplitterHandle:
        return _Grip(self.orientation(), self)

    def shares(self) -> list[float]:
        """How the room is shared out now; for the settings."""
        sizes = self.sizes()
        whole = sum(sizes) or 1
        return [size / whole for size in sizes]

    def set_shares(self, shares: list[float]) -> None:
        """Share out the room; call it after the panes are added."""
        self.setSizes([round(share * 10_000) for share in shares])
