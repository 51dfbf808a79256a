"""Yes or no to an act that cannot be taken back."""

from PySide6.QtWidgets import QWidget

from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import tr
from app.ui.view import label


class ConfirmDialog(DeskDialog[bool]):
    """``act`` is the word on the button; cancelling is the default, so that Enter does no harm."""

    def __init__(
        self, title: str, text: str, act: str, *, danger: bool = True, parent: QWidget | None = None
    ) -> None:  # fmt: skip
        super().__init__(title, parent)
        self.add(label("body", text, wrap=True))
        cancel = self.add_button(tr("取消"), "plain", accept=False, default=danger)
        self.confirm = self.add_button(act, "danger" if danger else "primary", accept=True, default=not danger)
        (cancel if danger else self.confirm).setFocus()

    def answer(self) -> bool:
        return self.accepted_now


def leave_dialog(recording: bool, parent: QWidget | None = None) -> ConfirmDialog:
    """Leaving the room: the case goes on without this desk."""
    text = tr("离开后，会议和录制继续进行；您可以随时回来，身份和席位保留。有时限的事项仍按时限计算。")
    if recording:
        text = tr("正在录制。") + text
    return ConfirmDialog(tr("离开会议？"), text, tr("离开"), danger=False, parent=parent)
