"""Scores: sheets 评分表, totals 汇总, ranking with ties, deviations, the checks of 87号令第64条; with the steps."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Annotated

from msgspec import Meta, Struct

from app.errors import InputError
from app.procurement.bid import PriceSchedule
from app.procurement.case import Criterion, LotCase
from app.procurement.data import Key, Problem, Step, Text, two_places
from app.procurement.methods import Method
from app.procurement.objective import Facts, objective_score
from app.procurement.price import PriceScore
from app.procurement.rulepack import RuleSet

MARK_QUANTUM = Decimal("0.01")
"""Members mark in steps of a hundredth point."""


class Mark(Struct, frozen=True, forbid_unknown_fields=True):
    """One mark 打分 of a sheet: points for one supplier and criterion, with the member's reason."""

    supplier: str
    criterion: Key
    score: Decimal
    reason: Text = ""


class Sheet(Struct, frozen=True, forbid_unknown_fields=True):
    """A member's score sheet 个人评分表: all suppliers, all criteria but the price."""

    member: str
    marks: Annotated[tuple[Mark, ...], Meta(max_length=20_000)]

    def score(self, supplier: str, criterion: str) -> Decimal:
        """The points given; raises KeyError where there is no mark."""
        for mark in self.marks:
            if mark.supplier == supplier and mark.criterion == criterion:
                return mark.score
        raise KeyError((supplier, criterion))


class MemberTotal(Struct, frozen=True):
    """What one member gave one supplier, without the price score."""

    member: str
    total: Decimal


class SupplierTotal(Struct, frozen=True):
    """The total of one supplier.

    Attributes:
        member_totals: by member in the order of the sheets.
        criterion_means: mean over the members by criterion, rounded as shown (the total is not their sum).
        marked: mean of the member totals, rounded; ``technical``: mean of the technical marks, not rounded.
        price_score, total: ``marked + price_score``.
        quote: what ties are broken by: the (corrected or final) quote, not the evaluation price.
    """

    supplier: str
    member_totals: tuple[MemberTotal, ...]
    criterion_means: dict[str, Decimal]
    marked: Decimal
    technical: Decimal
    price_score: Decimal
    total: Decimal
    quote: Decimal


class Rank(Struct, frozen=True):
    """A place in the ranking 排名; suppliers that the rule cannot separate share it 并列.

    Attributes:
        decided_by: the key of the tie rule that separated it from the one ranked just before; empty for the first;
            ``"tie"`` when it shares the rank of the one before.
    """

    rank: int
    supplier: str
    total: Decimal
    decided_by: str


class Deviation(Struct, frozen=True):
    """A member's total for a supplier that is further from the mean than the rule's ratio 畸高畸低: give a reason."""

    member: str
    supplier: str
    total: Decimal
    mean: Decimal
    percent: Decimal


def marked_criteria(case: LotCase) -> tuple[Criterion, ...]:
    """The criteria that a sheet must carry: all but the price."""
    return tuple(item for item in case.lot.criteria if item.kind != "price")


def sheet_problems(
    sheet: Sheet, case: LotCase, suppliers: Sequence[str], facts: Mapping[str, Facts]
) -> tuple[Problem, ...]:
    """Everything that is wrong with a sheet by itself; empty when it may be sealed.

    Args:
        suppliers: those who are still in; ``facts``: their declared facts.

    Returns:
        Codes ``sheet.missing``, ``sheet.twice``, ``sheet.unknown``, ``sheet.out_of_range`` (分项评分超范围),
        ``sheet.too_fine``, ``sheet.objective_differs`` (not what the rule computes); field ``<supplier>/<criterion>``.
    """
    criteria = {item.id: item for item in marked_criteria(case)}
    expected = {(supplier, criterion) for supplier in suppliers for criterion in criteria}
    problems = []
    seen: set[tuple[str, str]] = set()
    for mark in sheet.marks:
        place = (mark.supplier, mark.criterion)
        field = f"{mark.supplier}/{mark.criterion}"
        if place not in expected or place in seen:
            problems.append(Problem("sheet.twice" if place in seen else "sheet.unknown", field))
            continue
        seen.add(place)
        problems.extend(_mark_problems(mark, field, criteria[mark.criterion], facts.get(mark.supplier, {})))
    for supplier, criterion in sorted(expected - seen):
        problems.append(Problem("sheet.missing", f"{supplier}/{criterion}"))
    return tuple(problems)


def _mark_problems(mark: Mark, field: str, criterion: Criterion, facts: Facts) -> list[Problem]:
    shown = {"score": str(mark.score), "max": two_places(criterion.max_score)}
    if not mark.score.is_finite() or not 0 <= mark.score <= criterion.max_score:
        return [Problem("sheet.out_of_range", field, shown)]
    if mark.score != mark.score.quantize(MARK_QUANTUM):
        return [Problem("sheet.too_fine", field, shown)]
    computed = objective_score(criterion, facts)
    if computed is not None and computed.score != mark.score:
        return [Problem("sheet.objective_differs", field, {**shown, "computed": two_places(computed.score)})]
    return []


def objective_marks(case: LotCase, suppliers: Sequence[str], facts: Mapping[str, Facts]) -> tuple[Mark, ...]:
    """The marks that the rules compute: the same for every member, filled into each sheet before it is sealed."""
    marks = []
    for supplier in suppliers:
        for criterion in marked_criteria(case):
            computed = objective_score(criterion, facts.get(supplier, {}))
            if computed is not None:
                marks.append(Mark(supplier, criterion.id, computed.score))
    return tuple(marks)


def opened_problems(
    sheets: Sequence[Sheet], case: LotCase, suppliers: Sequence[str], facts: Mapping[str, Facts]
) -> tuple[Problem, ...]:
    """The checks of all opened sheets together, on the lawful grounds only (87号令第64条, 214号第32条).

    Returns:
        Each sheet's own problems (field ``<member>:<supplier>/<criterion>``), and ``sheet.objective_unequal``
        (客观因素评分不一致) where members differ on an objective criterion that no rule computes.
    """
    problems = [
        Problem(problem.code, f"{sheet.member}:{problem.field}", problem.facts)
        for sheet in sheets
        for problem in sheet_problems(sheet, case, suppliers, facts)
    ]
    given = {(sheet.member, mark.supplier, mark.criterion): mark.score for sheet in sheets for mark in sheet.marks}
    for criterion in marked_criteria(case):
        if criterion.kind != "objective":
            continue
        for supplier in suppliers:
            scores = {
                sheet.member: given[sheet.member, supplier, criterion.id]
                for sheet in sheets
                if (sheet.member, supplier, criterion.id) in given
            }  # fmt: skip
            if len(set(scores.values())) > 1:
                shown = {member: two_places(score) for member, score in scores.items()}
                problems.append(Problem("sheet.objective_unequal", f"{supplier}/{criterion.id}", shown))
    return tuple(problems)


def totals(
    sheets: Sequence[Sheet],
    case: LotCase,
    suppliers: Sequence[str],
    price_scores: Mapping[str, PriceScore],
    quotes: Mapping[str, Decimal],
    rules: RuleSet,
) -> tuple[SupplierTotal, ...]:
    """Totals: arithmetic mean of the members' sums, rounded half up to the rule's decimals, plus the price score.

    The price score comes last: it exists only when all sheets are in. No highest or lowest mark is left out.

    Args:
        sheets: opened, checked by :func:`opened_problems`.
        price_scores: from :func:`app.procurement.price.price_scores`; empty only where the price is fixed.

    Raises:
        InputError: ``scoring.no_sheets``, ``scoring.sheet_twice``, ``scoring.sheet_incomplete``,
            ``scoring.no_price_score``, ``scoring.no_quote``.
    """
    if not sheets:
        raise InputError("scoring.no_sheets")
    if len({sheet.member for sheet in sheets}) != len(sheets):
        raise InputError("scoring.sheet_twice")
    tables = [{(mark.supplier, mark.criterion): mark.score for mark in sheet.marks} for sheet in sheets]
    result = []
    for supplier in suppliers:
        if case.price_criterion is not None and supplier not in price_scores:
            raise InputError("scoring.no_price_score", supplier=supplier)
        if supplier not in quotes:
            raise InputError("scoring.no_quote", supplier=supplier)
        by_criterion: dict[str, list[Decimal]] = {}
        for criterion in marked_criteria(case):
            scores = [table.get((supplier, criterion.id)) for table in tables]
            given = [score for score in scores if score is not None]
            if len(given) != len(tables):
                raise InputError("scoring.sheet_incomplete", supplier=supplier, criterion=criterion.id)
            by_criterion[criterion.id] = given
        price = price_scores[supplier].score if supplier in price_scores else Decimal(0)
        result.append(_supplier_total(supplier, sheets, case, by_criterion, price, quotes[supplier], rules))
    return tuple(result)


def _supplier_total(
    supplier: str,
    sheets: Sequence[Sheet],
    case: LotCase,
    by_criterion: Mapping[str, list[Decimal]],
    price: Decimal,
    quote: Decimal,
    rules: RuleSet,
) -> SupplierTotal:
    members = [sum((scores[index] for scores in by_criterion.values()), Decimal(0)) for index in range(len(sheets))]
    technical = [
        score
        for criterion in marked_criteria(case)
        if criterion.aspect == "technical"
        for score in by_criterion[criterion.id]
    ]  # fmt: skip
    marked = rounded_mean(members, len(sheets), rules)
    return SupplierTotal(
        supplier=supplier,
        member_totals=tuple(MemberTotal(sheet.member, total) for sheet, total in zip(sheets, members, strict=True)),
        criterion_means={name: rounded_mean(scores, len(sheets), rules) for name, scores in by_criterion.items()},
        marked=marked,
        technical=sum(technical, Decimal(0)) / len(sheets),
        price_score=price,
        total=marked + price,
        quote=quote,
    )


def rounded_mean(values: Sequence[Decimal], count: int, rules: RuleSet) -> Decimal:
    """Sum / count to the decimals of ``scoring.figures``, half up, with one rounding only."""
    quantum = Decimal(1).scaleb(-rules.integer("scoring.figures", "decimals"))
    with localcontext() as context:
        context.prec = 60
        return (sum(values, Decimal(0)) / count).quantize(quantum, ROUND_HALF_UP)


def rank(all_totals: Sequence[SupplierTotal], method: Method) -> tuple[Rank, ...]:
    """Rank by the method's tie rule (87号令第57条: score, then quote; 214号第25条: then technical merit).

    What the rule cannot separate shares a rank; the next rank counts all before it (1, 2, 2, 4). The order of the
    arguments never matters: within a shared rank suppliers are listed by their id.
    """
    ordered = sorted(all_totals, key=lambda item: (*_keys(item, method), item.supplier))
    ranks: list[Rank] = []
    for index, item in enumerate(ordered):
        decided_by = ""
        place = index + 1
        if index:
            decided_by = _separating(ordered[index - 1], item, method)
            if decided_by == "tie":
                place = ranks[-1].rank
        ranks.append(Rank(place, item.supplier, item.total, decided_by))
    return tuple(ranks)


def _keys(item: SupplierTotal, method: Method) -> tuple[Decimal, ...]:
    values = {"score_desc": -item.total, "quote_asc": item.quote, "technical_desc": -item.technical}
    return tuple(values[key] for key in method.tie_rule)


def _separating(before: SupplierTotal, item: SupplierTotal, method: Method) -> str:
    for key, first, second in zip(method.tie_rule, _keys(before, method), _keys(item, method), strict=True):
        if first != second:
            return key
    return "tie"


def deviations(all_totals: Sequence[SupplierTotal], rules: RuleSet) -> tuple[Deviation, ...]:
    """Members' totals that differ from the members' mean by more than the ratio of ``scoring.figures`` (strictly)."""
    ratio = rules.decimal("scoring.figures", "deviation")
    result = []
    for item in all_totals:
        values = [entry.total for entry in item.member_totals]
        total = sum(values, Decimal(0))
        for entry in item.member_totals:
            # |x - total/n| > ratio x total/n, without the division
            if abs(entry.total * len(values) - total) > ratio * total:
                percent = ((entry.total * len(values) - total) * 100 / total).quantize(Decimal("0.1"), ROUND_HALF_UP)
                mean = rounded_mean(values, len(values), rules)
                result.append(Deviation(entry.member, item.supplier, entry.total, mean, percent))
    return tuple(result)


def why_mark(
    supplier: str, criterion: Criterion, sheets: Sequence[Sheet], facts: Facts, price: PriceScore | None, rules: RuleSet
) -> tuple[Step, ...]:
    """Why a supplier has its figure for a criterion: the rule's steps, the price's steps, or every member's mark."""
    if criterion.kind == "price":
        return price.steps if price else ()
    computed = objective_score(criterion, facts)
    if computed is not None:
        return computed.steps
    steps = [
        Step("score.mark", {"member": sheet.member, "score": two_places(mark.score), "reason": mark.reason})
        for sheet in sheets
        for mark in sheet.marks
        if mark.supplier == supplier and mark.criterion == criterion.id
    ]
    if not steps:
        return ()
    scores = [sheet.score(supplier, criterion.id) for sheet in sheets]
    mean = rounded_mean(scores, len(scores), rules)
    total = two_places(sum(scores, Decimal(0)))
    return (*steps, Step("score.mean", {"sum": total, "count": str(len(scores)), "mean": two_places(mean)}))


def why_total(item: SupplierTotal) -> tuple[Step, ...]:
    """Why a supplier has its total: the members' sums, their mean, the price score, the sum."""
    members = tuple(
        Step("total.member", {"member": entry.member, "total": two_places(entry.total)}) for entry in item.member_totals
    )
    mean = Step("total.mean", {"count": str(len(item.member_totals)), "mean": two_places(item.marked)})
    facts = {"marked": two_places(item.marked), "price": two_places(item.price_score), "total": two_places(item.total)}
    return (*members, mean, Step("total.sum", facts))


def same_core_brand(schedules: Mapping[str, PriceSchedule]) -> tuple[tuple[str, ...], ...]:
    """Groups of suppliers that offer the same brand of the core product 核心产品 (87号令第31条)."""
    groups: dict[str, list[str]] = {}
    for supplier in sorted(schedules):
        brands = {item.brand.strip().casefold() for item in schedules[supplier].items if item.core}
        for brand in sorted(brands - {""}):
            groups.setdefault(brand, []).append(supplier)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def refuse_same_brand(case: LotCase, schedules: Mapping[str, PriceSchedule]) -> None:
    """To be called before ranking a goods case: the article lets such a group count as one bidder; not carried out.

    Raises:
        InputError: ``ranking.same_brand_not_supported`` with the first group.
    """
    groups = same_core_brand(schedules) if case.category == "goods" else ()
    if groups:
        raise InputError("ranking.same_brand_not_supported", suppliers=" ".join(groups[0]))
