"""核对: one line for each point, grouped by where it is mended, with a way there."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.procurement.bid_check import Finding
from app.ui import texts
from app.ui.bids.documents_page import document_trouble
from app.ui.i18n import tr
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone

TONES = {"passed": Tone.OK, "attention": Tone.WARN, "failed": Tone.BAD}
PLACES = {"kit": "密封工具包", "price": "开标一览表", "declare": "声明", "files": "投标文件"}
_ORDER = ("failed", "attention", "passed")


class CheckPage(View):
    """Give it findings with :meth:`show_findings`.

    Signals:
        jump(str): to the place where a finding is mended (``kit``, ``price``, ``declare``, ``files``).
    """

    jump = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._findings: tuple[Finding, ...] = ()
        self._rows: QVBoxLayout = column(spacing=0)
        card = Card()
        card.add(self._rows)
        self.setLayout(column(card, None))

    def show_findings(self, findings: tuple[Finding, ...]) -> None:
        """What is wrong comes first."""
        if findings != self._findings:
            self._findings = findings
            self.retranslate()

    def findings(self) -> tuple[Finding, ...]:
        return self._findings

    def retranslate(self) -> None:
        clear(self._rows)
        if not self._findings:
            return
        self._rows.addWidget(self._summary())
        for state in _ORDER:
            for finding in self._findings:
                if finding.state == state:
                    self._rows.addWidget(self._row(finding))

    def _summary(self) -> QWidget:
        bad = sum(finding.state == "failed" for finding in self._findings)
        look = sum(finding.state == "attention" for finding in self._findings)
        if bad:
            style, text = "error", tr("有 {count} 项必须先改好，才能加密。", count=bad)
        elif look:
            style, text = "warn", tr("可以加密。有 {count} 项请您自己判断是否要改。", count=look)
        else:
            style, text = "ok", tr("全部通过，可以加密。")
        return label(style, text, wrap=True)

    def _row(self, finding: Finding) -> QFrame:
        frame = QFrame()
        frame.setProperty("role", "row")
        said = label("body", finding_sentence(finding), wrap=True)
        chip = Chip(texts.word("check_state", finding.state), TONES[finding.state])
        place = tr(PLACES[finding.place])
        inside = row(chip, said, spacing=12, margins=(4, 8, 4, 8))
        inside.setStretch(1, 1)
        if finding.state == "passed":
            inside.addWidget(label("hint", place))
        else:
            go = Button("small", "arrow-right", tr("去修改：{place}", place=place))
            go.clicked.connect(lambda: self.jump.emit(finding.place))
            inside.addWidget(go)
        frame.setLayout(inside)
        frame.setAccessibleName(f"{chip.text} {said.text()}")
        return frame


def finding_sentence(finding: Finding) -> str:
    """The finding in words; codes among its facts become words too."""
    facts: dict[str, object] = dict(finding.facts)
    if "enterprise" in facts:
        facts["enterprise"] = texts.word("enterprise", str(facts["enterprise"]))
    if "trouble" in facts:
        facts["trouble"] = document_trouble(str(facts["trouble"]))
    return texts.finding_text(finding.code, facts)
