"""Seats 席位: several people in one room, each with an own identity, sheet and token, the room's camera and microphone.

(SESSION.md, place policy.) Who sits where is in ``Person.seat``, whose desk runs a room's devices in ``State.rooms``.
"""

from app.session.rules.people import Role
from app.session.rules.state import State


def rooms(state: State) -> tuple[str, ...]:
    """Names of the rooms in use, in the order in which they came up."""
    named = [*state.rooms, *(person.seat for person in state.people.values() if person.seat)]
    return tuple(room for room in dict.fromkeys(named) if devices_of(state, room) or sitting_in(state, room))


def devices_of(state: State, room: str) -> str:
    """The person whose desk runs the camera and microphone of ``room``; empty when nobody's does.

    Until it is assigned, it is the equipment officer 设备专员 who was registered with this seat.
    """
    if room in state.rooms:
        return state.rooms[room]
    engineers = (key for key in state.with_role(Role.ENGINEER) if state.people[key].seat == room)
    return next(engineers, "")


def sitting_in(state: State, room: str) -> tuple[str, ...]:
    """Who sits in ``room``, without the equipment officer, who is only there for the devices."""
    return tuple(
        key
        for key, person in state.people.items()
        if room and person.seat == room and key not in state.replaced and not person.has(Role.ENGINEER)
    )


def room_run_by(state: State, person: str) -> str:
    """The room whose devices this person's desk runs; empty for one's own camera and microphone."""
    return next((room for room in rooms(state) if devices_of(state, room) == person), "")


def seated_elsewhere(state: State, person: str) -> bool:
    """Whether the person sits in a room whose camera and microphone another desk runs: then it sends none itself."""
    found = state.people.get(person)
    if found is None or not found.seat:
        return False
    return devices_of(state, found.seat) not in ("", person)
