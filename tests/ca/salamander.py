"""A ciphertext of plain AES-GCM that is valid under two keys, and how a stream's keys are derived: for the attacks."""

import hmac
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from app.ca import shares
from app.ca.suite import INTL_1, Suite

honest_split = shares.split


def times(x: int, y: int) -> int:
    """Multiplication in GHASH's field (NIST SP 800-38D 6.3)."""
    product = 0
    for bit in range(127, -1, -1):
        if (y >> bit) & 1:
            product ^= x
        x = (x >> 1) ^ (0xE1 << 120 if x & 1 else 0)
    return product


def inverse(x: int) -> int:
    result, power = 1 << 127, x
    for _ in range(127):
        power = times(power, power)
        result = times(result, power)
    return result


def block_cipher(suite: Suite) -> Any:
    return algorithms.AES if suite is INTL_1 else algorithms.SM4


def salamander(first: tuple[bytes, bytes], second: tuple[bytes, bytes], suite: Suite = INTL_1) -> bytes:
    """A GCM ciphertext with one tag that is valid under two (key, nonce) pairs: its third block is solved for."""
    blocks = [int.from_bytes(letter * 16, "big") for letter in (b"A", b"B")]
    length = 3 * 128
    sides = []
    for key, nonce in (first, second):
        encrypt = Cipher(block_cipher(suite)(key), modes.ECB()).encryptor().update
        h, tag = int.from_bytes(encrypt(bytes(16)), "big"), int.from_bytes(encrypt(nonce + b"\0\0\0\1"), "big")
        square = times(h, h)
        for coefficient, block in ((h, length), (times(square, h), blocks[1]), (times(square, square), blocks[0])):
            tag ^= times(coefficient, block)
        sides.append((tag, square))
    (tag_one, square_one), (tag_two, square_two) = sides
    blocks.append(times(tag_one ^ tag_two, inverse(square_one ^ square_two)))
    return b"".join(block.to_bytes(16, "big") for block in (*blocks, tag_one ^ times(blocks[2], square_one)))


def derived(key: bytes, salt: bytes, suite: Suite = INTL_1) -> tuple[bytes, bytes, bytes]:
    """Key, nonce and commitment of a stream, by the specification."""
    if suite is not INTL_1:
        material = HKDFExpand(hashes.SM3(), 60, b"bidroom sm4-gcm chunks v1\0" + salt).derive(key)
        return material[:16], material[16:28], material[28:]
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0" + salt
    first = hmac.digest(key, info + b"\x01", "sha512")
    material = first + hmac.digest(key, first + info + b"\x02", "sha512")
    return material[:32], material[32:44], material[44:76]


def gcm_opened(suite: Suite, key: bytes, nonce: bytes, sealed: bytes) -> bytes:
    """Plain GCM with a tag of 16 bytes behind the ciphertext."""
    decryptor = Cipher(block_cipher(suite)(key), modes.GCM(nonce, sealed[-16:])).decryptor()
    return decryptor.update(sealed[:-16]) + decryptor.finalize()
