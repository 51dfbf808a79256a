"""Objective criteria 客观分: points computed from declared facts, never typed, with the steps that lead to them."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from msgspec import Struct

from app.procurement.case import Criterion, Match, PerUnit, Tiers
from app.procurement.data import Step, two_places

Facts = Mapping[str, int | str | bool]


class ObjectiveScore(Struct, frozen=True):
    """The computed points of one supplier for one criterion."""

    score: Decimal
    steps: tuple[Step, ...]


def objective_score(criterion: Criterion, facts: Facts) -> ObjectiveScore | None:
    """Compute a criterion from a supplier's declared facts; None for a criterion without a rule.

    A fact that is absent or cannot be read as the rule needs it scores nothing, and the step says so. Declared facts
    are the supplier's word: members check the evidence, and a false fact is a finding, not an input here.
    """
    rule = criterion.rule
    if rule is None:
        return None
    declared = facts.get(rule.fact)
    if declared is None:
        return ObjectiveScore(Decimal(0), (Step("objective.not_declared", {"fact": rule.fact}),))
    if isinstance(rule, Match):
        return _match(rule, declared)
    number = _number(declared)
    if number is None:
        step = Step("objective.unreadable", {"fact": rule.fact, "declared": str(declared)[:100]})
        return ObjectiveScore(Decimal(0), (step,))
    if isinstance(rule, Tiers):
        return _tiers(rule, number)
    if number != number.to_integral_value():
        return ObjectiveScore(
            Decimal(0), (Step("objective.not_whole", {"fact": rule.fact, "declared": _plain(number)}),)
        )
    return _per_unit(rule, number)


def _per_unit(rule: PerUnit, number: Decimal) -> ObjectiveScore:
    score = min(number * rule.each, rule.cap)
    facts = {
        "fact": rule.fact, "count": _plain(number), "each": _plain(rule.each), "cap": _plain(rule.cap),
        "score": two_places(score),
    }  # fmt: skip
    return ObjectiveScore(
        score,
        (Step("objective.declared", {"fact": rule.fact, "value": _plain(number)}), Step("objective.per_unit", facts)),
    )


def _tiers(rule: Tiers, number: Decimal) -> ObjectiveScore:
    declared = Step("objective.declared", {"fact": rule.fact, "value": _plain(number)})
    reached = [tier for tier in rule.tiers if number >= tier.at_least]
    if not reached:
        facts = {"fact": rule.fact, "lowest": _plain(rule.tiers[0].at_least), "score": "0.00"}
        return ObjectiveScore(Decimal(0), (declared, Step("objective.below_tiers", facts)))
    tier = reached[-1]
    facts = {"fact": rule.fact, "at_least": _plain(tier.at_least), "score": two_places(tier.score)}
    return ObjectiveScore(tier.score, (declared, Step("objective.tier", facts)))


def _match(rule: Match, declared: int | str | bool) -> ObjectiveScore:
    word = str(declared).lower() if isinstance(declared, bool) else str(declared)
    score = rule.scores.get(word, Decimal(0))
    step = Step("objective.declared", {"fact": rule.fact, "value": word[:100]})
    code = "objective.match" if word in rule.scores else "objective.no_match"
    return ObjectiveScore(
        score, (step, Step(code, {"fact": rule.fact, "value": word[:100], "score": two_places(score)}))
    )


def _number(declared: int | str | bool) -> Decimal | None:
    """A declared number that is not negative; a yes or no is none."""
    if isinstance(declared, bool):
        return None
    try:
        number = Decimal(declared)
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 <= number < Decimal("1e13") else None


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
