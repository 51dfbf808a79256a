"""Background tasks that nobody forgets: kept alive, named, and their failure is seen."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from app.logs import get_logger

_log = get_logger("tasks")


class TaskSet:
    """Owns the background tasks of one object; ``close()`` cancels and awaits them all."""

    def __init__(self, on_failure: Callable[[str, BaseException], None] | None = None) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._on_failure = on_failure

    def start(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run ``coroutine`` until it ends or the set is closed."""
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def close(self) -> None:
        """Cancel what runs and wait for it."""
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _log.error("task failed", name=task.get_name(), error=type(error).__name__)
            if self._on_failure is not None:
                self._on_failure(task.get_name(), error)
