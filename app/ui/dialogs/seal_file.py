"""Opening a seal file: which one, and its passphrase."""

import asyncio
from pathlib import Path

from PySide6.QtWidgets import QLineEdit, QWidget

from app.ca.seal_file import FILE_LIMIT, SealFile, open_seal_file
from app.errors import InputError
from app.ui.async_bridge import ask
from app.ui.dialogs.base import DeskDialog
from app.ui.i18n import tr
from app.ui.program.pick import all_files, pick_file, read_small
from app.ui.view import label
from app.ui.widgets.form_field import FormField

LONGEST = 256


class SealPassphraseDialog(DeskDialog[str | None]):
    """Answers the passphrase, or None."""

    def __init__(self, name: str, parent: QWidget | None = None, *, wrong: bool = False) -> None:
        super().__init__(tr("打开印章文件"), parent, width=480)
        self.add(label("body", tr("印章文件 {name} 受口令保护，只能由它所绑定的证书使用。", name=name), wrap=True))
        self._line = QLineEdit()
        self._line.setEchoMode(QLineEdit.EchoMode.Password)
        self._line.setMaxLength(LONGEST)
        self._field = FormField("印章口令", self._line)
        self.add(self._field)
        if wrong:
            self._field.show_error(tr("口令不正确，或文件已被改动。"))
        self.add_button(tr("取消"), "plain", accept=False)
        self._open = self.add_button(tr("打开"), "primary", accept=True, default=True)
        self._open.setEnabled(False)
        self._line.textChanged.connect(lambda text: self._open.setEnabled(bool(text)))
        self._line.setFocus()

    def answer(self) -> str | None:
        passphrase = self._line.text()
        self._line.clear()
        return passphrase if self.accepted_now else None

    def type_passphrase(self, text: str) -> None:
        """Fill it in."""
        self._line.setText(text)


async def ask_seal(parent: QWidget) -> SealFile | None:
    """Let the person choose a seal file and open it; None when the person gives up.

    Raises:
        InputError: ``file.not_read``, ``seal.*`` but for a wrong passphrase, which is asked for again.
    """
    path: Path | None = await pick_file(parent, tr("选择印章文件"), "*.seal;;" + all_files())
    if path is None:
        return None
    data = await asyncio.to_thread(read_small, path, FILE_LIMIT)
    wrong = False
    while True:
        passphrase = await ask(SealPassphraseDialog(path.name, parent, wrong=wrong))
        if passphrase is None:
            return None
        try:
            return await asyncio.to_thread(open_seal_file, data, passphrase)
        except InputError as error:
            if error.code != "seal.passphrase_wrong":
                raise
            wrong = True
