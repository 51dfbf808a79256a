"""入会检查: the own picture first, everything off until confirmed; joining is the only default."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from app.ui import texts
from app.ui.devices.camera import Camera
from app.ui.devices.sound import Microphone, Speaker
from app.ui.i18n import tr
from app.ui.models import CaseRow, CheckLine, CheckState, TileView
from app.ui.preferences import Preferences
from app.ui.prepare.check_list import CheckList
from app.ui.view import View, column, label, row
from app.ui.widgets.buttons import Button, RoundButton
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.choice import Choice
from app.ui.widgets.form_field import FormField
from app.ui.widgets.meter import Meter
from app.ui.widgets.top_bar import TopBar
from app.ui.widgets.video_tile import VideoTile

HEARD = 0.25
DEVICE_LINES = ("camera", "microphone", "speaker")


class PrepareScreen(View):
    """Devices are checked here; the other lines come from outside with :meth:`show_checks`.

    Camera and microphone are off until the person turns them on; what was chosen is in :attr:`camera_on` and
    :attr:`microphone_on` when ``join_requested`` is emitted.
    The devices stay open for the room.

    Signals:
        join_requested(), back().
        check_again(str): repeat a check that is not about devices.
    """

    join_requested = Signal()
    back = Signal()
    check_again = Signal(str)

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self._preferences = preferences
        self.camera, self.microphone, self.speaker = Camera(self), Microphone(self), Speaker(self)
        self._case: CaseRow | None = None
        self._name = ""
        self._checks: tuple[CheckLine, ...] = ()
        self._problems: dict[str, str] = {}
        self._heard = self._played = False
        self._bar = TopBar()
        leave = Button("ghost", "arrow-left")
        leave.clicked.connect(self.back)
        self.say(leave.setAccessibleName, "返回")
        self._rehearsal = Chip("", Tone.WARN)
        self._bar.lead(leave)
        self._bar.add(self._rehearsal)
        self._tile = VideoTile(self._own_tile(video=False))
        self._tile.setMinimumSize(420, 280)
        self._camera_button, self._microphone_button = RoundButton("camera-off"), RoundButton("mic-off")
        self._camera_button.clicked.connect(self.toggle_camera)
        self._microphone_button.clicked.connect(self.toggle_microphone)
        self._cameras, self._microphones, self._speakers = Choice(), Choice(), Choice()
        self._meter = Meter()
        self._test = Button("plain", "play")
        self._test.clicked.connect(self.test_speaker)
        self.say(self._test.setText, "播放测试音")
        self._devices_card = self._make_devices()
        self._list = CheckList()
        self._list.again.connect(self._check_again)
        self._note = label("second", wrap=True)
        self.join = Button("primary")
        self.join.setMinimumWidth(140)
        self.join.setDefault(True)
        self.join.clicked.connect(self.join_requested)
        self.say(self.join.setText, "加入会议")
        self._lay_out()
        self.camera.pictured.connect(self._show_picture)
        self.camera.failed.connect(lambda code: self._problem("camera", code))
        self.microphone.level.connect(self._show_level)
        self.microphone.failed.connect(lambda code: self._problem("microphone", code))
        self.speaker.failed.connect(lambda code: self._problem("speaker", code))
        for device in (self.camera, self.microphone, self.speaker):
            device.devices_changed.connect(self._list_devices)
        self._list_devices()
        self.retranslate()

    @property
    def camera_on(self) -> bool:
        return self.camera.running

    @property
    def microphone_on(self) -> bool:
        return self.microphone.running

    def show_case(self, case: CaseRow, name: str) -> None:
        """Which case is joined, and as whom."""
        self._case, self._name = case, name
        self._tile.show_tile(self._own_tile(video=self.camera.running))
        self.retranslate()

    def show_checks(self, lines: tuple[CheckLine, ...]) -> None:
        """The lines about network, clock, token, disk and reach."""
        self._checks = lines
        self._show_lines()

    def lines(self) -> tuple[CheckLine, ...]:
        """All lines as shown."""
        return (*self._device_lines(), *self._checks)

    def toggle_camera(self) -> None:
        """Camera on or off."""
        self._problems.pop("camera", None)
        if self.camera.running:
            self.camera.stop()
            self._tile.show_tile(self._own_tile(video=False))
        else:
            self._tile.show_tile(self._own_tile(video=True))
            self.camera.start(self._cameras.currentText())
        self._show_lines()

    def toggle_microphone(self) -> None:
        """Microphone on or off."""
        self._problems.pop("microphone", None)
        self._heard = False
        if self.microphone.running:
            self.microphone.stop()
            self._meter.show_level(0)
        else:
            self.microphone.start(self._microphones.currentText())
        self._show_lines()

    def test_speaker(self) -> None:
        """Play two notes."""
        self._problems.pop("speaker", None)
        self.speaker.start(self._speakers.currentText())
        self.speaker.play_test()
        self._played = self.speaker.running
        self._show_lines()

    def stop_devices(self) -> None:
        """Everything off; called when the person goes back."""
        for device in (self.camera, self.microphone, self.speaker):
            device.stop()
        self._show_lines()

    def retranslate(self) -> None:
        for box in (self._cameras, self._microphones, self._speakers):
            box.setPlaceholderText(tr("没有找到"))
        if self._case is not None:
            words = [self._case.number, texts.full_time(self._case.starts)]
            self._bar.say_title(tr("入会检查　{name}", name=self._case.name), "　".join(words))
            self._rehearsal.setVisible(self._case.rehearsal)
        else:
            self._bar.say_title(tr("入会检查"))
            self._rehearsal.hide()
        self._rehearsal.show_state(tr("演练，不具法律效力"), Tone.WARN)
        self._note.setText(
            tr(
                "您将以 {name}（{role}）加入。会议全程录音录像；没有摄像头或麦克风，也可以签到、解密、确认和签署。",
                name=self._name or "—",
                role=self._role() or "—",
            )
        )
        self._show_lines()

    def _own_tile(self, *, video: bool) -> TileView:
        role = self._case.role if self._case else ""
        return TileView(source_id="me", name=self._name, role=role, video=video, network=None)

    def _role(self) -> str:
        return texts.word("role", self._case.role) if self._case else ""

    def _make_devices(self) -> Card:
        card = Card()
        for box, name, key in (
            (self._cameras, "摄像头", "camera"),
            (self._microphones, "麦克风", "microphone"),
            (self._speakers, "扬声器", "speaker"),
        ):
            self.say(box.setAccessibleName, name)
            box.activated.connect(lambda _index, key=key: self._chosen(key))
        meter = row(self._meter, spacing=8)
        card.add(
            FormField("摄像头", self._cameras),
            FormField("麦克风", self._microphones),
            meter,
            FormField("扬声器", self._speakers),
            row(self._test, None),
        )
        return card

    def _lay_out(self) -> None:
        picture = Card()
        buttons = row(None, self._microphone_button, self._camera_button, None, spacing=12)
        picture.add(self._tile, buttons)
        picture.body.setStretch(0, 1)
        left = column(picture, self._devices_card, spacing=12)
        left.setStretch(0, 1)
        checks = Card(heading=True)
        self.say(checks.title.setText, "检查")
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(self._list, None))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        foot = row(self._note, self.join, spacing=16)
        foot.setStretch(0, 1)
        checks.add(area, foot)
        checks.body.setStretch(1, 1)
        body = row(left, checks, spacing=12, margins=(20, 16, 20, 16))
        body.setStretch(0, 5)
        body.setStretch(1, 6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._bar)
        layout.addLayout(body, 1)

    def _list_devices(self) -> None:
        for box, names, chosen in (
            (self._cameras, Camera.names(), self._preferences.camera),
            (self._microphones, Microphone.names(), self._preferences.microphone),
            (self._speakers, Speaker.names(), self._preferences.speaker),
        ):
            box.clear()
            box.addItems(names)
            box.setEnabled(bool(names))
            if chosen in names:
                box.setCurrentIndex(names.index(chosen))
        self._show_lines()

    def _chosen(self, key: str) -> None:
        box = {"camera": self._cameras, "microphone": self._microphones, "speaker": self._speakers}[key]
        setattr(self._preferences, key, box.currentText())
        devices: dict[str, Camera | Microphone | Speaker] = {
            "camera": self.camera,
            "microphone": self.microphone,
            "speaker": self.speaker,
        }
        device = devices[key]
        if device.running:
            device.start(box.currentText())

    def _device_lines(self) -> tuple[CheckLine, ...]:
        return (self._camera_line(), self._microphone_line(), self._speaker_line())

    def _camera_line(self) -> CheckLine:
        if "camera" in self._problems:
            return CheckLine(code="camera", state=CheckState.ATTENTION, finding=self._problems["camera"])
        if not Camera.names():
            return CheckLine(code="camera", state=CheckState.ATTENTION, finding="camera.none")
        if not self.camera.running:
            return CheckLine(code="camera", state=CheckState.WAITING, finding="camera.off")
        facts: dict[str, str | int] = {"name": self._cameras.currentText()}
        state = CheckState.PASSED if self._tile.has_picture else CheckState.RUNNING
        return CheckLine(code="camera", state=state, finding="camera.ok", facts=facts)

    def _microphone_line(self) -> CheckLine:
        if "microphone" in self._problems:
            return CheckLine(code="microphone", state=CheckState.ATTENTION, finding=self._problems["microphone"])
        if not Microphone.names():
            return CheckLine(code="microphone", state=CheckState.ATTENTION, finding="microphone.none")
        if not self.microphone.running:
            return CheckLine(code="microphone", state=CheckState.WAITING, finding="microphone.off")
        facts: dict[str, str | int] = {"name": self._microphones.currentText()}
        state = CheckState.PASSED if self._heard else CheckState.RUNNING
        return CheckLine(
            code="microphone", state=state, finding="microphone.ok" if self._heard else "microphone.silent", facts=facts
        )

    def _speaker_line(self) -> CheckLine:
        if "speaker" in self._problems or not Speaker.names():
            return CheckLine(code="speaker", state=CheckState.ATTENTION, finding="speaker.none")
        if not self._played:
            return CheckLine(code="speaker", state=CheckState.WAITING, finding="speaker.ask")
        return CheckLine(
            code="speaker", state=CheckState.PASSED, finding="speaker.ok", facts={"name": self._speakers.currentText()}
        )

    def _show_lines(self) -> None:
        self._list.show_lines(self.lines())
        self._camera_button.setEnabled(bool(Camera.names()))
        self._microphone_button.setEnabled(bool(Microphone.names()))
        self._camera_button.show_state(
            "camera" if self.camera.running else "camera-off",
            "round" if self.camera.running else "round-off",
            tr("关闭摄像头 (V)") if self.camera.running else tr("打开摄像头 (V)"),
        )
        self._microphone_button.show_state(
            "mic" if self.microphone.running else "mic-off",
            "round" if self.microphone.running else "round-off",
            tr("静音 (M)") if self.microphone.running else tr("打开麦克风 (M)"),
        )

    def _show_picture(self, picture: object) -> None:
        first = not self._tile.has_picture
        self._tile.mailbox.put(picture)  # type: ignore[arg-type]
        self._tile.refresh(stale=False)
        if first:
            self._show_lines()

    def _show_level(self, level: float) -> None:
        self._meter.show_level(level)
        if level > HEARD and not self._heard:
            self._heard = True
            self._show_lines()

    def _problem(self, key: str, code: str) -> None:
        self._problems[key] = code
        self._show_lines()

    def _check_again(self, code: str) -> None:
        if code in DEVICE_LINES:
            self._problems.pop(code, None)
            self._list_devices()
        else:
            self.check_again.emit(code)
