"""The cells of a spreadsheet or CSV file that a supplier chose, as texts; ``price_table`` says what they mean."""

import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

from python_calamine import CalamineError, load_workbook

from app.errors import InputError
from app.procurement.price_table import rows_of_text

FILE_LIMIT = 16 * 1024 * 1024
UNPACKED_LIMIT = 256 * 1024 * 1024
ROWS_LIMIT = 5000
COLUMNS_LIMIT = 60
SHEETS = (".xlsx", ".xlsm", ".xls", ".ods")
TEXTS = (".csv", ".txt", ".tsv")
_ENCODINGS = ("utf-8-sig", "gb18030")


def read_table(path: Path) -> list[list[str]]:
    """The rows of the first sheet that has any; formulas are not run, their last result is read. Blocking.

    Text files may be UTF-8, UTF-16 with its mark, or GB 18030, as spreadsheets save them here.

    Raises:
        InputError: ``table.unreadable`` (fact error), ``table.too_large``, ``table.kind`` (not such a file),
            ``table.empty``, ``table.malformed``, ``table.protected`` (a password).
    """
    try:
        if path.stat().st_size > FILE_LIMIT:
            raise InputError("table.too_large", limit=FILE_LIMIT)
        ending = path.suffix.lower()
        if ending in TEXTS:
            return rows_of_text(_text(path.read_bytes()))
        if ending not in SHEETS:
            raise InputError("table.kind", name=path.name)
        _refuse_bomb(path)
        return _sheet(path)
    except OSError as error:
        raise InputError("table.unreadable", error=type(error).__name__) from error


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError("table.malformed")


def _refuse_bomb(path: Path) -> None:
    """Limits what a packed workbook may unfold to, before it is parsed."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > UNPACKED_LIMIT:
        raise InputError("table.too_large", limit=UNPACKED_LIMIT)


def _sheet(path: Path) -> list[list[str]]:
    try:
        with load_workbook(str(path)) as workbook:
            for name in workbook.sheet_names:
                sheet = workbook.get_sheet_by_name(name)
                if sheet.height > ROWS_LIMIT:
                    raise InputError("table.too_large", limit=ROWS_LIMIT)
                rows = sheet.to_python(skip_empty_area=False, nrows=ROWS_LIMIT)
                texts = [[_written(cell) for cell in row[:COLUMNS_LIMIT]] for row in rows]
                if any(any(row) for row in texts):
                    return texts
    except CalamineError as error:
        if "password" in type(error).__name__.lower() or "password" in str(error).lower():
            raise InputError("table.protected") from None
        raise InputError("table.unreadable", error=type(error).__name__) from None
    except zipfile.BadZipFile:
        raise InputError("table.malformed") from None
    raise InputError("table.empty")


def _written(cell: float | str | bool | date | time | timedelta | datetime) -> str:
    """A cell as its author sees it: a spreadsheet keeps fifteen digits, and the rest of a binary fraction is noise."""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, int | float):
        text = f"{cell:.15g}"
        return f"{cell:.0f}" if "e" in text and float(cell).is_integer() else text
    return str(cell)
