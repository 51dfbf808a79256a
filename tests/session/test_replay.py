"""The replay derives everything again, and finds what was tampered with."""

import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent / "rules"))

from factory import (
    DEADLINE,
    GRAVE,
    SPEAKER,
    TENDER,
    A,
    B,
    C,
    advance,
    case_file,
    committee,
    digest,
    payload,
    rules,
    staff,
    supplier_person,
)
from recorded_room import Archive, Room, host, line, sign_in
from steps import confirm, open_sheets, report, seal_sheets, to_low_price

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_evaluation as ev
import app.session.rules.events_opening as evo
from app.procurement.rulepack import effective_windows
from app.record.entry import Because, Entry, parse_entry
from app.record.verification import Finding, Verdict
from app.session.replay import ReplayStep, recorded, replay
from app.session.rules.event import Event
from app.session.rules.events import event_type, from_builtins
from app.session.rules.people import HOST

PDF = {"pdf_sha256": "cd" * 32, "root": "ef" * 32}


def checked(lines: list[bytes], hidden: int | None = None) -> Finding:
    return ReplayStep().check(Archive(lines, hidden=hidden))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def played() -> Room:
    """A whole tender by commands: from the first entry to the confirmed ranking, the check and the report."""
    room = Room()
    file, law = case_file(TENDER), rules()
    clocks = {name: clock.seconds for name, clock in effective_windows(file.windows, law).items()}
    opening = cmd.OpenCase(
        case="KM-1/1", lot="1", case_file=file, rehearsal=False, rules=law, windows=clocks, shortened={},
        blob_keys=(), host_key="00" * 32, host_certificate="",
    )  # fmt: skip
    host(room, opening, *(cmd.AddPerson(person=one) for one in staff()))
    host(room, cmd.Invite(person="officer", secret_sha256=digest("s"), valid_hours=48))
    host(room, *(sign_in(one.id) for one in staff()))
    room.does("officer", cmd.FixKit(core="{}"))
    for opener in ("o1", "o2"):
        room.does(opener, cmd.AcceptOpening(acceptance="{}"))
    room.does("officer", cmd.IssueKit(kit_sha256=digest("kit")))
    for uscc in (A, B, C):
        host(room, sign_in(SPEAKER[uscc], supplier_person(uscc)))
        submit = cmd.SubmitBid(
            header_sha256=digest(f"header {uscc}"), envelope_sha256=digest(f"envelope {uscc}"), receipt="cg==", size=9,
            backup=digest("backup") if uscc == A else "",
        )  # fmt: skip
        room.does(SPEAKER[uscc], submit)
    room.does("officer", cmd.Advance(phase="gathering", reason=""))
    room.now = DEADLINE + timedelta(seconds=1)
    host(room, cmd.ReportClocks(offsets={"ntp": 3, "tsa": 5}))
    host(room, cmd.ReportRecording(running=True, sources=(), hours_left=9))
    room.does("officer", cmd.Advance(phase="discipline", reason=""), cmd.ReadDiscipline(), cmd.PublishBidders())
    room.does("officer", cmd.Advance(phase="seal_check", reason=""))
    host(room, cmd.ReportSeals(found={uscc: digest(f"header {uscc}") for uscc in (A, B, C)}))
    room.run_out("seal_check")
    room.does("officer", cmd.Advance(phase="decrypting", reason=""))
    prices = {A: "900.00", B: "300.00", C: "850.00"}
    bids = {uscc: payload(uscc, price) for uscc, price in prices.items()}
    for uscc in (A, B, C):
        header = digest(f"header {uscc}")
        for opener in ("o1", "o2"):
            share = cmd.ReleaseShare(header_sha256=header, commitment="", share_sha256=digest(opener), grave=GRAVE)
            room.does(opener, share)
        key = cmd.ReleaseSupplierKey(header_sha256=header, commitment="", share_sha256=digest(uscc), grave=GRAVE)
        room.does(SPEAKER[uscc], key)
        if uscc == A:  # opened from its backup
            host(room, cmd.ReportBidFailed(supplier=A, cause="envelope.damaged", telemetry={}))
            room.does("officer", cmd.AttributeFailure(supplier=A, attribution="platform", reason="存储损坏"))
            room.does("officer", cmd.AdmitBackup(supplier=A, reason="启用"))
            room.does(SPEAKER[A], cmd.HandInBackup(backup_sha256=digest("file")))
        host(room, cmd.ReportBidOpened(supplier=uscc, header_sha256=header, manifest_sha256=header, documents=()))
    room.does("officer", cmd.Advance(phase="reading", reason=""))
    for uscc in (A, B, C):
        room.does("officer", cmd.ReadPrice(supplier=uscc))
        host(room, cmd.ReportBids(bids=bids))
        room.does(SPEAKER[uscc], cmd.ConfirmPrice(total=bids[uscc].price.total, grave=GRAVE))
    room.does("officer", cmd.Advance(phase="objections", reason=""))
    room.run_out("objections")
    room.does("officer", cmd.Advance(phase="signing", reason=""))
    fields = {person: f"signature_{n}" for n, person in enumerate(("sc", "sa", "sb", "officer", "clerk"))}
    issue = cmd.ReportDocument(document="d1", kind="opening_record", fields=fields, entries=3, **PDF)
    host(room, issue)
    room.run_out("signing")
    room.does("officer", cmd.Advance(phase="opening_closed", reason="签署时限已过"))
    host(room, cmd.ReportBids(bids=bids))
    room.does("officer", cmd.ImportCommittee(people=committee(), draw_reference="抽-1"))
    host(room, *(sign_in(one.id) for one in committee()))
    to_low_price(room)
    room.does(SPEAKER[B], cmd.FileExplanation(text="库存", grave=GRAVE))
    for member in room.state.members():
        room.does(member, cmd.VoteLowPrice(supplier=B, valid=True, reason="可信"))
    room.does("m2", cmd.DoubtPrice(supplier=C, reason="人工成本偏低"))
    for member in ("m3", "m4"):
        room.does(member, cmd.VotePriceDoubt(supplier=C, review=True, reason="同意"))
    room.does(SPEAKER[C], cmd.FileExplanation(text="自有设备", grave=GRAVE))
    for member in room.state.members():
        room.does(member, cmd.VoteLowPrice(supplier=C, valid=True, reason="可信"))
    advance(room, "scoring", "m1")
    seal_sheets(room)
    open_sheets(room, {A: 60, B: 40, C: 50})
    confirm(room)
    report(room)
    return room


def test_an_honest_record_comes_out_again_down_to_the_last_number(played: Room) -> None:
    finding = checked(played.lines)
    assert (finding.verdict, finding.problem, finding.where) == (Verdict.PASSED, None, {})
    assert finding.facts["entries"] == len(played.lines)
    assert int(finding.facts["numbers"] or 0) >= 10
    assert replay(recorded(parse_entry(data)) for data in played.lines).standings == played.state.standings


def spoiled(played: Room, kind: type[Event], change: Any) -> tuple[Finding, int]:
    """The record with the first event of ``kind`` changed, and where that was."""
    lines = list(played.lines)
    for index, data in enumerate(lines):
        entry = parse_entry(data)
        event = from_builtins(entry.event)
        if isinstance(event, kind):
            lines[index] = line(index, entry.at, entry.actor, change(event), entry.command)
            return checked(lines), index
    raise AssertionError(f"no {kind.__name__}")


def raise_total(event: ev.TotalsComputed) -> ev.TotalsComputed:
    first, *rest = event.standings
    better = msgspec.structs.replace(first, total=first.total + Decimal("0.01"))
    return msgspec.structs.replace(event, standings=(better, *rest))


def other_price(event: ev.TotalsComputed) -> ev.TotalsComputed:
    first, *rest = event.standings
    better = msgspec.structs.replace(first, evaluation_price=first.evaluation_price - 1)
    return msgspec.structs.replace(event, standings=(better, *rest))


NUMBERS = (
    (ev.TotalsComputed, raise_total),
    (ev.TotalsComputed, other_price),
    (ev.RankingConfirmed, lambda event: msgspec.structs.replace(event, candidates=event.candidates[::-1])),
    (ev.LowPriceTriggered, lambda event: msgspec.structs.replace(event, triggers=event.triggers[:1])),
    (ev.LowPriceRuled, lambda event: msgspec.structs.replace(event, valid=not event.valid)),
    (ev.PricesFixed, lambda event: ev.PricesFixed(quotes={k: v + 1 for k, v in event.quotes.items()})),
    (evo.ReviewDecided, lambda event: msgspec.structs.replace(event, passed=not event.passed)),
    (ev.LeaderElected, lambda event: msgspec.structs.replace(event, person="m2")),
)


@pytest.mark.parametrize(("kind", "change"), NUMBERS, ids=[f"{k.__name__}-{n}" for n, (k, _) in enumerate(NUMBERS)])
def test_a_changed_number_is_found_at_its_entry(played: Room, kind: type[Event], change: Any) -> None:
    finding, index = spoiled(played, kind, change)
    assert finding.verdict is Verdict.FAILED
    assert finding.problem == "replay.number_differs"
    assert finding.where["index"] == index


OTHERS = (
    (evc.PhaseEntered, lambda event: msgspec.structs.replace(event, phase="discipline"), "replay.differs"),
    (evc.DeemedAgreed, lambda event: msgspec.structs.replace(event, person="officer"), "replay.differs"),
    (evo.SealMatched, lambda event: msgspec.structs.replace(event, size=event.size + 1), "replay.differs"),
    (evc.WindowOpened, lambda e: msgspec.structs.replace(e, until=e.until + timedelta(seconds=1)), "replay.differs"),
    (evo.PriceConfirmed, lambda event: msgspec.structs.replace(event, total=event.total + 1), "replay.differs"),
    (ev.SheetsOpened, lambda event: ev.SheetsOpened(sheets={"m0": event.sheets["m0"]}, failed={}), "replay.refused"),
)


@pytest.mark.parametrize(("kind", "change", "problem"), OTHERS, ids=[kind.__name__ for kind, _, _ in OTHERS])
def test_any_other_event_that_the_rules_do_not_give_is_found(
    played: Room, kind: type[Event], change: Any, problem: str
) -> None:
    finding, index = spoiled(played, kind, change)
    assert (finding.verdict, finding.problem) == (Verdict.FAILED, problem)
    assert finding.where["index"] == index


def without(played: Room, kind: type[Event]) -> list[bytes]:
    """The record without the first event of ``kind``, everything after it moved up."""
    entries = [parse_entry(data) for data in played.lines]
    gone = next(n for n, entry in enumerate(entries) if isinstance(from_builtins(entry.event), kind))
    kept = [entry for entry in entries if entry.index != gone]
    return [moved(entry, index, gone) for index, entry in enumerate(kept)]


def moved(entry: Entry, index: int, gone: int) -> bytes:
    carried = entry.command
    if isinstance(carried, Because) and carried.index > gone:
        carried = Because(carried.index - 1)
    return line(index, entry.at, entry.actor, from_builtins(entry.event), carried)


@pytest.mark.parametrize("kind", [ev.TotalsComputed, evo.SealConfirmed, ev.LowPriceTriggered, evc.DeemedAgreed])
def test_an_event_that_was_left_out_is_missed(played: Room, kind: type[Event]) -> None:
    assert checked(without(played, kind)).verdict is Verdict.FAILED


def test_the_last_consequence_left_out_is_missed(played: Room) -> None:
    lines = list(played.lines)
    while event_type(from_builtins(parse_entry(lines[-1]).event)) != "totals_computed":
        lines.pop()
    finding = checked(lines[:-1])
    assert finding.verdict is Verdict.FAILED


def test_an_event_of_nobody_is_found(played: Room) -> None:
    entry = parse_entry(played.lines[-1])
    more = line(len(played.lines), entry.at, HOST, ev.RankingConfirmed(candidates=(B,)), None)
    finding = checked([*played.lines, more])
    assert (finding.verdict, finding.problem) == (Verdict.FAILED, "replay.unexplained")


def test_a_command_by_another_person_is_refused_again(played: Room) -> None:
    lines = list(played.lines)
    for index, data in enumerate(lines):
        entry = parse_entry(data)
        if entry.type == "price_confirmed":
            lines[index] = line(index, entry.at, "officer", from_builtins(entry.event), entry.command)
            break
    finding = checked(lines)
    assert (finding.verdict, finding.problem) == (Verdict.FAILED, "replay.refused")


def test_a_hidden_entry_leaves_it_untold(played: Room) -> None:
    finding = checked(played.lines, hidden=20)
    assert (finding.verdict, finding.problem) == (Verdict.COULD_NOT_TELL, "replay.hidden")
