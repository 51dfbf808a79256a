"""All events as one tagged union: one definition serves wire, record and fold."""

import json
from typing import Any

import msgspec

from app.canon import canonical
from app.errors import InputError
from app.session.rules import events_case, events_evaluation, events_opening, events_waiting
from app.session.rules.event import Event

EVENT_TYPES: tuple[type[Event], ...] = tuple(
    kind
    for module in (events_case, events_opening, events_evaluation, events_waiting)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
)
_BY_TAG: dict[str, type[Event]] = {str(kind.__struct_config__.tag): kind for kind in EVENT_TYPES}


def event_type(event: Event) -> str:
    """The tag, e.g. ``bid_opened``."""
    return str(event.__struct_config__.tag)


def to_builtins(event: Event) -> dict[str, Any]:
    """Plain JSON values, tagged; Decimal and datetime as strings, so that it has a canonical form."""
    value: dict[str, Any] = msgspec.to_builtins(event)
    return value


def from_builtins(value: object) -> Event:
    """The inverse of :func:`to_builtins`.

    Raises:
        InputError: ``event.unknown`` for an unknown type, ``event.malformed`` for wrong fields.
    """
    kind = _BY_TAG.get(str(value.get("type"))) if isinstance(value, dict) else None
    if kind is None:
        raise InputError("event.unknown")
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InputError("event.malformed", where=str(error)) from error


def event_bytes(event: Event) -> bytes:
    """Canonical JSON of the event alone."""
    return canonical(to_builtins(event))


def canonical_event(event: Event) -> Event:
    """The event as a restarted host or a replay reads it back: maps in the order of their keys."""
    return from_builtins(json.loads(event_bytes(event)))
