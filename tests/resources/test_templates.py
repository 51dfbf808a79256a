"""The templates stand alone: one per kind of document, nothing fetched, no typeface but the bundled one."""

import re

import pytest

from app.ca.typeface import REGULAR, SEMIBOLD, printable
from app.session.documents import TEMPLATES
from app.session.documents_data import DocumentKind

FILES = sorted(TEMPLATES.glob("*.typ"))


def test_every_kind_has_a_template() -> None:
    others = {"base", "signature_text", "recovery_share"}  # the last one is the supplier's own page, of no case
    assert {kind.value for kind in DocumentKind} | others == {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_fetched_and_one_typeface_is_used(path: object) -> None:
    source = path.read_text("utf-8")  # type: ignore[attr-defined]
    assert "@" not in re.sub(r"//.*", "", source)  # no packages
    assert set(re.findall(r"#import \"([^\"]+)\"", source)) <= {"base.typ"}
    assert set(re.findall(r"font: \"([^\"]+)\"", source)) <= {"Noto Sans SC"}
    assert printable(source.replace("\t", " ")) == source


def test_the_typefaces_are_bundled() -> None:
    assert REGULAR.stat().st_size > 1_000_000
    assert SEMIBOLD.stat().st_size > 1_000_000
