"""财库〔2026〕2号: what starts the review of abnormally low prices."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from law_world import PACK, RULES, a_case, a_lot

from app.procurement.case import LotCase, LowPriceRatios
from app.procurement.low_price import low_price_findings
from app.procurement.rulepack import rules_in_force

D = Decimal
QUOTES = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 3000).map(Decimal), min_size=1)


def triggers(quotes: dict[str, str], limit: str = "1000000", **ratios: Decimal) -> dict[str, list[str]]:
    case = a_lot(a_case(low_price=LowPriceRatios(**ratios)), budget=D("9999999"), ceiling=D(limit))
    found = low_price_findings({name: D(quote) for name, quote in quotes.items()}, case, RULES)
    return {entry.supplier: [step.code.removeprefix("low_price.") for step in entry.triggers] for entry in found}


def test_vector_of_the_pack() -> None:
    (vector,) = next(rule.vectors for rule in RULES.rules if rule.id == "low_price.triggers")
    assert triggers(vector["quotes"], vector["limit"]) == vector["triggers"]


@pytest.mark.parametrize(
    ("quotes", "limit", "found"),
    [
        # strictly below half of the mean (50 of 100)
        ({"a": "49.99", "b": "100.01", "c": "150"}, "111", {"a": ["mean", "second_lowest"]}),
        ({"a": "50", "b": "100", "c": "150"}, "111", {}),
        # strictly below half of the second lowest
        ({"a": "49.99", "b": "100"}, "111", {"a": ["second_lowest"]}),
        ({"a": "50", "b": "100"}, "111", {}),
        # strictly below 45 % of the ceiling
        ({"a": "44.99", "b": "45", "c": "45"}, "100", {"a": ["limit"]}),
        # only the lowest is compared with the second lowest, and equal lowest quotes are not
        ({"a": "10", "b": "10", "c": "100"}, "20", {"a": ["mean"], "b": ["mean"]}),
        ({"a": "10"}, "20", {}),
    ],
)
def test_ratios_are_strict(quotes: dict[str, str], limit: str, found: dict[str, list[str]]) -> None:
    assert triggers(quotes, limit) == found


def test_the_document_may_raise_the_ratios() -> None:
    assert triggers({"a": "64.99", "b": "100"}, "140", second_lowest=D("0.65")) == {"a": ["second_lowest"]}
    assert triggers({"a": "65", "b": "100"}, "140", second_lowest=D("0.65")) == {}


def test_the_budget_is_the_limit_without_a_ceiling() -> None:
    case = a_lot(budget=D(100), ceiling=None)
    found = low_price_findings({"a": D("44.99"), "b": D(50)}, case, RULES)
    assert [step.facts["reference"] for step in found[0].triggers] == ["100.00"]


def test_nothing_is_computed_before_the_rule_came_into_force() -> None:
    assert low_price_findings({"a": D(1), "b": D(100)}, a_lot(), rules_in_force(PACK, date(2026, 1, 31))) == ()


def test_steps_show_figures() -> None:
    case = a_lot(budget=D(120), ceiling=None)
    (finding,) = low_price_findings({"a": D(42), "b": D(95), "c": D(88), "d": D(100)}, case, RULES)
    assert finding.triggers[0].facts == {"quote": "42.00", "percent": "50", "reference": "88.00", "bound": "44.00"}


@given(QUOTES, st.integers(100, 3000))
def test_triggers_equal_an_exact_oracle(quotes: dict[str, Decimal], limit: int) -> None:
    case: LotCase = a_lot(budget=D(limit), ceiling=None)
    found = {
        entry.supplier: {step.code for step in entry.triggers} for entry in low_price_findings(quotes, case, RULES)
    }
    values = sorted(Fraction(value) for value in quotes.values())
    expected: dict[str, set[str]] = {}
    for name, quote in quotes.items():
        exact: dict[str, Any] = {
            "low_price.mean": Fraction(quote) < Fraction(1, 2) * sum(values) / len(values),
            "low_price.second_lowest": len(values) > 1
            and Fraction(quote) == values[0]
            and values[0] < values[1] * Fraction(1, 2),
            "low_price.limit": Fraction(quote) < Fraction(45, 100) * limit,
        }
        if any(exact.values()):
            expected[name] = {code for code, holds in exact.items() if holds}
    assert found == expected
