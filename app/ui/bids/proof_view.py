"""A digest for comparing by eye, by voice or with a telephone: groups of four, and the same as a QR code."""

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QWidget

from app.ui.view import View, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.qr import QrView

SIDE = 112
GROUPS = 8


class ProofView(View):
    """``digest``: hexadecimal, 64 digits."""

    def __init__(self, digest: str, caption: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._digest = digest
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(2)
        for number, start in enumerate(range(0, len(digest), 4)):
            grid.addWidget(label("body", digest[start : start + 4]), number // GROUPS, number % GROUPS)
        copy = Button("link", "copy")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._digest))
        self.say(copy.setText, "复制")
        name = label("second", wrap=True)
        self.say(name.setText, caption)
        self.setAccessibleName(digest)
        words = column(name, row(grid, None), row(copy, None), None, spacing=6)
        line = row(QrView(digest.upper(), SIDE), words, spacing=16)
        line.setStretch(1, 1)
        self.setLayout(line)
