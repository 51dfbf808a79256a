"""The desk's program put together: its screens, and the functions of the lower floors that they are given."""

from collections.abc import Awaitable, Callable

import msgspec

from app.bootstrap import rehearse, verify
from app.clock import SystemClock
from app.rehearsal.rehearsal import Outcome, Plan
from app.ui.application import Desk, run_desk
from app.ui.program.rehearsing import RehearsalShow, Tell

Finish = Callable[[], Awaitable[None]]
WATCHED_SECONDS = 6 * 3600.0
"""A rehearsal that people watch, and in which they may act, is not given up earlier."""


def rehearse_with_windows(plan: Plan, tell: Tell) -> Outcome | None:
    """Play ``plan`` with windows of officer, supervisor and one expert; None when it was closed before its end."""
    watched = msgspec.structs.replace(plan, patience=WATCHED_SECONDS)
    shows: list[RehearsalShow] = []

    async def start(desk: Desk) -> Finish:
        show = RehearsalShow(desk.bridge, SystemClock(), rehearse, verify)
        shows.append(show)
        show.start(watched, tell)
        return show.finish

    run_desk(start)
    return shows[0].outcome if shows else None
