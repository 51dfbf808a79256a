"""docs/session.md says what the tables in the code say; links and file names in the documents lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`((?:app|docs|tests|benchmarks|resources|requirements|packaging)/[\w./-]+\.\w+)`")


def test_the_session_page_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, ROOT / "docs" / "make_session.py", "--check"], check=False)
    assert done.returncode == 0, "run .venv/bin/python docs/make_session.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    named = [page.parent / link for link in LINK.findall(text) if "://" not in link]
    named += [ROOT / name for name in CODE.findall(text)]
    missing = [str(path) for path in named if not path.exists()]
    assert not missing


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    listed = {(ROOT / "docs" / link).resolve() for link in LINK.findall(index) if "://" not in link}
    assert {page.resolve() for page in ROOT.glob("docs/**/*.md")} - {ROOT / "docs" / "README.md"} <= listed


NAMED = re.compile(r"`([\w./]+\.py)(?:: (\w+))?`")


@pytest.mark.parametrize("page", [ROOT / "docs" / "architecture.md", *(ROOT / "docs" / "adr").glob("*.md")], ids=str)
def test_walks_name_files_and_functions_that_are_there(page: Path) -> None:
    """``room.py: act`` means: a file of that name, and in it a function or class of that name."""
    sources = [path for folder in ("app", "docs", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    wrong = []
    for name, member in NAMED.findall(page.read_text("utf-8")):
        found = [path for path in sources if path.as_posix().endswith("/" + name)]
        if not any(not member or re.search(rf"(def|class) {member}\b", path.read_text("utf-8")) for path in found):
            wrong.append(f"{name}: {member}")
    assert not wrong
