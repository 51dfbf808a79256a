"""A whole case played through (演练): a real host process, a real client with its own token and media for everyone.

:class:`Rehearsal` is the director: it makes the cast, opens the case, seals and submits the bids, lets the players play
both rooms, and waits for the archive. Nothing in it decides anything; whatever is refused is refused.
"""

import asyncio
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec

from app.ca.sealing_kit import parse as parse_kit
from app.ca.sealing_kit import verify as verify_kit
from app.ca.trust import TrustList
from app.ca.worker import TokenWorker
from app.canon import sha256_hex
from app.clock import Clock
from app.errors import FaultError
from app.logs import get_logger
from app.procurement.case import CaseFile, lot_case
from app.rehearsal.cast import Actor, make_cast, open_token
from app.rehearsal.demo_pki import DemoPki
from app.rehearsal.host_process import HostProcess
from app.rehearsal.parts import Clerk, Common, Member, Officer, Reviewer, Supervisor, Supplier
from app.rehearsal.player import Part, Player
from app.rehearsal.sample_bids import SampleBid
from app.rehearsal.sample_case import SamplePerson
from app.session import acts
from app.session.case_folder import create_case
from app.session.client import Client
from app.session.client import Person as Who
from app.session.rules import commands
from app.session.rules.decide import waiting_for
from app.session.rules.people import Role
from app.session.rules.state import CLOSED, FAILED, State
from app.session.signin import digest_of
from app.session.wire.link import Link

_log = get_logger("rehearsal")

PLAY_SECONDS = 280.0
Tell = Callable[[str], None]
OnPlayer = Callable[[Player], None]


class Plan(msgspec.Struct, frozen=True):
    """What to play.

    Attributes:
        case_file: with its deadline still to be set: it is moved to when all bids will be in.
        receiving: seconds from the start of the host to the deadline.
        media: publish and record picture and sound.
        patience: seconds that a room may take before the rehearsal counts as stuck; long where people look on.
    """

    case_file: CaseFile
    lot: str
    people: tuple[SamplePerson, ...]
    bids: list[SampleBid]
    rule_pack: bytes
    out: Path
    receiving: float = 40.0
    media: bool = True
    patience: float = PLAY_SECONDS


class Outcome(msgspec.Struct, frozen=True):
    """What was played: the closed state as the officer saw it, the archive and its head."""

    state: State
    archive: Path
    expect: str
    trust: Path
    refusals: tuple[str, ...]


class Rehearsal:
    """Plays one case; see the module. ``on_player`` is told of everyone who enters (windows, take-over)."""

    def __init__(
        self,
        plan: Plan,
        clock: Clock,
        tell: Tell = lambda _text: None,
        on_player: OnPlayer = lambda _player: None,
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._tell = tell
        self._on_player = on_player
        self._workers: list[TokenWorker] = []
        self.players: dict[str, Player] = {}
        self._host: HostProcess | None = None
        self._secrets: dict[str, str] = {}

    async def play(self) -> Outcome:
        """Play it to the end.

        Raises:
            FaultError: ``rehearsal.host_failed``, ``rehearsal.stuck`` (fact phase, waiting): it did not end in time.
        """
        plan = self._plan
        plan.out.mkdir(parents=True, exist_ok=True)
        case = lot_case(plan.case_file, plan.lot)
        self._tell("tokens")
        pki, actors = await asyncio.to_thread(
            make_cast, plan.out / "rehearsal", case, plan.people, plan.bids, self._clock.now()
        )
        try:
            return await self._play(pki, actors)
        finally:
            await self.close()

    async def _play(self, pki: DemoPki, actors: list[Actor]) -> Outcome:
        plan = self._plan
        await self._open_case(pki, actors)
        self._host = HostProcess(plan.out / "host", media=plan.media)
        address = await self._host.start()
        self._tell("host")
        staff = [actor for actor in actors if not actor.late and actor.role != "supplier"]
        for actor in staff:
            await self._enter(actor, address, _part_of(actor, self._ready_to_open))
        officer = self._one("officer")
        await self._issue_kit(officer)
        await self._receive_bids(pki, [actor for actor in actors if actor.role == "supplier"], address)
        members = [actor for actor in actors if actor.late]
        await officer.client.do(
            commands.ImportCommittee(people=tuple(a.person for a in members), draw_reference="演练抽取单 2026-001")
        )
        for actor in members:
            await self._invite(officer.client, actor.person.id)
        await officer.client.do(commands.Advance(phase=officer.client.state.the_method().phases[0].name))
        await self._join_media(list(self.players.values()))
        for player in self.players.values():
            player.start()
        self._tell("opening")
        evaluation = officer.client.state.the_method().room("evaluation")[0].name
        await self._until(officer, lambda s: s.phase in (evaluation, CLOSED, FAILED))
        self._tell("evaluation")
        entered = [await self._enter(a, address, _member_part(place, a)) for place, a in enumerate(members)]
        await self._join_media(entered)
        for player in entered:
            player.start()
        await self._until(officer, lambda s: s.phase in (CLOSED, FAILED))
        self._tell("archive")
        archive, expect = await self._host.archive(120.0)
        refusals = tuple(code for player in self.players.values() for code in player.failures)
        return Outcome(officer.client.state, archive, expect, pki.trust_file, refusals)

    async def close(self) -> None:
        """Everyone leaves; the host stops."""
        await asyncio.gather(*(player.close() for player in self.players.values()), return_exceptions=True)
        await asyncio.gather(*(worker.close() for worker in self._workers), return_exceptions=True)
        if self._host is not None:
            await self._host.stop()

    # --- the steps ---

    async def _open_case(self, pki: DemoPki, actors: list[Actor]) -> None:
        plan = self._plan
        deadline = (self._clock.now() + timedelta(seconds=plan.receiving)).replace(microsecond=0) + timedelta(seconds=1)
        case_file = msgspec.structs.replace(plan.case_file, deadline=deadline, rehearsal=True)
        people = tuple(a.person for a in actors if not a.late and a.role != "supplier")
        room = await create_case(
            plan.out / "host",
            case_file,
            plan.lot,
            rule_pack=plan.rule_pack,
            trust_roots=pki.trust_file.read_bytes(),
            crls=pki.crl_file.read_bytes(),
            people=people,
            clock=self._clock,
            mirror=plan.out / "second-copy",
        )
        for person in people:
            secret = secrets.token_urlsafe(16)
            self._secrets[person.id] = secret
            await room.report(commands.Invite(person=person.id, secret_sha256=digest_of(secret)))
        await room.close()

    async def _invite(self, officer: Client, person: str) -> None:
        secret = secrets.token_urlsafe(16)
        self._secrets[person] = secret
        await officer.do(commands.Invite(person=person, secret_sha256=digest_of(secret)))

    async def _enter(self, actor: Actor, address: Link, part: Part) -> Player:
        """Open the token, follow one's link, sign in."""
        worker, key = await open_token(actor.token)
        self._workers.append(worker)
        supplier = actor.role == "supplier"
        person = "" if supplier else actor.person.id
        link = msgspec.structs.replace(address, person=person, secret=self._secrets.get(person, ""))
        client = Client(link, Who(actor.level, key, name=actor.person.name if supplier else ""), self._clock)
        await client.start()
        player = Player(client, part, actor.person.name, self._clock)
        self.players[actor.key] = player
        self._on_player(player)
        return player

    async def _issue_kit(self, officer: Player) -> None:
        client = officer.client
        notice = self._plan.case_file.document_digest or sha256_hex(self._plan.case_file.project_number.encode())
        await acts.fix_kit(client, notice)
        for player in self.players.values():
            state = player.client.state
            if state.has_role(player.client.me, Role.OPENER) or _must(state, player.client.me):
                await player.client.until(lambda s: bool(s.kit_core))
                await acts.accept_opening(player.client)
        wanted = len(client.state.with_role(Role.OPENER))
        await client.until(lambda s: len(s.acceptances) >= wanted)
        kit = await acts.issue_kit(client)
        (self._plan.out / "sealing-kit.json").write_bytes(kit)

    async def _receive_bids(self, pki: DemoPki, suppliers: list[Actor], address: Link) -> None:
        """Each supplier registers, checks the kit, seals, submits; the last one replaces its bid once."""
        by_key = {bid.key: bid for bid in self._plan.bids}
        trust = TrustList([pki.trust_file.read_bytes()], [pki.crl_file.read_bytes()], demo=True)

        async def submit(place: int, actor: Actor) -> None:
            bid = by_key[actor.key]
            player = await self._enter(actor, address, Supplier(bid.quote.price, curious=place == 0))
            client = player.client
            await client.until(lambda s: bool(s.kit_sha256))
            data = await acts.fetch_kit(client)
            kit = parse_kit(data)
            now = self._clock.now()
            verify_kit(kit, lambda der, chain, usage: trust.validate(der, chain, now, usage))
            folder = self._plan.out / "rehearsal" / "envelopes"
            folder.mkdir(parents=True, exist_ok=True)
            files = [(d.name, path) for d, path in zip(bid.payload.documents, bid.files, strict=True)]
            times = 2 if place == len(suppliers) - 1 else 1
            for attempt in range(times):
                envelope = folder / f"{actor.key}-{attempt + 1}.bid"
                header = await acts.seal_bid(kit, bid.payload, files, envelope, client.who.key)
                receipt = await acts.submit_bid(client, envelope, header)
                (folder / f"{actor.key}-{attempt + 1}.receipt.json").write_bytes(receipt)

        for place, actor in enumerate(suppliers):
            await submit(place, actor)
            self._tell("bid")

    def _ready_to_open(self, state: State) -> bool:
        """The officer waits for everyone expected, for the deadline, and for the recording to run."""
        if state.phase != state.the_method().phases[0].name:
            return True
        expected = sum(1 for key, p in self.players.items() if key and not state.has_role(p.client.me, Role.MEMBER))
        late = self._clock.now() >= state.the_lot().deadline + timedelta(seconds=0.2)
        recorded = state.recording.running or not self._plan.media
        return late and recorded and len(state.signed_in) >= expected and len(state.clocks) >= 2

    async def _join_media(self, players: list[Player]) -> None:
        if not self._plan.media:
            officer = self._one("officer").client
            if "recording_runs" not in officer.state.waived:
                await officer.do(commands.WaiveGate(gate="recording_runs", reason="演练：不含音视频"))
            return
        for number, player in enumerate(players):
            state = player.client.state
            person = state.people.get(player.client.me)
            seated = person is not None and person.seat and not person.has(Role.ENGINEER)
            publishes = not seated and not state.has_role(player.client.me, Role.SUPERVISOR)
            room = person.seat if person is not None and person.has(Role.ENGINEER) else ""
            note = person.organisation if person is not None else ""
            await player.publish(publishes=publishes, pitch=number, note=note[:18], addresses=None, room=room)

    def _one(self, role: str) -> Player:
        return next(p for key, p in self.players.items() if key.startswith(role))

    async def _until(self, officer: Player, true: Callable[[State], bool]) -> None:
        try:
            await officer.client.until(true, self._plan.patience)
        except TimeoutError as error:
            state = officer.client.state
            waiting = ", ".join(f"{w.person}:{w.act}" for w in waiting_for(state))
            failures = ", ".join(sorted({code for p in self.players.values() for code in p.failures}))
            raise FaultError("rehearsal.stuck", phase=state.phase, waiting=waiting, refused=failures) from error


def _must(state: State, person: str) -> bool:
    return state.the_lot().opening_policy.must is not None and state.has_role(person, Role.SUPERVISOR)


def _part_of(actor: Actor, ready: Callable[[State], bool]) -> Part:
    parts: dict[str, Callable[[], Part]] = {
        "officer": lambda: Officer(ready),
        "clerk": Clerk,
        "agencyopener": Common,
        "opener": Reviewer,
        "supervisor": Supervisor,
    }
    return parts.get(actor.role, Common)()


def _member_part(place: int, actor: Actor) -> Part:
    return Member(place, votes_for=0 if place < 3 else 1, dissents=False)
