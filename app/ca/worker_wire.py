"""Messages between the program and its token worker: msgpack behind a 4-byte length, over two pipes."""

import struct
from typing import BinaryIO

import msgspec

MAX_MESSAGE = 32 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class TokenRef(msgspec.Struct, frozen=True):
    """Which token: slots are renumbered, so serial and label name it."""

    module: str
    serial: str
    label: str


class Pin(msgspec.Struct, frozen=True):
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


class Load(msgspec.Struct, frozen=True, tag=True):
    """Load and initialise one module."""

    module: str


class ListSlots(msgspec.Struct, frozen=True, tag=True):
    """Enumerate the tokens of one module."""

    module: str


class Sign(msgspec.Struct, frozen=True, tag=True):
    """RSA PKCS#1 v1.5 or raw ECDSA (r and s, 32 bytes each) over the SHA-256 of ``data``."""

    token: TokenRef
    key_id: bytes
    rsa: bool
    data: bytes
    pin: Pin | None = None


class Decrypt(msgspec.Struct, frozen=True, tag=True):
    """RSA-OAEP-SHA256 where the token can, else the raw RSA operation."""

    token: TokenRef
    key_id: bytes
    ciphertext: bytes
    pin: Pin | None = None


class Derive(msgspec.Struct, frozen=True, tag=True):
    """Raw ECDH with an uncompressed P-256 point."""

    token: TokenRef
    key_id: bytes
    point: bytes
    pin: Pin | None = None


class Forget(msgspec.Struct, frozen=True, tag=True):
    """Log out: of one token, or of all when None."""

    token: TokenRef | None = None


class Done(msgspec.Struct, frozen=True, tag=True):
    """The result; ``raw``: an RSA result that still has its OAEP encoding."""

    data: bytes = b""
    raw: bool = False


class PinNeeded(msgspec.Struct, frozen=True, tag=True):
    """Ask the person, then send the same request with a PIN. ``state`` is a value of ``PinState``."""

    state: str
    wrong: bool = False
    on_device: bool = False


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A code of :mod:`app.ca.worker` and, for the log, the kind of the PKCS#11 error."""

    code: str
    error: str = ""


class RawCertificate(msgspec.Struct, frozen=True):
    """A certificate object on a token."""

    key_id: bytes
    der: bytes


class RawSlot(msgspec.Struct, frozen=True):
    """A slot with a token, as the module describes it."""

    slot: int
    label: str = ""
    serial: str = ""
    manufacturer: str = ""
    certificates: list[RawCertificate] = []
    pin_state: str = "unknown"
    on_device: bool = False
    problem: str | None = None


class Slots(msgspec.Struct, frozen=True, tag=True):
    """Answer to ``ListSlots``."""

    slots: list[RawSlot]


Operation = Sign | Decrypt | Derive
Request = Load | ListSlots | Sign | Decrypt | Derive | Forget
Reply = Done | PinNeeded | Failed | Slots

_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def send(pipe: BinaryIO, message: Request | Reply) -> None:
    """Write one message. Raises OSError when the other side is gone, ValueError when it is too large."""
    payload = _encoder.encode(message)
    if len(payload) > MAX_MESSAGE:
        raise ValueError("worker message too large")
    pipe.write(_LENGTH.pack(len(payload)) + payload)
    pipe.flush()


def receive_request(pipe: BinaryIO) -> Request:
    """Read one request. Raises EOFError at the end of the pipe, ValueError for nonsense."""
    return _requests.decode(_receive(pipe))


def receive_reply(pipe: BinaryIO) -> Reply:
    """Read one reply. Raises EOFError at the end of the pipe, ValueError for nonsense."""
    return _replies.decode(_receive(pipe))


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
