"""Entries of the record as lines of the live record: the event's type and the facts its sentence needs."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

import app.session.rules.events_case as evc
import app.session.rules.events_evaluation as eve
import app.session.rules.events_opening as evo
from app.session.rules.event import Recorded
from app.session.rules.events import event_type
from app.session.rules.state import State
from app.ui import texts
from app.ui.models import RecordLine
from app.ui.step_facts import StepFacts
from app.ui.widgets.amount import amount_text
from app.ui.widgets.digest import short_digest

QUIET = (evc.SegmentClosed, evc.ClockChecked, evc.Delivered, evc.Seen, evc.HandLowered)
"""What is in the record but would bury what people look for."""
MOST = 400
PEOPLE = frozenset(
    {"person", "voter", "reviewer", "member", "candidate", "verifier", "substitute", "raised_by", "about"}
)


def record_lines(facts: StepFacts, entries: Iterable[Recorded], most: int = MOST) -> tuple[RecordLine, ...]:
    """The last ``most`` entries in their order, without the quiet ones."""
    shown = [one for one in entries if not isinstance(one.event, QUIET)]
    return tuple(record_line(facts, one) for one in shown[-most:])


def record_line(facts: StepFacts, recorded: Recorded) -> RecordLine:
    """One entry."""
    event = recorded.event
    said: dict[str, str | int] = {"actor": facts.name(recorded.actor)}
    for field in event.__struct_fields__:
        value = getattr(event, field)
        if isinstance(value, bool):
            said[field] = int(value)
        elif field in PEOPLE and isinstance(value, str):
            said[field] = facts.name(value) if value else "—"
        elif field == "supplier" and isinstance(value, str):
            said[field] = facts.supplier_name(value)
        elif field == "bidders":
            said["count"] = len(value)
        elif field == "total" or field == "corrected":
            said[field] = amount_text(value, "¥")
        elif field.endswith("sha256") and isinstance(value, str):
            said[field] = short_digest(value, 8, 4)
        elif isinstance(value, Decimal):
            said[field] = f"{value:f}"
        elif isinstance(value, str | int):
            said[field] = value
    _special(facts.state, recorded, said)
    return RecordLine(index=recorded.index, at=recorded.at, event=_variant(recorded), facts=said)


def _variant(recorded: Recorded) -> str:
    """The same event may have another sentence: by clock, granted or not, passed or not."""
    event = recorded.event
    kind = event_type(event)
    wanted = _variant_of(recorded)
    return wanted if wanted in texts.table("events") else kind


def _variant_of(recorded: Recorded) -> str:
    event = recorded.event
    kind = event_type(event)
    if isinstance(event, evc.WindowOpened | evc.WindowClosed | evc.WindowExtended):
        return f"{kind}.clock"
    if isinstance(event, evc.PersonSeated) and not event.room:
        return f"{kind}.left"
    if isinstance(event, evc.RoomEquipped) and not event.person:
        return f"{kind}.none"
    if getattr(event, "by_clock", False):
        return f"{kind}.by_clock"
    for field in (
        "granted",
        "passed",
        "admitted",
        "valid",
        "accepted",
        "review",
        "muted",
        "locked",
        "elapsed",
        "missing",
    ):
        value = getattr(event, field, None)
        if isinstance(value, bool):
            return f"{kind}.{'yes' if value else 'no'}"
    return kind


def _special(state: State, recorded: Recorded, said: dict[str, str | int]) -> None:
    event = recorded.event
    match event:
        case evc.WindowOpened() | evc.WindowClosed() | evc.WindowExtended():
            said["phase"] = event.window.split(":")[0]
            said["minutes"] = max(1, getattr(event, "seconds", 0) // 60)
        case evc.PersonAdded() | evc.SupplierRegistered():
            said["person"] = said["name"] = event.person.name
            said["organisation"] = event.person.organisation
        case evc.CommitteeImported():
            said["count"] = len(event.people)
        case evc.DocumentIssued():
            said["document"] = event.kind
            said["kind"] = texts.word("document", event.kind)
        case evo.DecryptionTroubled():
            said["cause"] = texts.word("trouble", event.cause)
        case evc.GateWaived():
            said["gate"] = texts.word("gate", event.gate)
        case evc.DocumentSigned() | evc.DocumentStamped() | evc.SignatureRefused() | evc.DeemedAgreed():
            found = state.documents.get(event.document)
            said["document"] = found.kind if found is not None else event.document
        case eve.TalkEnded():
            said["minutes"] = f"{event.seconds // 60}:{event.seconds % 60:02d}"
        case eve.TotalsComputed():
            said["count"] = len(event.standings)
        case eve.HoldersFixed() | eve.SealedShareReleased():
            said["document"] = event.purpose
        case eve.RankingConfirmed():
            said["count"] = len(event.candidates)
        case evc.MutedByOfficer() if not event.person:
            said["person"] = "*"
        case _:
            stage = getattr(event, "stage", None)
            if isinstance(stage, str):
                said["phase"] = stage
                said["stage"] = texts.word("phase", stage)


def plain_facts(recorded: Recorded) -> str:
    """All fields of an entry as text, for the details behind the fold."""
    return msgspec.json.format(msgspec.json.encode(recorded.event), indent=1).decode()
