"""The officer's and openers' commands lead to a published kit, an invited committee and the next phase."""

import json
from argparse import Namespace
from pathlib import Path

import pytest
from world import World

from app.ca.sealing_kit import parse
from app.ca.signatures import fingerprint
from app.cli import officer
from app.errors import InputError
from app.rehearsal.demo_pki import DemoPki
from app.session.signin import digest_of
from app.session.wire.link import parse_link


async def test_kit_is_proposed_accepted_and_issued(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notice, out = tmp_path / "notice.txt", tmp_path / "kit.json"
    notice.write_text("公告", "utf-8")
    await world.enter("officer", "opener")
    presiding, holder = world.clients["officer"], world.clients["opener"]
    await officer.propose_kit(presiding, Namespace(notice=notice))
    named = capsys.readouterr().out
    await officer.accept_kit(holder, Namespace())
    with pytest.raises(InputError):  # the officer, who holds a share too, has not accepted
        await officer.issue_kit(presiding, Namespace(out=out))
    await officer.accept_kit(presiding, Namespace())
    await officer.issue_kit(presiding, Namespace(out=out))
    assert world.samples["opener"].name in named
    assert {opener.holder for opener in parse(out.read_bytes()).core.openers} == {
        world.samples["officer"].name,
        world.samples["opener"].name,
    }
    assert world.state.phase == "receiving"


async def test_kit_needs_holders_who_have_signed_in(world: World, tmp_path: Path) -> None:
    notice = tmp_path / "notice.txt"
    notice.write_text("公告", "utf-8")
    presiding = await world.enter("officer")
    with pytest.raises(InputError) as refused:
        await officer.propose_kit(presiding, Namespace(notice=notice))
    assert refused.value.code == "kit.holder_missing"


async def test_committee_is_imported_with_links_that_the_host_knows(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = tmp_path / "committee.json"
    member = {"id": "e1", "name": "程以宁", "roles": ["member", "expert"], "party": "expert", "organisation": "专家库"}
    people.write_text(json.dumps([member]), "utf-8")
    presiding = await world.enter("officer")
    await officer.import_committee(presiding, Namespace(people=people, draw="抽取单 1"))
    link = parse_link(capsys.readouterr().out.strip().split("\t")[2])
    assert (link.person, link.fingerprint) == ("e1", world.room.keys.fingerprint)
    assert world.state.invitations[digest_of(link.secret)].person == "e1"


async def test_another_authority_is_trusted_from_then_on(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = DemoPki.create(tmp_path / "other", world.clock.now())
    presiding = await world.enter("officer")
    await officer.add_authority(presiding, Namespace(certificates=other.trust_file, reason="省级 CA"))
    assert capsys.readouterr().out.strip().endswith(fingerprint(other.root))
    assert len(world.state.authorities) == 1
    unreadable = tmp_path / "no.pem"
    unreadable.write_text("nothing", "utf-8")
    with pytest.raises(InputError, match=r"trust\.unreadable"):
        await officer.add_authority(presiding, Namespace(certificates=unreadable, reason="x"))


async def test_people_file_is_refused_as_a_whole(world: World, tmp_path: Path) -> None:
    people = tmp_path / "committee.json"
    people.write_text('[{"id": "e1", "role": "expert"}]', "utf-8")
    presiding = await world.enter("officer")
    with pytest.raises(InputError) as refused:
        await officer.import_committee(presiding, Namespace(people=people, draw="抽取单 1"))
    assert refused.value.code == "people.malformed"


async def test_next_phase_needs_its_gate_and_a_reason(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    await world.receiving()
    presiding = world.clients["officer"]
    with pytest.raises(InputError):
        await officer.advance(presiding, Namespace(phase="discipline", reason=""))
    await officer.advance(presiding, Namespace(phase="gathering", reason=""))
    assert capsys.readouterr().out.strip() == "gathering"
