"""时间轴: phases above, recorded pieces per source, events below; a click chooses a moment."""

from datetime import UTC, datetime, timedelta

import msgspec
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import texts
from app.ui.archive.content import Content, Segment, source_names
from app.ui.archive.places import Marks
from app.ui.fonts import HINT, SECOND, font
from app.ui.i18n import tr
from app.ui.theme import color
from app.ui.view import View

LEFT, LINE, TOP = 104, 26, 52


class Span(msgspec.Struct, frozen=True):
    """A phase from when to when."""

    phase: str
    start: datetime
    end: datetime


class Timeline(View):
    """Signals:
    moment_chosen(object): a datetime (aware UTC).
    """

    moment_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._spans: tuple[Span, ...] = ()
        self._rows: list[tuple[str, tuple[Segment, ...]]] = []
        self._events: tuple[tuple[datetime, int], ...] = ()
        self._marks = Marks()
        self._start = self._end = datetime.fromtimestamp(0, UTC)
        self._now: datetime | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.say(self.setAccessibleName, "时间轴")

    def show_content(self, content: Content) -> None:
        """Show an archive: from the first recorded piece (or the first room) to the last entry."""
        history = content.state.history
        rooms = [(phase, at) for phase, at in history if phase not in ("announced", "receiving")]
        ends = [segment.end for segment in content.segments]
        starts = [segment.start for segment in content.segments] + [at for _, at in rooms[:1]]
        last = [one.at for one in content.entries[-1:]]
        if not starts or not (ends or last):
            return
        self._start, self._end = min(starts), max([*ends, *last])
        self._spans = spans(rooms, self._end)
        names = source_names(content)
        order = list(dict.fromkeys(segment.source for segment in content.segments))
        self._rows = [(names.get(s, s), tuple(x for x in content.segments if x.source == s)) for s in order]
        self._events = tuple((one.at, one.index) for one in content.entries if one.at >= self._start)
        self._marks = Marks()
        self._now = self._start
        self.updateGeometry()
        self.update()

    def show_marks(self, marks: Marks) -> None:
        """Show where a verification found something wrong."""
        self._marks = marks
        self.update()

    def show_moment(self, moment: datetime) -> None:
        """Where we are."""
        self._now = moment
        self.update()

    @property
    def moment(self) -> datetime | None:
        return self._now

    def sizeHint(self) -> QSize:
        return QSize(600, TOP + LINE * (len(self._rows) + 1) + 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(360, self.sizeHint().height())

    def retranslate(self) -> None:
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._choose(self._at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        by = {Qt.Key.Key_Left: -10, Qt.Key.Key_Right: 10}.get(Qt.Key(event.key()))
        if by is None or self._now is None:
            super().keyPressEvent(event)
            return
        self._choose(min(max(self._now + timedelta(seconds=by), self._start), self._end))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._now is not None:
            self._paint_scale(painter)
            self._paint_phases(painter)
            for number, (name, segments) in enumerate(self._rows):
                self._paint_row(painter, TOP + number * LINE, name, segments)
            self._paint_events(painter, TOP + len(self._rows) * LINE)
            x = self._x(self._now)
            painter.setPen(QPen(color("record"), 2))
            painter.drawLine(QPointF(x, 16), QPointF(x, self.height() - 4))
            painter.setBrush(color("record"))
            painter.drawEllipse(QPointF(x, 16), 4, 4)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(color("primary"), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)
        painter.end()

    def _paint_scale(self, painter: QPainter) -> None:
        painter.setFont(font(HINT))
        painter.setPen(color("text3"))
        for number in range(6):
            moment = self._start + (self._end - self._start) * number / 5
            width = 60
            left = min(max(self._x(moment) - width / 2, LEFT - 8), self.width() - width)
            shown = texts.clock_time(moment)
            painter.drawText(QRectF(left, 0, width, 14), Qt.AlignmentFlag.AlignCenter, shown)

    def _paint_phases(self, painter: QPainter) -> None:
        painter.setFont(font(HINT))
        for span in self._spans:
            left, right = self._x(span.start), self._x(span.end)
            area = QRectF(left, 20, max(2.0, right - left - 2), 22)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color("primary_soft"))
            painter.drawRoundedRect(area, 4, 4)
            painter.setPen(color("primary"))
            word = texts.word("phase", span.phase)
            shown = QFontMetrics(painter.font()).elidedText(word, Qt.TextElideMode.ElideRight, int(area.width()) - 4)
            if len(shown) > 1:
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, shown)

    def _paint_row(self, painter: QPainter, top: float, name: str, segments: tuple[Segment, ...]) -> None:
        self._paint_name(painter, top, name)
        middle = top + LINE / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("neutral_soft"))
        painter.drawRoundedRect(QRectF(LEFT, middle - 3, self.width() - LEFT - 12, 6), 3, 3)
        for segment in segments:
            left, right = self._x(segment.start), self._x(segment.end)
            changed = segment.sha256 in self._marks.files
            high = 14 if changed else 6
            token = "bad" if changed else "warn" if segment.gaps else "ok" if segment.kept else "text3"
            painter.setBrush(color(token))
            painter.drawRoundedRect(QRectF(left, middle - high / 2, max(1.5, right - left - 1), high), 2, 2)

    def _paint_events(self, painter: QPainter, top: float) -> None:
        self._paint_name(painter, top, tr("事件"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("primary"))
        for at, _ in self._events:
            painter.drawEllipse(QPointF(self._x(at), top + LINE / 2), 2.5, 2.5)
        painter.setBrush(color("bad"))
        for at, index in self._events:
            if index in self._marks.entries:
                painter.drawRoundedRect(QRectF(self._x(at) - 3, top + LINE / 2 - 7, 6, 14), 2, 2)

    def _paint_name(self, painter: QPainter, top: float, name: str) -> None:
        painter.setFont(font(SECOND))
        painter.setPen(color("text2"))
        shown = QFontMetrics(painter.font()).elidedText(name, Qt.TextElideMode.ElideRight, LEFT - 14)
        painter.drawText(
            QRectF(0, top, LEFT - 8, LINE), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, shown
        )

    def _x(self, moment: datetime) -> float:
        whole = max(1.0, (self._end - self._start).total_seconds())
        return LEFT + (self.width() - LEFT - 12) * (moment - self._start).total_seconds() / whole

    def _at(self, x: float) -> datetime:
        share = min(1.0, max(0.0, (x - LEFT) / max(1, self.width() - LEFT - 12)))
        return self._start + (self._end - self._start) * share

    def _choose(self, moment: datetime) -> None:
        if self._now is None:
            return
        self._now = moment
        self.update()
        self.moment_chosen.emit(moment)


def spans(history: list[tuple[str, datetime]], end: datetime) -> tuple[Span, ...]:
    """Each phase until the next begins."""
    ends = [at for _, at in history[1:]] + [end]
    return tuple(Span(phase, at, until) for (phase, at), until in zip(history, ends, strict=True))
