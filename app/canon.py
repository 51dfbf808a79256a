"""Canonical bytes: one JSON encoding for everything that is hashed or signed."""

import hashlib
import json

from app.errors import InputError


def canonical(value: object) -> bytes:
    """Encode ``value`` (dict, list, str, int, bool, None) as canonical JSON: sorted keys, no spaces, UTF-8, no floats.

    Raises:
        TypeError: for a float or any other type; money and scores travel as decimal strings.
    """
    _no_floats(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def parse_canonical(data: bytes, limit: int) -> object:
    """Parse canonical JSON of at most ``limit`` bytes; anything that would encode differently is refused.

    Raises:
        InputError: ``input.too_large``, ``input.not_json``, ``input.not_canonical``.
    """
    if len(data) > limit:
        raise InputError("input.too_large", limit=limit)
    try:
        value: object = json.loads(data)
        again = canonical(value)
    except (ValueError, RecursionError, TypeError) as error:
        raise InputError("input.not_json") from error
    if again != data:
        raise InputError("input.not_canonical")
    return value


def sha256_hex(data: bytes) -> str:
    """SHA-256 as 64 lower-case hex digits: the name of a blob, the digest in an event."""
    return hashlib.sha256(data).hexdigest()


def _no_floats(value: object) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError("canonical JSON has string keys")
            _no_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _no_floats(item)
    elif not (value is None or isinstance(value, str | bool | int)):
        raise TypeError(f"no canonical form for {type(value).__name__}")
