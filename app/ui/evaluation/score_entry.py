"""打分: the criterion's text, the points, its levels as buttons, where it is found, the reason."""

import re
import unicodedata
from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget

from app.procurement.case import Criterion
from app.ui.evaluation.evidence_line import EvidenceLine
from app.ui.i18n import language, tr
from app.ui.view import View, clear, column, label, restyle, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Chip, Tone

LONGEST = 500
NUMBER = re.compile(r"\d{1,4}(\.\d*)?|\.\d+")


class PointsEdit(QLineEdit):
    """Takes digits and a point; letters go on to the desk, where they are keys (``E``, ``W``, …)."""

    def __init__(self) -> None:
        super().__init__()
        self.setMaxLength(8)
        self.setMinimumHeight(44)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
        if plain and event.text().isprintable() and event.text() and event.text() not in "0123456789.":
            event.ignore()
            return
        super().keyPressEvent(event)


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
        self._place: tuple[object, ...] = ()
        self._filling = False
        self._name, self._kind = label("section", wrap=True), Chip()
        self._text = label("second", wrap=True)
        self.points = PointsEdit()
        self.points.textEdited.connect(self._typed)
        self._wrong = label("error", wrap=True)
        self._levels = row(spacing=8)
        self.evidence = EvidenceLine(stacked=True)
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
        layout = column(
            head, self._text, self.points, self._wrong, self._levels, self.evidence, caption, self.reason, spacing=8
        )
        layout.setStretch(7, 1)
        self.setLayout(layout)

    def show_criterion(
        self, supplier: str, criterion: Criterion, score: Decimal | None, reason: str, fixed: bool
    ) -> None:  # fmt: skip
        """Take a criterion in hand; ``fixed`` points are computed and cannot be typed.

        Shown again for the same place, what is being typed stays as it is.
        """
        place = (supplier, criterion, fixed, score if fixed else None, language())
        if place == self._place:
            return
        typing = self._place[:2] == place[:2] and not fixed  # the language has changed
        self._place = place
        self._filling = True
        self._criterion = criterion
        most = f"{criterion.max_score.normalize():f}"
        kinds = {"objective": tr("客观"), "subjective": tr("主观"), "price": tr("价格")}
        self._name.setText(criterion.name)
        self._kind.show_state(tr("{kind}　0—{most} 分", kind=kinds[criterion.kind], most=most), Tone.NEUTRAL)
        levels = "；".join(
            f"{level.name} {_span(level.low, level.high)}：{level.text.rstrip('。.；;')}" for level in criterion.levels
        )
        self._text.setText("\n".join(part for part in (criterion.text, levels) if part))
        if not typing:
            self.points.setText("" if score is None else f"{score.normalize():f}")
            self.reason.setPlainText(reason)
        self._say_wrong("" if fixed else read_points(self.points.text(), criterion.max_score)[1])
        self.points.setReadOnly(fixed)
        self.points.setAccessibleName(f"{criterion.name}　0—{most}")
        self.reason.setReadOnly(criterion.kind == "price")
        self.evidence.setVisible(criterion.kind != "price")
        clear(self._levels)
        if not fixed:
            for level in criterion.levels:
                button = Button("plain", text=level.name)
                button.setToolTip(f"{_span(level.low, level.high)}　{level.text}")
                button.clicked.connect(lambda _=False, high=level.high: self._take(high))
                self._levels.addWidget(button, 1)
        self._filling = False

    def type_points(self, text: str) -> None:
        """Type points, as the keyboard does."""
        if not self.points.isReadOnly():
            self.points.setFocus()
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
        score, wrong = read_points(text, self._criterion.max_score)
        self._say_wrong(wrong)
        self.scored.emit(score)

    def _say_wrong(self, wrong: str) -> None:
        self._wrong.setText(wrong)
        self._wrong.setVisible(bool(wrong))
        restyle(self.points, "wrong", bool(wrong))

    def _said(self) -> None:
        if not self._filling:
            self.reasoned.emit(self.reason.toPlainText()[:LONGEST])


def read_points(text: str, most: Decimal) -> tuple[Decimal | None, str]:
    """Points as typed (full width too), or None and what is wrong in one sentence; nothing typed is nothing wrong."""
    typed = unicodedata.normalize("NFKC", text).replace("。", ".").strip()
    if not typed:
        return None, ""
    if not NUMBER.fullmatch(typed):
        return None, tr("请填写数字")
    score = Decimal(typed)
    if score > most:
        return None, tr("应在 0—{most} 分之间", most=_n(most))
    if score != score.quantize(Decimal("0.01")):
        return None, tr("最多两位小数")
    return score, ""


def _span(low: Decimal, high: Decimal) -> str:
    return _n(low) if low == high else f"{_n(low)}—{_n(high)}"


def _n(value: Decimal) -> str:
    return f"{value.normalize():f}"
