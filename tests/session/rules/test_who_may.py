"""Every command, every role, every phase, through ``decide``: only what this table says passes the door.

The table is written out here a second time, so that a row that changes in the code is noticed.
"""

import pytest
from factory import A, B, Room, opened, received

import app.session.rules.commands as cmd
import app.session.rules.events_opening as evo
from app.errors import InputError
from app.session.rules.command import Command
from app.session.rules.decide import _permit
from app.session.rules.people import HOST
from app.session.rules.table import MOVES, Refused, decide

# fmt: off
PEOPLE = {
    "officer": "officer", "clerk": "clerk", "engineer": "engineer", "supplier": "sa", "opener": "o1",
    "purchaser": "o2", "supervisor": "boss", "member": "m1", "host": HOST, "stranger": "nobody",
}
BY = {
    "host": "tick report_outage report_clocks report_document report_document_stamp report_recording"
            " report_disk report_time_stamps report_source report_segment"
            " report_delivered report_quotes report_seals report_bid_opened report_bid_failed report_bids open_case"
            " report_sign_in report_sign_in_refused report_connection report_bid_refused report_sheets",
    "officer": "pause resume fail_case waive_gate extend_window rule_member_recusal replace_member remove mute_person"
               " lock_room mark_absent read_discipline publish_bidders rule_recusal rule_seal_mismatch"
               " attribute_failure read_price answer_objection adjourn_objection import_committee reset_certificate"
               " fix_kit issue_kit confirm_check ask_re_check add_authority admit_backup",
    "officer host": "add_person",
    "officer clerk": "admit verify_identity",
    "officer clerk host": "invite",
    "officer leader": "advance",
    "officer member": "call_election",
    "clerk opener engineer": "take_over",
    "officer engineer": "assign_seats",
    "officer clerk engineer": "note_incident lock_phone check_place",
    "officer purchaser member opener": "submit_review",
    "officer purchaser leader": "ask_clarification",
    "leader": "call_supplier start_talk end_talk change_requirement reopen_sheet confirm_ranking answer_re_check",
    "member": "sign_commitment declare_recusal vote_leader release_sealed confirm_requirement recheck_response"
              " vote_low_price doubt_price vote_price_doubt seal_sheet give_deviation_reason file_dissent",
    "supplier": "answer_clarification file_authorisation withdraw_from_talks resubmit_response seal_quote"
                " file_explanation confirm_seal raise_seal_mismatch release_supplier_key report_trouble confirm_price"
                " dispute_price raise_objection declare_no_objection submit_bid withdraw_bid hand_in_backup",
    "supplier purchaser": "raise_recusal",
    "opener supervisor": "release_share accept_opening report_holder_key",
    "supervisor": "give_notice",
    "anyone": "sign_document refuse_signature raise_hand lower_hand post_message mark_seen",
}
DURING = {
    "announced": "fix_kit accept_opening issue_kit",
    "receiving gathering": "submit_bid withdraw_bid report_holder_key",
    "discipline": "read_discipline publish_bidders",
    "seal_check": "confirm_seal raise_seal_mismatch rule_seal_mismatch",
    "decrypting": "release_share release_supplier_key report_trouble attribute_failure admit_backup hand_in_backup",
    "reading": "read_price confirm_price dispute_price",
    "objections": "declare_no_objection",
    "scoring": "seal_sheet",
    "quoting": "seal_quote",
    "quoting scoring": "release_sealed",
    "agency_check": "confirm_check ask_re_check answer_re_check",
}
WHILE_PAUSED = {
    "resume", "fail_case", "admit", "remove", "raise_hand", "lower_hand", "mute_person", "lock_room", "post_message",
    "note_incident", "give_notice", "file_authorisation", "mark_seen", "reset_certificate", "verify_identity",
    "assign_seats", "add_authority", "take_over",
}
PHASES = ("announced", "receiving", "gathering", "discipline", "seal_check", "decrypting", "reading", "objections",
          "signing", "opening_closed", "qualification", "assembling", "commitment", "leader", "conformity", "low_price",
          "scoring", "summary", "agency_check", "report", "evaluation_closed", "talks", "quoting", "closed", "failed")
# fmt: on


def tag(kind: type[Command]) -> str:
    return str(kind.__struct_config__.tag)


MAY = {name: set(by.split()) for by, names in BY.items() for name in names.split()}
WHEN = {name: set(phases.split()) for phases, names in DURING.items() for name in names.split()}


def somebody(name: str) -> str:
    """A person who may give this command."""
    return "m2" if "leader" in MAY[name] else PEOPLE[min(MAY[name]).replace("anyone", "officer")]


def code(room: Room, actor: str, kind: type[Command]) -> str:
    """The code of the door's refusal, or empty when it lets pass."""
    try:
        _permit(room.state, actor, cmd.Tick(), MOVES[kind])  # what is in a command does not matter at the door
    except InputError as error:
        return error.code
    return ""


@pytest.fixture(scope="module")
def room() -> Room:
    made = opened()
    made.state = made.state.with_(leader="m2")
    return made


def test_the_table_names_every_command() -> None:
    assert set(MAY) == {tag(kind) for kind in MOVES}


@pytest.mark.parametrize("role", PEOPLE)
def test_only_the_roles_of_the_table_pass_in_any_phase(room: Room, role: str) -> None:
    wrong = []
    state = room.state
    for phase in PHASES:
        room.state = state.with_(phase=phase)
        for kind in MOVES:
            allowed = MAY[tag(kind)]
            known = role not in ("host", "stranger")
            may = role in allowed or ("anyone" in allowed and known) or (role == "purchaser" and "opener" in allowed)
            found = code(room, PEOPLE[role], kind)
            if may == (found == "refused.role"):
                wrong.append((phase, tag(kind), found))
    room.state = state
    assert wrong == []


def test_only_the_phases_of_the_table_pass(room: Room) -> None:
    wrong = []
    state = room.state
    for phase in PHASES:
        room.state = state.with_(phase=phase)
        for kind in MOVES:
            name = tag(kind)
            if "host" in MAY[name]:
                continue
            actor = (
                "m2" if "leader" in MAY[name] else PEOPLE[next(iter(sorted(MAY[name]))).replace("anyone", "officer")]
            )
            over = phase == "closed" or (phase == "failed" and name not in WHILE_PAUSED)
            out = name in WHEN and phase not in WHEN[name]
            found = code(room, actor, kind)
            if over != (found == "refused.closed") or (not over and out and found != "refused.phase"):
                wrong.append((phase, name, found))
    room.state = state
    assert wrong == []


def test_a_pause_stops_everything_but_keeping_order(room: Room) -> None:
    state = room.state
    paused = set()
    for kind in MOVES:
        name = tag(kind)
        if "host" in MAY[name]:
            continue
        phase = next(iter(sorted(WHEN.get(name, MOVES[kind].during or {"qualification"}))))
        room.state = state.with_(phase=phase, paused="休息")
        actor = somebody(name)
        if code(room, actor, kind) == "":
            paused.add(name)
    room.state = state
    assert paused == WHILE_PAUSED


def test_the_leaders_acts_are_the_leaders_alone(room: Room) -> None:
    for kind in MOVES:
        if MAY[tag(kind)] == {"leader"}:
            assert code(room, "m1", kind) == "refused.role"
            assert code(room, "m2", kind) != "refused.role"


def test_a_replaced_member_has_no_say_any_more(room: Room) -> None:
    state = room.state
    room.state = state.with_(replaced={"m1": "m9"}, phase="scoring")
    assert {code(room, "m1", kind) for kind in MOVES} == {"refused.role"}
    room.state = state


def test_nobody_acts_for_another_supplier() -> None:
    """A command of a supplier names nobody: it is about the actor's own organisation, whatever is in it."""
    room = received()
    room.state = room.state.with_(phase="seal_check")
    room.happens(*(evo.SealMatched(supplier=uscc, header_sha256="h", size=1) for uscc in (A, B)))
    outcome = decide(room.state, "sa", cmd.ConfirmSeal(), room.now)
    assert not isinstance(outcome, Refused)
    assert [getattr(event, "supplier", "") for event in outcome] == [A]
    for kind in MOVES:
        if MAY[tag(kind)] == {"supplier"}:
            assert "supplier" not in kind.__struct_fields__
