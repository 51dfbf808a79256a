"""The bar at the top of a screen: what this is at the left, states and the grave button at the right."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QWidget

from app.ui.theme import color
from app.ui.view import column, label, row
from app.ui.widgets.elided import ElidedLabel


class TopBar(QFrame):
    """58 px high; :meth:`add` appends to the right side, :meth:`lead` puts something before the title."""

    HEIGHT = 58

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self.setFixedHeight(self.HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._title = ElidedLabel("title")
        self._place = label("title")
        self._place.hide()
        self._subtitle = ElidedLabel("second")
        self._left: QHBoxLayout = row(spacing=8)
        first = row(self._title, self._place, None, spacing=12)
        words = column(None, first, self._subtitle, None, spacing=1)
        self._right: QHBoxLayout = row(spacing=10)
        layout = row(self._left, words, self._right, spacing=12, margins=(20, 0, 20, 0))
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def say_title(self, title: str, subtitle: str = "", place: str = "") -> None:
        """Title and the smaller line below it; ``place`` stands behind the title and is never cut with it."""
        self._title.setText(title)
        self._place.setText(place)
        self._place.setVisible(bool(place))
        self._subtitle.setText(subtitle)
        self._subtitle.setVisible(bool(subtitle))

    def title(self) -> str:
        return self._title.whole_text()

    def subtitle(self) -> str:
        return self._subtitle.whole_text()

    def lead(self, widget: QWidget) -> None:
        self._left.addWidget(widget)

    def add(self, *widgets: QWidget) -> None:
        for widget in widgets:
            self._right.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)


class RecordDot(QWidget):
    """The round sign of a running recording; it does not blink."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._on = True
        self.setFixedSize(12, 12)

    def show_on(self, on: bool) -> None:
        self._on = on
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("record" if self._on else "text3"))
        painter.drawEllipse(QRectF(0, 0, 12, 12))
        painter.end()


class RecordingSign(QWidget):
    """Dot and words of the recording: running since, hours left, or that nothing is recorded."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dot = RecordDot()
        self._text = label("record")
        self.setLayout(row(self._dot, self._text, spacing=7))

    def show_text(self, text: str, on: bool) -> None:
        self._dot.show_on(on)
        self._text.setText(text)
        self._text.setProperty("kind", "record" if on else "second")
        self._text.style().unpolish(self._text)
        self._text.style().polish(self._text)
        self.setAccessibleName(text)

    def text(self) -> str:
        return self._text.text()
