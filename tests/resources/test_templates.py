"""The templates stand alone: one per kind of document, nothing fetched, no typeface but the bundled one."""

import re

import pytest

from app.ca.typeface import REGULAR, SEMIBOLD, printable
from app.session.document_editions import CURRENT, EDITIONS, folder_of
from app.session.documents_data import DocumentKind
from app.settings import RESOURCES

FILES = sorted([*EDITIONS.glob("*/*.typ"), *(RESOURCES / "templates").glob("*.typ")])


@pytest.mark.parametrize("edition", range(1, CURRENT + 1))
def test_every_edition_has_every_kind_and_the_words(edition: int) -> None:
    folder = folder_of(edition)
    assert {kind.value for kind in DocumentKind} | {"base"} == {path.stem for path in folder.glob("*.typ")}
    assert (folder / "words.json").is_file()


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_nothing_is_fetched_and_one_typeface_is_used(path: object) -> None:
    source = path.read_text("utf-8")  # type: ignore[attr-defined]
    assert "@" not in re.sub(r"//.*", "", source)  # no packages
    assert set(re.findall(r"#import \"([^\"]+)\"", source)) <= {"base.typ"}
    assert set(re.findall(r"font: \"([^\"]+)\"", source)) <= {"Noto Sans SC"}
    assert printable(source.replace("\t", " ")) == source


def test_the_typefaces_are_bundled() -> None:
    assert REGULAR.stat().st_size > 1_000_000
    assert SEMIBOLD.stat().st_size > 1_000_000
