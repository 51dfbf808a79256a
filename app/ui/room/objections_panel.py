"""Objections and their answers; raising one is always possible while the phase allows it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from app.ui import texts
from app.ui.i18n import tr
from app.ui.models import ObjectionRow
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone

_TONES = {"raised": Tone.WARN, "answered": Tone.OK, "adjourned": Tone.INFO, "withdrawn": Tone.NEUTRAL}


class ObjectionsPanel(View):
    """Signals:
    raised(str): the text of a new objection.
    answer_requested(str): the officer wants to answer this objection.
    """

    raised = Signal(str)
    answer_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._objections: tuple[ObjectionRow, ...] = ()
        self._may: frozenset[str] = frozenset()
        inside = QWidget()
        inside.setProperty("role", "inside")
        self._rows = column(spacing=10)
        inside.setLayout(self._rows)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inside)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._text = QPlainTextEdit()
        self._text.setFixedHeight(80)
        self._text.setTabChangesFocus(True)
        self._raise = Button("plain")
        self._raise.clicked.connect(self._emit)
        self.say(self._text.setPlaceholderText, "写明异议的事项和理由")
        self.say(self._text.setAccessibleName, "异议")
        self.say(self._raise.setText, "提出异议")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(area, 1)
        layout.addWidget(self._text)
        layout.addLayout(row(None, self._raise))
        self.retranslate()

    def show_objections(self, objections: tuple[ObjectionRow, ...], may: frozenset[str]) -> None:
        """Oldest first; ``may`` holds ``raise_objection`` and ``answer_objection`` where allowed to me."""
        if (objections, may) != (self._objections, self._may):
            self._objections, self._may = objections, may
            self.retranslate()

    def retranslate(self) -> None:
        clear(self._rows)
        for one in self._objections:
            self._rows.addWidget(self._card(one))
        if not self._objections:
            self._rows.addWidget(label("second", tr("没有异议。"), wrap=True))
        self._rows.addStretch(1)
        allowed = "raise_objection" in self._may
        self._text.setVisible(allowed)
        self._raise.setVisible(allowed)

    def _card(self, one: ObjectionRow) -> Card:
        card = Card(margin=12)
        card.body.setSpacing(6)
        head = row(label("hint", f"{texts.clock_time(one.at)}　{one.raiser}"), None,
                   Chip(texts.word("state", one.state), _TONES.get(one.state, Tone.NEUTRAL)))  # fmt: skip
        card.add(head, label("body", one.text, wrap=True, selectable=True))
        if one.answer:
            card.add(label("second", tr("答复：{text}", text=one.answer), wrap=True, selectable=True))
        elif "answer_objection" in self._may and one.state == "raised":
            button = Button("small", text=tr("答复…"))
            button.clicked.connect(lambda: self.answer_requested.emit(one.objection_id))
            card.add(row(None, button))
        return card

    def _emit(self) -> None:
        text = self._text.toPlainText().strip()
        if text:
            self.raised.emit(text)
            self._text.clear()
