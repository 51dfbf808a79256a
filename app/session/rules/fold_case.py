"""How the events of the case itself change the state: one small function an event, in the order of events_case.py.

Longer than other files, as that one is: each function stands alone and is found by the name of its event.
"""

from datetime import timedelta

import msgspec

from app.procurement.case import lot_case
from app.procurement.methods import method_of
from app.session.rules import events_case as ev
from app.session.rules.event import Recorded
from app.session.rules.fold import applies, put
from app.session.rules.people import Person
from app.session.rules.state import (
    CLOSED,
    FAILED,
    Bid,
    Disk,
    Document,
    Invitation,
    Message,
    OneUseCode,
    SignIn,
    Source,
    State,
    Window,
)

MESSAGES_KEPT = 500


@applies(ev.CaseOpened)
def _(state: State, event: ev.CaseOpened, at: Recorded) -> State:
    return state.with_(
        case=event.case,
        lot=lot_case(event.case_file, event.lot),
        method=method_of(event.case_file.method),
        rules=event.rules,
        windows_seconds=event.windows,
        shortened=event.shortened,
        rehearsal=event.rehearsal,
        host_key=event.host_key,
        host_certificate=event.host_certificate,
        phase_since=at.at,
        history=((state.phase, at.at),),
    )


def _add(state: State, *people: Person) -> State:
    return state.with_(people={**state.people, **{person.id: person for person in people}})


@applies(ev.PersonAdded)
def _(state: State, event: ev.PersonAdded, at: Recorded) -> State:
    return _add(state, event.person)


@applies(ev.CommitteeImported)
def _(state: State, event: ev.CommitteeImported, at: Recorded) -> State:
    return _add(state, *event.people)


@applies(ev.InvitationIssued)
def _(state: State, event: ev.InvitationIssued, at: Recorded) -> State:
    kept = {key: item for key, item in state.invitations.items() if item.person != event.person}
    new = Invitation(person=event.person, secret_sha256=event.secret_sha256, expires=event.expires)
    return state.with_(invitations=put(kept, event.secret_sha256, new))


@applies(ev.CertificateReset)
def _(state: State, event: ev.CertificateReset, at: Recorded) -> State:
    return state.with_(
        certificates={key: value for key, value in state.certificates.items() if key != event.person},
        sessions={key: person for key, person in state.sessions.items() if person != event.person},
    )


@applies(ev.IdentityVerified)
def _(state: State, event: ev.IdentityVerified, at: Recorded) -> State:
    code = OneUseCode(sha256=event.code_sha256, expires=event.expires, photo_sha256=event.photo_sha256)
    return state.with_(codes=put(state.codes, event.person, code))


@applies(ev.PersonSeated)
def _(state: State, event: ev.PersonSeated, at: Recorded) -> State:
    person = state.people.get(event.person)
    return state if person is None else _add(state, msgspec.structs.replace(person, seat=event.room))


@applies(ev.RoomEquipped)
def _(state: State, event: ev.RoomEquipped, at: Recorded) -> State:
    return state.with_(rooms=put(state.rooms, event.room, event.person))


@applies(ev.SupplierRegistered)
def _(state: State, event: ev.SupplierRegistered, at: Recorded) -> State:
    added = _add(state, event.person)
    return added.with_(suppliers=put(state.suppliers, event.person.uscc, event.person.organisation))


@applies(ev.SignedIn)
def _(state: State, event: ev.SignedIn, at: Recorded) -> State:
    sign_in = SignIn(
        level=event.level,
        certificate=event.certificate,
        encryption_certificate=event.encryption_certificate,
        chain=event.chain,
        at=at.at,
        revocation=event.revocation,
        drawn_signature_sha256=event.drawn_signature_sha256,
        blind_certificate=event.blind_certificate,
    )
    invitations = state.invitations
    if event.invitation_sha256 in invitations:
        used = msgspec.structs.replace(invitations[event.invitation_sha256], used=True)
        invitations = put(invitations, event.invitation_sha256, used)
    return state.with_(
        invitations=invitations,
        certificates=put(state.certificates, event.person, event.certificate),
        signed_in=put(state.signed_in, event.person, sign_in),
        sessions=put(state.sessions, event.session, event.person),
        codes=_used(state.codes, event.person),
        online=state.online | {event.person},
    )


def _used(codes: dict[str, OneUseCode], person: str) -> dict[str, OneUseCode]:
    """A code is good once; that it was used stays known, so that the desk can say so."""
    code = codes.get(person)
    return codes if code is None else put(codes, person, msgspec.structs.replace(code, used=True))


@applies(ev.SignInRefused)
def _(state: State, event: ev.SignInRefused, at: Recorded) -> State:
    code = state.codes.get(event.person)
    if event.code != "sign_in.code" or code is None or code.used:
        return state
    return state.with_(codes=put(state.codes, event.person, msgspec.structs.replace(code, wrong=code.wrong + 1)))


@applies(ev.Connected)
def _(state: State, event: ev.Connected, at: Recorded) -> State:
    return state.with_(online=state.online | {event.person})


@applies(ev.Disconnected)
def _(state: State, event: ev.Disconnected, at: Recorded) -> State:
    return state.with_(online=state.online - {event.person})


@applies(ev.KitCoreFixed)
def _(state: State, event: ev.KitCoreFixed, at: Recorded) -> State:
    return state.with_(kit_core=event.core, kit_core_sha256=event.core_sha256, acceptances={})


@applies(ev.OpenerAccepted)
def _(state: State, event: ev.OpenerAccepted, at: Recorded) -> State:
    return state.with_(acceptances=put(state.acceptances, event.person, event.acceptance))


@applies(ev.HolderKeyMissing)
def _(state: State, event: ev.HolderKeyMissing, at: Recorded) -> State:
    return state.with_(keyless=state.keyless | {event.person})


@applies(ev.HolderKeyBack)
def _(state: State, event: ev.HolderKeyBack, at: Recorded) -> State:
    return state.with_(keyless=state.keyless - {event.person})


@applies(ev.KitIssued)
def _(state: State, event: ev.KitIssued, at: Recorded) -> State:
    return state.with_(kit_sha256=event.kit_sha256, kit_openers=event.openers)


@applies(ev.BidSubmitted)
def _(state: State, event: ev.BidSubmitted, at: Recorded) -> State:
    bid = Bid(
        supplier=event.supplier,
        header_sha256=event.header_sha256,
        envelope_sha256=event.envelope_sha256,
        size=event.size,
        submitted=at.at,
        receipt=event.receipt,
        backup=event.backup,
        recovery=event.recovery,
    )
    old = state.bids.get(event.supplier)
    superseded = state.superseded | {old.header_sha256} if old is not None else state.superseded
    bids = {key: value for key, value in state.bids.items() if key != event.supplier}
    return state.with_(bids=put(bids, event.supplier, bid), superseded=superseded)


@applies(ev.BidWithdrawn)
def _(state: State, event: ev.BidWithdrawn, at: Recorded) -> State:
    bid = state.bids.get(event.supplier)
    if bid is None or bid.header_sha256 != event.header_sha256:
        return state
    gone = msgspec.structs.replace(bid, withdrawn=True)
    return state.with_(bids=put(state.bids, event.supplier, gone), superseded=state.superseded | {bid.header_sha256})


@applies(ev.BidRefused)
def _(state: State, event: ev.BidRefused, at: Recorded) -> State:
    return state


@applies(ev.PhaseEntered)
def _(state: State, event: ev.PhaseEntered, at: Recorded) -> State:
    return state.with_(phase=event.phase, phase_since=at.at, history=(*state.history, (event.phase, at.at)))


@applies(ev.WindowOpened)
def _(state: State, event: ev.WindowOpened, at: Recorded) -> State:
    window = Window(opened=at.at, until=event.until, seconds=event.seconds)
    return state.with_(windows=put(state.windows, event.window, window))


@applies(ev.WindowExtended)
def _(state: State, event: ev.WindowExtended, at: Recorded) -> State:
    window = state.windows.get(event.window)
    if window is None:
        return state
    longer = msgspec.structs.replace(window, until=event.until, closed=None)
    return state.with_(windows=put(state.windows, event.window, longer))


@applies(ev.WindowClosed)
def _(state: State, event: ev.WindowClosed, at: Recorded) -> State:
    window = state.windows.get(event.window)
    if window is None:
        return state
    closed = msgspec.structs.replace(window, closed=event.elapsed)
    return state.with_(windows=put(state.windows, event.window, closed))


@applies(ev.Paused)
def _(state: State, event: ev.Paused, at: Recorded) -> State:
    return state.with_(paused=event.reason, paused_at=at.at)


def _shift(state: State, by: timedelta) -> State:
    windows = {
        name: msgspec.structs.replace(window, until=window.until + by) if window.closed is None else window
        for name, window in state.windows.items()
    }
    clarifications = {
        key: msgspec.structs.replace(item, until=item.until + by) if item.open else item
        for key, item in state.clarifications.items()
    }
    low_price = {
        key: msgspec.structs.replace(item, until=item.until + by) if item.ruled is None else item
        for key, item in state.low_price.items()
    }
    return state.with_(windows=windows, clarifications=clarifications, low_price=low_price)


@applies(ev.Resumed)
def _(state: State, event: ev.Resumed, at: Recorded) -> State:
    return _shift(state, timedelta(seconds=float(event.seconds))).with_(paused="", paused_at=None)


@applies(ev.OutageNoted)
def _(state: State, event: ev.OutageNoted, at: Recorded) -> State:
    shifted = state if state.paused else _shift(state, timedelta(seconds=float(event.seconds)))
    live = {key: msgspec.structs.replace(source, live=False) for key, source in state.sources.items()}
    stopped = msgspec.structs.replace(state.recording, running=False)
    return shifted.with_(online=frozenset(), sources=live, recording=stopped)


@applies(ev.CaseFailed)
def _(state: State, event: ev.CaseFailed, at: Recorded) -> State:
    return state.with_(failed=f"{event.ground} {event.article}".strip(), phase=FAILED, phase_since=at.at)


@applies(ev.GateWaived)
def _(state: State, event: ev.GateWaived, at: Recorded) -> State:
    return state.with_(waived=put(state.waived, event.gate, event.reason))


@applies(ev.ClockChecked)
def _(state: State, event: ev.ClockChecked, at: Recorded) -> State:
    return state.with_(clocks={**state.clocks, **event.offsets})


@applies(ev.Admitted)
def _(state: State, event: ev.Admitted, at: Recorded) -> State:
    return state.with_(admitted=state.admitted | {event.person}, removed=state.removed - {event.person})


@applies(ev.Removed)
def _(state: State, event: ev.Removed, at: Recorded) -> State:
    return state.with_(admitted=state.admitted - {event.person}, removed=state.removed | {event.person})


@applies(ev.HandRaised)
def _(state: State, event: ev.HandRaised, at: Recorded) -> State:
    return state.with_(hands=(*(p for p in state.hands if p != event.person), event.person))


@applies(ev.HandLowered)
def _(state: State, event: ev.HandLowered, at: Recorded) -> State:
    return state.with_(hands=tuple(p for p in state.hands if p != event.person))


@applies(ev.MutedByOfficer)
def _(state: State, event: ev.MutedByOfficer, at: Recorded) -> State:
    if not event.person:
        return state.with_(muted_all=event.muted, muted=state.muted if event.muted else frozenset())
    return state.with_(muted=state.muted | {event.person} if event.muted else state.muted - {event.person})


@applies(ev.RoomLocked)
def _(state: State, event: ev.RoomLocked, at: Recorded) -> State:
    return state.with_(locked=event.locked)


def _message(at: Recorded, to: str, text: str) -> Message:
    return Message(index=at.index, at=at.at, sender=at.actor, to=to, text=text)


@applies(ev.MessagePosted)
def _(state: State, event: ev.MessagePosted, at: Recorded) -> State:
    return state.with_(messages=(*state.messages, _message(at, event.to, event.text))[-MESSAGES_KEPT:])


@applies(ev.IncidentNoted)
def _(state: State, event: ev.IncidentNoted, at: Recorded) -> State:
    return state.with_(incidents=(*state.incidents, _message(at, "all", event.text)))


@applies(ev.SupervisionNotice)
def _(state: State, event: ev.SupervisionNotice, at: Recorded) -> State:
    return state.with_(notices=(*state.notices, _message(at, "officer", event.text)))


@applies(ev.AbsentMarked)
def _(state: State, event: ev.AbsentMarked, at: Recorded) -> State:
    return state.with_(absent=put(state.absent, event.person, event.rule))


@applies(ev.AuthorisationFiled)
def _(state: State, event: ev.AuthorisationFiled, at: Recorded) -> State:
    return state.with_(authorisations=put(state.authorisations, event.person, event.document_sha256))


@applies(ev.RecordingStarted)
def _(state: State, event: ev.RecordingStarted, at: Recorded) -> State:
    started = state.recording.started or at.at
    recording = msgspec.structs.replace(state.recording, running=True, started=started, hours_left=event.hours_left)
    return state.with_(recording=recording)


@applies(ev.RecordingStopped)
def _(state: State, event: ev.RecordingStopped, at: Recorded) -> State:
    return state.with_(recording=msgspec.structs.replace(state.recording, running=False))


@applies(ev.DiskNoted)
def _(state: State, event: ev.DiskNoted, at: Recorded) -> State:
    return state.with_(disk=Disk(space=event.space, minutes_left=event.minutes_left))


@applies(ev.AuthorityAdded)
def _(state: State, event: ev.AuthorityAdded, at: Recorded) -> State:
    return state.with_(authorities=(*state.authorities, event.certificate))


@applies(ev.TimeStampsNoted)
def _(state: State, event: ev.TimeStampsNoted, at: Recorded) -> State:
    return state.with_(stamps_missing=event.missing)


@applies(ev.SourceStarted)
def _(state: State, event: ev.SourceStarted, at: Recorded) -> State:
    source = Source(id=event.source, person=event.person, name=event.name, kind=event.kind)
    return state.with_(sources=put(state.sources, event.source, source))


def _live(state: State, source: str, live: bool) -> State:
    found = state.sources.get(source)
    if found is None:
        return state
    return state.with_(sources=put(state.sources, source, msgspec.structs.replace(found, live=live)))


@applies(ev.SourceLost)
def _(state: State, event: ev.SourceLost, at: Recorded) -> State:
    return _live(state, event.source, False)


@applies(ev.SourceRestored)
def _(state: State, event: ev.SourceRestored, at: Recorded) -> State:
    return _live(state, event.source, True)


@applies(ev.SegmentClosed)
def _(state: State, event: ev.SegmentClosed, at: Recorded) -> State:
    recording = state.recording
    counted = msgspec.structs.replace(recording, segments=recording.segments + 1, bytes=recording.bytes + event.size)
    return state.with_(recording=counted)


@applies(ev.DocumentIssued)
def _(state: State, event: ev.DocumentIssued, at: Recorded) -> State:
    document = Document(
        id=event.document, kind=event.kind, pdf_sha256=event.pdf_sha256, fields=event.fields, subject=event.subject
    )
    return state.with_(documents=put(state.documents, event.document, document))


def _document(state: State, key: str, **changes: object) -> State:
    found = state.documents.get(key)
    if found is None:
        return state
    return state.with_(documents=put(state.documents, key, msgspec.structs.replace(found, **changes)))


@applies(ev.DocumentSigned)
def _(state: State, event: ev.DocumentSigned, at: Recorded) -> State:
    found = state.documents.get(event.document)
    signed = (*found.signed, event.person) if found is not None else ()
    return _document(state, event.document, pdf_sha256=event.pdf_sha256, signed=signed)


@applies(ev.DocumentStamped)
def _(state: State, event: ev.DocumentStamped, at: Recorded) -> State:
    return _document(state, event.document, pdf_sha256=event.pdf_sha256, stamped=True)


@applies(ev.SignatureRefused)
def _(state: State, event: ev.SignatureRefused, at: Recorded) -> State:
    found = state.documents.get(event.document)
    return _document(state, event.document, refused=put(found.refused if found else {}, event.person, event.reason))


@applies(ev.DeemedAgreed)
def _(state: State, event: ev.DeemedAgreed, at: Recorded) -> State:
    found = state.documents.get(event.document)
    return _document(state, event.document, deemed=put(found.deemed if found else {}, event.person, event.rule))


@applies(ev.Delivered)
def _(state: State, event: ev.Delivered, at: Recorded) -> State:
    return state


@applies(ev.Seen)
def _(state: State, event: ev.Seen, at: Recorded) -> State:
    item = state.clarifications.get(event.request)
    if item is None:
        return state
    seen = msgspec.structs.replace(item, seen=True)
    return state.with_(clarifications=put(state.clarifications, event.request, seen))


@applies(ev.CaseClosed)
def _(state: State, event: ev.CaseClosed, at: Recorded) -> State:
    return state.with_(phase=CLOSED, phase_since=at.at, undone=event.undone)
