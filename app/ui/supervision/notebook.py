"""监督笔记: private to this machine, no part of the room or its record; and the way to a written notice."""

import hashlib
from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.logs import get_logger
from app.ui.i18n import tr
from app.ui.view import View, column, label

SAVE_MS = 800
LIMIT = 1024 * 1024
_log = get_logger("notebook")


class Notebook(View):
    """A page a case and person; kept as it is typed.

    Signals:
        changed(): something was typed.
    """

    changed = Signal()

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._path: Path | None = None
        self.text = QPlainTextEdit()
        self.text.setTabChangesFocus(True)
        self.text.textChanged.connect(self._typed)
        self._state = label("hint", wrap=True)
        self.say(self.text.setPlaceholderText, "只保存在本机，不进入会议和案卷。")
        self.say(self.text.setAccessibleName, "监督笔记")
        layout = column(self.text, self._state, spacing=4)
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self._save = QTimer(self)
        self._save.setSingleShot(True)
        self._save.setInterval(SAVE_MS)
        self._save.timeout.connect(self.keep)

    def open_for(self, case: str, person: str) -> None:
        """Take the page of a case in hand."""
        path = self._folder / (hashlib.sha256(f"{case}\0{person}".encode()).hexdigest()[:24] + ".txt")
        if path == self._path:
            return
        self._path = path
        try:
            text = path.read_text("utf-8")[:LIMIT]
        except (OSError, UnicodeDecodeError):
            text = ""
        self.text.blockSignals(True)
        self.text.setPlainText(text)
        self.text.blockSignals(False)

    def keep(self) -> None:
        """Write it down now."""
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_suffix(".part")
            part.write_text(self.text.toPlainText()[:LIMIT], "utf-8")
            part.replace(self._path)
        except OSError as error:
            _log.warning("notes not saved", error=type(error).__name__)
            self._state.setText(tr("没有写入磁盘，请检查磁盘空间。"))
            return
        self._state.setText(tr("已保存在本机"))

    def _typed(self) -> None:
        self._save.start()
        self.changed.emit()
