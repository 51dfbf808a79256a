"""The screens of the tokens joined to the token worker: what is plugged in, the check, drivers, a test signature."""

import asyncio
import secrets

from PySide6.QtCore import QObject

from app.ca import modules
from app.ca.doctor import examine
from app.ca.module_file import ModuleFile
from app.ca.signatures import verify_signature
from app.ca.token import Act
from app.clock import Clock
from app.errors import BidroomError, FaultError
from app.ui import texts
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.error import ErrorDialog
from app.ui.i18n import tr
from app.ui.main_window import MainWindow
from app.ui.models import DriverView, TokenView
from app.ui.program.pick import pick_file
from app.ui.program.token_watch import TokenWatch, driver_name
from app.ui.tokens.doctor_screen import DoctorScreen
from app.ui.tokens.tokens_screen import TokensScreen


class Tokens(QObject):
    """Feeds :attr:`screen` and :attr:`doctor` while the desk lives."""

    def __init__(
        self, watch: TokenWatch, window: MainWindow, bridge: AsyncBridge, clock: Clock, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._watch, self._window, self._bridge, self._clock = watch, window, bridge, clock
        self.screen = TokensScreen(clock)
        self.doctor = DoctorScreen()
        self._offered: list[ModuleFile] = []
        self._searching = False
        self._check: asyncio.Task[object] | None = None
        drivers = self.screen.drivers
        self.screen.refresh_requested.connect(watch.look_now)
        self.screen.doctor_requested.connect(lambda: window.show_screen(self.doctor))
        self.doctor.back.connect(self._leave_doctor)
        self.doctor.start_requested.connect(self._start_check)
        self.doctor.cancel_requested.connect(self._stop_check)
        bridge.on(self.screen.test_requested, self._test, "token.test")
        bridge.on(self.screen.driver_requested, self._pick_driver, "token.driver")
        bridge.on(drivers.search_requested, self._search, "token.search")
        drivers.use_requested.connect(lambda path: self._change(lambda: modules.add(path)))
        drivers.remove_requested.connect(lambda path: self._change(lambda: modules.remove(path)))
        watch.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        views = self._watch.views()
        self.screen.show_tokens(
            tuple(view for view in views if view.serial or not view.problem), len(self._watch.modules)
        )
        self.screen.drivers.show_drivers(self._drivers(), searching=self._searching)
        chip = self._watch.chip()
        self._window.show_token(
            chip, sum(view.label != (chip.label if chip else "") for view in views if not view.problem)
        )

    def _drivers(self) -> list[DriverView]:
        added = {one.path for one in modules.added()}
        wrong = {
            token.module: token.problem for token in self._watch.tokens if token.slot < 0 and token.problem is not None
        }
        shown = [
            DriverView(
                name=driver_name(path),
                path=path,
                used=path not in wrong,
                added=path in added,
                problem=wrong.get(path, ""),
            )
            for path in self._watch.modules
        ]
        gone = added.difference(self._watch.modules)
        shown += [
            DriverView(name=driver_name(path), path=path, added=True, problem="token.module_missing")
            for path in sorted(gone)
        ]
        known = {one.path for one in shown}
        for one in self._offered:
            if one.path not in known:
                shown.append(DriverView(name=driver_name(one.path), path=one.path, problem=one.problem() or ""))
        return shown

    # --- the check ---

    def _start_check(self) -> None:
        if self._check is None or self._check.done():
            self._check = self._bridge.start(self._examine(), "token.doctor")

    async def _examine(self) -> None:
        self.doctor.begin()
        stopped = True
        try:
            await examine(self._watch.worker, self._clock, self.doctor.add)
            stopped = False
        except BidroomError as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=self._window))
        finally:
            self.doctor.end(stopped=stopped)

    def _stop_check(self) -> None:
        if self._check is not None:
            self._check.cancel()

    def _leave_doctor(self) -> None:
        self._stop_check()
        self._window.show_screen(self.screen)

    # --- one test, drivers ---

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

    async def _pick_driver(self) -> None:
        chosen = await pick_file(self._window, tr("指定证书驱动文件"), "*.so *.so.* *.dll *.dylib")
        if chosen is not None:
            self._change(lambda: modules.add(chosen))

    async def _search(self) -> None:
        self._searching = True
        self._show()
        try:
            self._offered = await asyncio.to_thread(lambda: list(modules.search()))
        finally:
            self._searching = False
            self._show()

    def _change(self, work: object) -> None:
        async def changed() -> None:
            try:
                await asyncio.to_thread(work)  # type: ignore[arg-type]
            except BidroomError as error:
                await ask(ErrorDialog(texts.exception_text(error), parent=self._window))
            self._watch.look_now()
            self._show()

        self._bridge.start(changed(), "token.drivers")
