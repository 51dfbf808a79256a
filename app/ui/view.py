"""What all widgets and screens share: a layout in one line, texts that follow the language, styles by property."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QLayout, QSizePolicy, QVBoxLayout, QWidget

from app.ui.i18n import Sayings

Item = QWidget | QLayout | int | None
AnyBox = TypeVar("AnyBox", bound=QBoxLayout)


class View(QWidget):
    """A widget whose texts follow the language.

    Static texts go through :meth:`say`; whatever depends on a snapshot is shown again by :meth:`retranslate`, which
    a subclass overrides. Neither is called before the subclass has built itself.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sayings = Sayings()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

    def say(self, setter: Callable[[str], object], source: str) -> None:
        """Give ``setter`` the text now and after every change of language."""
        self._sayings.say(setter, source)

    def retranslate(self) -> None:
        """Show again what depends on the language and is not said by :meth:`say`."""

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.LanguageChange:
            self._sayings.again()
            self.retranslate()
        super().changeEvent(event)


def label(style: str = "body", text: str = "", *, wrap: bool = False, selectable: bool = False) -> QLabel:
    """A label of the type scale; ``style`` is a ``kind`` property of the style sheet."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("kind", style)
    made.setWordWrap(wrap)
    if selectable:
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


def restyle(widget: QWidget, name: str, value: object) -> None:
    """Change a style property and let the style sheet see it."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def row(*items: Item, spacing: int = 8, margins: tuple[int, int, int, int] = (0, 0, 0, 0)) -> QHBoxLayout:
    """Items side by side; ``None`` is a stretch, a number a fixed gap."""
    return _fill(QHBoxLayout(), items, spacing, margins)


def column(*items: Item, spacing: int = 8, margins: tuple[int, int, int, int] = (0, 0, 0, 0)) -> QVBoxLayout:
    """Items below each other; ``None`` is a stretch, a number a fixed gap."""
    return _fill(QVBoxLayout(), items, spacing, margins)


def rule() -> QFrame:
    """A one pixel line across."""
    made = QFrame()
    made.setProperty("role", "rule")
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return made


def clear(layout: QLayout) -> None:
    """Take everything out of ``layout``; the widgets are deleted."""
    while (item := layout.takeAt(0)) is not None:
        if (inner := item.layout()) is not None:
            clear(inner)
        if (widget := item.widget()) is not None:
            widget.setParent(None)
            widget.deleteLater()


def _fill(layout: AnyBox, items: Iterable[Item], spacing: int, margins: tuple[int, int, int, int]) -> AnyBox:
    layout.setSpacing(spacing)
    layout.setContentsMargins(*margins)
    for item in items:
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, int):
            layout.addSpacing(item)
        elif isinstance(item, QWidget):
            layout.addWidget(item)
        else:
            layout.addLayout(item)
    return layout
