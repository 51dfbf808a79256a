"""银发〔1997〕393号: amounts in words."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from app.procurement.capital_amount import from_words, to_words

AMOUNTS = st.integers(0, 10**18 - 1).map(lambda fen: Decimal(fen) / 100) | st.lists(
    st.sampled_from("0000000123456789"), min_size=1, max_size=18
).map(lambda digits: Decimal(int("".join(digits))) / 100)


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        # the examples of the rule itself
        ("1409.50", "壹仟肆佰零玖元伍角整"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("0", "零元整"),
        ("0.05", "伍分"),
        ("10", "壹拾元整"),
        ("100000000", "壹亿元整"),
        ("1000100000000", "壹万零壹亿元整"),
        ("20000000.05", "贰仟万元零伍分"),
    ],
)
def test_amounts_are_written_as_the_rule_writes_them(amount: str, words: str) -> None:
    assert to_words(Decimal(amount)) == words
    assert from_words(words) == Decimal(amount)


@pytest.mark.parametrize(
    ("words", "amount"),
    [
        ("人民币壹佰元正", "100"),
        ("人民币：壹佰圆整", "100"),
        ("壹仟陆佰捌拾元零叁角贰分", "1680.32"),
        ("壹拾万零柒仟元零伍角叁分", "107000.53"),
        ("拾万元整", "100000"),
        ("二百二十五万一千元整", "2251000"),
        ("壹佰元", "100"),
        ("貳佰萬圓整", "2000000"),
        ("贰佰 万元整", "2000000"),
    ],
)
def test_other_accepted_forms_are_read(words: str, amount: str) -> None:
    assert from_words(words) == Decimal(amount)


@pytest.mark.parametrize(
    "words",
    ["", "元整", "100元整", "壹佰", "壹壹元整", "壹万万元整", "伍分叁角", "壹角元", "甲元整", "拾拾元整",
     "壹佰元整元整", "壹仟万亿万元整", "零", "壹" * 61],
)  # fmt: skip
def test_what_names_no_single_amount_is_refused(words: str) -> None:
    with pytest.raises(InputError) as caught:
        from_words(words)
    assert caught.value.code == "amount.words_unreadable"


@pytest.mark.parametrize("amount", ["-1", "0.001", "NaN", "Infinity", "10000000000000000"])
def test_what_cannot_be_written_is_refused(amount: str) -> None:
    with pytest.raises(InputError) as caught:
        to_words(Decimal(amount))
    assert caught.value.code == "amount.not_writable"


@given(AMOUNTS)
def test_what_is_written_is_read_back(amount: Decimal) -> None:
    words = to_words(amount)
    assert from_words(words) == amount
    assert "零零" not in words
    assert words.endswith(("整", "分"))


@given(AMOUNTS, AMOUNTS)
def test_two_amounts_never_share_their_words(first: Decimal, second: Decimal) -> None:
    assert (to_words(first) == to_words(second)) == (first == second)


@given(st.text(alphabet="零壹贰叁肆伍陆柒捌玖拾佰仟万亿元角分整人民币圆正", max_size=14))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        amount = from_words(text)
    except InputError:
        return
    assert from_words(to_words(amount)) == amount
