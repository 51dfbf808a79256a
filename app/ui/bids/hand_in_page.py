"""递交: upload with progress, the receipt, and then what the supplier has in hand and what to do with it."""

from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.ui import texts
from app.ui.bids.models import ReceiptView, SealedView
from app.ui.bids.proof_view import ProofView
from app.ui.bids.seal_page import WorkView
from app.ui.i18n import tr
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone


class HandInPage(View):
    """Signals:
    save_requested(ReceiptView): keep the receipt elsewhere too. delete_requested(): delete the draft.
    """

    save_requested = Signal(object)
    delete_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sealed: SealedView | None = None
        self._receipt: ReceiptView | None = None
        self._standing: datetime | None = None
        self._drafted = False
        self._joined = True
        explain = label("body", wrap=True)
        self.say(
            explain.setText,
            "递交后会得到主机签名的回执，回执与密封文件的摘要一致。截止时间前可以撤回或替换，原文件永远不会被打开。"
            "网络中断会自动接着传；也可以停止，稍后再从断点继续。",
        )
        self._old = label("warn", wrap=True)
        self._alone = label("warn", wrap=True)
        self.say(
            self._alone.setText,
            "现在没有进入项目，不能递交。密封文件已保存在本机：请用邀请链接进入项目，再打开这里，会接着递交这一份。",
        )
        self.work = WorkView("递交到主机", "upload")
        self._shown = column(spacing=12)
        work = Card()
        work.add(explain, self._old, self._alone, self.work)
        self._after = Card(heading=True)
        self.say(self._after.title.setText, "您现在手里有")
        self._after.add(self._shown)
        self.setLayout(column(work, self._after, None, spacing=12))
        self.retranslate()

    def show_joined(self, *, joined: bool) -> None:
        """Whether there is a host to hand in to."""
        self._joined = joined
        self.retranslate()

    def show_standing(self, submitted: datetime | None) -> None:
        """When the bid that stands now was handed in; None when there is none."""
        self._standing = submitted
        self.retranslate()

    def show_sealed(self, sealed: SealedView | None) -> None:
        self._sealed = sealed
        self.retranslate()

    def show_receipt(self, receipt: ReceiptView | None) -> None:
        self._receipt = receipt
        self.retranslate()

    def show_draft(self, *, kept: bool) -> None:
        """Whether the draft, which holds the bid in the clear, is still on this machine."""
        self._drafted = kept
        self.retranslate()

    def retranslate(self) -> None:
        self._alone.setVisible(not self._joined)
        replaces = self._standing is not None and self._receipt is None
        if self._standing is not None:
            when = texts.full_time(self._standing)
            self._old.setText(
                tr("这一份会替换 {time} 递交的文件：原来的不再有效，永远不会被打开，它的回执仍请保存备查。", time=when)
            )
        self._old.setVisible(replaces)
        clear(self._shown)
        self._after.setVisible(self._receipt is not None)
        if self._receipt is None:
            return
        one = self._receipt
        same = self._sealed is not None and one.header_digest == self._sealed.header_digest
        chip = Chip(tr("回执与密封文件一致") if same else tr("回执与密封文件不一致"), Tone.OK if same else Tone.BAD)
        words = tr("签收时间 {time}　主机 {host}", time=texts.full_time(one.received), host=one.host)
        save = Button("plain", "download", tr("保存回执…"))
        save.clicked.connect(lambda: self.save_requested.emit(one))
        self._shown.addLayout(row(chip, label("body", words), None, save, spacing=10))
        self._shown.addWidget(
            ProofView(one.header_digest, "回执的摘要。开标时公示的应是同一串：可以拍照、抄写或扫码留存。")
        )
        for number, text in enumerate(self._list(one), 1):
            self._shown.addWidget(label("body", f"{number}. {text}", wrap=True))
        if self._drafted:
            delete = Button("small", "close", tr("删除草稿"))
            delete.clicked.connect(self.delete_requested)
            note = label("warn", tr("草稿里有没有加密的报价，还在这台电脑上。不再修改的话，建议删除。"), wrap=True)
            line = row(note, delete, spacing=12)
            line.setStretch(0, 1)
            self._shown.addLayout(line)

    def _list(self, receipt: ReceiptView) -> list[str]:
        had = [tr("证书：开标时就用今天这一支解密，请带上并记住口令。")]
        if receipt.path is not None:
            had.append(tr("回执：{path}。它证明主机在截止前收到了这一份，请另存一份。", path=str(receipt.path)))
        if self._sealed is not None:
            had.append(tr("密封文件：{path}。留着便于核对，谁也打不开。", path=str(self._sealed.path)))
            if self._sealed.backup is not None:
                had.append(tr("备用文件：{path}。没有加密，请离线保管。", path=str(self._sealed.backup)))
            if self._sealed.paper is not None:
                had.append(tr("恢复词页：打印后封好锁起来，文件请删除：{path}。", path=str(self._sealed.paper)))
        if receipt.replaces:
            had.append(tr("被替换的那一份已经作废，不会被打开。"))
        return had
