"""One drawn set of icons (resources/icons), recoloured from the theme's tokens when shown."""

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QLabel, QWidget

from app.errors import FaultError
from app.settings import RESOURCES
from app.ui.theme import theme, tokens


@cache
def _source(name: str) -> str:
    path = RESOURCES / "icons" / f"{name}.svg"
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise FaultError("desk.icon_missing", name=name) from error


@cache
def _renderer(name: str, paint: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_source(name).replace("currentColor", paint).encode()))


def paint_icon(painter: QPainter, name: str, where: QRectF, shade: QColor) -> None:
    """Draw icon ``name`` into ``where`` (logical pixels)."""
    _renderer(name, shade.name()).render(painter, where)


def pixmap(name: str, size: int, shade: str, ratio: float = 1.0) -> QPixmap:
    """Icon ``name``, ``size`` logical pixels square, in the colour of the token ``shade`` now.

    Raises:
        FaultError: ``desk.icon_missing``.
    """
    _source(name)  # before a painter is open: an exception through an open painter crashes Qt
    made = QPixmap(round(size * ratio), round(size * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_icon(painter, name, QRectF(0, 0, size, size), QColor(getattr(tokens(), shade)))
    painter.end()
    return made


def icon(name: str, shade: str = "text", size: int = 20) -> QIcon:
    """An icon for the theme of this moment (1x and 2x); ask again when the theme changes."""
    made = QIcon()
    for ratio in (1.0, 2.0):
        made.addPixmap(pixmap(name, size, shade, ratio))
        made.addPixmap(pixmap(name, size, "text3", ratio), QIcon.Mode.Disabled)
    return made


class IconLabel(QLabel):
    """An icon that stands by itself and follows the theme."""

    def __init__(self, name: str, shade: str = "text2", size: int = 20, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._shade, self._size = name, shade, size
        self.setFixedSize(size, size)
        theme().changed.connect(self._draw)
        self._draw()

    def show_icon(self, name: str, shade: str) -> None:
        """Change icon and colour."""
        self._name, self._shade = name, shade
        self._draw()

    def _draw(self) -> None:
        self.setPixmap(pixmap(self._name, self._size, self._shade, self.devicePixelRatioF()))
