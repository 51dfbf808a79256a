"""Comparing the record with somebody else, by voice or by picture: what no host can make fit."""

from collections.abc import Callable

from PySide6.QtGui import QGuiApplication, QIntValidator
from PySide6.QtWidgets import QLineEdit, QWidget

from app.clock import SystemClock
from app.errors import BidroomError
from app.session.head_code import head_code, same_head
from app.ui import texts
from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import tr
from app.ui.view import column, label, row
from app.ui.widgets.banner import Banner
from app.ui.widgets.chip import Tone
from app.ui.widgets.form_field import FormField
from app.ui.widgets.qr import QrView

LONGEST = 200


class CompareHeadDialog(DeskDialog[None]):
    """Shows the code of a head, and judges what the other person says.

    Args:
        size: entries of the newest head. root_at: the root (hex) of so many entries.
        differs: told the other person's text and the number of entries where they are not the same record.
    """

    def __init__(
        self,
        size: int,
        root_at: Callable[[int], str],
        differs: Callable[[str, int], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(tr("核对记录"), parent, width=600)
        self._root_at, self._differs = root_at, differs
        self.add(
            label(
                "body",
                tr(
                    "请与对方当面或用电话核对：条数调成一样，核对码应当逐组相同。不同，就是主机给各方看的不是同一份记录。"
                ),
                wrap=True,
            )
        )
        self._most = size
        self._size = QLineEdit(str(size))
        self._size.setValidator(QIntValidator(1, size, self))
        self.add(FormField("核对到第几条", self._size))
        self._groups = [label("title", "", wrap=False), label("title", "", wrap=False)]
        self._qr = QrView(side=168)
        words = QWidget()
        words.setLayout(column(label("hint", tr("核对码")), *self._groups, None, spacing=8))
        line = row(words, self._qr, spacing=20)
        line.setStretch(0, 1)
        self.add(line)
        self._other = QLineEdit()
        self._other.setMaxLength(LONGEST)
        self._field = FormField("对方的核对码，或“条数:根”", self._other)
        self.add(self._field)
        self._verdict = Banner(SystemClock())
        self.add(self._verdict)
        self._copy = self.add_button(tr("复制条数与根"), "plain")
        self._copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._told()))
        self.add_button(tr("关闭"), "plain", accept=False)
        self._check = self.add_button(tr("比较"), "primary", default=True)
        self._check.clicked.connect(self.press)
        self._size.textChanged.connect(self._show)
        self._other.textChanged.connect(lambda: self._said(""))
        self._show()

    def answer(self) -> None:
        return None

    def type_other(self, text: str) -> None:
        """Fill in what the other person says."""
        self._other.setText(text)

    def verdict(self) -> str:
        """What was said of it, for tests."""
        return self._said_last or self._field.error()

    def code(self) -> str:
        """The code shown."""
        return head_code(self._entries(), self._root_at(self._entries()))

    def press(self) -> None:
        """Compare, as the button does."""
        size = self._entries()
        try:
            same = same_head(self._other.text().strip(), size, self._root_at(size))
        except BidroomError as error:
            self._field.show_error(texts.error_text(error.code, error.facts).brief)
            return
        if same:
            self._said(tr("一致：到第 {size} 条，双方见到的是同一份记录。", size=size), Tone.OK)
            return
        self._said(tr("不一致！双方见到的不是同一份记录。请停止操作，立即告知监督人员；本机已记下这次核对。"), Tone.BAD)
        self._differs(self._other.text().strip(), size)

    def _entries(self) -> int:
        text = self._size.text()
        return min(max(int(text), 1), self._most) if text else self._most

    def _said(self, text: str, tone: Tone = Tone.INFO) -> None:
        self._field.show_error("")
        self._said_last = text
        if text:
            self._verdict.say_it(text, tone)
        else:
            self._verdict.clear()

    def _told(self) -> str:
        return f"{self._entries()}:{self._root_at(self._entries())}"

    def _show(self) -> None:
        groups = self.code().split()
        self._groups[0].setText("  ".join(groups[:5]))
        self._groups[1].setText("  ".join(groups[5:]))
        self._qr.show_text(self._told())
        self._said("")
