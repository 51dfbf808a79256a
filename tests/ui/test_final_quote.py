"""The final quote: prefilled from the supplier's own bid, what is changed is said, drafts, what may be sealed."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.clock import ManualClock
from app.errors import InputError
from app.procurement.bid import PriceSchedule
from app.ui.async_bridge import AsyncBridge
from app.ui.bids.price_editor import CHANGE, QUANTITY, UNIT_PRICE, PriceEditor, percent_text
from app.ui.evaluation.quote import QuotePanel
from app.ui.evaluation.supplier_side import SupplierEvaluationPanel
from app.ui.room_acts import SubmitQuote, Sure
from app.ui.sample_state import play
from app.ui.step_facts import StepContext, StepFacts

METHOD: Any = "competitive_consultation"


def bid_price() -> PriceSchedule:
    return play("quoting", METHOD).bids[-1].payload.price


def show(run: Any, folder: Path, use: Callable[[Any, list[object]], Any], *, lost: bool = False) -> Any:
    """What ``use`` says of the form of the supplier that has not quoted yet."""
    played = play("quoting", METHOD)
    me = list(played.speaker.values())[-1]

    async def fetch(sha256: str) -> bytes:
        if lost:
            raise InputError("blob.missing", digest=sha256)
        return played.files[sha256]

    async def main() -> Any:
        facts = StepFacts(played.seen_by(me)[0], me)
        bridge = AsyncBridge(lambda error: None)
        panel = QuotePanel(StepContext(ManualClock(played.now), bridge, fetch, folder))
        asked: list[object] = []
        panel.command_requested.connect(asked.append)
        panel.show()
        panel.show_snapshot(facts)
        while not (panel._base or panel._missing):
            await asyncio.sleep(0.01)
        said = use(panel, asked)
        await bridge.close()
        panel.close()
        panel.deleteLater()
        return said

    return run(main())


def test_the_form_starts_from_the_own_bid_and_says_what_is_changed(run: Any, tmp_path: Path) -> None:
    def use(panel: Any, asked: list[object]) -> Any:
        editor = panel.editor
        before = (editor.schedule(), set(editor.changes()), panel.submit.isEnabled(), panel.again.isVisible())
        price = bid_price().items[0].unit_price
        editor.table.item(0, UNIT_PRICE).setText(str(price * Decimal("0.9")))
        changed = (editor.changes()[0], editor.table.item(0, UNIT_PRICE).toolTip(), editor.matching())
        total = editor.schedule().total
        panel.submit.click()
        panel.again.click()
        return before, changed, total, asked, editor.schedule()

    before, changed, total, asked, after = show(run, tmp_path, use)
    price = bid_price()
    assert before == (price, {""}, True, False)
    assert changed[0] == "−10.00%"
    assert changed[1].startswith("投标单价 ")
    assert changed[2]
    cut = (price.items[0].quantity * price.items[0].unit_price) / 10
    assert total == price.total - cut
    assert isinstance(asked[0], Sure)
    assert isinstance(asked[0].then, SubmitQuote)
    quoted = asked[0].then.price
    assert quoted.total == total == sum(item.total for item in quoted.items)
    same = {"origin", "brand", "core", "name", "unit"}
    assert [[getattr(a, f) for f in same] for a in quoted.items] == [[getattr(a, f) for f in same] for a in price.items]
    assert after == price


def test_a_quote_is_sealed_only_when_words_figures_and_lines_agree(run: Any, tmp_path: Path) -> None:
    def use(panel: Any, asked: list[object]) -> Any:
        editor, price, states = panel.editor, bid_price(), []
        editor.words.setText("壹元整")
        states.append(panel.submit.isEnabled())
        editor.words.setText(price.total_words)
        states.append(panel.submit.isEnabled())
        editor.total.setText(str(price.total - 1))
        states.append(panel.submit.isEnabled())
        editor.total.setText("99999999999")
        return states, panel._versus.text()

    states, said = show(run, tmp_path, use)
    assert states == [False, True, False]
    assert "超过最高限价" in said


def test_what_was_typed_outlives_the_window_and_goes_with_the_phase(run: Any, tmp_path: Path) -> None:
    def type_it(panel: Any, asked: list[object]) -> None:
        panel.editor.table.item(0, QUANTITY).setText("3")
        panel.hide()

    show(run, tmp_path, type_it)
    quantity, said = show(
        run, tmp_path, lambda panel, asked: (panel.editor.schedule().items[0].quantity, panel.editor.changes()[0])
    )
    assert quantity == 3
    assert said == f"数量原 {bid_price().items[0].quantity.normalize():f}"
    assert list(tmp_path.iterdir())
    played = play("talks", METHOD)  # any phase but quoting: nothing of it stays on the disk
    me = list(played.speaker.values())[-1]
    context = StepContext(ManualClock(played.now), AsyncBridge(lambda error: None), None, tmp_path)  # type: ignore[arg-type]
    panel = SupplierEvaluationPanel(context)
    panel.show_snapshot(StepFacts(played.seen_by(me)[0], me))
    assert not list(tmp_path.iterdir())
    panel.deleteLater()


def test_without_the_own_bid_the_lines_are_filled_in_by_hand(run: Any, tmp_path: Path) -> None:
    said = show(run, tmp_path, lambda panel, asked: (panel.note.text(), panel.submit.isEnabled()), lost=True)
    assert said == ("没有取到您的投标报价，请逐项填写。", False)


def test_lines_added_taken_out_and_renamed_are_told(qtbot: Any) -> None:
    editor = PriceEditor()
    qtbot.addWidget(editor)
    price = bid_price()
    editor.fill(price)
    editor.compare_with(price)
    assert set(editor.changes()) == {""}
    editor.table.selectRow(0)
    editor._remove_row()
    editor.add_row(("驻场人员", "2", "人", "5000"))
    assert editor.changes()[-1] == "新增"
    assert editor._gone.text() == f"已去掉：{price.items[0].name}"
    lines = editor.sum_of_lines()
    assert lines == price.total - price.items[0].total + 10000
    assert editor.total.text() == str(lines)
    assert not editor.table.isColumnHidden(CHANGE)


def test_a_total_of_ones_own_is_left_alone(qtbot: Any) -> None:
    editor = PriceEditor()
    qtbot.addWidget(editor)
    price = msgspec.structs.replace(bid_price(), total=Decimal("1.00"), total_words="壹元整")
    editor.fill(price)
    editor.table.item(0, QUANTITY).setText("7")
    assert editor.total.text() == "1.00"


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [("100", "90", "−10.00%"), ("3", "4", "+33.33%"), ("0", "4", "有改动"), ("200", "199.99", "−0.01%")],
)
def test_percents_are_rounded_by_half_up(before: str, now: str, said: str) -> None:
    assert percent_text(Decimal(before), Decimal(now)) == said
