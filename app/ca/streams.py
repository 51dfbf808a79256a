"""Large ciphertexts as streams: chunked encryption in constant memory, with the algorithms of a suite.

``intl-1`` is C2SP chunked encryption, "Cobblestone-256" (https://c2sp.org/chunked-encryption: AES-256-GCM,
HKDF-Expand-SHA-512, chunks of 16 KiB, a 24-byte salt and a 32-byte key commitment in front); ``gm-1`` is the same with
SM4 and SM3 (:mod:`app.ca.sm4_chunks`). Both commit to their key: no ciphertext opens under two keys, which plain GCM
allows. From outside a ciphertext is bound by the digest of all its bytes, computed while they pass by; a tree of chunk
hashes would only add the place of a damage.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import BinaryIO, Self

import msgspec
from cryptography.exceptions import InvalidTag

from app.ca.suite import INTL_1, Suite
from app.errors import InputError

CHUNK_BYTES = 16 * 1024
TAG_BYTES = 16
PREFIX_BYTES = 24 + 32
KEY_BYTES = 32

_PIECE = 1 << 20
_BEHIND = 2
_WORTH_A_THREAD = 1 << 18
# Bounds stated by the library for update_into().
_ENCRYPT_ROOM = _PIECE + _PIECE // 1024 + 16_456
_DECRYPT_ROOM = _PIECE + 16_400


class Digest(msgspec.Struct, frozen=True):
    """Size in bytes and digest (hex, of the suite's hash) of one stream."""

    size: int
    digest: str


class Meter:
    """Counts bytes done for a progress display and stops the work when it is no longer wanted.

    Attributes:
        done: bytes so far; may be read from any thread.
        total: bytes expected, 0 if unknown.
    """

    def __init__(self, total: int = 0, progress: Callable[[int, int], None] | None = None) -> None:
        self.total = total
        self.done = 0
        self._progress = progress
        self._cancelled = False

    def cancel(self) -> None:
        """Make the next :meth:`advance` raise; callable from any thread."""
        self._cancelled = True

    def advance(self, count: int) -> None:
        """Count ``count`` bytes more. Called on the working thread, as is ``progress(done, total)``.

        Raises:
            InputError: ``stream.cancelled``.
        """
        if self._cancelled:
            raise InputError("stream.cancelled")
        self.done += count
        if self._progress is not None:
            self._progress(self.done, self.total)


def sealed_size(size: int) -> int:
    """Bytes of ciphertext for ``size`` bytes of plaintext; the last chunk is always shorter than 16 KiB."""
    return PREFIX_BYTES + size + (size // CHUNK_BYTES + 1) * TAG_BYTES


def is_sealed_size(size: int) -> bool:
    """Whether some plaintext has exactly ``size`` bytes of ciphertext."""
    rest = (size - PREFIX_BYTES) % (CHUNK_BYTES + TAG_BYTES)
    return size >= PREFIX_BYTES + TAG_BYTES and rest >= TAG_BYTES


def encrypt_stream(
    key: bytes,
    context: bytes,
    source: BinaryIO,
    target: BinaryIO,
    meter: Meter | None = None,
    suite: Suite = INTL_1,
) -> tuple[Digest, Digest]:
    """Encrypt all of ``source`` into ``target``; gives the digests of the plaintext and of the ciphertext.

    Args:
        key: 32 uniformly random bytes; may serve any number of streams, each has its own salt.
        context: bound to the ciphertext, not part of it.

    Raises:
        InputError: ``stream.cancelled``.
        OSError: from either file.
    """
    meter = meter or Meter()
    encryptor = suite.encryptor(key, context)
    pieces, rooms = _ring(_PIECE), _ring(_ENCRYPT_ROOM)
    with Hasher(suite) as plain, Hasher(suite) as sealed:
        while count := _read_into(source, pieces[0]):
            plain.update(pieces[0][:count])
            written = encryptor.update_into(pieces[0][:count], rooms[0])
            sealed.update(rooms[0][:written])
            _write_all(target, rooms[0][:written])
            meter.advance(count)
            pieces.rotate(1)
            rooms.rotate(1)
        last = encryptor.finalize()
        sealed.update(memoryview(last))
        _write_all(target, memoryview(last))
        return plain.digest(), sealed.digest()


def decrypt_stream(
    key: bytes,
    context: bytes,
    source: BinaryIO,
    size: int,
    target: BinaryIO,
    meter: Meter | None = None,
    suite: Suite = INTL_1,
) -> Digest:
    """Decrypt exactly ``size`` bytes of ``source`` into ``target``; gives the digest of the plaintext.

    Every byte written has been authenticated, but the whole counts only when this returns: a cut stream shows itself
    at the end. The caller throws ``target`` away on any exception.

    Raises:
        InputError: ``stream.invalid`` (another key or context, changed, cut or extended), ``stream.truncated`` (the
            source ends early), ``stream.cancelled``.
        OSError: from either file.
    """
    meter = meter or Meter()
    decryptor = suite.decryptor(key, context)
    piece, rooms = memoryview(bytearray(_PIECE)), _ring(_DECRYPT_ROOM)
    left = size
    with Hasher(suite) as plain:
        try:
            while left:
                count = _read_into(source, piece[: min(left, _PIECE)])
                if not count:
                    raise InputError("stream.truncated")
                left -= count
                written = decryptor.update_into(piece[:count], rooms[0])
                plain.update(rooms[0][:written])
                _write_all(target, rooms[0][:written])
                meter.advance(count)
                rooms.rotate(1)
            last = decryptor.finalize()
        except InvalidTag:
            # One answer for every cause, so that the error tells an attacker nothing.
            raise InputError("stream.invalid") from None
        plain.update(memoryview(last))
        _write_all(target, memoryview(last))
        return plain.digest()


def hash_stream(source: BinaryIO, size: int, meter: Meter | None = None, suite: Suite = INTL_1) -> str:
    """Digest (hex) of exactly the next ``size`` bytes of ``source``.

    Raises:
        InputError: ``stream.truncated``, ``stream.cancelled``.
    """
    meter = meter or Meter()
    pieces, left = _ring(min(size, _PIECE)), size
    with Hasher(suite) as digest:
        while left:
            count = _read_into(source, pieces[0][: min(left, _PIECE)])
            if not count:
                raise InputError("stream.truncated")
            digest.update(pieces[0][:count])
            left -= count
            meter.advance(count)
            pieces.rotate(1)
        return digest.digest().digest


class Hasher:
    """A suite's hash on a thread beside the caller's: while one piece is hashed the next is read or encrypted.

    Hashing costs about as much as encrypting; both let go of the interpreter's lock. At most two pieces are
    under way: three buffers in turn (:func:`_ring`) are enough. A shorter queue would make both threads wait for each
    other on a busy machine. Leave the context before the buffers go.
    """

    def __init__(self, suite: Suite = INTL_1) -> None:
        self._hash = suite.new_hash()
        self._size = 0
        self._thread: ThreadPoolExecutor | None = None
        self._pending: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=True)

    def update(self, data: memoryview) -> None:
        """Take ``data``; returns when at most ``_BEHIND`` pieces are still to be hashed, this one among them."""
        self._size += len(data)
        if len(data) < _WORTH_A_THREAD:
            self._settle(0)
            self._hash.update(data)
            return
        self._settle(_BEHIND - 1)
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "digest")
        self._pending.append(self._thread.submit(self._hash.update, data))

    def digest(self) -> Digest:
        """Size and digest of all that was given."""
        self._settle(0)
        return Digest(self._size, self._hash.hexdigest())

    def _settle(self, left: int) -> None:
        while len(self._pending) > left:
            self._pending.popleft().result()


def _ring(size: int) -> deque[memoryview]:
    """Buffers to be used in turn, the present one first."""
    return deque(memoryview(bytearray(size)) for _ in range(_BEHIND + 1))


def _read_into(source: BinaryIO, buffer: memoryview) -> int:
    read_into = getattr(source, "readinto", None)
    if read_into is not None:
        return int(read_into(buffer) or 0)
    data = source.read(len(buffer))
    buffer[: len(data)] = data
    return len(data)


def _write_all(target: BinaryIO, data: memoryview) -> None:
    # An unbuffered file may take less than it is given.
    while data:
        data = data[target.write(data) :]
