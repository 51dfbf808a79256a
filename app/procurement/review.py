"""Reviews by item: qualification 资格审查 and conformity 符合性审查, votes, majority, dissent, minimum counts."""

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

from app.errors import InputError
from app.procurement.case import ReviewItem
from app.procurement.data import Text
from app.procurement.methods import CountCheck, Method
from app.procurement.rulepack import RuleSet


class Vote(Struct, frozen=True, forbid_unknown_fields=True):
    """One reviewer's finding on one item for one supplier; a failing one needs its reason."""

    member: str
    supplier: str
    item: str
    passed: bool
    reason: Text = ""


class Dissent(Struct, frozen=True):
    """A vote against the majority 不同意见, with the reason its member gave."""

    member: str
    passed: bool
    reason: str


class ItemResult(Struct, frozen=True):
    """Where one item stands for one supplier.

    Attributes:
        outcome: ``passed``, ``failed``, ``open`` (votes are missing) or ``tied`` (all voted, no majority: talk and
            vote again).
        missing: members who have not voted.
    """

    item: str
    outcome: Literal["passed", "failed", "open", "tied"]
    mandatory: bool
    votes_for: int
    votes_against: int
    missing: tuple[str, ...]
    dissents: tuple[Dissent, ...]


class SupplierReview(Struct, frozen=True):
    """The review of one supplier.

    Attributes:
        outcome: ``passed`` when all mandatory items passed; ``failed`` when all are decided and a mandatory one failed.
        failed_items: mandatory items that failed; ``deviations``: others that failed, noted without consequence.
    """

    supplier: str
    outcome: Literal["passed", "failed", "open"]
    items: tuple[ItemResult, ...]
    failed_items: tuple[str, ...]
    deviations: tuple[str, ...]


class CountOutcome(Struct, frozen=True):
    """A minimum count held against what there is."""

    check: CountCheck
    count: int
    least: int

    @property
    def met(self) -> bool:
        """Whether the phase may be entered."""
        return self.count >= self.least


def check_vote(vote: Vote, items: Sequence[ReviewItem], members: Iterable[str], suppliers: Iterable[str]) -> None:
    """Refuse a vote that cannot count.

    Raises:
        InputError: ``review.not_a_member``, ``review.unknown_supplier``, ``review.unknown_item``,
            ``review.reason_missing`` (a failing vote without a reason).
    """
    if vote.member not in members:
        raise InputError("review.not_a_member", member=vote.member)
    if vote.supplier not in suppliers:
        raise InputError("review.unknown_supplier", supplier=vote.supplier)
    if vote.item not in {item.id for item in items}:
        raise InputError("review.unknown_item", item=vote.item)
    if not vote.passed and not vote.reason.strip():
        raise InputError("review.reason_missing", item=vote.item)


def decide_item(item: ReviewItem, supplier: str, members: Sequence[str], votes: Iterable[Vote]) -> ItemResult:
    """Decide one item by the majority of ``members`` (87号令第61条); a later vote of a member replaces his earlier one.

    Votes of persons who are not in ``members`` (replaced, recused) do not count. It stays open until every member has
    voted, even when the majority is clear before: a minority must have had its say.
    """
    latest = {
        vote.member: vote
        for vote in votes
        if vote.supplier == supplier and vote.item == item.id and vote.member in members
    }  # fmt: skip
    votes_for = sum(vote.passed for vote in latest.values())
    votes_against = len(latest) - votes_for
    missing = tuple(member for member in members if member not in latest)
    outcome: Literal["passed", "failed", "open", "tied"]
    if missing:
        outcome = "open"
    elif votes_for == votes_against:
        outcome = "tied"
    else:
        outcome = "passed" if votes_for > votes_against else "failed"
    dissents = tuple(
        Dissent(member, latest[member].passed, latest[member].reason)
        for member in members
        if outcome in ("passed", "failed") and latest[member].passed != (outcome == "passed")
    )
    return ItemResult(item.id, outcome, item.mandatory, votes_for, votes_against, missing, dissents)


def review_supplier(
    supplier: str, items: Sequence[ReviewItem], members: Sequence[str], votes: Sequence[Vote]
) -> SupplierReview:
    """All items of one supplier; for the qualification of a tender ``members`` are the agency's reviewers."""
    results = tuple(decide_item(item, supplier, members, votes) for item in items)
    failed = tuple(result.item for result in results if result.mandatory and result.outcome == "failed")
    deviations = tuple(result.item for result in results if not result.mandatory and result.outcome == "failed")
    outcome: Literal["passed", "failed", "open"]
    if any(result.outcome in ("open", "tied") for result in results):
        outcome = "open"
    else:
        outcome = "failed" if failed else "passed"
    return SupplierReview(supplier, outcome, results, failed, deviations)


def review_all(
    suppliers: Sequence[str], items: Sequence[ReviewItem], members: Sequence[str], votes: Sequence[Vote]
) -> tuple[SupplierReview, ...]:
    """The reviews of all suppliers in the given order."""
    return tuple(review_supplier(supplier, items, members, votes) for supplier in suppliers)


def count_outcomes(
    method: Method, phase: str, counts: dict[str, int], rules: RuleSet, exception: str | None
) -> tuple[CountOutcome, ...]:
    """The minimum counts to be met before entering ``phase`` (87号令第41、43、44条; 214号第21条).

    Args:
        counts: what there is, by ``bids``, ``qualified``, ``conforming``, ``continuing``.
        exception: the case's ``count_exception``.
    """
    return tuple(
        CountOutcome(check, counts[check.counted], rules.minimum(check.rule, check.counted, exception))
        for check in method.counts_before(phase)
    )
