"""澄清: what was asked of whom, until when, and what was answered."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

import app.session.rules.commands as cmd
from app.session.acts import UNSIGNED
from app.session.rules.people import Role
from app.session.rules.state import Clarification
from app.ui import texts
from app.ui.i18n import tr
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking, Choice, Graved
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.amount import amount_text
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.countdown import CountdownLabel


class ClarificationList(View):
    """Signals:
    asked_for(object): a request (a question, an answer).
    """

    asked_for = Signal(object)

    def __init__(self, context: StepContext) -> None:
        super().__init__()
        self._context = context
        self._shown: tuple[Clarification, ...] | None = None
        self._cards = column(spacing=10)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(self._cards, None))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        self.say(area.setAccessibleName, "澄清")
        self.ask = ActButton("plain", "help")
        self.ask.clicked.connect(self._ask)
        self.say(self.ask.setText, "要求澄清…")
        self._facts: StepFacts | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area, 1)
        layout.addLayout(row(None, self.ask))

    def show_facts(self, facts: StepFacts) -> None:
        """All clarifications that this person may see."""
        self._facts = facts
        self.ask.setVisible(may_ask(facts))
        items = tuple(facts.state.clarifications.values())
        if items == self._shown:
            return
        self._shown = items
        self.retranslate()

    def retranslate(self) -> None:
        if self._facts is None:
            return
        clear(self._cards)
        for item in self._shown or ():
            self._cards.addWidget(self._card(self._facts, item))
        if not self._shown:
            self._cards.addWidget(label("second", tr("还没有要求澄清的事项。")))

    def _card(self, facts: StepFacts, item: Clarification) -> Card:
        card = Card(margin=12)
        card.body.setSpacing(6)
        own = item.supplier == facts.supplier
        head = row(label("strong", tr("请您澄清") if own else facts.supplier_name(item.supplier)), None, spacing=10)
        if item.open:
            clock = CountdownLabel(self._context.clock)
            clock.run(item.until)
            head.addWidget(clock)
            head.addWidget(Chip(tr("对方已阅") if item.seen else tr("待答复"), Tone.INFO if item.seen else Tone.WARN))
        else:
            word = tr("逾期未答") if item.defaulted else tr("已答复")
            head.addWidget(Chip(word, Tone.BAD if item.defaulted else Tone.OK))
        card.add(head, label("body", question_text(item), wrap=True))
        if item.corrected is not None:
            card.add(label("second", tr("修正后的报价：{amount} 元", amount=amount_text(item.corrected)), wrap=True))
        if item.answer:
            said = tr("答复：{text}", text=item.answer)
            if item.confirmed is not None:
                said = (tr("确认修正。") if item.confirmed else tr("不确认修正。")) + said
            card.add(label("second", said, wrap=True))
        if item.open and own:
            button = ActButton("primary", "pen", tr("答复…"))
            button.clicked.connect(lambda: self.asked_for.emit(answering(item)))
            card.add(row(None, button))
        return card

    def _ask(self) -> None:
        if self._facts is None:
            return
        facts = self._facts
        choices = tuple(Choice(s, facts.supplier_name(s)) for s in facts.state.continuing())
        self.asked_for.emit(
            Asking(
                tr("要求供应商澄清"), tr("需要澄清的内容（书面送达，记入案卷）"), tr("送达"),
                lambda text, supplier: cmd.AskClarification(supplier=supplier, text=text), choices=choices,
                lines=(tr("澄清不得改变投标（响应）文件的实质内容。"),),
            )
        )  # fmt: skip


def may_ask(facts: StepFacts) -> bool:
    """The leader for the committee; officer or purchaser in a qualification between the rooms."""
    state = facts.state
    method = state.method
    if method is None:
        return False
    during = ("qualification", "conformity", "talks", "quoting", "low_price", "scoring", "summary")
    if state.phase not in during:
        return False
    if any(phase.name == state.phase for phase in method.room("evaluation")):
        return facts.leader
    return state.has_role(facts.me, Role.OFFICER, Role.PURCHASER) and not facts.member


def question_text(item: Clarification) -> str:
    """The question; a correction is said by its steps."""
    if item.purpose != "correction":
        return item.text
    return tr("报价算术修正，请确认：") + "；".join(texts.finding_text(code) for code in item.text.split(","))


def answering(item: Clarification) -> Asking:
    """Ask the supplier for the answer; a correction needs yes or no."""
    correction = item.purpose == "correction"
    choices = (Choice("yes", tr("确认修正")), Choice("no", tr("不确认修正"))) if correction else ()

    def make(text: str, code: str) -> Graved:
        confirmed = (code == "yes") if correction else None
        command = cmd.AnswerClarification(clarification=item.id, text=text, grave=UNSIGNED, confirmed=confirmed)
        return Graved(command)

    return Asking(
        tr("答复澄清"), tr("答复（用本人证书签名后送达）"), tr("签名并答复…"), make, choices=choices,
        lines=(question_text(item),),
    )  # fmt: skip
