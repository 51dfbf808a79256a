"""Details behind a fold, with a copy button: what an engineer needs and nobody else must read."""

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.ui.view import View, column, row
from app.ui.widgets.buttons import Button


class FoldableDetails(View):
    """Closed at first."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fold = Button("link", "chevron-right")
        self._fold.setCheckable(True)
        self._fold.toggled.connect(self._toggle)
        self._copy = Button("link", "copy")
        self._copy.clicked.connect(self._copy_text)
        self._text = QPlainTextEdit()
        self._text.setReadOnly(True)
        self._text.setFixedHeight(96)
        self.say(self._fold.setText, "技术信息")
        self.say(self._copy.setText, "复制")
        self.setLayout(column(row(self._fold, None, self._copy), self._text))
        self.show_details(text)
        self._toggle(False)

    def show_details(self, text: str) -> None:
        """Replace the text; without any the whole fold is hidden."""
        self._text.setPlainText(text)
        self.setVisible(bool(text))

    def details(self) -> str:
        return self._text.toPlainText()

    def _toggle(self, open_now: bool) -> None:
        self._fold.show_icon("chevron-down" if open_now else "chevron-right")
        self._text.setVisible(open_now)
        self._copy.setVisible(open_now)
        if self.window() is not self:
            self.window().adjustSize() if self.window().property("follows_fold") else None

    def _copy_text(self) -> None:
        QGuiApplication.clipboard().setText(self._text.toPlainText())
