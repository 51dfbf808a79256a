"""The token worker's child process as the program sees it: one exchange at a time, killed when it hangs."""

import asyncio
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import app
from app.ca.worker_wire import Reply, Request, receive_reply, send
from app.errors import FaultError

_Exchange = tuple[Request, "asyncio.Future[Reply]", asyncio.AbstractEventLoop]


def worker_command() -> list[str]:
    """How the child is started; a frozen program starts itself with the argument ``token-worker``."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "token-worker"]
    return [sys.executable, "-m", "app.ca.token_worker"]


def worker_command32() -> list[str] | None:
    """How a child for 32-bit modules is started, or None where there is no interpreter for it.

    ``BIDROOM_PYTHON32`` names a 32-bit Python, 3.11 or later; on Windows one beside the program, ``python32``, is
    found by itself. It needs nothing installed: its site packages are not even looked at.
    """
    named = os.environ.get("BIDROOM_PYTHON32", "")
    beside = Path(sys.executable).parent / "python32" / "python.exe"
    if not named and not (sys.platform == "win32" and beside.is_file()):
        return None
    return [named or str(beside), "-S", "-m", "app.ca.token_worker", "--ctypes"]


class WorkerProcess:
    """One child. Its pipe is read and written on one daemon thread, so that no event loop waits for a module.

    Threads and pipes instead of asyncio's subprocesses: the desk's Qt loop on Windows has none.

    Attributes:
        pid: process id of the child.
    """

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start the child.

        Raises:
            FaultError: ``token.worker_died`` when it cannot be started.
        """
        path = str(Path(app.__file__).resolve().parent.parent)
        inherited = os.environ.get("PYTHONPATH")
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([path, inherited] if inherited else [path]), **env}
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # what a vendor's module prints there may hold a PIN
                env=environment,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise FaultError("token.worker_died", error=type(error).__name__) from None
        self.pid = self._process.pid
        self._ended = False
        self._exchanges: queue.SimpleQueue[_Exchange | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"token-worker-{self.pid}", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the child still runs and has not been told to end."""
        return not self._ended and self._process.poll() is None

    async def exchange(self, request: Request, timeout: float) -> Reply:
        """Send one request and wait at most ``timeout`` seconds for its reply; after a failure the child is killed.

        Raises:
            FaultError: ``token.timeout``, ``token.worker_died``.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Reply] = loop.create_future()
        self._exchanges.put((request, answer, loop))
        try:
            return await asyncio.wait_for(asyncio.shield(answer), timeout)
        except TimeoutError:
            answer.cancel()
            self.kill()
            raise FaultError("token.timeout", seconds=int(timeout)) from None
        except (OSError, EOFError, ValueError):
            self.kill()
            raise FaultError("token.worker_died") from None

    def kill(self) -> None:
        """End the child at once and let the thread end."""
        self._ended = True
        self._process.kill()
        self._exchanges.put(None)

    def close(self, grace: float = 2.0) -> None:
        """End the child by closing its pipe; kill it when it does not go in ``grace`` seconds. Blocks that long."""
        self._ended = True
        self._exchanges.put(None)
        self._thread.join(grace)
        if self._thread.is_alive():
            self._process.kill()
            self._thread.join(grace)

    def _run(self) -> None:
        outgoing, incoming = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)
        while (exchange := self._exchanges.get()) is not None:
            request, answer, loop = exchange
            try:
                send(outgoing, request)
                reply = receive_reply(incoming)
            except Exception as error:  # handed to whoever waits; the pipe is in an unknown state then
                self._process.kill()
                _post(loop, answer, error)
            else:
                _post(loop, answer, reply)
        for pipe in (outgoing, incoming):
            try:
                pipe.close()
            except OSError:
                pass  # unsent bytes to a dead child
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _post(loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[Reply]", result: Reply | Exception) -> None:
    def settle() -> None:
        if answer.done():
            return
        if isinstance(result, Exception):
            answer.set_exception(result)
            answer.exception()  # whoever stopped waiting is not reminded
        else:
            answer.set_result(result)

    try:
        loop.call_soon_threadsafe(settle)
    except RuntimeError:
        pass  # the loop has been closed: nobody waits
