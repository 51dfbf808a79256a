"""对比: the documents of one bid, and beside them those of another, scrolled together or each by itself."""

from PySide6.QtCore import Qt, Signal

from app.procurement.bid import Evidence
from app.ui.evaluation.bid_documents import BidDocuments
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import View, column
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice
from app.ui.widgets.split_view import SplitView


class ComparedBids(View):
    """``first`` is the bid in hand; the second is made when it is first wanted (it has a child process of its own).

    Together means: both move by the same part of a page from where each stood when it was switched on, so that bids
    whose pages are numbered differently can be lined up first.

    Signals:
        compared(bool): the second bid is shown or gone.
    """

    compared = Signal(bool)

    def __init__(self, context: StepContext) -> None:
        super().__init__()
        self._context = context
        self._facts: StepFacts | None = None
        self._suppliers: tuple[str, ...] = ()
        self._offset, self._moving = 0.0, False
        self.first = BidDocuments(context)
        self.second: BidDocuments | None = None
        self.toggle, self.together, self.done = Button("small", "screen"), Button("small"), Button("small", "close")
        self.toggle.setCheckable(True)
        self.toggle.toggled.connect(self._show_second)
        self.together.setCheckable(True)
        self.together.toggled.connect(self._line_up)
        self.done.clicked.connect(lambda: self.compare(False))
        self.say(self.toggle.setText, "对比")
        self.say(self.toggle.setToolTip, "与另一家并排对比（C）")
        self.say(self.together.setText, "同步翻页")
        self.say(self.together.setToolTip, "两份文件从现在的位置起一起滚动")
        self.say(self.done.setToolTip, "结束对比（Esc）")
        self.say(self.done.setAccessibleName, "结束对比（Esc）")
        self.first.head.addWidget(self.toggle)
        self.other = Choice()
        self.other.setFixedWidth(146)
        self.say(self.other.setAccessibleName, "对比的供应商")
        self.other.currentIndexChanged.connect(self._show_other)
        self._split = SplitView(Qt.Orientation.Horizontal)
        self._split.addWidget(self.first)
        layout = column(self._split)
        self.setLayout(layout)

    @property
    def comparing(self) -> bool:
        return self.toggle.isChecked()

    def show_bid(self, facts: StepFacts, supplier: str, suppliers: tuple[str, ...]) -> None:
        """The bid in hand, and whom it can be compared with."""
        self._facts = facts
        self.first.show_bid(facts, supplier)
        others = tuple(one for one in suppliers if one != supplier)
        self.toggle.setEnabled(bool(others))
        if not others:
            self.compare(False)
        shown = self._chosen()
        self._suppliers = others
        self.other.blockSignals(True)
        self.other.clear()
        self.other.addItems([facts.short(one) for one in others])
        self.other.setCurrentIndex(others.index(shown) if shown in others else 0)
        self.other.blockSignals(False)
        if self.comparing:
            self._show_other()

    def compare(self, on: bool) -> None:
        """Show or hide the second bid."""
        if self.toggle.isEnabled() or not on:
            self.toggle.setChecked(on)

    def turn(self, by: int) -> None:
        """The second bid is the next or previous supplier's."""
        if self._suppliers:
            self.other.setCurrentIndex((self.other.currentIndex() + by) % len(self._suppliers))

    def compared_with(self) -> str:
        """The supplier at the right; empty while nothing is compared."""
        return self._chosen() if self.comparing else ""

    def close_renderer(self) -> None:
        self.first.close_renderer()
        if self.second is not None:
            self.second.close_renderer()

    def _chosen(self) -> str:
        number = self.other.currentIndex()
        return self._suppliers[number] if 0 <= number < len(self._suppliers) else ""

    def _show_second(self, on: bool) -> None:
        if on and self.second is None:
            self.second = self._make_second()
        self.first.viewer.narrow(on)
        if self.second is not None:
            self.second.setVisible(on)
        self._split.set_shares([0.5, 0.5] if on else [1.0])
        if on:
            self._show_other()
            self._same_document()
        self.compared.emit(on)

    def _make_second(self) -> BidDocuments:
        made = BidDocuments(self._context)
        made.viewer.narrow(True)
        made.replace_owner(self.other)
        made.head.addWidget(self.together)
        made.head.addWidget(self.done)
        self._split.addWidget(made)
        for pane, target in ((self.first, made), (made, self.first)):
            bar = pane.viewer.area.verticalScrollBar()
            bar.valueChanged.connect(lambda _value, a=pane, b=target: self._follow(a, b))
            pane.loaded.connect(self._line_up)
        return made

    def _show_other(self) -> None:
        if self.second is not None and self._facts is not None and self.comparing:
            self.second.show_bid(self._facts, self._chosen())

    def _same_document(self) -> None:
        """The same kind of document as at the left, where it stands in the other bid."""
        if self.second is not None and 0 <= self.first.choice.currentIndex() < self.second.choice.count():
            self.second.choice.setCurrentIndex(self.first.choice.currentIndex())

    def _line_up(self) -> None:
        if self.second is not None:
            self._offset = self.second.viewer.area.position() - self.first.viewer.area.position()

    def _follow(self, moved: BidDocuments, other: BidDocuments) -> None:
        if self._moving or not self.together.isChecked() or not self.comparing:
            return
        self._moving = True
        sign = 1 if moved is self.first else -1
        other.viewer.area.go_to_position(moved.viewer.area.position() + sign * self._offset)
        self._moving = False


def show_evidence(pane: BidDocuments, place: Evidence | None, digests: list[str], words: str) -> None:
    """Open the noted page, or look for the words where such evidence should be."""
    if place is None or not pane.open_at(place):
        pane.look_in(digests, words)
