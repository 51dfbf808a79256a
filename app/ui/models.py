"""What the screens show, as frozen values: codes and data, no sentences. One adapter makes them from session state.

Codes (phase, role, method, state) become words in ``app.ui.texts``. Times are aware UTC; the screens show local time.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from app.session.rules.state import Disk


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every view model: compared by value, never changed."""


# --- home -----------------------------------------------------------------------------------------------------------


class CaseTime(StrEnum):
    """Which part of the list a case stands in."""

    TODAY = "today"
    COMING = "coming"
    PAST = "past"


class CaseAction(StrEnum):
    """The one thing a person does next with a case."""

    ENTER = "enter"
    PREPARE = "prepare"
    ARCHIVE = "archive"


class CaseRow(Frozen, frozen=True, kw_only=True):
    """One case of 我的项目. ``method``, ``role`` and ``phase`` are codes; ``starts`` is the opening time."""

    case_id: str
    name: str
    number: str
    method: str
    role: str
    phase: str
    starts: datetime
    when: CaseTime
    action: CaseAction
    rehearsal: bool = False


class TokenState(StrEnum):
    """What can be said about a token at a glance."""

    READY = "ready"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    PIN_LOW = "pin_low"
    PIN_FINAL = "pin_final"
    PIN_LOCKED = "pin_locked"
    NOT_YET = "not_yet"
    REVOKED = "revoked"
    WORKING = "working"
    REMOVED = "removed"
    MISSING = "missing"
    NO_MODULE = "no_module"
    BROKEN = "broken"


class CertificateView(Frozen, frozen=True, kw_only=True):
    """One certificate on a token; ``usage`` is a code (sign, decrypt, both); ``serial`` hexadecimal.

    ``number`` is the holder's USCC or identity number; ``fitness`` a code of :class:`app.ca.certificates.Fitness`.
    """

    subject: str
    issuer: str
    serial: str
    usage: str
    valid_from: datetime
    valid_to: datetime
    trusted: bool | None = None
    number: str = ""
    fitness: str = ""


class TokenView(Frozen, frozen=True, kw_only=True):
    """One token of this machine. ``tries_left`` is None where the device does not tell."""

    label: str
    holder: str
    state: TokenState
    serial: str = ""
    maker: str = ""
    tries_left: int | None = None
    expires: datetime | None = None
    certificates: tuple[CertificateView, ...] = ()
    problem: str = ""


class DriverView(Frozen, frozen=True, kw_only=True):
    """A driver file: ``used`` now, ``added`` by the person; ``problem`` is an error code. Neither: it is offered."""

    name: str
    path: str
    used: bool = False
    added: bool = False
    problem: str = ""


class HostState(StrEnum):
    """The case host as this desk sees it."""

    NONE = "none"
    STARTING = "starting"
    RUNNING = "running"
    LOST = "lost"


class HomeView(Frozen, frozen=True, kw_only=True):
    """The whole first screen."""

    cases: tuple[CaseRow, ...] = ()
    token: TokenView | None = None
    host: HostState = HostState.NONE


# --- preparation ----------------------------------------------------------------------------------------------------


class CheckState(StrEnum):
    """Result of one line of the preparation."""

    WAITING = "waiting"
    RUNNING = "running"
    PASSED = "passed"
    ATTENTION = "attention"
    FAILED = "failed"


class CheckLine(Frozen, frozen=True, kw_only=True):
    """One line; ``code`` (e.g. ``check.clock``) names it, ``finding`` a code with ``facts`` says what was found."""

    code: str
    state: CheckState
    finding: str = ""
    facts: dict[str, str | int] = {}


# --- room -----------------------------------------------------------------------------------------------------------


class StepState(StrEnum):
    """Where a step of the agenda stands."""

    DONE = "done"
    CURRENT = "current"
    COMING = "coming"
    FAILED = "failed"


class AgendaStep(Frozen, frozen=True, kw_only=True):
    """One phase; ``note`` is data as shown (``2/3``), ``done_at`` the moment the phase ended."""

    phase: str
    state: StepState
    note: str = ""
    done_at: datetime | None = None


class PersonRow(Frozen, frozen=True, kw_only=True):
    """One person of the room. ``role`` and ``state`` are codes (``signed_in``, ``absent``, ``weak_network`` …).

    ``seat`` names the room that is shared with others; ``acts`` are codes of what I may do about this person.
    """

    person_id: str
    name: str
    organisation: str
    role: str
    state: str
    me: bool = False
    muted: bool = True
    camera: bool = False
    hand: int | None = None
    in_lobby: bool = False
    level: str = ""
    seat: str = ""
    acts: tuple[str, ...] = ()


class MessageRow(Frozen, frozen=True, kw_only=True):
    """One message; ``scope`` is public, officer or committee. ``recorded`` is False until the record has it."""

    at: datetime
    sender: str
    text: str
    scope: str
    mine: bool = False
    recorded: bool = True


class ObjectionRow(Frozen, frozen=True, kw_only=True):
    """One objection; ``state`` is raised, answered, adjourned or withdrawn."""

    objection_id: str
    at: datetime
    raiser: str
    text: str
    state: str
    answer: str = ""
    deadline: datetime | None = None


class FileRow(Frozen, frozen=True, kw_only=True):
    """A document of the case; ``digest`` is SHA-256 in hex, ``state`` a code (``sealed``, ``opened``, ``signed`` …)."""

    file_id: str
    name: str
    owner: str
    size: int
    digest: str
    state: str


class RecordLine(Frozen, frozen=True, kw_only=True):
    """One event of the live record; ``event`` is its type, ``facts`` fill the sentence."""

    index: int
    at: datetime
    event: str
    facts: dict[str, str | int] = {}


class RecordState(Frozen, frozen=True, kw_only=True):
    """The record's head as this desk has checked it; ``root`` is hexadecimal."""

    size: int = 0
    root: str = ""
    cosigned: int = 0
    expected: int = 0


class Link(StrEnum):
    """The line to the host."""

    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    LOST = "lost"


class Waiting(Frozen, frozen=True, kw_only=True):
    """Who is waited for, and for what (a code)."""

    names: tuple[str, ...]
    act: str
    until: datetime | None = None


class RoomTop(Frozen, frozen=True, kw_only=True):
    """The top bar. ``recording_since`` is None while nothing is recorded; ``disk_minutes`` what the host's disk still
    holds, ``disk_full`` that nothing is recorded for want of room."""

    title: str
    number: str
    method: str
    officer: str
    recording_since: datetime | None = None
    disk_minutes: int | None = None
    disk_full: bool = False
    supervisors: int = 0
    record: RecordState = RecordState()
    token: TokenView | None = None
    rehearsal: bool = False


class RoomView(Frozen, frozen=True, kw_only=True):
    """Everything the room's shell shows; the step panel gets its own snapshot."""

    room: str
    top: RoomTop
    agenda: tuple[AgendaStep, ...] = ()
    people: tuple[PersonRow, ...] = ()
    messages: tuple[MessageRow, ...] = ()
    objections: tuple[ObjectionRow, ...] = ()
    files: tuple[FileRow, ...] = ()
    lines: tuple[RecordLine, ...] = ()
    waiting: Waiting | None = None
    may: frozenset[str] = frozenset()
    link: Link = Link.CONNECTED
    paused: bool = False
    muted: bool = True
    camera: bool = False
    hand: bool = False
    all_muted: bool = False
    locked: bool = False
    disk: Disk | None = None
    """Said across the screen when it is nearly full."""


class TileView(Frozen, frozen=True, kw_only=True):
    """One video tile. ``network`` is 0 (gone) to 3 (good), None for one's own picture; ``detail`` for the tool tip.

    ``sitting``: names of those who share a room's camera.
    """

    source_id: str
    name: str
    role: str
    muted: bool = False
    speaking: bool = False
    pinned: bool = False
    video: bool = True
    network: int | None = 3
    detail: str = ""
    sitting: tuple[str, ...] = ()
