"""The documents of one bid: which one, and its pages."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.errors import BidroomError
from app.procurement.bid import Evidence
from app.session.rules.events_opening import BidDocument
from app.ui import texts
from app.ui.documents.viewer import DocumentViewer
from app.ui.i18n import tr
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import View, column, label, row
from app.ui.widgets.choice import Choice


class BidDocuments(View):
    """Give it a bid with :meth:`show_bid`; it keeps the page of each document while one goes back and forth.

    Signals:
        loaded(): the pages of another document are there.
    """

    loaded = Signal()

    def __init__(self, context: StepContext) -> None:
        super().__init__()
        self._context = context
        self._supplier = ""
        self._documents: tuple[BidDocument, ...] = ()
        self._pages: dict[str, int] = {}
        self._shown = self._loaded = ""  # the document chosen, and the one whose pages are there
        self._wanted_words = ""
        self._owner = label("strong")
        self.choice = Choice()
        self.choice.setSizePolicy(self.choice.sizePolicy().Policy.Expanding, self.choice.sizePolicy().Policy.Fixed)
        self.choice.setMinimumWidth(120)
        self.say(self.choice.setAccessibleName, "文件")
        self.choice.currentIndexChanged.connect(self._open_chosen)
        self.viewer = DocumentViewer(context.bridge)
        self.viewer.hide_name()
        self.head = row(self._owner, self.choice, spacing=10)
        self.head.setStretch(1, 1)
        layout = column(self.head, self.viewer, spacing=8)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._problem = label("error", wrap=True)
        layout.insertWidget(1, self._problem)
        self._problem.hide()

    def show_bid(self, facts: StepFacts, supplier: str) -> None:
        """The documents of ``supplier``; the one that was open stays open."""
        bid = facts.state.bids.get(supplier)
        documents = bid.documents if bid is not None else ()
        self._owner.setText(facts.short(supplier) if supplier else "")
        if (supplier, documents) == (self._supplier, self._documents):
            return
        self._keep_page()
        kind = self.choice.currentIndex() if self._supplier else 0
        self._supplier, self._documents = supplier, documents
        self.choice.blockSignals(True)
        self.choice.clear()
        self.choice.addItems([document.name for document in documents])
        self.choice.setCurrentIndex(kind if 0 <= kind < len(documents) else 0)
        self.choice.blockSignals(False)
        self._open_chosen()

    def replace_owner(self, widget: QWidget) -> None:
        """Show ``widget`` where the supplier's name stands."""
        self._owner.hide()
        self.head.insertWidget(0, widget)

    @property
    def supplier(self) -> str:
        return self._supplier

    def digests(self) -> list[str]:
        """All documents, the one in sight first."""
        return [self._shown, *(d.sha256 for d in self._documents if d.sha256 != self._shown)]

    def place(self) -> Evidence | None:
        """The page in sight; None while nothing is open."""
        if not self._loaded or self._loaded != self._shown:
            return None
        return Evidence(self._shown, self.viewer.area.current_page + 1)

    def open_at(self, place: Evidence) -> bool:
        """Open a document of this bid at a page; False when it has none such."""
        for number, document in enumerate(self._documents):
            if document.sha256 == place.document:
                self._wanted_words = ""
                self._pages[document.sha256] = place.page - 1
                if document.sha256 == self._shown:
                    self.viewer.go_to(place.page - 1)
                self.choice.setCurrentIndex(number)
                return True
        return False

    def look_in(self, digests: list[str], words: str) -> bool:
        """Open the first document that is one of these where ``words`` stand, by its contents or its text."""
        for number, document in enumerate(self._documents):
            if document.sha256 in digests:
                self._wanted_words = words
                if document.sha256 == self._loaded == self._shown:
                    self._context.bridge.start(self._look(), "bid.look")
                self.choice.setCurrentIndex(number)
                return True
        return False

    async def _look(self) -> None:
        words, self._wanted_words = self._wanted_words, ""
        if words and not self.viewer.error() and not await self.viewer.look_for(words):
            self._problem.setText(tr("文件中没有“{text}”，请从目录或查找中找。", text=words))
            self._problem.show()
        elif words:
            self._problem.hide()

    def close_renderer(self) -> None:
        self.viewer.close_renderer()

    def _keep_page(self) -> None:
        if self._loaded:
            self._pages[self._loaded] = self.viewer.area.current_page

    def _open_chosen(self) -> None:
        number = self.choice.currentIndex()
        if not 0 <= number < len(self._documents):
            return
        document = self._documents[number]
        if document.sha256 != self._shown:
            self._keep_page()
            self._shown, self._loaded = document.sha256, ""
            self._context.bridge.start(self._open(document), "bid.document")

    async def _open(self, document: BidDocument) -> None:
        self._problem.hide()
        try:
            data = await self._context.fetch(document.sha256)
        except BidroomError as error:
            self._problem.setText(tr("打不开 {name}：{why}", name=document.name, why=texts.exception_text(error).what))
            self._problem.show()
            self._shown = ""
            return
        if self._shown != document.sha256:
            return
        await self.viewer.open(data, document.name, self._pages.get(document.sha256, 0))
        if self._shown == document.sha256 and self.viewer.ready():
            self._loaded = document.sha256
            self.loaded.emit()
            await self._look()
