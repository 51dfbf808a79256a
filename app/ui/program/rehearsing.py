"""演练 with windows: the officer's, one expert's and the supervisor's desk beside a rehearsal that plays all others."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtWidgets import QApplication

from app.clock import Clock
from app.errors import BidroomError, FaultError
from app.rehearsal.player import Player
from app.rehearsal.rehearsal import Outcome, Plan
from app.session.rules.people import Role
from app.ui import texts
from app.ui.archive.archive_screen import ArchiveScreen, Verify
from app.ui.async_bridge import AsyncBridge
from app.ui.main_window import MainWindow
from app.ui.program.own_trust import trust_folder
from app.ui.program.rehearsal_control import RehearsalControl
from app.ui.program.rehearsal_windows import PlayerWindow
from app.ui.program.room_window import Pictures

Tell = Callable[[str], None]
Rehearse = Callable[[Plan, Tell, Callable[[Player], None]], Awaitable[Outcome]]
SHOWN = (Role.OFFICER, Role.SUPERVISOR, Role.EXPERT)
STEP = QPoint(36, 32)


class RehearsalShow(QObject):
    """Plays a plan and shows it.

    Attributes:
        outcome: None until the archive is written.

    Signals:
        ended(): all its windows are closed and everybody has left.
    """

    ended = Signal()

    def __init__(
        self, bridge: AsyncBridge, clock: Clock, rehearse: Rehearse, verify: Verify, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.outcome: Outcome | None = None
        self.control: RehearsalControl | None = None
        self.windows: dict[str, PlayerWindow] = {}
        self._bridge, self._clock, self._rehearse, self._verify = bridge, clock, rehearse, verify
        self._players: dict[str, tuple[Player, Pictures]] = {}
        self._all: list[Player] = []
        self._archive: MainWindow | None = None
        self._pace = 0.0
        self._playing: asyncio.Task[None] | None = None
        self._leaving = False
        self._drafts = Path()

    def start(self, plan: Plan, tell: Tell = lambda _step: None) -> None:
        """Open the control window and begin."""
        self._drafts = plan.out / "rehearsal" / "drafts"
        control = RehearsalControl(self._clock, plan.case_file.project_name)
        control.paced.connect(self._set_pace)
        control.window_asked.connect(self.show_window)
        control.archive_asked.connect(self._show_archive)
        control.closed.connect(self._end)
        self.control = control
        control.show()
        control.pace.setValue(4)

        def told(step: str) -> None:
            tell(step)
            control.show_step(step)

        # Not among the bridge's tasks: it is cancelled once, and then given the time to leave in good order.
        self._playing = asyncio.create_task(self._play(plan, told), name="rehearsal")

    def show_window(self, role: str) -> None:
        """Open, or bring to the front, the window of a role."""
        if role not in self.windows:
            player, pictures = self._players[role]
            window = PlayerWindow(player, role, self._bridge, self._clock, self._drafts, pictures)
            window.gone.connect(lambda: self.windows.pop(role, None))
            self.windows[role] = window
            _place(window, len(self.windows))
        self.windows[role].show()
        self.windows[role].raise_()

    async def _play(self, plan: Plan, tell: Tell) -> None:
        control = self.control
        assert control is not None
        try:
            self.outcome = await self._rehearse(plan, tell, self._met)
        except (BidroomError, OSError, TimeoutError) as error:
            known = (
                error if isinstance(error, BidroomError) else FaultError("desk.unexpected", error=type(error).__name__)
            )
            control.show_end(texts.exception_text(known).brief)
            return
        control.show_end()
        self._show_archive()

    def _met(self, player: Player) -> None:
        """Somebody came in: one of each of the shown roles gets a window."""
        player.pace = self._pace
        self._all.append(player)
        state, me = player.client.state, player.client.me
        for role in SHOWN:
            if state.has_role(me, role) and role.value not in self._players and self.control is not None:
                pictures = Pictures()
                player.on_frame = pictures
                self._players[role.value] = (player, pictures)
                self.control.show_role(role.value)
                self.show_window(role.value)
                return

    def _set_pace(self, seconds: float) -> None:
        self._pace = seconds
        for player in self._all:
            player.pace = seconds

    def _show_archive(self) -> None:
        outcome = self.outcome
        if outcome is None:
            return
        if self._archive is None:
            window = MainWindow(self._clock)
            screen = ArchiveScreen(self._bridge, self._clock, self._verify, trust_folder())
            screen.closed.connect(window.close)
            window.show_screen(screen)
            window.name_window(outcome.archive.name, rehearsal=True)
            self._archive = window
            _place(window, 0)
            self._bridge.start(screen.open(outcome.archive, outcome.expect), "rehearsal.archive")
        self._archive.show()
        self._archive.raise_()

    def _end(self) -> None:
        """The control window was closed: everything of this rehearsal goes."""
        self.control = None
        for window in (*self.windows.values(), self._archive):
            if window is not None:
                window.close_now()
        self._bridge.start(self.finish(), "rehearsal.end")

    async def finish(self) -> None:
        """Everybody leaves, the host stops; calling it again waits for the same end."""
        if self._playing is not None:
            if not self._leaving:
                self._leaving = True
                self._playing.cancel()
            await asyncio.wait({self._playing})
        self.ended.emit()


def _place(window: MainWindow, number: int) -> None:
    """Windows are laid one behind the other, each a little further down and right."""
    screen = QApplication.primaryScreen().availableGeometry()
    corner = screen.topLeft() + STEP * number
    room = screen.bottomRight() - corner
    window.move(corner if room.x() > window.width() // 2 and room.y() > window.height() // 2 else screen.topLeft())
