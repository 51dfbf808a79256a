"""Documents of every kind: what they say, where the boxes are, what is refused."""

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import document_samples as samples
import pypdfium2
import pytest

from app.ca.pdf_flat import open_flat
from app.ca.pdf_signer import PyHankoSigner
from app.errors import InputError
from app.session.documents import render
from app.session.documents_data import DocumentKind as Kind

Sample = Callable[..., dict[str, Any]]
EVERY: tuple[tuple[Kind, Sample], ...] = (
    (Kind.OPENING_RECORD, samples.opening_record),
    (Kind.BID_RECEIPT, samples.bid_receipt),
    (Kind.COMMITMENT, samples.commitment),
    (Kind.CLARIFICATION_LETTER, samples.clarification_letter),
    (Kind.SCORE_SHEET, samples.score_sheet),
    (Kind.QUALIFICATION_RECORD, samples.qualification_record),
    (Kind.EVALUATION_REPORT, samples.evaluation_report),
    (Kind.RESULT_NOTICE, samples.result_notice),
    (Kind.ACCEPTANCE_CERTIFICATE, samples.acceptance_certificate),
)
every = pytest.mark.parametrize(("kind", "sample"), EVERY, ids=[kind.value for kind, _ in EVERY])


def pages(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    texts = [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in document]
    document.close()
    return texts


def text(pdf: bytes) -> str:
    return "".join("\n".join(pages(pdf)).split())


def test_every_kind_has_a_sample() -> None:
    assert {kind for kind, _ in EVERY} == set(Kind)


@every
def test_is_flat_a4_numbered_marked_and_carries_its_data(kind: Kind, sample: Sample, tmp_path: Path) -> None:
    data = sample(rehearsal=True)
    rendered = render(kind, data)
    open_flat(rendered.pdf)
    document = pypdfium2.PdfDocument(rendered.pdf)
    assert {tuple(round(edge) for edge in page.get_size()) for page in document} == {(595, 842)}
    assert document.count_attachments() == 1
    attached = json.loads(bytes(document.get_attachment(0).get_data()))
    assert attached["case"] == data["case"]
    assert attached["record"] == data["record"]
    document.close()
    shown = pages(rendered.pdf)
    for number, page in enumerate(shown, 1):
        flat = "".join(page.split())
        assert f"entry128,root{samples.ROOT}" in flat
        assert f"第{number}页共{len(shown)}页" in flat
        assert "演练REHEARSAL" in flat
    assert "不具有法律效力" in text(rendered.pdf)
    path = tmp_path / "document.pdf"
    path.write_bytes(rendered.pdf)
    fonts = subprocess.run(["pdffonts", str(path)], capture_output=True, text=True, timeout=30).stdout.splitlines()[2:]
    assert fonts
    assert all("NotoSansSC" in line and "yes yes yes" in line for line in fonts)
    assert b"pdfaid:part>3<" in rendered.pdf or b'pdfaid:part="3"' in rendered.pdf


@every
def test_the_same_data_gives_the_same_bytes_and_a_real_case_no_mark(kind: Kind, sample: Sample) -> None:
    real = render(kind, sample())
    assert hashlib.sha256(real.pdf).digest() == hashlib.sha256(render(kind, sample()).pdf).digest()
    assert "REHEARSAL" not in text(real.pdf)
    assert "演练" not in text(real.pdf)


@every
def test_a_box_for_every_signer_in_order(kind: Kind, sample: Sample) -> None:
    data = sample()
    rendered = render(kind, data)
    assert [field.person_id for field in rendered.fields] == [signer["person_id"] for signer in data["signers"]]
    assert len({field.name for field in rendered.fields}) == len(rendered.fields)
    PyHankoSigner().add_fields(rendered.pdf, rendered.fields)


def test_boxes_lie_on_the_printed_frames() -> None:
    """A line is drawn along each edge of each field, and nothing inside it."""
    rendered = render(Kind.EVALUATION_REPORT, samples.evaluation_report())
    document = pypdfium2.PdfDocument(rendered.pdf)
    scale = 2
    for field in rendered.fields:
        picture = document[field.page].render(scale=scale).to_pil().convert("L")
        left, bottom, right, top = field.box
        upper, lower = (841.89 - top) * scale, (841.89 - bottom) * scale
        middle_x, middle_y = (left + right) / 2 * scale, (upper + lower) / 2

        def darkest(x: float, y: float, image: Any = picture) -> int:
            return min(image.getpixel((round(x) + dx, round(y) + dy)) for dx in (-1, 0, 1) for dy in (-1, 0, 1))

        edges = [(left * scale, middle_y), (right * scale, middle_y), (middle_x, upper), (middle_x, lower)]
        assert all(darkest(x, y) < 190 for x, y in edges), field
        inside = picture.crop((round(left * scale) + 3, round(upper) + 3, round(right * scale) - 3, round(lower) - 3))
        assert inside.getextrema() == (255, 255)
    document.close()


def test_the_tender_reads_prices_in_figures_and_words() -> None:
    shown = text(render(Kind.OPENING_RECORD, samples.opening_record()).pdf)
    for part in (
        "开标记录表",
        "9,800,000.00",
        "玖佰捌拾万元整",
        "解密失败（供应商原因）",
        "未参加开标，视同认可开标结果",
    ):
        assert part in shown
    assert "2026年11月20日09:30:00" in shown  # the deadline in Beijing time


def test_the_consultation_names_no_price() -> None:
    rendered = render(Kind.OPENING_RECORD, samples.opening_record("consultation"))
    shown = text(rendered.pdf)
    assert "响应文件开启记录表" in shown
    assert "9,800,000" not in shown
    assert "唱标" not in shown
    leaked = samples.opening_record("consultation")
    leaked["bids"][0]["price"] = samples.money(0)
    with pytest.raises(InputError, match="price in consultation"):
        render(Kind.OPENING_RECORD, leaked)


def test_the_report_has_the_contents_of_article_58() -> None:
    shown = text(render(Kind.EVALUATION_REPORT, samples.evaluation_report()).pdf)
    expected = """
        中国政府采购网 2026年10月30日 五楼第四评标室 供应商名单 评审委员会成员名单 陈雅琴（组长） 采购人代表
        综合评分法 当众唱标 资格审查 符合性审查 信用查询记录不符合招标文件资格要求 87号令第六十三条第三项 评审基准价
        ÷8,820,000.00×30=30.00 各成员评分合计 推荐候选人 第一中标候选人 S12700E-8 评审委员会成员更换
        异常低价审查 进货合同 不同意对供应商甲总体方案的多数评分
    """
    for part in expected.split():
        assert part in shown, part


def test_long_tables_break_and_repeat_their_heads() -> None:
    shown = pages(render(Kind.OPENING_RECORD, samples.opening_record(suppliers=40)).pdf)
    assert len(shown) > 5
    assert sum("报价确认" in page for page in shown) >= 3
    assert text(render(Kind.OPENING_RECORD, samples.opening_record(suppliers=40)).pdf).count("（40）") >= 2
    wide = text(render(Kind.SCORE_SHEET, samples.score_sheet(9, 30)).pdf)
    assert wide.count("12.50") == 9 * 30
    report = render(Kind.EVALUATION_REPORT, samples.evaluation_report(25, 12))
    assert text(report.pdf).count("11.80") == 25 * 12
    assert len(report.fields) == 5


def test_an_empty_report_still_says_everything_is_none() -> None:
    bare = samples.evaluation_report(
        invalid=[], low_price=[], clarifications=[], dissents=[], member_changes=[], other=[], ranking=[],
        scoring=None, price_scores=None, qualification=None, signers=[], deemed_agreed=["赵思源"],
    )  # fmt: skip
    rendered = render(Kind.EVALUATION_REPORT, bare)
    assert rendered.fields == ()
    shown = text(rendered.pdf)
    assert "未触发异常低价审查" in shown
    assert "赵思源未在规定时间内签署" in shown


def test_a_commitment_is_one_page_and_a_withdrawal_promises_no_opening() -> None:
    assert len(pages(render(Kind.COMMITMENT, samples.commitment()).pdf)) == 1
    withdrawn = text(render(Kind.BID_RECEIPT, samples.bid_receipt(act="withdrawn", earlier_hash=samples.HASH)).pdf)
    assert "撤回回执" in withdrawn
    assert "当众核对" not in withdrawn
    assert "当众核对" in text(render(Kind.BID_RECEIPT, samples.bid_receipt()).pdf)


def test_text_is_never_markup_and_nothing_unseen_reorders_it() -> None:
    hostile = "#sys.inputs *粗* $x$ <a> @b \\ [c] _d_"
    shown = text(render(Kind.COMMITMENT, samples.commitment(declaration=hostile)).pdf)
    assert "".join(hostile.split()) in shown
    data = samples.commitment(member="王𪚥\u202e三")
    rendered = render(Kind.COMMITMENT, data)
    assert "王〔U+2A6A5〕〔U+202E〕三" in text(rendered.pdf)
    document = pypdfium2.PdfDocument(rendered.pdf)
    assert json.loads(bytes(document.get_attachment(0).get_data()))["member"] == "王𪚥\u202e三"
    document.close()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Kind.COMMITMENT, {}),
        (Kind.COMMITMENT, samples.commitment(surprise=1)),
        (Kind.COMMITMENT, samples.commitment(issued_at="2026-11-20 09:30")),
        (Kind.COMMITMENT, samples.commitment(issued_at="2026-13-45T09:30:00Z")),
        (Kind.COMMITMENT, samples.commitment(member="\ud800")),
        (Kind.COMMITMENT, samples.commitment(record={"entries": 1, "root": "xyz"})),
        (Kind.COMMITMENT, samples.commitment(signers=[samples.signer("a", "b", "c")] * 2)),
        (Kind.BID_RECEIPT, samples.bid_receipt(received_at="2026-02-31T09:30:00Z")),
        (Kind.SCORE_SHEET, samples.score_sheet(totals=["1"])),
        (Kind.SCORE_SHEET, samples.score_sheet(totals=["1.0", "NaN", "2"])),
        (Kind.QUALIFICATION_RECORD, samples.qualification_record(review=samples.review(3) | {"items": []})),
        (Kind.CLARIFICATION_LETTER, samples.clarification_letter(questions=[])),
    ],
)
def test_data_that_does_not_fit_is_refused(kind: Kind, data: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"^document\.data_invalid"):
        render(kind, data)


def test_an_overlong_document_is_refused() -> None:
    objections = samples.opening_record()["objections"] * 500
    for objection in objections:
        objection["text"] = "异" * 19_000
    with pytest.raises(InputError, match=r"^document\.data_too_large"):
        render(Kind.OPENING_RECORD, samples.opening_record(objections=objections))
