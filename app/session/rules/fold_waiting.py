"""How reminders and what follows from them change the state."""

import msgspec

import app.session.rules.events_waiting as ev
from app.session.rules.event import Recorded
from app.session.rules.fold import applies, put
from app.session.rules.people import Role
from app.session.rules.state import State


@applies(ev.Reminded)
def _(state: State, event: ev.Reminded, at: Recorded) -> State:
    reminded = put(state.reminded, event.person, state.reminded.get(event.person, 0) + 1)
    return state.with_(reminded=reminded, acted=put(state.acted, event.person, at.at))


@applies(ev.LeaderSetAside)
def _(state: State, event: ev.LeaderSetAside, at: Recorded) -> State:
    if state.leader != event.person:
        return state.with_(set_aside=state.set_aside | {event.person})
    return state.with_(
        leader="", leader_round=state.leader_round + 1, leader_votes={}, set_aside=state.set_aside | {event.person}
    )


@applies(ev.OfficerReplaced)
def _(state: State, event: ev.OfficerReplaced, at: Recorded) -> State:
    people = dict(state.people)
    for person, gone, come in ((event.person, Role.OFFICER, Role.CLERK), (event.by, Role.CLERK, Role.OFFICER)):
        found = people.get(person)
        if found is not None:
            roles = tuple(role for role in found.roles if role not in (gone, come))
            people[person] = msgspec.structs.replace(found, roles=(come, *roles))
    return state.with_(people=people)
