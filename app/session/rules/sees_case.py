"""Who sees the events of the case itself and of the opening room: rows of the table of visibility."""

import app.session.rules.events_case as evc
import app.session.rules.events_opening as evo
from app.session.rules.audience import Viewer, may_read, seen_by
from app.session.rules.event import Event, Recorded
from app.session.rules.people import Role
from app.session.rules.state import ANNOUNCED, CLOSED, FAILED, RECEIVING

# --- everyone ---


@seen_by(evc.CaseOpened, evc.KitIssued, evc.Paused, evc.Resumed, evc.OutageNoted, evc.CaseFailed, evc.CaseClosed)
def _everyone(who: Viewer, event: Event, at: Recorded) -> bool:
    return True


TOLD_TO_SUPPLIERS = (ANNOUNCED, RECEIVING, CLOSED, FAILED, "talks", "quoting", "evaluation_closed")


@seen_by(evc.PhaseEntered)
def _phase(who: Viewer, event: evc.PhaseEntered, at: Recorded) -> bool:
    """Of the evaluation a supplier learns only the steps that ask something of it."""
    if not who.supplier:
        return True
    opening = any(phase.name == event.phase for phase in who.state.the_method().room("opening"))
    return opening or event.phase in TOLD_TO_SUPPLIERS


# --- people ---


@seen_by(evc.PersonAdded, evc.SupplierRegistered)
def _person(who: Viewer, event: evc.PersonAdded | evc.SupplierRegistered, at: Recorded) -> bool:
    return who.knows_person(event.person)


@seen_by(evc.CommitteeImported)
def _committee(who: Viewer, event: evc.CommitteeImported, at: Recorded) -> bool:
    """Names are secret (87号令 art. 47): to the agency, the supervisors, and the members themselves."""
    return who.staff or who.supervisor or who.member or (who.engineer and who.entered("opening_closed"))


@seen_by(evc.SignedIn, evc.Connected, evc.Disconnected, evc.Admitted, evc.AbsentMarked, evc.HandRaised, evc.HandLowered)
def _of_person(who: Viewer, event: evc.Connected, at: Recorded) -> bool:
    return who.knows(event.person)


@seen_by(evc.MutedByOfficer)
def _muted(who: Viewer, event: evc.MutedByOfficer, at: Recorded) -> bool:
    return not event.person or who.knows(event.person)


@seen_by(
    evc.InvitationIssued,
    evc.CertificateReset,
    evc.IdentityVerified,
    evc.SignInRefused,
    evc.Removed,
    evc.AuthorisationFiled,
)
def _administration(who: Viewer, event: evc.Removed, at: Recorded) -> bool:
    return event.person == who.id or ((who.staff or who.supervisor) and who.knows(event.person))


@seen_by(evc.PersonSeated)
def _seated(who: Viewer, event: evc.PersonSeated, at: Recorded) -> bool:
    return who.knows(event.person)


@seen_by(evc.RoomEquipped)
def _equipped(who: Viewer, event: evc.RoomEquipped, at: Recorded) -> bool:
    """How rooms are called and who runs them is nothing to a supplier."""
    return not who.supplier and (not event.person or who.knows(event.person))


@seen_by(evc.KitCoreFixed, evc.OpenerAccepted, evc.HolderKeyMissing, evc.HolderKeyBack)
def _kit(who: Viewer, event: Event, at: Recorded) -> bool:
    return who.staff or who.outside or who.supervisor


@seen_by(evc.ClockChecked, evc.RoomLocked)
def _running_the_room(who: Viewer, event: Event, at: Recorded) -> bool:
    return who.staff or who.supervisor


@seen_by(evc.GateWaived)
def _waived(who: Viewer, event: evc.GateWaived, at: Recorded) -> bool:
    if who.supplier:
        return any(event.gate in phase.gates for phase in who.state.the_method().room("opening"))
    return who.organiser


# --- the bid box ---


@seen_by(
    evc.BidSubmitted,
    evc.BidWithdrawn,
    evo.SealMatched,
    evo.SealMismatch,
    evo.SealMismatchRuled,
    evo.SealConfirmed,
    evo.SupplierKeyReleased,
    evo.BidOpened,
    evo.DecryptionFailed,
    evo.FailureAttributed,
    evo.BackupAdmitted,
    evo.BackupHandedIn,
    evo.PriceCalled,
    evo.PriceConfirmed,
    evo.PriceDisputed,
    evo.ObjectionRaised,
    evo.NoObjection,
)
def _bid(who: Viewer, event: evo.BidOpened, at: Recorded) -> bool:
    return who.knows_bid(event.supplier)


@seen_by(evc.BidRefused, evo.DecryptionTroubled)
def _own_trouble(who: Viewer, event: evo.DecryptionTroubled, at: Recorded) -> bool:
    if who.supplier:
        return who.supplier == event.supplier
    return (who.staff or who.outside or who.supervisor) and who.past_deadline


@seen_by(evo.ShareReleased)
def _share(who: Viewer, event: evo.ShareReleased, at: Recorded) -> bool:
    header = event.header_sha256
    supplier = next((s for s, bid in who.state.bids.items() if bid.header_sha256 == header), "")
    return who.knows_bid(supplier) if supplier else who.staff or who.supervisor


# --- the opening room ---


@seen_by(evo.DisciplineRead)
def _opening(who: Viewer, event: Event, at: Recorded) -> bool:
    return who.organiser or who.engineer or bool(who.supplier)


@seen_by(evo.BidderListPublished)
def _list(who: Viewer, event: evo.BidderListPublished, at: Recorded) -> bool:
    return who.organiser or bool(who.supplier and who.others_known())


@seen_by(evo.PriceRead)
def _price(who: Viewer, event: evo.PriceRead, at: Recorded) -> bool:
    """Read to all where the method reads prices; else to the committee only."""
    if who.state.the_method().prices_read_to_all:
        return who.knows_bid(event.supplier)
    return who.judges


@seen_by(evo.ObjectionAnswered, evo.ObjectionAdjourned)
def _objection(who: Viewer, event: evo.ObjectionAnswered, at: Recorded) -> bool:
    found = who.state.objections.get(event.objection)
    return who.knows_bid(found.supplier) if found is not None else who.staff or who.supervisor


@seen_by(evo.RecusalRaised, evo.RecusalRuled)
def _recusal(who: Viewer, event: evo.RecusalRuled, at: Recorded) -> bool:
    if not who.supplier:
        return who.organiser
    found = who.state.recusals.get(event.recusal)
    own = found is not None and who.state.supplier_of(found.raised_by) == who.supplier
    return own or who.others_known()


@seen_by(evo.BidsHandedOn)
def _handed_on(who: Viewer, event: evo.BidsHandedOn, at: Recorded) -> bool:
    """To those who review them: agency and purchaser between the rooms, else the group."""
    return who.judges or who.qualifier


# --- clocks ---


@seen_by(evc.WindowOpened, evc.WindowExtended, evc.WindowClosed)
def _window(who: Viewer, event: evc.WindowOpened, at: Recorded) -> bool:
    name, _, about = event.window.partition(":")
    method = who.state.the_method()
    if name in ("confirm", "backup"):
        return who.knows_bid(about)
    if method.has(name) and method.phase(name).room == "opening":
        return who.organiser or who.engineer or bool(who.supplier)
    if name == "clarify":
        found = who.state.clarifications.get(about)
        if who.supplier:
            return found is not None and found.supplier == who.supplier
        return who.evaluators or (who.qualifier and who.then_before_evaluation)
    if who.supplier:
        return {
            "talks": about == who.supplier,
            "resubmit": who.in_the_running,
            "quoting": who.in_the_running,
            "low_price": about in ("", who.supplier) and who.supplier in who.state.low_price,
        }.get(name, False)
    return who.evaluators or (name == "qualification" and who.qualifier)


# --- messages and notes ---


@seen_by(evc.MessagePosted)
def _message(who: Viewer, event: evc.MessagePosted, at: Recorded) -> bool:
    if who.supervisor:
        return who.knows(at.actor)
    if event.to == "committee":
        return who.committee
    if event.to == "officer":
        return who.staff
    if event.to != "all":
        return event.to == who.id
    if who.then_in_opening:
        return (who.organiser or who.engineer or bool(who.supplier)) and who.knows(at.actor)
    return who.evaluators or who.engineer or (who.qualifier and who.then_before_evaluation)


@seen_by(evc.IncidentNoted)
def _incident(who: Viewer, event: evc.IncidentNoted, at: Recorded) -> bool:
    if who.supplier:
        return who.then_in_opening and who.others_known()
    return who.staff or who.supervisor or who.engineer or who.committee or (who.outside and who.then_in_opening)


@seen_by(evc.SupervisionNotice)
def _notice(who: Viewer, event: evc.SupervisionNotice, at: Recorded) -> bool:
    return who.staff or who.supervisor


# --- media ---


@seen_by(evc.RecordingStarted, evc.RecordingStopped)
def _recording(who: Viewer, event: Event, at: Recorded) -> bool:
    return who.organiser or who.engineer or (bool(who.supplier) and who.then_in_opening)


@seen_by(evc.DiskNoted)
def _disk(who: Viewer, event: evc.DiskNoted, at: Recorded) -> bool:
    return who.staff or who.supervisor or who.engineer


@seen_by(evc.AuthorityAdded)
def _authority(who: Viewer, event: evc.AuthorityAdded, at: Recorded) -> bool:
    """Whom the case believes is everybody's business."""
    return True


@seen_by(evc.TimeStampsNoted)
def _stamps(who: Viewer, event: evc.TimeStampsNoted, at: Recorded) -> bool:
    return who.staff or who.supervisor or who.engineer


@seen_by(evc.SourceStarted)
def _source(who: Viewer, event: evc.SourceStarted, at: Recorded) -> bool:
    return _of_source(who, event.person)


@seen_by(evc.SourceLost, evc.SourceRestored, evc.SegmentClosed)
def _of_known_source(who: Viewer, event: evc.SegmentClosed, at: Recorded) -> bool:
    found = who.state.sources.get(event.source)
    return found is not None and _of_source(who, found.person)


def _of_source(who: Viewer, person: str) -> bool:
    if not person:
        return who.staff or who.supervisor or who.engineer
    if who.supplier and not who.then_in_opening:
        return person == who.id or who.state.has_role(person, Role.OFFICER, Role.CLERK)
    return who.knows(person)


# --- documents ---


@seen_by(evc.DocumentIssued)
def _issued(who: Viewer, event: evc.DocumentIssued, at: Recorded) -> bool:
    return may_read(who, event.kind, event.subject, event.fields)


@seen_by(evc.DocumentSigned, evc.DocumentStamped, evc.SignatureRefused, evc.DeemedAgreed)
def _signed(who: Viewer, event: evc.DocumentSigned, at: Recorded) -> bool:
    found = who.state.documents.get(event.document)
    return found is not None and may_read(who, found.kind, found.subject, found.fields)
