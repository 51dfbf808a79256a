"""What a desk remembers of a case's record when it is closed: the last head it checked, and every alarm it raised.

``DATA/desk/records/<case>-<host>/head.json`` is the head; a desk that starts again compares the host's record with it
before anything else, so that a host which was cut back or forked in between is found at the first contact.
``alarms.jsonl`` is only appended to. Both are for people: whoever owns the machine can change them.
"""

import json
import os
from pathlib import Path

import msgspec

from app.canon import canonical
from app.errors import InputError
from app.logs import get_logger
from app.record.checkpoint import parse_note
from app.session.case_folder import folder_name
from app.session.wire.link import Link
from app.settings import data_dir

_log = get_logger("head memory")

HEAD_LIMIT = 128 * 1024


class KnownHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A head that this desk has checked: the note as the host signed it, and when (stamp)."""

    note: str
    at: str

    @property
    def head(self) -> tuple[int, str]:
        """Size and root (hex); InputError ``checkpoint.malformed``."""
        checkpoint, _lines = parse_note(self.note)
        return checkpoint.size, checkpoint.root.hex()


class HeadMemory:
    """One folder for one case on one host."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, link: Link, base: Path | None = None) -> "HeadMemory":
        """The memory of the case that ``link`` leads to; the host's fingerprint is part of its name."""
        base = data_dir() / "desk" / "records" if base is None else base
        return cls(base / f"{folder_name(link.case)}-{link.fingerprint[:16]}")

    def load(self) -> KnownHead | None:
        """The head of last time; None at the first, and where the file cannot be read, which is an alarm of its own."""
        path = self.folder / "head.json"
        try:
            with open(path, "rb") as file:
                known = msgspec.json.decode(file.read(HEAD_LIMIT), type=KnownHead)
            _ = known.head
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, InputError) as error:
            _log.error("head not read", error=type(error).__name__)
            self.alarm("", "", "record.memory_unreadable")
            return None
        return known

    def keep(self, known: KnownHead) -> None:
        """Replace the head; on disk when this returns. A disk that refuses is logged, never fatal."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part = self.folder / "head.part"
            with open(part, "wb") as file:
                file.write(msgspec.json.encode(known))
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self.folder / "head.json")
        except OSError as error:
            _log.error("head not kept", error=type(error).__name__)

    def alarm(self, at: str, person: str, code: str, **facts: str | int) -> None:
        """Append a line to the alarms, on disk when this returns.

        Args:
            at: stamp of this desk's clock. person: who sits at it.
            facts: what was compared (heads, notes, names); never content of the case.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with open(self.folder / "alarms.jsonl", "ab") as file:
                file.write(canonical({"at": at, "code": code, "facts": facts, "person": person}) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            _log.error("alarm not kept", error=type(error).__name__)

    def alarms(self) -> list[dict[str, object]]:
        """All lines so far, oldest first; a torn last line is left out."""
        found = []
        try:
            lines = (self.folder / "alarms.jsonl").read_bytes().split(b"\n")
        except OSError:
            return []
        for line in lines:
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found
