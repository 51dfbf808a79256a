"""What the host reported, rebuilt from the events that came of it, so that the rules can decide on it again."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import takewhile
from typing import Any

from app.session.rules import commands as cmd
from app.session.rules import events_case as evc
from app.session.rules import events_evaluation as ev
from app.session.rules import events_opening as evo
from app.session.rules.command import Command
from app.session.rules.event import Event, Recorded
from app.session.rules.people import HOST
from app.session.rules.sealed import SHEET, pending
from app.session.rules.state import State

SAME_FIELDS: dict[type[Event], type[Command]] = {
    evc.CaseOpened: cmd.OpenCase,
    evc.PersonAdded: cmd.AddPerson,
    evc.SignInRefused: cmd.ReportSignInRefused,
    evc.BidRefused: cmd.ReportBidRefused,
    evo.BidOpened: cmd.ReportBidOpened,
    evo.DecryptionFailed: cmd.ReportBidFailed,
    evo.BidsHandedOn: cmd.ReportBids,
    evc.DocumentIssued: cmd.ReportDocument,
    ev.QuotesOpened: cmd.ReportQuotes,
    evc.SegmentClosed: cmd.ReportSegment,
    evc.ClockChecked: cmd.ReportClocks,
    evc.OutageNoted: cmd.ReportOutage,
    evc.DiskNoted: cmd.ReportDisk,
    evc.TimeStampsNoted: cmd.ReportTimeStamps,
    evc.DocumentStamped: cmd.ReportDocumentStamp,
    evc.Delivered: cmd.ReportDelivered,
}
"""Reports that say just what their event says."""


def reported(state: State, ahead: Sequence[Recorded]) -> Command | None:
    """The host's command behind the first of ``ahead``; None where no report leads to such an event."""
    first = ahead[0]
    kind = SAME_FIELDS.get(type(first.event))
    if kind is not None:
        return kind(**_fields(first.event))
    rebuild = REBUILT.get(type(first.event))
    return rebuild(state, ahead) if rebuild is not None else None


def _fields(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


def _sign_in(_state: State, ahead: Sequence[Recorded]) -> Command | None:
    first = ahead[0].event
    registers = first.person if isinstance(first, evc.SupplierRegistered) else None
    signed = ahead[1].event if registers is not None and len(ahead) > 1 else first
    if not isinstance(signed, evc.SignedIn):
        return None
    return cmd.ReportSignIn(**_fields(signed), registers=registers)


def _connection(_state: State, ahead: Sequence[Recorded]) -> Command | None:
    event = ahead[0].event
    if not isinstance(event, evc.Connected | evc.Disconnected):
        return None
    return cmd.ReportConnection(person=event.person, connected=isinstance(event, evc.Connected))


def _invitation(_state: State, ahead: Sequence[Recorded]) -> Command | None:
    event = ahead[0].event
    if not isinstance(event, evc.InvitationIssued):
        return None
    hours = (event.expires - ahead[0].at) // timedelta(hours=1)
    return cmd.Invite(
        person=event.person,
        secret_sha256=event.secret_sha256,
        valid_hours=hours,
        reissued_reason=event.reissued_reason,
    )


def _seals(state: State, ahead: Sequence[Recorded]) -> Command | None:
    at = ahead[0].at
    found: dict[str, str] = {}
    for item in takewhile(lambda item: item.at == at and item.actor == HOST, ahead):
        match item.event:
            case evo.SealMatched(supplier=supplier, header_sha256=header):
                found[supplier] = header
            case evo.SealMismatch(supplier=supplier):
                found[supplier] = ""
            case _:
                break
    return cmd.ReportSeals(found=found)


def _price(state: State, ahead: Sequence[Recorded]) -> Command | None:
    event = ahead[0].event
    return cmd.ReportBids(bids={event.supplier: event.bid}) if isinstance(event, evo.PriceRead) else None


def _sheets(state: State, ahead: Sequence[Recorded]) -> Command | None:
    """Where one did not open no other was shown, so that the others' content is not known and does not count."""
    event = ahead[0].event
    if not isinstance(event, ev.SheetsOpened):
        return None
    sheets = event.sheets
    if event.failed:
        unread = ev.OpenedSheet(scores={}, reasons={})
        sheets = {owner: unread for owner in pending(state, SHEET).values() if owner not in event.failed}
    return cmd.ReportSheets(sheets=sheets, failed=event.failed)


def _recording(_state: State, ahead: Sequence[Recorded]) -> Command | None:
    match ahead[0].event:
        case evc.RecordingStarted(sources=sources, hours_left=hours):
            return cmd.ReportRecording(running=True, sources=sources, hours_left=hours)
        case evc.RecordingStopped(reason=reason):
            return cmd.ReportRecording(running=False, sources=(), reason=reason)
        case _:
            return None


def _source(_state: State, ahead: Sequence[Recorded]) -> Command | None:
    match ahead[0].event:
        case evc.SourceStarted() as event:
            return cmd.ReportSource(state="started", **_fields(event))
        case evc.SourceLost(source=source):
            return cmd.ReportSource(source=source, state="lost")
        case evc.SourceRestored(source=source):
            return cmd.ReportSource(source=source, state="restored")
        case _:
            return None


REBUILT: dict[type[Event], Callable[[State, Sequence[Recorded]], Command | None]] = {
    evc.SupplierRegistered: _sign_in,
    evc.SignedIn: _sign_in,
    evc.Connected: _connection,
    evc.Disconnected: _connection,
    evc.InvitationIssued: _invitation,
    evo.SealMatched: _seals,
    evo.SealMismatch: _seals,
    evo.PriceRead: _price,
    ev.SheetsOpened: _sheets,
    evc.RecordingStarted: _recording,
    evc.RecordingStopped: _recording,
    evc.SourceStarted: _source,
    evc.SourceLost: _source,
    evc.SourceRestored: _source,
}
"""Reports that take more than their event to rebuild."""
