"""Decisions of the opening room 开标 (SESSION.md, Opening room; 87号令 art. 39-42; 20号令 art. 29-31)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_opening as ev
from app.errors import InputError
from app.session.rules.checks import text
from app.session.rules.decide import (
    ELAPSED,
    ENTERING,
    FOLLOWING,
    WAITING,
    Events,
    Waiting,
    decides,
    gate,
    open_window,
    require_counts,
)
from app.session.rules.effects import CheckSeals, Effect, IssueDocument, OpenBid, ReadBids, due_when
from app.session.rules.people import HOST, Role
from app.session.rules.state import Bid, Document, State

LEAD = timedelta(minutes=60)
IN_OPENING = ("gathering", "discipline", "seal_check", "decrypting", "reading", "objections", "signing")
CLOCK_SOURCES = 2
CLOCK_TOLERANCE_MS = 5000
"""The deadline needs two independent clocks, and a majority, within five seconds of the host's; or a waiver."""
ATTRIBUTIONS = ("supplier", "platform", "ruled")
RECORD = "opening_record"


def attending(state: State, supplier: str) -> bool:
    """Whether a representative of the supplier has signed in and is not marked absent."""
    return any(p in state.signed_in and p not in state.absent for p in state.representatives(supplier))


def _own_bid(state: State, actor: str) -> Bid:
    bid = state.bids.get(state.supplier_of(actor))
    if bid is None or bid.withdrawn or bid.seal == "excluded":
        raise InputError("refused.no_bid")
    return bid


def _speaker(state: State, supplier: str) -> str:
    """The representative who is waited for: one that is signed in, else the first."""
    people = state.representatives(supplier)
    return next((p for p in people if p in state.signed_in), people[0] if people else supplier)


# --- gates ---


@gate("not_earlier_than_lead")
def _(state: State, now: datetime) -> None:
    if now < state.the_lot().deadline - LEAD:
        raise InputError("gate.too_early", minutes=60)


@gate("site_checked_or_waived")
def _(state: State, now: datetime) -> None:
    if not any(p in state.online for p in state.with_role(Role.OFFICER)):
        raise InputError("gate.site_not_checked")


@gate("deadline_reached")
def _(state: State, now: datetime) -> None:
    if now < state.the_lot().deadline:
        raise InputError("gate.before_deadline", seconds=int((state.the_lot().deadline - now).total_seconds()))
    agreeing = sum(abs(offset) <= CLOCK_TOLERANCE_MS for offset in state.clocks.values())
    if agreeing < CLOCK_SOURCES or 2 * agreeing <= len(state.clocks):
        raise InputError("gate.clock_unchecked", agreeing=agreeing, needed=CLOCK_SOURCES)


@gate("recording_runs")
def _(state: State, now: datetime) -> None:
    if not state.recording.running:
        raise InputError("gate.not_recording")


@gate("minimum_counts")
def _(state: State, now: datetime) -> None:
    following = state.the_method().after(state.phase) if state.the_method().has(state.phase) else None
    if following is not None:
        require_counts(state, following.name)


@gate("recusals_ruled")
def _(state: State, now: datetime) -> None:
    if not state.discipline_read:
        raise InputError("gate.discipline_unread")
    if state.the_method().bidder_list_published and not state.bidders_published:
        raise InputError("gate.bidders_unpublished")
    if any(item.granted is None for item in state.recusals.values()):
        raise InputError("gate.recusal_open")


@gate("seals_match_or_ruled")
def _(state: State, now: datetime) -> None:
    for supplier in state.valid_bids():
        if state.bids[supplier].seal in ("", "mismatch"):
            raise InputError("gate.seal_open", supplier=supplier)


@gate("bids_settled")
def _(state: State, now: datetime) -> None:
    _require_settled(state)


def _require_settled(state: State) -> None:
    for supplier in state.valid_bids():
        if not state.bids[supplier].settled:
            raise InputError("gate.bid_open", supplier=supplier)


@gate("objections_settled")
def _(state: State, now: datetime) -> None:
    if any(item.open for item in state.objections.values()):
        raise InputError("gate.objection_open")


@gate("record_fixed")
def _(state: State, now: datetime) -> None:
    """The record document is rendered on entering; nothing to hold beforehand but the settled bids."""
    _require_settled(state)


@gate("undone_accepted")
def _(state: State, now: datetime) -> None:
    """Advance itself asks for a reason when something is undone; only an open document blocks without one."""


# --- discipline ---


@decides(cmd.ReadDiscipline, by=("officer",), during=("discipline",))
def _(state: State, actor: str, command: cmd.ReadDiscipline, now: datetime) -> Events:
    return [] if state.discipline_read else [ev.DisciplineRead()]


@decides(cmd.PublishBidders, by=("officer",), during=("discipline",))
def _(state: State, actor: str, command: cmd.PublishBidders, now: datetime) -> Events:
    if not state.the_method().bidder_list_published:
        raise InputError("refused.not_in_method")
    bidders = state.valid_bids()
    names = tuple(state.suppliers.get(s, "") for s in bidders)
    return [] if state.bidders_published else [ev.BidderListPublished(bidders=bidders, names=names)]


@decides(cmd.RaiseRecusal, by=("supplier", "purchaser"), during=IN_OPENING)
def _(state: State, actor: str, command: cmd.RaiseRecusal, now: datetime) -> Events:
    number = f"r{len(state.recusals) + 1}"
    return [ev.RecusalRaised(recusal=number, about=text(command.about), reason=text(command.reason))]


@decides(cmd.RuleRecusal, by=("officer",), during=IN_OPENING)
def _(state: State, actor: str, command: cmd.RuleRecusal, now: datetime) -> Events:
    found = state.recusals.get(command.recusal)
    if found is None or found.granted is not None:
        raise InputError("refused.no_request", request=command.recusal)
    return [ev.RecusalRuled(recusal=command.recusal, granted=command.granted, reason=text(command.reason))]


def _discipline_waiting(state: State) -> Iterable[Waiting]:
    officer = state.with_role(Role.OFFICER)[0]
    if not state.discipline_read:
        yield Waiting(officer, "read_discipline")
    if state.the_method().bidder_list_published and not state.bidders_published:
        yield Waiting(officer, "publish_bidders")


WAITING["discipline"] = _discipline_waiting


# --- seal check ---


@due_when
def _(state: State) -> Iterable[Effect]:
    if state.phase == "seal_check" and any(state.bids[s].seal == "" for s in state.valid_bids()):
        yield CheckSeals()


@decides(cmd.ReportSeals, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportSeals, now: datetime) -> Events:
    events: Events = []
    for supplier in state.valid_bids():
        bid = state.bids[supplier]
        if bid.seal != "" or supplier not in command.found:
            continue
        if command.found[supplier] == bid.header_sha256:
            matched = ev.SealMatched(supplier=supplier, header_sha256=bid.header_sha256, size=bid.size)
            events.append(matched)
        else:
            events.append(ev.SealMismatch(supplier=supplier, raised_by=HOST, reason="seal.digest_differs"))
    return events


@decides(cmd.ConfirmSeal, by=("supplier",), during=("seal_check",))
def _(state: State, actor: str, command: cmd.ConfirmSeal, now: datetime) -> Events:
    bid = _own_bid(state, actor)
    if bid.seal != "matched":
        raise InputError("refused.seal_state", state=bid.seal)
    return [ev.SealConfirmed(supplier=bid.supplier)]


@decides(cmd.RaiseSealMismatch, by=("supplier",), during=("seal_check",))
def _(state: State, actor: str, command: cmd.RaiseSealMismatch, now: datetime) -> Events:
    bid = _own_bid(state, actor)
    return [ev.SealMismatch(supplier=bid.supplier, raised_by=actor, reason=text(command.reason))]


@decides(cmd.RuleSealMismatch, by=("officer",), during=("seal_check",))
def _(state: State, actor: str, command: cmd.RuleSealMismatch, now: datetime) -> Events:
    bid = state.bids.get(command.supplier)
    if bid is None or bid.seal != "mismatch":
        raise InputError("refused.seal_state", state=bid.seal if bid else "")
    ruled = ev.SealMismatchRuled(supplier=command.supplier, admitted=command.admitted, reason=text(command.reason))
    return [ruled]


def _seal_waiting(state: State) -> Iterable[Waiting]:
    for supplier in state.valid_bids():
        seal = state.bids[supplier].seal
        if seal == "":
            yield Waiting(HOST, "report_seals")
        elif seal == "matched":
            yield Waiting(_speaker(state, supplier), "confirm_seal")
        elif seal == "mismatch":
            yield Waiting(state.with_role(Role.OFFICER)[0], "rule_seal_mismatch")


WAITING["seal_check"] = _seal_waiting


def _seals_elapsed(state: State, name: str, now: datetime) -> Events:
    matched = [s for s in state.valid_bids() if state.bids[s].seal == "matched"]
    return [ev.SealConfirmed(supplier=supplier, by_clock=True) for supplier in matched]


ELAPSED["seal_check"] = _seals_elapsed


# --- decryption ---


def required_openers(state: State) -> tuple[str, ...]:
    """Holders who may release: those who accepted the kit."""
    return tuple(p for p in state.kit_openers if p not in state.replaced)


def shares_complete(state: State, bid: Bid) -> bool:
    """Whether the policy's layers are all released for a bid: supplier key, k openers, and the *must* holder."""
    policy = state.the_lot().opening_policy
    if policy.layers != "openers" and not bid.supplier_share:
        return False
    if policy.layers == "supplier":
        return True
    plain = [p for p in bid.shares if state.has_role(p, Role.OPENER)]
    must = [p for p in bid.shares if state.has_role(p, Role.SUPERVISOR)]
    needs_must = policy.must is not None and any(state.has_role(p, Role.SUPERVISOR) for p in state.kit_openers)
    return len(plain) >= policy.k and (bool(must) or not needs_must)


def _check_release(state: State, bid: Bid | None) -> Bid:
    """The release rules of DESIGN §5: receipted here, current, in phase decrypting, not yet settled."""
    if bid is None or bid.withdrawn or bid.seal == "excluded":
        raise InputError("release.not_receipted")
    if bid.seal not in ("confirmed", "default"):
        raise InputError("release.seal_open")
    if bid.settled:
        raise InputError("release.settled")
    return bid


@decides(cmd.ReleaseShare, by=("opener", "supervisor"), during=("decrypting",))
def _(state: State, actor: str, command: cmd.ReleaseShare, now: datetime) -> Events:
    if command.header_sha256 in state.superseded:
        raise InputError("release.superseded")
    if actor not in state.kit_openers:
        raise InputError("release.not_holder")
    found = next((b for b in state.bids.values() if b.header_sha256 == command.header_sha256), None)
    bid = _check_release(state, found)
    if actor in bid.shares:
        raise InputError("release.again")
    return [
        ev.ShareReleased(
            header_sha256=command.header_sha256,
            commitment=command.commitment,
            share_sha256=command.share_sha256,
            grave=command.grave,
        )
    ]


@decides(cmd.ReleaseSupplierKey, by=("supplier",), during=("decrypting",))
def _(state: State, actor: str, command: cmd.ReleaseSupplierKey, now: datetime) -> Events:
    bid = _check_release(state, state.bids.get(state.supplier_of(actor)))
    if command.header_sha256 != bid.header_sha256:
        raise InputError("release.superseded")
    if bid.supplier_share and not bid.failure:
        raise InputError("release.again")
    return [
        ev.SupplierKeyReleased(
            supplier=bid.supplier,
            header_sha256=command.header_sha256,
            commitment=command.commitment,
            share_sha256=command.share_sha256,
            grave=command.grave,
        )
    ]


@decides(cmd.ReportTrouble, by=("supplier",), during=("decrypting",))
def _(state: State, actor: str, command: cmd.ReportTrouble, now: datetime) -> Events:
    bid = _own_bid(state, actor)
    if len(command.telemetry) > 20 or any(len(k) + len(v) > 300 for k, v in command.telemetry.items()):
        raise InputError("refused.text", limit=300)
    troubled = ev.DecryptionTroubled(supplier=bid.supplier, cause=command.cause[:80], telemetry=command.telemetry)
    return [troubled]


@due_when
def _(state: State) -> Iterable[Effect]:
    if state.phase != "decrypting":
        return
    for supplier in state.valid_bids():
        bid = state.bids[supplier]
        if not bid.settled and not bid.failure and shares_complete(state, bid):
            yield OpenBid(supplier)


@decides(cmd.ReportBidOpened, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportBidOpened, now: datetime) -> Events:
    bid = state.bids.get(command.supplier)
    if bid is None or bid.settled or bid.header_sha256 != command.header_sha256:
        return []
    return [
        ev.BidOpened(
            supplier=command.supplier,
            header_sha256=command.header_sha256,
            manifest_sha256=command.manifest_sha256,
            documents=command.documents,
        )
    ]


@decides(cmd.ReportBidFailed, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportBidFailed, now: datetime) -> Events:
    return [ev.DecryptionFailed(supplier=command.supplier, cause=command.cause, telemetry=command.telemetry)]


@decides(cmd.AttributeFailure, by=("officer",), during=("decrypting",))
def _(state: State, actor: str, command: cmd.AttributeFailure, now: datetime) -> Events:
    bid = state.bids.get(command.supplier)
    if bid is None or bid.settled or command.attribution not in ATTRIBUTIONS:
        raise InputError("refused.no_request", request=command.supplier)
    if not bid.failure and state.window_open("decrypting"):
        raise InputError("refused.window_runs")
    attributed = ev.FailureAttributed(
        supplier=command.supplier, attribution=command.attribution, reason=text(command.reason)
    )
    return [attributed]


def _decrypting_waiting(state: State) -> Iterable[Waiting]:
    policy = state.the_lot().opening_policy
    for supplier in state.valid_bids():
        bid = state.bids[supplier]
        if bid.settled:
            continue
        if policy.layers != "openers" and not bid.supplier_share:
            yield Waiting(_speaker(state, supplier), "release_supplier_key")
        elif bid.failure:
            yield Waiting(state.with_role(Role.OFFICER)[0], "attribute_failure")
        if shares_complete(state, bid) and not bid.failure:
            yield Waiting(HOST, "report_bid_opened")
        elif not shares_complete(state, bid) and policy.layers != "supplier":
            for holder in required_openers(state):
                if holder not in bid.shares and _still_needed(state, bid, holder):
                    yield Waiting(holder, "release_share")


def _still_needed(state: State, bid: Bid, holder: str) -> bool:
    if state.has_role(holder, Role.SUPERVISOR):
        return not any(state.has_role(p, Role.SUPERVISOR) for p in bid.shares)
    plain = sum(state.has_role(p, Role.OPENER) for p in bid.shares)
    return plain < state.the_lot().opening_policy.k


WAITING["decrypting"] = _decrypting_waiting


def _decrypting_elapsed(state: State, name: str, now: datetime) -> Events:
    """Time is up: who did not release in time failed; the officer attributes it with a reason."""
    events: Events = []
    for supplier in state.valid_bids():
        bid = state.bids[supplier]
        if bid.settled or bid.failure or shares_complete(state, bid):
            continue
        missing_key = state.the_lot().opening_policy.layers != "openers" and not bid.supplier_share
        cause = "decryption.supplier_silent" if missing_key else "decryption.opener_silent"
        if missing_key and not attending(state, supplier):
            cause = "decryption.supplier_absent"
        telemetry = {"trouble": bid.trouble} if bid.trouble else {}
        events.append(ev.DecryptionFailed(supplier=supplier, cause=cause, telemetry=telemetry))
    return events


ELAPSED["decrypting"] = _decrypting_elapsed


# --- price reading ---


@due_when
def _(state: State) -> Iterable[Effect]:
    """The payloads come out of the confidential part when the method reads prices, or when the opening hands on."""
    if state.bids_handed_on or not state.opened_bids():
        return
    if state.phase == "opening_closed" or (state.phase == "qualification" and not state.bids_handed_on):
        yield ReadBids()


@decides(cmd.ReadPrice, by=("officer",), during=("reading",))
def _(state: State, actor: str, command: cmd.ReadPrice, now: datetime) -> Events:
    """Called by the officer; the host reads the payload out of the confidential part and reports it."""
    bid = state.bids.get(command.supplier)
    if bid is None or not bid.opened or bid.read:
        raise InputError("refused.nothing_to_read", supplier=command.supplier)
    return [ev.PriceCalled(supplier=command.supplier)]


@due_when
def _(state: State) -> Iterable[Effect]:
    if state.phase == "reading" and state.reading and not state.bids[state.reading].read:
        yield ReadBids()


@decides(cmd.ReportBids, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportBids, now: datetime) -> Events:
    if state.phase == "reading":
        supplier = state.reading
        if not supplier or supplier not in command.bids or state.bids[supplier].read:
            return []
        clock = open_window(state, f"confirm:{supplier}", "confirm", now)
        return [ev.PriceRead(supplier=supplier, bid=command.bids[supplier]), clock]
    if state.bids_handed_on:
        return []
    return [ev.BidsHandedOn(bids=command.bids)]


@decides(cmd.ConfirmPrice, by=("supplier",), during=("reading",))
def _(state: State, actor: str, command: cmd.ConfirmPrice, now: datetime) -> Events:
    bid = _own_bid(state, actor)
    if not bid.read or bid.payload is None or bid.price in ("confirmed", "default"):
        raise InputError("refused.nothing_to_confirm")
    if command.total != bid.payload.price.total:
        raise InputError("refused.other_amount")
    return [
        ev.PriceConfirmed(supplier=bid.supplier, total=command.total, grave=command.grave),
        *_close(state, f"confirm:{bid.supplier}"),
    ]


def _close(state: State, window: str) -> Events:
    return [evc.WindowClosed(window=window, elapsed=False)] if state.window_open(window) else []


@decides(cmd.DisputePrice, by=("supplier",), during=("reading",))
def _(state: State, actor: str, command: cmd.DisputePrice, now: datetime) -> Events:
    """Raised on the spot; it becomes an objection that must be answered or adjourned (87号令 art. 42)."""
    bid = _own_bid(state, actor)
    if not bid.read or bid.price in ("confirmed", "default", "disputed"):
        raise InputError("refused.nothing_to_confirm")
    number = f"o{len(state.objections) + 1}"
    return [
        ev.PriceDisputed(supplier=bid.supplier, text=text(command.text)),
        ev.ObjectionRaised(objection=number, supplier=bid.supplier, text=text(command.text)),
        *_close(state, f"confirm:{bid.supplier}"),
    ]


def _confirm_elapsed(state: State, name: str, now: datetime) -> Events:
    supplier = name.partition(":")[2]
    bid = state.bids.get(supplier)
    if bid is None or bid.payload is None or bid.price:
        return []
    return [ev.PriceConfirmed(supplier=supplier, total=bid.payload.price.total, by_clock=True)]


ELAPSED["confirm"] = _confirm_elapsed
ENTERING["reading"] = lambda state, now: []


def _reading_waiting(state: State) -> Iterable[Waiting]:
    for supplier in state.opened_bids():
        bid = state.bids[supplier]
        if not bid.read:
            yield Waiting(state.with_role(Role.OFFICER)[0], "read_price")
            return
        if not bid.price:
            yield Waiting(_speaker(state, supplier), "confirm_price")


WAITING["reading"] = _reading_waiting


# --- objections ---


@decides(cmd.RaiseObjection, by=("supplier",), during=IN_OPENING)
def _(state: State, actor: str, command: cmd.RaiseObjection, now: datetime) -> Events:
    if state.phase in ("gathering", "signing"):
        raise InputError("refused.phase", command="raise_objection", phase=state.phase)
    bid = _own_bid(state, actor)
    number = f"o{len(state.objections) + 1}"
    return [ev.ObjectionRaised(objection=number, supplier=bid.supplier, text=text(command.text))]


def _open_objection(state: State, key: str) -> None:
    found = state.objections.get(key)
    if found is None or not found.open:
        raise InputError("refused.no_request", request=key)


@decides(cmd.AnswerObjection, by=("officer",), during=IN_OPENING)
def _(state: State, actor: str, command: cmd.AnswerObjection, now: datetime) -> Events:
    _open_objection(state, command.objection)
    return [ev.ObjectionAnswered(objection=command.objection, text=text(command.text))]


@decides(cmd.AdjournObjection, by=("officer",), during=IN_OPENING)
def _(state: State, actor: str, command: cmd.AdjournObjection, now: datetime) -> Events:
    _open_objection(state, command.objection)
    return [ev.ObjectionAdjourned(objection=command.objection, reason=text(command.reason))]


@decides(cmd.DeclareNoObjection, by=("supplier",), during=("objections",))
def _(state: State, actor: str, command: cmd.DeclareNoObjection, now: datetime) -> Events:
    bid = _own_bid(state, actor)
    if bid.supplier in state.no_objection:
        return []
    return [ev.NoObjection(supplier=bid.supplier)]


def _silent(state: State) -> list[str]:
    spoke = {item.supplier for item in state.objections.values()} | set(state.no_objection)
    return [s for s in state.valid_bids() if s not in spoke]


def _objections_waiting(state: State) -> Iterable[Waiting]:
    for supplier in _silent(state):
        yield Waiting(_speaker(state, supplier), "declare_no_objection")
    for item in state.objections.values():
        if item.open:
            yield Waiting(state.with_role(Role.OFFICER)[0], "answer_objection")


WAITING["objections"] = _objections_waiting
ELAPSED["objections"] = lambda state, name, now: [
    ev.NoObjection(supplier=supplier, by_clock=True) for supplier in _silent(state)
]


# --- signing ---


def record_subjects(state: State) -> tuple[str, ...]:
    """Whose records there are: one for all (empty), or where suppliers do not see each other one for each (USCC)."""
    suppliers = tuple(s for s, bid in state.bids.items() if not bid.withdrawn)
    return ("",) if state.the_method().suppliers_see_each_other or not suppliers else suppliers


def opening_records(state: State) -> tuple[Document, ...]:
    """The opening records that have been issued, the newest of each subject."""
    found = (state.document_of(RECORD, subject) for subject in record_subjects(state))
    return tuple(document for document in found if document is not None)


@due_when
def _(state: State) -> Iterable[Effect]:
    if state.phase == "signing":
        for subject in record_subjects(state):
            if state.document_of(RECORD, subject) is None:
                yield IssueDocument(RECORD, subject)


def record_signers(state: State, subject: str = "") -> tuple[str, ...]:
    """Who signs an opening record: attending representatives of its bidders, officer, clerk (87号令 art. 42)."""
    bidders = [s for s in state.valid_bids() if subject in ("", s)]
    suppliers = [_speaker(state, s) for s in bidders if state.representatives(s)]
    staff = [*state.with_role(Role.OFFICER), *state.with_role(Role.CLERK)]
    return tuple(dict.fromkeys([*suppliers, *(p for p in staff if p in state.signed_in)]))


def _signing_following(state: State, now: datetime) -> Events:
    """Absent bidders are deemed to agree as soon as the record is there (87号令 art. 42)."""
    rule = state.the_method().deemed_agreed(RECORD, "absent")
    if rule is None:
        return []
    return [
        evc.DeemedAgreed(document=document.id, person=p, rule=rule.rule)
        for document in opening_records(state)
        for p in document.waiting
        if state.supplier_of(p) and not attending(state, state.supplier_of(p))
    ]


FOLLOWING["signing"] = _signing_following


def _signing_elapsed(state: State, name: str, now: datetime) -> Events:
    rule = state.the_method().deemed_agreed(RECORD, "silent")
    if rule is None:
        return []
    return [
        evc.DeemedAgreed(document=document.id, person=p, rule=rule.rule)
        for document in opening_records(state)
        for p in document.waiting
        if state.supplier_of(p)
    ]


ELAPSED["signing"] = _signing_elapsed


def _signing_waiting(state: State) -> Iterable[Waiting]:
    documents = opening_records(state)
    if len(documents) < len(record_subjects(state)):
        yield Waiting(HOST, "report_document")
    for person in dict.fromkeys(p for document in documents for p in document.waiting):
        yield Waiting(person, "sign_document")


WAITING["signing"] = _signing_waiting


def _closed_waiting(state: State) -> Iterable[Waiting]:
    if state.opened_bids() and not state.bids_handed_on:
        yield Waiting(HOST, "report_bids")


WAITING["opening_closed"] = _closed_waiting
