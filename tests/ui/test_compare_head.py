"""Two people compare their records: the same code, another record, another number of entries."""

import hashlib

import pytest
from pytestqt.qtbot import QtBot

from app.session.head_code import head_code
from app.ui.dialogs.compare_head import CompareHeadDialog


def root(size: int) -> str:
    return hashlib.sha256(str(size).encode()).hexdigest()


@pytest.fixture
def told() -> list[tuple[str, int]]:
    return []


@pytest.fixture
def dialog(qtbot: QtBot, told: list[tuple[str, int]]) -> CompareHeadDialog:
    made = CompareHeadDialog(40, root, lambda text, size: told.append((text, size)))
    qtbot.addWidget(made)
    return made


def test_the_same_record(dialog: CompareHeadDialog, told: list[tuple[str, int]]) -> None:
    assert dialog.code() == head_code(40, root(40))
    dialog.type_other(head_code(40, root(40)))
    dialog.press()
    assert "一致" in dialog.verdict()
    assert "不" not in dialog.verdict()
    assert told == []


def test_another_record_is_told(dialog: CompareHeadDialog, told: list[tuple[str, int]]) -> None:
    other = head_code(40, root(41))
    dialog.type_other(other)
    dialog.press()
    assert "不一致" in dialog.verdict()
    assert told == [(other, 40)]


@pytest.mark.parametrize("text", [f"39:{root(39)}", "", "12"])
def test_what_cannot_be_compared_is_said(dialog: CompareHeadDialog, told: list[tuple[str, int]], text: str) -> None:
    dialog.type_other(text)
    dialog.press()
    assert dialog.verdict()
    assert told == []
