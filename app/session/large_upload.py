"""A large file on its way to the host, going on where it stopped when the line or the host was lost (resuming.py)."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from app.errors import FaultError, InputError
from app.session.files import UPLOAD_PIECE, Files

PATIENCE_SECONDS = 600.0
"""Without a byte more for so long, the upload is given up; what has come stays on the host and counts next time."""
PAUSE_SECONDS = 0.5
LONGEST_PAUSE = 8.0
Progress = Callable[[int, int], None]


async def upload_large(files: Files, source: Path, progress: Progress | None = None) -> str:
    """Send ``source``; its SHA-256 (hex), as computed here and confirmed by the host.

    A lost connection, a new sign-in or a restart of the host costs what was under way and no more. Cancelling the task
    leaves the beginning on the host: the next call for the same file goes on from there.

    Args:
        progress: called with bytes that are at the host and bytes in all.

    Raises:
        InputError: ``blob.too_large``, ``upload.*`` and what else the host says; ``blob.upload_differs`` when the file
            changed on the way.
        FaultError: ``client.unreachable`` after ten minutes without progress.
    """
    size, sha256 = await asyncio.to_thread(_measure, source)
    pause, best, since = PAUSE_SECONDS, -1, time.monotonic()
    while True:
        try:
            offset = await _offset(files, sha256)
            if offset > best:
                pause, best, since = PAUSE_SECONDS, offset, time.monotonic()
            if await _send_rest(files, source, sha256, offset, size, progress):
                return sha256
        except FaultError as error:
            if error.code != "client.unreachable" or time.monotonic() - since > PATIENCE_SECONDS:
                raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def _offset(files: Files, sha256: str) -> int:
    async with files.request("HEAD", f"uploads/{sha256}") as response:
        told = response.headers.get("Upload-Offset", "")
        if response.status != 200 or not told.isdigit():
            raise files.unreachable()
        return int(told)


async def _send_rest(
    files: Files, source: Path, sha256: str, offset: int, size: int, progress: Progress | None
) -> bool:
    """Whether the host has all of it now; False when it has another offset than we thought."""
    headers = {"Upload-Offset": str(offset), "Upload-Length": str(size)}

    async def pieces() -> AsyncIterator[bytes]:
        sent = offset
        with open(source, "rb") as file:
            file.seek(offset)
            while sent < size and (piece := await asyncio.to_thread(file.read, min(UPLOAD_PIECE, size - sent))):
                yield piece
                sent += len(piece)
                if progress is not None:
                    progress(sent, size)
        if sent < size:
            raise InputError("blob.upload_differs")

    request = files.request("PATCH", f"uploads/{sha256}", size - offset, headers, data=pieces())
    async with request as response:
        if response.status == 409:
            return False
        if response.status not in (200, 413):
            raise files.unreachable()
        answer = await response.json()
        if response.status == 413:
            raise InputError(str(answer["code"]), **answer["facts"])
        return bool(answer["sha256"] == sha256)


def _measure(source: Path) -> tuple[int, str]:
    with open(source, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), digest
