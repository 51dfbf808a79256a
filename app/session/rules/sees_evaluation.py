"""Who sees the events of the reviews and of the evaluation room: rows of the table of visibility."""

import app.session.rules.events_case as evc
import app.session.rules.events_evaluation as eve
import app.session.rules.events_opening as evo
from app.session.rules.audience import Viewer, asked, seen_by
from app.session.rules.event import Event, Recorded

# --- reviews ---


@seen_by(evo.ItemReviewed)
def _sheet_of_items(who: Viewer, event: evo.ItemReviewed, at: Recorded) -> bool:
    """One's own until the review is decided."""
    if who.supervisor:
        return True
    decided = event.supplier in who.state.decisions.get(event.stage, {})
    if who.state.the_method().qualification_by == "agency" and event.stage == "qualification":
        return decided and (who.qualifier or who.committee)
    return decided and who.judges


@seen_by(evo.ReviewDecided)
def _decided(who: Viewer, event: evo.ReviewDecided, at: Recorded) -> bool:
    if event.stage == "qualification" and who.qualifier:
        return True
    return who.evaluators


@seen_by(evo.InvalidDeclared, evo.InvalidNotified)
def _invalid(who: Viewer, event: evo.InvalidDeclared, at: Recorded) -> bool:
    if who.supplier:
        return who.supplier == event.supplier
    return who.evaluators or (who.qualifier and who.then_before_evaluation)


# --- the committee ---


@seen_by(eve.PhoneLocked, eve.PlacePolicyChecked, eve.MemberReplaced)
def _place(who: Viewer, event: eve.PhoneLocked, at: Recorded) -> bool:
    return event.person == who.id or who.evaluators or who.engineer


@seen_by(eve.CommitmentSigned, eve.LeaderElected, eve.LeaderTied)
def _evaluators(who: Viewer, event: Event, at: Recorded) -> bool:
    return who.evaluators


@seen_by(eve.RecusalDeclared, eve.MemberRecusalRuled)
def _member_recusal(who: Viewer, event: eve.RecusalDeclared, at: Recorded) -> bool:
    return event.person == who.id or who.staff or who.supervisor


@seen_by(eve.LeaderVoteCast)
def _leader_vote(who: Viewer, event: eve.LeaderVoteCast, at: Recorded) -> bool:
    """Seen by nobody else, the supervisors included, until that round is decided."""
    decided = bool(who.state.leader) or event.round < who.state.leader_round
    return decided and who.evaluators


# --- clarification and talks ---


@seen_by(eve.ClarificationAsked, eve.ClarificationAnswered, eve.ClarificationDefaulted, eve.CorrectionFound)
def _clarification(who: Viewer, event: eve.ClarificationAnswered, at: Recorded) -> bool:
    found = who.state.clarifications.get(event.clarification)
    return found is not None and asked(who, found.supplier)


@seen_by(evc.Delivered, evc.Seen)
def _request(who: Viewer, event: evc.Seen, at: Recorded) -> bool:
    found = who.state.clarifications.get(event.request)
    if found is not None:
        return asked(who, found.supplier)
    return (who.staff or who.supervisor) and who.knows(event.person)


@seen_by(eve.SupplierCalled, eve.TalkStarted, eve.TalkEnded, eve.SupplierWithdrew, eve.LowPriceTriggered)
def _with_supplier(who: Viewer, event: eve.TalkStarted, at: Recorded) -> bool:
    return who.supplier == event.supplier if who.supplier else who.evaluators


@seen_by(eve.RequirementChanged, eve.RequirementConfirmed)
def _change(who: Viewer, event: eve.RequirementChanged, at: Recorded) -> bool:
    """To all suppliers at once, as soon as it is in force."""
    found = who.state.changes.get(event.change)
    if who.supplier:
        return found is not None and found.confirmed and who.in_the_running
    return who.evaluators


@seen_by(eve.ResponseResubmitted, eve.ExplanationFiled)
def _said(who: Viewer, event: eve.ResponseResubmitted, at: Recorded) -> bool:
    return who.supplier == event.supplier if who.supplier else who.judges


@seen_by(eve.ResponseVoted)
def _response_vote(who: Viewer, event: eve.ResponseVoted, at: Recorded) -> bool:
    found = who.state.changes.get(event.change)
    decided = found is not None and event.supplier in found.rechecked
    return who.supervisor or (decided and who.judges)


@seen_by(eve.LowPriceVoted)
def _low_price_vote(who: Viewer, event: eve.LowPriceVoted, at: Recorded) -> bool:
    found = who.state.low_price.get(event.supplier)
    return who.supervisor or (found is not None and found.ruled is not None and who.judges)


@seen_by(eve.LowPriceDoubted)
def _doubted(who: Viewer, event: eve.LowPriceDoubted, at: Recorded) -> bool:
    """The committee votes on it; the agency reads who doubted what with the ranking, the supplier never."""
    return who.judges


@seen_by(eve.LowPriceDoubtVoted)
def _doubt_vote(who: Viewer, event: eve.LowPriceDoubtVoted, at: Recorded) -> bool:
    found = who.state.doubts.get(event.supplier)
    return who.supervisor or (found is not None and found.ruled is not None and who.judges)


@seen_by(
    eve.LowPriceDoubtRuled,
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


@seen_by(eve.HoldersFixed)
def _holders(who: Viewer, event: eve.HoldersFixed, at: Recorded) -> bool:
    """A supplier must know the keys that its quote is sealed to; of the sheets it learns nothing."""
    if who.supplier:
        return event.purpose == "quote" and who.in_the_running
    return who.evaluators


@seen_by(eve.QuoteSealed)
def _quote(who: Viewer, event: eve.QuoteSealed, at: Recorded) -> bool:
    return who.supplier == event.supplier if who.supplier else who.evaluators


# --- prices and scores ---


@seen_by(
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
