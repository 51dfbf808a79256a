"""The room's shell: top bar, agenda, video above the step's panel, people and record at the right."""

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit, QVBoxLayout, QWidget

from app.clock import Clock
from app.ui.i18n import tr
from app.ui.models import Link, RoomView, TileView
from app.ui.room.agenda_panel import AgendaPanel
from app.ui.room.control_bar import ControlBar
from app.ui.room.room_top import RoomTop
from app.ui.room.side_panel import SidePanel
from app.ui.room.step_panel import StepPanel
from app.ui.room_snapshot import disk_warning
from app.ui.view import View, column, row
from app.ui.widgets.banner import Banner
from app.ui.widgets.chip import Tone
from app.ui.widgets.shortcut_sheet import ShortcutSheet
from app.ui.widgets.split_view import SplitView
from app.ui.widgets.video_grid import VideoGrid


class VideoWindow(QWidget):
    """The video in a window of its own (two screens are usual); closing it brings the video back.

    Signals:
        closed(): the window was closed.
    """

    closed = Signal()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closed.emit()
        super().closeEvent(event)


class RoomScreen(View):
    """Feed it with :meth:`show_room` and :meth:`show_tiles`; put the step's panel in with :meth:`set_step`.

    Attributes:
        top, agenda, video, controls, side: the parts, whose signals the adapter listens to.

    Signals:
        command_requested(object): from the step panel.
        document_requested(str): from the step panel or the file list.
        talk_held(bool): the space bar went down or up.
        spoken_anew(): the language changed; words inside what was shown are to be given again.
    """

    command_requested = Signal(object)
    document_requested = Signal(str)
    talk_held = Signal(bool)
    spoken_anew = Signal()
    shows_token = True

    def __init__(self, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self._view: RoomView | None = None
        self._floating: VideoWindow | None = None
        self._talking = False
        self.top, self.agenda, self.side = RoomTop(clock), AgendaPanel(), SidePanel()
        self.video, self.controls = VideoGrid(clock), ControlBar()
        self.banner = Banner(clock)
        self.step: StepPanel[Any] | None = None
        self._upper = QWidget()
        self._upper_layout = column(self.video, self.controls, spacing=2)
        self._upper_layout.setStretch(0, 1)
        self._upper.setLayout(self._upper_layout)
        self._lower = QWidget()
        self._lower_layout = column()
        self._lower.setLayout(self._lower_layout)
        self.middle = SplitView(Qt.Orientation.Vertical)
        self.middle.addWidget(self._upper)
        self.middle.addWidget(self._lower)
        self.middle.set_shares([0.62, 0.38])
        self.across = SplitView(Qt.Orientation.Horizontal)
        self.across.addWidget(self.middle)
        self.across.addWidget(self.side)
        self.across.set_shares([0.73, 0.27])
        self.across.setStretchFactor(0, 1)
        self.across.setStretchFactor(1, 0)
        body = row(self.agenda, self.across, spacing=12)
        body.setStretch(1, 1)
        below = column(self.banner, body, spacing=8, margins=(12, 12, 12, 12))
        below.setStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.top)
        layout.addLayout(below, 1)
        self.controls.float_requested.connect(self.toggle_floating)
        self.side.files.opened.connect(self.document_requested)
        self._bind_keys()
        self.say(self.video.setAccessibleName, "视频")

    def show_room(self, view: RoomView) -> None:
        """Show everything anew."""
        self._view = view
        for part in (self.top, self.agenda, self.controls, self.side):
            part.show_room(view)
        self._show_link()

    def show_tiles(self, tiles: tuple[TileView, ...]) -> None:
        """The video tiles of this moment."""
        self.video.show_tiles(tiles)

    def set_step(self, panel: StepPanel[Any]) -> None:
        """Put the panel of the current step in; the one before is deleted."""
        if self.step is panel:
            return
        if self.step is not None:
            self.step.setParent(None)
            self.step.deleteLater()
        self.step = panel
        panel.command_requested.connect(self.command_requested)
        panel.document_requested.connect(self.document_requested)
        self._lower_layout.addWidget(panel)
        self._show_link()

    def focus_step(self, alone: bool) -> None:
        """Give the step's panel the whole room (an expert's desk), or bring agenda, video and side back."""
        for part in (self.agenda, self._upper, self.side):
            part.setVisible(not alone)

    def toggle_floating(self) -> None:
        """Video into its own window, or back."""
        if self._floating is not None:
            self._floating.close()
            return
        window = VideoWindow(None)
        window.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        window.setProperty("role", "page")
        window.setWindowTitle(self._view.top.title if self._view else tr("视频"))
        layout = QVBoxLayout(window)
        layout.addWidget(self.video)
        window.closed.connect(self._bring_back)
        window.resize(960, 640)
        self._floating = window
        window.show()

    @property
    def floating(self) -> bool:
        return self._floating is not None

    def retranslate(self) -> None:
        self._show_link()
        self.spoken_anew.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._floating is not None:
            self._floating.close()
        super().closeEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            if event.type() == QEvent.Type.KeyPress and self._may_talk(watched):
                self._talk(True)
                return True
            if event.type() == QEvent.Type.KeyRelease and self._talking:
                self._talk(False)
                return True
        if event.type() == QEvent.Type.WindowDeactivate and self._talking:
            self._talk(False)
        return False

    def showEvent(self, event: QEvent) -> None:
        self.window().installEventFilter(self)

    def next_pane(self) -> None:
        """F6: the focus goes to the next part of the screen."""
        panes = [pane for pane in (self.step, self.side, self.controls, self.top) if pane is not None]
        focused = self.focusWidget()
        here = next((n for n, pane in enumerate(panes) if focused and pane.isAncestorOf(focused)), -1)
        for offset in range(1, len(panes) + 1):
            target = _first_focusable(panes[(here + offset) % len(panes)])
            if target is not None:
                target.setFocus(Qt.FocusReason.TabFocusReason)
                return

    def _show_link(self) -> None:
        if self._view is None:
            return
        link = self._view.link
        if link == Link.RECONNECTING:
            self.banner.reconnecting()
        elif link == Link.LOST:
            self.banner.say_it(tr("与主机的联系已中断。画面是断开前的状态。"), Tone.BAD)
        elif self._view.disk is not None:
            self.banner.say_it(disk_warning(self._view.disk), Tone.BAD)
        elif self._view.paused:
            self.banner.say_it(tr("会议已暂停，各项时限停止计算。"), Tone.INFO)
        else:
            self.banner.clear()
        if self.step is not None:
            self.step.setEnabled(link == Link.CONNECTED)
        self.controls.setEnabled(link == Link.CONNECTED)

    def _bring_back(self) -> None:
        window, self._floating = self._floating, None
        self._upper_layout.insertWidget(0, self.video, 1)
        self.video.show()
        if window is not None:
            window.deleteLater()

    def _bind_keys(self) -> None:
        for number in range(4):
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number + 1}"), self)
            shortcut.activated.connect(lambda index=number: self.side.tabs.choose(index))
        for keys, act in (
            ("M", self.controls.microphone.click),
            ("V", self.controls.camera.click),
            ("H", self.controls.hand.click),
            ("F6", self.next_pane),
            ("?", self.show_keys),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(act)

    def show_keys(self) -> None:
        """The list of keys."""
        ShortcutSheet(self.window()).open()

    def _may_talk(self, watched: QObject) -> bool:
        focused = self.focusWidget()
        writing = isinstance(focused, QLineEdit | QPlainTextEdit | QTextEdit | QAbstractSpinBox | QComboBox)
        return self._view is not None and "publish" in self._view.may and not writing and not self._talking

    def _talk(self, held: bool) -> None:
        self._talking = held
        self.talk_held.emit(held)


def _first_focusable(pane: QWidget) -> QWidget | None:
    for child in pane.findChildren(QWidget):
        if child.isVisibleTo(pane) and child.isEnabled() and child.focusPolicy() & Qt.FocusPolicy.TabFocus:
            return child
    return None
