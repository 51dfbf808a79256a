"""What stands below the video: the panel of the current step. Every step's panel has this shape."""

from typing import Generic, TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.ui.i18n import tr
from app.ui.view import Item, View, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.elided import ElidedLabel
from app.ui.widgets.head_layout import HeadLayout

Snapshot = TypeVar("Snapshot")


class StepPanel(View, Generic[Snapshot]):
    """A heading with a hint and controls, then the step's own content.

    A subclass builds itself once, shows a frozen snapshot whole in :meth:`show_snapshot`, and asks for acts by emitting
    :attr:`command_requested` with a command of ``app.session.rules.commands`` (or its own request object). It never
    changes what it shows by itself: the record does, through the next snapshot. Until then :meth:`set_pending` dims it.

    Attributes:
        body: the card's vertical layout; content is appended with :meth:`add`.
        hint: the smaller line beside the heading.
        controls: the row at the right of the heading (countdown, buttons).

    Signals:
        command_requested(object): the person wants this done.
        document_requested(str): open the document with this digest.
    """

    command_requested = Signal(object)
    document_requested = Signal(str)

    def __init__(self, title: str, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._card = Card()
        frame = column(self._card)
        self.setLayout(frame)
        self.body: QVBoxLayout = self._card.body
        self._title_source, self._hint_source = title, hint
        self._heading = label("section")
        self.hint = ElidedLabel("second", least=0.6)
        self.controls: QHBoxLayout = row(spacing=10)
        words = row(self._heading, self.hint, spacing=12)
        words.setStretch(1, 1)
        self._head = HeadLayout(words, self.controls)
        self.body.insertLayout(0, self._head)
        self._snapshot: Snapshot | None = None
        self._say_heading()

    def add(self, *items: Item) -> None:
        """Append to the content; ``None`` is a stretch, a number a gap."""
        self._card.add(*items)

    def add_controls(self, *items: Item) -> None:
        """Append to the right of the heading."""
        for item in items:
            if isinstance(item, QWidget):
                self.controls.addWidget(item)
            elif isinstance(item, int):
                self.controls.addSpacing(item)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show everything anew; a subclass calls ``super().show_snapshot`` first."""
        self._snapshot = snapshot

    @property
    def snapshot(self) -> Snapshot | None:
        return self._snapshot

    def set_pending(self, pending: bool) -> None:
        """Nothing is shown as done before the record has it: buttons rest while an act is on its way."""
        for button in self.findChildren(ActButton):
            button.rest(pending)

    def retranslate(self) -> None:
        """Say everything again; a subclass that shows a snapshot need not override this."""
        self._say_heading()
        if self._snapshot is not None:
            self.show_snapshot(self._snapshot)

    def _say_heading(self) -> None:
        self._heading.setText(tr(self._title_source))
        self.hint.setText(tr(self._hint_source) if self._hint_source else "")


class ActButton(Button):
    """A button that asks for a command; it rests while an act is on its way, whatever it was allowed before."""

    def __init__(self, role: str = "plain", icon_name: str | None = None, text: str = "") -> None:
        super().__init__(role, icon_name, text)
        self._allowed, self._resting = True, False

    def allow(self, allowed: bool) -> None:
        """Whether the person may do this now."""
        self._allowed = allowed
        self.setEnabled(allowed and not self._resting)

    def rest(self, resting: bool) -> None:
        """Whether an act is on its way."""
        self._resting = resting
        self.setEnabled(self._allowed and not resting)
