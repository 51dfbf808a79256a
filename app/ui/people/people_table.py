"""Everyone of a case in one table, with what the staff does for the chosen one; on the case's page and in the room."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.session.rules.people import Role
from app.session.rules.seats import devices_of
from app.session.rules.state import FAILED
from app.ui import texts
from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import capital, tr
from app.ui.opening.gathering import state_chip
from app.ui.step_facts import StepFacts
from app.ui.view import View, column, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Tone
from app.ui.widgets.data_table import Cell, ChipCell, Column, DataTable

ACTS = (
    ("invite", "link", "邀请链接…"),
    ("verify", "person", "核验身份…"),
    ("reset", "refresh", "换发证书…"),
    ("replace", "people", "更换评委…"),
)
"""For the chosen person: code, icon, text."""
GENERAL = (
    ("add", "plus", "登记人员…"),
    ("import", "upload", "导入评审小组…"),
    ("seats", "camera", "席位安排…"),
)
"""For the case."""


class PeopleTable(View):
    """Signals:
    act(str, str): a code of :data:`ACTS` with the chosen person, or of :data:`GENERAL` with nobody.
    """

    act = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts: StepFacts | None = None
        self._order: list[str] = []
        self.table = DataTable(
            (Column("姓名", width=90), Column("单位", stretch=True, width=110), Column("角色", width=120),
             Column("签到方式", width=90), Column("席位", width=104), Column("状态", width=84)),
            select=True,
        )  # fmt: skip
        self.table.selected.connect(lambda _row: self._show_acts())
        self.acts: dict[str, Button] = {}
        for code, icon, text in (*ACTS, *GENERAL):
            button = self.acts[code] = Button("plain", icon)
            button.clicked.connect(lambda _=False, code=code: self._asked(code))
            self.say(button.setText, text)
        layout = column(
            self.table,
            row(*(self.acts[code] for code, _, _ in ACTS), None),
            row(*(self.acts[code] for code, _, _ in GENERAL), None),
        )
        layout.setStretch(0, 1)
        self.setLayout(layout)

    def show_facts(self, facts: StepFacts) -> None:
        """Show another snapshot."""
        self._facts = facts
        self.retranslate()

    def chosen(self) -> str:
        """The person selected in the table."""
        number = self.table.view.currentIndex().row()
        return self._order[number] if 0 <= number < len(self._order) else ""

    def choose(self, person: str) -> None:
        """Select a person."""
        self.table.view.selectRow(self._order.index(person))

    def retranslate(self) -> None:
        facts = self._facts
        if facts is None:
            return
        state, before = facts.state, self.chosen()
        self._order = [key for key in state.people if key not in state.replaced]
        self.table.show_rows([self._row(facts, key) for key in self._order])
        if before in self._order and before != self.chosen():
            self.choose(before)
        self._show_acts()

    def _row(self, facts: StepFacts, key: str) -> list[Cell]:
        state, person = facts.state, facts.state.people[key]
        signed = state.signed_in.get(key)
        chip = state_chip(state, key)
        if key not in state.signed_in and not any(item.person == key for item in state.invitations.values()):
            chip = ChipCell(tr("未邀请"), Tone.NEUTRAL)
        code = state.codes.get(key)
        if key not in state.signed_in and code is not None and not code.used and not code.void:
            chip = ChipCell(tr("已给验证码"), Tone.INFO)
        return [
            person.name + (tr("（我）") if key == facts.me else ""),
            person.organisation,
            tr("、").join(texts.word("role", role.value) for role in person.roles),
            capital(texts.word("level", signed.level.value)) if signed else None,
            seat_words(facts, key) or None,
            chip,
        ]

    def _show_acts(self) -> None:
        facts = self._facts
        if facts is None:
            return
        state, person = facts.state, self.chosen()
        allowed = people_acts(facts)
        for code, button in self.acts.items():
            button.setVisible(code in allowed)
            button.setEnabled(code in {name for name, _, _ in GENERAL} or bool(person))
        if person:
            self.acts["reset"].setEnabled(person in state.certificates)
            self.acts["verify"].setEnabled("verify" in acts_for(facts, person))
            self.acts["replace"].setEnabled(state.has_role(person, Role.MEMBER))

    def _asked(self, code: str) -> None:
        general = code in {name for name, _, _ in GENERAL}
        if general or self.chosen():
            self.act.emit(code, "" if general else self.chosen())


class PeopleDialog(DeskDialog[None]):
    """The table over the room; it follows the record while it is open."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("人员与席位"), parent, width=860)
        self.people = PeopleTable()
        self.people.setMinimumHeight(420)
        self.add(self.people)
        self.add_button(tr("关闭"), "primary", accept=True, default=True)

    def answer(self) -> None:
        return None


def people_acts(facts: StepFacts) -> frozenset[str]:
    """What the viewer's role does about people; the host decides each act anew."""
    state = facts.state
    may: set[str] = set()
    if facts.closed or state.phase == FAILED:
        return frozenset()
    if state.has_role(facts.me, Role.OFFICER, Role.CLERK):
        may.add("invite")
        if state.lot is not None and "staff_verified" in state.lot.sign_in:
            may.add("verify")
    if facts.officer:
        may |= {"reset", "add", "import", "seats"}
        if state.members() and not state.agency_checked:
            may.add("replace")
    if state.has_role(facts.me, Role.ENGINEER):
        may.add("seats")
    return frozenset(may)


def acts_for(facts: StepFacts, person: str) -> frozenset[str]:
    """What the viewer may do for one person, of :data:`ACTS`."""
    state = facts.state
    may = people_acts(facts) & {code for code, _, _ in ACTS}
    signed = state.signed_in.get(person)
    if person in state.certificates and signed is not None and signed.level.value != "staff_verified":
        may -= {"verify"}  # nobody signs in beside a token
    if person not in state.certificates:
        may -= {"reset"}
    if not state.has_role(person, Role.MEMBER):
        may -= {"replace"}
    return frozenset(may)


def seat_words(facts: StepFacts, person: str) -> str:
    """Where a person sits; with a mark for whose devices the room has."""
    state = facts.state
    room = state.people[person].seat
    if room and devices_of(state, room) == person:
        return tr("{room}（设备）", room=room)
    run = next((name for name, runner in state.rooms.items() if runner == person), "")
    return room or (tr("{room}（设备）", room=run) if run else "")
