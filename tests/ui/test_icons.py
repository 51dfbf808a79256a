import re
from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QColor

from app.errors import FaultError
from app.settings import RESOURCES
from app.ui.icons import IconLabel, pixmap
from app.ui.theme import DARK, LIGHT, ThemeChoice, theme

FILES = sorted((RESOURCES / "icons").glob("*.svg"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_drawn_to_the_same_stroke_and_colourless(path: object) -> None:
    text = path.read_text("utf-8")  # type: ignore[attr-defined]
    root = ElementTree.fromstring(text)
    assert (root.get("viewBox"), root.get("stroke-width"), root.get("stroke")) == ("0 0 24 24", "1.75", "currentColor")
    assert not re.search(r"#[0-9a-fA-F]{3}|rgb\(", text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_something_is_drawn(qapp: object, path: object) -> None:
    image = pixmap(path.stem, 24, "text").toImage()  # type: ignore[attr-defined]
    assert any(image.pixelColor(x, y).alpha() > 100 for x in range(24) for y in range(24))


def _ink(label: IconLabel) -> QColor:
    image = label.pixmap().toImage()
    return max((image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())), key=QColor.alpha)


def test_follows_the_theme(qtbot: object) -> None:
    label = IconLabel("stop", "text", 24)
    qtbot.addWidget(label)  # type: ignore[attr-defined]
    assert _ink(label).name().upper() == LIGHT.text
    theme().apply(ThemeChoice.DARK)
    assert _ink(label).name().upper() == DARK.text


def test_unknown_icon_is_a_fault(qapp: object) -> None:
    with pytest.raises(FaultError, match="icon_missing"):
        pixmap("no-such-icon", 24, "text")
