from itertools import pairwise

import av
import numpy as np
import pytest
from PySide6.QtCore import QRect
from pytestqt.qtbot import QtBot
from ui_samples import tiles

from app.clock import ManualClock
from app.ui.models import TileView
from app.ui.widgets.picture import Mailbox, Picture, picture_from_av, picture_from_i420
from app.ui.widgets.video_grid import GAP, PAGE, VideoGrid, layout_cells
from app.ui.widgets.video_tile import VideoTile, initials


def picture(shade: int = 200) -> Picture:
    return Picture(64, 48, 64 * 4, bytes([shade]) * (64 * 48 * 4))


def centre(tile: VideoTile) -> int:
    image = tile.grab().toImage()
    return int(image.pixelColor(image.width() // 2, image.height() // 2).lightness())


@pytest.mark.parametrize("count", range(1, PAGE + 1))
@pytest.mark.parametrize("room", [(720, 420), (1200, 380), (500, 900)])
def test_cells_fill_the_room_without_touching(count: int, room: tuple[int, int]) -> None:
    cells = layout_cells(count, *room)
    assert len(cells) == count
    whole = QRect(0, 0, *room)
    assert all(whole.contains(cell) for cell in cells)
    assert not any(one.intersects(other) for n, one in enumerate(cells) for other in cells[:n])
    assert all(0.9 < cell.width() / cell.height() < 1.85 for cell in cells)
    assert all(abs(one.x() - other.x()) >= GAP for one, other in pairwise(cells) if one.y() == other.y())


def test_colours_of_i420_are_those_of_swscale() -> None:
    rng = np.random.default_rng(1)
    small = rng.integers(40, 200, (12, 16, 3), np.uint8)
    frame = av.VideoFrame.from_ndarray(np.kron(small, np.ones((4, 4, 1), np.uint8)), format="rgb24").reformat(
        format="yuv420p"
    )
    planes = [bytes(frame.planes[n])[: frame.planes[n].line_size * frame.planes[n].height] for n in range(3)]
    tight = [
        np.frombuffer(p, np.uint8).reshape(frame.planes[n].height, -1)[:, : frame.planes[n].width].tobytes()
        for n, p in enumerate(planes)
    ]
    ours = np.frombuffer(picture_from_i420(frame.width, frame.height, *tight).data, np.uint8).astype(int)
    theirs = np.frombuffer(picture_from_av(frame).data, np.uint8).astype(int)
    assert np.abs(ours.reshape(-1, 4)[:, :3] - theirs.reshape(-1, 4)[:, :3]).mean() < 4


def test_frames_are_scaled_down_to_fit() -> None:
    frame = av.VideoFrame(1920, 1080, "yuv420p")
    made = picture_from_av(frame, 640, 360)
    assert (made.width, made.height, len(made.data)) == (640, 360, made.stride * 360)


def test_the_mailbox_keeps_the_newest_only() -> None:
    box = Mailbox()
    for shade in (1, 2, 3):
        box.put(picture(shade))
    taken = box.take()
    assert taken is not None
    assert (taken.data[0], box.dropped, box.take()) == (3, 2, None)


def test_a_tile_shows_pictures_and_forgets_them_when_video_is_off(qtbot: QtBot) -> None:
    tile = VideoTile(TileView(source_id="a", name="赵甲", role="supplier"))
    qtbot.addWidget(tile)
    tile.resize(300, 200)
    without = centre(tile)
    tile.mailbox.put(picture(255))
    assert tile.refresh(stale=False)
    assert centre(tile) == 255
    tile.refresh(stale=True)
    assert centre(tile) < 200
    tile.show_tile(TileView(source_id="a", name="赵甲", role="supplier", video=False))
    assert centre(tile) == without
    assert not tile.has_picture


def test_a_tile_says_muted_in_words(qtbot: QtBot) -> None:
    tile = VideoTile(TileView(source_id="a", name="赵甲", role="supplier", muted=True, network=0, detail="丢包 30%"))
    qtbot.addWidget(tile)
    assert tile.accessibleName() == "赵甲，供应商，静音"
    assert "网络中断" in tile.toolTip()
    assert "丢包 30%" in tile.toolTip()


@pytest.mark.parametrize(
    ("name", "shown"), [("赵甲", "赵甲"), ("欧阳修文", "文"), ("李主持", "主持"), ("Ada Lovelace", "AL"), (" ", "?")]
)
def test_initials(name: str, shown: str) -> None:
    assert initials(name) == shown


def test_grid_puts_pinned_first_and_pages_by_nine(qtbot: QtBot, clock: ManualClock) -> None:
    grid = VideoGrid(clock)
    qtbot.addWidget(grid)
    grid.resize(900, 600)
    told: list[dict[str, tuple[int, int]]] = []
    grid.visible_changed.connect(told.append)
    many = tiles(20)
    pinned = TileView(source_id="late", name="监督", role="supervisor", pinned=True)
    grid.show_tiles((*many, pinned))
    assert grid.visible_sources()[:3] == ["s0", "s1", "late"]
    assert (grid.pages(), len(told[-1])) == (3, 9)
    grid.turn(5)
    assert len(grid.visible_sources()) == 3
    grid.show_tiles(many[:2])
    assert (grid.pages(), set(told[-1])) == (1, {"s0", "s1"})


def test_grid_greys_a_source_that_fell_silent(qtbot: QtBot, clock: ManualClock) -> None:
    grid = VideoGrid(clock)
    qtbot.addWidget(grid)
    grid.show_tiles(tiles(1))
    tile = grid.tile("s0")
    assert tile is not None
    tile.mailbox.put(picture())
    grid._refresh()
    clock.advance(2)
    grid._refresh()
    fresh = tile._stale
    clock.advance(2)
    grid._refresh()
    assert (fresh, tile._stale) == (False, True)
    tile.mailbox.put(picture())
    grid._refresh()
    assert not tile._stale
