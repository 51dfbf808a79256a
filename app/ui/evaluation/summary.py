"""汇总与排名: suppliers × members, the price, the total, the rank; findings and deviations in sentences; why."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QWidget

import app.session.rules.commands as cmd
from app.procurement.scoring import deviations
from app.session.rules.decide_scoring import unexplained
from app.session.rules.state import State
from app.ui import texts
from app.ui.evaluation.derivation import derive, sentences, why_of_criterion, why_of_total
from app.ui.evaluation.why_card import WhyCard
from app.ui.i18n import tr
from app.ui.icons import IconLabel
from app.ui.phase_panel import PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import Asking, Choice, Sure
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.chip import Tone
from app.ui.widgets.choice import Choice as ChoiceBox
from app.ui.widgets.data_table import Align, Cell, ChipCell, Column, DataTable
from app.ui.widgets.split_view import SplitView


class SummaryMatrix(View):
    """The matrix with the derivation of what is selected beside it."""

    def __init__(self) -> None:
        super().__init__()
        self._facts: StepFacts | None = None
        self._members: tuple[str, ...] = ()
        self.table = DataTable((Column("供应商", stretch=True),), select=True)
        self.what = ChoiceBox()
        self.what.currentIndexChanged.connect(lambda _n: self._show_why())
        self.say(self.what.setAccessibleName, "这个数怎么来的")
        self.why = WhyCard()
        self._findings = column(spacing=6)
        self._left = column(self.table, spacing=8)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(self._findings, None))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        area.setMinimumHeight(72)
        self._left.addWidget(area, 1)
        left = QWidget()
        left.setLayout(self._left)
        right = QWidget()
        layout = column(self.what, self.why, spacing=8)
        layout.setStretch(1, 1)
        right.setLayout(layout)
        split = SplitView(Qt.Orientation.Horizontal)
        split.addWidget(left)
        split.addWidget(right)
        split.set_shares([0.66, 0.34])
        self.setLayout(column(split))

    def show_facts(self, facts: StepFacts) -> None:
        """Show another snapshot."""
        self._facts = facts
        state = facts.state
        members = tuple(m for m in state.members() if m in state.sheets)
        if members != self._members:
            self._rebuild(facts, members)
        self.table.show_rows(rows(facts, members))
        self.table.fit_height(6)
        if self.table.view.currentIndex().row() < 0 and order(state):
            self.table.view.selectRow(0)
        names = [tr("总分"), *(criterion.name for criterion in state.the_lot().lot.criteria)]
        if [self.what.itemText(n) for n in range(self.what.count())] != names:
            current = max(0, self.what.currentIndex())
            self.what.blockSignals(True)
            self.what.clear()
            self.what.addItems(names)
            self.what.setCurrentIndex(current)
            self.what.blockSignals(False)
        clear(self._findings)
        for icon, shade, text in finding_lines(facts):
            line = row(IconLabel(icon, shade, 18), label("body", text, wrap=True), spacing=8)
            line.setStretch(1, 1)
            self._findings.addLayout(line)
        self._show_why()

    def retranslate(self) -> None:
        if self._facts is not None:
            self._members = ()
            self.show_facts(self._facts)

    def _rebuild(self, facts: StepFacts, members: tuple[str, ...]) -> None:
        self._members = members
        columns = [Column("名次", Align.CENTER, width=50), Column("供应商", stretch=True, width=110)]
        columns += [Column(facts.name(member), Align.RIGHT, width=60) for member in members]
        columns += [Column("平均", Align.RIGHT, width=60), Column("价格分", Align.RIGHT, width=60),
                    Column("总分", Align.RIGHT, width=60), Column("报价（元）", Align.RIGHT, width=110)]  # fmt: skip
        old, self.table = self.table, DataTable(columns, select=True)
        self._left.replaceWidget(old, self.table)
        old.setParent(None)
        old.deleteLater()
        self.table.selected.connect(lambda _row: self._show_why())

    def _show_why(self) -> None:
        facts = self._facts
        if facts is None:
            return
        suppliers = order(facts.state)
        line = self.table.view.currentIndex().row()
        if not 0 <= line < len(suppliers):
            self.why.show_why(tr("这个数怎么来的"), [tr("评分表开启后可以查看每个数的来历。")], None)
            return
        supplier, derived = suppliers[line], derive(facts.state)
        name = facts.short(supplier)
        number = self.what.currentIndex() - 1
        if number < 0:
            item = derived.totals.get(supplier)
            stated = next((s.total for s in facts.state.standings if s.supplier == supplier), None)
            shown = "—" if item is None else f"{item.total:.2f}"
            same = None if item is None or stated is None else item.total == stated
            title = tr("{name}的总分为什么是 {score}？", name=name, score=shown)
            self.why.show_why(title, sentences(facts, why_of_total(derived, supplier)), same)
            return
        criterion = facts.state.the_lot().lot.criteria[number]
        steps = sentences(facts, why_of_criterion(facts, derived, supplier, criterion))
        self.why.show_why(f"{name}　{criterion.name}", steps, None)


class SummaryPanel(PhasePanel):
    """The matrix, and what the leader and the members still have to do."""

    fills_room = True

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "汇总与排名")
        self.reason, self.reopen = ActButton("plain", "pen"), ActButton("danger")
        self.confirm, self.dissent = ActButton("primary", "check"), ActButton("plain")
        self.reason.clicked.connect(self._reason)
        self.reopen.clicked.connect(self._reopen)
        self.confirm.clicked.connect(self._confirm)
        self.dissent.clicked.connect(lambda: self.ask(dissenting()))
        for button in (self.dissent, self.reopen, self.reason, self.confirm):
            self.add_act(button)
        self.say(self.reason.setText, "说明偏差…")
        self.say(self.reopen.setText, "退回评分表…")
        self.say(self.confirm.setText, "确认排名")
        self.say(self.dissent.setText, "提出不同意见…")
        self.matrix = SummaryMatrix()
        self.add(self.matrix)
        self.body.setStretch(1, 1)

    def window_name(self, facts: StepFacts) -> str:
        return "summary:deviations"

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        self.matrix.show_facts(facts)
        self.reason.setVisible(bool(_mine(facts)))
        self.reopen.setVisible(facts.leader and not state.candidates and bool(state.sheets))
        self.confirm.setVisible(facts.leader and not state.candidates)
        self.confirm.allow(bool(state.standings) and not state.findings and not unexplained(state))
        self.dissent.setVisible(facts.member and facts.me not in state.dissents)
        self.onward.setVisible(self.onward.isVisibleTo(self) and bool(state.candidates))

    def _reason(self) -> None:
        facts = self.facts()
        supplier, criterion = _mine(facts)[0]
        self.ask(
            Asking(
                tr("说明评分偏差：{name}", name=facts.supplier_name(supplier)), tr("理由（记入案卷）"), tr("提交"),
                lambda text, _code: cmd.GiveDeviationReason(supplier=supplier, criterion=criterion, reason=text),
                lines=(tr("您对该供应商的评分与平均值相差较大。可以坚持，但须写明理由。"), *_figures(facts, supplier)),
            )
        )  # fmt: skip

    def _reopen(self) -> None:
        facts = self.facts()
        grounds = facts.state.the_method().redo_grounds
        choices = tuple(
            Choice(f"{member}/{ground}", f"{facts.name(member)}　{texts.word('redo', ground)}")
            for member in _reopenable(facts)
            for ground in grounds
        )

        def make(text: str, code: str) -> cmd.ReopenSheet:
            member, _, ground = code.partition("/")
            return cmd.ReopenSheet(member=member, ground=ground, reason=text)

        self.ask(
            Asking(tr("退回评分表"), tr("理由（记入案卷）"), tr("退回"), make, choices=choices, danger=True,
                   lines=(tr("只能按法定情形退回；原评分表保留在案卷中。"),))
        )  # fmt: skip

    def _confirm(self) -> None:
        state = self.facts().state
        first = self.facts().supplier_name(state.standings[0].supplier) if state.standings else ""
        text = tr("排名第一：{name}。确认后交代理机构核对。", name=first)
        self.ask(Sure(tr("确认排名？"), text, tr("确认排名"), cmd.ConfirmRanking()))


def _figures(facts: StepFacts, supplier: str) -> tuple[str, ...]:
    """By how much the member's own total differs, for the one who has to say why."""
    found = deviations(tuple(derive(facts.state).totals.values()), facts.state.the_rules())
    return tuple(
        tr("您的合计 {total} 分，平均 {mean} 分，相差 {percent}%。", total=f"{item.total:.2f}", mean=f"{item.mean:.2f}",
           percent=str(item.percent))
        for item in found
        if (item.member, item.supplier) == (facts.me, supplier)
    )  # fmt: skip


def _mine(facts: StepFacts) -> list[tuple[str, str]]:
    return [
        (item.supplier, item.criterion)
        for item in facts.state.deviations
        if item.member == facts.me
        and f"{item.member}/{item.supplier}/{item.criterion}" not in facts.state.deviation_reasons
    ]


def _reopenable(facts: StepFacts) -> tuple[str, ...]:
    """Whose sheet may go back: those with a finding, else anyone's."""
    found = tuple(dict.fromkeys(f.member for f in facts.state.findings if f.member))
    return found or tuple(m for m in facts.state.members() if m in facts.state.sheets)


def order(state: State) -> tuple[str, ...]:
    """Suppliers by rank, or as they stand while there is no ranking."""
    ranked = tuple(item.supplier for item in sorted(state.standings, key=lambda item: (item.rank, item.supplier)))
    return ranked or (state.continuing() if state.sheets else ())


def rows(facts: StepFacts, members: tuple[str, ...]) -> list[list[Cell]]:
    """The matrix as cells."""
    state = facts.state
    derived = derive(state)
    standing = {item.supplier: item for item in state.standings}
    shown: list[list[Cell]] = []
    for supplier in order(state):
        item, place = derived.totals.get(supplier), standing.get(supplier)
        given = {entry.member: entry.total for entry in item.member_totals} if item is not None else {}
        deviating = {d.member for d in state.deviations if d.supplier == supplier}
        cells: list[Cell] = [
            (ChipCell(f"{given[m]:.2f}", Tone.WARN) if m in deviating else f"{given[m]:.2f}") if m in given else None
            for m in members
        ]
        mean = f"{item.marked:.2f}" if item is not None else None
        price = f"{place.price_score:.2f}" if place is not None else None
        total = f"{place.total:.2f}" if place is not None else None
        rank = str(place.rank) if place is not None else None
        quote = place.quote if place is not None else None
        shown.append([rank, facts.supplier_name(supplier), *cells, mean, price, total, quote])
    return shown


def finding_lines(facts: StepFacts) -> list[tuple[str, str, str]]:
    """Icon, colour and sentence for every finding, deviation, tie, dissent."""
    state = facts.state
    names = {criterion.id: criterion.name for criterion in state.the_lot().lot.criteria}
    lines: list[tuple[str, str, str]] = []
    for found in state.findings:
        where = "　".join(
            part for part in (facts.name(found.member) if found.member else "",
                              facts.short(found.supplier) if found.supplier else "", names.get(found.criterion, ""))
            if part
        )  # fmt: skip
        lines.append(("error", "bad", f"{where}　{texts.finding_text(found.code)}"))
    for item in state.deviations:
        said = state.deviation_reasons.get(f"{item.member}/{item.supplier}/{item.criterion}")
        text = tr("{member} 对 {supplier} 的评分与平均值偏差较大", member=facts.name(item.member),
                  supplier=facts.short(item.supplier))  # fmt: skip
        lines.append(("check", "ok", tr("{text}。理由：{said}", text=text, said=said)) if said
                     else ("warning", "warn", tr("{text}，等待说明理由", text=text)))  # fmt: skip
    if state.tie_rule:
        lines.append(("info", "primary", tr("得分相同，按规则排序：{rule}", rule=tie_words(state.tie_rule))))
    for member, text in state.dissents.items():
        lines.append(("flag", "warn", tr("{name} 的不同意见：{text}", name=facts.name(member), text=text)))
    if state.standings and not lines:
        lines.append(("check", "ok", tr("分项未超范围，客观分一致，各成员评分无较大偏差，合计与排名复算一致。")))
    if state.candidates:
        shown = tr("、").join(facts.supplier_name(s) for s in state.candidates)
        lines.append(("flag", "ok", tr("排名已确认，成交（中标）候选人：{names}", names=shown)))
    return lines


def tie_words(rule: str) -> str:
    """The keys of a tie rule in words."""
    return tr("、").join(texts.word("tie", key) for key in rule.split(","))


def dissenting() -> Asking:
    """Ask a member for a dissent."""
    return Asking(
        tr("提出不同意见"), tr("不同意见和理由（写入评审报告）"), tr("提出"),
        lambda text, _code: cmd.FileDissent(text=text), danger=True,
    )  # fmt: skip
