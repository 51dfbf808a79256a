"""The one adapter between the room's screen and a client: snapshots one way, what the person wants the other.

The record is the truth: nothing is shown as done before it comes back from there. Own permissions only decide which
buttons are shown; the host decides each act.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

import app.session.rules.commands as cmd
from app.clock import Clock
from app.errors import BidroomError, FaultError
from app.session import acts, signing
from app.session.client import Client
from app.session.rules.command import Command
from app.ui import texts
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.compare_head import CompareHeadDialog
from app.ui.dialogs.confirm import leave_dialog
from app.ui.dialogs.end_for_all import EndForAllDialog
from app.ui.dialogs.error import ErrorDialog
from app.ui.evaluation.drafts import draft_path, drop_draft
from app.ui.i18n import tr
from app.ui.models import Link, MessageRow, TokenView
from app.ui.opening.objections import answering
from app.ui.opening.remedies import HandInDialog, PaperDialog
from app.ui.people.people_desk import PeopleDesk
from app.ui.people.people_table import PeopleDialog
from app.ui.phase_panel import PhasePanel
from app.ui.program.pick import pick_file, read_small
from app.ui.room.room_screen import RoomScreen
from app.ui.room_acts import (
    Asking,
    ConfirmRead,
    FileAuthority,
    Graved,
    HandInBackup,
    Manage,
    ReleaseBids,
    ReleaseFromPaper,
    ReleaseSheets,
    Request,
    ReviseSheet,
    Sign,
    SignSeen,
    SubmitQuote,
    SubmitSheet,
    Sure,
)
from app.ui.room_dialogs import AskingDialog, sure_dialog
from app.ui.room_documents import DocumentWindow, look_before_signing, seal_of
from app.ui.room_people import case_request, person_request
from app.ui.room_snapshot import Surroundings, room_view, tiles
from app.ui.step_facts import StepContext, StepFacts, undone_sentences
from app.ui.step_panels import make_panel, panel_type, place_panel, supervises
from app.ui.supervision.supervisor_step import SupervisorStep
from app.ui.widgets.chip import Tone

REFRESH_MS = 40
DOCUMENT_LIMIT = 256 * 1024 * 1024
AUTHORITY_LIMIT = 16 * 1024 * 1024


class Media(Protocol):
    """The desk's own microphone and camera; muted stays muted through every reconnect."""

    muted: bool
    camera: bool

    async def set_muted(self, muted: bool) -> None: ...

    async def set_camera(self, on: bool) -> None: ...


class HostClock:
    """The host's time as measured from this desk."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def now(self) -> datetime:
        return self._client.host_now()

    def monotonic(self) -> float:
        return self._client.clock.monotonic()


class RoomLink(QObject):
    """Joins ``screen`` to ``client`` until :meth:`close`.

    Attributes:
        network, talking: person → 0..3, people heard now; set by whoever measures, then :meth:`refresh`.

    Signals:
        left(): the person has left the room.
        said(str): a short confirmation (toast).
    """

    left = Signal()
    said = Signal(str)

    def __init__(
        self,
        client: Client,
        screen: RoomScreen,
        bridge: AsyncBridge,
        drafts: Path,
        *,
        media: Media | None = None,
        token: Callable[[], TokenView | None] = lambda: None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.client, self.screen, self.media = client, screen, media
        self.network: dict[str, int] = {}
        self.talking: frozenset[str] = frozenset()
        self._bridge, self._token = bridge, token
        self._context = StepContext(HostClock(client), bridge, self._fetch, drafts)
        self._posted: list[MessageRow] = []
        self._under_way = 0
        self._over: PeopleDialog | None = None
        self.people = PeopleDesk(client, self._window)
        self._sizes = (0, 0)
        self._panel: PhasePanel | None = None
        self._video_over_desk = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self._stop = client.on_change(self.refresh)
        self.screen.spoken_anew.connect(self.refresh)
        self._connect()
        self._refresh()

    def close(self) -> None:
        """Stop listening; the client goes on."""
        self._stop()
        self._timer.stop()

    @property
    def clock(self) -> Clock:
        """The host's clock."""
        return self._context.clock

    @property
    def panel(self) -> PhasePanel | None:
        """The step's panel now shown."""
        return self._panel

    def refresh(self) -> None:
        """Show the present state soon; many changes in a row are shown once."""
        if not self._timer.isActive():
            self._timer.start()

    def facts(self) -> StepFacts:
        """What the person may see now."""
        return StepFacts(self.client.state, self.client.me)

    # --- showing ---

    def _refresh(self) -> None:
        if self.client.state.lot is None and not self.client.me:
            return
        facts, around = self.facts(), self._around()
        self.screen.show_room(room_view(facts, self.client.entries, around))
        self.screen.show_tiles(tiles(facts, around))
        if self.client.alarm:
            why = texts.error_text(self.client.alarm)
            self.screen.banner.say_it(f"{why.what}{why.do}", Tone.BAD)
        elif self.client.status == "refused" and self.client.refusal is not None:
            why = texts.exception_text(self.client.refusal)
            self.screen.banner.say_it(f"{why.what}{why.do}", Tone.BAD)
        self._show_step(facts, around)
        if self._over is not None:
            self._over.people.show_facts(facts)

    def _show_step(self, facts: StepFacts, around: Surroundings) -> None:
        if facts.state.candidates and not self._drafts_gone:  # no sheet can be reopened any more
            self._drafts_gone = True
            drop_draft(draft_path(self._context.drafts, facts.state.case, facts.me))
        wanted = SupervisorStep if supervises(facts) else panel_type(facts, revising=self._revising)
        stays = type(self._panel) is wanted and (self._panel_phase == facts.state.phase)
        if self._panel is None or not stays:
            self._panel = make_panel(self._context, facts, around, self.client.alarm, revising=self._revising)
            self._panel_phase = facts.state.phase
            self._panel.set_pending(self._under_way > 0)
            self._panel.video_wanted.connect(self.show_video)
            self.screen.set_step(self._panel)
            self._video_over_desk = False
            place_panel(self.screen, self._panel)
        else:
            if isinstance(self._panel, SupervisorStep):
                self._panel.show_around(around, self.client.alarm)
            self._panel.show_snapshot(facts)

    _panel_phase = ""
    _revising = False
    _drafts_gone = False

    def show_video(self, shown: bool) -> None:
        """With a panel that fills the room: bring the room's video back, or give the panel the whole screen."""
        self._video_over_desk = shown
        if self._panel is not None:
            place_panel(self.screen, self._panel, video=shown)

    def _around(self) -> Surroundings:
        client, state = self.client, self.client.state
        size, _root = client.head
        known = {(m.sender, m.text) for m in state.messages}
        self._posted = [row for row in self._posted if (client.me, row.text) not in known]
        link = {"connected": Link.CONNECTED, "connecting": Link.RECONNECTING, "reconnecting": Link.RECONNECTING}
        return Surroundings(
            link=link.get(client.status, Link.LOST),
            head=client.head,
            cosigned=sum(seen >= self._witnessed_size(size) > 0 for seen in client.witnesses.values()),
            expected=max(len(state.online), len(client.witnesses)),
            silent=client.silent,
            token=self._token(),
            muted=self.media.muted if self.media is not None else True,
            camera=self.media.camera if self.media is not None else False,
            posted=tuple(self._posted),
            talking=self.talking,
            network=self.network,
        )

    def _witnessed_size(self, size: int) -> int:
        """The head before the present one: who has witnessed this one is told with the next."""
        if size != self._sizes[1]:
            self._sizes = (self._sizes[1] or size, size)
        return self._sizes[0]

    async def _fetch(self, sha256: str) -> bytes:
        return await self.client.files.fetch(sha256, DOCUMENT_LIMIT)

    # --- what the person wants ---

    def _connect(self) -> None:
        screen, controls, side = self.screen, self.screen.controls, self.screen.side
        screen.command_requested.connect(self.request)
        screen.document_requested.connect(lambda digest: self._start(self._open(digest), "document"))
        screen.agenda.pause_requested.connect(self._pause)
        controls.hand_requested.connect(lambda up: self.request(cmd.RaiseHand() if up else cmd.LowerHand()))
        controls.mute_all_requested.connect(lambda on: self.request(cmd.MutePerson(person="", muted=on)))
        controls.lock_requested.connect(lambda on: self.request(cmd.LockRoom(locked=on)))
        controls.leave_requested.connect(lambda: self._start(self._leave(), "leave"))
        controls.mute_requested.connect(lambda muted: self._own_media("muted", muted))
        controls.camera_requested.connect(lambda on: self._own_media("camera", on))
        screen.talk_held.connect(lambda held: self._own_media("muted", not held))
        screen.top.end_requested.connect(lambda: self._start(self._end(), "end"))
        side.people.admit.connect(lambda person: self.request(cmd.Admit(person=person)))
        side.people.lower_hand.connect(lambda person: self.request(cmd.LowerHand(person=person)))
        side.people.act.connect(lambda code, person: self.request(person_request(self.facts(), code, person)))
        side.people.manage.connect(lambda act: self.request(Manage(act)))
        side.files.authority_requested.connect(lambda: self.request(case_request(self.facts(), "authority")))
        screen.agenda.more_requested.connect(lambda code: self.request(case_request(self.facts(), code)))
        side.messages.sent.connect(self._post)
        side.objections.raised.connect(lambda text: self.request(cmd.RaiseObjection(text=text)))
        side.objections.answer_requested.connect(self._answer)
        side.root.compare_requested.connect(lambda: self._start(self._compare(), "compare"))

    async def _compare(self) -> None:
        client = self.client
        if client.head[0]:
            await ask(CompareHeadDialog(client.head[0], client.root_at, client.told_other, self._window()))

    def request(self, wanted: object) -> None:
        """Carry out a command or request; what goes wrong is said in a dialog."""
        assert isinstance(wanted, Command | Request)
        self._start(self.carry_out(wanted), type(wanted).__name__)

    async def carry_out(self, wanted: Command | Request) -> bool:
        """The same, awaited; True when it is in the record."""
        match wanted:
            case Asking():
                answered = await ask(AskingDialog(wanted, self._window()))
                return answered is not None and await self.carry_out(wanted.make(*answered))
            case Sure():
                agreed = await ask(sure_dialog(wanted, self._window()))
                return agreed and await self.carry_out(wanted.then)
            case Sign():
                wanted = SignSeen(
                    await look_before_signing(self.client, self._bridge, wanted.documents, self._window())
                )
                if not wanted.papers:
                    return False
            case HandInBackup():
                return await ask(HandInDialog(self.client, self._bridge, self._window()))
            case ReleaseFromPaper():
                return await ask(PaperDialog(self.client, self._bridge, self._window()))
            case Manage("people"):
                return await self._people_table()
        self._rest(1)
        try:
            await self._do(wanted)
        except (BidroomError, TimeoutError, ConnectionError) as error:
            known = error if isinstance(error, BidroomError) else FaultError("command.timeout")
            await ask(ErrorDialog(texts.exception_text(known), parent=self._window()))
            return False
        finally:
            self._rest(-1)
            self.refresh()
        if not isinstance(wanted, cmd.PostMessage | cmd.RaiseHand | cmd.LowerHand | cmd.MarkSeen | Manage):
            self.said.emit(tr("已记入案卷"))
        return True

    async def _do(self, wanted: Command | Request) -> None:
        client = self.client
        match wanted:
            case Manage():
                await self.people.act(wanted.act, wanted.person)
            case FileAuthority():
                await self._file_authority()
            case Graved():
                await client.grave(wanted.command)
            case ReleaseBids():
                for supplier in wanted.suppliers:
                    await acts.release_bid(client, supplier)
            case ReleaseSheets():
                await acts.release_sealed(client, wanted.purpose)
            case ConfirmRead():
                await acts.confirm_price(client, wanted.total)
            case SignSeen():
                for paper in wanted.papers:  # the token asks for its PIN once, unless it wants it for every signature
                    await signing.sign_document(
                        client, paper.document, paper.seal or seal_of(client), tr("确认并签署"), paper.pdf, paper.box
                    )
            case SubmitSheet():
                await acts.submit_sheet(client, wanted.sheet)
                self._revising = False
                self.refresh()
            case ReviseSheet():
                self._revising = wanted.on
                self.refresh()
            case SubmitQuote():
                await acts.submit_quote(client, wanted.price)
            case Command():
                await client.do(wanted)

    def _start(self, coroutine: object, name: str) -> None:
        assert asyncio.iscoroutine(coroutine)
        self._bridge.start(coroutine, f"room.{name}")

    def _rest(self, by: int) -> None:
        self._under_way += by
        if self._panel is not None:
            self._panel.set_pending(self._under_way > 0)

    def _window(self) -> QWidget:
        return self._over if self._over is not None else self.screen.window()

    def _own_media(self, what: str, value: bool) -> None:
        if self.media is None:
            return
        change = self.media.set_muted if what == "muted" else self.media.set_camera
        self._start(self._change_media(change, value), what)

    async def _change_media(self, change: Callable[[bool], object], value: bool) -> None:
        done = change(value)
        assert asyncio.iscoroutine(done)
        await done
        self.refresh()

    def _post(self, text: str, scope: str) -> None:
        now = self.clock.now()
        name = self.facts().name(self.client.me)
        self._posted.append(MessageRow(at=now, sender=name, text=text, scope=scope, mine=True, recorded=False))
        self.refresh()
        self._start(self._send(text, scope), "message")

    async def _send(self, text: str, scope: str) -> None:
        if not await self.carry_out(cmd.PostMessage(to=scope, text=text)):
            self._posted = [row for row in self._posted if row.text != text]
            if not self.screen.side.messages.draft():
                self.screen.side.messages.type_draft(text)
            self.refresh()

    def _pause(self, wanted: bool) -> None:
        if not wanted:
            self.request(cmd.Resume())
            return
        self.request(
            Asking(
                tr("暂停会议"),
                tr("原因（记入案卷）"),
                tr("暂停"),
                lambda text, _code: cmd.Pause(reason=text),
                lines=(tr("暂停期间各项时限停止计算；录制继续。"),),
            )
        )

    def _answer(self, objection: str) -> None:
        found = self.client.state.objections.get(objection)
        if found is not None:
            self.request(answering(found.id, found.text))

    async def _leave(self) -> None:
        if await ask(leave_dialog(self.client.state.recording.running, self._window())):
            self.left.emit()

    async def _end(self) -> None:
        """Ending for all is moving to the end of the room, with what is undone accepted with a reason."""
        facts = self.facts()
        following = facts.next_phase()
        closing = (
            following in ("opening_closed", "evaluation_closed", "closed") or facts.state.phase == "opening_closed"
        )
        if following is None or not closing:
            await ask(ErrorDialog(texts.error_text("desk.not_last_step"), parent=self._window()))
            return
        reason = await ask(EndForAllDialog(undone_sentences(facts), self._window()))
        if reason is not None:
            await self.carry_out(cmd.Advance(phase=following, reason=reason))

    async def _people_table(self) -> bool:
        """Everyone in one table, true while it is open; acts open their dialogs over it."""
        dialog = PeopleDialog(self._window())
        self._over = dialog
        dialog.people.act.connect(lambda code, person: self.request(Manage(code, person)))
        dialog.people.show_facts(self.facts())
        try:
            await ask(dialog)
        finally:
            self._over = None
        return True

    async def _file_authority(self) -> None:
        path = await pick_file(self._window(), tr("选择授权委托书（PDF）"), "*.pdf")
        if path is not None:
            await acts.file_authorisation(self.client, await asyncio.to_thread(read_small, path, AUTHORITY_LIMIT))

    # --- documents ---

    async def _open(self, digest: str) -> None:
        try:
            data = await self._fetch(digest)
        except BidroomError as error:
            await ask(ErrorDialog(texts.exception_text(error), parent=self._window()))
            return
        DocumentWindow(self._bridge, data, self._title_of(digest), self._window()).show()

    def _title_of(self, digest: str) -> str:
        state = self.client.state
        for document in state.documents.values():
            if document.pdf_sha256 == digest:
                return texts.word("document", document.kind)
        names = (d.name for bid in state.bids.values() for d in bid.documents if d.sha256 == digest)
        return next(names, tr("文件"))
