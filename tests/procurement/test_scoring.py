"""Sheets, totals, ranking, deviations: 87号令第55、57、64条, 214号第24、25、32条."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from law_world import RULES, a_case, a_lot, item, schedule

from app.errors import InputError
from app.procurement.case import Criterion, LotCase, PerUnit
from app.procurement.methods import COMPETITIVE_CONSULTATION, PUBLIC_TENDER
from app.procurement.objective import Facts
from app.procurement.price import PriceScore, price_scores
from app.procurement.scoring import (
    Mark,
    Rank,
    Sheet,
    SupplierTotal,
    deviations,
    marked_criteria,
    objective_marks,
    opened_problems,
    rank,
    refuse_same_brand,
    same_core_brand,
    sheet_problems,
    totals,
    why_mark,
    why_total,
)

D = Decimal
PLAN = Criterion("plan", "方案", "subjective", D(40))
SERVICE = Criterion("service", "服务", "subjective", D(20), aspect="business")
DEVICES = Criterion("devices", "设备", "objective", D(4))
WORKS = Criterion("works", "业绩", "objective", D(6), aspect="business", rule=PerUnit("works", D(2), D(6)))
PRICE = Criterion("price", "价格", "price", D(30), aspect="price")
CASE: LotCase = a_lot(criteria=(PLAN, SERVICE, DEVICES, WORKS, PRICE))
FACTS: dict[str, Facts] = {"a": {"works": 3}, "b": {"works": 1}}
SUPPLIERS = ("a", "b")


def sheet(member: str, **changes: str) -> Sheet:
    """A complete sheet; ``a_plan="12"`` changes one mark, ``a_plan=""`` leaves it out."""
    given_marks = {
        "a_plan": "30", "a_service": "15", "a_devices": "4", "a_works": "6",
        "b_plan": "20", "b_service": "18", "b_devices": "2", "b_works": "2", **changes,
    }  # fmt: skip
    marks = (Mark(*place.split("_"), D(score)) for place, score in given_marks.items() if score)
    return Sheet(member, tuple(marks))


def found(*sheets: Sheet) -> list[tuple[str, str]]:
    return [(problem.code, problem.field) for problem in opened_problems(sheets, CASE, SUPPLIERS, FACTS)]


PRICES = price_scores({"a": D(100), "b": D(80)}, D(30), "ratio_then_weight", RULES)
QUOTES = {"a": D(100), "b": D(80)}


def totals_of(*sheets: Sheet, suppliers: tuple[str, ...] = SUPPLIERS) -> dict[str, SupplierTotal]:
    return {entry.supplier: entry for entry in totals(sheets, CASE, suppliers, PRICES, QUOTES, RULES)}


# --- sheets


def test_a_complete_sheet_has_no_problems() -> None:
    assert sheet_problems(sheet("m1"), CASE, SUPPLIERS, FACTS) == ()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"a_plan": "40.01"}, ("sheet.out_of_range", "a/plan")),
        ({"a_plan": "-1"}, ("sheet.out_of_range", "a/plan")),
        ({"a_plan": "NaN"}, ("sheet.out_of_range", "a/plan")),
        ({"a_plan": "30.125"}, ("sheet.too_fine", "a/plan")),
        ({"a_plan": ""}, ("sheet.missing", "a/plan")),
        ({"a_works": "4"}, ("sheet.objective_differs", "a/works")),
        ({"a_price": "30"}, ("sheet.unknown", "a/price")),
        ({"c_plan": "1"}, ("sheet.unknown", "c/plan")),
    ],
)
def test_what_is_wrong_with_a_sheet(changes: dict[str, str], problem: tuple[str, str]) -> None:
    problems = sheet_problems(sheet("m1", **changes), CASE, SUPPLIERS, FACTS)
    assert [(entry.code, entry.field) for entry in problems] == [problem]


def test_a_mark_given_twice_is_found() -> None:
    twice = Sheet("m1", (*sheet("m1").marks, Mark("a", "plan", D(1))))
    assert [problem.code for problem in sheet_problems(twice, CASE, SUPPLIERS, FACTS)] == ["sheet.twice"]


def test_objective_marks_must_be_equal() -> None:
    """87号令第64条: 客观因素评分不一致."""
    assert found(sheet("m1"), sheet("m2")) == []
    assert found(sheet("m1"), sheet("m2", b_devices="3")) == [("sheet.objective_unequal", "b/devices")]
    assert found(sheet("m1"), sheet("m2", a_service="1")) == []


def test_opened_sheets_name_the_member() -> None:
    """87号令第64条: 分项评分超出评分标准范围."""
    assert found(sheet("m1"), sheet("m2", a_plan="41")) == [("sheet.out_of_range", "m2:a/plan")]


def test_computed_marks_fill_the_sheet() -> None:
    assert objective_marks(CASE, SUPPLIERS, FACTS) == (Mark("a", "works", D(6)), Mark("b", "works", D(2)))


# --- totals


def test_totals_are_the_mean_of_the_members_and_the_price_score() -> None:
    result = totals_of(sheet("m1"), sheet("m2", a_plan="31"), sheet("m3", a_plan="31"))["a"]
    assert [entry.total for entry in result.member_totals] == [D(55), D(56), D(56)]
    assert result.marked == D("55.67")
    assert (result.price_score, result.total) == (D("24.00"), D("79.67"))
    assert result.criterion_means["plan"] == D("30.67")


def test_halves_are_rounded_up() -> None:
    eight = [sheet(f"m{place}", a_plan="30.01" if place == 0 else "30") for place in range(2)]
    assert totals_of(*eight)["a"].marked == D("55.01")  # 55.005


def test_technical_marks_are_those_of_technical_criteria() -> None:
    assert totals_of(sheet("m1"))["a"].technical == D(34)


def test_fixed_prices_are_not_scored() -> None:
    case = a_lot(criteria=(PLAN,), fixed_price=True)
    marks = Sheet("m", (Mark("a", "plan", D(9)),))
    assert totals([marks], case, ["a"], {}, {"a": D(5)}, RULES)[0].total == D(9)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: totals([], CASE, SUPPLIERS, PRICES, QUOTES, RULES), "scoring.no_sheets"),
        (lambda: totals([sheet("m"), sheet("m")], CASE, SUPPLIERS, PRICES, QUOTES, RULES), "scoring.sheet_twice"),
        (lambda: totals([sheet("m", b_plan="")], CASE, SUPPLIERS, PRICES, QUOTES, RULES), "scoring.sheet_incomplete"),
        (lambda: totals([sheet("m")], CASE, SUPPLIERS, {}, QUOTES, RULES), "scoring.no_price_score"),
        (lambda: totals([sheet("m")], CASE, SUPPLIERS, PRICES, {}, RULES), "scoring.no_quote"),
    ],
)
def test_totals_need_everything(call: Any, code: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.code == code


MARKS = st.integers(0, 2000).map(lambda cents: Decimal(cents) / 100)


@given(st.data(), st.integers(1, 9), st.integers(1, 6))
def test_totals_and_ranking_ignore_the_order_and_equal_an_oracle(data: Any, members: int, count: int) -> None:
    case = a_lot(criteria=(PLAN, SERVICE, PRICE))
    suppliers = [f"s{index}" for index in range(count)]
    marks = data.draw(st.lists(st.tuples(MARKS, MARKS), min_size=members * count, max_size=members * count))
    prices = data.draw(st.lists(st.integers(80, 84).map(Decimal), min_size=count, max_size=count))
    quotes = dict(zip(suppliers, prices, strict=True))
    scores = price_scores(quotes, D(30), "ratio_then_weight", RULES)
    sheets = [
        Sheet(
            f"m{member}",
            tuple(
                Mark(supplier, criterion, marks[member * count + place][index])
                for place, supplier in enumerate(suppliers)
                for index, criterion in enumerate(("plan", "service"))
            ),
        )
        for member in range(members)
    ]
    result = totals(sheets, case, suppliers, scores, quotes, RULES)
    for place, entry in enumerate(result):
        exact = sum((Fraction(sum(marks[member * count + place])) for member in range(members)), Fraction(0)) / members
        cents = (exact * 100 + Fraction(1, 2)).__floor__()
        assert entry.total == D(cents) / 100 + scores[entry.supplier].score
    shuffled_sheets = data.draw(st.permutations(sheets))
    shuffled_suppliers = data.draw(st.permutations(suppliers))
    again = totals(shuffled_sheets, case, shuffled_suppliers, scores, quotes, RULES)
    for method in (PUBLIC_TENDER, COMPETITIVE_CONSULTATION):
        ranking = rank(result, method)
        assert rank(again, method) == ranking
        assert {entry.supplier for entry in ranking} == set(suppliers)
        assert [entry.total for entry in ranking] == sorted((entry.total for entry in result), reverse=True)


# --- ranking


def scored(supplier: str, total: str, quote: str, technical: str = "0") -> SupplierTotal:
    return SupplierTotal(supplier, (), {}, D(total), D(technical), D(0), D(total), D(quote))


def places(ranks: tuple[Rank, ...]) -> list[tuple[int, str, str]]:
    return [(entry.rank, entry.supplier, entry.decided_by) for entry in ranks]


def test_score_then_quote_then_shared_rank_in_a_tender() -> None:
    """87号令第57条."""
    entries = [
        scored("d", "70", "1"),
        scored("c", "80", "9", "40"),
        scored("b", "80", "9", "50"),
        scored("a", "80", "8"),
    ]
    assert places(rank(entries, PUBLIC_TENDER)) == [
        (1, "a", ""), (2, "b", "quote_asc"), (2, "c", "tie"), (4, "d", "score_desc"),
    ]  # fmt: skip


def test_technical_merit_breaks_the_tie_in_a_consultation() -> None:
    """214号第25条."""
    entries = [scored("b", "80", "9", "40"), scored("c", "80", "9", "50"), scored("a", "80", "9", "50")]
    assert places(rank(entries, COMPETITIVE_CONSULTATION)) == [
        (1, "a", ""), (1, "c", "tie"), (3, "b", "technical_desc"),
    ]  # fmt: skip


def test_three_may_share_a_rank() -> None:
    entries = [scored(name, "80", "9") for name in "cab"] + [scored("d", "70", "9")]
    assert [(entry.rank, entry.supplier) for entry in rank(entries, PUBLIC_TENDER)] == [
        (1, "a"), (1, "b"), (1, "c"), (4, "d"),
    ]  # fmt: skip


def test_nobody_is_ranked_when_nobody_is_left() -> None:
    assert rank([], PUBLIC_TENDER) == ()


# --- deviations


def test_more_than_a_fifth_from_the_mean_is_listed() -> None:
    def entry(*member_totals: str) -> SupplierTotal:
        sheets = [sheet(f"m{place}", a_plan=str(D(total) - 25)) for place, total in enumerate(member_totals)]
        return totals_of(*sheets)["a"]

    # mean 50: 40 and 60 are exactly a fifth away and not listed
    assert deviations([entry("40", "60")], RULES) == ()
    listed = deviations([entry("39.99", "60.01")], RULES)
    assert [(item.member, str(item.percent), item.mean) for item in listed] == [
        ("m0", "-20.0", D(50)), ("m1", "20.0", D(50)),
    ]  # fmt: skip


# --- why


def test_why_a_subjective_figure() -> None:
    sheets = [sheet("m1"), sheet("m2", a_plan="31")]
    steps = why_mark("a", PLAN, sheets, FACTS["a"], None, RULES)
    assert [(step.code, step.facts.get("score")) for step in steps[:2]] == [
        ("score.mark", "30.00"), ("score.mark", "31.00"),
    ]  # fmt: skip
    assert steps[2].facts == {"sum": "61.00", "count": "2", "mean": "30.50"}


def test_why_computed_and_price_figures() -> None:
    assert why_mark("a", WORKS, [sheet("m1")], FACTS["a"], None, RULES)[-1].code == "objective.per_unit"
    price = PriceScore(D(24), PRICES["a"].steps)
    assert why_mark("a", PRICE, [], {}, price, RULES)[-1].facts["score"] == "24.00"
    assert why_mark("a", PRICE, [], {}, None, RULES) == ()
    assert why_mark("z", PLAN, [sheet("m1")], {}, None, RULES) == ()


def test_why_a_total() -> None:
    steps = why_total(totals_of(sheet("m1"), sheet("m2"))["a"])
    assert [step.code for step in steps] == ["total.member", "total.member", "total.mean", "total.sum"]
    assert steps[-1].facts == {"marked": "55.00", "price": "24.00", "total": "79.00"}


def test_one_brand_of_the_core_product_twice_is_refused() -> None:
    """87号令第31条."""
    brands = {"a": "Kylin ", "b": "kylin", "c": "", "d": "", "e": "Other"}
    offers = {name: schedule(item("1", "1", brand=brand, core=True)) for name, brand in brands.items()}
    accessories = {name: schedule(item("1", "1", brand="Kylin")) for name in "ab"}
    assert same_core_brand(offers) == (("a", "b"),)
    assert same_core_brand(accessories) == ()
    goods = a_lot(a_case(category="goods"))
    with pytest.raises(InputError) as caught:
        refuse_same_brand(goods, offers)
    assert (caught.value.code, caught.value.facts["suppliers"]) == ("ranking.same_brand_not_supported", "a b")
    refuse_same_brand(goods, accessories)
    refuse_same_brand(a_lot(), offers)


def test_price_is_no_part_of_a_sheet() -> None:
    assert [entry.id for entry in marked_criteria(CASE)] == ["plan", "service", "devices", "works"]
