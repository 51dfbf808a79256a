"""The envelope of an entry: what the record knows about an event that it otherwise only keeps."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from app.canon import canonical, parse_canonical
from app.clock import parse_stamp, stamp
from app.errors import InputError

VERSION = 1
ENTRY_LIMIT = 4 * 1024 * 1024
"""Bytes; an event of more belongs into a blob."""
SALT_SIZE = 16
HOST = "host"
"""The actor of what the host does by clock, rule or machine."""
_FIELDS = frozenset({"v", "case", "index", "at", "actor", "salt", "event", "command"})
_HEX = re.compile(r"(?:[0-9a-f]{2})*")


class SignedCommand(msgspec.Struct, frozen=True):
    """The exact bytes that a person's session key signed, with the signature (64 bytes) and the key (32 bytes)."""

    signed: bytes
    signature: bytes
    session: bytes


class Because(msgspec.Struct, frozen=True):
    """This entry follows from the command that the entry ``index`` carries."""

    index: int


class Entry(msgspec.Struct, frozen=True):
    """One entry of the log (记录条目).

    Attributes:
        at: the host's time, UTC; the order is that of ``index``, never of ``at``.
        actor: a person id, or ``"host"``.
        salt: 16 random bytes, so that a leaf hash alone says nothing about its entry.
        event: plain JSON values; ``event["type"]`` is a str.
    """

    case: str
    index: int
    at: datetime
    actor: str
    salt: bytes
    event: dict[str, Any]
    command: SignedCommand | Because | None

    @property
    def type(self) -> str:
        """The event's type."""
        return str(self.event["type"])


def build_entry(
    case: str,
    index: int,
    at: datetime,
    actor: str,
    salt: bytes,
    event: Mapping[str, object],
    command: SignedCommand | Because | None = None,
) -> bytes:
    """The exact bytes of an entry: canonical JSON, no newline.

    Raises:
        TypeError, ValueError: the caller's mistake: a float in the event, no ``type``, a salt of another length.
    """
    if len(salt) != SALT_SIZE or index < 0 or not case or not actor or not isinstance(event.get("type"), str):
        raise ValueError("not an entry")
    carried: dict[str, object] | None = None
    if isinstance(command, SignedCommand):
        carried = {
            "signed": base64.b64encode(command.signed).decode(),
            "signature": base64.b64encode(command.signature).decode(),
            "session": command.session.hex(),
        }
    elif command is not None:
        carried = {"because": command.index}
    data = canonical(
        {
            "v": VERSION,
            "case": case,
            "index": index,
            "at": stamp(at),
            "actor": actor,
            "salt": salt.hex(),
            "event": dict(event),
            "command": carried,
        }
    )
    if len(data) > ENTRY_LIMIT:
        raise ValueError("an entry of more than its limit")
    return data


def parse_entry(data: bytes, limit: int = ENTRY_LIMIT) -> Entry:
    """Read an entry's exact bytes.

    Raises:
        InputError: ``input.*`` from :func:`app.canon.parse_canonical`; ``entry.malformed`` with the field.
    """
    value = parse_canonical(data, limit)
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        raise _malformed("fields")
    if value["v"] != VERSION or isinstance(value["v"], bool):
        raise _malformed("v")
    event = value["event"]
    if not isinstance(event, dict) or not isinstance(event.get("type"), str) or not event["type"]:
        raise _malformed("event")
    return Entry(
        case=_text(value, "case"),
        index=_count(value, "index"),
        at=_moment(value, "at"),
        actor=_text(value, "actor"),
        salt=decode_hex(value["salt"], "salt", SALT_SIZE),
        event=event,
        command=_command(value["command"]),
    )


def _command(value: object) -> SignedCommand | Because | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _malformed("command")
    if value.keys() == {"because"}:
        return Because(_count(value, "because"))
    if value.keys() != {"signed", "signature", "session"}:
        raise _malformed("command")
    return SignedCommand(
        signed=decode_base64(value["signed"], "signed"),
        signature=decode_base64(value["signature"], "signature", 64),
        session=decode_hex(value["session"], "session", 32),
    )


def decode_base64(value: object, field: str, size: int | None = None) -> bytes:
    """Strict base64 (the one encoding that comes out again); InputError ``entry.malformed`` with the field."""
    if not isinstance(value, str):
        raise _malformed(field)
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _malformed(field) from error
    if base64.b64encode(data).decode() != value or (size is not None and len(data) != size):
        raise _malformed(field)
    return data


def decode_hex(value: object, field: str, size: int) -> bytes:
    """``size`` bytes as lower-case hex; InputError ``entry.malformed`` with the field."""
    if not isinstance(value, str) or len(value) != 2 * size or not _HEX.fullmatch(value):
        raise _malformed(field)
    return bytes.fromhex(value)


def _text(value: dict[str, Any], field: str) -> str:
    text = value[field]
    if not isinstance(text, str) or not 0 < len(text) <= 256:
        raise _malformed(field)
    return text


def _count(value: dict[str, Any], field: str) -> int:
    number = value[field]
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**53:
        raise _malformed(field)
    return number


def _moment(value: dict[str, Any], field: str) -> datetime:
    text = value[field]
    try:
        moment = parse_stamp(text)
        if stamp(moment) != text:
            raise _malformed(field)
    except (TypeError, ValueError, AttributeError) as error:
        raise _malformed(field) from error
    return moment


def _malformed(field: str) -> InputError:
    return InputError("entry.malformed", name=field)
