"""Microphone, camera, screen, hand; mute all and lock outside any menu."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from app.ui.i18n import tr
from app.ui.models import RoomView
from app.ui.view import View, restyle, row
from app.ui.widgets.buttons import Button, RoundButton

NARROW = 560
"""Pixels; below it the bar has icons only."""


class ControlBar(View):
    """Shows what is on; asks for changes, and shows them only when the next snapshot has them.

    Signals:
        mute_requested(bool), camera_requested(bool), hand_requested(bool): the state wanted.
        screen_requested(): share or stop sharing a screen.
        mute_all_requested(bool), lock_requested(bool): officer only.
        float_requested(): video in its own window, or back.
        leave_requested(): leave the room.
    """

    mute_requested = Signal(bool)
    camera_requested = Signal(bool)
    hand_requested = Signal(bool)
    screen_requested = Signal()
    mute_all_requested = Signal(bool)
    lock_requested = Signal(bool)
    float_requested = Signal()
    leave_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view: RoomView | None = None
        self.microphone = RoundButton("mic-off")
        self.camera = RoundButton("camera-off")
        self.share = RoundButton("screen")
        self.hand = RoundButton("hand")
        self.floating = RoundButton("window")
        self.leave = RoundButton("leave")
        self.mute_all, self.lock = Button("plain", "mic-off"), Button("plain", "lock")
        self.microphone.clicked.connect(lambda: self.mute_requested.emit(not self._state("muted")))
        self.camera.clicked.connect(lambda: self.camera_requested.emit(not self._state("camera")))
        self.hand.clicked.connect(lambda: self.hand_requested.emit(not self._state("hand")))
        self.share.clicked.connect(self.screen_requested)
        self.mute_all.clicked.connect(lambda: self.mute_all_requested.emit(not self._state("all_muted")))
        self.lock.clicked.connect(lambda: self.lock_requested.emit(not self._state("locked")))
        self.floating.clicked.connect(self.float_requested)
        self.leave.clicked.connect(self.leave_requested)
        self.setLayout(
            row(
                None, self.microphone, self.camera, self.share, self.hand, self.mute_all, self.lock, self.floating,
                self.leave, None, spacing=10, margins=(0, 6, 0, 6),
            )
        )  # fmt: skip

    def show_room(self, view: RoomView) -> None:
        """Show what is on, and what I may do."""
        self._view = view
        publishes = "publish" in view.may
        self.microphone.show_state(
            "mic-off" if view.muted else "mic",
            "round-off" if view.muted else "round",
            tr("打开麦克风 (M)") if view.muted else tr("静音 (M)"),
        )
        self.camera.show_state(
            "camera" if view.camera else "camera-off",
            "round" if view.camera else "round-off",
            tr("关闭摄像头 (V)") if view.camera else tr("打开摄像头 (V)"),
        )
        self.share.show_state("screen", "round", tr("共享屏幕"))
        self.hand.show_state(
            "hand", "round-on" if view.hand else "round", tr("放下手 (H)") if view.hand else tr("举手 (H)")
        )
        self.floating.show_state("window", "round", tr("视频移到单独窗口"))
        self.leave.show_state("leave", "round", tr("离开会议"))
        for button in (self.microphone, self.camera):
            button.setVisible(publishes)
        self.share.setVisible("share_screen" in view.may)
        self.hand.setVisible("raise_hand" in view.may)
        self._name_wide(view)
        self.lock.show_icon("unlock" if view.locked else "lock")
        self.mute_all.setVisible("mute_all" in view.may)
        self.lock.setVisible("lock_room" in view.may)
        for toggled, on in ((self.mute_all, view.all_muted), (self.lock, view.locked)):
            restyle(toggled, "on", on)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._view is not None:
            self._name_wide(self._view)

    def _name_wide(self, view: RoomView) -> None:
        """The words of the officer's two buttons; in a narrow window their icons alone, never half a word."""
        words = (
            (self.mute_all, tr("取消全体静音") if view.all_muted else tr("全体静音")),
            (self.lock, tr("解除锁定") if view.locked else tr("锁定入场")),
        )
        for button, text in words:
            button.setText(text if self.width() >= NARROW else "")
            button.setToolTip("" if self.width() >= NARROW else text)
            button.setAccessibleName(text)

    def retranslate(self) -> None:
        if self._view is not None:
            self.show_room(self._view)

    def _state(self, name: str) -> bool:
        return bool(getattr(self._view, name, False))
