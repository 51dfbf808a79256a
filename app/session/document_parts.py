"""What all documents share: the case, the people, times and figures as they are printed."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

from msgspec import Struct

from app.clock import stamp
from app.procurement.capital_amount import LIMIT, to_words
from app.procurement.data import two_places
from app.session.document_words import LEVELS, ROLES
from app.session.documents_data import CaseHead, Money, RecordMark, SignerBox
from app.session.rules.event import Event, Recorded
from app.session.rules.people import Person, Role
from app.session.rules.state import State

BEIJING = timezone(timedelta(hours=8))
LINE = 400
TEXT = 20_000
CUT = "……（全文见案卷记录）"
MOST_PLACES = 6

E = TypeVar("E", bound=Event)


class Source(Struct, frozen=True):
    """What a document is made from: the state, the entries behind it, and its moment."""

    state: State
    recorded: Sequence[Recorded]
    entries: int
    root: str
    now: datetime

    def all(self, kind: type[E]) -> list[tuple[Recorded, E]]:
        """The entries of one kind, in order."""
        return [(item, item.event) for item in self.recorded if isinstance(item.event, kind)]

    def last(self, kind: type[E], **fields: object) -> tuple[Recorded, E] | None:
        """The newest entry of one kind whose event has these fields."""
        for item in reversed(self.recorded):
            event = item.event
            if isinstance(event, kind) and all(getattr(event, name) == value for name, value in fields.items()):
                return item, event
        return None

    def head(self) -> dict[str, object]:
        """The fields that every document has, but for its signers."""
        state = self.state
        lot = state.the_lot()
        case = CaseHead(
            project_number=lot.project_number,
            project_name=line(lot.project_name),
            lot_number=lot.lot.id,
            lot_name=line(lot.lot.name),
            method=state.the_method().term,
            purchaser=line(lot.purchaser.name),
            agency=line(lot.agency.name),
        )
        mark = RecordMark(entries=self.entries, root=self.root)
        return {"case": case, "rehearsal": state.rehearsal, "record": mark, "issued_at": stamp(self.now)}


# --- texts and figures ---


def line(value: str) -> str:
    """One line of at most 400 characters; what is longer says so."""
    flat = " ".join(value.split())
    return flat if len(flat) <= LINE else flat[: LINE - len(CUT)] + CUT


def body(value: str) -> str:
    """A text of at most 20,000 characters; what is longer says so."""
    return value if len(value) <= TEXT else value[: TEXT - len(CUT)] + CUT


def names(people: Iterable[str]) -> str:
    """Names side by side."""
    return line("、".join(people))


def figure(value: Decimal) -> str:
    """A figure as it is printed: two decimals at least, six at most."""
    quantum = Decimal(1).scaleb(-MOST_PLACES)
    return two_places(value if value == value.quantize(quantum) else value.quantize(quantum, ROUND_HALF_UP))


def local(moment: datetime) -> str:
    """Beijing time to the second, inside a sentence."""
    return moment.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def beijing_day(year: int, month: int, day: int) -> datetime:
    """The beginning of a day in China, in UTC."""
    return datetime(year, month, day, tzinfo=BEIJING).astimezone(UTC)


def money(amount: Decimal, words: str = "") -> Money:
    """An amount with its words 大写: as declared where given, else as the rule writes it."""
    writable = 0 <= amount < LIMIT and amount == amount.quantize(Decimal("0.01"))
    return Money(figures=figure(amount), words=words or (to_words(amount) if writable else ""))


# --- people ---


def person_name(state: State, person: str) -> str:
    """A person's name; the id where the person is not known."""
    found = state.people.get(person)
    return line(found.name) if found is not None else line(person)


def supplier_name(state: State, supplier: str) -> str:
    """A supplier's name: as registered, as its bid or person says, else its code."""
    known = state.suppliers.get(supplier)
    if known:
        return line(known)
    payload = state.payload(supplier)
    if payload is not None:
        return line(payload.supplier.name)
    person = next((state.people[p] for p in state.representatives(supplier)), None)
    return line(person.organisation if person is not None and person.organisation else supplier)


def member_role(person: Person | None) -> str:
    """评审专家 or 采购人代表."""
    if person is None:
        return ROLES[Role.MEMBER]
    return ROLES[Role.PURCHASER] if person.has(Role.PURCHASER) or person.party == "purchaser" else ROLES[Role.EXPERT]


def box(state: State, person: str, role: str = "") -> SignerBox:
    """The box of a signer; ``role`` overrides what the person's first role says."""
    found = state.people.get(person)
    words = role or (ROLES[found.roles[0]] if found is not None and found.roles else "签署人")
    organisation = found.organisation if found is not None else ""
    return SignerBox(person_id=person, name=person_name(state, person), role=words, organisation=line(organisation))


def sign_in_words(state: State, person: str) -> str:
    """Level and time of a sign-in."""
    found = state.signed_in.get(person)
    return "" if found is None else f"{LEVELS[found.level]}，{local(found.at)} 签到"
