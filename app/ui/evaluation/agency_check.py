"""代理机构核对: the same figures, computed again; the only grounds on which they may change."""

import app.session.rules.commands as cmd
from app.ui import texts
from app.ui.evaluation.summary import SummaryMatrix
from app.ui.i18n import tr
from app.ui.phase_panel import Note, PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking, Choice
from app.ui.step_facts import StepContext, StepFacts


class AgencyCheckPanel(PhasePanel):
    """Officer checks or asks; the leader answers."""

    fills_room = True

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "代理机构核对", "核对合计、排名与法定情形；不评价专家的判断。")
        self.confirm, self.recheck, self.answer = (
            ActButton("primary", "check"),
            ActButton("plain"),
            ActButton("primary"),
        )
        self.confirm.clicked.connect(lambda: self.ask(cmd.ConfirmCheck()))
        self.recheck.clicked.connect(self._ask)
        self.answer.clicked.connect(self._answer)
        for button in (self.recheck, self.answer, self.confirm):
            self.add_act(button)
        self.say(self.confirm.setText, "核对无误")
        self.say(self.recheck.setText, "要求复核…")
        self.say(self.answer.setText, "答复复核…")
        self.note, self.matrix = Note(), SummaryMatrix()
        self.add(self.note, self.matrix)
        self.body.setStretch(2, 1)

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        waiting = facts.officer and not state.agency_checked
        self.confirm.setVisible(waiting)
        self.confirm.allow(not state.recheck)
        self.recheck.setVisible(waiting and not state.recheck)
        self.answer.setVisible(facts.leader and bool(state.recheck))
        self.onward.setVisible(self.onward.isVisibleTo(self) and state.agency_checked)
        if state.recheck:
            self.note.say(tr("代理机构要求复核：{ground}", ground=texts.word("redo", state.recheck)))
        else:
            self.note.say(tr("已核对无误，正在生成评审报告。") if state.agency_checked else "")
        self.matrix.show_facts(facts)

    def _ask(self) -> None:
        grounds = self.facts().state.the_method().redo_grounds
        self.ask(
            Asking(
                tr("要求复核"), tr("书面理由（记入案卷）"), tr("要求复核"),
                lambda text, ground: cmd.AskReCheck(ground=ground, reason=text),
                choices=tuple(Choice(ground, texts.word("redo", ground)) for ground in grounds),
            )
        )  # fmt: skip

    def _answer(self) -> None:
        choices = (Choice("yes", tr("同意复核，重新汇总")), Choice("no", tr("不同意，维持原结果")))
        self.ask(
            Asking(
                tr("答复复核要求"), tr("理由（记入案卷并写入报告）"), tr("答复"),
                lambda text, code: cmd.AnswerReCheck(accepted=code == "yes", reason=text), choices=choices,
            )
        )  # fmt: skip
