"""Decisions about prices read to all 唱标 and objections 异议 (87号令 art. 41, 42)."""

from collections.abc import Iterable
from datetime import datetime

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_opening as ev
from app.errors import InputError
from app.session.rules.attendance import IN_OPENING, own_bid, speaker_of
from app.session.rules.checks import text
from app.session.rules.decide import (
    ELAPSED,
    ENTERING,
    WAITING,
    Events,
    Waiting,
    decides,
    open_window,
)
from app.session.rules.effects import Effect, ReadBids, due_when
from app.session.rules.people import HOST, Role
from app.session.rules.state import State


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
    bid = own_bid(state, actor)
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
    bid = own_bid(state, actor)
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
            yield Waiting(speaker_of(state, supplier), "confirm_price")


WAITING["reading"] = _reading_waiting


# --- objections ---


@decides(cmd.RaiseObjection, by=("supplier",), during=IN_OPENING)
def _(state: State, actor: str, command: cmd.RaiseObjection, now: datetime) -> Events:
    if state.phase in ("gathering", "signing"):
        raise InputError("refused.phase", command="raise_objection", phase=state.phase)
    bid = own_bid(state, actor)
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
    bid = own_bid(state, actor)
    if bid.supplier in state.no_objection:
        return []
    return [ev.NoObjection(supplier=bid.supplier)]


def _silent(state: State) -> list[str]:
    spoke = {item.supplier for item in state.objections.values()} | set(state.no_objection)
    return [s for s in state.valid_bids() if s not in spoke]


def _objections_waiting(state: State) -> Iterable[Waiting]:
    for supplier in _silent(state):
        yield Waiting(speaker_of(state, supplier), "declare_no_objection")
    for item in state.objections.values():
        if item.open:
            yield Waiting(state.with_role(Role.OFFICER)[0], "answer_objection")


WAITING["objections"] = _objections_waiting
ELAPSED["objections"] = lambda state, name, now: [
    ev.NoObjection(supplier=supplier, by_clock=True) for supplier in _silent(state)
]
