"""An error said calmly: what happened, what it means for you now, what to do; the rest behind a fold."""

from PySide6.QtWidgets import QWidget

from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import tr
from app.ui.icons import IconLabel
from app.ui.texts import ErrorText
from app.ui.view import column, label, row
from app.ui.widgets.foldable import FoldableDetails


class ErrorDialog(DeskDialog[None]):
    """Ends by itself in nothing: it only tells."""

    def __init__(self, text: ErrorText, trace: str = "", parent: QWidget | None = None) -> None:
        super().__init__(tr("没有完成"), parent, width=520)
        self.setProperty("follows_fold", True)
        self.text = text
        what = label("strong", text.what, wrap=True)
        lines = row(IconLabel("warning", "warn", 24), column(what, label("body", text.means, wrap=True)), spacing=12)
        lines.setStretch(1, 1)
        self.add(lines, label("body", text.do, wrap=True))
        self.details = FoldableDetails("\n".join(part for part in (text.details, trace.strip()) if part))
        self.add(self.details)
        self.add_button(tr("知道了"), "primary", accept=True, default=True).setFocus()

    def answer(self) -> None:
        return None
