"""The threat model names the tests that show each defence: they exist, and no threat is without its answer."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)
THREAT = re.compile(r"^- \*\*(\d\.\d) .*?(?=^- |^#|\Z)", re.M | re.S)
ADVERSARIES = ["S", "SS", "A", "O", "V", "N", "T", "H", "C", "M"]


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def matrix() -> dict[str, list[str]]:
    """The cells of each step."""
    rows = [line for line in PAGE.splitlines() if re.match(r"\| \d ", line)]
    return {row.split("|")[1].strip(): [cell.strip() for cell in row.split("|")[2:-1]] for row in rows}


def test_every_named_test_exists() -> None:
    assert len(NAMED) > 50
    assert [path for path, _ in NAMED if not (ROOT / path).is_file()] == []
    assert [f"{path}::{name}" for path, name in NAMED if name and name not in names_in(path)] == []


def test_every_step_is_looked_at_with_every_adversary() -> None:
    head = next(line for line in PAGE.splitlines() if line.startswith("| step |"))
    assert [cell.strip() for cell in head.split("|")[2:-1]] == ADVERSARIES
    assert len(matrix()) == 9
    assert {step: len(cells) for step, cells in matrix().items() if len(cells) != len(ADVERSARIES)} == {}


def test_the_table_and_the_list_name_the_same_threats() -> None:
    in_table = {number for cells in matrix().values() for cell in cells for number in cell.split() if number != "–"}
    in_list = [found[1] for found in THREAT.finditer(PAGE)]
    assert len(in_list) == len(set(in_list))
    assert in_table == set(in_list)


def test_every_threat_says_how_it_is_answered_and_what_shows_it() -> None:
    for found in THREAT.finditer(PAGE):
        text = found[0]
        assert re.search(r"\*(Prevented|Detected|Recorded|Not answered)\*", text, re.I), found[1]
        assert "`tests/" in text, found[1]
