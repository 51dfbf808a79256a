"""The computed numbers of a case: corrections, raw quotes, totals, ranking. Replay derives them again from here."""

from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct

from app.errors import InputError
from app.procurement.bid import PriceSchedule
from app.procurement.low_price import LowPriceFinding, low_price_findings
from app.procurement.objective import Facts
from app.procurement.price import Correction, correct, corrected_schedule, evaluation_prices, price_scores, quote_faults
from app.procurement.scoring import (
    Mark,
    Sheet,
    SupplierTotal,
    deviations,
    opened_problems,
    rank,
    refuse_same_brand,
    totals,
)
from app.session.rules.events_evaluation import CheckFinding, OpenedSheet, Standing, TieResolved, TotalsComputed
from app.session.rules.state import State

WORDS_UNREADABLE = "correction.words_unreadable"


class Quote(Struct, frozen=True):
    """A quote as it counts: yuan after confirmed corrections, and the price schedule behind it."""

    total: Decimal
    schedule: PriceSchedule


def quoted(state: State, supplier: str) -> tuple[PriceSchedule, Decimal | None] | None:
    """The price schedule that counts (final quote where the method has one, else the bid's) and the body's total."""
    if state.the_method().has("quoting"):
        final = state.quotes.get(supplier)
        return None if final is None else (final, None)
    bid = state.payload(supplier)
    return None if bid is None else (bid.price, bid.body_total)


def found_correction(state: State, supplier: str) -> tuple[Decimal, tuple[str, ...]] | None:
    """What the total becomes and by which steps (87号令 art. 59), or None when nothing is to be corrected.

    Words that cannot be read are to be clarified like a correction: the figures stand when the supplier confirms.
    """
    price = quoted(state, supplier)
    if price is None:
        return None
    correction = _correct(state, *price)
    if correction is None:
        return price[0].total, (WORDS_UNREADABLE,)
    if not correction.needs_confirmation:
        return None
    return correction.corrected, tuple(step.code for step in correction.steps)


def _correct(state: State, schedule: PriceSchedule, body_total: Decimal | None) -> Correction | None:
    try:
        return correct(schedule, body_total, state.the_rules())
    except InputError:
        return None


def corrected_quote(state: State, supplier: str) -> Quote | None:
    """The quote of a supplier after correction."""
    price = quoted(state, supplier)
    if price is None:
        return None
    correction = _correct(state, *price)
    if correction is None or not correction.needs_confirmation:
        return Quote(price[0].total, price[0])
    try:
        return Quote(correction.corrected, corrected_schedule(price[0], correction))
    except InputError:  # an amount that no words exist for is at fault anyway
        return Quote(correction.corrected, price[0])


def corrected_quotes(state: State) -> dict[str, Quote]:
    """The quotes of all that are still in, sorted by supplier."""
    found = {supplier: corrected_quote(state, supplier) for supplier in sorted(state.continuing())}
    return {supplier: quote for supplier, quote in found.items() if quote is not None}


def faults(state: State) -> dict[str, str]:
    """Suppliers whose quote is invalid by itself, with the code of the reason (87号令 art. 63(4))."""
    lot = state.the_lot()
    found = {supplier: quote_faults(quote.total, lot) for supplier, quote in corrected_quotes(state).items()}
    return {supplier: steps[0].code for supplier, steps in found.items() if steps}


def low_prices(state: State, quotes: dict[str, Decimal]) -> tuple[LowPriceFinding, ...]:
    """The quotes that start the low-price review."""
    return low_price_findings(quotes, state.the_lot(), state.the_rules())


def facts_of(state: State) -> dict[str, Facts]:
    """Declared facts by supplier."""
    payloads = {supplier: state.payload(supplier) for supplier in state.continuing()}
    return {supplier: dict(bid.facts) for supplier, bid in payloads.items() if bid is not None}


def sheet_of(member: str, opened: OpenedSheet) -> Sheet:
    """An opened sheet as the law's floor takes it."""
    marks = tuple(
        Mark(supplier, criterion, score, opened.reasons.get(supplier, {}).get(criterion, ""))
        for supplier, scores in sorted(opened.scores.items())
        for criterion, score in sorted(scores.items())
    )
    return Sheet(member, marks)


def compute(state: State) -> tuple[TotalsComputed | TieResolved, ...]:
    """Totals, ranking, findings of art. 64 and deviations from the opened sheets; how ties were resolved.

    While there are findings there is no ranking.
    """
    sheets = [sheet_of(member, state.sheets[member]) for member in state.members() if member in state.sheets]
    suppliers = tuple(sorted(state.continuing()))
    problems = opened_problems(sheets, state.the_lot(), suppliers, facts_of(state))
    findings = tuple(_finding(problem.code, problem.field) for problem in problems)
    if findings:
        return (TotalsComputed(standings=(), findings=findings, deviations=()),)
    try:
        standings, tie, deviating = _rank(state, sheets, suppliers)
    except InputError as error:  # nothing to rank by: shown as what it is
        return (TotalsComputed(standings=(), findings=(_finding(error.code, ""),), deviations=()),)
    computed = TotalsComputed(standings=standings, findings=(), deviations=deviating)
    return (computed,) if tie is None else (computed, tie)


def _rank(
    state: State, sheets: list[Sheet], suppliers: tuple[str, ...]
) -> tuple[tuple[Standing, ...], TieResolved | None, tuple[CheckFinding, ...]]:
    lot, rules, method = state.the_lot(), state.the_rules(), state.the_method()
    quotes = {supplier: quote for supplier, quote in corrected_quotes(state).items() if supplier in suppliers}
    refuse_same_brand(lot, {supplier: quote.schedule for supplier, quote in quotes.items()})
    prices = evaluation_prices({s: (quote.total, quote.schedule) for s, quote in quotes.items()}, lot, rules)
    compared = {supplier: price.price for supplier, price in prices.items()}
    criterion = lot.price_criterion
    scores = price_scores(compared, criterion.max_score, method.price_formula, rules) if criterion is not None else {}
    results = totals(sheets, lot, suppliers, scores, {s: quote.total for s, quote in quotes.items()}, rules)
    by_supplier: dict[str, SupplierTotal] = {item.supplier: item for item in results}
    ranks = rank(results, method)
    standings = tuple(
        Standing(
            supplier=place.supplier,
            rank=place.rank,
            total=place.total,
            technical=by_supplier[place.supplier].technical.quantize(Decimal("0.01"), ROUND_HALF_UP),
            price_score=by_supplier[place.supplier].price_score,
            quote=quotes[place.supplier].total,
            evaluation_price=compared[place.supplier],
        )
        for place in ranks
    )
    separated = tuple(dict.fromkeys(place.decided_by for place in ranks if place.decided_by not in ("", "score_desc")))
    order = tuple(place.supplier for place in ranks)
    tie = TieResolved(order=order, rule=",".join(separated)) if separated else None
    deviating = tuple(
        CheckFinding(code="deviation", member=item.member, supplier=item.supplier, criterion="")
        for item in deviations(results, rules)
    )
    return standings, tie, deviating


def _finding(code: str, field: str) -> CheckFinding:
    """``<member>:<supplier>/<criterion>`` or ``<supplier>/<criterion>``."""
    member, _, place = field.rpartition(":")
    supplier, _, criterion = place.partition("/")
    return CheckFinding(code=code, member=member, supplier=supplier, criterion=criterion)
