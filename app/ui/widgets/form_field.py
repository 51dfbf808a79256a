"""A field with its name above and, when wrong, the reason below."""

from PySide6.QtWidgets import QLineEdit, QWidget

from app.ui.view import View, column, label, restyle


class FormField(View):
    """Wraps any input widget; ``name`` and ``hint`` are source texts."""

    def __init__(self, name: str, field: QWidget, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        caption = label("second")
        caption.setBuddy(field)
        self._hint = label("hint", wrap=True)
        self._error = label("error", wrap=True)
        self._error.hide()
        self._hint.setVisible(bool(hint))
        self.say(caption.setText, name)
        self.say(field.setAccessibleName, name)
        if hint:
            self.say(self._hint.setText, hint)
        self.setLayout(column(caption, field, self._hint, self._error, spacing=4))

    def show_error(self, text: str) -> None:
        """Say what is wrong; empty text clears it."""
        self._error.setText(text)
        self._error.setVisible(bool(text))
        restyle(self.field, "wrong", bool(text))

    def error(self) -> str:
        return self._error.text()

    def text(self) -> str:
        """The text of a line edit; raises TypeError around another widget."""
        if not isinstance(self.field, QLineEdit):
            raise TypeError("not a line edit")
        return self.field.text()
