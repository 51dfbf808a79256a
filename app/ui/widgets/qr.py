"""A QR code, drawn dark on white in both themes because phones read it."""

import segno
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class QrView(QWidget):
    """Shows ``text`` (at most some 2,000 characters) with a quiet zone of four modules."""

    def __init__(self, text: str = "", side: int = 168, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = side
        self._rows: tuple[bytes, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_text(text)

    def show_text(self, text: str) -> None:
        """Encode another text; empty shows nothing."""
        self._rows = tuple(bytes(line) for line in segno.make(text, micro=False).matrix) if text else ()
        self.setAccessibleName(text)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._rows:
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(Qt.GlobalColor.white))
        modules = len(self._rows) + 8
        cell = self._side / modules
        for y, line in enumerate(self._rows):
            for x, dark in enumerate(line):
                if dark:
                    painter.fillRect(
                        QRectF((x + 4) * cell, (y + 4) * cell, cell + 0.4, cell + 0.4), QColor(Qt.GlobalColor.black)
                    )
        painter.end()
