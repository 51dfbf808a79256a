"""资格审查与符合性审查: items × suppliers with a verdict in each cell, the documents beside it."""

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QScrollArea, QStackedWidget, QWidget

import app.session.rules.commands as cmd
from app.procurement.bid import Evidence
from app.procurement.case import ReviewItem
from app.session.rules.decide_review import review_items, reviewers
from app.ui.evaluation.clarifications import ClarificationList
from app.ui.evaluation.compared_bids import ComparedBids, show_evidence
from app.ui.evaluation.drafts import SAVE_MS, Draft, draft_path, drop_draft, load_draft, save_draft
from app.ui.evaluation.evidence_line import EvidenceLine, document_name
from app.ui.fonts import BODY, font
from app.ui.i18n import tr
from app.ui.phase_panel import PhasePanel
from app.ui.room.step_panel import ActButton
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import clear, column, label, restyle
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.data_table import fit_lines
from app.ui.widgets.split_view import SplitView
from app.ui.widgets.tabs import SegmentedTabs

SHARES = [0.56, 0.44]
NAME_WIDTH, TWO_LINES = 100, 46
"""A supplier's name above its verdicts: pixels."""


class VerdictCell(Button):
    """One verdict: open, ✓, ✗; Space or a click goes on to the next; ``1`` passes, ``0`` fails.

    Signals:
        judged(object): True, False or None.
    """

    judged = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__("small")
        self._name = name
        self.verdict: bool | None = None
        self.clicked.connect(lambda: self._set({None: True, True: False, False: None}[self.verdict]))
        self.setMinimumWidth(96)
        self.show_verdict(None)

    def show_verdict(self, verdict: bool | None) -> None:
        """Show without telling."""
        self.verdict = verdict
        word = {None: tr("待审"), True: tr("✓ 通过"), False: tr("✗ 不通过")}[verdict]
        self.setText(word)
        self.setAccessibleName(f"{self._name}　{word}")
        restyle(self, "verdict", {None: "", True: "ok", False: "bad"}[verdict])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text() in ("1", "0"):
            self._set(event.text() == "1")
            return
        super().keyPressEvent(event)

    def _set(self, verdict: bool | None) -> None:
        self.show_verdict(verdict)
        self.judged.emit(verdict)


class ReviewPanel(PhasePanel):
    """For reviewers the matrix; for others how far it has come."""

    fills_room = True

    def __init__(self, context: StepContext) -> None:
        super().__init__(context, "逐项审查", "键盘：1 通过　0 不通过　E 看依据　P 记页　C 对比。不通过须写明理由。")
        self.submit = ActButton("primary", "check")
        self.submit.clicked.connect(self._submit)
        self.add_act(self.submit)
        self.say(self.submit.setText, "提交审查表")
        self.verdicts: dict[tuple[str, str], bool] = {}
        self.reasons: dict[tuple[str, str], str] = {}
        self.places: dict[tuple[str, str], Evidence] = {}
        self._cells: dict[tuple[str, str], VerdictCell] = {}
        self._built: tuple[object, ...] = ()
        self._focus: tuple[str, str] | None = None
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(6)
        inside = QWidget()
        inside.setProperty("role", "inside")
        inside.setLayout(column(self._grid, None))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inside)
        self.say(area.setAccessibleName, "审查表")
        self._reason = QLineEdit()
        self._reason.setMaxLength(2000)
        self._reason.textEdited.connect(self._reason_typed)
        self.say(self._reason.setPlaceholderText, "不通过的理由（随审查表存档）")
        self.say(self._reason.setAccessibleName, "不通过的理由（随审查表存档）")
        sheet = QWidget()
        self.evidence = EvidenceLine()
        self.evidence.opened.connect(self.show_evidence)
        self.evidence.noted.connect(self.note_page)
        self.evidence.dropped.connect(lambda: self._note(None))
        layout = column(area, self.evidence, self._reason, spacing=8)
        layout.setStretch(0, 1)
        sheet.setLayout(layout)
        self.clarifications = ClarificationList(context)
        self.clarifications.asked_for.connect(self.command_requested)
        self._stack = QStackedWidget()
        self._stack.addWidget(sheet)
        self._stack.addWidget(self.clarifications)
        self.tabs = SegmentedTabs(2)
        self.tabs.chosen.connect(self._stack.setCurrentIndex)
        self._left = QWidget()
        inner = column(self.tabs, self._stack, spacing=6)
        inner.setStretch(1, 1)
        self._left.setLayout(inner)
        self.documents = ComparedBids(context)
        self.documents.compared.connect(self._compared)
        self._split = SplitView(Qt.Orientation.Horizontal)
        self._split.addWidget(self._left)
        self._split.addWidget(self.documents)
        self._split.set_shares(SHARES)
        self.add(self._split)
        self.body.setStretch(1, 1)
        self._draft_file = context.drafts / "none"
        self._save = QTimer(self)
        self._save.setSingleShot(True)
        self._save.setInterval(SAVE_MS)
        self._save.timeout.connect(self._keep)

    def show_facts(self, facts: StepFacts) -> None:
        state = facts.state
        stage = state.phase
        items, suppliers = review_items(state, stage), suppliers_of(facts)
        mine = facts.me in reviewers(state, stage)
        self.tabs.name(0, tr("审查表"))
        self.tabs.name(1, tr("澄清"), len(state.clarifications))
        self.clarifications.show_facts(facts)
        self._adopt(facts, stage)
        layout = (stage, suppliers, mine, facts.me)
        if layout != self._built:
            self._built = layout
            self._build(facts, items, suppliers, mine)
        self._refresh(facts, stage, items, suppliers)
        if suppliers and all(supplier in state.decisions.get(stage, {}) for supplier in suppliers):
            self._save.stop()
            drop_draft(self._draft_file)
        self.submit.setVisible(mine)
        self._reason.setVisible(mine)
        self.evidence.setVisible(mine)
        self.submit.allow(bool(self._ready(facts)))
        if suppliers and not self._focus:
            self._look(suppliers[0])

    def retranslate(self) -> None:
        self._built = ()
        super().retranslate()

    def _adopt(self, facts: StepFacts, stage: str) -> None:
        """What I have submitted is what stands, unless I have changed it here since, in this life or an earlier one."""
        file = draft_path(self.context.drafts, facts.state.case, facts.me, stage)
        if file != self._draft_file:
            self._draft_file = file
            self._take(load_draft(file))
        for supplier, sheets in facts.state.reviews.get(stage, {}).items():
            if facts.me in sheets:
                for item, passed in sheets[facts.me].passed.items():
                    self.verdicts.setdefault((supplier, item), passed)
                    self.reasons.setdefault((supplier, item), sheets[facts.me].reasons.get(item, ""))
                    place = sheets[facts.me].evidence.get(item)
                    if place is not None:
                        self.places.setdefault((supplier, item), place)

    def _take(self, draft: Draft) -> None:
        self.verdicts = {(s, item): passed for s, given in draft.verdicts.items() for item, passed in given.items()}
        self.reasons = {(s, item): text for s, given in draft.reasons.items() for item, text in given.items()}
        self.places = {(s, item): place for s, given in draft.evidence.items() for item, place in given.items()}

    def _keep(self) -> None:
        draft = Draft()
        for (supplier, item), passed in self.verdicts.items():
            draft.verdicts.setdefault(supplier, {})[item] = passed
        for (supplier, item), text in self.reasons.items():
            draft.say(supplier, item, text)
        for (supplier, item), place in self.places.items():
            draft.note(supplier, item, place)
        if not save_draft(self._draft_file, draft):
            self.hint.setText(tr("草稿没有写入磁盘，请勿关闭窗口，并检查磁盘空间。"))

    def hideEvent(self, event: QHideEvent) -> None:
        if self._save.isActive():
            self._save.stop()
            self._keep()
        super().hideEvent(event)

    def _build(
        self, facts: StepFacts, items: tuple[ReviewItem, ...], suppliers: tuple[str, ...], mine: bool
    ) -> None:  # fmt: skip
        clear(self._grid)
        self._cells.clear()
        for place, supplier in enumerate(suppliers, 1):
            name = facts.supplier_name(supplier)
            button = Button("link", text="\n".join(fit_lines(name, font(BODY), NAME_WIDTH, TWO_LINES)))
            button.setProperty("lines", "2")
            button.setAccessibleName(name)
            button.setToolTip(name)
            button.clicked.connect(lambda _=False, s=supplier: self._look(s))
            self._grid.addWidget(button, 0, place)
        for line, item in enumerate(items, 1):
            text = item.text if item.mandatory else tr("{text}（非实质性）", text=item.text)
            self._grid.addWidget(label("body", text, wrap=True), line, 0)
            for place, supplier in enumerate(suppliers, 1):
                key = (supplier, item.id)
                cell = VerdictCell(f"{facts.supplier_name(supplier)}　{item.text}")
                cell.judged.connect(lambda verdict, k=key: self._judged(k, verdict))
                cell.setEnabled(mine and supplier not in facts.state.decisions.get(facts.state.phase, {}))
                cell.installEventFilter(self)
                self._cells[key] = cell
                self._grid.addWidget(cell, line, place)
        foot = len(items) + 1
        self._grid.addWidget(label("second", tr("结论")), foot, 0)
        self._results: dict[str, Chip] = {}
        for place, supplier in enumerate(suppliers, 1):
            self._results[supplier] = Chip()
            self._grid.addWidget(self._results[supplier], foot, place)
        self._grid.setColumnStretch(0, 1)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn:
            for key, cell in self._cells.items():
                if cell is watched:
                    self._at(key)
        return False

    def _refresh(
        self, facts: StepFacts, stage: str, items: tuple[ReviewItem, ...], suppliers: tuple[str, ...]
    ) -> None:  # fmt: skip
        for key, cell in self._cells.items():
            cell.show_verdict(self.verdicts.get(key))
        everyone = reviewers(facts.state, stage)
        for supplier in suppliers:
            decision = facts.state.decisions.get(stage, {}).get(supplier)
            done = len(facts.state.reviews.get(stage, {}).get(supplier, {}))
            if decision is not None:
                word, tone = (tr("通过"), Tone.OK) if decision.passed else (tr("未通过"), Tone.BAD)
            else:
                word, tone = tr("{count}/{all} 已提交", count=done, all=len(everyone)), Tone.NEUTRAL
            self._results[supplier].show_state(word, tone)

    def _ready(self, facts: StepFacts) -> tuple[str, ...]:
        """Suppliers whose sheet is complete, reasons given, and differs from what I submitted."""
        stage = facts.state.phase
        items = review_items(facts.state, stage)
        ready = []
        for supplier in suppliers_of(facts):
            if supplier in facts.state.decisions.get(stage, {}):
                continue
            given = {item.id: self.verdicts.get((supplier, item.id)) for item in items}
            if any(verdict is None for verdict in given.values()):
                continue
            reasons = {i: self.reasons.get((supplier, i), "") for i, passed in given.items() if passed is False}
            if not all(text.strip() for text in reasons.values()):
                continue
            old = facts.state.reviews.get(stage, {}).get(supplier, {}).get(facts.me)
            places = self._places_of(supplier, tuple(given))
            said = old is not None and all(old.reasons.get(i) == t for i, t in reasons.items())
            if old is None or not said or old.passed != given or old.evidence != places:
                ready.append(supplier)
        return tuple(ready)

    def _submit(self) -> None:
        facts = self.facts()
        items = review_items(facts.state, facts.state.phase)
        for supplier in self._ready(facts):
            passed = {item.id: self.verdicts[supplier, item.id] for item in items}
            reasons = {i: self.reasons[supplier, i].strip() for i, good in passed.items() if not good}
            places = self._places_of(supplier, tuple(passed))
            self.ask(cmd.SubmitReview(supplier=supplier, passed=passed, reasons=reasons, evidence=places))

    def _places_of(self, supplier: str, items: tuple[str, ...]) -> dict[str, Evidence]:
        """Pages noted for these items, of documents that this bid has."""
        bid = self.facts().state.bids.get(supplier)
        found = {item: self.places.get((supplier, item)) for item in items}
        return {item: place for item, place in found.items() if place is not None and document_name(bid, place)}

    def keyPressEvent(self, event: QKeyEvent) -> None:
        acts = {"e": self.show_evidence, "p": self.note_page, "c": self._turn_compare}
        plain = not event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
        if event.key() == Qt.Key.Key_Escape and self.documents.comparing:
            self.documents.compare(False)
        elif plain and event.text().lower() in acts:
            acts[event.text().lower()]()
        else:
            super().keyPressEvent(event)

    def show_evidence(self) -> None:
        """Open the page noted for the item in hand, or look for it; in the compared bid too."""
        if self._focus is None:
            return
        supplier, item = self._focus
        text = next((i.text for i in review_items(self.facts().state, self.facts().state.phase) if i.id == item), "")
        panes = [(supplier, self.documents.first)]
        if self.documents.comparing and self.documents.second is not None:
            panes.append((self.documents.compared_with(), self.documents.second))
        for owner, pane in panes:
            show_evidence(pane, self.places.get((owner, item)), pane.digests(), text)

    def note_page(self) -> None:
        """The page in sight is where the item in hand is met, or is not."""
        place = self.documents.first.place()
        if place is not None:
            self._note(place)

    def _note(self, place: Evidence | None) -> None:
        if self._focus is None or not self.evidence.isVisibleTo(self):
            return
        if place is None:
            self.places.pop(self._focus, None)
        else:
            self.places[self._focus] = place
        self._save.start()
        self._show_evidence_line()
        self.submit.allow(bool(self._ready(self.facts())))

    def _show_evidence_line(self) -> None:
        place = self.places.get(self._focus) if self._focus is not None else None
        name = document_name(self.facts().state.bids.get(self._focus[0]), place) if self._focus is not None else ""
        self.evidence.show_evidence(place if name else None, name)
        self.evidence.setEnabled(self._focus is not None)

    def _turn_compare(self) -> None:
        self.documents.compare(not self.documents.comparing)

    def _compared(self, on: bool) -> None:
        """The sheet gives its room to the second bid."""
        self._left.setVisible(not on)
        self._split.set_shares([0.0, 1.0] if on else SHARES)
        cell = self._cells.get(self._focus) if self._focus is not None else None
        if not on and cell is not None:
            cell.setFocus()

    def _judged(self, key: tuple[str, str], verdict: bool | None) -> None:
        if verdict is None:
            self.verdicts.pop(key, None)
        else:
            self.verdicts[key] = verdict
        self._save.start()
        self._at(key)
        if verdict is False and not self.reasons.get(key):
            self._reason.setFocus()
        self.submit.allow(bool(self._ready(self.facts())))

    def _at(self, key: tuple[str, str]) -> None:
        self._focus = key
        self._reason.setText(self.reasons.get(key, ""))
        self._reason.setEnabled(self.verdicts.get(key) is False)
        self._look(key[0])
        self._show_evidence_line()

    def _look(self, supplier: str) -> None:
        self.documents.show_bid(self.facts(), supplier, suppliers_of(self.facts()))

    def _reason_typed(self, text: str) -> None:
        if self._focus is not None:
            self.reasons[self._focus] = text
            self._save.start()
            self.submit.allow(bool(self._ready(self.facts())))


def suppliers_of(facts: StepFacts) -> tuple[str, ...]:
    """Who is reviewed in this stage: all that were still in when it began."""
    stage = facts.state.phase
    decided = facts.state.decisions.get(stage, {})
    running = facts.state.continuing()
    return tuple(s for s in facts.state.opened_bids() if s in running or s in decided)
