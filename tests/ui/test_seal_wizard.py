"""The sealing wizard by itself: what lets one go on, undoing, drafts, and a bid that is changed after it was sealed."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from ui_samples import DIGEST, NOW, kit

from app.clock import ManualClock
from app.errors import InputError
from app.procurement.bid_check import demands
from app.procurement.bid_file import guess_kind, read_bid
from app.procurement.case import lot_case, parse_case_file
from app.settings import RESOURCES
from app.ui.bids.draft import BidDraft, read_draft
from app.ui.bids.figures import amount_of
from app.ui.bids.models import HolderView, KitView, ReceiptView, SealedView, SealRequest
from app.ui.bids.price_editor import NAME, QUANTITY, TOTAL, UNIT_PRICE
from app.ui.bids.seal_wizard import CHECK, DECLARE, FILES, HAND_IN, KIT, PRICE, SEAL, SealBidWizard
from app.ui.i18n import Language, set_language
from app.ui.widgets.chip import Tone


def wizard_with(qtbot: QtBot, clock: ManualClock, made: KitView, folder: Path) -> SealBidWizard:
    wizard = SealBidWizard(clock, lambda _path: made)
    qtbot.addWidget(wizard)
    file = folder / "x.kit"
    file.write_bytes(b"k")
    wizard.take_kit(file)
    return wizard


@pytest.fixture
def sealing(qtbot: QtBot, clock: ManualClock, tmp_path: Path) -> SealBidWizard:
    """A wizard with a good kit, a price, the declarations and three documents."""
    wizard = wizard_with(qtbot, clock, kit(), tmp_path)
    wizard.price.table.setRowCount(0)
    wizard.price.add_row(("扫描", "100", "页", "0.45"))
    wizard.price.total.setText("45")
    wizard.declare.enterprise.setCurrentIndex(3)
    for name in ("技术.pdf", "资格.pdf", "商务.pdf"):
        (tmp_path / name).write_bytes(b"%PDF-1.7")
    wizard.documents.add_files(sorted(tmp_path.glob("*.pdf")))
    return wizard


def texts_of(widget: QWidget) -> str:
    return "\n".join(one.text() for one in widget.findChildren(QLabel))


def sealed() -> SealedView:
    return SealedView(path=Path("bid.env"), size=10, header_digest=DIGEST)


def test_the_way_to_a_receipt(sealing: SealBidWizard) -> None:
    asked: list[SealRequest | SealedView] = []
    sealing.seal_requested.connect(asked.append)
    sealing.upload_requested.connect(asked.append)
    for step in (KIT, PRICE, DECLARE, FILES, CHECK):
        assert sealing.current() == step
        assert sealing.next.isEnabled()
        sealing.next.click()
    assert not sealing.next.isEnabled()
    sealing.seal_page.work.act.click()
    sealing.seal_page.work.act.click()
    assert len(asked) == 1
    request = asked[0]
    assert isinstance(request, SealRequest)
    assert request.price.total == Decimal(45)
    assert request.price.declarations.enterprise == "small"
    assert {file.kind for file in request.documents} == {"technical", "qualification", "business"}
    assert "45" not in repr(request)
    sealing.show_progress(0.5, "加密")
    made = sealed()
    sealing.show_sealed(made)
    sealing.next.click()
    assert sealing.current() == HAND_IN
    sealing.hand_in.work.act.click()
    assert asked[1] is made
    sealing.show_receipt(ReceiptView(received=NOW, header_digest=DIGEST, size=10, host="h", stamped=False))
    assert sealing.next.isEnabled()
    assert "回执" in texts_of(sealing.hand_in)


def test_a_failed_sealing_can_be_tried_again(sealing: SealBidWizard) -> None:
    sealing.go_to(SEAL)
    work = sealing.seal_page.work
    work.act.click()
    assert not work.act.isEnabled()
    sealing.show_error(InputError("token.cancelled"))
    assert work.act.isEnabled()
    assert "已取消" in work.text.text()
    set_language(Language.ENGLISH)
    assert "已取消" not in work.text.text()


@pytest.mark.parametrize("trusted", [False, None])
def test_a_holder_without_trust_refuses_the_kit(
    qtbot: QtBot, clock: ManualClock, tmp_path: Path, trusted: bool | None
) -> None:
    holder = HolderView(name="某人", organisation="", party="agency", trusted=trusted)
    wizard = wizard_with(qtbot, clock, kit(holders=(holder,)), tmp_path)
    assert not wizard.next.isEnabled()
    wizard.go_to(CHECK)
    assert not wizard.next.isEnabled()
    wizard.go_to(SEAL)
    assert not wizard.seal_page.work.act.isEnabled()


def test_a_kit_that_is_refused_says_whose_certificate_and_why(qtbot: QtBot, clock: ManualClock, tmp_path: Path) -> None:
    def refuse(_path: Path) -> KitView:
        raise InputError("kit.untrusted", holder="陆明远", why="validity.expired")

    wizard = SealBidWizard(clock, refuse)
    qtbot.addWidget(wizard)
    wizard.take_kit(tmp_path / "x.kit")
    said = texts_of(wizard.kit_page)
    assert "陆明远" in said
    assert "过期" in said


def test_figures_and_words_are_checked_against_each_other(sealing: SealBidWizard) -> None:
    price = sealing.price
    assert price.words.text() == "肆拾伍元整"
    price.words.setText("肆拾陆元整")
    assert not price.matching()
    assert price.schedule() is None
    price.total.setText("46")
    assert price.matching()
    assert price.sum_of_lines() == Decimal(45)
    assert price._match.tone is Tone.WARN
    for wrong in ("", "-1", "NaN", "1e99", "abc", "Infinity"):
        price.total.setText(wrong)
        assert price.schedule() is None


def test_nobody_chooses_the_size_of_the_enterprise(qtbot: QtBot, clock: ManualClock, tmp_path: Path) -> None:
    wizard = wizard_with(qtbot, clock, kit(), tmp_path)
    assert wizard.declare.chosen_enterprise() == ""
    wizard.go_to(DECLARE)
    assert not wizard.next.isEnabled()
    sample = b"""{"schema":"bidroom.bid-file/1","tender":"K","lot":"1",
        "supplier":{"name":"n","uscc":"91530199MA6XCCC038"},
        "price":{"items":[{"name":"a","quantity":"1","unit":"b","unit_price":"2","total":"2"}],"total":"2",
        "total_words":"\xe8\xb4\xb0\xe5\x85\x83\xe6\x95\xb4"},"documents":[{"name":"a.pdf","kind":"technical"}]}"""
    wizard.take_bid(read_bid(sample))
    assert wizard.price.total.text() == "2"
    assert wizard.declare.chosen_enterprise() == ""
    said = sample.replace(b'"total_words"', b'"declarations":{"enterprise":"large"},"total_words"')
    wizard.take_bid(read_bid(said))
    assert wizard.declare.chosen_enterprise() == "large"


def test_a_pasted_table_marks_its_bad_cells_and_can_be_taken_back(sealing: SealBidWizard) -> None:
    price = sealing.price
    QGuiApplication.clipboard().setText("名称\t数量\t单位\t单价\n甲\t2\t个\t1.5\n乙\t许多\t个\t3")
    price.table.setFocus()
    QTest.keyClick(price.table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert [price._text(n, NAME) for n in range(price.table.rowCount())] == ["甲", "乙"]
    assert "第 3 行“数量”不是数字：许多" in texts_of(sealing.price_page)
    assert price.schedule() is None
    assert price.total.text() == ""
    price.table.item(1, QUANTITY).setText("3")
    assert (price.total.text(), price._text(1, TOTAL)) == ("12.00", "9.00")
    assert price.schedule() is not None
    price.undo.button.click()
    assert [price._text(0, NAME), price.total.text()] == ["扫描", "45"]


@pytest.mark.parametrize(
    ("text", "plain"), [("1e3", "1000"), ("1,000.50", "1000.50"), ("10000000000000", None), ("0.1234567", None)]
)
def test_figures_are_kept_as_the_record_takes_them(text: str, plain: str | None) -> None:
    assert amount_of(text) == (None if plain is None else Decimal(plain))
    assert plain is None or str(amount_of(text)) == plain


def test_removed_lines_and_documents_come_back(sealing: SealBidWizard) -> None:
    price = sealing.price
    price.table.selectRow(0)
    price._remove_row()
    assert price.sum_of_lines() == 0
    price.undo.button.click()
    assert price.sum_of_lines() == Decimal(45)
    before = sealing.documents.files()
    next(b for b in sealing.documents.findChildren(QPushButton) if b.text() == "移除").click()
    assert len(sealing.documents.files()) == 2
    sealing.documents.undo.button.click()
    assert sealing.documents.files() == before


def test_documents_are_put_in_order_and_refused_with_words(sealing: SealBidWizard, tmp_path: Path) -> None:
    first, second, _ = sealing.documents.files()
    next(b for b in sealing.documents.findChildren(QPushButton) if b.toolTip().startswith("下移")).click()
    assert sealing.documents.files()[:2] == (second, first)
    (tmp_path / "b").mkdir()
    twin = tmp_path / "b" / "技术.PDF"
    twin.write_bytes(b"%PDF")
    empty = tmp_path / "空.pdf"
    empty.write_bytes(b"")
    sealing.documents.add_files([twin, tmp_path / "没有.pdf"])
    assert len(sealing.documents.files()) == 3
    sealing.documents.add_files([empty])
    assert sealing.documents.facts()[-1].trouble == "bid.document_empty"


def test_the_check_leads_to_where_a_lack_is_mended(sealing: SealBidWizard, tmp_path: Path) -> None:
    case = lot_case(parse_case_file((RESOURCES / "samples" / "case.json").read_bytes()), "1")
    sealing.show_demands(demands(case))
    sealing.documents.show_looked(sealing.documents.files()[0].path, 0, "document.encrypted")
    sealing.go_to(CHECK)
    assert not sealing.next.isEnabled()
    found = {finding.code for finding in sealing.checks.findings() if finding.state != "passed"}
    assert {"bid_check.file_trouble", "bid_check.kind_missing", "bid_check.fact_missing"} <= found
    go = next(b for b in sealing.checks.findChildren(QPushButton) if "声明" in b.text())
    go.click()
    assert sealing.current() == DECLARE
    (tmp_path / "商务.pdf").unlink()
    sealing.go_to(CHECK)
    troubles = [f.facts["trouble"] for f in sealing.checks.findings() if f.code == "bid_check.file_trouble"]
    assert "bid.document_missing" in troubles


def test_a_change_after_sealing_asks_to_seal_again(sealing: SealBidWizard) -> None:
    sealing.go_to(SEAL)
    sealing.show_sealed(sealed())
    assert sealing.next.isEnabled()
    sealing.price.total.setText("46")
    assert not sealing.next.isEnabled()
    assert "重新加密" in sealing.seal_page.work.text.text()
    assert sealing.draft(NOW).sealed is None


def test_a_draft_brings_everything_back_and_with_it_what_was_sealed(
    sealing: SealBidWizard, qtbot: QtBot, clock: ManualClock, tmp_path: Path
) -> None:
    envelope = tmp_path / "1.bid"
    envelope.write_bytes(b"sealed")
    case = lot_case(parse_case_file((RESOURCES / "samples" / "case.json").read_bytes()), "1")
    sealing.show_demands(demands(case))
    sealing.declare.delivery.setText("180 日")
    sealing.price.add_row(("半行", "x", "", ""))
    half = read_draft(msgspec.json.encode(sealing.draft(NOW)))
    sealing.price.table.removeRow(1)
    sealing.go_to(SEAL)
    sealing.show_sealed(SealedView(path=envelope, size=6, header_digest=DIGEST))
    data = msgspec.json.encode(sealing.draft(NOW))
    again = wizard_with(qtbot, clock, kit(), tmp_path)
    again.show_demands(demands(case))
    again.restore(half)
    assert again.price.lines()[1].name == "半行"
    assert again._sealed is None
    other = wizard_with(qtbot, clock, kit(), tmp_path)
    other.show_demands(demands(case))
    other.restore(read_draft(data))
    assert other.schedule() == sealing.schedule()
    assert other.documents.facts() == sealing.documents.facts()
    assert other._sealed == SealedView(path=envelope, size=6, header_digest=DIGEST)
    moved = wizard_with(qtbot, clock, kit(sha256="77" * 32), tmp_path)
    moved.show_demands(demands(case))
    moved.restore(read_draft(data))
    assert moved._sealed is None


def test_an_empty_wizard_leaves_no_draft(qtbot: QtBot, clock: ManualClock, tmp_path: Path) -> None:
    wizard = wizard_with(qtbot, clock, kit(), tmp_path)
    assert wizard.draft(NOW).blank
    wizard.price.table.item(0, UNIT_PRICE).setText("1")
    assert not wizard.draft(NOW).blank
    with pytest.raises(InputError, match=r"draft\.unreadable"):
        read_draft(b"{")
    assert "1" not in repr(BidDraft(NOW, total="1"))


def test_a_backup_needs_a_place(sealing: SealBidWizard, tmp_path: Path) -> None:
    asked: list[SealRequest] = []
    sealing.seal_requested.connect(asked.append)
    sealing.go_to(CHECK)
    sealing.go_to(SEAL)
    sealing.seal_page.backup.keep.setChecked(True)
    sealing.seal_page.work.act.click()
    assert asked == []
    sealing.seal_page.backup.choose(tmp_path / "b")
    sealing.seal_page.work.act.click()
    assert asked[0].backup == tmp_path / "b"


def test_after_the_deadline_nothing_is_sealed(sealing: SealBidWizard, clock: ManualClock) -> None:
    clock.advance(timedelta(days=400).total_seconds())
    sealing.go_to(CHECK)
    assert not sealing.next.isEnabled()


def test_kinds_are_guessed_from_names() -> None:
    assert [guess_kind(n) for n in ("资格证明.pdf", "商务部分.pdf", "开标一览表.pdf", "附件一.pdf", "a.pdf")] == [
        "qualification", "business", "price", "annex", "technical",
    ]  # fmt: skip
