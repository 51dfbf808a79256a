"""Sign-in at all levels, over the wire: what lets a person in, and everything that does not."""

from datetime import timedelta

import msgspec
import pytest
from world import SoftHolder, World, demo_person

from app.ca.device_key import DeviceKeyHolder
from app.errors import InputError
from app.rehearsal.cast import person_of
from app.rehearsal.demo_pki import DemoPki
from app.session.client import Client
from app.session.client import Person as Who
from app.session.rules import commands as cmd
from app.session.rules.people import Level
from app.session.signin import digest_of

PNG = b"\x89PNG\r\n\x1a\n" + b"drawn by hand"
PHOTO = b"\xff\xd8\xff" + b"a face beside an identity card"


async def refused(client: Client) -> str:
    """The code with which a sign-in is refused; nobody is in the record for it."""
    with pytest.raises(InputError) as caught:
        await client.start()
    return caught.value.code


def other_key(world: World, key: str, **changes: object) -> SoftHolder:
    """Another token of the same CA for the same person, or with changes for somebody else."""
    person = demo_person(person_of(world.samples[key]), 1, world.samples[key].role == "supplier")
    return SoftHolder(world.pki, msgspec.structs.replace(person, **changes))


async def test_a_personal_token_signs_in_and_its_certificate_is_bound(world: World) -> None:
    client = await world.enter("officer")
    assert client.me == "officer"
    assert world.state.signed_in["officer"].level is Level.PERSONAL_TOKEN
    assert world.state.signed_in["officer"].revocation == "passed"
    assert "officer" in world.state.certificates
    assert "officer" in world.state.online


async def test_a_bound_certificate_needs_no_link_again_and_no_other_certificate_gets_in(world: World) -> None:
    await world.enter("officer")
    again = world.client("officer", secret="")
    await again.start()
    assert again.me == "officer"
    stranger = Who(Level.PERSONAL_TOKEN, other_key(world, "officer"))
    assert await refused(world.client("officer", who=stranger)) == "sign_in.other_certificate"


async def test_a_link_is_good_once_for_one_person_and_for_a_time(world: World) -> None:
    world.secrets["supervisor"], own = world.secrets["officer"], world.secrets["supervisor"]
    assert await refused(world.client("supervisor")) == "sign_in.invitation"  # somebody else's link
    assert await refused(world.client("supervisor", secret="")) == "sign_in.invitation"
    world.clock.advance(72 * 3600 + 60)
    assert await refused(world.client("supervisor", secret=own)) == "sign_in.invitation_expired"


async def test_a_used_link_does_not_bind_a_second_token_after_a_reset(world: World) -> None:
    await world.enter("officer", "opener")
    old = world.secrets["opener"]
    await world.clients["officer"].do(cmd.ResetCertificate(person="opener", reason="锁遗失"))
    new = Who(Level.PERSONAL_TOKEN, other_key(world, "opener"))
    assert await refused(world.client("opener", who=new, secret=old)) == "sign_in.invitation_used"


async def test_a_lost_token_is_re_issued_as_events_and_the_old_session_is_over(world: World) -> None:
    await world.enter("officer", "opener")
    lost = world.clients["opener"]
    await world.clients["officer"].do(cmd.ResetCertificate(person="opener", reason="锁遗失"))
    with pytest.raises(InputError) as caught:
        await lost.do(cmd.RaiseHand())
    assert caught.value.code == "sign_in.session_unknown"
    with pytest.raises(InputError):  # no second link without a reason
        await world.clients["officer"].do(cmd.Invite(person="opener", secret_sha256=digest_of("x")))
    secret = await world.invite("opener", "锁遗失，换发")
    assert await refused(
        world.client("opener", secret=secret, who=Who(Level.PERSONAL_TOKEN, DeviceKeyHolder.create("x")))
    )
    new = world.client("opener", secret=secret, who=Who(Level.PERSONAL_TOKEN, other_key(world, "opener")))
    await new.start()
    assert new.me == "opener"


async def test_somebody_elses_token_does_not_bind(world: World) -> None:
    key = other_key(world, "officer", name="别人")
    assert await refused(world.client("officer", who=Who(Level.PERSONAL_TOKEN, key))) == "sign_in.other_holder"


async def test_two_representatives_of_one_organisation_register_with_one_token(world: World) -> None:
    await world.receiving("supplier-a")
    second = world.client("supplier-a", who=Who(Level.ORGANISATION_TOKEN, world.keys["supplier-a"], name="第二代表"))
    await second.start()
    first = world.clients["supplier-a"]
    assert second.me != first.me
    assert set(world.state.representatives(world.uscc("supplier-a"))) == {first.me, second.me}
    assert world.state.people[second.me].name == "第二代表"
    again = world.client("supplier-a")
    await again.start()
    assert again.me == first.me


async def test_nobody_registers_without_an_organisation_or_as_the_agency_or_after_the_deadline(world: World) -> None:
    await world.receiving()
    token = Who(Level.ORGANISATION_TOKEN, other_key(world, "supplier-a", uscc="", organisation=""), name="某人")
    assert await refused(world.client("supplier-a", who=token)) == "sign_in.organisation_needed"
    nameless = Who(Level.ORGANISATION_TOKEN, world.keys["supplier-a"], name=" ")
    assert await refused(world.client("supplier-a", who=nameless)) == "sign_in.organisation_needed"
    agency = world.file.agency
    own = Who(
        Level.ORGANISATION_TOKEN,
        other_key(world, "supplier-a", name=agency.name, organisation=agency.name, uscc=agency.uscc),
        name="内部",
    )
    assert await refused(world.client("supplier-a", who=own)) == "sign_in.own_organisation"
    person = Who(Level.PERSONAL_TOKEN, world.keys["supplier-a"], name="某人")
    assert await refused(world.client("supplier-a", who=person)) == "sign_in.unknown_person"
    world.past_deadline()
    assert await refused(world.client("supplier-a")) == "sign_in.registration_closed"


async def test_the_level_of_a_bound_certificate_cannot_be_overstated(world: World) -> None:
    await world.receiving("supplier-a")
    me = world.clients["supplier-a"].me
    token = Who(Level.PERSONAL_TOKEN, world.keys["supplier-a"])
    assert await refused(world.client("supplier-a", person=me, who=token)) == "sign_in.level"


async def verified(world: World, code: str = "482913") -> str:
    """An expert without a token, seen by the clerk; the expert's sample id."""
    await world.enter("officer", "clerk")
    key = next(k for k, s in world.samples.items() if s.role == "expert")
    expert = person_of(world.samples[key])
    await world.clients["officer"].do(cmd.ImportCommittee(people=(expert,), draw_reference="抽-1"))
    await verify(world, expert.id, code)
    return key


async def verify(world: World, person: str, code: str, **changes: object) -> None:
    """The clerk has seen who it is, keeps a picture, and gives a code."""
    photo = await world.clients["clerk"].files.upload(PHOTO, private=True)
    command = cmd.VerifyIdentity(
        person=person, code_sha256=digest_of(code), note="视频核对身份证", photo_sha256=photo, valid_minutes=30
    )
    await world.clients["clerk"].do(msgspec.structs.replace(command, **changes))


def with_code(code: str, drawn: bytes = PNG) -> Who:
    return Who(Level.STAFF_VERIFIED, DeviceKeyHolder.create("专家"), code=code, drawn=drawn)


async def test_a_verified_person_signs_in_with_code_device_key_and_drawing_once(world: World) -> None:
    key = await verified(world)
    client = world.client(key, who=with_code("482913"))
    await client.start()
    signed_in = world.state.signed_in[client.me]
    assert signed_in.level is Level.STAFF_VERIFIED
    assert world.room.blobs.is_sealed(signed_in.drawn_signature_sha256)
    assert world.room.blobs.read(signed_in.drawn_signature_sha256, 1000, world.room.keys.case_key) == PNG
    assert await refused(world.client(key, who=with_code("482913"))) == "sign_in.code_used"  # a second time
    assert await refused(world.client(key, who=with_code("000000"))) == "sign_in.code"
    assert not world.state.codes[client.me].wrong  # nobody makes the record longer with a code that is gone


async def test_a_verified_person_needs_the_right_code_and_a_drawing(world: World) -> None:
    key = await verified(world)
    assert await refused(world.client(key, who=with_code("000000"))) == "sign_in.code"
    assert await refused(world.client(key, who=with_code("482913", b""))) == "sign_in.drawn_signature"
    assert await refused(world.client(key, who=with_code("482913", b"GIF89a"))) == "sign_in.drawn_signature"
    large = PNG + b"0" * 400_000
    assert await refused(world.client(key, who=with_code("482913", large))) == "sign_in.drawn_signature"
    await world.client(key, who=with_code("482913")).start()


async def test_a_code_is_void_after_five_wrong_tries(world: World) -> None:
    key = await verified(world)
    for number in range(5):
        assert await refused(world.client(key, who=with_code(f"00000{number}"))) == "sign_in.code"
    assert await refused(world.client(key, who=with_code("482913"))) == "sign_in.code_void"
    await verify(world, world.id_of(key), "1")
    await world.client(key, who=with_code("1")).start()


async def test_a_code_holds_for_half_an_hour(world: World) -> None:
    key = await verified(world)
    world.clock.advance(30 * 60 + 1)
    assert await refused(world.client(key, who=with_code("482913"))) == "sign_in.code_expired"
    other = next(k for k, s in world.samples.items() if s.role == "expert" and k != key)
    await world.clients["officer"].do(cmd.AddPerson(person=person_of(world.samples[other])))
    assert await refused(world.client(other, who=with_code("482913"))) == "sign_in.code_none"


async def test_the_photo_lies_under_the_case_key_and_is_for_staff_supervisors_and_oneself(world: World) -> None:
    key = await verified(world)
    photo = world.state.codes[world.id_of(key)].photo_sha256
    assert world.room.blobs.is_sealed(photo)
    assert await world.clients["officer"].files.fetch(photo) == PHOTO
    await world.enter("opener")
    with pytest.raises(InputError, match=r"blob\.missing"):
        await world.clients["opener"].files.fetch(photo)


async def test_nobody_is_verified_without_a_photo(world: World) -> None:
    key = await verified(world)
    clerk, person = world.clients["clerk"], world.id_of(key)
    open_photo = await clerk.files.upload(PHOTO + b"2")
    text = await clerk.files.upload(b"no picture", private=True)
    for digest, code in (
        ("", "refused.photo"), ("ab" * 32, "blob.missing"), (open_photo, "blob.not_private"), (text, "refused.photo"),
    ):  # fmt: skip
        with pytest.raises(InputError) as caught:
            await verify(world, person, "1", photo_sha256=digest)
        assert caught.value.code == code


async def test_nobody_is_verified_beside_a_bound_token(world: World) -> None:
    await world.enter("officer", "clerk")
    with pytest.raises(InputError) as caught:
        await verify(world, "officer", "1")
    assert caught.value.code == "refused.certificate_bound"


async def test_a_revoked_certificate_does_not_sign_in(make_world: object, tmp_path: object) -> None:
    world: World = await make_world(start=False)  # type: ignore[operator]
    certificate = world.keys["officer"].signing_certificate
    world.pki.revoke(certificate, world.clock.now() - timedelta(days=1))
    (world.room.folder / "crls.pem").write_bytes(world.pki.crl_file.read_bytes())
    await world.serve()
    assert await refused(world.client("officer")) == "sign_in.untrusted"
    assert "officer" not in world.state.signed_in


async def test_a_certificate_of_another_ca_does_not_sign_in(world: World) -> None:
    stranger = DemoPki.create(world.folder / "other", world.clock.now())
    key = SoftHolder(stranger, demo_person(person_of(world.samples["officer"]), 0))
    assert await refused(world.client("officer", who=Who(Level.PERSONAL_TOKEN, key))) == "sign_in.untrusted"


async def test_an_encryption_certificate_of_somebody_else_is_refused(world: World) -> None:
    key = other_key(world, "officer")
    key.encryption_certificate = world.keys["clerk"].encryption_certificate
    who = Who(Level.PERSONAL_TOKEN, key)
    assert await refused(world.client("officer", who=who)) == "sign_in.encryption_certificate"


async def test_another_host_than_the_links_is_noticed_before_anything_is_said(world: World) -> None:
    client = world.client("officer", fingerprint="ab" * 32)
    assert await refused(client) == "link.other_host"
    assert world.keys["officer"].acts == []  # the token was not even asked


async def test_a_link_to_another_case_is_refused(world: World) -> None:
    assert await refused(world.client("officer", case="KM-X/9")) == "link.other_case"
    assert world.keys["officer"].acts == []
