"""The lines of the preparation: passed, attention, failed, each with what was found and what to do."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.ui import texts
from app.ui.i18n import tr
from app.ui.icons import IconLabel
from app.ui.models import CheckLine, CheckState
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Chip, Tone

TONES = {
    CheckState.WAITING: Tone.NEUTRAL,
    CheckState.RUNNING: Tone.INFO,
    CheckState.PASSED: Tone.OK,
    CheckState.ATTENTION: Tone.WARN,
    CheckState.FAILED: Tone.BAD,
}
ICONS = {"camera": "camera", "microphone": "mic", "speaker": "speaker", "network": "network", "media": "broadcast",
         "clock": "clock", "token": "token", "disk": "disk", "reach": "link", "reach_udp": "broadcast",
         "sleep": "moon",
         "recording": "record"}  # fmt: skip


class CheckList(View):
    """Give it lines with :meth:`show_lines`.

    Signals:
        again(str): check this line again.
    """

    again = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[CheckLine, ...] = ()
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)

    def show_lines(self, lines: tuple[CheckLine, ...]) -> None:
        """In the order given."""
        if lines != self._lines:
            self._lines = lines
            self.retranslate()

    def retranslate(self) -> None:
        clear(self._rows)
        for line in self._lines:
            self._rows.addWidget(self._row(line))

    def _row(self, line: CheckLine) -> QFrame:
        frame = QFrame()
        frame.setProperty("role", "row")
        name = texts.word("check", line.code)
        found = label("second", texts.finding_text(line.finding, line.facts) if line.finding else "", wrap=True)
        chip = Chip(texts.word("check_state", line.state), TONES[line.state])
        words = column(label("body", name), found, spacing=1)
        inside = row(IconLabel(ICONS.get(line.code, "info"), "text2", 20), words, spacing=12, margins=(4, 6, 4, 6))
        inside.setStretch(1, 1)
        if line.state in (CheckState.ATTENTION, CheckState.FAILED):
            button = Button("small", text=tr("重试"))
            button.setAccessibleName(tr("重试 {name}", name=name))
            button.clicked.connect(lambda: self.again.emit(line.code))
            inside.addWidget(button)
        inside.addWidget(chip)
        frame.setLayout(inside)
        found.setVisible(bool(line.finding))
        frame.setAccessibleName(f"{name} {chip.text} {found.text()}")
        return frame
