"""这个数怎么来的: the steps behind a figure, one line each."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from app.ui.i18n import tr
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone


class WhyCard(View):
    """A heading, a chip that says whether it was computed again here, and the steps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sentences: list[str] = []
        self._title, self._chip = label("section", wrap=True), Chip()
        self._lines = column(spacing=6)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(self._lines, None))
        self._area = area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        card = Card()
        head = row(self._title, self._chip, spacing=8)
        head.setStretch(0, 1)
        card.add(head, area)
        card.body.setStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(card)
        self.say(area.setAccessibleName, "这个数怎么来的")

    def show_why(self, title: str, sentences: list[str], matching: bool | None, basis: str = "") -> None:
        """Show another figure; ``matching``: whether this desk's own computing gives the same, None without any."""
        self._title.setText(title)
        self._sentences = sentences
        self._chip.setVisible(matching is not None)
        if matching is not None:
            self._chip.show_state(tr("已复算一致") if matching else tr("复算不一致"), Tone.OK if matching else Tone.BAD)
        clear(self._lines)
        for sentence in sentences:
            self._lines.addWidget(label("body", sentence, wrap=True))
        if basis:
            self._lines.addWidget(label("hint", basis, wrap=True))

    def take_focus(self) -> None:
        """The keyboard scrolls the steps."""
        self._area.setFocus()

    def sentences(self) -> list[str]:
        """What is shown."""
        return self._sentences
