"""The media thread: control loop here, media loop there."""

import threading
from datetime import datetime
from typing import Any

import pytest

from app.errors import InputError
from app.media.media_thread import MediaSession
from app.media.router import WantedTile
from app.media.sources import Tone
from app.media.testcard import TestCard


async def test_a_session_on_its_own_thread(room: Any, wait_until: Any) -> None:
    here = threading.get_ident()
    frames: list[int] = []
    states: list[str] = []
    options: dict[str, Any] = {"addresses": ["127.0.0.1"], "video_slots": 2, "audio_slots": 1}

    async def exchange(offer: str) -> str:
        assert threading.get_ident() == here
        return await room.router.connect("A", offer, publishes=True)

    room.router.allow("A", ["B/video", "B/audio"])
    await room.join("B")
    session = MediaSession(
        room.clock,
        publishes=True,
        make_sources=lambda: (TestCard("甲", datetime.now), Tone()),
        on_frame=lambda _source, _frame: frames.append(threading.get_ident()),
        on_state=states.append,
        **options,
    )
    await session.start(exchange)
    session.watch([WantedTile("B/video")])
    await wait_until(lambda: len(frames) > 3)
    assert set(frames) != {here}
    assert len(set(frames)) == 1
    before = (await session.stats()).sent
    session.set_muted(False)
    session.set_camera(True)
    await wait_until(lambda: room.router.stats("A").received > before + 20)
    await session.close()
    await session.close()
    assert states == ["connected", "closed"]
    assert not [thread for thread in threading.enumerate() if thread.name == "media"]


async def test_sources_that_cannot_be_opened_are_reported(room: Any) -> None:
    def broken() -> Any:
        raise InputError("media.device_unavailable")

    session = MediaSession(room.clock, publishes=True, make_sources=broken)
    with pytest.raises(InputError, match="device_unavailable"):
        await session.start(lambda offer: room.router.connect("A", offer, publishes=True))
    assert not [thread for thread in threading.enumerate() if thread.name == "media"]
