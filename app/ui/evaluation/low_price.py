"""异常低价审查: quotes that count, which of them must be explained and why, the vote."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QStackedWidget, QWidget

import app.session.rules.commands as cmd
from app.session.rules.state import LowPrice
from app.session.rules.totals import low_prices, quoted
from app.ui.evaluation.clarifications import ClarificationList
from app.ui.evaluation.derivation import sentences
from app.ui.i18n import tr
from app.ui.phase_panel import PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking, Choice
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import clear, column, label, row
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.data_table import Align, Cell, ChipCell, Column, DataTable
from app.ui.widgets.tabs import SegmentedTabs


class LowPricePanel(PhasePanel):
    """Quotes, reviews and clarifications behind tabs."""

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "报价修正与异常低价审查")
        self.tabs = SegmentedTabs(3)
        self.table = DataTable(
            (Column("供应商", stretch=True, width=140), Column("报价（元）", Align.RIGHT, width=130),
             Column("确定的报价（元）", Align.RIGHT, width=140), Column("算术修正", width=110),
             Column("异常低价审查", width=130)),
        )  # fmt: skip
        self._cards = column(spacing=10)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(self._cards, None))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        self.clarifications = ClarificationList(context)
        self.clarifications.asked_for.connect(self.command_requested)
        self._stack = QStackedWidget()
        for page in (self.table, area, self.clarifications):
            self._stack.addWidget(page)
        self.tabs.chosen.connect(self._stack.setCurrentIndex)
        self.add(self.tabs, self._stack)
        self.body.setStretch(2, 1)

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        self.tabs.name(0, tr("报价"))
        self.tabs.name(1, tr("异常低价"), len(state.low_price))
        self.tabs.name(2, tr("澄清"), len(state.clarifications))
        self.clarifications.show_facts(facts)
        self.table.show_rows([self._row(facts, supplier) for supplier in state.opened_bids()])
        clear(self._cards)
        for supplier, item in state.low_price.items():
            self._cards.addWidget(self._block(facts, supplier, item))
        if not state.low_price:
            text = tr("没有报价触发异常低价审查。") if state.fixed_quotes else tr("报价确定后自动核对触发条件。")
            self._cards.addWidget(label("second", text))

    def _row(self, facts: StepFacts, supplier: str) -> list[Cell]:
        state = facts.state
        price = quoted(state, supplier)
        corrections = [c for c in state.clarifications.values() if c.supplier == supplier and c.purpose == "correction"]
        if supplier in state.invalid:
            correction = review = ChipCell(tr("已认定无效"), Tone.BAD)
        else:
            if not corrections:
                correction = ChipCell(tr("无需修正"), Tone.OK)
            elif corrections[-1].open:
                correction = ChipCell(tr("待确认"), Tone.WARN)
            else:
                agreed = corrections[-1].confirmed
                correction = ChipCell(tr("已确认") if agreed else tr("未确认"), Tone.OK if agreed else Tone.BAD)
            item = state.low_price.get(supplier)
            if item is None:
                review = ChipCell(tr("未触发") if state.fixed_quotes else tr("等待"), Tone.NEUTRAL)
            elif item.ruled is None:
                review = ChipCell(tr("审查中"), Tone.WARN)
            else:
                review = ChipCell(
                    tr("说明合理") if item.ruled else tr("说明不成立"), Tone.OK if item.ruled else Tone.BAD
                )
        total = price[0].total if price is not None else None
        return [facts.supplier_name(supplier), total, state.fixed_quotes.get(supplier), correction, review]

    def _block(self, facts: StepFacts, supplier: str, item: LowPrice) -> Card:
        state = facts.state
        card = Card(margin=12)
        card.body.setSpacing(6)
        word, tone = (tr("审查中"), Tone.WARN) if item.ruled is None else (
            (tr("说明合理"), Tone.OK) if item.ruled else (tr("说明不成立"), Tone.BAD)
        )  # fmt: skip
        card.add(row(label("strong", facts.supplier_name(supplier)), None, Chip(word, tone)))
        found = next((f for f in low_prices(state, state.fixed_quotes) if f.supplier == supplier), None)
        for sentence in sentences(facts, found.triggers) if found is not None else ():
            card.add(label("body", sentence, wrap=True))
        said = item.explanation or tr("（尚未提交说明）")
        card.add(label("second", tr("供应商说明：{text}", text=said), wrap=True))
        votes = tr("{count}/{all} 已表决", count=len(item.votes), all=len(state.members()))
        line = row(label("second", votes), None, spacing=8)
        running = facts.window("low_price") is not None
        if facts.member and item.ruled is None and item.explanation and not running and facts.me not in item.votes:
            button = ActButton("primary", "gavel", tr("表决…"))
            button.clicked.connect(lambda: self.ask(voting(facts, supplier)))
            line.addWidget(button)
        card.add(line)
        return card


def voting(facts: StepFacts, supplier: str) -> Asking:
    """Ask a member for its vote on an explanation."""
    choices = (Choice("yes", tr("说明合理，能够履约")), Choice("no", tr("说明不成立")))
    return Asking(
        tr("异常低价表决：{name}", name=facts.supplier_name(supplier)), tr("理由（记入案卷）"), tr("表决"),
        lambda text, code: cmd.VoteLowPrice(supplier=supplier, valid=code == "yes", reason=text), choices=choices,
    )  # fmt: skip
