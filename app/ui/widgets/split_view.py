"""Two panes with a draggable border of 12 px; sizes are remembered as shares, not pixels."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent, QShowEvent
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
        self._wanted: list[float] | None = None
        self.splitterMoved.connect(self._moved)

    def createHandle(self) -> QSplitterHandle:
        return _Grip(self.orientation(), self)

    def shares(self) -> list[float]:
        """How the room is shared out now; for the settings."""
        sizes = self.sizes()
        whole = sum(sizes) or 1
        return [size / whole for size in sizes]

    def set_shares(self, shares: list[float]) -> None:
        """Share out the room, now or as soon as there is any; call it after the panes are added."""
        self._wanted = shares
        self._apply()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._apply()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._apply()

    def _apply(self) -> None:
        whole = self.width() if self.orientation() is Qt.Orientation.Horizontal else self.height()
        if self._wanted is not None and self.isVisible():
            self.setSizes([round(share * whole) for share in self._wanted])

    def _moved(self) -> None:
        self._wanted = self.shares()
