"""打分: the criterion's text, the points, its levels as buttons, the reason."""

from decimal import Decimal, InvalidOperation

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from app.procurement.case import Criterion
from app.ui.i18n import tr
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Chip, Tone

LONGEST = 500


class ScoreEntry(View):
    """Signals:
    scored(object): a Decimal, or None when cleared or not a number in range.
    reasoned(str): the reason as typed.
    """

    scored = Signal(object)
    reasoned = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._criterion: Criterion | None = None
        self._filling = False
        self._name, self._kind = label("section", wrap=True), Chip()
        self._text = label("second", wrap=True)
        self.points = QLineEdit()
        self.points.setMaxLength(8)
        self.points.setMinimumHeight(44)
        self.points.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.points.textEdited.connect(self._typed)
        self._wrong = label("error", wrap=True)
        self._levels = row(spacing=8)
        self.reason = QPlainTextEdit()
        self.reason.setTabChangesFocus(True)
        self.reason.setMinimumHeight(64)
        self.reason.textChanged.connect(self._said)
        caption = label("second")
        caption.setBuddy(self.reason)
        self.say(caption.setText, "评分理由（随评分表存档）")
        self.say(self.reason.setAccessibleName, "评分理由（随评分表存档）")
        head = row(self._name, self._kind, spacing=8)
        head.setStretch(0, 1)
        layout = column(head, self._text, self.points, self._wrong, self._levels, caption, self.reason, spacing=8)
        layout.setStretch(6, 1)
        self.setLayout(layout)

    def show_criterion(self, criterion: Criterion, score: Decimal | None, reason: str, fixed: bool) -> None:
        """Take a criterion in hand; ``fixed`` points are computed and cannot be typed."""
        self._filling = True
        self._criterion = criterion
        most = f"{criterion.max_score.normalize():f}"
        kinds = {"objective": tr("客观"), "subjective": tr("主观"), "price": tr("价格")}
        self._name.setText(criterion.name)
        self._kind.show_state(tr("{kind}　0—{most} 分", kind=kinds[criterion.kind], most=most), Tone.NEUTRAL)
        levels = "；".join(f"{level.name} {_n(level.low)}—{_n(level.high)}：{level.text}" for level in criterion.levels)
        self._text.setText("\n".join(part for part in (criterion.text, levels) if part))
        self.points.setText("" if score is None else f"{score.normalize():f}")
        self.points.setReadOnly(fixed)
        self.points.setAccessibleName(f"{criterion.name}　0—{most}")
        self.reason.setPlainText(reason)
        self.reason.setReadOnly(criterion.kind == "price")
        self._wrong.setText("")
        self._wrong.setVisible(False)
        clear(self._levels)
        if not fixed:
            for level in criterion.levels:
                button = Button("plain", text=level.name)
                button.setToolTip(f"{_n(level.low)}—{_n(level.high)}　{level.text}")
                button.clicked.connect(lambda _=False, high=level.high: self._take(high))
                self._levels.addWidget(button, 1)
        self._filling = False

    def type_points(self, text: str) -> None:
        """Type points, as the keyboard does."""
        if not self.points.isReadOnly():
            self.points.setText(text)
            self._typed(text)

    def problem(self) -> str:
        """What is wrong with the points, as shown."""
        return self._wrong.text()

    def _take(self, score: Decimal) -> None:
        self.points.setText(_n(score))
        self._typed(_n(score))
        self.points.setFocus()
        self.points.selectAll()

    def _typed(self, text: str) -> None:
        if self._filling or self._criterion is None:
            return
        most = self._criterion.max_score
        score, wrong = None, ""
        if text.strip():
            try:
                score = Decimal(text.strip())
            except InvalidOperation:
                wrong = tr("请填写数字")
            if score is not None and (not score.is_finite() or not 0 <= score <= most):
                score, wrong = None, tr("应在 0—{most} 分之间", most=_n(most))
            elif score is not None and score != score.quantize(Decimal("0.01")):
                score, wrong = None, tr("最多两位小数")
        self._wrong.setText(wrong)
        self._wrong.setVisible(bool(wrong))
        self.scored.emit(score)

    def _said(self) -> None:
        if not self._filling:
            self.reasoned.emit(self.reason.toPlainText()[:LONGEST])


def _n(value: Decimal) -> str:
    return f"{value.normalize():f}"
