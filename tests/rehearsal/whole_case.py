"""A whole case played by real desks on a real host in this process: from the sealed bids to the archive."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from world import STAFF, World

from app.rehearsal.cast import person_of
from app.session.archiving import archive_room
from app.session.rules import commands as cmd
from app.session.rules.state import CLOSED
from app.session.signin import digest_of

SUPPLIERS = ("supplier-a", "supplier-b", "supplier-c")


async def nothing_more(_world: World) -> None:
    """What else happens at the opening: nothing."""


async def played(
    folder: Path, method: str, meanwhile: Callable[[World], Awaitable[None]] = nothing_more
) -> tuple[World, Path, str]:
    """A closed case and its archive; ``meanwhile`` runs once while the opening is played."""
    world = await World.create(folder, method)
    try:
        members = [key for key, sample in world.samples.items() if sample.role in ("purchaser", "expert")]
        await world.ready(*SUPPLIERS)
        people = tuple(person_of(world.samples[key]) for key in members)
        officer = world.clients["officer"]
        await officer.do(cmd.ImportCommittee(people=people, draw_reference="抽-1"))
        for person in people:
            world.secrets[person.id] = f"secret of {person.id}"
            await officer.do(cmd.Invite(person=person.id, secret_sha256=digest_of(world.secrets[person.id])))
        await meanwhile(world)
        world.play(*STAFF, *SUPPLIERS)
        room = {phase.name for phase in world.state.the_method().room("evaluation")}
        await world.settled(lambda s: s.phase in room, 60)
        await world.enter(*members)
        world.play(*members)
        await world.settled(lambda s: s.phase == CLOSED, 100)
        async with asyncio.timeout(10):
            await world.room.witnessed(world.room.tree.size)
        assert all(client.alarm == "" for client in world.clients.values())
        done = await archive_room(world.room)
        size = world.room.tree.size
        await world.restart()  # a closed case comes up again, and nothing is added to it
        assert (world.state.phase, world.room.tree.size) == (CLOSED, size)
        return world, done.path, done.expect
    finally:
        await world.close()


async def two_segments(world: World) -> None:
    """Two short recorded segments of the officer's picture, as the recorder hands them over."""
    for number in (1, 2):
        film, notes = _film(number), b'{"note":"start"}\n'
        kept = [world.room.blobs.put_bytes(data).sha256 for data in (film, notes)]
        await world.room.report(
            cmd.ReportSegment(
                source="officer", number=number, segment_sha256=kept[0], notes_sha256=kept[1], size=len(film),
                start=world.room.now() - timedelta(seconds=1), milliseconds=1000, gaps=0, private=False,
            )
        )  # fmt: skip


def _film(seed: int) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as container:
        stream: Any = container.add_stream("libvpx", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for place in range(10):
            picture = av.VideoFrame(64, 48, "yuv420p")
            for plane in picture.planes:
                plane.update(bytes([(seed * 60 + place * 4) % 256]) * plane.buffer_size)
            picture.pts, picture.time_base = place, Fraction(1, 10)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return out.getvalue()
