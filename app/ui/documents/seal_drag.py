"""Moving a seal on its page, by mouse or with Alt and the arrow keys; it stays on the page and off others' places."""

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent

from app.ui.documents.page_area import PageArea

STEP = 4.0
"""Points by one key press."""
_KEYS = {
    Qt.Key.Key_Left: (-STEP, 0.0),
    Qt.Key.Key_Right: (STEP, 0.0),
    Qt.Key.Key_Up: (0.0, STEP),
    Qt.Key.Key_Down: (0.0, -STEP),
}


class SealDrag(QObject):
    """Set with :meth:`place`; rectangles are in points from the page's lower left corner.

    Signals:
        moved(QRectF): the seal has been moved there.
    """

    moved = Signal(object)

    def __init__(self, area: PageArea) -> None:
        super().__init__(area)
        self._area = area
        self._page = -1
        self._rect = QRectF()
        self._others: tuple[QRectF, ...] = ()
        self._grip: QPointF | None = None
        area.viewport().setMouseTracking(True)
        area.viewport().installEventFilter(self)
        area.installEventFilter(self)

    def place(self, page: int, rect: QRectF, others: tuple[QRectF, ...] = ()) -> None:
        """Where the seal stands, and what it may not cover."""
        self._page, self._rect, self._others, self._grip = page, QRectF(rect), others, None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and watched is self._area.viewport():
            return self._mouse(event)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and watched is self._area:
            step = _KEYS.get(Qt.Key(event.key()))
            if step is not None and event.modifiers() & Qt.KeyboardModifier.AltModifier and self._page >= 0:
                self._move(self._rect.translated(*step))
                return True
        return False

    def _mouse(self, event: QMouseEvent) -> bool:
        at = self._area.on_page(self._page, event.position())
        over = at is not None and self._rect.contains(at)
        match event.type():
            case QEvent.Type.MouseButtonPress if (
                over and at is not None and event.button() == Qt.MouseButton.LeftButton
            ):
                self._grip = at - self._rect.topLeft()
                return True
            case QEvent.Type.MouseMove:
                if self._grip is not None and at is not None:
                    self._move(QRectF(at - self._grip, self._rect.size()))
                    return True
                shape = Qt.CursorShape.OpenHandCursor if over else Qt.CursorShape.ArrowCursor
                self._area.viewport().setCursor(shape)
            case QEvent.Type.MouseButtonRelease if self._grip is not None:
                self._grip = None
                return True
        return False

    def _move(self, wanted: QRectF) -> None:
        """As far as the page goes; not at all onto a place that is somebody else's."""
        width, height = self._area.page_size(self._page)
        left = min(max(wanted.left(), 0.0), width - wanted.width())
        bottom = min(max(wanted.top(), 0.0), height - wanted.height())
        to = QRectF(left, bottom, wanted.width(), wanted.height())
        if any(to.intersects(other) for other in self._others) or to == self._rect:
            return
        self._rect = to
        self.moved.emit(QRectF(to))
