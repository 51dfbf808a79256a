"""Files named by their digest: bids, documents, recorded segments. Confidential ones are encrypted where they lie."""

import hashlib
import os
import re
import secrets
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec
from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from app.errors import FaultError, InputError

BLOB_LIMIT = 8 * 1024**3 - 1
"""Bytes; what the size field of an archive member can say."""
CASE_KEY_SIZE = 32
PIECE = 1 << 20
_CONTEXT = b"bidroom blob at rest"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SEALED_SUFFIX = ".sealed"


class BlobRef(msgspec.Struct, frozen=True):
    """A stored file.

    Attributes:
        sha256: of the plaintext, 64 hex digits.
        size: bytes of plaintext.
        sealed: whether it lies encrypted under the case key.
    """

    sha256: str
    size: int
    sealed: bool


class BlobStore:
    """Content-addressed files under one folder: ``ab/abcd…`` in the clear, ``ab/abcd….sealed`` under the case key.

    A sealed file is C2SP chunked encryption (AES-256-GCM in chunks of 16 KiB, committing to its key). A file is written
    to ``incoming/*.part``, fsynced and renamed, so a name that exists is whole. May be used from several threads.
    """

    def __init__(self, folder: Path, limit: int = BLOB_LIMIT) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._limit = limit
        self._incoming.mkdir(parents=True, exist_ok=True)

    def sweep(self) -> int:
        """Throw away what a crash left unfinished; returns how many. Only while nobody writes."""
        left = list(self._incoming.glob("*.part"))
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def sweep_unnamed(self, named: Collection[str], before: float) -> int:
        """Throw away files that nothing names and that were last written before ``before`` (seconds since 1970);
        returns how many."""
        old = [digest for digest in self.digests() if digest not in named and self._written(digest) < before]
        for digest in old:
            self.discard(digest)
        return len(old)

    def discard(self, sha256: str) -> None:
        """Throw one file away; the caller knows that nothing names it."""
        path = self._find(sha256)
        if path is not None:
            path.unlink(missing_ok=True)

    def _written(self, sha256: str) -> float:
        return self._require(sha256).stat().st_mtime

    def writer(self, case_key: bytes | None = None, limit: int | None = None) -> "BlobWriter":
        """A writer for one file, piece by piece; with a case key (32 bytes) it lies encrypted."""
        return BlobWriter(self, self._incoming, case_key, self._limit if limit is None else min(limit, self._limit))

    @property
    def incoming(self) -> Path:
        """Where files lie that are not whole yet."""
        return self._incoming

    def adopt(self, part: Path, sha256: str) -> BlobRef:
        """Take over a whole file from :attr:`incoming`, fsynced, whose digest the caller has computed.

        Raises:
            OSError: from the disk.
        """
        size, found = part.stat().st_size, self._find(sha256)
        if found is None:
            self._adopt(part, sha256, False)
        else:
            part.unlink(missing_ok=True)
        return BlobRef(sha256, size, found is not None and found.suffix == _SEALED_SUFFIX)

    def put(
        self, source: BinaryIO | Iterable[bytes], case_key: bytes | None = None, limit: int | None = None
    ) -> BlobRef:
        """Keep all of ``source``, in constant memory.

        Raises:
            InputError: ``blob.too_large``.
            FaultError: ``blob.not_written``.
        """
        with self.writer(case_key, limit) as writer:
            for piece in _pieces(source):
                writer.write(piece)
            return writer.commit()

    def put_bytes(self, data: bytes, case_key: bytes | None = None) -> BlobRef:
        """Keep ``data``; raises as :meth:`put`."""
        return self.put((data,), case_key)

    def has(self, sha256: str) -> bool:
        """Whether there is such a file, sealed or not."""
        return self._find(sha256) is not None

    def is_sealed(self, sha256: str) -> bool:
        """Whether the file lies encrypted; InputError ``blob.missing``."""
        return self._require(sha256).suffix == _SEALED_SUFFIX

    def pieces(self, sha256: str, case_key: bytes | None = None) -> Iterator[bytes]:
        """The plaintext, piece by piece; what was given counts only when the iterator ends without an error.

        Raises:
            InputError: ``blob.missing``, ``blob.key_needed``.
            FaultError: ``blob.damaged``: not the bytes of that digest (or another key); ``blob.not_read``.
        """
        path = self._require(sha256)
        sealed = path.suffix == _SEALED_SUFFIX
        if sealed and case_key is None:
            raise InputError("blob.key_needed", digest=sha256)
        digest = hashlib.sha256()
        try:
            with open(path, "rb") as file:
                raw = iter(lambda: file.read(PIECE), b"")
                for piece in _decrypted(raw, case_key) if sealed and case_key is not None else raw:
                    digest.update(piece)
                    yield piece
        except OSError as error:
            raise FaultError("blob.not_read", digest=sha256, error=type(error).__name__) from error
        except InvalidTag:
            raise FaultError("blob.damaged", digest=sha256) from None
        if digest.hexdigest() != sha256:
            raise FaultError("blob.damaged", digest=sha256)

    def read(self, sha256: str, limit: int, case_key: bytes | None = None) -> bytes:
        """The whole plaintext of at most ``limit`` bytes; InputError ``blob.too_large`` and as :meth:`pieces`."""
        data = bytearray()
        for piece in self.pieces(sha256, case_key):
            data += piece
            if len(data) > limit:
                raise InputError("blob.too_large", limit=limit)
        return bytes(data)

    def size(self, sha256: str) -> int:
        """Bytes of plaintext, without reading it; InputError ``blob.missing``."""
        path = self._require(sha256)
        size = path.stat().st_size
        return _plain_size(size) if path.suffix == _SEALED_SUFFIX else size

    def sealed_size(self, sha256: str) -> int:
        """Bytes of a sealed file as it lies; InputError ``blob.missing``."""
        return self._require(sha256).stat().st_size

    def sealed_pieces(self, sha256: str) -> Iterator[bytes]:
        """A sealed file as it lies, still encrypted; raises as :meth:`pieces`."""
        path = self._require(sha256)
        try:
            with open(path, "rb") as file:
                yield from iter(lambda: file.read(PIECE), b"")
        except OSError as error:
            raise FaultError("blob.not_read", digest=sha256, error=type(error).__name__) from error

    def digests(self) -> Iterator[str]:
        """All files there are, in the order of their digests."""
        for folder in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            names = {path.name.removesuffix(_SEALED_SUFFIX) for path in folder.iterdir()}
            yield from sorted(name for name in names if _DIGEST.fullmatch(name))

    def path(self, sha256: str) -> Path:
        """Where an unsealed file lies, for readers of paths; InputError ``blob.missing``, ``blob.key_needed``."""
        path = self._require(sha256)
        if path.suffix == _SEALED_SUFFIX:
            raise InputError("blob.key_needed", digest=sha256)
        return path

    def _find(self, sha256: str) -> Path | None:
        if not _DIGEST.fullmatch(sha256):
            raise InputError("blob.not_a_digest")
        plain = self._folder / sha256[:2] / sha256
        for path in (plain, plain.with_name(sha256 + _SEALED_SUFFIX)):
            if path.is_file():
                return path
        return None

    def _require(self, sha256: str) -> Path:
        path = self._find(sha256)
        if path is None:
            raise InputError("blob.missing", digest=sha256)
        return path

    def _adopt(self, part: Path, sha256: str, sealed: bool) -> None:
        target = self._folder / sha256[:2] / (sha256 + (_SEALED_SUFFIX if sealed else ""))
        target.parent.mkdir(exist_ok=True)
        os.replace(part, target)
        sync_folder(target.parent)
        sync_folder(self._folder)


class BlobWriter:
    """Writes one file; without :meth:`commit` nothing stays. Use as a context manager."""

    def __init__(self, store: BlobStore, folder: Path, case_key: bytes | None, limit: int) -> None:
        if case_key is not None and len(case_key) != CASE_KEY_SIZE:
            raise ValueError("a case key has 32 bytes")
        self._store = store
        self._part = folder / f"{secrets.token_hex(16)}.part"
        self._encryptor = None if case_key is None else Cobblestone256Encryptor(case_key, _CONTEXT)
        self._digest = hashlib.sha256()
        self._limit = limit
        self._size = 0
        try:
            self._file = open(self._part, "xb")  # noqa: SIM115 - closed by commit and abort
        except OSError as error:
            raise FaultError("blob.not_written", error=type(error).__name__) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def write(self, piece: bytes) -> None:
        """Add bytes; InputError ``blob.too_large``, FaultError ``blob.not_written``."""
        self._size += len(piece)
        if self._size > self._limit:
            raise InputError("blob.too_large", limit=self._limit)
        self._digest.update(piece)
        try:
            self._file.write(piece if self._encryptor is None else self._encryptor.update(piece))
        except OSError as error:
            raise FaultError("blob.not_written", error=type(error).__name__) from error

    def commit(self) -> BlobRef:
        """Fsync and rename: the file is there, whole, when this returns; FaultError ``blob.not_written``."""
        sha256 = self._digest.hexdigest()
        sealed = self._encryptor is not None
        try:
            if self._encryptor is not None:
                self._file.write(self._encryptor.finalize())
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            # Made twice, a file stays as it is: what is sealed is not opened by putting it again in the clear.
            found = self._store._find(sha256)
            if found is None:
                self._store._adopt(self._part, sha256, sealed)
            else:
                sealed = found.suffix == _SEALED_SUFFIX
        except OSError as error:
            raise FaultError("blob.not_written", error=type(error).__name__) from error
        finally:
            self.abort()
        return BlobRef(sha256, self._size, sealed)

    def abort(self) -> None:
        """Throw away what was not committed."""
        try:
            self._file.close()
        except OSError:
            pass  # a full disk refuses the last flush of what is thrown away
        self._part.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` survive a power cut; NTFS journals its own and cannot open folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _pieces(source: BinaryIO | Iterable[bytes]) -> Iterator[bytes]:
    read = getattr(source, "read", None)
    return iter(lambda: read(PIECE), b"") if read is not None else iter(source)


def _decrypted(sealed: Iterable[bytes], case_key: bytes) -> Iterator[bytes]:
    decryptor = Cobblestone256Decryptor(case_key, _CONTEXT)
    for piece in sealed:
        yield decryptor.update(piece)
    yield decryptor.finalize()


def _plain_size(sealed_size: int) -> int:
    """C2SP chunked encryption: 56 bytes in front, 16 a chunk of 16 KiB, the last chunk always shorter."""
    body = sealed_size - 56
    return body - (body // (16 * 1024 + 16) + 1) * 16
