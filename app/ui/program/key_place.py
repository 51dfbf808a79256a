"""The settings joined to where the keys of this machine lie."""

import asyncio

from PySide6.QtCore import QObject

from app import keystore
from app.errors import BidroomError, FaultError
from app.session.keys import secret_files
from app.settings import data_dir
from app.ui import texts
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.error import ErrorDialog
from app.ui.home.settings_screen import SettingsScreen
from app.ui.i18n import tr
from app.ui.main_window import MainWindow


class KeyPlace(QObject):
    """Tells the settings screen where keys lie, and moves them. A keyring may take its time: nothing waits for it."""

    def __init__(
        self, screen: SettingsScreen, window: MainWindow, bridge: AsyncBridge, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._screen, self._window, self._bridge = screen, window, bridge
        bridge.on(screen.place_chosen, self._move, "keys.move", disable=screen.place)

    def look(self) -> None:
        """Ask the system anew."""
        self._bridge.start(self._look(), "keys.look")

    async def _look(self) -> None:
        self._screen.show_keys(await asyncio.to_thread(keystore.state))

    async def _move(self, place: keystore.Place) -> None:
        def work() -> int:
            keystore.choose(place)
            try:
                return keystore.move(secret_files(data_dir() / "cases"))
            except OSError as error:
                raise FaultError("desk.not_written", name="…", error=type(error).__name__) from error

        try:
            moved = await asyncio.to_thread(work)
            self._window.toast.say(tr("已转移 {count} 个密钥文件。", count=moved))
        except BidroomError as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=self._window))
        await self._look()
