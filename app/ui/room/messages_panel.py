"""Messages of the room: everything written here goes into the record, and the panel says so."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from app.ui import texts
from app.ui.i18n import tr
from app.ui.models import MessageRow
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice

LONGEST = 2000


class MessagesPanel(View):
    """Signals:
    sent(str, str): text and scope (all, officer, committee).
    """

    sent = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._messages: tuple[MessageRow, ...] = ()
        self._scopes: tuple[str, ...] = ("all",)
        inside = QWidget()
        inside.setProperty("role", "inside")
        self._rows = column(spacing=10)
        inside.setLayout(self._rows)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setWidget(inside)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scope = Choice()
        self._draft = QPlainTextEdit()
        self._draft.setFixedHeight(64)
        self._draft.setTabChangesFocus(True)
        self._draft.installEventFilter(self)
        self._send = Button("plain")
        self._send.clicked.connect(self._emit)
        note = label("hint", wrap=True)
        self.say(self._draft.setPlaceholderText, "输入消息，Ctrl+Enter 发送")
        self.say(self._draft.setAccessibleName, "消息")
        self.say(self._send.setText, "发送")
        self.say(self._scope.setAccessibleName, "发送给")
        self.say(note.setText, "消息记入案卷")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._area, 1)
        layout.addWidget(self._draft)
        foot = row(self._scope, None, self._send, spacing=8)
        layout.addLayout(foot)
        layout.addWidget(note)
        self.show_scopes(self._scopes)

    def show_scopes(self, scopes: tuple[str, ...]) -> None:
        """Whom I may write to, as codes."""
        self._scopes = scopes
        current = self._scope.currentIndex()
        self._scope.clear()
        self._scope.addItems([texts.word("scope", scope) for scope in scopes])
        self._scope.setCurrentIndex(max(0, min(current, len(scopes) - 1)))

    def show_messages(self, messages: tuple[MessageRow, ...]) -> None:
        """Oldest first; one not yet in the record is dimmed and says so."""
        if messages != self._messages:
            self._messages = messages
            self._show()

    def retranslate(self) -> None:
        self.show_scopes(self._scopes)
        self._show()

    def draft(self) -> str:
        return self._draft.toPlainText()

    def type_draft(self, text: str) -> None:
        """Fill in the draft (restored after a reconnect)."""
        self._draft.setPlainText(text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            watched is self._draft
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            and event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self._emit()
            return True
        return False

    def _show(self) -> None:
        bar = self._area.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 4
        clear(self._rows)
        for message in self._messages:
            self._rows.addWidget(_message(message))
        self._rows.addStretch(1)
        if at_end:
            self._rows.activate()
            bar.setValue(bar.maximum())

    def _emit(self) -> None:
        text = self._draft.toPlainText().strip()[:LONGEST]
        if text:
            self.sent.emit(text, self._scopes[max(0, self._scope.currentIndex())])
            self._draft.clear()


def _message(message: MessageRow) -> QFrame:
    frame = QFrame()
    head = f"{texts.clock_time(message.at)}　{message.sender}"
    if message.scope != "all":
        head += "　" + texts.word("scope", message.scope)
    if not message.recorded:
        head += "　" + tr("尚未记入")
    body = label("second" if not message.recorded else "body", message.text, wrap=True, selectable=True)
    frame.setLayout(column(label("hint", head), body, spacing=2))
    return frame
