"""A bid as people write it: ``bid.json`` in a folder beside its documents. ``docs/bid-file.md`` describes it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct, json

from app.errors import InputError
from app.procurement.bid import BID_LIMIT, BidDocument, BidPayload, FileName, PriceSchedule, check_schedule
from app.procurement.case import Organisation
from app.procurement.data import Key, Number, Text, decode

KINDS = ("qualification", "business", "technical", "price", "annex")
"""Kinds that people choose from; a case's criteria may name others as their evidence."""
ENTERPRISES = ("large", "medium", "small", "micro", "prison", "welfare")
"""Sizes and kinds of enterprises, as :class:`app.procurement.bid.Declarations` names them."""
_HINTS = {"qualification": ("资格", "qualif"), "business": ("商务", "business"), "technical": ("技术", "technical"),
          "price": ("报价", "一览", "price"), "annex": ("附件", "annex")}  # fmt: skip


def guess_kind(name: str) -> str:
    """The kind that a file's name suggests; technical when it says nothing."""
    lowered = name.lower()
    return next((kind for kind, hints in _HINTS.items() if any(hint in lowered for hint in hints)), "technical")


class NamedDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """A file in the same folder, with its kind; size and digest are measured when the bid is made."""

    name: FileName
    kind: Key


class BidFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A bid before its documents are measured; the fields are those of :class:`app.procurement.bid.BidPayload`."""

    schema: Literal["bidroom.bid-file/1"] = "bidroom.bid-file/1"
    tender: Number
    lot: Key
    supplier: Organisation
    price: PriceSchedule
    documents: Annotated[tuple[NamedDocument, ...], Meta(min_length=1, max_length=200)]
    body_total: Decimal | None = None
    facts: Annotated[dict[Key, int | str | bool], Meta(max_length=200)] = {}
    note: Text = ""


def parse_bid_file(data: bytes) -> BidFile:
    """Read a ``bid.json``.

    Raises:
        InputError: as :func:`app.procurement.bid.parse_bid`; ``bid.document_twice``.
    """
    bid = decode(data, BidFile, BID_LIMIT, "bid")
    check_schedule(bid.price, "bid")
    names = [document.name for document in bid.documents]
    if len({name.casefold() for name in names}) != len(names):
        raise InputError("bid.document_twice")
    return bid


class ReadBid(Struct, frozen=True):
    """A bid file, and whether it says itself of what size the enterprise is: nobody is to be taken for anything."""

    bid: BidFile
    says_enterprise: bool


def read_bid(data: bytes) -> ReadBid:
    """:func:`parse_bid_file`, for who asks what the file leaves out."""
    bid = parse_bid_file(data)
    price = json.decode(data).get("price", {})
    return ReadBid(bid, "enterprise" in price.get("declarations", {}))


def bid_payload(bid: BidFile, documents: Sequence[BidDocument]) -> BidPayload:
    """The manifest of a bid, from its file and its measured documents."""
    return BidPayload(
        tender=bid.tender, lot=bid.lot, supplier=bid.supplier, price=bid.price, documents=tuple(documents),
        body_total=bid.body_total, facts=bid.facts, note=bid.note,
    )  # fmt: skip
