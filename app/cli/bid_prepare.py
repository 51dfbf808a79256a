"""``bidroom bid new`` and ``check``: a bid as a folder, before anything is sealed."""

import argparse
import contextlib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.ca.sealing_kit import parse as parse_kit
from app.ca.signatures import describe
from app.cli.case import read
from app.cli.texts import said, word
from app.clock import SystemClock, parse_stamp
from app.errors import BidroomError, InputError
from app.procurement.bid import Declarations, PriceItem, PriceSchedule
from app.procurement.bid_check import FileFacts, Finding, check_bid, demands, may_seal
from app.procurement.bid_file import BidFile, NamedDocument, ReadBid, guess_kind, parse_bid_file, read_bid
from app.procurement.capital_amount import to_words
from app.procurement.case import LotCase, Organisation, lot_case, parse_case_file
from app.procurement.data import encode
from app.procurement.price_table import CellProblem, read_price_table
from app.rehearsal.sample_bids import measure
from app.session.price_file import read_table
from app.ui.documents.renderer import PageRenderer

INCOMPLETE = 3


def finding_line(finding: Finding) -> str:
    """One finding in words."""
    facts = dict(finding.facts)
    if "enterprise" in facts:
        facts["enterprise"] = word("enterprise", facts["enterprise"])
    if "kind" in facts:
        facts["kind"] = word("document_kind", facts["kind"])
    if "trouble" in facts:
        told = word("own_document", facts["trouble"])
        facts["trouble"] = told if told != facts["trouble"] else said(facts["trouble"], table="errors")
    return f"{word('check_state', finding.state)}\t{said(finding.code, table='findings', **facts)}"


def findings_json(findings: Sequence[Finding]) -> list[dict[str, object]]:
    """For programs; the sentence is in the language of the terminal."""
    return [
        {"code": one.code, "state": one.state, "place": one.place, "subject": one.subject, "facts": one.facts,
         "text": finding_line(one).split("\t", 1)[1]}
        for one in findings
    ]  # fmt: skip


def problem_line(problem: CellProblem) -> str:
    """What is wrong with a cell, in words."""
    facts = {"row": problem.row, "column": word("price_column", problem.column), "text": problem.text,
             "expected": problem.expected}  # fmt: skip
    return said(problem.code, table="findings", **facts)


async def examined(folder: Path, bid: BidFile) -> list[FileFacts]:
    """Each document: is it there, and can it be read? Asked in the process that draws PDFs."""
    found = []
    renderer = PageRenderer()
    try:
        for one in bid.documents:
            size = pages = 0
            try:
                size = measure(folder / one.name, one.kind).size
                pages, trouble = len(await renderer.open(folder / one.name)), ""
            except BidroomError as error:
                trouble = error.code
            found.append(FileFacts(one.name, one.kind, size, pages, trouble))
    finally:
        renderer.close()
    return found


async def findings_of(folder: Path, found: ReadBid, case: LotCase | None, deadline: Any = None) -> tuple[Finding, ...]:
    """The check of a folder."""
    bid = found.bid
    return check_bid(
        demands(case), price=bid.price, enterprise=bid.price.declarations.enterprise if found.says_enterprise else "",
        facts=bid.facts, files=await examined(folder, bid), deadline=deadline, now=SystemClock().now(),
    )  # fmt: skip


def case_for(path: Path | None, lot: str) -> LotCase | None:
    """The case of a case file."""
    return lot_case(parse_case_file(read(path)), lot) if path is not None else None


async def check(options: argparse.Namespace) -> tuple[int, dict[str, object], list[str]]:
    """All that a bid lacks."""
    found = read_bid(read(options.folder / "bid.json"))
    deadline = parse_stamp(parse_kit(read(options.kit)).core.deadline) if options.kit is not None else None
    findings = await findings_of(options.folder, found, case_for(options.case, found.bid.lot), deadline)
    good, failed = may_seal(findings), sum(finding.state == "failed" for finding in findings)
    last = said("bid.may_seal") if good else said("bid.may_not_seal", count=failed)
    data: dict[str, object] = {"may_seal": good, "findings": findings_json(findings)}
    return 0 if good else INCOMPLETE, data, [*(finding_line(finding) for finding in findings), last]


async def new(options: argparse.Namespace, certificate: bytes | None) -> tuple[int, dict[str, object], list[str]]:
    """Write ``bid.json``; ``certificate``: the token's (DER), for who does not name the supplier."""
    folder: Path = options.folder
    target = folder / "bid.json"
    if target.exists():
        raise InputError("bid.exists", name=folder.name)
    core = parse_kit(read(options.kit)).core
    holder = describe(certificate) if certificate is not None else None
    uscc = options.uscc or (holder.uscc if holder is not None else "")
    name = options.supplier or ((holder.organisation or holder.holder) if holder is not None else "")
    if not uscc:
        raise InputError("bid.no_uscc", holder=name)
    lines: list[str] = []
    problems: tuple[CellProblem, ...] = ()
    items: tuple[PriceItem, ...] = (PriceItem(said("bid.line"), Decimal(1), "项", Decimal(0), Decimal(0)),)
    if options.table is not None:
        table = read_price_table(read_table(options.table))
        problems = table.problems
        lines = [problem_line(problem) for problem in problems]
        if not table.whole:
            fatal = [problem_json(problem) for problem in problems]
            return INCOMPLETE, {"written": "", "problems": fatal}, lines
        items = table.items
    total = sum((item.total for item in items), Decimal(0))
    declared = Declarations(
        enterprise=options.enterprise, delivery=options.delivery, quality=options.quality,
        validity_days=options.validity,
    )  # fmt: skip
    pdfs = sorted(path.name for path in folder.glob("*") if path.suffix.lower() == ".pdf" and path.is_file())
    if not pdfs:
        raise InputError("bid.document_missing", name="*.pdf")
    number, _, _lot = core.case.rpartition("/")
    bid = BidFile(
        tender=number or core.case, lot=core.lot, supplier=Organisation(name=name, uscc=uscc),
        price=PriceSchedule(items, total, to_words(total), declared),
        documents=tuple(NamedDocument(pdf, guess_kind(pdf)) for pdf in pdfs),
    )  # fmt: skip
    data = encode(bid)
    parse_bid_file(data)  # what is written can be read
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    told = said("bid.written", path=target, lines=len(items), files=len(pdfs))
    wrong = [problem_json(problem) for problem in problems]
    return 0, {"written": str(target), "problems": wrong, "total": str(total)}, [*lines, told]


def problem_json(problem: CellProblem) -> dict[str, object]:
    """For programs."""
    return {"row": problem.row, "column": problem.column, "code": problem.code, "fatal": problem.fatal,
            "text": problem_line(problem)}  # fmt: skip
