"""The PDFs of the sample bids: Chinese documents set by typst, and a big scan annex written as a stream."""

import zlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy
import typst
from PIL import Image, ImageDraw, ImageFont

from app.canon import canonical
from app.settings import RESOURCES

FONTS = RESOURCES / "fonts"
TEMPLATE = RESOURCES / "samples" / "bid_document.typ"
MARK = "演练样例 · 内容虚构"

Table = dict[str, Any]


class DocumentTexts:
    """Texts and tables of ``resources/samples/bid_texts.json``, filled in for one supplier.

    Args:
        slots: what stands for ``{name}`` in the texts.
        place: which supplier it is (0, 1, …); varies names and lengths, the same every time.
    """

    def __init__(self, slots: Mapping[str, str], place: int, tables: Mapping[str, Table]) -> None:
        self._texts: dict[str, Any] = msgspec.json.decode((RESOURCES / "samples" / "bid_texts.json").read_bytes())
        self._slots = dict(slots)
        self._place = place
        self._tables = {**self._texts["tables"], **self._generated(), **tables}

    def documents(self) -> list[dict[str, Any]]:
        """The documents with all texts filled in: name, kind, title, sections."""
        documents: list[dict[str, Any]] = self._fill(self._texts["documents"])
        for document in documents:
            for section in document["sections"]:
                if "table" in section:
                    section["table"] = self._tables[section["table"]]
        return documents

    def _fill(self, value: Any) -> Any:
        if isinstance(value, str):
            return value.format_map(self._slots)
        if isinstance(value, list):
            return [self._fill(item) for item in value]
        if isinstance(value, dict):
            return {key: self._fill(item) for key, item in value.items()}
        return value

    def _generated(self) -> dict[str, Table]:
        return {
            "tax": self._tax(),
            "contracts": self._contracts(),
            "staff": self._staff(),
            "batches": self._batches(),
            "sampling": self._sampling(),
        }

    def _tax(self) -> Table:
        rows = []
        for month in range(4, 10):
            tax, insurance = 53019900 + self._place * 977 + month * 13, 88000000 + self._place * 619 + month * 7
            rows.append([f"{month} 月", f"增值税、企业所得税 凭证 {tax}", f"社会保险 凭证 {insurance}"])
        return {"header": ["月份", "税收", "社会保险"], "columns": [1, 4, 3], "rows": rows}

    def _contracts(self) -> Table:
        clients: list[str] = self._texts["clients"]
        rows = []
        for index in range(int(self._slots["similar_contracts"])):
            client = clients[(index + self._place * 2) % len(clients)]
            pages = 42 + (index * 37 + self._place * 23) % 110
            rows.append([str(index + 1), client, f"档案数字化加工，{pages} 万页", f"{pages * 1.9:.1f}", "已验收"])
        return {"header": ["序号", "采购人", "内容", "金额（万元）", "状态"], "columns": [1, 4, 4, 2, 2], "rows": rows}

    def _staff(self) -> Table:
        posts: list[str] = self._texts["posts"]
        rows = [
            [str(index + 1), self._person(index), posts[index % len(posts)], f"{3 + (index * 7 + self._place) % 12} 年"]
            for index in range(int(self._slots["staff"]))
        ]
        return {"header": ["序号", "姓名", "岗位", "从业年限"], "columns": [1, 2, 2, 2], "rows": rows}

    def _person(self, index: int) -> str:
        surnames: list[str] = self._texts["surnames"]
        given: list[str] = self._texts["given"]
        return surnames[(index * 11 + self._place * 5) % len(surnames)] + given[(index * 5 + self._place) % len(given)]

    def _batches(self) -> Table:
        fonds: list[str] = self._texts["fonds"]
        count = int(self._slots["batches"])
        pages = 1_200_000 // count
        rows = []
        for index in range(count):
            start = 11 + index * 154 // count
            first = index * 24 + 1
            rows.append([
                f"P{index + 1:03d}", fonds[index * len(fonds) // count], f"{first:05d}—{first + 23:05d}",
                f"{pages + (index * 131) % 200 - 100}", f"第 {start} 日", f"第 {start + 4 + index % 3} 日",
            ])  # fmt: skip
        header = ["批次", "全宗", "案卷起止", "页数", "出库", "完成"]
        return {"header": header, "columns": [1, 2, 3, 2, 2, 2], "rows": rows}

    def _sampling(self) -> Table:
        spot = self._slots["spot"]
        rows = [
            [f"第 {week} 周", f"P{week * 3 - 2:03d}—P{week * 3:03d}", spot, f"{220 + (week * 17) % 90}", "质检组长"]
            for week in range(1, 25)
        ]
        return {"header": ["周次", "批次", "比例", "抽检页数", "责任人"], "columns": [2, 3, 2, 2, 2], "rows": rows}


def write_document(path: Path, document: Mapping[str, Any], cover: Mapping[str, str]) -> None:
    """Set one document as PDF.

    Args:
        document: from :meth:`DocumentTexts.documents`.
        cover: project, number, lot, supplier, uscc, date for the cover and the page headers.
    """
    data = {
        **cover,
        "mark": MARK,
        "title": document["title"],
        "sections": document["sections"],
        "chapters": document["kind"] != "technical",
    }
    typst.compile(
        str(TEMPLATE),
        output=str(path),
        root=str(TEMPLATE.parent),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        pdf_tags=False,  # typst writes a tag entry that poppler calls a syntax error
        sys_inputs={"data": canonical(data).decode()},
    )


def price_tables(
    rows: Sequence[Sequence[str]], total: Decimal, words: str, delivery: str, quality: str
) -> dict[str, Table]:
    """The tables of the price document: the schedule 开标一览表 and its lines 分项报价表."""
    summary = [
        ["总报价（小写）", f"¥ {total:,.2f}"],
        ["总报价（大写）", f"人民币{words}"],
        ["服务期", delivery],
        ["质量", quality],
        ["有效期", "自递交截止之日起 90 日"],
    ]
    lines = [[str(index + 1), *row] for index, row in enumerate(rows)]
    lines.append(["", "总计", "", "", "", f"{total:,.2f}"])
    header = ["序号", "内容", "数量", "单位", "单价（元）", "合计（元）"]
    return {
        "summary": {"header": ["项目", "内容"], "columns": [1, 3], "rows": summary},
        "prices": {"header": header, "columns": [1, 5, 2, 1, 2, 3], "rows": lines},
    }


def write_scan_annex(path: Path, size: int, supplier: str, place: int) -> None:
    """Write a valid PDF of about ``size`` bytes: five scanned sample pages and their raw data as an attachment.

    The attachment is noise from a fixed seed, written in pieces of a megabyte, so that memory stays small whatever the
    size. The file has a classic cross-reference table and opens in any viewer.
    """
    pages = [_scan_page(supplier, number) for number in range(1, 6)]
    with path.open("wb") as file:
        offsets: list[int] = []
        position = file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

        def put(*parts: bytes) -> None:
            nonlocal position
            offsets.append(position)
            body = b"%d 0 obj\n" % len(offsets) + b"".join(parts) + b"\nendobj\n"
            position += file.write(body)

        kids = b" ".join(b"%d 0 R" % (6 + index * 3) for index in range(len(pages)))
        names = b"<< /Names [ (samples.bin) 3 0 R ] >>"
        put(b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles ", names, b" >> >>")
        put(b"<< /Type /Pages /Count %d /Kids [ " % len(pages), kids, b" ] >>")
        put(b"<< /Type /Filespec /F (samples.bin) /UF (samples.bin) /EF << /F 4 0 R >> >>")
        length = max(size - sum(len(page[2]) for page in pages) - 2048, 0)
        offsets.append(position)
        position += file.write(b"4 0 obj\n<< /Type /EmbeddedFile /Length %d >>\nstream\n" % length)
        noise = numpy.random.default_rng(place + 1)
        for start in range(0, length, 1 << 20):
            position += file.write(noise.bytes(min(1 << 20, length - start)))
        position += file.write(b"\nendstream\nendobj\n")
        put(b"<< /Producer (Bidroom sample) >>")
        for index, (width, height, pixels) in enumerate(pages):
            first = 6 + index * 3
            put(b"<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] /Contents %d 0 R" % (first + 1),
                b" /Resources << /XObject << /S %d 0 R >> >> >>" % (first + 2))  # fmt: skip
            drawing = b"595 0 0 842 0 0 cm /S Do"
            put(b"<< /Length %d >>\nstream\n" % len(drawing), drawing, b"\nendstream")
            put(b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray" % (width, height),
                b" /BitsPerComponent 8 /Filter /FlateDecode /Length %d >>\nstream\n" % len(pixels), pixels,
                b"\nendstream")  # fmt: skip
        table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        count = len(offsets) + 1
        file.write(b"xref\n0 %d\n0000000000 65535 f \n" % count + table)
        file.write(b"trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, position))


def _scan_page(supplier: str, number: int) -> tuple[int, int, bytes]:
    """A page that looks scanned: width, height, and deflated grey pixels."""
    width, height = 992, 1403
    image = Image.new("L", (width, height), 244)
    draw = ImageDraw.Draw(image)
    title = ImageFont.truetype(str(FONTS / "NotoSansSC-SemiBold.ttf"), 44)
    text = ImageFont.truetype(str(FONTS / "NotoSansSC-Regular.ttf"), 26)
    draw.rectangle((70, 70, width - 70, height - 70), outline=120, width=2)
    draw.text((width // 2, 170), f"扫描样张 {number}", font=title, fill=40, anchor="mm")
    lines = (
        supplier,
        MARK,
        "彩色样卷扫描 300 dpi，本页为灰度缩略图",
        f"原始数据见本文件附件 samples.bin，第 {number} 卷",
    )
    for index, line in enumerate(lines):
        draw.text((140, 280 + index * 60), line, font=text, fill=60)
    for index in range(26):
        draw.line((140, 560 + index * 28, width - 140 - (index * 53) % 220, 560 + index * 28), fill=150, width=3)
    noise = numpy.random.default_rng(number).integers(-6, 7, (height, width), dtype=numpy.int16)
    pixels = numpy.clip(numpy.asarray(image, dtype=numpy.int16) + noise, 0, 255).astype(numpy.uint8)
    return width, height, zlib.compress(pixels.tobytes(), 1)
