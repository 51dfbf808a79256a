"""The host (主机): one process that keeps cases. TLS on one TCP port, media on one UDP port; plain asyncio.

Routes: ``GET /v1/desk`` (the WebSocket), ``PUT /v1/blobs`` and ``GET /v1/blobs/<sha256>`` (files, with the bearer given
at sign-in), ``POST /v1/stamps`` (a time stamp, for who signs a document), ``GET /v1/health``. Each case has a
certificate of its own, so a link's fingerprint names the case's host; one port serves one case, and a host with several
cases gives each its own port from ``--listen`` upwards.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable

import msgspec
from aiohttp import web

from app.ca.envelope_header import frame_header, read_header
from app.errors import BidroomError, FaultError, InputError, is_full
from app.logs import get_logger
from app.session.case_folder import trust_of
from app.session.case_trust import CaseTrust
from app.session.casework import Casework
from app.session.connection import Connection
from app.session.disk import DiskLimits, DiskWatch, free_bytes
from app.session.hall import Hall
from app.session.long_term import DocumentKeeper
from app.session.reach import Witness, own_addresses
from app.session.resuming import Resuming
from app.session.room import Room
from app.session.rules import commands
from app.session.rules.command import Command
from app.session.rules.events_case import SegmentClosed
from app.session.rules.people import Role
from app.session.rules.state import ANNOUNCED, CLOSED, FAILED, RECEIVING, State
from app.session.rules.visibility import may_fetch, may_fetch_segment
from app.session.stamping import Stamper
from app.session.uploads import Uploads
from app.session.wire import messages as wire
from app.tasks import TaskSet

_log = get_logger("host")

BID_LIMIT = 4 * 1024**3
FILE_LIMIT = 64 * 1024**2
MOST_CONNECTIONS = 400
MOST_SIGNING_IN = 32
"""Connections from one address that have not signed in yet: half-open ones must not keep others out."""
STALL_SECONDS = 120.0
"""Without a byte: the upload is given up, and the space that it was promised is free again."""
CLOCK_STEP_MS = 500
CLOCK_PAUSE_SECONDS = 5.0


class Listen(msgspec.Struct, frozen=True):
    """Where a case is reached.

    Attributes:
        address, port: to bind, TCP (0: the system chooses). media_addresses, media_port: to bind, UDP.
        public: the name or address that links carry; public_media: the IP address that media candidates carry.
    """

    address: str = "0.0.0.0"  # noqa: S104 - a host is there to be reached
    port: int = 0
    media_addresses: tuple[str, ...] | None = None
    media_port: int = 0
    public: str = ""
    public_media: str | None = None


class CaseHost:
    """One case, reachable. Implements :class:`app.session.connection.Desk`."""

    def __init__(
        self, room: Room, listen: Listen, limits: DiskLimits | None = None, free: Callable[[], int] | None = None
    ) -> None:
        """``free`` gives the free bytes of the disk that the case lies on (tests bring their own disk)."""
        self.room = room
        self.limits = limits or DiskLimits()
        self._free = free or (lambda: free_bytes(room.folder))
        self._uploads = Uploads(room, self.limits, self._free)
        self.port = 0
        self._listen = listen
        self._casework = Casework(room)
        self._trust = CaseTrust(room.folder, trust_of(room.folder, room.state.rehearsal), room.clock)
        self._stamper: Stamper | None = None
        self._keeper: DocumentKeeper | None = None
        self._connections: dict[str, set[Connection]] = {}
        self._access: dict[str, Connection] = {}
        self._hall: Hall | None = None
        self._runner: web.AppRunner | None = None
        self._offsets: dict[str, float] = {}
        self._segments = SegmentSources(room)
        self._watch: asyncio.Task[None] | None = None
        self._witness = Witness(room.folder, room.clock)
        self._tasks = TaskSet()
        self._resuming = Resuming(
            room.blobs,
            lambda request: self._bearer(request).person,
            self._bid_limit,
            self._uploads.admit,
            STALL_SECONDS,
        )
        self._count = 0
        self._signing_in: Counter[str] = Counter()

    async def start(self, *, media: bool = True) -> None:
        """Open the ports.

        Raises:
            FaultError: ``host.port_unavailable``, ``media.*``.
        """
        await self.room.start()  # first of all: an outage shifts the clocks before anything can be late
        authorities = self._trust.timestamps()
        if authorities is not None:
            self._stamper = Stamper(self.room, authorities)
            await self._stamper.start()
            self._keeper = DocumentKeeper(self.room, self._trust, authorities)
            await self._keeper.start()
        if media:
            self._hall = await Hall.start(
                self.room,
                addresses=self._listen.media_addresses,
                port=self._listen.media_port,
                public_address=self._listen.public_media,
            )
        await asyncio.to_thread(self._uploads.sweep, self.room.clock.now().timestamp())
        watch = DiskWatch(self.room, self._hall, self.limits, self._free)
        self._watch = self._tasks.start(watch.run(), "disk")
        app = web.Application(client_max_size=FILE_LIMIT)
        app.router.add_get("/v1/desk", self._desk)
        app.router.add_put("/v1/blobs", self._put_blob)
        app.router.add_get("/v1/blobs/{sha256}", self._get_blob)
        self._resuming.routes(app)
        await asyncio.to_thread(self._resuming.sweep)
        app.router.add_get("/v1/headers/{sha256}", self._get_header)
        app.router.add_get("/v1/stamps", self._gives_stamps)
        app.router.add_post("/v1/stamps", self._stamp)
        app.router.add_get("/v1/health", self._health)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, self._listen.address, self._listen.port, ssl_context=self.room.keys.tls(), reuse_address=True
        )
        try:
            await site.start()
        except OSError as error:
            raise FaultError("host.port_unavailable", port=self._listen.port) from error
        self.port = self._runner.addresses[0][1]
        self._witness.port = self.port
        self._witness.own |= {*own_addresses(), self._listen.public, self._listen.public_media or ""}
        if self._hall is not None:
            self._hall.show_reach(self.room.keys.fingerprint.encode(), self._witness.udp)

    @property
    def media_port(self) -> int:
        """UDP, 0 without media."""
        return self._hall.port if self._hall is not None else 0

    async def stop_recording(self) -> None:
        """Close and record the last segments."""
        if self._hall is not None:
            await self._hall.stop_recording()

    async def last_stamp(self) -> dict[str, bytes]:
        """Have the last head stamped, where there is an authority and it answers; evidence for the archive."""
        if self._stamper is None:
            return {}
        await self._stamper.finish()
        kept = await self.room.store.run(lambda store: store.stamps())
        return await self._trust.about_stamps(one.token for one in kept)

    async def close(self) -> None:
        """Say goodbye, close the recording and the record."""
        if self._stamper is not None:
            await self._stamper.close()
        if self._keeper is not None:
            await self._keeper.close()
        if self._watch is not None:
            self._watch.cancel()  # it must not start a recording again
        if self._hall is not None:
            await self._hall.close()
        if self._runner is not None:
            for connections in list(self._connections.values()):
                for connection in list(connections):
                    connection.cut()
            await self._runner.cleanup()
        await self._tasks.close()
        await self.room.close()

    # --- routes ---

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"bidroom": wire.VERSION})

    async def _desk(self, request: web.Request) -> web.WebSocketResponse:
        address = request.remote or ""
        full = self._count >= MOST_CONNECTIONS or self._signing_in[address] >= MOST_SIGNING_IN
        if full or request.transport is None:
            raise web.HTTPServiceUnavailable
        self._count += 1
        self._signing_in[address] += 1
        counted = True

        def leave_door() -> None:
            nonlocal counted
            if counted:
                counted = False
                self._signing_in[address] -= 1

        def signed_in() -> None:
            self._witness.tcp(address)
            leave_door()

        socket = web.WebSocketResponse(heartbeat=10.0, max_msg_size=wire.INBOUND_LIMIT)
        try:
            await socket.prepare(request)
            await Connection(socket, request.transport, self.room, self, self._trust, signed_in).run()
        except BidroomError as error:
            _log.info("connection ended", code=error.code)
        finally:
            leave_door()
            self._count -= 1
            await socket.close()
        return socket

    def _bearer(self, request: web.Request) -> Connection:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").encode(errors="replace")
        for access, connection in self._access.items():
            if secrets.compare_digest(access.encode(), token):
                return connection
        raise web.HTTPUnauthorized

    def _bid_limit(self, person: str) -> int:
        """Bytes of an upload that may be continued: envelopes of suppliers, while they are received."""
        state = self.room.state
        bidding = state.has_role(person, Role.SUPPLIER) and state.phase in (ANNOUNCED, RECEIVING, "gathering")
        return BID_LIMIT if bidding else 0

    async def _put_blob(self, request: web.Request) -> web.Response:
        """Upload: streamed to disk; a supplier's envelope may be large, everything else is small (see uploads.py)."""
        person = self._bearer(request).person
        state = self.room.state
        bid = state.bids.get(state.supplier_of(person))
        bidding = state.has_role(person, Role.SUPPLIER) and (
            state.phase in (ANNOUNCED, RECEIVING, "gathering") or (bid is not None and bool(bid.backup_admitted))
        )
        if state.phase == CLOSED:
            return web.json_response({"code": "refused.closed", "facts": {}}, status=413)
        limit = BID_LIMIT if bidding else FILE_LIMIT
        if state.has_role(person, Role.SUPERVISOR) and not state.has_role(person, Role.OPENER):
            limit = 1 << 20
        try:
            key = self.room.keys.case_key if request.query.get("private") else None
            with (
                self._uploads.admit(person, request.content_length, limit) as upload,
                self.room.blobs.writer(key, limit) as writer,
            ):
                while piece := await _next_piece(request):
                    upload.arrived(len(piece))
                    await asyncio.to_thread(writer.write, piece)
                kept = await asyncio.to_thread(writer.commit)
                upload.finished(kept)
        except BidroomError as error:
            full = error.__cause__ is not None and is_full(error.__cause__)
            refused = InputError("upload.no_room", bytes=request.content_length) if full else error
            return web.json_response({"code": refused.code, "facts": refused.facts}, status=413)
        return web.json_response({"sha256": kept.sha256, "size": kept.size})

    async def _get_blob(self, request: web.Request) -> web.StreamResponse:
        person = self._bearer(request).person
        sha256 = request.match_info["sha256"]
        if not self._may_fetch(person, sha256):
            raise web.HTTPNotFound
        try:
            size = self.room.blobs.size(sha256)
        except BidroomError as error:
            raise web.HTTPNotFound from error
        response = web.StreamResponse(headers={"Content-Length": str(size)})
        await response.prepare(request)
        pieces = self.room.blobs.pieces(sha256, self.room.keys.case_key)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            await response.write(piece)
        await response.write_eof()
        return response

    def _may_fetch(self, person: str, sha256: str) -> bool:
        """A file that the state names, or a recorded segment of a source that this person may watch."""
        state = self.room.state
        if may_fetch(state, person, sha256):
            return True
        return any(may_fetch_segment(state, person, source) for source in self._segments.of(sha256))

    async def _get_header(self, request: web.Request) -> web.Response:
        """The header of an envelope, for those who hold a share of it, when it may be opened."""
        person = self._bearer(request).person
        sha256 = request.match_info["sha256"]
        if not holds_share(self.room.state, person, sha256):
            raise web.HTTPNotFound
        try:
            with open(self.room.blobs.path(sha256), "rb") as file:
                header = await asyncio.to_thread(read_header, file)
        except (BidroomError, OSError) as error:
            raise web.HTTPNotFound from error
        return web.Response(body=frame_header(header.raw))

    async def _gives_stamps(self, request: web.Request) -> web.Response:
        """Whether signatures can be stamped here."""
        self._bearer(request)
        return web.Response(status=204 if self._keeper is not None else 404)

    async def _stamp(self, request: web.Request) -> web.Response:
        """A time stamp over the digest of a signature, for who signs now: a desk may have no way out of its own."""
        person = self._bearer(request).person
        if self._keeper is None:
            raise web.HTTPNotFound
        if not self._casework.has_turn(person):
            raise web.HTTPForbidden
        digest = await request.content.read(33)
        if len(digest) != 32:
            raise web.HTTPBadRequest
        try:
            token = await self._keeper.token(digest)
        except BidroomError as error:
            raise web.HTTPServiceUnavailable from error
        return web.Response(body=token, content_type="application/timestamp-reply")

    # --- what a connection asks (Desk) ---

    def arrived(self, person: str, connection: Connection) -> None:
        self._connections.setdefault(person, set()).add(connection)
        self._access[connection.access] = connection

    async def left(self, person: str, connection: Connection) -> None:
        self._access.pop(connection.access, None)
        own = self._connections.get(person, set())
        own.discard(connection)
        if own:
            return
        self._casework.release_all(person)
        if self._hall is not None:
            await self._hall.disconnect(person)
        if self._connections.get(person):
            return  # back already, while the media were being taken down
        self._offsets.pop(person, None)
        if self.room.state.phase not in (CLOSED, FAILED):
            await self.room.report(commands.ReportConnection(person=person, connected=False))

    async def carry_out(self, person: str, command: Command) -> Command:
        carried = await self._casework.carry_out(person, command)
        if isinstance(command, commands.Advance) and command.phase == CLOSED and self._keeper is not None:
            self.room.check(person, command)
            await self._keeper.finish()
        if isinstance(command, commands.Advance) and command.phase == CLOSED and self._hall is not None:
            self.room.check(person, command)
            await self._hall.stop_recording()
        return carried

    def done(self, person: str, command: Command) -> None:
        """After a command is in the record."""
        if isinstance(command, commands.SignDocument):
            self._casework.release(person, command.document)

    async def lease(self, person: str, document: str) -> tuple[str, int]:
        return await self._casework.lease(person, document)

    async def media_offer(self, person: str, offer: wire.MediaOffer) -> str:
        if self._hall is None:
            raise InputError("media.off")
        return await self._hall.connect(person, offer)

    def clock_sample(self, person: str, milliseconds: int) -> None:
        """Clocks of the desks against the host's, told to the record when they come or change (DESIGN §3, Time)."""
        told = self._offsets.get(person)
        now = self.room.clock.monotonic()
        if told is not None and now - told < CLOCK_PAUSE_SECONDS:
            return  # nobody fills the record with a clock that jumps about
        recorded = self.room.state.clocks.get(person)
        moved = recorded is None or abs(recorded - milliseconds) > CLOCK_STEP_MS
        method = self.room.state.the_method()
        if self.room.state.phase == method.phases[0].name and (moved or told is None):
            self._offsets[person] = now
            self._tasks.start(self.room.report(commands.ReportClocks(offsets={person: milliseconds})), "clock sample")


async def _next_piece(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(STALL_SECONDS):
            return await request.content.read(1 << 20)
    except TimeoutError as error:
        raise InputError("upload.stalled", seconds=int(STALL_SECONDS)) from error


class SegmentSources:
    """Which sources a recorded file belongs to, read from the record as it grows."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._read = 0
        self._sources: dict[str, set[str]] = {}

    def of(self, sha256: str) -> frozenset[str]:
        """Sources whose segment, or notes beside it, has this digest."""
        for entry in self._room.entries[self._read :]:
            event = entry.recorded.event
            if isinstance(event, SegmentClosed):
                for digest in (event.segment_sha256, event.notes_sha256):
                    self._sources.setdefault(digest, set()).add(event.source)
        self._read = len(self._room.entries)
        return frozenset(self._sources.get(sha256, ()))


def holds_share(state: State, person: str, envelope_sha256: str) -> bool:
    """Whether ``person`` holds a share of this envelope and the time to use it has come."""
    if state.phase == "decrypting":
        for supplier, bid in state.bids.items():
            if bid.envelope_sha256 == envelope_sha256:
                return person in state.kit_openers or state.supplier_of(person) == supplier
    return any(
        person in found.holders and any(item.envelope_sha256 == envelope_sha256 for item in found.envelopes.values())
        for found in state.sealed.values()
    )
