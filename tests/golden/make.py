"""Make the golden case of a version: python tests/golden/make.py v1

A whole tender is played without media, and what is left of it is kept small: the archive, the database, and what a
reader brings along from outside (roots, N:R). The keys of its host are kept too: the tests use them to do what the
owner of a host could do. They belong to a rehearsal that is over; nothing else is signed with them.

A released version's folder is never made again: later programs must still verify it (docs/formats/case-archive.md).
"""

import asyncio
import lzma
import sqlite3
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
for place in ("..", "../..", "../rehearsal", "../session", "../session/rules"):
    sys.path.insert(0, str((HERE / place).resolve()))

FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": 64 << 20}]


def packed(data: bytes) -> bytes:
    return lzma.compress(data, filters=FILTERS)


async def make(target: Path) -> None:
    from whole_case import played, two_segments

    import app.session.client
    import app.session.room

    app.session.room.TICK_SECONDS = 0.05
    app.session.client.PING_SECONDS = 0.5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world, archive, expect = await played(folder, "public_tender", two_segments)
        target.mkdir(parents=True, exist_ok=True)
        small = folder / "record.sqlite"
        with sqlite3.connect(world.room.folder / "record.sqlite") as database:
            database.execute("VACUUM INTO ?", (str(small),))
        (target / "case.bidroom.xz").write_bytes(packed(archive.read_bytes()))
        (target / "record.sqlite.xz").write_bytes(packed(small.read_bytes()))
        (target / "trust.pem").write_bytes(world.pki.trust_file.read_bytes())
        (target / "expect.txt").write_text(expect + "\n")
        (target / "case.txt").write_text(world.room.case + "\n")
        for key in ("log.key", "host.key"):
            (target / key).write_bytes((world.room.folder / key).read_bytes())


if __name__ == "__main__":
    asyncio.run(make(HERE / sys.argv[1]))
