"""异议与答复: raised, answered or adjourned; or none."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QWidget

import app.session.rules.commands as cmd
from app.session.rules.state import Objection
from app.ui import texts
from app.ui.i18n import tr
from app.ui.phase_panel import PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import clear, column, label, row
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.elided import ElidedLabel


class ObjectionsStep(PhasePanel):
    """Objections as cards at the left, who has said what at the right."""

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "异议与答复", "对开标过程的异议当场提出、当场答复；逾时未提出视为无异议。")
        self.none, self.object = ActButton("primary", "check"), ActButton("plain", "flag")
        self.none.clicked.connect(lambda: self.ask(cmd.DeclareNoObjection()))
        self.object.clicked.connect(self._raise)
        self.add_act(self.object)
        self.add_act(self.none)
        self.say(self.none.setText, "无异议")
        self.say(self.object.setText, "提出异议…")
        self._cards, self._said = column(spacing=10), column(spacing=8)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(self._cards, None))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        said = QWidget()
        said.setProperty("role", "inside")
        said.setLayout(column(self._said, None))
        side = QScrollArea()
        side.setWidgetResizable(True)
        side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        side.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        side.setWidget(said)
        body = row(area, side, spacing=20)
        body.setStretch(0, 1)
        body.setStretch(1, 1)
        self.add(body)
        self.body.setStretch(1, 1)

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        spoke = {item.supplier for item in state.objections.values()} | set(state.no_objection)
        mine = bool(facts.supplier) and facts.supplier in state.valid_bids()
        self.object.setVisible(mine)
        self.none.setVisible(mine)
        self.none.allow(mine and facts.supplier not in spoke)
        clear(self._cards)
        for item in state.objections.values():
            self._cards.addWidget(self._block(facts, item))
        if not state.objections:
            self._cards.addWidget(label("second", tr("还没有异议。")))
        clear(self._said)
        for supplier in state.valid_bids():
            if supplier in state.no_objection:
                word, tone = (tr("逾时视为无异议") if state.no_objection[supplier] else tr("无异议")), Tone.OK
            elif supplier in spoke:
                word, tone = tr("已提出异议"), Tone.WARN
            else:
                word, tone = tr("等待"), Tone.NEUTRAL
            name = label("body", facts.supplier_name(supplier), wrap=True)
            line = row(name, Chip(word, tone), spacing=8)
            line.setStretch(0, 1)
            self._said.addLayout(line)

    def _block(self, facts: StepFacts, item: Objection) -> Card:
        card = Card(margin=12)
        card.body.setSpacing(6)
        code = "answered" if item.answer else "adjourned" if item.adjourned else "raised"
        tone = {"answered": Tone.OK, "adjourned": Tone.INFO}.get(code, Tone.WARN)
        who = ElidedLabel("hint", f"{texts.clock_time(item.at)}　{facts.supplier_name(item.supplier)}")
        card.add(row(who, None, Chip(texts.word("state", code), tone)), label("body", item.text, wrap=True))
        if item.answer:
            card.add(label("second", tr("答复：{text}", text=item.answer), wrap=True))
        elif item.adjourned:
            card.add(label("second", tr("另行处理：{text}", text=item.adjourned), wrap=True))
        elif facts.officer:
            answer, adjourn = ActButton("small", text=tr("答复…")), ActButton("small", text=tr("另行处理…"))
            answer.clicked.connect(lambda: self.ask(answering(item.id, item.text)))
            adjourn.clicked.connect(lambda: self.ask(adjourning(item.id, item.text)))
            card.add(row(None, adjourn, answer))
        return card

    def _raise(self) -> None:
        self.ask(
            Asking(
                tr("提出异议"), tr("异议的事项和理由"), tr("提出"), lambda text, _code: cmd.RaiseObjection(text=text)
            )
        )


def answering(objection: str, about: str) -> Asking:
    """Ask the officer for the answer."""
    return Asking(
        tr("答复异议"), tr("答复（记入案卷）"), tr("答复"),
        lambda text, _code: cmd.AnswerObjection(objection=objection, text=text), lines=(about,),
    )  # fmt: skip


def adjourning(objection: str, about: str) -> Asking:
    """Ask the officer why it is handled elsewhere."""
    return Asking(
        tr("异议另行处理"), tr("理由（记入案卷）"), tr("另行处理"),
        lambda text, _code: cmd.AdjournObjection(objection=objection, reason=text), lines=(about,),
    )  # fmt: skip
