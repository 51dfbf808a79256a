"""开标一览表: lines with figures, the total in figures and in words, checked against each other while typing."""

from decimal import Decimal, InvalidOperation

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHeaderView, QLineEdit, QTableWidget, QTableWidgetItem, QWidget

from app.errors import BidroomError
from app.procurement.bid import Declarations, PriceItem, PriceSchedule
from app.procurement.capital_amount import from_words, to_words
from app.procurement.data import to_cent
from app.ui.i18n import tr
from app.ui.view import View, column, label, row
from app.ui.widgets.amount import AmountLabel, amount_text
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Chip, Tone
from app.ui.widgets.form_field import FormField

COLUMNS = ("名称", "数量", "单位", "单价（元）", "小计（元）")
NAME, QUANTITY, UNIT, UNIT_PRICE, TOTAL = range(5)
MOST_ROWS = 1000


class PriceEditor(View):
    """Answers a :class:`PriceSchedule` with :meth:`schedule`, or None while something is wrong.

    Signals:
        changed(): something was typed.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._filling = False
        self._declarations = Declarations()
        self.table = QTableWidget(0, len(COLUMNS))
        self.table.verticalHeader().setDefaultSectionSize(40)
        self.table.setShowGrid(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for number, width in ((QUANTITY, 100), (UNIT, 80), (UNIT_PRICE, 150), (TOTAL, 170)):
            self.table.setColumnWidth(number, width)
        self.table.itemChanged.connect(self._edited)
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
        self._total_field = FormField("投标总价 小写（元）", self.total)
        self._words_field = FormField("投标总价 大写", self.words, "填写小写后自动给出；可按原文修改，两者须一致。")
        self._match = Chip()
        sum_name = label("second")
        self.say(sum_name.setText, "分项合计（元）")
        totals = row(self._total_field, self._words_field, spacing=16)
        for field in (self._total_field, self._words_field):
            totals.setAlignment(field, Qt.AlignmentFlag.AlignTop)
        totals.setStretch(0, 2)
        totals.setStretch(1, 3)
        layout = column(
            self.table, row(add, remove, None, sum_name, self._sum, spacing=10), totals, row(self._match, None)
        )
        layout.setStretch(0, 1)
        layout.setSpacing(12)
        self.setLayout(layout)
        self.add_row()
        self.retranslate()

    def add_row(self, values: tuple[str, str, str, str] = ("", "1", "", "")) -> None:
        """Append a line: name, quantity, unit, unit price."""
        if self.table.rowCount() >= MOST_ROWS:
            return
        self._filling = True
        number = self.table.rowCount()
        self.table.insertRow(number)
        for place, text in enumerate((*values, "")):
            item = QTableWidgetItem(text)
            if place in (QUANTITY, UNIT_PRICE, TOTAL):
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            if place == TOTAL:
                item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.table.setItem(number, place, item)
        self._filling = False
        self._compute()

    def fill(self, price: PriceSchedule) -> None:
        """Take a schedule, e.g. from a bid file."""
        self.table.setRowCount(0)
        self._declarations = price.declarations
        for item in price.items:
            self.add_row((item.name, str(item.quantity), item.unit, str(item.unit_price)))
        self.total.setText(str(price.total))
        self.words.setText(price.total_words)

    def schedule(self) -> PriceSchedule | None:
        """The schedule as typed, or None while something is wrong."""
        items = self._items()
        total = _amount(self.total.text())
        if items is None or not items or total is None or not self.matching():
            return None
        return PriceSchedule(tuple(items), total, self.words.text().strip(), self._declarations)

    def sum_of_lines(self) -> Decimal | None:
        """Sum of the line totals in yuan, None while a line is incomplete."""
        items = self._items()
        return None if items is None else sum((item.total for item in items), Decimal(0))

    def matching(self) -> bool:
        """Figures and words say the same amount."""
        total, said = _amount(self.total.text()), _spoken(self.words.text())
        return total is not None and total == said

    def retranslate(self) -> None:
        self.table.setHorizontalHeaderLabels([tr(name) for name in COLUMNS])
        for place in range(len(COLUMNS)):
            across = Qt.AlignmentFlag.AlignLeft if place in (NAME, UNIT) else Qt.AlignmentFlag.AlignRight
            if (item := self.table.horizontalHeaderItem(place)) is not None:
                item.setTextAlignment(across | Qt.AlignmentFlag.AlignVCenter)
        self._check()

    def _items(self) -> list[PriceItem] | None:
        items: list[PriceItem] = []
        for number in range(self.table.rowCount()):
            texts = [self._text(number, place) for place in range(TOTAL)]
            if not any((texts[NAME], texts[UNIT_PRICE])):
                continue
            quantity, unit_price = _amount(texts[QUANTITY]), _amount(texts[UNIT_PRICE])
            if not texts[NAME] or quantity is None or unit_price is None:
                return None
            item = PriceItem(texts[NAME], quantity, texts[UNIT] or "项", unit_price, to_cent(quantity * unit_price))
            try:  # the limits of names and units are those of the record
                items.append(msgspec.convert(msgspec.to_builtins(item), PriceItem))
            except msgspec.ValidationError:
                return None
        return items

    def _text(self, number: int, place: int) -> str:
        item = self.table.item(number, place)
        return item.text().strip() if item is not None else ""

    def _edited(self, _item: QTableWidgetItem) -> None:
        if not self._filling:
            self._compute()

    def _remove_row(self) -> None:
        rows = sorted({index.row() for index in self.table.selectedIndexes()}, reverse=True)
        for number in rows:
            self.table.removeRow(number)
        self._compute()

    def _compute(self) -> None:
        self._filling = True
        for number in range(self.table.rowCount()):
            quantity, price = _amount(self._text(number, QUANTITY)), _amount(self._text(number, UNIT_PRICE))
            shown = self.table.item(number, TOTAL)
            if shown is not None:
                whole = None if quantity is None or price is None else to_cent(quantity * price)
                shown.setText("" if whole is None else amount_text(whole))
        self._filling = False
        self._sum.show_amount(self.sum_of_lines())
        self._check()

    def _total_edited(self, text: str) -> None:
        total = _amount(text)
        if total is not None:
            try:
                self.words.setText(to_words(total))
            except BidroomError:
                self.words.clear()
        self._check()

    def _check(self) -> None:
        total, lines = _amount(self.total.text()), self.sum_of_lines()
        self._total_field.show_error(tr("请填写数字，最多两位小数") if self.total.text() and total is None else "")
        if total is None:
            self._match.show_state(tr("待填写"), Tone.NEUTRAL)
        elif not self.matching():
            self._match.show_state(tr("大写与小写不一致"), Tone.BAD)
        elif lines is not None and lines != total:
            gap = amount_text(lines - total)
            self._match.show_state(tr("大写与小写一致；分项合计与总价相差 {amount} 元", amount=gap), Tone.WARN)
        else:
            self._match.show_state(tr("大写与小写一致，分项合计等于总价"), Tone.OK)
        self.changed.emit()


def _amount(text: str) -> Decimal | None:
    try:
        value = Decimal(text.replace(",", "").replace("，", "").strip())
    except InvalidOperation:
        return None
    exponent = value.as_tuple().exponent
    fine = isinstance(exponent, int) and exponent >= -6
    return value if value.is_finite() and value >= 0 and value < Decimal(10) ** 16 and fine else None


def _spoken(text: str) -> Decimal | None:
    try:
        return from_words(text.strip())
    except BidroomError:
        return None
