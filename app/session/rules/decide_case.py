"""Decisions about moving on: phases, pauses, failure, waived gates, clocks, and the host's own reports."""

from datetime import datetime, timedelta
from decimal import Decimal

import app.session.rules.commands as cmd
import app.session.rules.events_case as ev
from app.errors import InputError
from app.session.rules.checks import text
from app.session.rules.decide import ANYONE, Events, decides, enter, follow, waiting_for
from app.session.rules.people import HOST, Role
from app.session.rules.state import RECEIVING, State


@decides(cmd.Advance, by=("officer", "leader"))
def _(state: State, actor: str, command: cmd.Advance, now: datetime) -> Events:
    expected = next_phase(state)
    if expected is None or command.phase != expected:
        raise InputError("refused.not_next", phase=command.phase, next=expected)
    _check_mover(state, actor)
    if expected == CLOSING:
        undone = undone_acts(state)
        if undone and not command.reason.strip():
            raise InputError("gate.undone", count=len(undone))
        return [ev.CaseClosed(undone=undone, reason=command.reason)]
    waiting = undone_acts(state)
    if waiting and not command.reason.strip():
        raise InputError("gate.undone", count=len(waiting))
    return enter(state, expected, actor, now, command.reason)


CLOSING = "closed"


def next_phase(state: State) -> str | None:
    """The phase that comes after the present one; ``closed`` after the last; None where nothing follows."""
    method = state.the_method()
    if state.phase == RECEIVING:
        return method.phases[0].name
    if not method.has(state.phase):
        return None
    following = method.after(state.phase)
    return following.name if following is not None else CLOSING


def _check_mover(state: State, actor: str) -> None:
    method = state.the_method()
    movers = method.phase(state.phase).moved_by if method.has(state.phase) else ()
    person = state.people[actor]
    officer = person.has(Role.OFFICER) and ("officer" in movers or not movers or "leader" not in movers)
    if not officer and not ("leader" in movers and actor == state.leader):
        raise InputError("refused.mover", phase=state.phase)


def undone_acts(state: State) -> tuple[str, ...]:
    """What is still waited for, as ``person:act``; moving on in spite of it needs a reason."""
    return tuple(f"{item.person}:{item.act}" for item in waiting_for(state))


@decides(cmd.Pause, by=("officer",))
def _(state: State, actor: str, command: cmd.Pause, now: datetime) -> Events:
    return [ev.Paused(reason=text(command.reason))]


@decides(cmd.Resume, by=("officer",), while_paused=True)
def _(state: State, actor: str, command: cmd.Resume, now: datetime) -> Events:
    if not state.paused or state.paused_at is None:
        raise InputError("refused.not_paused")
    seconds = Decimal(round((now - state.paused_at).total_seconds(), 3)).quantize(Decimal("0.001"))
    return [ev.Resumed(seconds=seconds)]


@decides(cmd.FailCase, by=("officer",), while_paused=True)
def _(state: State, actor: str, command: cmd.FailCase, now: datetime) -> Events:
    if state.failed:
        raise InputError("refused.closed")
    return [ev.CaseFailed(ground=text(command.ground), article=command.article, reason=text(command.reason))]


NOT_WAIVABLE = frozenset(
    {"deadline_reached", "minimum_counts", "bids_settled", "sheets_open", "record_fixed", "report_fixed",
     "ranking_confirmed", "composition_lawful", "members_admissible", "prices_known"}
)  # fmt: skip


@decides(cmd.WaiveGate, by=("officer",))
def _(state: State, actor: str, command: cmd.WaiveGate, now: datetime) -> Events:
    """Some gates are the law itself and cannot be waived; recording is one in a real case (87号令 art. 39)."""
    barred = command.gate in NOT_WAIVABLE or (command.gate == "recording_runs" and not state.rehearsal)
    if barred or not any(command.gate in phase.gates for phase in state.the_method().phases):
        raise InputError("refused.not_waivable", gate=command.gate)
    return [ev.GateWaived(gate=command.gate, reason=text(command.reason))]


@decides(cmd.ExtendWindow, by=("officer",))
def _(state: State, actor: str, command: cmd.ExtendWindow, now: datetime) -> Events:
    window = state.windows.get(command.window)
    if window is None or window.closed is not None or not 1 <= command.seconds <= 86_400:
        raise InputError("refused.no_window", window=command.window)
    until = window.until + timedelta(seconds=command.seconds)
    return [ev.WindowExtended(window=command.window, until=until, reason=text(command.reason))]


@decides(cmd.Tick, by=(HOST,))
def _(state: State, actor: str, command: cmd.Tick, now: datetime) -> Events:
    return follow(state, now)


@decides(cmd.ReportOutage, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportOutage, now: datetime) -> Events:
    return [ev.OutageNoted(seconds=command.seconds, last_seen=command.last_seen)]


@decides(cmd.ReportClocks, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportClocks, now: datetime) -> Events:
    return [ev.ClockChecked(offsets=command.offsets)]


@decides(cmd.ReportDocument, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportDocument, now: datetime) -> Events:
    return [
        ev.DocumentIssued(
            document=command.document,
            kind=command.kind,
            pdf_sha256=command.pdf_sha256,
            fields=command.fields,
            entries=command.entries,
            root=command.root,
            subject=command.subject,
            edition=command.edition,
        )
    ]


@decides(cmd.SignDocument, by=(ANYONE,))
def _(state: State, actor: str, command: cmd.SignDocument, now: datetime) -> Events:
    document = state.documents.get(command.document)
    if document is None or actor not in document.fields:
        raise InputError("refused.not_signer", document=command.document)
    if actor not in document.waiting:
        raise InputError("refused.already_signed", document=command.document)
    if document.pdf_sha256 != command.previous_sha256:
        raise InputError("refused.document_changed", document=command.document)
    return [ev.DocumentSigned(document=command.document, person=actor, pdf_sha256=command.pdf_sha256)]


@decides(cmd.ReportDocumentStamp, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportDocumentStamp, now: datetime) -> Events:
    document = state.documents.get(command.document)
    if document is None or not document.signed or document.waiting or document.stamped:
        raise InputError("refused.not_signer", document=command.document)
    if document.pdf_sha256 != command.previous_sha256:
        raise InputError("refused.document_changed", document=command.document)
    return [
        ev.DocumentStamped(
            document=command.document, previous_sha256=command.previous_sha256, pdf_sha256=command.pdf_sha256
        )
    ]


@decides(cmd.RefuseSignature, by=(ANYONE,))
def _(state: State, actor: str, command: cmd.RefuseSignature, now: datetime) -> Events:
    document = state.documents.get(command.document)
    if document is None or actor not in document.waiting:
        raise InputError("refused.not_signer", document=command.document)
    return [ev.SignatureRefused(document=command.document, person=actor, reason=text(command.reason))]


@decides(cmd.ReportRecording, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportRecording, now: datetime) -> Events:
    if command.running:
        return [ev.RecordingStarted(sources=command.sources, hours_left=command.hours_left)]
    return [ev.RecordingStopped(reason=command.reason)] if state.recording.running else []


@decides(cmd.ReportTimeStamps, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportTimeStamps, now: datetime) -> Events:
    if command.missing == state.stamps_missing:
        return []
    return [ev.TimeStampsNoted(missing=command.missing, reason=command.reason)]


@decides(cmd.ReportDisk, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportDisk, now: datetime) -> Events:
    if (command.space, command.minutes_left) == (state.disk.space, state.disk.minutes_left):
        return []
    return [ev.DiskNoted(space=command.space, minutes_left=command.minutes_left, free=command.free)]


@decides(cmd.ReportSource, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportSource, now: datetime) -> Events:
    if command.state == "started":
        return [ev.SourceStarted(source=command.source, person=command.person, name=command.name, kind=command.kind)]
    if command.source not in state.sources:
        return []
    if command.state == "lost":
        return [ev.SourceLost(source=command.source)] if state.sources[command.source].live else []
    return [ev.SourceRestored(source=command.source)]


@decides(cmd.ReportSegment, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportSegment, now: datetime) -> Events:
    return [
        ev.SegmentClosed(
            source=command.source,
            number=command.number,
            segment_sha256=command.segment_sha256,
            notes_sha256=command.notes_sha256,
            size=command.size,
            start=command.start,
            milliseconds=command.milliseconds,
            gaps=command.gaps,
            private=command.private,
        )
    ]
