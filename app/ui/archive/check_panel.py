"""校验: every step as a sentence with its verdict; what from outside it was checked against."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QLineEdit, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from app.record.verification import Verdict, Verification
from app.ui.archive.words import TONES, step_detail, step_title, summary, verdict_word
from app.ui.i18n import tr
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Chip
from app.ui.widgets.elided import ElidedLabel
from app.ui.widgets.form_field import FormField


class CheckPanel(View):
    """Signals:
    again(str, str): verify with this file of roots and this ``N:R``; empty for none.
    """

    again = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._result: Verification | None = None
        self._roots = ""
        self._summary = label("strong", wrap=True)
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self.say(self._busy.setAccessibleName, "正在校验")
        self._lines = column(spacing=8)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(self._lines, None))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        self.say(area.setAccessibleName, "校验")
        self.trust, self._trust_name = Button("small", "shield"), ElidedLabel("second", middle=True)
        self.trust.clicked.connect(self._choose)
        self.say(self.trust.setText, "信任的根证书…")
        self.expect = QLineEdit()
        self.expect.setMaxLength(120)
        self._expect = FormField("外部依据 条数:根（印在签署文件上）", self.expect)
        self.run = Button("plain", "refresh")
        self.run.clicked.connect(self.verify_again)
        self.expect.returnPressed.connect(self.verify_again)
        self.say(self.run.setText, "重新校验")
        trust = row(self.trust, self._trust_name, self.run, spacing=8)
        trust.setStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._summary)
        layout.addWidget(self._busy)
        layout.addWidget(area, 1)
        layout.addWidget(self._expect)
        layout.addLayout(trust)
        self._busy.hide()

    def show_busy(self, busy: bool) -> None:
        """While the worker reads."""
        self._busy.setVisible(busy)
        self.run.setEnabled(not busy)
        if busy:
            self._summary.setText(tr("正在校验，档案较大时需要几分钟…"))

    def show_result(self, result: Verification) -> None:
        """Show another outcome."""
        self._result = result
        self.retranslate()

    def show_sources(self, roots: str, expect: str) -> None:
        """What the check was given from outside."""
        self._roots = roots
        self.expect.setText(expect)
        self.expect.setCursorPosition(0)
        self.retranslate()

    def show_error(self, text: str) -> None:
        """The expected head or the roots could not be read."""
        self._expect.show_error(text)

    def lines(self) -> list[str]:
        """The steps as shown."""
        return [] if self._result is None else [
            f"{verdict_word(step.verdict)} {step_title(step)}" for step in self._result.steps
        ]  # fmt: skip

    def verify_again(self) -> None:
        """Verify with what is filled in."""
        self._expect.show_error("")
        self.again.emit(self._roots, self.expect.text().strip())

    def retranslate(self) -> None:
        self._trust_name.setText(self._roots.rsplit("/", 1)[-1] if self._roots else tr("未提供，身份无法判断"))
        if self._result is None:
            return
        self._summary.setText(summary(self._result))
        clear(self._lines)
        order = {Verdict.FAILED: 0, Verdict.COULD_NOT_TELL: 1, Verdict.PASSED: 2}
        for step in sorted(self._result.steps, key=lambda one: (order[one.verdict], one.number)):
            name = label("body", f"{step.number}. {step_title(step)}", wrap=True)
            head = row(name, Chip(verdict_word(step.verdict), TONES[step.verdict]), spacing=8)
            head.setStretch(0, 1)
            self._lines.addLayout(head)
            detail = step_detail(step)
            if detail:
                self._lines.addWidget(label("hint", detail, wrap=True))

    def _choose(self) -> None:
        dialog = QFileDialog(self.window(), tr("信任的根证书…"), "", "PEM (*.pem *.crt *.cer)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._chosen)
        dialog.open()

    def _chosen(self, path: str) -> None:
        self._roots = path
        self.retranslate()
        self.verify_again()
