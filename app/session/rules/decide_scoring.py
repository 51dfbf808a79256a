"""Scoring 评分 in sealed sheets, totals and ranking 汇总 (87号令 art. 55, 57, 64)."""

from collections.abc import Iterable
from datetime import datetime

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_evaluation as ev
from app.errors import InputError
from app.session.rules.checks import text
from app.session.rules.decide import ENTERING, LEADER, Events, Waiting, decides, gate, open_window
from app.session.rules.evaluation import close, enter_if_open, missed, register, require_member
from app.session.rules.people import HOST
from app.session.rules.sealed import (
    SHEET,
    all_in,
    fix_holders,
    openable_by_members,
    pending,
    releasing,
    sealed_set,
    to_open,
)
from app.session.rules.state import State
from app.session.rules.totals import compute

UNEXPLAINED = "deviation_unexplained"
DEVIATIONS = "summary:deviations"


def sheets_in(state: State) -> bool:
    """Whether the sheet of every member is open."""
    members = state.members()
    return bool(members) and all(member in state.sheets for member in members)


@gate("sheets_open")
def _(state: State, now: datetime) -> None:
    if not sheets_in(state):
        raise InputError("gate.sheets_sealed", open=len(state.sheets), needed=len(state.members()))


@gate("ranking_confirmed")
def _(state: State, now: datetime) -> None:
    if not state.candidates:
        raise InputError("gate.ranking_unconfirmed")


# --- sealed sheets ---


def _scoring_entered(state: State, now: datetime) -> Events:
    kept = openable_by_members(state, SHEET)
    return [*([] if kept else fix_holders(state, SHEET)), open_window(state, "scoring", "scoring", now)]


@decides(cmd.SealSheet, by=("member",), during=("scoring",))
def _(state: State, actor: str, command: cmd.SealSheet, now: datetime) -> Events:
    """Sealed to the members; another one replaces it until all are in. A late one still counts: none is invented."""
    require_member(state, actor)
    if actor in state.sheets:
        raise InputError("refused.sheet_open")
    if all_in(state, SHEET):
        raise InputError("refused.all_in")
    return [
        ev.SheetSealed(
            member=actor,
            header_sha256=command.header_sha256,
            envelope_sha256=command.envelope_sha256,
            size=command.size,
        )
    ]


@decides(cmd.ReportSheets, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportSheets, now: datetime) -> Events:
    """All at once: while one cannot be opened, no other is shown and its member seals again."""
    if state.phase != "scoring" or not to_open(state, SHEET):
        return []
    if command.sheets.keys() | command.failed.keys() != set(pending(state, SHEET).values()):
        raise InputError("refused.other_envelopes", purpose=SHEET)
    if command.failed:
        return [ev.SheetsOpened(sheets={}, failed=command.failed)]
    return [ev.SheetsOpened(sheets=command.sheets, failed={})]


def _scoring_following(state: State, now: datetime) -> Events:
    if sheets_in(state):
        return enter_if_open(state, "summary", now)
    if not openable_by_members(state, SHEET):
        try:
            return fix_holders(state, SHEET)
        except InputError:
            return []
    return close(state, "scoring") if all_in(state, SHEET) else []


def _scoring_waiting(state: State) -> Iterable[Waiting]:
    sealed = sealed_set(state, SHEET).envelopes
    for member in state.members():
        if member not in sealed and member not in state.sheets:
            yield Waiting(member, "seal_sheet")
    yield from releasing(state, SHEET)


def _scoring_elapsed(state: State, name: str, now: datetime) -> Events:
    """The member is marked; the officer replaces it or waits on: scores are never invented."""
    sealed = sealed_set(state, SHEET).envelopes
    return missed(state, (m for m in state.members() if m not in sealed and m not in state.sheets), "scoring")


ENTERING["scoring"] = _scoring_entered
register("scoring", following=_scoring_following, waiting=_scoring_waiting, elapsed=_scoring_elapsed)


# --- totals, deviations, ranking ---


def unexplained(state: State) -> tuple[str, ...]:
    """Members that still have to give a reason for a deviation; one that let the clock run out is not waited for."""
    open_ones = (
        item.member
        for item in state.deviations
        if f"{item.member}/{item.supplier}/{item.criterion}" not in state.deviation_reasons
        and state.absent.get(item.member) != UNEXPLAINED
        and item.member in state.members()
    )
    return tuple(dict.fromkeys(open_ones))


@decides(cmd.GiveDeviationReason, by=("member",), during=("summary",))
def _(state: State, actor: str, command: cmd.GiveDeviationReason, now: datetime) -> Events:
    """Only now, so that nobody saw others' marks before his own were in."""
    require_member(state, actor)
    if not any(
        (item.member, item.supplier, item.criterion) == (actor, command.supplier, command.criterion)
        for item in state.deviations
    ):
        raise InputError("refused.no_deviation", supplier=command.supplier)
    return [
        ev.DeviationReasoned(
            member=actor, supplier=command.supplier, criterion=command.criterion, reason=text(command.reason)
        )
    ]  # fmt: skip


@decides(cmd.ReopenSheet, by=(LEADER,), during=("summary",))
def _(state: State, actor: str, command: cmd.ReopenSheet, now: datetime) -> Events:
    """Only on a ground of the method (87号令 art. 64, 214号 art. 32); the old sheet stays in the record."""
    require_member(state, actor)
    if command.ground not in state.the_method().redo_grounds:
        raise InputError("refused.no_ground", ground=command.ground)
    if command.member not in state.sheets:
        raise InputError("refused.no_sheet", member=command.member)
    if state.candidates:
        raise InputError("refused.ranking_confirmed")
    return [ev.SheetReopened(member=command.member, ground=command.ground, reason=text(command.reason))]


@decides(cmd.ConfirmRanking, by=(LEADER,), during=("summary",))
def _(state: State, actor: str, command: cmd.ConfirmRanking, now: datetime) -> Events:
    require_member(state, actor)
    if state.candidates:
        raise InputError("refused.ranking_confirmed")
    if state.findings:
        first = state.findings[0]
        raise InputError("refused.findings_open", finding=first.code, count=len(state.findings))
    if not state.standings:
        raise InputError("refused.no_ranking")
    missing = unexplained(state)
    if missing:
        raise InputError("refused.deviation_open", member=missing[0])
    if any(item.open for item in state.clarifications.values()):
        raise InputError("refused.clarification_open")
    candidates = tuple(item.supplier for item in state.standings if item.rank <= state.the_lot().candidates)
    return [*close(state, DEVIATIONS), ev.RankingConfirmed(candidates=candidates)]


def _summary_following(state: State, now: datetime) -> Events:
    if not sheets_in(state):
        return enter_if_open(state, "scoring", now)
    if state.standings or state.findings or not state.continuing():
        return []
    computed = compute(state)
    events: Events = list(computed)
    if any(isinstance(event, ev.TotalsComputed) and event.deviations for event in computed):
        events.append(open_window(state, DEVIATIONS, "review", now))
    return events


def _summary_waiting(state: State) -> Iterable[Waiting]:
    for member in unexplained(state):
        yield Waiting(member, "give_deviation_reason")
    if state.leader and not unexplained(state):
        if state.findings:
            yield Waiting(state.leader, "reopen_sheet")
        elif not state.candidates:
            yield Waiting(state.leader, "confirm_ranking")


def _summary_elapsed(state: State, name: str, now: datetime) -> Events:
    return [evc.AbsentMarked(person=member, rule=UNEXPLAINED) for member in unexplained(state)]


register("summary", following=_summary_following, waiting=_summary_waiting, elapsed=_summary_elapsed)
