"""A world per test; time in the host and the desks passes quickly."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from world import World

import app.session.client
import app.session.room

Make = Callable[..., Awaitable[World]]


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.session.room, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(app.session.room, "RETRY_SECONDS", 0.2)
    monkeypatch.setattr(app.session.client, "PING_SECONDS", 0.3)


@pytest.fixture
async def make_world(tmp_path: Path) -> AsyncIterator[Make]:
    """Make worlds that are closed after the test."""
    made: list[World] = []

    async def make(*arguments: Any, **changes: Any) -> World:
        folder = tmp_path / f"w{len(made)}"
        folder.mkdir()
        world = await World.create(folder, *arguments, **changes)
        made.append(world)
        return world

    yield make
    for world in made:
        await world.close()


@pytest.fixture
async def world(make_world: Make) -> World:
    """A public tender, announced."""
    return await make_world()
