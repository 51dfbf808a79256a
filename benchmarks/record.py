"""How fast the record is, beside named peers: python benchmarks/record.py [ENTRIES [MEGABYTES]]

Prints one line a measure: ours, the peer's, the ratio. Entries are about 500 bytes. Where a disk is in play,
each side's best of ten turns counts. The last measure writes an archive with MEGABYTES of recordings (default 2000)
and compares its verification, every byte against digest and name, with ``sha256sum`` and ``openssl dgst -sha256`` on
the same file, best of three.
"""

import base64
import hashlib
import json
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import repeat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.record.archive import ArchivedBlob, save_archive
from app.record.checkpoint import sign_checkpoint
from app.record.entry import build_entry, parse_entry
from app.record.evidence import StoredCheckpoint, StoredCosignature, StoredStamp
from app.record.log import MerkleTree
from app.record.store import Store
from app.record.verifier import verify_archive

CASE = "bench"
SEGMENT_MB = 50
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


class Recorded:
    """A case of many recorded segments, each a repeated block; an :class:`app.record.archive.ArchiveSource`."""

    case = CASE
    rulepack = None

    def __init__(self, megabytes: int) -> None:
        self.certificates: dict[str, bytes] = {}
        key = Ed25519PrivateKey.generate()
        self._blobs: dict[str, ArchivedBlob] = {}
        opened = {
            "type": "case_opened",
            "rehearsal": True,
            "host_key": key.public_key().public_bytes_raw().hex(),
            "host_certificate": base64.b64encode(b"host").decode(),
            "blob_keys": ["segment_sha256"],
        }
        events: list[dict[str, object]] = [opened]
        for number in range(0, megabytes, SEGMENT_MB):
            block = secrets.token_bytes(1_000_000)
            count = min(SEGMENT_MB, megabytes - number)
            digest = hashlib.sha256()
            for _ in range(count):
                digest.update(block)
            self._blobs[digest.hexdigest()] = ArchivedBlob(False, count * len(block), partial(repeat, block, count))
            events.append({"type": "segment_closed", "segment_sha256": digest.hexdigest()})
        salt = bytes(16)
        self._entries = [build_entry(CASE, index, NOW, "host", salt, event) for index, event in enumerate(events)]
        log = MerkleTree()
        for item in self._entries:
            log.append(item)
        self._note = StoredCheckpoint(log.size, sign_checkpoint(CASE, log.size, log.root(), key))

    def entries(self) -> list[bytes]:
        return self._entries

    def checkpoints(self) -> list[StoredCheckpoint]:
        return [self._note]

    def cosignatures(self) -> list[StoredCosignature]:
        return []

    def stamps(self) -> list[StoredStamp]:
        return []

    def blob(self, sha256: str) -> ArchivedBlob | None:
        return self._blobs.get(sha256)


def verify_big(folder: Path, megabytes: int) -> None:
    """Our verification of a big archive beside two programs that only hash it."""
    path = folder / "big.bidroom"
    size = save_archive(path, Recorded(megabytes)).bytes

    def work() -> None:
        failed = verify_archive(path).first_failed
        assert failed is None, failed

    def peer(*command: str) -> None:
        subprocess.run([*command, str(path)], check=True, capture_output=True)

    peers = {"sha256sum": ("sha256sum",), "openssl": ("openssl", "dgst", "-sha256")}
    peer("sha256sum")  # all then read what the system has in memory, as far as it fits
    turns = [(seconds(work), *(seconds(partial(peer, *one)) for one in peers.values())) for _ in range(3)]
    ours, *others = (min(side) for side in zip(*turns, strict=True))
    for name, theirs in zip(peers, others, strict=True):
        print(
            f"{'verify an archive':34} {size / 1e6:7.0f} MB       ours {size / ours / 1e6:7.0f} MB/s  "
            f"{name} {size / theirs / 1e6:7.0f} MB/s  ratio {theirs / ours:.2f}"
        )


def main() -> None:
    """Run all."""
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
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
    if megabytes:
        with tempfile.TemporaryDirectory() as name:
            verify_big(Path(name), megabytes)


if __name__ == "__main__":
    main()
