import re
from pathlib import Path

import pytest
from PySide6.QtGui import QFontMetrics, QPalette
from PySide6.QtWidgets import QApplication

import app.ui
from app.ui.fonts import font
from app.ui.stylesheet import stylesheet
from app.ui.theme import DARK, LIGHT, ThemeChoice, Tokens, theme

UI = Path(app.ui.__file__).parent


def luminance(shade: str) -> float:
    parts = [int(shade[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("tokens", [LIGHT, DARK])
def test_what_must_be_read_has_contrast(tokens: Tokens) -> None:
    pairs = [
        (tokens.text, tokens.surface), (tokens.text, tokens.bg), (tokens.text2, tokens.surface),
        (tokens.primary, tokens.surface), (tokens.on_primary, tokens.primary), (tokens.ok, tokens.ok_soft),
        (tokens.warn, tokens.warn_soft), (tokens.bad, tokens.bad_soft), (tokens.primary, tokens.primary_soft),
        (tokens.text2, tokens.neutral_soft), (tokens.bad, tokens.surface), (tokens.record, tokens.surface),
    ]  # fmt: skip
    assert [pair for pair in pairs if contrast(*pair) < 4.5] == []


def test_style_sheet_names_every_token_it_uses() -> None:
    assert "$" not in stylesheet(LIGHT.as_dict())
    with pytest.raises(KeyError):
        stylesheet({"bg": "#000000"})


def test_switching_at_run_time_changes_palette_and_tells(qtbot: object) -> None:
    told: list[bool] = []
    theme().changed.connect(lambda: told.append(theme().dark))
    theme().apply(ThemeChoice.DARK)
    assert QApplication.palette().color(QPalette.ColorRole.Window).name().upper() == DARK.bg
    theme().apply(ThemeChoice.LIGHT)
    assert QApplication.palette().color(QPalette.ColorRole.Window).name().upper() == LIGHT.bg
    assert told == [True, False]


def test_figures_are_tabular(qapp: object) -> None:
    for bold in (False, True):
        metrics = QFontMetrics(font(14, bold))
        assert len({metrics.horizontalAdvance(digit * 10) for digit in "0123456789"}) == 1


def test_colours_are_written_in_the_theme_only() -> None:
    strangers = [
        f"{path.name}: {found}"
        for path in UI.rglob("*.py")
        if path.name != "theme.py"
        for found in re.findall(r"#[0-9A-Fa-f]{6}\b", path.read_text("utf-8"))
    ]
    assert strangers == []
