"""Reading a PDF: toolbar (contents, page number, zoom, search), pages, and what to say when it will not show.

Keys: ``Ctrl+F`` search, Enter the next place, ``Esc`` back to the pages.
"""

import asyncio
from pathlib import Path

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.errors import BidroomError
from app.ui import texts
from app.ui.async_bridge import AsyncBridge
from app.ui.documents.outline import OutlineList
from app.ui.documents.page_area import ZOOMS, Mark, PageArea
from app.ui.documents.renderer import PageRenderer
from app.ui.i18n import tr
from app.ui.view import View, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.elided import ElidedLabel
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.foldable import FoldableDetails


class DocumentViewer(View):
    """One document with its toolbar; a document that cannot be shown says so and why.

    Signals:
        shown(int): pages of a document now open.
        failed(str): the code of what went wrong.
        last_page_seen(): the end of the document has been in sight.
    """

    shown = Signal(int)
    failed = Signal(str)
    last_page_seen = Signal()

    def __init__(
        self, bridge: AsyncBridge, renderer: PageRenderer | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._renderer = renderer or PageRenderer()
        self._queue: list[int] = []
        self._drawing = False
        self._generation = 0
        self._count = 0
        self._error: BidroomError | None = None
        self.area = PageArea()
        self.area.wanted.connect(self._want)
        self.area.page_changed.connect(self._show_page)
        self._name = ElidedLabel("strong", middle=True)
        self._number = QLineEdit()
        self._number.setFixedWidth(56)
        self._number.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._number.returnPressed.connect(self._go)
        self._total, self._percent = label("second"), label("second")
        self._search = QLineEdit()
        self._search.setMaxLength(100)
        self._search.setMinimumWidth(80)
        self._search.setMaximumWidth(180)
        self._searched = ""
        self._marks: list[Mark] = []
        self._found: list[Mark] = []
        find = QShortcut(QKeySequence.StandardKey.Find, self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self._start_search)
        self.contents = Button("small", "document")
        self.contents.setCheckable(True)
        self.contents.hide()
        self.say(self.contents.setToolTip, "目录")
        self.say(self.contents.setAccessibleName, "目录")
        self.outline = OutlineList()
        self.outline.hide()
        self.outline.chosen.connect(self.area.go_to)
        self.contents.toggled.connect(self.outline.setVisible)
        self.say(self.outline.setAccessibleName, "目录")
        self._said = label("second", wrap=True)
        self._said.hide()
        self._search.returnPressed.connect(lambda: self._bridge.start(self._find(), "document.find"))
        self._wide: list[QWidget] = [self._percent]
        smaller, larger, fit = Button("ghost", "minus"), Button("ghost", "plus"), Button("small")
        smaller.clicked.connect(lambda: self._step_zoom(-1))
        larger.clicked.connect(lambda: self._step_zoom(1))
        fit.clicked.connect(self.area.fit_width)
        self._wide.append(fit)
        for button, source in ((smaller, "缩小"), (larger, "放大")):
            self.say(button.setAccessibleName, source)
            self.say(button.setToolTip, source)
        self.say(fit.setText, "适合宽度")
        self.say(self._number.setAccessibleName, "页码")
        self.say(self._search.setPlaceholderText, "查找")
        self.say(self._search.setAccessibleName, "查找")
        self.say(self.area.setAccessibleName, "文件内容")
        self._tools, self._handles = QWidget(), QWidget()
        self._handles.setLayout(
            row(
                self.contents,
                self._number,
                self._total,
                smaller,
                self._percent,
                larger,
                fit,
                None,
                self._search,
                spacing=6,
            )
        )
        tools = row(self._name, self._handles)
        tools.setStretch(0, 1)
        self._tools.setLayout(tools)
        self._nothing = EmptyState("document", "没有打开的文件", "从左侧列表选择文件。")
        self._waiting = label("second")
        self._waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.say(self._waiting.setText, "正在打开…")
        self._broken_what, self._broken_do = label("section", wrap=True), label("second", wrap=True)
        self._broken_more = FoldableDetails()
        broken = QWidget()
        again = Button("plain", "refresh")
        self.say(again.setText, "再试一次")
        again.clicked.connect(self._again)
        inner = QVBoxLayout(broken)
        inner.setContentsMargins(48, 48, 48, 48)
        inner.addStretch(1)
        for part in (self._broken_what, self._broken_do, self._broken_more):
            inner.addWidget(part)
        inner.addLayout(row(again, None))
        inner.addStretch(2)
        self._pages = QStackedWidget()
        self._pages.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self._reading = QWidget()
        reading = row(self.outline, self.area, spacing=8)
        reading.setStretch(1, 1)
        self._reading.setLayout(reading)
        for page in (self._nothing, self._waiting, self._reading, broken):
            self._pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._tools)
        layout.addWidget(self._said)
        layout.addWidget(self._pages, 1)
        self._tools.setVisible(False)
        self._source: Path | bytes | None = None
        self._title = ""
        self._start_page = 0
        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(0)
        self._redraw.timeout.connect(self._next)
        self.destroyed.connect(self._renderer.close)

    async def open(self, source: Path | bytes, title: str, page: int = 0) -> None:
        """Show a document from ``page`` (from 0) on; what is wrong with it is shown, not raised."""
        self._generation += 1
        mine = self._generation
        self._source, self._title, self._start_page, self._error = source, title, page, None
        self._queue.clear()
        self._searched, self._marks, self._found = "", [], []
        self._said.hide()
        self._name.setText(title)
        self._pages.setCurrentIndex(1)
        self._handles.hide()
        self._tools.setVisible(True)
        try:
            sizes = await self._renderer.open(source)
        except BidroomError as error:
            if mine == self._generation:
                self._show_error(error)
            return
        try:
            headings = await self._renderer.outline()
        except BidroomError:  # pages without a table of contents are better than none
            headings = ()
        if mine != self._generation:
            return
        self._count = len(sizes)
        self._pages.setCurrentIndex(2)
        self._handles.show()
        self.area.show_pages(sizes)
        if self._number.hasFocus():
            self.area.setFocus()
        self.outline.show_headings(headings)
        self.contents.setVisible(bool(headings))
        self.outline.setVisible(bool(headings) and self.contents.isChecked())
        self.area.go_to(self._start_page)
        self.outline.show_page(self._start_page)
        self.retranslate()
        self.shown.emit(self._count)

    def close_renderer(self) -> None:
        """End the child process; call it before the viewer goes."""
        self._generation += 1
        self._queue.clear()
        self._renderer.close()

    def error(self) -> str:
        """The code shown, or an empty text."""
        return self._error.code if self._error else ""

    def set_marks(self, marks: list[Mark]) -> None:
        """Marks of who shows the document; what a search finds is marked beside them."""
        self._marks = marks
        self.area.set_marks([*marks, *self._found])

    def go_to(self, page: int) -> None:
        """Bring ``page`` (from 0) to the top, now or once the document is there."""
        self._start_page = page
        self.area.go_to(page)

    def ready(self) -> bool:
        """Whether pages are shown."""
        return self._pages.currentWidget() is self._reading

    def narrow(self, narrow: bool) -> None:
        """Half a screen: without what one can do without."""
        for part in self._wide:
            part.setVisible(not narrow)

    def hide_name(self) -> None:
        """Who shows the document says its name elsewhere."""
        self._name.hide()

    async def look_for(self, words: str) -> bool:
        """Go to the heading with ``words`` in it, else to the first page with that text; whether there is one."""
        page = self.outline.page_of(words)
        if page is None:
            return await self._search_from(words, 0)
        self.area.go_to(page)
        await self._mark_found(words, page, scroll=False)
        return True

    def retranslate(self) -> None:
        self._total.setText(tr("/ {total} 页", total=self._count))
        if self._error is not None:
            self._show_error(self._error)

    def _want(self, number: int) -> None:
        if number in self._queue:
            self._queue.remove(number)
        self._queue.append(number)
        if not self._drawing:
            self._redraw.start()

    def _next(self) -> None:
        if self._drawing or not self._queue:
            return
        self._drawing = True
        self._bridge.start(self._draw(), "document.draw")

    async def _draw(self) -> None:
        try:
            while self._queue:
                await self._draw_one(self._queue.pop(), self._generation)
        finally:
            self._drawing = False

    async def _draw_one(self, number: int, mine: int) -> None:
        """Pages asked for last come first: they are the ones in sight."""
        if self.area.drawn(number) or number not in self.area.in_sight():
            return
        scale = self.area.scale
        try:
            page = await self._renderer.render(number, scale * self.devicePixelRatioF())
        except BidroomError as error:
            if mine == self._generation:
                self.area.put_broken(number, texts.error_text(error.code).what)
                self.failed.emit(error.code)
            return
        if mine == self._generation:
            self.area.put(page, scale)
            if number == self._count - 1:
                self.last_page_seen.emit()

    async def _find(self) -> None:
        wanted = self._search.text().strip()
        if not wanted:
            return
        start = self.area.current_page + (wanted == self._searched)
        self._searched = wanted
        if await self._search_from(wanted, start):
            self._said.hide()
        else:
            self._search.selectAll()
            self._said.setText(tr("没有找到“{text}”", text=wanted))
            self._said.show()

    async def _search_from(self, wanted: str, start: int) -> bool:
        """Go to the next page from ``start`` on with ``wanted``, around the end if need be."""
        mine, looked = self._generation, 0
        while looked < self._count and mine == self._generation:
            start %= self._count
            try:
                found = await self._renderer.find(wanted, start, 40)
            except BidroomError as error:
                self.failed.emit(error.code)
                return False
            if mine != self._generation:
                return False
            if found.pages:
                self.area.go_to(found.pages[0])
                await self._mark_found(wanted, found.pages[0])
                return True
            looked += max(1, found.looked_to - start)
            start = found.looked_to
            await asyncio.sleep(0)
        return False

    async def _mark_found(self, wanted: str, page: int, *, scroll: bool = True) -> None:
        mine = self._generation
        try:
            boxes = await self._renderer.locate(wanted, page)
        except BidroomError as error:
            self.failed.emit(error.code)
            return
        if mine == self._generation:
            self._found = [Mark((page, QRectF(*box), None)) for box in boxes]
            self.set_marks(self._marks)
            if boxes and scroll:
                self.area.go_to(page, boxes[0][1])

    def _start_search(self) -> None:
        self._search.setFocus()
        self._search.selectAll()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._search.hasFocus():
            self._said.hide()
            self.area.setFocus()
            return
        super().keyPressEvent(event)

    def _show_page(self, number: int) -> None:
        if not self._number.hasFocus():
            self._number.setText(str(number + 1))
        self.outline.show_page(number)
        self._percent.setText(f"{self.area.zoom * 100:.0f}%")

    def _go(self) -> None:
        text = self._number.text().strip()
        if text.isdecimal() and len(text) < 7:
            self.area.go_to(int(text) - 1)
        self.area.setFocus()

    def _step_zoom(self, by: int) -> None:
        now = self.area.zoom
        steps = [zoom for zoom in ZOOMS if (zoom > now * 1.01 if by > 0 else zoom < now * 0.99)]
        if steps:
            self.area.set_zoom(steps[0] if by > 0 else steps[-1])

    def _again(self) -> None:
        if self._source is not None:
            self._bridge.start(self.open(self._source, self._title, self._start_page), "document.open")

    def _show_error(self, error: BidroomError) -> None:
        self._error = error
        said = texts.error_text(error.code, error.facts)
        self._broken_what.setText(said.what)
        self._broken_do.setText(texts.sentences(said.means, said.do))
        self._broken_more.show_details(said.details)
        self._pages.setCurrentIndex(3)
        self._handles.hide()
        self.failed.emit(error.code)
