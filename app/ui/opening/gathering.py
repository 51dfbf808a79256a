"""签到与入场: who is here, who waits to be admitted, what still stands before the discipline."""

from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLayout, QWidget

import app.session.rules.commands as cmd
import app.session.rules.decide_opening  # noqa: F401 - fills the table of gates
from app.errors import InputError
from app.session.rules.decide import GATES
from app.session.rules.people import Role
from app.session.rules.state import ANNOUNCED, RECEIVING, State
from app.ui import texts
from app.ui.i18n import tr
from app.ui.phase_panel import PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import clear, column, label, row
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.data_table import ChipCell, Column, DataTable
from app.ui.widgets.split_view import SplitView

ORDER = (Role.OFFICER, Role.CLERK, Role.OPENER, Role.SUPPLIER, Role.MEMBER, Role.SUPERVISOR, Role.ENGINEER)


class GatheringPanel(PhasePanel):
    """Sign-in by role at the left, the gates of the next phase at the right."""

    share = 0.45

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "签到与入场", "到截止时间后宣布纪律；未获准入场不影响解密、确认、异议和签署。")
        self._admit = ActButton("plain", "check")
        self._admit.clicked.connect(self._admit_all)
        self.add_act(self._admit)
        self.say(self._admit.setText, "全部准许入场")
        self.people = DataTable(
            (Column("姓名", width=76), Column("单位", stretch=True, width=90), Column("角色", width=76),
             Column("状态", width=84)),
        )  # fmt: skip
        self._gates = column(spacing=8)
        side = QWidget()
        title = label("strong")
        self.say(title.setText, "进入下一步的条件")
        side.setLayout(column(title, self._gates, None, spacing=10, margins=(8, 0, 0, 0)))
        split = SplitView(Qt.Orientation.Horizontal)
        split.addWidget(self.people)
        split.addWidget(side)
        split.set_shares([0.62, 0.38])
        self.add(split)
        self.body.setStretch(1, 1)

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        if state.phase in (ANNOUNCED, RECEIVING, "gathering") and state.lot is not None:
            before = state.lot.deadline > self.context.clock.now()
            self.countdown.setVisible(before)
            if before:
                self.countdown.run(state.lot.deadline)
        self._admit.setVisible(bool(waiting_people(facts)) and facts.officer)
        self.people.show_rows([self._row(facts, person) for person in _ordered(state)])
        clear(self._gates)
        for gate, problem in open_gates(state, facts.next_phase() or "", self.context.clock.now()):
            self._gates.addLayout(self._gate(facts, gate, problem))

    def _row(self, facts: StepFacts, key: str) -> list[str | ChipCell | None]:
        state, person = facts.state, facts.state.people[key]
        roles = [role for role in ORDER if person.has(role)]
        return [
            person.name + (tr("（我）") if key == facts.me else ""),
            person.organisation,
            texts.word("role", roles[0].value if roles else person.roles[0].value),
            state_chip(state, key),
        ]

    def _gate(self, facts: StepFacts, gate: str, problem: InputError | None) -> QLayout:
        waived = gate in facts.state.waived
        word = tr("已豁免") if waived else tr("已满足") if problem is None else tr("未满足")
        chip = Chip(word, Tone.WARN if waived else Tone.OK if problem is None else Tone.BAD)
        why = texts.error_text(problem.code, problem.facts).what if problem is not None and not waived else ""
        said = facts.state.waived.get(gate, "") if waived else why
        head = row(label("body", texts.word("gate", gate), wrap=True), chip, spacing=8)
        head.setStretch(0, 1)
        parts = column(head, spacing=2)
        if said:
            parts.addWidget(label("second", said, wrap=True))
        if problem is not None and not waived and facts.officer and gate in WAIVABLE:
            button = ActButton("link", text=tr("豁免…"))
            button.clicked.connect(lambda: self._waive(gate))
            parts.addLayout(row(button, None))
        return parts

    def _waive(self, gate: str) -> None:
        self.ask(
            Asking(
                tr("豁免：{gate}", gate=texts.word("gate", gate)), tr("理由（记入案卷）"), tr("豁免"),
                lambda text, _code: cmd.WaiveGate(gate=gate, reason=text), danger=True,
            )
        )  # fmt: skip

    def _admit_all(self) -> None:
        for person in waiting_people(self.facts()):
            self.ask(cmd.Admit(person=person))


WAIVABLE = frozenset({"site_checked_or_waived", "place_held", "recording_runs"})


def waiting_people(facts: StepFacts) -> tuple[str, ...]:
    """Signed in, and not yet let into the conversation; members stay out of an opening that bars them."""
    state = facts.state
    barred = state.method is not None and state.method.members_barred_from_opening
    return tuple(
        key
        for key in state.signed_in
        if key not in state.admitted
        and key not in state.removed
        and key in state.online
        and not (barred and state.has_role(key, Role.MEMBER) and _in_opening(state))
    )


def _in_opening(state: State) -> bool:
    return all(phase.name != state.phase for phase in state.the_method().room("evaluation"))


def state_chip(state: State, person: str) -> ChipCell:
    """Where a person stands, as a chip."""
    code, tone = person_state(state, person)
    return ChipCell(texts.word("state", code), tone)


def person_state(state: State, person: str) -> tuple[str, Tone]:
    """Where a person stands: a code of ``state`` words, and its tone."""
    if person in state.removed:
        return "removed", Tone.NEUTRAL
    if person not in state.signed_in:
        return ("absent", Tone.WARN) if person in state.absent else ("invited", Tone.NEUTRAL)
    if person not in state.online:
        return "disconnected", Tone.BAD
    if state.has_role(person, Role.SUPERVISOR):
        return "supervising", Tone.INFO
    if person not in state.admitted and not state.has_role(person, Role.OFFICER, Role.CLERK):
        return "lobby", Tone.INFO
    return "signed_in", Tone.OK


def open_gates(state: State, phase: str, now: datetime) -> list[tuple[str, InputError | None]]:
    """Each gate of ``phase`` with what keeps it shut, as this desk can see it; the host decides."""
    method = state.method
    if method is None or not method.has(phase):
        return []
    found: list[tuple[str, InputError | None]] = []
    for name in method.phase(phase).gates:
        problem: InputError | None = None
        try:
            GATES[name](state, now)
        except InputError as error:
            problem = error
        except (IndexError, KeyError, AssertionError):  # what this desk may not see, it cannot judge
            continue
        found.append((name, problem))
    return found


def _ordered(state: State) -> list[str]:
    def place(key: str) -> int:
        roles = state.people[key].roles
        return min((ORDER.index(role) for role in roles if role in ORDER), default=len(ORDER))

    shown = [key for key in state.people if key not in state.replaced]
    return sorted(shown, key=place)
