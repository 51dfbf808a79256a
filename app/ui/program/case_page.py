"""项目管理: a case before its opening, as agency, openers and supervisors have it: people, links, sealing kit, host."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QWidget

from app.clock import Clock
from app.session.rules.people import Role
from app.session.rules.state import ANNOUNCED
from app.ui import texts
from app.ui.i18n import tr
from app.ui.models import CheckLine
from app.ui.people.people_table import PeopleTable
from app.ui.prepare.check_list import CheckList
from app.ui.step_facts import StepFacts
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.countdown import CountdownLabel
from app.ui.widgets.top_bar import TopBar


class CasePage(View):
    """Signals:
    back(), enter_requested(): home, or into the room.
    public_link_requested().
    kit_act(str): fix, accept, issue, save.
    host_act(str): start, stop, check.
    """

    back = Signal()
    enter_requested = Signal()
    public_link_requested = Signal()
    kit_act = Signal(str)
    host_act = Signal(str)

    def __init__(self, clock: Clock, *, hosted: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self._facts: StepFacts | None = None
        self._hosted, self._running = hosted, False
        self._bar = TopBar()
        leave = Button("ghost", "arrow-left")
        leave.clicked.connect(self.back)
        self.say(leave.setAccessibleName, "返回")
        self._phase, self._rehearsal, self._host = Chip(), Chip("", Tone.WARN), Chip()
        self.enter = Button("primary", "arrow-right")
        self.enter.clicked.connect(self.enter_requested)
        self.say(self.enter.setText, "进入会场")
        self._bar.lead(leave)
        self._bar.add(self._host, self._rehearsal, self._phase, self.enter)
        self.countdown = CountdownLabel(clock)
        self._deadline = label("second")
        self.people = PeopleTable()
        self.link = Button("plain", "link")
        self.link.clicked.connect(self.public_link_requested)
        self.say(self.link.setText, "供应商登记链接…")
        self._kit_state = label("second", wrap=True)
        self._openers = column(spacing=6)
        self.kit: dict[str, Button] = {}
        for code, role, icon, text in (
            ("fix", "plain", "document", "选定采购文件并拟定…"),
            ("accept", "primary", "check", "接受开标人职责"),
            ("issue", "primary", "seal", "签发并发布"),
            ("save", "plain", "download", "保存工具包…"),
        ):
            button = self.kit[code] = Button(role, icon)
            button.clicked.connect(lambda _=False, code=code: self.kit_act.emit(code))
            self.say(button.setText, text)
        self.checks = CheckList()
        self.checks.again.connect(lambda _code: self.host_act.emit("check"))
        self.start, self.stop, self.check = Button("plain", "play"), Button("danger", "stop"), Button("plain", "link")
        for button, code, text in (
            (self.start, "start", "启动主机"),
            (self.stop, "stop", "停止主机…"),
            (self.check, "check", "外部能否连接？"),
        ):
            button.clicked.connect(lambda _=False, code=code: self.host_act.emit(code))
            self.say(button.setText, text)
        self._lay_out()

    def show_facts(self, facts: StepFacts) -> None:
        """Show another snapshot."""
        self._facts = facts
        self.retranslate()

    def show_host(self, *, running: bool, checks: tuple[CheckLine, ...] = ()) -> None:
        """The host of this case on this machine, and what was found about its reach."""
        self._running = running
        self.checks.show_lines(checks)
        self.retranslate()

    def retranslate(self) -> None:
        self._host.show_state(tr("主机运行中") if self._running else tr("主机未运行"),
                              Tone.OK if self._running else Tone.BAD)  # fmt: skip
        self._host.setVisible(self._hosted)
        self.start.setVisible(self._hosted and not self._running)
        self.stop.setVisible(self._hosted and self._running)
        self.check.setEnabled(self._running)
        facts = self._facts
        if facts is None or facts.state.lot is None:
            return
        state, lot = facts.state, facts.state.lot
        assert lot is not None
        self._bar.say_title(
            tr("{name}　包 {lot}", name=lot.project_name, lot=lot.lot.id),
            f"{lot.project_number}　" + texts.word("method", lot.method),
        )
        self._phase.show_state(texts.word("phase", state.phase), Tone.INFO)
        self._rehearsal.show_state(tr("演练，不具法律效力"), Tone.WARN)
        self._rehearsal.setVisible(state.rehearsal)
        self._deadline.setText(tr("截止与开标 {time}", time=texts.full_time(lot.deadline)))
        self.countdown.run(lot.deadline)
        self.people.show_facts(facts)
        self.link.setVisible(state.has_role(facts.me, Role.OFFICER, Role.CLERK))
        self._show_kit(facts)

    def _show_kit(self, facts: StepFacts) -> None:
        state = facts.state
        holders = list(state.with_role(Role.OPENER))
        if state.lot is not None and state.lot.opening_policy.must is not None:
            holders += state.with_role(Role.SUPERVISOR)
        missing = [key for key in holders if key not in state.signed_in]
        clear(self._openers)
        for key in holders:
            accepted = key in state.acceptances
            word = tr("已接受") if accepted else tr("已签到") if key in state.signed_in else tr("未签到")
            tone = Tone.OK if accepted or key in state.signed_in else Tone.NEUTRAL
            who = label("body", f"{facts.name(key)}　{state.people[key].organisation}")
            self._openers.addLayout(row(who, None, Chip(word, tone)))
        waiting = [key for key in state.with_role(Role.OPENER) if key not in state.acceptances]
        mine = facts.me in holders and facts.me not in state.acceptances
        announced = state.phase == ANNOUNCED
        if state.kit_sha256:
            said = tr("密封工具包已发布，供应商可以加密并递交。")
        elif not state.kit_core:
            said = tr("开标人都签到后，选定采购文件，拟定密封工具包；再由每位开标人用证书接受。")
            if missing:
                said = tr("等待开标人首次签到：{names}", names=tr("、").join(facts.name(key) for key in missing))
        elif waiting:
            said = tr("等待接受：{names}", names=tr("、").join(facts.name(key) for key in waiting))
        else:
            said = tr("开标人都已接受，可以签发。")
        self._kit_state.setText(said)
        fixed = bool(state.kit_core)
        self.kit["fix"].setVisible(facts.officer and announced and not fixed)
        self.kit["fix"].setEnabled(not missing and bool(holders))
        self.kit["accept"].setVisible(announced and fixed and mine)
        self.kit["issue"].setVisible(facts.officer and announced and fixed)
        self.kit["issue"].setEnabled(not waiting)
        self.kit["save"].setVisible(bool(state.kit_sha256))

    def _lay_out(self) -> None:
        time, people, kit, host = (Card(heading=True) for _ in range(4))
        self.say(time.title.setText, "时间")
        time.add(self._deadline, row(self.countdown, None), row(self.link, None))
        self.say(people.title.setText, "人员")
        people.add(self.people)
        people.body.setStretch(1, 1)
        self.say(kit.title.setText, "密封工具包")
        kit.add(self._kit_state, self._openers, row(*self.kit.values(), None), None)
        self.say(host.title.setText, "主机")
        host.add(self.checks, row(self.start, self.check, self.stop, None), None)
        host.setVisible(self._hosted)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(time, kit, host, None, spacing=12))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        body = row(people, area, spacing=12, margins=(20, 16, 20, 16))
        body.setStretch(0, 3)
        body.setStretch(1, 2)
        layout = column(self._bar, body, spacing=0)
        layout.setStretch(1, 1)
        self.setLayout(layout)
