"""A supervisor's place below the video: the step as everyone sees it, and the supervisor's own panel behind a tab."""

from PySide6.QtWidgets import QStackedWidget

from app.ui.i18n import tr
from app.ui.phase_panel import PhasePanel
from app.ui.room_snapshot import Surroundings
from app.ui.step_facts import StepContext, StepFacts
from app.ui.supervision.supervision_panel import SupervisionPanel
from app.ui.widgets.tabs import SegmentedTabs


class SupervisorStep(PhasePanel):
    """Holds the phase's panel (``inner``) and the supervisor's (``own``); nothing in it moves the case."""

    share = 0.5

    def __init__(self, context: StepContext, inner: PhasePanel) -> None:
        super().__init__(context, "监督席")
        self.inner = inner
        self.own = SupervisionPanel(context, context.drafts.parent / "notes")
        self._around = Surroundings()
        self._distrust = ""
        inner.command_requested.connect(self.command_requested)
        inner.document_requested.connect(self.document_requested)
        self.own.command_requested.connect(self.command_requested)
        self.tabs = SegmentedTabs(2)
        self.controls.insertWidget(0, self.tabs)
        self._stack = QStackedWidget()
        for panel in (inner, self.own):
            self._stack.addWidget(panel)
        self.tabs.chosen.connect(self._stack.setCurrentIndex)
        self.add(self._stack)
        self.body.setStretch(1, 1)

    def show_around(self, around: Surroundings, distrust: str) -> None:
        """What the desk itself has checked; shown with the next snapshot."""
        self._around, self._distrust = around, distrust

    def show_facts(self, facts: StepFacts) -> None:
        self.inner.show_snapshot(facts)
        self.own.show_facts(facts, self._around, self._distrust)
        self.tabs.name(0, tr("当前环节"))
        self.tabs.name(1, tr("监督"), len(self.own.alarms))
        self.countdown.setVisible(False)

    def retranslate(self) -> None:
        super().retranslate()
        self.hint.setText(tr("只读：可以看到全部，不能操作流程"))
