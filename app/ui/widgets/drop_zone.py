"""A place to drop files on."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.ui.icons import IconLabel
from app.ui.view import View, label, restyle, row
from app.ui.widgets.buttons import Button


class DropZone(View):
    """Takes local files with one of ``endings`` (``.pdf``).

    Signals:
        dropped(list[Path]): files that fit.
        refused(list[Path]): files that do not.
        browse(): the person wants a file dialog instead.
    """

    dropped = Signal(list)
    refused = Signal(list)
    browse = Signal()

    def __init__(self, hint: str, endings: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._endings = endings
        self._frame = QFrame()
        self._frame.setProperty("role", "drop")
        text = label("second")
        self.say(text.setText, hint)
        pick = Button("plain", "folder")
        self.say(pick.setText, "选择文件…")
        pick.clicked.connect(self.browse)
        inside = QVBoxLayout(self._frame)
        inside.setContentsMargins(16, 16, 16, 16)
        inside.addLayout(row(None, IconLabel("upload", "text3", 24), text, pick, None, spacing=12))
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        outside.addWidget(self._frame)
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            restyle(self._frame, "role", "drop-over")
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        restyle(self._frame, "role", "drop")

    def dropEvent(self, event: QDropEvent) -> None:
        restyle(self._frame, "role", "drop")
        self.take([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()

    def take(self, paths: list[Path]) -> None:
        """Sort ``paths`` into those that fit and those that do not, and tell."""
        fits = [path for path in paths if path.suffix.lower() in self._endings]
        others = [path for path in paths if path not in fits]
        if fits:
            self.dropped.emit(fits)
        if others:
            self.refused.emit(others)
