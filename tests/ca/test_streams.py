import hashlib
import hmac
import io

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from app.ca.streams import Meter, decrypt_stream, encrypt_stream, hash_stream, is_sealed_size, sealed_size
from app.errors import InputError

KEY = bytes(range(32))
SALT = bytes(range(100, 124))
EDGES = (0, 1, 16383, 16384, 16385, 1 << 20, (1 << 20) + 1, (1 << 20) + 16384)

# SHA-256 of the ciphertext of the bytes (31 i + 7) mod 256 under KEY, context b"ctx" and SALT.
FROZEN = {
    16383: "79797197262f580129fa6d170ebf2e007cde46f763ba70702650b36b4d7149b2",
    16384: "b3c8f0689dcdf4f145b6c4c87b8ee3f41b944caa8fd5ffc2f5bf2b14f9284422",
    16385: "70e6a92618a621f20606d9d08f83d3daa3806c224647b3908126bc404c058bad",
    1 << 20: "f22f37bfc3164f01d5bffbe09604c97319eeff7b810a60d0cfd87209b21db08f",
    (1 << 20) + 40000: "efc83ecff5b33ce0737b62300b4beee00c5df1ba2fdc2d6510a38a67baa63449",
}
FROZEN_SMALL = {
    (b"", b""): (
        "6465666768696a6b6c6d6e6f707172737475767778797a7bc3e85ce0f72398b0116b509fc0959fe37713642695670dff847e2ae8493f183d"
        "e5729036f651cf9b55ddcfae225bd451"
    ),
    (b"\x07&Ed\x83\xa2\xc1\xe0\xff\x1e=", b"test"): (
        "6465666768696a6b6c6d6e6f707172737475767778797a7b07de645c7e81b97ca5d2a430a5fe57950695cada614ce213445ba0be0b8781ea"
        "a4f7cf2bc7b4cb170863f08868f4b8b8f9fd50c57fc76fbd94e9e4"
    ),
}


def reference(key: bytes, context: bytes, message: bytes, salt: bytes) -> bytes:
    """The specification, read anew and written down plainly."""
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0" + salt + context
    first = hmac.digest(key, info + b"\x01", "sha512")
    material = first + hmac.digest(key, first + info + b"\x02", "sha512")
    base, commitment = int.from_bytes(material[32:44], "big"), material[44:76]
    aead, parts = AESGCM(material[:32]), [salt, commitment]
    for number in range(len(message) // 16384 + 1):
        chunk = message[number * 16384 : (number + 1) * 16384]
        parts.append(aead.encrypt((base ^ number).to_bytes(12, "big"), chunk, None))
    return b"".join(parts)


def pattern(size: int) -> bytes:
    return (bytes((i * 31 + 7) & 255 for i in range(256)) * (size // 256 + 1))[:size]


def sealed(message: bytes, context: bytes = b"ctx", key: bytes = KEY) -> bytes:
    target = io.BytesIO()
    encrypt_stream(key, context, io.BytesIO(message), target)
    return target.getvalue()


def opened(ciphertext: bytes, context: bytes = b"ctx", key: bytes = KEY) -> bytes:
    target = io.BytesIO()
    decrypt_stream(key, context, io.BytesIO(ciphertext), len(ciphertext), target)
    return target.getvalue()


@pytest.mark.parametrize("size", FROZEN)
def test_frozen_vectors(size: int) -> None:
    ciphertext = reference(KEY, b"ctx", pattern(size), SALT)
    assert hashlib.sha256(ciphertext).hexdigest() == FROZEN[size]
    assert opened(ciphertext) == pattern(size)


@pytest.mark.parametrize(("plain", "frozen"), FROZEN_SMALL.items())
def test_frozen_small_vectors(plain: tuple[bytes, bytes], frozen: str) -> None:
    message, context = plain
    assert opened(bytes.fromhex(frozen), context) == message


@pytest.mark.parametrize("size", EDGES)
def test_encryption_follows_the_specification(size: int) -> None:
    ciphertext = sealed(pattern(size))
    assert ciphertext == reference(KEY, b"ctx", pattern(size), ciphertext[:24])
    assert len(ciphertext) == sealed_size(size)
    assert is_sealed_size(len(ciphertext))


@given(st.binary(max_size=40_000), st.binary(max_size=80))
def test_round_trip(message: bytes, context: bytes) -> None:
    assert opened(sealed(message, context), context) == message


def test_digests_are_of_what_went_through() -> None:
    message, target = pattern(100_000), io.BytesIO()
    plain, cipher = encrypt_stream(KEY, b"", io.BytesIO(message), target)
    assert (plain.size, plain.digest) == (100_000, hashlib.sha256(message).hexdigest())
    ciphertext = target.getvalue()
    assert (cipher.size, cipher.digest) == (len(ciphertext), hashlib.sha256(ciphertext).hexdigest())
    assert hash_stream(io.BytesIO(ciphertext + b"more"), len(ciphertext)) == cipher.digest
    again = decrypt_stream(KEY, b"", io.BytesIO(ciphertext), len(ciphertext), io.BytesIO())
    assert again == plain


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


def test_other_key_or_context_is_refused() -> None:
    for context, key in ((b"other", KEY), (b"ctx", bytes(32))):
        with pytest.raises(InputError):
            opened(sealed(b"price"), context, key)


def test_source_shorter_than_said() -> None:
    ciphertext = sealed(b"price")
    with pytest.raises(InputError) as caught:
        decrypt_stream(KEY, b"ctx", io.BytesIO(ciphertext), len(ciphertext) + 1, io.BytesIO())
    assert caught.value.code == "stream.truncated"
    with pytest.raises(InputError) as caught:
        hash_stream(io.BytesIO(b"abc"), 4)
    assert caught.value.code == "stream.truncated"


@given(st.integers(0, 200_000))
def test_sizes_that_no_plaintext_has(size: int) -> None:
    possible = {sealed_size(plain) for plain in range(max(0, size - 300), size + 1)}
    assert is_sealed_size(size) == (size in possible)


class _ShortWriter(io.RawIOBase):
    """Takes at most 1000 bytes at a time, as a pipe or an unbuffered file may."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: memoryview) -> int:  # type: ignore[override]
        self.data += data[:1000]
        return min(len(data), 1000)


def test_short_writes_lose_nothing() -> None:
    target = _ShortWriter()
    encrypt_stream(KEY, b"ctx", io.BytesIO(pattern(50_000)), target)  # type: ignore[arg-type]
    assert opened(bytes(target.data)) == pattern(50_000)


def test_progress_counts_and_cancel_stops() -> None:
    seen: list[tuple[int, int]] = []
    meter = Meter(3 << 20, lambda done, total: seen.append((done, total)))
    encrypt_stream(KEY, b"", io.BytesIO(bytes(3 << 20)), io.BytesIO(), meter)
    assert seen == [(1 << 20, 3 << 20), (2 << 20, 3 << 20), (3 << 20, 3 << 20)]
    meter.cancel()
    with pytest.raises(InputError) as caught:
        encrypt_stream(KEY, b"", io.BytesIO(b"x"), io.BytesIO(), meter)
    assert caught.value.code == "stream.cancelled"
