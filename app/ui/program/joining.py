"""Following a link: preparation, way to sign in, and a client that is in the case."""

import asyncio
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app import keystore
from app.ca.device_key import DeviceKeyHolder
from app.ca.token import KeyHolder
from app.clock import Clock
from app.errors import BidroomError, FaultError
from app.session.client import Client, Person
from app.session.head_memory import HeadMemory
from app.session.rules.people import Level
from app.session.wire.link import Link
from app.ui import texts
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.error import ErrorDialog
from app.ui.i18n import tr
from app.ui.models import CheckLine
from app.ui.preferences import Preferences
from app.ui.prepare.prepare_screen import PrepareScreen
from app.ui.program.case_book import CaseBook, KnownCase, case_folder, case_row, seen, write_private
from app.ui.program.host_control import HostControl
from app.ui.program.preparing import disk_line, host_lines, probe, reach_lines, running, token_line
from app.ui.program.room_media import Devices
from app.ui.program.sign_in_dialog import SignInChoice, SignInDialog
from app.ui.program.token_watch import TokenWatch
from app.ui.tokens.certificate_choice import CertificatePicker


class Joining(QObject):
    """One preparation screen and what follows from it; made anew for each joining.

    Signals:
        left(): the person went back.
        joined(KnownCase, Client): signed in; the devices stay with :attr:`devices`.
    """

    left = Signal()
    joined = Signal(object, object)

    def __init__(
        self,
        case: KnownCase,
        book: CaseBook,
        tokens: TokenWatch,
        hosts: HostControl,
        bridge: AsyncBridge,
        preferences: Preferences,
        clock: Clock,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.case = case
        self.link: Link = case.parsed
        self.screen = PrepareScreen(preferences)
        screen = self.screen
        self.devices = Devices(screen.camera, screen.microphone, screen.speaker, preferences)
        self._book, self._tokens, self._hosts, self._bridge, self._clock = book, tokens, hosts, bridge, clock
        self._host: tuple[CheckLine, ...] = running("network", "clock")
        self._reach: tuple[CheckLine, ...] = ()
        self._name = case.person
        screen.back.connect(self._leave)
        screen.check_again.connect(lambda code: bridge.start(self._check(code), "prepare.check"))
        bridge.on(screen.join_requested, self._join, "prepare.join", disable=screen.join)
        self._tokens.changed.connect(self._show)
        self._show()
        bridge.start(self._check(""), "prepare.check")

    def close(self) -> None:
        """No longer listen; the screen may be dropped."""
        self._tokens.changed.disconnect(self._show)

    def _leave(self) -> None:
        self.devices.close()
        self.left.emit()

    def _show(self) -> None:
        row = case_row(self.case, self._clock.now())
        chip = self._tokens.chip()
        name = self._name or (chip.holder if chip is not None else "")
        self.screen.show_case(row, name)
        hosting = self.link.case in self._hosts.hosted()
        self.screen.show_checks((*self._host, token_line(chip), disk_line(hosting=hosting), *self._reach))

    async def _check(self, code: str) -> None:
        if code in ("", "network", "clock"):
            self._host = running("network", "clock")
            self._show()
            self._host = await host_lines(self.link, self._clock)
        if code in ("", "token"):
            self._tokens.look_now()
        record = self._hosts.record(self.link.case) if self.link.case in self._hosts.hosted() else None
        if record is not None and code in ("", "reach", "reach_udp"):
            self._reach = running("reach", "reach_udp")
            self._show()
            self._reach = await reach_lines(record, self._hosts.reached(record))
        self._show()

    async def _join(self) -> None:
        try:
            await probe(self.link, self._clock)
            before = None
            if self.case.level:
                before = SignInChoice(Level(self.case.level), token=self.case.token, name=self.case.person)
            picker = CertificatePicker(
                self._tokens.pairs(), self._clock, opening=self.case.starts, revoked=self._tokens.revoked,
                before=self.case.certificate,
            )  # fmt: skip
            registers = not self.link.person
            dialog = SignInDialog(picker, registers=registers, before=before, parent=self._window())

            def plugged() -> None:
                picker.show_pairs(self._tokens.pairs())

            self._tokens.changed.connect(plugged)
            try:
                chosen = await ask(dialog)
            finally:
                self._tokens.changed.disconnect(plugged)
            if chosen is None:
                return
            client = await self.sign_in(chosen)
        except (BidroomError, TimeoutError) as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=self._window()))
            return
        self.joined.emit(self.case, client)

    async def sign_in(self, chosen: SignInChoice) -> Client:
        """Connect and sign in; :attr:`case` then knows what the record says.

        Raises:
            InputError: ``sign_in.*``, ``token.*``, ``link.*``. FaultError: ``client.unreachable``.
        """
        key: KeyHolder
        if chosen.level is Level.STAFF_VERIFIED:
            key = await asyncio.to_thread(device_key, self.link)
        else:
            key = await self._tokens.open(chosen.pair.signing.der if chosen.pair is not None else chosen.token)
        who = Person(chosen.level, key, name=chosen.name, code=chosen.code, drawn=chosen.drawn)
        client = Client(self.link, who, self._clock, HeadMemory.of(self.link))
        self.screen.join.setText(tr("正在签到…"))
        try:
            await client.start()
        except BaseException:
            await client.close()
            raise
        finally:
            self.screen.join.setText(tr("加入会议"))
        bound = chosen.level is not Level.STAFF_VERIFIED
        link = msgspec.structs.replace(self.link, secret="") if bound else self.link
        known = msgspec.structs.replace(
            self.case,
            link=link.text(),
            level=chosen.level.value,
            person=chosen.name,
            token=chosen.token,
            certificate=chosen.certificate,
        )
        self.case = seen(known, client.state, client.me)
        self._book.put(self.case)
        return client

    def _window(self) -> QWidget:
        return self.screen.window()


def device_key(link: Link) -> DeviceKeyHolder:
    """This machine's key for a person of a case, made at the first sign-in and kept where :mod:`app.keystore` says.

    Raises:
        InputError: ``device_key.unreadable``. FaultError: ``desk.not_written``, ``secret.key_missing``.
    """
    folder = case_folder(link.case)
    private, public = folder / f"device-{link.person}.key", folder / f"device-{link.person}.crt"
    if private.exists() and public.exists():
        return DeviceKeyHolder.restore(keystore.read(private), _read(public))
    made = DeviceKeyHolder.create(link.person)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        private.unlink(missing_ok=True)  # without its certificate it is of no use
        keystore.write_new(private, made.export(), keystore.Kind.DEVICE)
    except OSError as error:
        raise FaultError("desk.not_written", name=private.name, error=type(error).__name__) from error
    write_private(public, made.signing_certificate)
    return made


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(64 * 1024)
