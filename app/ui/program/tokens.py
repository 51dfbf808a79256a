"""The screen of the tokens joined to the token worker: what is plugged in, and a test signature."""

import secrets

from PySide6.QtCore import QObject

from app.ca.signatures import verify_signature
from app.ca.token import Act
from app.clock import Clock
from app.errors import BidroomError, FaultError
from app.ui import texts
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.error import ErrorDialog
from app.ui.i18n import tr
from app.ui.main_window import MainWindow
from app.ui.models import TokenView
from app.ui.preferences import Preferences
from app.ui.program.pick import pick_file
from app.ui.program.token_watch import TokenWatch
from app.ui.tokens.tokens_screen import TokensScreen


class Tokens(QObject):
    """Feeds :attr:`screen` while the desk lives."""

    def __init__(
        self,
        watch: TokenWatch,
        window: MainWindow,
        bridge: AsyncBridge,
        preferences: Preferences,
        clock: Clock,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._watch, self._window, self._preferences = watch, window, preferences
        self.screen = TokensScreen(clock)
        self.screen.refresh_requested.connect(watch.look_now)
        bridge.on(self.screen.test_requested, self._test, "token.test")
        bridge.on(self.screen.driver_requested, self._driver, "token.driver")
        watch.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        self.screen.show_tokens(self._watch.views(), len(self._watch.modules))

    async def _test(self, token: TokenView) -> None:
        """Sign a nonce and check the signature: PIN, key and certificate fit together."""
        try:
            key = await self._watch.open(token.serial or token.label)
            nonce = secrets.token_bytes(32)
            signature = await key.sign(b"bidroom token test " + nonce, Act("test"))
            if not verify_signature(key.signing_certificate, b"bidroom token test " + nonce, signature):
                raise FaultError("token.refused")
        except BidroomError as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=self._window))
            return
        self._window.toast.say(tr("试用成功：口令正确，证书可以签名。"))

    async def _driver(self) -> None:
        chosen = await pick_file(self._window, tr("指定证书驱动文件"), "*.so *.dll *.dylib")
        if chosen is not None and str(chosen) not in self._preferences.token_modules:
            self._preferences.token_modules.append(str(chosen))
            self._preferences.save()
            self._watch.use(self._preferences.token_modules)
