"""Small questions that several deciders ask."""

from app.errors import InputError
from app.session.rules.people import Person
from app.session.rules.state import ANNOUNCED, RECEIVING, State

TEXT_LIMIT = 4000
STAFF = ("officer", "clerk")


def text(value: str) -> str:
    """``value`` if it says something in at most 4000 characters, else InputError ``refused.text``."""
    if not value.strip() or len(value) > TEXT_LIMIT:
        raise InputError("refused.text", limit=TEXT_LIMIT)
    return value


def known(state: State, person: str) -> Person:
    """The person, or InputError ``refused.unknown_person``."""
    found = state.people.get(person)
    if found is None:
        raise InputError("refused.unknown_person", person=person)
    return found


def in_opening_room(state: State) -> bool:
    """Whether the case is before or in the opening room."""
    method = state.the_method()
    return state.phase in (ANNOUNCED, RECEIVING) or any(p.name == state.phase for p in method.room("opening"))
