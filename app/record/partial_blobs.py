"""Files that are on their way: what has come of a large upload stays when the connection or the host is lost.

One per owner: a second file of the same owner takes the first one's place, so nobody fills the disk with beginnings.
"""

import hashlib
import os
import re
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from app.canon import sha256_hex
from app.errors import FaultError, InputError
from app.record.blobs import PIECE, BlobRef, BlobStore

KEPT_SECONDS: Final = 2 * 86_400.0
"""A beginning that nobody continued for so long is thrown away."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SUFFIX = ".begun"


class PartialBlobs:
    """Beginnings of files in a store's ``incoming`` folder. May be used from several threads, one owner at a time."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    def size(self, owner: str, sha256: str) -> int:
        """Bytes that are there of ``owner``'s file with this digest; 0 when nothing is.

        Raises:
            InputError: ``blob.not_a_digest``.
        """
        path = self._path(owner, sha256)
        return path.stat().st_size if path.is_file() else 0

    def writer(self, owner: str, sha256: str, limit: int) -> "PartialWriter":
        """Continue ``owner``'s file where it ends, or begin it; any other beginning of this owner goes.

        Args:
            sha256: of the whole file, as its owner says.
            limit: bytes of the whole file at most.

        Raises:
            InputError: ``blob.not_a_digest``. FaultError: ``blob.not_written``.
        """
        path = self._path(owner, sha256)
        for other in self._store.incoming.glob(f"{_owner(owner)}-*{_SUFFIX}"):
            if other != path:
                other.unlink(missing_ok=True)
        return PartialWriter(self._store, path, sha256, limit)

    def sweep(self, kept: float = KEPT_SECONDS) -> int:
        """Throw away what was last written to longer than ``kept`` seconds ago; how many."""
        old = [path for path in self._store.incoming.glob(f"*{_SUFFIX}") if time.time() - path.stat().st_mtime > kept]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _path(self, owner: str, sha256: str) -> Path:
        if not _DIGEST.fullmatch(sha256):
            raise InputError("blob.not_a_digest")
        return self._store.incoming / f"{_owner(owner)}-{sha256}{_SUFFIX}"


class PartialWriter:
    """Writes on; what was written stays unless :meth:`commit` finds that it is not the file that was announced."""

    def __init__(self, store: BlobStore, path: Path, sha256: str, limit: int) -> None:
        self._store, self._path, self._sha256, self._limit = store, path, sha256, limit
        try:
            self._file = open(path, "ab")  # noqa: SIM115 - closed when the context ends
        except OSError as error:
            raise FaultError("blob.not_written", error=type(error).__name__) from error
        self.size = self._file.tell()
        self._digest = hashlib.sha256() if self.size == 0 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError:
            pass  # a full disk refuses the last flush; the size on the disk says what is there

    def write(self, piece: bytes) -> None:
        """Add bytes; InputError ``blob.too_large``, FaultError ``blob.not_written``."""
        if self.size + len(piece) > self._limit:
            raise InputError("blob.too_large", limit=self._limit)
        if self._digest is not None:
            self._digest.update(piece)
        try:
            self._file.write(piece)
        except OSError as error:
            raise FaultError("blob.not_written", error=type(error).__name__) from error
        self.size += len(piece)

    def commit(self) -> BlobRef:
        """All has come: check the digest (a file that was continued is read once more), fsync, put it into the store.

        Raises:
            InputError: ``blob.upload_differs``: other bytes than announced; nothing stays.
            FaultError: ``blob.not_written``.
        """
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            if self._found() != self._sha256:
                self._path.unlink(missing_ok=True)
                raise InputError("blob.upload_differs")
            return self._store.adopt(self._path, self._sha256)
        except OSError as error:
            raise FaultError("blob.not_written", error=type(error).__name__) from error

    def _found(self) -> str:
        if self._digest is not None:
            return self._digest.hexdigest()
        digest = hashlib.sha256()
        with open(self._path, "rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
        return digest.hexdigest()


def _owner(owner: str) -> str:
    return sha256_hex(owner.encode())[:16]
