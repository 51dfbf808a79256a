"""A desk's side of a case (客户端): signs in, keeps its own copy of the record, acts, witnesses, comes back by itself.

The client trusts the host with nothing it can check (:mod:`app.session.own_copy`): it cosigns what is consistent, and
holds an act for recorded only when the entry with its own signed bytes is in the tree that it built itself. Longer than
other files: the copy, the files and the acts are elsewhere, and what is left is one connection's life, in one place.
"""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

import aiohttp
import msgspec
from aiohttp import WSMsgType
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.ca.token import Act, KeyHolder
from app.clock import Clock, parse_stamp, stamp
from app.errors import FaultError, InputError
from app.logs import get_logger
from app.record.acts import Challenge, Head, build_challenge, build_command
from app.record.checkpoint import cosign
from app.session.files import Files
from app.session.head_memory import HeadMemory, KnownHead
from app.session.own_copy import OwnCopy
from app.session.rules import commands
from app.session.rules.command import Command
from app.session.rules.event import Grave, Recorded
from app.session.rules.grave import statement
from app.session.rules.people import Level
from app.session.rules.state import State
from app.session.signin import base64_text, supplier_id
from app.session.wire import messages as wire
from app.session.wire.link import Link
from app.session.witness_watch import WitnessWatch
from app.tasks import TaskSet

_log = get_logger("client")

Status = Literal["connecting", "connected", "reconnecting", "refused", "closed"]
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 3.0)
PING_SECONDS = 10.0
ANSWER_SECONDS = 120.0
REACH_SECONDS = 20.0
WATCH_SECONDS = 1.0


class Person(msgspec.Struct, frozen=True):
    """How one signs in.

    Attributes:
        level: personal token, organisation token (with ``name``), or staff-verified identity (``code``, ``drawn`` PNG).
    """

    level: Level
    key: KeyHolder
    name: str = ""
    code: str = ""
    drawn: bytes = b""


class Client:
    """One person in one case over one link. Belongs to one event loop.

    Attributes:
        files: uploads and downloads.
        status: see :data:`Status`; ``since`` is when it changed (clock's monotonic seconds).
    """

    def __init__(self, link: Link, person: Person, clock: Clock, memory: HeadMemory | None = None) -> None:
        """``memory``: where heads and alarms are kept between starts; without it nothing is remembered."""
        self.link = link
        self.who = person
        self.me = ""
        self.status: Status = "connecting"
        self.since = clock.monotonic()
        self.refusal: InputError | None = None
        self.witnesses: dict[str, int] = {}
        self.host_offset_ms = 0
        self.clock = clock
        self._key = Ed25519PrivateKey.generate()
        self._session = self._key.public_key().public_bytes_raw()
        self._memory = memory
        known = memory.load() if memory is not None else None
        self._copy = OwnCopy(link.case, link.fingerprint, known.head if known is not None else None)
        self._watch = WitnessWatch()
        self._cosigned = 0
        self._noted = ""
        self._unkept: KnownHead | None = None
        self._alarmed = False
        self._sequence = 0
        self._number = 0
        self.files = Files(link)
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._answers: dict[int, asyncio.Future[wire.Message]] = {}
        self._unacknowledged: dict[int, wire.Message] = {}
        self._listeners: list[Callable[[], None]] = []
        self._changed = asyncio.Event()
        self._reached = asyncio.Event()
        self._ready = asyncio.Event()
        self._tasks = TaskSet()
        self._closed = False

    @property
    def state(self) -> State:
        """The fold of what this person may see; replaced, never changed."""
        return self._copy.state

    @property
    def entries(self) -> dict[int, Recorded]:
        """What may be seen, by log index."""
        return self._copy.entries

    @property
    def head(self) -> tuple[int, str]:
        """Size and root (hex) of the largest head that was checked."""
        return self._copy.head

    @property
    def alarm(self) -> str:
        """Empty, or the code of what the host showed that cannot be; see :mod:`app.session.own_copy`."""
        return self._copy.alarm

    @property
    def silent(self) -> tuple[str, ...]:
        """Who is here by the record, but has not cosigned what this desk saw ten seconds ago: the host may be showing
        them another record. Compare with them outside the program (:meth:`root_at`)."""
        return self._watch.silent

    def root_at(self, size: int) -> str:
        """The root (hex) of the first ``size`` entries, for :mod:`app.session.head_code`; ValueError for too many."""
        return self._copy.root(size)

    def told_other(self, text: str, size: int) -> None:
        """Another person's head of ``size`` entries, told outside the program, is not this record's: the alarm."""
        self._copy.distrust("record.other_head_told")
        self._note_alarm(told=text[:200], size=size, root=self.root_at(size))
        self._tell()

    # --- life ---

    async def start(self) -> None:
        """Connect and sign in; returns when the record is here.

        Raises:
            InputError: the host refused the sign-in (``sign_in.*``), or the token did (``token.*``);
                ``link.other_host`` when another host than the link's answers.
            FaultError: ``client.unreachable`` when the host cannot be reached within 20 seconds.
        """
        self._tasks.start(self._run(), "desk connection")
        self._tasks.start(self._watch_witnesses(), "watch over the witnesses")
        try:
            async with asyncio.timeout(REACH_SECONDS):
                await self._reached.wait()
            async with asyncio.timeout(ANSWER_SECONDS):  # the person may have to enter a PIN
                await self._ready.wait()
        except TimeoutError as error:
            raise FaultError("client.unreachable", address=self.link.host, port=self.link.port) from error
        if self.refusal is not None:
            raise self.refusal

    async def close(self) -> None:
        """Leave."""
        self._closed = True
        self._set_status("closed")
        await self._tasks.close()
        await self._keep_head()
        await self.files.close()
        for future in self._answers.values():
            future.cancel()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Be told after the state, the status or the witnesses changed; returns the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def until(self, true: Callable[[State], bool], seconds: float = 60.0) -> State:
        """Wait until something is true of the state.

        Raises:
            TimeoutError: it did not become true in time.
        """
        async with asyncio.timeout(seconds):
            while not true(self.state):
                self._changed.clear()
                await self._changed.wait()
        return self.state

    def _set_status(self, status: Status) -> None:
        if status != self.status:
            self.status = status
            self.since = self.clock.monotonic()
        self._tell()

    def _tell(self) -> None:
        self._changed.set()
        for listener in tuple(self._listeners):
            listener()

    # --- connection ---

    async def _run(self) -> None:
        attempt = 0
        while not self._closed:
            try:
                await self._connect()
                attempt = 0
            except InputError as error:
                self._refuse(error)
                return
            except aiohttp.ServerFingerprintMismatch:
                if not self.me:  # at the first contact the link is wrong, or somebody else answers for the host
                    self._refuse(InputError("link.other_host", address=self.link.host, port=self.link.port))
                    return
            except (aiohttp.ClientError, OSError, TimeoutError, ConnectionError, FaultError) as error:
                _log.info("connection lost", error=type(error).__name__)
            self._set_status("reconnecting" if self.me else "connecting")
            await asyncio.sleep(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
            attempt += 1

    def _refuse(self, error: InputError) -> None:
        self.refusal = error
        self._set_status("refused")
        self._reached.set()
        self._ready.set()
        for future in self._answers.values():
            if not future.done():
                future.set_exception(error)

    async def _connect(self) -> None:
        async with self.files.http().ws_connect(
            self.files.url("desk"), ssl=self.files.pin(), heartbeat=10.0, max_msg_size=wire.OUTBOUND_LIMIT
        ) as socket:
            await self._handshake(socket)
            await self._resend(socket)
            self._socket = socket
            self._set_status("connected")
            ping = asyncio.create_task(self._ping(), name="clock samples")
            try:
                async for frame in socket:
                    if frame.type is not WSMsgType.TEXT:
                        break
                    await self._receive(wire.decode_to_desk(frame.data))
            finally:
                ping.cancel()
                self._socket = None
        raise ConnectionError("ended")

    async def _handshake(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        await socket.send_str(wire.encode(wire.Hello(wire.VERSION, self.link.case)))
        welcome = await self._next(socket)
        self._reached.set()
        if not isinstance(welcome, wire.Welcome):
            raise _refused(welcome)
        if welcome.version != wire.VERSION:
            raise InputError("message.version", version=welcome.version)
        if welcome.case != self.link.case:
            raise InputError("link.other_case", case=welcome.case)
        self.host_offset_ms = round((parse_stamp(welcome.at) - self.clock.now()).total_seconds() * 1000)
        nonce = bytes.fromhex(welcome.nonce)
        if self.me:
            signature = base64_text(self._key.sign(b"bidroom resume " + nonce))
            answer: wire.Message = wire.Resume(self._session.hex(), signature, self._copy.size)
        else:
            answer = await self._sign_in(nonce)
        await socket.send_str(wire.encode(answer))
        signed_in = await self._next(socket)
        if not isinstance(signed_in, wire.SignedIn):
            raise _refused(signed_in)
        self.me, self.files.access = signed_in.person, signed_in.access
        self._cosigned, self._noted = 0, ""
        self._sequence = max(self._sequence, signed_in.sequence)
        self._copy.begin()

    async def _sign_in(self, nonce: bytes) -> wire.SignIn:
        key, who = self.who.key, self.who
        person = self.link.person
        host = bytes.fromhex(self.link.fingerprint)
        person_id = person or supplier_id(self.link.case, key.signing_certificate, who.name)
        challenge = build_challenge(Challenge(self.link.case, host, person_id, self._session, nonce))
        act = Act("sign_in", {"case": self.link.case})
        return wire.SignIn(
            level=who.level.value,
            person=person,
            session=self._session.hex(),
            certificate=base64_text(key.signing_certificate),
            encryption_certificate=base64_text(key.encryption_certificate),
            chain=tuple(base64_text(item) for item in key.chain),
            challenge=base64_text(challenge),
            signature=base64_text(await key.sign(challenge, act)),
            invitation=self.link.secret,
            code=who.code,
            name=who.name,
            drawn=base64_text(who.drawn),
        )

    async def _next(self, socket: aiohttp.ClientWebSocketResponse) -> wire.ToDesk:
        frame = await socket.receive(timeout=30.0)
        if frame.type is not WSMsgType.TEXT:
            raise ConnectionError("ended")
        return wire.decode_to_desk(frame.data)

    async def _resend(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """What was said but not answered is said again in the same bytes and order, before anything new; the host does
        nothing twice."""
        last = 0
        while later := [number for number in self._unacknowledged if number > last]:
            last = later[0]
            await socket.send_str(wire.encode(self._unacknowledged[last]))

    async def _ping(self) -> None:
        while True:
            with contextlib.suppress(ConnectionError):
                await self._say(wire.Ping(stamp(self.clock.now())))
            await asyncio.sleep(PING_SECONDS)

    async def _say(self, message: wire.Message) -> None:
        if self._socket is None:
            raise ConnectionError("not connected")
        await self._socket.send_str(wire.encode(message))

    # --- in ---

    async def _receive(self, message: wire.ToDesk) -> None:
        match message:
            case wire.Entries():
                self._copy.take(message)
                self._note_alarm()
                self._tell()
            case wire.Preview():
                self._copy.preview(message)
                self._ready.set()
                self._tell()
            case wire.Head():
                await self._take_head(message)
            case wire.Accepted() | wire.RefusedCommand() | wire.Leased() | wire.MediaAnswer():
                future = self._answers.pop(message.number, None)
                if future is not None and not future.done():
                    future.set_result(message)
            case wire.Pong():
                sent = parse_stamp(message.asked)
                now = self.clock.now()
                middle = sent + (now - sent) / 2
                self.host_offset_ms = round((parse_stamp(message.at) - middle).total_seconds() * 1000)
            case wire.Goodbye():
                raise InputError(message.code)
            case _:
                raise InputError("message.unexpected")

    async def _take_head(self, message: wire.Head) -> None:
        """Cosign a head that the log key signed, over the tree that was built here; hear what others cosigned."""
        fresh = message.note != self._noted  # a relay of cosignatures repeats the head
        checkpoint = self._copy.witness(message.note) if fresh else None
        if checkpoint is not None:
            self._noted = message.note
        for item in message.cosigned:
            self._copy.hear(item)
        self._note_alarm(note=message.note, root=self._copy.head[1], size=self._copy.head[0])
        if checkpoint is None and fresh and not self.alarm:
            return  # its entries are on the way; a later head follows
        if checkpoint is not None and not self.alarm and checkpoint.size > self._cosigned:
            self._cosigned = checkpoint.size
            self._watch.saw(checkpoint.size, self.clock.monotonic())
            line = cosign(checkpoint, self.me, self._key, int(self.clock.now().timestamp()))
            with contextlib.suppress(ConnectionError):
                await self._say(wire.Cosign(checkpoint.size, line))
            self._unkept = KnownHead(message.note, stamp(self.clock.now()))
        self.witnesses = message.witnesses
        self._ready.set()
        self._tell()

    async def _keep_head(self) -> None:
        """The newest head to disk, at most once a second: there may be twenty."""
        known, self._unkept = self._unkept, None
        if known is not None and self._memory is not None:
            await asyncio.to_thread(self._memory.keep, known)

    async def _watch_witnesses(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            await self._keep_head()
            if self.status != "connected":
                self._watch.forget()
                continue
            before = self.silent
            if self._watch.look(self.state, self.me, self._copy.heard, self.clock.monotonic()):
                for person in sorted({*self.silent} - {*before}):
                    size, root = self.head
                    _log.warning("not witnessed", person=person)
                    self._keep_alarm("record.not_witnessed", about=person, size=size, root=root)
                self._tell()

    def _note_alarm(self, **facts: str | int) -> None:
        """The first thing that cannot be goes into this desk's own list, with what shows it."""
        if self.alarm and not self._alarmed:
            self._alarmed = True
            self._keep_alarm(self.alarm, **facts)

    def _keep_alarm(self, code: str, **facts: str | int) -> None:
        if self._memory is not None:
            self._memory.alarm(stamp(self.clock.now()), self.me, code, **facts)

    # --- acting ---

    async def do(self, command: Command) -> tuple[int, ...]:
        """Ask for something; returns the indexes of its entries when they are in the record (empty before a supplier
        is shown the record).

        Raises:
            InputError: the host refused, with the code; the alarm's code when the record cannot be believed.
            TimeoutError: no answer in two minutes; the command is said again after a reconnect.
        """
        self._sequence += 1
        size, root = self.head
        body = build_command(
            self.link.case,
            self._session,
            self._sequence,
            Head(size, bytes.fromhex(root)),
            commands.to_builtins(command),
        )
        self._number += 1
        number = self._number
        message = wire.Command(number, base64_text(body), base64_text(self._key.sign(body)))
        answer = await self._ask(number, message)
        if not isinstance(answer, wire.Accepted):
            raise _refused(answer)
        if answer.indexes:
            await self._recorded(answer.indexes, body)
        return answer.indexes

    async def grave(self, command: Command, act: Act | None = None) -> tuple[int, ...]:
        """As :meth:`do`, with the token's own signature under it; ``command`` has a placeholder in ``grave``.

        Raises:
            InputError: also ``token.*``.
        """
        exact = statement(self.link.case, self.me, command)
        key = self.who.key
        signature = await key.sign(exact, act or Act(commands.command_type(command), {"case": self.link.case}))
        signed = Grave(
            statement=base64_text(exact),
            signature=base64_text(signature),
            certificate=base64_text(key.signing_certificate),
        )
        changed: Any = msgspec.structs.replace(command, grave=signed)
        return await self.do(changed)

    async def _ask(self, number: int, message: wire.Message) -> wire.Message:
        future: asyncio.Future[wire.Message] = asyncio.get_running_loop().create_future()
        self._answers[number] = future
        self._unacknowledged[number] = message
        try:
            with contextlib.suppress(ConnectionError):
                await self._say(message)
            async with asyncio.timeout(ANSWER_SECONDS):
                return await future
        finally:
            self._answers.pop(number, None)
            self._unacknowledged.pop(number, None)

    async def _recorded(self, indexes: tuple[int, ...], body: bytes) -> None:
        """Wait until the entries are here, in a tree whose head the host signed, with the very bytes that we signed."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while self.head[0] <= max(indexes) and not self.alarm:
                self._changed.clear()
                await self._changed.wait()
        if not self.alarm:
            self._copy.check_own(indexes[0], body)
        if self.alarm:
            self._note_alarm()
            self._tell()
            raise InputError(self.alarm)

    async def lease(self, document: str) -> wire.Leased:
        """Wait for one's turn to sign a document.

        Raises:
            InputError: ``refused.not_signer``.
        """
        self._number += 1
        answer = await self._ask(self._number, wire.Lease(self._number, document))
        if not isinstance(answer, wire.Leased):
            raise _refused(answer)
        return answer

    async def media_exchange(self, offer: str, *, publishes: bool, name: str, kind: str) -> str:
        """Take a media offer (SDP) to the host; its answer.

        Raises:
            InputError: ``media.*``.
        """
        self._number += 1
        answer = await self._ask(self._number, wire.MediaOffer(self._number, offer, publishes, name, kind))
        if not isinstance(answer, wire.MediaAnswer):
            raise _refused(answer)
        return answer.sdp

    def host_now(self) -> datetime:
        """The host's time as measured from here."""
        return self.clock.now() + timedelta(milliseconds=self.host_offset_ms)


def _refused(message: object) -> InputError:
    if isinstance(message, wire.RefusedCommand):
        return InputError(message.code, **message.facts)
    return InputError("message.unexpected")
