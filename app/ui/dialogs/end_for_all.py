"""Ending the meeting for everyone: lists what is left undone and wants a reason when there is anything."""

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import tr
from app.ui.icons import IconLabel
from app.ui.view import label, row
from app.ui.widgets.form_field import FormField


class EndForAllDialog(DeskDialog[str | None]):
    """Answers the reason (empty when nothing is undone), or None when the person goes on with the meeting.

    ``undone`` are sentences.
    """

    def __init__(self, undone: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(tr("结束会议？"), parent, width=520)
        self._undone = undone
        self.add(label("body", tr("所有人将离开会议，录制停止，记录定稿。此操作不能撤回。"), wrap=True))
        self._reason = QPlainTextEdit()
        self._reason.setFixedHeight(76)
        self._field = FormField("未完成而结束的原因（记入案卷）", self._reason)
        if undone:
            self.add(label("strong", tr("尚未完成（{count} 项）", count=len(undone))))
            for sentence in undone:
                line = row(IconLabel("warning", "warn", 18), label("body", sentence, wrap=True), spacing=8)
                line.setStretch(1, 1)
                self.add(line)
            self.add(self._field)
        self.add_button(tr("继续会议"), "plain", accept=False, default=True).setFocus()
        self._end = self.add_button(tr("结束会议"), "danger", accept=True)
        self._reason.textChanged.connect(self._check)
        self._check()

    def answer(self) -> str | None:
        return self._reason.toPlainText().strip() if self.accepted_now else None

    def type_reason(self, text: str) -> None:
        """Fill in the reason."""
        self._reason.setPlainText(text)

    def can_end(self) -> bool:
        return self._end.isEnabled()

    def _check(self) -> None:
        self._end.setEnabled(not self._undone or len(self._reason.toPlainText().strip()) >= 4)
