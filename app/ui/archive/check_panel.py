"""校验: every step as a sentence with its verdict, while it runs how far it is, and what it was checked against."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from app.record.verification import StepResult, Verdict, Verification
from app.record.verifier import STEPS
from app.ui.archive.trust import NOBODY, Origin, Trust
from app.ui.archive.words import TONES, step_detail, step_name, step_title, summary, trust_words, verdict_word
from app.ui.i18n import tr
from app.ui.view import View, clear, column, label, restyle, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Chip
from app.ui.widgets.form_field import FormField


class CheckPanel(View):
    """Signals:
    again(str): verify with this ``N:R`` from outside; empty for none.
    cancelled(): the person does not want to wait.
    trust_asked(): the person wants to see and compare root certificates.
    place_asked(object): show where this step (StepResult) found something.
    """

    again = Signal(str)
    cancelled = Signal()
    trust_asked = Signal()
    place_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._result: Verification | None = None
        self._used, self._offered = NOBODY, NOBODY
        self._at: tuple[str, int, int] | None = None
        self._ended = False
        self._placed: frozenset[str] = frozenset()
        self._summary = label("strong", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.say(self.bar.setAccessibleName, "正在校验")
        self.cancel = Button("small", "close")
        self.cancel.clicked.connect(self.cancelled)
        self.say(self.cancel.setText, "停止")
        self._busy = QWidget()
        busy = row(self.bar, self.cancel, spacing=10)
        busy.setStretch(0, 1)
        self._busy.setLayout(busy)
        self._lines = column(spacing=8)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(self._lines, None))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        self.say(area.setAccessibleName, "校验")
        self.trust = Button("small", "shield")
        self.trust.clicked.connect(self.trust_asked)
        self.say(self.trust.setText, "根证书…")
        self._trust_text = label("second", wrap=True)
        trust = row(self._trust_text, self.trust, spacing=8)
        trust.setStretch(0, 1)
        self.expect = QLineEdit()
        self.expect.setMaxLength(120)
        self._expect = FormField("外部依据 条数:根（印在签署文件上）", self.expect)
        self.run = Button("plain", "refresh")
        self.run.clicked.connect(self.verify_again)
        self.expect.returnPressed.connect(self.verify_again)
        self.say(self.run.setText, "重新校验")
        head = row(self._expect, self.run, spacing=8)
        head.setStretch(0, 1)
        head.setAlignment(self.run, Qt.AlignmentFlag.AlignBottom)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._summary)
        layout.addWidget(self._busy)
        layout.addWidget(area, 1)
        layout.addLayout(trust)
        layout.addLayout(head)
        self._busy.hide()

    def show_busy(self, busy: bool) -> None:
        """While the worker reads."""
        self._busy.setVisible(busy)
        self.run.setEnabled(not busy)
        self.trust.setEnabled(not busy)
        if busy:
            self._ended = False
            self._result = None
            clear(self._lines)
            self.bar.setRange(0, 0)
        else:
            self._at = None
        self._say_summary()

    def show_progress(self, step: str, done: int, whole: int) -> None:
        """Which step is at work, and how much of it is done; 0 of 0 where that is not known."""
        self._at = (step, done, whole)
        self.bar.setRange(0, 1000 if whole else 0)
        if whole:
            self.bar.setValue(1000 * done // whole)
        self._say_summary()

    def show_stopped(self) -> None:
        """The person did not want to wait: there is no outcome."""
        self._ended = True
        self._say_summary()

    def show_result(self, result: Verification, placed: frozenset[str] = frozenset()) -> None:
        """Show another outcome; what the steps of ``placed`` found can be shown where it is."""
        self._result, self._placed = result, placed
        self.retranslate()

    def show_trust(self, used: Trust, offered: Trust) -> None:
        """Whom the check believes, and what else lies there."""
        self._used, self._offered = used, offered
        self.retranslate()

    def show_expect(self, expect: str) -> None:
        """The head that is known from outside."""
        self.expect.setText(expect)
        self.expect.setCursorPosition(0)

    def show_error(self, text: str) -> None:
        """The expected head or the roots could not be read."""
        self._expect.show_error(text)

    def lines(self) -> list[str]:
        """The steps as shown."""
        return [] if self._result is None else [
            f"{verdict_word(step.verdict)} {step_title(step)}" for step in self._result.steps
        ]  # fmt: skip

    def summary(self) -> str:
        """The line above the steps."""
        return self._summary.text()

    def verify_again(self) -> None:
        """Verify with what is filled in."""
        self._expect.show_error("")
        self.again.emit(self.expect.text().strip())

    def retranslate(self) -> None:
        self._trust_text.setText(trust_words(self._used, self._offered))
        weak = self._used.origin in (Origin.NONE, Origin.REHEARSAL)
        restyle(self._trust_text, "kind", "warn" if weak else "second")
        self._say_summary()
        clear(self._lines)
        if self._result is None:
            return
        order = {Verdict.FAILED: 0, Verdict.COULD_NOT_TELL: 1, Verdict.PASSED: 2}
        for step in sorted(self._result.steps, key=lambda one: (order[one.verdict], one.number)):
            self._show_step(step)

    def _show_step(self, step: StepResult) -> None:
        name = label("body", f"{step.number}. {step_title(step)}", wrap=True)
        head = row(name, Chip(verdict_word(step.verdict), TONES[step.verdict]), spacing=8)
        head.setStretch(0, 1)
        if step.code in self._placed:
            show = Button("small", "search", tr("在哪里"))
            show.clicked.connect(lambda: self.place_asked.emit(step))
            head.insertWidget(1, show)
        self._lines.addLayout(head)
        detail = step_detail(step)
        if detail:
            self._lines.addWidget(label("hint", detail, wrap=True))

    def _say_summary(self) -> None:
        if self._at is not None:
            step, done, whole = self._at
            name = tr("计算整个档案的摘要") if step == "digest" else step_name(step)
            number = f"{STEPS.index(step) + 1}. " if step in STEPS else ""
            share = f"　{100 * done // whole} %" if whole else ""
            self._summary.setText(tr("正在校验：{step}", step=f"{number}{name}{share}"))
        elif not self._busy.isHidden():
            self._summary.setText(tr("正在校验，档案较大时需要几分钟…"))
        elif self._result is not None:
            self._summary.setText(summary(self._result))
        elif self._ended:
            self._summary.setText(tr("校验已停止，没有结论。"))
        else:
            self._summary.setText("")
