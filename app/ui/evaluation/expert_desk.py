"""独立评分: criteria at the left, the bid's documents in the middle, points and reason at the right.

Drafts stay on this machine, and until the ranking is confirmed, so that a sealed sheet can be revised.

Keys, wherever nothing is being written: ↑ ↓ criteria, digits points, Enter the next one, ``E`` the evidence, ``P`` the
page in sight is the evidence, ``W`` why this number, ``C`` another bid beside this one, ``Ctrl+←/→`` suppliers,
``Ctrl+Enter`` submit or go to what is missing.
"""

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from app.procurement.bid import Evidence
from app.procurement.case import Criterion
from app.procurement.scoring import Mark, Sheet, sheet_problems
from app.session.rules.events_evaluation import OpenedSheet
from app.session.rules.sealed import sealed_set
from app.ui import texts
from app.ui.evaluation.compared_bids import ComparedBids, show_evidence
from app.ui.evaluation.criteria_list import CriteriaList, CriterionLine
from app.ui.evaluation.derivation import Derived, computed_score, sentences, why_of_criterion
from app.ui.evaluation.drafts import SAVE_MS, draft_path, load_draft, save_draft
from app.ui.evaluation.evidence_line import document_name
from app.ui.evaluation.score_entry import ScoreEntry
from app.ui.evaluation.why_card import WhyCard
from app.ui.i18n import tr
from app.ui.phase_panel import PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.room_acts import ReviseSheet, SubmitSheet, Sure
from app.ui.step_facts import StepContext, StepFacts
from app.ui.texts import clock_time
from app.ui.view import column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.split_view import SplitView

SHARES, COMPARING = [0.22, 0.51, 0.27], [0.0, 0.74, 0.26]


class ExpertDesk(PhasePanel):
    """Fills the room (``fills_room``): the adapter gives it the whole screen, with video a click away."""

    fills_room = True

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "独立评分", "草稿只保存在本机，密封提交前任何人都看不到。")
        self.draft = load_draft(context.drafts / "none")
        self._path = context.drafts / "none"
        self._supplier = ""
        self._saved_at = ""
        self._progress = Chip()
        self.submit = ActButton("primary", "lock")
        self.submit.clicked.connect(self._submit)
        self.say(self.submit.setText, "提交评分…")
        self.controls.insertWidget(0, self._progress)
        self.keep = ActButton("plain", "close")
        self.keep.clicked.connect(lambda: self.ask(ReviseSheet(on=False)))
        self.controls.insertWidget(1, self.keep)
        self.say(self.keep.setText, "不修改")
        self.add_act(self.submit)
        self.criteria, self.entry, self.why = CriteriaList(), ScoreEntry(), WhyCard()
        self.criteria.chosen.connect(lambda _key: self._show_entry())
        self.entry.scored.connect(self._scored)
        self.entry.reasoned.connect(self._reasoned)
        self.entry.evidence.opened.connect(self.show_evidence)
        self.entry.evidence.noted.connect(self.note_page)
        self.entry.evidence.dropped.connect(lambda: self._note(None))
        self.documents = ComparedBids(context)
        self.documents.compared.connect(self._compared)
        self._split = SplitView(Qt.Orientation.Horizontal)
        self._list = self._left_pane()
        for pane in (self._list, self.documents, self._right_pane()):
            self._split.addWidget(pane)
        self._split.set_shares(SHARES)
        self.add(self._split)
        self.body.setStretch(1, 1)
        line = self.entry.evidence
        order = [self.criteria.view, self.entry.points, line.link, line.note, line.drop, self.entry.reason, self.submit]
        for one, following in pairwise(order):
            self.setTabOrder(one, following)
        self._save = QTimer(self)
        self._save.setSingleShot(True)
        self._save.setInterval(SAVE_MS)
        self._save.timeout.connect(self._keep)
        self.criteria.view.installEventFilter(self)
        for keys, act in (("Ctrl+Right", 1), ("Ctrl+Left", -1)):
            QShortcut(QKeySequence(keys), self).activated.connect(lambda by=act: self.turn(by))
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(keys), self).activated.connect(self.submit_or_go_on)

    def _left_pane(self) -> QWidget:
        self._owner = label("section", wrap=True)
        self.before, self.after = Button("small", "chevron-left"), Button("small", "chevron-right")
        self.before.clicked.connect(lambda: self.turn(-1))
        self.after.clicked.connect(lambda: self.turn(1))
        self.say(self.before.setAccessibleName, "上一家供应商")
        self.say(self.after.setAccessibleName, "下一家供应商")
        keys = label("hint", wrap=True)
        self.say(keys.setText, "键盘：↑↓ 选项　数字键打分　E 看依据　P 记页　C 对比　W 怎么来的")
        self._filled, self._subtotal = label("second"), label("strong")
        head = row(self._owner, self.before, self.after, spacing=6)
        head.setStretch(0, 1)
        pane = QWidget()
        pane.setMinimumWidth(220)
        layout = column(head, keys, self.criteria, row(self._filled, None, self._subtotal), spacing=8)
        layout.setStretch(2, 1)
        pane.setLayout(layout)
        return pane

    def _right_pane(self) -> QWidget:
        pane = QWidget()
        pane.setMinimumWidth(280)
        upper = Card()
        upper.add(self.entry)
        layout = column(upper, self.why, spacing=12)
        layout.setStretch(0, 3)
        layout.setStretch(1, 2)
        pane.setLayout(layout)
        return pane

    def show_facts(self, facts: StepFacts) -> None:
        path = draft_path(self.context.drafts, facts.state.case, facts.me)
        if path != self._path:
            self._path, self.draft = path, load_draft(path)
        suppliers = facts.state.continuing()
        if self._supplier not in suppliers:
            self._supplier = suppliers[0] if suppliers else ""
        sealed = sealed_set(facts.state, "sheet")
        members = facts.state.members()
        done = sum(m in sealed.envelopes or m in facts.state.sheets for m in members)
        self._progress.show_state(tr("小组进度 {count}/{all} 已提交", count=done, all=len(members)), Tone.INFO)
        self.hint.setText(
            tr("草稿已保存 {time}（仅本机，提交前主机不可见）", time=self._saved_at) if self._saved_at
            else tr("草稿只保存在本机，密封提交前任何人都看不到。")
        )  # fmt: skip
        self.keep.setVisible(facts.me in sealed.envelopes)
        self._show_supplier(facts)

    def turn(self, by: int) -> None:
        """The next or previous supplier."""
        suppliers = self.facts().state.continuing()
        if self._supplier in suppliers:
            self._supplier = suppliers[(suppliers.index(self._supplier) + by) % len(suppliers)]
            self._show_supplier(self.facts())

    def sheet(self) -> OpenedSheet:
        """The sheet as it would be sealed now: computed points filled in."""
        facts = self.facts()
        scores: dict[str, dict[str, Decimal]] = {}
        reasons: dict[str, dict[str, str]] = {}
        evidence: dict[str, dict[str, Evidence]] = {}
        for supplier in facts.state.continuing():
            for criterion in _marked(facts):
                score = self._score(facts, supplier, criterion)
                if score is not None:
                    scores.setdefault(supplier, {})[criterion.id] = score
                said = self.draft.reason(supplier, criterion.id).strip()
                if said:
                    reasons.setdefault(supplier, {})[criterion.id] = said
                place = self.draft.place(supplier, criterion.id)
                if place is not None and document_name(facts.state.bids.get(supplier), place):
                    evidence.setdefault(supplier, {})[criterion.id] = place
        return OpenedSheet(scores=scores, reasons=reasons, evidence=evidence)

    def problems(self) -> list[str]:
        """What keeps the sheet from being sealed, in words."""
        facts = self.facts()
        state = facts.state
        sheet = self.sheet()
        marks = tuple(Mark(s, c, score) for s, given in sheet.scores.items() for c, score in given.items())
        declared = {s: dict(p.facts) for s in state.continuing() if (p := state.payload(s)) is not None}
        found = sheet_problems(Sheet(facts.me, marks), state.the_lot(), state.continuing(), declared)
        names = {criterion.id: criterion.name for criterion in state.the_lot().lot.criteria}
        said = []
        for problem in found:
            supplier, _, criterion = problem.field.partition("/")
            where = f"{facts.short(supplier)}　{names.get(criterion, criterion)}"
            said.append(f"{where}：{texts.finding_text(problem.code, dict(problem.facts))}")
        return said

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The list would take letters for a search in itself."""
        if watched is self.criteria.view and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.criteria.step(-1 if event.key() == Qt.Key.Key_Up else 1)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.criteria.step(1)
            (self.entry.points if self.documents.comparing else self.criteria.view).setFocus()
        elif event.key() == Qt.Key.Key_Escape and self.documents.comparing:
            self.documents.compare(False)
        elif not self._key(event):
            super().keyPressEvent(event)

    def _key(self, event: QKeyEvent) -> bool:
        """Digits and letters; whether it was one of ours. Letters that one writes never come here."""
        text = event.text()
        if not text or event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            return False
        acts: dict[str, Callable[[], None]] = {
            "e": self.show_evidence,
            "p": self.note_page,
            "w": self._to_why,
            "c": lambda: self.documents.compare(not self.documents.comparing),
        }
        if text in "0123456789.":
            self.entry.type_points(text)
        elif text.lower() in acts:
            acts[text.lower()]()
        else:
            return False
        return True

    def show_evidence(self) -> None:
        """Open the page noted for the criterion, or look for it; in the compared bid too."""
        criterion = self._criterion()
        if criterion is None:
            return
        state, kind = self.facts().state, criterion.evidence or criterion.aspect
        panes = [(self._supplier, self.documents.first)]
        if self.documents.comparing and self.documents.second is not None:
            panes.append((self.documents.compared_with(), self.documents.second))
        for supplier, pane in panes:
            payload = state.payload(supplier)
            wanted = [d.sha256 for d in payload.documents if d.kind == kind] if payload is not None else []
            show_evidence(pane, self.draft.place(supplier, criterion.id), wanted, criterion.name)

    def note_page(self) -> None:
        """The page in sight is where the criterion's evidence stands."""
        place = self.documents.first.place()
        if place is not None:
            self._note(place)

    def _note(self, place: Evidence | None) -> None:
        criterion = self._criterion()
        if criterion is not None and criterion.kind != "price":
            self.draft.note(self._supplier, criterion.id, place)
            self._save.start()
            self._show_evidence_line(criterion)

    def _show_evidence_line(self, criterion: Criterion) -> None:
        place = self.draft.place(self._supplier, criterion.id)
        name = document_name(self.facts().state.bids.get(self._supplier), place)
        self.entry.evidence.show_evidence(place if name else None, name)

    def _compared(self, on: bool) -> None:
        """The list gives its room to the second bid."""
        self._list.setVisible(not on)
        self._split.set_shares(COMPARING if on else SHARES)
        if on:
            self.show_evidence()
        else:
            self.criteria.view.setFocus()

    def submit_or_go_on(self) -> None:
        """Submit, or go to the first place that has no points yet."""
        facts = self.facts()
        for supplier in facts.state.continuing():
            for criterion in _marked(facts):
                if self._score(facts, supplier, criterion) is None:
                    self._supplier = supplier
                    self._show_supplier(facts)
                    self.criteria.choose(criterion.id)
                    self.entry.points.setFocus()
                    return
        if self.submit.isEnabled():
            self._submit()

    def _criterion(self) -> Criterion | None:
        if self.snapshot is None:
            return None
        key = self.criteria.current()
        return next((c for c in self.facts().state.the_lot().lot.criteria if c.id == key), None)

    def _score(self, facts: StepFacts, supplier: str, criterion: Criterion) -> Decimal | None:
        computed = computed_score(facts, supplier, criterion)
        return computed if computed is not None else self.draft.score(supplier, criterion.id)

    def _show_supplier(self, facts: StepFacts) -> None:
        self._owner.setText(facts.supplier_name(self._supplier) if self._supplier else "")
        self.documents.show_bid(facts, self._supplier, facts.state.continuing())
        self._show_lines(facts)
        self._show_entry()

    def _show_lines(self, facts: StepFacts) -> None:
        lines = []
        for criterion in facts.state.the_lot().lot.criteria:
            name = criterion.name if criterion.kind != "price" else f"{criterion.name}　{tr('全部提交后计算')}"
            fixed = computed_score(facts, self._supplier, criterion) is not None
            score = None if criterion.kind == "price" else self._score(facts, self._supplier, criterion)
            lines.append(CriterionLine(criterion.id, name, criterion.kind, criterion.max_score, score, fixed))
        self.criteria.show_lines(tuple(lines))
        marked = [line for line in lines if line.kind != "price"]
        given = [line.score for line in marked if line.score is not None]
        self._filled.setText(tr("已填 {count}/{all}", count=len(given), all=len(marked)))
        self._subtotal.setText(tr("当前小计 {total}", total=f"{sum(given, Decimal(0)):.2f}"))
        everything = self.sheet()
        whole = len(facts.state.continuing()) * len(marked)
        self.submit.allow(sum(len(given) for given in everything.scores.values()) == whole and whole > 0)

    def _show_entry(self) -> None:
        criterion = self._criterion()
        if criterion is None:
            return
        facts = self.facts()
        fixed = criterion.kind == "price" or computed_score(facts, self._supplier, criterion) is not None
        score = None if criterion.kind == "price" else self._score(facts, self._supplier, criterion)
        reason = self.draft.reason(self._supplier, criterion.id)
        self.entry.show_criterion(self._supplier, criterion, score, reason, fixed)
        self._show_evidence_line(criterion)
        self._show_why()

    def _to_why(self) -> None:
        self._show_why()
        self.why.take_focus()

    def _show_why(self) -> None:
        criterion = self._criterion()
        if criterion is None:
            return
        facts = self.facts()
        computed = computed_score(facts, self._supplier, criterion)
        basis = tr("依据：采购文件评分标准；规则包生效日 {date}", date=str(facts.state.the_lot().notice_date))
        if computed is not None:
            steps = sentences(facts, why_of_criterion(facts, Derived(), self._supplier, criterion))
            self.why.show_why(
                tr("{name}为什么是 {score}？", name=criterion.name, score=f"{computed:.2f}"), steps, True, basis
            )
        elif criterion.kind == "price":
            text = tr("价格分在全部评分表提交并开启后，由规则统一计算。")
            self.why.show_why(criterion.name, [text], None, basis)
        else:
            score = self.draft.score(self._supplier, criterion.id)
            steps = [tr("由您独立判断；全体成员评分的平均值计入总分。")]
            level = next((x for x in criterion.levels if score is not None and x.low <= score <= x.high), None)
            if level is not None:
                steps.append(tr("落在“{level}”档：{text}", level=level.name, text=level.text))
            shown = "—" if score is None else f"{score:.2f}"
            self.why.show_why(tr("{name}为什么是 {score}？", name=criterion.name, score=shown), steps, None, basis)

    def _scored(self, score: Decimal | None) -> None:
        criterion = self._criterion()
        if criterion is not None:
            self.draft.put(self._supplier, criterion.id, score)
            self._save.start()
            self._show_lines(self.facts())
            self._show_why()

    def _reasoned(self, text: str) -> None:
        criterion = self._criterion()
        if criterion is not None:
            self.draft.say(self._supplier, criterion.id, text)
            self._save.start()

    def _keep(self) -> None:
        if save_draft(self._path, self.draft):
            self._saved_at = clock_time(self.context.clock.now())
            self.hint.setText(tr("草稿已保存 {time}（仅本机，提交前主机不可见）", time=self._saved_at))
        else:
            self.hint.setText(tr("草稿没有写入磁盘，请勿关闭窗口，并检查磁盘空间。"))

    def hideEvent(self, event: QHideEvent) -> None:
        """What was typed last is not left to the timer."""
        if self._save.isActive():
            self._save.stop()
            self._keep()
        super().hideEvent(event)

    def _submit(self) -> None:
        problems = self.problems()
        if problems:
            self.why.show_why(tr("还不能提交"), problems, None)
            return
        text = tr("提交后密封给评审小组成员，全部提交并共同放行后同时开启。全部提交前可以重新提交。")
        self.ask(Sure(tr("提交评分？"), text, tr("密封并提交"), SubmitSheet(self.sheet())))


def _marked(facts: StepFacts) -> tuple[Criterion, ...]:
    return tuple(item for item in facts.state.the_lot().lot.criteria if item.kind != "price")
