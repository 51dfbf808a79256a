"""The record's head in one line: entry, root, by how many it is witnessed."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from app.ui.i18n import tr
from app.ui.models import RecordState
from app.ui.view import View, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.elided import ElidedLabel


class RootLine(View):
    """Shows a :class:`RecordState`; one button compares with somebody else, the other copies ``N:R``, the form that
    ``verify --expect`` takes."""

    compare_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = RecordState()
        self._text = ElidedLabel("hint")
        self._copy = Button("ghost", "copy")
        self._copy.setFixedWidth(32)
        self._copy.clicked.connect(self._copy_it)
        self.say(self._copy.setToolTip, "复制条数与根，供核对")
        self.say(self._copy.setAccessibleName, "复制条数与根，供核对")
        self._compare = Button("ghost", "people")
        self._compare.setFixedWidth(32)
        self._compare.clicked.connect(self.compare_requested)
        self.say(self._compare.setToolTip, "与对方核对记录")
        self.say(self._compare.setAccessibleName, "与对方核对记录")
        line = row(self._text, self._compare, self._copy, spacing=4)
        line.setStretch(0, 1)
        self.setLayout(line)

    def show_state(self, state: RecordState) -> None:
        """Show another head."""
        self._state = state
        self.retranslate()

    def retranslate(self) -> None:
        state = self._state
        if not state.root:
            self._text.setText(tr("记录尚未开始"))
            return
        self._text.setText(
            tr(
                "根 {root}…　第 {size} 条　{cosigned} 方见证",
                root=state.root[:6],
                size=state.size,
                cosigned=state.cosigned,
            )
        )

    def _copy_it(self) -> None:
        QGuiApplication.clipboard().setText(f"{self._state.size}:{self._state.root}")
