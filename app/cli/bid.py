"""``bidroom bid``: a supplier without the desk."""

import argparse
import asyncio
import contextlib
import getpass
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from app.ca import receipt as receipts
from app.ca.certificates import Fitness
from app.ca.envelope import read_header
from app.ca.providers import module_paths
from app.ca.sealing_kit import parse as parse_kit
from app.ca.sealing_kit import verify as verify_kit
from app.ca.signatures import describe
from app.ca.token import PinRequest, PinState
from app.ca.trust import TrustList
from app.ca.worker import TokenKeyHolder, TokenWorker
from app.cli import bid_prepare
from app.cli.case import read
from app.cli.texts import said, word
from app.clock import SystemClock, parse_stamp, stamp
from app.errors import InputError
from app.procurement.bid import parse_bid
from app.procurement.bid_file import bid_payload, read_bid
from app.procurement.data import encode
from app.rehearsal.sample_bids import measure
from app.session import acts
from app.session.backups import hand_in_backup
from app.session.bid_trial import Trial, try_decryption
from app.session.client import Client, Person
from app.session.head_memory import HeadMemory
from app.session.pace import Pace, clock_text
from app.session.recovery import paper_of, release_from_paper
from app.session.rules.people import Level
from app.session.rules.state import Bid
from app.session.wire.link import parse_link


class PromptPin:
    """Asks for the PIN on the terminal; once, and never again by itself."""

    async def ask(self, request: PinRequest) -> str | None:
        if request.wrong:
            print(said("pin.refused"), file=sys.stderr)
        if request.pin_state is not PinState.OK:
            print(word("pin_state", request.pin_state.value), file=sys.stderr)
        if request.on_device:
            print(said("pin.on_device", token=request.token_label), file=sys.stderr)
            return ""
        question = said("pin.ask", token=request.token_label, act=word("pin_act", request.act.code))
        return await asyncio.to_thread(getpass.getpass, question) or None

    async def confirm_final(self, request: PinRequest) -> bool:
        question = said("pin.final", token=request.token_label)
        return (await asyncio.to_thread(input, question)).strip() == "yes"


@contextlib.asynccontextmanager
async def token_of(options: argparse.Namespace) -> AsyncIterator[TokenKeyHolder]:
    """The token that the options choose."""
    worker = TokenWorker(PromptPin())
    await worker.start(options.module or module_paths())
    try:
        selector = options.token
        if not selector:
            usable = [info for info in await worker.tokens() if info.certificates and not info.problem]
            if len(usable) != 1:
                raise InputError("token.choose", count=len(usable))
            selector = usable[0].serial or usable[0].label
        yield await worker.open(selector)
    finally:
        await worker.close()


@contextlib.asynccontextmanager
async def as_person(options: argparse.Namespace) -> AsyncIterator[Client]:
    """Signed in with one's token over one's link."""
    link = parse_link(options.link)
    async with token_of(options) as key:
        organisation = bool(describe(key.signing_certificate).uscc) and bool(options.name)
        level = Level.ORGANISATION_TOKEN if organisation else Level.PERSONAL_TOKEN
        client = Client(link, Person(level, key, name=options.name), SystemClock(), HeadMemory.of(link))
        await client.start()
        try:
            yield client
        finally:
            await client.close()


async def new(options: argparse.Namespace) -> int:
    """Make a bid.json; the token names the supplier who does not name itself."""
    if options.supplier and options.uscc:
        return _answer(options, *await bid_prepare.new(options, None))
    async with token_of(options) as key:
        return _answer(options, *await bid_prepare.new(options, key.signing_certificate))


async def check(options: argparse.Namespace) -> int:
    """Say all that a bid lacks."""
    return _answer(options, *await bid_prepare.check(options))


async def seal(options: argparse.Namespace) -> int:
    """Check the kit and the bid, show the holders, try the token, seal."""
    clock = SystemClock()
    kit = parse_kit(read(options.kit))
    trust = TrustList([read(options.trust)], demo=kit.core.rehearsal)
    now, opening = clock.now(), parse_stamp(kit.core.deadline)
    verify_kit(kit, lambda der, chain, usage: trust.validate(der, chain, now, usage))
    openers = [
        {"holder": one.holder, "organisation": one.organisation, "party": one.party, "must": one.must}
        for one in kit.core.openers
    ]
    for one in openers:
        _tell(
            said(
                "bid.opener_must" if one["must"] else "bid.opener",
                holder=one["holder"],
                organisation=one["organisation"],
            )
        )
    folder: Path = options.bid
    found = read_bid(read(folder / "bid.json"))
    bid = found.bid
    if (bid.lot, kit.core.case) != (kit.core.lot, f"{bid.tender}/{bid.lot}"):
        raise InputError("bid.foreign_case", tender=bid.tender, lot=bid.lot)
    findings = await bid_prepare.findings_of(folder, found, bid_prepare.case_for(options.case, bid.lot), opening)
    for finding in findings:
        if finding.state != "passed":
            _tell(bid_prepare.finding_line(finding))
    failed = sum(finding.state == "failed" for finding in findings)
    if failed:
        raise InputError("bid.incomplete", count=failed)
    payload = bid_payload(bid, [measure(folder / document.name, document.kind) for document in bid.documents])
    parse_bid(encode(payload))  # what could not be read at the opening is not sealed
    files = [(document.name, folder / document.name) for document in payload.documents]
    data: dict[str, object] = {"envelope": str(options.out), "openers": openers}
    lines = []
    async with token_of(options) as key:
        holder = describe(key.signing_certificate)
        if holder.uscc and holder.uscc != bid.supplier.uscc:
            raise InputError("bid.foreign_supplier", holder=holder.organisation or holder.holder)
        if options.trial and kit.core.supplier:
            _code, tried, told = _trial_told(await try_decryption(key, clock.now(), opening))
            data["trial"] = tried
            lines += told
        header = await acts.seal_bid(kit, payload, files, options.out, key, _progress(), options.backup)
        if options.paper is not None:
            _write_private(options.paper, await paper_of(options.out, key, clock))
    _tell("")
    data |= {"header_sha256": header, "size": options.out.stat().st_size}
    lines += [said("bid.sealed", path=options.out), said("bid.digest", digest=header)]
    for name in ("backup", "paper"):
        if (path := getattr(options, name)) is not None:
            data[name] = str(path)
            lines.append(said(f"bid.{name}", path=path))
    return _answer(options, 0, data, lines)


async def trial(options: argparse.Namespace) -> int:
    """Will this token decrypt at the opening?"""
    opening = parse_stamp(parse_kit(read(options.kit)).core.deadline) if options.kit is not None else None
    async with token_of(options) as key:
        return _answer(options, *_trial_told(await try_decryption(key, SystemClock().now(), opening)))


async def receipt(options: argparse.Namespace) -> int:
    """Is this receipt the host's word, and for this sealed file?"""
    host = options.host or ""
    if options.kit is not None:
        host = parse_kit(read(options.kit)).core.host_fingerprint
    elif options.link:
        host = parse_link(options.link).fingerprint
    body = receipts.verify(read(options.receipt), host.lower()).body
    lines = [said("bid.receipt_ok", organisation=body.organisation, time=_local(body.received_at), size=body.size)]
    lines.append(said("bid.digest", digest=body.header_sha256))
    if options.envelope is not None:
        if _header_of(options.envelope) != body.header_sha256 or options.envelope.stat().st_size != body.size:
            raise InputError("receipt.other_envelope")
        lines.append(said("bid.receipt_same"))
    data: dict[str, object] = {
        "case": body.case, "lot": body.lot, "organisation": body.organisation, "person": body.person,
        "received_at": body.received_at, "size": body.size, "header_sha256": body.header_sha256,
        "replaces": body.replaces, "envelope_matches": True if options.envelope is not None else None,
    }  # fmt: skip
    return _answer(options, 0, data, lines)


async def submit(client: Client, options: argparse.Namespace) -> int:
    """Upload; keep the receipt. A bid that stands is not replaced unasked."""
    if _standing(client) is not None:
        raise InputError("bid.stands")
    return await _hand_in(client, options)


async def replace(client: Client, options: argparse.Namespace) -> int:
    """Upload in the place of the bid that stands."""
    if _standing(client) is None:
        raise InputError("bid.none_stands")
    return await _hand_in(client, options)


async def withdraw(client: Client, options: argparse.Namespace) -> int:
    """Withdraw the bid that stands."""
    bid = _standing(client)
    await acts.withdraw_bid(client)
    digest = bid.header_sha256 if bid is not None else ""
    return _answer(options, 0, {"withdrawn": digest}, [said("bid.withdrawn"), said("bid.digest", digest=digest)])


async def status(client: Client, options: argparse.Namespace) -> int:
    """What stands for this supplier now."""
    lot, bid = client.state.the_lot(), _standing(client)
    data: dict[str, object] = {"phase": client.state.phase, "deadline": stamp(lot.deadline), "standing": None}
    lines = [said("bid.deadline", time=_local(stamp(lot.deadline)))]
    if bid is None:
        lines.append(said("bid.none"))
    else:
        data["standing"] = {"header_sha256": bid.header_sha256, "size": bid.size, "submitted": stamp(bid.submitted)}
        lines.append(said("bid.standing", time=_local(stamp(bid.submitted)), size=bid.size))
        lines.append(said("bid.digest", digest=bid.header_sha256))
    return _answer(options, 0, data, lines)


async def decrypt(client: Client, options: argparse.Namespace) -> int:
    """Release one's own bid's key, with the token or with the words of the printed page."""
    if options.paper:
        text = await asyncio.to_thread(getpass.getpass, "33 words, with spaces between them: ")
        await release_from_paper(client, text.split())
    else:
        await acts.release_bid(client, client.state.supplier_of(client.me))
    return 0


async def backup(client: Client, options: argparse.Namespace) -> int:
    """Hand in the admitted backup."""
    await hand_in_backup(client, options.backup, _progress())
    print()
    return 0


async def kit(client: Client, options: argparse.Namespace) -> int:
    """Fetch the sealing kit."""
    options.out.write_bytes(await acts.fetch_kit(client))
    return 0


async def _hand_in(client: Client, options: argparse.Namespace) -> int:
    header = _header_of(options.envelope)
    data = await acts.submit_bid(client, options.envelope, header, _progress(), options.backup, options.paper)
    body = receipts.verify(data, client.link.fingerprint).body
    options.receipt.write_bytes(data)
    _tell("")
    lines = [said("bid.received", path=options.receipt), said("bid.digest", digest=header)]
    if body.replaces is not None:
        lines.append(said("bid.replaced"))
    told: dict[str, object] = {
        "receipt": str(options.receipt), "header_sha256": header, "received_at": body.received_at, "size": body.size,
        "replaces": body.replaces,
    }  # fmt: skip
    return _answer(options, 0, told, lines)


def _standing(client: Client) -> Bid | None:
    bid = client.state.bids.get(client.state.supplier_of(client.me))
    return bid if bid is not None and not bid.withdrawn else None


def _header_of(envelope: Path) -> str:
    try:
        with envelope.open("rb") as file:
            return read_header(file).sha256
    except OSError as error:
        raise InputError("file.not_read", name=envelope.name, error=type(error).__name__) from error


def _trial_told(found: Trial) -> tuple[int, dict[str, object], list[str]]:
    lasts = found.fitness is not Fitness.BEFORE_OPENING
    date = _local(stamp(found.expires))[:10]
    line = said("bid.trial_ok" if lasts else "bid.trial_late", holder=found.holder, date=date)
    data: dict[str, object] = {"holder": found.holder, "expires": stamp(found.expires), "lasts": lasts}
    return 0 if lasts else bid_prepare.INCOMPLETE, data, [line]


def _local(moment: str) -> str:
    return parse_stamp(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _answer(options: argparse.Namespace, code: int, data: dict[str, object], lines: Sequence[str]) -> int:
    """Either words or one JSON object; nothing else ever goes to standard output."""
    print(json.dumps(data, ensure_ascii=False) if options.json else "\n".join(lines))
    return code


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def _write_private(path: Path, data: bytes) -> None:
    """For nobody else on this machine."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)


def _progress() -> Callable[[int, int], None]:
    """Per cent and the time left, on the terminal's one line."""
    pace, clock = Pace(), SystemClock()

    def show(done: int, total: int) -> None:
        left = pace.left(done, total, clock.monotonic())
        rest = f"  {clock_text(left)}" if left is not None else ""
        print(f"\r{done * 100 // max(total, 1):3d} %{rest:10}", end="", file=sys.stderr, flush=True)

    return show
