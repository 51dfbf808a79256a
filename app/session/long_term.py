"""Keeping signed documents provable (长期验证): once all have signed, the host adds evidence and a document time stamp.

Where the case names a time stamping authority, every document that nobody is to sign any more gets a security store
(certificates, OCSP answers, revocation lists, as far as they can be had) and a time stamp over all of it: two
increments behind the last signature (:mod:`app.ca.pdf_archive`). When no authority answers the case goes on, and it is
tried again; what is not stamped when the case is closed stays as it was signed, and the stamped heads of the record,
which name its digest, prove when it was there.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Sequence

from app.ca.pdf_archive import Signed, Store, add_document_stamp, add_store, signed_by
from app.ca.pdf_stamper import TokenStamper
from app.ca.pdf_verifier import check_archived
from app.ca.timestamp import signer_of
from app.ca.timestamp_client import TimestampClient
from app.errors import BidroomError
from app.logs import get_logger
from app.session.case_trust import CaseTrust
from app.session.room import Entry, Room
from app.session.rules.commands import ReportDocumentStamp
from app.session.rules.events_case import DeemedAgreed, DocumentSigned, SignatureRefused
from app.session.rules.state import CLOSED, FAILED, Document, State
from app.tasks import TaskSet

PDF_LIMIT = 64 * 1024 * 1024
RETRY_SECONDS = 60.0
_log = get_logger("documents")


def complete(state: State) -> list[Document]:
    """Signed documents that wait for nobody and have no stamp of their own yet."""
    if state.phase in (CLOSED, FAILED):
        return []
    return [one for one in state.documents.values() if one.signed and not one.waiting and not one.stamped]


def _nothing() -> None:
    """Before the start there is nothing to stop."""


class DocumentKeeper:
    """Follows one room. Needs :meth:`start`; :meth:`finish` before the case is closed."""

    def __init__(
        self, room: Room, trust: CaseTrust, authorities: TimestampClient, *, retry: float = RETRY_SECONDS
    ) -> None:
        self._room = room
        self._trust = trust
        self._authorities = authorities
        self._retry = retry
        self._wake = asyncio.Event()
        self._busy = asyncio.Lock()
        self._tasks = TaskSet()
        self._stop_listening: Callable[[], None] = _nothing

    async def start(self) -> None:
        """Also takes up what the last process left."""
        self._stop_listening = self._room.listen(self)
        self._wake.set()
        self._tasks.start(self._follow(), "documents to keep")

    async def finish(self, seconds: float = 25.0) -> None:
        """Stamp what is complete, as far as that is possible within ``seconds``."""
        with contextlib.suppress(TimeoutError, BidroomError):
            async with asyncio.timeout(seconds):
                await self._keep_all()

    async def close(self) -> None:
        self._stop_listening()
        await self._tasks.close()

    async def token(self, digest: bytes) -> bytes:
        """A time stamp token over a SHA-256 digest; FaultError ``time.no_authority``."""
        return (await self._authorities.stamp_digest(digest)).token

    # --- following the record ---

    def announced(self, entries: Sequence[Entry]) -> None:
        if any(isinstance(one.recorded.event, DocumentSigned | SignatureRefused | DeemedAgreed) for one in entries):
            self._wake.set()

    def headed(self, note: str) -> None:
        pass

    def cosigned(self, person: str) -> None:
        pass

    async def _follow(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._keep_all()
            except BidroomError as error:
                _log.warning("document not stamped", code=error.code, reason=error.facts.get("reason"))
                await asyncio.sleep(self._retry)
                self._wake.set()

    async def _keep_all(self) -> None:
        async with self._busy:
            for document in complete(self._room.state):
                await self._keep(document)

    async def _keep(self, document: Document) -> None:
        room, key = self._room, self._room.keys.case_key
        signed = await asyncio.to_thread(room.blobs.read, document.pdf_sha256, PDF_LIMIT, key)
        stores = {one.field: await self._about(one) for one in await asyncio.to_thread(signed_by, signed)}
        stored = await asyncio.to_thread(add_store, signed, stores)
        archived = await add_document_stamp(stored, TokenStamper(self.token))
        await asyncio.to_thread(check_archived, signed, archived)
        kept = await asyncio.to_thread(room.blobs.put_bytes, archived, key)
        report = ReportDocumentStamp(document=document.id, previous_sha256=document.pdf_sha256, pdf_sha256=kept.sha256)
        await room.report(report)

    async def _about(self, one: Signed) -> Store:
        """What can be had about a signer and about the authority of its stamp."""
        whom = [(one.certificate, one.chain)]
        if one.token is not None:
            whom.append(signer_of(one.token))
        found = [await self._trust.about(self._room.state, certificate, chain) for certificate, chain in whom]
        return Store(
            certificates=tuple(dict.fromkeys(itertools.chain.from_iterable(path for path, _ in found))),
            ocsp=tuple(dict.fromkeys(itertools.chain.from_iterable(evidence.ocsp for _, evidence in found))),
            crls=tuple(dict.fromkeys(itertools.chain.from_iterable(evidence.crls for _, evidence in found))),
        )
