"""Decisions of the opening room 开标 up to the seals (SESSION.md, Opening room; 87号令 art. 39-41)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import app.session.rules.commands as cmd
import app.session.rules.events_opening as ev
from app.errors import InputError
from app.session.rules.attendance import IN_OPENING, own_bid, speaker_of
from app.session.rules.checks import text
from app.session.rules.decide import (
    ELAPSED,
    WAITING,
    Events,
    Waiting,
    decides,
    gate,
    require_counts,
)
from app.session.rules.effects import CheckSeals, Effect, due_when
from app.session.rules.people import HOST, Role
from app.session.rules.state import State

LEAD = timedelta(minutes=60)
CLOCK_SOURCES = 2
CLOCK_TOLERANCE_MS = 5000
"""The deadline needs two independent clocks, and a majority, within five seconds of the host's; or a waiver."""


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
    bid = own_bid(state, actor)
    if bid.seal != "matched":
        raise InputError("refused.seal_state", state=bid.seal)
    return [ev.SealConfirmed(supplier=bid.supplier)]


@decides(cmd.RaiseSealMismatch, by=("supplier",), during=("seal_check",))
def _(state: State, actor: str, command: cmd.RaiseSealMismatch, now: datetime) -> Events:
    bid = own_bid(state, actor)
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
            yield Waiting(speaker_of(state, supplier), "confirm_seal")
        elif seal == "mismatch":
            yield Waiting(state.with_role(Role.OFFICER)[0], "rule_seal_mismatch")


WAITING["seal_check"] = _seal_waiting


def _seals_elapsed(state: State, name: str, now: datetime) -> Events:
    matched = [s for s in state.valid_bids() if state.bids[s].seal == "matched"]
    return [ev.SealConfirmed(supplier=supplier, by_clock=True) for supplier in matched]


ELAPSED["seal_check"] = _seals_elapsed
