"""A disk that fills: uploads stop first, then the recording, loudly; the record knows how long the disk will last."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from world import World

import app.session.hall
from app.errors import FaultError, InputError
from app.session.disk import DiskLimits, DiskWatch, forecast, level_of
from app.session.hall import Hall
from app.session.host import BID_LIMIT
from app.session.rules import events_case as evc
from app.session.rules.commands import ReportSource
from app.session.uploads import FORGET_SECONDS, KEEP_SECONDS, UNFINISHED_LIMIT, Uploads

Make = Callable[..., Awaitable[World]]
LIMITS = DiskLimits()
BID = 2_000_000_000


class Disk:
    """Says how much is free."""

    def __init__(self, free: int) -> None:
        self.free = free

    def __call__(self) -> int:
        return self.free


def uploads(world: World, disk: Disk) -> Uploads:
    return Uploads(world.room, LIMITS, disk)


async def brought(world: World, desk: Uploads, person: str, data: bytes, limit: int = BID_LIMIT) -> str:
    with desk.admit(person, len(data), limit) as upload:
        upload.arrived(len(data))
        kept = world.room.blobs.put_bytes(data)
        upload.finished(kept)
    return kept.sha256


def happened(world: World, kind: type[Any]) -> list[Any]:
    return [entry.recorded.event for entry in world.room.entries if isinstance(entry.recorded.event, kind)]


# --- uploads ---


async def test_a_bid_of_two_gigabytes_passes_where_there_is_room_for_it_and_the_reserve(make_world: Make) -> None:
    world = await make_world()
    disk = Disk(BID + LIMITS.uploads)
    desk = uploads(world, disk)
    with desk.admit("a", BID, BID_LIMIT) as upload:
        for _ in range(BID // (1 << 20)):
            upload.arrived(1 << 20)
            disk.free -= 1 << 20
    disk.free = BID + LIMITS.uploads - 1
    with pytest.raises(InputError, match=r"upload\.no_room"), desk.admit("a", BID, BID_LIMIT):
        pass


async def test_space_is_promised_once(make_world: Make) -> None:
    desk = uploads(await make_world(), Disk(3 * BID // 2 + LIMITS.uploads))
    with (
        desk.admit("a", BID, BID_LIMIT),
        pytest.raises(InputError, match=r"upload\.no_room"),
        desk.admit("b", BID, BID),
    ):
        pass
    with desk.admit("b", BID, BID_LIMIT):
        pass


async def test_a_person_has_a_few_uploads_at_once_and_others_are_not_kept_out(make_world: Make) -> None:
    desk = uploads(await make_world(), Disk(1 << 40))
    with ExitStack() as begun:
        for _ in range(UNFINISHED_LIMIT):
            begun.enter_context(desk.admit("a", 10, BID_LIMIT))
        with pytest.raises(InputError, match=r"upload\.too_many"), desk.admit("a", 10, BID_LIMIT):
            pass
        begun.enter_context(desk.admit("b", 10, BID_LIMIT))
    begun.enter_context(desk.admit("a", 10, BID_LIMIT))


async def test_what_nothing_names_counts_until_it_makes_way(make_world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.session.uploads.UNNAMED_LEAST", 0)
    world = await make_world()
    desk = uploads(world, Disk(1 << 40))
    first = await brought(world, desk, "a", b"1" * 1000, limit=1000)
    shared = await brought(world, desk, "a", b"2" * 1000, limit=1000)
    with pytest.raises(InputError, match=r"upload\.unused"):
        await brought(world, desk, "a", b"3" * 1000, limit=1000)
    world.clock.advance(FORGET_SECONDS - 1)
    await brought(world, desk, "b", b"2" * 1000, limit=1000)
    world.clock.advance(1)
    await brought(world, desk, "a", b"3" * 1000, limit=1000)
    assert not world.room.blobs.has(first)
    assert world.room.blobs.has(shared)


async def test_what_the_record_names_neither_counts_nor_goes(make_world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.session.uploads.UNNAMED_LEAST", 0)
    world = await make_world()
    desk = uploads(world, Disk(1 << 40))
    kept = []
    for number in range(5):
        kept.append(await brought(world, desk, "a", bytes([number]) * 1000, limit=1000))
        named = {"type": "noted", "sha256": kept[-1]}
        await world.room.report(ReportSource(source=str(named), state="started", person="x", name="x", kind="test"))
    stray = await brought(world, desk, "a", b"x" * 1000, limit=1000)
    now = world.clock.now().timestamp()
    assert uploads(world, Disk(0)).sweep(now) == 0
    assert uploads(world, Disk(0)).sweep(now + KEEP_SECONDS + 60) == 1
    assert [world.room.blobs.has(digest) for digest in kept] == [True] * 5
    assert not world.room.blobs.has(stray)


async def test_a_desk_is_told_before_it_has_sent_everything(make_world: Make, tmp_path: Path) -> None:
    world = await make_world()
    disk = Disk(1 << 40)
    world.host._uploads._free = disk
    desk = await world.enter("supplier-a")
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(BID)
    disk.free = BID
    sent: list[int] = []
    with pytest.raises(InputError, match=r"upload\.no_room"):
        await desk.files.upload(big, lambda done, _size: sent.append(done))
    assert not sent or sent[-1] < BID // 4

    async def grow_full() -> None:
        while not list(world.room.blobs._incoming.iterdir()):
            await asyncio.sleep(0.001)
        disk.free = 0

    disk.free = 1 << 40
    filling = asyncio.create_task(grow_full())
    with pytest.raises(InputError, match=r"upload\.no_room"):
        await desk.files.upload(big)
    await filling
    assert not list(world.room.blobs._incoming.iterdir())


# --- how long it lasts ---


def test_levels_come_early_and_leave_late() -> None:
    free = LIMITS.recording + LIMITS.uploads * 4  # two hours at the usual rate
    assert forecast(free, LIMITS) == 120
    assert level_of(free, 120, LIMITS, "ample") == "ample"
    assert level_of(free, 119, LIMITS, "ample") == "low"
    assert level_of(free, 125, LIMITS, "low") == "low"
    assert level_of(free, 132, LIMITS, "low") == "ample"
    assert level_of(free, 29, LIMITS, "low") == "critical"
    assert level_of(LIMITS.recording, 0, LIMITS, "critical") == "full"
    assert level_of(LIMITS.recording + 1, 0, LIMITS, "full") == "full"


class Meeting:
    """A hall that only counts."""

    def __init__(self) -> None:
        self.rate: float | None = None
        self.running = True

    def bytes_per_second(self) -> float | None:
        return self.rate

    async def halt(self) -> None:
        self.running = False

    async def resume(self) -> None:
        self.running = True


async def test_the_record_is_told_at_two_hours_at_half_an_hour_and_when_it_is_full(make_world: Make) -> None:
    world = await make_world()
    disk, meeting = Disk(1 << 40), Meeting()
    watch = DiskWatch(world.room, meeting, LIMITS, disk)
    await watch.look()
    assert not happened(world, evc.DiskNoted)
    meeting.rate = 1000.0
    for minutes in (1000, 119, 110, 29, 25, 0, 0):
        disk.free = LIMITS.recording + minutes * 60_000
        await watch.look()
    assert [(noted.space, noted.minutes_left) for noted in happened(world, evc.DiskNoted)] == [
        ("ample", 1000), ("low", 119), ("critical", 29), ("full", 0),
    ]  # fmt: skip
    assert not meeting.running
    disk.free = 1 << 40
    await watch.look()
    assert meeting.running
    assert world.state.disk.space == "ample"


async def test_the_reserve_is_made_whole_when_there_is_room_again(make_world: Make) -> None:
    world = await make_world()
    reserve = await world.room.store.run(lambda store: store.reserve)
    assert reserve is not None
    assert reserve.whole
    reserve.give()
    disk = Disk(0)
    watch = DiskWatch(world.room, None, LIMITS, disk)
    await watch.look()
    assert not reserve.whole
    disk.free = 1 << 40
    await watch.look()
    assert reserve.whole


# --- the recording ---


class Router:
    """Nobody sends anything."""

    def sources(self) -> dict[str, Any]:
        return {}

    async def close(self) -> None:
        pass


async def recording(world: World) -> Hall:
    world.room._engine.state = world.state.with_(phase="lobby")
    folder = world.room.folder / "recording"
    folder.mkdir()
    router: Any = Router()
    hall = Hall(world.room, router, folder)
    hall._tasks.start(hall._follow_segments(), "segments")
    await world.room.report(ReportSource(source="x/video", state="started", person="x", name="x", kind="test"))
    await world.settled(lambda state: state.recording.running)
    return hall


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.session.hall, "HALT_SECONDS", 0.0)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("cause", ["watch", "writing"])
async def test_a_full_disk_stops_the_recording_as_an_event_and_it_comes_back(make_world: Make, cause: str) -> None:
    world = await make_world()
    hall = await recording(world)
    halts: dict[str, Callable[[], Any]] = {
        "watch": lambda: hall._tasks.start(hall.halt(), "halt"),
        "writing": lambda: hall._trouble(FaultError("media.record_failed", reason="recording.disk_full")),
    }
    halts[cause]()
    await world.settled(lambda state: not state.recording.running)
    assert [event.reason for event in happened(world, evc.RecordingStopped)] == ["recording.disk_full"]
    hall.apply_policy()
    assert hall._recorder is None  # not by itself
    await hall.resume()
    await world.settled(lambda state: state.recording.running)
    await hall.close()
