"""The only place where signals start coroutines and dialogs are awaited.

A dialog is opened, never executed: a nested event loop inside a coroutine hangs the loop (measured with qasync).
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QWidget

from app.tasks import TaskSet

Answer_co = TypeVar("Answer_co", covariant=True)
Answer = TypeVar("Answer")

GONE = "already deleted"
"""In what PySide says when Python touches a widget whose C++ side is gone."""


class Question(Protocol[Answer_co]):
    """A dialog that ends in an answer (see ``dialogs.base.DeskDialog``)."""

    @property
    def finished(self) -> SignalInstance: ...

    def open(self) -> None: ...

    def reject(self) -> None: ...

    def deleteLater(self) -> None: ...

    def answer(self) -> Answer_co:
        """What the person chose; asked for once, after ``finished``."""
        ...


async def ask(question: Question[Answer]) -> Answer:
    """Open the dialog, wait for its end, return its answer; a cancelled task closes the dialog."""
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(_result: int) -> None:
        if not ended.done():
            ended.set_result(None)

    question.finished.connect(end)
    question.open()
    try:
        await ended
        return question.answer()
    except asyncio.CancelledError:
        question.reject()
        raise
    finally:
        question.deleteLater()


class AsyncBridge:
    """Starts coroutines for signals, keeps them, reports what they raise.

    ``report`` gets every exception that a coroutine did not handle itself.
    """

    def __init__(self, report: Callable[[BaseException], None]) -> None:
        self._report = report
        self._tasks = TaskSet(on_failure=lambda _name, error: self._failed(error))
        self._busy: set[str] = set()

    def start(self, coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run a coroutine in the background."""
        return self._tasks.start(coroutine, name)

    def on(
        self,
        signal: SignalInstance,
        handler: Callable[..., Coroutine[Any, Any, Any]],
        name: str,
        *,
        disable: QWidget | None = None,
    ) -> None:
        """Run ``handler`` with the signal's arguments, one at a time.

        While it runs, further signals are dropped and ``disable`` (a button) is disabled: a double click is one act.
        """

        def begin(*arguments: Any) -> None:
            if name in self._busy:
                return
            self._busy.add(name)
            if disable is not None:
                disable.setEnabled(False)
            self._tasks.start(self._guarded(handler, arguments, name, disable), name)

        signal.connect(begin)

    async def close(self) -> None:
        """Cancel everything and wait for it."""
        await self._tasks.close()

    def _failed(self, error: BaseException) -> None:
        """A coroutine that outlived the widget which started it has nobody left to tell: that is no fault."""
        if isinstance(error, RuntimeError) and GONE in str(error):
            return
        self._report(error)

    async def _guarded(
        self,
        handler: Callable[..., Coroutine[Any, Any, Any]],
        arguments: tuple[Any, ...],
        name: str,
        disable: QWidget | None,
    ) -> None:
        try:
            await handler(*arguments)
        finally:
            self._busy.discard(name)
            if disable is not None:
                disable.setEnabled(True)
