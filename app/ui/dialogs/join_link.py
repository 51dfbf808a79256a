"""Joining by an invitation link: pasted, looked at, then followed."""

from collections.abc import Callable

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QWidget

from app.errors import BidroomError
from app.ui import texts
from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import tr
from app.ui.view import label
from app.ui.widgets.form_field import FormField

LONGEST = 4096


class JoinByLinkDialog(DeskDialog[str | None]):
    """Answers the link, or None. ``check(link)`` raises InputError for a link that cannot be one."""

    def __init__(self, check: Callable[[str], object], parent: QWidget | None = None) -> None:
        super().__init__(tr("凭邀请链接加入"), parent, width=560)
        self._check = check
        self.add(label("body", tr("请粘贴收到的邀请链接。链接只能使用一次，含主机的身份指纹，请勿转发。"), wrap=True))
        self._line = QLineEdit()
        self._line.setMaxLength(LONGEST)
        self._field = FormField("邀请链接", self._line)
        self.add(self._field)
        self.add_button(tr("取消"), "plain", accept=False)
        self._join = self.add_button(tr("下一步"), "primary", default=True)
        self._join.clicked.connect(self._try)
        pasted = QGuiApplication.clipboard().text().strip()
        if self._fits(pasted):
            self._line.setText(pasted)
        self._line.textChanged.connect(lambda: self._field.show_error(""))
        self._line.setFocus()

    def answer(self) -> str | None:
        return self._line.text().strip() if self.accepted_now else None

    def type_link(self, text: str) -> None:
        """Fill in the link."""
        self._line.setText(text)

    def error(self) -> str:
        return self._field.error()

    def press(self) -> None:
        """Follow the link, as the button does."""
        self._try()

    def _fits(self, text: str) -> bool:
        if not text or len(text) > LONGEST:
            return False
        try:
            self._check(text)
        except BidroomError:
            return False
        return True

    def _try(self) -> None:
        try:
            self._check(self._line.text().strip())
        except BidroomError as error:
            said = texts.error_text(error.code, error.facts)
            self._field.show_error(said.brief)
            return
        self.accept()
