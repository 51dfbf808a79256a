"""Picture and sound of one's own place in a room: this machine's devices, or a drawn picture without a camera."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Protocol

import av

from app.clock import Clock
from app.errors import BidroomError
from app.logs import get_logger
from app.media.encoders import SAMPLES
from app.media.media_thread import MediaSession
from app.media.mixer import Mixer
from app.media.router import WantedTile
from app.media.sources import CallbackSource, FrameSource, MirroredFrames, SoundSource
from app.media.subscriber import FrameSink, SlotStats
from app.media.testcard import TestCard
from app.session.client import Client
from app.session.rules.access import may_publish
from app.session.rules.seats import room_run_by
from app.session.rules.state import ANNOUNCED, CLOSED, FAILED, RECEIVING, State
from app.ui.devices.camera import Camera
from app.ui.devices.sound import Microphone, Speaker
from app.ui.preferences import Preferences

_log = get_logger("room.media")

NO_MEDIA = (ANNOUNCED, RECEIVING, CLOSED, FAILED, "")


class RoomMedia(Protocol):
    """What the room asks of picture and sound; ``set_*`` come from the controls, the others from the window."""

    muted: bool
    camera: bool

    async def set_muted(self, muted: bool) -> None: ...

    async def set_camera(self, on: bool) -> None: ...

    def watch(self, tiles: Sequence[WantedTile]) -> None: ...

    async def slots(self) -> list[SlotStats]:
        """What arrives now; empty while there is no connection."""
        ...

    async def follow(self, state: State) -> None:
        """The state changed: join or leave the picture and sound as it allows."""
        ...

    async def close(self) -> None: ...


class Devices:
    """Camera, microphone and speaker of this machine, opened in the preparation and kept for the room."""

    def __init__(self, camera: Camera, microphone: Microphone, speaker: Speaker, preferences: Preferences) -> None:
        self.camera, self.microphone, self.speaker = camera, microphone, speaker
        self.preferences = preferences

    def close(self) -> None:
        """All off."""
        for device in (self.camera, self.microphone, self.speaker):
            device.stop()


class DeskMedia:
    """One's own media session, rebuilt when the room begins to let one publish; a ``RoomMedia``.

    A camera that is off is closed, so that its light is off too. Muted stays muted over every reconnect.
    """

    def __init__(
        self, client: Client, clock: Clock, devices: Devices, on_frame: FrameSink, *, muted: bool, camera: bool
    ) -> None:
        self.muted, self.camera = muted, camera
        self._client, self._clock, self._devices, self._on_frame = client, clock, devices, on_frame
        self._session: MediaSession | None = None
        self._publishes = False
        self._room = ""
        self._pushed = CallbackSource()
        self._mixer = Mixer()
        self._player = _Loudspeaker(self._mixer, devices.speaker)
        self._wanted: list[WantedTile] = []
        self._following = asyncio.Lock()
        self._has_camera = bool(Camera.names())

    async def follow(self, state: State) -> None:
        async with self._following:
            wanted = state.phase not in NO_MEDIA and self._client.status == "connected"
            publishes = wanted and may_publish(state, self._client.me)
            room = room_run_by(state, self._client.me)
            # Seated with others one falls silent; who runs a room's devices gives the room's name to them.
            changed = (publishes, room) != (self._publishes, self._room) and self._client.status == "connected"
            if self._session is not None and (state.phase in NO_MEDIA or changed):
                await self._leave()
            if wanted and self._session is None:
                self._room = room
                await self._join(publishes)

    async def set_muted(self, muted: bool) -> None:
        self.muted = muted
        self._open_devices()
        if self._session is not None:
            self._session.set_muted(muted)

    async def set_camera(self, on: bool) -> None:
        self.camera = on
        self._open_devices()
        if self._session is not None:
            self._session.set_camera(on)
        if not on:
            self._pushed.push_frame(_black())  # whoever waits for a picture finds the camera off

    def watch(self, tiles: Sequence[WantedTile]) -> None:
        self._wanted = list(tiles)
        if self._session is not None:
            self._session.watch(self._wanted)

    async def slots(self) -> list[SlotStats]:
        session = self._session
        if session is None:
            return []
        return (await session.stats()).slots

    async def close(self) -> None:
        async with self._following:
            await self._leave()
        self._devices.close()

    async def _join(self, publishes: bool) -> None:
        client = self._client
        person = client.state.people.get(client.me)
        name = self._room or (person.name if person is not None else "")
        kind = "room" if self._room else "camera" if self._has_camera else "test"

        async def exchange(offer: str) -> str:
            return await client.media_exchange(offer, publishes=publishes, name=name, kind=kind)

        session = MediaSession(
            self._clock,
            publishes=publishes,
            make_sources=lambda: self._sources(name, person.organisation if person is not None else ""),
            on_frame=self._on_frame,
            mixer=self._mixer if Speaker.names() else None,
            muted=self.muted,
            camera=self.camera,
        )
        try:
            await session.start(exchange)
        except (BidroomError, OSError) as error:
            _log.warning("media not started", error=type(error).__name__)
            return
        self._session, self._publishes = session, publishes
        session.watch(self._wanted)
        self._open_devices()
        self._player.start(self._devices.preferences.speaker)

    async def _leave(self) -> None:
        session, self._session, self._publishes = self._session, None, False
        self._player.stop()
        if session is not None:
            await session.close()

    def _sources(self, name: str, note: str) -> tuple[FrameSource | None, SoundSource | None]:
        frames: FrameSource = self._pushed.frames if self._has_camera else TestCard(name, self._clock.now, note=note)
        own = f"{self._client.me}/video"
        return MirroredFrames(frames, lambda frame: self._on_frame(own, frame)), self._pushed.sound

    def _open_devices(self) -> None:
        devices, chosen = self._devices, self._devices.preferences
        devices.camera.hand_to(self._pushed.push_frame)
        devices.microphone.hand_to(self._pushed.push_samples)
        if not self._publishes:
            return
        if self._has_camera and self.camera != devices.camera.running:
            if self.camera:
                devices.camera.start(chosen.camera)
            else:
                devices.camera.stop()
        if self.muted:
            devices.microphone.stop()
        elif not devices.microphone.running and Microphone.names():
            devices.microphone.start(chosen.microphone)


class _Loudspeaker:
    """Takes 20 ms of the mix at a time, on a thread of its own: a busy screen is not heard."""

    def __init__(self, mixer: Mixer, speaker: Speaker) -> None:
        self._mixer, self._speaker = mixer, speaker
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, name: str) -> None:
        if self._thread is not None or not Speaker.names():
            return
        self._speaker.start(name)
        self._ended.clear()
        self._thread = threading.Thread(target=self._run, name="loudspeaker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join(1.0)
        self._thread = None

    def _run(self) -> None:
        while not self._ended.wait(SAMPLES / 48_000):
            self._speaker.play(self._mixer.read())


def _black() -> av.VideoFrame:
    frame = av.VideoFrame(320, 180, "yuv420p")
    for plane, value in zip(frame.planes, (16, 128, 128), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return frame
