"""第一步: the sealing kit (who can open, until when), and whether the procurement document in hand is the same."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.clock import Clock
from app.errors import BidroomError
from app.ui import texts
from app.ui.bids.models import KitView
from app.ui.i18n import tr
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.countdown import CountdownLabel
from app.ui.widgets.file_row import FileRow


class KitPage(View):
    """Signals:
    kit_chosen(Path), notice_chosen(Path), case_chosen(Path): files to be read; the answers are ``show_*``.
    trust_requested(): choose the authorities that this desk believes.
    """

    kit_chosen = Signal(object)
    notice_chosen = Signal(object)
    case_chosen = Signal(object)
    trust_requested = Signal()

    def __init__(self, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kit: KitView | None = None
        self._error: BidroomError | None = None
        self._notice: tuple[bool, str] | None = None
        self.file = FileRow("密封工具包（由代理机构签发）", "*.kit *.json")
        self.notice = FileRow("您手里的采购文件（可选，用来核对是不是同一份）")
        self.case = FileRow("项目文件（可选，JSON）：有它才能按本项目的评分项核对", "*.json")
        self.file.chosen.connect(self.kit_chosen)
        self.notice.chosen.connect(self.notice_chosen)
        self.case.chosen.connect(self.case_chosen)
        self._case_read = label("ok", wrap=True)
        self._case_read.hide()
        self.countdown = CountdownLabel(clock)
        self._until = label("body", wrap=True)
        self._shown = column(spacing=10)
        self._said = column(spacing=6)
        kit = Card()
        kit.add(self.file, self._shown)
        time = Card(heading=True)
        self.say(time.title.setText, "截止与开标")
        time.add(row(self._until, None, self.countdown, spacing=16))
        self._time = time
        papers = Card()
        papers.add(self.notice, self._said, self.case, self._case_read)
        self._papers = papers
        self.setLayout(column(kit, time, papers, None, spacing=12))
        self.retranslate()

    def show_kit(self, kit: KitView | None, error: BidroomError | None) -> None:
        """The kit as checked, or why it cannot be used."""
        self._kit, self._error, self._notice = kit, error, None
        self.retranslate()

    def show_notice(self, *, same: bool, name: str) -> None:
        """Whether the document that was chosen is the one which the kit names."""
        self._notice = (same, name)
        self.retranslate()

    def show_case(self, said: str, *, error: bool = False) -> None:
        """What became of the case's file."""
        self._case_read.setText("" if error else said)
        self._case_read.setVisible(bool(said) and not error)
        self.case.show_error(said if error else "")

    def joined(self) -> None:
        """In the case its file is known already."""
        self.case.hide()
        self._case_read.hide()

    def retranslate(self) -> None:
        clear(self._shown)
        clear(self._said)
        kit = self._kit
        self._time.setVisible(kit is not None)
        self._papers.setVisible(kit is not None)
        if self._error is not None:
            said = texts.error_text(self._error.code, self._error.facts)
            why = texts.word("certificate_trouble", str(self._error.facts.get("why", "")))
            self._shown.addWidget(label("error", texts.sentences(said.what, why, said.means, said.do), wrap=True))
            if self._error.code.startswith("trust.") or self._error.facts.get("why") == "chain.no_path":
                trust = Button("plain", "shield", tr("选择信任的证书机构…"))
                trust.clicked.connect(self.trust_requested)
                self._shown.addLayout(row(trust, None))
        if kit is None:
            if self._error is None:
                hint = tr("用代理机构的邀请链接进入项目时，这里会自动取得密封工具包；没有联网也可以选择收到的文件。")
                self._shown.addWidget(label("second", hint, wrap=True))
            return
        self._until.setText(texts.full_time(kit.deadline))
        self.countdown.run(kit.deadline)
        self._show_policy(kit)
        if self._notice is not None:
            same, name = self._notice
            if same:
                text = tr("“{name}”就是密封工具包指明的采购文件。", name=name)
                self._said.addWidget(label("ok", text, wrap=True))
            else:
                self._said.addWidget(label("error", texts.error_text("notice.differs").brief, wrap=True))

    def _show_policy(self, kit: KitView) -> None:
        good = kit.usable
        chips = [Chip(tr("签发：{name}", name=kit.issued_by), Tone.OK if kit.signature_ok else Tone.BAD)]
        if kit.rehearsal:
            chips.append(Chip(tr("演练"), Tone.WARN))
        self._shown.addLayout(row(label("section", kit.project), *chips, None, spacing=10))
        self._shown.addWidget(label("body", who_opens(kit), wrap=True))
        for holder in kit.holders:
            trusted = {True: (tr("证书受信任"), Tone.OK), False: (tr("证书不受信任，不能使用"), Tone.BAD),
                       None: (tr("证书无法判断，不能使用"), Tone.BAD)}[holder.trusted]  # fmt: skip
            who = f"{holder.name}　{holder.organisation}　{texts.word('party', holder.party)}"
            also = [Chip(tr("必须到场"), Tone.INFO)] if holder.must else []
            also += [Chip(tr("替补"), Tone.NEUTRAL)] if holder.substitute else []
            self._shown.addLayout(row(label("body", who), Chip(*trusted), *also, None, spacing=10))
        if not good:
            text = tr("有证书不能确认，为了您的投标文件安全，不能继续。请把这一页的内容告诉代理机构，请其重新签发。")
            self._shown.addWidget(label("error", text, wrap=True))


def who_opens(kit: KitView) -> str:
    """The policy in one sentence, and what follows from it."""
    sharing = [holder for holder in kit.holders if not holder.must and not holder.substitute]
    must = [holder.name for holder in kit.holders if holder.must]
    parts = []
    if kit.supplier_layer:
        parts.append(tr("您自己的证书"))
    if kit.k:
        parts.append(tr("下列 {count} 名开标人中任意 {k} 人的证书", count=len(sharing), k=kit.k))
    if must:
        parts.append(tr("监督人员 {names} 的证书", names="、".join(must)))
    needed = tr("打开您的文件需要：{parts}，缺一不可。", parts=tr("，加上").join(parts))
    own = tr("没有您的证书，谁也打不开；所以开标时您要带着同一支证书。")
    without = tr("开标人凑齐才打得开，单独一方打不开。")
    return texts.sentences(needed, own if kit.supplier_layer else without)
