"""Every problem that a verification can name has its sentence, in Chinese and English."""

import ast
import re
from pathlib import Path

import app
from app.cli import texts

ROOT = Path(app.__file__).parent
CODE = re.compile(r"[a-z]+(?:_[a-z]+)*\.[a-z_.]+")
NAMING = ("failed", "unsure", "Part", "Finding")
PASSING = (".ok", "time.stamped", "time.document_stamped", "identity.bound_by_record")


def problems() -> dict[str, set[str]]:
    """Code → the files that name it as what is wrong, or as what cannot be told."""
    found: dict[str, set[str]] = {}
    paths = [*(ROOT / "record").glob("*.py"), *(ROOT / "ca").glob("*.py"), *(ROOT / "session").glob("replay*.py")]
    for path in paths:
        if path.name == "bidverify.py":  # stands alone, with its own words
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name not in NAMING:
                continue
            for value in [*node.args[:3], *(keyword.value for keyword in node.keywords if keyword.arg == "problem")]:
                for constant in ast.walk(value):
                    if isinstance(constant, ast.Constant) and CODE.fullmatch(str(constant.value)):
                        found.setdefault(str(constant.value), set()).add(path.name)
    return found


def test_the_codes_are_found() -> None:
    assert len(problems()) > 70


def test_every_problem_has_a_sentence_of_its_own() -> None:
    table = texts._table("verification")["problems"]
    errors = texts._table("errors")
    silent = {
        code: files for code, files in problems().items() if code not in table and code not in errors
        and not code.endswith(PASSING)
    }  # fmt: skip
    assert silent == {}
    assert [code for code, said in table.items() if not (said["zh"] and said["en"])] == []
