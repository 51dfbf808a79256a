"""All that is wrong with a case is listed, by the rules in force on its notice date."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from law_world import CASE, PACK, RULES, a_case
from msgspec.structs import replace

from app.procurement.case import (
    CaseFile,
    Committee,
    LowPriceRatios,
    Match,
    MustSupervisor,
    OpenerSeat,
    OpeningPolicy,
    Organisation,
    PerUnit,
    PlacePolicy,
    PricePolicy,
    Tier,
    Tiers,
    Windows,
)
from app.procurement.case_checks import BEIJING, case_problems
from app.procurement.rulepack import rules_in_force

AGENCY = OpenerSeat("a", "甲", "agency")
AGENCY_2 = OpenerSeat("a2", "乙", "agency")
PURCHASER = OpenerSeat("p", "丙", "purchaser")
CONSULTATION = {"method": "competitive_consultation"}


def codes(case: CaseFile) -> set[str]:
    return {problem.code for problem in case_problems(case, rules_in_force(PACK, case.notice_date))}


def with_lot(**changes: Any) -> CaseFile:
    return a_case(lots=(replace(CASE.lots[0], **changes),))


def with_criterion(place: int, **changes: Any) -> CaseFile:
    criteria = list(CASE.lots[0].criteria)
    criteria[place] = replace(criteria[place], **changes)
    return with_lot(criteria=tuple(criteria))


def weighted(price: str, **changes: Any) -> CaseFile:
    """The sample with another price weight; the technical criterion takes up the difference."""
    criteria = list(CASE.lots[0].criteria)
    moved = Decimal(30) - Decimal(price)
    criteria[2] = replace(criteria[2], max_score=criteria[2].max_score + moved, levels=())
    criteria[-1] = replace(criteria[-1], max_score=Decimal(price))
    return replace(with_lot(criteria=tuple(criteria)), **changes)


def test_the_sample_is_sound_for_both_methods() -> None:
    assert codes(CASE) == set()
    assert codes(a_case(**CONSULTATION)) == set()


def test_all_problems_are_listed_at_once() -> None:
    wrong = a_case(
        purchaser=Organisation("x", "91350100M000100Y44"),
        committee=Committee(size=4, experts=2),
        deadline=datetime(2026, 10, 25, tzinfo=BEIJING),
    )
    assert codes(wrong) == {
        "case.uscc_wrong", "case.period_too_short", "case.committee_too_small", "case.committee_even",
        "case.committee_few_experts",
    }  # fmt: skip


@pytest.mark.parametrize("method", ["invited_tender", "negotiation", "inquiry", "single_source"])
def test_other_methods_are_refused_by_name(method: str) -> None:
    (problem,) = case_problems(a_case(method=method), RULES)
    assert (problem.code, problem.field) == ("method.not_supported", "method")
    assert problem.facts["term"]


def test_a_method_nobody_knows_is_refused() -> None:
    assert codes(a_case(method="auction")) == {"method.unknown"}


def test_a_notice_before_the_packs_rules_is_refused() -> None:
    assert codes(a_case(notice_date=date(2010, 1, 1))) == {"rule.not_in_force"}


def test_rules_of_another_date_are_noticed() -> None:
    other = rules_in_force(PACK, CASE.notice_date - timedelta(days=1))
    assert [problem.code for problem in case_problems(CASE, other)] == ["case.rules_of_other_date"]


@pytest.mark.parametrize(("method", "days"), [("public_tender", 20), ("competitive_consultation", 10)])
def test_periods_before_the_deadline(method: str, days: int) -> None:
    """政府采购法第35条: 20 days; 214号第10条: 10 days. The first day is not counted (87号令第85条)."""
    start = datetime(2026, 10, 20, 0, 0, tzinfo=BEIJING)
    assert "case.period_too_short" not in codes(a_case(method=method, deadline=start + timedelta(days=days)))
    assert "case.period_too_short" in codes(a_case(method=method, deadline=start + timedelta(days=days, seconds=-1)))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"committee": Committee(3, 2)}, "case.committee_too_small"),
        ({"committee": Committee(5, 3)}, "case.committee_few_experts"),
        ({"committee": Committee(5, 6)}, "case.committee_more_experts_than_members"),
        ({"committee": Committee(6, 5)}, "case.committee_even"),
        ({"committee": Committee(5, 4, complex=True)}, "case.committee_too_small"),
        ({"committee": Committee(1, 1), **CONSULTATION}, "case.committee_too_small"),
        ({"bid_source": "platform_export"}, "case.bid_source_not_supported"),
        ({"place_policy": PlacePolicy("dispersed")}, "case.place_ground_missing"),
        ({"count_exception": "government_service"}, "case.count_exception_unknown"),
        ({"candidates": 2, **CONSULTATION}, "case.candidates_too_few"),
        ({"sign_in": ("staff_verified", "staff_verified")}, "case.duplicate"),
        ({"windows": Windows(explanation=1799)}, "case.window_too_short"),
        ({"price_policy": PricePolicy(small_rate=Decimal("0.09"))}, "case.deduction_out_of_range"),
        ({"price_policy": PricePolicy(small_rate=Decimal("0.21"))}, "case.deduction_out_of_range"),
        ({"price_policy": PricePolicy(joint_rate=Decimal("0.07"))}, "case.deduction_out_of_range"),
        ({"price_policy": PricePolicy(set_aside=True, small_rate=Decimal("0.1"))}, "case.deduction_in_set_aside"),
        ({"low_price": LowPriceRatios(mean=Decimal("0.66"))}, "case.low_price_ratio"),
        ({"low_price": LowPriceRatios(limit=Decimal("0.44"))}, "case.low_price_ratio"),
        ({"opening_policy": OpeningPolicy(k=3, openers=(AGENCY, PURCHASER))}, "case.openers_k"),
        ({"opening_policy": OpeningPolicy(k=2, openers=(AGENCY, AGENCY_2))}, "case.openers_one_party"),
        ({"opening_policy": OpeningPolicy(k=2, openers=(AGENCY, AGENCY))}, "case.duplicate"),
        ({"opening_policy": OpeningPolicy("supplier", k=0, openers=(AGENCY,))}, "case.openers_without_layer"),
        ({"opening_policy": OpeningPolicy("openers", 2, (AGENCY, AGENCY_2, PURCHASER))}, "case.openers_party_alone"),
        ({"opening_policy": OpeningPolicy(k=2, openers=(AGENCY, PURCHASER), must=MustSupervisor("丁", "丁"))},
         "case.substitute_same"),
        ({"lots": CASE.lots * 2}, "case.duplicate"),
    ],
)  # fmt: skip
def test_a_rule_broken_is_a_problem(changes: dict[str, Any], code: str) -> None:
    assert code in codes(a_case(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"committee": Committee(7, 5, complex=True)},
        {"committee": Committee(3, 2), **CONSULTATION},
        {"count_exception": "government_service", **CONSULTATION},
        {"place_policy": PlacePolicy("dispersed", ground="第十二号批复")},
        {"windows": Windows(explanation=60), "rehearsal": True},
        {"windows": Windows(decrypt=60)},
        {"low_price": LowPriceRatios(mean=Decimal("0.65"), limit=Decimal("0.45"))},
        {"price_policy": PricePolicy(small_rate=Decimal("0.10"), joint_rate=Decimal("0.06"), domestic=True)},
        {"opening_policy": OpeningPolicy("supplier", k=0)},
        {"opening_policy": OpeningPolicy("openers", 3, (AGENCY, AGENCY_2, PURCHASER))},
    ],
)
def test_what_the_rules_allow_is_no_problem(changes: dict[str, Any]) -> None:
    assert codes(a_case(**changes)) == set()


def test_ten_million_need_seven_members() -> None:
    """87号令第47条: 1000 万元以上; the figure itself is included (第86条)."""
    assert codes(with_lot(budget=Decimal("10000000.00"))) == {"case.committee_too_small"}
    assert codes(with_lot(budget=Decimal("9999999.99"))) == set()


@pytest.mark.parametrize(
    ("method", "category", "weight", "allowed"),
    [
        # 87号令第55条
        ("public_tender", "services", "10", True), ("public_tender", "services", "9.99", False),
        ("public_tender", "goods", "30", True), ("public_tender", "goods", "29.99", False),
        # 214号第24条
        ("competitive_consultation", "services", "30", True), ("competitive_consultation", "services", "30.01", False),
        ("competitive_consultation", "services", "9.99", False),
        ("competitive_consultation", "goods", "30", True), ("competitive_consultation", "goods", "29", False),
    ],
)  # fmt: skip
def test_price_weights(method: str, category: str, weight: str, allowed: bool) -> None:
    found = codes(weighted(weight, method=method, category=category))
    assert ("case.price_weight" in found) is not allowed


def test_works_are_not_under_the_tender_rules() -> None:
    assert "case.category_not_covered" in codes(a_case(category="works", price_policy=PricePolicy()))


@pytest.mark.parametrize(
    ("case", "code"),
    [
        (with_criterion(2, max_score=Decimal(21)), "case.weights_not_100"),
        (with_criterion(2, max_score=Decimal(0)), "case.score_not_positive"),
        (with_criterion(2, max_score=Decimal("20.005")), "case.score_too_fine"),
        (with_criterion(2, rule=PerUnit("f", Decimal(1), Decimal(20))), "case.rule_not_objective"),
        (with_criterion(2, kind="price"), "case.price_criterion_count"),
        (with_criterion(2, aspect="price"), "case.aspect_of_price"),
        (with_criterion(2, max_score=Decimal(15)), "case.level_range"),
        (with_criterion(0, rule=PerUnit("f", Decimal(2), Decimal(8))), "case.rule_highest"),
        (with_criterion(0, rule=PerUnit("f", Decimal(0), Decimal(6))), "case.rule_highest"),
        (with_criterion(0, rule=Match("f", {"a": Decimal(5)})), "case.rule_highest"),
        (with_criterion(0, rule=Match("f", {"a": Decimal(6), "b": Decimal(-1)})), "case.rule_highest"),
        (with_criterion(0, rule=Tiers("f", (Tier(Decimal(3), Decimal(6)), Tier(Decimal(3), Decimal(5))))),
         "case.rule_highest"),
        (with_criterion(0, levels=CASE.lots[0].criteria[2].levels), "case.levels_not_subjective"),
        (with_criterion(0, id="manager"), "case.duplicate"),
        (with_lot(fixed_price=True), "case.price_criterion_count"),
        (with_lot(budget=Decimal(0)), "case.amount_not_positive"),
        (with_lot(ceiling=Decimal("2600000.01")), "case.ceiling_over_budget"),
        (with_lot(conformity=tuple(replace(item, mandatory=False) for item in CASE.lots[0].conformity)),
         "case.no_mandatory_item"),
    ],
)  # fmt: skip
def test_criteria_and_amounts(case: CaseFile, code: str) -> None:
    assert code in codes(case)


def test_the_domestic_deduction_is_not_in_force_before_2026() -> None:
    """国办发〔2025〕34号: from 2026-01-01."""
    for day, found in ((date(2025, 12, 31), {"rule.not_in_force"}), (date(2026, 1, 1), set())):
        assert codes(a_case(notice_date=day, price_policy=PricePolicy(domestic=True))) == found
