"""The frame of a wizard: steps at the top, one page at a time, back and next below."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.ui.i18n import tr
from app.ui.view import View, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.stepper import Stepper
from app.ui.widgets.top_bar import TopBar


class Wizard(View):
    """A subclass adds its pages in order with :meth:`add_page` and says with :meth:`allow_next` whether to go on.

    Attributes:
        bar: the top bar; back: leaves the wizard. next: the button below at the right, the screen's primary one.
        above: a layout between the steps and the page, for what holds on every page.

    Signals:
        left(): the person gave up.
        finished(): the last step was confirmed.
        step_entered(int): a page came up.
    """

    left = Signal()
    finished = Signal()
    step_entered = Signal(int)

    def __init__(self, steps: tuple[str, ...], last_act: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self._steps, self._last_act = steps, last_act
        self._allowed = [False] * len(steps)
        self.bar = TopBar()
        leave = Button("ghost", "arrow-left")
        leave.clicked.connect(self.left)
        self.say(leave.setAccessibleName, "返回")
        self.bar.lead(leave)
        self.stepper = Stepper(steps)
        self.pages = QStackedWidget()
        self.above = column(spacing=0)
        self.note = label("second", wrap=True)
        self.previous, self.next = Button("plain"), Button("primary")
        self.next.setMinimumWidth(140)
        self.previous.clicked.connect(lambda: self.go_to(self.current() - 1))
        self.next.clicked.connect(self._go_on)
        self.say(self.previous.setText, "上一步")
        foot = row(self.note, self.previous, self.next, spacing=12)
        foot.setStretch(0, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        body = column(self.stepper, self.above, self.pages, foot, spacing=14, margins=(20, 14, 20, 16))
        body.setStretch(2, 1)
        layout.addLayout(body, 1)

    def add_page(self, page: QWidget) -> None:
        """The next step's page."""
        self.pages.addWidget(page)

    def current(self) -> int:
        return self.pages.currentIndex()

    def allow_next(self, step: int, allowed: bool) -> None:
        """Whether the person may go on from ``step``."""
        self._allowed[step] = allowed
        self._show_buttons()

    def go_to(self, step: int) -> None:
        """Show the page of ``step``."""
        self.pages.setCurrentIndex(max(0, min(step, self.pages.count() - 1)))
        self.stepper.show_step(self.current())
        self._show_buttons()
        self.step_entered.emit(self.current())

    def retranslate(self) -> None:
        self._show_buttons()

    def _go_on(self) -> None:
        if self.current() == len(self._steps) - 1:
            self.finished.emit()
        else:
            self.go_to(self.current() + 1)

    def _show_buttons(self) -> None:
        here = max(0, self.current())
        last = here == len(self._steps) - 1
        self.previous.setVisible(here > 0)
        self.next.setText(tr(self._last_act) if last else tr("下一步"))
        self.next.setEnabled(self._allowed[here])
