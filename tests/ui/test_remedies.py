"""A bid that does not open the usual way, at the desk: over a real host, by the real dialogs."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_backup import REASON, failed_at_the_opening
from world import World

from app.ca.envelope_shares import Share
from app.ca.paper import words_of
from app.session.rules import commands as cmd
from app.ui.async_bridge import AsyncBridge
from app.ui.opening.decrypting import DecryptingPanel
from app.ui.opening.remedies import HandInDialog, PaperDialog
from app.ui.room_acts import Asking, HandInBackup
from app.ui.step_facts import StepContext, StepFacts
from app.ui.texts import error_text

Run = Callable[[Any], Any]
pytestmark = pytest.mark.timeout(60)


def test_the_words_of_a_page_are_checked_as_they_are_typed_and_gone_afterwards(qtbot: Any) -> None:
    words = words_of(Share(v=1, env_id="ab" * 32, kind="supplier", x=0, value="cd" * 32))
    dialog = PaperDialog(None, AsyncBridge(lambda _error: None))  # type: ignore[arg-type]
    qtbot.addWidget(dialog)
    dialog.show()
    assert not dialog.go.isEnabled()
    dialog.fields[0].setText(" ".join(words))  # a whole page pasted into one field
    assert dialog.words() == list(words)
    assert dialog.go.isEnabled()
    dialog.fields[0].setText(words[1])
    dialog.fields[1].setText(words[0])  # two that changed places
    assert not dialog.go.isEnabled()
    assert dialog.said.text().startswith(error_text("paper.checksum").what)
    dialog.fields[4].setText("notaword")
    assert "5" in dialog.said.text()
    dialog.reject()
    assert dialog.words() == [""] * len(words)


def test_a_failed_bid_is_admitted_handed_in_and_opened(run: Run, tmp_path: Path) -> None:
    async def life() -> None:
        world = await World.create(tmp_path / "world", "public_tender")
        failures: list[BaseException] = []
        bridge = AsyncBridge(failures.append)

        async def fetch(sha256: str) -> bytes:
            raise AssertionError(sha256)

        try:
            backup = await failed_at_the_opening(world)
            uscc, a, officer = world.uscc("supplier-a"), world.clients["supplier-a"], world.clients["officer"]
            await officer.do(cmd.AttributeFailure(supplier=uscc, attribution="platform", reason="存储损坏"))
            await officer.until(lambda s: bool(s.bids[uscc].attribution))
            context = StepContext(world.clock, bridge, fetch, tmp_path)
            staff, own = DecryptingPanel(context), DecryptingPanel(context)
            asked: list[Any] = []
            for panel in (staff, own):
                panel.command_requested.connect(asked.append)
            staff.show_snapshot(StepFacts(officer.state, officer.me))
            assert not staff.admit.isHidden()
            staff.admit.click()
            assert isinstance(asked[-1], Asking)
            made = asked[-1].make(REASON, "")
            assert made == cmd.AdmitBackup(supplier=uscc, reason=REASON)
            await officer.do(made)
            await a.until(lambda s: bool(s.bids[uscc].backup_admitted))
            own.show_snapshot(StepFacts(a.state, a.me))
            assert own.window_name(own.facts()) == f"backup:{uscc}"
            assert not own.hand_in.isHidden()
            assert own.decrypt.isHidden()
            own.hand_in.click()
            assert asked[-1] == HandInBackup()
            dialog = HandInDialog(a, bridge)
            dialog.open()
            foreign = tmp_path / "foreign"
            foreign.write_bytes(backup.read_bytes()[:20] + b"?" + backup.read_bytes()[21:])
            for path, whole in ((foreign, False), (backup, True)):
                dialog.take(path)
                while dialog._task is not None:
                    await asyncio.sleep(0.02)
                assert dialog.go.isEnabled() is whole
            dialog.go.click()
            state = await world.settled(lambda s: s.bids[uscc].opened)
            assert state.bids[uscc].documents
            while dialog.isVisible():
                await asyncio.sleep(0.02)
            assert dialog.answer()
            assert failures == []
            for widget in (dialog, staff, own):
                widget.deleteLater()
        finally:
            await bridge.close()
            await world.close()

    run(life())
