"""评委签到: who of the committee is here, phones in the lockers, composition as the law wants it."""

import app.session.rules.commands as cmd
from app.session.rules.people import Role
from app.ui import texts
from app.ui.i18n import capital, tr
from app.ui.opening.gathering import open_gates, state_chip
from app.ui.people.people_table import seat_words
from app.ui.phase_panel import PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking, Choice, Manage
from app.ui.room_people import dispersed
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import label
from app.ui.widgets.chip import Tone
from app.ui.widgets.data_table import Cell, ChipCell, Column, DataTable


class AssemblingPanel(PhasePanel):
    """One line a member."""

    share = 0.5

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "评委签到", "手机存入手机柜或完成场所核验后进入评审。")
        self.replace, self.recuse = ActButton("plain"), ActButton("plain")
        self.replace.clicked.connect(lambda: self.ask(Manage("replace")))
        self.recuse.clicked.connect(self._rule)
        for button in (self.recuse, self.replace):
            self.add_act(button)
        self.say(self.replace.setText, "更换评委…")
        self.say(self.recuse.setText, "裁定回避…")
        self.table = DataTable(
            (Column("姓名", width=72), Column("身份", width=80), Column("单位与席位", stretch=True, width=80),
             Column("签到方式", width=104), Column("状态", width=104), Column("手机或场所", width=104),
             Column("承诺书", width=80)),
        )  # fmt: skip
        self._gates = label("second", wrap=True)
        self.add(self.table, self._gates)
        self.body.setStretch(1, 1)

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        self.replace.setVisible(facts.officer and bool(state.members()))
        self.recuse.setVisible(facts.officer and any(r.granted is None for r in state.member_recusals.values()))
        self.table.show_rows([member_row(facts, member) for member in state.members()])
        shut = [
            f"{texts.word('gate', name)}：{texts.error_text(problem.code, problem.facts).what}"
            for name, problem in open_gates(state, facts.next_phase() or "", self.context.clock.now())
            if problem is not None
        ]
        self._gates.setText("\n".join(shut))
        self._gates.setVisible(bool(shut) and facts.officer)

    def _rule(self) -> None:
        facts = self.facts()
        open_ones = [key for key, item in facts.state.member_recusals.items() if item.granted is None]
        if open_ones:
            self.ask(ruling(facts, open_ones[0]))


def ruling(facts: StepFacts, person: str) -> Asking:
    """Ask the officer to rule a member's recusal."""
    choices = (Choice("yes", tr("准许回避")), Choice("no", tr("不予回避")))
    said = facts.state.member_recusals[person].reason
    return Asking(
        tr("裁定回避：{name}", name=facts.name(person)), tr("理由（记入案卷）"), tr("裁定"),
        lambda text, code: cmd.RuleMemberRecusal(person=person, granted=code == "yes", reason=text), choices=choices,
        lines=(said,),
    )  # fmt: skip


def member_row(facts: StepFacts, member: str) -> list[Cell]:
    """One member of the committee."""
    state = facts.state
    person = state.people[member]
    kind = tr("采购人代表") if person.has(Role.PURCHASER) else tr("评审专家")
    if member == state.leader:
        kind = f"{kind}　{texts.word('role', 'leader')}"
    signed = state.signed_in.get(member)
    done, still = (tr("已核验"), tr("未核验")) if dispersed(facts) else (tr("已入柜"), tr("未入柜"))
    locked = ChipCell(done, Tone.OK) if member in state.phones else ChipCell(still, Tone.NEUTRAL)
    recusal = state.member_recusals.get(member)
    if recusal is not None and recusal.granted is not False:
        committed = ChipCell(tr("申请回避") if recusal.granted is None else tr("已回避"), Tone.WARN)
    elif member in state.commitments:
        committed = ChipCell(texts.word("state", "signed"), Tone.OK)
    else:
        committed = ChipCell(tr("等待"), Tone.NEUTRAL)
    place = "　".join(part for part in (seat_words(facts, member), person.organisation) if part)
    level = capital(texts.word("level", signed.level.value)) if signed is not None else None
    return [
        person.name + (tr("（我）") if member == facts.me else ""), kind, place,
        level, state_chip(state, member), locked, committed,
    ]  # fmt: skip
