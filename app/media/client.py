"""A desk's media connection: publishes, receives, notices a dead line within seconds and comes back by itself."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import msgspec

from app.clock import Clock
from app.logs import get_logger
from app.media import rtcp
from app.media.mixer import Mixer
from app.media.publisher import Publisher
from app.media.router import WantedTile
from app.media.seams import Gathering, Link
from app.media.sources import FrameSource, SoundSource
from app.media.subscriber import FrameSink, SlotStats, Subscriber
from app.tasks import TaskSet

VIDEO_SLOTS = 12
AUDIO_SLOTS = 3
DEAD_SECONDS = 3.0
CONNECT_SECONDS = 10.0
_TICK = 0.05
_BACKOFF = (0.2, 0.5, 1.0, 2.0, 5.0)
_MAX_NOTE = 1100

Exchange = Callable[[str], Awaitable[str]]
State = Literal["connecting", "connected", "reconnecting", "closed"]
_log = get_logger("media.client")


class ClientStats(msgspec.Struct, frozen=True):
    """How the connection does.

    Attributes:
        connections: how often it was made, 1 without any trouble.
        sent: packets published over the present link. level: of the own microphone, RFC 6464.
    """

    state: State
    connections: int
    sent: int
    level: int
    slots: list[SlotStats]


class MediaClient:
    """One connection that is kept up until :meth:`close`. Lives in one event loop.

    Args:
        exchange: takes our offer (SDP) to the host and brings its answer; may raise, it is tried again.
        frames: and sound: what to publish; both None and ``publishes`` False for a read-only desk.
        on_frame: gets (source, picture) in the event loop, for what :meth:`watch` asked; None never decodes.
        mixer: gets the voices; None never decodes.
        on_state: told of every change of state.
        muted: and camera: at the start; nobody is heard or seen before they said so.
    """

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        *,
        publishes: bool,
        frames: FrameSource | None = None,
        sound: SoundSource | None = None,
        on_frame: FrameSink | None = None,
        mixer: Mixer | None = None,
        on_state: Callable[[State], None] = lambda _state: None,
        muted: bool = True,
        camera: bool = False,
        video_slots: int = VIDEO_SLOTS,
        audio_slots: int = AUDIO_SLOTS,
        addresses: Sequence[str] | None = None,
    ) -> None:
        self.state: State = "connecting"
        self._exchange = exchange
        self._clock = clock
        self._publisher = Publisher(clock, frames, sound, muted=muted, camera=camera) if publishes else None
        self._on_frame = on_frame
        self._mixer = mixer
        self._on_state = on_state
        self._lines = [("audio", "sendonly"), ("video", "sendonly")] if publishes else []
        self._lines += [("audio", "recvonly")] * audio_slots + [("video", "recvonly")] * video_slots
        self._gathering = Gathering(addresses)
        self._wanted: list[WantedTile] = []
        self._watch_changed = True
        self._link: Link | None = None
        self._subscriber: Subscriber | None = None
        self._connections = 0
        self._tasks = TaskSet()

    async def start(self) -> None:
        """Begin; returns at once, ``on_state`` tells the rest."""
        if self._publisher is not None:
            self._tasks.start(self._publisher.run_sound(), "publish sound")
            self._tasks.start(self._publisher.run_pictures(), "publish pictures")
        self._tasks.start(self._run(), "media connection")

    async def close(self) -> None:
        """Leave."""
        await self._tasks.close()
        if self._link is not None:
            await self._link.close()
        if self._publisher is not None:
            self._publisher.close()
        self._change("closed")

    @property
    def muted(self) -> bool:
        """Whether no sound leaves this desk."""
        return self._publisher is None or self._publisher.muted

    def set_muted(self, muted: bool) -> None:
        """Effective with the next 20 ms, and kept over reconnects."""
        if self._publisher is not None:
            self._publisher.muted = muted

    def set_camera(self, on: bool) -> None:
        """Effective with the next picture, and kept over reconnects."""
        if self._publisher is not None:
            self._publisher.camera = on

    def watch(self, tiles: Sequence[WantedTile]) -> None:
        """What is looked at, most important first; the router fills the slots with what it may of that."""
        self._wanted = list(tiles)
        self._watch_changed = True
        if self._subscriber is not None:
            self._subscriber.looked_at = frozenset(tile.source for tile in tiles)

    def stats(self) -> ClientStats:
        """Now."""
        publisher = self._publisher
        return ClientStats(
            self.state,
            self._connections,
            publisher.sent if publisher else 0,
            publisher.level if publisher else 127,
            self._subscriber.stats() if self._subscriber else [],
        )

    def _change(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self._on_state(state)

    async def _run(self) -> None:
        attempt = 0
        while True:
            link = Link(self._gathering)
            try:
                await asyncio.wait_for(self._connect(link), CONNECT_SECONDS)
            except Exception as error:  # whatever kept us out, the answer is to try again
                _log.info("media connect failed", error=type(error).__name__, attempt=attempt)
            else:
                attempt = 0
                self._change("connected")
                await self._stay(link)
            if self._publisher is not None:
                self._publisher.detach()
            self._change("reconnecting")
            self._link = None
            await link.close()
            await asyncio.sleep(_BACKOFF[min(attempt, len(_BACKOFF) - 1)])
            attempt += 1

    async def _connect(self, link: Link) -> None:
        self._link = link
        connected = asyncio.Event()
        link.on_state = lambda _state: connected.set()
        link.on_rtcp = self._on_rtcp
        await link.accept(await self._exchange(await link.offer(self._lines)))
        subscriber = Subscriber(link, self._clock, self._on_frame, self._mixer)
        subscriber.looked_at = frozenset(tile.source for tile in self._wanted)
        link.on_rtp = subscriber.on_rtp
        self._subscriber = subscriber
        while not link.connected:
            connected.clear()
            await connected.wait()
            if link.ended:
                raise ConnectionError("media connection refused")
        self._connections += 1
        self._watch_changed = True
        if self._publisher is not None:
            self._publisher.attach(link)

    async def _stay(self, link: Link) -> None:
        """Tend the connection until it is dead."""
        subscriber = self._subscriber
        assert subscriber is not None
        subscriber.last_packet = self._clock.monotonic()
        turn = 0
        while link.connected and self._clock.monotonic() - subscriber.last_packet < DEAD_SECONDS:
            subscriber.tend()
            if turn % 20 == 0:
                subscriber.report()
                if self._publisher is not None:
                    self._publisher.report()
            if self._watch_changed or turn % 20 == 10:
                self._watch_changed = False
                link.send_rtcp(rtcp.note(1, self._watch_note()))
            turn += 1
            await asyncio.sleep(_TICK)

    def _watch_note(self) -> bytes:
        tiles = [(tile.source, tile.width) for tile in self._wanted]
        while True:
            note = msgspec.json.encode(rtcp.WatchRequest(tuple(tiles)))
            if len(note) <= _MAX_NOTE or not tiles:
                return note
            tiles.pop()

    def _on_rtcp(self, data: bytes) -> None:
        try:
            messages = rtcp.parse(data)
        except ValueError:
            return
        if self._subscriber is not None:
            self._subscriber.last_packet = self._clock.monotonic()
        for message in messages:
            if isinstance(message, rtcp.Note):
                if self._subscriber is not None:
                    self._subscriber.on_note(message.data)
            elif self._publisher is not None:
                self._publisher.handle(message)
