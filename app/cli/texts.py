"""Sentences of the command line, from the desk's own tables (resources/i18n) but without Qt. Language by ``LANG``."""

import json
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from app.record.verification import Verification
from app.settings import RESOURCES


def _language() -> str:
    chosen = os.environ.get("BIDROOM_LANGUAGE") or os.environ.get("LC_ALL") or os.environ.get("LANG") or "zh"
    return "en" if chosen.lower().startswith("en") else "zh"


@cache
def _table(name: str) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for path in sorted((RESOURCES / "i18n").glob(f"{name}*.json")):
        table.update(json.loads(path.read_text("utf-8")))
    return table


def sentence(code: str, facts: Mapping[str, Any]) -> str:
    """What happened and what to do; the code itself behind it."""
    language = _language()
    errors = _table("errors")
    entry = errors.get(code) or errors.get(code.partition(".")[0] + ".*") or errors.get("*", {})
    problem = _table("problems").get(code)
    shown = {key: str(value) for key, value in facts.items()}
    if problem is not None:
        text = _fill(problem[language], shown)
    else:
        words = entry.get(language, {})
        text = " ".join(_fill(words[part], shown) for part in ("what", "do") if words.get(part))
    details = ", ".join(f"{key}={value}" for key, value in shown.items())
    return f"{text} [{code}{': ' + details if details else ''}]"


def said(key: str, table: str = "terminal", **facts: object) -> str:
    """A sentence of one of the plain tables (``NAME.json``)."""
    shown = {name: str(value) for name, value in facts.items()}
    entry = _table(table).get(key)
    if table == "errors":
        return sentence(key, facts).rpartition(" [")[0]
    return _fill(str(entry[_language()]), shown) if entry is not None else key


def word(kind: str, code: str) -> str:
    """A word of the desk's tables."""
    entry = _words().get(kind, {}).get(code)
    return str(entry[_language()]) if entry else code


def spoken() -> str:
    """``zh`` or ``en``."""
    return _language()


@cache
def _words() -> dict[str, Any]:
    words: dict[str, Any] = {}
    for path in sorted((RESOURCES / "i18n").glob("words*.json")):
        for kind, entries in json.loads(path.read_text("utf-8")).items():
            words.setdefault(kind, {}).update(entries)
    return words


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


def _fill(text: str, facts: Mapping[str, str]) -> str:
    return text.format_map(_Blank(facts))


def verification_lines(result: Verification) -> list[str]:
    """Numbered steps in words, the first bad thing of each, and the outcome."""
    language, table = _language(), _table("verification")
    lines = []
    for step in result.steps:
        title = table["steps"].get(step.code, {}).get(language, step.code)
        verdict = table["verdicts"][step.verdict.value][language]
        about = ", ".join(f"{key}={value}" for key, value in (step.facts | step.where).items())
        if step.problem:
            about = f"{problem_words(step.problem)} {about}".strip()
        lines.append(f"{step.number:2d}. {verdict}  {title}{f'  ({about})' if about else ''}")
    lines.append(f"{table['summary'][result.verdict.value][language]}  {result.case} {result.size}:{result.root}")
    return lines


def problem_words(code: str) -> str:
    """What is wrong, in words: of the verifier's table, else of the errors'."""
    found = _table("verification")["problems"].get(code) or _table("errors").get(code)
    if found is None:
        return code
    words = found[_language()]
    return str(words if isinstance(words, str) else words["what"])


def demo_step(step: str) -> str:
    """A line of the demo's progress."""
    return str(_table("verification")["demo"].get(step, {}).get(_language(), step))
