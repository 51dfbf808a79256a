"""供应商 before the deadline: the sealing kit, what has been handed in, its receipt; replace or withdraw."""

from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QScrollArea, QWidget

from app.clock import Clock
from app.session.rules.state import RECEIVING
from app.ui import texts
from app.ui.bids.models import TrialView
from app.ui.bids.proof_view import ProofView
from app.ui.bids.seal_page import trial_line
from app.ui.i18n import tr
from app.ui.step_facts import StepFacts
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.countdown import CountdownLabel
from app.ui.widgets.top_bar import TopBar


class BidPage(View):
    """Signals:
    back(), enter_requested(): home, or into the room.
    save_kit_requested(), seal_requested(), withdraw_requested(), save_receipt_requested().
    trial_requested(): does the token decrypt, now and on the day?
    """

    back = Signal()
    enter_requested = Signal()
    save_kit_requested = Signal()
    seal_requested = Signal()
    withdraw_requested = Signal()
    save_receipt_requested = Signal()
    trial_requested = Signal()

    def __init__(self, clock: Clock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self._clock = clock
        self._facts: StepFacts | None = None
        self._until: datetime | None = None
        self._bar = TopBar()
        leave = Button("ghost", "arrow-left")
        leave.clicked.connect(self.back)
        self.say(leave.setAccessibleName, "返回")
        self._phase, self._rehearsal, self._link = Chip(), Chip("", Tone.WARN), Chip()
        enter = Button("plain", "arrow-right")
        enter.clicked.connect(self.enter_requested)
        self.say(enter.setText, "进入会场")
        self._bar.lead(leave)
        self._bar.add(self._link, self._rehearsal, self._phase, enter)
        self._deadline, self._kit = label("body", wrap=True), label("body", wrap=True)
        self.countdown = CountdownLabel(clock)
        self.countdown.over.connect(self.retranslate)
        self._standing = column(spacing=8)
        self.save_kit, self.seal = Button("plain", "download"), Button("primary", "lock")
        self.withdraw, self.receipt = Button("danger", "close"), Button("plain", "download")
        self.trial = Button("plain", "unlock")
        self._trial: TrialView | None = None
        self._other_key = False
        self._tried = column(spacing=6)
        for button, signal, text in (
            (self.save_kit, self.save_kit_requested, "保存密封工具包…"),
            (self.seal, self.seal_requested, "加密并递交…"),
            (self.withdraw, self.withdraw_requested, "撤回…"),
            (self.receipt, self.save_receipt_requested, "保存回执…"),
            (self.trial, self.trial_requested, "试解密…"),
        ):
            button.clicked.connect(signal)
            self.say(button.setText, text)
        time, kit, mine = (Card(heading=True) for _ in range(3))
        self.say(time.title.setText, "时间")
        time.add(self._deadline, row(self.countdown, None))
        self.say(kit.title.setText, "密封工具包")
        kit.add(self._kit, row(self.save_kit, None))
        self.say(mine.title.setText, "我的投标（响应）文件")
        mine.add(self._standing, row(self.seal, self.receipt, None, self.withdraw))
        ready = Card(heading=True)
        self.say(ready.title.setText, "开标准备：您的证书")
        why = label("second", wrap=True)
        self.say(why.setText, "用插入的证书加密一小段无意义的内容再解开，与开标时的步骤相同。不会动您的投标文件。")
        line = row(why, self.trial, spacing=12)
        line.setStretch(0, 1)
        ready.add(line, self._tried)
        note = label("second", wrap=True)
        self.say(
            note.setText,
            "截止时间前，包括主机在内的任何人都打不开您的文件，也没有人知道谁递交了文件。"
            "开标时须用同一支证书解密，请妥善保管并准时到场。",
        )
        above = row(time, kit, spacing=12)
        above.setStretch(0, 1)
        above.setStretch(1, 1)
        inside = QWidget()
        inside.setProperty("role", "page")
        inside.setLayout(column(above, mine, ready, note, None, spacing=12, margins=(20, 16, 20, 16)))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inside)
        layout = column(self._bar, area, spacing=0)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def show_facts(self, facts: StepFacts, *, connected: bool = True) -> None:
        """Show another snapshot."""
        self._facts, self._connected = facts, connected
        self.retranslate()

    def show_trial(self, trial: TrialView | None, *, other: bool = False, busy: bool = False) -> None:
        """What a trial said; ``other``: the bid that stands is sealed to another certificate than the one tried."""
        self._trial, self._other_key = trial, other
        clear(self._tried)
        if busy:
            self._tried.addWidget(label("second", tr("正在用您的证书试解密…")))
        self._show_trial()

    def _show_trial(self) -> None:
        if self._trial is None:
            return
        clear(self._tried)
        if self._other_key:
            text = tr(
                "您递交的文件是加密给另一张证书的，这一支打不开它。请插入原来的证书，或在截止前用这一支重新加密并替换。"
            )
            self._tried.addWidget(label("error", text, wrap=True))
        else:
            self._tried.addWidget(trial_line(self._trial))

    _connected = True

    def retranslate(self) -> None:
        facts = self._facts
        if facts is None or facts.state.lot is None:
            return
        state, lot = facts.state, facts.state.lot
        assert lot is not None
        under = f"{lot.project_number}　" + texts.word("method", lot.method)
        self._bar.say_title(tr("{name}　包 {lot}", name=lot.project_name, lot=lot.lot.id), under)
        self._phase.show_state(texts.word("phase", state.phase), Tone.INFO)
        self._link.show_state(tr("已连接") if self._connected else tr("正在重新连接"),
                              Tone.OK if self._connected else Tone.WARN)  # fmt: skip
        self._rehearsal.show_state(tr("演练，不具法律效力"), Tone.WARN)
        self._rehearsal.setVisible(state.rehearsal)
        self._deadline.setText(tr("截止与开标 {time}", time=texts.full_time(lot.deadline)))
        if lot.deadline != self._until:  # running anew would say again that it is over
            self._until = lot.deadline
            self.countdown.run(lot.deadline)
        issued = bool(state.kit_sha256)
        said = tr("代理机构还没有发布密封工具包，发布后这里会显示。")
        if issued:
            said = tr("代理机构已签发密封工具包。加密时会核对开标人的证书。")
        self._kit.setText(said)
        bid = state.bids.get(facts.supplier)
        standing = bid is not None and not bid.withdrawn
        open_now = state.phase in (RECEIVING, "gathering") and self._connected and self._clock.now() < lot.deadline
        self.save_kit.setEnabled(issued and self._connected)
        self.seal.setEnabled(issued and open_now)
        self.seal.setText(tr("替换…") if standing else tr("加密并递交…"))
        self.withdraw.setVisible(standing)
        self.withdraw.setEnabled(open_now)
        self.receipt.setVisible(standing)
        self._show_trial()
        clear(self._standing)
        if bid is None:
            self._standing.addWidget(label("body", tr("还没有递交。")))
            return
        chip = Chip(tr("主机已签收"), Tone.OK) if standing else Chip(tr("已撤回"), Tone.NEUTRAL)
        words = tr("{time}　{size}", time=texts.full_time(bid.submitted), size=texts.size_text(bid.size))
        self._standing.addLayout(row(chip, label("body", words), None, spacing=10))
        if standing:
            caption = "您递交的文件的摘要，与回执一致。开标时公示的应是同一串。"
            self._standing.addWidget(ProofView(bid.header_sha256, caption))
