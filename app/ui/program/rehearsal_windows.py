"""The window of one player of a rehearsal: the room as that person has it, played automatically or by a human."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QFrame, QWidget

from app.clock import Clock
from app.errors import BidroomError
from app.media.router import WantedTile
from app.media.subscriber import SlotStats
from app.rehearsal.player import Player
from app.session.rules.state import State
from app.ui import texts
from app.ui.async_bridge import AsyncBridge
from app.ui.i18n import tr
from app.ui.main_window import MainWindow
from app.ui.program.room_window import Pictures, RoomPlace
from app.ui.view import View, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Chip, Tone


class PlayerMedia:
    """The player's own picture and sound; it was joined by the rehearsal. A ``RoomMedia``."""

    def __init__(self, player: Player) -> None:
        self.muted, self.camera = False, True
        self._player = player
        self._wanted: list[WantedTile] = []
        self._told = False

    async def set_muted(self, muted: bool) -> None:
        self.muted = muted
        if self._player.media is not None:
            self._player.media.set_muted(muted)

    async def set_camera(self, on: bool) -> None:
        self.camera = on
        if self._player.media is not None:
            self._player.media.set_camera(on)

    def watch(self, tiles: Sequence[WantedTile]) -> None:
        self._wanted = list(tiles)
        self._told = self._player.media is not None
        if self._player.media is not None:
            self._player.media.watch(self._wanted)

    async def slots(self) -> list[SlotStats]:
        if self._player.media is None:
            return []
        if not self._told:
            self.watch(self._wanted)
        return (await self._player.media.stats()).slots

    async def follow(self, state: State) -> None:
        """The rehearsal joins and leaves."""

    async def close(self) -> None:
        with contextlib.suppress(BidroomError):
            self.watch([])


class PlayerStrip(View):
    """Who is played here, and by whom: 自动 or 接管.

    Signals:
        hold_asked(bool): a human wants to play, or to hand back.
    """

    hold_asked = Signal(bool)

    def __init__(self, name: str, role: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._role, self._held = name, role, False
        self._who, self._hint = label("strong"), label("second")
        self._state = Chip()
        self.auto, self.take = Button("small", "play"), Button("small", "hand")
        for button, held in ((self.auto, False), (self.take, True)):
            button.clicked.connect(lambda _=False, held=held: self.hold_asked.emit(held))
        self.say(self.auto.setText, "自动")
        self.say(self.take.setText, "接管")
        frame = QFrame()
        frame.setProperty("role", "bar")
        inside = row(self._state, self._who, self._hint, self.auto, self.take, spacing=10, margins=(20, 5, 20, 5))
        inside.setStretch(2, 1)
        frame.setLayout(inside)
        self.setLayout(column(frame))
        self.retranslate()

    def show_held(self, held: bool) -> None:
        """Who plays now."""
        self._held = held
        self.retranslate()

    def retranslate(self) -> None:
        self._who.setText(f"{texts.word('role', self._role)}　{self._name}")
        self._state.show_state(
            tr("由您操作") if self._held else tr("自动进行"), Tone.INFO if self._held else Tone.NEUTRAL
        )
        told = tr("轮到这个人时，流程会等您。") if self._held else tr("动作由演练自动完成，您可以随时接管。")
        self._hint.setText(told)
        self.auto.setVisible(self._held)
        self.take.setVisible(not self._held)


class PlayerWindow(MainWindow):
    """Signals:
    gone(): the window was closed; its player goes on by itself.
    """

    gone = Signal()

    def __init__(
        self, player: Player, role: str, bridge: AsyncBridge, clock: Clock, drafts: Path, pictures: Pictures
    ) -> None:
        super().__init__(clock)
        self.player, self.role = player, role
        self._bridge = bridge
        self.place = RoomPlace(player.client, bridge, drafts, pictures=pictures, media=PlayerMedia(player), parent=self)
        self.strip = PlayerStrip(player.name, role)
        self.strip.hold_asked.connect(self.hold)
        page = QWidget()
        page.setProperty("role", "page")
        layout = column(self.strip, self.place.screen, spacing=0)
        layout.setStretch(1, 1)
        page.setLayout(layout)
        self.show_screen(page)
        self.place.said.connect(self.toast.say)
        self.place.left.connect(self.close)
        self.place.screen.command_requested.connect(lambda _wanted: self.hold(True))
        self.name_window(f"{texts.word('role', role)}　{player.name}", rehearsal=True)

    def hold(self, held: bool) -> None:
        """A human plays, or the rehearsal goes on; whoever clicks in the step's panel has taken over."""
        self.player.hold(held)
        self.strip.show_held(held)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.place.set_active(not self.isMinimized())

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        if event.isAccepted():
            self.place.screen.close()
            self.player.hold(False)
            self._bridge.start(self.place.close(), "player.window.close")
            self.gone.emit()
