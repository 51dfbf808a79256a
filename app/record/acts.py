"""What people sign: session-key commands, the sign-in challenge, and the token's statement of a grave act.

All are canonical JSON (app.canon), signed as exact bytes and kept as exact bytes.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from app.canon import canonical, parse_canonical
from app.errors import InputError
from app.record.entry import ENTRY_LIMIT

CHALLENGE_LIMIT = 16 * 1024
STATEMENT_LIMIT = 64 * 1024


class Head(msgspec.Struct, frozen=True):
    """A head of the log as its reader saw it: entries and the Merkle root (32 bytes)."""

    size: int
    root: bytes


class CommandBody(msgspec.Struct, frozen=True):
    """What a session key signs: a command, bound to its case, session, place in the session and the head last seen.

    Attributes:
        session: the raw Ed25519 session key (32 bytes).
        sequence: rises within a session; refused commands leave gaps.
        command: plain JSON values; ``command["type"]`` is a str.
    """

    case: str
    session: bytes
    sequence: int
    head: Head
    command: dict[str, Any]


def build_command(case: str, session: bytes, sequence: int, head: Head, command: Mapping[str, object]) -> bytes:
    """The bytes that the session key signs."""
    return canonical(
        {
            "case": case,
            "session": session.hex(),
            "sequence": sequence,
            "head": {"size": head.size, "root": head.root.hex()},
            "command": dict(command),
        }
    )


def parse_command(data: bytes, limit: int = ENTRY_LIMIT) -> CommandBody:
    """Read what a session key signed; InputError ``input.*`` or ``command.malformed``."""
    value = parse_canonical(data, limit)
    try:
        if not isinstance(value, dict) or value.keys() != {"case", "session", "sequence", "head", "command"}:
            raise ValueError("fields")
        head, command = value["head"], value["command"]
        if head.keys() != {"size", "root"} or not isinstance(command["type"], str):
            raise ValueError("fields")
        body = CommandBody(
            case=_str(value["case"]),
            session=_hash(value["session"]),
            sequence=_int(value["sequence"]),
            head=Head(_int(head["size"]), _hash(head["root"])),
            command=command,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("command.malformed") from error
    return body


class Challenge(msgspec.Struct, frozen=True):
    """What a token signs at sign-in: this case, this host, this session key, a nonce of the host.

    Attributes:
        host: SHA-256 of the host's certificate (DER), as in the invitation link.
        session: the raw Ed25519 session key (32 bytes).
        nonce: 32 random bytes of the host.
    """

    case: str
    host: bytes
    session: bytes
    nonce: bytes


def build_challenge(challenge: Challenge) -> bytes:
    """The bytes that the token signs at sign-in."""
    return canonical(
        {
            "act": "sign_in",
            "case": challenge.case,
            "host": challenge.host.hex(),
            "session": challenge.session.hex(),
            "nonce": challenge.nonce.hex(),
        }
    )


def parse_challenge(data: bytes) -> Challenge:
    """Read a sign-in challenge; InputError ``input.*`` or ``challenge.malformed``."""
    value = parse_canonical(data, CHALLENGE_LIMIT)
    try:
        if not isinstance(value, dict) or value.keys() != {"act", "case", "host", "session", "nonce"}:
            raise ValueError("fields")
        if value["act"] != "sign_in":
            raise ValueError("act")
        return Challenge(_str(value["case"]), _hash(value["host"]), _hash(value["session"]), _hash(value["nonce"]))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("challenge.malformed") from error


class Statement(msgspec.Struct, frozen=True):
    """What a token signs for a grave act: the case, the act (the command's type) and what it is about."""

    case: str
    act: str
    fields: dict[str, Any]


def build_statement(case: str, act: str, fields: Mapping[str, object]) -> bytes:
    """The bytes that the token signs for a grave act."""
    return canonical({"case": case, "act": act, "fields": dict(fields)})


def parse_statement(data: bytes) -> Statement:
    """Read the statement of a grave act; InputError ``input.*`` or ``statement.malformed``."""
    value = parse_canonical(data, STATEMENT_LIMIT)
    try:
        if not isinstance(value, dict) or value.keys() != {"case", "act", "fields"}:
            raise ValueError("fields")
        if not isinstance(value["fields"], dict):
            raise ValueError("fields")
        return Statement(_str(value["case"]), _str(value["act"]), value["fields"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("statement.malformed") from error


def _str(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("text")
    return value


def _int(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise ValueError("number")
    return value


def _hash(value: object) -> bytes:
    text = _str(value)
    data = bytes.fromhex(text)
    if len(data) != 32 or data.hex() != text:
        raise ValueError("hash")
    return data
