"""The truth of a case on disk: entries, checkpoints, cosignatures and stamps, kept by a database that only appends."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from app.clock import stamp
from app.errors import FaultError, InputError
from app.record.checkpoint import parse_note, parse_signature_line
from app.record.database import connect, disk_full
from app.record.entry import parse_entry
from app.record.evidence import StoredCheckpoint, StoredCosignature, StoredStamp
from app.record.log import MerkleTree, leaf_hash
from app.record.mirror import Mirror
from app.record.reserve import Reserve
from app.record.tables import checkpoints, cosignatures, entries, stamps

_PAGE = 1000
_T = TypeVar("_T")


class Store:
    """The record of one case in a database: SQLite in WAL mode, or another by its URL. Not for several threads at once.

    Attributes:
        case: the case id; several cases may share a database.
        mirror: the second copy, if one is kept; it reports damage and is never fatal.
        reserve: space of its own on the disk, used up step by step when the disk is full.
    """

    def __init__(self, url: str, case: str, *, mirror: Path | None = None, reserve: Reserve | None = None) -> None:
        """Open or create; brings the tables to the present version.

        Raises:
            FaultError: ``record.cannot_open``.
        """
        self.case = case
        self.reserve = reserve
        self._engine, self._connection = self._connect(url)
        try:
            self._size: int | None = self._count()
            self.mirror = None if mirror is None else Mirror(mirror)
            if self.mirror is not None:
                self.mirror.catch_up(self.read())
        except SQLAlchemyError as error:
            self.close()
            raise FaultError("record.cannot_open", error=type(error).__name__) from error

    @classmethod
    def at(cls, folder: Path, case: str, *, mirror: Path | None = None) -> Self:
        """The record in ``folder/record.sqlite`` with its reserve; makes the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{folder / 'record.sqlite'}", case, mirror=mirror, reserve=Reserve(folder))

    def _connect(self, url: str) -> tuple[sa.Engine, sa.Connection]:
        while True:
            try:
                return connect(url)
            except FaultError as error:
                cause = error.__cause__
                if not (isinstance(cause, SQLAlchemyError) and self._freed(cause)):
                    raise

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def size(self) -> int:
        """How many entries are on disk."""
        if self._size is None:
            self._size = self._count()
        return self._size

    def append(self, data: Sequence[bytes]) -> None:
        """Keep entries, all or none; they are on disk when this returns.

        Raises:
            InputError: ``entry.*``, ``input.*`` for bytes that are no entries; ``record.gap`` when an index is not the
                next, ``record.foreign`` for another case's entry. Nothing was written.
            FaultError: ``record.not_written``: the disk or the database refused. What is on disk is then asked anew.
        """
        rows = []
        for position, item in enumerate(data, self.size):
            entry = parse_entry(item)
            if entry.index != position:
                raise InputError("record.gap", index=entry.index, expected=position)
            if entry.case != self.case:
                raise InputError("record.foreign", index=entry.index)
            rows.append({"case_id": self.case, "index": position, "bytes": item, "leaf": leaf_hash(item)})
        if not rows:
            return
        first = self.size
        self._insert(entries, rows)
        self._size = first + len(rows)
        if self.mirror is not None:
            self.mirror.append(data, first)

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The exact bytes of the entries ``start`` to ``stop`` (not included; to the end by default), page by page."""
        stop = self.size if stop is None else min(stop, self.size)
        while start < stop:
            until = min(stop, start + _PAGE)
            query = (
                sa.select(entries.c.bytes)
                .where(entries.c.case_id == self.case, entries.c.index >= start, entries.c.index < until)
                .order_by(entries.c.index)
            )
            rows = self._select(query)
            if len(rows) != until - start:
                raise FaultError("record.gap_on_disk", index=start + len(rows))
            yield from (bytes(row[0]) for row in rows)
            start = until

    def tree(self) -> MerkleTree:
        """The tree of all entries, computed anew from their bytes.

        Raises:
            FaultError: ``record.damaged`` where the bytes on disk do not have the leaf hash written beside them.
        """
        tree = MerkleTree()
        query = sa.select(entries.c.leaf).where(entries.c.case_id == self.case).order_by(entries.c.index)
        leaves = [bytes(row[0]) for row in self._select(query)]
        for index, data in enumerate(self.read()):
            tree.append(data)
            if tree.leaf(index) != leaves[index]:
                raise FaultError("record.damaged", index=index)
        return tree

    def add_checkpoint(self, note: str) -> None:
        """Keep a checkpoint note; a second one of the same size must be the same bytes.

        Raises:
            InputError: ``checkpoint.*``, ``record.fork`` for another note of a size that has one.
            FaultError: ``record.not_written``.
        """
        checkpoint, _ = parse_note(note)
        query = sa.select(checkpoints.c.note).where(
            checkpoints.c.case_id == self.case, checkpoints.c.size == checkpoint.size
        )
        known = self._select(query)
        if known:
            if known[0][0] != note:
                raise InputError("record.fork", index=checkpoint.size)
            return
        self._insert(checkpoints, [{"case_id": self.case, "size": checkpoint.size, "note": note}])

    def add_cosignature(self, size: int, line: str) -> bool:
        """Keep a cosignature line over the checkpoint of ``size``; False where this name has cosigned it before.

        The signature is the caller's to check (:func:`app.record.checkpoint.verify_cosignature`).

        Raises:
            InputError: ``checkpoint.malformed``, ``record.no_checkpoint``.
            FaultError: ``record.not_written``.
        """
        name = parse_signature_line(line).name
        known = sa.select(checkpoints.c.size).where(checkpoints.c.case_id == self.case, checkpoints.c.size == size)
        if not self._select(known):
            raise InputError("record.no_checkpoint", index=size)
        table = cosignatures.c
        same = sa.select(table.size).where(table.case_id == self.case, table.size == size, table.name == name)
        if self._select(same):
            return False
        self._insert(cosignatures, [{"case_id": self.case, "size": size, "name": name, "line": line}])
        return True

    def add_stamp(self, size: int, at: datetime, token: bytes) -> None:
        """Keep an RFC 3161 token (DER) over the checkpoint body of ``size``; FaultError ``record.not_written``."""
        self._insert(stamps, [{"case_id": self.case, "size": size, "at": stamp(at), "token": token}])

    def checkpoints(self) -> list[StoredCheckpoint]:
        """All checkpoints, by size."""
        query = sa.select(checkpoints.c.size, checkpoints.c.note).where(checkpoints.c.case_id == self.case)
        return [StoredCheckpoint(row[0], row[1]) for row in self._select(query.order_by(checkpoints.c.size))]

    def last_checkpoint(self) -> StoredCheckpoint | None:
        """The newest checkpoint."""
        query = sa.select(checkpoints.c.size, checkpoints.c.note).where(checkpoints.c.case_id == self.case)
        rows = self._select(query.order_by(checkpoints.c.size.desc()).limit(1))
        return StoredCheckpoint(rows[0][0], rows[0][1]) if rows else None

    def cosignatures(self) -> list[StoredCosignature]:
        """All cosignatures, by size and name."""
        table = cosignatures.c
        query = sa.select(table.size, table.name, table.line).where(table.case_id == self.case)
        rows = self._select(query)
        return sorted((StoredCosignature(row[0], row[1], row[2]) for row in rows), key=lambda c: (c.size, c.name))

    def stamps(self) -> list[StoredStamp]:
        """All stamps, in the order in which they came."""
        table = stamps.c
        query = sa.select(table.size, table.at, table.token).where(table.case_id == self.case).order_by(table.id)
        return [StoredStamp(row[0], row[1], bytes(row[2])) for row in self._select(query)]

    def _count(self) -> int:
        query = sa.select(sa.func.coalesce(sa.func.max(entries.c.index) + 1, 0)).where(entries.c.case_id == self.case)
        return int(self._select(query)[0][0])

    def _select(self, query: sa.Select[*tuple[Any, ...]]) -> Sequence[Any]:
        try:
            with self._connection.begin():
                return self._connection.execute(query).all()
        except SQLAlchemyError as error:
            raise FaultError("record.not_read", error=type(error).__name__) from error

    def _insert(self, table: sa.Table, rows: list[dict[str, object]]) -> None:
        while True:
            try:
                with self._connection.begin():
                    self._connection.execute(sa.insert(table), rows)
                return
            except SQLAlchemyError as error:
                if self._freed(error):
                    continue  # SQLite has rolled back what found no room
                self._size = None  # a commit that reports a failure may have reached the disk all the same
                raise FaultError("record.not_written", error=type(error).__name__) from error

    def _freed(self, error: SQLAlchemyError) -> bool:
        """Whether the disk was full, and the reserve had something to give."""
        return disk_full(error) and self.reserve is not None and self.reserve.give()


class AsyncStore:
    """The store for asyncio: every call runs on one writer thread of its own, in the order of the calls."""

    def __init__(self, thread: ThreadPoolExecutor, store: Store) -> None:
        self._thread = thread
        self._store = store

    @classmethod
    async def open(cls, url: str, case: str, *, mirror: Path | None = None) -> Self:
        """As :class:`Store`."""
        return await cls._open(lambda: Store(url, case, mirror=mirror))

    @classmethod
    async def _open(cls, make: Callable[[], Store]) -> Self:
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="record")
        try:
            store = await asyncio.get_running_loop().run_in_executor(thread, make)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(thread, store)

    @classmethod
    async def at(cls, folder: Path, case: str, *, mirror: Path | None = None) -> Self:
        """As :meth:`Store.at`."""
        return await cls._open(lambda: Store.at(folder, case, mirror=mirror))

    async def run(self, work: Callable[[Store], _T]) -> _T:
        """Run ``work(store)`` on the writer thread, e.g. ``await store.run(Store.checkpoints)``."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._store)

    async def append(self, data: Sequence[bytes]) -> None:
        """As :meth:`Store.append`. A cancelled call may still be written: the caller awaits it or reopens."""
        kept = tuple(data)
        await self.run(lambda store: store.append(kept))

    async def read(self, start: int = 0, stop: int | None = None) -> list[bytes]:
        """As :meth:`Store.read`, as a list."""
        return await self.run(lambda store: list(store.read(start, stop)))

    async def add_checkpoint(self, note: str) -> None:
        """As :meth:`Store.add_checkpoint`."""
        await self.run(lambda store: store.add_checkpoint(note))

    async def add_cosignature(self, size: int, line: str) -> bool:
        """As :meth:`Store.add_cosignature`."""
        return await self.run(lambda store: store.add_cosignature(size, line))

    async def add_stamp(self, size: int, at: datetime, token: bytes) -> None:
        """As :meth:`Store.add_stamp`."""
        await self.run(lambda store: store.add_stamp(size, at, token))

    async def tree(self) -> MerkleTree:
        """As :meth:`Store.tree`."""
        return await self.run(Store.tree)

    async def size(self) -> int:
        """As :attr:`Store.size`."""
        return await self.run(lambda store: store.size)

    async def close(self) -> None:
        """Finish what is queued and let go of the files."""
        try:
            await self.run(Store.close)
        finally:
            self._thread.shutdown(wait=False)
