"""Objective points are computed from declared facts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from law_world import CASE

from app.procurement.case import Criterion, Match, PerUnit, Tier, Tiers
from app.procurement.objective import objective_score

D = Decimal
PER_UNIT = PerUnit("contracts", D(2), D(6))
TIERS = Tiers("years", (Tier(D(3), D(1)), Tier(D(5), D(3)), Tier(D(10), D("5.5"))))
MATCH = Match("title", {"高级": D(4), "true": D(1)})


def criterion(rule: PerUnit | Tiers | Match | None) -> Criterion:
    return Criterion("c", "n", "objective", D(10), rule=rule)


@pytest.mark.parametrize(
    ("rule", "facts", "score", "code"),
    [
        (PER_UNIT, {"contracts": 4}, "6", "objective.per_unit"),
        (PER_UNIT, {"contracts": 2}, "4", "objective.per_unit"),
        (PER_UNIT, {"contracts": "3"}, "6", "objective.per_unit"),
        (PER_UNIT, {"contracts": 0}, "0", "objective.per_unit"),
        (PER_UNIT, {"contracts": "1.5"}, "0", "objective.not_whole"),
        (PER_UNIT, {"contracts": -1}, "0", "objective.unreadable"),
        (PER_UNIT, {"contracts": True}, "0", "objective.unreadable"),
        (PER_UNIT, {"contracts": "viele"}, "0", "objective.unreadable"),
        (PER_UNIT, {"contracts": "NaN"}, "0", "objective.unreadable"),
        (PER_UNIT, {"contracts": "1e99"}, "0", "objective.unreadable"),
        (PER_UNIT, {}, "0", "objective.not_declared"),
        (TIERS, {"years": "2.99"}, "0", "objective.below_tiers"),
        (TIERS, {"years": 3}, "1", "objective.tier"),
        (TIERS, {"years": "9.99"}, "3", "objective.tier"),
        (TIERS, {"years": 10}, "5.5", "objective.tier"),
        (MATCH, {"title": "高级"}, "4", "objective.match"),
        (MATCH, {"title": True}, "1", "objective.match"),
        (MATCH, {"title": "初级"}, "0", "objective.no_match"),
    ],
)
def test_points(rule: PerUnit | Tiers | Match, facts: dict[str, int | str | bool], score: str, code: str) -> None:
    computed = objective_score(criterion(rule), facts)
    assert computed is not None
    assert (computed.score, computed.steps[-1].code) == (D(score), code)


def test_why_the_sample_gives_six_points() -> None:
    computed = objective_score(CASE.lots[0].criteria[0], {"similar_contracts": 4})
    assert computed is not None
    assert computed.steps[1].facts == {
        "fact": "similar_contracts", "count": "4", "each": "2", "cap": "6", "score": "6.00",
    }  # fmt: skip


def test_without_a_rule_there_is_nothing_to_compute() -> None:
    assert objective_score(criterion(None), {"contracts": 4}) is None


@given(st.sampled_from([PER_UNIT, TIERS, MATCH]), st.integers() | st.text(max_size=30) | st.booleans())
def test_any_declared_fact_gives_points_within_the_rule(
    rule: PerUnit | Tiers | Match, declared: int | str | bool
) -> None:
    computed = objective_score(criterion(rule), {rule.fact: declared})
    assert computed is not None
    assert 0 <= computed.score <= 6
