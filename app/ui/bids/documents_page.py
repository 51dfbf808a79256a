"""The documents of a bid: dropped or chosen, put in order, each with its kind, size and whether it can be read."""

from pathlib import Path

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QWidget

from app.procurement.bid_check import FileFacts
from app.procurement.bid_file import KINDS, guess_kind
from app.ui import texts
from app.ui.bids.models import BidFile
from app.ui.i18n import tr
from app.ui.icons import IconLabel
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.choice import Choice
from app.ui.widgets.drop_zone import DropZone
from app.ui.widgets.elided import ElidedLabel
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.undo_line import UndoLine

MOST_FILES = 200
_REFUSED = set('/\\:*?"<>|')


class DocumentsPage(View):
    """Signals:
    changed(): a file came, went, moved or changed its kind.
    look_requested(Path): see whether it can be read; answer with :meth:`show_looked`.
    """

    changed = Signal()
    look_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._files: list[BidFile] = []
        self._dialog: QFileDialog | None = None
        self.drop = DropZone("把 PDF 文件拖到这里，或", (".pdf",))
        self.drop.dropped.connect(self.add_files)
        self.drop.refused.connect(lambda paths: self._tell(tr("只接受 PDF：{name}", name=paths[0].name)))
        self.drop.browse.connect(self._browse)
        self._note = label("warn", wrap=True)
        self._note.hide()
        self.undo = UndoLine()
        self._sum = label("second")
        self._rows = column(spacing=0)
        self._list = Card()
        self._empty = EmptyState(
            "document",
            "还没有文件",
            "资格、商务、技术、报价文件各放一个或几个 PDF。文件只在本机读取，加密后才会离开这台电脑。",
        )
        self._list.add(self._sum, self._rows)
        self.setLayout(column(self.drop, self._note, self._list, self.undo, self._empty, None, spacing=10))
        self.retranslate()

    def files(self) -> tuple[BidFile, ...]:
        return tuple(self._files)

    def facts(self) -> tuple[FileFacts, ...]:
        """As the check takes them."""
        return tuple(FileFacts(one.path.name, one.kind, one.size, one.pages, one.trouble) for one in self._files)

    def add_files(self, paths: list[Path], kinds: tuple[str, ...] = ()) -> None:
        """Take PDFs; one with a name that is there already is refused, because names are kept in the envelope."""
        self._note.hide()
        for number, path in enumerate(paths):
            if any(one.path.name.casefold() == path.name.casefold() for one in self._files):
                self._tell(tr("已有同名文件：{name}", name=path.name))
                continue
            if len(path.name) > 150 or path.name.startswith(".") or _REFUSED & set(path.name):
                self._tell(tr("文件名太长或含有特殊符号，请改名：{name}", name=path.name[:60]))
                continue
            if len(self._files) >= MOST_FILES:
                self._tell(tr("最多 {count} 个文件，请合并一些。", count=MOST_FILES))
                break
            size, changed = _stat(path)
            if size is None:
                self._tell(tr("读不到文件：{name}", name=path.name))
                continue
            kind = kinds[number] if number < len(kinds) and kinds[number] in KINDS else guess_kind(path.name)
            trouble = "" if size else "bid.document_empty"
            self._files.append(BidFile(path=path, kind=kind, size=size, changed=changed, trouble=trouble))
            if size:
                self.look_requested.emit(path)
        self._again()

    def look_again(self) -> None:
        """Files may have been written anew or have gone since; those are looked at again."""
        for number, file in enumerate(self._files):
            size, changed = _stat(file.path)
            if size is None:
                self._files[number] = msgspec.structs.replace(file, trouble="bid.document_missing")
            elif (size, changed) != (file.size, file.changed) or file.trouble == "bid.document_missing":
                trouble = "" if size else "bid.document_empty"
                self._files[number] = msgspec.structs.replace(
                    file, size=size, changed=changed, pages=0, trouble=trouble
                )
                if size:
                    self.look_requested.emit(file.path)
        self._again()

    def show_looked(self, path: Path, pages: int, trouble: str) -> None:
        """``pages`` of a file that could be read, or the code of what is wrong with it."""
        for number, file in enumerate(self._files):
            if file.path == path:
                self._files[number] = msgspec.structs.replace(file, pages=pages, trouble=trouble)
        self._again()

    def clear_all(self) -> None:
        """As new."""
        self._files.clear()
        self.undo.forget()
        self._again()

    def retranslate(self) -> None:
        clear(self._rows)
        for number, file in enumerate(self._files):
            self._rows.addWidget(self._line(number, file))
        self._empty.setVisible(not self._files)
        whole = sum(file.size for file in self._files)
        self._sum.setText(tr("{count} 个文件，共 {size}", count=len(self._files), size=texts.size_text(whole)))
        self._list.setVisible(bool(self._files))

    def _line(self, number: int, file: BidFile) -> QFrame:
        frame = QFrame()
        frame.setProperty("role", "row")
        name = file.path.name
        kind = Choice()
        kind.addItems([texts.word("document_kind", one) for one in KINDS])
        kind.setCurrentIndex(KINDS.index(file.kind))
        kind.setAccessibleName(tr("{name} 的类别", name=name))
        kind.currentIndexChanged.connect(lambda index: self._set_kind(number, index))
        up, down = Button("small", "chevron-down"), Button("small", "chevron-down")
        up.show_icon("chevron-up")
        for button, step, text in ((up, -1, tr("上移 {name}", name=name)), (down, 1, tr("下移 {name}", name=name))):
            button.setToolTip(text)
            button.setAccessibleName(text)
            button.setEnabled(0 <= number + step < len(self._files))
            button.clicked.connect(lambda _on=False, step=step: self._move(number, step))
        remove = Button("small", "close", tr("移除"))
        remove.setAccessibleName(tr("移除 {name}", name=name))
        remove.clicked.connect(lambda: self._remove(number))
        line = row(
            label("second", str(number + 1)), IconLabel("document", "text2", 20),
            ElidedLabel("body", name, middle=True), _state(file), label("second", texts.size_text(file.size)),
            kind, up, down, remove,
            spacing=10, margins=(4, 6, 4, 6),
        )  # fmt: skip
        line.setStretch(2, 1)
        if file.trouble:
            frame.setLayout(column(line, label("error", document_trouble(file.trouble), wrap=True), spacing=0))
        else:
            frame.setLayout(line)
        return frame

    def _set_kind(self, number: int, index: int) -> None:
        self._files[number] = msgspec.structs.replace(self._files[number], kind=KINDS[index])
        self.changed.emit()

    def _move(self, number: int, step: int) -> None:
        other = number + step
        self._files[number], self._files[other] = self._files[other], self._files[number]
        self._again()

    def _remove(self, number: int) -> None:
        gone = self._files.pop(number)

        def back() -> None:
            if all(one.path.name.casefold() != gone.path.name.casefold() for one in self._files):
                self._files.insert(min(number, len(self._files)), gone)
                self._again()

        self.undo.offer(lambda: tr("已移除 {name}（文件本身没有删除）", name=gone.path.name), back)
        self._again()

    def _again(self) -> None:
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


def document_trouble(code: str) -> str:
    """What is wrong with one's own document and what to do: other words than for who only reads it."""
    return texts.word("own_document", code) if texts.has_word("own_document", code) else texts.error_text(code).brief


def _state(file: BidFile) -> Chip:
    if file.trouble:
        return Chip(tr("有问题"), Tone.BAD)
    if file.pages:
        return Chip(tr("可以阅读，{pages} 页", pages=file.pages), Tone.OK)
    return Chip(tr("正在检查…"), Tone.NEUTRAL)


def _stat(path: Path) -> tuple[int | None, int]:
    try:
        found = path.stat()
    except OSError:
        return None, 0
    return found.st_size, found.st_mtime_ns
