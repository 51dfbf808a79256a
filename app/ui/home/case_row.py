"""One case in one line of 我的项目."""

from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from app.ui import texts
from app.ui.i18n import tr
from app.ui.models import CaseAction, CaseRow, CaseTime
from app.ui.view import column, label
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.elided import ElidedLabel

PHASE_TONES = {
    "announced": Tone.NEUTRAL,
    "receiving": Tone.INFO,
    "paused": Tone.WARN,
    "failed": Tone.BAD,
    "archived": Tone.NEUTRAL,
}


class CaseLine(QFrame):
    """Name, number, method, role, time and countdown, state, one action.

    Signals:
        acted(CaseRow): the action was chosen.
    """

    acted = Signal(object)

    def __init__(self, case: CaseRow, now: datetime, *, primary: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "row")
        self.setFixedHeight(64)
        self.case = case
        name = ElidedLabel("strong", case.name)
        below = ElidedLabel(
            "second", "　".join([case.number, texts.word("method", case.method), texts.word("role", case.role)])
        )
        local = case.starts.astimezone()
        time = label("section", local.strftime("%H:%M"))
        date = label("hint", until_text(case.starts, now) if case.when != CaseTime.PAST else texts.day(case.starts))
        when = QWidget()
        when.setLayout(column(None, time, date, None, spacing=0))
        when.setFixedWidth(132)
        tone = PHASE_TONES.get(case.phase, Tone.NEUTRAL if case.when == CaseTime.PAST else Tone.OK)
        state = Chip(texts.word("phase", case.phase), tone)
        self.button = Button("primary" if primary else "plain", text=texts.word("case_action", case.action))
        self.button.setFixedWidth(126)
        self.button.setAccessibleName(f"{self.button.text()} {case.name}")
        self.button.clicked.connect(lambda: self.acted.emit(self.case))
        inside = QHBoxLayout(self)
        inside.setContentsMargins(4, 0, 4, 0)
        inside.setSpacing(16)
        inside.addWidget(when)
        inside.addLayout(column(None, name, below, None, spacing=2), 1)
        if case.rehearsal:
            inside.addWidget(Chip(tr("演练"), Tone.WARN))
        inside.addWidget(state)
        inside.addWidget(self.button)


def until_text(moment: datetime, now: datetime) -> str:
    """How long until ``moment``, coarsely; or that it has begun."""
    seconds = (moment - now).total_seconds()
    if seconds <= 0:
        return tr("已到开始时间")
    minutes = int(seconds // 60)
    if minutes < 60:
        return tr("{minutes} 分钟后", minutes=minutes)
    if minutes < 24 * 60:
        return tr("{hours} 小时 {minutes} 分后", hours=minutes // 60, minutes=minutes % 60)
    return tr("{date}，{days} 天后", date=moment.astimezone().strftime("%m-%d"), days=minutes // 1440)


def primary_case(cases: tuple[CaseRow, ...]) -> str:
    """The case whose action is the screen's primary one: the first of today, else the next coming one."""
    for when in (CaseTime.TODAY, CaseTime.COMING):
        for case in cases:
            if case.when == when and case.action in (CaseAction.ENTER, CaseAction.PREPARE):
                return case.case_id
    return ""
