"""What is true now: the fold of the events. Frozen all the way down; a client folds only what it may see.

Longer than other files: the state is one thing, and its parts are of no use without it.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from app.procurement.bid import BidPayload, Evidence, PriceSchedule
from app.procurement.case import LotCase
from app.procurement.methods import Method
from app.procurement.rulepack import RuleSet
from app.session.rules.events_evaluation import CheckFinding, OpenedSheet, Standing
from app.session.rules.events_opening import BidDocument
from app.session.rules.people import Level, Person, Role

ANNOUNCED = "announced"
RECEIVING = "receiving"
CLOSED = "closed"
FAILED = "failed"


class Invitation(msgspec.Struct, frozen=True):
    person: str
    secret_sha256: str
    expires: datetime
    used: bool = False


class OneUseCode(msgspec.Struct, frozen=True):
    """What is known of a staff-verified person's code (一次性验证码); ``wrong`` counts the tries that failed."""

    sha256: str
    expires: datetime | None = None
    used: bool = False
    wrong: int = 0
    photo_sha256: str = ""

    @property
    def void(self) -> bool:
        """Tried wrongly too often."""
        return self.wrong >= WRONG_CODES


WRONG_CODES = 5
"""Wrong tries after which a one-use code is void and the identity must be verified anew."""


class SignIn(msgspec.Struct, frozen=True):
    """How a person is signed in: level, bound certificates (base64 DER), session keys (hex)."""

    level: Level
    certificate: str
    encryption_certificate: str
    chain: tuple[str, ...]
    at: datetime
    revocation: str
    drawn_signature_sha256: str = ""
    blind_certificate: str = ""


class Window(msgspec.Struct, frozen=True):
    """A running clock; ``closed`` None while it runs, else whether it ``elapsed``."""

    opened: datetime
    until: datetime
    seconds: int
    closed: bool | None = None


class Bid(msgspec.Struct, frozen=True):
    """投标（响应）文件 of one supplier as the room knows it."""

    supplier: str
    header_sha256: str
    envelope_sha256: str
    size: int
    submitted: datetime
    receipt: str = ""
    withdrawn: bool = False
    seal: str = ""  # "", matched, mismatch, confirmed, default, excluded
    shares: dict[str, str] = msgspec.field(default_factory=dict)  # person → wrapped share blob
    supplier_share: str = ""
    opened: bool = False
    manifest_sha256: str = ""
    documents: tuple[BidDocument, ...] = ()
    failure: str = ""
    telemetry: dict[str, str] = msgspec.field(default_factory=dict)
    trouble: str = ""
    attribution: str = ""
    attribution_reason: str = ""
    backup: str = ""  # commitment announced at submission
    recovery: bool = False  # a share on paper was announced
    recovered: bool = False  # and used
    backup_admitted: str = ""  # the officer's reason
    backup_sha256: str = ""  # handed in, not opened yet
    payload: BidPayload | None = None
    read: bool = False
    price: str = ""  # "", confirmed, default, disputed
    dispute: str = ""

    @property
    def settled(self) -> bool:
        """Opened, or failed and attributed without an admitted backup: nothing is waited for."""
        return self.opened or (bool(self.attribution) and not self.backup_admitted)


class Objection(msgspec.Struct, frozen=True):
    id: str
    supplier: str
    text: str
    at: datetime
    answer: str = ""
    adjourned: str = ""

    @property
    def open(self) -> bool:
        return not (self.answer or self.adjourned)


class Recusal(msgspec.Struct, frozen=True):
    id: str
    raised_by: str
    about: str
    reason: str
    granted: bool | None = None
    ruling: str = ""


class Message(msgspec.Struct, frozen=True):
    index: int
    at: datetime
    sender: str
    to: str
    text: str


class Document(msgspec.Struct, frozen=True):
    """A document to be signed; ``fields`` maps each signer to its field, in no order of signing."""

    id: str
    kind: str
    pdf_sha256: str
    fields: dict[str, str]
    subject: str = ""
    signed: tuple[str, ...] = ()
    refused: dict[str, str] = msgspec.field(default_factory=dict)
    deemed: dict[str, str] = msgspec.field(default_factory=dict)
    stamped: bool = False

    @property
    def waiting(self) -> tuple[str, ...]:
        """Signers of whom nothing is known yet."""
        return tuple(p for p in self.fields if p not in self.signed and p not in self.refused and p not in self.deemed)


class ReviewSheet(msgspec.Struct, frozen=True):
    passed: dict[str, bool]
    reasons: dict[str, str]
    evidence: dict[str, Evidence] = msgspec.field(default_factory=dict)


class Decision(msgspec.Struct, frozen=True):
    passed: bool
    failed_items: tuple[str, ...] = ()
    dissent: dict[str, str] = msgspec.field(default_factory=dict)


class Clarification(msgspec.Struct, frozen=True):
    id: str
    supplier: str
    text: str
    purpose: str  # clarify, correction
    until: datetime
    answer: str = ""
    defaulted: bool = False
    seen: bool = False
    confirmed: bool | None = None
    corrected: Decimal | None = None
    steps: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        return not (self.answer or self.defaulted)


class Talk(msgspec.Struct, frozen=True):
    supplier: str
    called: datetime
    started: datetime | None = None
    seconds: int | None = None


class Change(msgspec.Struct, frozen=True):
    """变动采购需求."""

    id: str
    text: str
    confirmed: bool = False
    responses: dict[str, str] = msgspec.field(default_factory=dict)
    votes: dict[str, dict[str, bool]] = msgspec.field(default_factory=dict)
    rechecked: dict[str, bool] = msgspec.field(default_factory=dict)


class Sealed(msgspec.Struct, frozen=True):
    """A sealed sheet or quote: its envelope, not what is in it."""

    owner: str
    header_sha256: str
    envelope_sha256: str
    size: int


class SealedSet(msgspec.Struct, frozen=True):
    """All envelopes of one purpose (``quote``, ``sheet``), their holders, and the shares released so far."""

    k: int = 0
    holders: dict[str, str] = msgspec.field(default_factory=dict)
    envelopes: dict[str, Sealed] = msgspec.field(default_factory=dict)
    released: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)  # person → header → share blob
    opened: bool = False
    failed: dict[str, str] = msgspec.field(default_factory=dict)


class LowPrice(msgspec.Struct, frozen=True):
    triggers: tuple[str, ...]
    until: datetime
    explanation: str = ""
    votes: dict[str, bool] = msgspec.field(default_factory=dict)
    reasons: dict[str, str] = msgspec.field(default_factory=dict)
    ruled: bool | None = None


class PriceDoubt(msgspec.Struct, frozen=True):
    """A member's motion to review a quote; ``ruled`` None while the committee votes."""

    member: str
    reason: str
    votes: dict[str, bool] = msgspec.field(default_factory=dict)
    reasons: dict[str, str] = msgspec.field(default_factory=dict)
    ruled: bool | None = None


class Source(msgspec.Struct, frozen=True):
    id: str
    person: str
    name: str
    kind: str
    live: bool = True


class Recording(msgspec.Struct, frozen=True):
    running: bool = False
    started: datetime | None = None
    segments: int = 0
    bytes: int = 0
    hours_left: int = 0


class Disk(msgspec.Struct, frozen=True):
    """The host's disk: ample, low (two hours of recording), critical (half an hour) or full (nothing is recorded)."""

    space: str = "ample"
    minutes_left: int | None = None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The whole case. Suppliers are named by USCC, people by person id, times are aware UTC.

    ``size`` is the number of entries folded so far; on a client that may not see all, the index of the last plus one.
    """

    size: int = 0
    at: datetime | None = None
    case: str = ""
    lot: LotCase | None = None
    method: Method | None = None
    rules: RuleSet | None = None
    windows_seconds: dict[str, int] = msgspec.field(default_factory=dict)
    shortened: dict[str, int] = msgspec.field(default_factory=dict)
    rehearsal: bool = False
    host_key: str = ""
    host_certificate: str = ""

    phase: str = ANNOUNCED
    phase_since: datetime | None = None
    history: tuple[tuple[str, datetime], ...] = ()
    windows: dict[str, Window] = msgspec.field(default_factory=dict)
    paused: str = ""
    paused_at: datetime | None = None
    failed: str = ""
    waived: dict[str, str] = msgspec.field(default_factory=dict)
    clocks: dict[str, int] = msgspec.field(default_factory=dict)
    rooms: dict[str, str] = msgspec.field(default_factory=dict)  # room → person whose desk runs its devices

    people: dict[str, Person] = msgspec.field(default_factory=dict)
    invitations: dict[str, Invitation] = msgspec.field(default_factory=dict)
    codes: dict[str, OneUseCode] = msgspec.field(default_factory=dict)
    certificates: dict[str, str] = msgspec.field(default_factory=dict)  # person → bound certificate (base64 DER)
    signed_in: dict[str, SignIn] = msgspec.field(default_factory=dict)
    sessions: dict[str, str] = msgspec.field(default_factory=dict)  # session key → person
    online: frozenset[str] = frozenset()
    admitted: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    absent: dict[str, str] = msgspec.field(default_factory=dict)
    acted: dict[str, datetime] = msgspec.field(default_factory=dict)  # person → last act or reminder
    reminded: dict[str, int] = msgspec.field(default_factory=dict)  # person → reminders since the last act
    patient_since: datetime | None = None  # the last pause or outage ended
    set_aside: frozenset[str] = frozenset()  # leaders that were voted for anew
    hands: tuple[str, ...] = ()
    muted: frozenset[str] = frozenset()
    muted_all: bool = False
    locked: bool = False
    messages: tuple[Message, ...] = ()
    incidents: tuple[Message, ...] = ()
    notices: tuple[Message, ...] = ()

    kit_core_sha256: str = ""
    kit_core: str = ""
    acceptances: dict[str, str] = msgspec.field(default_factory=dict)
    kit_sha256: str = ""
    kit_openers: tuple[str, ...] = ()
    keyless: frozenset[str] = frozenset()  # openers whose accepted key is not on their token
    suppliers: dict[str, str] = msgspec.field(default_factory=dict)  # USCC → organisation name
    bids: dict[str, Bid] = msgspec.field(default_factory=dict)
    superseded: frozenset[str] = frozenset()

    sources: dict[str, Source] = msgspec.field(default_factory=dict)
    recording: Recording = Recording()
    disk: Disk = Disk()
    authorities: tuple[str, ...] = ()  # CA certificates (DER, base64) the officer added to the case's trust list
    stamps_missing: bool = False  # no authority answers where the case names one

    discipline_read: bool = False
    bidders_published: bool = False
    reading: str = ""
    recusals: dict[str, Recusal] = msgspec.field(default_factory=dict)
    objections: dict[str, Objection] = msgspec.field(default_factory=dict)
    no_objection: dict[str, bool] = msgspec.field(default_factory=dict)
    documents: dict[str, Document] = msgspec.field(default_factory=dict)
    authorisations: dict[str, str] = msgspec.field(default_factory=dict)

    reviews: dict[str, dict[str, dict[str, ReviewSheet]]] = msgspec.field(
        default_factory=dict
    )  # stage→supplier→reviewer
    decisions: dict[str, dict[str, Decision]] = msgspec.field(default_factory=dict)  # stage → supplier
    invalid: dict[str, str] = msgspec.field(default_factory=dict)  # supplier → ground
    notified: frozenset[str] = frozenset()
    bids_handed_on: bool = False

    phones: frozenset[str] = frozenset()
    commitments: dict[str, str] = msgspec.field(default_factory=dict)
    member_recusals: dict[str, Recusal] = msgspec.field(default_factory=dict)
    replaced: dict[str, str] = msgspec.field(default_factory=dict)  # old member → substitute or ""
    leader_round: int = 1
    leader_votes: dict[str, str] = msgspec.field(default_factory=dict)
    leader: str = ""
    clarifications: dict[str, Clarification] = msgspec.field(default_factory=dict)
    talks: dict[str, Talk] = msgspec.field(default_factory=dict)
    in_talk: str = ""
    changes: dict[str, Change] = msgspec.field(default_factory=dict)
    withdrew: dict[str, str] = msgspec.field(default_factory=dict)
    sealed: dict[str, SealedSet] = msgspec.field(default_factory=dict)  # purpose → set
    quotes: dict[str, PriceSchedule] = msgspec.field(default_factory=dict)
    fixed_quotes: dict[str, Decimal] = msgspec.field(default_factory=dict)  # after confirmed corrections, yuan
    low_price: dict[str, LowPrice] = msgspec.field(default_factory=dict)
    doubts: dict[str, PriceDoubt] = msgspec.field(default_factory=dict)  # supplier → motion for a low-price review
    sheets: dict[str, OpenedSheet] = msgspec.field(default_factory=dict)
    reopened: dict[str, str] = msgspec.field(default_factory=dict)
    standings: tuple[Standing, ...] = ()
    findings: tuple[CheckFinding, ...] = ()
    deviations: tuple[CheckFinding, ...] = ()
    deviation_reasons: dict[str, str] = msgspec.field(default_factory=dict)  # "member/supplier/criterion" → reason
    tie_rule: str = ""
    candidates: tuple[str, ...] = ()
    agency_checked: bool = False
    recheck: str = ""
    rechecks: tuple[tuple[str, str], ...] = ()
    dissents: dict[str, str] = msgspec.field(default_factory=dict)
    undone: tuple[str, ...] = ()

    def with_(self, **changes: Any) -> "State":
        """A copy with some fields changed."""
        return msgspec.structs.replace(self, **changes)

    # --- plain questions that many rules ask ---

    def the_lot(self) -> LotCase:
        assert self.lot is not None, "the first entry opens the case"
        return self.lot

    def the_method(self) -> Method:
        assert self.method is not None, "the first entry opens the case"
        return self.method

    def the_rules(self) -> RuleSet:
        assert self.rules is not None, "the first entry opens the case"
        return self.rules

    def person(self, person_id: str) -> Person | None:
        return self.people.get(person_id)

    def has_role(self, person_id: str, *roles: Role) -> bool:
        """Whether ``person_id`` is a known person with one of ``roles`` that has not been replaced."""
        found = self.people.get(person_id)
        return found is not None and person_id not in self.replaced and found.has(*roles)

    def with_role(self, role: Role) -> tuple[str, ...]:
        """Person ids in order of registration, without replaced ones."""
        return tuple(p for p, person in self.people.items() if person.has(role) and p not in self.replaced)

    def members(self) -> tuple[str, ...]:
        """The committee as it sits now."""
        return self.with_role(Role.MEMBER)

    def supplier_of(self, person_id: str) -> str:
        """The USCC a supplier's representative acts for, else empty."""
        found = self.people.get(person_id)
        return found.uscc if found is not None and found.has(Role.SUPPLIER) else ""

    def representatives(self, supplier: str) -> tuple[str, ...]:
        """The persons that act for a supplier."""
        return tuple(p for p, person in self.people.items() if person.has(Role.SUPPLIER) and person.uscc == supplier)

    def valid_bids(self) -> tuple[str, ...]:
        """USCCs of bids received and not withdrawn, in order of receipt."""
        return tuple(s for s, bid in self.bids.items() if not bid.withdrawn and bid.seal != "excluded")

    def opened_bids(self) -> tuple[str, ...]:
        """USCCs of the bids that were opened."""
        return tuple(s for s in self.valid_bids() if self.bids[s].opened)

    def continuing(self) -> tuple[str, ...]:
        """USCCs still in the running: opened, not declared invalid, not withdrawn from the talks."""
        return tuple(s for s in self.opened_bids() if s not in self.invalid and s not in self.withdrew)

    def payload(self, supplier: str) -> BidPayload | None:
        bid = self.bids.get(supplier)
        return bid.payload if bid is not None else None

    def window_open(self, name: str) -> bool:
        window = self.windows.get(name)
        return window is not None and window.closed is None

    def document_of(self, kind: str, subject: str = "") -> Document | None:
        """The newest document of a kind (and subject)."""
        found = [d for d in self.documents.values() if d.kind == kind and d.subject == subject]
        return found[-1] if found else None

    def document_for(self, person: str, kind: str) -> Document | None:
        """Of the newest documents of a kind, the first that waits for this person, else the first it signs, else any.

        There are several where each supplier has a record of its own.
        """
        newest = {d.subject: d for d in self.documents.values() if d.kind == kind}
        ranked = sorted(newest.values(), key=lambda d: (person not in d.waiting, person not in d.fields))
        return ranked[0] if ranked else None
