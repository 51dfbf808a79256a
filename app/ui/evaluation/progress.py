"""Sealed sets as they come in: n of m, who is missing, releasing together, and what was opened."""

from app.session.rules.sealed import all_in, pending, released_by, sealed_set
from app.ui import texts
from app.ui.i18n import tr
from app.ui.phase_panel import PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import ReleaseSheets, ReviseSheet
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import column, label, row
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.data_table import Align, Cell, ChipCell, Column, DataTable


class SealedProgressPanel(PhasePanel):
    """For quotes (committee and staff) and for sheets (everyone but a member that is still scoring)."""

    share = 0.5

    def __init__(self, context: StepContext) -> None:
        super().__init__(
            context,
            "密封递交与同时开启",
            "全部递交后由评审小组成员共同放行，同时开启；此前主机和代理机构都看不到内容。",
        )
        self.release = ActButton("primary", "unlock")
        self.release.clicked.connect(self._release)
        self.add_act(self.release)
        self.say(self.release.setText, "放行开启份额…")
        self.revise = ActButton("plain", "pen")
        self.revise.clicked.connect(lambda: self.ask(ReviseSheet(on=True)))
        self.controls.insertWidget(0, self.revise)
        self.say(self.revise.setText, "修改后重新提交…")
        self._count, self._shares = Chip(), Chip()
        self._note = label("second", wrap=True)
        head = row(self._count, self._shares, self._note, spacing=10)
        head.setStretch(2, 1)
        self.owners = DataTable(
            (Column("递交人", stretch=True, width=90), Column("摘要", width=84), Column("大小", width=66),
             Column("状态", width=66)),
        )  # fmt: skip
        self.holders = DataTable((Column("评审小组成员", stretch=True, width=100), Column("放行", width=90)))
        self.quotes = DataTable(
            (Column("供应商", stretch=True, width=140), Column("最后报价（元）", Align.RIGHT, width=130),
             Column("大写", width=200)),
        )  # fmt: skip
        body = row(column(self.owners), column(self.holders), spacing=16)
        body.setStretch(0, 3)
        body.setStretch(1, 2)
        self.add(head, self.quotes, body)
        self.body.setStretch(3, 1)

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        purpose = purpose_of(facts)
        found = sealed_set(state, purpose)
        owners = state.members() if purpose == "sheet" else state.continuing()
        count = sum(owner in found.envelopes or owner in state.sheets for owner in owners)
        whole = count == len(owners) and bool(owners)
        self._count.show_state(
            tr("已递交 {count}/{all}", count=count, all=len(owners)), Tone.OK if whole else Tone.INFO
        )
        released = released_by(state, purpose) if found.k else ()
        self._shares.show_state(tr("已放行 {count}/{all}", count=len(released), all=found.k),
                                Tone.OK if found.k and len(released) >= found.k else Tone.NEUTRAL)  # fmt: skip
        self._shares.setVisible(found.k > 0)
        ready = found.k > 0 and all_in(state, purpose) and bool(pending(state, purpose))
        self.release.setVisible(ready and facts.me in found.holders and facts.me not in released)
        self.revise.setVisible(purpose == "sheet" and may_revise(facts))
        self._note.setText("" if not ready else tr("可以放行：{k} 人放行后同时开启。", k=found.k))
        self.owners.show_rows([self._owner(facts, purpose, owner) for owner in owners])
        self.holders.show_rows(
            [[facts.name(h), ChipCell(tr("已放行"), Tone.OK) if h in released else ChipCell(tr("等待"), Tone.NEUTRAL)]
             for h in found.holders]
        )  # fmt: skip
        self.quotes.setVisible(bool(state.quotes) and purpose == "quote")
        self.quotes.show_rows(
            [[facts.supplier_name(s), price.total, price.total_words] for s, price in state.quotes.items()]
        )
        self.quotes.fit_height(5)

    def _owner(self, facts: StepFacts, purpose: str, owner: str) -> list[Cell]:
        sealed = sealed_set(facts.state, purpose).envelopes.get(owner)
        name = facts.name(owner) if purpose == "sheet" else facts.supplier_name(owner)
        if owner in facts.state.sheets:
            stands = ChipCell(tr("已开启"), Tone.OK)
        elif sealed is not None:
            stands = ChipCell(texts.word("state", "sealed"), Tone.OK)
        else:
            stands = ChipCell(tr("等待"), Tone.NEUTRAL)
        short = f"{sealed.header_sha256[:4]}…{sealed.header_sha256[-4:]}" if sealed is not None else None
        return [name, short, texts.size_text(sealed.size) if sealed is not None else None, stands]

    def _release(self) -> None:
        self.ask(ReleaseSheets(purpose_of(self.facts())))


def may_revise(facts: StepFacts) -> bool:
    """Whether this member's sealed sheet can still be replaced: until all are in."""
    sealed = sealed_set(facts.state, "sheet").envelopes
    return facts.state.phase == "scoring" and facts.me in sealed and not all_in(facts.state, "sheet")


def purpose_of(facts: StepFacts) -> str:
    """What is sealed in this phase."""
    return "quote" if facts.state.phase == "quoting" else "sheet"
