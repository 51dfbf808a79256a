"""Bids to rehearse with: the three sample suppliers, or folders that a person prepared (``docs/bid-file.md``)."""

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from app.errors import InputError
from app.procurement.bid import (
    BID_LIMIT,
    BidDocument,
    BidPayload,
    Declarations,
    PriceItem,
    PriceSchedule,
    QuotePayload,
    line_total,
    parse_quote,
)
from app.procurement.bid_file import bid_payload, parse_bid_file
from app.procurement.capital_amount import to_words
from app.procurement.case import LotCase, Organisation
from app.procurement.case_checks import BEIJING
from app.rehearsal.sample_case import sample_data
from app.rehearsal.sample_documents import DocumentTexts, price_tables, write_document, write_scan_annex

BIG_BYTES = 200_000_000
FOLDERS_LIMIT = 50
DOCUMENT_LIMIT = 2 * 1024**3
"""Bytes that one document of a bid may have."""

_ENTERPRISE = {"large": "大型企业", "medium": "中型企业", "small": "小型企业", "micro": "微型企业"}


class SampleBid(Struct, frozen=True):
    """A bid that is ready to be sealed.

    Attributes:
        key: short id of the supplier (``supplier-a``, or the folder's name).
        representative: the person who acts for the supplier; empty where the input does not say.
        files: the documents in the order of ``payload.documents``.
        quote: the final quote for a method that asks for one; the bid's own price where the input has none.
    """

    key: str
    representative: str
    payload: BidPayload
    files: tuple[Path, ...]
    quote: QuotePayload


def sample_bids(
    case: LotCase, directory: Path, big_bytes: int = BIG_BYTES, slip: bool = False, documents: bool = True
) -> list[SampleBid]:
    """Make the sample's three bids with their PDFs under ``directory/<key>/``.

    Args:
        big_bytes: size of the scan annex that the second supplier adds; 0: none.
        slip: the first supplier's schedule has a wrong line total (unit prices prevail, 87号令第59条(四)).
        documents: False makes only the short price document of each bid, for tests that need many bids.
    """
    data = sample_data()
    return [
        _sample_bid(case, directory, data, place, big_bytes if place == 1 else 0, slip and place == 0, documents)
        for place in range(len(data["suppliers"]))
    ]


def _sample_bid(
    case: LotCase, directory: Path, data: dict[str, Any], place: int, big_bytes: int, slip: bool, documents: bool
) -> SampleBid:
    entry = data["suppliers"][place]
    supplier = Organisation(name=entry["name"], uscc=entry["uscc"])
    folder = directory / entry["key"]
    folder.mkdir(parents=True, exist_ok=True)
    price = _schedule(data, entry, "unit_prices")
    if slip:
        price = _with_slip(price)
    final = _schedule(data, entry, "final_unit_prices")
    files = _write_documents(case, folder, data, place, price, documents)
    if big_bytes:
        annex = folder / "扫描样张附件.pdf"
        write_scan_annex(annex, big_bytes, supplier.name, place)
        files.append((annex, "annex"))
    payload = BidPayload(
        tender=case.project_number,
        lot=case.lot.id,
        supplier=supplier,
        price=price,
        documents=tuple(measure(path, kind) for path, kind in files),
        facts=entry["facts"],
    )
    quote = QuotePayload(tender=case.project_number, lot=case.lot.id, supplier=supplier, price=final)
    return SampleBid(entry["key"], entry["representative"], payload, tuple(path for path, _ in files), quote)


def _schedule(data: dict[str, Any], entry: dict[str, Any], prices: str) -> PriceSchedule:
    items = []
    for item, unit_price in zip(data["items"], entry[prices], strict=True):
        line = PriceItem(item["name"], Decimal(item["quantity"]), item["unit"], Decimal(unit_price), Decimal(0))
        items.append(replace(line, total=line_total(line)))
    total = sum((item.total for item in items), Decimal(0))
    declarations = Declarations(
        enterprise=entry["enterprise"], delivery=data["delivery"], quality=data["quality"], validity_days=90
    )
    return PriceSchedule(tuple(items), total, to_words(total), declarations)


def _with_slip(price: PriceSchedule) -> PriceSchedule:
    """The same schedule with one line total 9,000 yuan too high, carried into the sum and its words."""
    first, second, *rest = price.items
    wrong = replace(second, total=second.total + 9000)
    total = price.total + 9000
    return replace(price, items=(first, wrong, *rest), total=total, total_words=to_words(total))


def _write_documents(
    case: LotCase, folder: Path, data: dict[str, Any], place: int, price: PriceSchedule, complete: bool
) -> list[tuple[Path, str]]:
    entry = data["suppliers"][place]
    cover = {
        "project": case.project_name,
        "number": case.project_number,
        "lot": case.lot.id,
        "supplier": entry["name"],
        "uscc": entry["uscc"],
        "date": f"{case.deadline.astimezone(BEIJING):%Y 年 %m 月 %d 日}",
    }
    batches = (360, 540, 450)[place % 3]
    slots = {
        **cover,
        **entry["slots"],
        "purchaser": case.purchaser.name,
        "representative": entry["representative"],
        "enterprise_name": _ENTERPRISE[entry["enterprise"]],
        "staff_total": str(int(entry["slots"]["staff"]) * 4),
        "similar_contracts": str(entry["facts"]["similar_contracts"]),
        "delivery": data["delivery"],
        "quality": data["quality"],
        "batches": str(batches),
        "batch_pages": str(1_200_000 // batches),
    }
    rows = [
        [item.name, f"{item.quantity:,}", item.unit, f"{item.unit_price:,.2f}", f"{item.total:,.2f}"]
        for item in price.items
    ]
    tables = price_tables(rows, price.total, price.total_words, data["delivery"], data["quality"])
    files = []
    for document in DocumentTexts(slots, place, tables).documents():
        if complete or document["kind"] == "price":
            path = folder / document["name"]
            write_document(path, document, cover)
            files.append((path, document["kind"]))
    return files


def measure(path: Path, kind: str) -> BidDocument:
    """Name, kind, size and SHA-256 of a file, read in pieces.

    Raises:
        InputError: ``bid.document_missing`` (absent, or no ordinary file), ``bid.document_empty``,
            ``bid.document_too_large``.
    """
    if path.is_symlink() or not path.is_file():
        raise InputError("bid.document_missing", name=path.name)
    size = path.stat().st_size
    if not size:
        raise InputError("bid.document_empty", name=path.name)
    if size > DOCUMENT_LIMIT:
        raise InputError("bid.document_too_large", name=path.name, limit=DOCUMENT_LIMIT)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return BidDocument(path.name, kind, size, digest)


def bids_from_directory(directory: Path, case: LotCase) -> list[SampleBid]:
    """Read prepared bids: one folder per supplier with ``bid.json``, its documents, and ``quote.json`` if there is one.

    Returns:
        Bids sorted by folder name.

    Raises:
        InputError: ``bids.none``, ``bids.too_many``, ``bids.no_bid_file``, ``bids.other_case`` (tender or lot differ),
            ``bids.supplier_twice``, and what :func:`app.procurement.bid_file.parse_bid_file` and :func:`measure` raise.
    """
    folders = sorted(path for path in directory.iterdir() if path.is_dir()) if directory.is_dir() else []
    if not folders:
        raise InputError("bids.none", folder=str(directory))
    if len(folders) > FOLDERS_LIMIT:
        raise InputError("bids.too_many", limit=FOLDERS_LIMIT)
    bids = [_bid_from_folder(folder, case) for folder in folders]
    _no_supplier_twice(bids)
    return bids


def _bid_from_folder(folder: Path, case: LotCase) -> SampleBid:
    if not (folder / "bid.json").is_file():
        raise InputError("bids.no_bid_file", folder=folder.name)
    bid = parse_bid_file(_read(folder / "bid.json"))
    files = tuple(folder / document.name for document in bid.documents)
    measured = [measure(path, document.kind) for path, document in zip(files, bid.documents, strict=True)]
    payload = bid_payload(bid, measured)
    if (folder / "quote.json").is_file():
        quote = parse_quote(_read(folder / "quote.json"))
    else:
        quote = QuotePayload(tender=bid.tender, lot=bid.lot, supplier=bid.supplier, price=bid.price)
    for tender, lot, uscc in ((bid.tender, bid.lot, bid.supplier.uscc), (quote.tender, quote.lot, quote.supplier.uscc)):
        if (tender, lot, uscc) != (case.project_number, case.lot.id, bid.supplier.uscc):
            raise InputError("bids.other_case", folder=folder.name, tender=tender, lot=lot)
    return SampleBid(folder.name, "", payload, files, quote)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(BID_LIMIT + 1)


def _no_supplier_twice(bids: Sequence[SampleBid]) -> None:
    seen: dict[str, str] = {}
    for bid in bids:
        uscc = bid.payload.supplier.uscc
        if uscc in seen:
            raise InputError("bids.supplier_twice", first=seen[uscc], second=bid.key)
        seen[uscc] = bid.key
