"""Who sees which event: one pure function over one closed table (SESSION.md, Who sees what).

What is not in :data:`AUDIENCE` is seen by nobody. An entry that is hidden now may be shown later;
:func:`visibility_key` changes whenever that may be the case.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import app.session.rules.events_case as evc
import app.session.rules.events_evaluation as eve
import app.session.rules.events_opening as evo
from app.session.rules.access import may_fetch, may_fetch_segment, may_publish, may_receive
from app.session.rules.audience import Viewer, asked, may_read, viewer
from app.session.rules.event import Event, Recorded
from app.session.rules.state import ANNOUNCED, CLOSED, FAILED, RECEIVING, State

E = TypeVar("E", bound=Event)
Rule = Callable[[Viewer, Any, Recorded], bool]

__all__ = [
    "AUDIENCE",
    "may_fetch",
    "may_fetch_segment",
    "may_publish",
    "may_receive",
    "may_see",
    "visibility_key",
]

AUDIENCE: dict[type[Event], Rule] = {}
"""Event type → who sees it, besides the one who did it."""


def may_see(state: State, person: str, recorded: Recorded) -> bool:
    """Whether ``person`` may see an entry of the record, the state being ``state`` (with that entry folded in)."""
    who = viewer(state, person, recorded.at)
    if who is None:
        return False
    rule = AUDIENCE.get(type(recorded.event))
    if rule is None:
        return False
    return recorded.actor == person or rule(who, recorded.event, recorded)


def visibility_key(state: State, person: str) -> tuple[object, ...]:
    """A value that changes whenever something hidden from ``person`` may have become visible."""
    return (
        person in state.signed_in,
        state.phase,
        state.bidders_published,
        state.bids_handed_on,
        state.leader,
        state.leader_round,
        state.in_talk,
        bool(state.candidates),
        len(state.talks),
        len(state.documents),
        sum(len(decided) for decided in state.decisions.values()),
        sum(change.confirmed for change in state.changes.values()),
        sum(len(change.rechecked) for change in state.changes.values()),
        sum(item.ruled is not None for item in state.low_price.values()),
        tuple(sorted(purpose for purpose, found in state.sealed.items() if found.opened)),
    )


def _rule(*kinds: type[Event]) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        for kind in kinds:
            assert kind not in AUDIENCE, f"two audiences for {kind.__name__}"
            AUDIENCE[kind] = rule
        return rule

    return register


# --- everyone ---


@_rule(evc.CaseOpened, evc.KitIssued, evc.Paused, evc.Resumed, evc.OutageNoted, evc.CaseFailed, evc.CaseClosed)
def _everyone(who: Viewer, event: Event, at: Recorded) -> bool:
    return True


TOLD_TO_SUPPLIERS = (ANNOUNCED, RECEIVING, CLOSED, FAILED, "talks", "quoting", "evaluation_closed")


@_rule(evc.PhaseEntered)
def _phase(who: Viewer, event: evc.PhaseEntered, at: Recorded) -> bool:
    """Of the evaluation a supplier learns only the steps that ask something of it."""
    if not who.supplier:
        return True
    opening = any(phase.name == event.phase for phase in who.state.the_method().room("opening"))
    return opening or event.phase in TOLD_TO_SUPPLIERS


# --- people ---


@_rule(evc.PersonAdded, evc.SupplierRegistered)
def _person(who: Viewer, event: evc.PersonAdded | evc.SupplierRegistered, at: Recorded) -> bool:
    return who.knows_person(event.person)


@_rule(evc.CommitteeImported)
def _committee(who: Viewer, event: evc.CommitteeImported, at: Recorded) -> bool:
    """Names are secret (87号令 art. 47): to the agency, the supervisors, and the members themselves."""
    return who.staff or who.supervisor or who.member or (who.engineer and who.entered("opening_closed"))


@_rule(evc.SignedIn, evc.Connected, evc.Disconnected, evc.Admitted, evc.AbsentMarked, evc.HandRaised, evc.HandLowered)
def _of_person(who: Viewer, event: evc.Connected, at: Recorded) -> bool:
    return who.knows(event.person)


@_rule(evc.MutedByOfficer)
def _muted(who: Viewer, event: evc.MutedByOfficer, at: Recorded) -> bool:
    return not event.person or who.knows(event.person)


@_rule(
    evc.InvitationIssued,
    evc.CertificateReset,
    evc.IdentityVerified,
    evc.SignInRefused,
    evc.Removed,
    evc.AuthorisationFiled,
)
def _administration(who: Viewer, event: evc.Removed, at: Recorded) -> bool:
    return event.person == who.id or ((who.staff or who.supervisor) and who.knows(event.person))


@_rule(evc.KitCoreFixed, evc.OpenerAccepted)
def _kit(who: Viewer, event: Event, at: Recorded) -> bool:
    return who.staff or who.outside or who.supervisor


@_rule(evc.ClockChecked, evc.RoomLocked)
def _running_the_room(who: Viewer, event: Event, at: Recorded) -> bool:
    return who.staff or who.supervisor


@_rule(evc.GateWaived)
def _waived(who: Viewer, event: evc.GateWaived, at: Recorded) -> bool:
    if who.supplier:
        return any(event.gate in phase.gates for phase in who.state.the_method().room("opening"))
    return who.organiser


# --- the bid box ---


@_rule(
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
    evo.PriceCalled,
    evo.PriceConfirmed,
    evo.PriceDisputed,
    evo.ObjectionRaised,
    evo.NoObjection,
)
def _bid(who: Viewer, event: evo.BidOpened, at: Recorded) -> bool:
    return who.knows_bid(event.supplier)


@_rule(evc.BidRefused, evo.DecryptionTroubled)
def _own_trouble(who: Viewer, event: evo.DecryptionTroubled, at: Recorded) -> bool:
    if who.supplier:
        return who.supplier == event.supplier
    return (who.staff or who.outside or who.supervisor) and who.past_deadline


@_rule(evo.ShareReleased)
def _share(who: Viewer, event: evo.ShareReleased, at: Recorded) -> bool:
    header = event.header_sha256
    supplier = next((s for s, bid in who.state.bids.items() if bid.header_sha256 == header), "")
    return who.knows_bid(supplier) if supplier else who.staff or who.supervisor


# --- the opening room ---


@_rule(evo.DisciplineRead)
def _opening(who: Viewer, event: Event, at: Recorded) -> bool:
    return who.organiser or who.engineer or bool(who.supplier)


@_rule(evo.BidderListPublished)
def _list(who: Viewer, event: evo.BidderListPublished, at: Recorded) -> bool:
    return who.organiser or bool(who.supplier and who.others_known())


@_rule(evo.PriceRead)
def _price(who: Viewer, event: evo.PriceRead, at: Recorded) -> bool:
    """Read to all where the method reads prices; else to the committee only."""
    if who.state.the_method().prices_read_to_all:
        return who.knows_bid(event.supplier)
    return who.judges


@_rule(evo.ObjectionAnswered, evo.ObjectionAdjourned)
def _objection(who: Viewer, event: evo.ObjectionAnswered, at: Recorded) -> bool:
    found = who.state.objections.get(event.objection)
    return who.knows_bid(found.supplier) if found is not None else who.staff or who.supervisor


@_rule(evo.RecusalRaised, evo.RecusalRuled)
def _recusal(who: Viewer, event: evo.RecusalRuled, at: Recorded) -> bool:
    if not who.supplier:
        return who.organiser
    found = who.state.recusals.get(event.recusal)
    own = found is not None and who.state.supplier_of(found.raised_by) == who.supplier
    return own or who.others_known()


@_rule(evo.BidsHandedOn)
def _handed_on(who: Viewer, event: evo.BidsHandedOn, at: Recorded) -> bool:
    """To those who review them: agency and purchaser between the rooms, else the group."""
    return who.judges or who.qualifier


# --- reviews ---


@_rule(evo.ItemReviewed)
def _sheet_of_items(who: Viewer, event: evo.ItemReviewed, at: Recorded) -> bool:
    """One's own until the review is decided."""
    if who.supervisor:
        return True
    decided = event.supplier in who.state.decisions.get(event.stage, {})
    if who.state.the_method().qualification_by == "agency" and event.stage == "qualification":
        return decided and (who.qualifier or who.committee)
    return decided and who.judges


@_rule(evo.ReviewDecided)
def _decided(who: Viewer, event: evo.ReviewDecided, at: Recorded) -> bool:
    if event.stage == "qualification" and who.qualifier:
        return True
    return who.evaluators


@_rule(evo.InvalidDeclared, evo.InvalidNotified)
def _invalid(who: Viewer, event: evo.InvalidDeclared, at: Recorded) -> bool:
    return who.supplier == event.supplier if who.supplier else who.evaluators or who.qualifier


# --- the committee ---


@_rule(eve.PhoneLocked, eve.PlacePolicyChecked, eve.MemberReplaced)
def _place(who: Viewer, event: eve.PhoneLocked, at: Recorded) -> bool:
    return event.person == who.id or who.evaluators or who.engineer


@_rule(eve.CommitmentSigned, eve.LeaderElected, eve.LeaderTied)
def _evaluators(who: Viewer, event: Event, at: Recorded) -> bool:
    return who.evaluators


@_rule(eve.RecusalDeclared, eve.MemberRecusalRuled)
def _member_recusal(who: Viewer, event: eve.RecusalDeclared, at: Recorded) -> bool:
    return event.person == who.id or who.staff or who.supervisor


@_rule(eve.LeaderVoteCast)
def _leader_vote(who: Viewer, event: eve.LeaderVoteCast, at: Recorded) -> bool:
    """Seen by nobody else, the supervisors included, until that round is decided."""
    decided = bool(who.state.leader) or event.round < who.state.leader_round
    return decided and who.evaluators


# --- clarification and talks ---


@_rule(eve.ClarificationAsked, eve.ClarificationAnswered, eve.ClarificationDefaulted, eve.CorrectionFound)
def _clarification(who: Viewer, event: eve.ClarificationAnswered, at: Recorded) -> bool:
    found = who.state.clarifications.get(event.clarification)
    return found is not None and asked(who, found.supplier)


@_rule(evc.Delivered, evc.Seen)
def _request(who: Viewer, event: evc.Seen, at: Recorded) -> bool:
    found = who.state.clarifications.get(event.request)
    if found is not None:
        return asked(who, found.supplier)
    return (who.staff or who.supervisor) and who.knows(event.person)


@_rule(eve.SupplierCalled, eve.TalkStarted, eve.TalkEnded, eve.SupplierWithdrew, eve.LowPriceTriggered)
def _with_supplier(who: Viewer, event: eve.TalkStarted, at: Recorded) -> bool:
    return who.supplier == event.supplier if who.supplier else who.evaluators


@_rule(eve.RequirementChanged, eve.RequirementConfirmed)
def _change(who: Viewer, event: eve.RequirementChanged, at: Recorded) -> bool:
    """To all suppliers at once, as soon as it is in force."""
    found = who.state.changes.get(event.change)
    if who.supplier:
        return found is not None and found.confirmed and who.in_the_running
    return who.evaluators


@_rule(eve.ResponseResubmitted, eve.ExplanationFiled)
def _said(who: Viewer, event: eve.ResponseResubmitted, at: Recorded) -> bool:
    return who.supplier == event.supplier if who.supplier else who.judges


@_rule(eve.ResponseVoted)
def _response_vote(who: Viewer, event: eve.ResponseVoted, at: Recorded) -> bool:
    found = who.state.changes.get(event.change)
    decided = found is not None and event.supplier in found.rechecked
    return who.supervisor or (decided and who.judges)


@_rule(eve.LowPriceVoted)
def _low_price_vote(who: Viewer, event: eve.LowPriceVoted, at: Recorded) -> bool:
    found = who.state.low_price.get(event.supplier)
    return who.supervisor or (found is not None and found.ruled is not None and who.judges)


@_rule(
    eve.ResponseRechecked,
    eve.LowPriceRuled,
    eve.SealedShareReleased,
    eve.SheetSealed,
    eve.RankingConfirmed,
    eve.AgencyChecked,
    eve.ReCheckAsked,
    eve.ReCheckAnswered,
)
def _progress(who: Viewer, event: Event, at: Recorded) -> bool:
    return who.evaluators


@_rule(eve.HoldersFixed)
def _holders(who: Viewer, event: eve.HoldersFixed, at: Recorded) -> bool:
    """A supplier must know the keys that its quote is sealed to; of the sheets it learns nothing."""
    if who.supplier:
        return event.purpose == "quote" and who.in_the_running
    return who.evaluators


@_rule(eve.QuoteSealed)
def _quote(who: Viewer, event: eve.QuoteSealed, at: Recorded) -> bool:
    return who.supplier == event.supplier if who.supplier else who.evaluators


# --- prices and scores ---


@_rule(
    eve.QuotesOpened,
    eve.PricesFixed,
    eve.SheetsOpened,
    eve.SheetReopened,
    eve.TotalsComputed,
    eve.DeviationReasoned,
    eve.TieResolved,
    eve.DissentFiled,
)
def _judged(who: Viewer, event: Event, at: Recorded) -> bool:
    """To the committee and the supervisors; the agency sees them when the ranking is confirmed."""
    return who.judges


# --- clocks ---


@_rule(evc.WindowOpened, evc.WindowExtended, evc.WindowClosed)
def _window(who: Viewer, event: evc.WindowOpened, at: Recorded) -> bool:
    name, _, about = event.window.partition(":")
    method = who.state.the_method()
    if name == "confirm":
        return who.knows_bid(about)
    if method.has(name) and method.phase(name).room == "opening":
        return who.organiser or who.engineer or bool(who.supplier)
    if name == "clarify":
        found = who.state.clarifications.get(about)
        if who.supplier:
            return found is not None and found.supplier == who.supplier
        return who.evaluators or who.qualifier
    if who.supplier:
        return {
            "talks": about == who.supplier,
            "resubmit": who.in_the_running,
            "quoting": who.in_the_running,
            "low_price": not about and who.supplier in who.state.low_price,
        }.get(name, False)
    return who.evaluators or (name == "qualification" and who.qualifier)


# --- messages and notes ---


@_rule(evc.MessagePosted)
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
    return who.evaluators or who.qualifier or who.engineer


@_rule(evc.IncidentNoted)
def _incident(who: Viewer, event: evc.IncidentNoted, at: Recorded) -> bool:
    if who.supplier:
        return who.then_in_opening and who.others_known()
    return who.staff or who.supervisor or who.engineer or who.committee or (who.outside and who.then_in_opening)


@_rule(evc.SupervisionNotice)
def _notice(who: Viewer, event: evc.SupervisionNotice, at: Recorded) -> bool:
    return who.staff or who.supervisor


# --- media ---


@_rule(evc.RecordingStarted, evc.RecordingStopped)
def _recording(who: Viewer, event: Event, at: Recorded) -> bool:
    return who.organiser or who.engineer or (bool(who.supplier) and who.then_in_opening)


@_rule(evc.SourceStarted)
def _source(who: Viewer, event: evc.SourceStarted, at: Recorded) -> bool:
    return _of_source(who, event.person)


@_rule(evc.SourceLost, evc.SourceRestored, evc.SegmentClosed)
def _of_known_source(who: Viewer, event: evc.SegmentClosed, at: Recorded) -> bool:
    found = who.state.sources.get(event.source)
    return found is not None and _of_source(who, found.person)


def _of_source(who: Viewer, person: str) -> bool:
    if not person:
        return who.staff or who.supervisor or who.engineer
    if who.supplier and not who.then_in_opening:
        return person == who.id
    return who.knows(person)


# --- documents ---


@_rule(evc.DocumentIssued)
def _issued(who: Viewer, event: evc.DocumentIssued, at: Recorded) -> bool:
    return may_read(who, event.kind, event.subject, event.fields)


@_rule(evc.DocumentSigned, evc.SignatureRefused, evc.DeemedAgreed)
def _signed(who: Viewer, event: evc.DocumentSigned, at: Recorded) -> bool:
    found = who.state.documents.get(event.document)
    return found is not None and may_read(who, found.kind, found.subject, found.fields)
