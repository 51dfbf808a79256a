"""Signing a document: its own pages with the seal where it will stand, then the token's PIN."""

import msgspec
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QWidget

from app.ui.async_bridge import AsyncBridge
from app.ui.dialogs.base import DeskDialog
from app.ui.documents.page_area import Mark
from app.ui.documents.renderer import PageRenderer
from app.ui.documents.viewer import DocumentViewer
from app.ui.i18n import tr
from app.ui.view import label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.digest import DigestLabel


class SignRequest(msgspec.Struct, frozen=True):
    """A document to sign.

    Attributes:
        pdf: the bytes that will be signed.
        title: the document's name; ``digest`` its SHA-256 in hex.
        signer: the name that will stand beside the seal.
        page, box: where: page from 0; left, bottom, right, top in points from the lower left corner.
        seal_png: the seal's picture, as it will be printed.
    """

    pdf: bytes
    title: str
    digest: str
    signer: str
    page: int
    box: tuple[float, float, float, float]
    seal_png: bytes = b""


class SignDialog(DeskDialog[bool]):
    """Answers whether to sign. The button is free once the page with the seal has been in sight."""

    def __init__(
        self,
        bridge: AsyncBridge,
        request: SignRequest,
        parent: QWidget | None = None,
        *,
        renderer: PageRenderer | None = None,
    ) -> None:
        super().__init__(tr("签署：{title}", title=request.title), parent, width=880)
        self._request = request
        self.viewer = DocumentViewer(bridge, renderer)
        self.viewer.setMinimumHeight(480)
        jump = Button("link", "seal", tr("到签章处"))
        jump.clicked.connect(self.go_to_seal)
        self.add(
            label(
                "body",
                tr(
                    "请逐页核对。签署后任何改动都会使签名失效；签章将盖在虚线框内，签署人为 {signer}。",
                    signer=request.signer,
                ),
                wrap=True,
            ),
            self.viewer,
            row(label("second", "SHA-256"), DigestLabel(request.digest), None, jump),
        )
        self.add_button(tr("取消"), "plain", accept=False)
        self.sign = self.add_button(tr("签署…"), "primary", accept=True, default=True)
        self.sign.setEnabled(False)
        self.viewer.area.page_changed.connect(self._seen)
        self.viewer.shown.connect(self._opened)
        self.finished.connect(self.viewer.close_renderer)
        bridge.start(self.viewer.open(request.pdf, request.title), "sign.open")

    def sizeHint(self) -> QSize:
        return QSize(920, 760)

    def answer(self) -> bool:
        return self.accepted_now

    def go_to_seal(self) -> None:
        """Show the place of the seal."""
        self.viewer.area.go_to(self._request.page, up=(self._request.box[1] + self._request.box[3]) / 2)

    def _opened(self, _pages: int) -> None:
        left, bottom, right, top = self._request.box
        picture = QPixmap()
        if self._request.seal_png:
            picture.loadFromData(self._request.seal_png)
        mark = Mark((self._request.page, QRectF(left, bottom, right - left, top - bottom), picture))
        self.viewer.set_marks([mark])
        self._seen(self.viewer.area.current_page)

    def _seen(self, _page: int) -> None:
        if self._request.page in self.viewer.area.in_sight():
            self.sign.setEnabled(True)
