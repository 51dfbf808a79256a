"""Words before an act: one dialog for every reason, ruling, question and answer."""

from PySide6.QtWidgets import QButtonGroup, QPlainTextEdit, QRadioButton, QWidget

from app.ui.dialogs.base import DeskDialog
from app.ui.dialogs.confirm import ConfirmDialog
from app.ui.i18n import tr
from app.ui.icons import IconLabel
from app.ui.room_acts import Asking, Sure
from app.ui.view import column, label, row

LONGEST = 2000


class AskingDialog(DeskDialog[tuple[str, str] | None]):
    """Answers text and chosen code, or None when cancelled."""

    def __init__(self, asking: Asking, parent: QWidget | None = None) -> None:
        super().__init__(asking.title, parent, width=520)
        self._asking = asking
        for sentence in asking.lines:
            line = row(IconLabel("info", "text2", 18), label("body", sentence, wrap=True), spacing=8)
            line.setStretch(1, 1)
            self.add(line)
        self._group = QButtonGroup(self)
        for number, choice in enumerate(asking.choices):
            radio = QRadioButton(choice.text)
            self._group.addButton(radio, number)
            self.add(radio)
        self._text = QPlainTextEdit()
        self._text.setFixedHeight(96)
        self._text.setTabChangesFocus(True)
        self._text.setAccessibleName(asking.field)
        caption = label("second", asking.field)
        caption.setBuddy(self._text)
        self.add(column(caption, self._text, spacing=4))
        self.add_button(tr("取消"), "plain", accept=False)
        self._go = self.add_button(asking.act, "danger" if asking.danger else "primary", accept=True)
        self._text.textChanged.connect(self._check)
        self._group.idToggled.connect(lambda *_: self._check())
        self._check()
        first = self._group.button(0)
        (first if first is not None else self._text).setFocus()

    def answer(self) -> tuple[str, str] | None:
        if not self.accepted_now:
            return None
        return self._text.toPlainText().strip(), self._chosen()

    def type(self, text: str, code: str = "") -> None:
        """Fill in."""
        self._text.setPlainText(text)
        for number, choice in enumerate(self._asking.choices):
            if choice.code == code:
                self._group.button(number).setChecked(True)

    def can_go(self) -> bool:
        return self._go.isEnabled()

    def _chosen(self) -> str:
        number = self._group.checkedId()
        return self._asking.choices[number].code if number >= 0 else ""

    def _check(self) -> None:
        said = len(self._text.toPlainText().strip())
        enough = (self._asking.optional or said > 0) and said <= LONGEST
        self._go.setEnabled(enough and (not self._asking.choices or self._group.checkedId() >= 0))


def sure_dialog(sure: Sure, parent: QWidget | None = None) -> ConfirmDialog:
    """Yes or no."""
    return ConfirmDialog(sure.title, sure.text, sure.act, danger=sure.danger, parent=parent)
