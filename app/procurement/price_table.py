"""A price schedule out of a table (spreadsheet, CSV, clipboard): lines of figures, and what is wrong, cell by cell.

Rows come as texts, in the order of the sheet. Nothing is guessed: a cell that cannot be read is named, and its line is
no item until the supplier mends it.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import msgspec
from msgspec import Struct

from app.errors import InputError
from app.procurement.bid import PriceItem, line_total
from app.procurement.data import MAX_NUMBER, MAX_PLACES

MOST_ROWS = 1000
"""Lines that a price schedule may have (:class:`app.procurement.bid.PriceSchedule`)."""
_MOST_READ = 5000
_HEADING_WITHIN = 30

Field = Literal["name", "quantity", "unit", "unit_price", "total", "origin", "brand", "core"]
_NEEDED: tuple[Field, ...] = ("name", "quantity", "unit_price")
_HEADINGS: dict[Field, tuple[str, ...]] = {
    "name": ("名称", "品名", "项目", "项目名称", "货物名称", "服务名称", "服务内容", "内容", "分项名称", "产品名称",
             "name", "item", "description"),
    "quantity": ("数量", "工程量", "quantity", "qty"),
    "unit": ("单位", "计量单位", "unit"),
    "unit_price": ("单价", "综合单价", "投标单价", "报价单价", "unit price", "price"),
    "total": ("小计", "合计", "合价", "总价", "金额", "total", "amount", "line total"),
    "origin": ("产地", "原产地", "本国产品", "origin"),
    "brand": ("品牌", "brand"),
    "core": ("核心产品", "core", "core product"),
}  # fmt: skip
_SUM_NAMES = ("合计", "总计", "总价", "投标总价", "合计金额", "total", "sum", "grand total")
_ORIGINS = {"": "none", "-": "none", "无": "none", "none": "none", "本国": "domestic", "国产": "domestic",
            "中国": "domestic", "本国产品": "domestic", "domestic": "domestic", "进口": "foreign", "外国": "foreign",
            "非本国": "foreign", "非本国产品": "foreign", "foreign": "foreign"}  # fmt: skip
_YES = {"": False, "否": False, "no": False, "false": False, "是": True, "√": True, "yes": True, "true": True}
_GROUPED = re.compile(r"^-?\d{1,3}(,\d{3})+(\.\d*)?$")


class CellProblem(Struct, frozen=True):
    """What is wrong with one cell.

    Attributes:
        row: as the spreadsheet numbers it, from 1.
        column: a :data:`Field`.
        code: ``table.*``, the key of the sentence.
        text: what stands there, shortened.
        fatal: the line is no item; otherwise it is only to be looked at.
        expected: what would be right, where that can be computed.
    """

    row: int
    column: str
    code: str
    text: str = ""
    fatal: bool = True
    expected: str = ""


class TableLine(Struct, frozen=True):
    """One line as it stands in the table, and as an item when all its cells can be read."""

    row: int
    name: str
    quantity: str
    unit: str
    unit_price: str
    item: PriceItem | None = None


class PriceTable(Struct, frozen=True):
    """What was read: lines, the sum that the table itself states (or None), and what is wrong."""

    lines: tuple[TableLine, ...]
    stated_total: Decimal | None = None
    problems: tuple[CellProblem, ...] = ()

    @property
    def items(self) -> tuple[PriceItem, ...]:
        """The lines that can be read."""
        return tuple(line.item for line in self.lines if line.item is not None)

    @property
    def whole(self) -> bool:
        """Every line can be read."""
        return all(line.item is not None for line in self.lines)


def rows_of_text(text: str) -> list[list[str]]:
    """Cells of a text: as a spreadsheet puts them on the clipboard (tabs), or CSV with commas or semicolons.

    Raises:
        InputError: ``table.too_large``, ``table.malformed``.
    """
    first = text.lstrip("\ufeff\r\n").split("\n", 1)[0]
    delimiter = max("\t,;", key=first.count) if any(mark in first for mark in "\t,;") else "\t"
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter):
            rows.append(row)
            if len(rows) > _MOST_READ:
                raise InputError("table.too_large", limit=_MOST_READ)
    except csv.Error:
        raise InputError("table.malformed") from None
    return rows


def read_price_table(rows: Sequence[Sequence[str]]) -> PriceTable:
    """Lines from rows of cells; the heading is found by its words, and without one the usual order is taken.

    The usual order: name, quantity, unit, unit price, and after them the line total if there is one. A line total is
    computed (:func:`app.procurement.bid.line_total`); one that is stated and differs is a problem, not a figure.

    Raises:
        InputError: ``table.empty``, ``table.too_large`` (fact limit), ``table.columns`` (fact missing: fields that a
            heading lacks).
    """
    if len(rows) > _MOST_READ:
        raise InputError("table.too_large", limit=_MOST_READ)
    start, places = _heading(rows)
    lines: list[TableLine] = []
    problems: list[CellProblem] = []
    stated: Decimal | None = None
    for number, cells in enumerate(rows[start:], start + 1):
        found = {field: _cell(cells, place) for field, place in places.items()}
        if not any(found.values()):
            continue
        if _is_sum(cells, found):
            stated = _stated(cells, found) or stated
            continue
        lines.append(_line(number, found, _item(number, found, problems)))
        if len(lines) > MOST_ROWS:
            raise InputError("table.too_large", limit=MOST_ROWS)
    if not lines:
        raise InputError("table.empty")
    return PriceTable(tuple(lines), stated, tuple(problems))


def read_number(text: str) -> Decimal | None:
    """A figure as people type it: 1,234.50, ￥1234.5, １２００元; None for what is no plain number."""
    plain = unicodedata.normalize("NFKC", text).strip().removeprefix("¥").removesuffix("元").strip()
    if "," in plain:
        if not _GROUPED.fullmatch(plain):
            return None
        plain = plain.replace(",", "")
    if not re.fullmatch(r"-?(\d+(\.\d*)?|\.\d+)", plain):
        return None
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None


def _heading(rows: Sequence[Sequence[str]]) -> tuple[int, dict[Field, int]]:
    for number, cells in enumerate(rows[:_HEADING_WITHIN]):
        places: dict[Field, int] = {}
        for place, cell in enumerate(cells):
            field = _named(cell)
            if field is not None and field not in places:
                places[field] = place
        if len(places) >= 2 and "name" in places:
            missing = [field for field in _NEEDED if field not in places]
            if missing:
                raise InputError("table.columns", missing=",".join(missing))
            return number + 1, places
    return 0, {"name": 0, "quantity": 1, "unit": 2, "unit_price": 3, "total": 4}


def _named(cell: str) -> Field | None:
    plain = re.sub(r"[\s　]", " ", unicodedata.normalize("NFKC", cell)).strip().lower()
    plain = re.sub(r"[(\[].*$", "", plain).strip()
    return next((field for field, names in _HEADINGS.items() if plain in names), None)


def _cell(cells: Sequence[str], place: int) -> str:
    return " ".join(cells[place].split()) if place < len(cells) else ""


def _is_sum(cells: Sequence[str], found: Mapping[Field, str]) -> bool:
    """A line that only adds up: its first words say so, and it has no quantity or no price."""
    first = next((" ".join(cell.split()) for cell in cells if cell.strip()), "")
    plain = re.sub(r"\s", "", first).rstrip(":：").lower()
    plain = re.sub(r"[(（].*$", "", plain)
    whole = found.get("unit_price") and found.get("quantity")
    return plain in [re.sub(r"\s", "", name) for name in _SUM_NAMES] and not whole


def _stated(cells: Sequence[str], found: Mapping[Field, str]) -> Decimal | None:
    told = read_number(found.get("total", ""))
    if told is not None:
        return told
    return next((value for cell in reversed(cells) if (value := read_number(cell)) is not None), None)


def _line(row: int, found: Mapping[Field, str], item: PriceItem | None) -> TableLine:
    """Figures that can be read are written plainly; the rest stays as it was typed, to be mended."""

    def figure(column: Field) -> str:
        text = found.get(column, "")
        number = read_number(text)
        return text if number is None else f"{number:f}"

    name, unit = found.get("name", ""), found.get("unit", "") or "项"
    return TableLine(row, name, figure("quantity"), unit, figure("unit_price"), item)


def _item(row: int, found: Mapping[Field, str], problems: list[CellProblem]) -> PriceItem | None:
    before = len(problems)

    def wrong(column: Field, code: str, *, fatal: bool = True, expected: str = "") -> None:
        problems.append(CellProblem(row, column, code, found.get(column, "")[:40], fatal, expected))

    values: dict[str, Any] = {"name": found.get("name", ""), "unit": found.get("unit", "") or "项"}
    if not values["name"]:
        wrong("name", "table.missing")
    elif len(values["name"]) > 200:
        wrong("name", "table.too_long")
    if len(values["unit"]) > 20:
        wrong("unit", "table.too_long")
    for column in ("quantity", "unit_price"):
        text = found.get(column, "")
        number = read_number(text)
        if not text:
            wrong(column, "table.missing")
        elif number is None:
            wrong(column, "table.no_number")
        elif number < 0:
            wrong(column, "table.negative")
        elif number >= MAX_NUMBER:
            wrong(column, "table.too_big")
        elif _places(number) > MAX_PLACES:
            wrong(column, "table.too_fine")
        else:
            values[column] = number
    origin = found.get("origin", "").lower()
    if origin in _ORIGINS:
        values["origin"] = _ORIGINS[origin]
    else:
        wrong("origin", "table.no_origin", expected="本国 / 进口")
    if len(found.get("brand", "")) > 100:
        wrong("brand", "table.too_long")
    values["brand"] = found.get("brand", "")
    core = found.get("core", "").lower()
    if core in _YES:
        values["core"] = _YES[core]
    else:
        wrong("core", "table.no_yes", expected="是 / 否")
    if len(problems) > before:
        return None
    item = PriceItem(total=Decimal(0), **values)
    whole = line_total(item)
    if whole >= MAX_NUMBER:
        wrong("unit_price", "table.too_big")
        return None
    if found.get("total", ""):
        told = read_number(found["total"])
        if told is None:
            wrong("total", "table.no_number", fatal=False, expected=str(whole))
        elif told != whole:
            wrong("total", "table.differs", fatal=False, expected=str(whole))
    return msgspec.structs.replace(item, total=whole)


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else MAX_PLACES + 1
