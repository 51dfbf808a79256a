"""Nothing here yet, and what the first step is."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from app.ui.icons import IconLabel
from app.ui.view import View, column, label, row
from app.ui.widgets.buttons import Button


class EmptyState(View):
    """An icon, a line, an explanation, at most one act.

    Signals:
        acted(): the button was pressed.
    """

    acted = Signal()

    def __init__(self, icon: str, title: str, hint: str, act: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        picture = IconLabel(icon, "text3", 40)
        heading, text = label("section"), label("second", wrap=True)
        for part in (heading, text):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        text.setFixedWidth(480)
        self.say(heading.setText, title)
        self.say(text.setText, hint)
        button = Button("primary")
        button.clicked.connect(self.acted)
        button.setVisible(bool(act))
        if act:
            self.say(button.setText, act)
        self.setLayout(
            column(None, row(None, picture, None), heading, row(None, text, None), row(None, button, None), None)
        )
