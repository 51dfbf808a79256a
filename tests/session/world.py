"""A small world: one case on a real host in this loop, real desks over TLS, soft keys, no media, time that jumps."""

import asyncio
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from national import NationalHolder, NationalPki, certificate_pem, crl_pem

from app.ca.keywrap import open_wrapped
from app.ca.sealing_kit import SealingKit
from app.ca.sealing_kit import parse as parse_kit
from app.ca.signatures import parse_certificate
from app.ca.token import Act
from app.clock import SystemClock
from app.procurement.case import CaseFile, Windows, lot_case
from app.rehearsal.cast import person_of
from app.rehearsal.demo_pki import DemoPerson, DemoPki, fictitious_identity_number
from app.rehearsal.parts import Clerk, Common, Member, Officer, Reviewer, Supervisor, Supplier
from app.rehearsal.player import Part, Player
from app.rehearsal.sample_bids import SampleBid, sample_bids
from app.rehearsal.sample_case import SamplePerson, sample_case, sample_people
from app.session import acts
from app.session.case_folder import create_case
from app.session.client import Client
from app.session.client import Person as Who
from app.session.host import CaseHost, Listen
from app.session.room import Room
from app.session.rules import commands as cmd
from app.session.rules.people import Level, Person
from app.session.rules.state import State
from app.session.signin import digest_of
from app.session.wire.link import Link
from app.settings import RESOURCES

RECEIVING = timedelta(minutes=50)
RULES = RESOURCES / "rulepacks" / "cn-2026.json"
STAFF = ("officer", "clerk", "opener", "supervisor")
WAIT = 20.0


class JumpingClock(SystemClock):
    """The machine's clock, moved forward by hand as well."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._ahead)

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds


class SoftHolder:
    """A dual-certificate token of a test CA, in memory; ``acts`` is what it was asked to do."""

    def __init__(self, pki: DemoPki, person: DemoPerson) -> None:
        signing, encryption = pki.issue(person)
        assert isinstance(signing.private_key, ec.EllipticCurvePrivateKey)
        assert isinstance(encryption.private_key, ec.EllipticCurvePrivateKey)
        self._sign, self._open = signing.private_key, encryption.private_key
        self.signing_certificate, self.encryption_certificate = signing.certificate, encryption.certificate
        self.chain = (pki.intermediate,)
        self.acts: list[Act] = []

    async def sign(self, data: bytes, act: Act) -> bytes:
        self.acts.append(act)
        return self._sign.sign(data, ec.ECDSA(hashes.SHA256()))

    async def unwrap(self, blob: bytes, act: Act) -> bytes:
        self.acts.append(act)
        return await open_wrapped(blob, self.encryption_certificate, self._oaep, self._ecdh)

    async def _oaep(self, _ciphertext: bytes) -> bytes:
        raise AssertionError("these keys are EC")

    async def _ecdh(self, point: bytes) -> bytes:
        return self._open.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))


def demo_person(person: Person, number: int, supplier: bool = False) -> DemoPerson:
    return DemoPerson(
        name=person.organisation if supplier else person.name,
        organisation=person.organisation if person.uscc else "",
        uscc=person.uscc,
        identity_number="" if supplier else fictitious_identity_number(number + 1),
        algorithm="ec",
    )


class World:
    """See the module. People are named by their sample ids: officer, clerk, opener, supervisor, supplier-a, …"""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = JumpingClock()
        self.pki = DemoPki.create(folder / "pki", self.clock.now())
        self.national = NationalPki(at=self.clock.now())
        self.file: CaseFile
        self.room: Room
        self.host: CaseHost
        self.port = 0
        self.home = folder / "host"
        self.samples: dict[str, SamplePerson] = {}
        self.bids: dict[str, SampleBid] = {}
        self.keys: dict[str, SoftHolder | NationalHolder] = {}
        self.secrets: dict[str, str] = {}
        self.clients: dict[str, Client] = {}
        self.players: list[Player] = []
        self.kit: SealingKit
        self._clients: list[Client] = []

    @classmethod
    async def create(
        cls,
        folder: Path,
        method: Any = "public_tender",
        *,
        must: bool = False,
        start: bool = True,
        windows: dict[str, int] | None = None,
        national: Collection[str] = (),
        **changes: Any,
    ) -> "World":
        """``national``: who holds an SM2 token instead of one with EC keys."""
        world = cls(folder)
        file = sample_case(method, world.clock.now(), receiving=RECEIVING, must_supervisor=must)
        if windows:
            file = msgspec.structs.replace(file, windows=msgspec.structs.replace(file.windows or Windows(), **windows))
        world.file = msgspec.structs.replace(file, **changes)
        world.samples = {sample.id: sample for sample in sample_people(world.file)}
        case = lot_case(world.file, world.file.lots[0].id)
        bids = await asyncio.to_thread(sample_bids, case, folder / "bids", 0, False, False)
        world.bids = {bid.key: bid for bid in bids}
        for number, (key, sample) in enumerate(world.samples.items()):
            supplier = sample.role == "supplier"
            world.keys[key] = SoftHolder(world.pki, demo_person(person_of(sample), number, supplier))
            if key in national:
                subject = parse_certificate(world.keys[key].signing_certificate).subject
                world.keys[key] = world.national.holder_named(subject)
        staff = tuple(
            person_of(sample)
            for sample in world.samples.values()
            if sample.role in ("officer", "clerk", "engineer", "opener", "supervisor")
        )
        world.room = await create_case(
            world.home,
            world.file,
            case.lot.id,
            rule_pack=RULES.read_bytes(),
            trust_roots=world.pki.trust_file.read_bytes() + certificate_pem(world.national.root),
            crls=world.pki.crl_file.read_bytes() + b"".join(crl_pem(crl) for crl in world.national.crls()),
            people=staff,
            clock=world.clock,
        )
        for person in staff:
            await world.invite(person.id)
        if start:
            await world.serve()
        return world

    async def serve(self) -> None:
        """Open the port: a free one the first time, the same one after that."""
        self.host = CaseHost(self.room, Listen(address="127.0.0.1", port=self.port))
        await self.host.start(media=False)
        self.port = self.host.port

    async def restart(self) -> None:
        """The host goes away and comes back from its folder."""
        folder = self.room.folder
        await self.host.close()
        self.room = await Room.open(folder, self.room.case, self.clock)
        await self.serve()

    async def close(self) -> None:
        for player in self.players:
            await player.close()
        await asyncio.gather(*(client.close() for client in self._clients))
        await self.host.close()

    # --- people ---

    @property
    def state(self) -> State:
        """As the host has it."""
        return self.room.state

    def link(self, person: str = "", secret: str = "") -> Link:
        return Link("127.0.0.1", self.port, self.room.case, self.room.keys.fingerprint, person, secret)

    async def invite(self, person: str, reason: str = "") -> str:
        secret = secrets.token_urlsafe(16)
        await self.room.report(cmd.Invite(person=person, secret_sha256=digest_of(secret), reissued_reason=reason))
        self.secrets[person] = secret
        return secret

    def id_of(self, key: str) -> str:
        return key.replace("-", "")

    def client(self, key: str, **changes: Any) -> Client:
        """A desk that has not started; ``changes`` to the link, ``who`` to the way of signing in."""
        sample = self.samples[key]
        who = changes.pop("who", None)
        if sample.role == "supplier":
            link = self.link()
            who = who or Who(Level.ORGANISATION_TOKEN, self.keys[key], name=sample.name)
        else:
            link = self.link(self.id_of(key), self.secrets.get(self.id_of(key), ""))
            who = who or Who(Level.PERSONAL_TOKEN, self.keys[key])
        client = Client(msgspec.structs.replace(link, **changes), who, self.clock)
        self._clients.append(client)
        return client

    async def enter(self, *keys: str) -> Client:
        """Sign in; the last one's desk."""
        for key in keys:
            client = self.client(key)
            await client.start()
            self.clients[key] = client
        return self.clients[keys[-1]]

    async def settled(self, true: Any, seconds: float = WAIT) -> State:
        """Until something is true of the host's state."""
        async with asyncio.timeout(seconds):
            while not true(self.state):
                await asyncio.sleep(0.01)
        return self.state

    # --- steps of a case ---

    async def issue_kit(self) -> SealingKit:
        officer = self.clients["officer"]
        await acts.fix_kit(officer, "ab" * 32)
        holders = ["officer", "opener"] + (["supervisor"] if self.file.opening_policy.must else [])
        for key in holders:
            await self.clients[key].until(lambda s: bool(s.kit_core), WAIT)
            await acts.accept_opening(self.clients[key])
        await officer.until(lambda s: len(s.acceptances) >= len(holders), WAIT)
        self.kit = parse_kit(await acts.issue_kit(officer))
        return self.kit

    async def receiving(self, *suppliers: str) -> None:
        """Staff is in, the kit is out, suppliers have registered."""
        await self.enter(*STAFF)
        await self.issue_kit()
        if suppliers:
            await self.enter(*suppliers)

    async def seal(self, key: str, name: str = "", **kwargs: Any) -> tuple[Path, str]:
        """Seal a supplier's bid to the kit; the envelope and its header's digest."""
        bid = self.bids[key]
        payload = kwargs.get("payload", bid.payload)
        files = kwargs.get("files") or [(d.name, p) for d, p in zip(payload.documents, bid.files, strict=True)]
        path = self.folder / f"{name or key}-{secrets.token_hex(4)}.bid"
        header = await acts.seal_bid(kwargs.get("kit", self.kit), payload, files, path, self.keys[key])
        return path, header

    async def submit(self, *keys: str) -> None:
        for key in keys:
            path, header = await self.seal(key)
            await acts.submit_bid(self.clients[key], path, header)

    async def ready(self, *suppliers: str) -> None:
        """Bids are in, the room is open, the deadline has passed, nobody has moved on yet."""
        await self.receiving(*suppliers)
        await self.submit(*suppliers)
        await self.clients["officer"].do(cmd.Advance(phase="gathering"))
        await self.clients["officer"].do(cmd.WaiveGate(gate="recording_runs", reason="演练"))
        await self.settled(lambda s: len(s.clocks) >= 2)
        self.past_deadline()

    def past_deadline(self) -> None:
        left = (self.file.deadline - self.clock.now()).total_seconds()
        self.clock.advance(max(left, 0) + 1)

    async def advance(self, phase: str, reason: str = "按程序进入") -> None:
        await self.clients["officer"].do(cmd.Advance(phase=phase, reason=reason))

    async def discipline(self) -> None:
        """Up to where the seals can be checked."""
        officer = self.clients["officer"]
        await self.advance("discipline")
        await officer.do(cmd.ReadDiscipline())
        if self.state.the_method().bidder_list_published:
            await officer.do(cmd.PublishBidders())

    async def decrypting(self, *suppliers: str) -> None:
        """The window for decryption is open, all seals confirmed."""
        await self.ready(*suppliers)
        await self.discipline()
        await self.advance("seal_check")
        await self.settled(lambda s: all(s.bids[b].seal == "matched" for b in s.valid_bids()))
        for key in suppliers:
            await self.clients[key].do(cmd.ConfirmSeal())
        await self.advance("decrypting")

    def uscc(self, key: str) -> str:
        return self.bids[key].payload.supplier.uscc

    def play(self, *keys: str) -> None:
        """Let these people play their parts by themselves."""
        for key in keys:
            player = Player(self.clients[key], self._part(key), key, self.clock)
            self.players.append(player)
            player.start()

    def _part(self, key: str) -> Part:
        sample = self.samples[key]
        if sample.role == "supplier":
            return Supplier(self.bids[key].quote.price, curious=False)
        if sample.role in ("purchaser", "expert"):
            members = [k for k, s in self.samples.items() if s.role in ("purchaser", "expert")]
            return Member(members.index(key), votes_for=0, dissents=False)
        parts: dict[str, Any] = {
            "officer": lambda: Officer(lambda state: len(state.clocks) >= 2),
            "clerk": Clerk,
            "opener": Reviewer,
            "supervisor": Supervisor,
        }
        part: Part = parts.get(sample.role, Common)()
        return part
