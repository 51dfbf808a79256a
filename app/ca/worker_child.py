"""One child process with its modules: started when needed, replaced when it dies, never hindered by one bad module."""

import asyncio
from collections.abc import Mapping, Sequence

from app.ca.worker_process import WorkerProcess
from app.ca.worker_wire import Failed, Forget, Load, Reply, Request
from app.errors import FaultError
from app.logs import get_logger

_START_TIMEOUT = 30.0
_PATIENCE = 2
_log = get_logger("token")


class WorkerChild:
    """The modules that one interpreter serves. Belongs to one event loop; its requests queue up.

    Attributes:
        problems: codes for modules that cannot be used, by path.
    """

    def __init__(self, command: Sequence[str], env: Mapping[str, str], timeout: float) -> None:
        self._command, self._env, self._timeout = list(command), dict(env), timeout
        self._modules: list[str] = []
        self.problems: dict[str, str] = {}
        self._blamed: dict[str, int] = {}
        self._process: WorkerProcess | None = None
        self._pipe = asyncio.Lock()
        self._open = True

    @property
    def pid(self) -> int | None:
        """Process id of the child, None when there is none."""
        return self._process.pid if self._process is not None and self._process.alive else None

    def serve(self, module: str) -> None:
        """Add a module; it is loaded when the child starts."""
        self._modules.append(module)

    def blame(self, module: str) -> None:
        """The child was lost while this module was looked at; after the second time it is left out."""
        self._blamed[module] = self._blamed.get(module, 0) + 1
        if self._blamed[module] >= _PATIENCE and module not in self.problems:
            self.problems[module] = "token.module_broken"
            _log.error("module left out")

    async def start(self) -> None:
        """Start the child now and not with the first request."""
        async with self._pipe:
            await self._ensure()

    async def close(self) -> None:
        """Log out everywhere and end the child; a request that is under way fails with ``token.worker_died``."""
        self._open = False
        if self._pipe.locked() and self._process is not None:
            self._process.kill()  # it may hang in a module: nobody waits for that
        async with self._pipe:
            process, self._process = self._process, None
            if process is not None:
                await asyncio.to_thread(process.close)

    async def request(self, request: Request, timeout: float | None = None) -> Reply:
        """One exchange; a child that dies or hangs is killed, and the next request starts a new one.

        Raises:
            FaultError: ``token.timeout``, ``token.worker_died``, ``token.not_started`` after :meth:`close`.
        """
        async with self._pipe:
            process = await self._ensure()
            try:
                return await process.exchange(request, timeout or self._timeout)
            except FaultError as error:
                _log.warning("token worker lost", code=error.code, pid=process.pid)
                raise

    async def _ensure(self) -> WorkerProcess:
        if not self._open:
            raise FaultError("token.not_started")
        for _ in range(len(self._modules) + 1):  # each round either succeeds or leaves out one more module
            if self._process is not None and self._process.alive:
                return self._process
            after_loss = self._process is not None
            self._process = process = WorkerProcess(self._command, self._env)
            await process.exchange(Forget(), _START_TIMEOUT)  # a child that cannot start is nobody's module's fault
            await self._load(process, after_loss)
        if self._process is None or not self._process.alive:
            raise FaultError("token.worker_died")
        return self._process

    async def _load(self, process: WorkerProcess, after_loss: bool) -> None:
        for module in self._modules:
            if module in self.problems:
                continue
            try:
                reply = await process.exchange(Load(module, after_loss), _START_TIMEOUT)
            except FaultError as error:
                # It crashed or hung while loading: the others get a child without it.
                self.problems[module] = "token.module_broken"
                _log.error("module lost", code=error.code)
                return
            if isinstance(reply, Failed):
                self.problems[module] = reply.code
                _log.warning("module not loaded", code=reply.code, error=reply.error)
