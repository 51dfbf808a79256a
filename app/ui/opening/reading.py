"""唱标: one supplier at a time, large; figures and words, the lines, confirmed by the supplier's token."""

from PySide6.QtWidgets import QWidget

import app.session.rules.commands as cmd
from app.session.rules.state import Bid
from app.ui import texts
from app.ui.i18n import tr
from app.ui.phase_panel import PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking, ConfirmRead
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import column, label, row
from app.ui.widgets.amount import amount_text
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.data_table import Align, Column, DataTable
from app.ui.widgets.elided import ElidedLabel

SAID = {"confirmed": Tone.OK, "default": Tone.OK, "disputed": Tone.BAD, "": Tone.INFO}


class ReadingPanel(PhasePanel):
    """The price that is being read, with its lines at the right."""

    share = 0.48

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "唱标")
        self.next, self.confirm, self.dispute = (
            ActButton("primary", "speaker"),
            ActButton("primary", "check"),
            ActButton("danger"),
        )
        self.next.clicked.connect(self._next)
        self.confirm.clicked.connect(self._confirm)
        self.dispute.clicked.connect(self._dispute)
        for button in (self.dispute, self.confirm, self.next):
            self.add_act(button)
        self.say(self.confirm.setText, "确认报价")
        self.say(self.dispute.setText, "有异议…")
        self._place = label("second")
        self._name = label("title", wrap=True)
        self._amount = label("clock")
        self._words = label("section", wrap=True)
        self._declared = ElidedLabel("second")
        self._said = Chip()
        self._left = QWidget()
        self._left.setLayout(
            column(self._place, self._name, self._amount, self._words, self._declared, row(self._said, None), None,
                   spacing=8)
        )  # fmt: skip
        self.items = DataTable(
            (Column("名称", stretch=True, width=70), Column("数量", Align.RIGHT, width=70),
             Column("单价（元）", Align.RIGHT, width=70), Column("小计（元）", Align.RIGHT, width=90)),
        )  # fmt: skip
        body = row(self._left, self.items, spacing=20)
        body.setStretch(0, 4)
        body.setStretch(1, 7)
        self.add(body)
        self.body.setStretch(1, 1)

    def window_name(self, facts: StepFacts) -> str:
        return f"confirm:{current(facts)}"

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        supplier = current(facts)
        bid = state.bids.get(supplier)
        order = state.opened_bids()
        following = next((s for s in order if not state.bids[s].read), "")
        waits = bid is not None and bid.read and not bid.price
        called = bool(state.reading) and state.reading in state.bids and not state.bids[state.reading].read
        self.next.setVisible(facts.officer and bool(following))
        self.next.allow(not waits and not called)
        self.next.setText(tr("唱标：{name}", name=facts.short(following)) if following else "")
        self.onward.setVisible(self.onward.isVisibleTo(self) and not following)
        own = bid is not None and supplier == facts.supplier and waits
        self.confirm.setVisible(own)
        self.dispute.setVisible(own)
        if bid is None or bid.payload is None:
            self._show_none(called)
            return
        price = bid.payload.price
        self._place.setText(tr("第 {place} / {all} 家", place=order.index(supplier) + 1 if supplier in order else 1,
                               all=len(order)))  # fmt: skip
        self._name.setText(facts.supplier_name(supplier))
        self._amount.setText(amount_text(price.total, "¥ "))
        self._words.setText(price.total_words)
        kind = texts.word("enterprise", price.declarations.enterprise)
        self._declared.setText(
            "　".join(part for part in (price.declarations.delivery, price.declarations.quality, kind) if part)
        )
        self._said.show_state(said_word(bid), SAID[bid.price])
        self._said.show()
        self.items.show_rows(
            [[item.name, f"{item.quantity:,f} {item.unit}", item.unit_price, item.total] for item in price.items]
        )

    def _show_none(self, called: bool) -> None:
        self._place.setText("")
        self._name.setText(tr("正在读取开标一览表…") if called else tr("等待主持人开始唱标"))
        for part in (self._amount, self._words, self._declared):
            part.setText("")
        self._said.hide()
        self.items.show_rows([])

    def _next(self) -> None:
        state = self.facts().state
        following = next((s for s in state.opened_bids() if not state.bids[s].read), "")
        if following:
            self.ask(cmd.ReadPrice(supplier=following))

    def _confirm(self) -> None:
        bid = self.facts().state.bids[current(self.facts())]
        if bid.payload is not None:
            self.ask(ConfirmRead(bid.payload.price.total))

    def _dispute(self) -> None:
        self.ask(
            Asking(tr("对唱标内容有异议"), tr("异议内容"), tr("提出"), lambda text, _code: cmd.DisputePrice(text=text),
                   danger=True)
        )  # fmt: skip


def current(facts: StepFacts) -> str:
    """The supplier whose price stands in the panel: the last one read or called."""
    state = facts.state
    if state.reading:
        return state.reading
    read = [s for s in state.opened_bids() if state.bids[s].read]
    return read[-1] if read else ""


def said_word(bid: Bid) -> str:
    """What the supplier said to its price."""
    return {"confirmed": tr("供应商已确认"), "default": tr("逾时视为确认"), "disputed": tr("供应商提出异议")}.get(
        bid.price, tr("等待供应商确认")
    )
