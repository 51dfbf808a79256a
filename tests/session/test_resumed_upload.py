"""An upload that is cut goes on where it stopped: a line that breaks, a host that restarts, a desk that gives up."""

import asyncio
import contextlib
import hashlib
import os
from pathlib import Path

import pytest
from world import World

from app.errors import BidroomError, FaultError, InputError
from app.record.blobs import BlobStore
from app.record.partial_blobs import PartialBlobs
from app.session import large_upload
from app.session.large_upload import upload_large
from app.session.pace import Pace, clock_text

SIZE = 24 << 20


class Line:
    """A relay between desk and host: counts what it carries, breaks after so many bytes, can be down altogether."""

    def __init__(self, host: int, *breaks: int) -> None:
        self._host, self.port, self.carried, self.down = host, 0, 0, False
        self._breaks = list(breaks)
        self._left = self._breaks.pop(0) if breaks else 1 << 40
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.down:
            writer.transport.abort()
            return
        with contextlib.suppress(OSError):
            far, near = await asyncio.open_connection("127.0.0.1", self._host)
            self._writers |= {writer, near}
            await asyncio.gather(self._pump(reader, near, True), self._pump(far, writer, False))

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(1 << 16):
                if counted:
                    self.carried += len(data)
                    self._left -= len(data)
                    if self._left < 0:
                        self._left = self._breaks.pop(0) if self._breaks else 1 << 40
                        self.cut()
                        return
                target.write(data)
                await target.drain()
        target.close()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def close(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_upload, "PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(large_upload, "LONGEST_PAUSE", 0.2)


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big.bid"
    path.write_bytes(os.urandom(SIZE))
    return path


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def through_a_line(world: World, *breaks: int) -> Line:
    """The supplier's files go over a line of their own; its room connection stays as it is."""
    line = Line(world.port, *breaks)
    await line.open()
    files = world.clients["supplier-a"].files
    files.url = lambda path: f"https://127.0.0.1:{line.port}/v1/{path}"  # type: ignore[method-assign]
    return line


async def test_a_cut_line_costs_only_what_was_under_way(world: World, big: Path) -> None:
    await world.receiving("supplier-a")
    files = world.clients["supplier-a"].files
    line = await through_a_line(world, 9 << 20, 9 << 20)
    told: list[int] = []
    assert await upload_large(files, big, lambda done, _total: told.append(done)) == digest_of(big)
    assert world.room.blobs.read(digest_of(big), SIZE) == big.read_bytes()
    assert told[-1] == SIZE
    assert line.carried < SIZE + (12 << 20)  # begun anew each time it would have been eighteen MiB more
    carried = line.carried
    assert await upload_large(files, big) == digest_of(big)  # had the answer been lost: nothing is sent again
    assert line.carried < carried + (1 << 20)
    assert list(world.room.blobs.incoming.iterdir()) == []
    await line.close()


async def test_a_restarted_host_goes_on_with_what_it_has(world: World, big: Path) -> None:
    await world.receiving("supplier-a")
    desk = world.clients["supplier-a"]
    line = await through_a_line(world, 10 << 20)
    sent: list[int] = []
    upload = asyncio.create_task(upload_large(desk.files, big, lambda done, _total: sent.append(done)))
    async with asyncio.timeout(20):
        while line.carried < 10 << 20:
            await asyncio.sleep(0.001)
    line.down = True
    (begun,) = world.room.blobs.incoming.iterdir()
    before = len(sent)
    await world.restart()
    held = begun.stat().st_size
    assert held > 4 << 20
    line.down = False
    assert await upload == digest_of(big)
    assert sent[before] > held // 2  # not from the beginning
    assert world.room.blobs.has(digest_of(big))
    await line.close()


async def test_giving_up_leaves_the_beginning_for_the_next_time(world: World, big: Path) -> None:
    await world.receiving("supplier-a", "supplier-b")
    files = world.clients["supplier-a"].files
    line = await through_a_line(world)
    half = asyncio.Event()
    upload = asyncio.create_task(
        upload_large(files, big, lambda done, _total: half.set() if done > SIZE // 2 else None)
    )
    await half.wait()
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    first: list[int] = []
    assert await upload_large(files, big, lambda done, _total: first.append(done)) == digest_of(big)
    assert first[0] > SIZE // 3
    # Nobody learns from the route what others have brought.
    async with world.clients["supplier-b"].files.request("HEAD", f"uploads/{digest_of(big)}") as response:
        assert response.headers["Upload-Offset"] == "0"
    await line.close()


async def test_what_is_not_the_announced_file_is_refused_and_gone(world: World, big: Path) -> None:
    await world.receiving("supplier-a")
    files = world.clients["supplier-a"].files
    headers = {"Upload-Offset": "0", "Upload-Length": "5"}
    for more, data, status, code in (
        (headers, b"wrong", 413, "blob.upload_differs"),
        ({**headers, "Upload-Offset": "3"}, b"ng", 409, "upload.offset"),
        ({**headers, "Upload-Length": "-1"}, b"wrong", 413, "upload.malformed"),
        ({**headers, "Upload-Length": str(1 << 50)}, b"wrong", 413, "blob.too_large"),
        ({**headers, "Upload-Length": "2"}, b"wrong", 413, "blob.too_large"),
    ):
        async with files.request("PATCH", f"uploads/{'ab' * 32}", None, more, data=data) as response:
            assert (response.status, (await response.json())["code"]) == (status, code)
    for name in ("short", "ab" * 31 + "..", "AB" * 32):
        async with files.request("HEAD", f"uploads/{name}") as response:
            assert response.status == 404
    async with world.clients["opener"].files.request(
        "PATCH", f"uploads/{'ab' * 32}", None, headers, data=b"wrong"
    ) as response:
        assert response.status == 413  # only bids are so large
    files.access = "stranger"
    async with files.request("HEAD", f"uploads/{'ab' * 32}") as response:
        assert response.status == 401


async def test_a_refusal_is_not_tried_again(world: World, big: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.receiving("supplier-a")
    monkeypatch.setattr("app.session.host.BID_LIMIT", SIZE - 1)
    with pytest.raises(InputError) as caught:
        await upload_large(world.clients["supplier-a"].files, big)
    assert caught.value.code == "blob.too_large"


async def test_without_any_progress_it_gives_up(world: World, big: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.receiving("supplier-a")
    line = await through_a_line(world)
    line.down = True
    monkeypatch.setattr(large_upload, "PATIENCE_SECONDS", 0.3)
    with pytest.raises(FaultError) as caught:
        await upload_large(world.clients["supplier-a"].files, big)
    assert caught.value.code == "client.unreachable"
    await line.close()


def test_beginnings_are_one_per_owner_and_swept(tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "blobs")
    parts = PartialBlobs(store)
    one, two = (hashlib.sha256(data).hexdigest() for data in (b"one", b"two"))
    with parts.writer("a", one, 3) as writer:
        writer.write(b"on")
    assert (parts.size("a", one), parts.size("b", one)) == (2, 0)
    assert store.sweep() == 0  # a restart keeps it
    with parts.writer("a", one, 3) as writer:
        writer.write(b"e")
        assert writer.commit().sha256 == one
    assert store.read(one, 10) == b"one"
    for digest in (one, two):
        with parts.writer("a", digest, 3) as writer:
            writer.write(b"t")
    assert (parts.size("a", one), parts.size("a", two)) == (0, 1)
    assert (parts.sweep(), parts.sweep(-1.0)) == (0, 1)
    with parts.writer("a", two, 3) as writer, pytest.raises(BidroomError):
        writer.write(b"four")


def test_the_time_left_is_of_the_last_seconds() -> None:
    pace = Pace()
    assert pace.left(0, 1000, 0.0) is None
    assert pace.left(10, 1000, 0.5) is None
    assert pace.left(100, 1000, 2.0) == pytest.approx(18.0)
    for second in range(3, 30):
        pace.left(100 + second, 1000, float(second))
    assert pace.left(130, 1000, 30.0) == pytest.approx(870.0)
    assert pace.left(0, 1000, 31.0) is None  # begun again
    assert [clock_text(seconds) for seconds in (0.4, 42.0, 725.0, 3600.0)] == ["0:00", "0:42", "12:05", "1:00:00"]
