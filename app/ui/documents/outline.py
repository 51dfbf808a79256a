"""目录: the bookmarks of a document beside its pages."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from app.ui.documents.wire import Heading

INDENT = "　"


class OutlineList(QListWidget):
    """Headings, indented by level; a click or Enter goes there.

    Signals:
        chosen(int): go to this page (from 0).
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._headings: tuple[Heading, ...] = ()
        self.setFixedWidth(200)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.itemClicked.connect(self._go)

    def show_headings(self, headings: tuple[Heading, ...]) -> None:
        """Another document's."""
        self.clear()
        self._headings = headings
        for heading in headings:
            item = QListWidgetItem(INDENT * heading.level + heading.title)
            item.setToolTip(f"{heading.title}　{heading.page + 1}")
            self.addItem(item)

    def headings(self) -> tuple[Heading, ...]:
        """What is shown."""
        return self._headings

    def show_page(self, page: int) -> None:
        """Mark the heading under which ``page`` stands."""
        before = [number for number, heading in enumerate(self._headings) if heading.page <= page]
        here = self.currentRow()
        if before and not (0 <= here < len(self._headings) and self._headings[here].page == page):
            self.setCurrentRow(before[-1])

    def page_of(self, words: str) -> int | None:
        """The page of the first heading that has ``words`` in it, spaces aside."""
        wanted = "".join(words.split())
        return next((h.page for h in self._headings if wanted and wanted in "".join(h.title.split())), None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._go()
            return
        super().keyPressEvent(event)

    def _go(self, _item: object = None) -> None:
        if 0 <= self.currentRow() < len(self._headings):
            self.chosen.emit(self._headings[self.currentRow()].page)
