"""加密投标文件 joined to kit, token and host: checks the kit, seals, hands in, keeps receipts."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.ca import receipt as receipts
from app.ca.sealing_kit import SealingKit
from app.ca.sealing_kit import parse as parse_kit
from app.ca.sealing_kit import verify as verify_kit
from app.ca.signatures import describe
from app.ca.token import KeyHolder
from app.ca.trust import Status, TrustList, Verdict
from app.clock import Clock, SystemClock, parse_stamp
from app.errors import BidroomError, FaultError, InputError
from app.procurement.bid import BidPayload
from app.procurement.case import Organisation
from app.rehearsal.sample_bids import measure
from app.session import acts
from app.session.client import Client
from app.session.pace import Pace, clock_text
from app.session.rules.state import ANNOUNCED, RECEIVING
from app.settings import data_dir
from app.ui import texts
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.bids.models import HolderView, KitView, ReceiptView, SealedView, SealRequest
from app.ui.bids.seal_wizard import SealBidWizard
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.dialogs.error import ErrorDialog
from app.ui.i18n import tr
from app.ui.program.bid_page import BidPage
from app.ui.program.case_book import case_folder, write_private
from app.ui.program.pick import PEM, pick_file, pick_target, read_small
from app.ui.program.sealed_to import remember
from app.ui.room_link import HostClock
from app.ui.step_facts import StepFacts

ChooseKey = Callable[[datetime], Awaitable[KeyHolder | None]]
"""Asked with the time of the opening; None when the person cancels."""


def trust_folder() -> Path:
    """Where this user keeps the certificates (PEM) of the authorities it trusts, and revocation lists (``.crl``)."""
    return data_dir() / "trust"


def own_trust(*, rehearsal: bool) -> TrustList:
    """The trust list of this user.

    Raises:
        InputError: ``trust.none`` when there is nothing in the folder; ``trust.*``.
    """
    folder = trust_folder()
    roots = [read_small(path) for path in sorted(folder.glob("*.pem"))] if folder.is_dir() else []
    if not roots:
        raise InputError("trust.none")
    crls = [read_small(path) for path in sorted(folder.glob("*.crl"))]
    return TrustList(roots, crls, demo=rehearsal)


def trusted(verdict: Verdict) -> bool | None:
    """Chained, in its dates, for this usage, and not revoked as far as is known; None when the chain cannot be told."""
    told = {part.status for part in (verdict.chain, verdict.validity, verdict.usage)}
    if Status.FAILED in told or verdict.revocation.status is Status.FAILED:
        return False
    return True if told == {Status.PASSED} else None


def kit_view(kit: SealingKit, trust: TrustList, clock: Clock) -> KitView:
    """A kit as the wizard shows it.

    Raises:
        InputError: ``kit.*``.
    """
    now = clock.now()
    verdicts = verify_kit(kit, lambda der, chain, usage: trust.validate(der, chain, now, usage))
    holders = []
    for opener, pair in zip(kit.core.openers, verdicts.openers, strict=True):
        both = {trusted(verdict) for verdict in pair}
        state = False if False in both else True if both == {True} else None
        holders.append(
            HolderView(name=opener.holder, organisation=opener.organisation, party=opener.party, trusted=state)
        )
    core = kit.core
    return KitView(
        project=core.project, number=core.case, lot=core.lot, deadline=parse_stamp(core.deadline),
        holders=tuple(holders), k=core.k, supplier_layer=core.supplier,
        issued_by=describe(kit.officer_certificate).holder, signature_ok=trusted(verdicts.officer) is True,
        host=core.host_name, rehearsal=core.rehearsal,
    )  # fmt: skip


class Sealing(QObject):
    """The wizard, from a kit to a receipt. ``client`` is None while one is not in the case: sealing works all the same.

    Signals:
        left(): the wizard is done or given up.
    """

    left = Signal()
    _progress = Signal(float, str)

    def __init__(
        self, choose: ChooseKey, client: Client | None, bridge: AsyncBridge, clock: Clock, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.client = client
        self._choose, self._bridge, self._clock = choose, bridge, clock
        self._kit: SealingKit | None = None
        self._working: asyncio.Task[object] | None = None
        self._receipt = b""
        self.wizard = SealBidWizard(clock, self._load_kit)
        self.wizard.left.connect(self._leave)
        self.wizard.finished.connect(self._leave)
        self.wizard.seal_requested.connect(lambda request: self._work(self._seal(request)))
        self.wizard.upload_requested.connect(lambda sealed: self._work(self._hand_in(sealed)))
        self.wizard.cancel_requested.connect(self._cancel)
        self.wizard.save_receipt_requested.connect(lambda _view: bridge.start(self._save_receipt(), "seal.receipt"))
        self._progress.connect(self.wizard.show_progress)

    async def start(self) -> None:
        """Trust first, then the kit of the case one is in."""
        window = self.wizard.window()
        if not any(trust_folder().glob("*.pem")):
            chosen = await pick_file(window, tr("选择信任的证书机构（PEM）"), PEM)
            if chosen is not None:
                write_private(trust_folder() / chosen.with_suffix(".pem").name, read_small(chosen))
        if self.client is not None and self.client.state.kit_sha256:
            path = case_folder(self.client.link.case) / "sealing.kit"
            write_private(path, await acts.fetch_kit(self.client))
            self.wizard.take_kit(path)

    def _load_kit(self, path: Path) -> KitView:
        self._kit = None
        kit = parse_kit(read_small(path))
        view = kit_view(kit, own_trust(rehearsal=kit.core.rehearsal), self._clock)
        self._kit = kit
        return view

    def _work(self, coroutine: Awaitable[None]) -> None:
        async def guarded() -> None:
            try:
                await coroutine
            except BidroomError as error:
                self.wizard.show_error(error)
            except (OSError, TimeoutError) as error:
                self.wizard.show_error(FaultError("desk.unexpected", error=type(error).__name__))
            except asyncio.CancelledError:
                self.wizard.show_error(InputError("bid.stopped"))
                raise

        self._working = self._bridge.start(guarded(), "seal.work")

    def _cancel(self) -> None:
        if self._working is not None:
            self._working.cancel()

    def _leave(self) -> None:
        self._cancel()
        self.left.emit()

    async def _seal(self, request: SealRequest) -> None:
        kit = self._kit
        if kit is None:
            raise InputError("kit.malformed")
        # Not the key one signed in with: the token may have been renewed since, and what is sealed must open with it.
        key = await self._choose(parse_stamp(kit.core.deadline))
        if key is None:
            raise InputError("token.cancelled")
        holder = describe(key.signing_certificate)
        self._tell(0.0, tr("正在核对文件…"))
        documents = [await asyncio.to_thread(measure, one.path, one.kind) for one in request.documents]
        payload = BidPayload(
            tender=self.client.state.the_lot().project_number if self.client is not None else _tender(kit),
            lot=kit.core.lot,
            supplier=Organisation(name=holder.organisation or holder.holder, uscc=holder.uscc),
            price=request.price,
            documents=tuple(documents),
            facts=request.facts,
            note=request.note,
        )
        folder = case_folder(kit.core.case) / "envelopes"
        folder.mkdir(parents=True, exist_ok=True)
        number = len(list(folder.glob("*.bid"))) + 1
        out = folder / f"{number}.bid"
        files = [(one.path.name, one.path) for one in request.documents]

        progress = self._measured(tr("正在签名并加密…"))

        header = await acts.seal_bid(kit, payload, files, out, key, progress)
        remember(out, header, key.encryption_certificate)
        self.wizard.show_sealed(SealedView(path=out, size=out.stat().st_size, header_digest=header))

    async def _hand_in(self, sealed: SealedView) -> None:
        client = self.client
        if client is None:
            raise InputError("bid.not_joined")

        progress = self._measured(tr("正在上传…"))

        data = await acts.submit_bid(client, sealed.path, sealed.header_digest, progress)
        found = receipts.verify(data, client.link.fingerprint)
        self._receipt = data
        write_private(sealed.path.with_suffix(".receipt.json"), data)
        body = found.body
        view = ReceiptView(
            received=parse_stamp(body.received_at), header_digest=body.header_sha256, size=body.size,
            host=client.state.the_lot().agency.name, stamped=False,
        )  # fmt: skip
        self.wizard.show_receipt(view)

    async def _save_receipt(self) -> None:
        await save_receipt(self._receipt, self.wizard.window())

    def _measured(self, text: str) -> Callable[[int, int], None]:
        """Progress in bytes as share and text with the time left; called on any thread."""
        pace, clock = Pace(), SystemClock()

        def progress(done: int, total: int) -> None:
            left = pace.left(done, total, clock.monotonic())
            rest = "" if left is None else tr("还需 {time}", time=clock_text(left))
            self._tell(done / max(1, total), f"{text} {rest}".rstrip())

        return progress

    def _tell(self, share: float, text: str) -> None:
        """From any thread."""
        self._progress.emit(share, text)


def _tender(kit: SealingKit) -> str:
    """The project number is the case id without the lot."""
    number, _, _lot = kit.core.case.rpartition("/")
    return number or kit.core.case


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

    def __init__(self, client: Client, bridge: AsyncBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.client = client
        self._bridge = bridge
        self.page = page = BidPage(HostClock(client))
        page.back.connect(self.left)
        page.enter_requested.connect(self.entered)
        page.seal_requested.connect(self.seal_asked)
        bridge.on(page.withdraw_requested, self._withdraw, "bid.withdraw", disable=page.withdraw)
        bridge.on(page.save_kit_requested, self._save_kit, "bid.kit", disable=page.save_kit)
        bridge.on(page.save_receipt_requested, self._save_receipt, "bid.receipt", disable=page.receipt)
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
        text = tr("撤回后，这份文件不会被打开。截止时间前可以重新递交。需要证书签名。")
        if not await ask(ConfirmDialog(tr("撤回投标（响应）文件？"), text, tr("撤回"), parent=self.page.window())):
            return
        try:
            await acts.withdraw_bid(self.client)
        except (BidroomError, TimeoutError) as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=self.page.window()))

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
