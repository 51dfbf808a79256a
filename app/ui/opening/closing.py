"""开标结束 / 评审结束: what was done, what is left undone, and the way on."""

from PySide6.QtWidgets import QWidget

from app.session.rules.state import Bid
from app.ui import texts
from app.ui.i18n import tr
from app.ui.icons import IconLabel
from app.ui.phase_panel import PhasePanel
from app.ui.step_facts import StepContext, StepFacts, undone_sentences
from app.ui.view import clear, column, label, row
from app.ui.widgets.chip import Tone
from app.ui.widgets.data_table import ChipCell


class ClosingPanel(PhasePanel):
    """Also for a failed case: the ground, the article, the reason."""

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "本环节结束")
        self._lines = column(spacing=10)
        holder = QWidget()
        holder.setLayout(column(self._lines, None))
        self.add(holder)
        self.body.setStretch(1, 1)

    def show_facts(self, facts: StepFacts) -> None:
        clear(self._lines)
        for icon, shade, text in self._sentences(facts):
            line = row(IconLabel(icon, shade, 20), label("body", text, wrap=True), spacing=10)
            line.setStretch(1, 1)
            self._lines.addLayout(line)

    def sentences(self) -> list[str]:
        """What is shown."""
        return [text for _, _, text in self._sentences(self.facts())]

    def _sentences(self, facts: StepFacts) -> list[tuple[str, str, str]]:
        state = facts.state
        if state.failed:
            return [("error", "bad", tr("本项目已终止：{ground}", ground=state.failed))]
        lines: list[tuple[str, str, str]] = []
        if state.phase == "closed":
            lines.append(("archive", "ok", tr("已归档，案卷不再变化。可以在“我的项目”中查看档案。")))
        for phase, at in state.history:
            if phase in ("opening_closed", "evaluation_closed"):
                lines.append(("check", "ok", f"{texts.word('phase', phase)}　{texts.full_time(at)}"))
        opened, failed = state.opened_bids(), [s for s in state.valid_bids() if state.bids[s].attribution]
        if state.valid_bids():
            lines.append(("check", "ok", tr("开启 {count} 份投标（响应）文件", count=len(opened))))
        for supplier in failed:
            cause = texts.word("attribution", state.bids[supplier].attribution)
            lines.append(("warning", "warn", f"{facts.supplier_name(supplier)}　{cause}"))
        for document in state.documents.values():
            text = tr("{name}　已签署 {count}/{all}", name=texts.word("document", document.kind),
                      count=len(document.signed), all=len(document.fields))  # fmt: skip
            lines.append(("document", "text2", text))
        lines.extend(("warning", "warn", tr("未完成：{text}", text=text)) for text in undone_sentences(facts))
        if state.phase == "opening_closed" and not state.bids_handed_on and (facts.officer or facts.member):
            lines.append(("info", "primary", tr("正在把投标文件移交评审…")))
        return lines


def bid_standing(bid: Bid) -> ChipCell:
    """Where a bid stands, as a chip."""
    if bid.withdrawn:
        return ChipCell(texts.word("state", "withdrawn"), Tone.NEUTRAL)
    if bid.opened:
        return ChipCell(texts.word("state", "opened"), Tone.OK)
    if bid.failure or bid.attribution:
        return ChipCell(texts.word("state", "failed"), Tone.BAD)
    return ChipCell(texts.word("state", "sealed"), Tone.INFO)
