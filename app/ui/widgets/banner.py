"""A line across the screen that stays until its reason is gone: reconnecting, disk low, supervision lost."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from app.clock import Clock
from app.ui.i18n import tr
from app.ui.icons import IconLabel
from app.ui.view import View, column, label, restyle
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Tone

_ICONS = {Tone.OK: "check", Tone.WARN: "warning", Tone.BAD: "error", Tone.INFO: "info", Tone.NEUTRAL: "info"}


class Banner(View):
    """One message with an optional act.

    Signals:
        acted(): the button was pressed.
    """

    acted = Signal()

    def __init__(self, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._since = 0.0
        self._frame = QFrame()
        self._icon = IconLabel("info", "primary")
        self._text = label("body", wrap=True)
        self._button = Button("small")
        self._button.clicked.connect(self.acted)
        inside = QHBoxLayout(self._frame)
        inside.setContentsMargins(14, 8, 14, 8)
        inside.setSpacing(10)
        inside.addWidget(self._icon)
        inside.addWidget(self._text, 1)
        inside.addWidget(self._button)
        self.setLayout(column(self._frame))
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._count)
        self.hide()

    def say_it(self, text: str, tone: Tone, act: str = "") -> None:
        """Show ``text``; ``act`` is the word on the button, empty for none."""
        self._timer.stop()
        self._put(text, tone, act)

    def reconnecting(self) -> None:
        """Count the seconds since the host was lost; calling it again goes on counting."""
        if not self._timer.isActive():
            self._since = self._clock.monotonic()
            self._timer.start()
        self._count()

    def clear(self) -> None:
        """The reason is gone."""
        self._timer.stop()
        self.hide()

    def text(self) -> str:
        return self._text.text()

    def retranslate(self) -> None:
        if self._timer.isActive():
            self._count()

    def _count(self) -> None:
        seconds = int(self._clock.monotonic() - self._since)
        self._put(
            tr("正在重新连接 {seconds} 秒。画面是断开前的状态，您的草稿已保留，恢复后自动继续。", seconds=seconds),
            Tone.WARN,
            "",
        )

    def _put(self, text: str, tone: Tone, act: str) -> None:
        restyle(self._frame, "role", f"banner-{'info' if tone is Tone.NEUTRAL else tone.value}")
        self._icon.show_icon(_ICONS[tone], {Tone.INFO: "primary", Tone.NEUTRAL: "primary"}.get(tone, tone.value))
        self._text.setText(text)
        self._button.setText(act)
        self._button.setVisible(bool(act))
        self.setAccessibleName(text)
        self.show()
