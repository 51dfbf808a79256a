"""One person's or camera's picture with name plate, network bars, muted mark and speaking ring."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QImage,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import texts
from app.ui.fonts import CLOCK, HINT, SECOND, font
from app.ui.i18n import tr
from app.ui.icons import paint_icon
from app.ui.models import TileView
from app.ui.theme import DARK, color
from app.ui.view import View
from app.ui.widgets.picture import Mailbox, Picture

RADIUS = 8.0


class VideoTile(View):
    """Shows a :class:`TileView`; pictures come through :attr:`mailbox` and are taken by the grid's timer.

    The picture fills the tile (cropped, never distorted); a picture older than three seconds is greyed and said so,
    so that a frozen picture never looks alive.

    Signals:
        pin_asked(str): double click; the argument is the source id.
    """

    pin_asked = Signal(str)

    def __init__(self, tile: TileView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.mailbox = Mailbox()
        self._tile = tile
        self._picture: Picture | None = None
        self._image: QImage | None = None
        self._stale = False
        self.setMinimumSize(120, 80)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.retranslate()

    @property
    def tile(self) -> TileView:
        return self._tile

    @property
    def has_picture(self) -> bool:
        return self._image is not None

    def show_tile(self, tile: TileView) -> None:
        """Show another state; turning video off drops the last picture."""
        if tile == self._tile:
            return
        self._tile = tile
        if not tile.video:
            self._picture = self._image = None
        self.retranslate()

    def refresh(self, stale: bool) -> bool:
        """Take the newest picture if there is one; ``stale`` says the source has been silent too long."""
        picture = self.mailbox.take()
        if picture is not None and self._tile.video:
            self._picture, self._image = picture, picture.image()
            self._stale = False
            self.update()
            return True
        if stale != self._stale and self._image is not None:
            self._stale = stale
            self.update()
        return False

    def retranslate(self) -> None:
        tile = self._tile
        parts = [tile.name, texts.word("role", tile.role)]
        if tile.sitting:
            parts.append(tr("在座：{names}", names=tr("、").join(tile.sitting)))
        if tile.muted:
            parts.append(tr("静音"))
        self.setAccessibleName("，".join(parts))
        quality = ""
        if tile.network is not None:
            quality = (tr("网络中断"), tr("网络较弱"), tr("网络一般"), tr("网络良好"))[max(0, min(3, tile.network))]
        self.setToolTip("\n".join(part for part in (f"{tile.name}　{quality}", *tile.sitting, tile.detail) if part))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(264, 198)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.pin_asked.emit(self._tile.source_id)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        area = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        outline = QPainterPath()
        outline.addRoundedRect(area, RADIUS, RADIUS)
        painter.save()
        painter.setClipPath(outline)
        if self._image is not None:
            self._paint_picture(painter, area, self._image)
        else:
            self._paint_initials(painter, area)
        self._paint_plate(painter, area)
        if self._tile.network is not None:
            self._paint_bars(painter, area, self._tile.network)
        painter.restore()
        if self._tile.speaking:
            painter.setPen(QPen(color("ok"), 3))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area, RADIUS, RADIUS)
        painter.end()

    def _paint_picture(self, painter: QPainter, area: QRectF, image: QImage) -> None:
        scale = max(area.width() / image.width(), area.height() / image.height())
        width, height = area.width() / scale, area.height() / scale
        source = QRectF((image.width() - width) / 2, (image.height() - height) / 2, width, height)
        painter.drawImage(area, image, source)
        if self._stale:
            painter.fillRect(area, color("tile_to", 0.72))
            painter.setFont(font(SECOND))
            painter.setPen(Qt.GlobalColor.white)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, tr("画面停留在断开前"))

    def _paint_initials(self, painter: QPainter, area: QRectF) -> None:
        ground = QLinearGradient(area.topLeft(), area.bottomRight())
        ground.setColorAt(0, color("tile_from"))
        ground.setColorAt(1, color("tile_to"))
        painter.fillRect(area, ground)
        side = min(84.0, area.height() * 0.42)
        lift = 6 if not self._tile.sitting else max(6.0, side / 2 + 64 - area.height() / 2)  # clear of the plates
        circle = QRectF(area.center().x() - side / 2, area.center().y() - side / 2 - lift, side, side)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("primary", 0.32))
        painter.drawEllipse(circle)
        if self._tile.role == "room":
            inner = side * 0.28
            paint_icon(painter, "camera", circle.adjusted(inner, inner, -inner, -inner), color_white())
            return
        painter.setPen(Qt.GlobalColor.white)
        painter.setFont(font(min(CLOCK, int(side * 0.42)), bold=True))
        painter.drawText(circle, Qt.AlignmentFlag.AlignCenter, initials(self._tile.name))

    def _paint_plate(self, painter: QPainter, area: QRectF) -> None:
        role = texts.word("role", self._tile.role) if self._tile.role else ""
        if self._tile.sitting:  # who sits there says more than that it is a room
            self._paint_sitting(painter, area, tr("、").join(self._tile.sitting))
            role = ""
        words = "　".join(part for part in (self._tile.name, role) if part)
        if not words:
            return
        painter.setFont(font(SECOND))
        metrics = QFontMetrics(painter.font())
        mark = 20 if self._tile.muted else 0
        pin = 18 if self._tile.pinned else 0
        room = int(area.width() - 40 - mark - pin)
        if metrics.horizontalAdvance(words) > room:  # half a word for the role says nothing; the tool tip has it
            words = self._tile.name or role
        words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
        plate = QRectF(area.left() + 8, area.bottom() - 32, metrics.horizontalAdvance(words) + 16 + mark + pin, 24)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_plate_ground())
        painter.drawRoundedRect(plate, 5, 5)
        left = plate.left() + 8
        if self._tile.pinned:
            paint_icon(painter, "pin", QRectF(left - 2, plate.top() + 5, 14, 14), color_white())
            left += pin
        if self._tile.muted:
            paint_icon(painter, "mic-off", QRectF(left - 2, plate.top() + 4, 16, 16), _muted_red())
            left += mark
        painter.setPen(Qt.GlobalColor.white)
        painter.drawText(QRectF(left, plate.top(), plate.width(), plate.height()), Qt.AlignmentFlag.AlignVCenter, words)

    def _paint_sitting(self, painter: QPainter, area: QRectF, names: str) -> None:
        """A second line above the plate, in full width."""
        painter.setFont(font(HINT))
        metrics = QFontMetrics(painter.font())
        names = metrics.elidedText(names, Qt.TextElideMode.ElideRight, int(area.width() - 28))
        plate = QRectF(area.left() + 8, area.bottom() - 56, metrics.horizontalAdvance(names) + 12, 20)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_plate_ground())
        painter.drawRoundedRect(plate, 5, 5)
        painter.setPen(Qt.GlobalColor.white)
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, names)

    def _paint_bars(self, painter: QPainter, area: QRectF, network: int) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        left = area.right() - 28
        if network == 0:
            painter.setFont(font(HINT))
            painter.setBrush(_plate_ground())
            text = tr("网络中断")
            width = QFontMetrics(painter.font()).horizontalAdvance(text) + 12
            plate = QRectF(area.right() - 8 - width, area.top() + 8, width, 20)
            painter.drawRoundedRect(plate, 5, 5)
            painter.setPen(_muted_red())
            painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
            return
        for number in range(3):
            bar_height = 5 + number * 3.5
            shade = color_white()
            shade.setAlphaF(1.0 if number < network else 0.32)
            painter.setBrush(shade)
            base = QPointF(left + number * 6, area.top() + 20)
            painter.drawRoundedRect(QRectF(base.x(), base.y() - bar_height, 4, bar_height), 1.2, 1.2)


def color_white() -> QColor:
    """Signs over a picture are white in both themes."""
    return QColor(Qt.GlobalColor.white)


def _plate_ground() -> QColor:
    return QColor(0, 0, 0, 150)


def _muted_red() -> QColor:
    return QColor(DARK.bad)


def initials(name: str) -> str:
    """Two letters at most: the last two Han characters of a person's name, or the first letters of two words."""
    name = name.strip()
    if not name:
        return "?"
    if name.isascii():
        words = name.split()
        return "".join(word[0] for word in words[:2]).upper()
    compact = "".join(name.split())
    return compact[-2:] if len(compact) <= 3 else compact[-1]
