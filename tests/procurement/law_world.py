"""What the tests of the law share: the shipped rule pack, the sample case, small factories."""

from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from app.procurement.bid import Declarations, PriceItem, PriceSchedule
from app.procurement.capital_amount import to_words
from app.procurement.case import CaseFile, LotCase, lot_case, parse_case_file
from app.procurement.rulepack import RuleSet, load_rule_pack, rules_in_force
from app.settings import RESOURCES

PACK_BYTES = (RESOURCES / "rulepacks" / "cn-2026.json").read_bytes()
PACK = load_rule_pack(PACK_BYTES)
CASE_BYTES = (RESOURCES / "samples" / "case.json").read_bytes()
CASE = parse_case_file(CASE_BYTES)


def rules_for(case: CaseFile = CASE) -> RuleSet:
    return rules_in_force(PACK, case.notice_date)


RULES = rules_for()


def a_case(**changes: Any) -> CaseFile:
    """The sample case with some fields changed."""
    return replace(CASE, **changes)


def a_lot(case: CaseFile = CASE, **changes: Any) -> LotCase:
    """The sample's lot with some of its own fields changed."""
    flat = lot_case(case, "1")
    return replace(flat, lot=replace(flat.lot, **changes)) if changes else flat


def case_json(**changes: Any) -> bytes:
    """The sample case file as JSON with top-level fields changed; None removes one."""
    value = msgspec.json.decode(CASE_BYTES)
    value.update(changes)
    return msgspec.json.encode({key: item for key, item in value.items() if item is not None})


def item(quantity: str, unit_price: str, total: str | None = None, **more: Any) -> PriceItem:
    """One line; its total is the product unless given."""
    product = Decimal(quantity) * Decimal(unit_price)
    return PriceItem("扫描", Decimal(quantity), "页", Decimal(unit_price), Decimal(total) if total else product, **more)


def schedule(*items: PriceItem, total: str | None = None, words: str | None = None, **declared: Any) -> PriceSchedule:
    """A price schedule; total and words fit the lines unless given."""
    amount = Decimal(total) if total else sum((line.total for line in items), Decimal(0))
    return PriceSchedule(items, amount, words or to_words(amount), Declarations(**declared))
