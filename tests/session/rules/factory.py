"""Cases for the tests of the rules: people, bids, and a room in which things happen and people do things."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_opening as evo
from app.canon import sha256_hex
from app.procurement.bid import BidPayload, Declarations, PriceItem, PriceSchedule
from app.procurement.capital_amount import to_words
from app.procurement.case import (
    CaseFile,
    Committee,
    Criterion,
    Lot,
    OpenerSeat,
    OpeningPolicy,
    Organisation,
    PerUnit,
    ReviewItem,
)
from app.procurement.methods import method_of
from app.procurement.rulepack import RuleSet, effective_windows, load_rule_pack, rules_in_force
from app.session.rules.command import Command
from app.session.rules.event import Event, Grave, Recorded
from app.session.rules.people import HOST, Level, Party, Person, Role
from app.session.rules.state import State
from app.session.rules.table import Refused, apply, decide, elapse, follow

TENDER = "public_tender"
CONSULTATION = "competitive_consultation"
START = datetime(2026, 4, 1, 1, 0, tzinfo=UTC)
DEADLINE = START + timedelta(hours=1)
GRAVE = Grave(statement="e30=", signature="c2ln", certificate="Y2VydA==")
PURCHASER = Organisation("春城区档案馆", "11530199MB0X0001K8")
AGENCY = Organisation("云岭衡正招标代理有限公司", "91530199MA6XB1DRM8")
A, B, C, D = (f"91530199MA6XAAA0{n}X" for n in range(1, 5))
SUPPLIERS = {A: "甲公司", B: "乙公司", C: "丙公司", D: "丁公司"}
SPEAKER = {A: "sa", B: "sb", C: "sc", D: "sd"}
TWO_EACH = PerUnit("n", Decimal(2), Decimal(10))


def digest(text: object) -> str:
    """A digest-shaped name for ``text``."""
    return sha256_hex(str(text).encode())


def rules() -> RuleSet:
    path = Path(__file__).parents[3] / "resources" / "rulepacks" / "cn-2026.json"
    return rules_in_force(load_rule_pack(path.read_bytes()), date(2026, 3, 1))


def case_file(method: str = TENDER, **changes: object) -> CaseFile:
    """A small case: two review items of each stage, one objective, one technical and one price criterion."""
    lot = Lot(
        id="1",
        name="数字化加工",
        budget=Decimal("1000.00"),
        criteria=(
            Criterion("contracts", "业绩", "objective", Decimal(10), "business", rule=TWO_EACH),
            Criterion("approach", "方案", "subjective", Decimal(70)),
            Criterion("price", "价格", "price", Decimal(20), "price"),
        ),
        qualification=(ReviewItem("licence", "营业执照"), ReviewItem("credit", "信用")),
        conformity=(ReviewItem("signed", "签章"), ReviewItem("format", "格式", mandatory=False)),
    )
    size = 5 if method == TENDER else 3
    fields: dict[str, object] = {
        "project_number": "KM-1",
        "project_name": "档案数字化",
        "purchaser": PURCHASER,
        "agency": AGENCY,
        "category": "services",
        "method": method,
        "notice_date": date(2026, 3, 1),
        "deadline": DEADLINE,
        "place": "开标一室",
        "lots": (lot,),
        "committee": Committee(size=size, experts=size - 1),
        "opening_policy": OpeningPolicy(
            k=2, openers=(OpenerSeat("o1", "开标甲", "agency"), OpenerSeat("o2", "开标乙", "purchaser"))
        ),
        **changes,
    }
    return CaseFile(**fields)  # type: ignore[arg-type]


def person(key: str, *roles: Role, party: Party, uscc: str = "", organisation: str = "单位") -> Person:
    return Person(id=key, name=f"人{key}", roles=roles, party=party, organisation=organisation, uscc=uscc)


def staff() -> tuple[Person, ...]:
    return (
        person("officer", Role.OFFICER, party=Party.AGENCY),
        person("clerk", Role.CLERK, party=Party.AGENCY),
        person("engineer", Role.ENGINEER, party=Party.AGENCY),
        person("o1", Role.OPENER, party=Party.AGENCY),
        person("o2", Role.OPENER, Role.PURCHASER, party=Party.PURCHASER),
        person("boss", Role.SUPERVISOR, party=Party.SUPERVISION),
    )


def expert(key: str) -> Person:
    return person(key, Role.MEMBER, Role.EXPERT, party=Party.EXPERT)


def committee(method: str = TENDER) -> tuple[Person, ...]:
    """``m0`` is the purchaser's member, the others are experts."""
    purchaser = person("m0", Role.MEMBER, Role.PURCHASER, party=Party.PURCHASER)
    return (purchaser, *(expert(f"m{n}") for n in range(1, 5 if method == TENDER else 3)))


def supplier_person(uscc: str) -> Person:
    return person(SPEAKER[uscc], Role.SUPPLIER, party=Party.SUPPLIER, uscc=uscc, organisation=SUPPLIERS[uscc])


def schedule(total: str, written: str | None = None) -> PriceSchedule:
    """One line of the given price; ``written`` is the total as it stands in figures when it is wrong."""
    price = Decimal(total)
    item = PriceItem("扫描", Decimal(1), "项", price, price)
    shown = price if written is None else Decimal(written)
    return PriceSchedule(items=(item,), total=shown, total_words=to_words(shown), declarations=Declarations())


def payload(uscc: str, total: str, contracts: int = 3, written: str | None = None) -> BidPayload:
    return BidPayload(
        tender="KM-1",
        lot="1",
        supplier=Organisation(SUPPLIERS[uscc], uscc),
        price=schedule(total, written),
        documents=(),
        facts={"n": contracts},
    )


class Room:
    """A room at rule level: events are folded, commands decided, what follows follows, clocks run when asked."""

    def __init__(self) -> None:
        self.state = State()
        self.now = START
        self.log: list[Recorded] = []

    def happens(self, *events: Event, actor: str = HOST) -> None:
        for event in events:
            recorded = Recorded(index=len(self.log), at=self.now, actor=actor, event=event)
            self.log.append(recorded)
            self.state = apply(self.state, recorded)

    def settle(self) -> None:
        """What follows by itself, as the engine does it after every step."""
        for _ in range(100):
            events = follow(self.state, self.now)
            if not events:
                return
            self.happens(*events)
        raise AssertionError("it never comes to rest")

    def tries(self, actor: str, command: Command) -> tuple[Event, ...] | Refused:
        """The outcome of a command; folded when it was not refused."""
        outcome = decide(self.state, actor, command, self.now)
        if not isinstance(outcome, Refused):
            self.happens(*outcome, actor=actor)
            self.settle()
        return outcome

    def does(self, actor: str, *commands: Command) -> None:
        for command in commands:
            outcome = self.tries(actor, command)
            assert not isinstance(outcome, Refused), f"{actor} {command}: {outcome}"

    def refuses(self, actor: str, command: Command) -> str:
        """The code with which a command is refused."""
        outcome = decide(self.state, actor, command, self.now)
        assert isinstance(outcome, Refused), f"{actor} {command} was not refused: {outcome}"
        return outcome.code

    def wait(self, seconds: float) -> None:
        """Time passes; clocks that run out take their defaults."""
        self.now += timedelta(seconds=seconds)
        for _ in range(100):
            events = elapse(self.state, self.now)
            if not events:
                return
            self.happens(*events)
            self.settle()
        raise AssertionError("clocks never come to rest")

    def run_out(self, window: str) -> None:
        """Wait until just after ``window`` has run out."""
        self.wait((self.state.windows[window].until - self.now).total_seconds() + 1)

    def signs_in(self, *people: str) -> None:
        self.happens(
            *(
                evc.SignedIn(
                    person=key,
                    level=Level.PERSONAL_TOKEN,
                    session=f"session-{key}-{len(self.log)}",
                    certificate=f"cert-{key}",
                    encryption_certificate=f"enc-{key}",
                    chain=(),
                    challenge="",
                    challenge_signature="",
                    revocation="good",
                )
                for key in people
            )
        )

    def of(self, kind: type[Event]) -> list[Event]:
        """All events of one kind so far."""
        return [recorded.event for recorded in self.log if type(recorded.event) is kind]


def announced(method: str = TENDER, **changes: object) -> Room:
    """A case with its staff signed in."""
    room = Room()
    file = case_file(method, **changes)
    law = rules()
    windows = {name: clock.seconds for name, clock in effective_windows(file.windows, law).items()}
    room.happens(
        evc.CaseOpened(
            case="KM-1/1",
            lot="1",
            case_file=file,
            rehearsal=False,
            rules=law,
            windows=windows,
            shortened={},
            blob_keys=(),
            host_key="00",
            host_certificate="",
        ),
        *(evc.PersonAdded(person=one) for one in staff()),
    )
    room.signs_in("officer", "clerk", "engineer", "o1", "o2", "boss")
    return room


def received(method: str = TENDER, suppliers: tuple[str, ...] = (A, B, C), **changes: object) -> Room:
    """Suppliers have registered and handed in their sealed bids; the deadline has not come."""
    room = announced(method, **changes)
    room.happens(evc.PhaseEntered(phase="receiving", by="officer"))
    for uscc in suppliers:
        room.happens(evc.SupplierRegistered(person=supplier_person(uscc), certificate="cert"))
        room.signs_in(SPEAKER[uscc])
        room.happens(
            evc.BidSubmitted(
                supplier=uscc,
                header_sha256=digest(f"header {uscc}"),
                envelope_sha256=digest(f"envelope {uscc}"),
                size=1000,
                receipt=digest(f"receipt {uscc}"),
            )
        )
    return room


def opened(method: str = TENDER, prices: dict[str, str | BidPayload] | None = None, **changes: object) -> Room:
    """The opening room is closed and the bids are handed on; the committee is imported and signed in."""
    prices = {A: "900.00", B: "800.00", C: "850.00"} if prices is None else prices
    room = received(method, tuple(prices), **changes)
    room.now = DEADLINE + timedelta(minutes=1)
    bids = {uscc: payload(uscc, bid) if isinstance(bid, str) else bid for uscc, bid in prices.items()}
    for phase in method_of(method).room("opening"):
        room.happens(evc.PhaseEntered(phase=phase.name, by="officer"))
        if phase.name == "discipline" and method_of(method).bidder_list_published:
            room.happens(
                evo.BidderListPublished(bidders=tuple(prices), names=tuple(SUPPLIERS[uscc] for uscc in prices)),
                actor="officer",
            )
        if phase.name == "decrypting":
            for uscc in bids:
                room.happens(
                    evo.BidOpened(
                        supplier=uscc,
                        header_sha256=digest(f"header {uscc}"),
                        manifest_sha256=digest(f"manifest {uscc}"),
                        documents=(evo.BidDocument("技术.pdf", 10, digest(f"file {uscc}"), "application/pdf"),),
                    )
                )
        if phase.name == "reading":
            room.happens(*(evo.PriceRead(supplier=uscc, bid=bid) for uscc, bid in bids.items()))
    room.happens(evo.BidsHandedOn(bids=bids))
    room.happens(evc.CommitteeImported(people=committee(method), draw_reference="抽-1"), actor="officer")
    room.signs_in(*(one.id for one in committee(method)))
    room.settle()
    return room


def passing(room: Room) -> dict[str, bool]:
    """Every item of the present stage passed."""
    lot = room.state.the_lot().lot
    items = lot.qualification if room.state.phase == "qualification" else lot.conformity
    return {item.id: True for item in items}


def advance(room: Room, phase: str, actor: str = "officer", reason: str = "") -> None:
    room.does(actor, cmd.Advance(phase=phase, reason=reason))
