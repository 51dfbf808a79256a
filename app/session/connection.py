"""One desk's connection on the host: handshake, commands, what it may see, its heads and cosignatures.

Everything that comes in is limited and judged here; what goes out is what :mod:`app.session.rules.visibility` lets out.
A desk that does not read is cut, so that nobody waits for it. Longer than other files: all that a stranger can reach
is judged here, and is read together.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from aiohttp import WSMsgType, web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.ca.blind import blind
from app.ca.signatures import verify_signature
from app.clock import parse_stamp, stamp
from app.errors import BidroomError, InputError
from app.logs import get_logger
from app.record.acts import parse_command
from app.record.entry import SignedCommand
from app.session.case_trust import CaseTrust
from app.session.room import Entry, Room
from app.session.rules import commands
from app.session.rules.access import heard_by, witnesses
from app.session.rules.command import Command
from app.session.rules.event import Grave
from app.session.rules.events import to_builtins
from app.session.rules.grave import statement
from app.session.rules.people import Role
from app.session.rules.state import CLOSED, State
from app.session.rules.visibility import may_see, visibility_key
from app.session.signin import base64_text, check_sign_in, drawn, unbase64
from app.session.wire import messages as wire
from app.tasks import TaskSet

_log = get_logger("connection")

QUEUE_BYTES = 256 * 1024 * 1024
"""What may wait for a desk that reads slowly; a whole record of some hundred thousand entries fits."""
COMMANDS_PER_SECOND = 50
OVER_LIMIT = 500
"""Messages over the rate that are refused before the connection is cut."""
BATCH, BATCH_BYTES = 500, 4 * 1024 * 1024
HEAD_SECONDS = 0.05
RELAY_SECONDS = 1.0
"""How soon after somebody's cosignature the others get it."""
RELAY_CROWD = 20
"""Desks above which it takes longer, up to twice as long."""
RELAYED = 64
HEAD_CROWD = 10
"""Desks that get a head every HEAD_SECONDS; each checks and cosigns it, so with more of them it takes longer."""
HELLO_SECONDS = 10.0
SIGN_IN_SECONDS = 180.0
"""A person may have to find the token and enter its PIN."""


class Desk(Protocol):
    """What the host does for a connection besides the record."""

    async def carry_out(self, person: str, command: Command) -> Command:
        """Do what must be done before a command is decided (check an upload); gives the command to record."""
        ...

    def done(self, person: str, command: Command) -> None:
        """A command is in the record."""
        ...

    async def lease(self, person: str, document: str) -> tuple[str, int]:
        """Wait for one's turn to sign; the document's present digest and seconds."""
        ...

    async def media_offer(self, person: str, offer: wire.MediaOffer) -> str:
        """Connect a desk's media; the answer."""
        ...

    def arrived(self, person: str, connection: "Connection") -> None: ...

    async def left(self, person: str, connection: "Connection") -> None: ...

    def clock_sample(self, person: str, milliseconds: int) -> None: ...


class Connection:
    """From WebSocket to room and back; see the module."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        room: Room,
        desk: Desk,
        trust: CaseTrust,
        signed_in: Callable[[], None] = lambda: None,
    ) -> None:
        self.person = ""
        self.session = ""
        self.access = secrets.token_urlsafe(32)
        self._socket = socket
        self._transport = transport
        self._room = room
        self._desk = desk
        self._trust = trust
        self._signed_in = signed_in
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._queued = 0  # characters that wait to be sent
        self._sent = 0  # entries whose leaf was sent
        self._previewed = 0
        self._hidden: set[int] = set()
        self._key: tuple[object, ...] = ()
        self._head = asyncio.Event()
        self._relay = asyncio.Event()
        self._heard: set[str] = set(room.cosignatures)  # whose newest cosignature is still to be relayed
        self._tokens = float(COMMANDS_PER_SECOND)
        self._refilled = 0.0
        self._over = 0
        self._tasks = TaskSet()

    # --- life ---

    async def run(self) -> None:
        """Serve until either side ends."""
        nonce = secrets.token_bytes(32)
        try:
            async with asyncio.timeout(SIGN_IN_SECONDS):
                await self._handshake(nonce)
        except InputError as error:
            with contextlib.suppress(ConnectionError):
                await self._say(wire.RefusedCommand(0, error.code, dict(error.facts)))
            return
        except (TimeoutError, ConnectionError):
            return
        self._signed_in()
        sender = asyncio.create_task(self._send_all(), name=f"send to {self.person}")
        header = asyncio.create_task(self._send_heads(), name=f"heads to {self.person}")
        relay = asyncio.create_task(self._send_cosignatures(), name=f"cosignatures to {self.person}")
        self._heard.discard(self.person)
        self._relay.set()
        stop_listening = self._room.listen(self)
        stop_hearing = self._room.listen_to_cosignatures(self.cosigned)
        try:
            self._desk.arrived(self.person, self)
            with contextlib.suppress(InputError):  # a closed case records nothing more
                await self._room.report(commands.ReportConnection(person=self.person, connected=True))
            self.refresh()
            async for frame in self._socket:
                if frame.type is not WSMsgType.TEXT:
                    break
                await self._receive(frame.data)
                if self._over > OVER_LIMIT:
                    _log.warning("desk says too much", person=self.person)
                    self._transport.abort()
                    break
        finally:
            stop_listening()
            stop_hearing()
            await self._tasks.close()
            for task in (sender, header, relay):
                task.cancel()
            await asyncio.gather(sender, header, relay, return_exceptions=True)
            with contextlib.suppress(BidroomError):
                await self._desk.left(self.person, self)

    async def _handshake(self, nonce: bytes) -> None:
        async with asyncio.timeout(HELLO_SECONDS):
            hello = await self._next()
        if not isinstance(hello, wire.Hello):
            raise InputError("message.unexpected")
        if hello.version != wire.VERSION:
            raise InputError("message.version", version=wire.VERSION)
        now = stamp(self._room.clock.now())
        certificate = base64_text(self._room.keys.certificate)
        await self._say(wire.Welcome(wire.VERSION, self._room.case, nonce.hex(), certificate, now))
        for attempt in range(5):
            message = await self._next()
            try:
                if isinstance(message, wire.Resume):
                    await self._resume(message, nonce)
                elif isinstance(message, wire.SignIn):
                    await self._sign_in(message, nonce)
                else:
                    raise InputError("message.unexpected")
            except InputError as error:
                _log.info("sign-in refused", code=error.code, attempt=attempt)
                await self._note_wrong_code(message, error.code)
                await self._say(wire.RefusedCommand(0, error.code, dict(error.facts)))
                continue
            sequence = self._room.last_sequence(self.session)
            await self._say(wire.SignedIn(self.person, self.session, sequence, self.access))
            return
        raise InputError("sign_in.too_many")

    async def _sign_in(self, message: wire.SignIn, nonce: bytes) -> None:
        host = bytes.fromhex(self._room.keys.fingerprint)
        trust, evidence = await self._trust.for_sign_in(self._room.state, message)
        report = check_sign_in(
            self._room.state, message, nonce=nonce, host=host, trust=trust, now=self._room.clock.now()
        )
        self._trust.require(report.revocation)
        kept_evidence = [self._room.blobs.put_bytes(one).sha256 for one in (*evidence.ocsp, *evidence.crls)]
        report = msgspec.structs.replace(report, evidence_sha256=tuple(kept_evidence))
        if self._room.state.phase == CLOSED:  # nothing is recorded any more: it comes to read
            self._room.reads(report.person, report.session)
            self.person, self.session = report.person, report.session
            return
        picture = drawn(message)
        if picture:
            kept = self._room.blobs.put_bytes(picture, self._room.keys.case_key)
            report = msgspec.structs.replace(report, drawn_signature_sha256=kept.sha256)
        if self._room.state.has_role(report.person, Role.MEMBER):
            named = unbase64(report.encryption_certificate)
            nameless = blind(named, self._room.keys.host_key, self._room.clock.now())
            report = msgspec.structs.replace(report, blind_certificate=base64_text(nameless))
        await self._room.report(report)
        self.person, self.session = report.person, report.session

    async def _note_wrong_code(self, message: wire.ToHost, code: str) -> None:
        """A wrong one-use code is recorded, so that it is void after a few and nobody can guess it by trying."""
        if code != "sign_in.code" or not isinstance(message, wire.SignIn):
            return
        known = self._room.state.codes.get(message.person)
        if known is not None and not known.used:
            await self._room.report(commands.ReportSignInRefused(person=message.person, code=code))

    async def _resume(self, message: wire.Resume, nonce: bytes) -> None:
        person = self._room.person_of(message.session)
        if person is None:
            raise InputError("sign_in.session_unknown")
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(message.session))
            key.verify(unbase64(message.signature), b"bidroom resume " + nonce)
        except (InvalidSignature, ValueError) as error:
            raise InputError("sign_in.signature") from error
        self.person, self.session = person, message.session

    async def _next(self) -> wire.ToHost:
        frame = await self._socket.receive()
        if frame.type is not WSMsgType.TEXT:
            raise InputError("message.malformed")
        return wire.decode_to_host(frame.data)

    # --- in ---

    async def _receive(self, frame: str) -> None:
        number = 0
        try:
            self._spend()
            message = wire.decode_to_host(frame)
            number = getattr(message, "number", 0)
            if isinstance(message, wire.Command):
                indexes = await self._command(message)
                self.put(wire.Accepted(number, indexes if self._witness else (), self._sent if self._witness else 0))
            elif isinstance(message, wire.Cosign):
                if self.session in self._room.state.sessions:  # a reader's key is in no entry: it witnesses nothing
                    await self._room.cosigned(self.person, message.size, message.line)
            elif isinstance(message, wire.Lease | wire.MediaOffer):
                self._tasks.start(self._answer_later(message), f"answer {self.person}")
            elif isinstance(message, wire.Ping):
                self._ping(message)
            else:
                raise InputError("message.unexpected")
        except InputError as error:
            self.put(wire.RefusedCommand(number, error.code, dict(error.facts)))

    async def _answer_later(self, message: wire.Lease | wire.MediaOffer) -> None:
        """What takes time does not hold up the commands that follow."""
        try:
            if isinstance(message, wire.Lease):
                digest, seconds = await self._desk.lease(self.person, message.document)
                self.put(wire.Leased(message.number, message.document, digest, seconds))
            else:
                answer = await self._desk.media_offer(self.person, message)
                self.put(wire.MediaAnswer(message.number, answer))
        except InputError as error:
            self.put(wire.RefusedCommand(message.number, error.code, dict(error.facts)))

    def _spend(self) -> None:
        now = self._room.clock.monotonic()
        self._tokens = min(2.0 * COMMANDS_PER_SECOND, self._tokens + (now - self._refilled) * COMMANDS_PER_SECOND)
        self._refilled = now
        if self._tokens < 1:
            self._over += 1
            raise InputError("message.too_many")
        self._tokens -= 1

    async def _command(self, message: wire.Command) -> tuple[int, ...]:
        """Check that the session said this, and the token under a grave act, then let the room decide."""
        room = self._room
        signed, signature = unbase64(message.signed), unbase64(message.signature)
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.session)).verify(signature, signed)
        except InvalidSignature as error:
            raise InputError("command.signature") from error
        if room.person_of(self.session) != self.person:
            raise InputError("sign_in.session_unknown")
        body = parse_command(signed, wire.INBOUND_LIMIT)
        if body.case != room.case or body.session.hex() != self.session:
            raise InputError("command.foreign")
        carried = SignedCommand(signed, signature, bytes.fromhex(self.session))
        before = room.answered(body, carried)
        if before is not None:
            return before
        command = commands.from_builtins(body.command)
        self._check_grave(command)
        decided = await self._desk.carry_out(self.person, command)
        indexes = await room.act(self.person, body, decided, carried)
        self._desk.done(self.person, command)
        return indexes

    def _check_grave(self, command: Command) -> None:
        grave: Grave | None = getattr(command, "grave", None)
        if grave is None:
            return
        exact = unbase64(grave.statement)
        if exact != statement(self._room.case, self.person, command):
            raise InputError("command.grave_differs")
        if grave.certificate != self._room.state.certificates.get(self.person):
            raise InputError("command.grave_certificate")
        if not verify_signature(unbase64(grave.certificate), exact, unbase64(grave.signature)):
            raise InputError("command.grave_signature")

    def _ping(self, message: wire.Ping) -> None:
        now = self._room.clock.now()
        try:
            offset = (parse_stamp(message.at) - now).total_seconds() * 1000
        except (ValueError, OverflowError) as error:
            raise InputError("message.malformed") from error
        self._desk.clock_sample(self.person, round(offset))
        self.put(wire.Pong(message.at, stamp(now)))

    # --- out ---

    def announced(self, entries: Sequence[Entry]) -> None:
        """New entries: as entries for a witness, as a preview before the opening; reveals what may be seen now."""
        self.refresh()

    def headed(self, note: str) -> None:
        self._head.set()

    def cosigned(self, person: str) -> None:
        """Somebody cosigned: the line goes to whoever may hear it, with the next relay."""
        if person != self.person:
            self._heard.add(person)
            self._relay.set()

    @property
    def _witness(self) -> bool:
        return witnesses(self._room.state, self.person)

    def refresh(self) -> None:
        """Send what is new and what has become visible."""
        state = self._room.state
        if self._room.person_of(self.session) != self.person:  # the certificate was reset: the session is over
            self._transport.close()
            return
        if not self._witness:
            self._preview(state)
            return
        key = visibility_key(state, self.person)
        if key != self._key:
            self._key = key
            self._reveal(state)
        fresh = self._room.entries[self._sent :]
        self._sent += len(fresh)
        self._put_entries([self._item(state, entry) for entry in fresh])
        if fresh:
            self._head.set()

    def _put_entries(self, items: list[wire.EntryItem]) -> None:
        """Entries in messages that no desk refuses for their size."""
        batch: list[wire.EntryItem] = []
        size = 0
        for item in items:
            if batch and (len(batch) >= BATCH or size + len(item.data) > BATCH_BYTES):
                self.put(wire.Entries(tuple(batch)))
                batch, size = [], 0
            batch.append(item)
            size += len(item.data)
        if batch:
            self.put(wire.Entries(tuple(batch)))

    def _item(self, state: State, entry: Entry) -> wire.EntryItem:
        index = entry.recorded.index
        if may_see(state, self.person, entry.recorded):
            return wire.EntryItem(index, entry.leaf.hex(), entry.data.decode())
        self._hidden.add(index)
        return wire.EntryItem(index, entry.leaf.hex(), "")

    def _reveal(self, state: State) -> None:
        now_seen = [i for i in sorted(self._hidden) if may_see(state, self.person, self._room.entries[i].recorded)]
        if now_seen:
            self._hidden.difference_update(now_seen)
            shown = (self._room.entries[i] for i in now_seen)
            self._put_entries([wire.EntryItem(e.recorded.index, e.leaf.hex(), e.data.decode()) for e in shown])

    def _preview(self, state: State) -> None:
        items = []
        for entry in self._room.entries[self._previewed :]:
            recorded = entry.recorded
            if may_see(state, self.person, recorded):
                items.append(wire.PreviewItem(stamp(recorded.at), recorded.actor, to_builtins(recorded.event)))
        self._previewed = len(self._room.entries)
        if items:
            self.put(wire.Preview(tuple(items)))

    def put(self, message: wire.Message) -> None:
        """Queue a message; a desk that does not read is cut, so that nobody waits for it."""
        text = wire.encode(message)
        if self._queued and self._queued + len(text) > QUEUE_BYTES:
            _log.warning("desk does not read", person=self.person)
            self._transport.abort()
            return
        self._queued += len(text)
        self._queue.put_nowait(text)

    def cut(self) -> None:
        """End the connection from this side; the desk comes back by itself."""
        self._transport.close()

    async def _send_all(self) -> None:
        while True:
            text = await self._queue.get()
            self._queued -= len(text)
            try:
                await self._socket.send_str(text)
            except (ConnectionError, RuntimeError):
                return

    async def _send_heads(self) -> None:
        """At most twenty heads a second, fewer where many listen: the last one stands for all before it."""
        while True:
            await self._head.wait()
            self._head.clear()
            if self._witness:
                self.put(wire.Head(self._room.note, self._witnesses()))
            await asyncio.sleep(HEAD_SECONDS * max(1.0, self._room.listening / HEAD_CROWD))

    async def _send_cosignatures(self) -> None:
        """What others cosigned, so that each desk can check that they saw the same record."""
        while True:
            await self._relay.wait()
            await asyncio.sleep(RELAY_SECONDS * min(2.0, max(1.0, self._room.listening / RELAY_CROWD)))
            self._relay.clear()
            if not self._witness:
                continue
            some = sorted(self._heard)[:RELAYED]
            self._heard.difference_update(some)
            if self._heard:
                self._relay.set()
            room = self._room
            lines = [
                wire.Cosigned(person, size, room.tree.root(size).hex(), line)
                for person, (size, line) in ((one, room.cosignatures[one]) for one in some)
                if heard_by(room.state, self.person, person)
            ]
            if lines:
                self.put(wire.Head(room.note, self._witnesses(), tuple(lines)))

    def _witnesses(self) -> dict[str, int]:
        """Who has cosigned what, as far as this person is told."""
        state = self._room.state
        return {p: size for p, size in self._room.witnesses.items() if heard_by(state, self.person, p)}

    async def _say(self, message: wire.Message) -> None:
        await self._socket.send_str(wire.encode(message))
