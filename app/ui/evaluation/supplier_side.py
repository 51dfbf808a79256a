"""What a supplier sees of the evaluation: only what is addressed to it, with its clocks."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QWidget

import app.session.rules.commands as cmd
from app.session.acts import UNSIGNED
from app.session.rules.price_doubt import explanation_window
from app.session.rules.state import Change
from app.ui.evaluation.clarifications import ClarificationList
from app.ui.evaluation.drafts import draft_path, drop_draft
from app.ui.evaluation.quote import withdrawing
from app.ui.i18n import tr
from app.ui.phase_panel import Note, PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking, Graved
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import clear, column, label, row
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.countdown import CountdownLabel


class SupplierEvaluationPanel(PhasePanel):
    """Where one stands, changes to answer, a low price to explain, clarifications."""

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "评审进行中", "评审不对供应商公开；需要您答复的事项会在这里出现并计时。")
        self.leave = ActButton("danger")
        self.leave.clicked.connect(lambda: self.ask(withdrawing()))
        self.add_act(self.leave)
        self.say(self.leave.setText, "退出磋商…")
        self.note = Note()
        self._cards = column(spacing=10)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(self._cards, None))
        self._area = area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        self.clarifications = ClarificationList(context)
        self.clarifications.asked_for.connect(self.command_requested)
        body = row(area, self.clarifications, spacing=16)
        body.setStretch(0, 1)
        body.setStretch(1, 1)
        self.add(self.note, body)
        self.body.setStretch(2, 1)
        self._seen: set[str] = set()

    def show_facts(self, facts: StepFacts) -> None:
        state, own = facts.state, facts.supplier
        drop_draft(draft_path(self.context.drafts, state.case, facts.me, "quote"))  # quoting is not now
        self.clarifications.show_facts(facts)
        asked = any(one.open and one.supplier == own for one in state.clarifications.values())
        self.note.say(self._standing(facts, asked=asked))
        out = own in state.invalid or own in state.withdrew
        self.leave.setVisible(state.phase == "talks" and not out)
        clear(self._cards)
        for change in state.changes.values():
            if change.confirmed:
                self._cards.addWidget(self._change(facts, change))
        item = state.low_price.get(own)
        if item is not None and item.ruled is None:
            self._cards.addWidget(self._low_price(facts, item.explanation))
        self._area.setVisible(self._cards.count() > 0)  # what there is to answer gets the whole width
        for clarification in state.clarifications.values():
            if clarification.supplier == own and not clarification.seen and clarification.id not in self._seen:
                self._seen.add(clarification.id)
                self.ask(cmd.MarkSeen(request=clarification.id))

    def _standing(self, facts: StepFacts, *, asked: bool) -> str:
        state, own = facts.state, facts.supplier
        if own in state.invalid:
            return tr("您的投标（响应）文件被认定无效：{ground}", ground=state.invalid[own])
        if own in state.withdrew:
            return tr("您已退出本项目的磋商。")
        talk = state.talks.get(own)
        if state.in_talk == own:
            return tr("磋商正在进行，请打开麦克风与摄像头。")
        if talk is not None and talk.started is None:
            return tr("评审小组请您入场磋商，请留意。")
        if state.phase == "talks":
            return tr("磋商逐家进行，请等候通知。") if talk is None else tr("您的磋商已结束，请等候最后报价通知。")
        return tr("请在时限内书面答复以下澄清要求。") if asked else tr("没有需要您办理的事项。")

    def _change(self, facts: StepFacts, change: Change) -> Card:
        card = Card(margin=12)
        card.body.setSpacing(6)
        window = facts.window(f"resubmit:{change.id}")
        answered = change.responses.get(facts.supplier, "")
        head = row(label("strong", tr("采购需求变动")), None, spacing=10)
        if window is not None:
            clock = CountdownLabel(self.context.clock)
            clock.run(window.until)
            head.addWidget(clock)
        head.addWidget(Chip(tr("已答复") if answered else tr("待答复"), Tone.OK if answered else Tone.WARN))
        card.add(head, label("body", change.text, wrap=True))
        if answered:
            card.add(label("second", tr("答复：{text}", text=answered), wrap=True))
        if window is not None:
            button = ActButton("plain" if answered else "primary", "pen", tr("重新提交响应…"))
            button.clicked.connect(lambda: self.ask(responding(change)))
            card.add(row(None, button))
        return card

    def _low_price(self, facts: StepFacts, said: str) -> Card:
        card = Card(margin=12)
        card.body.setSpacing(6)
        window = facts.window(explanation_window(facts.state, facts.supplier))
        head = row(label("strong", tr("异常低价说明")), None, spacing=10)
        if window is not None:
            clock = CountdownLabel(self.context.clock)
            clock.run(window.until)
            head.addWidget(clock)
        text = tr("您的报价明显偏低，请说明成本构成并提供证明，证明能够诚信履约；逾期未说明的按无效处理。")
        card.add(head, label("body", text, wrap=True))
        if said:
            card.add(label("second", tr("答复：{text}", text=said), wrap=True))
        if window is not None:
            button = ActButton("primary", "pen", tr("提交说明…"))
            button.clicked.connect(lambda: self.ask(explaining()))
            card.add(row(None, button))
        return card


def responding(change: Change) -> Asking:
    """Ask for the answer to a change."""
    return Asking(
        tr("重新提交响应"), tr("响应内容（用本人证书签名后送达）"), tr("签名并提交…"),
        lambda text, _code: Graved(cmd.ResubmitResponse(change=change.id, text=text, grave=UNSIGNED)),
        lines=(change.text,),
    )  # fmt: skip


def explaining() -> Asking:
    """Ask for the explanation of a low price."""
    return Asking(
        tr("异常低价说明"), tr("成本构成与证明（用本人证书签名后送达）"), tr("签名并提交…"),
        lambda text, _code: Graved(cmd.FileExplanation(text=text, grave=UNSIGNED)),
    )  # fmt: skip
