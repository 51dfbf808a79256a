import ast
import re
from pathlib import Path

from PySide6.QtWidgets import QLabel

import app.ui
from app.ui.i18n import Language, catalogue, set_language, tr
from app.ui.view import View, column

UI = Path(app.ui.__file__).parent
HAN = re.compile(r"[\u4e00-\u9fff]")
FIELD = re.compile(r"\{(\w+)[^}]*\}")


def chinese_texts() -> dict[str, str]:
    """Every Chinese string in the desk's code that is no docstring, with the place where it stands."""
    found: dict[str, str] = {}
    for path in sorted(UI.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in skipped:
                continue
            if HAN.search(node.value):
                found[node.value] = f"{path.relative_to(UI)}:{node.lineno}"
    return found


def test_every_text_has_its_english() -> None:
    missing = [f"{place} {text}" for text, place in chinese_texts().items() if text not in catalogue()]
    assert missing == []


def test_no_english_without_a_text() -> None:
    texts = chinese_texts()
    assert [source for source in catalogue() if HAN.search(source) and source not in texts] == []


def test_both_languages_have_the_same_fields() -> None:
    wrong = {s: e for s, e in catalogue().items() if set(FIELD.findall(s)) != set(FIELD.findall(e))}
    assert wrong == {}


def test_facts_are_filled_in_both_languages(qapp: object) -> None:
    assert tr("第 {page} / {total} 页", page=2, total=5) == "第 2 / 5 页"
    set_language(Language.ENGLISH)
    assert tr("第 {page} / {total} 页", page=2, total=5) == "Page 2 of 5"


class _Greeting(View):
    def __init__(self) -> None:
        super().__init__()
        self.word, self.count = QLabel(), QLabel()
        self.say(self.word.setText, "取消")
        self.setLayout(column(self.word, self.count))
        self.retranslate()

    def retranslate(self) -> None:
        self.count.setText(tr("发现 {count} 个问题", count=3))


def test_an_open_window_changes_its_language(qtbot: object) -> None:
    greeting = _Greeting()
    qtbot.addWidget(greeting)  # type: ignore[attr-defined]
    outer = View()
    qtbot.addWidget(outer)  # type: ignore[attr-defined]
    outer.setLayout(column(greeting))
    set_language(Language.ENGLISH)
    assert (greeting.word.text(), greeting.count.text()) == ("Cancel", "3 problems")
    set_language(Language.CHINESE)
    assert (greeting.word.text(), greeting.count.text()) == ("取消", "发现 3 个问题")
