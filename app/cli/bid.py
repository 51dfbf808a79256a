"""``bidroom bid`` and ``bidroom token``: a supplier without the desk."""

import argparse
import asyncio
import contextlib
import getpass
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from app.ca.envelope import read_header
from app.ca.providers import module_paths
from app.ca.sealing_kit import parse as parse_kit
from app.ca.sealing_kit import verify as verify_kit
from app.ca.signatures import describe
from app.ca.token import PinRequest, PinState
from app.ca.trust import TrustList
from app.ca.worker import TokenKeyHolder, TokenWorker
from app.cli.case import read
from app.cli.texts import said, word
from app.clock import SystemClock
from app.errors import InputError
from app.procurement.bid_file import bid_payload, parse_bid_file
from app.rehearsal.sample_bids import measure
from app.session import acts
from app.session.backups import hand_in_backup
from app.session.client import Client, Person
from app.session.head_memory import HeadMemory
from app.session.pace import Pace, clock_text
from app.session.recovery import paper_of, release_from_paper
from app.session.rules.people import Level
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


async def seal(options: argparse.Namespace) -> int:
    """Check the kit, show its holders, seal."""
    kit = parse_kit(read(options.kit))
    trust = TrustList([read(options.trust)], demo=kit.core.rehearsal)
    now = SystemClock().now()
    verify_kit(kit, lambda der, chain, usage: trust.validate(der, chain, now, usage))
    for opener in kit.core.openers:
        print("\t".join([opener.holder, opener.organisation, opener.party, "must" if opener.must else ""]).rstrip())
    folder: Path = options.bid
    bid = parse_bid_file(read(folder / "bid.json"))
    payload = bid_payload(bid, [measure(folder / document.name, document.kind) for document in bid.documents])
    files = [(document.name, folder / document.name) for document in payload.documents]
    async with token_of(options) as key:
        header = await acts.seal_bid(kit, payload, files, options.out, key, _progress(), options.backup)
        if options.paper is not None:
            _write_private(options.paper, await paper_of(options.out, key, SystemClock()))
    print(f"\n{options.out}\t{header}")
    return 0


async def submit(client: Client, options: argparse.Namespace) -> int:
    """Upload; keep the receipt."""
    with open(options.envelope, "rb") as file:
        header = read_header(file).sha256
    receipt = await acts.submit_bid(client, options.envelope, header, _progress(), options.backup, options.paper)
    options.receipt.write_bytes(receipt)
    print(f"\n{options.receipt}")
    return 0


async def withdraw(client: Client) -> int:
    """Withdraw the bid that stands."""
    await acts.withdraw_bid(client)
    return 0


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
