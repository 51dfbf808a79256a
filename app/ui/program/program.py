"""The desk as a whole: one window, its screens, and which of them comes next."""

import asyncio
from datetime import datetime

import msgspec
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from app.ca.certificates import Fitness, KeyPair
from app.ca.token import KeyHolder
from app.errors import BidroomError, FaultError
from app.session.client import Client
from app.session.rules.people import Role
from app.session.rules.state import ANNOUNCED, RECEIVING
from app.session.wire.link import parse_link
from app.settings import data_dir
from app.ui import texts
from app.ui.application import Desk
from app.ui.async_bridge import ask
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.dialogs.error import ErrorDialog
from app.ui.dialogs.join_link import JoinByLinkDialog
from app.ui.dialogs.pin import DeskPinProvider
from app.ui.documents.signature_window import verify_a_file
from app.ui.home.home_screen import HomeScreen
from app.ui.home.settings_screen import SettingsScreen
from app.ui.i18n import tr
from app.ui.main_window import MainWindow
from app.ui.models import CaseAction, CaseRow, HomeView
from app.ui.program.archives import Archives
from app.ui.program.bidding import Bidding, before_opening
from app.ui.program.case_book import CaseBook, KnownCase, case_folder, case_row, seen
from app.ui.program.case_dialogs import RehearsalDialog
from app.ui.program.host_control import HostControl
from app.ui.program.hosting import Hosting
from app.ui.program.joining import Joining
from app.ui.program.key_place import KeyPlace
from app.ui.program.new_case import NewCase
from app.ui.program.rehearsing import RehearsalShow
from app.ui.program.revoked import KnownRevoked
from app.ui.program.room_media import DeskMedia, Devices
from app.ui.program.room_window import Pictures, RoomPlace
from app.ui.program.sealing import Sealing
from app.ui.program.services import Services
from app.ui.program.token_notices import TokenNotices
from app.ui.program.token_watch import TokenWatch
from app.ui.program.tokens import Tokens
from app.ui.tokens.certificate_choice import CertificateDialog, CertificatePicker

HOME_MS = 2000


class Place:
    """A case one is in: its client, devices, and what is shown of it now."""

    def __init__(self, case: KnownCase, client: Client, devices: Devices, *, muted: bool, camera: bool) -> None:
        self.case, self.client, self.devices = case, client, devices
        self.muted, self.camera = muted, camera
        self.hosting: Hosting | None = None
        self.bidding: Bidding | None = None
        self.room: RoomPlace | None = None


class Program(QObject):
    """Owns the main window; :meth:`start` opens it, :meth:`finish` ends what is still connected."""

    def __init__(self, desk: Desk, services: Services) -> None:
        super().__init__()
        self.desk, self.services = desk, services
        self.clock, self.bridge = services.clock, desk.bridge
        self.window = MainWindow(services.clock)
        self.window.may_close = self._may_close
        self.book = CaseBook()
        self.hosts = HostControl(local=services.local)
        pins = DeskPinProvider(self._front)
        self.tokens = TokenWatch(pins, services.clock, self)
        self.tokens.removed.connect(pins.gone)
        self.tokens.revoked = KnownRevoked(services.clock)
        self.place: Place | None = None
        self.home = HomeScreen(services.clock)
        self._token_screen = Tokens(self.tokens, self.window, self.bridge, services.clock, self)
        self._settings = SettingsScreen(desk.preferences)
        self._keys = KeyPlace(self._settings, self.window, self.bridge, self)
        self.notices = TokenNotices(self.tokens, self.window, self._client, before_opening, self)
        self._archives = Archives(self.window, self.bridge, services, self.go_home, self)
        self._shows: list[RehearsalShow] = []
        self._starting: set[str] = set()
        self._timer = QTimer(self)
        self._timer.setInterval(HOME_MS)
        self._timer.timeout.connect(self._show_home)
        self._connect()

    def start(self, link: str = "") -> None:
        """Open the window; with a link, its preparation."""
        self.window.show_screen(self.home)
        self._show_home()
        self.window.show()
        self.bridge.start(self.tokens.run(), "tokens")
        self._timer.start()
        if link:
            self.bridge.start(self._follow(link), "link")

    async def finish(self) -> None:
        """Leave the case, end rehearsals and the token worker. Hosts go on."""
        self._timer.stop()
        await self._close_place()
        for show in self._shows:
            await show.finish()
        await self.tokens.close()

    # --- home ---

    def _connect(self) -> None:
        home, window = self.home, self.window
        home.tokens_requested.connect(self._show_tokens)
        home.settings_requested.connect(self._show_settings)
        self._token_screen.screen.back.connect(self._back)
        self._settings.back.connect(self.go_home)
        self._settings.drivers_requested.connect(self._show_tokens)
        window.foot.tokens_requested.connect(self._show_tokens)
        self.notices.seal_again.connect(lambda: self._seal(self._client()))
        self.tokens.changed.connect(lambda: self.bridge.start(self.notices.tell(), "tokens.tell"))
        self.bridge.on(home.join_requested, self._join, "home.join")
        self.bridge.on(home.case_chosen, self._act, "home.case")
        self.bridge.on(home.archive_requested, self._archives.pick, "home.archive")
        self.bridge.on(home.verify_requested, self._verify_file, "home.verify")
        self.bridge.on(home.rehearsal_requested, self._rehearse, "home.rehearsal")
        home.new_case_requested.connect(self._new_case)
        home.seal_requested.connect(lambda: self._seal(None))
        self.tokens.changed.connect(self._show_home)
        window.screen_changed.connect(lambda _screen: self._show_line())

    def _client(self) -> Client | None:
        return self.place.client if self.place is not None else None

    def _show_tokens(self) -> None:
        self.window.show_screen(self._token_screen.screen)

    def _back(self) -> None:
        """From the tokens to the case one is in, or home."""
        if self.place is not None:
            self.show_place()
        else:
            self.go_home()

    def _show_settings(self) -> None:
        self._keys.look()
        self.window.show_screen(self._settings)

    def _new_case(self) -> None:
        NewCase(
            self.window, self.bridge, self.book, self.hosts, self.tokens, self.clock, done=self.go_home, parent=self
        )

    async def _verify_file(self) -> None:
        await verify_a_file(self.bridge, self.clock, self.window)

    def go_home(self) -> None:
        """The first screen again."""
        self.window.name_window("")
        self._show_home()
        self.window.show_screen(self.home)

    def _show_home(self) -> None:
        now = self.clock.now()
        rows = []
        for case in self.book.cases:
            archived = self.hosts.archive(case.parsed.case) if case.hosted else None
            known = msgspec.structs.replace(case, archive=str(archived[0])) if archived is not None else case
            rows.append(case_row(known, now))
        self.home.show_home(HomeView(cases=tuple(rows), token=self.tokens.chip(), host=self.hosts.state()))

    async def _act(self, row: CaseRow) -> None:
        case = self.book.find(row.case_id)
        if case is None:
            return
        if row.action is CaseAction.ARCHIVE:
            archived = self.hosts.archive(case.parsed.case)
            if archived is not None:
                await self._archives.open_hosted(*archived)
            return
        if case.hosted and not self.hosts.running(case.parsed.case):
            await self._guarded_start(case.parsed.case)
        self._prepare(case)

    async def _guarded_start(self, case: str) -> None:
        self.window.toast.say(tr("正在启动主机…"))
        try:
            await self.hosts.start(case)
        except BidroomError as error:
            await self._tell(error)

    # --- joining ---

    async def _join(self) -> None:
        chosen = await ask(JoinByLinkDialog(parse_link, self.window))
        if chosen is not None:
            await self._follow(chosen)

    async def _follow(self, text: str) -> None:
        try:
            link = parse_link(text)
        except BidroomError as error:
            await self._tell(error)
            return
        case = KnownCase(link=link.text(), role=Role.SUPPLIER.value if not link.person else "")
        before = self.book.find(case.key)
        if before is not None:
            case = msgspec.structs.replace(before, link=case.link)
        self._prepare(case)

    def _prepare(self, case: KnownCase) -> None:
        if self.place is not None and self.place.case.key == case.key and self.place.client.status != "closed":
            self.show_place()
            return
        joining = Joining(
            case, self.book, self.tokens, self.hosts, self.bridge, self.desk.preferences, self.clock, parent=self
        )

        def leave() -> None:
            joining.close()
            self.go_home()
            self.window.drop(joining.screen)

        joining.left.connect(leave)
        joining.joined.connect(lambda known, client: self._joined(joining, known, client))
        self.window.show_screen(joining.screen)

    def _joined(self, joining: Joining, case: KnownCase, client: Client) -> None:
        self.bridge.start(self._enter(joining, case, client), "enter")

    async def _enter(self, joining: Joining, case: KnownCase, client: Client) -> None:
        await self._close_place()
        screen = joining.screen
        self.place = Place(case, client, joining.devices, muted=not screen.microphone_on, camera=screen.camera_on)
        client.on_change(self._noted)
        joining.close()
        self.show_place()
        self._joining_screen = screen  # its devices serve the room

    _joining_screen: QWidget | None = None

    def _noted(self) -> None:
        """Keep the home screen's line of the present case true."""
        place = self.place
        self._show_line()
        self.notices.show()
        self.bridge.start(self.notices.tell(), "tokens.tell")
        if place is not None and place.client.state.lot is not None:
            known = seen(place.case, place.client.state, place.client.me)
            if known != place.case:
                place.case = known
                self.book.put(known)

    def _show_line(self) -> None:
        """A lost host is said above every screen of the case; the room says it itself."""
        place = self.place
        pages = [page.page for page in (place.hosting, place.bidding) if page is not None] if place is not None else []
        lost = place is not None and place.client.status in ("reconnecting", "connecting")
        if lost and self.window.screen_now() in pages:
            self.window.banner.reconnecting()
        else:
            self.window.banner.clear()

    # --- the case one is in ---

    def show_place(self) -> None:
        """The right screen for role and phase: the bid's page, the case's page, or the room."""
        place = self.place
        if place is None:
            self.go_home()
            return
        client = place.client
        self.window.name_window(place.case.name, rehearsal=client.state.rehearsal)
        person = client.state.people.get(client.me)
        before = client.state.phase in (ANNOUNCED, RECEIVING)
        if person is not None and person.has(Role.SUPPLIER) and before_opening(client):
            self._show_bidding(place)
        elif before and person is not None:
            self._show_hosting(place)
        else:
            self.show_room()

    def show_room(self) -> None:
        """The room, whatever the phase."""
        place = self.place
        if place is None:
            return
        if place.room is None:
            pictures = Pictures()
            media = DeskMedia(place.client, self.clock, place.devices, pictures, muted=place.muted, camera=place.camera)
            drafts = case_folder(place.client.link.case) / "drafts"
            place.room = RoomPlace(
                place.client, self.bridge, drafts, pictures=pictures, media=media, token=self.tokens.chip, parent=self
            )
            place.room.said.connect(self.window.toast.say)
            place.room.left.connect(self._left_room)
        self.window.show_screen(place.room.screen)

    def _open_room(self, page: Hosting | Bidding | None) -> None:
        """The opening has begun, or the person wants in; whoever is in the middle of something else is only told."""
        if page is not None and self.window.screen_now() is page.page:
            self.show_room()
        else:
            self.window.toast.say(tr("开标会场已开放。"))

    def _show_hosting(self, place: Place) -> None:
        if place.hosting is None:
            place.hosting = Hosting(place.client, self.hosts, self.bridge, self)
            place.hosting.left.connect(self.go_home)
            place.hosting.entered.connect(lambda: self._open_room(place.hosting))
        self.window.show_screen(place.hosting.page)

    def _show_bidding(self, place: Place) -> None:
        if place.bidding is None:
            client = place.client
            place.bidding = Bidding(client, self.bridge, lambda opening: self._choose_key(client, opening), self)
            place.bidding.left.connect(self.go_home)
            place.bidding.entered.connect(lambda: self._open_room(place.bidding))
            place.bidding.seal_asked.connect(lambda: self._seal(place.client))
        self.window.show_screen(place.bidding.page)

    def _left_room(self) -> None:
        """Before the opening the room is only looked at; one stays in the case."""
        place = self.place
        if place is not None and place.client.state.phase in (ANNOUNCED, RECEIVING):
            self.show_place()
        else:
            self.bridge.start(self._leave_place(), "leave")

    async def _leave_place(self) -> None:
        await self._close_place()
        self.go_home()

    async def _close_place(self) -> None:
        place, self.place = self.place, None
        if place is None:
            return
        gone: list[QWidget] = []
        if place.room is not None:
            await place.room.close()
            gone.append(place.room.screen)
        for page in (place.hosting, place.bidding):
            if page is not None:
                page.close()
                gone.append(page.page)
        place.devices.close()
        await place.client.close()
        if self._joining_screen is not None:
            gone.append(self._joining_screen)
            self._joining_screen = None
        for screen in gone:
            self.window.drop(screen)
        self.notices.show()

    # --- sealing, archives, rehearsals ---

    def _seal(self, client: Client | None) -> None:
        place = self.place
        if client is None and place is not None and place.bidding is not None:
            client = place.client
        sealing = Sealing(lambda opening: self._choose_key(client, opening), client, self.bridge, self.clock, self)

        def leave() -> None:
            if client is not None and self.place is not None:
                self.show_place()
            else:
                self.go_home()
            self.window.drop(sealing.wizard)

        sealing.left.connect(leave)
        self.window.show_screen(sealing.wizard)
        self.bridge.start(self._start_sealing(sealing), "seal.start")

    async def _start_sealing(self, sealing: Sealing) -> None:
        try:
            await sealing.start()
        except BidroomError as error:
            await self._tell(error)

    async def _choose_key(self, client: Client | None, opening: datetime) -> KeyHolder | None:
        """With which certificate to seal: in a case one of the supplier's. Asked unless there is just one, a good one.

        ``opening``: when the envelope will be opened, to say which certificates will have expired.
        """
        uscc = client.state.supplier_of(client.me) if client is not None else ""
        pairs = self.tokens.pairs()
        if uscc:
            pairs = tuple(pair for pair in pairs if pair.signing.uscc == uscc)
        else:
            pairs = tuple(pair for pair in pairs if pair.signing.uscc) or pairs
        if not pairs:
            raise FaultError("token.missing")
        case = self.place.case.certificate if client is not None and self.place is not None else ""
        picker = CertificatePicker(pairs, self.clock, opening=opening, revoked=self.tokens.revoked, before=case)
        chosen: KeyPair | None = pairs[0]
        if len(pairs) > 1 or picker.fit_to_seal() is not Fitness.GOOD:
            why = tr("请选择用来签名和加密投标文件的证书；开标时须用同一支证书解密。")
            chosen = await ask(CertificateDialog(picker, why, self.window))
        else:
            picker.deleteLater()
        return await self.tokens.open(chosen.signing.der) if chosen is not None else None

    async def _rehearse(self) -> None:
        method = await ask(RehearsalDialog(self.window))
        if method is None:
            return
        out = data_dir() / "rehearsals" / self.clock.now().astimezone().strftime("%Y%m%d-%H%M%S")
        self.window.toast.say(tr("正在准备演练…"))
        try:
            plan = await asyncio.to_thread(self.services.plan, method, out)
        except (BidroomError, OSError) as error:
            await self._tell(error)
            return
        show = RehearsalShow(self.bridge, self.clock, self.services.rehearse, self.services.verify, self)
        self._shows.append(show)
        show.start(plan)

    # --- the window ---

    def _front(self) -> QWidget:
        return self.window

    async def _tell(self, error: BaseException) -> None:
        await ask(ErrorDialog(texts.exception_text(error), parent=self.window))

    def _may_close(self) -> bool:
        """In a room one is asked first."""
        place = self.place
        if place is None or place.room is None or self.window.screen_now() is not place.room.screen:
            return True
        self.bridge.start(self._ask_close(), "close")
        return False

    async def _ask_close(self) -> None:
        text = tr("会议和录制继续进行；您可以随时回来。有时限的事项仍按时限计算。")
        if await ask(ConfirmDialog(tr("关闭程序并离开会议？"), text, tr("关闭"), danger=False, parent=self.window)):
            self.window.close_now()
