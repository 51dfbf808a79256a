"""All tiles of a room: pinned first, pages of nine, as large as the room allows."""

import math

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.clock import Clock
from app.ui.i18n import tr
from app.ui.models import TileView
from app.ui.view import View, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.video_tile import VideoTile

PAGE = 9
GAP = 10
STALE_SECONDS = 3.0
FRAME_MS = 40


class VideoGrid(View):
    """Give it tiles with :meth:`show_tiles` and pictures with ``tile(source_id).mailbox.put`` from any thread.

    Signals:
        visible_changed(dict[str, tuple[int, int]]): which sources are on screen and how large (device pixels), so that
            the subscriber asks for nothing else.
        pin_asked(str): a tile was double clicked.
    """

    visible_changed = Signal(dict)
    pin_asked = Signal(str)

    def __init__(self, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._tiles: dict[str, VideoTile] = {}
        self._order: list[str] = []
        self._last: dict[str, float] = {}
        self._page = 0
        self._told: dict[str, tuple[int, int]] = {}
        self._empty = label("second", "", wrap=True)
        self._empty.setParent(self)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._before, self._after = Button("small", "chevron-left"), Button("small", "chevron-right")
        self._where = label("hint")
        self._pager = QWidget(self)
        self._pager.setLayout(row(None, self._before, self._where, self._after, None))
        self._before.clicked.connect(lambda: self.turn(-1))
        self._after.clicked.connect(lambda: self.turn(1))
        self.say(self._before.setAccessibleName, "上一页")
        self.say(self._after.setAccessibleName, "下一页")
        self.say(self._empty.setText, "还没有人打开视频")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._refresh)
        self._timer.start()
        self._place()

    def show_tiles(self, tiles: tuple[TileView, ...]) -> None:
        """Show another snapshot; the order is kept except that pinned ones come first."""
        wanted = {tile.source_id: tile for tile in tiles}
        for source_id in [known for known in self._tiles if known not in wanted]:
            gone = self._tiles.pop(source_id)
            self._last.pop(source_id, None)
            gone.setParent(None)
            gone.deleteLater()
        for tile in tiles:
            if tile.source_id in self._tiles:
                self._tiles[tile.source_id].show_tile(tile)
            else:
                made = VideoTile(tile, self)
                made.pin_asked.connect(self.pin_asked)
                self._tiles[tile.source_id] = made
                self._last[tile.source_id] = self._clock.monotonic()
        self._order = [tile.source_id for tile in sorted(tiles, key=lambda tile: not tile.pinned)]
        self._place()

    def tile(self, source_id: str) -> VideoTile | None:
        return self._tiles.get(source_id)

    def turn(self, by: int) -> None:
        """Turn pages."""
        self._page += by
        self._place()

    def pages(self) -> int:
        return max(1, math.ceil(len(self._order) / PAGE))

    def visible_sources(self) -> list[str]:
        return self._order[self._page * PAGE : (self._page + 1) * PAGE]

    def sizeHint(self) -> QSize:
        return QSize(720, 420)

    def minimumSizeHint(self) -> QSize:
        return QSize(360, 200)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def retranslate(self) -> None:
        self._place()

    def _place(self) -> None:
        self._page = max(0, min(self._page, self.pages() - 1))
        shown = self.visible_sources()
        paged = self.pages() > 1
        self._pager.setVisible(paged)
        foot = 34 if paged else 0
        self._pager.setGeometry(0, self.height() - 32, self.width(), 32)
        self._where.setText(tr("第 {page} / {total} 页", page=self._page + 1, total=self.pages()))
        self._before.setEnabled(self._page > 0)
        self._after.setEnabled(self._page < self.pages() - 1)
        self._empty.setVisible(not shown)
        self._empty.setGeometry(self.rect())
        cells = layout_cells(len(shown), self.width(), self.height() - foot)
        visible = set(shown)
        for source_id, tile in self._tiles.items():
            tile.setVisible(source_id in visible)
        for source_id, cell in zip(shown, cells, strict=True):
            self._tiles[source_id].setGeometry(cell)
        ratio = self.devicePixelRatioF()
        now = {s: (round(c.width() * ratio), round(c.height() * ratio)) for s, c in zip(shown, cells, strict=True)}
        if now != self._told:
            self._told = now
            self.visible_changed.emit(now)

    def _refresh(self) -> None:
        moment = self._clock.monotonic()
        for source_id, tile in self._tiles.items():
            if tile.refresh(moment - self._last[source_id] > STALE_SECONDS):
                self._last[source_id] = moment


def layout_cells(count: int, width: int, height: int) -> list[QRect]:
    """Rectangles for ``count`` tiles that fill the room with the largest 4:3 to 16:9 cells."""
    if count == 0:
        return []
    best: tuple[float, int, int] | None = None
    for columns in range(1, count + 1):
        rows = math.ceil(count / columns)
        cell_width = (width - GAP * (columns - 1)) / columns
        cell_height = (height - GAP * (rows - 1)) / rows
        if cell_width < 1 or cell_height < 1:
            continue
        shape = max(1.0, min(cell_width / cell_height, 16 / 9))
        used = min(cell_width, cell_height * shape)
        area = used * min(cell_height, used / shape) * (1 - 0.02 * (rows * columns - count))
        if best is None or area > best[0]:
            best = (area, columns, rows)
    if best is None:
        return [QRect(0, 0, max(1, width), max(1, height)) for _ in range(count)]
    _, columns, rows = best
    cell_width = (width - GAP * (columns - 1)) / columns
    cell_height = (height - GAP * (rows - 1)) / rows
    if cell_width > cell_height * 16 / 9:
        cell_width = cell_height * 16 / 9
    if cell_height > cell_width:
        cell_height = cell_width
    left = (width - columns * cell_width - GAP * (columns - 1)) / 2
    top = (height - rows * cell_height - GAP * (rows - 1)) / 2
    return [
        QRect(
            round(left + (number % columns) * (cell_width + GAP)),
            round(top + (number // columns) * (cell_height + GAP)),
            int(cell_width),
            int(cell_height),
        )
        for number in range(count)
    ]
