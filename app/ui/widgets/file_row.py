"""Choosing a file or folder: what is chosen, a button, and the reason when it will not do."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.ui.i18n import tr
from app.ui.view import View, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.elided import ElidedLabel


class FileRow(View):
    """One path.

    Signals:
        chosen(Path): the person picked a file (or it was dropped).
    """

    chosen = Signal(object)

    def __init__(
        self, caption: str, pattern: str = "*", *, folder: bool = False, save: bool = False,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._caption_source, self._pattern, self._folder, self._save = caption, pattern, folder, save
        self._path: Path | None = None
        self._dialog: QFileDialog | None = None
        caption_label = label("second")
        self._shown = ElidedLabel("body", middle=True)
        self._error = label("error", wrap=True)
        self._error.hide()
        self._button = Button("plain", "folder")
        self._button.clicked.connect(self.browse)
        self.say(caption_label.setText, caption)
        self.say(self._button.setText, "选择…")
        self.say(self._button.setAccessibleName, caption)
        line = row(self._shown, self._button, spacing=12)
        line.setStretch(0, 1)
        self.setLayout(column(caption_label, line, self._error, spacing=4))
        self.retranslate()

    def path(self) -> Path | None:
        return self._path

    def set_path(self, path: Path) -> None:
        """Take ``path`` and tell."""
        self._path = path
        self.retranslate()
        self.show_error("")
        self.chosen.emit(path)

    def show_error(self, text: str) -> None:
        self._error.setText(text)
        self._error.setVisible(bool(text))

    def retranslate(self) -> None:
        self._shown.setText(str(self._path) if self._path else tr("未选择"))

    def browse(self) -> None:
        """Open the system's file dialog."""
        dialog = QFileDialog(self.window(), tr(self._caption_source))
        if self._folder:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        elif self._save:
            dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            dialog.setNameFilter(self._pattern)
        else:
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            dialog.setNameFilter(self._pattern)
        dialog.fileSelected.connect(lambda text: self.set_path(Path(text)))
        dialog.finished.connect(dialog.deleteLater)
        self._dialog = dialog
        dialog.open()
