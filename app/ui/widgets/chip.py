"""A state as a word on a soft ground; the colour only repeats what the word says."""

from enum import StrEnum

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.fonts import SECOND, font
from app.ui.i18n import capital
from app.ui.theme import color


class Tone(StrEnum):
    """What a colour means; the same five everywhere."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    INFO = "info"
    NEUTRAL = "neutral"


_GROUND = {Tone.OK: "ok_soft", Tone.WARN: "warn_soft", Tone.BAD: "bad_soft", Tone.INFO: "primary_soft",
           Tone.NEUTRAL: "neutral_soft"}  # fmt: skip
_INK = {Tone.OK: "ok", Tone.WARN: "warn", Tone.BAD: "bad", Tone.INFO: "primary", Tone.NEUTRAL: "text2"}


def ink(tone: Tone) -> str:
    """The token of text in this tone."""
    return _INK[tone]


def ground(tone: Tone) -> str:
    """The token of a soft ground in this tone."""
    return _GROUND[tone]


class Chip(QWidget):
    """One word or two; elides and shows the whole text as a tool tip when there is no room."""

    HEIGHT = 24

    def __init__(self, text: str = "", tone: Tone = Tone.NEUTRAL, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text, self._tone = capital(text), tone
        self._font = font(SECOND)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(self.HEIGHT)
        self.setAccessibleName(self._text)

    def show_state(self, text: str, tone: Tone) -> None:
        """Say another word."""
        text = capital(text)
        if (text, tone) != (self._text, self._tone):
            self._text, self._tone = text, tone
            self.setAccessibleName(text)
            self.updateGeometry()
            self.update()

    @property
    def text(self) -> str:
        return self._text

    @property
    def tone(self) -> Tone:
        return self._tone

    def sizeHint(self) -> QSize:
        return QSize(QFontMetrics(self._font).horizontalAdvance(self._text) + 24, self.HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self.sizeHint().width(), 56), self.HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        wanted = self.sizeHint().width()
        width = min(wanted, self.width())
        self.setToolTip(self._text if width < wanted else "")
        paint_chip(painter, QRectF(0, 0, width, self.height()), self._text, self._tone)
        painter.end()


def paint_chip(painter: QPainter, where: QRectF, text: str, tone: Tone) -> None:
    """Draw a chip filling ``where``; tables draw theirs with it."""
    painter.setFont(font(SECOND))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color(_GROUND[tone]))
    radius = where.height() / 2
    painter.drawRoundedRect(where, radius, radius)
    painter.setPen(color(_INK[tone]))
    shown = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, round(where.width() - 11))
    painter.drawText(where, Qt.AlignmentFlag.AlignCenter, shown)
