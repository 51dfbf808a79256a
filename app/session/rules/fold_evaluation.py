"""How the events of the evaluation room change the state."""

from typing import Any

import msgspec

from app.session.rules import events_evaluation as ev
from app.session.rules.event import Recorded
from app.session.rules.fold import applies, put, without
from app.session.rules.state import Change, Clarification, LowPrice, PriceDoubt, Recusal, Sealed, SealedSet, State, Talk


@applies(ev.PhoneLocked)
def _(state: State, event: ev.PhoneLocked, at: Recorded) -> State:
    return state.with_(phones=state.phones | {event.person})


@applies(ev.PlacePolicyChecked)
def _(state: State, event: ev.PlacePolicyChecked, at: Recorded) -> State:
    return state.with_(phones=state.phones | {event.person})


@applies(ev.CommitmentSigned)
def _(state: State, event: ev.CommitmentSigned, at: Recorded) -> State:
    return state.with_(commitments=put(state.commitments, event.person, event.text_sha256))


@applies(ev.RecusalDeclared)
def _(state: State, event: ev.RecusalDeclared, at: Recorded) -> State:
    recusal = Recusal(id=event.person, raised_by=event.person, about=event.person, reason=event.reason)
    return state.with_(member_recusals=put(state.member_recusals, event.person, recusal))


@applies(ev.MemberRecusalRuled)
def _(state: State, event: ev.MemberRecusalRuled, at: Recorded) -> State:
    found = state.member_recusals.get(event.person)
    if found is None:
        return state
    ruled = msgspec.structs.replace(found, granted=event.granted, ruling=event.reason)
    return state.with_(member_recusals=put(state.member_recusals, event.person, ruled))


@applies(ev.MemberReplaced)
def _(state: State, event: ev.MemberReplaced, at: Recorded) -> State:
    """The lost member's opinions are void (87号令 art. 49): open reviews, votes and the sheet fall away.

    What depends on the sheet (totals, ranking) falls with it; a lost leader is voted for anew.
    """
    reviews = {
        stage: {supplier: without(sheets, event.person) for supplier, sheets in suppliers.items()}
        for stage, suppliers in state.reviews.items()
    }
    sealed = state.sealed
    if "sheet" in sealed:
        sheets = sealed["sheet"]
        unread = {m: item for m, item in sheets.envelopes.items() if m not in state.sheets}
        kept = without(unread, event.person)
        sealed = put(sealed, "sheet", msgspec.structs.replace(sheets, envelopes=kept, opened=False))
    changed = state.with_(
        replaced=put(state.replaced, event.person, event.substitute),
        reviews=reviews,
        changes={key: _without_votes(change, event.person) for key, change in state.changes.items()},
        low_price={
            key: msgspec.structs.replace(item, votes=without(item.votes, event.person)) if item.ruled is None else item
            for key, item in state.low_price.items()
        },
        sealed=sealed,
        sheets=without(state.sheets, event.person),
        deviation_reasons=_of_others(state.deviation_reasons, event.person),
        leader_votes=without(state.leader_votes, event.person),
    )
    if event.person in state.sheets:
        changed = _without_totals(changed)
    if state.leader == event.person:
        changed = changed.with_(leader="", leader_round=state.leader_round + 1, leader_votes={})
    return changed


def _of_others(reasons: dict[str, str], person: str) -> dict[str, str]:
    return {key: reason for key, reason in reasons.items() if not key.startswith(f"{person}/")}


def _without_votes(change: Change, person: str) -> Change:
    open_votes = {
        supplier: votes if supplier in change.rechecked else without(votes, person)
        for supplier, votes in change.votes.items()
    }
    return msgspec.structs.replace(change, votes=open_votes)


def _without_totals(state: State) -> State:
    return state.with_(standings=(), findings=(), deviations=(), tie_rule="", candidates=())


@applies(ev.LeaderVoteCast)
def _(state: State, event: ev.LeaderVoteCast, at: Recorded) -> State:
    return state.with_(leader_votes=put(state.leader_votes, event.voter, event.candidate))


@applies(ev.LeaderTied)
def _(state: State, event: ev.LeaderTied, at: Recorded) -> State:
    return state.with_(leader_round=event.round + 1, leader_votes={})


@applies(ev.LeaderElected)
def _(state: State, event: ev.LeaderElected, at: Recorded) -> State:
    return state.with_(leader=event.person)


@applies(ev.ClarificationAsked)
def _(state: State, event: ev.ClarificationAsked, at: Recorded) -> State:
    item = Clarification(
        id=event.clarification, supplier=event.supplier, text=event.text, purpose=event.purpose, until=event.until
    )
    return state.with_(clarifications=put(state.clarifications, event.clarification, item))


def _clarification(state: State, key: str, **changes: Any) -> State:
    found = state.clarifications.get(key)
    if found is None:
        return state
    return state.with_(clarifications=put(state.clarifications, key, msgspec.structs.replace(found, **changes)))


@applies(ev.ClarificationAnswered)
def _(state: State, event: ev.ClarificationAnswered, at: Recorded) -> State:
    return _clarification(state, event.clarification, answer=event.text, confirmed=event.confirmed)


@applies(ev.ClarificationDefaulted)
def _(state: State, event: ev.ClarificationDefaulted, at: Recorded) -> State:
    return _clarification(state, event.clarification, defaulted=True)


@applies(ev.CorrectionFound)
def _(state: State, event: ev.CorrectionFound, at: Recorded) -> State:
    return _clarification(state, event.clarification, corrected=event.corrected, steps=event.steps)


@applies(ev.SupplierCalled)
def _(state: State, event: ev.SupplierCalled, at: Recorded) -> State:
    return state.with_(talks=put(state.talks, event.supplier, Talk(supplier=event.supplier, called=at.at)))


@applies(ev.TalkStarted)
def _(state: State, event: ev.TalkStarted, at: Recorded) -> State:
    talk = state.talks.get(event.supplier) or Talk(supplier=event.supplier, called=at.at)
    started = msgspec.structs.replace(talk, started=at.at)
    return state.with_(talks=put(state.talks, event.supplier, started), in_talk=event.supplier)


@applies(ev.TalkEnded)
def _(state: State, event: ev.TalkEnded, at: Recorded) -> State:
    talk = state.talks.get(event.supplier) or Talk(supplier=event.supplier, called=at.at)
    ended = msgspec.structs.replace(talk, seconds=event.seconds)
    return state.with_(talks=put(state.talks, event.supplier, ended), in_talk="")


@applies(ev.RequirementChanged)
def _(state: State, event: ev.RequirementChanged, at: Recorded) -> State:
    return state.with_(changes=put(state.changes, event.change, Change(id=event.change, text=event.text)))


def _change(state: State, key: str, **changes: Any) -> State:
    found = state.changes.get(key)
    if found is None:
        return state
    return state.with_(changes=put(state.changes, key, msgspec.structs.replace(found, **changes)))


@applies(ev.RequirementConfirmed)
def _(state: State, event: ev.RequirementConfirmed, at: Recorded) -> State:
    return _change(state, event.change, confirmed=True)


@applies(ev.ResponseResubmitted)
def _(state: State, event: ev.ResponseResubmitted, at: Recorded) -> State:
    found = state.changes.get(event.change)
    return _change(state, event.change, responses=put(found.responses if found else {}, event.supplier, event.text))


@applies(ev.ResponseVoted)
def _(state: State, event: ev.ResponseVoted, at: Recorded) -> State:
    found = state.changes.get(event.change)
    votes = found.votes if found else {}
    return _change(
        state,
        event.change,
        votes=put(votes, event.supplier, put(votes.get(event.supplier, {}), event.voter, event.passed)),
    )


@applies(ev.ResponseRechecked)
def _(state: State, event: ev.ResponseRechecked, at: Recorded) -> State:
    found = state.changes.get(event.change)
    return _change(state, event.change, rechecked=put(found.rechecked if found else {}, event.supplier, event.passed))


@applies(ev.SupplierWithdrew)
def _(state: State, event: ev.SupplierWithdrew, at: Recorded) -> State:
    return state.with_(withdrew=put(state.withdrew, event.supplier, event.reason))


def _sealed(state: State, purpose: str, **changes: Any) -> State:
    found = state.sealed.get(purpose) or SealedSet()
    return state.with_(sealed=put(state.sealed, purpose, msgspec.structs.replace(found, **changes)))


@applies(ev.HoldersFixed)
def _(state: State, event: ev.HoldersFixed, at: Recorded) -> State:
    """Envelopes to other holders cannot be opened any more: they are sealed again."""
    fixed = SealedSet(k=event.k, holders=event.holders)
    return state.with_(sealed=put(state.sealed, event.purpose, fixed))


def _seal(state: State, purpose: str, owner: str, sealed: Sealed) -> State:
    found = state.sealed.get(purpose) or SealedSet()
    return _sealed(state, purpose, envelopes=put(found.envelopes, owner, sealed))


@applies(ev.QuoteSealed)
def _(state: State, event: ev.QuoteSealed, at: Recorded) -> State:
    sealed = Sealed(event.supplier, event.header_sha256, event.envelope_sha256, event.size)
    return _seal(state, "quote", event.supplier, sealed)


@applies(ev.SheetSealed)
def _(state: State, event: ev.SheetSealed, at: Recorded) -> State:
    sealed = Sealed(event.member, event.header_sha256, event.envelope_sha256, event.size)
    sealing = _seal(state, "sheet", event.member, sealed)
    failed = without(sealing.sealed["sheet"].failed, event.member)
    return _sealed(sealing, "sheet", failed=failed)


@applies(ev.SealedShareReleased)
def _(state: State, event: ev.SealedShareReleased, at: Recorded) -> State:
    found = state.sealed.get(event.purpose) or SealedSet()
    return _sealed(state, event.purpose, released=put(found.released, at.actor, event.shares))


@applies(ev.QuotesOpened)
def _(state: State, event: ev.QuotesOpened, at: Recorded) -> State:
    return _sealed(state, "quote", opened=True, failed=event.failed).with_(quotes=event.quotes)


@applies(ev.PricesFixed)
def _(state: State, event: ev.PricesFixed, at: Recorded) -> State:
    return state.with_(fixed_quotes=event.quotes)


@applies(ev.LowPriceDoubted)
def _(state: State, event: ev.LowPriceDoubted, at: Recorded) -> State:
    moved = PriceDoubt(event.member, event.reason, votes={event.member: True}, reasons={event.member: event.reason})
    return state.with_(doubts=put(state.doubts, event.supplier, moved))


def _doubt(state: State, supplier: str, **changes: Any) -> State:
    found = state.doubts.get(supplier)
    if found is None:
        return state
    return state.with_(doubts=put(state.doubts, supplier, msgspec.structs.replace(found, **changes)))


@applies(ev.LowPriceDoubtVoted)
def _(state: State, event: ev.LowPriceDoubtVoted, at: Recorded) -> State:
    found = state.doubts.get(event.supplier)
    if found is None:
        return state
    votes, reasons = put(found.votes, event.voter, event.review), put(found.reasons, event.voter, event.reason)
    return _doubt(state, event.supplier, votes=votes, reasons=reasons)


@applies(ev.LowPriceDoubtRuled)
def _(state: State, event: ev.LowPriceDoubtRuled, at: Recorded) -> State:
    return _doubt(state, event.supplier, ruled=event.review)


@applies(ev.LowPriceTriggered)
def _(state: State, event: ev.LowPriceTriggered, at: Recorded) -> State:
    found = LowPrice(triggers=event.triggers, until=event.until)
    return state.with_(low_price=put(state.low_price, event.supplier, found))


def _low(state: State, supplier: str, **changes: Any) -> State:
    found = state.low_price.get(supplier)
    if found is None:
        return state
    return state.with_(low_price=put(state.low_price, supplier, msgspec.structs.replace(found, **changes)))


@applies(ev.ExplanationFiled)
def _(state: State, event: ev.ExplanationFiled, at: Recorded) -> State:
    return _low(state, event.supplier, explanation=event.text)


@applies(ev.LowPriceVoted)
def _(state: State, event: ev.LowPriceVoted, at: Recorded) -> State:
    found = state.low_price.get(event.supplier)
    if found is None:
        return state
    return _low(
        state,
        event.supplier,
        votes=put(found.votes, event.voter, event.valid),
        reasons=put(found.reasons, event.voter, event.reason),
    )


@applies(ev.LowPriceRuled)
def _(state: State, event: ev.LowPriceRuled, at: Recorded) -> State:
    return _low(state, event.supplier, ruled=event.valid)


@applies(ev.SheetsOpened)
def _(state: State, event: ev.SheetsOpened, at: Recorded) -> State:
    """All at once or none: while one cannot be opened, its member seals again and the others stay unread."""
    if event.failed:
        found = state.sealed.get("sheet") or SealedSet()
        kept = {member: item for member, item in found.envelopes.items() if member not in event.failed}
        return _sealed(state, "sheet", opened=False, failed=event.failed, envelopes=kept, released={})
    return _sealed(state, "sheet", opened=True, failed={}).with_(sheets={**state.sheets, **event.sheets})


@applies(ev.SheetReopened)
def _(state: State, event: ev.SheetReopened, at: Recorded) -> State:
    """Only this member seals again; the other sheets have been read and stay."""
    reopened = _sealed(state, "sheet", opened=False, envelopes={}, released={})
    return _without_totals(reopened).with_(
        reopened=put(state.reopened, event.member, event.ground),
        sheets=without(state.sheets, event.member),
        deviation_reasons=_of_others(state.deviation_reasons, event.member),
    )


@applies(ev.TotalsComputed)
def _(state: State, event: ev.TotalsComputed, at: Recorded) -> State:
    return state.with_(standings=event.standings, findings=event.findings, deviations=event.deviations)


@applies(ev.DeviationReasoned)
def _(state: State, event: ev.DeviationReasoned, at: Recorded) -> State:
    key = f"{event.member}/{event.supplier}/{event.criterion}"
    return state.with_(deviation_reasons=put(state.deviation_reasons, key, event.reason))


@applies(ev.TieResolved)
def _(state: State, event: ev.TieResolved, at: Recorded) -> State:
    return state.with_(tie_rule=event.rule)


@applies(ev.RankingConfirmed)
def _(state: State, event: ev.RankingConfirmed, at: Recorded) -> State:
    return state.with_(candidates=event.candidates)


@applies(ev.AgencyChecked)
def _(state: State, event: ev.AgencyChecked, at: Recorded) -> State:
    return state.with_(agency_checked=True)


@applies(ev.ReCheckAsked)
def _(state: State, event: ev.ReCheckAsked, at: Recorded) -> State:
    return state.with_(recheck=event.reason)


@applies(ev.ReCheckAnswered)
def _(state: State, event: ev.ReCheckAnswered, at: Recorded) -> State:
    answered = (*state.rechecks, (state.recheck, event.reason))
    answered_state = state.with_(recheck="", rechecks=answered)
    return _without_totals(answered_state) if event.accepted else answered_state


@applies(ev.DissentFiled)
def _(state: State, event: ev.DissentFiled, at: Recorded) -> State:
    return state.with_(dissents=put(state.dissents, event.person, event.text))
