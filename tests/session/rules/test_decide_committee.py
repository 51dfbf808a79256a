"""The committee: place, commitment, recusal, replacement, the leader's election."""

import pytest
from factory import CONSULTATION, GRAVE, TENDER, A, Room, advance, digest, expert, opened, person
from steps import acts, assemble, commit, elect, open_sheets, review, seal_sheets, to_conformity, to_scoring

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_evaluation as eve
from app.procurement.case import Committee, PlacePolicy
from app.session.rules.people import Party, Person, Role

COMMIT = cmd.SignCommitment(text_sha256=digest("承诺书"), grave=GRAVE)


def replace(who: str, substitute: Person | None) -> cmd.ReplaceMember:
    return cmd.ReplaceMember(person=who, substitute=substitute, reason="突发疾病")


def joins(room: Room, who: str) -> None:
    """A substitute signs in, puts the phone away and commits itself."""
    room.signs_in(who)
    room.does("engineer", cmd.LockPhone(person=who))
    room.does(who, COMMIT)


def ready(method: str = CONSULTATION, **changes: object) -> Room:
    """Before the evaluation room, everything in order but the phones."""
    room = opened(method, **changes)
    if method == TENDER:
        advance(room, "qualification")
        review(room, "officer", "o2")
    return room


def lock(room: Room) -> None:
    for member in room.state.members():
        room.does("engineer", cmd.LockPhone(person=member))


def test_phones_are_ticked_by_staff_before_the_room_is_entered() -> None:
    room = ready()
    assert room.refuses("officer", cmd.Advance(phase="assembling", reason="x")) == "gate.place_unchecked"
    assert room.refuses("m1", cmd.LockPhone(person="m1")) == "refused.role"
    assert room.refuses("engineer", cmd.LockPhone(person="officer")) == "refused.not_member"
    assert room.refuses("engineer", cmd.CheckPlace(person="m1", note="独处")) == "refused.place_policy"
    lock(room)
    advance(room, "assembling")


def test_who_sits_alone_is_checked_instead() -> None:
    room = ready(place_policy=PlacePolicy(kind="dispersed", ground="疫情"))
    assert room.refuses("engineer", cmd.LockPhone(person="m1")) == "refused.place_policy"
    for member in room.state.members():
        room.does("engineer", cmd.CheckPlace(person=member, note="独处"))
    advance(room, "assembling")


@pytest.mark.parametrize(
    ("committee", "code"),
    [(Committee(size=5, experts=4), "gate.committee_size"), (Committee(size=3, experts=2, complex=True), "")],
)
def test_the_committee_has_the_announced_size(committee: Committee, code: str) -> None:
    room = ready(committee=committee)
    lock(room)
    advancing = cmd.Advance(phase="assembling", reason="x")
    if code:
        assert room.refuses("officer", advancing) == code
    else:
        room.does("officer", advancing)


def test_experts_are_two_thirds() -> None:
    room = ready()
    lock(room)
    layman = person("m2", Role.MEMBER, party=Party.PURCHASER)
    room.happens(evc.PersonAdded(person=layman))
    assert room.refuses("officer", cmd.Advance(phase="assembling", reason="x")) == "gate.composition"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (person("m2", Role.MEMBER, Role.EXPERT, party=Party.AGENCY), "gate.member_of_agency"),
        (person("m2", Role.MEMBER, Role.EXPERT, party=Party.EXPERT, uscc=A), "gate.member_conflict"),
        (person("m2", Role.MEMBER, Role.EXPERT, Role.OPENER, party=Party.EXPERT), "gate.member_attended_opening"),
    ],
)
def test_who_may_not_sit_on_the_committee(changed: Person, code: str) -> None:
    room = ready(TENDER)
    lock(room)
    room.happens(evc.PersonAdded(person=changed))
    assert room.refuses("officer", cmd.Advance(phase="assembling", reason="x")) == code


def test_who_was_let_into_the_opening_of_a_tender_may_not_review_it() -> None:
    room = ready(TENDER)
    lock(room)
    room.happens(evc.Admitted(person="m2"))
    assert room.refuses("officer", cmd.Advance(phase="assembling", reason="x")) == "gate.member_attended_opening"


def test_all_members_are_present_before_the_commitment() -> None:
    room = ready()
    lock(room)
    advance(room, "assembling")
    room.happens(evc.Disconnected(person="m2"))
    assert room.refuses("officer", cmd.Advance(phase="commitment", reason="x")) == "gate.member_away"


def test_commitment_is_signed_once_and_over_a_digest() -> None:
    room = ready()
    assert room.refuses("m1", COMMIT) == "refused.phase"
    assemble(room)
    assert room.refuses("m1", cmd.SignCommitment(text_sha256="?", grave=GRAVE)) == "refused.digest"
    room.does("m1", COMMIT)
    assert room.refuses("m1", COMMIT) == "refused.already_committed"
    assert room.refuses("officer", COMMIT) == "refused.role"


def test_a_silent_member_is_marked_and_replaced() -> None:
    room = ready()
    assemble(room)
    commit(room, "m2")
    room.run_out("commitment")
    assert room.state.absent == {"m2": "member_lost"}
    assert room.state.phase == "commitment"
    room.does("officer", replace("m2", expert("m9")))
    assert room.refuses("m2", COMMIT) == "refused.role"
    assert room.refuses("m9", COMMIT) == "gate.place_unchecked"
    joins(room, "m9")
    assert room.state.phase == "leader"
    assert room.state.members() == ("m0", "m1", "m9")


def test_a_recusal_stops_the_member_until_it_is_ruled() -> None:
    room = ready()
    assemble(room)
    room.does("m1", cmd.DeclareRecusal(reason="近亲属任职"))
    assert room.refuses("m1", COMMIT) == "refused.recused"
    assert ("officer", "rule_member_recusal") in acts(room)
    assert room.refuses("m1", cmd.DeclareRecusal(reason="再次")) == "refused.recused"
    room.does("officer", cmd.RuleMemberRecusal(person="m1", granted=False, reason="不属实"))
    commit(room)
    assert room.state.phase == "leader"
    assert room.refuses("officer", cmd.RuleMemberRecusal(person="m1", granted=True, reason="x")) == "refused.no_request"


def test_a_granted_recusal_leads_to_a_substitute() -> None:
    room = ready()
    assemble(room)
    room.does("m1", cmd.DeclareRecusal(reason="近亲属任职"))
    room.does("officer", cmd.RuleMemberRecusal(person="m1", granted=True, reason="属实"))
    commit(room, "m1")
    assert room.state.phase == "commitment"
    assert ("officer", "replace_member") in acts(room)
    room.does("officer", replace("m1", expert("m9")))
    joins(room, "m9")
    assert room.state.phase == "leader"


@pytest.mark.parametrize(
    ("who", "substitute", "code"),
    [
        ("m1", None, "gate.committee_size"),
        ("m1", person("m9", Role.MEMBER, party=Party.PURCHASER), "gate.composition"),
        ("m1", expert("m2"), "refused.person_id"),
        ("m1", expert("not ok"), "refused.person_id"),
        ("m1", expert("host"), "refused.person_id"),
        ("m1", person("m9", Role.EXPERT, party=Party.EXPERT), "refused.not_member"),
        ("m1", person("m9", Role.MEMBER, Role.EXPERT, party=Party.AGENCY), "gate.member_of_agency"),
        ("clerk", expert("m9"), "refused.not_member"),
        ("nobody", expert("m9"), "refused.unknown_person"),
    ],
)
def test_a_replacement_keeps_the_committee_lawful(who: str, substitute: Person | None, code: str) -> None:
    room = ready()
    assemble(room)
    assert room.refuses("officer", replace(who, substitute)) == code


def test_before_the_room_is_entered_a_member_may_simply_drop_out() -> None:
    room = ready()
    room.does("officer", replace("m1", None))
    lock(room)
    assert room.refuses("officer", cmd.Advance(phase="assembling", reason="x")) == "gate.committee_size"


def test_votes_are_counted_when_all_are_in() -> None:
    room = ready()
    assemble(room)
    commit(room)
    room.does("m0", cmd.VoteLeader(candidate="m1"))
    assert room.refuses("m0", cmd.VoteLeader(candidate="m2")) == "refused.already_voted"
    assert room.refuses("m1", cmd.VoteLeader(candidate="m0")) == "refused.may_not_lead"
    assert room.refuses("m1", cmd.VoteLeader(candidate="officer")) == "refused.may_not_lead"
    room.does("m1", cmd.VoteLeader(candidate="m1"))
    assert room.state.leader == ""
    room.does("m2", cmd.VoteLeader(candidate="m2"))
    assert room.state.leader == "m1"
    assert room.refuses("m2", cmd.VoteLeader(candidate="m2")) == "refused.leader_elected"
    elected = room.of(eve.LeaderElected)[0]
    assert isinstance(elected, eve.LeaderElected)
    assert elected.votes == {"m1": 2, "m2": 1}


def test_a_tie_opens_a_new_round() -> None:
    room = ready(TENDER)
    assemble(room)
    commit(room)
    for voter, candidate in (("m0", "m1"), ("m1", "m1"), ("m2", "m2"), ("m3", "m2"), ("m4", "m4")):
        room.does(voter, cmd.VoteLeader(candidate=candidate))
    assert (room.state.leader, room.state.leader_round, room.state.leader_votes) == ("", 2, {})
    elect(room, "m2")
    assert room.state.leader == "m2"


def test_who_misses_the_vote_does_not_block_it_while_more_than_half_vote() -> None:
    room = ready()
    assemble(room)
    commit(room)
    room.does("m1", cmd.VoteLeader(candidate="m1"))
    room.run_out("leader")
    assert room.state.leader == ""
    assert room.state.absent == {"m0": "vote_missed", "m2": "vote_missed"}
    room.does("m2", cmd.VoteLeader(candidate="m1"))
    assert room.state.leader == "m1"


def test_a_lost_leader_is_voted_for_anew_and_the_substitute_reviews() -> None:
    room = ready()
    to_conformity(room)
    review(room, "m1", "m2")
    room.does("officer", replace("m1", expert("m9")))
    assert room.state.leader == ""
    assert "m1" not in room.state.reviews["qualification"][A]
    joins(room, "m9")
    assert {("m0", "vote_leader"), ("m2", "vote_leader"), ("m9", "vote_leader")} <= acts(room)
    elect(room, "m2")
    assert room.state.leader == "m2"
    review(room, "m0", "m9")
    assert len(room.state.decisions["qualification"]) == 3


def test_a_member_lost_after_the_sheets_are_open_takes_the_ranking_along() -> None:
    room = opened(TENDER)
    to_scoring(room)
    seal_sheets(room)
    open_sheets(room, dict.fromkeys(room.state.continuing(), 50))
    assert room.state.standings
    room.does("officer", replace("m2", expert("m9")))
    assert room.state.phase == "scoring"
    assert room.state.standings == ()
    joins(room, "m9")
    seal_sheets(room, "m9")
    open_sheets(room, dict.fromkeys(room.state.continuing(), 50))
    assert room.state.phase == "summary"
    assert room.state.standings
    assert set(room.state.sheets) >= {"m0", "m1", "m3", "m4", "m9"}
