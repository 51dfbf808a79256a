"""Files in a table: each can be looked at or taken out, and says below what is known of it."""

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.ui.archive.content import ArchivedFile
from app.ui.archive.entries_page import DENSE
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.data_table import Cell, Column, DataTable

Said = tuple[str, Tone, str, str]
"""A line about a file: what about, tone and word of the verdict, the sentence."""


class FileRow(msgspec.Struct, frozen=True):
    """A row; ``file`` None where there is nothing to take out, ``pdf`` where it can be looked at here.

    Attributes:
        saved: the name to save it under; ``title``: of the window that shows it.
        moment: where on the time line it belongs; a datetime (aware UTC) or None.
    """

    cells: tuple[Cell, ...]
    file: ArchivedFile | None = None
    title: str = ""
    saved: str = ""
    pdf: bool = False
    said: tuple[Said, ...] = ()
    moment: object = None


class FilesPage(View):
    """Signals:
    open_asked(str, str): show this PDF: digest and title.
    save_asked(object, str): take this file (ArchivedFile) out; the name to propose.
    moment_chosen(object): a row with a moment was chosen.
    """

    open_asked = Signal(str, str)
    save_asked = Signal(object, str)
    moment_chosen = Signal(object)

    def __init__(self, columns: tuple[Column, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[FileRow, ...] = ()
        self.table = DataTable(columns, select=True, row_height=DENSE)
        self.table.selected.connect(self._chosen)
        self.table.activated.connect(lambda _row: self._open())
        self._said = column(spacing=6)
        self.look, self.save = Button("small", "eye"), Button("small", "download")
        self.look.clicked.connect(self._open)
        self.save.clicked.connect(self._save)
        self.say(self.look.setText, "查看")
        self.say(self.save.setText, "另存为…")
        layout = column(self.table, self._said, row(None, self.look, self.save, spacing=8), spacing=8)
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self._chosen(-1)

    def show_rows(self, rows: tuple[FileRow, ...]) -> None:
        """Show another snapshot."""
        self._rows = rows
        self.table.show_rows([one.cells for one in rows])
        self._chosen(self._place())

    def row(self) -> FileRow | None:
        """The row that is chosen."""
        place = self._place()
        return self._rows[place] if 0 <= place < len(self._rows) else None

    def _place(self) -> int:
        return int(self.table.view.currentIndex().row())

    def _chosen(self, place: int) -> None:
        one = self._rows[place] if 0 <= place < len(self._rows) else None
        clear(self._said)
        for name, tone, word, sentence in one.said if one is not None else ():
            text = label("second", sentence, wrap=True, selectable=True)
            line = (
                row(label("strong", name), Chip(word, tone), text, spacing=8) if name else row(Chip(word, tone), text)
            )
            line.setStretch(line.count() - 1, 1)
            self._said.addLayout(line)
        kept = one is not None and one.file is not None and one.file.kept
        self.look.setEnabled(kept and one is not None and one.pdf)
        self.save.setEnabled(kept)
        if one is not None and one.moment is not None:
            self.moment_chosen.emit(one.moment)

    def _open(self) -> None:
        one = self.row()
        if one is not None and one.pdf and one.file is not None and one.file.kept:
            self.open_asked.emit(one.file.sha256, one.title)

    def _save(self) -> None:
        one = self.row()
        if one is not None and one.file is not None and one.file.kept:
            self.save_asked.emit(one.file, one.saved)
