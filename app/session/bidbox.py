"""The bid box (投标文件箱): receiving sealed envelopes, checking the seals, opening them when all shares are there.

Blocking work runs on worker threads; nothing here decides who may do what.
"""

import asyncio
import contextlib
import io
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any, BinaryIO, TypeVar

import msgspec

from app.ca import receipt as receipts
from app.ca.backup import open_backup
from app.ca.envelope import EnvelopeHeader, FileEntry, OpenedEnvelope, Share, Sink, check, open_envelope, read_header
from app.ca.sealing_kit import SealingKit
from app.ca.sealing_kit import parse as parse_kit
from app.ca.signatures import describe
from app.ca.token import Act
from app.canon import canonical
from app.errors import BidroomError, InputError
from app.procurement.bid import BidPayload, PriceSchedule, QuotePayload, parse_bid, parse_quote
from app.record.blobs import BlobStore, BlobWriter
from app.session.keys import HostKeys
from app.session.rules.events_evaluation import OpenedSheet
from app.session.rules.events_opening import BidDocument
from app.session.rules.state import Bid, Sealed, SealedSet, State
from app.session.signin import unbase64

SHARE_LIMIT = 16 * 1024
MANIFEST_LIMIT = 8 * 1024 * 1024
OPEN_ACT = Act("combine_shares")


T = TypeVar("T")


class OpenedBid(msgspec.Struct, frozen=True):
    """What opening a bid gave: the manifest's blob and the documents, all sealed under the case key."""

    manifest_sha256: str
    documents: tuple[BidDocument, ...]


class _BlobFile:
    """A blob writer as the binary file that an envelope is opened into."""

    def __init__(self, writer: BlobWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> int:
        self._writer.write(data)
        return len(data)


class _Pieces(io.RawIOBase):
    """A blob's pieces as a file that is read once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


class BidBox:
    """Envelopes of one case: its blobs, and the host's keys to which shares are released."""

    def __init__(self, keys: HostKeys, blobs: BlobStore) -> None:
        self._keys = keys
        self._blobs = blobs

    # --- receiving ---

    async def receive(
        self,
        state: State,
        person: str,
        header_sha256: str,
        envelope_sha256: str,
        replaces: str,
        now: datetime,
        earlier: Collection[str] = (),
        backup: str = "",
    ) -> bytes:
        """Check an uploaded envelope without any key and sign its receipt (签收回执).

        Args:
            earlier: envelopes that this case has received before, withdrawn and replaced ones among them.

        Raises:
            InputError: ``bid.unsealed`` (not an envelope), ``bid.foreign`` (other case, kit, or a rehearsal's),
                ``bid.damaged``, ``bid.copied`` (parts of it are in an earlier envelope: somebody else's bid under
                another header); the reason is what the supplier is told.
        """
        path = self._blobs.path(envelope_sha256)
        try:
            header = await asyncio.to_thread(check, path, header_sha256)
        except InputError as error:
            unsealed = error.facts.get("reason") == "magic"
            raise InputError("bid.unsealed" if unsealed else "bid.damaged", reason=error.code) from error
        kit = self.kit(state)
        core = header.core
        if core.purpose != "bid" or core.context != kit.context or core.rehearsal != state.rehearsal:
            raise InputError("bid.foreign")
        policy = kit.core
        sealed_so = (core.suite, core.policy.k, core.policy.supplier)
        if sealed_so != (policy.suite, policy.k, policy.supplier):
            raise InputError("bid.foreign")
        if await asyncio.to_thread(self._is_copy, header, earlier):
            raise InputError("bid.copied")
        supplier = state.supplier_of(person)
        lot = state.the_lot()
        issued = receipts.issue(
            case=state.case,
            lot=lot.lot.id,
            header_sha256=header_sha256,
            size=header.size,
            received_at=now,
            person=state.people[person].name,
            organisation=f"{state.suppliers.get(supplier, '')} {supplier}".strip(),
            replaces=replaces or None,
            backup=backup or None,
            certificate=self._keys.certificate,
            sign=self._keys.sign,
        )
        return issued.to_bytes()

    def _is_copy(self, header: EnvelopeHeader, earlier: Collection[str]) -> bool:
        """Whether one was made from the other: ids and ciphertexts are random, no two sealings share one."""
        streams = {stream.digest for stream in header.streams}
        for envelope_sha256 in earlier:
            try:
                with open(self._blobs.path(envelope_sha256), "rb") as file:
                    other = read_header(file)
            except (BidroomError, OSError):
                continue  # damaged where it lies: found when the seals are checked
            if other.core.env_id == header.core.env_id or streams & {stream.digest for stream in other.streams}:
                return True
        return False

    def kit(self, state: State) -> SealingKit:
        """The issued kit."""
        if not state.kit_sha256:
            raise InputError("refused.no_kit")
        return parse_kit(self._blobs.read(state.kit_sha256, MANIFEST_LIMIT))

    async def seals(self, state: State) -> dict[str, str]:
        """Header digests of the stored envelopes, every byte re-checked; empty where one is damaged."""

        def digest(bid: Bid) -> str:
            try:
                path = self._blobs.path(bid.envelope_sha256)
                check(path, bid.header_sha256)
                with open(path, "rb") as file:
                    return read_header(file).sha256
            except (BidroomError, OSError):
                return ""

        return {s: await asyncio.to_thread(digest, state.bids[s]) for s in state.valid_bids()}

    # --- opening ---

    async def open_bid(self, state: State, supplier: str) -> OpenedBid:
        """Combine what was released, decrypt into sealed blobs, verify all that was sealed and by whom.

        Raises:
            InputError: with a fact ``fault``: the bid does not open.
        """
        bid = state.bids[supplier]
        shares = [await self._share(blob) for blob in (bid.supplier_share, *bid.shares.values()) if blob]
        documents: list[BidDocument] = []
        sink = self._sink(documents)
        context = self.kit(state).context

        def work() -> OpenedEnvelope:
            return open_envelope(
                self._blobs.path(bid.envelope_sha256),
                header_sha256=bid.header_sha256,
                purpose="bid",
                context=context,
                rehearsal=state.rehearsal,
                shares=shares,
                sink=sink,
            )

        opened = await asyncio.to_thread(work)
        self._check_bid(state, supplier, opened, documents)
        manifest = self._blobs.put_bytes(canonical(opened.payload), self._keys.case_key)
        return OpenedBid(manifest.sha256, tuple(documents))

    async def open_backup(self, state: State, supplier: str) -> OpenedBid:
        """An admitted backup in the place of the bid that did not open; the same checks of whose bid it is.

        Raises:
            InputError: ``backup.*`` and as :meth:`open_bid`, with a fact ``fault``.
        """
        bid = state.bids[supplier]
        documents: list[BidDocument] = []
        sink = self._sink(documents)

        kit = self.kit(state)

        def receipted() -> EnvelopeHeader | None:
            try:
                with open(self._blobs.path(bid.envelope_sha256), "rb") as file:
                    header = read_header(file)
            except (BidroomError, OSError):
                return None
            return header if header.sha256 == bid.header_sha256 else None

        def work() -> OpenedEnvelope:
            pieces = self._blobs.pieces(bid.backup_sha256, self._keys.case_key)
            with io.BufferedReader(_Pieces(pieces), 1 << 20) as source:
                return open_backup(
                    source,
                    header=receipted(),
                    suite=kit.suite,
                    context=kit.context,
                    rehearsal=state.rehearsal,
                    commitment=bid.backup,
                    sink=sink,
                )

        opened = await asyncio.to_thread(work)
        self._check_bid(state, supplier, opened, documents)
        manifest = self._blobs.put_bytes(canonical(opened.payload), self._keys.case_key)
        return OpenedBid(manifest.sha256, tuple(documents))

    def _sink(self, documents: list[BidDocument]) -> Sink:
        """Where opened files go: blobs under the case key, listed in ``documents``."""

        @contextlib.contextmanager
        def sink(_number: int, entry: FileEntry) -> Iterator[BinaryIO]:
            with self._blobs.writer(self._keys.case_key) as writer:
                yield _BlobFile(writer)  # type: ignore[misc]
                kept = writer.commit()
            documents.append(BidDocument(entry.name, kept.size, kept.sha256, entry.media_type))

        return sink

    def _check_bid(self, state: State, supplier: str, opened: OpenedEnvelope, documents: list[BidDocument]) -> None:
        """The bid inside must be the submitter's own, of this project and lot, with the documents it names."""
        signer = describe(opened.signer_certificate)
        bid = parse_bid(canonical(opened.payload))
        lot = state.the_lot()
        if signer.uscc != supplier or bid.supplier.uscc != supplier:
            raise InputError("bid.other_supplier", fault="supplier")
        if bid.tender != lot.project_number or bid.lot != lot.lot.id:
            raise InputError("bid.other_lot", fault="supplier")
        if {(d.name, d.sha256) for d in bid.documents} != {(d.name, d.sha256) for d in documents}:
            raise InputError("bid.documents_differ", fault="supplier")

    async def _share(self, blob_sha256: str) -> Share:
        wrapped = self._blobs.read(blob_sha256, SHARE_LIMIT)
        return Share.from_bytes(await self._keys.holder().unwrap(wrapped, OPEN_ACT))

    def payloads(self, state: State) -> dict[str, BidPayload]:
        """What the opened bids say, from the confidential part."""
        return {
            supplier: parse_bid(
                self._blobs.read(state.bids[supplier].manifest_sha256, MANIFEST_LIMIT, self._keys.case_key)
            )
            for supplier in state.opened_bids()
        }

    # --- sheets and quotes ---

    async def quotes(self, state: State) -> tuple[dict[str, PriceSchedule], dict[str, str]]:
        """All final quotes, opened together; those that do not open with the reason."""
        lot = state.the_lot()

        def read(owner: str, opened: OpenedEnvelope) -> PriceSchedule:
            quote: QuotePayload = parse_quote(canonical(opened.payload))
            if describe(opened.signer_certificate).uscc != owner or quote.supplier.uscc != owner:
                raise InputError("quote.other_supplier")
            if quote.tender != lot.project_number or quote.lot != lot.lot.id:
                raise InputError("quote.other_lot")
            return quote.price

        return await self._open_all(state, "quote", read)

    async def sheets(self, state: State) -> tuple[dict[str, OpenedSheet], dict[str, str]]:
        """All score sheets, opened together."""

        def read(owner: str, opened: OpenedEnvelope) -> OpenedSheet:
            if opened.signer_certificate != unbase64(state.certificates.get(owner, "")):
                raise InputError("sheet.other_member")
            try:
                return msgspec.convert(opened.payload, OpenedSheet)
            except msgspec.ValidationError as error:
                raise InputError("sheet.malformed") from error

        return await self._open_all(state, "sheet", read)

    async def _open_all(
        self, state: State, purpose: str, read: Callable[[str, OpenedEnvelope], T]
    ) -> tuple[dict[str, T], dict[str, str]]:
        found: SealedSet = state.sealed[purpose]
        good: dict[str, T] = {}
        bad: dict[str, str] = {}
        for owner, sealed in found.envelopes.items():
            released = [
                blobs[sealed.header_sha256] for blobs in found.released.values() if sealed.header_sha256 in blobs
            ]
            try:
                shares = [await self._share(blob) for blob in released]
                good[owner] = read(owner, await asyncio.to_thread(self._open_sealed, state, purpose, sealed, shares))
            except InputError as error:
                bad[owner] = error.code
        return good, bad

    def _open_sealed(self, state: State, purpose: str, sealed: Sealed, shares: list[Share]) -> OpenedEnvelope:
        return open_envelope(
            self._blobs.path(sealed.envelope_sha256),
            header_sha256=sealed.header_sha256,
            purpose="quote" if purpose == "quote" else "sheet",
            context=sealed_context(state, purpose),
            rehearsal=state.rehearsal,
            shares=shares,
        )

    async def check_sealed(self, state: State, purpose: str, header_sha256: str, envelope_sha256: str) -> None:
        """A sheet or quote as it comes in: an undamaged envelope of this purpose and case, to the fixed holders.

        Raises:
            InputError: ``sealed.damaged``, ``sealed.foreign``.
        """
        try:
            header: EnvelopeHeader = await asyncio.to_thread(check, self._blobs.path(envelope_sha256), header_sha256)
        except InputError as error:
            raise InputError("sealed.damaged", reason=error.code) from error
        fixed = state.sealed.get(purpose) or SealedSet()
        core = header.core
        right = core.purpose == purpose and core.context == sealed_context(state, purpose)
        if (
            not right
            or core.rehearsal != state.rehearsal
            or (core.policy.k, core.policy.n) != (fixed.k, len(fixed.holders))
        ):
            raise InputError("sealed.foreign")


def sealed_context(state: State, purpose: str) -> dict[str, str]:
    """The context that a sheet's or quote's envelope is bound to."""
    return {"case": state.case, "lot": state.the_lot().lot.id, "purpose": purpose}
