"""A room whose record can be read back: every entry comes of a command, as on the host."""

import hashlib
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).parent / "rules"))

from factory import Room as FactoryRoom
from factory import digest

import app.session.rules.commands as cmd
from app.errors import InputError
from app.record.acts import Head, build_command
from app.record.archive_reader import Hidden
from app.record.container import Member
from app.record.entry import Because, SignedCommand, build_entry, parse_entry
from app.session.engine import Engine
from app.session.replay import recorded
from app.session.rules.command import Command
from app.session.rules.event import Event
from app.session.rules.events import to_builtins
from app.session.rules.people import HOST, Level
from app.session.rules.table import Refused

SESSION = b"\x07" * 32


class Room(FactoryRoom):
    """A room whose every entry comes of a command, as on the host; its record can be read back."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[bytes] = []
        self.sequence = 0

    def tries(self, actor: str, command: Command) -> Any:
        step = Engine(self.state).step(actor, command, self.now)
        if isinstance(step, Refused):
            return step
        carried: SignedCommand | Because | None = None
        first = len(self.lines)
        for number, (by, event) in enumerate(step.events):
            if actor != HOST:
                carried = Because(first) if number else self._signed(command)
            self.lines.append(line(first + number, self.now, by, event, carried))
            self.log.append(recorded(parse_entry(self.lines[-1])))
        self.state = step.state
        return step.events

    def _signed(self, command: Command) -> SignedCommand:
        self.sequence += 1
        if isinstance(command, cmd.SubmitBid):  # the receipt is the host's word, not the supplier's
            command = msgspec.structs.replace(command, receipt="", size=0)
        body = build_command("KM-1/1", SESSION, self.sequence, Head(0, b"\0" * 32), cmd.to_builtins(command))
        return SignedCommand(body, b"\1" * 64, SESSION)

    def settle(self) -> None:
        """Every step settles by itself."""

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.tries(HOST, cmd.Tick())


def line(index: int, at: Any, actor: str, event: Event, carried: Any) -> bytes:
    return build_entry("KM-1/1", index, at, actor, b"\2" * 16, to_builtins(event), carried)


class Archive:
    """An archive of these lines and files, as far as the session's steps look at it."""

    def __init__(self, lines: list[bytes], files: tuple[bytes, ...] = (), hidden: int | None = None) -> None:
        self._lines = lines
        self._hidden = hidden
        self._files = {hashlib.sha256(data).hexdigest(): data for data in files}
        self.full = hidden is None
        self.members = {f"blobs/{name}": Member(f"blobs/{name}", 0, len(data)) for name, data in self._files.items()}

    def entry_lines(self) -> Iterator[bytes | Hidden]:
        for index, data in enumerate(self._lines):
            yield Hidden(index, b"\0" * 32) if index == self._hidden else data

    def entries(self) -> Iterator[Any]:
        for data in self.entry_lines():
            yield data if isinstance(data, Hidden) else parse_entry(data)

    def has_blob(self, sha256: str) -> bool:
        return sha256 in self._files

    def read_blob(self, sha256: str, limit: int) -> bytes:
        if sha256 not in self._files:
            raise InputError("blob.missing", digest=sha256)
        return self._files[sha256]

    def blob_pieces(self, sha256: str) -> Iterator[bytes]:
        data = self.read_blob(sha256, 1 << 30)
        return iter([data[place : place + 1000] for place in range(0, len(data), 1000)])


def sign_in(person: str, registers: Any = None) -> cmd.ReportSignIn:
    return cmd.ReportSignIn(
        person=person, level=Level.PERSONAL_TOKEN, session=digest(person), certificate=f"c{person}",
        encryption_certificate=f"e{person}", chain=(), challenge="", challenge_signature="", revocation="passed",
        registers=registers,
    )  # fmt: skip


def host(room: Room, *reports: Command) -> None:
    room.does(HOST, *reports)
