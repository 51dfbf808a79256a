"""Whatever anyone sends in whatever order: nothing breaks, and nothing sealed is seen early."""

import copy
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import msgspec
from factory import CONSULTATION, GRAVE, SPEAKER, TENDER, A, B, C, Room, digest, expert, opened, payload, schedule
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from steps import release, seal_sheets, sheet, to_conformity, to_low_price, to_quoting, to_scoring, to_talks

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_evaluation as eve
import app.session.rules.events_opening as evo
from app.session.rules.command import Command
from app.session.rules.events import event_bytes, from_builtins, to_builtins
from app.session.rules.people import Role
from app.session.rules.sealed import pending
from app.session.rules.state import State
from app.session.rules.table import Refused, apply, due, waiting_for
from app.session.rules.visibility import may_see

WRONG = {A: payload(A, "900.00", written="890.00"), B: "400.00", C: "850.00"}
ACTORS = ("officer", "engineer", "clerk", "o2", "boss", "host", "sa", "sb", "m0", "m1", "m2", "m3", "m4", "m9")
GROUNDS = ("summing_error", "score_out_of_range", "nonsense")


@cache
def _start(name: str) -> Room:
    method, prices, to = {
        "opened tender": (TENDER, None, None),
        "tender prices": (TENDER, WRONG, to_low_price),
        "tender scoring": (TENDER, None, to_scoring),
        "tender opened sheets": (TENDER, None, _released),
        "opened consultation": (CONSULTATION, None, None),
        "consultation review": (CONSULTATION, None, to_conformity),
        "talks": (CONSULTATION, None, to_talks),
        "quoting": (CONSULTATION, None, to_quoting),
    }[name]  # type: ignore[index]
    room = opened(method, prices)
    if to is not None:
        step: Callable[[Room], None] = to
        step(room)
    return room


def _released(room: Room) -> None:
    to_scoring(room)
    seal_sheets(room)
    release(room, "sheet")


STARTS = ("opened tender", "tender prices", "tender scoring", "tender opened sheets", "opened consultation",
          "consultation review", "talks", "quoting")  # fmt: skip

suppliers = st.sampled_from((A, B, C, "nobody"))
people = st.sampled_from(ACTORS)
words = st.sampled_from(("", "说明", "x" * 4001))
flags = st.booleans()
blobs = st.integers(0, 9).map(digest)


def _phase_after(state: State) -> str:
    following = state.the_method().after(state.phase) if state.the_method().has(state.phase) else None
    return following.name if following is not None else "closed"


def _made(name: str, state: State, draw: Callable[[st.SearchStrategy[object]], object]) -> Command:
    """A command of the named kind, mostly plausible in ``state``."""
    supplier, person, said, yes = str(draw(suppliers)), str(draw(people)), str(draw(words)), bool(draw(flags))
    blob = str(draw(blobs))
    lot = state.the_lot().lot
    items = [item.id for item in (lot.qualification if state.phase == "qualification" else lot.conformity)]
    reasons = dict.fromkeys(items, "x")
    purpose = "quote" if state.phase == "quoting" else "sheet"
    headers = pending(state, purpose)
    ground = str(draw(st.sampled_from(GROUNDS)))
    quotes = {s: schedule("700.00") for s in headers.values()} if purpose == "quote" else {}
    marks = {s: draw(st.integers(0, 71)) for s in state.continuing()}
    sheets = {m: sheet(marks) for m in headers.values()} if purpose == "sheet" else {}  # type: ignore[arg-type]
    made: dict[str, Command] = {
        "advance": cmd.Advance(phase=_phase_after(state), reason="x"),
        "review": cmd.SubmitReview(supplier=supplier, passed=dict.fromkeys(items, yes), reasons=reasons),
        "phone": cmd.LockPhone(person=person),
        "commit": cmd.SignCommitment(text_sha256=blob, grave=GRAVE),
        "recuse": cmd.DeclareRecusal(reason=said),
        "rule": cmd.RuleMemberRecusal(person=person, granted=yes, reason="x"),
        "replace": cmd.ReplaceMember(person=person, substitute=expert(f"n{len(state.people)}"), reason="x"),
        "vote": cmd.VoteLeader(candidate=person),
        "ask": cmd.AskClarification(supplier=supplier, text=said),
        "answer": cmd.AnswerClarification(clarification="c1", text="x", grave=GRAVE, confirmed=yes or None),
        "call": cmd.CallSupplier(supplier=supplier),
        "start": cmd.StartTalk(supplier=supplier),
        "end": cmd.EndTalk(supplier=supplier),
        "change": cmd.ChangeRequirement(text="x"),
        "confirm change": cmd.ConfirmRequirement(change="ch1"),
        "respond": cmd.ResubmitResponse(change="ch1", text="x", grave=GRAVE),
        "recheck": cmd.RecheckResponse(supplier=supplier, change="ch1", passed=yes),
        "withdraw": cmd.WithdrawFromTalks(reason="x"),
        "quote": cmd.SealQuote(header_sha256=blob, envelope_sha256=blob, size=1),
        "release": cmd.ReleaseSealed(purpose=purpose, shares=dict.fromkeys(headers, blob), grave=GRAVE),
        "explain": cmd.FileExplanation(text="x", grave=GRAVE),
        "doubt": cmd.DoubtPrice(supplier=supplier, reason=said),
        "vote doubt": cmd.VotePriceDoubt(supplier=supplier, review=yes, reason="x"),
        "vote low": cmd.VoteLowPrice(supplier=supplier, valid=yes, reason="x"),
        "sheet": cmd.SealSheet(header_sha256=blob, envelope_sha256=blob, size=1, grave=GRAVE),
        "deviation": cmd.GiveDeviationReason(supplier=supplier, criterion="", reason="x"),
        "reopen": cmd.ReopenSheet(member=person, ground=ground, reason="x"),
        "confirm": cmd.ConfirmRanking(),
        "check": cmd.ConfirmCheck(),
        "ask again": cmd.AskReCheck(ground=ground, reason="x"),
        "answer again": cmd.AnswerReCheck(accepted=yes, reason="x"),
        "dissent": cmd.FileDissent(text="x"),
        "quotes": cmd.ReportQuotes(quotes=quotes, failed={}),
        "sheets": cmd.ReportSheets(sheets=sheets, failed={}),
        "mute": cmd.MutePerson(person=person, muted=yes),
        "say": cmd.PostMessage(to="all", text="x"),
        "call election": cmd.CallElection(reason="x"),
        "take over": cmd.TakeOver(reason="x"),
        "pause": cmd.Pause(reason="x"),
        "resume": cmd.Resume(),
    }  # fmt: skip
    return made[name]


NAMES = ("advance", "review", "phone", "commit", "recuse", "rule", "replace", "vote", "ask", "answer", "call", "start",
         "end", "change", "confirm change", "respond", "recheck", "withdraw", "quote", "release", "explain", "vote low",
         "sheet", "deviation", "reopen", "confirm", "check", "ask again", "answer again", "dissent", "quotes", "sheets",
         "pause", "resume", "wait", "clock", "comes", "doubt", "vote doubt", "mute", "say",
         "call election", "take over", *["asked"] * 12,
         *["advance"] * 3)  # fmt: skip
HOSTS = ("quotes", "sheets")
ASKED = {"submit_review": "review", "sign_commitment": "commit", "vote_leader": "vote", "call_supplier": "call",
         "start_talk": "start", "end_talk": "end", "resubmit_response": "respond", "recheck_response": "recheck",
         "seal_quote": "quote", "release_sealed": "release", "report_quotes": "quotes", "report_sheets": "sheets",
         "seal_sheet": "sheet", "file_explanation": "explain", "vote_low_price": "vote low",
         "vote_price_doubt": "vote doubt",
         "answer_clarification": "answer", "give_deviation_reason": "deviation", "reopen_sheet": "reopen",
         "confirm_ranking": "confirm", "confirm_check": "check", "answer_re_check": "answer again",
         "rule_member_recusal": "rule", "replace_member": "replace"}  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(start=st.sampled_from(STARTS), steps=st.lists(st.sampled_from(NAMES), min_size=8, max_size=40), data=st.data())
def test_any_sequence_of_commands_keeps_the_invariants(start: str, steps: list[str], data: st.DataObject) -> None:
    room = copy.copy(_start(start))
    room.log = list(room.log)
    for name in steps:
        if name == "wait":
            room.wait(data.draw(st.integers(0, 20_000)))
        elif name == "clock":
            running = [w for w, window in room.state.windows.items() if window.closed is None]
            if running and not room.state.paused:
                room.run_out(running[0])
        elif name == "asked":
            for item in waiting_for(room.state):
                if item.act in ASKED:
                    room.tries(item.person, _made(ASKED[item.act], room.state, data.draw))
        elif name == "comes":
            room.signs_in(*(p for p in room.state.members() if p not in room.state.signed_in))
        else:
            command = _made(name, room.state, data.draw)
            everyone = ("officer", *SPEAKER.values(), *room.state.members())
            actors = everyone if data.draw(flags) else (data.draw(people),)
            for actor in ("host",) if name in HOSTS else actors:
                before = room.state
                if isinstance(room.tries(actor, command), Refused):
                    assert room.state is before
        _check(room)


def _check(room: Room) -> None:
    state = room.state
    due(state)
    waiting_for(state)
    opened_sheets = {m for entry in room.log if isinstance(entry.event, eve.SheetsOpened) for m in entry.event.sheets}
    assert set(state.sheets) <= opened_sheets
    if not opened_sheets:
        assert (state.standings, state.candidates) == ((), ())
    if state.candidates:
        assert state.standings
        assert not state.findings
        assert set(state.sheets) >= set(state.members())
        assert set(state.candidates) <= set(state.continuing())
    if not room.of(eve.QuotesOpened):
        assert state.quotes == {}
    if state.leader:
        assert state.leader in state.members()
        assert state.leader != "m0"
    assert not set(state.withdrew) & set(state.continuing())
    _check_rankings(room)
    _check_muted(room)
    unread = (evo.BidsHandedOn, eve.PricesFixed, eve.QuotesOpened, eve.LowPriceDoubted)
    for entry in room.log:
        if isinstance(entry.event, unread):  # a price is told to a supplier by reading it out, and by nothing else
            assert not any(may_see(state, who, entry) for who in SPEAKER.values())
    secret = (eve.SheetsOpened, eve.TotalsComputed, eve.QuotesOpened)
    for entry in room.log:
        if isinstance(entry.event, secret):
            assert not any(may_see(state, who, entry) for who in ("sa", "sb", "o1", "o2", "engineer"))
            assert state.candidates or not may_see(state, "officer", entry)


def _check_rankings(room: Room) -> None:
    """Never two rankings: between them a sheet was reopened, a check was answered, or a member was replaced."""
    again = (eve.SheetReopened, eve.ReCheckAnswered, eve.MemberReplaced)
    confirmed = [n for n, entry in enumerate(room.log) if isinstance(entry.event, eve.RankingConfirmed)]
    for first, second in pairwise(confirmed):
        assert any(isinstance(entry.event, again) for entry in room.log[first:second])


def _check_muted(room: Room) -> None:
    """Who was muted stays so until the officer lifts it."""
    muted: set[str] = set()
    for entry in room.log:
        event = entry.event
        if isinstance(event, evc.MutedByOfficer):
            if not event.person:
                muted = muted if event.muted else set()
            elif event.muted:
                muted.add(event.person)
            else:
                muted.discard(event.person)
    assert room.state.muted == muted
    assert len(room.state.with_role(Role.OFFICER)) == 1


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(start=st.sampled_from(STARTS))
def test_events_read_back_fold_to_the_same_state(start: str) -> None:
    room = _start(start)
    again = State()
    for recorded in room.log:
        back = from_builtins(msgspec.json.decode(event_bytes(recorded.event)))
        assert to_builtins(back) == to_builtins(recorded.event)
        again = apply(again, msgspec.structs.replace(recorded, event=back))
    assert again == room.state


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(start=st.sampled_from(STARTS), data=st.data())
def test_a_client_that_sees_a_part_of_the_record_can_fold_it(start: str, data: st.DataObject) -> None:
    """Any part: apply cannot fail."""
    room = _start(start)
    kept = data.draw(st.lists(st.booleans(), min_size=len(room.log) - 1, max_size=len(room.log) - 1))
    state = apply(State(), room.log[0])
    for recorded, seen in zip(room.log[1:], kept, strict=True):
        if seen:
            state = apply(state, recorded)
    assert state.case == "KM-1/1"
