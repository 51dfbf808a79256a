"""The documents of one bid: which one, and its pages."""

from PySide6.QtWidgets import QComboBox

from app.errors import BidroomError
from app.session.rules.events_opening import BidDocument
from app.ui import texts
from app.ui.documents.viewer import DocumentViewer
from app.ui.i18n import tr
from app.ui.step_facts import StepContext, StepFacts
from app.ui.view import View, column, label, row


class BidDocuments(View):
    """Give it a bid with :meth:`show_bid`; it keeps the page of each document while one goes back and forth."""

    def __init__(self, context: StepContext) -> None:
        super().__init__()
        self._context = context
        self._supplier = ""
        self._documents: tuple[BidDocument, ...] = ()
        self._pages: dict[str, int] = {}
        self._shown = ""
        self._owner = label("strong")
        self.choice = QComboBox()
        self.choice.setSizePolicy(self.choice.sizePolicy().Policy.Expanding, self.choice.sizePolicy().Policy.Fixed)
        self.choice.setMinimumWidth(120)
        self.say(self.choice.setAccessibleName, "文件")
        self.choice.currentIndexChanged.connect(self._open_chosen)
        self.viewer = DocumentViewer(context.bridge)
        head = row(self._owner, self.choice, spacing=10)
        head.setStretch(1, 1)
        layout = column(head, self.viewer, spacing=8)
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

    def open_one_of(self, digests: list[str]) -> bool:
        """Open the first document that is one of these."""
        for number, document in enumerate(self._documents):
            if document.sha256 in digests:
                self.choice.setCurrentIndex(number)
                return True
        return False

    def close_renderer(self) -> None:
        self.viewer.close_renderer()

    def _keep_page(self) -> None:
        if self._shown:
            self._pages[self._shown] = self.viewer.area.current_page

    def _open_chosen(self) -> None:
        number = self.choice.currentIndex()
        if not 0 <= number < len(self._documents):
            return
        document = self._documents[number]
        if document.sha256 != self._shown:
            self._keep_page()
            self._shown = document.sha256
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
        if self._shown == document.sha256:
            await self.viewer.open(data, document.name, self._pages.get(document.sha256, 0))
