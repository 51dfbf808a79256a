"""The agenda: what is done and when, where we are, what comes; a line of steps read from top to bottom."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import texts
from app.ui.fonts import BODY, SECOND, font
from app.ui.icons import paint_icon
from app.ui.models import AgendaStep, StepState
from app.ui.theme import color
from app.ui.view import View

STEP, MARK = 52, 20


class AgendaList(View):
    """Paints the steps of a room; give it a snapshot with :meth:`show_steps`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._steps: tuple[AgendaStep, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_steps(self, steps: tuple[AgendaStep, ...]) -> None:
        """Show another snapshot."""
        if steps != self._steps:
            self._steps = steps
            self.retranslate()
            self.updateGeometry()

    def retranslate(self) -> None:
        current = [step for step in self._steps if step.state is StepState.CURRENT]
        self.setAccessibleName(", ".join(texts.word("phase", step.phase) for step in current))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, STEP * len(self._steps))

    def minimumSizeHint(self) -> QSize:
        return QSize(140, STEP * len(self._steps))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for number, step in enumerate(self._steps):
            last = number == len(self._steps) - 1
            self._paint_step(painter, step, number * STEP, last)
        painter.end()

    def _paint_step(self, painter: QPainter, step: AgendaStep, top: int, last: bool) -> None:
        centre = QPointF(MARK / 2 + 2, top + MARK / 2 + 2)
        shade = {StepState.DONE: "ok", StepState.CURRENT: "primary", StepState.FAILED: "bad"}.get(
            step.state, "strong_line"
        )
        if not last:
            done = step.state is StepState.DONE
            painter.setPen(QPen(color("ok" if done else "strong_line"), 2))
            painter.drawLine(centre + QPointF(0, MARK / 2 + 2), centre + QPointF(0, STEP - MARK / 2 - 2))
        circle = QRectF(centre.x() - MARK / 2, centre.y() - MARK / 2, MARK, MARK)
        if step.state is StepState.COMING:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(color(shade), 2))
            painter.drawEllipse(circle.adjusted(1, 1, -1, -1))
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color(shade))
            painter.drawEllipse(circle)
            if step.state is StepState.CURRENT:
                painter.setBrush(color("surface"))
                painter.drawEllipse(centre, 3.5, 3.5)
            else:
                mark = "check" if step.state is StepState.DONE else "close"
                paint_icon(painter, mark, circle.adjusted(3.5, 3.5, -3.5, -3.5), color("surface"))
        left, room = MARK + 14, self.width() - MARK - 14
        title_font = font(BODY, bold=step.state is StepState.CURRENT)
        painter.setFont(title_font)
        painter.setPen(color("text2" if step.state is StepState.COMING else "text"))
        title = QFontMetrics(title_font).elidedText(texts.word("phase", step.phase), Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(left, top, room, 24), Qt.AlignmentFlag.AlignVCenter, title)
        parts = [step.note, texts.clock_time(step.done_at) if step.done_at else ""]
        note = "　".join(part for part in parts if part)
        if note:
            painter.setFont(font(SECOND))
            painter.setPen(color("text2"))
            painter.drawText(QRectF(left, top + 23, room, 20), Qt.AlignmentFlag.AlignVCenter, note)
