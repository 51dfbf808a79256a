"""Files and pictures: which blobs a person may fetch, whose sources it receives, who may publish. Closed lists."""

from collections.abc import Iterator

from app.session.rules.audience import Viewer, may_read, room_of, viewer
from app.session.rules.people import Role
from app.session.rules.sealed import PURPOSE, all_in, sealed_set
from app.session.rules.seats import seated_elsewhere
from app.session.rules.state import ANNOUNCED, CLOSED, FAILED, RECEIVING, Source, State


def witnesses(state: State, person: str) -> bool:
    """Whether a person is shown the record's places and heads: a supplier not before the opening has begun, because
    the number of entries would tell how many others there are."""
    early = state.phase in (ANNOUNCED, RECEIVING, "gathering")
    return not (early and state.has_role(person, Role.SUPPLIER))


def heard_by(state: State, person: str, other: str) -> bool:
    """Whether ``person`` is told what ``other`` cosigns: a supplier of the agency and the supervisors only."""
    shown = (Role.OFFICER, Role.CLERK, Role.SUPERVISOR)
    return person == other or not state.has_role(person, Role.SUPPLIER) or state.has_role(other, *shown)


def may_fetch(state: State, person: str, blob_sha256: str) -> bool:
    """Whether ``person`` may download the blob of this digest now; shares are for nobody, unknown digests too."""
    who = viewer(state, person)
    return who is not None and bool(blob_sha256) and any(blob == blob_sha256 for blob in _readable(who))


def may_fetch_segment(state: State, person: str, source: str) -> bool:
    """Whether ``person`` may fetch recorded segments of ``source``: supervisors at once, the agency after the end."""
    who = viewer(state, person)
    if who is None or source not in state.sources:
        return False
    return who.supervisor or (who.staff and state.phase in (CLOSED, FAILED))


def _readable(who: Viewer) -> Iterator[str]:
    state = who.state
    yield state.kit_sha256
    for bid in state.bids.values():
        own = bool(who.supplier) and bid.supplier == who.supplier
        releasing = state.phase == "decrypting" and who.id in state.kit_openers and not bid.withdrawn
        if own or releasing:
            yield bid.envelope_sha256
        if own or _may_read_bids(who):
            yield bid.manifest_sha256
            yield from (document.sha256 for document in bid.documents)
    for document in state.documents.values():
        if may_read(who, document.kind, document.subject, document.fields):
            yield document.pdf_sha256
    yield from _sealed(who)
    for person, digest in state.authorisations.items():
        if person == who.id or ((who.staff or who.supervisor) and who.knows(person)):
            yield digest
    for person, code in state.codes.items():  # the photo of who was verified
        if person == who.id or ((who.staff or who.supervisor) and who.knows(person)):
            yield code.photo_sha256
    for person, sign_in in state.signed_in.items():
        if person == who.id or ((who.staff or who.supervisor) and who.knows(person)):
            yield sign_in.drawn_signature_sha256


def _may_read_bids(who: Viewer) -> bool:
    """Bids are read by those who review them, once they are handed on."""
    return who.state.bids_handed_on and (who.judges or who.qualifier)


def _sealed(who: Viewer) -> Iterator[str]:
    """A holder's desk takes its share out of the envelope itself; an owner may always have its own."""
    for purpose in PURPOSE.values():
        found = sealed_set(who.state, purpose)
        holder = who.member and who.id in found.holders and all_in(who.state, purpose)
        for owner, sealed in found.envelopes.items():
            if holder or owner in (who.id, who.supplier):
                yield sealed.envelope_sha256


# --- media ---


def may_publish(state: State, person: str) -> bool:
    """Whether ``person`` may send camera, microphone or screen now; supervisors never."""
    who = viewer(state, person)
    if who is None or who.supervisor or person in state.removed or seated_elsewhere(state, person):
        return False
    room = room_of(state)
    if who.supplier:
        return room == "opening" or (room == "evaluation" and state.the_method().has("talks"))
    if who.member:
        return room == "evaluation" or (room == "opening" and who.member_at_opening)
    if who.outside:
        return room in ("opening", "between")
    return bool(room)


def may_receive(state: State, person: str) -> frozenset[str]:
    """Ids of the sources whose picture and sound ``person`` may be sent now; never its own."""
    who = viewer(state, person)
    if who is None:
        return frozenset()
    return frozenset(key for key, source in state.sources.items() if source.person != person and _receives(who, source))


def _receives(who: Viewer, source: Source) -> bool:
    state = who.state
    if who.supervisor:
        return True
    if who.id in state.removed or source.person in state.removed:
        return False
    room = room_of(state)
    if not room or not _in_room(who, room):
        return False
    if not source.person:  # a camera of the room itself
        return who.staff or who.engineer or _conversing(who, room)
    sender = viewer(state, source.person)
    if sender is None or sender.supervisor or seated_elsewhere(state, source.person):
        return False  # who was seated while its own camera ran is heard and seen through the room's
    if not _conversing(who, room):  # the lobby: alone with the officer
        return state.has_role(source.person, Role.OFFICER)
    if who.staff:
        return _in_room(sender, room)
    if not _conversing(sender, room):
        return False
    if who.supplier and sender.supplier:
        return room == "opening" and who.others_known() and sender.supplier in state.bids
    if who.supplier and sender.member:
        return room == "evaluation"  # its own talk, or it would not be in the conversation
    return True


def _in_room(who: Viewer, room: str) -> bool:
    """Whether a person belongs to the room at all, in the conversation or in its lobby."""
    if who.staff or who.engineer:
        return True
    if who.member:
        return room == "evaluation" or (room == "opening" and who.member_at_opening)
    if who.outside:
        return room in ("opening", "between")
    if not who.supplier:
        return False
    if room == "evaluation":
        talk = who.state.talks.get(who.supplier)
        return talk is not None and talk.seconds is None and who.in_the_running
    return room == "opening"


def _conversing(who: Viewer, room: str) -> bool:
    """Whether a person of the room is in its conversation: let in by the officer; a supplier in its own talk."""
    if not _in_room(who, room):
        return False
    if who.staff:
        return True
    if who.supplier and room == "evaluation":
        return who.state.in_talk == who.supplier
    return who.id in who.state.admitted
