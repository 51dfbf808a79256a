"""A surface with a thin line around it: the block every screen is made of."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.ui.view import Item, column, label, row


class Card(QFrame):
    """Radius 10, one pixel line, 16 inside, 12 between the parts; an optional heading with room for controls.

    Attributes:
        body: the vertical layout of the card's content.
        header: the row of the heading; controls are added at its end.
        title: the heading's label (empty and hidden without a heading).
    """

    def __init__(self, parent: QWidget | None = None, *, heading: bool = False, margin: int = 16) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.title = label("section")
        self.header: QHBoxLayout = row(self.title, None, spacing=8)
        self.body: QVBoxLayout = column(spacing=12, margins=(margin, margin, margin, margin))
        self.title.setVisible(heading)
        if heading:
            self.body.addLayout(self.header)
        self.setLayout(self.body)

    def add(self, *items: Item) -> None:
        """Append to the body; ``None`` is a stretch, a number a gap."""
        for item in items:
            if item is None:
                self.body.addStretch(1)
            elif isinstance(item, int):
                self.body.addSpacing(item)
            elif isinstance(item, QWidget):
                self.body.addWidget(item)
            else:
                self.body.addLayout(item)
