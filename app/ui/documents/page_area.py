"""Pages of a document below each other, drawn as they come into sight; knows nothing of where they come from."""

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from app.ui.documents.renderer import Page
from app.ui.fonts import SECOND, font
from app.ui.theme import LIGHT, color

GAP = 12
ZOOMS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
CACHE_BYTES = 240_000_000


class Mark(tuple[int, QRectF, QPixmap | None]):
    """A place on a page: page number, rectangle in points from the lower left, picture or None for a highlight."""

    __slots__ = ()


class PageArea(QAbstractScrollArea):
    """Pages on a grey ground.

    Signals:
        wanted(int): this page is in sight and not drawn at the present scale.
        page_changed(int): the page in the middle of the view (from 0).
    """

    wanted = Signal(int)
    page_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sizes: tuple[tuple[float, float], ...] = ()
        self._tops: list[float] = []
        self._drawn: dict[int, tuple[float, QImage]] = {}
        self._broken: dict[int, str] = {}
        self._marks: list[Mark] = []
        self._zoom = 1.0
        self._fit = True
        self._page = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.verticalScrollBar().valueChanged.connect(self._moved)
        self.horizontalScrollBar().valueChanged.connect(self._moved)

    @property
    def scale(self) -> float:
        """Logical pixels per point."""
        return self._zoom * 96 / 72

    @property
    def zoom(self) -> float:
        return self._zoom

    @property
    def current_page(self) -> int:
        return self._page

    def show_pages(self, sizes: tuple[tuple[float, float], ...]) -> None:
        """Another document; ``sizes`` in points."""
        self._sizes, self._drawn, self._broken, self._marks = sizes, {}, {}, []
        self._page = 0
        self._lay()
        self.verticalScrollBar().setValue(0)
        self._moved()

    def put(self, page: Page, scale: float) -> None:
        """A page is drawn (``scale`` in logical pixels per point)."""
        image = QImage(page.data, page.width, page.height, page.stride, QImage.Format.Format_RGB32).copy()
        self._drawn.pop(page.number, None)
        self._drawn[page.number] = (scale, image)
        self._broken.pop(page.number, None)
        while len(self._drawn) > 1 and sum(one.sizeInBytes() for _, one in self._drawn.values()) > CACHE_BYTES:
            self._drawn.pop(next(iter(self._drawn)))
        self.viewport().update()

    def put_broken(self, number: int, reason: str) -> None:
        """A page that cannot be drawn says why."""
        self._broken[number] = reason
        self.viewport().update()

    def set_marks(self, marks: list[Mark]) -> None:
        """Seals to be placed, evidence highlighted."""
        self._marks = marks
        self.viewport().update()

    def drawn(self, number: int) -> bool:
        """Whether the page is there at the present scale."""
        have = self._drawn.get(number)
        return have is not None and abs(have[0] - self.scale) < 1e-6

    def go_to(self, number: int, up: float | None = None) -> None:
        """Bring page ``number`` to the top; ``up`` is a height in points above the page's lower edge to be seen."""
        if not self._sizes:
            return
        number = max(0, min(number, len(self._sizes) - 1))
        top = self._tops[number]
        if up is not None:
            top += (self._sizes[number][1] - up) * self.scale - self.viewport().height() / 2
        self.verticalScrollBar().setValue(int(top))

    def position(self) -> float:
        """Where the top of the view is: page number and the part of that page above it, e.g. ``2.25``."""
        value = self.verticalScrollBar().value()
        number = max((n for n, top in enumerate(self._tops) if top <= value), default=0)
        if not self._tops:
            return 0.0
        return number + max(0.0, min((value - self._tops[number]) / self._height(number), 0.9999))

    def go_to_position(self, position: float) -> None:
        """Bring ``position`` (see :meth:`position`) to the top."""
        if self._tops:
            number = max(0, min(int(position), len(self._tops) - 1))
            part = max(0.0, min(position - number, 0.9999))
            self.verticalScrollBar().setValue(round(self._tops[number] + part * self._height(number)))

    def _height(self, number: int) -> float:
        return self._sizes[number][1] * self.scale + GAP

    def set_zoom(self, zoom: float) -> None:
        """A fixed zoom, 1.0 = 96 dpi."""
        self._fit, self._zoom = False, max(ZOOMS[0], min(zoom, ZOOMS[-1]))
        self._relay()

    def fit_width(self) -> None:
        """Follow the width of the view."""
        self._fit = True
        self._relay()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._relay()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        bar = self.verticalScrollBar()
        step = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}.get(Qt.Key(event.key()))
        if step is not None:
            bar.setValue(bar.value() + step * int(self.viewport().height() * 0.9))
        elif event.key() == Qt.Key.Key_Home:
            bar.setValue(0)
        elif event.key() == Qt.Key.Key_End:
            bar.setValue(bar.maximum())
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.viewport().rect(), color("page_back"))
        for number in self.in_sight():
            where = self._place(number)
            painter.fillRect(where, QColor(Qt.GlobalColor.white))
            if number in self._broken:
                painter.setPen(QColor(LIGHT.text2))
                painter.setFont(font(SECOND))
                painter.drawText(where, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._broken[number])
            elif number in self._drawn:
                painter.drawImage(where, self._drawn[number][1])
            painter.setPen(QPen(color("strong_line"), 1))
            painter.drawRect(where)
            for page, rect, picture in self._marks:
                if page == number:
                    self._paint_mark(painter, number, where, rect, picture)
        painter.end()

    def _paint_mark(self, painter: QPainter, number: int, where: QRectF, rect: QRectF, picture: QPixmap | None) -> None:
        scale = self.scale
        top = (self._sizes[number][1] - rect.y() - rect.height()) * scale
        area = QRectF(where.x() + rect.x() * scale, where.y() + top, rect.width() * scale, rect.height() * scale)
        if picture is None:
            painter.fillRect(area, QColor(255, 213, 79, 90))
            return
        fitted = picture.size().scaled(area.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
        painter.drawPixmap(
            QRectF(area.center().x() - fitted.width() / 2, area.center().y() - fitted.height() / 2,
                   fitted.width(), fitted.height()),
            picture, QRectF(picture.rect()),
        )  # fmt: skip
        painter.setPen(QPen(color("primary"), 1.5, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area)

    def _relay(self) -> None:
        if self._fit and self._sizes:
            widest = max(width for width, _ in self._sizes)
            room = max(120, self.viewport().width() - 2 * GAP)
            self._zoom = max(0.1, min(room / (widest * 96 / 72), ZOOMS[-1]))
        keep = self._page
        inside = self.verticalScrollBar().value() - (self._tops[keep] if keep < len(self._tops) else 0)
        before = self._tops[-1] if self._tops else 1
        self._lay()
        if self._tops:
            stretch = (self._tops[-1] / before) if before else 1
            self.verticalScrollBar().setValue(int(self._tops[keep] + inside * stretch))
        self._moved()

    def _lay(self) -> None:
        self._tops, top = [], float(GAP)
        for _, height in self._sizes:
            self._tops.append(top)
            top += height * self.scale + GAP
        widest = max((width for width, _ in self._sizes), default=0.0) * self.scale + 2 * GAP
        vertical, horizontal = self.verticalScrollBar(), self.horizontalScrollBar()
        vertical.setRange(0, max(0, int(top) - self.viewport().height()))
        vertical.setPageStep(self.viewport().height())
        vertical.setSingleStep(48)
        horizontal.setRange(0, max(0, int(widest) - self.viewport().width()))
        horizontal.setPageStep(self.viewport().width())

    def _place(self, number: int) -> QRectF:
        width, height = self._sizes[number][0] * self.scale, self._sizes[number][1] * self.scale
        left = max(float(GAP), (self.viewport().width() - width) / 2) - self.horizontalScrollBar().value()
        return QRectF(left, self._tops[number] - self.verticalScrollBar().value(), width, height)

    def page_size(self, number: int) -> tuple[float, float]:
        """Width and height in points."""
        return self._sizes[number]

    def on_page(self, number: int, point: QPointF) -> QPointF | None:
        """A point of the view in points from the lower left corner of page ``number``; None without that page."""
        if not 0 <= number < len(self._sizes):
            return None
        where, scale = self._place(number), self.scale
        return QPointF((point.x() - where.x()) / scale, self._sizes[number][1] - (point.y() - where.y()) / scale)

    def in_sight(self) -> list[int]:
        """Pages of which something can be seen."""
        low = self.verticalScrollBar().value()
        high = low + self.viewport().height()
        return [
            number
            for number, top in enumerate(self._tops)
            if top < high and top + self._sizes[number][1] * self.scale > low
        ]

    def _moved(self) -> None:
        seen = self.in_sight()
        middle = self.verticalScrollBar().value() + self.viewport().height() / 2
        page = next((n for n in reversed(seen) if self._tops[n] <= middle), seen[0] if seen else 0)
        if page != self._page:
            self._page = page
        self.page_changed.emit(page)
        for number in seen:
            if not self.drawn(number) and number not in self._broken:
                self.wanted.emit(number)
        self.viewport().update()
