"""Pictures of the desk's own windows, for the demonstration and for looking at every screen."""

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QSize
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from app.errors import FaultError
from app.ui.i18n import Language, language, set_language
from app.ui.theme import ThemeChoice, theme

SIZES = (QSize(1280, 800), QSize(1920, 1080))


def grab(widget: QWidget, path: Path, size: QSize | None = None) -> Path:
    """Write ``widget`` as PNG; a window is first given ``size`` (dialogs keep their own).

    Raises:
        FaultError: ``desk.picture_not_written``.
    """
    if size is not None and not isinstance(widget, QDialog):
        widget.resize(size)
    settle()
    path.parent.mkdir(parents=True, exist_ok=True)
    if not widget.grab().save(str(path), "PNG"):
        raise FaultError("desk.picture_not_written", name=path.name)
    return path


def settle() -> None:
    """Let pending layouts, deletions and repaints happen."""
    for _ in range(3):
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def variants() -> Iterator[str]:
    """Go through both languages and both themes; yields ``zh_light`` … and ends as it began."""
    before = (language(), theme().choice)
    try:
        for spoken in Language:
            for dress in (ThemeChoice.LIGHT, ThemeChoice.DARK):
                set_language(spoken)
                theme().apply(dress)
                settle()
                yield f"{spoken.value}_{dress.value}"
    finally:
        set_language(before[0])
        theme().apply(before[1])


def grab_variants(widget: QWidget, folder: Path, name: str, size: QSize | None = None) -> list[Path]:
    """One picture in each language and theme, as ``NAME_zh_light.png`` …"""
    return [grab(widget, folder / f"{name}_{variant}.png", size) for variant in variants()]
