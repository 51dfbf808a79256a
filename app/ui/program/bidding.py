"""供应商 before the deadline, joined to the host: kit, receipt, withdrawing, and whether the token will decrypt."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import datetime

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.ca.signatures import fingerprint
from app.ca.token import KeyHolder
from app.errors import BidroomError
from app.session import acts
from app.session.bid_trial import try_decryption
from app.session.client import Client
from app.session.rules.state import ANNOUNCED, RECEIVING
from app.ui import texts
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.dialogs.error import ErrorDialog
from app.ui.i18n import tr
from app.ui.program.bid_page import BidPage
from app.ui.program.pick import pick_target
from app.ui.program.sealed_to import sealed_to
from app.ui.program.trials import trial_view
from app.ui.room_link import HostClock
from app.ui.step_facts import StepFacts

ChooseKey = Callable[[datetime], Awaitable[KeyHolder | None]]
"""Asked with the time of the opening; None when the person cancels."""


async def save_receipt(data: bytes, window: QWidget) -> None:
    """Write a receipt where the person wants it."""
    await save_as(data, window, tr("保存回执"), "receipt.json")


async def save_as(data: bytes, window: QWidget, title: str, name: str) -> None:
    """Write a file where the person wants it; what goes wrong is said."""
    target = await pick_target(window, title, name)
    if target is not None:
        try:
            await asyncio.to_thread(target.write_bytes, data)
        except OSError as error:
            told = texts.error_text("desk.not_written", {"name": target.name, "error": type(error).__name__})
            await ask(ErrorDialog(told, parent=window))


def before_opening(client: Client) -> bool:
    """Whether bids may still be handed in: until the deadline, also while people already gather."""
    state = client.state
    if state.phase in (ANNOUNCED, RECEIVING):
        return True
    return state.phase == "gathering" and state.lot is not None and client.host_now() < state.lot.deadline


class Bidding(QObject):
    """The supplier's page while its client is connected.

    Signals:
        left(): back home. entered(): into the room. seal_asked(): open the wizard.
    """

    left = Signal()
    entered = Signal()
    seal_asked = Signal()

    def __init__(self, client: Client, bridge: AsyncBridge, choose: ChooseKey, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.client = client
        self._bridge, self._choose = bridge, choose
        self.page = page = BidPage(HostClock(client))
        page.back.connect(self.left)
        page.enter_requested.connect(self.entered)
        page.seal_requested.connect(self.seal_asked)
        bridge.on(page.withdraw_requested, self._withdraw, "bid.withdraw", disable=page.withdraw)
        bridge.on(page.save_kit_requested, self._save_kit, "bid.kit", disable=page.save_kit)
        bridge.on(page.save_receipt_requested, self._save_receipt, "bid.receipt", disable=page.receipt)
        bridge.on(page.trial_requested, self._try, "bid.trial", disable=page.trial)
        self._begun = False
        page.countdown.over.connect(self._show)
        self._stop = client.on_change(self._show)
        self._show()

    def close(self) -> None:
        """No longer listen."""
        self._stop()

    def _show(self) -> None:
        client = self.client
        self.page.show_facts(StepFacts(client.state, client.me), connected=client.status == "connected")
        begun = not before_opening(client)
        if begun and not self._begun:
            self._begun = True
            self.entered.emit()

    async def _withdraw(self) -> None:
        text = tr(
            "撤回要用您的证书对这份回执的摘要签名。撤回后这份文件永远不会被打开，开标时按未递交处理；"
            "截止时间前可以重新递交。已保存的回执留着备查。"
        )
        if not await ask(ConfirmDialog(tr("撤回投标（响应）文件？"), text, tr("撤回"), parent=self.page.window())):
            return
        try:
            await acts.withdraw_bid(self.client)
        except (BidroomError, TimeoutError) as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=self.page.window()))

    async def _try(self) -> None:
        """Does the token decrypt now and on the day, and is it the one that the bid is sealed to?"""
        lot = self.client.state.the_lot()
        self.page.show_trial(None, busy=True)
        try:
            key = await self._choose(lot.deadline)
            if key is None:
                self.page.show_trial(None)
                return
            trial = await try_decryption(key, self.client.clock.now(), lot.deadline)
        except (BidroomError, TimeoutError) as error:
            self.page.show_trial(None)
            await ask(ErrorDialog(texts.exception_text(error), parent=self.page.window()))
            return
        bid = self.client.state.bids.get(self.client.state.supplier_of(self.client.me))
        standing = bid.header_sha256 if bid is not None and not bid.withdrawn else ""
        meant = sealed_to(self.client.link.case, standing) if standing else ""
        other = bool(meant) and meant != fingerprint(key.encryption_certificate)
        self.page.show_trial(trial_view(trial), other=other)

    async def _save_kit(self) -> None:
        try:
            data = await acts.fetch_kit(self.client)
        except BidroomError as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=self.page.window()))
            return
        await save_as(data, self.page.window(), tr("保存密封工具包"), "sealing.kit")

    async def _save_receipt(self) -> None:
        bid = self.client.state.bids.get(self.client.state.supplier_of(self.client.me))
        if bid is not None:
            await save_receipt(base64.b64decode(bid.receipt), self.page.window())
