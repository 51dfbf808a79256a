"""Every figure with its derivation, computed again on this desk from what it may see: "why this number?"."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from app.errors import BidroomError
from app.procurement.case import Criterion
from app.procurement.data import Step
from app.procurement.objective import objective_score
from app.procurement.price import EvaluationPrice, PriceScore, evaluation_prices, price_scores
from app.procurement.scoring import Sheet, SupplierTotal, totals, why_mark, why_total
from app.session.rules.state import State
from app.session.rules.totals import corrected_quotes, sheet_of
from app.ui import texts
from app.ui.step_facts import StepFacts


class Derived(msgspec.Struct, frozen=True):
    """The computed side of a summary; empty while the sheets are sealed."""

    sheets: tuple[Sheet, ...] = ()
    totals: dict[str, SupplierTotal] = {}
    prices: dict[str, EvaluationPrice] = {}
    scores: dict[str, PriceScore] = {}


def derive(state: State) -> Derived:
    """Compute from the opened sheets and the quotes that count; what cannot be computed is left out."""
    sheets = tuple(sheet_of(member, state.sheets[member]) for member in state.members() if member in state.sheets)
    suppliers = tuple(sorted(state.continuing()))
    if not sheets or state.lot is None:
        return Derived()
    lot, rules = state.the_lot(), state.the_rules()
    try:
        quotes = {s: quote for s, quote in corrected_quotes(state).items() if s in suppliers}
        prices = evaluation_prices({s: (quote.total, quote.schedule) for s, quote in quotes.items()}, lot, rules)
        compared = {supplier: price.price for supplier, price in prices.items()}
        criterion = lot.price_criterion
        formula = state.the_method().price_formula
        scores = price_scores(compared, criterion.max_score, formula, rules) if criterion is not None else {}
        found = totals(sheets, lot, suppliers, scores, {s: quote.total for s, quote in quotes.items()}, rules)
    except BidroomError:
        return Derived(sheets=sheets)
    return Derived(sheets=sheets, totals={item.supplier: item for item in found}, prices=prices, scores=scores)


def why_of_total(derived: Derived, supplier: str) -> tuple[Step, ...]:
    """The steps of a supplier's total; the price's own steps come first."""
    item = derived.totals.get(supplier)
    if item is None:
        return ()
    price = derived.prices.get(supplier)
    score = derived.scores.get(supplier)
    return (*(price.steps if price else ()), *(score.steps if score else ()), *why_total(item))


def why_of_criterion(facts: StepFacts, derived: Derived, supplier: str, criterion: Criterion) -> tuple[Step, ...]:
    """The steps of one criterion, by rule or by the members' marks."""
    payload = facts.state.payload(supplier)
    declared = dict(payload.facts) if payload is not None else {}
    return why_mark(
        supplier, criterion, derived.sheets, declared, derived.scores.get(supplier), facts.state.the_rules()
    )


def computed_score(facts: StepFacts, supplier: str, criterion: Criterion) -> Decimal | None:
    """What the rule of a criterion gives, or None where members mark it."""
    payload = facts.state.payload(supplier)
    found = objective_score(criterion, dict(payload.facts) if payload is not None else {})
    return found.score if found is not None else None


def _grouped(text: str) -> str:
    """Amounts with separators of thousands; everything else as it is."""
    whole, dot, rest = text.partition(".")
    return f"{int(whole):,}{dot}{rest}" if whole.isdecimal() and rest.isdecimal() and len(whole) > 3 else text


def sentences(facts: StepFacts, steps: Sequence[Step]) -> list[str]:
    """Steps in words; members by name."""
    said = []
    for step in steps:
        shown = dict(step.facts)
        if "member" in shown:
            shown["member"] = facts.name(shown["member"])
        if "percent" not in shown and "rate" in shown:
            shown["percent"] = shown["rate"]
        shown = {key: _grouped(text) for key, text in shown.items()}
        said.append(texts.finding_text(step.code, shown))
    return said
