"""The host of a rehearsal: the product's own command in its own process, heard by its lines of output."""

import asyncio
import json
import os
import sys
from pathlib import Path

from app.errors import FaultError
from app.session.wire.link import Link, parse_link

START_SECONDS = 30.0
STOP_SECONDS = 10.0


class HostProcess:
    """``bidroom host`` on the cases in ``home``, reachable on this machine only."""

    def __init__(self, home: Path, *, media: bool, port: int = 0) -> None:
        self._home = home
        self._media = media
        self._port = port
        self._process: asyncio.subprocess.Process | None = None
        self._lines: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._reader: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> Link:
        """Start it; the public link of its first case.

        Raises:
            FaultError: ``rehearsal.host_failed``.
        """
        arguments = [sys.executable, "-m", "app", "host", "--home", str(self._home), "--local"]
        arguments += ["--listen", f"127.0.0.1:{self._port}"]
        if not self._media:
            arguments.append("--no-media")
        root = str(Path(__file__).resolve().parent.parent.parent)
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
        self._process = await asyncio.create_subprocess_exec(
            *arguments, stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL, env=env
        )
        self._lines = asyncio.Queue()  # what an earlier process said, its end included, is not this one's
        self._reader = asyncio.create_task(_read(self._process, self._lines), name="host output")
        ready = await self._line("link", START_SECONDS)
        return parse_link(ready["link"])

    async def archive(self, seconds: float) -> tuple[Path, str]:
        """Wait for the archive: its path and its head as ``N:R``.

        Raises:
            FaultError: ``rehearsal.host_failed``.
        """
        line = await self._line("archive", seconds)
        return Path(line["archive"]), line["expect"]

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, then make it."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await self._process.wait()
            except TimeoutError:
                await self.kill()
        if self._reader is not None:
            self._reader.cancel()

    async def _line(self, wanted: str, seconds: float) -> dict[str, str]:
        try:
            async with asyncio.timeout(seconds):
                while line := await self._lines.get():
                    if wanted in line:
                        return line
        except TimeoutError:
            pass
        raise FaultError("rehearsal.host_failed")


async def _read(process: asyncio.subprocess.Process, lines: asyncio.Queue[dict[str, str]]) -> None:
    """Its lines of JSON, then an empty one at the end."""
    assert process.stdout is not None
    async for raw in process.stdout:
        try:
            value = json.loads(raw)
        except ValueError:
            continue
        if isinstance(value, dict):
            lines.put_nowait(value)
    lines.put_nowait({})
