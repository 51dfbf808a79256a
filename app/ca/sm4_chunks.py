"""Chunked encryption with SM4-GCM and SM3, in the shape of C2SP chunked encryption: the streams of suite ``gm-1``.

Nobody has standardised such a construction with national algorithms; this one keeps to C2SP's Cobblestone-256 in every
length and every step, and exchanges AES-256-GCM for SM4-GCM and HKDF-Expand-SHA-512 for HKDF-Expand-SM3:

    material   = HKDF-Expand-SM3(key, "bidroom sm4-gcm chunks v1\\0" ‖ salt ‖ context, 60 bytes)
    SM4 key    = material[0:16]      base nonce = material[16:28]      commitment = material[28:60]
    ciphertext = salt (24 random bytes) ‖ commitment ‖ chunk 0 ‖ chunk 1 ‖ …
    chunk i    = SM4-GCM(SM4 key, base nonce XOR i as 12 bytes big-endian, no further data): ciphertext ‖ 16-byte tag

Every chunk but the last holds 16384 bytes of plaintext, the last one 0 to 16383: so the end is known by its length, and
what is cut or extended is refused. The commitment ends ciphertexts for two keys, which plain GCM allows; the salt makes
key and nonces new for each stream. The classes are used as ``cryptography``'s of the same task.
"""

import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

DOMAIN: Final = b"bidroom sm4-gcm chunks v1\x00"
CHUNK: Final = 16 * 1024
TAG: Final = 16
SALT: Final = 24
COMMITMENT: Final = 32

_NONCE: Final = 12
_SEALED: Final = CHUNK + TAG


class _Keys:
    def __init__(self, key: bytes, context: bytes, salt: bytes) -> None:
        if len(key) != 32:
            raise ValueError("sm4_chunks: a key has 32 bytes")
        info = DOMAIN + salt + context
        material = HKDFExpand(hashes.SM3(), 16 + _NONCE + COMMITMENT, info).derive(key)
        self.cipher = SM4(material[:16])
        self.commitment = material[16 + _NONCE :]
        self._base = int.from_bytes(material[16 : 16 + _NONCE], "big")
        self._number = 0

    def nonce(self) -> bytes:
        """The next chunk's."""
        nonce = (self._base ^ self._number).to_bytes(_NONCE, "big")
        self._number += 1
        return nonce


class Sm4ChunksEncryptor:
    """Encrypts one stream; ``key``: 32 random bytes, ``context`` is bound and not part of the ciphertext."""

    def __init__(self, key: bytes, context: bytes) -> None:
        salt = os.urandom(SALT)
        self._keys = _Keys(key, context, salt)
        self._ready = salt + self._keys.commitment
        self._rest = b""

    def update_into(self, data: memoryview, room: memoryview) -> int:
        """Encrypt what fills chunks, keep the rest; gives the number of bytes written to ``room``."""
        room[: len(self._ready)] = self._ready
        written, self._ready = len(self._ready), b""
        if self._rest:
            missing = CHUNK - len(self._rest)
            self._rest += bytes(data[:missing])
            data = data[missing:]
            if len(self._rest) == CHUNK:
                written += self._chunk(memoryview(self._rest), room[written:])
                self._rest = b""
        whole = len(data) - len(data) % CHUNK
        for place in range(0, whole, CHUNK):
            written += self._chunk(data[place : place + CHUNK], room[written:])
        self._rest += bytes(data[whole:])
        return written

    def finalize(self) -> bytes:
        """The last chunk, and what stands in front if nothing was given before."""
        room = bytearray(len(self._rest) + TAG)
        self._chunk(memoryview(self._rest), memoryview(room))
        return self._ready + bytes(room)

    def _chunk(self, plain: memoryview, room: memoryview) -> int:
        encryptor = Cipher(self._keys.cipher, GCM(self._keys.nonce())).encryptor()
        size = encryptor.update_into(plain, room) if plain else 0
        encryptor.finalize()
        room[size : size + TAG] = encryptor.tag
        return size + TAG


class Sm4ChunksDecryptor:
    """Decrypts one stream of :class:`Sm4ChunksEncryptor`; what it gives has been authenticated, chunk by chunk."""

    def __init__(self, key: bytes, context: bytes) -> None:
        self._key, self._context = key, context
        self._keys: _Keys | None = None
        self._rest = b""

    def update_into(self, data: memoryview, room: memoryview) -> int:
        """Decrypt what fills chunks, keep the rest; gives the number of bytes written to ``room``.

        Raises:
            InvalidTag: another key or context, or changed.
        """
        if self._keys is None:
            missing = SALT + COMMITMENT - len(self._rest)
            self._rest += bytes(data[:missing])
            data = data[missing:]
            if len(self._rest) < SALT + COMMITMENT:
                return 0
            self._begin()
        written = 0
        if self._rest:
            missing = _SEALED - len(self._rest)
            self._rest += bytes(data[:missing])
            data = data[missing:]
            if len(self._rest) < _SEALED:
                return 0
            written += self._chunk(memoryview(self._rest), room)
            self._rest = b""
        whole = len(data) - len(data) % _SEALED
        for place in range(0, whole, _SEALED):
            written += self._chunk(data[place : place + _SEALED], room[written:])
        self._rest = bytes(data[whole:])
        return written

    def finalize(self) -> bytes:
        """The last chunk's plaintext.

        Raises:
            InvalidTag: changed, cut or extended.
        """
        if self._keys is None or len(self._rest) < TAG:
            raise InvalidTag
        room = bytearray(len(self._rest))
        return bytes(room[: self._chunk(memoryview(self._rest), memoryview(room))])

    def _begin(self) -> None:
        salt, commitment = self._rest[:SALT], self._rest[SALT:]
        self._rest = b""
        keys = _Keys(self._key, self._context, salt)
        if not hmac.compare_digest(keys.commitment, commitment):
            raise InvalidTag
        self._keys = keys

    def _chunk(self, sealed: memoryview, room: memoryview) -> int:
        assert self._keys is not None
        body, tag = sealed[:-TAG], bytes(sealed[-TAG:])
        decryptor = Cipher(self._keys.cipher, GCM(self._keys.nonce(), tag)).decryptor()
        size = decryptor.update_into(body, room) if body else 0
        decryptor.finalize()
        return size
