"""承诺与回避: the commitment is read before it can be signed; whoever must stand aside says so here."""

import hashlib

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPlainTextEdit

import app.session.rules.commands as cmd
from app.session.acts import UNSIGNED
from app.settings import RESOURCES
from app.ui.evaluation.assembling import member_row, ruling
from app.ui.i18n import tr
from app.ui.phase_panel import PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking, Graved
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import column, label, row
from app.ui.widgets.data_table import Column, DataTable

READING_SECONDS = 30


def commitment_text() -> str:
    """The exact text whose SHA-256 goes into the act; always in Chinese, the language of the law."""
    return (RESOURCES / "texts" / "commitment.zh.txt").read_text("utf-8").rstrip("\n")


def commitment_digest() -> str:
    """SHA-256 (hex) of the text in UTF-8."""
    return hashlib.sha256(commitment_text().encode()).hexdigest()


class CommitmentPanel(PhasePanel):
    """The text left, the members right."""

    share = 0.5

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "承诺与回避")
        self.sign, self.recuse, self.rule = ActButton("primary", "pen"), ActButton("plain"), ActButton("plain")
        self.sign.clicked.connect(self._sign)
        self.recuse.clicked.connect(self._recuse)
        self.rule.clicked.connect(self._rule)
        for button in (self.recuse, self.rule, self.sign):
            self.add_act(button)
        self.say(self.recuse.setText, "申请回避…")
        self.say(self.rule.setText, "裁定回避…")
        self._left = READING_SECONDS
        self._read_to_end = False
        self.text = QPlainTextEdit(commitment_text().replace("\n", "\n\n"))
        self.text.setReadOnly(True)
        self.say(self.text.setAccessibleName, "承诺书")
        self.text.verticalScrollBar().valueChanged.connect(self._scrolled)
        self._hint = label("second", wrap=True)
        self.table = DataTable(
            (Column("姓名", width=66), Column("身份", stretch=True, width=76), Column("承诺书", width=100))
        )
        left = column(self.text, self._hint, spacing=6)
        left.setStretch(0, 1)
        body = row(left, self.table, spacing=16)
        body.setStretch(0, 3)
        body.setStretch(1, 2)
        self.add(body)
        self.body.setStretch(1, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        self.table.show_rows([[line[0], line[1], line[6]] for line in (member_row(facts, m) for m in state.members())])
        recusal = state.member_recusals.get(facts.me)
        mine = facts.member and facts.me not in state.commitments and (recusal is None or recusal.granted is False)
        self.sign.setVisible(mine)
        self.recuse.setVisible(mine)
        self.rule.setVisible(facts.officer and any(r.granted is None for r in state.member_recusals.values()))
        self._show_reading()

    def can_sign(self) -> bool:
        """The time has passed and the end has been in sight."""
        return self._left <= 0 and self._read_to_end

    def _tick(self) -> None:
        if self.isVisible() and self._left > 0:
            self._left -= 1
            self._scrolled()
            self._show_reading()

    def _scrolled(self) -> None:
        bar = self.text.verticalScrollBar()
        if bar.value() >= bar.maximum() - 2 and self.text.isVisible():
            self._read_to_end = True

    def _show_reading(self) -> None:
        self.sign.setText(tr("签署承诺书…") if self._left <= 0 else tr("请阅读（{seconds} 秒）", seconds=self._left))
        self.sign.allow(self.can_sign())
        if not self.sign.isVisibleTo(self):
            self._hint.setText("")
        elif self._left > 0 or not self._read_to_end:
            self._hint.setText(tr("请通读全文至末尾后签署；签署使用本人证书。"))
        else:
            self._hint.setText(tr("可以签署。签署后记入案卷。"))

    def _sign(self) -> None:
        self.ask(Graved(cmd.SignCommitment(text_sha256=commitment_digest(), grave=UNSIGNED)))

    def _recuse(self) -> None:
        self.ask(
            Asking(tr("申请回避"), tr("理由"), tr("提出"), lambda text, _code: cmd.DeclareRecusal(reason=text),
                   danger=True, lines=(tr("回避获准后，您不再参加本项目评审。"),))
        )  # fmt: skip

    def _rule(self) -> None:
        facts = self.facts()
        open_ones = [key for key, item in facts.state.member_recusals.items() if item.granted is None]
        if open_ones:
            self.ask(ruling(facts, open_ones[0]))
