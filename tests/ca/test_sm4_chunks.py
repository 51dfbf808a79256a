"""The streams of suite gm-1, against the specification written down plainly, and against OpenSSL's SM4 and SM3."""

import hashlib
import io
import shutil
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ca.sm4_chunks import Sm4ChunksDecryptor, Sm4ChunksEncryptor
from app.ca.streams import decrypt_stream, encrypt_stream, hash_stream, is_sealed_size, sealed_size
from app.ca.suite import GM_1, INTL_1
from app.errors import InputError
from tests.ca.test_streams import EDGES, KEY, SALT, pattern

# SHA-256 of the ciphertext of the bytes (31 i + 7) mod 256 under KEY, context b"ctx" and SALT
FROZEN = {
    0: "ed46bcd4fb708dbf024da04a0deceb1b26997e7e0a01103a87617b076dc995b3",
    1: "46779b1951c5010ee73880b5ed1395249c9e0734a70b176c7f63144f8a42a879",
    16383: "5b9e3cb804dd15b40ee023ec5c1fe3225621b855619e258181208f9612c997a9",
    16384: "0aacbe41935b96f7e22757988034048a295cd81529db2235d6ca6ce06dbdef34",
    100_000: "bc3c6085f7e5a9d2416590b7b27d207bae231ea1a58b0019e66a8107a04452ea",
}


def hmac_sm3(key: bytes, message: bytes) -> bytes:
    made = hmac.HMAC(key, hashes.SM3())
    made.update(message)
    return made.finalize()


def material(key: bytes, context: bytes, salt: bytes) -> tuple[bytes, int, bytes]:
    info = b"bidroom sm4-gcm chunks v1\0" + salt + context
    first = hmac_sm3(key, info + b"\x01")
    both = first + hmac_sm3(key, first + info + b"\x02")
    return both[:16], int.from_bytes(both[16:28], "big"), both[28:60]


def reference(key: bytes, context: bytes, message: bytes, salt: bytes) -> bytes:
    sm4, base, commitment = material(key, context, salt)
    parts = [salt, commitment]
    for number in range(len(message) // 16384 + 1):
        nonce = (base ^ number).to_bytes(12, "big")
        encryptor = Cipher(algorithms.SM4(sm4), modes.GCM(nonce)).encryptor()
        chunk = encryptor.update(message[number * 16384 : (number + 1) * 16384]) + encryptor.finalize()
        parts += [chunk, encryptor.tag]
    return b"".join(parts)


def sealed(message: bytes, context: bytes = b"ctx", key: bytes = KEY) -> bytes:
    target = io.BytesIO()
    encrypt_stream(key, context, io.BytesIO(message), target, suite=GM_1)
    return target.getvalue()


def opened(ciphertext: bytes, context: bytes = b"ctx", key: bytes = KEY) -> bytes:
    target = io.BytesIO()
    decrypt_stream(key, context, io.BytesIO(ciphertext), len(ciphertext), target, suite=GM_1)
    return target.getvalue()


@pytest.mark.parametrize("size", FROZEN)
def test_frozen_vectors(size: int) -> None:
    ciphertext = reference(KEY, b"ctx", pattern(size), SALT)
    assert hashlib.sha256(ciphertext).hexdigest() == FROZEN[size]
    assert opened(ciphertext) == pattern(size)


@pytest.mark.parametrize("size", EDGES)
def test_encryption_follows_the_specification(size: int) -> None:
    ciphertext = sealed(pattern(size))
    assert ciphertext == reference(KEY, b"ctx", pattern(size), ciphertext[:24])
    assert len(ciphertext) == sealed_size(size)
    assert is_sealed_size(len(ciphertext))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl does the arithmetic")
def test_openssl_finds_the_same_keys_and_the_same_bytes() -> None:
    message, context = pattern(16384 + 100), b"ctx"
    ciphertext = sealed(message)
    info = b"bidroom sm4-gcm chunks v1\0" + ciphertext[:24] + context

    def openssl_hmac(data: bytes) -> bytes:
        command = ["openssl", "dgst", "-sm3", "-mac", "HMAC", "-macopt", f"hexkey:{KEY.hex()}", "-binary"]
        return subprocess.run(command, input=data, capture_output=True, check=True).stdout

    first = openssl_hmac(info + b"\x01")
    derived = first + openssl_hmac(first + info + b"\x02")
    assert ciphertext[24:56] == derived[28:60]
    base = int.from_bytes(derived[16:28], "big")
    for number, (start, size) in enumerate(((56, 16384), (56 + 16400, 100))):
        # what GCM encrypts with: counter mode from the nonce and 2 on (NIST SP 800-38D 7.1)
        counter = (base ^ number).to_bytes(12, "big") + b"\0\0\0\x02"
        command = ["openssl", "enc", "-d", "-sm4-ctr", "-K", derived[:16].hex(), "-iv", counter.hex()]
        plain = subprocess.run(command, input=ciphertext[start : start + size], capture_output=True, check=True).stdout
        assert plain == message[number * 16384 : number * 16384 + size]


@settings(deadline=None)
@given(st.binary(max_size=40_000), st.binary(max_size=80))
def test_round_trip(message: bytes, context: bytes) -> None:
    assert opened(sealed(message, context), context) == message


@settings(deadline=None)
@given(st.lists(st.integers(0, 40_000), max_size=6))
def test_pieces_of_any_size_make_the_same_stream(sizes: list[int]) -> None:
    encryptor, message, made = Sm4ChunksEncryptor(KEY, b""), pattern(sum(sizes)), bytearray()
    room, place = memoryview(bytearray(80_000)), 0
    for size in sizes:
        made += room[: encryptor.update_into(memoryview(message)[place : place + size], room)]
        place += size
    made += encryptor.finalize()
    assert made == reference(KEY, b"", message, bytes(made[:24]))
    decryptor, plain, place = Sm4ChunksDecryptor(KEY, b""), bytearray(), 0
    for size in [*sizes, len(made)]:
        plain += room[: decryptor.update_into(memoryview(made)[place : place + size], room)]
        place += size
        if place >= len(made):
            break
    assert bytes(plain) + decryptor.finalize() == message


@pytest.mark.parametrize("size", [0, 1, 16384, 40_000])
def test_cut_extended_and_changed_are_refused(size: int) -> None:
    good = sealed(pattern(size))
    bad = [good[:-1], good + b"x", good[:56], good[:20], b"", good + bytes(16400)]
    if size > 16384:
        bad.append(good[: 56 + 16400])  # cut at a chunk boundary
        bad.append(good[:56] + good[56 + 16400 : 56 + 32800] + good[56 : 56 + 16400] + good[56 + 32800 :])
    bad.extend(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :] for place in (0, 30, 56, len(good) - 1))
    for ciphertext in bad:
        with pytest.raises(InputError) as caught:
            opened(ciphertext)
        assert caught.value.code == "stream.invalid"


def test_other_key_context_or_suite_is_refused() -> None:
    for context, key in ((b"other", KEY), (b"ctx", bytes(32))):
        with pytest.raises(InputError, match=r"stream\.invalid"):
            opened(sealed(b"price"), context, key)
    with pytest.raises(InputError, match=r"stream\.invalid"):
        decrypt_stream(KEY, b"ctx", io.BytesIO(sealed(b"price")), sealed_size(5), io.BytesIO(), suite=INTL_1)
    with pytest.raises(ValueError, match="32 bytes"):
        Sm4ChunksEncryptor(bytes(16), b"")


def test_digests_are_sm3() -> None:
    message, target = pattern(600_000), io.BytesIO()
    plain, cipher = encrypt_stream(KEY, b"", io.BytesIO(message), target, suite=GM_1)
    assert (plain.size, plain.digest) == (600_000, GM_1.hexdigest(message))
    ciphertext = target.getvalue()
    assert hash_stream(io.BytesIO(ciphertext), len(ciphertext), suite=GM_1) == cipher.digest
    assert GM_1.hexdigest(ciphertext) == cipher.digest
    # GB/T 32905 A.1
    assert GM_1.hexdigest(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
