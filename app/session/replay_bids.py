"""The step about the bids: stored as receipted, opened as recorded, read as opened."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from app.ca import receipt as receipts
from app.ca.backup import read_backup
from app.ca.envelope import check
from app.ca.envelope_manifest import parse_manifest
from app.ca.signatures import fingerprint
from app.ca.suite import SUITES
from app.canon import canonical
from app.clock import parse_stamp
from app.errors import BidroomError, InputError
from app.procurement.bid import BID_LIMIT, BidPayload, parse_bid
from app.record.archive_reader import ArchiveReader, Hidden
from app.record.entry import decode_base64
from app.record.verification import Fact, Finding, Tally
from app.session.replay import recorded
from app.session.rules import events_case as evc
from app.session.rules import events_evaluation as ev
from app.session.rules import events_opening as evo
from app.session.rules.event import Recorded
from app.session.rules.state import Bid, State
from app.session.rules.table import apply


class BidStep:
    """The step ``bids``: every envelope that was received, sealed sheets and quotes too, and every opened bid.

    Problems: ``envelope.*`` (not whole, or not the receipted one), ``bid.receipt`` codes of
    :func:`app.ca.receipt.verify`, ``bid.receipt_differs`` (it says another envelope, size, case or time),
    ``bid.manifest_differs`` (the opened manifest is of another supplier or names other documents),
    ``bid.document_size``, ``bid.backup_differs`` (opened from another backup than the one committed to),
    ``bid.read_differs`` (read out or handed on is not what was opened).
    """

    code = "bids"

    def check(self, archive: ArchiveReader) -> Finding:
        """Judge all bids. Facts: envelopes, receipts, opened."""
        tally = Tally()
        tally.facts |= {"envelopes": 0, "receipts": 0, "opened": 0}
        walk = _Walk(archive, tally)
        for entry in archive.entries():
            if isinstance(entry, Hidden):
                tally.unsure("bids.entries_hidden", index=entry.index)
                continue
            walk.visit(recorded(entry))
        return tally.finding()


class _Walk:
    def __init__(self, archive: ArchiveReader, tally: Tally) -> None:
        self._archive = archive
        self._tally = tally
        self._state = State()
        self._opened: dict[str, BidPayload] = {}

    def visit(self, item: Recorded) -> None:
        """The next visible entry."""
        try:
            self._look(item)
        except BidroomError as error:
            self._tally.failed(error.code, index=item.index)
        self._state = apply(self._state, item)

    def _look(self, item: Recorded) -> None:
        match item.event:
            case evc.BidSubmitted() as event:
                self._envelope(item, event.envelope_sha256, event.header_sha256, event.size)
                self._receipt(item, event)
            case ev.QuoteSealed() | ev.SheetSealed() as event:
                self._envelope(item, event.envelope_sha256, event.header_sha256, event.size)
            case evo.BidOpened() as event:
                self._bid_opened(item, event)
            case evo.PriceRead(supplier=supplier, bid=bid):
                self._read(item, supplier, bid)
            case evo.BidsHandedOn(bids=bids):
                for supplier, bid in bids.items():
                    self._read(item, supplier, bid)
            case _:
                pass

    def _envelope(self, item: Recorded, sha256: str, header_sha256: str, size: int) -> None:
        self._tally.count("envelopes")
        member = self._archive.members.get(f"blobs/{sha256}")
        if member is None:
            self._absent(sha256, index=item.index)
            return
        if member.size != size:
            self._tally.failed("envelope.size", index=item.index)
        with io.BufferedReader(_Pieces(lambda: self._archive.blob_pieces(sha256)), 1 << 20) as file:
            check(file, header_sha256)

    def _receipt(self, item: Recorded, event: evc.BidSubmitted) -> None:
        self._tally.count("receipts")
        host = fingerprint(decode_base64(self._state.host_certificate, "host_certificate"))
        body = receipts.verify(decode_base64(event.receipt, "receipt"), host).body
        received = parse_stamp(body.received_at)
        said = (body.case, body.lot, body.header_sha256, body.size, body.replaces, body.backup)
        lot = self._state.the_lot()
        recorded_so = (
            self._state.case,
            lot.lot.id,
            event.header_sha256,
            event.size,
            event.replaces or None,
            event.backup or None,
        )
        if said != recorded_so or received > item.at or received >= lot.deadline:
            self._tally.failed("bid.receipt_differs", index=item.index)

    def _bid_opened(self, item: Recorded, event: evo.BidOpened) -> None:
        self._tally.count("opened")
        where: dict[str, Fact] = {"index": item.index}
        bid = self._state.bids.get(event.supplier)
        if bid is None or bid.header_sha256 != event.header_sha256:
            self._tally.failed("bid.manifest_differs", **where)
            return
        for document in event.documents:
            member = self._archive.members.get(f"blobs/{document.sha256}")
            if member is None:
                self._absent(document.sha256, **where)
            elif member.size != document.size:
                self._tally.failed("bid.document_size", **where)
        if not self._archive.has_blob(event.manifest_sha256):
            self._absent(event.manifest_sha256, **where)
            return
        payload = parse_bid(self._archive.read_blob(event.manifest_sha256, BID_LIMIT))
        if bid.backup_sha256:
            self._backup(item, bid, payload)
        named = {(item.name, item.sha256, item.size) for item in payload.documents}
        lot = self._state.the_lot()
        right = (payload.supplier.uscc, payload.tender, payload.lot) == (event.supplier, lot.project_number, lot.lot.id)
        if not right or named != {(item.name, item.sha256, item.size) for item in event.documents}:
            self._tally.failed("bid.manifest_differs", **where)
        self._opened[event.supplier] = payload

    def _backup(self, item: Recorded, bid: Bid, payload: BidPayload) -> None:
        """What was opened in a bid's place is what its supplier had committed to when it submitted."""
        if not self._archive.has_blob(bid.backup_sha256):
            self._absent(bid.backup_sha256, index=item.index)
            return
        core = msgspec.json.decode(self._state.kit_core.encode())
        suite = SUITES[core["suite"]]
        with io.BufferedReader(_Pieces(lambda: self._archive.blob_pieces(bid.backup_sha256)), 1 << 20) as file:
            kept = read_backup(file)
        manifest = parse_manifest(kept.signed.manifest, suite)
        if kept.commitment(suite) != bid.backup or parse_bid(canonical(manifest.payload)) != payload:
            self._tally.failed("bid.backup_differs", index=item.index)

    def _read(self, item: Recorded, supplier: str, bid: BidPayload) -> None:
        opened = self._opened.get(supplier)
        if opened is None:
            self._tally.unsure("bid.not_seen_opened", index=item.index)
        elif msgspec.to_builtins(opened) != msgspec.to_builtins(bid):
            self._tally.failed("bid.read_differs", index=item.index)

    def _absent(self, sha256: str, **where: Fact) -> None:
        if f"sealed/{sha256}" in self._archive.members:
            self._tally.unsure("bids.sealed", **where)
        elif self._archive.full:
            self._tally.failed("blob.missing", **where)
        else:
            self._tally.unsure("bids.not_in_edition", **where)


class _Pieces(io.RawIOBase):
    """A file in the archive as a stream that can go back to its beginning, and nowhere else."""

    def __init__(self, again: Callable[[], Iterator[bytes]]) -> None:
        self._again = again
        self._pieces = again()
        self._rest = b""
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_CUR and offset == 0:
            return self._at
        if offset or whence != io.SEEK_SET:
            raise OSError("only to the beginning")
        self._pieces, self._rest, self._at = self._again(), b"", 0
        return 0

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            try:
                self._rest = next(self._pieces, b"")
            except InputError as error:
                raise OSError("cut") from error
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        self._at += count
        return count
