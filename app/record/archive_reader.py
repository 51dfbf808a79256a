"""Reading a case archive: strict about its form, and trusting nothing that it says."""

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from app.canon import parse_canonical
from app.errors import BidroomError, InputError
from app.record.archive import CHECKPOINTS, COSIGNATURES, ENTRIES, FORMAT, FULL, MANIFEST, RULEPACK, STAMPS, VERIFIER
from app.record.checkpoint import NOTE_LIMIT
from app.record.container import Member, member_lines, member_pieces, read_members
from app.record.entry import ENTRY_LIMIT, Entry, decode_base64, parse_entry
from app.record.evidence import StoredCheckpoint, StoredCosignature, StoredStamp

MANIFEST_LIMIT = 256 * 1024 * 1024
_TEXT_LIMIT = 4 * 1024 * 1024
_LINE_LIMIT = 4 * NOTE_LIMIT
_FIXED = frozenset(
    {MANIFEST, "README.en.txt", "README.zh.txt", VERIFIER, CHECKPOINTS, COSIGNATURES, ENTRIES, STAMPS, RULEPACK}
)
_REQUIRED = _FIXED - {RULEPACK}
_BY_DIGEST = re.compile(r"(?:blobs|sealed)/[0-9a-f]{64}|certificates/[0-9a-f]{64}\.[a-z0-9]{1,8}")
_HEX64 = re.compile(r"[0-9a-f]{64}")


class Hidden(msgspec.Struct, frozen=True):
    """An entry that this edition does not show: only its leaf hash (32 bytes)."""

    index: int
    leaf: bytes


class Listed(msgspec.Struct, frozen=True):
    """A line of the manifest."""

    size: int
    sha256: str


class ArchiveReader:
    """An open archive. Use as a context manager.

    Attributes:
        case, edition, size, root: as the manifest says (root as hex); the verifier checks them.
        members: the files by name.
        listed: what the manifest says of them.
        on_read: told how many bytes of entries and files were read; what it raises ends the reading.
    """

    def __init__(self, path: Path) -> None:
        """Open and read the container and the manifest.

        Raises:
            InputError: ``container.*``, ``archive.*``, ``input.*``; ``archive.not_opened``.
        """
        self.on_read: Callable[[int], None] = _unwatched
        try:
            self._file = open(path, "rb")  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise InputError("archive.not_opened", error=type(error).__name__) from error
        try:
            self.members = {member.name: member for member in read_members(self._file)}
            self._require_names()
            self._read_manifest()
        except OSError as error:
            self.close()
            raise InputError("archive.not_opened", error=type(error).__name__) from error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @property
    def full(self) -> bool:
        """Whether nothing is hidden by intent."""
        return self.edition == FULL

    def entry_lines(self) -> Iterator[bytes | Hidden]:
        """The exact bytes of each entry, or what stands in for a hidden one.

        Raises:
            InputError: ``archive.line``, ``archive.hidden_line``.
        """
        for index, line in enumerate(member_lines(self._file, self.members[ENTRIES], ENTRY_LIMIT)):
            self.on_read(len(line))
            if not line.startswith(b'{"leaf":'):
                yield line
                continue
            value = parse_canonical(line, 128)
            if not isinstance(value, dict) or value.keys() != {"leaf"} or not _is_hex64(value["leaf"]):
                raise InputError("archive.hidden_line", index=index)
            yield Hidden(index, bytes.fromhex(value["leaf"]))

    def entries(self) -> Iterator[Entry | Hidden]:
        """The entries, parsed; raises InputError as :func:`app.record.entry.parse_entry`."""
        for line in self.entry_lines():
            yield line if isinstance(line, Hidden) else parse_entry(line)

    def checkpoints(self) -> Iterator[StoredCheckpoint]:
        """The notes as they stand there; InputError ``archive.line``, ``archive.malformed``."""
        for value in self._rows(CHECKPOINTS, {"size": int, "note": str}):
            yield StoredCheckpoint(value["size"], value["note"])

    def cosignatures(self) -> Iterator[StoredCosignature]:
        """The lines as they stand there; InputError ``archive.line``, ``archive.malformed``."""
        for value in self._rows(COSIGNATURES, {"size": int, "name": str, "line": str}):
            yield StoredCosignature(value["size"], value["name"], value["line"])

    def stamps(self) -> Iterator[StoredStamp]:
        """The stamps as they stand there; InputError ``archive.line``, ``archive.malformed``."""
        for value in self._rows(STAMPS, {"size": int, "at": str, "token": str}):
            try:
                token = decode_base64(value["token"], "token")
            except InputError:
                raise InputError("archive.malformed", name=STAMPS) from None
            yield StoredStamp(value["size"], value["at"], token)

    def has_blob(self, sha256: str) -> bool:
        """Whether the file of that digest is here in the clear."""
        return f"blobs/{sha256}" in self.members

    def blob_pieces(self, sha256: str) -> Iterator[bytes]:
        """The bytes of a file, in pieces; whether they have that digest, the verifier's step ``container`` has said.

        Raises:
            InputError: ``blob.missing``.
        """
        member = self.members.get(f"blobs/{sha256}")
        if member is None:
            raise InputError("blob.missing", digest=sha256)
        return self._pieces(member)

    def member_pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of any file by its name in the archive, as they are; InputError ``archive.missing``."""
        member = self.members.get(name)
        if member is None:
            raise InputError("archive.missing", name=name)
        return self._pieces(member)

    def read_blob(self, sha256: str, limit: int) -> bytes:
        """A whole file of at most ``limit`` bytes.

        Raises:
            InputError: ``blob.missing``, ``blob.too_large``, ``blob.damaged``.
        """
        pieces = self.blob_pieces(sha256)
        if self.members[f"blobs/{sha256}"].size > limit:
            raise InputError("blob.too_large", limit=limit)
        data = b"".join(pieces)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise InputError("blob.damaged", digest=sha256)
        return data

    def read(self, name: str, limit: int = _TEXT_LIMIT) -> bytes:
        """A whole small file by name; InputError ``archive.missing``, ``input.too_large``."""
        member = self.members.get(name)
        if member is None:
            raise InputError("archive.missing", name=name)
        if member.size > limit:
            raise InputError("input.too_large", limit=limit)
        return b"".join(self._pieces(member))

    def digest(self, name: str) -> str:
        """The SHA-256 (hex) of a file as it is; reads all of it."""
        digest = hashlib.sha256()
        for piece in self._pieces(self.members[name]):
            digest.update(piece)
        return digest.hexdigest()

    def _pieces(self, member: Member) -> Iterator[bytes]:
        for piece in member_pieces(self._file, member):
            self.on_read(len(piece))
            yield piece

    def _require_names(self) -> None:
        for name in self.members:
            if name not in _FIXED and not _BY_DIGEST.fullmatch(name):
                raise InputError("archive.unknown_file", name=name)
        for name in sorted(_REQUIRED):
            if name not in self.members:
                raise InputError("archive.missing", name=name)

    def _read_manifest(self) -> None:
        member = self.members[MANIFEST]
        if member.size > MANIFEST_LIMIT:
            raise InputError("input.too_large", limit=MANIFEST_LIMIT)
        lines = member_lines(self._file, member, 4096)
        first = _fields(next(lines, b""), {"format": str, "case": str, "edition": str, "size": int, "root": str})
        if first["format"] != FORMAT:
            raise InputError("archive.format", name=first["format"][:100])
        if not _is_hex64(first["root"]):
            raise InputError("archive.malformed", name=MANIFEST)
        self.case: str = first["case"]
        self.edition: str = first["edition"]
        self.size: int = first["size"]
        self.root: str = first["root"]
        self.listed: dict[str, Listed] = {}
        for line in lines:
            value = _fields(line, {"name": str, "size": int, "sha256": str})
            self.listed[value["name"]] = Listed(value["size"], value["sha256"])
        if list(self.listed) != [name for name in self.members if name != MANIFEST]:
            raise InputError("archive.manifest_differs")

    def _rows(self, name: str, fields: dict[str, type]) -> Iterator[dict[str, Any]]:
        member: Member = self.members[name]
        for line in member_lines(self._file, member, _LINE_LIMIT):
            yield _fields(line, fields, name)


def _fields(line: bytes, fields: dict[str, type], name: str = MANIFEST) -> dict[str, Any]:
    try:
        value = parse_canonical(line, _LINE_LIMIT)
    except BidroomError:
        raise InputError("archive.malformed", name=name) from None
    if not isinstance(value, dict) or value.keys() != fields.keys():
        raise InputError("archive.malformed", name=name)
    for field, kind in fields.items():
        item = value[field]
        if type(item) is not kind or (isinstance(item, int) and not 0 <= item < 2**53):
            raise InputError("archive.malformed", name=name)
    return value


def _unwatched(_size: int) -> None:
    pass


def _is_hex64(value: object) -> bool:
    return isinstance(value, str) and _HEX64.fullmatch(value) is not None
