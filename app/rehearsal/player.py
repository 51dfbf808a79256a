"""A player: one real client with its own token and media, and a part that says what it does when it is waited for.

The autopilot asks the rules who is waited for and acts when it is its own person; everything goes over the network path
and through the host's decisions like anybody's. A hand-over (:meth:`Player.hold`) lets a human act instead.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol

from app.clock import Clock
from app.errors import BidroomError
from app.logs import get_logger
from app.media.media_thread import MediaSession
from app.media.sources import FrameSource, MirroredFrames, Tone
from app.media.subscriber import FrameSink
from app.media.testcard import TestCard
from app.procurement.case_checks import BEIJING
from app.session.client import Client
from app.session.rules.decide import waiting_for
from app.session.rules.state import State
from app.tasks import TaskSet

_log = get_logger("rehearsal")

PAUSE_SECONDS = 0.05
RETRY_SECONDS = 0.5
LOOK_SECONDS = 0.5
Act = Callable[[Client], Awaitable[None]]


class Part(Protocol):
    """What a player does.

    Attributes:
        acts: by the tag of the command that is waited for.
    """

    acts: Mapping[str, Act]

    async def idle(self, client: Client) -> bool:
        """Called after every change when nobody waits for this person; True when something was done."""
        ...


class Player:
    """Plays one person until :meth:`close`; see the module.

    Attributes:
        pace: seconds to wait before each act, so that people can follow; may be changed at any time.
        on_frame: gets the pictures that :attr:`media` watches, on the media thread; set before :meth:`publish`.
        media: picture and sound, None before :meth:`publish`.
    """

    def __init__(self, client: Client, part: Part, name: str, clock: Clock) -> None:
        self.client = client
        self.part = part
        self.name = name
        self.failures: list[str] = []
        self.pace = 0.0
        self.on_frame: FrameSink | None = None
        self.media: MediaSession | None = None
        self._clock = clock
        self._held = asyncio.Event()
        self._held.set()
        self._wake = asyncio.Event()
        self._tasks = TaskSet()
        self._stop = client.on_change(self._wake.set)

    @property
    def held(self) -> bool:
        """Whether a human plays this person now."""
        return not self._held.is_set()

    def start(self) -> None:
        """Begin to play."""
        self._tasks.start(self._play(), f"play {self.name}")

    def hold(self, held: bool) -> None:
        """While held, a human plays this person through the desk's window."""
        if held:
            self._held.clear()
        else:
            self._held.set()
            self._wake.set()

    async def close(self) -> None:
        self._stop()
        await self._tasks.close()
        if self.media is not None:
            await self.media.close()
        await self.client.close()

    async def publish(
        self, *, publishes: bool, pitch: int, note: str, addresses: tuple[str, ...] | None, room: str = ""
    ) -> None:
        """Join the picture and sound: a drawn test picture with name and moving clock, and a tone; or listen only.

        With ``room`` it is that room's camera and microphone, which serve everyone seated there.
        """
        self.media = MediaSession(
            self._clock,
            publishes=publishes,
            make_sources=lambda: (self._picture(room or self.name, note), Tone(pitch)),
            on_frame=self.on_frame,
            addresses=addresses,
            muted=False,
            camera=True,
            video_slots=VIDEO_SLOTS,
            audio_slots=AUDIO_SLOTS,
        )

        async def exchange(offer: str) -> str:
            kind = "room" if room else "test"
            return await self.client.media_exchange(offer, publishes=publishes, name=room or self.name, kind=kind)

        await self.media.start(exchange)

    def _picture(self, name: str, note: str) -> FrameSource:
        card = TestCard(name, self._beijing, note=note)
        sink, source = self.on_frame, f"{self.client.me}/video"
        return card if sink is None else MirroredFrames(card, lambda frame: sink(source, frame))

    def _beijing(self) -> datetime:
        return self._clock.now().astimezone(BEIJING)

    async def _play(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):  # time alone may make it one's turn
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            await self._held.wait()
            try:
                if await self._once(self.client.state):
                    await asyncio.sleep(PAUSE_SECONDS)
                    self._wake.set()
            except BidroomError as error:
                self.failures.append(error.code)
                _log.info("act refused", person=self.name, code=str(error))
                await asyncio.sleep(RETRY_SECONDS)
                self._wake.set()
            except (TimeoutError, ConnectionError) as error:
                _log.info("act timed out", person=self.name, error=type(error).__name__)
                self._wake.set()

    async def _once(self, state: State) -> bool:
        if state.lot is None or not self._held.is_set():
            return False
        for item in waiting_for(state):
            act = self.part.acts.get(item.act)
            if item.person == self.client.me and act is not None:
                if not await self._paced(state, item.act):
                    return False
                await act(self.client)
                return True
        did = await self.part.idle(self.client)
        if did:
            await asyncio.sleep(self.pace)
        return did

    async def _paced(self, state: State, act: str) -> bool:
        """Let people look first; False when meanwhile somebody took over or the act is no longer waited for."""
        if self.pace <= 0:
            return True
        await asyncio.sleep(self.pace)
        if not self._held.is_set():
            return False
        now = self.client.state
        return now is state or any(w.person == self.client.me and w.act == act for w in waiting_for(now))


VIDEO_SLOTS = 12
AUDIO_SLOTS = 3
