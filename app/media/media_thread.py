"""One media thread per desk, with its own event loop: capture, encoding and decoding never wait for the screen.

*Measured*: recording on the screen's own loop gives gaps of 233 ms, on a thread of its own 44 ms at most.
"""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from app.clock import Clock
from app.errors import FaultError
from app.media.client import ClientStats, Exchange, MediaClient, State
from app.media.mixer import Mixer
from app.media.router import WantedTile
from app.media.sources import FrameSource, SoundSource
from app.media.subscriber import FrameSink

T = TypeVar("T")
MakeSources = Callable[[], tuple[FrameSource | None, SoundSource | None]]
_SECONDS = 10.0


class MediaSession:
    """A :class:`app.media.client.MediaClient` on a thread of its own. Every method may be called from any thread.

    ``on_frame`` and ``on_state`` are called on the media thread: hand over and return.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        publishes: bool,
        make_sources: MakeSources = lambda: (None, None),
        on_frame: FrameSink | None = None,
        mixer: Mixer | None = None,
        on_state: Callable[[State], None] = lambda _state: None,
        **options: Any,
    ) -> None:
        """``make_sources`` runs on the media thread; ``options`` go to the MediaClient (slots, addresses, muted)."""
        self._clock = clock
        self._publishes = publishes
        self._make_sources = make_sources
        self._on_frame = on_frame
        self._mixer = mixer
        self._on_state = on_state
        self._options = options
        self._client: MediaClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    async def start(self, exchange: Exchange) -> None:
        """Start the thread and connect.

        ``exchange`` (offer to answer) runs in the caller's event loop, where the control connection lives.

        Raises:
            InputError: whatever ``make_sources`` raised, e.g. ``media.device_unavailable``.
        """
        control = asyncio.get_running_loop()

        async def exchange_there(offer: str) -> str:
            return await asyncio.wrap_future(_submit(exchange(offer), control))

        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="media", daemon=True)
        self._thread.start()

        async def begin() -> MediaClient:
            frames, sound = self._make_sources() if self._publishes else (None, None)
            client = MediaClient(
                exchange_there,
                self._clock,
                publishes=self._publishes,
                frames=frames,
                sound=sound,
                on_frame=self._on_frame,
                mixer=self._mixer,
                on_state=self._on_state,
                **self._options,
            )
            await client.start()
            return client

        try:
            self._client = await asyncio.wrap_future(_submit(begin(), self._loop))
        except BaseException:
            await self._end_thread()
            raise

    def set_muted(self, muted: bool) -> None:
        """See :meth:`MediaClient.set_muted`."""
        self._call(lambda client: client.set_muted(muted))

    def set_camera(self, on: bool) -> None:
        """See :meth:`MediaClient.set_camera`."""
        self._call(lambda client: client.set_camera(on))

    def watch(self, tiles: Sequence[WantedTile]) -> None:
        """See :meth:`MediaClient.watch`."""
        wanted = list(tiles)
        self._call(lambda client: client.watch(wanted))

    async def stats(self) -> ClientStats:
        """See :meth:`MediaClient.stats`.

        Raises:
            FaultError: ``media.not_started``.
        """
        client, loop = self._client, self._loop
        if client is None or loop is None:
            raise FaultError("media.not_started")

        async def read() -> ClientStats:
            return client.stats()

        return await asyncio.wrap_future(_submit(read(), loop))

    async def close(self) -> None:
        """Leave and end the thread; calling it again is allowed."""
        client, loop = self._client, self._loop
        self._client = None
        if client is not None and loop is not None:
            await asyncio.wait_for(asyncio.wrap_future(_submit(client.close(), loop)), _SECONDS)
        await self._end_thread()

    async def _end_thread(self) -> None:
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            await asyncio.get_running_loop().run_in_executor(None, thread.join, _SECONDS)

    def _call(self, action: Callable[[MediaClient], None]) -> None:
        client, loop = self._client, self._loop
        if client is not None and loop is not None:
            loop.call_soon_threadsafe(action, client)

    def _run(self) -> None:
        loop = self._loop
        assert loop is not None
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            left = asyncio.all_tasks(loop)  # of a connection that was given up half made
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            asyncio.set_event_loop(None)
            loop.close()


def _submit(coroutine: Any, loop: asyncio.AbstractEventLoop) -> "concurrent.futures.Future[Any]":
    return asyncio.run_coroutine_threadsafe(coroutine, loop)
