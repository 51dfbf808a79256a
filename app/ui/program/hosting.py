"""项目管理 joined to its case: people, links, committee, sealing kit, and the host process on this machine."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.canon import sha256_hex
from app.clock import Clock
from app.errors import BidroomError, FaultError
from app.procurement.case import CaseFile, lot_case
from app.session import acts
from app.session.case_folder import create_case
from app.session.client import Client
from app.session.rules import commands
from app.session.rules.people import Party, Person, Role
from app.session.rules.state import ANNOUNCED, RECEIVING
from app.session.signin import digest_of
from app.session.wire.link import Link
from app.settings import RESOURCES
from app.ui import texts
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.dialogs.error import ErrorDialog
from app.ui.i18n import tr
from app.ui.models import CheckLine
from app.ui.people.dialogs import LinkDialog
from app.ui.people.people_desk import PeopleDesk, read_people
from app.ui.program.case_book import CaseBook, KnownCase
from app.ui.program.case_dialogs import CaseDetails
from app.ui.program.case_page import CasePage
from app.ui.program.host_control import HostControl, link_of
from app.ui.program.pick import all_files, pick_file, pick_target, read_small
from app.ui.program.preparing import disk_line, reach_lines, running
from app.ui.room_link import HostClock
from app.ui.step_facts import StepFacts

RULE_PACK = RESOURCES / "rulepacks" / "cn-2026.json"
NOTICE_LIMIT = 512 * 1024 * 1024
CODE_DIGITS = 8


async def make_case(
    case: CaseFile, details: CaseDetails, hosts: HostControl, book: CaseBook, clock: Clock
) -> list[tuple[Person, Link]]:
    """Make the case on this machine and start its host; a link for each person, the officer first.

    Raises:
        InputError: ``case.*``, ``people.malformed``, ``trust.*``, ``file.not_read``. FaultError: ``host.*``.
    """
    flat = lot_case(case, details.lot)
    case_id, links = await asyncio.to_thread(
        asyncio.run, _make(case, details, hosts, clock)
    )  # key making takes a moment
    own = links[0][1]
    book.put(
        KnownCase(
            link=own.text(), name=f"{flat.project_name}　{flat.lot.id}", number=flat.project_number, method=flat.method,
            role=Role.OFFICER.value, phase=ANNOUNCED, starts=flat.deadline, rehearsal=case.rehearsal, hosted=True,
        )
    )  # fmt: skip
    await hosts.start(case_id)
    return links


async def _make(
    case: CaseFile, details: CaseDetails, hosts: HostControl, clock: Clock
) -> tuple[str, list[tuple[Person, Link]]]:
    agency = case.agency
    officer = Person(
        id="officer", name=details.officer, roles=(Role.OFFICER, Role.OPENER), party=Party.AGENCY,
        organisation=agency.name, uscc=agency.uscc,
    )  # fmt: skip
    others = read_people(details.people) if details.people is not None else ()
    people = others if any(person.has(Role.OFFICER) for person in others) else (officer, *others)
    room = await create_case(
        hosts.home,
        case,
        details.lot,
        rule_pack=RULE_PACK.read_bytes(),
        trust_roots=read_small(details.trust),
        crls=read_small(details.crls) if details.crls is not None else b"",
        people=people,
        clock=clock,
        mirror=details.mirror,
        trust_settings=details.trust_settings,
    )
    try:
        record = hosts.assign(room.case, room.keys.fingerprint, details.public)
        links: list[tuple[Person, Link]] = []
        for person in sorted(people, key=lambda one: not one.has(Role.OFFICER)):
            secret = secrets.token_urlsafe(16)
            await room.report(commands.Invite(person=person.id, secret_sha256=digest_of(secret)))
            links.append((person, msgspec.structs.replace(link_of(record), person=person.id, secret=secret)))
    finally:
        await room.close()
    return room.case, links


class Hosting(QObject):
    """The page of one case while its client is connected.

    Signals:
        left(): back home.
        entered(): into the room, asked for or because the opening has begun.
    """

    left = Signal()
    entered = Signal()

    def __init__(self, client: Client, hosts: HostControl, bridge: AsyncBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.client = client
        self._hosts, self._bridge = hosts, bridge
        self._case = client.link.case
        self._hosted = self._case in hosts.hosted()
        self._checks: tuple[CheckLine, ...] = ()
        self._begun = client.state.phase not in (ANNOUNCED, RECEIVING)
        self.page = page = CasePage(HostClock(client), hosted=self._hosted)
        page.back.connect(self.left)
        page.enter_requested.connect(self.entered)
        self.people = PeopleDesk(client, self._window)
        self._on(page.people.act, self.people.act, "people")
        self._on(page.public_link_requested, self._public_link, "link")
        self._on(page.kit_act, self._kit_act, "kit")
        self._on(page.host_act, self._host_act, "host")
        self._stop = client.on_change(self._show)
        self._show()
        if self._hosted:
            self._bridge.start(self._guarded(self._check_reach), "case.reach")

    def close(self) -> None:
        """No longer listen."""
        self._stop()

    def _show(self) -> None:
        state = self.client.state
        self.page.show_facts(StepFacts(state, self.client.me))
        if self._hosted:
            self.page.show_host(running=self._hosts.running(self._case), checks=self._checks)
        if state.phase not in (ANNOUNCED, RECEIVING) and not self._begun and self.client.status == "connected":
            self._begun = True
            self.entered.emit()

    # --- people ---

    async def _public_link(self) -> None:
        public = msgspec.structs.replace(self.client.link, person="", secret="")
        await ask(LinkDialog(tr("供应商登记"), public.text(), secret=False, parent=self._window()))

    # --- the sealing kit ---

    async def _kit_act(self, act: str) -> None:
        if act == "fix":
            path = await pick_file(self._window(), tr("选定采购文件（摘要写入工具包）"), all_files())
            if path is not None:
                await acts.fix_kit(self.client, sha256_hex(read_small(path, NOTICE_LIMIT)))
        elif act == "accept":
            await acts.accept_opening(self.client)
        elif act == "issue":
            await acts.issue_kit(self.client)
        else:
            data = await acts.fetch_kit(self.client)
            target = await pick_target(self._window(), tr("保存密封工具包"), f"{self._case.replace('/', '-')}.kit")
            if target is not None:
                _write(target, data)

    # --- the host on this machine ---

    async def _host_act(self, act: str) -> None:
        if act == "start":
            await self._hosts.start(self._case)
        elif act == "stop":
            text = tr("主机停止后，任何人都不能连接，也不能递交投标文件。案卷不受影响，可以再次启动。")
            if await ask(ConfirmDialog(tr("停止主机？"), text, tr("停止"), parent=self._window())):
                await self._hosts.stop(self._case)
        await self._check_reach()

    async def _check_reach(self) -> None:
        record = self._hosts.record(self._case)
        self._checks = running("reach", "reach_udp")
        self._show()
        up = record is not None and self._hosts.running(self._case)
        lines = await reach_lines(record, self._hosts.reached(record)) if record is not None and up else ()
        self._checks = (*lines, disk_line(hosting=True))
        self._show()

    # --- helpers ---

    def _on(self, signal: Any, handler: Callable[..., Awaitable[None]], name: str) -> None:
        def guarded(*arguments: Any) -> Coroutine[Any, Any, None]:
            return self._guarded(handler, *arguments)

        self._bridge.on(signal, guarded, f"case.{name}")

    async def _guarded(self, handler: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        try:
            await handler(*arguments)
        except (BidroomError, TimeoutError) as error:
            known = error if isinstance(error, BidroomError) else FaultError("command.timeout")
            await ask(ErrorDialog(texts.exception_text(known), parent=self._window()))

    def _window(self) -> QWidget:
        return self.page.window()


def _write(target: Path, data: bytes) -> None:
    try:
        target.write_bytes(data)
    except OSError as error:
        raise FaultError("desk.not_written", name=target.name, error=type(error).__name__) from error
