"""核对密封　哈希墙: the receipt's digest beside the digest of what is stored now, for every bid."""

import app.session.rules.commands as cmd
from app.ui import texts
from app.ui.i18n import tr
from app.ui.phase_panel import PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking, Choice
from app.ui.step_facts import StepContext, StepFacts
from app.ui.widgets.chip import Tone
from app.ui.widgets.data_table import Cell, ChipCell, Column, DataTable

TONES = {"": Tone.NEUTRAL, "matched": Tone.OK, "confirmed": Tone.OK, "default": Tone.OK, "mismatch": Tone.BAD,
         "excluded": Tone.NEUTRAL}  # fmt: skip


class SealWallPanel(PhasePanel):
    """All bids in a table; one's own is marked, to be confirmed or disputed."""

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "核对密封　哈希墙", "回执摘要与现存密封文件摘要逐份比对；逾时未确认视为无异议。")
        self.confirm, self.dispute, self.rule = ActButton("primary", "check"), ActButton("danger"), ActButton("plain")
        self.confirm.clicked.connect(lambda: self.ask(cmd.ConfirmSeal()))
        self.dispute.clicked.connect(self._dispute)
        self.rule.clicked.connect(self._rule)
        for button in (self.dispute, self.confirm, self.rule):
            self.add_act(button)
        self.say(self.confirm.setText, "确认我的密封文件")
        self.say(self.dispute.setText, "不一致…")
        self.say(self.rule.setText, "处理不一致…")
        self.table = DataTable(
            (Column("供应商", stretch=True, width=84), Column("回执摘要", width=128), Column("现存摘要", width=128),
             Column("大小", width=62), Column("主机核对", width=66), Column("供应商确认", width=84)),
        )  # fmt: skip
        self.add(self.table)
        self.body.setStretch(1, 1)

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        own = state.bids.get(facts.supplier) if facts.supplier else None
        self.confirm.setVisible(own is not None)
        self.dispute.setVisible(own is not None)
        self.confirm.allow(own is not None and own.seal == "matched")
        self.dispute.allow(own is not None and own.seal in ("matched", ""))
        self.rule.setVisible(facts.officer and any(b.seal == "mismatch" for b in state.bids.values()))
        self.table.show_rows([self._row(facts, supplier) for supplier in state.bids])

    def _row(self, facts: StepFacts, supplier: str) -> list[Cell]:
        bid = facts.state.bids[supplier]
        checked = bid.seal not in ("", "mismatch")
        stored = short_groups(bid.header_sha256) if checked else None
        found = "mismatched" if bid.seal == "mismatch" else "matched" if checked else "pending"
        seen = ChipCell(
            texts.word("state", found), {"matched": Tone.OK, "mismatched": Tone.BAD}.get(found, Tone.NEUTRAL)
        )
        said = {"confirmed": tr("已确认"), "default": tr("逾时视为确认"), "mismatch": tr("有异议"),
                "excluded": tr("不予开启")}.get(bid.seal, tr("等待确认"))  # fmt: skip
        tone = TONES[bid.seal] if bid.seal in ("confirmed", "default", "mismatch") else Tone.NEUTRAL
        name = facts.supplier_name(supplier) + (tr("（我）") if supplier == facts.supplier else "")
        return [name, short_groups(bid.header_sha256), stored, texts.size_text(bid.size), seen, ChipCell(said, tone)]

    def _dispute(self) -> None:
        self.ask(
            Asking(tr("密封文件不一致"), tr("说明不一致之处"), tr("提出"),
                   lambda text, _code: cmd.RaiseSealMismatch(reason=text), danger=True)
        )  # fmt: skip

    def _rule(self) -> None:
        facts = self.facts()
        supplier = next(s for s, bid in facts.state.bids.items() if bid.seal == "mismatch")
        choices = (Choice("no", tr("不予开启")), Choice("yes", tr("准许继续")))
        self.ask(
            Asking(
                tr("处理密封不一致：{name}", name=facts.supplier_name(supplier)), tr("理由"), tr("决定"),
                lambda text, code: cmd.RuleSealMismatch(supplier=supplier, admitted=code == "yes", reason=text),
                choices=choices, danger=True,
            )
        )  # fmt: skip


def short_groups(digest: str) -> str:
    """``a3f1 09f2 … 77d0``: enough to compare by eye and voice."""
    return f"{digest[:4]} {digest[4:8]} … {digest[-4:]}"
