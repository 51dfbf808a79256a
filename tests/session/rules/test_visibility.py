"""Role × event × moment against the literal table; what a person did itself; who is nobody; files and pictures."""

import msgspec
import pytest
import visibility_table
from factory import CONSULTATION, SPEAKER, TENDER, A, B, C, Room, advance, digest, opened
from moments import MOMENTS, PEOPLE, evaluating, lobby, opening, ranked, receiving
from samples import SAMPLES, source
from steps import commit, release, report, seal_sheets, to_conformity
from visibility_table import LETTERS

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_evaluation as eve
import app.session.rules.events_opening as evo
from app.session.rules.event import Event, Recorded
from app.session.rules.events import EVENT_TYPES, event_type
from app.session.rules.state import State
from app.session.rules.table import apply
from app.session.rules.visibility import (
    AUDIENCE,
    may_fetch,
    may_fetch_segment,
    may_publish,
    may_receive,
    may_see,
    visibility_key,
)

TABLES = {TENDER: visibility_table.PUBLIC_TENDER, CONSULTATION: visibility_table.COMPETITIVE_CONSULTATION}


def look(room: Room, event: Event, actor: str = "host") -> tuple[State, Recorded]:
    recorded = Recorded(index=len(room.log), at=room.now, actor=actor, event=event)
    return apply(room.state, recorded), recorded


def seers(room: Room, event: Event) -> str:
    state, recorded = look(room, event)
    seen = [letter for letter, who in zip(LETTERS, PEOPLE, strict=True) if may_see(state, who, recorded)]
    return "".join(seen) or "-"


def test_every_type_of_event_has_an_audience_and_a_row() -> None:
    assert set(AUDIENCE) == set(EVENT_TYPES)
    assert {event_type(event) for event in SAMPLES.values()} == {event_type_of(kind) for kind in EVENT_TYPES}


def event_type_of(kind: type[Event]) -> str:
    return str(kind.__struct_config__.tag)


@pytest.mark.parametrize("method", TABLES)
def test_the_matrix(method: str) -> None:
    header, *rows = TABLES[method].strip("\n").splitlines()
    moments = header.split()
    assert moments == list(MOMENTS)
    expected = {row[:36].strip(): row[36:].split() for row in rows}
    rooms = {moment: build(method) for moment, build in MOMENTS.items()}
    found = {name: [seers(room, event) for room in rooms.values()] for name, event in SAMPLES.items()}
    wrong = {name: (expected.get(name), found[name]) for name in found if found[name] != expected.get(name)}
    assert wrong == {}
    assert set(expected) == set(found)


def test_an_event_without_a_row_is_seen_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    room = opening(TENDER)
    monkeypatch.delitem(AUDIENCE, evc.Paused)
    assert seers(room, evc.Paused(reason="x")) == "-"


def test_one_sees_what_one_did() -> None:
    room = receiving(TENDER)
    state, recorded = look(room, evc.MessagePosted(to="officer", text="x"), actor="sa")
    assert may_see(state, "sa", recorded)
    assert not may_see(state, "sb", recorded)


def test_whoever_is_unknown_not_signed_in_or_replaced_sees_nothing() -> None:
    room = evaluating(TENDER)
    state, recorded = look(room, evc.Paused(reason="x"))
    assert may_see(state, "m2", recorded)
    assert not may_see(state, "nobody", recorded)
    away = state.with_(signed_in={k: v for k, v in state.signed_in.items() if k != "m2"})
    assert not may_see(away, "m2", recorded)
    assert not may_see(state.with_(replaced={"m2": ""}), "m2", recorded)


def test_a_vote_for_the_leader_is_ones_own_until_all_are_in() -> None:
    room = opened(CONSULTATION)
    for member in room.state.members():
        room.does("engineer", cmd.LockPhone(person=member))
    advance(room, "assembling")
    advance(room, "commitment")
    commit(room)
    room.does("m1", cmd.VoteLeader(candidate="m1"))
    vote = room.log[-1]
    assert isinstance(vote.event, eve.LeaderVoteCast)
    assert [p for p in ("m0", "m1", "m2", "officer", "boss") if may_see(room.state, p, vote)] == ["m1"]
    before = visibility_key(room.state, "m0")
    room.does("m0", cmd.VoteLeader(candidate="m1"))
    room.does("m2", cmd.VoteLeader(candidate="m1"))
    assert may_see(room.state, "m0", vote)
    assert visibility_key(room.state, "m0") != before


def test_a_change_of_requirements_goes_to_all_suppliers_when_it_is_in_force() -> None:
    room = evaluating(CONSULTATION)
    room.happens(eve.RequirementChanged(change="ch2", text="x"))
    change, before = room.log[-1], visibility_key(room.state, "sb")
    assert not may_see(room.state, "sb", change)
    room.happens(eve.RequirementConfirmed(change="ch2"))
    assert all(may_see(room.state, SPEAKER[s], change) for s in (A, B, C))
    assert visibility_key(room.state, "sb") != before


def test_nobody_but_the_supplier_learns_of_a_bid_when_the_case_fails_before_the_deadline() -> None:
    room = receiving(TENDER)
    bid = next(entry for entry in room.log if isinstance(entry.event, evc.BidSubmitted))
    room.happens(evc.CaseFailed(ground="x", article="36", reason="x"))
    assert [p for p in PEOPLE if may_see(room.state, p, bid)] == ["sa"]


@pytest.mark.parametrize("method", TABLES)
def test_what_becomes_visible_changes_the_key(method: str) -> None:
    """Every entry is looked at by everyone after every step of a whole case."""
    whole = ranked(method)
    advance(whole, "agency_check", "m1")
    whole.does("officer", cmd.ConfirmCheck())
    report(whole)
    room = Room()
    seen: dict[str, set[int]] = {p: set() for p in (*PEOPLE, "m1")}
    keys: dict[str, object] = dict.fromkeys(seen)
    for recorded in whole.log:
        room.log.append(recorded)
        room.state = apply(room.state, recorded)
        for who, known in seen.items():
            now = {entry.index for entry in room.log if may_see(room.state, who, entry)}
            late = now - known - {recorded.index}
            if late:
                example = event_type(room.log[min(late)].event)
                assert visibility_key(room.state, who) != keys[who], f"{who} {example}"
            keys[who] = visibility_key(room.state, who)
            known |= now


def test_the_officer_sees_no_score_and_no_quote_before_the_ranking_is_confirmed() -> None:
    room = evaluating(CONSULTATION)
    secret = (eve.QuotesOpened, eve.PricesFixed, eve.SheetsOpened, eve.TotalsComputed, evo.BidsHandedOn)
    entries = [entry for entry in room.log if isinstance(entry.event, secret)]
    assert len(entries) == 3
    assert not any(may_see(room.state, who, entry) for entry in entries for who in ("officer", "clerk", "sa", "o1"))


# --- files ---


def test_a_supplier_fetches_its_own_envelope_and_nobody_elses() -> None:
    room = receiving(TENDER)
    own, other = digest(f"envelope {A}"), digest(f"envelope {B}")
    assert may_fetch(room.state, "sa", own)
    assert not may_fetch(room.state, "sa", other)
    assert not any(may_fetch(room.state, who, own) for who in ("officer", "o1", "boss", "m1", "sb"))


def test_openers_fetch_envelopes_only_while_decrypting() -> None:
    room = opening(TENDER)
    assert not may_fetch(room.state, "o1", digest(f"envelope {A}"))
    room.happens(evc.KitIssued(kit_sha256=digest("kit"), openers=("o1", "o2")))
    assert may_fetch(room.state, "o1", digest(f"envelope {A}"))
    assert not may_fetch(room.state, "officer", digest(f"envelope {A}"))
    room.happens(evc.PhaseEntered(phase="reading", by="officer"))
    assert not may_fetch(room.state, "o1", digest(f"envelope {A}"))


@pytest.mark.parametrize(("method", "readers"), [(TENDER, {"officer", "clerk", "o1", "o2", "boss", "sa"}),
                                                 (CONSULTATION, {"boss", "sa"})])  # fmt: skip
def test_bid_documents_are_read_by_those_who_review_them(method: str, readers: set[str]) -> None:
    room = opened(method)
    if method == TENDER:
        advance(room, "qualification")
    file = digest(f"file {A}")
    everyone = (*PEOPLE, "m1")
    assert {who for who in everyone if may_fetch(room.state, who, file)} == readers
    room = evaluating(method)
    now = {who for who in everyone if may_fetch(room.state, who, file)}
    assert {"m1", "m2", "boss", "sa"} <= now
    assert not now & {"sb", "engineer"}
    assert ("officer" in now) == (method == TENDER)


def test_shares_are_for_nobody_and_sealed_sheets_for_their_holders() -> None:
    room = evaluating(TENDER)
    seal_sheets(room, *room.state.members()[:-1])
    envelope = room.state.sealed["sheet"].envelopes["m1"].envelope_sha256
    assert may_fetch(room.state, "m1", envelope)
    assert not may_fetch(room.state, "m2", envelope)
    seal_sheets(room, room.state.members()[-1])
    assert may_fetch(room.state, "m2", envelope)
    assert not any(may_fetch(room.state, who, envelope) for who in ("officer", "boss", "sa"))
    release(room, "sheet", "m2")
    shares = room.state.sealed["sheet"].released["m2"].values()
    assert not any(may_fetch(room.state, who, share) for share in shares for who in (*PEOPLE, "m1"))
    assert not may_fetch(room.state, "officer", "")


def test_segments_are_for_supervisors_and_after_the_end_for_the_agency() -> None:
    room = evaluating(TENDER)
    assert [p for p in PEOPLE if may_fetch_segment(room.state, p, "v-m1")] == ["boss"]
    room.happens(evc.CaseClosed(undone=()))
    assert [p for p in PEOPLE if may_fetch_segment(room.state, p, "v-m1")] == ["officer", "clerk", "boss"]
    assert not may_fetch_segment(room.state, "boss", "v-unknown")


# --- pictures ---


def receives(room: Room, who: str) -> set[str]:
    return {name.removeprefix("v-") for name in may_receive(room.state, who)}


def test_in_the_lobby_one_is_alone_with_the_officer() -> None:
    room = lobby(TENDER)
    assert receives(room, "sa") == {"officer"}
    assert receives(room, "o1") == {"officer"}
    assert receives(room, "m2") == set()
    assert {"sa", "sb", "o1"} <= receives(room, "officer")
    assert receives(room, "boss") == set(PEOPLE) - {"boss"}


def test_suppliers_meet_in_a_tender_after_the_list_and_never_in_a_consultation() -> None:
    room = opening(TENDER)
    assert receives(room, "sa") == {"officer", "clerk", "engineer", "o1", "o2", "sb"}
    unpublished = room.state.with_(bidders_published=False)
    assert "v-sb" not in may_receive(unpublished, "sa")
    other = opening(CONSULTATION)
    assert "sb" not in receives(other, "sa")
    assert "m2" not in receives(other, "sa")
    assert {"sa", "sb", "m2"} <= receives(other, "officer")


def test_whoever_is_removed_neither_receives_nor_is_received() -> None:
    room = opening(TENDER)
    room.happens(evc.Removed(person="sb", reason="x"))
    assert receives(room, "sb") == set()
    assert "sb" not in receives(room, "sa")
    assert "sb" in receives(room, "boss")
    assert not may_publish(room.state, "sb")


def test_a_supplier_meets_the_committee_in_its_own_talk_only() -> None:
    room = opened(CONSULTATION)
    to_conformity(room)
    room.happens(*(evc.Admitted(person=p) for p in ("m0", "m1", "m2", "sa", "sb")))
    room.happens(*(source(p) for p in ("m0", "m1", "m2", *PEOPLE)))
    room.happens(evc.PhaseEntered(phase="talks", by="m1"))
    assert receives(room, "sa") == set()
    assert "sa" not in receives(room, "m1")
    room.happens(eve.SupplierCalled(supplier=A))
    assert receives(room, "sa") == {"officer"}
    room.happens(eve.TalkStarted(supplier=A))
    assert receives(room, "sa") == {"officer", "clerk", "m0", "m1", "m2"}
    assert "sa" in receives(room, "m1")
    assert receives(room, "sb") == set()
    room.happens(eve.TalkEnded(supplier=A, seconds=1))
    assert receives(room, "sa") == set()
    assert "sa" not in receives(room, "m1")


@pytest.mark.parametrize("method", TABLES)
def test_supervisors_receive_everything_and_publish_nothing(method: str) -> None:
    for build in MOMENTS.values():
        room = build(method)
        assert not may_publish(room.state, "boss")
        assert may_receive(room.state, "boss") == frozenset(room.state.sources) - {"v-boss"}


@pytest.mark.parametrize("method", TABLES)
def test_nobody_receives_its_own_source_and_no_supplier_a_member(method: str) -> None:
    for build in MOMENTS.values():
        room = build(method)
        for who in (*PEOPLE, "m1"):
            got = receives(room, who)
            assert who not in got
            if who.startswith("s"):
                assert not any(name.startswith("m") for name in got)


def test_members_are_barred_from_the_opening_of_a_tender() -> None:
    assert not may_publish(opening(TENDER).state, "m2")
    assert may_publish(opening(CONSULTATION).state, "m2")
    assert may_publish(evaluating(TENDER).state, "m2")
    assert not may_publish(evaluating(TENDER).state, "sa")


def test_an_entry_of_the_record_survives_being_looked_at() -> None:
    """Looking changes nothing: states are values."""
    room = evaluating(TENDER)
    before = msgspec.json.encode(room.state)
    for event in SAMPLES.values():
        seers(room, event)
    assert msgspec.json.encode(room.state) == before
