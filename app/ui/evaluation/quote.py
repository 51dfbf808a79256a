"""最后报价: a supplier's itemised quote, figures and words checked, sealed on this machine to the committee."""

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QWidget

import app.session.rules.commands as cmd
from app.errors import BidroomError
from app.procurement.bid import PriceSchedule, parse_bid
from app.session.rules.sealed import sealed_set
from app.ui.bids.price_editor import PriceEditor, percent_text
from app.ui.evaluation.drafts import SAVE_MS, draft_path, drop_draft, load_quote, save_quote
from app.ui.i18n import tr
from app.ui.phase_panel import Note, PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking, SubmitQuote, Sure
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import label, restyle, row
from app.ui.widgets.amount import amount_text
from app.ui.widgets.buttons import Button


class QuotePanel(PhasePanel):
    """The form; it starts from the bid's own price schedule, or from what was typed here before a restart."""

    fills_room = True

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "最后报价", "在本机加密给评审小组；全部递交或时限届满后同时开启，其他供应商看不到。")
        self.submit, self.leave = ActButton("primary", "lock"), ActButton("danger")
        self.submit.clicked.connect(self._submit)
        self.leave.clicked.connect(self._leave)
        self.add_act(self.leave)
        self.add_act(self.submit)
        self.say(self.leave.setText, "退出磋商…")
        self.editor = PriceEditor(final=True)
        self.editor.changed.connect(self._changed)
        self.note = Note()
        self._versus = label("second", wrap=True)
        self.again = Button("small", "refresh")
        self.again.clicked.connect(self._as_in_bid)
        self.say(self.again.setText, "恢复为投标报价")
        self._line = QWidget()
        line = row(self._versus, self.again, spacing=10)
        line.setStretch(0, 1)
        self._line.setLayout(line)
        self._line.hide()
        self._base: PriceSchedule | None = None
        self._asked, self._missing = "", False
        self._file = context.drafts / "none"
        self._save = QTimer(self)
        self._save.setSingleShot(True)
        self._save.setInterval(SAVE_MS)
        self._save.timeout.connect(self._keep)
        self.add(self.note, self._line, self.editor)
        self.body.setStretch(3, 1)

    def window_name(self, facts: StepFacts) -> str:
        return "quoting"

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        bid = state.bids.get(facts.supplier)
        if bid is not None and bid.manifest_sha256 and not self._asked:
            self._asked = bid.manifest_sha256
            self._file = draft_path(self.context.drafts, state.case, facts.me, "quote")
            self.context.bridge.start(self._fetch_own(bid.manifest_sha256), "quote.own_bid")
        sealed = facts.supplier in sealed_set(state, "quote").envelopes
        running = facts.window("quoting") is not None
        out = facts.supplier in state.withdrew or facts.supplier in state.invalid
        self.submit.setText(tr("重新密封并递交…") if sealed else tr("密封并递交…"))
        self.submit.setVisible(running and not out)
        self.leave.setVisible(running and not sealed and not out)
        self.editor.setVisible(running and not out)
        self._line.setVisible(running and not out and self._base is not None)
        if not running:
            self._save.stop()
            drop_draft(self._file)
        if out:
            self.note.say(tr("您已退出本项目的磋商。"))
        elif sealed:
            self.note.say(tr("最后报价已密封递交。时限届满前可以重新递交，以最后一次为准。"))
        else:
            missing = tr("没有取到您的投标报价，请逐项填写。") if self._missing else ""
            self.note.say(missing if running else tr("报价时限已结束。"))
        self._check()

    async def _fetch_own(self, manifest_sha256: str) -> None:
        """The supplier's own bid as it was opened: the host gives it to nobody else before it is handed on."""
        try:
            price = parse_bid(await self.context.fetch(manifest_sha256)).price
        except BidroomError:
            self._asked, self._missing = "", True  # the next news of the case tries again
            self.note.say(tr("没有取到您的投标报价，请逐项填写。"))
            return
        self._base, self._missing = price, False
        if self.editor.untouched():
            self.editor.fill(load_quote(self._file) or price)
        self.editor.compare_with(price)
        if self.snapshot is not None:
            self.show_facts(self.snapshot)

    def _as_in_bid(self) -> None:
        if self._base is not None:
            self.editor.fill(self._base)

    def _changed(self) -> None:
        if self._base is not None:
            self._save.start()
        self._check()

    def _check(self) -> None:
        price = self.editor.schedule()
        lines = self.editor.sum_of_lines()
        lot = self.facts().state.lot if self.snapshot is not None else None
        limit = lot.limit if lot is not None else None
        over = price is not None and limit is not None and price.total > limit
        self.submit.allow(price is not None and lines == price.total)
        if self._base is None:
            return
        said = tr("投标报价 {amount} 元", amount=amount_text(self._base.total))
        if price is not None and price.total != self._base.total:
            said += "　→　" + tr("{amount} 元（{percent}）", amount=amount_text(price.total),
                               percent=percent_text(self._base.total, price.total))  # fmt: skip
        if over and limit is not None:
            said += "　" + tr("超过最高限价 {amount} 元，将被认定为无效。", amount=amount_text(limit))
        self._versus.setText(said)
        restyle(self._versus, "kind", "error" if over else "second")
        self.again.setVisible(price != self._base)

    def _keep(self) -> None:
        price = self.editor.schedule()
        if price is not None:
            save_quote(self._file, price)

    def hideEvent(self, event: QHideEvent) -> None:
        if self._save.isActive():
            self._save.stop()
            self._keep()
        super().hideEvent(event)

    def _submit(self) -> None:
        price = self.editor.schedule()
        if price is not None:
            text = tr("最后报价 {amount} 元，{words}。递交后在时限内可以重新递交。",
                      amount=amount_text(price.total), words=price.total_words)  # fmt: skip
            self.ask(Sure(tr("密封并递交最后报价？"), text, tr("密封并递交"), SubmitQuote(price)))

    def _leave(self) -> None:
        self.ask(withdrawing())


def withdrawing() -> Asking:
    """Ask a supplier why it leaves."""
    return Asking(
        tr("退出磋商"), tr("理由"), tr("退出"), lambda text, _code: cmd.WithdrawFromTalks(reason=text), danger=True,
        lines=(tr("退出后不能再提交最后报价。"),),
    )  # fmt: skip
