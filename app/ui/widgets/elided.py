"""A line of text that never widens its neighbours: it elides and keeps the whole as a tool tip."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget


class ElidedLabel(QLabel):
    """Like a label of the type scale; ``middle`` elides in the middle (paths, digests).

    ``least``: the share of the text below which nothing is shown: three words of a sentence only disturb.
    """

    def __init__(
        self,
        style: str = "body",
        text: str = "",
        *,
        middle: bool = False,
        least: float = 0.0,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("kind", style)
        self._whole, self._least = text, least
        self._mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._elide()

    def setText(self, text: str) -> None:
        self._whole = text
        self.setAccessibleName(text)
        self._elide()
        self.updateGeometry()

    def whole_text(self) -> str:
        """The text before eliding."""
        return self._whole

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self._whole) + 2, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def paintEvent(self, event: QPaintEvent) -> None:
        self._elide()  # the style sheet may have changed the font since the last resize
        super().paintEvent(event)

    def _elide(self) -> None:
        room = max(self.width(), 24)
        metrics = QFontMetrics(self.font())
        shown = metrics.elidedText(self._whole, self._mode, room)
        if room < self._least * metrics.horizontalAdvance(self._whole):
            shown = " "  # keeps the height, so that the label is painted again when there is room
        if shown != self.text():
            super().setText(shown)
        self.setToolTip(self._whole if shown != self._whole else "")
