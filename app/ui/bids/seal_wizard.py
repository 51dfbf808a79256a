"""加密投标文件: kit, price schedule, documents, check, sign and seal, hand in with a receipt."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QScrollArea, QWidget

from app.clock import Clock
from app.errors import BidroomError
from app.procurement.bid import BID_LIMIT, parse_bid
from app.ui import texts
from app.ui.bids.completeness import completeness, may_seal
from app.ui.bids.documents_page import DocumentsPage
from app.ui.bids.models import KitView, ReceiptView, SealedView, SealRequest
from app.ui.bids.price_editor import PriceEditor
from app.ui.i18n import tr
from app.ui.prepare.check_list import CheckList
from app.ui.view import Item, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.digest import DigestLabel
from app.ui.widgets.file_row import FileRow
from app.ui.wizard import Wizard

STEPS = ("密封工具包", "开标一览表", "投标文件", "核对", "签名加密", "递交")
KIT, PRICE, FILES, CHECK, SEAL, HAND_IN = range(6)


class SealBidWizard(Wizard):
    """``load_kit`` reads and checks a kit file, raising ``InputError`` for what is none.

    Signals:
        seal_requested(SealRequest): sign and seal; answer with show_progress, show_sealed or show_error.
        cancel_requested(): stop sealing or uploading.
        upload_requested(SealedView): hand in; answer with show_progress, show_receipt or show_error.
        save_receipt_requested(ReceiptView): keep the receipt as a file.
    """

    seal_requested = Signal(object)
    cancel_requested = Signal()
    upload_requested = Signal(object)
    save_receipt_requested = Signal(object)

    def __init__(self, clock: Clock, load_kit: Callable[[Path], KitView], parent: QWidget | None = None) -> None:
        super().__init__(STEPS, "完成", parent)
        self._clock, self._load_kit = clock, load_kit
        self._kit: KitView | None = None
        self._kit_error: BidroomError | None = None
        self._facts: dict[str, int | str | bool] = {}
        self._sealed: SealedView | None = None
        self._busy = False
        self._receipt: ReceiptView | None = None
        self._kit_file = FileRow("密封工具包（由代理机构签发）", "*.kit *.json")
        self._kit_file.chosen.connect(self.read_kit)
        self._kit_shown = column(spacing=10)
        self.price, self.documents, self.checks = PriceEditor(), DocumentsPage(), CheckList()
        self._import = FileRow("从投标数据文件导入（可选，JSON）", "*.json")
        self._import.chosen.connect(self.import_bid)
        self._seal = Button("primary", "lock")
        self._seal.clicked.connect(self._ask_seal)
        self._seal_cancel, self._upload_cancel = Button("plain"), Button("plain")
        for cancel in (self._seal_cancel, self._upload_cancel):
            self.say(cancel.setText, "停止")
            cancel.clicked.connect(self.cancel_requested)
            cancel.hide()
        self._seal_bar, self._upload_bar = QProgressBar(), QProgressBar()
        self._seal_text, self._upload_text = label("second", wrap=True), label("second", wrap=True)
        for bar in (self._seal_bar, self._upload_bar):
            bar.setTextVisible(False)
            bar.setRange(0, 1000)
        self._sealed_shown, self._receipt_shown = column(spacing=8), column(spacing=8)
        self._upload = Button("primary", "upload")
        self._upload.clicked.connect(self._ask_upload)
        self.say(self._seal.setText, "签名并加密…")
        self.say(self._upload.setText, "递交到主机")
        self._explain_seal, self._explain_upload = label("second", wrap=True), label("second", wrap=True)
        self.say(
            self._explain_seal.setText,
            "用您的证书签名，再用两层密钥加密：一层是您自己的证书，一层由开标人分持。开标前，包括主机在内的任何人都打不开。"
            "请保管好证书：开标时要用同一支证书解密。",
        )
        self.say(
            self._explain_upload.setText,
            "递交后会得到主机签名的回执，回执与密封文件的摘要一致。截止时间前可以撤回或替换，原文件永远不会被打开。",
        )
        for page in (
            _page(self._kit_file, self._kit_shown, None),
            _page(self._import, self.price),
            _page(self.documents),
            _page(self.checks, None),
            _page(self._explain_seal, row(self._seal, self._seal_cancel, None), self._seal_bar, self._seal_text,
                  self._sealed_shown, None),
            _page(self._explain_upload, row(self._upload, self._upload_cancel, None), self._upload_bar,
                  self._upload_text, self._receipt_shown, None),
        ):  # fmt: skip
            self.add_page(page)
        self.price.changed.connect(self._refresh)
        self.documents.changed.connect(self._refresh)
        self.step_entered.connect(lambda _step: self._refresh())
        self.retranslate()
        self.go_to(KIT)

    def take_kit(self, path: Path) -> None:
        """Choose a kit, as the person would."""
        self._kit_file.set_path(path)

    def read_kit(self, path: Path) -> None:
        """Read and check a kit; what is wrong is shown, not raised."""
        self._kit, self._kit_error = None, None
        try:
            self._kit = self._load_kit(path)
        except BidroomError as error:
            self._kit_error = error
        self._show_kit()
        self._refresh()

    def import_bid(self, path: Path) -> None:
        """Take price schedule and declared facts from a bid file."""
        try:
            with path.open("rb") as file:
                bid = parse_bid(file.read(BID_LIMIT + 1))
        except OSError:
            self._import.show_error(tr("读不到文件：{name}", name=path.name))
            return
        except BidroomError as error:
            self._import.show_error(texts.error_text(error.code, error.facts).what + error.code)
            return
        self._facts = dict(bid.facts)
        self.price.fill(bid.price)

    def show_progress(self, share: float, text: str) -> None:
        """Between 0 and 1, with what is happening."""
        bar, said = self._bar_now()
        bar.setValue(round(share * 1000))
        said.setText(text)

    def show_sealed(self, sealed: SealedView) -> None:
        """The envelope is on this machine."""
        self._sealed = sealed
        self._set_busy(SEAL, busy=False)
        self.show_progress(1.0, tr("已加密。"))
        self._refresh()

    def show_receipt(self, receipt: ReceiptView) -> None:
        """The host has signed the receipt."""
        self._receipt = receipt
        self._set_busy(HAND_IN, busy=False)
        self.show_progress(1.0, tr("主机已签收。"))
        self._refresh()

    def show_error(self, error: BidroomError) -> None:
        """Sealing or uploading failed; nothing half done is kept."""
        here = self.current()
        self._set_busy(here, busy=False)
        said = texts.error_text(error.code, error.facts)
        self.show_progress(0.0, texts.sentences(said.what, said.means, said.do))

    def retranslate(self) -> None:
        super().retranslate()
        title = tr("加密投标文件")
        under = f"{self._kit.project}　{self._kit.number}　{self._kit.lot}" if self._kit else ""
        self.bar.say_title(title, under)
        self._show_kit()
        self._refresh()

    def _show_kit(self) -> None:
        clear(self._kit_shown)
        if self._kit_error is not None:
            said = texts.error_text(self._kit_error.code, self._kit_error.facts)
            self._kit_shown.addWidget(label("error", said.brief, wrap=True))
        if self._kit is None:
            return
        kit = self._kit
        self.bar.say_title(tr("加密投标文件"), f"{kit.project}　{kit.number}　{kit.lot}")
        chips = [Chip(tr("签发：{name}", name=kit.issued_by), Tone.OK if kit.signature_ok else Tone.BAD)]
        if kit.rehearsal:
            chips.append(Chip(tr("演练"), Tone.WARN))
        self._kit_shown.addLayout(row(label("section", kit.project), *chips, None, spacing=10))
        own = tr("您自己的证书，并且") if kit.supplier_layer else ""
        policy = tr(
            "打开需要：{own}以下 {count} 人中的任意 {k} 人。截止 {time}。",
            own=own, count=len(kit.holders), k=kit.k, time=texts.full_time(kit.deadline),
        )  # fmt: skip
        self._kit_shown.addWidget(label("body", policy, wrap=True))
        for holder in kit.holders:
            trusted = {True: (tr("证书受信任"), Tone.OK), False: (tr("证书不受信任，不能使用"), Tone.BAD),
                       None: (tr("证书无法判断，不能使用"), Tone.BAD)}[holder.trusted]  # fmt: skip
            who = f"{holder.name}　{holder.organisation}　{texts.word('party', holder.party)}"
            self._kit_shown.addLayout(row(label("body", who), Chip(*trusted), None, spacing=10))

    def _refresh(self) -> None:
        kit = self._kit
        self.allow_next(KIT, kit is not None and kit.usable)
        self.allow_next(PRICE, self.price.schedule() is not None)
        self.allow_next(FILES, bool(self.documents.files()))
        if kit is not None:
            lines = completeness(kit, self.price.schedule(), self.documents.files(), self._clock.now())
            self.checks.show_lines(lines)
            self.allow_next(CHECK, may_seal(lines))
        self.allow_next(SEAL, self._sealed is not None)
        self._seal.setEnabled(self._sealed is None and not self._busy)
        self._upload.setEnabled(self._sealed is not None and self._receipt is None and not self._busy)
        self.allow_next(HAND_IN, self._receipt is not None)
        self._show_sealed()
        self._show_receipt()

    def _show_sealed(self) -> None:
        clear(self._sealed_shown)
        if self._sealed is not None:
            words = tr(
                "密封文件 {name}（{size}）", name=self._sealed.path.name, size=texts.size_text(self._sealed.size)
            )
            self._sealed_shown.addLayout(row(label("body", words), DigestLabel(self._sealed.header_digest), None))

    def _show_receipt(self) -> None:
        clear(self._receipt_shown)
        if self._receipt is None:
            return
        one = self._receipt
        same = self._sealed is not None and one.header_digest == self._sealed.header_digest
        chip = Chip(tr("回执与密封文件一致") if same else tr("回执与密封文件不一致"), Tone.OK if same else Tone.BAD)
        words = tr("签收时间 {time}　主机 {host}", time=texts.full_time(one.received), host=one.host)
        save = Button("plain", "download", tr("保存回执…"))
        save.clicked.connect(lambda: self.save_receipt_requested.emit(one))
        self._receipt_shown.addLayout(row(chip, label("body", words), None, save, spacing=10))
        self._receipt_shown.addLayout(row(DigestLabel(one.header_digest), None))

    def _ask_seal(self) -> None:
        price, path = self.price.schedule(), self._kit_file.path()
        if price is not None and path is not None:
            self._set_busy(SEAL, busy=True)
            self.seal_requested.emit(
                SealRequest(kit=path, price=price, documents=self.documents.files(), facts=self._facts)
            )

    def _ask_upload(self) -> None:
        if self._sealed is not None:
            self._set_busy(HAND_IN, busy=True)
            self.upload_requested.emit(self._sealed)

    def _set_busy(self, step: int, *, busy: bool) -> None:
        self._busy = busy
        (self._seal_cancel if step == SEAL else self._upload_cancel).setVisible(busy)
        self._refresh()
        self.previous.setEnabled(not busy)

    def _bar_now(self) -> tuple[QProgressBar, QLabel]:
        return (self._seal_bar, self._seal_text) if self.current() <= SEAL else (self._upload_bar, self._upload_text)


def _page(*items: Item) -> QWidget:
    card = Card()
    card.add(*items)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(card)
    return area
