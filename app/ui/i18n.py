"""Two languages, switched while the program runs.

The source text in code is Simplified Chinese; ``resources/i18n/en/*.json`` map each source text to English (one file
an area of the desk). Text with facts uses ``{name}`` fields in both. A plain table was chosen over ``.qm`` files
because it needs no build step, reads well in review, and a test can hold code and table together
(``tests/ui/test_i18n.py``). Qt's own texts (file dialog, context menus) come from Qt's catalogue.
"""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache

from PySide6.QtCore import QEvent, QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from app.settings import RESOURCES

Fact = str | int | bool | None


class Language(StrEnum):
    """Languages of the desk."""

    CHINESE = "zh"
    ENGLISH = "en"


class _State:
    language = Language.CHINESE
    qt_translator: QTranslator | None = None


def language() -> Language:
    """The language shown now."""
    return _State.language


@cache
def catalogue() -> Mapping[str, str]:
    """Chinese source text to English."""
    table: dict[str, str] = {}
    for path in sorted((RESOURCES / "i18n" / "en").glob("*.json")):
        table.update(json.loads(path.read_text("utf-8")))
    return table


def tr(source: str, /, **facts: Fact) -> str:
    """``source`` in the language shown now, its ``{name}`` fields filled from ``facts``."""
    text = source if _State.language is Language.CHINESE else catalogue().get(source, source)
    return text.format(**facts) if facts else text


def capital(text: str) -> str:
    """A word that stands alone (a chip, a tab, a choice): in English it begins with a capital."""
    return text if _State.language is Language.CHINESE else text[:1].upper() + text[1:]


def set_language(chosen: Language) -> None:
    """Switch every open window to ``chosen``: widgets get QEvent.LanguageChange and say their texts again."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    _State.language = chosen
    if _State.qt_translator is not None:
        app.removeTranslator(_State.qt_translator)
        _State.qt_translator = None
    locale = QLocale("zh_CN" if chosen is Language.CHINESE else "en_US")
    QLocale.setDefault(locale)
    translator = QTranslator(app)
    if chosen is Language.CHINESE and translator.load(
        "qt_zh_CN", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    ):
        app.installTranslator(translator)
        _State.qt_translator = translator
    for widget in QApplication.topLevelWidgets():
        QApplication.sendEvent(widget, QEvent(QEvent.Type.LanguageChange))


class Sayings:
    """The static texts of one view: said once, and again when the language changes."""

    def __init__(self) -> None:
        self._said: list[tuple[Callable[[str], object], str]] = []

    def say(self, setter: Callable[[str], object], source: str) -> None:
        """Call ``setter`` with ``source`` translated, now and after every change of language."""
        self._said.append((setter, source))
        setter(tr(source))

    def again(self) -> None:
        for setter, source in self._said:
            setter(tr(source))
