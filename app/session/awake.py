"""Keeping the machine awake while cases are kept: a host that sleeps is a closed bid box (DESIGN §9).

Each system has its own way; where there is none, :func:`stay_awake` says so and the host runs all the same.
"""

import contextlib
import ctypes
import shutil
import subprocess
import sys
from collections.abc import Iterator

from app.logs import get_logger

_log = get_logger("awake")

_WINDOWS_CONTINUOUS = 0x80000000
_WINDOWS_SYSTEM_REQUIRED = 0x00000001


def command() -> list[str] | None:
    """The child that keeps this system awake as long as it runs; None where there is none."""
    if sys.platform == "darwin":
        return ["caffeinate", "-i", "-s"]
    if sys.platform.startswith("linux") and shutil.which("systemd-inhibit"):
        reason = ["--what=sleep:idle", "--who=Bidroom", "--why=A procurement case is kept here"]
        return ["systemd-inhibit", *reason, "--mode=block", "sleep", "infinity"]
    return None


@contextlib.contextmanager
def stay_awake() -> Iterator[bool]:
    """No sleep inside; yields whether this system could be asked."""
    if sys.platform == "win32":
        kernel = ctypes.windll.kernel32  # the thread's request ends with it
        kernel.SetThreadExecutionState(_WINDOWS_CONTINUOUS | _WINDOWS_SYSTEM_REQUIRED)
        try:
            yield True
        finally:
            kernel.SetThreadExecutionState(_WINDOWS_CONTINUOUS)
        return
    words = command()
    child: subprocess.Popen[bytes] | None = None
    if words is not None:
        with contextlib.suppress(OSError):
            child = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
    if child is None:
        _log.warning("sleep is not prevented", name=sys.platform)
    try:
        yield child is not None
    finally:
        if child is not None:
            child.terminate()
            child.wait(5)
