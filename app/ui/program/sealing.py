"""加密投标文件 joined to kit, token and host: checks the kit, keeps the draft, tries the token, seals, hands in."""

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal

from app.ca import receipt as receipts
from app.ca.sealing_kit import SealingKit
from app.ca.sealing_kit import parse as parse_kit
from app.ca.signatures import describe
from app.ca.trust import TrustList
from app.clock import Clock, SystemClock, parse_stamp
from app.errors import BidroomError, FaultError, InputError
from app.procurement.bid import BidPayload, parse_bid
from app.procurement.bid_check import demands
from app.procurement.bid_file import read_bid
from app.procurement.case import Organisation, lot_case, parse_case_file
from app.procurement.data import encode
from app.procurement.price_table import read_price_table
from app.rehearsal.sample_bids import measure
from app.session import acts
from app.session.bid_trial import try_decryption
from app.session.client import Client
from app.session.pace import Pace, clock_text
from app.session.price_file import read_table
from app.session.recovery import paper_of
from app.ui import texts
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.bids.draft import LIMIT as DRAFT_LIMIT
from app.ui.bids.draft import read_draft
from app.ui.bids.models import KitView, ReceiptView, SealedView, SealRequest
from app.ui.bids.seal_wizard import SealBidWizard
from app.ui.dialogs.error import ErrorDialog
from app.ui.documents.renderer import PageRenderer
from app.ui.i18n import tr
from app.ui.program.bidding import ChooseKey, save_receipt
from app.ui.program.case_book import case_folder, write_private
from app.ui.program.own_trust import kit_view, own_trust, trust_folder
from app.ui.program.pick import PEM, pick_file, read_small
from app.ui.program.sealed_to import remember
from app.ui.program.trials import trial_view
from app.ui.room_link import HostClock


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
        self._looking = asyncio.Lock()
        self._looks: set[asyncio.Task[object]] = set()
        self._receipt = b""
        shown = HostClock(client) if client is not None else clock  # the deadline is by the host's clock
        self.wizard = wizard = SealBidWizard(shown, self._load_kit)
        wizard.left.connect(self._leave)
        wizard.finished.connect(self._leave)
        wizard.kit_read.connect(self._kit_read)
        wizard.seal_requested.connect(lambda request: self._work(self._seal(request)))
        wizard.upload_requested.connect(lambda sealed: self._work(self._hand_in(sealed)))
        wizard.cancel_requested.connect(self._cancel)
        wizard.save_receipt_requested.connect(lambda _view: bridge.start(self._save_receipt(), "seal.receipt"))
        wizard.draft_changed.connect(self._keep_draft)
        wizard.draft_dropped.connect(self._drop_draft)
        wizard.documents.look_requested.connect(self._look)
        page = wizard.kit_page
        bridge.on(page.trust_requested, self._choose_trust, "seal.trust")
        bridge.on(page.notice_chosen, self._read_notice, "seal.notice")
        page.case_chosen.connect(self._read_case)
        bridge.on(wizard.price_page.table_chosen, self._read_table, "seal.table")
        wizard.price_page.bid_chosen.connect(self._read_bid)
        self._progress.connect(wizard.show_progress)
        wizard.show_alone(alone=client is None)

    async def start(self) -> None:
        """Take what the case one is in already has: its kit, its list, the bid that stands."""
        if self.client is None:
            return
        state = self.client.state
        self.wizard.kit_page.joined()
        self.wizard.show_demands(demands(state.lot))
        if state.lot is not None:
            self.wizard.seal_page.allow_paper(allowed=state.lot.opening_policy.recovery)
        bid = state.bids.get(state.supplier_of(self.client.me))
        self.wizard.hand_in.show_standing(bid.submitted if bid is not None and not bid.withdrawn else None)
        if state.kit_sha256:
            path = case_folder(self.client.link.case) / "sealing.kit"
            write_private(path, await acts.fetch_kit(self.client))
            self.wizard.take_kit(path)

    # --- what is read ---

    def _load_kit(self, path: Path) -> KitView:
        self._kit = None
        kit = parse_kit(read_small(path))
        view = kit_view(kit, own_trust(rehearsal=kit.core.rehearsal), self._clock)
        self._kit = kit
        return view

    async def _choose_trust(self) -> None:
        chosen = await pick_file(self.wizard.window(), tr("选择信任的证书机构（PEM）"), PEM)
        if chosen is None:
            return
        try:
            data = read_small(chosen)
            TrustList([data], demo=True)
            write_private(trust_folder() / chosen.with_suffix(".pem").name, data)
        except BidroomError as error:
            await self._tell_error(error)
            return
        path = self.wizard.kit_page.file.path()
        if path is not None:
            self.wizard.read_kit(path)

    async def _read_notice(self, path: Path) -> None:
        kit = self._kit
        if kit is None:
            return
        try:
            digest = await asyncio.to_thread(_sha256, path)
        except OSError as error:
            self.wizard.kit_page.notice.show_error(
                texts.error_text("file.not_read", {"name": path.name, "error": type(error).__name__}).brief
            )
            return
        self.wizard.kit_page.show_notice(same=digest == kit.core.notice_sha256, name=path.name)

    def _read_case(self, path: Path) -> None:
        kit = self._kit
        if kit is None:
            return
        try:
            lot = lot_case(parse_case_file(read_small(path)), kit.core.lot)
            if lot.case_id != kit.core.case:
                raise InputError("release.foreign")
        except BidroomError as error:
            self.wizard.kit_page.show_case(texts.exception_text(error).brief, error=True)
            return
        self.wizard.kit_page.show_case(tr("已读取项目文件，将按其中的评分项核对。"))
        self.wizard.show_demands(demands(lot))
        self.wizard.seal_page.allow_paper(allowed=lot.opening_policy.recovery)

    async def _read_table(self, path: Path) -> None:
        try:
            table = read_price_table(await asyncio.to_thread(read_table, path))
        except BidroomError as error:
            self.wizard.price_page.show_error(error)
            return
        self.wizard.price_page.take_table(table)

    def _read_bid(self, path: Path) -> None:
        try:
            found = read_bid(read_small(path))
        except BidroomError as error:
            self.wizard.price_page.show_error(error)
            return
        self.wizard.take_bid(found)
        beside = [(path.parent / one.name, one.kind) for one in found.bid.documents]
        there = [(file, kind) for file, kind in beside if file.is_file()]
        self.wizard.documents.add_files([file for file, _ in there], tuple(kind for _, kind in there))

    def _look(self, path: Path) -> None:
        """Can the document be read? Asked in the process that draws PDFs, never here."""

        async def look() -> None:
            async with self._looking:
                renderer = PageRenderer()
                try:
                    pages, trouble = len(await renderer.open(path)), ""
                except BidroomError as error:
                    pages, trouble = 0, error.code
                finally:
                    renderer.close()
            self.wizard.documents.show_looked(path, pages, trouble)

        task = self._bridge.start(look(), "seal.look")
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)

    # --- the draft ---

    def _draft_path(self) -> Path | None:
        """One draft a case and supplier: people of two companies may use one machine."""
        if self._kit is None:
            return None
        supplier = self.client.state.supplier_of(self.client.me) if self.client is not None else ""
        return case_folder(self._kit.core.case) / f"bid-draft-{supplier or 'own'}.json"

    def _kit_read(self, _kit: KitView) -> None:
        path = self._draft_path()
        if path is None or not path.is_file() or not self.wizard.draft(self._clock.now()).blank:
            return
        try:
            draft = read_draft(read_small(path, DRAFT_LIMIT))
        except BidroomError as error:
            self._bridge.start(self._tell_error(error), "seal.draft")
            return
        self.wizard.restore(draft)

    def _keep_draft(self) -> None:
        path, draft = self._draft_path(), self.wizard.draft(self._clock.now())
        if path is None or (draft.blank and not path.exists()):
            return
        try:
            write_private(path, msgspec.json.encode(draft))
        except BidroomError as error:
            self._bridge.start(self._tell_error(error), "seal.draft")

    def _drop_draft(self) -> None:
        path = self._draft_path()
        if path is not None:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        self.wizard.draft_gone()

    # --- work ---

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
        for task in self._looks:
            task.cancel()
        self._keep_draft_now()
        self.left.emit()

    def _keep_draft_now(self) -> None:
        """What was typed in the last second too."""
        if self.wizard.saves_soon():
            self._keep_draft()

    async def _seal(self, request: SealRequest) -> None:
        kit = self._kit
        if kit is None:
            raise InputError("kit.malformed")
        opening = parse_stamp(kit.core.deadline)
        # Not the key one signed in with: the token may have been renewed since, and what is sealed must open with it.
        key = await self._choose(opening)
        if key is None:
            raise InputError("token.cancelled")
        holder = describe(key.signing_certificate)
        if not holder.uscc:
            raise InputError("bid.no_uscc", holder=holder.holder)
        if kit.core.supplier:
            self._tell(0.0, tr("正在用您的证书试解密…"))
            self.wizard.show_trial(trial_view(await try_decryption(key, self._clock.now(), opening)))
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
        parse_bid(encode(payload))  # what could not be read at the opening is not sealed
        out = _new_envelope(case_folder(kit.core.case) / "envelopes")
        files = [(one.path.name, one.path) for one in request.documents]
        progress = self._measured(tr("正在签名并加密…"))
        header = await acts.seal_bid(kit, payload, files, out, key, progress, request.backup)
        remember(out, header, key.encryption_certificate)
        if request.paper is not None:
            self._tell(1.0, tr("正在制作恢复词页…"))
            write_private(request.paper, await paper_of(out, key, self._clock))
        self.wizard.show_sealed(
            SealedView(
                path=out, size=out.stat().st_size, header_digest=header, backup=request.backup, paper=request.paper
            )
        )

    async def _hand_in(self, sealed: SealedView) -> None:
        client = self.client
        if client is None:
            raise InputError("bid.not_joined")
        progress = self._measured(tr("正在上传…"))
        data = await acts.submit_bid(
            client, sealed.path, sealed.header_digest, progress, sealed.backup, sealed.paper is not None
        )
        found = receipts.verify(data, client.link.fingerprint)
        self._receipt = data
        kept = sealed.path.with_suffix(".receipt.json")
        write_private(kept, data)
        body = found.body
        view = ReceiptView(
            received=parse_stamp(body.received_at), header_digest=body.header_sha256, size=body.size,
            host=client.state.the_lot().agency.name, stamped=False, replaces=body.replaces is not None, path=kept,
        )  # fmt: skip
        self.wizard.show_receipt(view)

    async def _save_receipt(self) -> None:
        await save_receipt(self._receipt, self.wizard.window())

    async def _tell_error(self, error: BidroomError) -> None:
        await ask(ErrorDialog(texts.exception_text(error), parent=self.wizard.window()))

    def _measured(self, text: str) -> Callable[[int, int], None]:
        """Progress in bytes as share and text with the time left; called on any thread."""
        pace, clock = Pace(), SystemClock()

        def progress(done: int, total: int) -> None:
            left = pace.left(done, total, clock.monotonic())
            rest = "" if left is None else tr("还需 {time}", time=clock_text(left))
            moved = f"{texts.size_text(done)} / {texts.size_text(total)}"
            self._tell(done / max(1, total), f"{text} {moved} {rest}".rstrip())

        return progress

    def _tell(self, share: float, text: str) -> None:
        """From any thread."""
        self._progress.emit(share, text)


def _tender(kit: SealingKit) -> str:
    """The project number is the case id without the lot."""
    number, _, _lot = kit.core.case.rpartition("/")
    return number or kit.core.case


def _new_envelope(folder: Path) -> Path:
    """A name that is free."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while (path := folder / f"{number}.bid").exists():
        number += 1
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
