import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

ROOT = Path(__file__).parents[2]

LIFE = """
import asyncio
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QPushButton
from app.ui.application import run_desk
from app.ui.dialogs.error import ErrorDialog

story = []

async def start(desk):
    window = QPushButton("desk")
    window.show()
    story.append("open")

    async def background():
        try:
            await asyncio.sleep(3600)
        finally:
            story.append("cancelled")

    desk.bridge.start(background(), "background")

    def broken():
        raise ValueError("in a slot")

    window.clicked.connect(broken)
    QTimer.singleShot(50, window.click)

    async def leave():
        for _ in range(100):
            await asyncio.sleep(0.02)
            dialogs = [w for w in QApplication.topLevelWidgets() if isinstance(w, ErrorDialog) and w.isVisible()]
            if dialogs:
                story.append("told calmly")
                dialogs[0].accept()
                break
        await asyncio.sleep(0.05)
        window.close()

    desk.bridge.start(leave(), "leave")

    async def finish():
        story.append("finished")

    return finish

code = run_desk(start)
print(",".join(story), code)
"""


def test_a_whole_life(tmp_path: Path) -> None:
    """Opens, meets an exception in a slot, tells it, goes on, closes with its last window, leaves nothing behind."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", LIFE],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
        env={"QT_QPA_PLATFORM": "offscreen", "BIDROOM_DATA": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "open,told calmly,cancelled,finished 0", done.stderr
    assert "Traceback" not in done.stderr
    assert "was destroyed" not in done.stderr
    assert (tmp_path / "desk.json").exists()


def test_timers_keep_their_reference_to_none(qtbot: QtBot) -> None:
    """PySide6 6.12.0 loses one per timer event and aborts the interpreter after some thousand turns of the loop."""
    turns = 0

    def tick() -> None:
        nonlocal turns
        turns += 1

    timer = QTimer()
    timer.timeout.connect(tick)
    before = sys.getrefcount(None)
    timer.start(0)
    qtbot.waitUntil(lambda: turns > 2000, timeout=10_000)
    timer.stop()
    assert before - sys.getrefcount(None) < 500
