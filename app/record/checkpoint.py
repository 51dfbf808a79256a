"""Checkpoints: a signed head of the log, and its cosignatures (C2SP tlog-checkpoint, signed-note, tlog-cosignature)."""

import base64
import binascii
import hashlib
import struct
from collections.abc import Iterable

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.errors import InputError
from app.record.log import HASH_SIZE

NOTE_LIMIT = 64 * 1024
SIGNATURE_LIMIT = 256
NAME_LIMIT = 256
SIZE_LIMIT = 2**53
_ED25519 = 1
_COSIGNATURE = 4
_DASH = "\u2014 "


class Checkpoint(msgspec.Struct, frozen=True):
    """A head of the log: ``size`` entries with the Merkle root ``root`` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    @property
    def body(self) -> str:
        """The signed text: three lines, each ended by a newline; never an extension line."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


class SignatureLine(msgspec.Struct, frozen=True):
    """One signature line of a note: the signer's name and what follows (4 bytes key id, then the signature)."""

    name: str
    blob: bytes

    @property
    def text(self) -> str:
        """The line with its newline."""
        return f"{_DASH}{self.name} {base64.b64encode(self.blob).decode()}\n"

    @property
    def time(self) -> int | None:
        """POSIX seconds at which a cosignature says it was made; None where the form is not a cosignature's."""
        return int.from_bytes(self.blob[4:12], "big") if len(self.blob) == 4 + 8 + 64 else None


def origin_of(case: str) -> str:
    """The origin line of a case's log, which is also the name of its key."""
    return f"bidroom/{case}"


def valid_name(name: str) -> bool:
    """Whether ``name`` can name a key: not empty, no white space, no plus sign, no control character (signed-note)."""
    return 0 < len(name) <= NAME_LIMIT and name.isprintable() and "+" not in name and not any(c.isspace() for c in name)


def sign_checkpoint(case: str, size: int, root: bytes, key: Ed25519PrivateKey) -> str:
    """A note that says: the log of ``case`` has ``size`` entries and this root; signed with the log key.

    Raises:
        ValueError: for a case id that cannot be a key name, or a root that is not 32 bytes.
    """
    origin = origin_of(case)
    if not valid_name(origin) or len(root) != HASH_SIZE or not 0 <= size < SIZE_LIMIT:
        raise ValueError("not a checkpoint")
    body = Checkpoint(origin, size, root).body
    public = key.public_key().public_bytes_raw()
    line = SignatureLine(origin, _key_id(origin, _ED25519, public) + key.sign(body.encode()))
    return f"{body}\n{line.text}"


def cosign(checkpoint: Checkpoint, name: str, key: Ed25519PrivateKey, time: int) -> str:
    """A cosignature line by ``name`` (a person id) with a session key, at ``time`` (POSIX seconds).

    Only for a head whose consistency with the head seen last has been checked (tlog-cosignature).
    """
    if not valid_name(name):
        raise ValueError("not a key name")
    public = key.public_key().public_bytes_raw()
    signature = key.sign(_cosigned(checkpoint, time))
    return SignatureLine(name, _key_id(name, _COSIGNATURE, public) + struct.pack(">Q", time) + signature).text


def parse_note(note: str) -> tuple[Checkpoint, list[SignatureLine]]:
    """Read a note of at most 64 KiB without judging its signatures.

    Raises:
        InputError: ``checkpoint.malformed``, ``checkpoint.too_large``; the one form that :func:`sign_checkpoint`
            writes is read, with further signature lines allowed.
    """
    if len(note) > NOTE_LIMIT:
        raise InputError("checkpoint.too_large", limit=NOTE_LIMIT)
    body, separator, rest = note.partition("\n\n")
    lines = body.split("\n")
    if not separator or len(lines) != 3 or not rest.endswith("\n"):
        raise InputError("checkpoint.malformed")
    origin, size_text, root_text = lines
    root = _strict_base64(root_text)
    if not size_text.isascii() or not size_text.isdigit() or len(size_text) > 16 or str(int(size_text)) != size_text:
        raise InputError("checkpoint.malformed")
    size = int(size_text)
    if root is None or len(root) != HASH_SIZE or not valid_name(origin) or size >= SIZE_LIMIT:
        raise InputError("checkpoint.malformed")
    texts = rest[:-1].split("\n")
    if len(texts) > SIGNATURE_LIMIT:
        raise InputError("checkpoint.too_large", limit=SIGNATURE_LIMIT)
    return Checkpoint(origin, size, root), [parse_signature_line(text + "\n") for text in texts]


def parse_signature_line(text: str) -> SignatureLine:
    """Read one signature line, newline included; raises InputError ``checkpoint.malformed``."""
    if not text.startswith(_DASH) or not text.endswith("\n") or len(text) > 1024:
        raise InputError("checkpoint.malformed")
    name, separator, value = text[len(_DASH) : -1].partition(" ")
    blob = _strict_base64(value)
    if not separator or blob is None or len(blob) < 5 or not valid_name(name):
        raise InputError("checkpoint.malformed")
    return SignatureLine(name, blob)


def open_checkpoint(note: str, case: str, log_key: bytes) -> Checkpoint:
    """The checkpoint in ``note`` if the log of ``case`` signed it with ``log_key`` (32 bytes Ed25519, raw).

    Raises:
        InputError: ``checkpoint.malformed``, ``checkpoint.too_large``, ``checkpoint.foreign`` (another log's),
            ``checkpoint.not_signed`` (no valid signature by the log key).
    """
    checkpoint, lines = parse_note(note)
    origin = origin_of(case)
    if checkpoint.origin != origin:
        raise InputError("checkpoint.foreign", name=checkpoint.origin)
    wanted = _key_id(origin, _ED25519, log_key)
    signed = [line for line in lines if line.name == origin and line.blob[:4] == wanted]
    if not signed or not all(good_signature(log_key, line.blob[4:], checkpoint.body.encode()) for line in signed):
        raise InputError("checkpoint.not_signed")
    return checkpoint


def verify_cosignature(checkpoint: Checkpoint, line: SignatureLine, keys: Iterable[bytes]) -> bool:
    """Whether one of ``keys`` (raw Ed25519 session keys of the person ``line.name``) cosigned the checkpoint."""
    if line.time is None:
        return False
    message = _cosigned(checkpoint, line.time)
    return any(
        line.blob[:4] == _key_id(line.name, _COSIGNATURE, key) and good_signature(key, line.blob[12:], message)
        for key in keys
    )


def _cosigned(checkpoint: Checkpoint, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{checkpoint.body}".encode()


def _key_id(name: str, kind: int, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def good_signature(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature (64 bytes) by the raw key ``public`` is right; False for what is no key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _strict_base64(text: str) -> bytes | None:
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return value if base64.b64encode(value).decode() == text else None
