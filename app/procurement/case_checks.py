"""What is wrong with a case that could be read: all of it, with field and facts, against the rules in force."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta, timezone
from decimal import Decimal
from itertools import pairwise

from app.errors import InputError
from app.procurement.case import CaseFile, Criterion, Lot, Match, Organisation, PerUnit, Tiers
from app.procurement.data import Problem, two_places
from app.procurement.identifiers import uscc_ok
from app.procurement.methods import Method, method_of
from app.procurement.rulepack import RuleSet, effective_windows

BEIJING = timezone(timedelta(hours=8), "UTC+08:00")
"""Legal days are counted in Beijing time, which has had no summer time since 1991."""

LEGAL_WINDOWS = ("explanation",)
"""Windows whose standard is a legal minimum: shorter only in a rehearsal."""


def case_problems(case: CaseFile, rules: RuleSet) -> tuple[Problem, ...]:
    """Everything that is wrong with a case file under the rules pinned by its notice date; empty when it may be used.

    Args:
        rules: ``rules_in_force(pack, case.notice_date)``.

    Returns:
        Problems in the order of the file; codes ``case.*``, ``method.*``, ``rule.not_in_force``.
    """
    try:
        method = method_of(case.method)
        rules.rule(method.committee)
    except InputError as error:
        facts = {key: str(value) for key, value in error.facts.items()}
        return (*_organisations(case), Problem(error.code, "method", facts))
    problems: list[Problem] = []
    for part in (
        _organisations(case),
        _dates(case, method, rules),
        _committee(case, method, rules),
        _openers(case, rules),
        _policies(case, method, rules),
        _windows(case, rules),
        _unique((lot.id for lot in case.lots), "lots"),
    ):
        problems.extend(part)
    for index, lot in enumerate(case.lots):
        problems.extend(_lot(lot, f"lots[{index}]", case, method, rules))
    return tuple(problems)


def _organisations(case: CaseFile) -> Iterator[Problem]:
    organisations: tuple[tuple[str, Organisation], ...] = (("purchaser", case.purchaser), ("agency", case.agency))
    for field, organisation in organisations:
        if not uscc_ok(organisation.uscc):
            yield Problem("case.uscc_wrong", f"{field}.uscc", {"uscc": organisation.uscc})


def _dates(case: CaseFile, method: Method, rules: RuleSet) -> Iterator[Problem]:
    if case.notice_date != rules.notice_date:
        yield Problem(
            "case.rules_of_other_date", "notice_date",
            {"notice": case.notice_date.isoformat(), "rules": rules.notice_date.isoformat()},
        )  # fmt: skip
    days = (case.deadline.astimezone(BEIJING).date() - case.notice_date).days
    least = rules.integer(method.period, "min_days")
    if days < least:
        facts = {"days": str(days), "least": str(least), "article": rules.rule(method.period).article}
        yield Problem("case.period_too_short", "deadline", facts)


def _committee(case: CaseFile, method: Method, rules: RuleSet) -> Iterator[Problem]:
    for code, facts in composition_problems(
        case.committee.size, case.committee.experts, max(lot.budget for lot in case.lots), case.committee.complex,
        method, rules,
    ):  # fmt: skip
        yield Problem(code, "committee", facts)


def composition_problems(
    size: int, experts: int, budget: Decimal, complex_case: bool, method: Method, rules: RuleSet
) -> Iterator[tuple[str, dict[str, str]]]:
    """What is wrong with a committee of this size (87号令第47条, 214号第14条), as codes with facts.

    Codes: ``case.committee_too_small``, ``case.committee_even``, ``case.committee_few_experts``,
    ``case.committee_more_experts_than_members``. The same function is the gate when the committee assembles.
    """
    rule = method.committee
    least = rules.integer(rule, "min_size")
    larger_from = rules.decimal_or_none(rule, "larger.budget_from")
    if (larger_from is not None and budget >= larger_from) or (complex_case and rules.value(rule, "larger.if_complex")):
        least = rules.integer(rule, "larger.min_size")
    facts = {"size": str(size), "experts": str(experts), "least": str(least), "article": rules.rule(rule).article}
    if size < least:
        yield "case.committee_too_small", facts
    if rules.flag(rule, "odd") and size % 2 == 0:
        yield "case.committee_even", facts
    if experts * rules.integer(rule, "expert_share.of") < size * rules.integer(rule, "expert_share.at_least"):
        yield "case.committee_few_experts", facts
    if experts > size:
        yield "case.committee_more_experts_than_members", facts


def _openers(case: CaseFile, rules: RuleSet) -> Iterator[Problem]:
    policy = case.opening_policy
    yield from _unique((seat.id for seat in policy.openers), "opening_policy.openers")
    yield from _unique((seat.name for seat in policy.openers), "opening_policy.openers")
    if policy.layers == "supplier":
        if policy.openers or policy.k or policy.must:
            yield Problem("case.openers_without_layer", "opening_policy")
        return
    if not 1 <= policy.k <= len(policy.openers):
        facts = {"k": str(policy.k), "openers": str(len(policy.openers))}
        yield Problem("case.openers_k", "opening_policy.k", facts)
    parties = {seat.party for seat in policy.openers}
    least = rules.integer("opening.openers", "min_parties")
    if len(parties) < least:
        yield Problem("case.openers_one_party", "opening_policy.openers", {"least": str(least)})
    if policy.layers == "openers":
        for party in sorted(parties):
            if sum(seat.party == party for seat in policy.openers) >= policy.k:
                yield Problem("case.openers_party_alone", "opening_policy.k", {"party": party})
    if policy.must and policy.must.supervisor == policy.must.substitute:
        yield Problem("case.substitute_same", "opening_policy.must.substitute")


def _policies(case: CaseFile, method: Method, rules: RuleSet) -> Iterator[Problem]:
    if case.bid_source != "bid_box":
        yield Problem("case.bid_source_not_supported", "bid_source", {"bid_source": case.bid_source})
    if case.place_policy.kind == "dispersed" and not case.place_policy.ground.strip():
        yield Problem("case.place_ground_missing", "place_policy.ground")
    if case.count_exception:
        known = {
            name
            for rule in {check.rule for check in method.counts}
            for name in (rules.value(rule, "exceptions") or {})
        }  # fmt: skip
        if case.count_exception not in known:
            facts = {"exception": case.count_exception, "method": case.method}
            yield Problem("case.count_exception_unknown", "count_exception", facts)
    least = rules.integer(f"candidates.{method.code}", "min")
    if case.candidates < least:
        yield Problem("case.candidates_too_few", "candidates", {"least": str(least)})
    yield from _unique(case.sign_in, "sign_in")
    yield from _price_policy(case, rules)
    yield from _low_price(case, rules)


def _price_policy(case: CaseFile, rules: RuleSet) -> Iterator[Problem]:
    policy = case.price_policy
    for name, rate in (("small", policy.small_rate), ("joint", policy.joint_rate)):
        field = f"price_policy.{name}_rate"
        if rate is None:
            continue
        if policy.set_aside:
            yield Problem("case.deduction_in_set_aside", field)
        elif not rules.has("policy.small"):
            yield Problem("rule.not_in_force", field, {"rule": "policy.small"})
        else:
            low, high = (Decimal(text) for text in rules.words("policy.small", f"{case.category}.{name}"))
            if not low <= rate <= high:
                facts = {"rate": str(rate), "low": str(low), "high": str(high)}
                yield Problem("case.deduction_out_of_range", field, facts)
    if policy.domestic and not rules.has("policy.domestic"):
        yield Problem("rule.not_in_force", "price_policy.domestic", {"rule": "policy.domestic"})


def _low_price(case: CaseFile, rules: RuleSet) -> Iterator[Problem]:
    for name in case.low_price.__struct_fields__:
        ratio: Decimal | None = getattr(case.low_price, name)
        if ratio is None:
            continue
        legal = rules.decimal_or_none("low_price.triggers", name)
        highest = rules.decimal_or_none("low_price.triggers", "max_ratio")
        if legal is None or highest is None:
            yield Problem("rule.not_in_force", f"low_price.{name}", {"rule": "low_price.triggers"})
        elif not legal <= ratio <= highest:
            facts = {"ratio": str(ratio), "low": str(legal), "high": str(highest)}
            yield Problem("case.low_price_ratio", f"low_price.{name}", facts)


def _windows(case: CaseFile, rules: RuleSet) -> Iterator[Problem]:
    if case.rehearsal:
        return
    for name, window in effective_windows(case.windows, rules).items():
        if name in LEGAL_WINDOWS and window.shortened:
            facts = {"seconds": str(window.seconds), "least": str(window.standard)}
            yield Problem("case.window_too_short", f"windows.{name}", facts)


def _lot(lot: Lot, field: str, case: CaseFile, method: Method, rules: RuleSet) -> Iterator[Problem]:
    if lot.budget <= 0:
        yield Problem("case.amount_not_positive", f"{field}.budget")
    if lot.ceiling is not None and not 0 < lot.ceiling <= lot.budget:
        yield Problem("case.ceiling_over_budget", f"{field}.ceiling")
    for name, items in (("qualification", lot.qualification), ("conformity", lot.conformity)):
        yield from _unique((item.id for item in items), f"{field}.{name}")
        if not any(item.mandatory for item in items):
            yield Problem("case.no_mandatory_item", f"{field}.{name}")
    yield from _unique((item.id for item in lot.criteria), f"{field}.criteria")
    for index, criterion in enumerate(lot.criteria):
        yield from _criterion(criterion, f"{field}.criteria[{index}]")
    yield from _weights(lot, f"{field}.criteria", case, method, rules)


def _weights(lot: Lot, field: str, case: CaseFile, method: Method, rules: RuleSet) -> Iterator[Problem]:
    total = sum((item.max_score for item in lot.criteria), Decimal(0))
    if total != 100:
        yield Problem("case.weights_not_100", field, {"total": two_places(total)})
    prices = [item for item in lot.criteria if item.kind == "price"]
    if len(prices) != (0 if lot.fixed_price else 1):
        yield Problem("case.price_criterion_count", field, {"count": str(len(prices))})
        return
    if lot.fixed_price:
        return
    low = rules.decimal_or_none(method.price_weight, f"{case.category}.min")
    high = rules.decimal_or_none(method.price_weight, f"{case.category}.max")
    if low is None or high is None:
        yield Problem("case.category_not_covered", "category", {"category": case.category, "method": case.method})
    elif not low <= prices[0].max_score <= high:
        facts = {
            "weight": two_places(prices[0].max_score), "low": str(low), "high": str(high),
            "article": rules.rule(method.price_weight).article,
        }  # fmt: skip
        yield Problem("case.price_weight", field, facts)


def _criterion(item: Criterion, field: str) -> Iterator[Problem]:
    if item.max_score <= 0:
        yield Problem("case.score_not_positive", f"{field}.max_score")
    if (item.kind == "price") != (item.aspect == "price"):
        yield Problem("case.aspect_of_price", f"{field}.aspect")
    if item.kind != "objective" and item.rule is not None:
        yield Problem("case.rule_not_objective", f"{field}.rule")
    if item.kind != "subjective" and item.levels:
        yield Problem("case.levels_not_subjective", f"{field}.levels")
    for index, level in enumerate(item.levels):
        if not 0 <= level.low <= level.high <= item.max_score:
            yield Problem("case.level_range", f"{field}.levels[{index}]", {"name": level.name})
    for name, score in _scores(item):
        if score != round(score, 2):
            yield Problem("case.score_too_fine", f"{field}.{name}", {"score": str(score)})
    if item.rule is not None:
        highest = _highest(item.rule)
        if highest is None or highest != item.max_score:
            facts = {"highest": "" if highest is None else two_places(highest), "max": two_places(item.max_score)}
            yield Problem("case.rule_highest", f"{field}.rule", facts)


def _scores(item: Criterion) -> Iterator[tuple[str, Decimal]]:
    """All points that a criterion speaks of; marks go to hundredths, so these must not be finer."""
    yield "max_score", item.max_score
    for level in item.levels:
        yield from (("levels", level.low), ("levels", level.high))
    if isinstance(item.rule, PerUnit):
        yield from (("rule.each", item.rule.each), ("rule.cap", item.rule.cap))
    elif isinstance(item.rule, Tiers):
        yield from (("rule.tiers", tier.score) for tier in item.rule.tiers)
    elif isinstance(item.rule, Match):
        yield from (("rule.scores", score) for score in item.rule.scores.values())


def _highest(rule: PerUnit | Tiers | Match) -> Decimal | None:
    """The most that a rule can give, None when its figures make no sense."""
    if isinstance(rule, PerUnit):
        return rule.cap if rule.each > 0 and rule.cap > 0 else None
    if isinstance(rule, Tiers):
        bounds = [tier.at_least for tier in rule.tiers]
        scores = [tier.score for tier in rule.tiers]
        rising = all(low < high for low, high in pairwise(bounds))
        return max(scores) if rising and min(scores) >= 0 else None
    return max(rule.scores.values()) if min(rule.scores.values()) >= 0 else None


def _unique(ids: Iterable[str], field: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            yield Problem("case.duplicate", field, {"name": name})
        seen.add(name)


def fields_of(problems: Sequence[Problem]) -> tuple[str, ...]:
    """The fields named by problems, in order: for a form that marks them."""
    return tuple(dict.fromkeys(problem.field for problem in problems))
