"""Large ciphertexts as streams: C2SP chunked encryption, "Cobblestone-256", in constant memory.

Source: https://c2sp.org/chunked-encryption (AES-256-GCM, HKDF-Expand-SHA-512, chunks of 16 KiB, a 24-byte salt and a
32-byte key commitment in front). The scheme commits to its key: no ciphertext opens under two keys, which plain
AES-GCM allows. From outside a ciphertext is bound by the SHA-256 of all its bytes, computed while they pass by; a tree
of chunk hashes would only add the place of a damage.
"""

import hashlib
from collections.abc import Callable
from typing import BinaryIO

import msgspec
from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from app.errors import InputError

CHUNK_BYTES = 16 * 1024
TAG_BYTES = 16
PREFIX_BYTES = 24 + 32
KEY_BYTES = 32

_PIECE = 1 << 20
# Bounds stated by the library for update_into().
_ENCRYPT_ROOM = _PIECE + _PIECE // 1024 + 16_456
_DECRYPT_ROOM = _PIECE + 16_400


class Digest(msgspec.Struct, frozen=True):
    """Size in bytes and SHA-256 (hex) of one stream."""

    size: int
    sha256: str


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
    key: bytes, context: bytes, source: BinaryIO, target: BinaryIO, meter: Meter | None = None
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
    encryptor = Cobblestone256Encryptor(key, context)
    piece, room = memoryview(bytearray(_PIECE)), memoryview(bytearray(_ENCRYPT_ROOM))
    plain, sealed = hashlib.sha256(), hashlib.sha256()
    plain_size = cipher_size = 0
    while count := _read_into(source, piece):
        plain.update(piece[:count])
        plain_size += count
        written = encryptor.update_into(piece[:count], room)
        sealed.update(room[:written])
        _write_all(target, room[:written])
        cipher_size += written
        meter.advance(count)
    last = encryptor.finalize()
    sealed.update(last)
    _write_all(target, memoryview(last))
    return Digest(plain_size, plain.hexdigest()), Digest(cipher_size + len(last), sealed.hexdigest())


def decrypt_stream(
    key: bytes, context: bytes, source: BinaryIO, size: int, target: BinaryIO, meter: Meter | None = None
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
    decryptor = Cobblestone256Decryptor(key, context)
    piece, room = memoryview(bytearray(_PIECE)), memoryview(bytearray(_DECRYPT_ROOM))
    plain = hashlib.sha256()
    plain_size, left = 0, size
    try:
        while left:
            count = _read_into(source, piece[: min(left, _PIECE)])
            if not count:
                raise InputError("stream.truncated")
            left -= count
            written = decryptor.update_into(piece[:count], room)
            plain.update(room[:written])
            _write_all(target, room[:written])
            plain_size += written
            meter.advance(count)
        last = decryptor.finalize()
    except InvalidTag:
        # One answer for every cause, so that the error tells an attacker nothing.
        raise InputError("stream.invalid") from None
    plain.update(last)
    _write_all(target, memoryview(last))
    return Digest(plain_size + len(last), plain.hexdigest())


def hash_stream(source: BinaryIO, size: int, meter: Meter | None = None) -> str:
    """SHA-256 (hex) of exactly the next ``size`` bytes of ``source``.

    Raises:
        InputError: ``stream.truncated``, ``stream.cancelled``.
    """
    meter = meter or Meter()
    digest, left = hashlib.sha256(), size
    piece = memoryview(bytearray(min(size, _PIECE)))
    while left:
        count = _read_into(source, piece[: min(left, _PIECE)])
        if not count:
            raise InputError("stream.truncated")
        digest.update(piece[:count])
        left -= count
        meter.advance(count)
    return digest.hexdigest()


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
