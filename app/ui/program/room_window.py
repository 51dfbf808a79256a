"""A person's place in a room: the room's screen, the link to the record, picture and sound, all ended together."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
from PySide6.QtCore import QObject, Signal

from app.errors import BidroomError
from app.logs import get_logger
from app.media.router import WantedTile
from app.session.client import Client
from app.session.rules.state import CLOSED, FAILED
from app.ui.async_bridge import AsyncBridge
from app.ui.models import TokenView
from app.ui.program.room_media import RoomMedia
from app.ui.room.room_screen import RoomScreen
from app.ui.room_link import HostClock, RoomLink
from app.ui.widgets.picture import picture_from_av

_log = get_logger("room")

LOOK_SECONDS = 1.0
HEARD_LEVEL = 40  # RFC 6464: dB below full scale
LOSS_BARS = ((0.02, 3), (0.08, 2), (1.0, 1))


class Pictures:
    """Hands decoded pictures to the tiles; called on the media thread.

    ``screen`` may come later than the first picture.
    """

    def __init__(self) -> None:
        self.screen: RoomScreen | None = None

    def __call__(self, source: str, frame: av.VideoFrame) -> None:
        screen = self.screen
        tile = screen.video.tile(source) if screen is not None else None
        if tile is not None:
            tile.mailbox.put(picture_from_av(frame))


class RoomPlace(QObject):
    """Shows ``client``'s room in :attr:`screen` until :meth:`close`; the client itself goes on.

    Signals:
        left(): the person has left.
        said(str): a short confirmation for a toast.
        ended(): the case is closed or has failed; said once.
    """

    left = Signal()
    said = Signal(str)
    ended = Signal()

    def __init__(
        self,
        client: Client,
        bridge: AsyncBridge,
        drafts: Path,
        *,
        pictures: Pictures,
        media: RoomMedia | None,
        token: Callable[[], TokenView | None] = lambda: None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.client, self.media = client, media
        self.screen = RoomScreen(HostClock(client))
        pictures.screen = self.screen
        self._pictures = pictures
        self._bridge = bridge
        self._seen: dict[str, tuple[int, int]] = {}
        self._active = True
        self._over = False
        self._counts: dict[str, tuple[int, int]] = {}
        self.link = RoomLink(client, self.screen, bridge, drafts, media=media, token=token, parent=self)
        self.link.left.connect(self.left)
        self.link.said.connect(self.said)
        self.screen.video.visible_changed.connect(self._watch)
        self._stop = client.on_change(self._changed)
        self._looking = bridge.start(self._look(), "room.look")
        self._changed()

    def set_active(self, active: bool) -> None:
        """A window that nobody sees asks for no pictures."""
        self._active = active
        self._watch(self._seen)

    async def close(self) -> None:
        """Stop listening, leave picture and sound."""
        self._stop()
        self.link.close()
        self._pictures.screen = None
        self._looking.cancel()
        if self.media is not None:
            await self.media.close()

    def _changed(self) -> None:
        if self.media is not None:
            self._bridge.start(self.media.follow(self.client.state), "room.media")
        if self.client.state.phase in (CLOSED, FAILED) and not self._over:
            self._over = True
            self.ended.emit()

    def _watch(self, seen: dict[str, tuple[int, int]]) -> None:
        self._seen = seen
        if self.media is None:
            return
        own = f"{self.client.me}/"
        tiles = [WantedTile(source, width) for source, (width, _height) in seen.items() if not source.startswith(own)]
        self.media.watch(tiles if self._active else [])

    async def _look(self) -> None:
        """Who is heard, and how well each line holds, once a second."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self.media is None:
                continue
            try:
                slots: list[Any] = await self.media.slots()
            except BidroomError:
                continue
            talking = frozenset(
                s.source.split("/")[0] for s in slots if s.kind == "audio" and s.source and s.level < HEARD_LEVEL
            )
            network: dict[str, int] = {}
            for slot in slots:
                if slot.source:
                    person = slot.source.split("/")[0]
                    network[person] = min(network.get(person, 3), self._bars(slot.kind + slot.source, slot))
            if (talking, network) != (self.link.talking, self.link.network):
                self.link.talking, self.link.network = talking, network
                self.link.refresh()

    def _bars(self, key: str, slot: Any) -> int:
        before_packets, before_lost = self._counts.get(key, (0, 0))
        self._counts[key] = (slot.packets, slot.lost)
        packets, lost = slot.packets - before_packets, slot.lost - before_lost
        share = lost / max(1, packets + lost)
        return next(bars for limit, bars in LOSS_BARS if share <= limit)
