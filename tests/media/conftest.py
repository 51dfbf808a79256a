"""A room on 127.0.0.1: a real router, real clients, real UDP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

import pytest

from app.clock import SystemClock
from app.media.client import MediaClient
from app.media.embedded_router import EmbeddedRouter
from app.media.router import RouterEvent
from app.media.sources import Tone
from app.media.testcard import TestCard

LOCAL = ["127.0.0.1"]


class Room:
    """A router and the clients of one test."""

    def __init__(self, router: EmbeddedRouter, events: list[RouterEvent]) -> None:
        self.router = router
        self.events = events
        self.clock = SystemClock()
        self.clients: list[MediaClient] = []

    async def join(self, name: str, *, publishes: bool = True, **options: Any) -> MediaClient:
        settings: dict[str, Any] = {
            "video_slots": 4, "audio_slots": 3, "addresses": LOCAL, "muted": False, "camera": True,
        }  # fmt: skip
        settings |= options
        if publishes:
            settings.setdefault("frames", TestCard(f"供应商 {name}", datetime.now))
            settings.setdefault("sound", Tone(len(self.clients)))

        async def exchange(offer: str) -> str:
            return await self.router.connect(name, offer, publishes=publishes)

        client = MediaClient(exchange, self.clock, publishes=publishes, **settings)
        self.clients.append(client)
        await client.start()
        return client


async def until(condition: Callable[[], object], seconds: float = 8.0) -> None:
    """Wait until it is true; fails after ``seconds``."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "did not happen in time"
        await asyncio.sleep(0.01)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    events: list[RouterEvent] = []
    router = await EmbeddedRouter.start(SystemClock(), events.append, addresses=LOCAL)
    made = Room(router, events)
    yield made
    for client in made.clients:
        await client.close()
    await router.close()


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    return until
