"""加密投标文件: kit, price schedule, declarations, documents, check, sign and seal, hand in with a receipt."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QScrollArea, QWidget

from app.canon import sha256_hex
from app.clock import Clock
from app.errors import BidroomError, InputError
from app.procurement.bid import PriceSchedule
from app.procurement.bid_check import Demands, Finding, check_bid, demands, may_seal
from app.procurement.bid_file import ReadBid
from app.procurement.data import encode
from app.ui import texts
from app.ui.bids.check_page import CheckPage
from app.ui.bids.declare_page import DeclarePage
from app.ui.bids.documents_page import DocumentsPage
from app.ui.bids.draft import BidDraft, DraftFile, DraftSealed
from app.ui.bids.hand_in_page import HandInPage
from app.ui.bids.kit_page import KitPage
from app.ui.bids.models import KitView, ReceiptView, SealedView, SealRequest, TrialView
from app.ui.bids.price_page import PricePage
from app.ui.bids.seal_page import SealPage, WorkView
from app.ui.i18n import tr
from app.ui.view import column, label, row
from app.ui.widgets.buttons import Button
from app.ui.wizard import Wizard

STEPS = ("密封工具包", "开标一览表", "声明", "投标文件", "核对", "签名加密", "递交")
KIT, PRICE, DECLARE, FILES, CHECK, SEAL, HAND_IN = range(7)
PLACES = {"kit": KIT, "price": PRICE, "declare": DECLARE, "files": FILES}
DRAFT_MS = 800


class SealBidWizard(Wizard):
    """``load_kit`` reads and checks a kit file, raising ``InputError`` for what is none.

    Signals:
        kit_read(KitView): a kit that could be read; time to look for a draft.
        seal_requested(SealRequest): sign and seal; answer with show_progress, show_trial, show_sealed or show_error.
        cancel_requested(): stop sealing or uploading.
        upload_requested(SealedView): hand in; answer with show_progress, show_receipt or show_error.
        save_receipt_requested(ReceiptView): keep the receipt as a file.
        draft_changed(): a while after the last keystroke; :meth:`draft` says what stands here.
        draft_dropped(): delete the draft that is kept.
    """

    kit_read = Signal(object)
    seal_requested = Signal(object)
    cancel_requested = Signal()
    upload_requested = Signal(object)
    save_receipt_requested = Signal(object)
    draft_changed = Signal()
    draft_dropped = Signal()

    def __init__(self, clock: Clock, load_kit: Callable[[Path], KitView], parent: QWidget | None = None) -> None:
        super().__init__(STEPS, "完成", parent)
        self._clock, self._load_kit = clock, load_kit
        self._kit: KitView | None = None
        self._kit_error: BidroomError | None = None
        self._demands: Demands = demands(None)
        self._sealed: SealedView | None = None
        self._sealed_of = ""
        self._busy = False
        self._receipt: ReceiptView | None = None
        self.kit_page, self.price_page, self.declare = KitPage(clock), PricePage(), DeclarePage()
        self.price = self.price_page.editor
        self.documents, self.checks = DocumentsPage(), CheckPage()
        self.seal_page, self.hand_in = SealPage(), HandInPage()
        self._restored = label("second")
        self._fresh = Button("link", "refresh")
        self.say(self._fresh.setText, "丢弃草稿，从头填写")
        self._fresh.clicked.connect(self._start_anew)
        self._draft_line = QWidget()
        self._draft_line.setLayout(row(self._restored, self._fresh, None, spacing=12))
        self._draft_line.hide()
        self._restored_at: datetime | None = None
        for page in (self.kit_page, self.price_page, self.declare, self.documents, self.checks, self.seal_page,
                     self.hand_in):  # fmt: skip
            self.add_page(_page(page))
        self.above.addWidget(self._draft_line)
        self._autosave = QTimer(self)
        self._autosave.setSingleShot(True)
        self._autosave.setInterval(DRAFT_MS)
        self._autosave.timeout.connect(self.draft_changed)
        self._wire()
        self.retranslate()
        self.go_to(KIT)

    def _wire(self) -> None:
        self.kit_page.kit_chosen.connect(self.read_kit)
        for signal in (self.price.changed, self.declare.changed, self.documents.changed):
            signal.connect(self._edited)
        self.checks.jump.connect(lambda place: self.go_to(PLACES[place]))
        for work, begin in ((self.seal_page.work, self._ask_seal), (self.hand_in.work, self._ask_upload)):
            work.begun.connect(begin)
            work.stopped.connect(self.cancel_requested)
        self.hand_in.save_requested.connect(self.save_receipt_requested)
        self.hand_in.delete_requested.connect(self._drop_draft)
        self.step_entered.connect(self._entered)

    # --- what comes in ---

    def take_kit(self, path: Path) -> None:
        """Choose a kit, as the person would."""
        self.kit_page.file.set_path(path)

    def read_kit(self, path: Path) -> None:
        """Read and check a kit; what is wrong is shown, not raised."""
        self._kit, self._kit_error = None, None
        try:
            self._kit = self._load_kit(path)
        except BidroomError as error:
            self._kit_error = error
        self.kit_page.show_kit(self._kit, self._kit_error)
        self._title()
        self._refresh()
        if self._kit is not None:
            self.kit_read.emit(self._kit)

    def show_demands(self, asked: Demands) -> None:
        """What the case asks of a bid."""
        self._demands = asked
        self.declare.show_demands(asked)
        self._refresh()

    def take_bid(self, read: ReadBid) -> None:
        """Price schedule and declarations from a bid data file."""
        self.price_page.forget()
        self.price.fill(read.bid.price)
        self.declare.fill(read.bid.price.declarations, dict(read.bid.facts), enterprise=read.says_enterprise)

    def show_progress(self, share: float, text: str) -> None:
        """Between 0 and 1, with what is happening."""
        self._work_now().show_progress(share, lambda: text)

    def show_trial(self, trial: TrialView) -> None:
        """The trial decryption went well."""
        self.seal_page.show_trial(trial)

    def show_sealed(self, sealed: SealedView) -> None:
        """The envelope is on this machine."""
        self._sealed, self._sealed_of, self._receipt = sealed, self._content(), None
        self._set_busy(SEAL, busy=False)
        self.seal_page.work.show_progress(1.0, lambda: tr("已加密。"))
        self.hand_in.work.show_progress(0.0, str)
        self._show_outcome()
        self.draft_changed.emit()

    def show_receipt(self, receipt: ReceiptView) -> None:
        """The host has signed the receipt."""
        self._receipt = receipt
        self._set_busy(HAND_IN, busy=False)
        self.hand_in.work.show_progress(1.0, lambda: tr("主机已签收。"))
        self._show_outcome()
        self.draft_changed.emit()

    def show_error(self, error: BidroomError) -> None:
        """Sealing or uploading failed; nothing half done is kept."""
        here = SEAL if self._work_now() is self.seal_page.work else HAND_IN
        self._set_busy(here, busy=False)

        def say() -> str:
            said = texts.error_text(error.code, error.facts)
            return texts.sentences(said.what, said.means, said.do)

        self._work_now().show_progress(0.0, say, "second" if error.code == "bid.stopped" else "error")

    # --- drafts ---

    def draft(self, now: datetime) -> BidDraft:
        """What stands here, to be kept; without what was handed in already."""
        sealed = None
        if self._sealed is not None and self._receipt is None and self._kit is not None:
            one = self._sealed
            sealed = DraftSealed(str(one.path), one.header_digest, self._kit.sha256, self._sealed_of,
                                 str(one.backup) if one.backup is not None else "",
                                 str(one.paper) if one.paper is not None else "")  # fmt: skip
        draft = BidDraft(
            now, lines=self.price.lines(), total=self.price.total.text(), words=self.price.words.text(),
            files=tuple(DraftFile(str(file.path), file.kind) for file in self.documents.files()), sealed=sealed,
        )  # fmt: skip
        return self.declare.draft(draft)

    def restore(self, draft: BidDraft) -> None:
        """Go on where one stopped; an envelope made of just this for this kit is still good."""
        self.price.restore(draft.lines, draft.total, draft.words)
        self.declare.restore(draft)
        self.documents.add_files([Path(file.path) for file in draft.files], tuple(file.kind for file in draft.files))
        self._restored_at = draft.saved
        self._show_restored()
        self._autosave.stop()
        one = draft.sealed
        if one is None or self._kit is None or one.kit != self._kit.sha256 or one.content != self._content():
            return
        try:
            size = Path(one.path).stat().st_size
        except OSError:
            return
        backup = Path(one.backup) if one.backup else None
        paper = Path(one.paper) if one.paper else None
        self._sealed = SealedView(path=Path(one.path), size=size, header_digest=one.header, backup=backup, paper=paper)
        self._sealed_of = one.content
        self._show_outcome()

    def saves_soon(self) -> bool:
        """Something was typed that no draft has yet."""
        waiting = self._autosave.isActive()
        self._autosave.stop()
        return waiting

    def draft_gone(self) -> None:
        """The draft was deleted from this machine."""
        self._autosave.stop()
        self._restored_at = None
        self._show_restored()
        self.hand_in.show_draft(kept=False)

    # --- inside ---

    def retranslate(self) -> None:
        super().retranslate()
        self._title()
        self._show_restored()
        self._refresh()

    def _title(self) -> None:
        under = f"{self._kit.project}　{self._kit.number}" if self._kit else ""
        self.bar.say_title(tr("加密投标文件"), under)

    def schedule(self) -> PriceSchedule | None:
        """Figures and declarations together, None while something is missing."""
        said = self.declare.declarations()
        if said is not None:
            self.price.declare(said)
        return self.price.schedule()

    def _findings(self) -> tuple[Finding, ...]:
        kit = self._kit
        if kit is None:
            first = [Finding("bid_check.kit_missing", "failed", "kit")]
        elif not kit.usable:
            first = [Finding("bid_check.kit_bad", "failed", "kit")]
        else:
            names = "、".join(holder.name for holder in kit.holders) or "—"
            first = [Finding("bid_check.kit", "passed", "kit", {"names": names})]
        enterprise = self.declare.chosen_enterprise() if self.declare.declarations() is not None else ""
        return (*first, *check_bid(
            self._demands, price=self.schedule(), enterprise=enterprise, facts=self.declare.facts(),
            files=self.documents.facts(), deadline=kit.deadline if kit is not None else None, now=self._clock.now(),
        ))  # fmt: skip

    def _content(self) -> str:
        """A digest of what would be sealed, to see that it is no longer what was."""
        price = self.schedule()
        files = [f"{file.path}\n{file.kind}\n{file.size}\n{file.changed}" for file in self.documents.files()]
        said = [encode(price).decode() if price is not None else "", repr(sorted(self.declare.facts().items())), *files]
        return sha256_hex("\x00".join(said).encode())

    def _edited(self) -> None:
        if self._sealed is not None and not self._busy and self._content() != self._sealed_of:
            self._sealed, self._receipt = None, None
            self.seal_page.work.show_progress(0.0, lambda: tr("内容改动过，请重新加密。"))
            self._show_outcome()
        self._autosave.start()
        self._refresh()

    def _entered(self, step: int) -> None:
        if step == CHECK:
            self.documents.look_again()
        self._refresh()
        if self.isVisible():
            self._focus_first()

    def _focus_first(self) -> None:
        """The keyboard goes on where the work is: what the page asks for first, else the way on."""
        page = self.pages.currentWidget()
        assert page is not None
        for one in page.findChildren(QWidget):
            if one.focusPolicy() & Qt.FocusPolicy.TabFocus and one.isEnabled() and one.isVisibleTo(page):
                one.setFocus(Qt.FocusReason.OtherFocusReason)
                return
        self.next.setFocus(Qt.FocusReason.OtherFocusReason)

    def _refresh(self) -> None:
        kit = self._kit
        self.allow_next(KIT, kit is not None and kit.usable)
        self.allow_next(PRICE, self.price.schedule() is not None)
        self.allow_next(DECLARE, self.declare.declarations() is not None)
        self.allow_next(FILES, bool(self.documents.files()))
        good = False
        if self.current() >= CHECK:
            findings = self._findings()
            self.checks.show_findings(findings)
            good = may_seal(findings)
            self.allow_next(CHECK, good)
        self.allow_next(SEAL, self._sealed is not None)
        self.seal_page.work.act.setEnabled(self._sealed is None and not self._busy and good)
        joined = not self.hand_in.property("alone")
        ready = self._sealed is not None and self._receipt is None and not self._busy
        self.hand_in.work.act.setEnabled(ready and joined)
        self.allow_next(HAND_IN, self._receipt is not None)
        if self._busy:
            self.previous.setEnabled(False)

    def show_alone(self, *, alone: bool) -> None:
        """Without a host the envelope is made, and handed in another time."""
        self.hand_in.setProperty("alone", alone)
        self.hand_in.show_joined(joined=not alone)
        self._refresh()

    def _show_outcome(self) -> None:
        self.seal_page.show_sealed(self._sealed)
        self.hand_in.show_sealed(self._sealed)
        self.hand_in.show_receipt(self._receipt)
        if self._receipt is not None:
            self.hand_in.show_draft(kept=True)
        self._show_restored()
        self._refresh()

    def _show_restored(self) -> None:
        self._draft_line.setVisible(self._restored_at is not None and self._receipt is None)
        if self._restored_at is not None:
            self._restored.setText(tr("已恢复 {time} 保存在本机的草稿。", time=texts.full_time(self._restored_at)))

    def _start_anew(self) -> None:
        self.price.restore((), "", "")
        self.declare.restore(BidDraft(self._clock.now()))
        self.documents.clear_all()
        self.price_page.forget()
        self._drop_draft()

    def _drop_draft(self) -> None:
        self.draft_dropped.emit()

    def _ask_seal(self) -> None:
        price, path = self.schedule(), self.kit_page.file.path()
        if self.seal_page.place_missing():
            return
        if price is None or path is None or self.declare.declarations() is None:
            self.show_error(InputError("bid.incomplete", count=1))
            return
        self.seal_page.show_trial(None)
        self._set_busy(SEAL, busy=True)
        self.seal_requested.emit(
            SealRequest(
                kit=path, price=price, documents=self.documents.files(), facts=self.declare.facts(),
                backup=self.seal_page.backup.path(), paper=self.seal_page.paper.path(),
            )
        )  # fmt: skip

    def _ask_upload(self) -> None:
        if self._sealed is not None:
            self._set_busy(HAND_IN, busy=True)
            self.upload_requested.emit(self._sealed)

    def _set_busy(self, step: int, *, busy: bool) -> None:
        self._busy = busy
        (self.seal_page.work if step == SEAL else self.hand_in.work).show_busy(busy=busy)
        self.previous.setEnabled(not busy)
        self._refresh()

    def _work_now(self) -> WorkView:
        return self.seal_page.work if self.current() <= SEAL else self.hand_in.work


def _page(inside: QWidget) -> QWidget:
    holder = QWidget()
    holder.setProperty("role", "page")
    holder.setLayout(column(inside))
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(holder)
    return area
