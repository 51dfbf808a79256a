"""Opening an archive: the one of a case of this machine, or any file."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from app.ui.archive.archive_screen import ArchiveScreen
from app.ui.async_bridge import AsyncBridge
from app.ui.i18n import tr
from app.ui.main_window import MainWindow
from app.ui.program.own_trust import trust_folder
from app.ui.program.pick import all_files, pick_file
from app.ui.program.services import Services


class Archives(QObject):
    """``done()`` is called when an archive is left."""

    def __init__(
        self,
        window: MainWindow,
        bridge: AsyncBridge,
        services: Services,
        done: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._window, self._bridge, self._services, self._done = window, bridge, services, done

    async def pick(self) -> None:
        """Let the person choose a file."""
        path = await pick_file(self._window, tr("打开档案"), "*.bidroom;;" + all_files())
        if path is not None:
            await self.open(path)

    async def open_hosted(self, path: Path, expect: str) -> None:
        """The archive in the folder of a case of this machine; that folder also holds the roots it was made with."""
        await self.open(path, expect, path.parent.parent / "trust.pem")

    async def open(self, path: Path, expect: str = "", case_file: Path | None = None) -> None:
        """Show it; ``case_file`` holds the roots of a case that this machine hosted, ``expect`` its head."""
        screen = ArchiveScreen(self._bridge, self._services.clock, self._services.verify, trust_folder())

        def leave() -> None:
            screen.leave()
            self._done()
            self._window.drop(screen)

        screen.closed.connect(leave)
        self._window.show_screen(screen)
        await screen.open(path, expect, case_file)
