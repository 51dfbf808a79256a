"""A document of the case in a window of its own, and where one's signature goes in a document."""

import asyncio
import io
from collections.abc import Sequence

from pyhanko.pdf_utils.reader import PdfFileReader
from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ca.pdf_policy import Box, places
from app.ca.seal import SealImage, drawn_signature, name_chop, official_seal
from app.errors import BidroomError, InputError
from app.session import signing
from app.session.client import Client
from app.session.rules.people import Level, Role
from app.session.rules.state import Document
from app.ui import texts
from app.ui.async_bridge import AsyncBridge, ask
from app.ui.dialogs.error import ErrorDialog
from app.ui.dialogs.seal_file import ask_seal
from app.ui.dialogs.sign import SignDialog, SignRequest, ToSign
from app.ui.documents.viewer import DocumentViewer
from app.ui.step_facts import StepFacts


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


def field_places(pdf: bytes, field: str) -> tuple[int, Box, tuple[Box, ...]]:
    """Page (from 0) and box (left, bottom, right, top in points) of a signature field, and the others' boxes there.

    Raises:
        InputError: ``pdf.unreadable``, ``pdf.no_such_field``.
    """
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        found = places(reader)
        own = found.get(field)
        pages = [reader.find_page_for_modification(n)[0].reference for n in range(int(reader.root["/Pages"]["/Count"]))]  # type: ignore[no-untyped-call]
    except Exception as error:
        raise InputError("pdf.unreadable") from error
    if own is None or own.page not in pages:
        raise InputError("pdf.no_such_field", field=field[:64])
    others = tuple(one.box for name, one in found.items() if name != field and one.page == own.page)
    return pages.index(own.page), own.box, others


async def look_before_signing(
    client: Client, bridge: AsyncBridge, documents: Sequence[str], window: QWidget
) -> tuple[ToSign, ...]:
    """The very bytes of each document, page by page, with the seal where it will stand; what the person then signs."""
    state = client.state
    requests = []
    try:
        for key in documents:
            found = state.documents[key]
            pdf = await signing.fetch_document(client, key)
            page, box, others = await asyncio.to_thread(field_places, pdf, found.fields[client.me])
            requests.append(
                SignRequest(
                    pdf=pdf,
                    title=document_title(client, found),
                    digest=found.pdf_sha256,
                    signer=StepFacts(state, client.me).name(client.me),
                    page=page,
                    box=box,
                    seal=seal_of(client),
                    others=others,
                    document=key,
                )
            )
    except BidroomError as error:
        await ask(ErrorDialog(texts.exception_text(error), parent=window))
        return ()
    if not requests:
        return ()
    dialog = SignDialog(bridge, *requests, parent=window)
    dialog.seal_wanted.connect(lambda: bridge.start(_other_seal(client, dialog), "sign.seal"))
    return await ask(dialog)


async def _other_seal(client: Client, dialog: SignDialog) -> None:
    """A picture from a seal file that is bound to the certificate that signs."""
    try:
        found = await ask_seal(dialog)
        if found is not None:
            found.check(client.who.key.signing_certificate, rehearsal=client.state.rehearsal)
            dialog.use_seal(found.picture)
    except (BidroomError, OSError) as error:
        await ask(ErrorDialog(texts.exception_text(error), parent=dialog))


def document_title(client: Client, document: Document) -> str:
    """The kind of a document, and whom it is about where there is one for each."""
    kind = texts.word("document", document.kind)
    about = StepFacts(client.state, client.me).name(document.subject) if document.subject else ""
    return f"{kind} · {about}" if about else kind


def seal_of(client: Client) -> SealImage:
    """What stands in a person's field: the drawn signature, the organisation's seal, or a name chop."""
    person, rehearsal = client.state.people[client.me], client.state.rehearsal
    if client.who.level is Level.STAFF_VERIFIED and client.who.drawn:
        return drawn_signature(client.who.drawn, rehearsal=rehearsal)
    if person.has(Role.SUPPLIER):
        return official_seal(person.organisation, rehearsal=rehearsal)
    return name_chop(person.name, rehearsal=rehearsal)
