"""The desk's program put together: its screens, and the functions of the lower floors that they are given."""

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from app.bootstrap import METHODS, rehearsal_plan, rehearse, verify_with
from app.clock import SystemClock
from app.rehearsal.rehearsal import Outcome, Plan
from app.ui.application import Desk, run_desk
from app.ui.program.program import Program
from app.ui.program.rehearsing import RehearsalShow, Tell
from app.ui.program.sample_screens import program_screens
from app.ui.program.services import Services
from app.ui.screens import SCREENS, grab_all

Finish = Callable[[], Awaitable[None]]
WATCHED_SECONDS = 6 * 3600.0
"""A rehearsal that people watch, and in which they may act, is not given up earlier."""
SHOWN_BIG_BYTES = 20_000_000


def run_desk_program(link: str = "") -> int:
    """``bidroom desk``: the whole program; ``link`` is followed at once. The exit status."""
    programs: list[Program] = []

    async def start(desk: Desk) -> Finish:
        program = Program(desk, services())
        programs.append(program)
        program.start(link)
        return program.finish

    return run_desk(start)


def services() -> Services:
    """What the program needs of the lower floors."""
    return Services(clock=SystemClock(), verify=verify_with, plan=_plan, rehearse=rehearse)


def _plan(method: str, out: Path) -> Plan:
    word = next(word for word, code in METHODS.items() if code == method)
    plan = rehearsal_plan(out, word, None, None, media=True, big_bytes=SHOWN_BIG_BYTES)
    return msgspec.structs.replace(plan, patience=WATCHED_SECONDS)


def screenshots(directory: Path) -> int:
    """``bidroom demo --screenshots``: every screen in both languages and both looks, 1280 x 800. The exit status."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform in ("win32", "darwin")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    written: list[Path] = []

    async def start(desk: Desk) -> None:
        SCREENS[:0] = [screen for screen in program_screens() if screen[0] not in dict(SCREENS)]
        try:
            written.extend(await grab_all(directory, desk.bridge))
        finally:
            desk.closing.set()

    run_desk(start)
    return 0 if written else 1


def rehearse_with_windows(plan: Plan, tell: Tell) -> Outcome | None:
    """Play ``plan`` with windows of officer, supervisor and one expert; None when it was closed before its end."""
    watched = msgspec.structs.replace(plan, patience=WATCHED_SECONDS)
    shows: list[RehearsalShow] = []

    async def start(desk: Desk) -> Finish:
        show = RehearsalShow(desk.bridge, SystemClock(), rehearse, verify_with)
        shows.append(show)
        show.start(watched, tell)
        return show.finish

    run_desk(start)
    return shows[0].outcome if shows else None
