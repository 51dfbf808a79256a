"""Steps of the evaluation room, done by everyone as it should be; a test does only its own step differently."""

from decimal import Decimal

from factory import GRAVE, SPEAKER, Room, advance, digest, passing, schedule

import app.session.rules.commands as cmd
from app.session.rules.effects import IssueDocument
from app.session.rules.events_evaluation import OpenedSheet
from app.session.rules.sealed import pending, sealed_set
from app.session.rules.table import due, waiting_for


def review(room: Room, *reviewers: str, fail: tuple[str, ...] = (), item: str = "") -> None:
    """Everyone passes everything but ``item`` of the suppliers in ``fail``."""
    for supplier in room.state.continuing():
        for reviewer in reviewers:
            passed = passing(room)
            reasons = {}
            if supplier in fail:
                passed[item], reasons = False, {item: "未提供"}
            room.does(reviewer, cmd.SubmitReview(supplier=supplier, passed=passed, reasons=reasons))


SIGNERS = {"qualification_record": ("officer",), "result_notice": ("officer",)}


def papers(room: Room) -> None:
    """The record between the rooms and the result notice are rendered when they are due, and signed."""
    for effect in due(room.state):
        if isinstance(effect, IssueDocument) and effect.kind in SIGNERS:
            signers = SIGNERS[effect.kind]
            room.does(
                "host",
                cmd.ReportDocument(
                    document=f"{effect.kind}-1",
                    kind=effect.kind,
                    pdf_sha256=digest(effect.kind),
                    fields={person: f"Signature{n}" for n, person in enumerate(signers)},
                    entries=len(room.log),
                    root=digest("root"),
                ),
            )
            for person in signers:
                before, after = digest(effect.kind), digest(f"{effect.kind} {person}")
                room.does(
                    person,
                    cmd.SignDocument(document=f"{effect.kind}-1", previous_sha256=before, pdf_sha256=after),
                )


def assemble(room: Room) -> None:
    """Phones in the lockers, then the room is entered and all go on to the commitment."""
    papers(room)
    for member in room.state.members():
        room.does("engineer", cmd.LockPhone(person=member))
    advance(room, "assembling")
    advance(room, "commitment")


def commit(room: Room, *without: str) -> None:
    for member in room.state.members():
        if member not in without:
            room.does(member, cmd.SignCommitment(text_sha256=digest("承诺书"), grave=GRAVE))


def elect(room: Room, leader: str) -> None:
    for member in room.state.members():
        room.does(member, cmd.VoteLeader(candidate=leader))


def talk(room: Room, supplier: str, seconds: int = 60) -> None:
    leader = room.state.leader
    room.does(leader, cmd.CallSupplier(supplier=supplier), cmd.StartTalk(supplier=supplier))
    room.wait(seconds)
    room.does(leader, cmd.EndTalk(supplier=supplier))


def quote(room: Room, *suppliers: str) -> None:
    for uscc in suppliers:
        header = digest(f"quote {uscc} {len(room.log)}")
        room.does(SPEAKER[uscc], cmd.SealQuote(header_sha256=header, envelope_sha256=digest(header), size=100))


def release(room: Room, purpose: str, *members: str) -> None:
    """The given members, or just enough, release their shares."""
    sealed = sealed_set(room.state, purpose)
    holders = [m for m in sealed.holders if m in room.state.members()][: sealed.k]
    for member in members or holders:
        shares = {header: digest(f"{member} {header}") for header in pending(room.state, purpose)}
        room.does(member, cmd.ReleaseSealed(purpose=purpose, shares=shares, grave=GRAVE))


def open_quotes(room: Room, prices: dict[str, str]) -> None:
    release(room, "quote")
    quotes = {uscc: schedule(price) for uscc, price in prices.items()}
    room.does("host", cmd.ReportQuotes(quotes=quotes, failed={}))


def seal_sheets(room: Room, *members: str) -> None:
    for member in members or room.state.members():
        header = digest(f"sheet {member} {len(room.log)}")
        sealing = cmd.SealSheet(header_sha256=header, envelope_sha256=digest(header), size=100, grave=GRAVE)
        room.does(member, sealing)


def sheet(marks: dict[str, int], contracts: int = 6) -> OpenedSheet:
    scores = {uscc: {"contracts": Decimal(contracts), "approach": Decimal(mark)} for uscc, mark in marks.items()}
    return OpenedSheet(scores=scores, reasons={})


def open_sheets(room: Room, marks: dict[str, int], **own: OpenedSheet) -> None:
    """Everybody gave ``marks``, but for the members named in ``own``."""
    release(room, "sheet")
    owners = pending(room.state, "sheet").values()
    sheets = {member: own.get(member, sheet(marks)) for member in owners}
    room.does("host", cmd.ReportSheets(sheets=sheets, failed={}))


def confirm(room: Room) -> None:
    """The leader confirms the ranking, the officer checks."""
    leader = room.state.leader
    room.does(leader, cmd.ConfirmRanking())
    advance(room, "agency_check", leader)
    room.does("officer", cmd.ConfirmCheck())


def report(room: Room) -> None:
    """The documents are rendered and the report phase is entered."""
    fields = {member: f"Signature{n}" for n, member in enumerate(room.state.members())}
    room.does(
        "host",
        cmd.ReportDocument(
            document="d9",
            kind="evaluation_report",
            pdf_sha256=digest("report"),
            fields=fields,
            entries=len(room.log),
            root=digest("root"),
        ),
    )
    advance(room, "report")


def to_low_price(room: Room, leader: str = "m1") -> None:
    """A tender from handed-on bids to the fixing of prices."""
    advance(room, "qualification")
    review(room, "officer", "o2")
    to_conformity(room, leader)
    review(room, *room.state.members())
    advance(room, "low_price", leader)


def to_conformity(room: Room, leader: str = "m1") -> None:
    assemble(room)
    commit(room)
    elect(room, leader)


def to_talks(room: Room, leader: str = "m1") -> None:
    """A consultation from handed-on bids to the talks."""
    to_conformity(room, leader)
    review(room, *room.state.members())
    advance(room, "conformity", leader)
    review(room, *room.state.members())
    advance(room, "talks", leader)


def to_quoting(room: Room, leader: str = "m1") -> None:
    to_talks(room, leader)
    for supplier in room.state.continuing():
        talk(room, supplier)
    advance(room, "quoting", leader)


def to_scoring(room: Room, leader: str = "m1") -> None:
    """A tender from handed-on bids to the scoring."""
    to_low_price(room, leader)
    advance(room, "scoring", leader)


def acts(room: Room) -> set[tuple[str, str]]:
    """Who is waited for, for what."""
    return {(item.person, item.act) for item in waiting_for(room.state)}
