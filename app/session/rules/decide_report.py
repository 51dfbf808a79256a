"""The agency's check 核对 and the evaluation report 评审报告: signed, dissented, deemed (87号令 art. 45, 61)."""

from collections.abc import Iterable
from datetime import datetime

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_evaluation as ev
from app.errors import InputError
from app.session.rules.checks import text
from app.session.rules.decide import LEADER, Events, Waiting, decides, enter, gate
from app.session.rules.decide_scoring import sheets_in
from app.session.rules.effects import Effect, IssueDocument, due_when
from app.session.rules.evaluation import enter_if_open, next_name, register, require_member
from app.session.rules.people import Role
from app.session.rules.state import State

CLOSED_ROOM = "evaluation_closed"
RESULT_NOTICE = "result_notice"
REPORT = "evaluation_report"
SCORE_SHEET = "score_sheet"


@gate("report_fixed")
def _(state: State, now: datetime) -> None:
    """The agency has checked and the document has its digest."""
    if not state.agency_checked:
        raise InputError("gate.not_checked")
    if state.document_of(REPORT) is None:
        raise InputError("gate.report_not_issued")


# --- the agency's check ---


@decides(cmd.ConfirmCheck, by=("officer",), during=("agency_check",))
def _(state: State, actor: str, command: cmd.ConfirmCheck, now: datetime) -> Events:
    if state.recheck:
        raise InputError("refused.recheck_open")
    if not state.candidates:
        raise InputError("gate.ranking_unconfirmed")
    return [] if state.agency_checked else [ev.AgencyChecked()]


@decides(cmd.AskReCheck, by=("officer",), during=("agency_check",))
def _(state: State, actor: str, command: cmd.AskReCheck, now: datetime) -> Events:
    if command.ground not in state.the_method().redo_grounds:
        raise InputError("refused.no_ground", ground=command.ground)
    if state.recheck:
        raise InputError("refused.recheck_open")
    if state.agency_checked:
        raise InputError("refused.too_late", command="ask_re_check")
    return [ev.ReCheckAsked(ground=command.ground, reason=text(command.reason))]


@decides(cmd.AnswerReCheck, by=(LEADER,), during=("agency_check",))
def _(state: State, actor: str, command: cmd.AnswerReCheck, now: datetime) -> Events:
    """Accepted, the totals are opened again; refused, that is recorded and reported (art. 45)."""
    require_member(state, actor)
    if not state.recheck:
        raise InputError("refused.no_request", request="recheck")
    answered = ev.ReCheckAnswered(accepted=command.accepted, reason=text(command.reason))
    return [answered, *(enter(state, "summary", actor, now) if command.accepted else [])]


def _check_following(state: State, now: datetime) -> Events:
    return [] if sheets_in(state) else enter_if_open(state, "scoring", now)


def _check_waiting(state: State) -> Iterable[Waiting]:
    if state.recheck and state.leader:
        yield Waiting(state.leader, "answer_re_check")
    elif not state.agency_checked:
        yield Waiting(state.with_role(Role.OFFICER)[0], "confirm_check")
    elif state.document_of(REPORT) is None:
        yield Waiting("host", "report_document")


register("agency_check", following=_check_following, waiting=_check_waiting)


# --- the report ---


@due_when
def _(state: State) -> Iterable[Effect]:
    """The report, and every member's sheet, are rendered once the check has fixed the result."""
    if state.phase not in ("agency_check", "report") or not state.agency_checked:
        return
    if state.document_of(REPORT) is None:
        yield IssueDocument(REPORT)
    for member in state.members():
        if member in state.sheets and state.document_of(SCORE_SHEET, member) is None:
            yield IssueDocument(SCORE_SHEET, member)


def report_signers(state: State) -> tuple[str, ...]:
    """Who signs the report: the members, and nobody else (art. 58, 61)."""
    return state.members()


@decides(cmd.FileDissent, by=("member",), during=("summary", "agency_check", "report"))
def _(state: State, actor: str, command: cmd.FileDissent, now: datetime) -> Events:
    require_member(state, actor)
    return [ev.DissentFiled(person=actor, text=text(command.text))]


def _deemed(state: State) -> Events:
    """Who neither signed nor stated a different opinion in time agrees (art. 61; 214号 art. 27)."""
    document = state.document_of(REPORT)
    if document is None:
        return []
    method = state.the_method()
    silent = method.deemed_agreed(REPORT, "silent")
    events: Events = []
    for person in document.fields:
        if person in document.signed or person in document.deemed or person in state.dissents:
            continue
        reason = document.refused.get(person)
        rule = silent if reason is None else method.deemed_agreed(REPORT, "refused_without_reason")
        if rule is not None and not (reason or "").strip():
            events.append(evc.DeemedAgreed(document=document.id, person=person, rule=rule.rule))
    return events


def _report_elapsed(state: State, name: str, now: datetime) -> Events:
    return _deemed(state)


def _report_following(state: State, now: datetime) -> Events:
    """After its clock the report phase ends by itself."""
    window = state.windows.get("report")
    return enter_if_open(state, next_name(state), now) if window is not None and window.closed else []


def _report_waiting(state: State) -> Iterable[Waiting]:
    document = state.document_of(REPORT)
    for person in document.waiting if document is not None else ():
        if person not in state.dissents:
            yield Waiting(person, "sign_document")
    for member in state.members():
        own = state.document_of(SCORE_SHEET, member)
        if own is not None and member in own.waiting:
            yield Waiting(member, "sign_document")


register(
    "report",
    following=_report_following,
    waiting=lambda state: dict.fromkeys(_report_waiting(state)),
    elapsed=_report_elapsed,
)


# --- the result notice 结果公告 ---


@due_when
def _(state: State) -> Iterable[Effect]:
    """Made when the evaluation is closed, for the officer to sign; it is published outside (87号令 art. 69)."""
    if state.phase == CLOSED_ROOM and state.document_of(RESULT_NOTICE) is None:
        yield IssueDocument(RESULT_NOTICE)


def _closed_waiting(state: State) -> Iterable[Waiting]:
    document = state.document_of(RESULT_NOTICE)
    if document is None:
        yield Waiting("host", "report_document")
    else:
        yield from (Waiting(person, "sign_document") for person in document.waiting)


register(CLOSED_ROOM, waiting=_closed_waiting)
