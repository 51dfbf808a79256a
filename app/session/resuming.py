"""Uploads that go on after a lost connection, on the host's side (after tus 1.0, https://tus.io/protocols, its core).

``HEAD /v1/uploads/<sha256>`` answers with ``Upload-Offset``: so many bytes of the file with that digest are here from
this person. ``PATCH /v1/uploads/<sha256>`` with ``Upload-Offset`` and ``Upload-Length`` brings the rest; 409 with the
right offset when they do not agree; 200 with digest and size when the file is whole and its digest the announced one.
A new request of the same person ends an older one that hangs on a connection nobody is at any more.
"""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol, TypeVar

from aiohttp import web

from app.errors import BidroomError, InputError, is_full
from app.record.blobs import BlobRef, BlobStore
from app.record.partial_blobs import PartialBlobs

_PIECE = 1 << 20
T = TypeVar("T")


class Admitted(Protocol):
    """An upload that has room and is within its person's quota."""

    def arrived(self, count: int) -> None: ...
    def finished(self, kept: BlobRef) -> None: ...


Admit = Callable[[str, int | None, int], AbstractContextManager[Admitted]]


class Resuming:
    """The uploads of one case that may be continued.

    Args:
        person: whose request it is; raises ``web.HTTPUnauthorized``.
        limit: bytes that this person may send at most now.
        admit: room and quota: person, bytes still to come, limit.
        stalled: seconds without a byte after which an upload is given up.
    """

    def __init__(
        self,
        blobs: BlobStore,
        person: Callable[[web.Request], str],
        limit: Callable[[str], int],
        admit: Admit,
        stalled: float,
    ) -> None:
        self._blobs, self._person, self._limit, self._admit, self._stalled = blobs, person, limit, admit, stalled
        self._parts = PartialBlobs(blobs)
        self._running: dict[str, asyncio.Task[object]] = {}
        self._whole: dict[str, str] = {}  # person → the file that came last: its sender may not have heard of it

    def sweep(self) -> int:
        """At the host's start: throw away beginnings that nobody continued; how many."""
        return self._parts.sweep()

    def routes(self, app: web.Application) -> None:
        app.router.add_head("/v1/uploads/{sha256}", self._offset)
        app.router.add_patch("/v1/uploads/{sha256}", self._patch)

    async def _offset(self, request: web.Request) -> web.Response:
        person, sha256 = self._person(request), request.match_info["sha256"]
        await self._end_other(person)
        return web.Response(headers={"Upload-Offset": str(self._size(person, sha256))})

    def _size(self, person: str, sha256: str) -> int:
        try:
            if self._whole.get(person) == sha256 and self._blobs.has(sha256):
                return self._blobs.size(sha256)
            return self._parts.size(person, sha256)
        except BidroomError as error:
            raise web.HTTPNotFound from error

    async def _patch(self, request: web.Request) -> web.Response:
        person, sha256 = self._person(request), request.match_info["sha256"]
        await self._end_other(person)
        task = asyncio.current_task()
        assert task is not None
        self._running[person] = task
        try:
            kept = await self._receive(request, person, sha256)
        except _OtherOffsetError as other:
            told = {"code": "upload.offset", "facts": {"offset": other.offset}}
            return web.json_response(told, status=409, headers={"Upload-Offset": str(other.offset)})
        except BidroomError as error:
            full = error.__cause__ is not None and is_full(error.__cause__)
            refused = InputError("upload.no_room", bytes=request.content_length) if full else error
            return web.json_response({"code": refused.code, "facts": refused.facts}, status=413)
        finally:
            if self._running.get(person) is task:
                del self._running[person]
        self._whole[person] = sha256
        return web.json_response({"sha256": kept.sha256, "size": kept.size})

    async def _receive(self, request: web.Request, person: str, sha256: str) -> BlobRef:
        offset, total = (_number(request.headers.get(name, "")) for name in ("Upload-Offset", "Upload-Length"))
        limit = self._limit(person)
        if total > limit:
            raise InputError("blob.too_large", limit=limit)
        here = self._size(person, sha256)
        if here != offset or offset > total:
            raise _OtherOffsetError(here)
        if self._whole.get(person) == sha256 and here == total:
            return BlobRef(sha256, total, self._blobs.is_sealed(sha256))
        with (
            self._admit(person, total - offset, limit) as admitted,
            self._parts.writer(person, sha256, total) as writer,
        ):
            with contextlib.suppress(TimeoutError, ConnectionError):
                while piece := await self._next(request):
                    admitted.arrived(len(piece))
                    await _in_thread(partial(writer.write, piece))
            if writer.size < total:
                raise _OtherOffsetError(writer.size)  # cut, stalled, or ended in order before its end
            kept = await _in_thread(writer.commit)
            admitted.finished(kept)
        return kept

    async def _next(self, request: web.Request) -> bytes:
        async with asyncio.timeout(self._stalled):
            return await request.content.read(_PIECE)

    async def _end_other(self, person: str) -> None:
        running = self._running.pop(person, None)
        if running is not None and running is not asyncio.current_task():
            running.cancel()
            await asyncio.wait([running])


class _OtherOffsetError(Exception):
    """So many bytes are here, not as many as the sender thinks."""

    def __init__(self, offset: int) -> None:
        self.offset = offset


async def _in_thread(work: Callable[[], T]) -> T:
    """Off the loop; who is cancelled waits until the thread has let go of the file."""
    future = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        raise


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise InputError("upload.malformed")
    return int(text)
