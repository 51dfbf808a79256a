"""87号令第50条, 第61条: items are decided by majority, dissent is kept with its reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from law_world import RULES

from app.errors import InputError
from app.procurement.case import ReviewItem
from app.procurement.methods import COMPETITIVE_CONSULTATION, PUBLIC_TENDER
from app.procurement.review import Vote, check_vote, count_outcomes, decide_item, review_all, review_supplier

SIGNED = ReviewItem("signed", "签署盖章")
FORMAT = ReviewItem("format", "编排", mandatory=False)
MEMBERS = ("m1", "m2", "m3")


def votes(item: str, pattern: str, supplier: str = "s") -> list[Vote]:
    """One vote for each letter: y, n, or - for none."""
    return [
        Vote(f"m{place + 1}", supplier, item, letter == "y", "" if letter == "y" else "缺印章")
        for place, letter in enumerate(pattern)
        if letter != "-"
    ]


@pytest.mark.parametrize(
    ("pattern", "outcome", "dissenting"),
    [
        ("yyy", "passed", []),
        ("yyn", "passed", ["m3"]),
        ("nny", "failed", ["m3"]),
        ("yy-", "open", []),
        ("---", "open", []),
    ],
)
def test_the_majority_of_members_decides(pattern: str, outcome: str, dissenting: list[str]) -> None:
    result = decide_item(SIGNED, "s", MEMBERS, votes("signed", pattern))
    assert result.outcome == outcome
    assert [entry.member for entry in result.dissents] == dissenting
    assert len(result.missing) == pattern.count("-")


def test_an_even_split_decides_nothing() -> None:
    """A member lost in mid-review (第49条) may leave an even number."""
    assert decide_item(SIGNED, "s", ("m1", "m2"), votes("signed", "yn")).outcome == "tied"
    assert review_supplier("s", (SIGNED,), ("m1", "m2"), votes("signed", "yn")).outcome == "open"


def test_the_reason_of_a_dissent_is_kept() -> None:
    result = decide_item(SIGNED, "s", MEMBERS, votes("signed", "yyn"))
    assert (result.dissents[0].passed, result.dissents[0].reason) == (False, "缺印章")


def test_a_later_vote_replaces_the_earlier_one() -> None:
    cast = [*votes("signed", "nnn"), *votes("signed", "yy-")]
    assert decide_item(SIGNED, "s", MEMBERS, cast).outcome == "passed"


def test_a_replaced_members_vote_is_void() -> None:
    """87号令第49条: the opinions of a member who left do not count."""
    cast = votes("signed", "nny")
    result = decide_item(SIGNED, "s", ("m1", "m3", "m4"), [*cast, Vote("m4", "s", "signed", True)])
    assert (result.outcome, result.votes_for, result.votes_against) == ("passed", 2, 1)


def test_only_mandatory_items_fail_a_supplier() -> None:
    cast = [*votes("signed", "yyy"), *votes("format", "nnn")]
    review = review_supplier("s", (SIGNED, FORMAT), MEMBERS, cast)
    assert (review.outcome, review.failed_items, review.deviations) == ("passed", (), ("format",))
    cast = [*votes("signed", "nny"), *votes("format", "yyy")]
    review = review_supplier("s", (SIGNED, FORMAT), MEMBERS, cast)
    assert (review.outcome, review.failed_items, review.deviations) == ("failed", ("signed",), ())


def test_a_supplier_is_open_until_all_items_are_decided() -> None:
    assert review_supplier("s", (SIGNED, FORMAT), MEMBERS, votes("signed", "nnn")).outcome == "open"


def test_each_supplier_has_its_own_votes() -> None:
    cast = [*votes("signed", "yyy", "s"), *votes("signed", "nnn", "t")]
    assert [review.outcome for review in review_all(("s", "t"), (SIGNED,), MEMBERS, cast)] == ["passed", "failed"]


@pytest.mark.parametrize(
    ("vote", "code"),
    [
        (Vote("x", "s", "signed", True), "review.not_a_member"),
        (Vote("m1", "x", "signed", True), "review.unknown_supplier"),
        (Vote("m1", "s", "x", True), "review.unknown_item"),
        (Vote("m1", "s", "signed", False, "  "), "review.reason_missing"),
    ],
)
def test_a_vote_that_cannot_count_is_refused(vote: Vote, code: str) -> None:
    with pytest.raises(InputError) as caught:
        check_vote(vote, (SIGNED,), MEMBERS, ("s",))
    assert caught.value.code == code
    check_vote(Vote("m1", "s", "signed", False, "缺印章"), (SIGNED,), MEMBERS, ("s",))


@given(st.permutations(votes("signed", "yyn") + votes("format", "nny")), st.permutations(MEMBERS))
def test_the_order_of_votes_and_members_never_matters(cast: list[Vote], members: list[str]) -> None:
    review = review_supplier("s", (SIGNED, FORMAT), members, cast)
    assert (review.outcome, review.failed_items, review.deviations) == ("passed", (), ("format",))


@pytest.mark.parametrize(("bids", "met"), [(2, False), (3, True)])
def test_fewer_than_three_bids_are_not_opened(bids: int, met: bool) -> None:
    """87号令第41条."""
    (outcome,) = count_outcomes(PUBLIC_TENDER, "discipline", {"bids": bids}, RULES, None)
    assert (outcome.met, outcome.least) == (met, 3)


def test_fewer_than_three_qualified_are_not_evaluated() -> None:
    """87号令第44条."""
    assert not count_outcomes(PUBLIC_TENDER, "assembling", {"qualified": 2}, RULES, None)[0].met


def test_two_may_go_on_in_a_consultation_by_exception() -> None:
    """214号第21条; 财库〔2015〕124号."""
    counts = {"continuing": 2}
    assert not count_outcomes(COMPETITIVE_CONSULTATION, "quoting", counts, RULES, None)[0].met
    assert count_outcomes(COMPETITIVE_CONSULTATION, "quoting", counts, RULES, "research")[0].met
    assert count_outcomes(COMPETITIVE_CONSULTATION, "signing", {}, RULES, None) == ()
