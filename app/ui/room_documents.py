"""A document of the case in a window of its own, and where one's signature goes in a document."""

import asyncio
import io

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ca.seal import SealImage, drawn_signature, name_chop, official_seal
from app.errors import BidroomError, InputError
from app.session import acts
from app.session.client import Client
from app.session.rules.people import Level, Role
from app.ui import texts
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.error import ErrorDialog
from app.ui.dialogs.sign import SignDialog, SignRequest
from app.ui.documents.viewer import DocumentViewer
from app.ui.step_facts import StepFacts

Box = tuple[float, float, float, float]


class DocumentWindow(QWidget):
    """A viewer beside the room; closing it ends its child process."""

    def __init__(self, bridge: AsyncBridge, pdf: bytes, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("role", "page")
        self.setWindowTitle(title)
        self.resize(900, 760)
        self.viewer = DocumentViewer(bridge)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addWidget(self.viewer)
        bridge.start(self.viewer.open(pdf, title), "document.open")

    def closeEvent(self, event: QCloseEvent) -> None:
        self.viewer.close_renderer()
        super().closeEvent(event)


def field_place(pdf: bytes, field: str) -> tuple[int, Box]:
    """Page (from 0) and box (left, bottom, right, top in points) of a signature field.

    Raises:
        InputError: ``pdf.unreadable``, ``pdf.no_such_field``.
    """
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        for name, _value, reference in enumerate_sig_fields(reader):
            if name == field:
                widget = reference.get_object()
                left, bottom, right, top = (float(side) for side in widget["/Rect"])
                return _page_of(reader, widget), (left, bottom, right, top)
    except Exception as error:
        raise InputError("pdf.unreadable") from error
    raise InputError("pdf.no_such_field", field=field[:64])


def _page_of(reader: PdfFileReader, widget: object) -> int:
    page = widget.raw_get("/P") if hasattr(widget, "raw_get") else None
    total = int(reader.root["/Pages"]["/Count"])
    for number in range(total):
        reference, _ = reader.find_page_for_modification(number)  # type: ignore[no-untyped-call]
        if page is not None and reference.reference == page.reference:
            return number
    return total - 1


async def look_before_signing(client: Client, bridge: AsyncBridge, document: str, window: QWidget) -> bool:
    """The very bytes, page by page, with the seal where it will stand; whether the person then wants to sign."""
    state = client.state
    found = state.documents[document]
    try:
        pdf = await acts.fetch_document(client, document)
        page, box = await asyncio.to_thread(field_place, pdf, found.fields[client.me])
    except BidroomError as error:
        await ask(ErrorDialog(texts.exception_text(error), parent=window))
        return False
    request = SignRequest(
        pdf=pdf,
        title=texts.word("document", found.kind),
        digest=found.pdf_sha256,
        signer=StepFacts(state, client.me).name(client.me),
        page=page,
        box=box,
        seal_png=seal_of(client).png,
    )
    return await ask(SignDialog(bridge, request, window))


def seal_of(client: Client) -> SealImage:
    """What stands in a person's field: the drawn signature, the organisation's seal, or a name chop."""
    person, rehearsal = client.state.people[client.me], client.state.rehearsal
    if client.who.level is Level.STAFF_VERIFIED and client.who.drawn:
        return drawn_signature(client.who.drawn, rehearsal=rehearsal)
    if person.has(Role.SUPPLIER):
        return official_seal(person.organisation, rehearsal=rehearsal)
    return name_chop(person.name, rehearsal=rehearsal)
