import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from app.ca.token import PinState
from app.errors import FaultError, InputError
from app.procurement.methods import METHODS
from app.session.rules.events import EVENT_TYPES
from app.session.rules.people import Level, Role
from app.settings import RESOURCES
from app.ui import texts
from app.ui.i18n import Language, set_language
from app.ui.models import CaseAction, CaseTime, CheckState, HostState, TokenState

FIELD = re.compile(r"\{(\w+)\}")
TABLES = sorted((RESOURCES / "i18n").glob("*.json"))


def leaves(entry: Any) -> list[tuple[str, str]]:
    """Pairs of Chinese and English in an entry, however deep."""
    if isinstance(entry, dict) and set(entry) == {"zh", "en"}:
        if isinstance(entry["zh"], str):
            return [(entry["zh"], entry["en"])]
        assert set(entry["zh"]) == set(entry["en"])
        return [(entry["zh"][key], entry["en"][key]) for key in entry["zh"]]
    return [pair for inner in entry.values() for pair in leaves(inner)]


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_both_languages_say_the_same_facts(path: Any) -> None:
    pairs = leaves(json.loads(path.read_text("utf-8")))
    assert pairs
    assert [(zh, en) for zh, en in pairs if not zh or not en] == []
    assert [(zh, en) for zh, en in pairs if set(FIELD.findall(zh)) != set(FIELD.findall(en))] == []


def test_every_event_has_a_sentence() -> None:
    tags = {str(kind.__struct_config__.tag) for kind in EVENT_TYPES}
    assert sorted(tags - set(texts.table("events"))) == []


def test_sentences_use_facts_that_the_event_has() -> None:
    known = {str(kind.__struct_config__.tag): {*kind.__struct_fields__, "actor", "name"} for kind in EVENT_TYPES}
    wrong = {
        tag: set(FIELD.findall(entry["zh"])) - known[tag]
        for tag, entry in texts.table("events").items()
        if tag in known and set(FIELD.findall(entry["zh"])) - known[tag]
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("role", list(Role)), ("level", list(Level)), ("pin_state", list(PinState)), ("token_state", list(TokenState)),
        ("host", list(HostState)), ("case_action", list(CaseAction)), ("case_time", list(CaseTime)),
        ("check_state", list(CheckState)), ("method", list(METHODS)),
        ("phase", [phase.name for method in METHODS.values() for phase in method.phases]),
    ],
)  # fmt: skip
def test_every_code_has_a_word(kind: str, codes: list[str]) -> None:
    assert [code for code in codes if not texts.has_word(kind, code)] == []


def test_a_known_code_says_what_it_means_and_what_to_do() -> None:
    said = texts.error_text("token.timeout", {"seconds": 60})
    assert "60" in said.what
    assert said.means
    assert said.do
    set_language(Language.ENGLISH)
    assert texts.error_text("token.timeout", {"seconds": 60}).what == "The token did not answer within 60 seconds."


def test_a_rule_refusal_takes_the_rest_from_its_family() -> None:
    said = texts.error_text("gate.before_deadline")
    assert said.what == "截止时间未到。"
    assert said.means == texts.error_text("gate.unheard_of").means


def test_an_unknown_code_is_behind_the_fold_only() -> None:
    said = texts.error_text("moon.eclipse", {"hour": 3})
    assert "moon" not in said.what + said.means + said.do
    assert said.details == "moon.eclipse\nhour = 3"


def test_a_missing_fact_does_not_break_the_sentence() -> None:
    assert "—" in texts.error_text("token.timeout").what


def test_what_is_not_ours_is_a_fault() -> None:
    assert texts.is_fault(ValueError())
    assert texts.is_fault(FaultError("record.not_written"))
    assert not texts.is_fault(InputError("bid.late"))
    assert "ValueError" in texts.exception_text(ValueError("a secret")).details
    assert "secret" not in texts.exception_text(ValueError("a secret")).details


def test_event_facts_that_are_codes_become_words() -> None:
    assert texts.event_text("phase_entered", {"phase": "reading"}) == "进入：唱标"
    assert texts.event_text("window_opened", {"window": "confirm:91530100"}) == "计时开始：确认报价"
    assert texts.event_text("no_such_event") == "记录：no_such_event"


@pytest.mark.parametrize(
    ("size", "shown"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 KB"), (218_000_000, "218 MB"), (5 * 10**12, "5000 GB")]
)
def test_sizes(size: int, shown: str) -> None:
    assert texts.size_text(size) == shown


def test_days_in_both_languages() -> None:
    moment = datetime(2026, 11, 2, 12, tzinfo=UTC)
    assert texts.day(moment) == "2026年11月2日"
    set_language(Language.ENGLISH)
    assert texts.day(moment) == "2 Nov 2026"
