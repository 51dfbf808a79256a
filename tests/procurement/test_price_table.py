"""Tables of suppliers become lines of the price schedule, or are told cell by cell what is wrong."""

from decimal import Decimal

import pytest

from app.errors import InputError
from app.procurement.price_table import read_number, read_price_table, rows_of_text

SHEET = [
    ["某项目分项报价表", "", "", "", "", "", ""],
    ["序号", "名称", "数量", "单位", "单价（元）", "小计(元)", "产地", "品牌", "核心产品"],
    ["1", "档案扫描", "1,200,000", "页", "￥0.58", "696000.00", "", "", "否"],
    ["2", "扫描仪", "２", "台", "12 345.60".replace(" ", ""), "24691.2", "国产", "某牌", "是"],
    ["", "", "", "", "", "", ""],
    ["合计", "", "", "", "", "720,691.20", ""],
]


def problems(rows: list[list[str]]) -> list[tuple[int, str, str]]:
    return [(p.row, p.column, p.code) for p in read_price_table(rows).problems]


def test_a_sheet_with_title_heading_and_sum() -> None:
    table = read_price_table(SHEET)
    assert table.problems == ()
    assert [(i.name, i.quantity, i.unit, i.unit_price, i.total) for i in table.items] == [
        ("档案扫描", Decimal(1200000), "页", Decimal("0.58"), Decimal("696000.00")),
        ("扫描仪", Decimal(2), "台", Decimal("12345.60"), Decimal("24691.20")),
    ]
    assert (table.items[1].origin, table.items[1].brand, table.items[1].core) == ("domestic", "某牌", True)
    assert table.stated_total == Decimal("720691.20")


def test_every_bad_cell_is_named_and_its_line_kept_to_be_mended() -> None:
    rows = [SHEET[1], ["1", "", "x", "页", "1,23", "", "火星", "", "大概"], ["2", "好", "-1", "页", "0.1234567", ""]]
    assert problems(rows) == [
        (2, "name", "table.missing"), (2, "quantity", "table.no_number"), (2, "unit_price", "table.no_number"),
        (2, "origin", "table.no_origin"), (2, "core", "table.no_yes"),
        (3, "quantity", "table.negative"), (3, "unit_price", "table.too_fine"),
    ]  # fmt: skip
    table = read_price_table(rows)
    assert table.items == ()
    assert not table.whole
    assert [(line.name, line.quantity, line.unit_price) for line in table.lines] == [
        ("", "x", "1,23"), ("好", "-1", "0.1234567"),
    ]  # fmt: skip


def test_a_line_total_that_differs_is_said_and_computed_anew() -> None:
    table = read_price_table([["名称", "数量", "单价", "小计"], ["甲", "3", "0.335", "1.00"]])
    assert [(p.code, p.fatal, p.expected) for p in table.problems] == [("table.differs", False, "1.01")]
    assert table.items[0].total == Decimal("1.01")


def test_a_paste_without_heading_takes_the_usual_order() -> None:
    table = read_price_table(rows_of_text("甲\t2\t个\t1.5\n乙\t1\t\t3\n"))
    assert [(i.name, i.quantity, i.unit, i.total) for i in table.items] == [
        ("甲", Decimal(2), "个", Decimal("3.00")), ("乙", Decimal(1), "项", Decimal("3.00")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["名称;数量;单价\n甲;2;1,5\n", "名称,数量,单价\n甲,2,1.5\n", "\ufeff名称\t数量\t单价\r\n甲\t2\t1.5"]
)
def test_delimiters(text: str) -> None:
    assert len(read_price_table(rows_of_text(text)).lines) == 1


@pytest.mark.parametrize(
    ("rows", "code"),
    [([], "table.empty"), ([["", ""]], "table.empty"), ([["名称", "数量"], ["甲", "1"]], "table.columns"),
     ([["甲", "1", "个", "1"]] * 1001, "table.too_large")],
)  # fmt: skip
def test_what_is_no_price_table(rows: list[list[str]], code: str) -> None:
    with pytest.raises(InputError) as refused:
        read_price_table(rows)
    assert refused.value.code == code


def test_a_sum_may_stand_in_any_column() -> None:
    table = read_price_table([["名称", "数量", "单价"], ["甲", "2", "5"], ["合计（元）", "", "10.00"]])
    assert (len(table.lines), table.stated_total) == (1, Decimal("10.00"))


def test_a_product_called_like_a_sum_is_a_product() -> None:
    table = read_price_table([["名称", "数量", "单价"], ["合计", "1", "5"]])
    assert [item.name for item in table.items] == ["合计"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1,234.50", "1234.50"), ("￥１２", "12"), ("12元", "12"), (".5", "0.5"), ("1e3", None), ("1,2", None), ("", None),
     ("NaN", None), ("12%", None), ("1 2", None), ("十二", None)],
)  # fmt: skip
def test_numbers_as_people_type_them(text: str, value: str | None) -> None:
    assert read_number(text) == (None if value is None else Decimal(value))
