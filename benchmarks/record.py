"""How fast the record is, beside named peers: python benchmarks/record.py [ENTRIES]

Prints one line a measure: ours, the peer's, the ratio. Entries are about 500 bytes. Where a disk is in play,
each side's best of ten turns counts.
"""

import hashlib
import json
import secrets
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from app.record.entry import build_entry, parse_entry
from app.record.log import MerkleTree
from app.record.store import Store

CASE = "bench"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def entries(count: int) -> list[bytes]:
    """Entries as a session writes them."""
    event = {"type": "segment_closed", "source": "officer/camera", "text": "开标" * 40}
    return [
        build_entry(CASE, index, NOW, "host", secrets.token_bytes(16), {**event, "number": index})
        for index in range(count)
    ]


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def show(name: str, count: int, ours: float, peer: str, theirs: float) -> None:
    """One line."""
    print(
        f"{name:34} {count:7} entries  ours {count / ours:10.0f}/s  {peer} {count / theirs:10.0f}/s  "
        f"ratio {theirs / ours:.2f}"
    )


def append_one_by_one(folder: Path, data: list[bytes]) -> float:
    """Each entry its own transaction, on disk before the next."""
    with Store.at(folder / "ours", CASE) as store:

        def work() -> None:
            for item in data:
                store.append([item])

        return seconds(work)


def sqlite_one_by_one(folder: Path, data: list[bytes]) -> float:
    """The same with sqlite3 alone: WAL, synchronous=FULL, one insert a commit."""
    connection = sqlite3.connect(folder / "peer.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE entries (number INTEGER PRIMARY KEY, bytes BLOB)")

    def work() -> None:
        for number, item in enumerate(data):
            connection.execute("BEGIN")
            connection.execute("INSERT INTO entries VALUES (?, ?)", (number, item))
            connection.execute("COMMIT")

    taken = seconds(work)
    connection.close()
    return taken


def tree(data: list[bytes]) -> float:
    """Leaves, nodes and the root of every tenth head."""

    def work() -> None:
        log = MerkleTree()
        for number, item in enumerate(data):
            log.append(item)
            if number % 10 == 0:
                log.root()

    return seconds(work)


def hash_loop(data: list[bytes]) -> float:
    """hashlib alone: one leaf hash an entry and as many node hashes."""

    def work() -> None:
        last = bytes(32)
        for item in data:
            leaf = hashlib.sha256(b"\x00" + item).digest()
            last = hashlib.sha256(b"\x01" + last + leaf).digest()

    return seconds(work)


def main() -> None:
    """Run all."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    data = entries(count)
    few = data[:300]
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / str(number) for number in range(10)]
        for folder in folders:
            folder.mkdir()
        rounds = [(append_one_by_one(folder, few), sqlite_one_by_one(folder, few)) for folder in folders]
        ours, theirs = (min(side) for side in zip(*rounds, strict=True))
        show("append and fsync, one by one", len(few), ours, "sqlite3", theirs)
    show("tree anew, every 10th root", count, tree(data), "hashlib loop", hash_loop(data))
    parsed = seconds(lambda: [parse_entry(item) for item in data])
    show("parse and check the form", count, parsed, "json.loads", seconds(lambda: [json.loads(item) for item in data]))


if __name__ == "__main__":
    main()
