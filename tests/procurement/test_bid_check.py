"""The completeness of a bid: one line for each lack, held against what the case itself asks for."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from app.procurement.bid import Declarations, PriceItem, PriceSchedule
from app.procurement.bid_check import FileFacts, Finding, check_bid, demands, may_seal
from app.procurement.capital_amount import to_words
from app.procurement.case import LotCase, lot_case, parse_case_file
from app.settings import RESOURCES

NOW = datetime(2026, 11, 19, 1, tzinfo=UTC)
DEADLINE = NOW + timedelta(days=1, hours=2, minutes=3)
FILES = tuple(FileFacts(f"{kind}.pdf", kind, 1000, 3) for kind in ("qualification", "business", "technical", "price"))
FACTS: dict[str, int | str | bool] = {"similar_contracts": 3, "manager_title": "高级"}


def case() -> LotCase:
    return lot_case(parse_case_file((RESOURCES / "samples" / "case.json").read_bytes()), "1")


def price(total: str = "580000.00", words: str = "", **declared: Any) -> PriceSchedule:
    item = PriceItem("扫描", Decimal(1_000_000), "页", Decimal("0.58"), Decimal("580000.00"))
    said = Declarations(enterprise="small", **{"delivery": "180 日", **declared})
    return PriceSchedule((item,), Decimal(total), words or to_words(Decimal(total)), said)


def check(**changed: Any) -> dict[str, Finding]:
    values: dict[str, Any] = {
        "price": price(), "enterprise": "small", "facts": FACTS, "files": FILES, "deadline": DEADLINE, "now": NOW,
    }  # fmt: skip
    asked = demands(changed.pop("case", case()))
    found = check_bid(asked, **{**values, **changed})
    return {finding.code + (f":{finding.subject}" if finding.subject else ""): finding for finding in found}


def wrong(**changed: Any) -> dict[str, str]:
    return {name: finding.state for name, finding in check(**changed).items() if finding.state != "passed"}


def test_a_complete_bid_has_nothing_against_it() -> None:
    found = check()
    assert {finding.state for finding in found.values()} == {"passed"}
    assert found["bid_check.deadline_days"].facts == {"days": "1", "hours": "2", "minutes": "3"}
    assert {"bid_check.fact:contracts", "bid_check.fact:manager"} <= set(found)


def test_size_of_the_enterprise_is_never_taken_for_granted() -> None:
    assert wrong(enterprise="") == {"bid_check.enterprise_missing": "failed"}


def test_each_kind_that_criteria_rest_on_is_asked_for() -> None:
    assert wrong(files=FILES[:1]) == {
        "bid_check.kind_missing:business": "attention",
        "bid_check.kind_missing:technical": "attention",
        "bid_check.kind_missing:price": "attention",
    }
    assert "技术方案" in check(files=FILES[:1])["bid_check.kind_missing:technical"].facts["names"]
    assert wrong(files=FILES[1:]) == {"bid_check.kind_asked:qualification": "attention"}
    assert not may_seal(tuple(check(files=()).values()))


def test_a_fact_that_scores_is_asked_for_by_its_criterion() -> None:
    assert wrong(facts={"similar_contracts": "2.5", "manager_title": "院士"}) == {
        "bid_check.fact_unusable:contracts": "attention",
        "bid_check.fact_unusable:manager": "attention",
    }
    assert wrong(facts={}) == {
        "bid_check.fact_missing:contracts": "attention",
        "bid_check.fact_missing:manager": "attention",
    }


def test_figures_are_held_against_words_sum_and_ceiling() -> None:
    assert wrong(price=price("580001.00")) == {"bid_check.sum_differs": "attention"}
    assert wrong(price=price(words="伍拾捌万零壹元整")) == {"bid_check.words_differ": "failed"}
    assert wrong(price=price(words="很多")) == {"bid_check.words_unreadable": "failed"}
    assert wrong(price=price("9000000.00"))["bid_check.over_limit"] == "attention"
    slipped = msgspec.structs.replace(price(), items=(msgspec.structs.replace(price().items[0], total=Decimal(1)),))
    assert wrong(price=slipped) == {"bid_check.line_differs:1": "attention", "bid_check.sum_differs": "attention"}
    assert wrong(price=None) == {"bid_check.price_missing": "failed"}
    assert wrong(price=price("0.00"))["bid_check.zero"] == "failed"


def test_a_document_that_cannot_be_read_is_not_sealed_and_one_that_is_slow_is_only_named() -> None:
    locked = msgspec.structs.replace(FILES[2], trouble="document.encrypted")
    slow = msgspec.structs.replace(FILES[2], trouble="document.timeout")
    assert wrong(files=(*FILES[:2], locked, FILES[3])) == {"bid_check.file_trouble:technical.pdf": "failed"}
    assert wrong(files=(*FILES[:2], slow, FILES[3])) == {"bid_check.file_trouble:technical.pdf": "attention"}


def test_time_and_what_is_announced_with_the_price() -> None:
    assert wrong(now=DEADLINE) == {"bid_check.late": "failed"}
    assert wrong(now=DEADLINE - timedelta(minutes=29)) == {"bid_check.deadline": "attention"}
    assert wrong(price=price(delivery="", validity_days=0)) == {
        "bid_check.delivery_missing": "attention",
        "bid_check.validity_missing": "attention",
    }


def test_without_the_case_only_the_usual_is_asked_after() -> None:
    assert wrong(case=None, files=FILES[3:], facts={}) == {
        "bid_check.kind_asked:qualification": "attention",
        "bid_check.kind_asked:business": "attention",
        "bid_check.kind_asked:technical": "attention",
    }
