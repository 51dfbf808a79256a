"""Codes become words and sentences here, and only here.

The tables are data (``resources/i18n/{words,errors,events,findings,problems}.json``), each entry with ``zh`` and
``en``. A code that is not in a table still gets a calm, true sentence; the code itself is then behind the fold.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from app.errors import BidroomError, FaultError
from app.settings import RESOURCES
from app.ui.i18n import Language, language


class ErrorText(msgspec.Struct, frozen=True):
    """What happened, what it means for the person now, what to do; ``details`` go behind a fold."""

    what: str
    means: str
    do: str
    details: str

    @property
    def brief(self) -> str:
        """What happened and what to do, in one line."""
        return sentences(self.what, self.do)


@cache
def table(name: str) -> Mapping[str, Any]:
    """One of the tables, read once: ``NAME.json`` and, joined to it, ``NAME_*.json`` (one an area of the desk)."""
    folder = RESOURCES / "i18n"
    read: dict[str, Any] = {}
    for path in (folder / f"{name}.json", *sorted(folder.glob(f"{name}_*.json"))):
        for key, entry in json.loads(path.read_text("utf-8")).items():
            read[key] = {**read[key], **entry} if key in read and name == "words" else entry
    return read


def word(kind: str, code: str) -> str:
    """The word for ``code`` of ``kind`` (phase, role, method, act, state …); the code itself when there is none."""
    entry = table("words").get(kind, {}).get(code)
    return str(entry[language().value]) if entry else code


def recorded_word(kind: str, code: str) -> str:
    """The word as it goes into the record, which is kept in Chinese whatever language the desk speaks."""
    return str(table("words")[kind][code][Language.CHINESE.value])


def has_word(kind: str, code: str) -> bool:
    return code in table("words").get(kind, {})


def error_text(code: str, facts: Mapping[str, object] | None = None) -> ErrorText:
    """Three sentences for an error code or a refusal.

    Looks for the code itself, then for its first part (``token.*``), then says the general sentence.
    """
    errors = table("errors")
    family = errors.get(code.split(".", 1)[0] + ".*") or errors["*"]
    spoken = language().value
    said = {**family[spoken], **errors.get(code, family)[spoken]}
    filled = _facts(facts)
    shown = "\n".join([code, *(f"{key} = {value}" for key, value in (facts or {}).items())])
    return ErrorText(
        said["what"].format_map(filled), said["means"].format_map(filled), said["do"].format_map(filled), shown
    )


def sentences(*parts: str) -> str:
    """Sentences one after another, with a space between them in English."""
    return (" " if language() is Language.ENGLISH else "").join(part for part in parts if part)


def exception_text(error: BaseException) -> ErrorText:
    """Sentences for any exception; one that is not ours is a fault of the program and says so."""
    if isinstance(error, BidroomError):
        return error_text(error.code, error.facts)
    return error_text("desk.unexpected", {"error": type(error).__name__})


def is_fault(error: BaseException) -> bool:
    """True when the program or machine failed, False when something was only refused."""
    return not isinstance(error, BidroomError) or isinstance(error, FaultError)


def event_text(event: str, facts: Mapping[str, object] | None = None) -> str:
    """One sentence for an event of the record; codes among the facts (phase, role …) become words."""
    entry = table("events").get(event)
    if entry is None:
        general = table("events")["*"][language().value]
        return str(general).format_map(_facts({"event": event}))
    return str(entry[language().value]).format_map(_facts(facts))


def finding_text(code: str, facts: Mapping[str, object] | None = None) -> str:
    """One sentence for the finding of a preparation line."""
    entry = table("findings").get(code)
    return str(entry[language().value]).format_map(_facts(facts)) if entry else code


def clock_time(moment: datetime) -> str:
    """``09:12:33`` in local time: the form in the room."""
    return moment.astimezone().strftime("%H:%M:%S")


def full_time(moment: datetime) -> str:
    """``2026-11-20 09:12:33`` in local time: the form in documents and lists."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def day(moment: datetime) -> str:
    """``2026年11月20日`` or ``20 Nov 2026``."""
    local = moment.astimezone()
    if language() is Language.CHINESE:
        return f"{local.year}年{local.month}月{local.day}日"
    return local.strftime("%d %b %Y").lstrip("0")


def size_text(size: int) -> str:
    """``218 MB``: bytes in decimal units, three digits at most."""
    value = float(size)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError


class _Facts(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "—"


WORD_KINDS = (
    "phase", "role", "method", "act", "state", "level", "cause", "scope", "room", "window", "stage", "attribution",
    "party", "document_kind", "space",
)  # fmt: skip


def _facts(facts: Mapping[str, object] | None) -> _Facts:
    filled = _Facts()
    for key, value in (facts or {}).items():
        text = str(value)
        kind = "document_kind" if key == "kind" else key
        if key == "reason" and text.startswith("recording."):
            filled[key] = word("recording_stop", text)
            continue
        filled[key] = word(kind, text.split(":", 1)[0] if kind == "window" else text) if kind in WORD_KINDS else text
    return filled


def problem_text(code: str, facts: Mapping[str, object] | None = None) -> str:
    """One sentence for something wrong in a file that could be read."""
    entry = table("problems").get(code)
    if entry is None:
        return error_text(code, facts).what + f" ({code})"
    return str(entry[language().value]).format_map(_facts(facts))
