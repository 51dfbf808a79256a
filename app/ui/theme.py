"""Colours and sizes of the desk as tokens (UI.md): one light and one dark set, switched while the program runs."""

from dataclasses import dataclass, fields
from enum import StrEnum

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from app.ui.fonts import install_fonts
from app.ui.stylesheet import stylesheet


class ThemeChoice(StrEnum):
    """What the person chose in the settings."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class Tokens:
    """Every colour of the desk as ``#RRGGBB``; no other colour is written down anywhere in ui/."""

    bg: str
    surface: str
    line: str
    strong_line: str
    text: str
    text2: str
    text3: str
    primary: str
    primary_soft: str
    primary_hover: str
    on_primary: str
    ok: str
    ok_soft: str
    warn: str
    warn_soft: str
    bad: str
    bad_soft: str
    hover: str
    neutral_soft: str
    page_back: str
    record: str
    tile_from: str
    tile_to: str

    def as_dict(self) -> dict[str, str]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


LIGHT = Tokens(
    bg="#F4F6F9",
    surface="#FFFFFF",
    line="#E1E6ED",
    strong_line="#CBD3DE",
    text="#17202E",
    text2="#56637A",
    text3="#8592A6",
    primary="#1A56C4",
    primary_soft="#E8F0FE",
    primary_hover="#164AAB",
    on_primary="#FFFFFF",
    ok="#12784A",
    ok_soft="#E3F5EC",
    warn="#9A5B00",
    warn_soft="#FFF3DC",
    bad="#B42318",
    bad_soft="#FDECEA",
    hover="#F0F3F8",
    neutral_soft="#EEF1F5",
    page_back="#DFE4EB",
    record="#D92D20",
    tile_from="#343E4B",
    tile_to="#1B222C",
)

DARK = Tokens(
    bg="#10151D",
    surface="#171E29",
    line="#263142",
    strong_line="#35435A",
    text="#E8EDF5",
    text2="#A3B0C5",
    text3="#72809A",
    primary="#6EA2FF",
    primary_soft="#1B2B49",
    primary_hover="#8BB4FF",
    on_primary="#0B1220",
    ok="#4CC38A",
    ok_soft="#13301F",
    warn="#F5B54A",
    warn_soft="#33260D",
    bad="#FF8A80",
    bad_soft="#3A1A18",
    hover="#1E2735",
    neutral_soft="#212A38",
    page_back="#0B0F15",
    record="#FF5A4F",
    tile_from="#2A3341",
    tile_to="#141A23",
)


class Theme(QObject):
    """The theme of the running program.

    Signals:
        changed(): the tokens are others; style sheet and palette are already applied.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.tokens = LIGHT
        self.choice = ThemeChoice.SYSTEM

    @property
    def dark(self) -> bool:
        return self.tokens is DARK

    def apply(self, choice: ThemeChoice) -> None:
        """Dress the application; may be called any number of times."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        self.choice = choice
        self.tokens = DARK if choice is ThemeChoice.DARK or (choice is ThemeChoice.SYSTEM and _system_dark()) else LIGHT
        if app.style().objectName().lower() != "fusion":
            app.setStyle(QStyleFactory.create("Fusion"))
        install_fonts(app)
        app.setPalette(_palette(self.tokens))
        app.setStyleSheet(stylesheet(self.tokens.as_dict()))
        self.changed.emit()


_theme: Theme | None = None


def theme() -> Theme:
    """The one theme of this process; made at first use."""
    global _theme
    if _theme is None:
        _theme = Theme()
    return _theme


def tokens() -> Tokens:
    """The tokens in force now; painting code asks every time it paints."""
    return theme().tokens


def color(name: str, alpha: float = 1.0) -> QColor:
    """A token as a colour with ``alpha`` between 0 and 1."""
    value = QColor(getattr(tokens(), name))
    value.setAlphaF(alpha)
    return value


def _system_dark() -> bool:
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


def _palette(t: Tokens) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for where, value in {
        role.Window: t.bg,
        role.WindowText: t.text,
        role.Base: t.surface,
        role.AlternateBase: t.hover,
        role.Text: t.text,
        role.Button: t.surface,
        role.ButtonText: t.text,
        role.BrightText: t.bad,
        role.Highlight: t.primary,
        role.HighlightedText: t.on_primary,
        role.Link: t.primary,
        role.LinkVisited: t.primary,
        role.ToolTipBase: t.surface,
        role.ToolTipText: t.text,
        role.PlaceholderText: t.text3,
        role.Accent: t.primary,
        role.Mid: t.strong_line,
        role.Midlight: t.line,
        role.Light: t.surface,
        role.Dark: t.strong_line,
    }.items():
        palette.setColor(where, QColor(value))
    for where in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, where, QColor(t.text3))
    return palette
