"""The kept cases of released versions, and what the owner of such a host could make of them: all its keys are here."""

import hashlib
import json
import lzma
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from record_case import b64, repack, write

from app.canon import canonical
from app.record.checkpoint import parse_note, sign_checkpoint
from app.record.log import MerkleTree

HERE = Path(__file__).parent
VERSIONS = tuple(sorted(path.name for path in HERE.iterdir() if (path / "expect.txt").exists()))
NEWEST = VERSIONS[-1]

Entry = dict[str, Any]


@cache
def archive_bytes(version: str = NEWEST) -> bytes:
    """The kept archive."""
    return lzma.decompress((HERE / version / "case.bidroom.xz").read_bytes())


@cache
def database_bytes(version: str = NEWEST) -> bytes:
    """The kept database."""
    return lzma.decompress((HERE / version / "record.sqlite.xz").read_bytes())


def roots(version: str = NEWEST) -> bytes:
    """The trust roots that a reader brings along."""
    return (HERE / version / "trust.pem").read_bytes()


def case_id(version: str = NEWEST) -> str:
    return (HERE / version / "case.txt").read_text().strip()


def expect(version: str = NEWEST) -> tuple[int, bytes]:
    """The head that a reader brings along."""
    size, _, root = (HERE / version / "expect.txt").read_text().strip().partition(":")
    return int(size), bytes.fromhex(root)


class Forger:
    """Rewrites the newest kept case as the owner of its host can: every hash, digest and head that follows is made
    anew and signed with the host's keys. What it cannot sign: acts of people, cosignatures, documents.

    Attributes:
        entries: parsed; ``files``: by name in the archive.
        witnessed: keep the cosignatures of the true record.
        log_key: signs the heads.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.witnessed = False
        self.log_key = Ed25519PrivateKey.from_private_bytes((HERE / NEWEST / "log.key").read_bytes())
        self.first: dict[str, Any] = {}
        write(path, archive_bytes())
        self.files: dict[str, bytes] = {}
        repack(path, lambda files, first: (self.files.update(files), self.first.update(first)))  # type: ignore[func-returns-value]
        self.entries: list[Entry] = [json.loads(line) for line in self.files["entries.jsonl"].splitlines()]
        self.sizes = [json.loads(line)["size"] for line in self.files["checkpoints.jsonl"].splitlines()]

    def of(self, kind: str, number: int = 0, **fields: Any) -> Entry:
        """An entry whose event is of this type and has these fields."""
        return list(self.all(kind, **fields))[number]

    def all(self, kind: str, **fields: Any) -> Iterator[Entry]:
        for entry in self.entries:
            event = entry["event"]
            if event["type"] == kind and all(event.get(name) == value for name, value in fields.items()):
                yield entry

    def file(self, digest: str) -> bytes:
        return self.files[f"blobs/{digest}"]

    def replace_file(self, digest: str, content: bytes) -> str:
        """Another content; every event (no signed command) that named the old one names the new one."""
        del self.files[f"blobs/{digest}"]
        new = hashlib.sha256(content).hexdigest()
        self.files[f"blobs/{new}"] = content
        for entry in self.entries:
            entry["event"] = _renamed(entry["event"], digest, new)
        return new

    def remove(self, index: int, count: int = 1) -> None:
        """Take entries out and number the rest anew."""
        del self.entries[index : index + count]
        self._number(index, -count)

    def insert(self, index: int, event: Entry, actor: str = "host") -> None:
        at = self.entries[index - 1]["at"]
        entry = {"v": 1, "case": self.first["case"], "index": index, "at": at, "actor": actor, "salt": "ab" * 16}
        self.entries.insert(index, entry | {"event": event, "command": None})
        self._number(index, 1)

    def _number(self, changed: int, by: int) -> None:
        for place, entry in enumerate(self.entries):
            entry["index"] = place
            command = entry["command"]
            if isinstance(command, dict) and command.get("because", -1) >= changed:
                command["because"] += by

    def write(self) -> Path:
        """The forged archive, everything that the host's keys can sign signed."""
        lines = [canonical(entry) for entry in self.entries]
        tree, notes = MerkleTree(), []
        sizes = {size for size in self.sizes if size < len(lines)} | {len(lines)}
        for line in lines:
            tree.append(line)
            if tree.size in sizes:
                notes.append({"note": self.sign(tree.size, tree.root()), "size": tree.size})
        self.files["entries.jsonl"] = b"".join(line + b"\n" for line in lines)
        self.files["checkpoints.jsonl"] = b"".join(canonical(note) + b"\n" for note in notes)
        if not self.witnessed:
            self.files["cosignatures.jsonl"] = b""
        return self.repack(lambda _files, first: first.update(size=tree.size, root=tree.root().hex()))

    def repack(self, change: Callable[[dict[str, bytes], dict[str, Any]], None]) -> Path:
        """Write ``files`` into a container in which all digests fit."""

        def put(files: dict[str, bytes], first: dict[str, Any]) -> None:
            files.clear()
            files.update(self.files)
            change(files, first)

        repack(self.path, put)
        return self.path

    def sign(self, size: int, root: bytes) -> str:
        return sign_checkpoint(self.first["case"], size, root, self.log_key)


def _renamed(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, old, new) for item in value]
    return new if value == old else value


__all__ = ["Entry", "Forger", "archive_bytes", "b64", "case_id", "database_bytes", "expect", "parse_note", "roots"]
