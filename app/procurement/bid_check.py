"""Is a bid complete? What the case asks for, held against what the supplier has prepared: one finding for each lack.

The case's list is what its criteria and rules rest on: the kinds of documents where members look for evidence, the
facts that objective points are computed from, the ceiling. What a notice asks for beyond that only people can read.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from app.errors import InputError
from app.procurement.bid import PriceSchedule, line_total
from app.procurement.capital_amount import from_words
from app.procurement.case import Criterion, LotCase, Match
from app.procurement.objective import objective_score

SOON = timedelta(minutes=30)
ALWAYS = ("qualification", "business", "technical")
"""Kinds of documents that are asked after when the case's file is not at hand."""
MANY_BYTES = 4_000_000_000
SMALL = ("small", "micro", "prison", "welfare")

State = Literal["passed", "attention", "failed"]
Place = Literal["kit", "price", "declare", "files"]


class Finding(Struct, frozen=True):
    """One line of the check.

    Attributes:
        code: ``bid_check.*``, the key of the sentence; ``subject`` tells apart several with one code.
        state: ``failed`` keeps the bid from being sealed, ``attention`` is for the supplier to judge.
        place: where it is mended.
    """

    code: str
    state: State
    place: Place
    facts: dict[str, str] = {}
    subject: str = ""


class FileFacts(Struct, frozen=True):
    """A document as prepared; ``trouble`` is the code of what is wrong with it, empty when it could be read."""

    name: str
    kind: str
    size: int
    pages: int = 0
    trouble: str = ""


class Demands(Struct, frozen=True):
    """What the case asks of a bid.

    Attributes:
        kinds: kind of document → names of the criteria whose evidence it is (none: asked after in general).
        facts: objective criteria that are computed from a declared fact.
        limit: what the total may not exceed, in yuan.
        small_rate: deduction for small enterprises (0..1), None when there is none or the lot is set aside for them.
        set_aside: only small and micro enterprises may bid.
        known: whether the case's file was at hand.
    """

    kinds: dict[str, tuple[str, ...]] = {}
    facts: tuple[Criterion, ...] = ()
    limit: Decimal | None = None
    small_rate: Decimal | None = None
    set_aside: bool = False
    known: bool = False


def demands(case: LotCase | None) -> Demands:
    """The case's list; a general one without the case."""
    if case is None:
        return Demands(kinds=dict.fromkeys(ALWAYS, ()))
    kinds: dict[str, tuple[str, ...]] = {"qualification": ()} if case.lot.qualification else {}
    for criterion in case.lot.criteria:
        if criterion.evidence:
            kinds[criterion.evidence] = (*kinds.get(criterion.evidence, ()), criterion.name)
    policy = case.price_policy
    return Demands(
        kinds=kinds,
        facts=tuple(criterion for criterion in case.lot.criteria if criterion.rule is not None),
        limit=case.limit,
        small_rate=policy.small_rate,
        set_aside=policy.set_aside,
        known=True,
    )


def check_bid(
    asked: Demands,
    *,
    price: PriceSchedule | None,
    enterprise: str,
    facts: Mapping[str, int | str | bool],
    files: Sequence[FileFacts],
    deadline: datetime | None,
    now: datetime,
) -> tuple[Finding, ...]:
    """All lines in the order of the work. ``enterprise`` is empty while the supplier has not said its size."""
    found: list[Finding] = []
    if deadline is not None:
        found.append(_deadline(deadline, now))
    found += _price(asked, price)
    found += _declared(asked, price, enterprise, facts)
    found += _files(asked, files)
    return tuple(found)


def may_seal(findings: Sequence[Finding]) -> bool:
    """Nothing has failed."""
    return all(finding.state != "failed" for finding in findings)


def _deadline(deadline: datetime, now: datetime) -> Finding:
    left = deadline - now
    if left <= timedelta(0):
        return Finding("bid_check.late", "failed", "kit")
    minutes = int(left.total_seconds() // 60)
    facts = {"days": str(minutes // 1440), "hours": str(minutes // 60 % 24), "minutes": str(minutes % 60)}
    code = "bid_check.deadline_days" if minutes >= 1440 else "bid_check.deadline"
    return Finding(code, "attention" if left < SOON else "passed", "kit", facts)


def _price(asked: Demands, price: PriceSchedule | None) -> list[Finding]:
    if price is None:
        return [Finding("bid_check.price_missing", "failed", "price")]
    facts = {"total": f"{price.total:,.2f}", "words": price.total_words}
    found = [Finding("bid_check.price", "passed", "price", facts)]
    try:
        said = from_words(price.total_words)
    except InputError:
        found.append(Finding("bid_check.words_unreadable", "failed", "price", facts))
    else:
        if said != price.total:
            found.append(Finding("bid_check.words_differ", "failed", "price", facts))
    lines = sum((item.total for item in price.items), Decimal(0))
    sums = {"sum": f"{lines:,.2f}", "total": f"{price.total:,.2f}"}
    differs = lines != price.total
    found.append(Finding("bid_check.sum_differs" if differs else "bid_check.sum", "attention" if differs else "passed",
                         "price", sums))  # fmt: skip
    for number, item in enumerate(price.items, 1):
        if item.total != line_total(item):
            told = {"line": str(number), "name": item.name, "total": f"{item.total:,.2f}",
                    "computed": f"{line_total(item):,.2f}"}  # fmt: skip
            found.append(Finding("bid_check.line_differs", "attention", "price", told, str(number)))
        if not item.total:
            found.append(Finding("bid_check.nothing", "attention", "price", {"line": str(number), "name": item.name},
                                 str(number)))  # fmt: skip
    if not price.total:
        found.append(Finding("bid_check.zero", "failed", "price"))
    if asked.limit is not None and price.total > asked.limit:
        found.append(Finding("bid_check.over_limit", "attention", "price", {"limit": f"{asked.limit:,.2f}"}))
    return found


def _declared(
    asked: Demands, price: PriceSchedule | None, enterprise: str, facts: Mapping[str, int | str | bool]
) -> list[Finding]:
    found: list[Finding] = []
    if not enterprise:
        found.append(Finding("bid_check.enterprise_missing", "failed", "declare"))
    elif asked.set_aside and enterprise not in SMALL:
        found.append(Finding("bid_check.set_aside", "attention", "declare", {"enterprise": enterprise}))
    elif enterprise in SMALL:
        found.append(Finding("bid_check.small", "passed", "declare", {"enterprise": enterprise}))
    else:
        found.append(Finding("bid_check.enterprise", "passed", "declare", {"enterprise": enterprise}))
    if price is not None:
        if not price.declarations.delivery:
            found.append(Finding("bid_check.delivery_missing", "attention", "declare"))
        if not price.declarations.validity_days:
            found.append(Finding("bid_check.validity_missing", "attention", "declare"))
    found += [_fact(criterion, facts) for criterion in asked.facts]
    return found


def _fact(criterion: Criterion, facts: Mapping[str, int | str | bool]) -> Finding:
    rule, told = criterion.rule, {"name": criterion.name, "score": f"{criterion.max_score:f}"}
    assert rule is not None
    if rule.fact not in facts:
        return Finding("bid_check.fact_missing", "attention", "declare", told, criterion.id)
    told["value"] = str(facts[rule.fact])
    score = objective_score(criterion, facts)
    unusable = score is not None and any(
        step.code in ("objective.unreadable", "objective.not_whole") for step in score.steps
    )
    if unusable or (isinstance(rule, Match) and told["value"] not in rule.scores):
        return Finding("bid_check.fact_unusable", "attention", "declare", told, criterion.id)
    return Finding("bid_check.fact", "passed", "declare", told, criterion.id)


def _files(asked: Demands, files: Sequence[FileFacts]) -> list[Finding]:
    if not files:
        return [Finding("bid_check.files_none", "failed", "files")]
    size = sum(file.size for file in files)
    whole = {"count": str(len(files)), "megabytes": f"{size / 1e6:.1f}"}
    found = [Finding("bid_check.files", "passed", "files", whole)]
    if size > MANY_BYTES:
        found.append(Finding("bid_check.files_large", "attention", "files", whole))
    present = {file.kind for file in files}
    for kind, criteria in asked.kinds.items():
        if kind not in present:
            facts = {"kind": kind, "names": "、".join(criteria)}
            code = "bid_check.kind_missing" if criteria else "bid_check.kind_asked"
            found.append(Finding(code, "attention", "files", facts, kind))
    for file in files:
        if file.trouble:
            found.append(_trouble(file))
    return found


def _trouble(file: FileFacts) -> Finding:
    """A document that nobody could read at the evaluation must not be sealed; one that is only hard to show may."""
    fatal = file.trouble in ("document.unreadable", "document.encrypted", "bid.document_missing", "bid.document_empty",
                             "bid.document_too_large")  # fmt: skip
    state: State = "failed" if fatal else "attention"
    return Finding("bid_check.file_trouble", state, "files", {"name": file.name, "trouble": file.trouble}, file.name)
