"""The session's small world: a real host and real desks over TLS."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "session"))

from world import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A public tender, announced."""
    made = await World.create(tmp_path)
    yield made
    await made.close()
