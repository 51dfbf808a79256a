"""The head of a panel: words at the left, buttons at the right; below each other where the width does not hold both."""

from PySide6.QtCore import QRect, QSize
from PySide6.QtWidgets import QLayout, QLayoutItem


class HeadLayout(QLayout):
    """Lays out two layouts; takes no widgets of its own.

    ``words`` may shrink down to ``least`` pixels before the buttons go below.
    """

    def __init__(self, words: QLayout, buttons: QLayout, *, least: int = 240, spacing: int = 12) -> None:
        super().__init__()
        self._words, self._buttons, self._least, self._gap = words, buttons, least, spacing
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        for part in (words, buttons):
            self.addChildLayout(part)
            self._items.append(part)

    def addItem(self, item: QLayoutItem) -> None:
        raise TypeError("a head has its two parts")

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def sizeHint(self) -> QSize:
        words, buttons = self._words.sizeHint(), self._buttons.sizeHint()
        gap = self._gap if buttons.width() else 0
        return QSize(words.width() + gap + buttons.width(), max(words.height(), buttons.height()))

    def minimumSize(self) -> QSize:
        words, buttons = self._words.minimumSize(), self._buttons.minimumSize()
        return QSize(max(words.width(), buttons.width()), max(words.height(), buttons.height()))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        words, buttons = self._words.sizeHint().height(), self._buttons.sizeHint().height()
        return max(words, buttons) if self._side_by_side(width) else words + self._gap // 2 + buttons

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        words, buttons = self._words.sizeHint(), self._buttons.sizeHint()
        if self._side_by_side(rect.width()):
            width = min(buttons.width(), rect.width())
            gap = self._gap if width else 0
            self._words.setGeometry(QRect(rect.x(), rect.y(), rect.width() - width - gap, rect.height()))
            self._buttons.setGeometry(QRect(rect.right() + 1 - width, rect.y(), width, rect.height()))
            return
        width = min(buttons.width(), rect.width())
        self._words.setGeometry(QRect(rect.x(), rect.y(), rect.width(), words.height()))
        top = rect.y() + words.height() + self._gap // 2
        self._buttons.setGeometry(QRect(rect.right() + 1 - width, top, width, buttons.height()))

    def _side_by_side(self, width: int) -> bool:
        words, buttons = self._words, self._buttons.sizeHint().width()
        least = max(words.minimumSize().width(), min(words.sizeHint().width(), self._least))
        return not buttons or least + self._gap + buttons <= width
