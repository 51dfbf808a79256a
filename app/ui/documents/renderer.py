"""The desk's side of the rendering child: asks for pages, watches time and memory, starts another child when needed."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import msgspec
import psutil

import app
from app.errors import FaultError, InputError
from app.logs import get_logger
from app.ui.documents.wire import (
    MAX_FILE,
    Failed,
    Find,
    Found,
    Heading,
    Locate,
    Located,
    Open,
    Opened,
    Outline,
    Outlined,
    Render,
    Rendered,
    Reply,
    Request,
)
from app.ui.documents.wire import read_reply as _read
from app.ui.documents.wire import write as _write

MEMORY_LIMIT = 1024 * 1024 * 1024
OPEN_SECONDS = 30.0
PAGE_SECONDS = 15.0
WATCH_SECONDS = 0.1
_log = get_logger("documents")


def worker_command() -> list[str]:
    """How the child is started; a frozen program starts itself with the argument ``render-worker``."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "render-worker"]
    return [sys.executable, "-m", "app.ui.documents.render_worker"]


class Page(msgspec.Struct, frozen=True):
    """A drawn page: ``height`` rows of ``stride`` bytes, B, G, R, X."""

    number: int
    width: int
    height: int
    stride: int
    data: bytes


class PageRenderer:
    """Pages of one PDF, drawn in a child process.

    Every call raises InputError ``document.unreadable`` (not a PDF or broken), ``document.encrypted``,
    ``document.too_large``, ``document.too_many_pages``, ``document.page_too_large``, ``document.timeout``,
    ``document.memory``, ``document.crashed``; FaultError ``document.no_child``. After one of them the next call works:
    another child opens the document again. Calls are served one after another.
    """

    def __init__(
        self,
        *,
        page_seconds: float = PAGE_SECONDS,
        open_seconds: float = OPEN_SECONDS,
        memory_limit: int = MEMORY_LIMIT,
        command: Sequence[str] | None = None,
    ) -> None:
        self._page_seconds, self._open_seconds, self._memory_limit = page_seconds, open_seconds, memory_limit
        self._command = list(command or worker_command())
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pages")
        self._turn = asyncio.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._source: Path | bytes | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the child, None when there is none."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    async def open(self, source: Path | bytes) -> tuple[tuple[float, float], ...]:
        """Take a document (a file or its bytes) and say the page sizes in points."""
        if isinstance(source, bytes) and len(source) > MAX_FILE:
            raise InputError("document.too_large", limit=MAX_FILE)
        async with self._turn:
            self._source = source
            return await self._open()

    async def render(self, page: int, scale: float) -> Page:
        """Draw ``page`` (from 0) at ``scale`` pixels per point."""
        async with self._turn:
            if self.pid is None:
                await self._open()
            reply, data = await self._ask(Render(page, scale), b"", self._page_seconds)
            if not isinstance(reply, Rendered):
                raise self._refused(reply)
            if len(data) != reply.stride * reply.height or reply.stride < reply.width * 4:
                raise InputError("document.unreadable")
            return Page(reply.page, reply.width, reply.height, reply.stride, data)

    async def find(self, text: str, start: int = 0, most: int = 50) -> Found:
        """Look for ``text`` on at most ``most`` pages from ``start`` on."""
        async with self._turn:
            if self.pid is None:
                await self._open()
            reply, _ = await self._ask(Find(text, start, most), b"", self._open_seconds)
            if not isinstance(reply, Found):
                raise self._refused(reply)
            return reply

    async def locate(self, text: str, page: int) -> tuple[tuple[float, float, float, float], ...]:
        """Where ``text`` stands on ``page``: boxes (left, bottom, width, height) in points from the lower left."""
        async with self._turn:
            if self.pid is None:
                await self._open()
            reply, _ = await self._ask(Locate(page, text), b"", self._page_seconds)
            if not isinstance(reply, Located):
                raise self._refused(reply)
            return reply.boxes

    async def outline(self) -> tuple[Heading, ...]:
        """The document's own table of contents; empty when it has none."""
        async with self._turn:
            if self.pid is None:
                await self._open()
            reply, _ = await self._ask(Outline(), b"", self._page_seconds)
            if not isinstance(reply, Outlined):
                raise self._refused(reply)
            return reply.headings

    def close(self) -> None:
        """End the child at once; a call under way fails with ``document.crashed``."""
        self._end()
        self._thread.shutdown(wait=False)

    async def _open(self) -> tuple[tuple[float, float], ...]:
        if self._source is None:
            raise InputError("document.not_open")
        if isinstance(self._source, bytes):
            reply, _ = await self._ask(Open(size=len(self._source)), self._source, self._open_seconds)
        else:
            reply, _ = await self._ask(Open(path=str(self._source)), b"", self._open_seconds)
        if not isinstance(reply, Opened):
            raise self._refused(reply)
        return reply.pages

    async def _ask(self, request: Request, payload: bytes, seconds: float) -> tuple[Reply, bytes]:
        child = self._running()
        loop = asyncio.get_running_loop()
        answer = loop.run_in_executor(self._thread, _exchange, child, request, payload)
        deadline = loop.time() + seconds
        code = ""
        try:
            while not code:
                done, _ = await asyncio.wait({answer}, timeout=WATCH_SECONDS)
                if done:
                    break
                code = "document.timeout" if loop.time() > deadline else self._overgrown(child)
        except asyncio.CancelledError:
            self._end()  # the next request must not read this one's answer
            await asyncio.wait({answer})
            answer.exception()
            raise
        if code:
            self._end()
            await asyncio.wait({answer})
            answer.exception()
            _log.warning("page renderer ended", code=code, pid=child.pid)
            raise InputError(code)
        try:
            result = answer.result()
        except (OSError, ValueError, msgspec.DecodeError):
            result = None
        if result is None:
            self._end()
            _log.warning("page renderer died", pid=child.pid)
            raise InputError("document.crashed")
        return result

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._end()
            try:
                self._child = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "PYTHONPATH": str(Path(app.__file__).resolve().parent.parent)},
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
            except OSError as error:
                raise FaultError("document.no_child", error=type(error).__name__) from error
        return self._child

    def _overgrown(self, child: subprocess.Popen[bytes]) -> str:
        try:
            return "document.memory" if psutil.Process(child.pid).memory_info().rss > self._memory_limit else ""
        except psutil.Error:
            return ""

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        if child.poll() is None:
            child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            _close(pipe)

    @staticmethod
    def _refused(reply: Reply) -> InputError:
        return InputError(reply.code if isinstance(reply, Failed) else "document.unreadable")


def _exchange(child: subprocess.Popen[bytes], request: Request, payload: bytes) -> tuple[Reply, bytes] | None:
    assert child.stdin is not None
    assert child.stdout is not None
    _write(child.stdin, request, payload)  # type: ignore[arg-type]
    return _read(child.stdout)  # type: ignore[arg-type]


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is None:
        return
    try:
        pipe.close()
    except OSError:
        pass  # the child's end is gone with unsent bytes in our buffer
