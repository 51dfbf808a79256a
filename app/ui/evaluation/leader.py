"""推选组长: a vote that nobody sees until all are in."""

from PySide6.QtWidgets import QButtonGroup, QRadioButton, QWidget

import app.session.rules.commands as cmd
from app.session.rules.evaluation import may_lead
from app.ui import texts
from app.ui.i18n import tr
from app.ui.phase_panel import PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import clear, column, label, row
from app.ui.widgets.chip import Tone
from app.ui.widgets.data_table import ChipCell, Column, DataTable


class LeaderPanel(PhasePanel):
    """Candidates left, who has voted right."""

    share = 0.45

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "推选组长", "全部投票后同时公布；票数相同的重新投票。采购人代表不担任组长。")
        self.vote = ActButton("primary", "check")
        self.vote.clicked.connect(self._vote)
        self.add_act(self.vote)
        self.say(self.vote.setText, "投票")
        self._group = QButtonGroup(self)
        self._group.idToggled.connect(lambda *_: self.vote.allow(self._group.checkedId() >= 0))
        self._built: tuple[object, ...] = ()
        self._candidates: tuple[str, ...] = ()
        self._choices = column(spacing=12)
        left = QWidget()
        left.setLayout(column(self._choices, None))
        self.table = DataTable((Column("成员", stretch=True, width=90), Column("投票", width=90)))
        self._round = label("second")
        body = row(left, column(self._round, self.table, spacing=6), spacing=20)
        body.setStretch(0, 2)
        body.setStretch(1, 2)
        self.add(body)
        self.body.setStretch(1, 1)

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        voted = facts.me in state.leader_votes
        mine = facts.member and facts.me in state.commitments and not voted and not state.leader
        self.vote.setVisible(mine)
        self._round.setText(tr("第 {round} 轮", round=state.leader_round))
        built = (state.leader_round, state.members(), mine, state.leader, voted, texts.word("role", "leader"))
        if built != self._built:
            self._built = built
            self._build(facts, mine)
        self.table.show_rows([[facts.name(member), self._said(facts, member)] for member in state.members()])

    def _build(self, facts: StepFacts, mine: bool) -> None:
        state = facts.state
        clear(self._choices)
        for button in self._group.buttons():
            self._group.removeButton(button)
        self._candidates = tuple(m for m in state.members() if may_lead(state, m))
        if state.leader:
            self._choices.addWidget(label("section", tr("组长：{name}", name=facts.name(state.leader))))
        elif mine:
            self._choices.addWidget(label("strong", tr("请选一位组长")))
            for number, member in enumerate(self._candidates):
                radio = QRadioButton(f"{facts.name(member)}　{state.people[member].organisation}")
                self._group.addButton(radio, number)
                self._choices.addWidget(radio)
        else:
            text = tr("您已投票，等待其他成员。") if facts.me in state.leader_votes else tr("评审小组成员正在投票。")
            self._choices.addWidget(label("body", text, wrap=True))
        self.vote.allow(False)

    def _said(self, facts: StepFacts, member: str) -> ChipCell:
        if member == facts.state.leader:
            return ChipCell(texts.word("role", "leader"), Tone.OK)
        if member in facts.state.leader_votes:
            return ChipCell(tr("已投"), Tone.OK)
        hidden = facts.member and member != facts.me and not facts.state.leader
        return ChipCell(tr("不公开") if hidden else tr("等待"), Tone.NEUTRAL)

    def _vote(self) -> None:
        number = self._group.checkedId()
        if 0 <= number < len(self._candidates):
            self.ask(cmd.VoteLeader(candidate=self._candidates[number]))
