"""最后报价: a supplier's itemised quote, figures and words checked, sealed on this machine to the committee."""

import app.session.rules.commands as cmd
from app.session.rules.sealed import sealed_set
from app.ui.bids.price_editor import PriceEditor
from app.ui.i18n import tr
from app.ui.phase_panel import Note, PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking, SubmitQuote, Sure
from app.ui.step_facts import StepContext, StepFacts
from app.ui.widgets.amount import amount_text


class QuotePanel(PhasePanel):
    """The form; it starts from the bid's own price schedule."""

    share = 0.66

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "最后报价", "在本机加密给评审小组；全部递交或时限届满后同时开启，其他供应商看不到。")
        self.submit, self.leave = ActButton("primary", "lock"), ActButton("danger")
        self.submit.clicked.connect(self._submit)
        self.leave.clicked.connect(self._leave)
        self.add_act(self.leave)
        self.add_act(self.submit)
        self.say(self.leave.setText, "退出磋商…")
        self.editor = PriceEditor()
        self.editor.changed.connect(self._check)
        self.note = Note()
        self._filled = False
        self.add(self.note, self.editor)
        self.body.setStretch(2, 1)

    def window_name(self, facts: StepFacts) -> str:
        return "quoting"

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        payload = state.payload(facts.supplier)
        if payload is not None and not self._filled:
            self._filled = True
            self.editor.fill(payload.price)
        sealed = facts.supplier in sealed_set(state, "quote").envelopes
        running = facts.window("quoting") is not None
        out = facts.supplier in state.withdrew or facts.supplier in state.invalid
        self.submit.setText(tr("重新密封并递交…") if sealed else tr("密封并递交…"))
        self.submit.setVisible(running and not out)
        self.leave.setVisible(running and not sealed and not out)
        self.editor.setVisible(running and not out)
        if out:
            self.note.say(tr("您已退出本项目的磋商。"))
        elif sealed:
            self.note.say(tr("最后报价已密封递交。时限届满前可以重新递交，以最后一次为准。"))
        else:
            self.note.say("" if running else tr("报价时限已结束。"))
        self._check()

    def _check(self) -> None:
        price = self.editor.schedule()
        lines = self.editor.sum_of_lines()
        self.submit.allow(price is not None and lines == price.total)

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
