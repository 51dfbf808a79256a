"""Whom a case believes: authorities added by the officer, evidence asked for at sign-in, heads with time stamps."""

import asyncio
import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from live_pki import LivePki, live_pki, pem_of
from world import WAIT, World

from app.ca.signatures import describe
from app.ca.timestamp import judge
from app.ca.timestamp_client import TimestampClient
from app.ca.token import Act
from app.ca.trust import TrustList
from app.errors import FaultError, InputError
from app.record.checkpoint import parse_note
from app.record.verifier import parse_expect, verify_archive
from app.session.archiving import archive_room
from app.session.client import Client
from app.session.client import Person as Who
from app.session.rules import commands as cmd
from app.session.rules.events_case import SignedIn, TimeStampsNoted
from app.session.rules.people import Level, Party, Person, Role
from app.session.stamping import Stamper
from app.session.trust_settings import TrustSettings, read_settings, write_settings


class Held:
    """A token of the answering PKI, in memory."""

    def __init__(self, pki: LivePki, label: str) -> None:
        self._key = pki.keys[label]
        self.signing_certificate = self.encryption_certificate = pki.certificate(label)
        self.chain = (pki.intermediate,)

    async def sign(self, data: bytes, act: Act) -> bytes:
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))

    async def unwrap(self, blob: bytes, act: Act) -> bytes:
        raise AssertionError("nothing is unwrapped here")


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePki]:
    with live_pki(tmp_path_factory.mktemp("live")) as running:
        yield running


@pytest.fixture
async def officer(world: World, pki: LivePki) -> Client:
    pki.down, pki.answer = False, None
    pki.requests.clear()
    return await world.enter("officer")


def authority(pki: LivePki, reason: str = "省级 CA") -> cmd.AddAuthority:
    name = describe(pki.root).holder
    return cmd.AddAuthority(certificate=base64.b64encode(pki.root).decode(), name=name, reason=reason)


async def connect(world: World, holder: Held, person: str, secret: str = "") -> Client:
    client = Client(world.link(person, secret), Who(Level.PERSONAL_TOKEN, holder), world.clock)
    try:
        await client.start()
    except InputError:
        await client.close()
        raise
    return client


async def arrive(world: World, pki: LivePki, label: str) -> Client:
    """A supervisor whose token is of the other CA tries to sign in."""
    holder = Held(pki, label)
    person = Person(
        id=f"guest{label.replace('_', '')}", name=describe(holder.signing_certificate).holder,
        roles=(Role.SUPERVISOR,), party=Party.SUPERVISION, organisation="财政局",
    )  # fmt: skip
    await world.room.report(cmd.AddPerson(person=person))
    await world.invite(person.id)
    return await connect(world, holder, person.id, world.secrets[person.id])


async def test_an_authority_is_added_for_a_reason_and_asked_about_its_certificates(
    world: World, pki: LivePki, officer: Client
) -> None:
    with pytest.raises(InputError) as caught:
        await arrive(world, pki, "good")
    assert (caught.value.code, caught.value.facts) == ("sign_in.untrusted", {"reason": "chain.no_path"})
    assert pki.requests == []  # nobody is asked about a stranger's certificate
    await officer.do(authority(pki))
    client = await connect(world, Held(pki, "good"), "guestgood", world.secrets["guestgood"])
    signed = next(e.recorded.event for e in reversed(world.room.entries) if isinstance(e.recorded.event, SignedIn))
    assert (signed.person, signed.revocation) == ("guestgood", "passed")
    assert len(signed.evidence_sha256) == 2
    assert all(world.room.blobs.has(digest) for digest in signed.evidence_sha256)
    await client.close()


async def test_a_revoked_certificate_does_not_get_in(world: World, pki: LivePki, officer: Client) -> None:
    await officer.do(authority(pki))
    with pytest.raises(InputError) as caught:
        await arrive(world, pki, "revoked")
    assert caught.value.facts == {"reason": "revocation.revoked"}


async def test_what_cannot_be_told_is_recorded_or_refused_as_the_case_says(
    world: World, pki: LivePki, officer: Client
) -> None:
    await officer.do(authority(pki))
    pki.down = True
    client = await arrive(world, pki, "good")
    assert world.state.signed_in["guestgood"].revocation == "could_not_tell"
    await client.close()
    write_settings(world.room.folder, TrustSettings(revocation_required=True))
    await world.restart()
    with pytest.raises(InputError, match="revocation_unknown"):
        await connect(world, Held(pki, "good"), "guestgood")
    pki.down = False
    back = await connect(world, Held(pki, "good"), "guestgood")
    assert world.state.signed_in["guestgood"].revocation == "passed"
    await back.close()


async def test_what_is_no_authority_is_not_added(world: World, pki: LivePki, officer: Client) -> None:
    good = authority(pki)
    person = base64.b64encode(pki.certificate("good")).decode()
    name = describe(pki.certificate("good")).holder
    for command, code in (
        (msgspec.structs.replace(good, certificate="!!"), "certificate.unreadable"),
        (msgspec.structs.replace(good, certificate="MAA="), "certificate.unreadable"),
        (msgspec.structs.replace(good, certificate=person, name=name), "refused.not_an_authority"),
        (msgspec.structs.replace(good, name="别的名字"), "refused.authority_name"),
    ):
        with pytest.raises(InputError) as caught:
            await officer.do(command)
        assert caught.value.code == code
    await officer.do(good)
    with pytest.raises(InputError, match="authority_known"):
        await officer.do(good)


async def test_settings_are_kept_and_a_broken_file_is_named(tmp_path: Path) -> None:
    assert read_settings(tmp_path) == TrustSettings()
    settings = TrustSettings(tsa=("http://tsa.example/",), online=False, revocation_required=True)
    write_settings(tmp_path, settings)
    assert read_settings(tmp_path) == settings
    (tmp_path / "trust.json").write_text('{"tsa": 1}')
    with pytest.raises(FaultError, match=r"host\.trust_settings"):
        read_settings(tmp_path)


async def until(check: object) -> None:
    assert callable(check)
    async with asyncio.timeout(WAIT):
        while not check():
            await asyncio.sleep(0.02)


async def test_heads_are_stamped_when_a_phase_changes_and_at_the_end(world: World, pki: LivePki) -> None:
    pki.down, pki.answer = False, None
    trust = TrustList([pki.root])
    stamper = Stamper(world.room, TimestampClient([pki.tsa], trust), retry=0.05)
    await stamper.start()
    officer = await world.enter("officer")
    await until(lambda: stamper.stamped)
    first = stamper.stamped
    await officer.do(cmd.PostMessage(text="再来一条", to="officer"))
    assert stamper.stamped == first  # the same phase, and not ten minutes: no second stamp
    pki.down = True
    await stamper.finish()
    noted = [e.recorded.event for e in world.room.entries if isinstance(e.recorded.event, TimeStampsNoted)]
    assert [one.missing for one in noted] == [True]
    assert world.state.stamps_missing
    pki.down = False
    await stamper.finish()
    await until(lambda: not world.state.stamps_missing)
    await stamper.finish()
    kept = await world.room.store.run(lambda store: store.stamps())
    notes = {one.size: one.note for one in await world.room.store.run(lambda store: store.checkpoints())}
    assert kept[-1].size == world.room.tree.size
    for one in kept:
        part, moment = judge(one.token, parse_note(notes[one.size])[0].body.encode(), trust)
        assert part.code == "revocation.no_crl"
        assert moment is not None
        assert abs((moment - datetime.now(UTC)).total_seconds()) < 3600
    await stamper.close()


async def test_an_archives_stamps_are_judged_by_the_trust_of_its_reader(
    world: World, pki: LivePki, tmp_path: Path
) -> None:
    pki.down, pki.answer = False, None
    roots = world.room.folder / "trust.pem"
    roots.write_bytes(roots.read_bytes() + b"\n" + pem_of(pki.root))
    write_settings(world.room.folder, TrustSettings(tsa=(pki.tsa,)))
    await world.restart()
    officer = await world.enter("officer")
    await officer.do(cmd.FailCase(ground="purchaser_cancelled", article="87-43", reason="采购任务取消"))
    evidence = await world.host.last_stamp()
    assert {name.rpartition(".")[2] for name in evidence} == {"crl"}
    done = await archive_room(world.room, tmp_path, evidence)
    verdicts = {}
    for name, trusted in (("both", roots.read_bytes()), ("case", world.pki.trust_file.read_bytes()), ("none", None)):
        steps = verify_archive(done.path, roots=trusted, expect=parse_expect(done.expect)).steps
        verdicts[name] = next((step.verdict.value, step.facts["stamps"]) for step in steps if step.code == "stamps")
    assert verdicts["both"][0] == "passed"
    assert verdicts["case"][0] == "failed"  # an authority that leads nowhere is not passed over
    assert verdicts["none"][0] == "could_not_tell"
    assert verdicts["both"][1] > 0
