"""Decisions about seats: who sits together in a room, and whose desk runs the room's camera and microphone."""

from datetime import datetime

import app.session.rules.commands as cmd
import app.session.rules.events_case as ev
from app.errors import InputError
from app.session.rules.checks import known
from app.session.rules.decide import Events, decides
from app.session.rules.people import Role
from app.session.rules.seats import devices_of, room_run_by, sitting_in
from app.session.rules.state import State

ROOM_LIMIT = 40


@decides(cmd.AssignSeats, by=("officer", "engineer"), while_paused=True)
def _(state: State, actor: str, command: cmd.AssignSeats, now: datetime) -> Events:
    """Suppliers keep a place of their own: nobody may see them beside each other before the list is read out."""
    room = command.room
    if not room or room != " ".join(room.split()) or len(room) > ROOM_LIMIT or not room.isprintable():
        raise InputError("refused.room_name", limit=ROOM_LIMIT)
    for person in command.people:
        if known(state, person).has(Role.SUPPLIER):
            raise InputError("refused.seat_supplier", person=person)
    if command.devices:
        _check_devices(state, room, command.devices)
    before = sitting_in(state, room)
    events: Events = [ev.PersonSeated(person=p, room="") for p in before if p not in command.people]
    events += [ev.PersonSeated(person=p, room=room) for p in dict.fromkeys(command.people) if p not in before]
    if devices_of(state, room) != command.devices:
        events.append(ev.RoomEquipped(room=room, person=command.devices))
    return events


def _check_devices(state: State, room: str, person: str) -> None:
    if known(state, person).has(Role.SUPPLIER, Role.SUPERVISOR):
        raise InputError("refused.seat_devices", person=person)
    other = room_run_by(state, person)
    if other and other != room:
        raise InputError("refused.seat_devices_taken", person=person, room=other)
