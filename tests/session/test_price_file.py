"""Spreadsheets and text files as offices save them; what is none is one clear error."""

import zipfile
from pathlib import Path

import pytest

from app.errors import InputError
from app.procurement.price_table import read_price_table
from app.session import price_file
from app.session.price_file import read_table

NS = "http://schemas.openxmlformats.org"
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{NS}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{NS}/package/2006/relationships"><Relationship Id="r1" '
    f'Type="{NS}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{NS}/spreadsheetml/2006/main" '
    f'xmlns:r="{NS}/officeDocument/2006/relationships"><sheets><sheet name="表" sheetId="1" r:id="r1"/></sheets>'
    "</workbook>",
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{NS}/package/2006/relationships"><Relationship Id="r1" '
    f'Type="{NS}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def workbook(path: Path, rows: list[list[str | float]]) -> Path:
    """A spreadsheet with numbers as binary fractions, as offices write them."""
    cells = ""
    for number, row in enumerate(rows, 1):
        cells += f'<row r="{number}">'
        for place, value in enumerate(row):
            name = f"{chr(65 + place)}{number}"
            if isinstance(value, str):
                cells += f'<c r="{name}" t="inlineStr"><is><t>{value}</t></is></c>'
            else:
                cells += f'<c r="{name}"><v>{value!r}</v></c>'
        cells += "</row>"
    sheet = f'<worksheet xmlns="{NS}/spreadsheetml/2006/main"><sheetData>{cells}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            archive.writestr(name, text)
    return path


def test_a_workbook_with_binary_noise(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "报价.xlsx", [["名称", "数量", "单位", "单价", "小计"], ["扫描", 1200000, "页", 0.1 + 0.2, 360000]]
    )
    rows = read_table(path)
    assert rows[1] == ["扫描", "1200000", "页", "0.3", "360000"]
    assert read_price_table(rows).problems == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_text_files_as_they_are_saved_here(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("名称,数量,单位,单价\n扫描,2,页,1.5\n".encode(encoding))
    assert read_table(path)[1] == ["扫描", "2", "页", "1.5"]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [("a.xlsx", b"nonsense", "table."), ("a.xls", b"\xd0\xcf\x11\xe0 no", "table."), ("a.pdf", b"%PDF", "table.kind"),
     ("a.xlsx", b"PK\x05\x06" + b"\0" * 18, "table.")],
)  # fmt: skip
def test_what_is_no_table_is_one_error(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError) as refused:
        read_table(path)
    assert refused.value.code.startswith(code)


def test_limits_are_kept_before_anything_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "a.xlsx", [["甲", 1.0]])
    monkeypatch.setattr(price_file, "UNPACKED_LIMIT", 100)
    with pytest.raises(InputError, match=r"table\.too_large"):
        read_table(path)
    monkeypatch.setattr(price_file, "FILE_LIMIT", 10)
    with pytest.raises(InputError, match=r"table\.too_large"):
        read_table(path)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"table\.unreadable"):
        read_table(tmp_path / "no.csv")
