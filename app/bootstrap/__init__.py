"""The only place where concrete classes meet interfaces: hosts, verifier steps, the rehearsal, the desk."""

import asyncio
import contextlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from app.ca.trust import TrustList
from app.clock import SystemClock
from app.errors import InputError
from app.procurement.case import CaseFile, lot_case, parse_case_file
from app.procurement.case_checks import case_problems
from app.procurement.rulepack import load_rule_pack, rules_in_force
from app.record.archive_reader import ArchiveReader
from app.record.entry import Entry
from app.record.verification import Step, Verification, Watch
from app.record.verifier import parse_expect, verify_archive
from app.rehearsal.company import people_for
from app.rehearsal.player import Player
from app.rehearsal.rehearsal import Outcome, Plan, Rehearsal
from app.rehearsal.sample_bids import bids_from_directory, sample_bids
from app.rehearsal.sample_case import sample_case
from app.session.archiving import archive_room
from app.session.awake import stay_awake
from app.session.case_folder import cases_in
from app.session.host import CaseHost, Listen
from app.session.replay import ReplayStep, recorded, replay
from app.session.replay_bids import BidStep
from app.session.replay_documents import DocumentStep
from app.session.room import Room
from app.session.rules.state import CLOSED, FAILED
from app.session.wire.link import Link
from app.settings import RESOURCES

RULE_PACK = RESOURCES / "rulepacks" / "cn-2026.json"
METHODS = {"tender": "public_tender", "consultation": "competitive_consultation"}


class HostOptions(msgspec.Struct, frozen=True):
    """``bidroom host``: where the cases are, where to listen, how the outside reaches it."""

    home: Path
    listen: Listen
    case: str = ""
    media: bool = True


async def run_hosts(options: HostOptions, stop: asyncio.Event) -> None:
    """Keep every case in ``home`` (or one) until told to stop; one line of JSON a case when it is reachable, one when
    its archive is written.

    Raises:
        InputError: ``host.no_case``. FaultError: ``host.port_unavailable`` and what the record says.
    """
    clock = SystemClock()
    found = {case: folder for case, folder in cases_in(options.home).items() if options.case in ("", case)}
    if not found:
        raise InputError("host.no_case", case=options.case or None)
    hosts: list[CaseHost] = []
    archived: set[str] = set()
    awake = contextlib.ExitStack()
    awake.enter_context(stay_awake())
    try:
        for number, (case, folder) in enumerate(found.items()):
            listen = options.listen
            if number and listen.port:
                media_port = listen.media_port + number if listen.media_port else 0
                listen = msgspec.structs.replace(listen, port=listen.port + number, media_port=media_port)
            host = CaseHost(await Room.open(folder, case, clock), listen)
            await host.start(media=options.media)
            hosts.append(host)
            public = listen.public or listen.address
            link = Link(public, host.port, case, host.room.keys.fingerprint)
            _say({"case": case, "link": link.text(), "port": str(host.port), "media_port": str(host.media_port)})
        while not stop.is_set():
            for host in hosts:
                if host.room.state.phase in (CLOSED, FAILED) and host.room.case not in archived:
                    archived.add(host.room.case)
                    done = await archive_room(host.room, evidence=await host.last_stamp())
                    _say({"archive": str(done.path), "expect": done.expect, "case": host.room.case})
            try:
                async with asyncio.timeout(0.5):
                    await stop.wait()
            except TimeoutError:
                pass
    finally:
        for host in hosts:
            await host.close()
        awake.close()


def _say(line: dict[str, str]) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)


def verify(archive: Path, trust: list[Path], expect: str) -> Verification:
    """Check an archive: the record's own steps and those of the session (replay, documents, bids).

    Raises:
        InputError: an argument is wrong (``trust.unreadable``, ``expect.malformed``).
    """
    return verify_with(archive, b"".join(path.read_bytes() for path in trust) if trust else None, expect)


def verify_with(archive: Path, roots: bytes | None, expect: str, watch: Watch | None = None) -> Verification:
    """As :func:`verify`, by root certificates (PEM) that were read already; ``watch`` is told how far it is.

    Raises:
        InputError: ``trust.unreadable``, ``expect.malformed``. Stopped: when ``watch`` raised it.
    """
    wanted = parse_expect(expect) if expect else None
    trusted = TrustList([roots], demo=True) if roots else None
    steps: list[Step] = [BidStep(), ReplayStep()]
    return verify_archive(
        archive, roots=roots, expect=wanted, documents=DocumentStep(trusted), steps=steps, watch=watch
    )


def rehearsal_plan(
    out: Path, method: str, case: Path | None, bids: Path | None, *, media: bool, big_bytes: int
) -> Plan:
    """What ``bidroom demo`` plays: the sample, or one's own case file and bids.

    Raises:
        InputError: ``case.*``, ``bids.*``: what is wrong with the input.
    """
    clock = SystemClock()
    now = clock.now()
    sample = sample_case(METHODS[method], now)  # type: ignore[arg-type]
    case_file: CaseFile = sample
    if case is not None:
        case_file = parse_case_file(case.read_bytes())
        case_file = msgspec.structs.replace(case_file, windows=sample.windows, rehearsal=True)
        rules = rules_in_force(load_rule_pack(RULE_PACK.read_bytes()), case_file.notice_date)
        problems = case_problems(case_file, rules)
        if problems:
            raise InputError(problems[0].code, field=problems[0].field, count=len(problems), **problems[0].facts)
    lot = case_file.lots[0].id
    flat = lot_case(case_file, lot)
    if out.exists() and any(out.iterdir()):
        raise InputError("demo.out_not_empty", name=str(out))
    folder = out / "rehearsal" / "bids"
    folder.mkdir(parents=True)
    made = bids_from_directory(bids, flat) if bids is not None else sample_bids(flat, folder, big_bytes)
    return Plan(
        case_file=case_file,
        lot=lot,
        people=people_for(case_file),
        bids=made,
        rule_pack=RULE_PACK.read_bytes(),
        out=out,
        media=media,
    )


async def rehearse(
    plan: Plan, tell: Callable[[str], None], on_player: Callable[[Player], None] = lambda _player: None
) -> Outcome:
    """Play the plan and lay out what it leaves: archive, ``trust.pem``, ``expect.txt``, ``summary.json``."""
    clock = SystemClock()
    began = clock.monotonic()
    outcome = await Rehearsal(plan, clock, tell, on_player).play()
    archive = plan.out / outcome.archive.name
    shutil.move(outcome.archive, archive)
    shutil.copy(outcome.trust, plan.out / "trust.pem")
    (plan.out / "expect.txt").write_text(outcome.expect + "\n")
    summary = summarise(outcome, archive, clock.monotonic() - began)
    (plan.out / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n")
    return msgspec.structs.replace(outcome, archive=archive)


def summarise(outcome: Outcome, archive: Path, seconds: float) -> dict[str, object]:
    """``summary.json``: ranking, and counts of events, signatures, segments, bytes and seconds."""
    with ArchiveReader(archive) as reader:
        state = replay(recorded(entry) for entry in reader.entries() if isinstance(entry, Entry))
    documents = state.documents.values()
    return {
        "case": state.case,
        "method": state.the_method().code,
        "rehearsal": state.rehearsal,
        "phase": state.phase,
        "ranking": [
            {
                "rank": row.rank,
                "supplier": state.suppliers.get(row.supplier, row.supplier),
                "uscc": row.supplier,
                "total": str(row.total),
                "price_score": str(row.price_score),
                "quote": str(row.quote),
            }
            for row in state.standings
        ],
        "candidates": list(state.candidates),
        "events": int(outcome.expect.split(":")[0]),
        "signatures": {"documents": sum(len(d.signed) for d in documents), "sign_ins": len(state.signed_in)},
        "segments": state.recording.segments,
        "recorded_bytes": state.recording.bytes,
        "archive_bytes": archive.stat().st_size,
        "seconds": round(seconds, 1),
        "shortened_clocks": state.shortened,
        "refused_acts": list(outcome.refusals),
    }


def fail(message: str) -> None:
    """A line to standard error."""
    print(message, file=sys.stderr, flush=True)
