"""监督: said to be read-only; alarms, the integrity of the record as this desk has checked it, notes, the notice."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLayout, QScrollArea, QStackedWidget, QWidget

import app.session.rules.commands as cmd
from app.ui.i18n import tr
from app.ui.icons import IconLabel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking
from app.ui.room_snapshot import Surroundings
from app.ui.step_facts import StepContext, StepFacts
from app.ui.supervision.alarms import Alarm, alarms
from app.ui.supervision.notebook import Notebook
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.digest import DigestLabel
from app.ui.widgets.tabs import SegmentedTabs

ICONS = {Tone.BAD: ("error", "bad"), Tone.WARN: ("warning", "warn")}


class SupervisionPanel(View):
    """Stands beside the room.

    Signals:
        command_requested(object): a written notice.
    """

    command_requested = Signal(object)

    def __init__(self, context: StepContext, notes: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._shown: tuple[StepFacts, Surroundings, str] | None = None
        self.alarms: tuple[Alarm, ...] = ()
        self._readonly = Chip("", Tone.INFO)
        title = label("section")
        self.say(title.setText, "监督")
        self.notice = ActButton("plain", "flag")
        self.notice.clicked.connect(self._give_notice)
        self.say(self.notice.setText, "发出监督意见…")
        self.tabs = SegmentedTabs(3)
        self._alarms, self._integrity = column(spacing=10), column(spacing=10)
        self.notebook = Notebook(notes)
        self._stack = QStackedWidget()
        for content in (self._alarms, self._integrity):
            self._stack.addWidget(_scrolling(content))
        self._stack.addWidget(self.notebook)
        self.tabs.chosen.connect(self._stack.setCurrentIndex)
        card = Card()
        card.add(row(title, self._readonly, None, self.notice, spacing=10), self.tabs, self._stack)
        card.body.setStretch(2, 1)
        self.setLayout(column(card))

    def show_facts(self, facts: StepFacts, around: Surroundings, distrust: str = "") -> None:
        """Show another snapshot; ``distrust`` is the client's alarm code, empty when all it checked was consistent."""
        self._shown = (facts, around, distrust)
        self.notebook.open_for(facts.state.case, facts.me)
        self.alarms = alarms(facts, around, distrust, self._context.clock.now())
        self._readonly.show_state(tr("只读：可以看到全部，不能操作流程"), Tone.INFO)
        self.tabs.name(0, tr("提示"), len(self.alarms))
        self.tabs.name(1, tr("记录完整性"))
        self.tabs.name(2, tr("笔记"))
        clear(self._alarms)
        for alarm in self.alarms:
            icon, shade = ICONS.get(alarm.tone, ("info", "primary"))
            line = row(IconLabel(icon, shade, 20), label("body", alarm.text, wrap=True), spacing=10)
            line.setStretch(1, 1)
            self._alarms.addLayout(line)
        if not self.alarms:
            self._alarms.addWidget(label("second", tr("没有需要注意的情况。"), wrap=True))
        self._show_integrity(facts, around, distrust)

    def retranslate(self) -> None:
        if self._shown is not None:
            self.show_facts(*self._shown)

    def _show_integrity(self, facts: StepFacts, around: Surroundings, distrust: str) -> None:
        clear(self._integrity)
        size, root = around.head
        good = not distrust
        word = tr("本机核对一致") if good else tr("本机核对不一致")
        self._integrity.addLayout(row(Chip(word, Tone.OK if good else Tone.BAD), None))
        text = tr("本机自行重建记录树，与主机签名的每个检查点比对，并对一致的检查点副署。")
        self._integrity.addWidget(label("second", text, wrap=True))
        for name, value in (
            (tr("已核对条目"), str(size)),
            (tr("见证"), f"{around.cosigned}/{around.expected}"),
            (tr("录制片段"), str(facts.state.recording.segments)),
            (tr("时钟来源"), str(len(facts.state.clocks))),
        ):
            self._integrity.addLayout(row(label("body", name), None, label("strong", value)))
        self._integrity.addLayout(row(label("body", tr("根")), None, DigestLabel(root)))

    def _give_notice(self) -> None:
        self.command_requested.emit(
            Asking(
                tr("监督意见"), tr("内容（记入案卷，主持人可见）"), tr("发出"),
                lambda text, _code: cmd.GiveNotice(text=text),
                lines=(tr("监督意见不影响流程的进行，由主持人或有关方面处理。"),),
            )
        )  # fmt: skip


def _scrolling(content: QLayout) -> QScrollArea:
    inside = QWidget()
    inside.setProperty("role", "inside")
    inside.setLayout(column(content, None))
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inside)
    return area
