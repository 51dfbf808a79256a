"""Prices: arithmetic correction (87号令第59条), policy deductions, evaluation prices, price scores; with the steps."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from app.errors import InputError
from app.procurement.bid import PriceItem, PriceSchedule, line_total
from app.procurement.capital_amount import from_words, to_words
from app.procurement.case import LotCase
from app.procurement.data import Step, to_cent, two_places
from app.procurement.rulepack import RuleSet


class Correction(Struct, frozen=True):
    """The outcome of the arithmetic correction 报价修正.

    Attributes:
        quoted: the total on the price schedule in figures; ``corrected``: what it is after correction, in yuan.
        items: the lines after correction.
        steps: what was corrected, in the order of the article; empty when nothing was.
        needs_confirmation: the supplier must confirm in writing (第51条), else the bid is invalid.
    """

    quoted: Decimal
    corrected: Decimal
    items: tuple[PriceItem, ...]
    steps: tuple[Step, ...]

    @property
    def needs_confirmation(self) -> bool:
        return bool(self.steps)


class EvaluationPrice(Struct, frozen=True):
    """The price that is compared 评审价格: the quote less policy deductions; the contract stays at the quote."""

    quote: Decimal
    price: Decimal
    steps: tuple[Step, ...]


class PriceScore(Struct, frozen=True):
    """The price score 价格分 of one supplier, with its derivation."""

    score: Decimal
    steps: tuple[Step, ...]


def correct(schedule: PriceSchedule, body_total: Decimal | None, rules: RuleSet) -> Correction:
    """Correct the arithmetic of a price schedule in the order that the rule ``correction.order`` gives.

    (1) the schedule 开标一览表 prevails over the body of the bid; (2) words over figures; (3) an obviously misplaced
    decimal point in a unit price: the total prevails and the unit price is mended; (4) a total that is not the sum
    of quantity x unit price: the sum prevails. Several at once: in that order (87号令第59条).

    Raises:
        InputError: ``amount.words_unreadable`` when the words are none.
    """
    state = Correction(schedule.total, schedule.total, schedule.items, ())
    for name in rules.words("correction.order", "order"):
        if name == "schedule_over_body":
            state = _schedule_over_body(state, body_total)
        elif name == "words_over_figures":
            state = _words_over_figures(state, schedule.total_words)
        elif name == "unit_price_slip":
            state = _unit_price_slips(state)
        elif name == "unit_price_over_total":
            state = _unit_prices_over_total(state)
        else:
            raise InputError("rule.parameter", rule="correction.order", parameter="order")
    return state


def corrected_schedule(schedule: PriceSchedule, correction: Correction) -> PriceSchedule:
    """The price schedule as it stands after a confirmed correction."""
    total = correction.corrected
    return replace(schedule, items=correction.items, total=total, total_words=to_words(total))


def _schedule_over_body(state: Correction, body_total: Decimal | None) -> Correction:
    if body_total is None or body_total == state.corrected:
        return state
    facts = {"body": two_places(body_total), "schedule": two_places(state.corrected)}
    return replace(state, steps=(*state.steps, Step("correction.schedule_over_body", facts)))


def _words_over_figures(state: Correction, words: str) -> Correction:
    said = from_words(words)
    if said == state.corrected:
        return state
    facts = {"words": words, "amount": two_places(said), "figures": two_places(state.corrected)}
    return replace(state, corrected=said, steps=(*state.steps, Step("correction.words_over_figures", facts)))


def _unit_price_slips(state: Correction) -> Correction:
    """Mend unit prices whose line fits the total only after moving the decimal point (or reading a percentage)."""
    if sum((item.total for item in state.items), Decimal(0)) != state.corrected:
        return state
    items = list(state.items)
    steps = list(state.steps)
    for index, item in enumerate(items):
        if line_total(item) == item.total or not item.total:
            continue
        for shift in (1, -1, 2, -2, 3, -3, 4, -4):
            moved = item.unit_price.scaleb(shift)
            if to_cent(item.quantity * moved) == item.total:
                facts = {"item": item.name, "written": f"{item.unit_price:f}", "meant": f"{moved:f}"}
                items[index] = replace(item, unit_price=moved)
                steps.append(Step("correction.unit_price_slip", facts))
                break
    return replace(state, items=tuple(items), steps=tuple(steps))


def _unit_prices_over_total(state: Correction) -> Correction:
    items = []
    steps = list(state.steps)
    for item in state.items:
        computed = line_total(item)
        if computed != item.total:
            facts = {"item": item.name, "written": two_places(item.total), "computed": two_places(computed)}
            steps.append(Step("correction.line_total", facts))
        items.append(replace(item, total=computed))
    total = sum((item.total for item in items), Decimal(0))
    if total != state.corrected:
        facts = {"written": two_places(state.corrected), "computed": two_places(total)}
        steps.append(Step("correction.unit_price_over_total", facts))
    return Correction(state.quoted, total, tuple(items), tuple(steps))


def quote_faults(quote: Decimal, case: LotCase) -> tuple[Step, ...]:
    """Why a quote makes a bid invalid by itself: not positive, over the ceiling or the budget (87号令第63条(四))."""
    if quote <= 0:
        return (Step("quote.not_positive", {"quote": two_places(quote)}),)
    if quote > case.limit:
        return (Step("quote.over_limit", {"quote": two_places(quote), "limit": two_places(case.limit)}),)
    return ()


def evaluation_prices(
    quotes: Mapping[str, tuple[Decimal, PriceSchedule]], case: LotCase, rules: RuleSet
) -> dict[str, EvaluationPrice]:
    """Evaluation prices of all suppliers that are still in: each deduction is taken from the quote itself, additively.

    Args:
        quotes: by supplier, the (corrected or final) quote in yuan and the price schedule behind it.

    The domestic-product deduction (国办发〔2025〕34号) applies only when domestic and foreign products compete; a share
    from the rule's ``whole_from_share`` on covers the whole quote.
    """
    origins = {item.origin for _, schedule in quotes.values() for item in schedule.items}
    domestic = case.price_policy.domestic and {"domestic", "foreign"} <= origins
    return {
        supplier: _evaluation_price(quote, schedule, case, rules, domestic)
        for supplier, (quote, schedule) in quotes.items()
    }


def _evaluation_price(
    quote: Decimal, schedule: PriceSchedule, case: LotCase, rules: RuleSet, domestic: bool
) -> EvaluationPrice:
    steps = [Step("deduction.quote", {"quote": two_places(quote)})]
    price = quote
    declared = schedule.declarations
    if domestic:
        base = _domestic_base(quote, schedule, rules)
        if base:
            rate = rules.decimal("policy.domestic", "rate")
            price -= base * rate
            steps.append(_deduction("deduction.domestic", base, rate))
    policy = case.price_policy
    if not policy.set_aside:
        small = {"small", "micro", *(rules.words("policy.small", "treated_as_small"))} if policy.small_rate else set()
        if policy.small_rate is not None and declared.enterprise in small:
            price -= quote * policy.small_rate
            steps.append(_deduction("deduction.small", quote, policy.small_rate))
        elif (
            policy.joint_rate is not None
            and declared.joint
            and declared.joint_share >= rules.decimal("policy.small", "joint_min_share")
        ):
            price -= quote * policy.joint_rate
            steps.append(_deduction("deduction.joint", quote, policy.joint_rate))
    price = to_cent(price)
    steps.append(Step("deduction.price", {"price": two_places(price)}))
    return EvaluationPrice(quote, price, tuple(steps))


def _domestic_base(quote: Decimal, schedule: PriceSchedule, rules: RuleSet) -> Decimal:
    """What the domestic deduction is taken from: the whole quote or the domestic lines."""
    share = schedule.declarations.domestic_share
    if share is not None and share >= rules.decimal("policy.domestic", "whole_from_share"):
        return quote
    if all(item.origin == "domestic" for item in schedule.items):
        return quote
    return sum((line_total(item) for item in schedule.items if item.origin == "domestic"), Decimal(0))


def _deduction(code: str, base: Decimal, rate: Decimal) -> Step:
    facts = {
        "base": two_places(base),
        "percent": f"{(rate * 100).normalize():f}",
        "amount": two_places(to_cent(base * rate)),
    }
    return Step(code, facts)


def price_scores(
    prices: Mapping[str, Decimal],
    weight: Decimal,
    formula: Literal["ratio_then_weight", "weight_inside"],
    rules: RuleSet,
) -> dict[str, PriceScore]:
    """Price scores: lowest evaluation price / price x weight, to the rule's decimals, half up.

    Args:
        prices: evaluation prices (or final quotes) in yuan of all suppliers that are scored.
        weight: the most that the price can score, in points.
        formula: 87号令第55条 prints the ratio x 100 first; 214号第24条 has the weight inside. The number is the same.

    Raises:
        InputError: ``price.not_positive``.
    """
    if any(price <= 0 for price in prices.values()):
        raise InputError("price.not_positive")
    if not prices:
        return {}
    base = min(prices.values())
    quantum = Decimal(1).scaleb(-rules.integer(f"price_score.{formula}", "decimals"))
    return {supplier: _price_score(base, price, weight, formula, quantum) for supplier, price in prices.items()}


def _price_score(base: Decimal, price: Decimal, weight: Decimal, formula: str, quantum: Decimal) -> PriceScore:
    with localcontext() as context:
        context.prec = 50  # one rounding, at the end: base x weight first, so that exact halves stay exact
        score = (base * weight / price).quantize(quantum, ROUND_HALF_UP)
        ratio = (base * 100 / price).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    steps = [Step("price_score.base", {"base": two_places(base), "price": two_places(price)})]
    if formula == "ratio_then_weight":
        steps.append(
            Step("price_score.ratio", {"base": two_places(base), "price": two_places(price), "ratio": str(ratio)})
        )
    facts = {"base": two_places(base), "price": two_places(price), "weight": two_places(weight), "score": str(score)}
    steps.append(Step(f"price_score.{formula}", facts))
    return PriceScore(score, tuple(steps))
