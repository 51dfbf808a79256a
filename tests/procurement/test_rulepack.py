"""Rules are dated; a case pins what was in force on its notice date."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from law_world import PACK, PACK_BYTES, RULES

from app.errors import InputError
from app.procurement.case import Windows
from app.procurement.methods import METHODS
from app.procurement.rulepack import effective_windows, load_rule_pack, rules_in_force


def pack_with(*rules: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"schema": "bidroom.rules/1", "id": "test", "rules": rules})


def a_rule(start: str, end: str | None = None, **params: Any) -> dict[str, Any]:
    return {"id": "r", "doc": "d", "article": "1", "effective_from": start, "effective_to": end, "params": params}


def test_every_rule_names_its_source() -> None:
    for rule in PACK.rules:
        assert rule.doc
        assert rule.doc == "house" or rule.article


def test_the_snapshot_follows_the_date() -> None:
    """财库〔2022〕19号 raised 6-10 % to 10-20 % from 2022-07-01."""
    for day, low in ((date(2022, 6, 30), "0.06"), (date(2022, 7, 1), "0.10")):
        assert rules_in_force(PACK, day).words("policy.small", "goods.small")[0] == low


@pytest.mark.parametrize(("day", "ratio"), [(date(2026, 1, 31), None), (date(2026, 2, 1), Decimal("0.50"))])
def test_low_price_ratios_came_in_february_2026(day: date, ratio: Decimal | None) -> None:
    """财库〔2026〕2号."""
    assert rules_in_force(PACK, day).decimal_or_none("low_price.triggers", "mean") == ratio


@given(st.dates(date(2017, 10, 1), date(2030, 1, 1)))
def test_one_version_of_a_rule_is_in_force(day: date) -> None:
    ids = [rule.id for rule in rules_in_force(PACK, day).rules]
    assert len(ids) == len(set(ids))


def test_the_digest_states_pack_date_and_rules() -> None:
    assert RULES.digest == rules_in_force(load_rule_pack(PACK_BYTES), RULES.notice_date).digest
    other_day = rules_in_force(PACK, date(2026, 10, 21))
    changed = rules_in_force(load_rule_pack(PACK_BYTES.replace(b'"0.65"', b'"0.64"')), RULES.notice_date)
    assert len({RULES.digest, other_day.digest, changed.digest}) == 3
    assert re.fullmatch("[0-9a-f]{64}", RULES.digest)


def test_a_snapshot_travels_as_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(RULES), type=type(RULES)).digest == RULES.digest


def test_all_rules_that_methods_name_exist() -> None:
    for method in METHODS.values():
        named = {method.price_weight, method.committee, method.leader, method.period, f"candidates.{method.code}"}
        named |= {check.rule for check in method.counts} | {deemed.rule for deemed in method.deemed}
        named.add(f"price_score.{method.price_formula}")
        assert all(RULES.has(name) for name in named), method.code
        assert RULES.words(f"redo.{method.code}", "grounds") == method.redo_grounds


@pytest.mark.parametrize(
    ("rule", "counted", "exception", "least"),
    [
        ("minimum.public_tender", "bids", None, 3),  # 87号令第41条
        ("minimum.competitive_consultation", "continuing", None, 3),  # 214号第21条
        ("minimum.competitive_consultation", "continuing", "research", 2),  # 214号第3条(四)、第21条
        ("minimum.competitive_consultation", "qualified", "research", 3),
        ("minimum.competitive_consultation", "conforming", "government_service", 2),  # 财库〔2015〕124号
        ("minimum.competitive_consultation", "bids", "government_service", 3),
        ("minimum.competitive_consultation", "bids", "no_such_exception", 3),
    ],
)
def test_minimum_counts(rule: str, counted: str, exception: str | None, least: int) -> None:
    assert RULES.minimum(rule, counted, exception) == least


def test_windows_are_the_packs_unless_the_case_says_otherwise() -> None:
    windows = effective_windows(Windows(decrypt=60, quote=3600), RULES)
    assert (windows["decrypt"].seconds, windows["decrypt"].shortened) == (60, True)
    assert (windows["quote"].seconds, windows["quote"].shortened) == (3600, False)
    assert (windows["sign"].seconds, windows["sign"].shortened) == (1800, False)
    assert set(windows) == set(Windows.__struct_fields__)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: RULES.rule("nothing"), "rule.not_in_force"),
        (lambda: RULES.decimal("opening.times", "gathering_lead_seconds"), "rule.parameter"),
        (lambda: RULES.decimal("redo.public_tender", "grounds"), "rule.parameter"),
        (lambda: RULES.decimal("price_score.weight_inside", "base"), "rule.parameter"),
        (lambda: RULES.integer("committee.public_tender", "odd"), "rule.parameter"),
        (lambda: RULES.flag("committee.public_tender", "min_size"), "rule.parameter"),
        (lambda: RULES.words("committee.public_tender", "min_size"), "rule.parameter"),
        (lambda: load_rule_pack(b"{}"), "rulepack.field_missing"),
        (lambda: load_rule_pack(pack_with()), "rulepack.field_wrong"),
        (lambda: load_rule_pack(pack_with(a_rule("2020-01-01", ratio=0.5))), "rulepack.number"),
        (lambda: load_rule_pack(pack_with(a_rule("2020-01-01"), a_rule("2021-01-01"))), "rulepack.overlap"),
        (
            lambda: load_rule_pack(pack_with(a_rule("2020-01-01", "2021-01-01"), a_rule("2021-01-01"))),
            "rulepack.overlap",
        ),
        (lambda: load_rule_pack(pack_with(a_rule("2020-01-01", "2019-01-01"))), "rulepack.overlap"),
    ],
)
def test_what_cannot_be_used_is_refused(call: Any, code: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.code == code


def test_versions_may_follow_each_other() -> None:
    pack = load_rule_pack(pack_with(a_rule("2021-01-02", n=2), a_rule("2020-01-01", "2021-01-01", n=1)))
    assert rules_in_force(pack, date(2021, 1, 1)).integer("r", "n") == 1
    assert rules_in_force(pack, date(2021, 1, 2)).integer("r", "n") == 2
    assert not rules_in_force(pack, date(2019, 1, 1)).has("r")
