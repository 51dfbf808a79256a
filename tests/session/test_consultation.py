"""A consultation: suppliers never learn of each other, not through the record, not through its documents."""

from typing import Any

import pypdfium2
import pytest
from world import World

from app.errors import InputError
from app.record.log import leaf_hash
from app.session.replay_documents import attached_data
from app.session.rules import commands as cmd
from app.session.rules.event import Recorded
from app.session.rules.events import event_bytes

A, B, C = SUPPLIERS = ("supplier-a", "supplier-b", "supplier-c")


@pytest.fixture
async def world(make_world: Any) -> World:
    """A consultation, announced."""
    made: World = await make_world("competitive_consultation")
    return made


def marks(world: World, key: str) -> list[bytes]:
    """What would give a supplier away."""
    bid = world.bids[key].payload
    me = world.clients[key].me
    header = world.state.bids[bid.supplier.uscc].header_sha256
    words = (bid.supplier.name, bid.supplier.uscc, world.samples[key].name, me, header, str(bid.price.total))
    return [word.encode() for word in words]


def shown(entries: dict[int, Recorded]) -> bytes:
    return b"".join(recorded.actor.encode() + event_bytes(recorded.event) for recorded in entries.values())


def text_of(pdf: bytes) -> str:
    """All that the pages and the attached data say, without spaces."""
    document = pypdfium2.PdfDocument(pdf)
    pages = "".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return "".join(pages.split()) + attached_data(pdf).decode()


async def test_each_supplier_signs_a_record_of_its_own_and_sees_nothing_of_the_others(world: World) -> None:
    await world.decrypting(*SUPPLIERS)
    world.play("officer", "clerk", "opener", "supervisor", *SUPPLIERS)
    state = await world.settled(lambda s: s.phase not in ("decrypting", "objections", "signing"), 60)
    records = [d for d in state.documents.values() if d.kind == "opening_record"]
    assert {d.subject for d in records} == {world.uscc(key) for key in SUPPLIERS}
    for key in SUPPLIERS:
        desk, uscc = world.clients[key], world.uscc(key)
        own = next(d for d in records if d.subject == uscc)
        assert set(own.fields) == {desk.me, "officer", "clerk"}
        assert set(own.signed) == set(own.fields)
        await desk.until(lambda s, o=own: o.id in s.documents and s.documents[o.id].signed == o.signed)  # type: ignore[misc]
        assert [d.id for d in desk.state.documents.values()] == [own.id]
        said = text_of(await desk.files.fetch(own.pdf_sha256))
        assert world.bids[key].payload.supplier.name in said
        for other in SUPPLIERS:
            if other == key:
                continue
            stranger = next(d for d in records if d.subject == world.uscc(other))
            with pytest.raises(InputError):
                await desk.files.fetch(stranger.pdf_sha256)
            for mark in marks(world, other):
                assert mark not in shown(desk.entries)
                assert mark.decode() not in said
                assert mark.decode() not in repr(desk.state)
        assert desk.alarm == ""
        assert desk.head[0] > 0
    for key in ("officer", "supervisor"):
        for record in records:
            assert text_of(await world.clients[key].files.fetch(record.pdf_sha256))


async def test_prices_are_told_to_nobody_in_the_opening_room(world: World) -> None:
    await world.decrypting(*SUPPLIERS)
    world.play("officer", "clerk", "opener", "supervisor", *SUPPLIERS)
    await world.settled(lambda s: s.phase == "opening_closed", 60)
    for key in ("officer", "clerk", "opener", *SUPPLIERS):
        for other in SUPPLIERS:
            total = str(world.bids[other].payload.price.total).encode()
            assert total not in shown(world.clients[key].entries)


async def test_one_absent_supplier_is_deemed_on_its_own_record_only(world: World) -> None:
    await world.decrypting(*SUPPLIERS)
    me = world.clients[C].me
    world.play("officer", "clerk", "opener", "supervisor", *SUPPLIERS)
    await world.settled(lambda s: s.phase == "objections", 60)
    gone = next(player for player in world.players if player.client.me == me)
    world.players.remove(gone)
    await gone.close()
    await world.settled(lambda s: me not in s.online)
    await world.clients["officer"].do(cmd.MarkAbsent(person=me))
    await world.settled(lambda s: (s.phase == "objections" and len(s.no_objection) == 2) or s.phase == "signing", 30)
    if world.state.phase == "objections":
        left = (world.state.windows["objections"].until - world.clock.now()).total_seconds()
        world.clock.advance(left + 1)
    state = await world.settled(lambda s: s.phase == "opening_closed", 60)
    deemed = {d.subject: tuple(d.deemed) for d in state.documents.values() if d.kind == "opening_record"}
    assert deemed == {world.uscc(A): (), world.uscc(B): (), world.uscc(C): (me,)}


async def test_recorded_segments_are_for_supervisors_and_after_the_end_for_the_agency(world: World) -> None:
    await world.enter("officer", "supervisor", "opener")
    room = world.room
    video, notes = room.blobs.put_bytes(b"video", room.keys.case_key), room.blobs.put_bytes(b"notes")
    await room.report(cmd.ReportSource(source="s1", state="started", person="officer", name="机位", kind="camera"))
    await room.report(
        cmd.ReportSegment(
            source="s1", number=1, segment_sha256=video.sha256, notes_sha256=notes.sha256, size=5,
            start=world.clock.now(), milliseconds=10_000, gaps=0, private=False,
        )
    )  # fmt: skip
    supervisor, officer, opener = (world.clients[key] for key in ("supervisor", "officer", "opener"))
    assert await supervisor.files.fetch(video.sha256) == b"video"
    assert await supervisor.files.fetch(notes.sha256) == b"notes"
    for desk in (officer, opener):
        with pytest.raises(InputError):
            await desk.files.fetch(video.sha256)
    await officer.do(cmd.FailCase(ground="演练终止", article="87/36", reason="测试"))
    assert await officer.files.fetch(video.sha256) == b"video"
    with pytest.raises(InputError):
        await opener.files.fetch(video.sha256)
    assert leaf_hash(room.entries[0].data) == room.entries[0].leaf
