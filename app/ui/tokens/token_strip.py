"""The line at the foot of the window: which token is in, whose, until when; not where a screen says it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QWidget

from app.ui.home.home_screen import token_chip
from app.ui.i18n import tr
from app.ui.models import TokenState, TokenView
from app.ui.view import View, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Chip, Tone


class TokenStrip(View):
    """Signals:
    tokens_requested(): open the page of the tokens.
    """

    tokens_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._token: TokenView | None = None
        self._others = 0
        frame = QFrame()
        frame.setProperty("role", "bar")
        self._chip = Chip()
        self._more = label("hint")
        link = Button("link")
        link.clicked.connect(self.tokens_requested)
        self.say(link.setText, "CA 证书")
        frame.setLayout(row(self._chip, self._more, None, link, spacing=10, margins=(20, 4, 20, 4)))
        self.setLayout(column(frame))
        self.retranslate()

    def show_token(self, token: TokenView | None, others: int) -> None:
        """The token at a glance, and how many more are plugged in."""
        if (token, others) != (self._token, self._others):
            self._token, self._others = token, others
            self.retranslate()

    def text(self) -> str:
        return self._chip.text

    def retranslate(self) -> None:
        self._chip.show_state(*token_chip(self._token))
        self._more.setText(tr("另有 {count} 支", count=self._others) if self._others > 0 else "")
        if self._token is not None and self._token.state is TokenState.REMOVED:
            self._chip.show_state(self._chip.text, Tone.WARN)
