"""Where a wizard stands: numbered steps in a row."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.fonts import BODY, SECOND, font
from app.ui.i18n import tr
from app.ui.icons import paint_icon
from app.ui.theme import color
from app.ui.view import View

MARK = 24


class Stepper(View):
    """Paints the steps; ``names`` are source texts (translated when painted)."""

    def __init__(self, names: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names, self._current = names, 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_step(self, current: int) -> None:
        """Mark step ``current`` (from 0); those before it are done."""
        self._current = current
        self.setAccessibleName(tr(self._names[current]))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120 * len(self._names), 40)

    def retranslate(self) -> None:
        self.show_step(self._current)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, middle = 0.0, self.height() / 2
        widths = [MARK + 8 + QFontMetrics(font(BODY, bold=True)).horizontalAdvance(tr(name)) for name in self._names]
        gap = max(28.0, min(72.0, (self.width() - sum(widths)) / max(1, len(widths) - 1)))
        for number, name in enumerate(self._names):
            done, here = number < self._current, number == self._current
            circle = QRectF(left + 1, middle - MARK / 2 + 1, MARK - 2, MARK - 2)
            painter.setPen(Qt.PenStyle.NoPen if done or here else QPen(color("strong_line"), 1.5))
            painter.setBrush(color("ok" if done else "primary" if here else "surface"))
            painter.drawEllipse(circle)
            painter.setFont(font(SECOND, bold=True))
            if done:
                paint_icon(painter, "check", circle.adjusted(4, 4, -4, -4), color("surface"))
            else:
                painter.setPen(color("surface" if here else "text2"))
                painter.drawText(circle, Qt.AlignmentFlag.AlignCenter, str(number + 1))
            painter.setFont(font(BODY, bold=here))
            painter.setPen(color("text" if here else "text2"))
            painter.drawText(QRectF(left + MARK + 8, 0, widths[number], self.height()), Qt.AlignmentFlag.AlignVCenter,
                             tr(name))  # fmt: skip
            left += widths[number]
            if number < len(self._names) - 1:
                painter.setPen(QPen(color("ok" if done else "strong_line"), 2))
                painter.drawLine(int(left + 8), int(middle), int(left + gap - 8), int(middle))
                left += gap
        painter.end()
