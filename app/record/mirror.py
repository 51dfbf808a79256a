"""A second copy of the entries in another folder (another disk, a share), written while the case runs."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from app.logs import get_logger
from app.record.entry import ENTRY_LIMIT

_log = get_logger("record.mirror")


class Mirror:
    """One entry a line, as in an archive's ``entries.jsonl``; fsynced after each append.

    A mirror never stops the record: its damage is kept in :attr:`damage`, logged, and told to ``on_damage``.

    Attributes:
        path: the file.
        damage: None while the copy is whole, else the code: ``mirror.differs``, ``mirror.not_written``.
        on_damage: called once with the code, on the writer's thread.
    """

    def __init__(self, path: Path, on_damage: Callable[[str], None] | None = None) -> None:
        self.path = path
        self.damage: str | None = None
        self.on_damage = on_damage

    def catch_up(self, entries: Iterable[bytes]) -> None:
        """Compare with the true entries, cut a torn last line, and add what is missing."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "a+b") as file:
                self._catch_up(file, iter(entries))
        except OSError as error:
            self._damaged("mirror.not_written", error)

    def _catch_up(self, file: BinaryIO, entries: Iterator[bytes]) -> None:
        file.seek(0)
        good = 0
        while line := file.readline(ENTRY_LIMIT + 2):
            if not line.endswith(b"\n"):
                file.truncate(good)  # torn by a crash in the middle of a write
                break
            if line[:-1] != next(entries, None):
                self._damaged("mirror.differs")
                return
            good += len(line)
        for data in entries:
            file.write(data + b"\n")
        file.flush()
        os.fsync(file.fileno())

    def append(self, data: Sequence[bytes], first: int) -> None:
        """Add entries, the first of which has the index ``first``."""
        if self.damage is not None:
            return
        try:
            with open(self.path, "ab") as file:
                file.write(b"".join(item + b"\n" for item in data))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self._damaged("mirror.not_written", error, first)

    def _damaged(self, code: str, error: BaseException | None = None, index: int | None = None) -> None:
        self.damage = code
        _log.error("second copy damaged", code=code, index=index, error=type(error).__name__ if error else None)
        if self.on_damage is not None:
            self.on_damage(code)
