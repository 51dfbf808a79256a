"""验证签名: any signed PDF (or OFD, which is not shown) beside what its signatures are worth, in three lines each."""

import asyncio
import hashlib
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from app.ca.pdf_flat import SIZE_LIMIT
from app.ca.pdf_verifier import DocumentVerdict, verify
from app.ca.signed_file import check, is_ofd
from app.ca.trust import Status, TrustList
from app.clock import Clock
from app.errors import BidroomError, InputError
from app.ui import texts
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.error import ErrorDialog
from app.ui.documents.signature_words import (
    UNSIGNED,
    Line,
    level_words,
    overall,
    part_words,
    signature_lines,
    stamp_lines,
)
from app.ui.documents.viewer import DocumentViewer
from app.ui.i18n import tr
from app.ui.program.own_trust import own_trust
from app.ui.program.pick import PEM, all_files, pick_file, read_small
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.digest import DigestLabel

TONES = {Status.PASSED: Tone.OK, Status.COULD_NOT_TELL: Tone.WARN, Status.FAILED: Tone.BAD}


class SignatureWindow(View):
    """A window beside the main one; :meth:`show_file` fills it. It follows the language while it is open."""

    def __init__(self, bridge: AsyncBridge, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowFlag(Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("role", "page")
        self.resize(1200, 780)
        self._bridge, self._clock = bridge, clock
        self._pdf, self._name = b"", ""
        self._trust = TrustList([])
        self.verdict: DocumentVerdict | None = None
        self.viewer = DocumentViewer(bridge)
        self._unshown = label("hint", wrap=True)
        self._unshown.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._unshown.setVisible(False)
        self.say(self._unshown.setText, "OFD 文件的内容请用 OFD 阅读软件查看，这里只验证签章。")
        self._chip = Chip()
        self._said = label("body", wrap=True)
        self._level, self._believed = label("hint", wrap=True), label("hint", wrap=True)
        self._digest = DigestLabel("")
        self._choose = Button("plain", "shield")
        self.say(self._choose.setText, "选择信任的根证书…")
        self._choose.clicked.connect(lambda: bridge.start(self._pick_trust(), "signatures.trust"))
        self._cards = column(spacing=10)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(self._cards, None))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        top = Card()
        top.add(
            row(self._chip, None), self._said, self._level, row(label("hint", "SHA-256"), self._digest, None),
            self._believed, row(self._choose, None),
        )  # fmt: skip
        side = column(top, area, spacing=10)
        side.setStretch(1, 1)
        beside = QWidget()
        beside.setFixedWidth(430)
        beside.setLayout(side)
        whole = row(self.viewer, self._unshown, beside, spacing=12)
        whole.setStretch(0, 1)
        whole.setStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addLayout(whole)
        self.retranslate()

    async def show_file(self, pdf: bytes, name: str, trust: TrustList | None = None) -> None:
        """Show and judge a PDF, or judge an OFD; ``trust``: whom to believe, by default this user's own list."""
        self._pdf, self._name = pdf, name
        self._trust = trust if trust is not None else await asyncio.to_thread(_own)
        self.viewer.setVisible(not is_ofd(pdf))
        self._unshown.setVisible(is_ofd(pdf))
        if not is_ofd(pdf):
            self._bridge.start(self.viewer.open(pdf, name), "signatures.open")
        await self._judge()

    async def _judge(self) -> None:
        judge = check if is_ofd(self._pdf) else verify
        self.verdict = await asyncio.to_thread(judge, self._pdf, self._trust, self._clock.now())
        self.retranslate()

    async def _pick_trust(self) -> None:
        path = await pick_file(self, tr("选择信任的根证书…"), f"{PEM};;{all_files()}")
        if path is None:
            return
        try:
            pem = await asyncio.to_thread(read_small, path)
            try:
                self._trust = TrustList([pem])
            except InputError as error:
                if error.code != "trust.demo_root":
                    raise
                self._trust = TrustList([pem], demo=True)
            await self._judge()
        except BidroomError as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=self))

    def retranslate(self) -> None:
        self.setWindowTitle(tr("验证签名：{name}", name=self._name) if self._name else tr("验证签名"))
        self._digest.show_digest(hashlib.sha256(self._pdf).hexdigest() if self._pdf else "")
        count = len(self._trust.roots)
        believed = (
            tr("依据 {count} 个信任的根证书。", count=count) if count else tr("还没有信任的根证书：身份无法判断。")
        )
        if self._trust.demo:
            believed = texts.sentences(believed, tr("其中有演练根证书，不能证明任何人的真实身份。"))
        self._believed.setText(believed)
        clear(self._cards)
        verdict = self.verdict
        for widget in (self._chip, self._level):
            widget.setVisible(verdict is not None)
        if verdict is None:
            self._said.setText(tr("正在验证…"))
            return
        status, said = overall(verdict)
        self._chip.show_state(status_word(status), TONES[status])
        self._said.setText(said)
        self._level.setText(level_words(verdict.level))
        self._level.setVisible(bool(verdict.level))
        for number, one in enumerate(verdict.signatures, 1):
            title = tr("{number}. {name}", number=number, name=one.name or one.holder or one.field)
            self._cards.addWidget(_card(title, one.reason, signature_lines(one)))
        for stamp in verdict.stamps:
            self._cards.addWidget(_card(tr("文档时间戳"), stamp.authority, stamp_lines(stamp)))
        if verdict.document.status is Status.FAILED and not verdict.signatures:
            self._said.setText(said if verdict.document.code in UNSIGNED else part_words(verdict.document))
        if verdict.empty_fields:
            self._cards.addWidget(label("hint", tr("还有 {count} 处未签署。", count=len(verdict.empty_fields))))

    def closeEvent(self, event: QCloseEvent) -> None:
        self.viewer.close_renderer()
        super().closeEvent(event)


async def verify_a_file(bridge: AsyncBridge, clock: Clock, window: QWidget) -> None:
    """Let the person choose a PDF or OFD and open it with its signatures judged."""
    path: Path | None = await pick_file(window, tr("选择要验证的 PDF 或 OFD 文件"), "*.pdf *.ofd;;" + all_files())
    if path is None:
        return
    try:
        pdf = await asyncio.to_thread(read_small, path, SIZE_LIMIT)
    except BidroomError as error:
        await ask(ErrorDialog(texts.exception_text(error), parent=window))
        return
    shown = SignatureWindow(bridge, clock, window)
    shown.show()
    await shown.show_file(pdf, path.name)


def status_word(status: Status) -> str:
    """通过, 无法判断, 未通过."""
    return {
        Status.PASSED: tr("通过"), Status.COULD_NOT_TELL: tr("无法判断"), Status.FAILED: tr("未通过"),
    }[status]  # fmt: skip


def _card(title: str, under: str, lines: tuple[Line, ...]) -> Card:
    card = Card(heading=True, margin=12)
    card.body.setSpacing(8)
    card.title.setText(title)
    if under:
        card.add(label("hint", under, wrap=True))
    for line in lines:
        head = row(label("second", line.name), Chip(status_word(line.status), TONES[line.status]), None, spacing=8)
        card.add(column(head, label("body", line.text, wrap=True), spacing=2))
    return card


def _own() -> TrustList:
    try:
        return own_trust(rehearsal=False)
    except BidroomError:
        return TrustList([])
