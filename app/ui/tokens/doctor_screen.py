"""证书检测: the token check line by line, while it runs, with what to do; it can be stopped at any time."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from app.ca.doctor import Check, Outcome
from app.ui import texts
from app.ui.i18n import language, tr
from app.ui.icons import IconLabel
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.top_bar import TopBar

TONES = {
    Outcome.PASSED: Tone.OK,
    Outcome.ATTENTION: Tone.WARN,
    Outcome.FAILED: Tone.BAD,
    Outcome.SKIPPED: Tone.NEUTRAL,
}
ICONS = {
    "provider": "link", "module": "settings", "missing": "download", "reader": "disk", "none": "token",
    "token": "token", "signing": "seal", "encryption": "lock", "sign": "pen", "decrypt": "unlock",
}  # fmt: skip


class DoctorScreen(View):
    """Signals:
    back(): leave; start_requested(): check; cancel_requested(): stop what is under way.
    """

    back = Signal()
    start_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self._checks: list[Check] = []
        self._running = False
        self._stopped = False
        self._bar = TopBar()
        back = Button("ghost", "arrow-left")
        back.clicked.connect(self.back)
        self.say(back.setAccessibleName, "返回")
        self.start, self.cancel = Button("primary", "check"), Button("plain", "stop")
        self.start.clicked.connect(self.start_requested)
        self.cancel.clicked.connect(self.cancel_requested)
        self.say(self.start.setText, "开始检测")
        self.say(self.cancel.setText, "停止")
        self._bar.lead(back)
        self._bar.add(self.cancel, self.start)
        self._progress = QProgressBar()
        self._progress.setRange(0, 0)
        self._progress.setTextVisible(False)
        self._summary = label("section", wrap=True)
        self._rows: QVBoxLayout = column(spacing=0)
        card = Card()
        card.add(self._rows)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(card, None))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        self._card = area
        body = column(self._summary, self._progress, area, spacing=10, margins=(20, 16, 20, 16))
        body.setStretch(2, 1)
        layout = column(self._bar, body, spacing=0)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.retranslate()

    def begin(self) -> None:
        """A check has begun."""
        self._checks, self._running, self._stopped = [], True, False
        clear(self._rows)
        self._show_state()

    def add(self, check: Check) -> None:
        """One more line."""
        self._checks.append(check)
        self._rows.addWidget(self._row(check))

    def end(self, *, stopped: bool = False) -> None:
        """It is over, or was stopped."""
        self._running, self._stopped = False, stopped
        self._show_state()

    def checks(self) -> tuple[Check, ...]:
        return tuple(self._checks)

    def summary(self) -> str:
        return self._summary.text()

    def retranslate(self) -> None:
        self._bar.say_title(tr("证书检测"), tr("检查驱动、证书和口令，试签名、试解密；会询问一次口令，不改动证书。"))
        clear(self._rows)
        for check in self._checks:
            self._rows.addWidget(self._row(check))
        self._show_state()

    def _show_state(self) -> None:
        self._progress.setVisible(self._running)
        self.cancel.setVisible(self._running)
        self.start.setEnabled(not self._running)
        self._card.setVisible(self._running or bool(self._checks))
        failed = sum(check.outcome is Outcome.FAILED for check in self._checks)
        noted = sum(check.outcome is Outcome.ATTENTION for check in self._checks)
        if self._running:
            text = tr("正在检测…")
        elif self._stopped:
            text = tr("检测已停止。")
        elif not self._checks:
            text = tr("插入证书后点“开始检测”。")
        elif failed:
            text = tr("有 {count} 项不通过，请按提示处理。", count=failed)
        elif noted:
            text = tr("有 {count} 项需要注意。", count=noted)
        else:
            text = tr("全部正常，可以使用。")
        self._summary.setText(text)

    def _row(self, check: Check) -> QFrame:
        frame = QFrame()
        frame.setProperty("role", "row")
        name = texts.word("doctor_check", check.code)
        if check.code in ("provider", "sign", "decrypt") and check.subject:
            name = f"{name}　{check.subject}"
        said = check_text(check)
        words = column(label("body", name), label("second", said, wrap=True), spacing=1)
        chip = Chip(texts.word("doctor_outcome", check.outcome.value), TONES[check.outcome])
        icon = IconLabel(ICONS.get(check.code, "info"), "text2", 20)
        line = row(icon, words, chip, spacing=12, margins=(4, 9, 4, 9))
        line.setStretch(1, 1)
        frame.setLayout(line)
        return frame


def check_text(check: Check) -> str:
    """The sentence of a check, and where to get what is missing."""
    if check.finding.startswith("doctor."):
        said = texts.finding_text(check.finding, check.facts)
    else:
        said = texts.error_text(check.finding, check.facts).brief
    return texts.sentences(said, check.advice.get(language().value, ""))
