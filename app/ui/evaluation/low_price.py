"""异常低价审查: quotes that count, which of them must be explained and why, the vote."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QStackedWidget, QWidget

import app.session.rules.commands as cmd
from app.procurement.data import Step
from app.session.rules.price_doubt import COMMITTEE, explaining
from app.session.rules.state import LowPrice, PriceDoubt, State
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
        for supplier, doubt in state.doubts.items():
            if supplier not in state.low_price:
                self._cards.addWidget(self._motion(facts, supplier, doubt))
        if not state.low_price:
            text = tr("没有报价触发异常低价审查。") if state.fixed_quotes else tr("报价确定后自动核对触发条件。")
            self._cards.addWidget(label("second", text))
        if facts.member and state.phase == "low_price" and doubtable(state):
            button = ActButton("plain", "flag", tr("提请审查…"))
            button.setToolTip(tr("自动条件之外，评审小组认为报价可能影响质量或诚信履约的，经过半数同意启动审查。"))
            button.clicked.connect(lambda: self.ask(moving(facts)))
            self._cards.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

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
        computed = found.triggers if found is not None else ()
        judged = (Step(COMMITTEE, {}),) if COMMITTEE in item.triggers else ()
        for sentence in sentences(facts, (*judged, *computed)):
            card.add(label("body", sentence, wrap=True))
        if supplier in state.doubts:
            card.add(label("second", moved(facts, state.doubts[supplier]), wrap=True))
        said = item.explanation or tr("（尚未提交说明）")
        card.add(label("second", tr("供应商说明：{text}", text=said), wrap=True))
        votes = tr("{count}/{all} 已表决", count=len(item.votes), all=len(state.members()))
        line = row(label("second", votes), None, spacing=8)
        may = facts.member and item.ruled is None and item.explanation and not explaining(state, supplier)
        if may and facts.me not in item.votes:
            button = ActButton("primary", "gavel", tr("表决…"))
            button.clicked.connect(lambda: self.ask(voting(facts, supplier)))
            line.addWidget(button)
        card.add(line)
        return card

    def _motion(self, facts: StepFacts, supplier: str, doubt: PriceDoubt) -> Card:
        """A member's motion to review a quote, until the review is started or declined."""
        card = Card(margin=12)
        card.body.setSpacing(6)
        words = {None: tr("是否审查表决中"), True: tr("决定审查"), False: tr("决定不审查")}
        tone = Tone.WARN if doubt.ruled is None else Tone.NEUTRAL
        card.add(row(label("strong", facts.supplier_name(supplier)), None, Chip(words[doubt.ruled], tone)))
        card.add(label("body", moved(facts, doubt), wrap=True))
        count = len(doubt.votes)
        line = row(label("second", tr("{count}/{all} 已表决", count=count, all=len(facts.state.members()))), None)
        if facts.member and doubt.ruled is None and facts.me not in doubt.votes:
            button = ActButton("primary", "gavel", tr("表决…"))
            button.clicked.connect(lambda: self.ask(deciding(facts, supplier)))
            line.addWidget(button)
        card.add(line)
        return card


def doubtable(state: State) -> tuple[str, ...]:
    """Suppliers whose quote a member may still move to review."""
    if not state.fixed_quotes:
        return ()
    return tuple(s for s in state.continuing() if s not in state.low_price and s not in state.doubts)


def moved(facts: StepFacts, doubt: PriceDoubt) -> str:
    """Who moved the review, and why."""
    return tr("{name} 提请审查：{text}", name=facts.name(doubt.member), text=doubt.reason)


def moving(facts: StepFacts) -> Asking:
    """Ask a member whose quote the committee is to review, and why."""
    choices = tuple(Choice(supplier, facts.supplier_name(supplier)) for supplier in doubtable(facts.state))
    return Asking(
        tr("提请异常低价审查"), tr("理由（记入案卷）"), tr("提请"),
        lambda text, code: cmd.DoubtPrice(supplier=code, reason=text), choices=choices,
        lines=(tr("提请即计为一票同意；评审小组过半数同意的，通知供应商限时说明。"),),
    )  # fmt: skip


def deciding(facts: StepFacts, supplier: str) -> Asking:
    """Ask a member for its vote on whether to review a quote."""
    choices = (Choice("yes", tr("同意启动审查")), Choice("no", tr("不同意启动审查")))
    return Asking(
        tr("是否启动异常低价审查：{name}", name=facts.supplier_name(supplier)), tr("理由（记入案卷）"), tr("表决"),
        lambda text, code: cmd.VotePriceDoubt(supplier=supplier, review=code == "yes", reason=text), choices=choices,
    )  # fmt: skip


def voting(facts: StepFacts, supplier: str) -> Asking:
    """Ask a member for its vote on an explanation."""
    choices = (Choice("yes", tr("说明合理，能够履约")), Choice("no", tr("说明不成立")))
    return Asking(
        tr("异常低价表决：{name}", name=facts.supplier_name(supplier)), tr("理由（记入案卷）"), tr("表决"),
        lambda text, code: cmd.VoteLowPrice(supplier=supplier, valid=code == "yes", reason=text), choices=choices,
    )  # fmt: skip
