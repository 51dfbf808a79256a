"""A bid and a final quote as data."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from law_world import item, schedule

from app.errors import InputError
from app.procurement.bid import BID_LIMIT, BidDocument, BidPayload, QuotePayload, line_total, parse_bid, parse_quote
from app.procurement.bid_file import BidFile, NamedDocument, bid_payload, parse_bid_file
from app.procurement.case import Organisation
from app.procurement.data import encode

SUPPLIER = Organisation("彩云", "91530199MA6XCCC038")
BID = BidPayload(
    tender="KM-1",
    lot="1",
    supplier=SUPPLIER,
    price=schedule(item("10", "5.25")),
    documents=(BidDocument("技术文件.pdf", "technical", 10, "0" * 64),),
    facts={"similar_contracts": 3, "manager_title": "高级", "iso": True},
)
BYTES = encode(BID)


def changed(**changes: Any) -> bytes:
    return msgspec.json.encode({**msgspec.json.decode(BYTES), **changes})


def with_item(**changes: Any) -> bytes:
    value = msgspec.json.decode(BYTES)
    value["price"]["items"][0].update(changes)
    return msgspec.json.encode(value)


def test_a_bid_reads_back_the_same() -> None:
    assert parse_bid(BYTES) == BID
    assert b'"total":"52.50"' in BYTES


def test_a_quote_reads_back_the_same() -> None:
    quote = QuotePayload(tender="KM-1", lot="1", supplier=SUPPLIER, price=BID.price)
    assert parse_quote(encode(quote)) == quote
    with pytest.raises(InputError) as caught:
        parse_quote(BYTES)
    assert caught.value.code.startswith("quote.")


@pytest.mark.parametrize(
    ("data", "code", "field"),
    [
        (changed(extra=1), "bid.field_unknown", "extra"),
        (changed(facts={"x": 1.5}), "bid.field_wrong", "facts[...]"),
        (changed(facts={"x": 10**14}), "bid.number", "facts.x"),
        (changed(body_total="1E+20"), "bid.number", "body_total"),
        (with_item(unit_price="Infinity"), "bid.number", "price.items[0].unit_price"),
        (with_item(quantity="-1"), "bid.number", "price.items[0]"),
        (with_item(quantity="9999999999", unit_price="9999999999"), "bid.number", "price.items[0]"),
        (with_item(quantity="9999999999999.999999", unit_price="9999999999999.999999"), "bid.number", "price.items[0]"),
        (with_item(name="a\u2066b"), "bid.text", "price.items[0].name"),
    ],
)
def test_a_wrong_field_is_named(data: bytes, code: str, field: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_bid(data)
    assert (caught.value.code, caught.value.facts["field"]) == (code, field)


@pytest.mark.parametrize("name", ["../x.pdf", "a/b.pdf", "a\\b.pdf", "C:x.pdf", ".hidden", "", "a\nb"])
def test_a_document_is_a_plain_file_name(name: str) -> None:
    documents = [{"name": name, "kind": "technical", "size": 1, "sha256": "0" * 64}]
    with pytest.raises(InputError):
        parse_bid(changed(documents=documents))


def test_size_is_limited() -> None:
    with pytest.raises(InputError) as caught:
        parse_bid(b" " * (BID_LIMIT + 1))
    assert caught.value.code == "bid.too_large"


@pytest.mark.parametrize(
    ("quantity", "price", "total"), [("3", "0.335", "1.01"), ("1", "0.005", "0.01"), ("0", "5", "0")]
)
def test_lines_are_rounded_half_up_to_the_fen(quantity: str, price: str, total: str) -> None:
    assert line_total(item(quantity, price)) == Decimal(total)


@given(st.integers(0, len(BYTES) - 1), st.binary(min_size=0, max_size=3))
def test_a_changed_byte_never_crashes_the_reader(place: int, noise: bytes) -> None:
    with suppress(InputError):
        assert parse_bid(BYTES[:place] + noise + BYTES[place + 1 :]).schema == "bidroom.bid/1"


def test_a_bid_file_becomes_a_bid() -> None:
    bid = BidFile(
        tender="KM-1", lot="1", supplier=SUPPLIER, price=BID.price, facts=BID.facts,
        documents=(NamedDocument("技术文件.pdf", "technical"),),
    )  # fmt: skip
    assert bid_payload(parse_bid_file(encode(bid)), BID.documents) == BID


def test_a_document_named_twice_is_refused() -> None:
    bid = BidFile(
        tender="KM-1", lot="1", supplier=SUPPLIER, price=BID.price,
        documents=(NamedDocument("A.pdf", "technical"), NamedDocument("a.pdf", "business")),
    )  # fmt: skip
    with pytest.raises(InputError) as caught:
        parse_bid_file(encode(bid))
    assert caught.value.code == "bid.document_twice"
