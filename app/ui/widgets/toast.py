"""A short confirmation at the lower edge; it goes by itself and never carries an error."""

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, QTimer
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.ui.fonts import BODY, font
from app.ui.theme import color

SHOWN_MS = 3500


class Toast(QWidget):
    """Lives on a parent; :meth:`say` shows a sentence for three and a half seconds."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._text = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        parent.installEventFilter(self)
        self.hide()

    def say(self, text: str) -> None:
        """Show ``text``; the one before it is replaced."""
        self._text = text
        self.setAccessibleName(text)
        self._place()
        self.show()
        self.raise_()
        self._timer.start(SHOWN_MS)
        self.update()

    @property
    def text(self) -> str:
        return self._text

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("text"))
        painter.drawRoundedRect(QRectF(self.rect()), 8, 8)
        painter.setFont(font(BODY))
        painter.setPen(color("surface"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._text)
        painter.end()

    def _place(self) -> None:
        parent = self.parentWidget()
        assert parent is not None
        width = min(QFontMetrics(font(BODY)).horizontalAdvance(self._text) + 40, parent.width() - 32)
        self.setGeometry((parent.width() - width) // 2, parent.height() - 64, width, 40)
