"""How the events of the opening room and of the reviews change the state."""

from typing import Any

import msgspec

from app.session.rules import events_opening as ev
from app.session.rules.event import Recorded
from app.session.rules.fold import applies, put
from app.session.rules.state import Decision, Objection, Recusal, ReviewSheet, State


def _bid(state: State, supplier: str, **changes: Any) -> State:
    bid = state.bids.get(supplier)
    if bid is None:
        return state
    return state.with_(bids=put(state.bids, supplier, msgspec.structs.replace(bid, **changes)))


def _supplier_of_header(state: State, header_sha256: str) -> str:
    return next((s for s, bid in state.bids.items() if bid.header_sha256 == header_sha256), "")


@applies(ev.DisciplineRead)
def _(state: State, event: ev.DisciplineRead, at: Recorded) -> State:
    return state.with_(discipline_read=True)


@applies(ev.BidderListPublished)
def _(state: State, event: ev.BidderListPublished, at: Recorded) -> State:
    names = dict(zip(event.bidders, event.names, strict=False))
    return state.with_(bidders_published=True, suppliers={**state.suppliers, **names})


@applies(ev.RecusalRaised)
def _(state: State, event: ev.RecusalRaised, at: Recorded) -> State:
    recusal = Recusal(id=event.recusal, raised_by=at.actor, about=event.about, reason=event.reason)
    return state.with_(recusals=put(state.recusals, event.recusal, recusal))


@applies(ev.RecusalRuled)
def _(state: State, event: ev.RecusalRuled, at: Recorded) -> State:
    found = state.recusals.get(event.recusal)
    if found is None:
        return state
    ruled = msgspec.structs.replace(found, granted=event.granted, ruling=event.reason)
    return state.with_(recusals=put(state.recusals, event.recusal, ruled))


@applies(ev.SealMatched)
def _(state: State, event: ev.SealMatched, at: Recorded) -> State:
    return _bid(state, event.supplier, seal="matched")


@applies(ev.SealMismatch)
def _(state: State, event: ev.SealMismatch, at: Recorded) -> State:
    return _bid(state, event.supplier, seal="mismatch")


@applies(ev.SealMismatchRuled)
def _(state: State, event: ev.SealMismatchRuled, at: Recorded) -> State:
    return _bid(state, event.supplier, seal="default" if event.admitted else "excluded")


@applies(ev.SealConfirmed)
def _(state: State, event: ev.SealConfirmed, at: Recorded) -> State:
    return _bid(state, event.supplier, seal="default" if event.by_clock else "confirmed")


@applies(ev.ShareReleased)
def _(state: State, event: ev.ShareReleased, at: Recorded) -> State:
    supplier = _supplier_of_header(state, event.header_sha256)
    bid = state.bids.get(supplier)
    if bid is None:
        return state
    return _bid(state, supplier, shares=put(bid.shares, at.actor, event.share_sha256))


@applies(ev.SupplierKeyReleased)
def _(state: State, event: ev.SupplierKeyReleased, at: Recorded) -> State:
    return _bid(state, event.supplier, supplier_share=event.share_sha256, trouble="", recovered=event.recovered)


@applies(ev.BidOpened)
def _(state: State, event: ev.BidOpened, at: Recorded) -> State:
    return _bid(
        state, event.supplier, opened=True, manifest_sha256=event.manifest_sha256, documents=event.documents, failure=""
    )


@applies(ev.DecryptionFailed)
def _(state: State, event: ev.DecryptionFailed, at: Recorded) -> State:
    return _bid(state, event.supplier, failure=event.cause, telemetry=event.telemetry, backup_sha256="")


@applies(ev.DecryptionTroubled)
def _(state: State, event: ev.DecryptionTroubled, at: Recorded) -> State:
    return _bid(state, event.supplier, trouble=event.cause, telemetry=event.telemetry)


@applies(ev.FailureAttributed)
def _(state: State, event: ev.FailureAttributed, at: Recorded) -> State:
    return _bid(
        state,
        event.supplier,
        attribution=event.attribution,
        attribution_reason=event.reason,
        backup_admitted="",
        backup_sha256="",
    )


@applies(ev.BackupAdmitted)
def _(state: State, event: ev.BackupAdmitted, at: Recorded) -> State:
    return _bid(state, event.supplier, backup_admitted=event.reason)


@applies(ev.BackupHandedIn)
def _(state: State, event: ev.BackupHandedIn, at: Recorded) -> State:
    return _bid(state, event.supplier, backup_sha256=event.backup_sha256)


@applies(ev.PriceCalled)
def _(state: State, event: ev.PriceCalled, at: Recorded) -> State:
    return state.with_(reading=event.supplier)


@applies(ev.PriceRead)
def _(state: State, event: ev.PriceRead, at: Recorded) -> State:
    return _bid(state, event.supplier, read=True, payload=event.bid)


@applies(ev.PriceConfirmed)
def _(state: State, event: ev.PriceConfirmed, at: Recorded) -> State:
    return _bid(state, event.supplier, price="default" if event.by_clock else "confirmed")


@applies(ev.PriceDisputed)
def _(state: State, event: ev.PriceDisputed, at: Recorded) -> State:
    return _bid(state, event.supplier, price="disputed", dispute=event.text)


@applies(ev.ObjectionRaised)
def _(state: State, event: ev.ObjectionRaised, at: Recorded) -> State:
    objection = Objection(id=event.objection, supplier=event.supplier, text=event.text, at=at.at)
    return state.with_(objections=put(state.objections, event.objection, objection))


def _objection(state: State, key: str, **changes: Any) -> State:
    found = state.objections.get(key)
    if found is None:
        return state
    return state.with_(objections=put(state.objections, key, msgspec.structs.replace(found, **changes)))


@applies(ev.ObjectionAnswered)
def _(state: State, event: ev.ObjectionAnswered, at: Recorded) -> State:
    return _objection(state, event.objection, answer=event.text)


@applies(ev.ObjectionAdjourned)
def _(state: State, event: ev.ObjectionAdjourned, at: Recorded) -> State:
    return _objection(state, event.objection, adjourned=event.reason)


@applies(ev.NoObjection)
def _(state: State, event: ev.NoObjection, at: Recorded) -> State:
    return state.with_(no_objection=put(state.no_objection, event.supplier, event.by_clock))


@applies(ev.BidsHandedOn)
def _(state: State, event: ev.BidsHandedOn, at: Recorded) -> State:
    for supplier, payload in event.bids.items():
        state = _bid(state, supplier, payload=payload)
    return state.with_(bids_handed_on=True)


@applies(ev.ItemReviewed)
def _(state: State, event: ev.ItemReviewed, at: Recorded) -> State:
    stage = state.reviews.get(event.stage, {})
    by_reviewer = stage.get(event.supplier, {})
    sheet = ReviewSheet(passed=event.passed, reasons=event.reasons, evidence=event.evidence)
    filled = put(stage, event.supplier, put(by_reviewer, event.reviewer, sheet))
    return state.with_(reviews=put(state.reviews, event.stage, filled))


@applies(ev.ReviewDecided)
def _(state: State, event: ev.ReviewDecided, at: Recorded) -> State:
    decision = Decision(passed=event.passed, failed_items=event.failed_items, dissent=event.dissent)
    stage = put(state.decisions.get(event.stage, {}), event.supplier, decision)
    return state.with_(decisions=put(state.decisions, event.stage, stage))


@applies(ev.InvalidDeclared)
def _(state: State, event: ev.InvalidDeclared, at: Recorded) -> State:
    return state.with_(invalid=put(state.invalid, event.supplier, event.ground))


@applies(ev.InvalidNotified)
def _(state: State, event: ev.InvalidNotified, at: Recorded) -> State:
    return state.with_(notified=state.notified | {event.supplier})
