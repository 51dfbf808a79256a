"""The panel of one phase: heading, its clock, moving on; what else there is, each phase adds."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

import app.session.rules.commands as cmd
from app.session.rules.command import Command
from app.session.rules.state import Document
from app.ui import texts
from app.ui.i18n import tr
from app.ui.room.step_panel import ActButton, StepPanel
from app.ui.room_acts import Asking, Manage, Request, Sign, Sure
from app.ui.room_people import dispersed, lacks_members, phone_requests, place_request, unplaced
from app.ui.step_facts import StepContext, StepFacts, undone_sentences
from app.ui.view import column, label
from app.ui.widgets.buttons import Button
from app.ui.widgets.countdown import CountdownLabel


class PhasePanel(StepPanel[StepFacts]):
    """Base of all panels; a subclass fills :meth:`show_facts`.

    Attributes:
        context: clock, bridge, files.
        countdown: runs while the window ``window`` (by default the phase's own) is open.
        onward: enters the next phase; shown to who moves on.
        place, committee: members' phones or places, and the draw's result, in the phases that need them.
        shows_documents: kinds of documents that this panel itself offers to sign.
        fills_room: the panel wants the whole room, with video a click away; else ``share`` of the room's height.

    Signals:
        video_wanted(bool): bring the room's video back beside this panel, or give the panel the room again.
    """

    video_wanted = Signal(bool)
    fills_room = False
    shows_documents: tuple[str, ...] = ()
    share = 0.38

    def __init__(
        self, context: StepContext, title: str, hint: str = "", window: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(title, hint, parent)
        self.context = context
        self._window = window
        self.countdown = CountdownLabel(context.clock)
        self.onward = ActButton("primary", "arrow-right")
        self.onward.clicked.connect(self._ask_move)
        self.pending_sign = ActButton("plain", "pen")
        self.pending_sign.clicked.connect(self._ask_sign)
        self.pending_sign.setVisible(False)
        self.place, self.committee = ActButton("plain", "check"), ActButton("plain", "people")
        self.place.clicked.connect(self._ask_place)
        self.committee.clicked.connect(lambda: self.ask(Manage("import")))
        self.say(self.committee.setText, "导入评审小组…")
        for button in (self.place, self.committee):
            button.setVisible(False)
        self.video = Button("plain", "people")
        self.video.setCheckable(True)
        self.video.toggled.connect(self.video_wanted)
        self.video.setVisible(False)
        self.say(self.video.setText, "视频")
        self.add_controls(self.countdown, self.pending_sign, self.committee, self.place, self.video, self.onward)

    def add_act(self, button: QWidget) -> None:
        """A button between the clock and moving on."""
        self.controls.insertWidget(self.controls.count() - 1, button)

    def ask(self, request: Command | Request) -> None:
        """The person wants this."""
        self.command_requested.emit(request)

    def show_snapshot(self, snapshot: StepFacts) -> None:
        super().show_snapshot(snapshot)
        self._show_clock(snapshot)
        self.video.setVisible(self.fills_room)
        waiting = self._unsigned(snapshot)
        self.pending_sign.setVisible(bool(waiting))
        if waiting:
            self.pending_sign.setText(tr("签署：{name}…", name=texts.word("document", waiting[0].kind)))
        self.committee.setVisible(lacks_members(snapshot))
        self.place.setVisible(bool(unplaced(snapshot)))
        self.place.setText(tr("场所核验…") if dispersed(snapshot) else tr("手机已全部入柜"))
        allowed = snapshot.may_move()
        self.onward.setVisible(allowed)
        if allowed:
            self.onward.setText(tr("进入：{phase}", phase=texts.word("phase", snapshot.next_phase() or "")))
            self.onward.allow(not snapshot.state.paused)
        self.show_facts(snapshot)
        self._keep_one_primary()

    def _keep_one_primary(self) -> None:
        """Moving on is the primary act only while the panel offers none of its own."""
        items = (self.controls.itemAt(number) for number in range(self.controls.count()))
        others = (item.widget() for item in items if item is not None)
        due = any(
            isinstance(one, Button) and one is not self.onward and one.role == "primary" and one.isEnabled()
            and not one.isHidden() for one in others
        )  # fmt: skip
        self.onward.show_role("plain" if due else "primary")

    def show_facts(self, facts: StepFacts) -> None:
        """Show the phase's own content."""

    def facts(self) -> StepFacts:
        """What is shown now; asked for only by buttons, so there is something."""
        assert self.snapshot is not None
        return self.snapshot

    def _show_clock(self, facts: StepFacts) -> None:
        window = facts.window(self.window_name(facts))
        self.countdown.setVisible(window is not None)
        if window is None:
            self.countdown.stop()
        elif facts.state.paused and facts.state.paused_at is not None:
            self.countdown.freeze((window.until - facts.state.paused_at).total_seconds())
        else:
            self.countdown.run(window.until)

    def window_name(self, facts: StepFacts) -> str:
        """Which clock is shown."""
        return self._window or facts.state.phase

    def _unsigned(self, facts: StepFacts) -> tuple[Document, ...]:
        """Documents that wait for this person and have no panel of their own in this phase."""
        return tuple(
            document
            for document in facts.state.documents.values()
            if facts.me in document.waiting and document.kind not in self.shows_documents
        )

    def _ask_place(self) -> None:
        """Tick every phone at the site; look at one place after the other where members sit alone."""
        request = place_request(self.facts())
        for wanted in (request,) if request is not None else phone_requests(self.facts()):
            self.ask(wanted)

    def _ask_sign(self) -> None:
        waiting = self._unsigned(self.facts())
        if waiting:
            self.ask(Sign(tuple(document.id for document in waiting)))

    def _ask_move(self) -> None:
        facts = self.facts()
        phase = facts.next_phase()
        if phase is None:
            return
        undone = undone_sentences(facts)
        word = texts.word("phase", phase)
        if undone:
            self.ask(
                Asking(
                    title=tr("尚有未完成事项，仍要进入“{phase}”？", phase=word),
                    field=tr("原因（记入案卷）"),
                    act=tr("进入"),
                    make=lambda text, _code: cmd.Advance(phase=phase, reason=text),
                    lines=undone,
                    danger=True,
                )
            )
        elif phase == "closed":
            text = tr("归档后不能再追加任何记录。")
            self.ask(Sure(tr("结束并归档？"), text, tr("归档"), cmd.Advance(phase=phase), danger=True))
        else:
            self.ask(cmd.Advance(phase=phase))


class Note(QWidget):
    """A sentence with nothing to do: what is going on for those who only wait."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = label("body", wrap=True)
        self.setLayout(column(self._text))

    def say(self, text: str) -> None:
        self._text.setText(text)
        self.setVisible(bool(text))

    def text(self) -> str:
        return self._text.text()
