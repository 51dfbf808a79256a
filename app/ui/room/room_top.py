"""The room's top bar: case, recording, supervision, witnesses, token, end."""

from datetime import datetime

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from app.clock import Clock
from app.ui import texts
from app.ui.i18n import tr
from app.ui.models import RoomView, TokenState
from app.ui.view import View, column
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.top_bar import RecordingSign, TopBar

LOW_DISK_MINUTES = 120
TOKEN_TONES = {
    TokenState.READY: Tone.NEUTRAL,
    TokenState.EXPIRING: Tone.WARN,
    TokenState.PIN_LOW: Tone.WARN,
    TokenState.WORKING: Tone.INFO,
    TokenState.REMOVED: Tone.WARN,
}


class RoomTop(View):
    """Signals:
    end_requested(): the officer wants to end the meeting for everyone.
    """

    end_requested = Signal()

    def __init__(self, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._view: RoomView | None = None
        self.bar = TopBar()
        self.recording = RecordingSign()
        self._rehearsal, self._disk = Chip("", Tone.WARN), Chip("", Tone.WARN)
        self._supervision, self._witness, self._token = Chip(), Chip(), Chip()
        self.end = Button("danger")
        self.end.clicked.connect(self.end_requested)
        self.say(self.end.setText, "结束会议")
        self.bar.add(
            self.recording, self._disk, self._rehearsal, self._supervision, self._witness, self._token, self.end
        )
        self.setLayout(column(self.bar))
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._show_recording)
        self._timer.start()

    def show_room(self, view: RoomView) -> None:
        """Show everything anew."""
        self._view = view
        top = view.top
        parts = [top.number, texts.word("method", top.method), tr("主持人：{name}", name=top.officer)]
        self.bar.say_title(top.title, "　".join(part for part in parts if part), texts.word("room", view.room))
        self._rehearsal.setVisible(top.rehearsal)
        self._rehearsal.show_state(tr("演练，不具法律效力"), Tone.WARN)
        self._supervision.show_state(
            tr("监督在线 {count}", count=top.supervisors) if top.supervisors else tr("监督未在线"),
            Tone.INFO if top.supervisors else Tone.NEUTRAL,
        )
        record = top.record
        whole = record.expected > 0 and record.cosigned >= record.expected
        self._witness.show_state(
            tr("记录已见证 {count}/{all}", count=record.cosigned, all=record.expected), Tone.OK if whole else Tone.WARN
        )
        self._witness.setVisible(record.size > 0)
        self._token.setVisible(top.token is not None)
        if top.token is not None:
            state = texts.word("token_state", top.token.state)
            if top.token.tries_left is not None:
                state += "　" + tr("口令剩余 {count} 次", count=top.token.tries_left)
            self._token.show_state(state, TOKEN_TONES.get(top.token.state, Tone.BAD))
        self.end.setVisible("end" in view.may)
        self._show_recording()

    def retranslate(self) -> None:
        if self._view is not None:
            self.show_room(self._view)

    def _show_recording(self) -> None:
        if self._view is None:
            return
        top = self._view.top
        low = top.disk_full or (top.disk_minutes is not None and top.disk_minutes < LOW_DISK_MINUTES)
        self._disk.setVisible(low)
        left = tr("磁盘不足：还可录制 {minutes} 分钟", minutes=top.disk_minutes or 0)
        self._disk.show_state(tr("磁盘已满：录制已停止") if top.disk_full else left, Tone.BAD)
        if top.recording_since is None:
            self.recording.show_text(tr("未录制"), on=False)
            return
        text = tr("录制中 {time}", time=elapsed(top.recording_since, self._clock.now()))
        if top.disk_minutes is not None and not low:
            text += "　" + tr("剩余 {hours} 小时", hours=top.disk_minutes // 60)
        self.recording.show_text(text, on=True)


def elapsed(since: datetime, now: datetime) -> str:
    """``00:17:42``."""
    seconds = max(0, int((now - since).total_seconds()))
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
