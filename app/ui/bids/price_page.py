"""开标一览表: typed, pasted, or taken from a spreadsheet or a bid data file; a table's faults are told cell by cell."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from app.errors import BidroomError
from app.procurement.price_table import CellProblem, PriceTable, read_price_table, rows_of_text
from app.ui import texts
from app.ui.bids.draft import DraftLine
from app.ui.bids.price_editor import PriceEditor
from app.ui.i18n import tr
from app.ui.view import View, clear, column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.card import Card

SHOWN = 8
TABLES = "*.xlsx *.xls *.ods *.csv *.txt"


class PricePage(View):
    """Signals:
    table_chosen(Path), bid_chosen(Path): files to be read; a table is answered with :meth:`take_table`.
    """

    table_chosen = Signal(object)
    bid_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.editor = PriceEditor()
        self.editor.pasted.connect(self.paste)
        self._table: PriceTable | None = None
        self._error = ""
        self._dialog: QFileDialog | None = None
        self.import_table, self.paste_table = Button("plain", "upload"), Button("plain", "copy")
        self.import_bid = Button("ghost", "folder")
        for button, text in (
            (self.import_table, "导入表格…"), (self.paste_table, "粘贴表格"),
            (self.import_bid, "导入投标数据文件（JSON）…"),
        ):  # fmt: skip
            self.say(button.setText, text)
        self.import_table.clicked.connect(lambda: self._browse(TABLES, self.table_chosen.emit))
        self.import_bid.clicked.connect(lambda: self._browse("*.json", self.bid_chosen.emit))
        self.paste_table.clicked.connect(lambda: self.paste(QGuiApplication.clipboard().text()))
        hint = label("hint", wrap=True)
        self.say(hint.setText, "表格第一行写列名：名称、数量、单位、单价。也可以在表格软件里复制后，在下面直接粘贴。")
        self._said = column(spacing=2)
        card = Card()
        line = row(self.import_table, self.paste_table, self.import_bid, hint, spacing=10)
        line.setStretch(3, 1)
        card.add(line, self._said, self.editor)
        card.body.setStretch(2, 1)
        self.setLayout(column(card))

    def paste(self, text: str) -> None:
        """Take the clipboard's table."""
        try:
            self.take_table(read_price_table(rows_of_text(text[:4_000_000])))
        except BidroomError as error:
            self.show_error(error)

    def take_table(self, table: PriceTable) -> None:
        """Put the lines of a table in the place of those that are there; what stood there can be brought back."""
        self._table, self._error = table, ""
        self.editor.replace_lines(
            [
                DraftLine(
                    name=line.name, quantity=line.quantity, unit=line.unit, unit_price=line.unit_price,
                    origin=line.item.origin if line.item is not None else "none",
                    brand=line.item.brand if line.item is not None else "",
                    core=line.item.core if line.item is not None else False,
                )
                for line in table.lines
            ],
            table.stated_total,
        )  # fmt: skip
        self.retranslate()

    def show_error(self, error: BidroomError) -> None:
        """A file that could not be taken; what stands there stays."""
        self._table = None
        said = texts.error_text(error.code, {**error.facts, "missing": _columns(str(error.facts.get("missing", "")))})
        self._error = texts.sentences(said.what, said.means, said.do)
        self.retranslate()

    def forget(self) -> None:
        """No more word of the last import."""
        self._table, self._error = None, ""
        self.retranslate()

    def retranslate(self) -> None:
        clear(self._said)
        if self._error:
            self._said.addWidget(label("error", self._error, wrap=True))
        table = self._table
        if table is None:
            return
        bad = [problem for problem in table.problems if problem.fatal]
        if bad:
            text = tr(
                "已导入 {count} 行，其中 {bad} 处需要改正（表中红色单元格）：", count=len(table.lines), bad=len(bad)
            )
            self._said.addWidget(label("error", text, wrap=True))
        else:
            self._said.addWidget(label("ok", tr("已导入 {count} 行。", count=len(table.lines)), wrap=True))
        for problem in table.problems[:SHOWN]:
            self._said.addWidget(label("error" if problem.fatal else "warn", problem_sentence(problem), wrap=True))
        if len(table.problems) > SHOWN:
            self._said.addWidget(label("second", tr("另有 {count} 处。", count=len(table.problems) - SHOWN)))

    def _browse(self, pattern: str, tell: object) -> None:
        dialog = QFileDialog(self.window(), tr("选择文件"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(pattern)
        dialog.fileSelected.connect(lambda text: tell(Path(text)))  # type: ignore[operator]
        dialog.finished.connect(dialog.deleteLater)
        self._dialog = dialog
        dialog.open()


def problem_sentence(problem: CellProblem) -> str:
    """What is wrong with a cell, in words."""
    facts = {"row": problem.row, "column": texts.word("price_column", problem.column), "text": problem.text,
             "expected": problem.expected}  # fmt: skip
    return texts.finding_text(problem.code, facts)


def _columns(missing: str) -> str:
    return "、".join(texts.word("price_column", one) for one in missing.split(",") if one)
