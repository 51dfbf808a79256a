"""The frame of every dialog: a title, content, buttons at the right, one answer."""

from typing import Generic, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.ui.view import Item, column, label, row
from app.ui.widgets.buttons import Button

T = TypeVar("T")


class DeskDialog(QDialog, Generic[T]):
    """A question with named endings; await it through ``async_bridge.ask``.

    A dialog lives for one question and speaks the language of the moment it opened in.

    Attributes:
        content: the layout between title and buttons.
        buttons: the row of buttons, filled from the right side.
    """

    def __init__(self, title: str, parent: QWidget | None = None, *, width: int = 480) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setWindowModality(Qt.WindowModality.WindowModal if parent else Qt.WindowModality.ApplicationModal)
        self.setMinimumWidth(width)
        self.content: QVBoxLayout = column(spacing=12)
        self.buttons: QHBoxLayout = row(None, spacing=10)
        heading = label("title", title, wrap=True)
        self.setLayout(column(heading, self.content, 4, self.buttons, spacing=14, margins=(24, 22, 24, 20)))

    def add(self, *items: Item) -> None:
        """Append to the content."""
        for item in items:
            if item is None:
                self.content.addStretch(1)
            elif isinstance(item, int):
                self.content.addSpacing(item)
            elif isinstance(item, QWidget):
                self.content.addWidget(item)
            else:
                self.content.addLayout(item)

    def add_button(
        self, text: str, role: str = "plain", *, accept: bool | None = None, default: bool = False
    ) -> Button:
        """A button at the right; ``accept`` True ends the dialog with yes, False with no, None does nothing yet."""
        button = Button(role, text=text)
        if accept is not None:
            button.clicked.connect(self.accept if accept else self.reject)
        button.setDefault(default)
        self.buttons.addWidget(button)
        return button

    def answer(self) -> T:
        """What the person chose; read after the dialog has ended."""
        raise NotImplementedError

    @property
    def accepted_now(self) -> bool:
        return self.result() == QDialog.DialogCode.Accepted
