"""签名加密: what will happen, a backup if wanted, progress; afterwards what came out and whether it will open."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QWidget

from app.ui import texts
from app.ui.bids.models import SealedView, TrialView
from app.ui.bids.proof_view import ProofView
from app.ui.i18n import tr
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.check_box import CheckBox
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.file_row import FileRow


class WorkView(View):
    """A primary act, its progress and a way to stop it.

    Signals:
        begun(): the person wants it. stopped(): the person wants it to end.
    """

    begun = Signal()
    stopped = Signal()

    def __init__(self, act: str, icon: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.act, self.stop = Button("primary", icon), Button("plain")
        self.say(self.act.setText, act)
        self.say(self.stop.setText, "停止")
        self.act.clicked.connect(self.begun)
        self.stop.clicked.connect(self.stopped)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self.text = label("second", wrap=True)
        self._say: Callable[[], str] = str
        self.text.hide()
        self.setLayout(column(row(self.act, self.stop, None), self._bar, self.text, spacing=10))
        self.show_busy(busy=False)
        self._bar.hide()

    def show_busy(self, *, busy: bool) -> None:
        self.stop.setVisible(busy)
        if busy:
            self._bar.show()

    def show_progress(self, share: float, say: Callable[[], str], style: str = "second") -> None:
        """Between 0 and 1; ``say`` what is happening, in the language shown then."""
        self._say = say
        self._bar.setValue(round(share * 1000))
        self._bar.setVisible(share > 0)
        if self.text.property("kind") != style:
            self.text.setProperty("kind", style)
            self.text.style().unpolish(self.text)
            self.text.style().polish(self.text)
        self.retranslate()

    def retranslate(self) -> None:
        self.text.setText(self._say())
        self.text.setVisible(bool(self.text.text()))


class KeepRow(View):
    """Something that may be kept besides: a box to tick, plain advice, and where."""

    def __init__(self, offer: str, where: str, advice: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.keep = CheckBox()
        self.say(self.keep.setText, offer)
        self._where = FileRow(where, save=True)
        self._advice = label("warn", wrap=True)
        self.say(self._advice.setText, advice)
        self.keep.toggled.connect(self._kept)
        self._kept()
        self.setLayout(column(row(self.keep, None), self._advice, self._where, spacing=8))

    def path(self) -> Path | None:
        """Where; None when it is not wanted."""
        return self._where.path() if self.keep.isChecked() else None

    def choose(self, path: Path) -> None:
        """As if the person had chosen it."""
        self.keep.setChecked(True)
        self._where.set_path(path)

    def missing(self) -> bool:
        """It is wanted, but nobody said where; that is then said."""
        lost = self.keep.isChecked() and self._where.path() is None
        self._where.show_error(tr("请选择存到哪里，或取消上面的勾选。") if lost else "")
        return lost

    def _kept(self) -> None:
        self._where.setVisible(self.keep.isChecked())
        self._advice.setVisible(self.keep.isChecked())


class SealPage(View):
    """``work`` is the act; ``backup`` and ``paper`` say what is to be kept besides, and where."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sealed: SealedView | None = None
        self._trial: TrialView | None = None
        explain = label("body", wrap=True)
        self.say(
            explain.setText,
            "先用您的证书试解密一次，再签名，然后用两层密钥加密：一层是您自己的证书，一层由开标人分持。"
            "开标前，包括主机在内的任何人都打不开。开标时要用同一支证书解密，请保管好。",
        )
        self.work = WorkView("签名并加密…", "lock")
        self.backup = KeepRow(
            "另存一份备用文件（万一开标时密封文件不是因为您的原因打不开）", "备用文件存到",
            "备用文件没有加密，里面就是您的报价。请存到只有您能接触的 U 盘，离线保管，不要发给任何人，"
            "也不要放在网盘。递交时只上传它的承诺值；只有主持人在开标时准许，才需要拿出来。",
        )  # fmt: skip
        self.paper = KeepRow(
            "另存恢复词页（万一开标前证书损坏，用纸上的 33 个词代替证书解密）", "恢复词页（PDF）存到",
            "谁拿到这张纸，谁就能代替您的证书这一层。请立即打印，然后删除这个文件；把纸封好，锁在只有您能打开的地方，"
            "不要拍照，不要输入任何网页。会再请您确认一次证书。",
        )  # fmt: skip
        self.paper.hide()
        self._shown = column(spacing=10)
        work, backup = Card(), Card()
        work.add(explain, self.work, self._shown)
        backup.add(self.backup, self.paper)
        self._backup_card = backup
        self.setLayout(column(work, backup, None, spacing=12))

    def allow_paper(self, *, allowed: bool) -> None:
        """Whether this case lets a supplier decrypt with words on paper."""
        self.paper.setVisible(allowed)
        if not allowed:
            self.paper.keep.setChecked(False)

    def place_missing(self) -> bool:
        """Something is to be kept, but nobody said where; that is then said."""
        missing = [one.missing() for one in (self.backup, self.paper)]
        return any(missing)

    def show_sealed(self, sealed: SealedView | None) -> None:
        """The envelope on this machine, or none (any more)."""
        self._sealed = sealed
        self._backup_card.setVisible(sealed is None)
        self.retranslate()

    def show_trial(self, trial: TrialView | None) -> None:
        """What the trial decryption said."""
        self._trial = trial
        self.retranslate()

    def retranslate(self) -> None:
        clear(self._shown)
        if self._trial is not None:
            self._shown.addWidget(trial_line(self._trial))
        if self._sealed is None:
            return
        one = self._sealed
        words = tr("密封文件 {name}（{size}）", name=one.path.name, size=texts.size_text(one.size))
        self._shown.addLayout(row(Chip(tr("已加密"), Tone.OK), label("body", words), None, spacing=10))
        if one.backup is not None:
            text = tr("备用文件：{path}", path=str(one.backup))
            self._shown.addWidget(label("second", text, wrap=True))
        if one.paper is not None:
            text = tr("恢复词页：{path}。请现在打印，然后删除这个文件。", path=str(one.paper))
            self._shown.addWidget(label("warn", text, wrap=True))
        self._shown.addWidget(ProofView(one.header_digest, "密封文件的摘要。递交后的回执、开标时的公示都应是同一串。"))


def trial_line(trial: TrialView) -> QWidget:
    """One line: the token decrypts, and for how long."""
    until = texts.day(trial.expires)
    if trial.lasts:
        text = tr("试解密成功：{holder} 的证书打得开这样加密的文件，有效期至 {date}。", holder=trial.holder, date=until)
        return label("ok", text, wrap=True)
    text = tr(
        "试解密成功，但 {holder} 的证书 {date} 到期，早于开标。请先到证书机构续期；"
        "续期换了密钥的，要用新证书重新加密。",
        holder=trial.holder, date=until,
    )  # fmt: skip
    return label("warn", text, wrap=True)
