"""磋商: one supplier at a time, the same time for each; changes of requirements, told to all at once."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QStackedWidget, QWidget

import app.session.rules.commands as cmd
from app.session.rules.decide_negotiation import called
from app.session.rules.evaluation import of_purchaser
from app.session.rules.state import Change
from app.ui.evaluation.clarifications import ClarificationList
from app.ui.i18n import tr
from app.ui.phase_panel import PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import clear, column, label, row
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.data_table import Align, Cell, ChipCell, Column, DataTable
from app.ui.widgets.tabs import SegmentedTabs


class TalksPanel(PhasePanel):
    """The suppliers with how long each has been heard; changes and clarifications behind tabs."""

    share = 0.5

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "磋商", "逐家进行，各家时长相当；变动须经采购人代表确认并同时通知所有供应商。")
        self.call, self.start, self.end = (
            ActButton("plain", "people"),
            ActButton("primary", "play"),
            ActButton("primary", "stop"),
        )
        self.change = ActButton("plain", "pen")
        self.call.clicked.connect(self._call)
        self.start.clicked.connect(lambda: self.ask(cmd.StartTalk(supplier=called(self.facts().state))))
        self.end.clicked.connect(lambda: self.ask(cmd.EndTalk(supplier=self.facts().state.in_talk)))
        self.change.clicked.connect(self._change)
        for button in (self.change, self.call, self.start, self.end):
            self.add_act(button)
        self.say(self.change.setText, "变动需求…")
        self.say(self.start.setText, "开始磋商")
        self.say(self.end.setText, "结束本家磋商")
        self.tabs = SegmentedTabs(3)
        self.table = DataTable(
            (Column("供应商", stretch=True, width=140), Column("状态", width=110),
             Column("已用时", Align.RIGHT, width=80),
             Column("与平均相差", Align.RIGHT, width=100)),
        )  # fmt: skip
        self._changes = column(spacing=10)
        changes = QWidget()
        changes.setLayout(column(self._changes, None))
        self.clarifications = ClarificationList(context)
        self.clarifications.asked_for.connect(self.command_requested)
        self._stack = QStackedWidget()
        for page in (self.table, changes, self.clarifications):
            self._stack.addWidget(page)
        self.tabs.chosen.connect(self._stack.setCurrentIndex)
        self.add(self.tabs, self._stack)
        self.body.setStretch(2, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def window_name(self, facts: StepFacts) -> str:
        return f"talks:{called(facts.state)}"

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        now = called(state)
        following = next((s for s in state.continuing() if s not in state.talks), "")
        self.call.setVisible(facts.leader and not now and bool(following))
        self.call.setText(tr("请 {name} 入场", name=facts.short(following)) if following else "")
        self.start.setVisible(facts.leader and bool(now) and not state.in_talk)
        self.end.setVisible(facts.leader and bool(state.in_talk))
        self.change.setVisible(facts.leader and state.the_method().requirement_may_change)
        self.tabs.name(0, tr("各家进度"))
        self.tabs.name(1, tr("需求变动"), len(state.changes))
        self.tabs.name(2, tr("澄清"), len(state.clarifications))
        self.clarifications.show_facts(facts)
        self._tick()
        clear(self._changes)
        for change in state.changes.values():
            self._changes.addWidget(self._block(facts, change))
        if not state.changes:
            self._changes.addWidget(label("second", tr("采购需求没有变动。")))

    def _tick(self) -> None:
        if self.snapshot is not None and self.snapshot.state.lot is not None:
            self.table.show_rows(self._rows(self.snapshot))

    def _rows(self, facts: StepFacts) -> list[list[Cell]]:
        state = facts.state
        used = {s: self._seconds(facts, s) for s in state.opened_bids()}
        held = [n for s, n in used.items() if n and s in state.talks and state.talks[s].seconds is not None]
        mean = sum(held) / len(held) if held else 0
        rows: list[list[Cell]] = []
        for supplier in state.opened_bids():
            if supplier in state.invalid:
                continue
            gap = deviation(used[supplier], mean) if mean and used[supplier] else None
            shown = minutes(used[supplier]) if used[supplier] else None
            rows.append([facts.supplier_name(supplier), self._state(facts, supplier), shown, gap])
        return rows

    def _seconds(self, facts: StepFacts, supplier: str) -> int:
        talk = facts.state.talks.get(supplier)
        if talk is None or talk.started is None:
            return 0
        if talk.seconds is not None:
            return talk.seconds
        return max(0, int((self.context.clock.now() - talk.started).total_seconds()))

    def _state(self, facts: StepFacts, supplier: str) -> ChipCell:
        state, talk = facts.state, facts.state.talks.get(supplier)
        if supplier in state.withdrew:
            return ChipCell(tr("已退出"), Tone.NEUTRAL)
        if talk is None:
            return ChipCell(tr("等待"), Tone.NEUTRAL)
        if talk.seconds is not None:
            return ChipCell(tr("已结束"), Tone.OK)
        return ChipCell(tr("磋商中"), Tone.INFO) if talk.started is not None else ChipCell(tr("已请入场"), Tone.WARN)

    def _block(self, facts: StepFacts, change: Change) -> Card:
        state = facts.state
        card = Card(margin=12)
        card.body.setSpacing(6)
        word = tr("已生效") if change.confirmed else tr("待采购人代表确认")
        card.add(row(label("strong", change.id), None, Chip(word, Tone.OK if change.confirmed else Tone.WARN)))
        card.add(label("body", change.text, wrap=True))
        person = state.people.get(facts.me)
        if not change.confirmed and facts.member and person is not None and of_purchaser(person):
            button = ActButton("primary", "check", tr("确认变动"))
            button.clicked.connect(lambda: self.ask(cmd.ConfirmRequirement(change=change.id)))
            card.add(row(None, button))
        for supplier, response in change.responses.items():
            card.add(self._response(facts, change, supplier, response))
        return card

    def _response(self, facts: StepFacts, change: Change, supplier: str, response: str) -> QWidget:
        holder = QWidget()
        line = row(label("second", f"{facts.supplier_name(supplier)}：{response}", wrap=True), spacing=8)
        line.setStretch(0, 1)
        votes = change.votes.get(supplier, {})
        if supplier in change.rechecked:
            good = change.rechecked[supplier]
            line.addWidget(Chip(tr("通过") if good else tr("未通过"), Tone.OK if good else Tone.BAD))
        elif facts.member and facts.me not in votes and facts.window(f"resubmit:{change.id}") is None:
            for good, text in ((True, tr("通过")), (False, tr("不通过"))):
                button = ActButton("small", text=text)
                vote = cmd.RecheckResponse(supplier=supplier, change=change.id, passed=good)
                button.clicked.connect(lambda _=False, command=vote: self.ask(command))
                line.addWidget(button)
        else:
            word = tr("{count}/{all} 已表决", count=len(votes), all=len(facts.state.members()))
            line.addWidget(Chip(word, Tone.NEUTRAL))
        holder.setLayout(line)
        return holder

    def _call(self) -> None:
        state = self.facts().state
        following = next((s for s in state.continuing() if s not in state.talks), "")
        if following:
            self.ask(cmd.CallSupplier(supplier=following))

    def _change(self) -> None:
        self.ask(
            Asking(
                tr("变动采购需求"), tr("变动内容（确认后同时通知所有供应商）"), tr("提出"),
                lambda text, _code: cmd.ChangeRequirement(text=text),
                lines=(tr("只能变动技术、服务要求和合同草案条款，并须经采购人代表确认。"),),
            )
        )  # fmt: skip


def deviation(used: int, mean: float) -> str:
    """``+12%``, ``-44%``, ``0%``: how far one talk is from the mean of all."""
    percent = round((used - mean) / mean * 100)
    return f"{percent:+d}%" if percent else "0%"


def minutes(seconds: int) -> str:
    """``3:07``."""
    return f"{seconds // 60}:{seconds % 60:02d}"
