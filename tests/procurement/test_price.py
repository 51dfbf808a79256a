"""87号令第55条、第59条, 214号第24条, 财库〔2020〕46号, 国办发〔2025〕34号."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from law_world import PACK, RULES, a_case, a_lot, item, schedule
from msgspec.structs import replace

from app.errors import InputError
from app.procurement.bid import PriceSchedule
from app.procurement.case import LotCase, PricePolicy
from app.procurement.price import (
    correct,
    corrected_schedule,
    evaluation_prices,
    price_scores,
    quote_faults,
)
from app.procurement.rulepack import rules_in_force

D = Decimal
PRICES = st.integers(1, 10**12).map(lambda fen: Decimal(fen) / 100)


def codes(price: PriceSchedule, body: str | None = None) -> list[str]:
    return [step.code for step in correct(price, D(body) if body else None, RULES).steps]


def lot_with(**policy: Any) -> LotCase:
    return a_lot(a_case(price_policy=PricePolicy(**policy)))


# --- correction, 第59条


def test_a_sound_schedule_stays_as_it_is() -> None:
    price = schedule(item("1200000", "0.32"), item("6", "30000.00"))
    outcome = correct(price, price.total, RULES)
    assert (outcome.corrected, outcome.items, outcome.needs_confirmation) == (price.total, price.items, False)


def test_1_the_schedule_prevails_over_the_body() -> None:
    outcome = correct(schedule(item("10", "5")), D("51"), RULES)
    assert outcome.corrected == 50
    assert [step.code for step in outcome.steps] == ["correction.schedule_over_body"]
    assert outcome.needs_confirmation


def test_2_words_prevail_over_figures() -> None:
    outcome = correct(schedule(item("10", "5"), total="500", words="伍拾元整"), None, RULES)
    assert outcome.corrected == 50
    assert [step.code for step in outcome.steps] == ["correction.words_over_figures"]


@pytest.mark.parametrize("written", ["0.05", "0.5", "50", "500", "0.005", "50000"])
def test_3_a_misplaced_decimal_point_in_a_unit_price(written: str) -> None:
    price = schedule(item("10", written, total="50.00"), item("1", "7"), total="57.00")
    outcome = correct(price, None, RULES)
    assert outcome.corrected == 57
    assert outcome.items[0].unit_price == 5
    assert [step.code for step in outcome.steps] == ["correction.unit_price_slip"]


def test_3_does_not_apply_to_any_other_difference() -> None:
    price = schedule(item("10", "6", total="50.00"), total="50.00")
    assert correct(price, None, RULES).corrected == 60


def test_3_does_not_apply_when_the_lines_do_not_make_the_total() -> None:
    price = schedule(item("10", "0.5", total="50.00"), total="51.00")
    outcome = correct(price, None, RULES)
    assert outcome.corrected == D("5.00")
    assert "correction.unit_price_slip" not in [step.code for step in outcome.steps]


def test_4_unit_prices_prevail_over_the_total() -> None:
    outcome = correct(schedule(item("10", "5"), item("2", "3"), total="60"), None, RULES)
    assert outcome.corrected == 56
    assert [step.code for step in outcome.steps] == ["correction.unit_price_over_total"]


def test_a_wrong_line_total_is_shown_and_mended() -> None:
    outcome = correct(schedule(item("10", "5", total="59.00")), None, RULES)
    assert outcome.corrected == 50
    assert [step.code for step in outcome.steps] == ["correction.line_total", "correction.unit_price_over_total"]


def test_several_at_once_are_corrected_in_the_order_of_the_article() -> None:
    price = schedule(item("10", "0.5", total="50.00"), item("3", "7", total="21.00"), total="70.00", words="柒拾壹元整")
    assert codes(price, "99") == [
        "correction.schedule_over_body", "correction.words_over_figures", "correction.unit_price_slip",
    ]  # fmt: skip
    outcome = correct(price, D("99"), RULES)
    assert outcome.corrected == 71
    assert corrected_schedule(price, outcome).total_words == "柒拾壹元整"


def test_a_corrected_schedule_needs_no_second_correction() -> None:
    price = schedule(item("10", "6.005", total="50.00"), item("1", "9"), total="61.00", words="柒拾元整")
    outcome = correct(price, None, RULES)
    again = correct(corrected_schedule(price, outcome), None, RULES)
    assert not again.needs_confirmation
    assert again.corrected == outcome.corrected == D("69.05")


def test_unreadable_words_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        correct(schedule(item("1", "1"), words="一元二毛"), None, RULES)
    assert caught.value.code == "amount.words_unreadable"


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**7)), min_size=1, max_size=6), PRICES, PRICES)
def test_after_correction_the_total_is_the_sum_of_its_lines(
    lines: list[tuple[int, int]], total: Decimal, said: Decimal
) -> None:
    items = [item(str(count), str(D(cents) / 100)) for count, cents in lines]
    price = schedule(*items, total=str(total))
    outcome = correct(price, said, RULES)
    assert outcome.corrected == sum(count * Fraction(cents, 100) for count, cents in lines)


# --- quotes


@pytest.mark.parametrize(
    ("quote", "code"),
    [("0", "quote.not_positive"), ("-1", "quote.not_positive"), ("2450000.01", "quote.over_limit"), ("2450000", None)],
)
def test_quotes_that_make_a_bid_invalid(quote: str, code: str | None) -> None:
    """87号令第63条(四): over budget or ceiling."""
    assert [step.code for step in quote_faults(D(quote), a_lot())] == ([code] if code else [])


# --- deductions


def evaluated(case: LotCase, *prices: PriceSchedule) -> list[Decimal]:
    quotes = {str(index): (price.total, price) for index, price in enumerate(prices)}
    return [entry.price for entry in evaluation_prices(quotes, case, RULES).values()]


def test_deductions_add_up_on_the_original_quote() -> None:
    """RULES 1.6: quote 100, small 10 % and domestic 20 % -> 70, not 72."""
    case = lot_with(small_rate=D("0.10"), domestic=True)
    ours = schedule(item("1", "100", origin="domestic"), enterprise="small")
    theirs = schedule(item("1", "80", origin="foreign"))
    others = schedule(item("1", "120", origin="foreign"))
    assert evaluated(case, ours, theirs, others) == [D("70.00"), D("80.00"), D("120.00")]


def test_domestic_counts_only_against_foreign_products() -> None:
    case = lot_with(domestic=True)
    price = schedule(item("1", "100", origin="domestic"))
    assert evaluated(case, price, price) == [D(100), D(100)]


def test_a_mixed_package_counts_by_line_or_as_a_whole() -> None:
    """国办发〔2025〕34号: a domestic share of at least 80 % covers the whole quote."""
    case = lot_with(domestic=True)
    lines = (item("1", "60", origin="domestic"), item("1", "40", origin="foreign"))
    assert evaluated(case, schedule(*lines)) == [D(88)]
    assert evaluated(case, schedule(*lines, domestic_share=D("0.7999"))) == [D(88)]
    assert evaluated(case, schedule(*lines, domestic_share=D("0.80"))) == [D(80)]


@pytest.mark.parametrize(
    ("enterprise", "expected"),
    [("large", 100), ("medium", 100), ("small", 90), ("micro", 90), ("prison", 90), ("welfare", 90)],
)
def test_who_counts_as_small(enterprise: str, expected: int) -> None:
    """财库〔2020〕46号; 财库〔2014〕68号, 〔2017〕141号: prison enterprises and welfare units count as small."""
    assert evaluated(lot_with(small_rate=D("0.10")), schedule(item("1", "100"), enterprise=enterprise)) == [expected]


def test_a_consortium_needs_its_share() -> None:
    case = lot_with(small_rate=D("0.10"), joint_rate=D("0.05"))
    for share, expected in (("0.30", 95), ("0.29", 100)):
        assert evaluated(case, schedule(item("1", "100"), joint=True, joint_share=D(share))) == [expected]
    both = schedule(item("1", "100"), joint=True, joint_share=D("0.5"), enterprise="small")
    assert evaluated(case, both) == [90]


def test_no_rate_no_deduction_and_none_in_a_set_aside() -> None:
    price = schedule(item("1", "100"), enterprise="small")
    assert evaluated(lot_with(), price) == [100]
    assert evaluated(lot_with(set_aside=True, small_rate=D("0.10")), price) == [100]


def test_deductions_say_what_was_taken() -> None:
    quotes = {"s": (D(200), schedule(item("1", "200"), enterprise="micro"))}
    steps = evaluation_prices(quotes, lot_with(small_rate=D("0.15")), RULES)["s"].steps
    assert [step.code for step in steps] == ["deduction.quote", "deduction.small", "deduction.price"]
    assert steps[1].facts == {"base": "200.00", "percent": "15", "amount": "30.00"}


# --- price scores


def vectors() -> list[Any]:
    return [
        pytest.param(rule.id.removeprefix("price_score."), vector, id=f"{rule.id}-{index}")
        for rule in PACK.rules
        if rule.id.startswith("price_score.")
        for index, vector in enumerate(rule.vectors)
    ]


@pytest.mark.parametrize(("formula", "vector"), vectors())
def test_vectors_of_the_pack(formula: Any, vector: dict[str, Any]) -> None:
    prices = {name: D(price) for name, price in vector["prices"].items()}
    scores = price_scores(prices, D(vector["weight"]), formula, RULES)
    assert {name: str(entry.score) for name, entry in scores.items()} == vector["scores"]


def test_the_two_formulas_print_differently_and_agree() -> None:
    prices = {"a": D("100"), "b": D("80")}
    tender = price_scores(prices, D(30), "ratio_then_weight", RULES)["a"]
    consultation = price_scores(prices, D(30), "weight_inside", RULES)["a"]
    assert tender.score == consultation.score
    assert [step.code for step in tender.steps] == [
        "price_score.base", "price_score.ratio", "price_score.ratio_then_weight",
    ]  # fmt: skip
    assert [step.code for step in consultation.steps] == ["price_score.base", "price_score.weight_inside"]


@given(st.dictionaries(st.sampled_from("abcdefgh"), PRICES, min_size=1), st.integers(1, 100))
def test_scores_equal_an_exact_oracle_whatever_the_order(prices: dict[str, Decimal], weight: int) -> None:
    scores = price_scores(prices, D(weight), "ratio_then_weight", RULES)
    turned = price_scores(dict(reversed(prices.items())), D(weight), "ratio_then_weight", RULES)
    assert scores == turned
    lowest = Fraction(min(prices.values()))
    for name, price in prices.items():
        exact = lowest * weight / Fraction(price)
        cents = (exact * 100 + Fraction(1, 2)).__floor__()
        assert scores[name].score == D(cents) / 100
        assert 0 <= scores[name].score <= weight
    assert max(entry.score for entry in scores.values()) == weight


def test_half_a_hundredth_is_rounded_up() -> None:
    # 1/32 x 10 = 0.3125 -> 0.31; 1/80 x 10 = 0.125 -> 0.13
    scores = price_scores({"a": D(1), "b": D(80), "c": D(32)}, D(10), "weight_inside", RULES)
    assert (scores["b"].score, scores["c"].score) == (D("0.13"), D("0.31"))
    assert D("0.125").quantize(D("0.01"), ROUND_HALF_UP) == D("0.13")


def test_prices_must_be_positive() -> None:
    with pytest.raises(InputError) as caught:
        price_scores({"a": D(0)}, D(30), "weight_inside", RULES)
    assert caught.value.code == "price.not_positive"
    assert price_scores({}, D(30), "weight_inside", RULES) == {}


def test_an_order_the_program_does_not_know_is_refused() -> None:
    rules = rules_in_force(PACK, RULES.notice_date)
    strange = replace(
        rules,
        rules=tuple(
            replace(rule, params={"order": ["guess"]}) if rule.id == "correction.order" else rule
            for rule in rules.rules
        ),
    )
    with pytest.raises(InputError) as caught:
        correct(schedule(item("1", "1")), None, strange)
    assert caught.value.code == "rule.parameter"
