"""Signing at a desk: the bytes that were seen and no others; stamps through the host; evidence when all have signed."""

from collections.abc import Iterator
from typing import Any

import pytest
from live_pki import LivePki, live_pki, pem_of
from pdf_world import FIELDS, with_fields
from world import World

from app.ca.pdf_verifier import Level, verify
from app.ca.seal import name_chop
from app.ca.trust import Status, TrustList
from app.errors import InputError
from app.session import signing
from app.session.replay_reports import reported
from app.session.rules import commands as cmd
from app.session.rules.events_case import DocumentStamped
from app.session.trust_settings import TrustSettings, write_settings


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePki]:
    with live_pki(tmp_path_factory.mktemp("live")) as running:
        yield running


async def paper(world: World, *signers: str) -> str:
    """A document that waits for these people; its id."""
    kept = world.room.blobs.put_bytes(with_fields(), world.room.keys.case_key)
    await world.room.report(
        cmd.ReportDocument(
            document="paper-1",
            kind="opening_record",
            pdf_sha256=kept.sha256,
            fields={person: field.name for person, field in zip(signers, FIELDS, strict=False)},
            entries=world.room.tree.size,
            root=world.room.tree.root().hex(),
        )
    )
    for person in signers:
        await world.clients[person].until(lambda s: "paper-1" in s.documents)
    return "paper-1"


async def sign(world: World, person: str, seen: bytes | None = None) -> None:
    client = world.clients[person]
    picture = name_chop(client.state.people[person].name, rehearsal=True)
    shown = seen if seen is not None else await signing.fetch_document(client, "paper-1")
    await signing.sign_document(client, "paper-1", picture, "确认并签署", shown)


def newest(world: World) -> bytes:
    digest = world.state.documents["paper-1"].pdf_sha256
    return world.room.blobs.read(digest, 1 << 26, world.room.keys.case_key)


async def test_each_signature_is_stamped_and_the_last_is_followed_by_evidence_and_a_stamp(
    world: World, pki: LivePki
) -> None:
    pki.down = False
    roots = world.room.folder / "trust.pem"
    roots.write_bytes(roots.read_bytes() + b"\n" + pem_of(pki.root))
    write_settings(world.room.folder, TrustSettings(tsa=(pki.tsa,)))
    await world.restart()
    await world.enter("officer", "clerk")
    await paper(world, "officer", "clerk")
    assert [one.id for one in signing.pending(world.clients["clerk"])] == ["paper-1"]
    await sign(world, "officer")
    trust = TrustList([roots.read_bytes()], demo=True)
    assert verify(newest(world), trust, world.clock.now()).level is Level.T
    await sign(world, "clerk")
    await world.settled(lambda s: s.documents["paper-1"].stamped)
    verdict = verify(newest(world), trust, world.clock.now())
    assert verdict.intact
    assert verdict.level is Level.LTA
    # the case's own list, in the file, says that nobody was revoked
    assert {one.identity.status for one in verdict.signatures} == {Status.PASSED}
    (entry,) = [one.recorded for one in world.room.entries if isinstance(one.recorded.event, DocumentStamped)]
    assert isinstance(reported(world.state, [entry]), cmd.ReportDocumentStamp)
    with pytest.raises(InputError, match="not_signer"):
        await sign(world, "clerk", newest(world))


async def test_without_an_authority_signatures_are_made_all_the_same(world: World, pki: LivePki) -> None:
    write_settings(world.room.folder, TrustSettings(tsa=(pki.tsa,)))
    pki.down = True
    await world.restart()
    await world.enter("officer")
    await paper(world, "officer")
    await sign(world, "officer")
    assert verify(newest(world), TrustList([]), world.clock.now()).level is Level.B
    assert not world.state.documents["paper-1"].stamped


async def test_stamps_are_for_who_signs_now(world: World, pki: LivePki) -> None:
    pki.down = False
    write_settings(world.room.folder, TrustSettings(tsa=(pki.tsa,)))
    await world.restart()
    officer = await world.enter("officer")
    async with officer.files.request("POST", "stamps", data=bytes(32)) as response:
        assert response.status == 403


@pytest.mark.parametrize("swap", ["another", "changed", "signed_by_nobody"])
async def test_a_host_that_swaps_the_bytes_between_viewing_and_signing_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, swap: str
) -> None:
    officer = await world.enter("officer")
    await paper(world, "officer")
    seen = await signing.fetch_document(officer, "paper-1")
    others: dict[str, Any] = {
        "another": with_fields().replace(b"/MediaBox [ 0 0 595", b"/MediaBox [ 0 0 594"),
        "changed": with_fields() + b"\n% more\n",
        "signed_by_nobody": with_fields()[:-10],
    }
    other = world.room.blobs.put_bytes(others[swap], world.room.keys.case_key)

    async def lease(person: str, document: str) -> tuple[str, int]:
        return other.sha256, 90

    monkeypatch.setattr(world.host._casework, "lease", lease)
    monkeypatch.setattr(world.host, "_may_fetch", lambda _person, _sha256: True)
    before = len(world.keys["officer"].acts)
    with pytest.raises(InputError, match=r"^pdf\.other_than_seen"):
        await sign(world, "officer", seen)
    assert len(world.keys["officer"].acts) == before  # the token was not even asked


async def test_who_looked_before_another_signed_signs_what_was_seen_and_that_signature(world: World) -> None:
    clerk = await world.enter("officer", "clerk")
    await paper(world, "officer", "clerk")
    seen = await signing.fetch_document(clerk, "paper-1")
    await sign(world, "officer")
    await sign(world, "clerk", seen)
    assert [one.name for one in verify(newest(world), TrustList([]), world.clock.now()).signatures] == [
        world.state.people[person].name for person in ("officer", "clerk")
    ]
