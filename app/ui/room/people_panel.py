"""Who is in the room, who waits in the lobby, whose hand is up."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QScrollArea, QVBoxLayout, QWidget

from app.ui import texts
from app.ui.i18n import tr
from app.ui.icons import IconLabel
from app.ui.models import PersonRow
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.elided import ElidedLabel

ACTS = ("mute", "unmute", "remove", "absent", "invite", "verify", "reset", "replace")
"""What the staff may do about one person, in the order of the menu."""
TONES = {
    "signed_in": Tone.OK,
    "agency": Tone.INFO,
    "supervising": Tone.INFO,
    "weak_network": Tone.WARN,
    "disconnected": Tone.BAD,
    "absent": Tone.WARN,
    "lobby": Tone.INFO,
    "removed": Tone.NEUTRAL,
}


class PersonLine(QFrame):
    """One person in one line; the officer gets the acts."""

    def __init__(self, person: PersonRow, acts: tuple[tuple[str, Button], ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "row")
        self.setFixedHeight(44)
        name = ElidedLabel("body", person.name + (tr("（我）") if person.me else ""))
        where = "　".join(part for part in (person.seat, texts.word("role", person.role), person.organisation) if part)
        below = ElidedLabel("hint", where)
        inside = QHBoxLayout(self)
        inside.setContentsMargins(4, 0, 4, 0)
        inside.setSpacing(6)
        inside.addLayout(column(None, name, below, None, spacing=0), 1)
        if person.hand is not None:
            inside.addWidget(IconLabel("hand", "warn", 16))
            inside.addWidget(label("hint", str(person.hand)))
        elif not person.in_lobby:
            inside.addWidget(IconLabel("mic-off" if person.muted else "mic", "text3", 16))
        for _, button in acts:
            inside.addWidget(button)
        if not any(code != "more" for code, _ in acts):
            at = inside.count() - len(acts)
            inside.insertWidget(at, Chip(texts.word("state", person.state), TONES.get(person.state, Tone.NEUTRAL)))
        self.setAccessibleName(f"{person.name} {where} {texts.word('state', person.state)}")
        level = texts.word("level", person.level) if person.level else ""
        self.setToolTip("\n".join(part for part in (f"{person.name}　{where}", level) if part))


class PeoplePanel(View):
    """Give it a snapshot with :meth:`show_people`.

    Signals:
        admit(str): let this person in from the lobby.
        lower_hand(str): take this person's turn off the list.
        act(str, str): a code of :data:`ACTS` and the person.
        manage(str): ``people`` or ``seats``, for all.
    """

    admit = Signal(str)
    lower_hand = Signal(str)
    act = Signal(str, str)
    manage = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._people: tuple[PersonRow, ...] = ()
        self._may: frozenset[str] = frozenset()
        self._inside = QWidget()
        self._inside.setProperty("role", "inside")
        self._rows = column(spacing=0)
        self._inside.setLayout(self._rows)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._inside)
        self.say(area.setAccessibleName, "人员")
        self.all, self.seats = Button("small", "people"), Button("small", "camera")
        self.all.clicked.connect(lambda: self.manage.emit("people"))
        self.seats.clicked.connect(lambda: self.manage.emit("seats"))
        self.say(self.all.setText, "人员与链接…")
        self.say(self.seats.setText, "席位…")
        self._foot = QWidget()
        self._foot.setLayout(row(self.all, self.seats, None))
        self._foot.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area, 1)
        layout.addWidget(self._foot)

    def show_people(self, people: tuple[PersonRow, ...], may: frozenset[str]) -> None:
        """Hands first in their order, then the lobby, then everyone; ``may`` are the commands allowed to me."""
        if (people, may) == (self._people, self._may):
            return
        self._people, self._may = people, may
        self.retranslate()

    def retranslate(self) -> None:
        clear(self._rows)
        self.all.setVisible("people" in self._may)
        self.seats.setVisible("seats" in self._may)
        self._foot.setVisible(bool({"people", "seats"} & self._may))
        order = sorted(self._people, key=lambda one: (one.hand is None, one.hand or 0, not one.in_lobby))
        for person in order:
            self._rows.addWidget(PersonLine(person, self._acts(person)))
        self._rows.addStretch(1)

    def _acts(self, person: PersonRow) -> tuple[tuple[str, Button], ...]:
        more = self._more(person)
        if person.in_lobby and "admit" in self._may:
            button = Button("small", text=tr("准许入场"))
            button.clicked.connect(lambda: self.admit.emit(person.person_id))
            return (("admit", button), *more)
        if person.hand is not None and "lower_hand" in self._may:
            button = Button("small", text=tr("放下"))
            button.clicked.connect(lambda: self.lower_hand.emit(person.person_id))
            return (("lower_hand", button), *more)
        return more

    def _more(self, person: PersonRow) -> tuple[tuple[str, Button], ...]:
        """What is done about somebody now and then, behind one button."""
        if not person.acts:
            return ()
        button = Button("small", "more")
        button.setAccessibleName(tr("更多：{name}", name=person.name))
        button.setToolTip(tr("更多"))
        button.setFixedWidth(32)
        menu = QMenu(button)
        for code in person.acts:
            action = menu.addAction(texts.word("person_act", code))
            action.setData(code)
            action.triggered.connect(lambda _=False, code=code: self.act.emit(code, person.person_id))
        button.clicked.connect(lambda: menu.popup(button.mapToGlobal(button.rect().bottomLeft())))
        return (("more", button),)
