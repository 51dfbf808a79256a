"""A secret in n shares of which any k restore it (Shamir), each bound by a public commitment.

The field is GF(2^8) modulo x^8+x^4+x^3+x+1 (0x11b), byte by byte, the secret at x = 0: the field of HashiCorp Vault, so
its tools restore the secret from our shares. The tables are not constant-time: shares are combined once, after the
deadline, on the host, where all of them are present anyway.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from app.ca.suite import INTL_1, Suite
from app.errors import InputError

SECRET_BYTES: Final = 32
MAX_SHARES: Final = 15

_DOMAIN: Final = b"bidroom share v1\x00"


def _tables() -> tuple[tuple[int, ...], tuple[int, ...]]:
    exp, log = [0] * 510, [0] * 256
    value = 1
    for power in range(255):
        exp[power] = exp[power + 255] = value
        log[value] = power
        doubled = value << 1
        value ^= doubled ^ (0x11B if doubled & 0x100 else 0)  # times the generator 3 = x + 1
    return tuple(exp), tuple(log)


_EXP, _LOG = _tables()


def split(secret: bytes, k: int, n: int) -> tuple[bytes, ...]:
    """Share ``secret`` (32 bytes) so that any ``k`` of ``n`` restore it and fewer learn nothing.

    The share at index i belongs to x = i + 1 and has 32 bytes. ``1 <= k <= n <= 15``; with k = 1 every share is the
    secret itself.

    Raises:
        InputError: ``shares.policy`` for a k or n out of range, ``shares.length`` for another secret length.
    """
    if not 1 <= k <= n <= MAX_SHARES:
        raise InputError("shares.policy", k=k, n=n)
    _check_length(secret)
    coefficients = [secret, *(secrets.token_bytes(SECRET_BYTES) for _ in range(k - 1))]
    return tuple(_evaluate(coefficients, x) for x in range(1, n + 1))


def combine(shares: Mapping[int, bytes]) -> bytes:
    """The secret from exactly k shares, by x. Wrong or too few shares give a wrong secret, not an error: the caller
    holds a commitment.

    Raises:
        InputError: ``shares.policy`` (no share, or x outside 1..255), ``shares.length``.
    """
    return interpolate(shares, 0)


def interpolate(shares: Mapping[int, bytes], at: int) -> bytes:
    """The value at x = ``at`` of the polynomial through ``shares``; tells whether another share lies on it.

    Raises:
        InputError: as :func:`combine`.
    """
    if not shares or not all(1 <= x <= 255 for x in shares):
        raise InputError("shares.policy", n=len(shares))
    result = bytearray(SECRET_BYTES)
    for x, value in shares.items():
        _check_length(value)
        weight = 1
        for other in shares:
            if other != x:
                weight = _multiply(weight, _divide(other ^ at, other ^ x))
        for i, byte in enumerate(value):
            result[i] ^= _multiply(weight, byte)
    return bytes(result)


def commitment(envelope_id: bytes, kind: str, x: int, value: bytes, suite: Suite = INTL_1) -> bytes:
    """What the outside may know of a share: the suite's digest over its envelope, kind, x and value.

    Hiding because the value has 256 random bits; binding because the hash is collision-resistant. Input: the domain
    ``b"bidroom share v1\\0"``, the 32-byte envelope id, the length of kind (1 byte), kind in ASCII, x (1 byte), value.
    """
    name = kind.encode("ascii")
    return suite.digest(_DOMAIN + envelope_id + bytes([len(name)]) + name + bytes([x]) + value)


def _check_length(value: bytes) -> None:
    if len(value) != SECRET_BYTES:
        raise InputError("shares.length", expected=SECRET_BYTES)


def _evaluate(coefficients: Sequence[bytes], x: int) -> bytes:
    value = bytes(SECRET_BYTES)
    for coefficient in reversed(coefficients):  # Horner
        value = bytes(_multiply(a, x) ^ b for a, b in zip(value, coefficient, strict=True))
    return value


def _multiply(a: int, b: int) -> int:
    return _EXP[_LOG[a] + _LOG[b]] if a and b else 0


def _divide(a: int, b: int) -> int:
    return _EXP[(_LOG[a] - _LOG[b]) % 255] if a else 0
