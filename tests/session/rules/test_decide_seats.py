"""Several people in one room: who sits there, whose camera and microphone they share, and who may say so."""

import pytest
from factory import TENDER, A, Room, opened

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
from app.session.rules.access import may_publish, may_receive
from app.session.rules.people import Role
from app.session.rules.seats import devices_of, room_run_by, rooms, seated_elsewhere, sitting_in

ROOM = "评审一室"


def seats(*people: str, room: str = ROOM, devices: str = "engineer") -> cmd.AssignSeats:
    return cmd.AssignSeats(room=room, people=people, devices=devices)


def seated() -> Room:
    room = opened(TENDER)
    room.does("engineer", seats("m1", "m2"))
    return room


def test_who_sits_in_a_room_and_whose_devices_it_has() -> None:
    state = seated().state
    assert rooms(state) == (ROOM,)
    assert sitting_in(state, ROOM) == ("m1", "m2")
    assert (devices_of(state, ROOM), room_run_by(state, "engineer")) == ("engineer", ROOM)
    assert [seated_elsewhere(state, p) for p in ("m1", "m3", "engineer")] == [True, False, False]


def test_the_new_list_is_the_whole_list_and_an_empty_room_is_none() -> None:
    room = seated()
    room.does("officer", seats("m2", "m3", devices="m2"))
    assert sitting_in(room.state, ROOM) == ("m2", "m3")
    assert not seated_elsewhere(room.state, "m2")
    assert seated_elsewhere(room.state, "m3")
    room.does("officer", seats(devices=""))
    assert rooms(room.state) == ()
    assert room.state.people["m2"].seat == ""


def test_an_engineer_registered_with_a_room_runs_it_until_somebody_else_does() -> None:
    room = opened(TENDER)
    room.happens(evc.PersonSeated(person="engineer", room=ROOM))
    room.happens(evc.PersonSeated(person="m1", room=ROOM))
    assert devices_of(room.state, ROOM) == "engineer"
    assert sitting_in(room.state, ROOM) == ("m1",)
    room.does("officer", seats("m1", devices="m1"))
    assert devices_of(room.state, ROOM) == "m1"


@pytest.mark.parametrize(
    ("who", "command", "code"),
    [
        ("clerk", seats("m1"), "refused.role"),
        ("m1", seats("m1"), "refused.role"),
        ("boss", seats("m1"), "refused.role"),
        ("officer", seats("sa"), "refused.seat_supplier"),
        ("officer", seats("m1", devices="sa"), "refused.seat_devices"),
        ("officer", seats("m1", devices="boss"), "refused.seat_devices"),
        ("officer", seats("nobody"), "refused.unknown_person"),
        ("officer", seats("m1", room=""), "refused.room_name"),
        ("officer", seats("m1", room="评审\n室"), "refused.room_name"),
        ("officer", seats("m1", room="室" * 41), "refused.room_name"),
        ("officer", seats("m3", room="评审二室"), "refused.seat_devices_taken"),
    ],
)
def test_seats_that_are_refused(who: str, command: cmd.AssignSeats, code: str) -> None:
    assert seated().refuses(who, command) == code


def test_who_is_seated_sends_no_camera_of_its_own_and_an_earlier_one_is_shown_to_nobody() -> None:
    room = opened(TENDER)
    state = room.state
    officer = state.with_role(Role.OFFICER)[0]
    room.signs_in("engineer")
    room.happens(evc.SourceStarted(source="clerk/video", person="clerk", name="x", kind="camera"))
    assert may_publish(room.state, "clerk")
    assert "clerk/video" in may_receive(room.state, officer)
    room.does("officer", seats("clerk"))
    assert not may_publish(room.state, "clerk")
    assert may_publish(room.state, "engineer")
    assert "clerk/video" not in may_receive(room.state, officer)
    assert state.supplier_of("sa") == A
