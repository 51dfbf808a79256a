"""What the program is given by ``bootstrap``: functions of the lower floors with everything concrete in them."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from app.clock import Clock
from app.rehearsal.rehearsal import Plan
from app.ui.archive.archive_screen import Verify
from app.ui.program.rehearsing import Rehearse


class Services(msgspec.Struct, frozen=True):
    """The desk's services.

    Attributes:
        verify: checks an archive; runs in a worker thread.
        plan: makes a rehearsal of a method (its code) in a folder; blocks, for a worker thread.
        rehearse: plays a plan.
        local: hosts of this desk are reachable on this machine only (tests).
    """

    clock: Clock
    verify: Verify
    plan: Callable[[str, Path], Plan]
    rehearse: Rehearse
    local: bool = False
