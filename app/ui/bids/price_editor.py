"""开标一览表: lines with figures, the total in figures and in words, checked against each other while typing."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QBrush
from PySide6.QtWidgets import QHeaderView, QLineEdit, QTableWidgetItem, QWidget

from app.errors import BidroomError
from app.procurement.bid import Declarations, PriceItem, PriceSchedule
from app.procurement.capital_amount import to_words
from app.procurement.data import to_cent
from app.ui.bids.draft import DraftLine
from app.ui.bids.figures import amount_of, spoken
from app.ui.bids.price_grid import PriceGrid
from app.ui.i18n import tr
from app.ui.theme import color, theme
from app.ui.view import View, column, label, row
from app.ui.widgets.amount import AmountLabel, amount_text
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.form_field import FormField
from app.ui.widgets.undo_line import UndoLine

COLUMNS = ("名称", "数量", "单位", "单价（元）", "小计（元）", "与投标相比")
NAME, QUANTITY, UNIT, UNIT_PRICE, TOTAL, CHANGE = range(6)
WIDTHS = {QUANTITY: 100, UNIT: 80, UNIT_PRICE: 150, TOTAL: 170}
NARROW = {QUANTITY: 96, UNIT: 48, UNIT_PRICE: 116, TOTAL: 124, CHANGE: 112}
ITEM = Qt.ItemDataRole.UserRole
MOST_ROWS = 1000


class PriceEditor(View):
    """Answers a :class:`PriceSchedule` with :meth:`schedule`, or None while something is wrong.

    What a line says besides its figures (origin, brand, core product) stays with it. A total that is the sum of the
    lines goes on being their sum while the lines are changed; any other total is the person's own.

    Signals:
        changed(): something was typed. pasted(str): a table of several cells was pasted into the lines.
    """

    changed = Signal()
    pasted = Signal(str)

    def __init__(self, parent: QWidget | None = None, *, final: bool = False) -> None:
        super().__init__(parent)
        self._filling = False
        self._declarations = Declarations()
        self._base: PriceSchedule | None = None
        self._last_sum: Decimal | None = None
        self._awaits_sum = False
        self._read: list[PriceItem] | None = None
        self._stale = True
        self.table = PriceGrid(0, len(COLUMNS))
        self.table.verticalHeader().setDefaultSectionSize(40)
        self.table.setShowGrid(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for number, width in WIDTHS.items():
            self.table.setColumnWidth(number, width)
        self.table.setColumnHidden(CHANGE, True)
        self.table.itemChanged.connect(self._edited)
        self.table.pasted.connect(self.pasted)
        for signal in (self.table.model().rowsRemoved, self.table.model().rowsInserted):
            signal.connect(self._rows_changed)
        self.undo = UndoLine()
        add, remove = Button("small", "plus"), Button("small", "minus")
        add.clicked.connect(lambda: self.add_row())
        remove.clicked.connect(self._remove_row)
        self.say(add.setText, "增加一行")
        self.say(remove.setText, "删除所选行")
        self._sum = AmountLabel()
        self._sum.setProperty("kind", "section")
        self.total = QLineEdit()
        self.words = QLineEdit()
        self.total.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.total.textChanged.connect(self._total_edited)
        self.words.textChanged.connect(lambda: self._check())
        self._total_field = FormField("最后报价 小写（元）" if final else "投标总价 小写（元）", self.total)
        self._words_field = FormField(
            "最后报价 大写" if final else "投标总价 大写", self.words, "填写小写后自动给出；可按原文修改，两者须一致。"
        )
        self._match = Chip()
        sum_name = label("second")
        self.say(sum_name.setText, "分项合计（元）")
        totals = row(self._total_field, self._words_field, spacing=16)
        for field in (self._total_field, self._words_field):
            totals.setAlignment(field, Qt.AlignmentFlag.AlignTop)
        totals.setStretch(0, 2)
        totals.setStretch(1, 3)
        self._gone = label("second", wrap=True)
        self._gone.hide()
        layout = column(
            self.table,
            self._gone,
            self.undo,
            row(add, remove, None, sum_name, self._sum, spacing=10),
            totals,
            row(self._match, None),
        )
        layout.setStretch(0, 1)
        layout.setSpacing(12)
        self.setLayout(layout)
        self.add_row()
        theme().changed.connect(self._compute)
        self.retranslate()

    def add_row(self, values: tuple[str, str, str, str] = ("", "1", "", "")) -> None:
        """Append a line: name, quantity, unit, unit price."""
        self._append(values)
        self._compute()

    def _append(self, values: tuple[str, str, str, str], item: PriceItem | None = None) -> None:
        """``item``: the line as it came, for what is not shown here."""
        if self.table.rowCount() >= MOST_ROWS:
            return
        self._filling = True
        number = self.table.rowCount()
        self.table.insertRow(number)
        for place, text in enumerate((*values, "", "")):
            cell = QTableWidgetItem(text)
            if place in (QUANTITY, UNIT_PRICE, TOTAL):
                cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            if place in (TOTAL, CHANGE):
                cell.setFlags(Qt.ItemFlag.ItemIsEnabled)
            if place == NAME and item is not None:
                cell.setData(ITEM, item)
            self.table.setItem(number, place, cell)
        self._filling = False
        self._stale = True

    def fill(self, price: PriceSchedule) -> None:
        """Take a schedule, e.g. from a bid file."""
        self.table.setRowCount(0)
        self._declarations = price.declarations
        self._last_sum = None
        for item in price.items:
            self._append((item.name, str(item.quantity), item.unit, str(item.unit_price)), item)
        self.total.setText(str(price.total))
        self.words.setText(price.total_words)
        self._compute()

    def lines(self) -> tuple[DraftLine, ...]:
        """As typed, complete or not."""
        kept = []
        for number in range(self.table.rowCount()):
            item = self._item(number)
            said = [self._text(number, place) for place in (NAME, QUANTITY, UNIT, UNIT_PRICE)]
            if said[0] or said[3]:
                more = {} if item is None else {"origin": item.origin, "brand": item.brand, "core": item.core}
                kept.append(DraftLine(*said, **more))  # type: ignore[arg-type]
        return tuple(kept)

    def replace_lines(self, lines: Sequence[DraftLine], total: Decimal | None = None) -> None:
        """Other lines in the place of these, with a way back; the total is ``total`` or, without one, their sum."""
        before, said = self.lines(), (self.total.text(), self.words.text())

        def back() -> None:
            self._put(before)
            self.total.setText(said[0])
            self.words.setText(said[1])

        self._put(lines)
        whole = total if total is not None else self.sum_of_lines()
        self._awaits_sum = whole is None
        if whole is None:
            self.total.clear()
            self.words.clear()
        else:
            self.total.setText(f"{to_cent(whole):f}" if whole == to_cent(whole) else f"{whole:f}")
        if before:
            self.undo.offer(lambda: tr("已用导入的内容替换原来的 {count} 行", count=len(before)), back)

    def restore(self, lines: Sequence[DraftLine], total: str, words: str) -> None:
        """From a draft."""
        self._put(lines)
        self.total.setText(total)
        self.words.setText(words)

    def declare(self, said: Declarations) -> None:
        """What is announced besides the figures and is said elsewhere."""
        self._declarations = said

    def _put(self, lines: Sequence[DraftLine]) -> None:
        self.table.setRowCount(0)
        self._last_sum = None
        for line in lines:
            kept = None
            if line.origin != "none" or line.brand or line.core:
                kept = PriceItem(line.name, Decimal(0), line.unit or "项", Decimal(0), Decimal(0), line.origin,  # type: ignore[arg-type]
                                 line.brand, line.core)  # fmt: skip
            self._append((line.name, line.quantity, line.unit, line.unit_price), kept)
        if not lines:
            self.add_row()
        self._compute()

    def untouched(self) -> bool:
        """Nothing has been typed or filled in."""
        return not any(self._text(n, NAME) or self._text(n, UNIT_PRICE) for n in range(self.table.rowCount()))

    def compare_with(self, base: PriceSchedule) -> None:
        """Mark what differs from ``base`` from now on, line by line."""
        self._base = base
        self.table.setColumnHidden(CHANGE, False)
        for number, width in NARROW.items():
            self.table.setColumnWidth(number, width)
        self._compute()

    def changes(self) -> list[str]:
        """What is said of each line, in the order of the table; empty for one that is as it was."""
        return [self._text(number, CHANGE) for number in range(self.table.rowCount())]

    def schedule(self) -> PriceSchedule | None:
        """The schedule as typed, or None while something is wrong."""
        items = self._items()
        total = amount_of(self.total.text())
        if items is None or not items or total is None or not self.matching():
            return None
        return PriceSchedule(tuple(items), total, self.words.text().strip(), self._declarations)

    def sum_of_lines(self) -> Decimal | None:
        """Sum of the line totals in yuan, None while a line is incomplete."""
        items = self._items()
        return None if items is None else sum((item.total for item in items), Decimal(0))

    def matching(self) -> bool:
        """Figures and words say the same amount."""
        total, said = amount_of(self.total.text()), spoken(self.words.text())
        return total is not None and total == said

    def retranslate(self) -> None:
        self.table.setHorizontalHeaderLabels([tr(name) for name in COLUMNS])
        for place in range(len(COLUMNS)):
            across = Qt.AlignmentFlag.AlignLeft if place in (NAME, UNIT, CHANGE) else Qt.AlignmentFlag.AlignRight
            if (item := self.table.horizontalHeaderItem(place)) is not None:
                item.setTextAlignment(across | Qt.AlignmentFlag.AlignVCenter)
        self._compute()

    def _items(self) -> list[PriceItem] | None:
        """The lines, None while one cannot be read; read once after each change, for a table may have a thousand."""
        if self._stale:
            self._read, self._stale = self._read_items(), False
        return self._read

    def _read_items(self) -> list[PriceItem] | None:
        items: list[PriceItem] = []
        for number in range(self.table.rowCount()):
            texts = [self._text(number, place) for place in range(TOTAL)]
            if not any((texts[NAME], texts[UNIT_PRICE])):
                continue
            quantity, unit_price = amount_of(texts[QUANTITY]), amount_of(texts[UNIT_PRICE])
            if not texts[NAME] or quantity is None or unit_price is None:
                return None
            figures = {
                "name": texts[NAME], "quantity": quantity, "unit": texts[UNIT] or "项", "unit_price": unit_price,
                "total": to_cent(quantity * unit_price),
            }  # fmt: skip
            before = self._item(number)
            item = msgspec.structs.replace(before, **figures) if before is not None else PriceItem(**figures)  # type: ignore[arg-type]
            try:  # the limits of names and units are those of the record
                items.append(msgspec.convert(msgspec.to_builtins(item), PriceItem))
            except msgspec.ValidationError:
                return None
        return items

    def _item(self, number: int) -> PriceItem | None:
        """The line as it came, for what is not shown here."""
        name = self.table.item(number, NAME)
        came = name.data(ITEM) if name is not None else None
        return came if isinstance(came, PriceItem) else None

    def _text(self, number: int, place: int) -> str:
        item = self.table.item(number, place)
        return item.text().strip() if item is not None else ""

    def _rows_changed(self) -> None:
        self._stale = True

    def _edited(self, _item: QTableWidgetItem) -> None:
        if not self._filling:
            self._stale = True
            self._compute()

    def _remove_row(self) -> None:
        rows = sorted({index.row() for index in self.table.selectedIndexes()}, reverse=True)
        if not rows:
            return
        before = self.lines()
        for number in rows:
            self.table.removeRow(number)
        self.undo.offer(lambda: tr("已删除 {count} 行", count=len(rows)), lambda: self._put(before))
        if not self.table.rowCount():
            self.add_row()
        self._compute()

    def _compute(self) -> None:
        self._filling = True
        for number in range(self.table.rowCount()):
            quantity, price = amount_of(self._text(number, QUANTITY)), amount_of(self._text(number, UNIT_PRICE))
            shown = self.table.item(number, TOTAL)
            if shown is not None:
                whole = None if quantity is None or price is None else to_cent(quantity * price)
                shown.setText("" if whole is None else amount_text(whole))
            self._mark_wrong(number)
        if self._base is not None:
            self._mark(self._base)
        self._filling = False
        lines = self.sum_of_lines()
        if lines is not None:
            if self._awaits_sum and not self.total.text():
                self._awaits_sum = False
                self.total.setText(str(lines))
            if self._last_sum is not None and lines != self._last_sum == amount_of(self.total.text()):
                self.total.setText(str(lines))
            self._last_sum = lines
        self._sum.show_amount(lines)
        self._check()

    def _mark_wrong(self, number: int) -> None:
        """A cell that cannot be read is red and says why; a line without a word is none."""
        blank = not self._text(number, NAME) and not self._text(number, UNIT_PRICE)
        for place in (NAME, QUANTITY, UNIT_PRICE):
            text, cell = self._text(number, place), self.table.item(number, place)
            wrong = ""
            if not blank and place == NAME and not text:
                wrong = tr("请填写名称")
            elif not blank and place != NAME and amount_of(text) is None:
                wrong = tr("请填写数字，最多六位小数")
            if cell is not None:
                cell.setForeground(QBrush(color("bad" if wrong else "text")))
                cell.setBackground(QBrush(color("bad_soft")) if wrong else QBrush())
                cell.setToolTip(wrong)

    def _mark(self, base: PriceSchedule) -> None:
        """Say of each line how it differs from the line of the same name, and which lines are gone."""
        left = list(base.items)
        for number in range(self.table.rowCount()):
            name = self._text(number, NAME)
            before = next((item for item in left if item.name == name), None)
            if before is not None:
                left.remove(before)
            said = self._difference(number, before) if name else ""
            before_price = "" if before is None else tr("投标单价 {amount} 元", amount=amount_text(before.unit_price))
            for place in range(self.table.columnCount()):
                if (cell := self.table.item(number, place)) is not None:
                    cell.setForeground(QBrush(color("warn" if said else "text")))
                    cell.setToolTip(before_price)
            if (cell := self.table.item(number, CHANGE)) is not None:
                cell.setText(said)
        self._gone.setText(tr("已去掉：{names}", names="、".join(item.name for item in left)))
        self._gone.setVisible(bool(left))

    def _difference(self, number: int, before: PriceItem | None) -> str:
        if before is None:
            return tr("新增")
        quantity, price = amount_of(self._text(number, QUANTITY)), amount_of(self._text(number, UNIT_PRICE))
        said = []
        if quantity is not None and quantity != before.quantity:
            said.append(tr("数量原 {count}", count=f"{before.quantity.normalize():f}"))
        if price is not None and price != before.unit_price:
            said.append(percent_text(before.unit_price, price))
        if self._text(number, UNIT) != before.unit:
            said.append(tr("单位原 {unit}", unit=before.unit))
        return "　".join(said)

    def _total_edited(self, text: str) -> None:
        total = amount_of(text)
        if total is not None:
            try:
                self.words.setText(to_words(total))
            except BidroomError:
                self.words.clear()
        self._check()

    def _check(self) -> None:
        total, lines = amount_of(self.total.text()), self.sum_of_lines()
        self._total_field.show_error(tr("请填写数字，最多两位小数") if self.total.text() and total is None else "")
        if total is None:
            self._match.show_state(tr("待填写"), Tone.NEUTRAL)
        elif not self.matching():
            self._match.show_state(tr("大写与小写不一致"), Tone.BAD)
        elif lines is None:
            self._match.show_state(tr("大写与小写一致；表中还有单元格要改正"), Tone.WARN)
        elif lines != total:
            gap = amount_text(lines - total)
            self._match.show_state(tr("大写与小写一致；分项合计与总价相差 {amount} 元", amount=gap), Tone.WARN)
        else:
            self._match.show_state(tr("大写与小写一致，分项合计等于总价"), Tone.OK)
        self.changed.emit()


def percent_text(before: Decimal, now: Decimal) -> str:
    """``−12.50%``: by how much ``now`` differs, to the hundredth of a percent."""
    if not before:
        return tr("有改动")
    change = ((now - before) * 100 / before).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{'−' if change < 0 else '+'}{abs(change)}%"
