"""The documents of a bid: dropped or chosen, each with its kind and size."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QWidget

from app.ui import texts
from app.ui.bids.models import BidFile
from app.ui.i18n import tr
from app.ui.icons import IconLabel
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice
from app.ui.widgets.drop_zone import DropZone
from app.ui.widgets.elided import ElidedLabel

KINDS = ("qualification", "business", "technical", "price")
_HINTS = {"qualification": ("资格", "qualif"), "business": ("商务", "business"), "technical": ("技术", "technical"),
          "price": ("报价", "一览", "price")}  # fmt: skip


class DocumentsPage(View):
    """Signals:
    changed(): a file came, went or changed its kind.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._files: list[BidFile] = []
        self._dialog: QFileDialog | None = None
        self._drop = DropZone("把 PDF 文件拖到这里，或", (".pdf",))
        self._drop.dropped.connect(self.add_files)
        self._drop.refused.connect(lambda paths: self._tell(tr("只接受 PDF：{name}", name=paths[0].name)))
        self._drop.browse.connect(self._browse)
        self._note = label("warn", wrap=True)
        self._note.hide()
        self._rows = column(spacing=0)
        self.setLayout(column(self._drop, self._note, self._rows, None, spacing=12))

    def files(self) -> tuple[BidFile, ...]:
        return tuple(self._files)

    def add_files(self, paths: list[Path]) -> None:
        """Take PDFs; one with a name that is there already is refused, because names are kept in the envelope."""
        self._note.hide()
        for path in paths:
            if any(one.path.name == path.name for one in self._files):
                self._tell(tr("已有同名文件：{name}", name=path.name))
                continue
            try:
                size = path.stat().st_size
            except OSError:
                self._tell(tr("读不到文件：{name}", name=path.name))
                continue
            self._files.append(BidFile(path=path, kind=guess_kind(path.name), size=size))
        self.retranslate()
        self.changed.emit()

    def retranslate(self) -> None:
        clear(self._rows)
        for number, file in enumerate(self._files):
            self._rows.addWidget(self._line(number, file))

    def _line(self, number: int, file: BidFile) -> QFrame:
        frame = QFrame()
        frame.setProperty("role", "row")
        kind = Choice()
        kind.addItems([texts.word("document_kind", one) for one in KINDS])
        kind.setCurrentIndex(KINDS.index(file.kind))
        kind.setAccessibleName(tr("{name} 的类别", name=file.path.name))
        kind.currentIndexChanged.connect(lambda index: self._set_kind(number, index))
        remove = Button("small", "close", tr("移除"))
        remove.clicked.connect(lambda: self._remove(number))
        line = row(
            IconLabel("document", "text2", 20), ElidedLabel("body", file.path.name, middle=True),
            label("second", texts.size_text(file.size)), kind, remove, spacing=12, margins=(4, 8, 4, 8),
        )  # fmt: skip
        line.setStretch(1, 1)
        frame.setLayout(line)
        return frame

    def _set_kind(self, number: int, index: int) -> None:
        old = self._files[number]
        self._files[number] = BidFile(path=old.path, kind=KINDS[index], size=old.size)
        self.changed.emit()

    def _remove(self, number: int) -> None:
        del self._files[number]
        self.retranslate()
        self.changed.emit()

    def _browse(self) -> None:
        dialog = QFileDialog(self.window(), tr("选择投标文件"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilter("PDF (*.pdf)")
        dialog.filesSelected.connect(lambda names: self.add_files([Path(name) for name in names]))
        dialog.finished.connect(dialog.deleteLater)
        self._dialog = dialog
        dialog.open()

    def _tell(self, text: str) -> None:
        self._note.setText(text)
        self._note.show()


def guess_kind(name: str) -> str:
    """The kind that a file's name suggests; technical when it says nothing."""
    lowered = name.lower()
    return next((kind for kind, hints in _HINTS.items() if any(hint in lowered for hint in hints)), "technical")
