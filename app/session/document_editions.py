"""Editions of the documents' wording 文书版次: an old archive's documents come out again as they were worded then.

An edition is a folder ``resources/documents/N`` with the templates and the words of :mod:`app.session.document_words`;
an archive names it in ``document_issued``. A released folder is never changed: to reword, copy it to the next number,
change the copy, and raise :data:`CURRENT`. A sentence inside the code is reworded with :func:`since`; a field that is
new in the data of an edition is ``UNSET`` before it, and so not in the attached JSON.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from app.errors import InputError
from app.settings import RESOURCES

EDITIONS = RESOURCES / "documents"
CURRENT = 1
"""The edition in which new documents are worded."""

_spoken: ContextVar[int] = ContextVar("edition of the documents", default=CURRENT)
V = TypeVar("V")


def folder_of(edition: int) -> Path:
    """Where the templates and words of an edition lie; InputError ``document.edition_unknown``."""
    folder = EDITIONS / str(edition)
    if not 0 < edition <= CURRENT or not folder.is_dir():
        raise InputError("document.edition_unknown", edition=edition)
    return folder


@contextmanager
def worded(edition: int) -> Iterator[None]:
    """Within, all words and sentences are those of ``edition``; InputError ``document.edition_unknown``."""
    folder_of(edition)
    token = _spoken.set(edition)
    try:
        yield
    finally:
        _spoken.reset(token)


def since(edition: int, new: V, before: V) -> V:
    """``new`` from ``edition`` on, else ``before``: how a sentence inside the code is reworded."""
    return new if _spoken.get() >= edition else before


@cache
def _words(folder: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((folder / "words.json").read_text("utf-8"))
    return found


class Table(Mapping[str, V]):
    """A table of the words of whichever edition is spoken."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _table(self) -> dict[str, V]:
        return _words(folder_of(_spoken.get()))[self._name]

    def __getitem__(self, code: str) -> V:
        return self._table()[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table())

    def __len__(self) -> int:
        return len(self._table())
