"""依据: the page of the bid that an opinion rests on, as a link; noted from the page in sight."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.procurement.bid import Evidence
from app.session.rules.state import Bid
from app.ui.i18n import tr
from app.ui.view import View, column, label, row
from app.ui.widgets.buttons import Button


class ElidedLink(Button):
    """A link whose text never widens its neighbours; the whole is its tool tip and its name for screen readers."""

    def __init__(self) -> None:
        super().__init__("link")
        self._whole = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(60)

    def say_all(self, text: str) -> None:
        """Show ``text``, cut in its middle where there is no room: names end and pages stand at the end."""
        self._whole = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideMiddle, max(40, self.width() - 8))
        if shown != self.text():
            self.setText(shown)


class EvidenceLine(View):
    """One line in a sheet: the link, and buttons that note the page in sight or take the note away.

    Signals:
        opened(): show the evidence.
        noted(): the page in sight is the evidence.
        dropped(): there is none.
    """

    opened = Signal()
    noted = Signal()
    dropped = Signal()

    def __init__(self, parent: QWidget | None = None, *, stacked: bool = False) -> None:
        super().__init__(parent)
        self._caption = label("second")
        self.link = ElidedLink()
        self.link.clicked.connect(self.opened)
        self.note, self.drop = Button("small", "pin"), Button("small", "close")
        self.note.clicked.connect(self.noted)
        self.drop.clicked.connect(self.dropped)
        self.say(self._caption.setText, "依据")
        self.say(self.note.setText, "记下本页")
        self.say(self.note.setToolTip, "把正在看的这一页记为依据（P）")
        self.say(self.drop.setToolTip, "去掉依据")
        self.say(self.drop.setAccessibleName, "去掉依据")
        self._place: Evidence | None = None
        self._name = ""
        if stacked:
            top, below = row(self._caption, self.link, spacing=8), row(self.note, self.drop, None, spacing=6)
            top.setStretch(1, 1)
            self.setLayout(column(top, below, spacing=4))
        else:
            line = row(self._caption, self.link, self.note, self.drop, spacing=8)
            line.setStretch(1, 1)
            self.setLayout(line)
        self.show_evidence(None, "")

    def show_evidence(self, place: Evidence | None, name: str) -> None:
        """``name`` of the document; without a place the link looks for it."""
        self._place, self._name = place, name
        self.drop.setVisible(place is not None)
        self.retranslate()

    def retranslate(self) -> None:
        if self._place is None:
            self.link.say_all(tr("在投标文件中查找（E）"))
        else:
            self.link.say_all(tr("{name} 第 {page} 页", name=self._name, page=self._place.page))


def document_name(bid: Bid | None, place: Evidence | None) -> str:
    """The name of the document of this bid; empty when it is none of its."""
    documents = bid.documents if bid is not None and place is not None else ()
    return next((d.name for d in documents if place is not None and d.sha256 == place.document), "")
