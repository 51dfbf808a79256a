"""A supplier at the desk: the whole wizard by its real widgets, with a real token and a real host."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "session"))

from world import World, demo_person

from app.ca.modules import find_modules
from app.ca.token import KeyHolder
from app.rehearsal.cast import person_of
from app.session.client import Client
from app.session.client import Person as Who
from app.session.rules.people import Level
from app.ui.async_bridge import AsyncBridge
from app.ui.bids.seal_wizard import CHECK, DECLARE, FILES, HAND_IN, KIT, PRICE, SEAL, SealBidWizard
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.dialogs.pin import DeskPinProvider, PinDialog
from app.ui.main_window import MainWindow
from app.ui.program.bidding import Bidding
from app.ui.program.case_book import case_folder
from app.ui.program.own_trust import trust_folder
from app.ui.program.sealing import Sealing
from app.ui.program.token_watch import TokenWatch

PIN = "864213"
pytestmark = pytest.mark.timeout(60)
Run = Callable[[Coroutine[Any, Any, Any]], Any]


async def until(true: Callable[[], Any]) -> Any:
    while not (found := true()):
        await asyncio.sleep(0.02)
    return found


def shown(kind: type[Any]) -> Any:
    return next((one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()), None)


def said(widget: QWidget) -> str:
    return "\n".join(one.text() for one in widget.findChildren(QLabel) if one.isVisible())


class Desk:
    """One supplier: window, token, client; types the PIN whenever it is asked for."""

    def __init__(self, world: World, module: str) -> None:
        self.world = world
        self.failures: list[BaseException] = []
        self.bridge = AsyncBridge(self.failures.append)
        self.window = MainWindow(world.clock)
        self.window.resize(1280, 800)
        self.watch = TokenWatch(DeskPinProvider(lambda: self.window), world.clock)
        self.watch.use([module])
        self.asked: list[str] = []
        self.client: Client

    async def begin(self) -> None:
        self.window.show()
        self.bridge.start(self.watch.run(), "watch")
        self.bridge.start(self._type_pins(), "pins")
        await until(self.watch.pairs)
        who = Who(Level.ORGANISATION_TOKEN, await self._key(), name=self.world.samples["supplier-a"].name)
        self.client = Client(self.world.link(), who, self.world.clock)
        await self.client.start()

    async def end(self) -> None:
        await self.client.close()
        await self.bridge.close()
        await self.watch.close()
        self.window.close()
        self.window.deleteLater()

    async def choose(self, _opening: datetime) -> KeyHolder:
        return await self._key()

    async def _key(self) -> KeyHolder:
        return await self.watch.open(self.watch.pairs()[0].signing.der)

    async def _type_pins(self) -> None:
        while True:
            dialog: PinDialog = await until(lambda: shown(PinDialog))
            self.asked.append(dialog.sentences())
            dialog.type_pin(PIN)
            QTest.keyClick(dialog, Qt.Key.Key_Return)
            await until(lambda seen=dialog: not seen.isVisible())  # type: ignore[misc]

    async def wizard(self) -> Sealing:
        sealing = Sealing(self.choose, self.client, self.bridge, self.world.clock)
        self.window.show_screen(sealing.wizard)
        await sealing.start()
        return sealing

    @property
    def standing(self) -> Any:
        bid = self.world.state.bids.get(self.world.uscc("supplier-a"))
        return bid if bid is not None and not bid.withdrawn else None


@pytest.fixture
def token_conf(monkeypatch: pytest.MonkeyPatch) -> None:
    if not any("softhsm" in module for module in find_modules()):
        pytest.skip("SoftHSM is not installed: no token tests ran")


async def filled_in(wizard: SealBidWizard, pdf: bytes, folder: Path) -> None:
    """From the kit to the check, page by page, as a person would."""
    assert wizard.current() == KIT
    await until(lambda: "打开您的文件需要" in said(wizard.kit_page))
    wizard.next.click()
    QGuiApplication.clipboard().setText(
        "名称\t数量\t单位\t单价\n扫描\t1000\t页\t0.58\n著录\t1,000\t条\t1\n合计\t\t\t1580"
    )
    wizard.price.table.setFocus()
    QTest.keyClick(wizard.price.table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert wizard.price.words.text() == "壹仟伍佰捌拾元整"
    wizard.next.click()
    assert wizard.current() == DECLARE
    assert not wizard.next.isEnabled()
    QTest.keyClick(wizard.declare.enterprise, Qt.Key.Key_Down)
    QTest.keyClicks(wizard.declare.delivery, "180")
    wizard.next.click()
    assert wizard.current() == FILES
    for name in ("资格.pdf", "商务.pdf", "技术.pdf", "报价.pdf"):
        (folder / name).write_bytes(pdf if name != "报价.pdf" else b"no pdf at all")
    wizard.documents.drop.take([folder / n for n in ("资格.pdf", "商务.pdf", "技术.pdf", "报价.pdf", "x.txt")])
    await until(lambda: all(one.pages or one.trouble for one in wizard.documents.facts()))
    assert [one.trouble for one in wizard.documents.facts()] == ["", "", "", "document.unreadable"]
    wizard.next.click()
    assert wizard.current() == CHECK
    assert not wizard.next.isEnabled()
    next(b for b in wizard.checks.findChildren(QPushButton) if "投标文件" in b.text()).click()
    [b for b in wizard.documents.findChildren(QPushButton) if b.text() == "移除"][-1].click()
    wizard.next.click()
    assert wizard.next.isEnabled()
    wizard.next.click()


def test_a_supplier_seals_hands_in_replaces_and_withdraws(
    run: Run, tmp_path: Path, token_conf: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def life() -> None:
        world = await World.create(tmp_path / "w")
        token = world.pki.provision_token(
            demo_person(person_of(world.samples["supplier-a"]), 77, supplier=True), tmp_path / "token", PIN
        )
        monkeypatch.setenv("SOFTHSM2_CONF", token.env["SOFTHSM2_CONF"])
        await world.receiving()
        trust_folder().mkdir(parents=True)
        (trust_folder() / "ca.pem").write_bytes(world.pki.trust_file.read_bytes())
        desk = Desk(world, token.module)
        try:
            await desk.begin()
            await first_bid(desk)
            await another_one(desk)
            await and_none(desk)
        finally:
            await desk.end()
            await world.close()
        assert desk.failures == []

    async def first_bid(desk: Desk) -> None:
        sealing = await desk.wizard()
        wizard = sealing.wizard
        await filled_in(wizard, desk.world.bids["supplier-a"].files[0].read_bytes(), tmp_path)
        assert wizard.current() == SEAL
        wizard.seal_page.backup.choose(tmp_path / "backup.bidbak")
        wizard.seal_page.work.act.click()
        await until(lambda: wizard.next.isEnabled() or "error" in str(wizard.seal_page.work.text.property("kind")))
        assert wizard.next.isEnabled(), wizard.seal_page.work.text.text()
        await until(lambda: "试解密成功" in said(wizard.seal_page))
        wizard.next.click()
        # the draft, with what was sealed, lies on this machine for this user only, and has no PIN
        draft = next(case_folder(desk.client.link.case).glob("bid-draft-*.json"))
        assert os.name != "posix" or draft.stat().st_mode & 0o077 == 0
        assert PIN.encode() not in draft.read_bytes()
        wizard.left.emit()
        # another day: the wizard goes on with the same envelope
        sealing = await desk.wizard()
        wizard = sealing.wizard
        wizard.go_to(HAND_IN)
        wizard.hand_in.work.act.click()
        await until(wizard.next.isEnabled)
        assert desk.standing.header_sha256 == wizard._receipt.header_digest  # type: ignore[union-attr]
        assert desk.standing.backup
        assert "回执与密封文件一致" in [c.text for c in wizard.findChildren(QWidget) if hasattr(c, "tone")]
        assert wizard._receipt is not None
        assert wizard._receipt.path is not None
        assert wizard._receipt.path.exists()
        wizard.next.click()

    async def another_one(desk: Desk) -> None:
        before = desk.standing.header_sha256
        sealing = await desk.wizard()
        wizard = sealing.wizard
        assert "已恢复" in wizard._restored.text()
        assert wizard.price.total.text() == "1580.00"
        wizard.go_to(PRICE)
        wizard.price.table.item(0, 3).setText("0.50")
        wizard.price.total.setText("1500")
        await until(lambda: all(one.pages or one.trouble for one in wizard.documents.facts()))
        wizard.go_to(CHECK)
        wizard.go_to(SEAL)
        assert not wizard.next.isEnabled()
        wizard.seal_page.work.act.click()
        await until(wizard.next.isEnabled)
        wizard.next.click()
        await until(lambda: "这一份会替换" in said(wizard.hand_in))
        wizard.hand_in.work.act.click()
        await until(wizard.next.isEnabled)
        assert desk.standing.header_sha256 != before
        next(b for b in wizard.hand_in.findChildren(QPushButton) if b.text() == "删除草稿").click()
        assert list(case_folder(desk.client.link.case).glob("bid-draft-*.json")) == []
        wizard.next.click()

    async def and_none(desk: Desk) -> None:
        bidding = Bidding(desk.client, desk.bridge, desk.choose)
        desk.window.show_screen(bidding.page)
        bidding.page.trial.click()
        await until(lambda: "试解密成功" in said(bidding.page))
        bidding.page.withdraw.click()
        dialog: ConfirmDialog = await until(lambda: shown(ConfirmDialog))
        await until(lambda: "永远不会被打开" in said(dialog))
        dialog.confirm.click()
        await until(lambda: desk.standing is None)
        await until(lambda: "撤回" in "".join(c.text for c in bidding.page.findChildren(QWidget) if hasattr(c, "tone")))
        bidding.close()

    run(life())


def test_a_kit_of_strangers_is_refused_until_its_authority_is_trusted(run: Run, tmp_path: Path) -> None:
    async def life() -> None:
        world = await World.create(tmp_path / "w")
        try:
            await world.receiving()
            kit = tmp_path / "sealing.kit"
            kit.write_bytes(world.kit.to_bytes())
            sealing = Sealing(_nobody, None, AsyncBridge(lambda _error: None), world.clock)
            sealing.wizard.show()
            sealing.wizard.take_kit(kit)
            assert not sealing.wizard.next.isEnabled()
            trust = next(b for b in sealing.wizard.kit_page.findChildren(QPushButton) if "信任" in b.text())
            await until(trust.isVisible)
            trust_folder().mkdir(parents=True)
            (trust_folder() / "ca.pem").write_bytes(world.pki.trust_file.read_bytes())
            sealing.wizard.take_kit(kit)
            assert sealing.wizard.next.isEnabled()
            sealing.wizard.go_to(HAND_IN)
            await until(lambda: "没有进入项目" in said(sealing.wizard.hand_in))
            sealing.wizard.close()
            sealing.wizard.deleteLater()
        finally:
            await world.close()

    run(life())


async def _nobody(_opening: datetime) -> None:
    return None
