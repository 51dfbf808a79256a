"""The small window of a rehearsal: where it stands, how fast it goes, the windows of its people."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QSlider, QWidget

from app.clock import Clock
from app.ui import texts
from app.ui.i18n import tr
from app.ui.icons import IconLabel
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone

STEPS = ("tokens", "host", "bid", "opening", "evaluation", "archive", "done")
PACE_MS = 250
PACE_MOST = 20


class RehearsalControl(View):
    """Signals:
    paced(float): seconds to wait before each act.
    window_asked(str): show this role's window.
    archive_asked(): show the archive that was written.
    closed(): the window was closed: the rehearsal ends.
    """

    paced = Signal(float)
    window_asked = Signal(str)
    archive_asked = Signal()
    closed = Signal()

    def __init__(self, clock: Clock, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowFlag(Qt.WindowType.Window)
        self.setProperty("role", "page")
        self._clock, self._title = clock, title
        self._began = clock.monotonic()
        self._step, self._bids, self._over, self._problem = "", 0, False, ""
        self._roles: list[str] = []
        self._heading, self._elapsed = label("section", title, wrap=True), label("second")
        self._mark = Chip("", Tone.WARN)
        self._rows = column(spacing=6)
        self.pace = QSlider(Qt.Orientation.Horizontal)
        self.pace.setRange(0, PACE_MOST)
        self.pace.valueChanged.connect(self._set_pace)
        self._pace_text = label("second")
        self._windows = row(spacing=8)
        self._note = label("second", wrap=True)
        self.archive, self.end = Button("primary", "archive"), Button("danger", "stop")
        self.archive.clicked.connect(self.archive_asked)
        self.end.clicked.connect(self.close)
        self.say(self.pace.setAccessibleName, "自动动作的间隔")
        self.say(self.archive.setText, "查看档案")
        self.say(self.end.setText, "结束演练")
        card = Card()
        top = row(self._heading, self._mark, spacing=10)
        top.setStretch(0, 1)
        card.add(top, self._elapsed, self._rows, row(self._pace_text, self.pace, spacing=10), self._windows)
        card.add(self._note, None, row(None, self.archive, self.end))
        self.setLayout(column(card, margins=(12, 12, 12, 12)))
        self.resize(460, 520)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._count)
        self._timer.start()
        self.retranslate()

    def show_step(self, step: str) -> None:
        """A code of what is happening."""
        self._bids += step == "bid"
        self._step = step
        self.retranslate()

    def show_role(self, role: str) -> None:
        """This role has a window now."""
        self._roles.append(role)
        self.retranslate()

    def show_end(self, problem: str = "") -> None:
        """It is over; ``problem`` says why when it did not get through."""
        self._over, self._problem = True, problem
        if not problem:
            self._step = "done"
        self._timer.stop()
        self.retranslate()

    def retranslate(self) -> None:
        self.setWindowTitle(tr("【演练】") + self._title)
        self._mark.show_state(tr("演练，不具法律效力"), Tone.WARN)
        words = {
            "tokens": tr("制作演练用证书"),
            "host": tr("建立项目并启动主机"),
            "bid": tr("加密并递交投标文件（{count} 份）", count=self._bids),
            "opening": tr("开标"),
            "evaluation": tr("评审"),
            "archive": tr("归档"),
            "done": tr("完成"),
        }
        clear(self._rows)
        here = STEPS.index(self._step) if self._step in STEPS else -1
        for place, step in enumerate(STEPS):
            done = place < here or step == self._step == "done"
            now = place == here and not done
            failed = now and bool(self._problem)
            icon, shade = ("check", "ok") if done else ("play", "primary") if now else ("minus", "text3")
            line = label("strong" if now else "body" if done else "second", words[step])
            self._rows.addLayout(
                row(IconLabel("error" if failed else icon, "bad" if failed else shade, 18), line, None)
            )
        clear(self._windows)
        for role in self._roles:
            button = Button("small", "window", texts.word("role", role))
            button.clicked.connect(lambda _=False, role=role: self.window_asked.emit(role))
            button.setEnabled(not self._over)
            self._windows.addWidget(button)
        self._windows.addStretch(1)
        hint = tr("每个窗口右上角可以在“自动”与“接管”之间切换；接管后由您操作，其他人继续自动。")
        self._note.setText(self._problem or ("" if self._over else hint))
        self.archive.setVisible(self._over and not self._problem)
        self.end.setText(tr("关闭") if self._over else tr("结束演练"))
        self.pace.setEnabled(not self._over)
        self._set_pace(self.pace.value())
        self._count()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._timer.stop()
        self.closed.emit()
        super().closeEvent(event)

    def _set_pace(self, value: int) -> None:
        seconds = value * PACE_MS / 1000
        self._pace_text.setText(tr("动作间隔 {seconds} 秒", seconds=f"{seconds:.2f}"))
        self.paced.emit(seconds)

    def _count(self) -> None:
        seconds = int(self._clock.monotonic() - self._began)
        self._elapsed.setText(tr("已进行 {minutes} 分 {seconds} 秒", minutes=seconds // 60, seconds=seconds % 60))
