"""宣布纪律与名单: the text that is read, and the list of bidders where the method publishes it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QWidget

import app.session.rules.commands as cmd
from app.ui import texts
from app.ui.i18n import tr
from app.ui.phase_panel import PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking, Choice
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import clear, column, label, row
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.data_table import ChipCell, Column, DataTable

RULES = (
    "会议全程录音录像，所有操作记入案卷，任何一方都不能改动。",
    "请保持通话畅通；未经主持人同意不打断他人发言，可以举手或发送消息。",
    "解密、确认报价、提出异议和签署凭本人证书完成，与是否开启摄像头无关。",
    "与采购人、代理机构或其他供应商有利害关系、应当回避的，请现在提出。",
    "对开标过程有异议的，应当场提出，主持人当场答复并记录。",
)


class DisciplinePanel(PhasePanel):
    """The reading text left, the list right."""

    share = 0.45

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "宣布纪律与名单")
        self.read, self.publish = ActButton("plain", "gavel"), ActButton("plain", "people")
        self.recuse = ActButton("plain")
        self.read.clicked.connect(lambda: self.ask(cmd.ReadDiscipline()))
        self.publish.clicked.connect(lambda: self.ask(cmd.PublishBidders()))
        self.recuse.clicked.connect(self._raise)
        for button in (self.recuse, self.read, self.publish):
            self.add_act(button)
        self.say(self.read.setText, "已宣读纪律")
        self.say(self.publish.setText, "公布名单")
        self.say(self.recuse.setText, "申请回避…")
        self._lines = column(spacing=10)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(self._lines, None))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        self._list_title = label("strong")
        self._list = DataTable(
            (Column("序号", width=40), Column("供应商", stretch=True, width=90), Column("状态", width=66))
        )
        self._recusals = column(spacing=6)
        side = column(self._list_title, self._list, self._recusals, spacing=8)
        side.setStretch(1, 1)
        body = row(area, side, spacing=20)
        body.setStretch(0, 3)
        body.setStretch(1, 2)
        self.add(body)
        self.body.setStretch(1, 1)

    def show_facts(self, facts: StepFacts) -> None:
        state, method = facts.state, facts.state.the_method()
        self.read.setVisible(facts.officer)
        self.read.allow(not state.discipline_read)
        self.publish.setVisible(facts.officer and method.bidder_list_published)
        self.publish.allow(not state.bidders_published)
        self.recuse.setVisible(bool(facts.supplier))
        clear(self._lines)
        for number, line in enumerate(RULES, 1):
            mark = label("strong", f"{number}.")
            text = row(mark, label("body", tr(line), wrap=True), spacing=8)
            text.setAlignment(mark, Qt.AlignmentFlag.AlignTop)
            text.setStretch(1, 1)
            self._lines.addLayout(text)
        said = tr("已宣读") if state.discipline_read else tr("待宣读")
        self._lines.addLayout(row(Chip(said, Tone.OK if state.discipline_read else Tone.NEUTRAL), None))
        published = method.bidder_list_published
        self._list_title.setText(
            tr("投标人名单（已公布）") if state.bidders_published
            else tr("投标人名单（公布前仅主持人可见）") if published
            else tr("本采购方式不公布供应商名单")
        )  # fmt: skip
        shown = state.valid_bids() if published and (state.bidders_published or facts.officer) else ()
        sealed = ChipCell(texts.word("state", "sealed"), Tone.INFO)
        self._list.show_rows([[str(n), facts.supplier_name(s), sealed] for n, s in enumerate(shown, 1)])
        self._list.setVisible(published)
        clear(self._recusals)
        for item in state.recusals.values():
            said_text = tr("{name} 申请 {about} 回避：{reason}", name=facts.name(item.raised_by), about=item.about,
                      reason=item.reason)  # fmt: skip
            entry = row(label("second", said_text, wrap=True), spacing=8)
            entry.setStretch(0, 1)
            if item.granted is None and facts.officer:
                button = ActButton("small", text=tr("裁定…"))
                button.clicked.connect(lambda _=False, key=item.id: self._rule(key))
                entry.addWidget(button)
            else:
                word = tr("待裁定") if item.granted is None else tr("准许回避") if item.granted else tr("不予回避")
                entry.addWidget(Chip(word, Tone.WARN if item.granted is None else Tone.INFO))
            self._recusals.addLayout(entry)

    def _raise(self) -> None:
        names = tuple(
            Choice(p.name, p.name)
            for p in self.facts().state.people.values()
            if p.party.value in ("agency", "purchaser")
        )
        self.ask(
            Asking(tr("申请回避"), tr("理由"), tr("提出"), lambda text, who: cmd.RaiseRecusal(about=who, reason=text),
                   choices=names)
        )  # fmt: skip

    def _rule(self, recusal: str) -> None:
        choices = (Choice("granted", tr("准许回避")), Choice("refused", tr("不予回避")))
        self.ask(
            Asking(
                tr("裁定回避申请"), tr("理由"), tr("裁定"),
                lambda text, code: cmd.RuleRecusal(recusal=recusal, granted=code == "granted", reason=text),
                choices=choices,
            )
        )  # fmt: skip
