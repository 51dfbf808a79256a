"""Signing documents: each one's own pages with the seal where it will stand, then the token's PIN, once for all."""

import msgspec
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from app.ca.pdf_appearance import layout
from app.ca.seal import SealImage
from app.ui.async_bridge import AsyncBridge
from app.ui.dialogs.base import DeskDialog
from app.ui.documents.page_area import Mark
from app.ui.documents.renderer import PageRenderer
from app.ui.documents.seal_drag import SealDrag
from app.ui.documents.viewer import DocumentViewer
from app.ui.fonts import HINT, SECOND, font
from app.ui.i18n import tr
from app.ui.theme import LIGHT
from app.ui.view import column, label, row
from app.ui.widgets.buttons import Button
from app.ui.widgets.chip import Tone
from app.ui.widgets.data_table import ChipCell, Column, DataTable
from app.ui.widgets.digest import DigestLabel

Box = tuple[float, float, float, float]
_SHARP = 4  # pixels a point


class SignRequest(msgspec.Struct, frozen=True):
    """A document to sign.

    Attributes:
        pdf: the bytes that will be signed.
        title: the document's name; ``digest`` its SHA-256 in hex.
        signer: the name that will stand beside the seal.
        page, box: where: page from 0; left, bottom, right, top in points from the lower left corner.
        seal: the picture, as it will be printed.
        others: places on the same page that belong to other signers: the seal may not be moved onto them.
        document: the document's id in the record.
    """

    pdf: bytes
    title: str
    digest: str
    signer: str
    page: int
    box: Box
    seal: SealImage | None = None
    others: tuple[Box, ...] = ()
    document: str = ""


class ToSign(msgspec.Struct, frozen=True):
    """What the person wants signed: exactly these bytes; ``box``: where the seal was moved to, None: its own place."""

    document: str
    pdf: bytes
    box: Box | None
    seal: SealImage | None


class SignDialog(DeskDialog[tuple[ToSign, ...]]):
    """Answers what to sign: all documents, or none. The button is free once each one's page with the seal was in sight.

    Signals:
        seal_wanted(): the person wants to use a seal file instead; answer with :meth:`use_seal`.
    """

    seal_wanted = Signal()

    def __init__(
        self,
        bridge: AsyncBridge,
        *requests: SignRequest,
        parent: QWidget | None = None,
        renderer: PageRenderer | None = None,
    ) -> None:
        first, several = requests[0], len(requests) > 1
        title = tr("签署 {count} 份文件", count=len(requests)) if several else tr("签署：{title}", title=first.title)
        super().__init__(title, parent, width=880)
        self._bridge = bridge
        self._requests = requests
        self._now = 0
        self._seen: set[int] = set()
        self._boxes: dict[int, Box] = {}
        self._seal: SealImage | None = None
        self.viewer = DocumentViewer(bridge, renderer)
        self.viewer.setMinimumHeight(440)
        self.drag = SealDrag(self.viewer.area)
        self.drag.moved.connect(self._moved)
        self._back = Button("link", "refresh", tr("恢复原位"))
        self._back.clicked.connect(self._put_back)
        choose = Button("link", "folder", tr("换用印章文件…"))
        choose.clicked.connect(self.seal_wanted)
        jump = Button("link", "seal", tr("到签章处"))
        jump.clicked.connect(self.go_to_seal)
        self._digest = DigestLabel(first.digest)
        self.table = DataTable((Column("文件", stretch=True, width=110), Column("状态", width=84)), select=True)
        self.table.setFixedWidth(270)
        self.table.setVisible(several)
        self.table.selected.connect(self._chosen)
        body = row(self.table, self.viewer, spacing=12)
        body.setStretch(1, 1)
        told = tr(
            "请逐页核对。签署后任何改动都会使签名失效；{signer}的签章将盖在虚线框内，可拖动，或按 Alt+方向键移动。",
            signer=first.signer,
        )
        whole = column(
            label("body", told, wrap=True),
            body,
            row(label("second", "SHA-256"), self._digest, None, self._back, choose, jump),
            spacing=12,
        )
        whole.setStretch(1, 1)
        self.add(whole)
        self.add_button(tr("取消"), "plain", accept=False)
        text = tr("签署全部 {count} 份…", count=len(requests)) if several else tr("签署…")
        self.sign = self.add_button(text, "primary", accept=True, default=True)
        self.viewer.area.page_changed.connect(self._in_sight)
        self.viewer.shown.connect(self._opened)
        self.finished.connect(self.viewer.close_renderer)
        self._tell()
        self.show_document(0)

    def sizeHint(self) -> QSize:
        return QSize(1120 if len(self._requests) > 1 else 920, 760)

    def answer(self) -> tuple[ToSign, ...]:
        if not self.accepted_now:
            return ()
        return tuple(
            ToSign(one.document, one.pdf, self._boxes.get(number), self._seal or one.seal)
            for number, one in enumerate(self._requests)
        )

    def show_document(self, number: int) -> None:
        """Bring one of the documents into the viewer."""
        if not 0 <= number < len(self._requests):
            return
        self._now = number
        one = self._requests[number]
        self._digest.show_digest(one.digest)
        self._back.setVisible(number in self._boxes)
        self._bridge.start(self.viewer.open(one.pdf, one.title), "sign.open")

    def _chosen(self, number: int) -> None:
        if number != self._now:  # also told when the table is filled anew
            self.show_document(number)

    def go_to_seal(self) -> None:
        """Show the place of the seal."""
        box = self._box()
        self.viewer.area.go_to(self._requests[self._now].page, up=(box[1] + box[3]) / 2)

    def use_seal(self, seal: SealImage) -> None:
        """Use another picture for all documents."""
        self._seal = seal
        self._mark()

    def _box(self) -> Box:
        return self._boxes.get(self._now, self._requests[self._now].box)

    def _opened(self, _pages: int) -> None:
        one = self._requests[self._now]
        self.drag.place(one.page, _rect(self._box()), tuple(_rect(box) for box in one.others))
        self._mark()
        self._in_sight(self.viewer.area.current_page)
        self.viewer.area.setFocus()  # pages turn and the seal moves by keys at once

    def _mark(self) -> None:
        one, box = self._requests[self._now], self._box()
        picture = preview(box, self._seal or one.seal, one.signer)
        self.viewer.set_marks([Mark((one.page, _rect(box), picture))])

    def _moved(self, rect: QRectF) -> None:
        self._boxes[self._now] = (rect.left(), rect.top(), rect.right(), rect.bottom())
        self._back.setVisible(True)
        self._mark()

    def _put_back(self) -> None:
        self._boxes.pop(self._now, None)
        self._back.hide()
        self._opened(0)
        self.go_to_seal()

    def _in_sight(self, _page: int) -> None:
        here = self._requests[self._now].page in self.viewer.area.in_sight() and self.viewer.ready()
        if here and self._now not in self._seen:
            self._seen.add(self._now)
            self._tell()

    def _tell(self) -> None:
        self.sign.setEnabled(len(self._seen) == len(self._requests))
        self.table.show_rows(
            [
                [
                    one.title,
                    ChipCell(tr("已核对"), Tone.OK) if n in self._seen else ChipCell(tr("未查看"), Tone.NEUTRAL),
                ]
                for n, one in enumerate(self._requests)
            ]
        )


def _rect(box: Box) -> QRectF:
    return QRectF(box[0], box[1], box[2] - box[0], box[3] - box[1])


def preview(box: Box, seal: SealImage | None, signer: str) -> QPixmap:
    """What will be seen in the box: the seal where the signature prints it, the name where the words will stand."""
    width, height = box[2] - box[0], box[3] - box[1]
    picture = QPixmap(max(1, round(width * _SHARP)), max(1, round(height * _SHARP)))
    picture.fill(Qt.GlobalColor.transparent)
    if seal is None:
        return picture
    size, corner, words = layout(width, height, seal)
    stamp = QPixmap()
    stamp.loadFromData(seal.png)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.scale(_SHARP, _SHARP)
    painter.drawPixmap(QRectF(corner[0], height - corner[1] - size[1], size[0], size[1]), stamp, QRectF(stamp.rect()))
    painter.setPen(LIGHT.text)
    face = font(SECOND if len(signer) <= 8 else HINT)
    face.setPixelSize(11)
    painter.setFont(face)
    where = QRectF(width - words + 3, 3, words - 6, height - 6)
    painter.drawText(where, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap, signer)
    painter.end()
    return picture
