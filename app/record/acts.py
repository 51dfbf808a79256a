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
STATEMENT_LIMIT = 1024 * 1024
CHALLENGE_FORM = "sign_in/1"
STATEMENT_FORM = "grave/1"
LOG_KEY_FORM = "log_key/1"


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
    """What a token signs at sign-in: this case, this host, this person, this session key, a nonce of the host.

    Attributes:
        host: SHA-256 of the host's certificate (DER), as in the invitation link; 32 bytes.
        session: the raw Ed25519 session key (32 bytes).
        nonce: 32 random bytes of the host.
    """

    case: str
    host: bytes
    person: str
    session: bytes
    nonce: bytes


def build_challenge(challenge: Challenge) -> bytes:
    """The bytes that the token signs at sign-in."""
    return canonical(
        {
            "bidroom": CHALLENGE_FORM,
            "case": challenge.case,
            "host": challenge.host.hex(),
            "person": challenge.person,
            "session": challenge.session.hex(),
            "nonce": challenge.nonce.hex(),
        }
    )


def parse_challenge(data: bytes) -> Challenge:
    """Read a sign-in challenge; InputError ``input.*`` or ``challenge.malformed``."""
    value = parse_canonical(data, CHALLENGE_LIMIT)
    try:
        if not isinstance(value, dict) or value.keys() != {"bidroom", "case", "host", "person", "session", "nonce"}:
            raise ValueError("fields")
        if value["bidroom"] != CHALLENGE_FORM:
            raise ValueError("form")
        return Challenge(
            case=_str(value["case"]),
            host=_hash(value["host"]),
            person=_str(value["person"]),
            session=_hash(value["session"]),
            nonce=_hash(value["nonce"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("challenge.malformed") from error


class Statement(msgspec.Struct, frozen=True):
    """What a token signs for a grave act (重大操作): who does which act (the command's type) with which fields."""

    case: str
    person: str
    act: str
    fields: dict[str, Any]


def build_statement(statement: Statement) -> bytes:
    """The bytes that the token signs for a grave act."""
    return canonical(
        {
            "bidroom": STATEMENT_FORM,
            "case": statement.case,
            "person": statement.person,
            "act": statement.act,
            "fields": statement.fields,
        }
    )


def parse_statement(data: bytes) -> Statement:
    """Read the statement of a grave act; InputError ``input.*`` or ``statement.malformed``."""
    value = parse_canonical(data, STATEMENT_LIMIT)
    try:
        if not isinstance(value, dict) or value.keys() != {"bidroom", "case", "person", "act", "fields"}:
            raise ValueError("fields")
        if value["bidroom"] != STATEMENT_FORM or not isinstance(value["fields"], dict):
            raise ValueError("form")
        return Statement(_str(value["case"]), _str(value["person"]), _str(value["act"]), value["fields"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("statement.malformed") from error


def build_log_key_statement(case: str, host: bytes, log_key: bytes) -> bytes:
    """What a token signs to stand behind the log of a case: its key (32 bytes), and the host by its certificate's
    SHA-256 (32 bytes)."""
    return canonical({"bidroom": LOG_KEY_FORM, "case": case, "host": host.hex(), "log_key": log_key.hex()})


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
