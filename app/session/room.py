"""A case on its host: the one place where the record grows. Append and fsync, then apply, then announce.

A room holds the store, the tree, the engine and the blobs of one case. Whoever wants something to happen calls
:meth:`Room.act` (a person's signed command) or :meth:`Room.report` (the host's own). Listeners are told after the
record has it. Work that follows from the state (open a bid, issue a document) is found by
:func:`app.session.rules.effects.due` and done by registered workers, so a restarted host goes on from there.
"""

import asyncio
import contextlib
import os
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import msgspec

from app.clock import Clock, parse_stamp, stamp
from app.errors import BidroomError, InputError
from app.logs import get_logger
from app.record.acts import CommandBody, parse_command
from app.record.blobs import BlobStore
from app.record.checkpoint import Checkpoint, parse_note, parse_signature_line, sign_checkpoint, verify_cosignature
from app.record.entry import SALT_SIZE, Because, SignedCommand, build_entry, parse_entry
from app.record.log import MerkleTree
from app.record.store import AsyncStore, Store
from app.session.engine import Engine, Step
from app.session.keys import HostKeys
from app.session.rules.command import Command
from app.session.rules.commands import ReportConnection, ReportOutage
from app.session.rules.decide import Refused, next_deadline
from app.session.rules.effects import Effect, due
from app.session.rules.event import Event, Recorded
from app.session.rules.events import event_type, from_builtins, to_builtins
from app.session.rules.people import HOST
from app.session.rules.state import ANNOUNCED, CLOSED, FAILED, RECEIVING, State
from app.tasks import TaskSet

_log = get_logger("room")

TICK_SECONDS = 0.5
HEARTBEAT_SECONDS = 2.0
RETRY_SECONDS = 5.0
Worker = Callable[[Effect], Awaitable[None]]
Answered = dict[int, tuple[bytes, tuple[int, ...]]]
"""Sequence, in rising order → the bytes that were said and the indexes that were answered."""


class Entry(msgspec.Struct, frozen=True):
    """One entry in memory: exact bytes, leaf hash, and what it says."""

    data: bytes
    leaf: bytes
    recorded: Recorded


class Listener(Protocol):
    """Told after the record has it."""

    def announced(self, entries: Sequence[Entry]) -> None:
        """These entries are in the record now; must not block."""
        ...

    def headed(self, note: str) -> None:
        """A new signed head."""
        ...


class Room:
    """One case; see the module. All methods belong to one event loop."""

    def __init__(
        self, folder: Path, case: str, store: AsyncStore, keys: HostKeys, blobs: BlobStore, clock: Clock
    ) -> None:
        self.folder = folder
        self.case = case
        self.keys = keys
        self.blobs = blobs
        self.clock = clock
        self.store = store
        self.tree = MerkleTree()
        self.entries: list[Entry] = []
        self.witnesses: dict[str, int] = {}
        self.cosignatures: dict[str, tuple[int, str]] = {}
        self.note = ""
        self.workers: dict[type[Effect], Worker] = {}
        self._engine = Engine()
        self._lock = asyncio.Lock()
        self._listeners: list[Listener] = []
        self._told_of_cosignatures: list[Callable[[str], None]] = []
        self._tasks = TaskSet()
        self._working: set[Effect] = set()
        self._cosigned = asyncio.Event()
        self._readers: dict[str, str] = {}  # sessions that began after the case was closed
        self._sequences: dict[str, Answered] = {}
        self._carriers: dict[int, tuple[Answered, int]] = {}  # while the record is read back

    @property
    def state(self) -> State:
        """What is true now."""
        return self._engine.state

    def reads(self, person: str, session: str) -> None:
        """Let a person that signed in after the end read; kept in memory only, for nothing is recorded any more."""
        self._readers[session] = person

    def person_of(self, session: str) -> str | None:
        """Whose session (key, hex) this is."""
        return self.state.sessions.get(session) or self._readers.get(session)

    def now(self) -> datetime:
        """The host's time in whole milliseconds, as entries have it, so that a replay computes with the same."""
        return parse_stamp(stamp(self.clock.now()))

    # --- life ---

    @classmethod
    async def open(cls, folder: Path, case: str, clock: Clock) -> "Room":
        """Open the case in ``folder`` and read its record back; unfinished work is taken up when :meth:`start` runs.

        Raises:
            FaultError: ``record.*``, ``host.keys_missing``.
        """
        keys = HostKeys.load(folder)
        store = await AsyncStore.at(folder, case, mirror=_mirror(folder))
        blobs = BlobStore(folder / "blobs")
        blobs.sweep()
        room = cls(folder, case, store, keys, blobs, clock)
        for data in await store.read():
            room._remember(data)
        room._carriers.clear()
        return room

    def _remember(self, data: bytes) -> None:
        entry = parse_entry(data)
        self.tree.append(data)
        recorded = Recorded(entry.index, entry.at, entry.actor, from_builtins(entry.event))
        self.entries.append(Entry(data, self.tree.leaf(entry.index), recorded))
        self._engine.replay(recorded)
        command = entry.command
        if isinstance(command, SignedCommand):
            known = self._sequences.setdefault(command.session.hex(), {})
            sequence = _sequence(command.signed)
            known[sequence] = (command.signed, (entry.index,))
            self._carriers[entry.index] = (known, sequence)
        elif isinstance(command, Because) and entry.actor != HOST:  # the host's part follows, and is not its own
            known, sequence = self._carriers[command.index]
            signed, indexes = known[sequence]
            known[sequence] = (signed, (*indexes, entry.index))

    async def start(self) -> None:
        """Begin to keep time; notes the outage when the host was away during a session."""
        await self.store.run(_make_reserve)  # before anything else can take the room
        await self._note_outage()
        await self._sign_head()
        self._tasks.start(self._tick(), "clock of the room")
        self._tasks.start(self._beat(), "heartbeat of the room")
        self._find_work()

    async def close(self) -> None:
        await self._tasks.close()
        async with self._lock:
            await self.store.close()

    async def _note_outage(self) -> None:
        if not self.entries or self.state.phase == CLOSED:
            return
        if self.state.phase in (ANNOUNCED, RECEIVING, FAILED):  # no clock runs; but nobody is connected either
            for person in sorted(self.state.online):
                await self.report(ReportConnection(person=person, connected=False))
            return
        last = self.entries[-1].recorded.at
        with contextlib.suppress(OSError, ValueError):  # never written, or half written by a crash
            last = max(last, parse_stamp((self.folder / "heartbeat").read_text()))
        seconds = (self.clock.now() - last).total_seconds()
        await self.report(ReportOutage(seconds=Decimal(str(round(max(seconds, 0), 3))), last_seen=last))

    async def _beat(self) -> None:
        path, part = self.folder / "heartbeat", self.folder / "heartbeat.part"
        while True:
            try:
                part.write_text(stamp(self.clock.now()))
                os.replace(part, path)
            except OSError as error:
                _log.error("heartbeat not written", error=type(error).__name__)
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            wake = next_deadline(self.state, self.now())
            if wake is None or wake > self.now():
                continue
            try:
                async with self._lock:
                    await self._commit(self._engine.tick(self.now()), HOST, None)
            except BidroomError as error:  # a full disk must not stop the clock for good
                _log.error("clock not recorded", error=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Be told of everything that is recorded from now on; returns the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def listen_to_cosignatures(self, tell: Callable[[str], None]) -> Callable[[], None]:
        """Be told whose newest cosignature (:attr:`cosignatures`) was kept; returns the function that ends it."""
        self._told_of_cosignatures.append(tell)
        return lambda: self._told_of_cosignatures.remove(tell)

    @property
    def listening(self) -> int:
        """How many are told."""
        return len(self._listeners)

    # --- making things happen ---

    async def report(self, command: Command) -> tuple[int, ...]:
        """The host's own command; returns the indexes of its entries.

        Raises:
            InputError: when the rules refuse it.
        """
        return await self._whole(self._report(command))

    async def _report(self, command: Command) -> tuple[int, ...]:
        async with self._lock:
            return await self._commit(self._engine.step(HOST, command, self.now()), HOST, None)

    async def _whole(self, step: Coroutine[Any, Any, tuple[int, ...]]) -> tuple[int, ...]:
        """Record a step to its end even when whoever asked for it has gone: memory and store stay the same."""
        return await asyncio.shield(asyncio.get_running_loop().create_task(step, name="record"))

    async def act(self, person: str, body: CommandBody, command: Command, carried: SignedCommand) -> tuple[int, ...]:
        """A person's command, already proven to be the session's; the exact signed bytes go into the record.

        The same bytes again are answered as before; nothing happens twice.

        Raises:
            InputError: ``command.replayed`` for another command with a used sequence, ``command.head_unknown`` when it
                was given on a head this log never had, or the refusal of the rules.
        """
        return await self._whole(self._act(person, body, command, carried))

    async def _act(self, person: str, body: CommandBody, command: Command, carried: SignedCommand) -> tuple[int, ...]:
        async with self._lock:
            session = carried.session.hex()
            before = self.answered(body, carried)
            if before is not None:
                return before
            known = self._sequences.setdefault(session, {})
            if body.head.size > self.tree.size or (body.head.size and self.tree.root(body.head.size) != body.head.root):
                raise InputError("command.head_unknown")
            step = self._engine.step(person, command, self.now())
            indexes = await self._commit(step, person, carried)
            known[body.sequence] = (carried.signed, indexes)
            return indexes

    def answered(self, body: CommandBody, carried: SignedCommand) -> tuple[int, ...] | None:
        """The indexes of a command that was said before in the same bytes; None for a new one.

        Raises:
            InputError: ``command.replayed`` for another command with a used sequence.
        """
        session = carried.session.hex()
        known = self._sequences.get(session, {})
        if body.sequence in known:
            signed, indexes = known[body.sequence]
            if signed == carried.signed:
                return indexes
        if body.sequence <= self.last_sequence(session):
            raise InputError("command.replayed", index=body.sequence)
        return None

    def check(self, person: str, command: Command) -> None:
        """Raise InputError when the rules would refuse this command now; nothing happens."""
        step = self._engine.step(person, command, self.now())
        if isinstance(step, Refused):
            raise InputError(step.code, **step.facts)

    def last_sequence(self, session: str) -> int:
        """The highest sequence of a session that is in the record; 0 for none."""
        return next(reversed(self._sequences.get(session, {})), 0)

    def entry_of(self, name: str) -> Recorded | None:
        """The newest entry whose event is of this type."""
        return next((e.recorded for e in reversed(self.entries) if event_type(e.recorded.event) == name), None)

    async def _commit(self, step: Step | Refused, actor: str, carried: SignedCommand | None) -> tuple[int, ...]:
        if isinstance(step, Refused):
            raise InputError(step.code, **step.facts)
        if not step.events:
            return ()
        now = step.state.at or self.now()
        first = self.tree.size
        built: list[tuple[bytes, Recorded]] = []
        for offset, (by, event) in enumerate(step.events):
            command: SignedCommand | Because | None = None
            if carried is not None:
                command = carried if offset == 0 else Because(first)
            data = self._build(first + offset, now, by, event, command)
            built.append((data, Recorded(first + offset, now, by, event)))
        await self.store.append([data for data, _ in built])
        new: list[Entry] = []
        for data, recorded in built:
            self.tree.append(data)
            new.append(Entry(data, self.tree.leaf(recorded.index), recorded))
        self.entries.extend(new)
        self._engine.commit(step)
        for listener in tuple(self._listeners):
            listener.announced(new)
        await self._sign_head()
        self._find_work()
        return tuple(range(first, first + step.own))

    def _build(self, index: int, at: datetime, by: str, event: Event, command: SignedCommand | Because | None) -> bytes:
        salt = secrets.token_bytes(SALT_SIZE)
        return build_entry(self.case, index, at, by, salt, to_builtins(event), command)

    # --- heads and witnesses ---

    async def _sign_head(self) -> None:
        if not self.entries:
            return
        self.note = sign_checkpoint(self.case, self.tree.size, self.tree.root(), self.keys.log_key)
        try:
            await self.store.add_checkpoint(self.note)
        except BidroomError as error:  # the entries are there; the next head stands for this one
            _log.error("head not stored", error=str(error))
        for listener in tuple(self._listeners):
            listener.headed(self.note)

    async def cosigned(self, person: str, size: int, line: str) -> None:
        """A witness's signature over one of our heads.

        Raises:
            InputError: ``checkpoint.malformed``, ``checkpoint.not_signed``.
        """
        parsed = parse_signature_line(line)
        if parsed.name != person or not 0 < size <= self.tree.size:
            raise InputError("checkpoint.not_signed")
        origin = parse_note(self.note)[0].origin
        keys = [bytes.fromhex(key) for key, who in self.state.sessions.items() if who == person]
        if not verify_cosignature(Checkpoint(origin, size, self.tree.root(size)), parsed, keys):
            raise InputError("checkpoint.not_signed")
        await self.store.add_cosignature(size, line)
        self.witnesses[person] = max(size, self.witnesses.get(person, 0))
        self._cosigned.set()
        if size >= self.cosignatures.get(person, (0, ""))[0]:
            self.cosignatures[person] = (size, line)
            for tell in tuple(self._told_of_cosignatures):
                tell(person)

    async def witnessed(self, size: int) -> None:
        """Wait until everyone online has cosigned a head of at least ``size``."""
        while not all(self.witnesses.get(person, 0) >= size for person in self.state.online):
            self._cosigned.clear()
            await self._cosigned.wait()

    # --- work that follows from the state ---

    def _find_work(self) -> None:
        for effect in due(self.state):
            worker = self.workers.get(type(effect))
            if worker is not None and effect not in self._working:
                self._working.add(effect)
                self._tasks.start(self._work(effect, worker), f"work {type(effect).__name__}")

    async def _work(self, effect: Effect, worker: Worker) -> None:
        try:
            await worker(effect)
        except (BidroomError, OSError) as error:
            _log.error("work failed", name=type(effect).__name__, error=str(error))
            await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._working.discard(effect)
        self._find_work()


def _make_reserve(store: Store) -> None:
    if store.reserve is not None:
        store.reserve.fill()


def _sequence(signed: bytes) -> int:
    return parse_command(signed).sequence


def _mirror(folder: Path) -> Path | None:
    named = folder / "mirror.txt"
    return Path(named.read_text().strip()) if named.exists() else None
