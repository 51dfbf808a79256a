"""Somebody without a token: seen by the staff at one desk, signed in at another, on a real host, by real widgets."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from world import World

from app.ca.token import FixedPin
from app.clock import SystemClock
from app.rehearsal.cast import person_of
from app.session.client import Client
from app.session.rules import commands as cmd
from app.session.rules.people import Level
from app.ui import texts
from app.ui.async_bridge import AsyncBridge
from app.ui.dialogs.error import ErrorDialog
from app.ui.people.dialogs import SecretDialog
from app.ui.people.verify_dialog import VerifyDialog
from app.ui.preferences import Preferences
from app.ui.program.case_book import CaseBook, KnownCase
from app.ui.program.host_control import HostControl
from app.ui.program.hosting import Hosting
from app.ui.program.joining import Joining
from app.ui.program.sign_in_dialog import SignInDialog
from app.ui.program.token_watch import TokenWatch
from app.ui.record_lines import record_lines
from app.ui.room_snapshot import Surroundings, room_view
from app.ui.step_facts import StepFacts
from app.ui.widgets.buttons import Button

Run = Callable[[Any], Any]
pytestmark = pytest.mark.timeout(60)
LEFT = Qt.MouseButton.LeftButton


async def shown(kind: type[Any]) -> Any:
    """The window of a kind, once it can be clicked."""
    while True:
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, kind) and widget.isVisible():
                return widget
        await asyncio.sleep(0.02)


async def gone(widget: QWidget) -> None:
    while widget.isVisible():
        await asyncio.sleep(0.02)


def press(dialog: Any, text: str) -> None:
    """Click the button with this text."""
    button = next(b for b in dialog.findChildren(Button) if b.text() == text)
    assert button.isEnabled(), text
    QTest.mouseClick(button, LEFT)


def draw(dialog: SignInDialog) -> None:
    """A name, with the mouse."""
    pad = dialog.pad
    for stroke in ([(60, 40), (90, 44), (150, 60), (190, 90), (220, 60)], [(120, 30), (126, 80), (118, 120)]):
        QTest.mousePress(pad, LEFT, pos=QPoint(*stroke[0]))
        for point in stroke[1:]:
            QTest.mouseMove(pad, QPoint(*point))
        QTest.mouseRelease(pad, LEFT, pos=QPoint(*stroke[-1]))


class Desks:
    """The clerk's desk with the case's page, and the desk of the expert who has no token."""

    def __init__(self, world: World, clerk: Client, person: str, folder: Path) -> None:
        self.world, self.person, self.folder = world, person, folder
        self.failures: list[BaseException] = []
        self.bridge = AsyncBridge(self.failures.append)
        self.hosting = Hosting(clerk, HostControl(local=True), self.bridge)
        self.hosting.page.resize(1280, 800)
        self.hosting.page.show()
        self.tokens = TokenWatch(FixedPin("0"), SystemClock(), None)
        link = world.link(person)
        self.joining = Joining(
            KnownCase(link=link.text()), CaseBook(), self.tokens, HostControl(local=True), self.bridge, Preferences(),
            world.clock,
        )  # fmt: skip
        self.joined: list[Client] = []
        self.joining.joined.connect(lambda _case, client: self.joined.append(client))
        self.joining.screen.resize(1280, 800)
        self.joining.screen.show()

    async def verify(self) -> str:
        """The clerk looks, photographs, confirms; what is then said to the person."""
        photo = self.folder / "photo.png"
        QImage(1600, 1200, QImage.Format.Format_RGB32).save(str(photo))
        people = self.hosting.page.people
        people.choose(self.person)
        QTest.mouseClick(people.acts["verify"], LEFT)
        dialog = await shown(VerifyDialog)
        assert not dialog.can_go()
        dialog.file.set_path(photo)
        assert dialog.view.image is not None
        QTest.keyClicks(dialog.digits, "2046")
        assert not dialog.can_go()  # not before it is said that the document fits the person
        QTest.mouseClick(dialog.sure, LEFT, pos=QPoint(8, dialog.sure.height() // 2))
        press(dialog, "已核验，给出验证码")
        secret = await shown(SecretDialog)
        code = str(secret.code.text())
        press(secret, "关闭")
        await gone(secret)
        return code

    async def sign_in(self, code: str) -> str:
        """The person enters the code and signs; empty when in, else what the desk says."""
        while not self.joining.screen.join.isEnabled():
            await asyncio.sleep(0.02)
        QTest.mouseClick(self.joining.screen.join, LEFT)
        dialog = await shown(SignInDialog)
        dialog.level.setCurrentIndex(list(Level).index(Level.STAFF_VERIFIED))
        assert not dialog.can_go()
        QTest.keyClicks(dialog.code, code)
        assert not dialog.can_go()
        draw(dialog)
        before = len(self.joined)
        press(dialog, "签到")
        while len(self.joined) == before:
            for widget in QApplication.topLevelWidgets():
                if isinstance(widget, ErrorDialog) and widget.isVisible():
                    said = str(widget.text.what)
                    widget.accept()
                    await gone(widget)
                    return said
            await asyncio.sleep(0.02)
        return ""

    async def close(self) -> None:
        self.joining.close()
        self.hosting.close()
        for client in self.joined:
            await client.close()
        self.joining.devices.close()
        await self.bridge.close()
        await self.tokens.close()
        for page in (self.hosting.page, self.joining.screen):
            page.close()
            page.deleteLater()


def test_who_has_no_token_is_seen_photographed_and_signs_in_with_a_code_and_a_drawn_name(
    run: Run, tmp_path: Path
) -> None:
    async def life() -> None:
        world = await World.create(tmp_path / "world", "public_tender")
        try:
            await world.enter("officer", "clerk")
            key = next(k for k, s in world.samples.items() if s.role == "expert")
            expert = person_of(world.samples[key])
            await world.clients["officer"].do(cmd.ImportCommittee(people=(expert,), draw_reference="抽-1"))
            desks = Desks(world, world.clients["clerk"], expert.id, tmp_path)
            clerk = world.clients["clerk"]
            await clerk.until(lambda s: expert.id in s.people)
            while expert.id not in desks.hosting.page.people._order:
                await asyncio.sleep(0.02)
            assert await desks.sign_in("11112222") == texts.error_text("sign_in.code_none").what
            code = await desks.verify()
            assert code.replace(" ", "").isdigit()
            wrong = "00000000" if "0000" not in code else "99999999"
            assert await desks.sign_in(wrong) == texts.error_text("sign_in.code").what
            world.clock.advance(31 * 60)
            assert await desks.sign_in(code) == texts.error_text("sign_in.code_expired").what
            code = await desks.verify()
            assert await desks.sign_in(code) == ""
            client = desks.joined[0]
            signed = world.state.signed_in[expert.id]
            assert (client.me, signed.level) == (expert.id, Level.STAFF_VERIFIED)
            kept = world.state.codes[expert.id].photo_sha256
            photo = await clerk.files.fetch(kept)
            image = QImage.fromData(photo)
            assert (photo[:3], image.width(), image.height()) == (b"\xff\xd8\xff", 1280, 960)
            drawn = QImage.fromData(await client.files.fetch(signed.drawn_signature_sha256))
            assert any(drawn.pixelColor(x, 100).lightness() < 128 for x in range(drawn.width()))
            _level_is_shown_everywhere(desks, world, expert.id)
            assert await desks.sign_in(code) == texts.error_text("sign_in.code_used").what
            assert desks.failures == []
            await desks.close()
        finally:
            await world.close()
            shutil.rmtree(tmp_path / "world", ignore_errors=True)

    run(life())


def _level_is_shown_everywhere(desks: Desks, world: World, person: str) -> None:
    """In the staff's table, in the room's list of people and in the line of the record."""
    clerk = world.clients["clerk"]
    facts = StepFacts(clerk.state, clerk.me)
    word = texts.word("level", Level.STAFF_VERIFIED.value)
    assert word in desks.hosting.page.people._row(facts, person)
    row = next(r for r in room_view(facts, clerk.entries, Surroundings()).people if r.person_id == person)
    assert row.level == Level.STAFF_VERIFIED.value
    said = [texts.event_text(line.event, line.facts) for line in record_lines(facts, clerk.entries.values())]
    assert any(word in sentence for sentence in said), said
