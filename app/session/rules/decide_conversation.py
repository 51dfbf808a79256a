"""Decisions about the conversation: admission, hands, muting, messages, incidents, notices."""

from datetime import datetime

import app.session.rules.commands as cmd
import app.session.rules.events_case as ev
from app.errors import InputError
from app.session.rules.checks import STAFF, in_opening_room, known, text
from app.session.rules.decide import ANYONE, Events, decides
from app.session.rules.people import HOST, Role
from app.session.rules.state import State


@decides(cmd.Admit, by=STAFF, while_paused=True)
def _(state: State, actor: str, command: cmd.Admit, now: datetime) -> Events:
    person = known(state, command.person)
    if state.the_method().members_barred_from_opening and person.has(Role.MEMBER) and in_opening_room(state):
        raise InputError("refused.member_barred", person=command.person)
    return [] if command.person in state.admitted else [ev.Admitted(person=command.person)]


@decides(cmd.Remove, by=("officer",), while_paused=True)
def _(state: State, actor: str, command: cmd.Remove, now: datetime) -> Events:
    person = known(state, command.person)
    if person.has(Role.SUPERVISOR, Role.OFFICER):
        raise InputError("refused.not_removable", person=command.person)
    return [ev.Removed(person=command.person, reason=text(command.reason))]


@decides(cmd.RaiseHand, by=(ANYONE,), while_paused=True)
def _(state: State, actor: str, command: cmd.RaiseHand, now: datetime) -> Events:
    if state.has_role(actor, Role.SUPERVISOR):
        raise InputError("refused.role", command="raise_hand")
    return [] if actor in state.hands else [ev.HandRaised(person=actor)]


@decides(cmd.LowerHand, by=(ANYONE,), while_paused=True)
def _(state: State, actor: str, command: cmd.LowerHand, now: datetime) -> Events:
    person = command.person or actor
    if person != actor and not state.has_role(actor, Role.OFFICER):
        raise InputError("refused.role", command="lower_hand")
    return [ev.HandLowered(person=person)] if person in state.hands else []


@decides(cmd.MutePerson, by=("officer",), while_paused=True)
def _(state: State, actor: str, command: cmd.MutePerson, now: datetime) -> Events:
    if command.person:
        known(state, command.person)
    return [ev.MutedByOfficer(person=command.person, muted=command.muted)]


@decides(cmd.LockRoom, by=("officer",), while_paused=True)
def _(state: State, actor: str, command: cmd.LockRoom, now: datetime) -> Events:
    return [ev.RoomLocked(locked=command.locked)]


@decides(cmd.PostMessage, by=(ANYONE,), while_paused=True)
def _(state: State, actor: str, command: cmd.PostMessage, now: datetime) -> Events:
    person = state.people[actor]
    if person.has(Role.SUPERVISOR) or actor in state.removed:
        raise InputError("refused.role", command="post_message")
    staff = person.has(Role.OFFICER, Role.CLERK)
    if command.to == "committee":
        allowed = staff or person.has(Role.MEMBER)
    elif command.to == "all":
        allowed = (
            staff
            or (person.has(Role.SUPPLIER) and state.the_method().suppliers_see_each_other)
            or person.has(Role.PURCHASER, Role.OPENER)
        )
    else:
        allowed = command.to == "officer" or (staff and command.to in state.people)
    if not allowed:
        raise InputError("refused.addressee", to=command.to)
    return [ev.MessagePosted(to=command.to, text=text(command.text))]


@decides(cmd.NoteIncident, by=(*STAFF, "engineer"), while_paused=True)
def _(state: State, actor: str, command: cmd.NoteIncident, now: datetime) -> Events:
    return [ev.IncidentNoted(text=text(command.text))]


@decides(cmd.GiveNotice, by=("supervisor",), while_paused=True)
def _(state: State, actor: str, command: cmd.GiveNotice, now: datetime) -> Events:
    return [ev.SupervisionNotice(text=text(command.text))]


@decides(cmd.MarkAbsent, by=("officer",))
def _(state: State, actor: str, command: cmd.MarkAbsent, now: datetime) -> Events:
    known(state, command.person)
    if command.person in state.online:
        raise InputError("refused.present", person=command.person)
    return [ev.AbsentMarked(person=command.person, rule="marked_by_officer")]


@decides(cmd.FileAuthorisation, by=("supplier",), while_paused=True)
def _(state: State, actor: str, command: cmd.FileAuthorisation, now: datetime) -> Events:
    return [ev.AuthorisationFiled(person=actor, document_sha256=command.document_sha256)]


@decides(cmd.MarkSeen, by=(ANYONE,), while_paused=True)
def _(state: State, actor: str, command: cmd.MarkSeen, now: datetime) -> Events:
    item = state.clarifications.get(command.request)
    if item is None or state.supplier_of(actor) != item.supplier:
        raise InputError("refused.no_request", request=command.request)
    return [] if item.seen else [ev.Seen(request=command.request, person=actor)]


@decides(cmd.ReportDelivered, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportDelivered, now: datetime) -> Events:
    return [ev.Delivered(request=command.request, person=command.person)]
