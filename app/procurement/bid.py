"""A bid as data 投标(响应)文件: the price schedule, declared facts, the list of its documents; and a final quote."""

from decimal import Decimal, localcontext
from typing import Annotated, Literal

from msgspec import Meta, Struct

from app.errors import InputError
from app.procurement.case import Organisation
from app.procurement.data import MAX_NUMBER, Digest, Key, Name, Number, Text, decode, to_cent

BID_LIMIT = 4_194_304
"""Bytes that the data of one bid or quote may have."""


FileName = Annotated[
    str, Meta(min_length=1, max_length=150, pattern=r"^[^./\\:*?\"<>|\x00-\x1f][^/\\:*?\"<>|\x00-\x1f]*$")
]
"""A plain file name: no folder, no leading dot, nothing that Windows refuses."""


class PriceItem(Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the price schedule 分项报价; prices in yuan.

    Attributes:
        total: what the supplier wrote for the line (quantity x unit price, as it stands in the bid).
        origin: ``domestic`` 本国产品, ``foreign`` 非本国产品, or ``none`` where the line is no product.
        brand, core: brand 品牌 and whether it is the core product 核心产品 (87号令第31条).
    """

    name: Name
    quantity: Decimal
    unit: Annotated[str, Meta(min_length=1, max_length=20)]
    unit_price: Decimal
    total: Decimal
    origin: Literal["domestic", "foreign", "none"] = "none"
    brand: Annotated[str, Meta(max_length=100)] = ""
    core: bool = False


class Declarations(Struct, frozen=True, forbid_unknown_fields=True):
    """What is announced with the price besides the figure.

    Attributes:
        enterprise: size or kind of the supplier by its own declaration 声明函 (财库〔2020〕46号).
        joint: a consortium or subcontract with a small-enterprise share; ``joint_share`` is that share (0..1).
        domestic_share: share of domestic products in the cost (0..1), for a mixed package.
        delivery, quality: 交货期/服务期 and 质量 as written; ``validity_days``: how long the bid binds.
    """

    enterprise: Literal["large", "medium", "small", "micro", "prison", "welfare"] = "large"
    joint: bool = False
    joint_share: Decimal = Decimal(0)
    domestic_share: Decimal | None = None
    delivery: Annotated[str, Meta(max_length=200)] = ""
    quality: Annotated[str, Meta(max_length=200)] = ""
    validity_days: Annotated[int, Meta(ge=0, le=3650)] = 90


class PriceSchedule(Struct, frozen=True, forbid_unknown_fields=True):
    """The price schedule 开标一览表: lines, the total in figures 小写 and in words 大写, in yuan."""

    items: Annotated[tuple[PriceItem, ...], Meta(min_length=1, max_length=1000)]
    total: Decimal
    total_words: Annotated[str, Meta(min_length=1, max_length=60)]
    declarations: Declarations = Declarations()


class BidDocument(Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a bid; ``kind`` is a short code such as ``qualification``, ``business``, ``technical``."""

    name: FileName
    kind: Key
    size: Annotated[int, Meta(ge=1)]
    sha256: Digest


class Evidence(Struct, frozen=True, forbid_unknown_fields=True):
    """出处: the page of a bid's document on which an opinion rests; ``page`` counts from 1, as readers do."""

    document: Digest
    page: Annotated[int, Meta(ge=1, le=20_000)]


class BidPayload(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The manifest of a bid 投标(响应)文件, inside the envelope.

    Attributes:
        tender: project number; ``lot``: lot id.
        body_total: the total as it stands in the body of the bid 投标函, for 87号令第59条(一); None: same.
        facts: declared facts that objective criteria are computed from: whole numbers, decimal strings, words.
    """

    schema: Literal["bidroom.bid/1"] = "bidroom.bid/1"
    tender: Number
    lot: Key
    supplier: Organisation
    price: PriceSchedule
    documents: Annotated[tuple[BidDocument, ...], Meta(max_length=200)]
    body_total: Decimal | None = None
    facts: Annotated[dict[Key, int | str | bool], Meta(max_length=200)] = {}
    note: Text = ""


class QuotePayload(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A final quote 最后报价 (214号第21条), sealed to the committee: itemised, in figures and words."""

    schema: Literal["bidroom.quote/1"] = "bidroom.quote/1"
    tender: Number
    lot: Key
    supplier: Organisation
    price: PriceSchedule
    note: Text = ""


def parse_bid(data: bytes) -> BidPayload:
    """Read the manifest of a bid (JSON).

    Raises:
        InputError: ``bid.too_large``, ``bid.not_json``, ``bid.field_missing``, ``bid.field_unknown``,
            ``bid.field_wrong``, ``bid.number``, ``bid.text``.
    """
    bid = decode(data, BidPayload, BID_LIMIT, "bid")
    check_schedule(bid.price, "bid")
    return bid


def parse_quote(data: bytes) -> QuotePayload:
    """Read a final quote (JSON); errors as :func:`parse_bid`, with the prefix ``quote``."""
    quote = decode(data, QuotePayload, BID_LIMIT, "quote")
    check_schedule(quote.price, "quote")
    return quote


def line_total(item: PriceItem) -> Decimal:
    """Quantity x unit price in yuan, to the fen, half up."""
    with localcontext() as context:
        context.prec = 60
        return to_cent(item.quantity * item.unit_price)


def check_schedule(price: PriceSchedule, prefix: str) -> None:
    """Refuse negative quantities and products that are no ordinary amounts, so that sums of them are exact.

    Raises:
        InputError: ``<prefix>.number``.
    """
    for index, item in enumerate(price.items):
        field = f"price.items[{index}]"
        if item.quantity < 0 or abs(line_total(item)) >= MAX_NUMBER:
            raise InputError(f"{prefix}.number", field=field)
