"""The review of abnormally low prices 异常低价审查 (财库〔2026〕2号): what starts it. A trigger is not a verdict."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from app.procurement.case import LotCase
from app.procurement.data import Step, to_cent, two_places
from app.procurement.rulepack import RuleSet


class LowPriceFinding(Struct, frozen=True):
    """A quote to be reviewed, one step for each trigger: ``low_price.mean``, ``.second_lowest``, ``.limit``."""

    supplier: str
    quote: Decimal
    triggers: tuple[Step, ...]


def low_price_findings(quotes: Mapping[str, Decimal], case: LotCase, rules: RuleSet) -> tuple[LowPriceFinding, ...]:
    """Which quotes start the review: strictly below a ratio of the mean, of the second lowest, or of the ceiling.

    Args:
        quotes: raw quotes in yuan (not evaluation prices) of all suppliers that passed conformity.

    Returns:
        Findings sorted by supplier; the fourth ground, the committee's own judgement, is a vote and not here. Before
        财库〔2026〕2号 came into force there are no ratios and nothing is found.
    """
    findings = []
    for supplier in sorted(quotes):
        triggers = _triggers(quotes[supplier], sorted(quotes.values()), case, rules)
        if triggers:
            findings.append(LowPriceFinding(supplier, quotes[supplier], tuple(triggers)))
    return tuple(findings)


def _triggers(quote: Decimal, ordered: list[Decimal], case: LotCase, rules: RuleSet) -> list[Step]:
    steps = []
    mean = _ratio("mean", case, rules)
    # quote < ratio x sum / n, without the division
    if mean is not None and quote * len(ordered) < mean * sum(ordered):
        shown = to_cent(sum(ordered, Decimal(0)) / len(ordered))
        steps.append(_step("mean", quote, mean, shown))
    second = _ratio("second_lowest", case, rules)
    # the ratio is below one, so whoever is below it is the lowest, and alone
    if second is not None and len(ordered) > 1 and quote < second * ordered[1]:
        steps.append(_step("second_lowest", quote, second, ordered[1]))
    limit = _ratio("limit", case, rules)
    if limit is not None and quote < limit * case.limit:
        steps.append(_step("limit", quote, limit, case.limit))
    return steps


def _ratio(name: str, case: LotCase, rules: RuleSet) -> Decimal | None:
    own: Decimal | None = getattr(case.low_price, name)
    return rules.decimal_or_none("low_price.triggers", name) if own is None else own


def _step(name: str, quote: Decimal, ratio: Decimal, reference: Decimal) -> Step:
    facts = {
        "quote": two_places(quote),
        "percent": f"{(ratio * 100).normalize():f}",
        "reference": two_places(reference),
        "bound": two_places(to_cent(ratio * reference)),
    }
    return Step(f"low_price.{name}", facts)
