"""Writing the case archive (归档) when the case is closed, and what the desk of a host needs to know of it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import msgspec

from app.record.archive import write_archive
from app.record.source import CaseSource
from app.record.store import Store
from app.session.case_folder import folder_name
from app.session.room import Room

WITNESS_SECONDS = 5.0


class Archived(msgspec.Struct, frozen=True):
    """The archive and its head, ``N:R`` as ``--expect`` takes it."""

    path: Path
    expect: str


async def archive_room(room: Room, folder: Path | None = None, evidence: Mapping[str, bytes] | None = None) -> Archived:
    """Write the full archive of a closed (or failed) case; waits a moment for the last head to be witnessed.

    Args:
        folder: where to; the case's own ``archive`` by default.
        evidence: revocation evidence besides what sign-ins name, by file name (``….crl``, ``….ocsp``).

    Raises:
        FaultError: ``archive.*``; OSError of the disk.
    """
    size = room.tree.size
    await _witnessed(room, size)
    target = (folder or room.folder / "archive") / f"{folder_name(room.case)}.bidroom"
    certificates = {"trust-roots.pem": (room.folder / "trust.pem").read_bytes()}
    certificates |= dict(evidence or {})
    crls = (room.folder / "crls.pem").read_bytes()
    if crls:
        certificates["revoked.crl"] = crls

    def write(store: Store) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        source = CaseSource(store, room.blobs, case_key=room.keys.case_key, certificates=certificates)
        with open(part, "wb") as file:
            write_archive(file, source)
            file.flush()
        part.replace(target)

    await room.store.run(write)
    expect = f"{size}:{room.tree.root(size).hex()}"
    target.with_name("expect.txt").write_text(expect + "\n")
    return Archived(target, expect)


async def _witnessed(room: Room, size: int) -> None:
    """Until everyone who is connected has cosigned the last head, or five seconds."""
    try:
        async with asyncio.timeout(WITNESS_SECONDS):
            await room.witnessed(size)
    except TimeoutError:
        pass
