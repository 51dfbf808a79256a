"""Grave acts: what the token itself signs, so that nobody can say the program did it."""

from typing import Any

import msgspec

from app.canon import canonical
from app.session.rules.command import Command
from app.session.rules.commands import command_type


def statement(case: str, person: str, command: Command) -> bytes:
    """The exact bytes a token signs for ``command``: canonical JSON of case, person, act and every field but ``grave``.

    The host builds it again from the command it received and compares byte for byte.
    """
    fields: dict[str, Any] = msgspec.to_builtins(command)
    fields.pop("grave", None)
    fields.pop("type", None)
    return canonical(
        {"bidroom": "grave/1", "case": case, "person": person, "act": command_type(command), "fields": fields}
    )
