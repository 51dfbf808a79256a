"""Time left, in minutes and seconds, announced at 10, 5 and 1 minutes; it never blinks."""

from datetime import datetime

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent
from PySide6.QtWidgets import QWidget

from app.clock import Clock
from app.ui.i18n import tr
from app.ui.view import View, label, restyle, row

ANNOUNCED_AT = (600, 300, 60)


def countdown_text(seconds: float) -> str:
    """``21:46``, ``1:02:03`` from an hour on, ``0:00`` when over."""
    left = max(0, int(-(-seconds // 1)))
    hours, rest = divmod(left, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes:02d}:{secs:02d}"


class CountdownLabel(View):
    """Counts to a moment of the host's clock.

    ``clock`` must already carry the measured offset to the host. A paused countdown stands still and says so.

    Signals:
        over(): the moment has come (once for each :meth:`run`).
    """

    over = Signal()

    def __init__(self, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._until: datetime | None = None
        self._frozen: float | None = None
        self._announced: set[int] = set()
        self._caption = label("second")
        self._digits = label("clock")
        self.setLayout(row(self._caption, self._digits, spacing=10))
        self._timer = QTimer(self)
        self._timer.setInterval(250)
        self._timer.timeout.connect(self._tick)
        self._show("", "--:--")

    def run(self, until: datetime) -> None:
        """Count down to ``until`` (aware UTC)."""
        if until != self._until or self._frozen is not None:
            self._announced = {mark for mark in ANNOUNCED_AT if (until - self._clock.now()).total_seconds() <= mark}
        self._until, self._frozen = until, None
        self._timer.start()
        self._tick()

    def freeze(self, seconds_left: float) -> None:
        """Stand still, as when the case is paused."""
        self._frozen = seconds_left
        self._timer.stop()
        self._show(tr("已暂停"), countdown_text(seconds_left))

    def stop(self) -> None:
        """Show no time."""
        self._until = self._frozen = None
        self._timer.stop()
        self._show("", "--:--")

    def text(self) -> str:
        return self._digits.text()

    def retranslate(self) -> None:
        if self._frozen is not None:
            self.freeze(self._frozen)
        elif self._until is not None:
            self._tick()

    def _tick(self) -> None:
        if self._until is None:
            return
        left = (self._until - self._clock.now()).total_seconds()
        self._show(tr("剩余"), countdown_text(left))
        restyle(self._digits, "kind", "clock")
        for mark in ANNOUNCED_AT:
            if left <= mark and mark not in self._announced:
                self._announced.add(mark)
                self._announce(tr("剩余 {minutes} 分钟", minutes=mark // 60))
        if left <= 0:
            self._timer.stop()
            self._until = None
            self.over.emit()

    def _announce(self, sentence: str) -> None:
        self.setAccessibleName(sentence)
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def _show(self, caption: str, digits: str) -> None:
        self._caption.setText(caption)
        self._digits.setText(digits)
