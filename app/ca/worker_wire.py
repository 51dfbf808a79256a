"""Messages between the program and its token workers: JSON behind a 4-byte length, over two pipes.

The standard library alone: a worker for 32-bit modules runs in an interpreter that has nothing else.
"""

import base64
import json
import struct
import types
import typing
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, BinaryIO

MAX_MESSAGE = 32 * 1024 * 1024
_LENGTH = struct.Struct(">I")

RSA, EC, SM2 = "rsa", "ec", "sm2"
"""Algorithms of ``Sign``."""


@dataclass(frozen=True)
class TokenRef:
    """Which token: slots are renumbered, so serial and label name it."""

    module: str
    serial: str
    label: str


@dataclass(frozen=True, repr=False)
class Pin:
    """A PIN on its way to the token.

    Attributes:
        value: empty when it is entered on the device.
        on_device: protected authentication path.
        final_confirmed: the person agreed to use the last try.
    """

    value: str
    on_device: bool = False
    final_confirmed: bool = False

    def __repr__(self) -> str:
        return "Pin()"


@dataclass(frozen=True)
class Load:
    """Load and initialise one module; ``after_loss``: a child before was lost, perhaps while somebody was logged in."""

    module: str
    after_loss: bool = False


@dataclass(frozen=True)
class ListSlots:
    """Enumerate the tokens of one module."""

    module: str


@dataclass(frozen=True)
class Sign:
    """A signature over ``data``.

    ``rsa``: PKCS#1 v1.5 over the SHA-256 of the data. ``ec``: ECDSA over the same, raw (r and s, 32 bytes each).
    ``sm2``: raw too, over ``digest``, which is SM3(Z‖data) of GB/T 32918.2; tokens that hash for themselves take the
    data.
    """

    token: TokenRef
    key_id: bytes
    algorithm: str
    data: bytes
    pin: Pin | None = None
    digest: bytes = b""


@dataclass(frozen=True)
class Decrypt:
    """RSA-OAEP-SHA256 where the token can, else the raw RSA operation."""

    token: TokenRef
    key_id: bytes
    ciphertext: bytes
    pin: Pin | None = None


@dataclass(frozen=True)
class Derive:
    """Raw ECDH with an uncompressed P-256 point."""

    token: TokenRef
    key_id: bytes
    point: bytes
    pin: Pin | None = None


@dataclass(frozen=True)
class OpenSm4:
    """SM4-CBC (PKCS#7 padding) with a key of 16 bytes that is encrypted with SM2.

    SKF devices open both at once and never show the key; ``Done.raw`` is set where the result is the key instead.

    Attributes:
        wrapped_key: C1‖C3‖C2 of GB/T 32918.4 without the leading 04: x, y and hash of 32 bytes each, then 16 bytes.
        iv: 16 bytes.
    """

    token: TokenRef
    key_id: bytes
    wrapped_key: bytes
    iv: bytes
    ciphertext: bytes
    pin: Pin | None = None


@dataclass(frozen=True)
class Forget:
    """Log out: of one token, or of all when None."""

    token: TokenRef | None = None


@dataclass(frozen=True)
class Done:
    """The result; ``raw``: not the final one: an RSA result with its OAEP encoding, or the SM4 key of ``OpenSm4``."""

    data: bytes = b""
    raw: bool = False


@dataclass(frozen=True)
class PinNeeded:
    """Ask the person, then send the same request with a PIN.

    Attributes:
        state: a value of ``PinState``.
        tries_left: where the token tells the number.
    """

    state: str
    wrong: bool = False
    on_device: bool = False
    tries_left: int | None = None


@dataclass(frozen=True)
class Failed:
    """A code of :mod:`app.ca.worker` and, for the log, the kind of the module's error."""

    code: str
    error: str = ""


@dataclass(frozen=True)
class RawCertificate:
    """A certificate object on a token."""

    key_id: bytes
    der: bytes


@dataclass(frozen=True)
class RawSlot:
    """A slot with a token, as the module describes it; ``profile`` as in ``TokenInfo``."""

    slot: int
    label: str = ""
    serial: str = ""
    manufacturer: str = ""
    certificates: list[RawCertificate] = field(default_factory=list)
    pin_state: str = "unknown"
    on_device: bool = False
    problem: str | None = None
    tries_left: int | None = None
    profile: str = ""


@dataclass(frozen=True)
class Slots:
    """Answer to ``ListSlots``."""

    slots: list[RawSlot]


Operation = Sign | Decrypt | Derive | OpenSm4
Request = Load | ListSlots | Operation | Forget
Reply = Done | PinNeeded | Failed | Slots

_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (*typing.get_args(Request), *typing.get_args(Reply), TokenRef, Pin, RawCertificate, RawSlot)
}
_TYPES = {kind: typing.get_type_hints(kind) for kind in _KINDS.values()}
_BYTES = "bytes"


def send(pipe: BinaryIO, message: Request | Reply) -> None:
    """Write one message. Raises OSError when the other side is gone, ValueError when it is too large."""
    payload = json.dumps(_plain(message), separators=(",", ":")).encode()
    if len(payload) > MAX_MESSAGE:
        raise ValueError("worker message too large")
    pipe.write(_LENGTH.pack(len(payload)) + payload)
    pipe.flush()


def receive_request(pipe: BinaryIO) -> Request:
    """Read one request. Raises EOFError at the end of the pipe, ValueError for nonsense."""
    return _decode(_receive(pipe), Request)  # type: ignore[no-any-return]


def receive_reply(pipe: BinaryIO) -> Reply:
    """Read one reply. Raises EOFError at the end of the pipe, ValueError for nonsense."""
    return _decode(_receive(pipe), Reply)  # type: ignore[no-any-return]


def _receive(pipe: BinaryIO) -> bytes:
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    length: int = _LENGTH.unpack(head)[0]
    if length > MAX_MESSAGE:
        raise ValueError("worker message too large")
    payload = pipe.read(length)
    if len(payload) < length:
        raise EOFError
    return payload


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"type": _BYTES, "base64": base64.b64encode(value).decode()}
    if is_dataclass(value):
        return {"type": type(value).__name__, **{one.name: _plain(getattr(value, one.name)) for one in fields(value)}}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _decode(payload: bytes, wanted: Any) -> Any:
    try:
        message = json.loads(payload, object_hook=_built)
    except (TypeError, KeyError, RecursionError):  # missing or unknown fields; nesting without end
        raise ValueError("not a worker message") from None
    if not _fits(message, wanted):
        raise ValueError("not a worker message")
    return message


def _built(plain: dict[str, Any]) -> Any:
    name = plain.pop("type", None)
    if name == _BYTES:
        return base64.b64decode(plain.pop("base64"), validate=True)
    if name not in _KINDS:
        raise ValueError("not a worker message")
    message = _KINDS[name](**plain)
    if not all(_fits(getattr(message, one), wanted) for one, wanted in _TYPES[type(message)].items()):
        raise ValueError("not a worker message")
    return message


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, types.UnionType):
        return any(_fits(value, one) for one in typing.get_args(wanted))
    if typing.get_origin(wanted) is list:
        return isinstance(value, list) and all(_fits(one, typing.get_args(wanted)[0]) for one in value)
    return type(value) is wanted
