"""The cast of a rehearsal: who takes part, with what token, and the picture and sound each one publishes."""

from datetime import datetime
from pathlib import Path

import msgspec

from app.ca.token import FixedPin
from app.ca.worker import TokenKeyHolder, TokenWorker
from app.procurement.case import LotCase
from app.rehearsal.demo_pki import DemoPerson, DemoPki, SoftToken, fictitious_identity_number
from app.rehearsal.sample_bids import SampleBid
from app.rehearsal.sample_case import SamplePerson
from app.session.rules.people import Level, Party, Person, Role

SITE = "评审一室"
SEATED = ("expert-3", "expert-4")
"""These experts sit in one room: own tokens and sheets, the room's camera and microphone."""
PIN = "135790"
"""The PIN of every rehearsal token; a rehearsal has no secrets."""

_ROLES: dict[str, tuple[tuple[Role, ...], Party]] = {
    "officer": ((Role.OFFICER, Role.OPENER), Party.AGENCY),
    "clerk": ((Role.CLERK,), Party.AGENCY),
    "engineer": ((Role.ENGINEER,), Party.AGENCY),
    "agencyopener": ((Role.OPENER,), Party.AGENCY),
    "opener": ((Role.OPENER, Role.PURCHASER), Party.PURCHASER),
    "purchaser": ((Role.PURCHASER, Role.MEMBER), Party.PURCHASER),
    "expert": ((Role.EXPERT, Role.MEMBER), Party.EXPERT),
    "supervisor": ((Role.SUPERVISOR,), Party.SUPERVISION),
    "supplier": ((Role.SUPPLIER,), Party.SUPPLIER),
}


class Actor(msgspec.Struct, frozen=True):
    """One of the cast.

    Attributes:
        key: id in the sample; for suppliers the bid's key.
        person: as it is registered; a supplier's is registered by its own sign-in, its id is then the host's.
        late: drawn late: imported after the deadline (the committee).
    """

    key: str
    role: str
    person: Person
    level: Level
    token: SoftToken
    late: bool = False


def person_of(sample: SamplePerson) -> Person:
    """A sample person as the room knows it."""
    roles, party = _ROLES[sample.role]
    organisation = sample.organisation
    return Person(
        id=sample.id.replace("-", ""),
        name=sample.name,
        roles=roles,
        party=party,
        organisation=organisation.name if organisation is not None else "评审专家库",
        uscc=organisation.uscc if organisation is not None else "",
        seat=SITE if sample.role == "engineer" or sample.id in SEATED else "",
    )


def make_cast(
    folder: Path, case: LotCase, people: tuple[SamplePerson, ...], bids: list[SampleBid], now: datetime
) -> tuple[DemoPki, list[Actor]]:
    """A test CA and a token for everyone; suppliers sign in with organisation tokens, all others with personal ones.

    RSA and EC alternate, so that both kinds of token take part in every rehearsal.
    """
    pki = DemoPki.create(folder / "pki", now)
    wanted: list[tuple[str, str, Person, Level]] = []
    for sample in people:
        if sample.role != "supplier":
            wanted.append((sample.id, sample.role, person_of(sample), Level.PERSONAL_TOKEN))
    roles, party = _ROLES["supplier"]
    for number, bid in enumerate(bids):
        supplier = bid.payload.supplier
        name = bid.representative or f"代表{number + 1}"
        person = Person(id="new", name=name, roles=roles, party=party, organisation=supplier.name, uscc=supplier.uscc)
        wanted.append((bid.key, "supplier", person, Level.ORGANISATION_TOKEN))
    orders = []
    for number, (key, role, person, _level) in enumerate(wanted):
        supplying = role == "supplier"
        demo = DemoPerson(
            name=person.organisation if supplying else person.name,
            organisation=person.organisation if person.uscc else "",
            uscc=person.uscc,
            identity_number="" if supplying else fictitious_identity_number(number + 1),
            algorithm="ec" if number % 2 else "rsa",
        )
        orders.append((demo, folder / "tokens" / key, PIN))
    tokens = pki.provision_tokens(orders)
    actors = [
        Actor(key, role, person, level, token, late=person.has(Role.MEMBER))
        for (key, role, person, level), token in zip(wanted, tokens, strict=True)
    ]
    return pki, actors


async def open_token(token: SoftToken) -> tuple[TokenWorker, TokenKeyHolder]:
    """Start a token worker of one's own on a rehearsal token; the PIN is the rehearsal's."""
    worker = TokenWorker(FixedPin(token.pin))
    await worker.start([token.module], token.env)
    return worker, await worker.open(token.signing_certificate)
