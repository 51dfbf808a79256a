"""评审报告: the report itself, who has signed, dissent."""

from app.ui.evaluation.summary import dissenting
from app.ui.i18n import tr
from app.ui.opening.signing import SigningPanel
from app.ui.room.step_panel import ActButton
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import label


class ReportPanel(SigningPanel):
    """As the opening record, with the members' dissents."""

    fills_room = True

    def __init__(self, context: StepContext) -> None:
        super().__init__(
            context, "evaluation_report", "评审报告", "成员签署；有不同意见的写明理由，逾时未签又未写明的视为同意。"
        )
        self.dissent = ActButton("plain", "flag")
        self.dissent.clicked.connect(lambda: self.ask(dissenting()))
        self.controls.insertWidget(self.controls.indexOf(self.refuse), self.dissent)
        self.say(self.dissent.setText, "提出不同意见…")
        self._dissents = label("second", wrap=True)
        self.side.addWidget(self._dissents)

    def show_facts(self, facts: StepFacts) -> None:
        super().show_facts(facts)
        dissents = facts.state.dissents
        self.dissent.setVisible(facts.member and facts.me not in dissents)
        lines = [tr("{name} 的不同意见：{text}", name=facts.name(m), text=text) for m, text in dissents.items()]
        self._dissents.setText("\n".join(lines))
        self._dissents.setVisible(bool(lines))
