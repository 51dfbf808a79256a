"""A played sample case for pictures and tests: real events, decided by the rules and folded, as far as one likes.

Only what the network and the tokens would add is left out (signatures are empty): nothing here is a record.
Longer than other files: one case told from its first event to its last, of which each step needs the one before.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import replace

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_opening as evo
from app.ca.pdf_signer import PyHankoSigner
from app.canon import canonical, sha256_hex
from app.procurement.bid import BidPayload, PriceSchedule
from app.procurement.case import lot_case
from app.procurement.objective import Facts
from app.procurement.rulepack import effective_windows, load_rule_pack, rules_in_force
from app.rehearsal.cast import person_of
from app.rehearsal.sample_bids import SampleBid, sample_bids
from app.rehearsal.sample_case import sample_case, sample_people, sample_sheet
from app.session.documents import render
from app.session.engine import Engine, Step
from app.session.rules.command import Command
from app.session.rules.decide import Refused
from app.session.rules.event import Event, Grave, Recorded
from app.session.rules.events_evaluation import OpenedSheet
from app.session.rules.fold import apply
from app.session.rules.people import HOST, Level, Party, Person, Role
from app.session.rules.sealed import pending
from app.session.rules.state import State
from app.session.rules.visibility import may_see
from app.settings import RESOURCES

MethodName = Literal["public_tender", "competitive_consultation"]
DEADLINE = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
UNSIGNED = Grave(statement="", signature="", certificate="")
TEXTS: dict[str, str] = json.loads((RESOURCES / "samples" / "desk_texts.json").read_text("utf-8"))
"""What the sample's people say."""


def digest(text: str) -> str:
    """A digest-shaped name."""
    return hashlib.sha256(text.encode()).hexdigest()


class Played:
    """A case at rule level; ``files`` holds the bytes of every document by digest.

    Attributes:
        now: the host's time; :meth:`wait` moves it.
        log: every entry so far.
    """

    def __init__(self, method: MethodName, bids: list[SampleBid] | None = None) -> None:
        self.now = DEADLINE - timedelta(minutes=50)
        self.method = method
        self.file = replace(sample_case(method, DEADLINE - timedelta(hours=1)), deadline=DEADLINE)
        self.lot = lot_case(self.file, self.file.lots[0].id)
        self.bids = bids if bids is not None else _bids(method)
        self.people = {one.id: one for one in (person_of(p) for p in sample_people(self.file)) if one.roles}
        self.speaker = {bid.payload.supplier.uscc: f"s{n + 1}" for n, bid in enumerate(self.bids)}
        self.files = {
            document.sha256: path.read_bytes()
            for bid in self.bids
            for document, path in zip(bid.payload.documents, bid.files, strict=True)
        }
        self.engine, self.log = Engine(), list[Recorded]()

    @property
    def state(self) -> State:
        return self.engine.state

    def one(self, role: Role) -> str:
        """The first person of a role."""
        return self.state.with_role(role)[0]

    def happens(self, *events: Event, actor: str = HOST) -> None:
        """Events that need no decision here."""
        for event in events:
            recorded = Recorded(len(self.log), self.now, actor, event)
            self.log.append(recorded)
            self.engine.replay(recorded)
            self.now += timedelta(seconds=1)

    def does(self, actor: str, *commands: Command) -> None:
        """Commands, decided; a refusal is an error in the play."""
        for command in commands:
            step = self.engine.step(actor, command, self.now)
            assert isinstance(step, Step), f"{actor} {command}: {step}"
            self._take(step)
            self.now += timedelta(seconds=3)

    def wait(self, seconds: float) -> None:
        """Time passes; clocks take their defaults."""
        self.now += timedelta(seconds=seconds)
        step = self.engine.tick(self.now)
        assert not isinstance(step, Refused)
        self._take(step)

    def _take(self, step: Step) -> None:
        for actor, event in step.events:
            self.log.append(Recorded(len(self.log), self.now, actor, event))
        self.engine.commit(step)

    def seen_by(self, person: str) -> tuple[State, dict[int, Recorded]]:
        """The fold and the entries that ``person`` may see now: what its desk would hold."""
        entries = {one.index: one for one in self.log if may_see(self.state, person, one)}
        state = State()
        for one in entries.values():
            state = apply(state, one)
        return state, entries

    def issue(self, kind: str, subject: str = "") -> None:
        """Render a document of the room as the host does."""
        from app.session.document_data import document_for

        found = document_for(
            self.state, kind, subject, entries=len(self.log), root=digest("root"), recorded=self.log, now=self.now
        )
        rendered = render(found.kind, found.document)
        pdf = PyHankoSigner().add_fields(rendered.pdf, rendered.fields)
        name = hashlib.sha256(pdf).hexdigest()
        self.files[name] = pdf
        same = [d for d in self.state.documents.values() if d.kind == kind]
        self.does(
            HOST,
            cmd.ReportDocument(
                document=f"{kind}-{len(same) + 1}",
                kind=kind,
                pdf_sha256=name,
                fields={field.person_id: field.name for field in rendered.fields},
                entries=len(self.log),
                root=digest("root"),
                subject=subject,
            ),
        )


def _bids(method: MethodName) -> list[SampleBid]:
    """The sample's bids with their PDFs, made once for each method."""
    if method not in _MADE:
        folder = tempfile.TemporaryDirectory(prefix="bidroom-sample-")
        file = replace(sample_case(method, DEADLINE - timedelta(hours=1)), deadline=DEADLINE)
        made = sample_bids(lot_case(file, file.lots[0].id), Path(folder.name), big_bytes=0)
        _MADE[method] = (made, folder)
    return _MADE[method][0]


_MADE: dict[str, tuple[list[SampleBid], "tempfile.TemporaryDirectory[str]"]] = {}


def play(until: str, method: MethodName = "public_tender") -> Played:
    """Play from the first entry until the phase ``until`` has been entered and something has happened in it."""
    played = Played(method)
    for name, step in _TENDER if method == "public_tender" else _CONSULTATION:
        _LAST.get((until, name), step)(played) if name == until else step(played)
        if name == until:
            return played
    raise KeyError(until)


# --- steps; each enters its phase and does all of it, unless it is the last (then _LAST has how far it goes) ---


def _announce(play: Played) -> None:
    path = RESOURCES / "rulepacks" / "cn-2026.json"
    law = rules_in_force(load_rule_pack(path.read_bytes()), play.file.notice_date)
    clocks = effective_windows(play.file.windows, law)
    play.happens(
        evc.CaseOpened(
            case=play.lot.case_id,
            lot=play.lot.lot.id,
            case_file=play.file,
            rehearsal=True,
            rules=law,
            windows={name: clock.seconds for name, clock in clocks.items()},
            shortened={name: clock.seconds for name, clock in clocks.items() if clock.shortened},
            blob_keys=(),
            host_key="00" * 32,
            host_certificate="",
        )
    )
    staff = [p for p in play.people.values() if not p.has(Role.MEMBER, Role.SUPPLIER)]
    play.happens(*(evc.PersonAdded(person=one) for one in staff))
    _sign_in(play, *(one.id for one in staff))
    openers = tuple(p.id for p in staff if p.has(Role.OPENER))
    play.happens(evc.KitIssued(kit_sha256=digest("kit"), openers=openers))
    play.happens(evc.PhaseEntered(phase="receiving", by=play.one(Role.OFFICER)))


def _sign_in(play: Played, *people: str) -> None:
    for key in people:
        level = Level.ORGANISATION_TOKEN if play.state.supplier_of(key) else Level.PERSONAL_TOKEN
        play.happens(
            evc.SignedIn(
                person=key, level=level, session=digest(key), certificate=digest(f"c{key}"),
                encryption_certificate=digest(f"e{key}"), chain=(), challenge="", challenge_signature="",
                revocation="passed",
            )
        )  # fmt: skip


def _receive(play: Played) -> None:
    for bid in play.bids:
        uscc = bid.payload.supplier.uscc
        person = Person(
            id=play.speaker[uscc], name=bid.representative, roles=(Role.SUPPLIER,), party=Party.SUPPLIER,
            organisation=bid.payload.supplier.name, uscc=uscc,
        )  # fmt: skip
        play.happens(evc.SupplierRegistered(person=person, certificate=digest(uscc)))
        _sign_in(play, person.id)
        size = sum(document.size for document in bid.payload.documents)
        play.happens(
            evc.BidSubmitted(
                supplier=uscc, header_sha256=digest(f"h{uscc}"), envelope_sha256=digest(f"v{uscc}"), size=size,
                receipt="",
            )
        )  # fmt: skip


def _gather(play: Played) -> None:
    officer = play.one(Role.OFFICER)
    play.now = DEADLINE - timedelta(minutes=12)
    play.does(officer, cmd.Advance(phase="gathering"))
    speakers = list(play.speaker.values())
    sources = [(officer, "officer"), *((s, "supplier") for s in speakers)]
    for person, kind in sources:
        play.happens(
            evc.SourceStarted(source=f"v-{person}", person=person, name=play.state.people[person].name, kind=kind)
        )
    play.happens(evc.SourceStarted(source="room-1", person="", name=TEXTS["room_camera"], kind="room"))
    play.happens(evc.RecordingStarted(sources=tuple(play.state.sources), hours_left=46))
    play.happens(evc.ClockChecked(offsets={"ntp": 12, speakers[0]: -40, speakers[1]: 25, officer: 0}))
    for person in play.state.signed_in:
        if person not in speakers[2:]:
            play.does(officer, cmd.Admit(person=person))


def _discipline(play: Played) -> None:
    officer = play.one(Role.OFFICER)
    play.now = DEADLINE + timedelta(seconds=20)
    for person in play.speaker.values():
        play.does(officer, cmd.Admit(person=person))
    play.does(officer, cmd.Advance(phase="discipline"))
    play.does(officer, cmd.PostMessage(to="all", text=TEXTS["welcome"]))
    play.does(officer, cmd.ReadDiscipline())
    if play.state.the_method().bidder_list_published:
        play.does(officer, cmd.PublishBidders())


def _half_discipline(play: Played) -> None:
    officer = play.one(Role.OFFICER)
    play.now = DEADLINE + timedelta(seconds=20)
    play.does(officer, cmd.Admit(person=list(play.speaker.values())[2]), cmd.Advance(phase="discipline"))
    play.does(officer, cmd.ReadDiscipline())


def _seals(play: Played, confirmed: int = 9) -> None:
    play.does(play.one(Role.OFFICER), cmd.Advance(phase="seal_check"))
    play.does(HOST, cmd.ReportSeals(found={s: bid.header_sha256 for s, bid in play.state.bids.items()}))
    for supplier in list(play.speaker)[:confirmed]:
        play.does(play.speaker[supplier], cmd.ConfirmSeal())


def _decrypt(play: Played, opened: int = 9) -> None:
    play.does(play.one(Role.OFFICER), cmd.Advance(phase="decrypting"))
    for place, bid in enumerate(play.bids):
        uscc = bid.payload.supplier.uscc
        header = play.state.bids[uscc].header_sha256
        for opener in play.state.kit_openers:
            play.does(
                opener,
                cmd.ReleaseShare(
                    header_sha256=header, commitment=digest(opener), share_sha256=digest(opener + uscc), grave=UNSIGNED
                ),
            )
        speaker = play.speaker[uscc]
        if place >= opened:
            play.does(speaker, cmd.ReportTrouble(cause="token.pin_wrong", telemetry={"tries_left": "9"}))
            continue
        play.does(
            speaker,
            cmd.ReleaseSupplierKey(
                header_sha256=header, commitment=digest(speaker), share_sha256=digest(speaker), grave=UNSIGNED
            ),
        )
        documents = tuple(
            evo.BidDocument(name=d.name, size=d.size, sha256=d.sha256, media_type="application/pdf")
            for d in bid.payload.documents
        )
        play.does(
            HOST,
            cmd.ReportBidOpened(
                supplier=uscc, header_sha256=header, manifest_sha256=_manifest(play, bid.payload), documents=documents
            ),
        )


def _manifest(play: Played, payload: BidPayload) -> str:
    """What the bid says, as the host keeps it for its supplier."""
    data = canonical(msgspec.to_builtins(payload))
    play.files[sha256_hex(data)] = data
    return sha256_hex(data)


def _payloads(play: Played) -> cmd.ReportBids:
    return cmd.ReportBids(bids={bid.payload.supplier.uscc: bid.payload for bid in play.bids})


def _read(play: Played, read: int = 9, confirmed: int = 9) -> None:
    officer = play.one(Role.OFFICER)
    play.does(officer, cmd.Advance(phase="reading"))
    for place, bid in enumerate(play.bids[:read]):
        uscc = bid.payload.supplier.uscc
        play.does(officer, cmd.ReadPrice(supplier=uscc))
        play.does(HOST, _payloads(play))
        if place < confirmed:
            play.does(play.speaker[uscc], cmd.ConfirmPrice(total=bid.payload.price.total, grave=UNSIGNED))


def _object(play: Played, done: bool = True) -> None:
    officer, speakers = play.one(Role.OFFICER), list(play.speaker.values())
    play.does(officer, cmd.Advance(phase="objections"))
    play.does(speakers[0], cmd.RaiseObjection(text=TEXTS["objection"]))
    play.does(speakers[1], cmd.DeclareNoObjection())
    if done:
        play.does(officer, cmd.AnswerObjection(objection="o1", text=TEXTS["answer"]))
        play.does(speakers[2], cmd.DeclareNoObjection())


def _sign(play: Played, signing: int = 99) -> None:
    play.does(play.one(Role.OFFICER), cmd.Advance(phase="signing"))
    from app.session.rules.decide_record import record_subjects

    for subject in record_subjects(play.state):
        play.issue("opening_record", subject)
    for document in tuple(play.state.documents.values()):
        if document.kind == "opening_record":
            _sign_all(play, document.id, signing)


def _sign_all(play: Played, document: str, most: int) -> None:
    for person in play.state.documents[document].waiting[:most]:
        before = play.state.documents[document].pdf_sha256
        after = digest(before + person)
        play.files[after] = play.files[before]
        play.does(person, cmd.SignDocument(document=document, previous_sha256=before, pdf_sha256=after))


def _close_opening(play: Played) -> None:
    play.does(play.one(Role.OFFICER), cmd.Advance(phase="opening_closed"))
    play.does(HOST, _payloads(play))
    committee = tuple(p for p in play.people.values() if p.has(Role.MEMBER))
    play.does(play.one(Role.OFFICER), cmd.ImportCommittee(people=committee, draw_reference=TEXTS["draw"]))
    _sign_in(play, *(one.id for one in committee))
    for member in play.state.members():
        play.happens(
            evc.SourceStarted(source=f"v-{member}", person=member, name=play.people[member].name, kind="member")
        )
    engineer = play.one(Role.ENGINEER)
    seat = play.people[engineer].seat
    play.happens(evc.SourceStarted(source=f"v-{engineer}", person=engineer, name=seat, kind="room"))


def _review(play: Played, suppliers: int = 9, reviewers: int = 9, enter: str = "") -> None:
    if enter and play.state.phase != enter:
        mover = play.state.leader if enter == "conformity" else play.one(Role.OFFICER)
        play.does(mover, cmd.Advance(phase=enter))
    stage = play.state.phase
    lot = play.lot.lot
    items = lot.qualification if stage == "qualification" else lot.conformity
    from app.session.rules.decide_review import reviewers as who

    for supplier in play.state.continuing()[:suppliers]:
        for reviewer in who(play.state, stage)[:reviewers]:
            passed, reasons = {item.id: True for item in items}, {}
            if stage == "conformity" and supplier == play.state.continuing()[-1] and not items[-1].mandatory:
                passed[items[-1].id] = False
                reasons[items[-1].id] = TEXTS["format_failed"]
            play.does(reviewer, cmd.SubmitReview(supplier=supplier, passed=passed, reasons=reasons))


def _assemble(play: Played, phones: int = 9) -> None:
    engineer = play.one(Role.ENGINEER)
    for member in play.state.members()[:phones]:
        play.does(engineer, cmd.LockPhone(person=member))
    if phones >= len(play.state.members()):
        play.does(play.one(Role.OFFICER), cmd.Advance(phase="assembling"))


def _commit(play: Played, committed: int = 9) -> None:
    play.does(play.one(Role.OFFICER), cmd.Advance(phase="commitment"))
    for member in play.state.members()[:committed]:
        play.does(member, cmd.SignCommitment(text_sha256=digest("commitment"), grave=UNSIGNED))


def _lead(play: Played, votes: int = 9) -> None:
    experts = [m for m in play.state.members() if play.state.has_role(m, Role.EXPERT)]
    for member in play.state.members()[:votes]:
        play.does(member, cmd.VoteLeader(candidate=experts[0]))


def _clarify(play: Played) -> None:
    text = TEXTS["clarification"]
    play.does(play.state.leader, cmd.AskClarification(supplier=play.state.continuing()[-1], text=text))


def _conform(play: Played) -> None:
    _clarify(play)
    _review(play)


def _conform_some(play: Played) -> None:
    if play.state.phase != "conformity":
        play.does(play.state.leader, cmd.Advance(phase="conformity"))
    _clarify(play)
    _review(play, suppliers=1)
    _review(play, suppliers=2, reviewers=2)


def _talk(play: Played, done: bool = True) -> None:
    leader = play.state.leader
    play.does(leader, cmd.Advance(phase="talks"))
    for place, supplier in enumerate(play.state.continuing()):
        play.does(leader, cmd.CallSupplier(supplier=supplier), cmd.StartTalk(supplier=supplier))
        if place == 1 and not done:
            play.now += timedelta(seconds=47)
            play.does(leader, cmd.ChangeRequirement(text=TEXTS["change"]))
            return
        play.now += timedelta(seconds=92)
        play.does(leader, cmd.EndTalk(supplier=supplier))
    play.does(leader, cmd.ChangeRequirement(text=TEXTS["change"]))
    purchaser = next(m for m in play.state.members() if play.state.has_role(m, Role.PURCHASER))
    play.does(purchaser, cmd.ConfirmRequirement(change="ch1"))
    for supplier, speaker in play.speaker.items():
        text = TEXTS["response"]
        play.does(speaker, cmd.ResubmitResponse(change="ch1", text=text, grave=UNSIGNED))
        assert supplier in play.state.changes["ch1"].responses
    for supplier in play.speaker:
        for member in play.state.members():
            play.does(member, cmd.RecheckResponse(supplier=supplier, change="ch1", passed=True))


def _quote(play: Played, quoted: int = 9) -> None:
    play.does(play.state.leader, cmd.Advance(phase="quoting"))
    for supplier, speaker in list(play.speaker.items())[:quoted]:
        header = digest(f"q{supplier}")
        play.does(speaker, cmd.SealQuote(header_sha256=header, envelope_sha256=digest(header), size=18_432))
    if quoted >= len(play.speaker):
        _release(play, "quote")
        quotes: dict[str, PriceSchedule] = {bid.payload.supplier.uscc: bid.quote.price for bid in play.bids}
        play.does(HOST, cmd.ReportQuotes(quotes=quotes, failed={}))


def _release(play: Played, purpose: str, most: int = 9) -> None:
    found = play.state.sealed[purpose]
    for member in list(found.holders)[: min(most, found.k)]:
        shares = {header: digest(member + header) for header in pending(play.state, purpose)}
        play.does(member, cmd.ReleaseSealed(purpose=purpose, shares=shares, grave=UNSIGNED))


def _low_price(play: Played) -> None:
    if play.state.phase == "conformity":
        for item in play.state.clarifications.values():
            if item.open:
                _answer(play, item.id)
        play.does(play.state.leader, cmd.Advance(phase="low_price"))


def _answer(play: Played, clarification: str) -> None:
    supplier = play.state.clarifications[clarification].supplier
    text = TEXTS["clarified"]
    answer = cmd.AnswerClarification(clarification=clarification, text=text, grave=UNSIGNED)
    play.does(play.speaker[supplier], answer)


def sheets_of(play: Played) -> dict[str, OpenedSheet]:
    """The sample's marks of every member."""
    suppliers = list(play.state.continuing())
    facts: dict[str, Facts] = {b.payload.supplier.uscc: dict(b.payload.facts) for b in play.bids}
    made: dict[str, OpenedSheet] = {}
    for place, member in enumerate(play.state.members()):
        scores: dict[str, dict[str, Decimal]] = {}
        reasons: dict[str, dict[str, str]] = {}
        for mark in sample_sheet(play.lot, member, place, suppliers, facts).marks:
            scores.setdefault(mark.supplier, {})[mark.criterion] = mark.score
            if mark.reason:
                reasons.setdefault(mark.supplier, {})[mark.criterion] = mark.reason
        made[member] = OpenedSheet(scores=scores, reasons=reasons)
    return made


def _score(play: Played, sealed: int = 9) -> None:
    if play.state.phase != "scoring":
        play.does(play.state.leader, cmd.Advance(phase="scoring"))
    for member in play.state.members()[:sealed]:
        header = digest(f"sheet{member}")
        play.does(
            member,
            cmd.SealSheet(header_sha256=header, envelope_sha256=digest(header), size=9_216, grave=UNSIGNED),
        )


def _total(play: Played) -> None:
    _release(play, "sheet")
    play.does(HOST, cmd.ReportSheets(sheets=sheets_of(play), failed={}))


def _check(play: Played) -> None:
    for item in play.state.deviations:
        play.does(item.member, cmd.GiveDeviationReason(supplier=item.supplier, criterion="", reason=TEXTS["deviation"]))
    play.does(play.state.leader, cmd.ConfirmRanking())
    play.does(play.state.leader, cmd.Advance(phase="agency_check"))


def _report(play: Played, signing: int = 2) -> None:
    play.does(play.one(Role.OFFICER), cmd.ConfirmCheck())
    play.issue("evaluation_report")
    play.does(play.one(Role.OFFICER), cmd.Advance(phase="report", reason=""))
    _sign_all(play, "evaluation_report-1", signing)


def _qualify(play: Played) -> None:
    play.does(play.one(Role.OFFICER), cmd.Advance(phase="qualification"))
    _review(play)
    play.issue("qualification_record")
    _sign_all(play, "qualification_record-1", 99)


Act = Callable[[Played], None]
_OPENING: tuple[tuple[str, Act], ...] = (
    ("announced", _announce), ("receiving", _receive), ("gathering", _gather), ("discipline", _discipline),
    ("seal_check", _seals), ("decrypting", _decrypt),
)  # fmt: skip
_ENDING: tuple[tuple[str, Act], ...] = (
    ("scoring", _score), ("summary", _total), ("agency_check", _check), ("report", _report),
)  # fmt: skip
_COMMITTEE: tuple[tuple[str, Act], ...] = (("assembling", _assemble), ("commitment", _commit), ("leader", _lead))
_TENDER = (
    *_OPENING, ("reading", _read), ("objections", _object), ("signing", _sign), ("opening_closed", _close_opening),
    ("qualification", _qualify), *_COMMITTEE,
    ("conformity", _conform), ("low_price", _low_price), *_ENDING,
)  # fmt: skip
_CONSULTATION = (
    *_OPENING, ("objections", _object), ("signing", _sign), ("opening_closed", _close_opening), *_COMMITTEE,
    ("qualification", lambda play: _review(play)),
    ("conformity", lambda play: _review(play, enter="conformity")), ("talks", _talk), ("quoting", _quote),
    ("low_price", _low_price), *_ENDING,
)  # fmt: skip
_LAST: dict[tuple[str, str], Act] = {
    (name, name): act
    for name, act in (
        ("discipline", _half_discipline),
        ("seal_check", lambda play: _seals(play, confirmed=2)),
        ("decrypting", lambda play: _decrypt(play, opened=2)),
        ("reading", lambda play: _read(play, read=2, confirmed=1)),
        ("objections", lambda play: _object(play, done=False)),
        ("signing", lambda play: _sign(play, signing=2)),
        ("qualification", lambda play: _half_qualification(play)),
        ("commitment", lambda play: _commit(play, committed=2)),
        ("leader", lambda play: _lead(play, votes=2)),
        ("conformity", _conform_some),
        ("talks", lambda play: _talk(play, done=False)),
        ("quoting", lambda play: _quote(play, quoted=2)),
        ("scoring", lambda play: _score(play, sealed=2)),
    )
}


def _half_qualification(play: Played) -> None:
    if play.state.phase != "qualification":
        play.does(play.one(Role.OFFICER), cmd.Advance(phase="qualification"))
    _review(play, suppliers=1)
