"""Every code that is raised anywhere has its own sentence: what is wrong, and what to do."""

import ast
import re
from pathlib import Path

import pytest

import app
from app.ui import texts

ROOT = Path(app.__file__).parent
CODE = re.compile(r"[a-z_]+\.[a-z_0-9.]+")
RAISED = ("InputError", "FaultError", "Refused", "BidroomError")
SELF_CONTAINED = "bidverify.py"  # stands alone, with its own words
SAID_BY_FAMILY = ("gate", "release", "kit", "document", "method", "case", "record")
"""Families whose one advice fits each of their codes: complete what is missing, wait for the step, tell the officer."""


def raised() -> dict[str, set[str]]:
    """Code → the files that raise it."""
    found: dict[str, set[str]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        if path.name == SELF_CONTAINED:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name not in RAISED:
                continue
            for constant in ast.walk(node.args[0]):
                if isinstance(constant, ast.Constant) and CODE.fullmatch(str(constant.value)):
                    found.setdefault(str(constant.value), set()).add(path.relative_to(ROOT).as_posix())
    return found


def test_the_codes_are_found() -> None:
    codes = raised()
    assert len(codes) > 400
    assert "session/signin.py" in codes["sign_in.code_expired"]


def test_every_code_says_what_is_wrong() -> None:
    table = texts.table("errors")
    assert {code: sorted(files) for code, files in raised().items() if code not in table} == {}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_code_says_what_to_do(language: str) -> None:
    table = texts.table("errors")
    silent = [
        code
        for code in raised()
        if code.split(".")[0] not in SAID_BY_FAMILY and not table.get(code, {}).get(language, {}).get("do")
    ]
    assert sorted(silent) == []
