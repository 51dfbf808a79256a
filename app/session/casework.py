"""What the host does for a room beyond recording: uploads before a command, work after it, turns to sign."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from app.ca.pdf_signer import PyHankoSigner
from app.ca.pdf_verifier import check_increment
from app.ca.signatures import describe
from app.ca.trust import is_demo
from app.errors import InputError
from app.logs import get_logger
from app.session.bidbox import BidBox
from app.session.document_data import document_for
from app.session.document_editions import CURRENT
from app.session.documents import render
from app.session.room import Room
from app.session.rules import commands
from app.session.rules.command import Command
from app.session.rules.decide_people import check_may_submit
from app.session.rules.effects import CheckSeals, Effect, IssueDocument, OpenBackup, OpenBid, OpenSealed, ReadBids
from app.session.rules.events_case import BidSubmitted

_log = get_logger("casework")

PDF_LIMIT = 64 * 1024 * 1024
SHARE_LIMIT = 16 * 1024
KIT_LIMIT = 4 * 1024 * 1024
PHOTO_LIMIT = 2 * 1024 * 1024
SEALED_LIMIT = 16 * 1024 * 1024
LEASE_SECONDS = 90
E = TypeVar("E", bound=Effect)


class Casework:
    """Workers of one room's effects, and the checks that need files."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._box = BidBox(room.keys, room.blobs)
        self._turns: dict[str, asyncio.Lock] = {}
        self._holders: dict[str, tuple[str, asyncio.TimerHandle]] = {}
        room.workers = {
            CheckSeals: self._check_seals,
            OpenBid: _worker(OpenBid, self._open_bid),
            OpenBackup: _worker(OpenBackup, self._open_bid),
            ReadBids: self._read_bids,
            OpenSealed: _worker(OpenSealed, self._open_sealed),
            IssueDocument: _worker(IssueDocument, self._issue),
        }

    # --- before a command is decided ---

    async def carry_out(self, person: str, command: Command) -> Command:
        """Check what a command refers to; a bid's submission becomes the host's receipt.

        Raises:
            InputError: what is wrong with the upload. A refused bid is recorded with its reason.
        """
        room = self._room
        match command:
            case commands.SubmitBid():
                return await self._receive(person, command)
            case commands.SignDocument():
                await self._check_signature(person, command)
            case commands.ReleaseShare() | commands.ReleaseSupplierKey():
                self._require(command.share_sha256, SHARE_LIMIT)
            case commands.HandInBackup():
                if not room.blobs.is_sealed(command.backup_sha256):
                    raise InputError("blob.not_private", digest=command.backup_sha256)
            case commands.ReleaseSealed():
                for blob in command.shares.values():
                    self._require(blob, SHARE_LIMIT)
            case commands.SealSheet():
                self._require(command.envelope_sha256, SEALED_LIMIT)
                await self._box.check_sealed(room.state, "sheet", command.header_sha256, command.envelope_sha256)
            case commands.SealQuote():
                self._require(command.envelope_sha256, SEALED_LIMIT)
                await self._box.check_sealed(room.state, "quote", command.header_sha256, command.envelope_sha256)
            case commands.FileAuthorisation():
                self._require(command.document_sha256, PDF_LIMIT)
            case commands.AddAuthority():
                _check_authority(command, room.state.rehearsal)
            case commands.VerifyIdentity():
                self._check_photo(command)
            case commands.IssueKit():
                self._require(command.kit_sha256, KIT_LIMIT)
            case _:
                pass
        return command

    def _require(self, sha256: str, limit: int) -> None:
        if not self._room.blobs.has(sha256):
            raise InputError("blob.missing", digest=sha256)
        if self._room.blobs.size(sha256) > limit:
            raise InputError("blob.too_large", limit=limit)

    def _check_photo(self, command: commands.VerifyIdentity) -> None:
        """The picture of who was verified: a JPEG or PNG, and because it is personal data, under the case key."""
        blobs, key = self._room.blobs, self._room.keys.case_key
        if len(command.photo_sha256) != 64:
            return  # refused by the rules, with their own code
        self._require(command.photo_sha256, PHOTO_LIMIT)
        if not blobs.is_sealed(command.photo_sha256):
            raise InputError("blob.not_private", digest=command.photo_sha256)
        if not blobs.read(command.photo_sha256, PHOTO_LIMIT, key).startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
            raise InputError("refused.photo", person=command.person)

    async def _receive(self, person: str, command: commands.SubmitBid) -> Command:
        """Receive an envelope: the receipt is signed over what was checked, and goes with the command."""
        room = self._room
        supplier = room.state.supplier_of(person)
        now = room.now()
        try:
            if not supplier or command.receipt:
                raise InputError("refused.role", command="submit_bid")
            check_may_submit(room.state, supplier, command.header_sha256, command.replaces, now)
            self._require(command.envelope_sha256, 1 << 40)
            events = [entry.recorded.event for entry in room.entries]
            earlier = [event.envelope_sha256 for event in events if isinstance(event, BidSubmitted)]
            receipt = await self._box.receive(
                room.state,
                person,
                command.header_sha256,
                command.envelope_sha256,
                command.replaces,
                now,
                earlier,
                command.backup,
            )
        except InputError as error:
            if supplier:
                await room.report(commands.ReportBidRefused(supplier=supplier, code=error.code))
            raise
        size = room.blobs.size(command.envelope_sha256)
        return msgspec.structs.replace(command, receipt=base64.b64encode(receipt).decode(), size=size)

    async def _check_signature(self, person: str, command: commands.SignDocument) -> None:
        room = self._room
        document = room.state.documents.get(command.document)
        if document is None or person not in document.fields:
            raise InputError("refused.not_signer", document=command.document)
        if document.pdf_sha256 != command.previous_sha256:
            raise InputError("refused.document_changed", document=command.document)
        self._require(command.pdf_sha256, PDF_LIMIT)
        certificate = base64.b64decode(room.state.certificates[person])

        def check() -> None:
            before = room.blobs.read(document.pdf_sha256, PDF_LIMIT, room.keys.case_key)
            after = room.blobs.read(command.pdf_sha256, PDF_LIMIT, room.keys.case_key)
            check_increment(before, after, document.fields[person], certificate)

        await asyncio.to_thread(check)

    # --- turns to sign ---

    async def lease(self, person: str, document: str) -> tuple[str, int]:
        """One's turn to sign: at most one signer at a time, each for at most 90 seconds."""
        found = self._room.state.documents.get(document)
        if found is None or person not in found.waiting:
            raise InputError("refused.not_signer", document=document)
        self.release(person, document)  # asked again after a lost connection: not behind oneself
        turn = self._turns.setdefault(document, asyncio.Lock())
        await turn.acquire()
        if person not in self._room.state.documents[document].waiting:
            turn.release()
            raise InputError("refused.not_signer", document=document)
        handle = asyncio.get_running_loop().call_later(LEASE_SECONDS, self.release, person, document)
        self._holders[document] = (person, handle)
        return self._room.state.documents[document].pdf_sha256, LEASE_SECONDS

    def has_turn(self, person: str) -> bool:
        """Whether it is this person's turn to sign something."""
        return any(holder == person for holder, _ in self._holders.values())

    def release(self, person: str, document: str) -> None:
        """The turn ends: signed, given up, or too slow."""
        holder = self._holders.get(document)
        if holder is not None and holder[0] == person:
            holder[1].cancel()
            del self._holders[document]
            self._turns[document].release()

    def release_all(self, person: str) -> None:
        for document in [d for d, (holder, _) in self._holders.items() if holder == person]:
            self.release(person, document)

    # --- work that follows from the state ---

    async def _check_seals(self, _effect: Effect) -> None:
        await self._room.report(commands.ReportSeals(found=await self._box.seals(self._room.state)))

    async def _open_bid(self, effect: OpenBid | OpenBackup) -> None:
        room = self._room
        bid = room.state.bids[effect.supplier]
        try:
            opening = self._box.open_backup if isinstance(effect, OpenBackup) else self._box.open_bid
            opened = await opening(room.state, effect.supplier)
        except InputError as error:
            telemetry = {key: str(value) for key, value in error.facts.items()}
            await room.report(commands.ReportBidFailed(supplier=effect.supplier, cause=error.code, telemetry=telemetry))
            return
        await room.report(
            commands.ReportBidOpened(
                supplier=effect.supplier,
                header_sha256=bid.header_sha256,
                manifest_sha256=opened.manifest_sha256,
                documents=opened.documents,
            )
        )

    async def _read_bids(self, _effect: Effect) -> None:
        payloads = await asyncio.to_thread(self._box.payloads, self._room.state)
        await self._room.report(commands.ReportBids(bids=payloads))

    async def _open_sealed(self, effect: OpenSealed) -> None:
        room = self._room
        if effect.purpose == "quote":
            quotes, failed = await self._box.quotes(room.state)
            await room.report(commands.ReportQuotes(quotes=quotes, failed=failed))
        else:
            sheets, failed = await self._box.sheets(room.state)
            await room.report(commands.ReportSheets(sheets=sheets, failed=failed))

    async def _issue(self, effect: IssueDocument) -> None:
        room = self._room
        size, root = room.tree.size, room.tree.root().hex()
        recorded = [entry.recorded for entry in room.entries]
        data = document_for(
            room.state, effect.kind, effect.subject, entries=size, root=root, recorded=recorded, now=room.now()
        )
        rendered = await asyncio.to_thread(render, data.kind, data.document)
        pdf = await asyncio.to_thread(PyHankoSigner().add_fields, rendered.pdf, rendered.fields)
        kept = room.blobs.put_bytes(pdf, room.keys.case_key)
        same = [d for d in room.state.documents.values() if (d.kind, d.subject) == (effect.kind, effect.subject)]
        about = f"-{effect.subject}" if effect.subject else ""
        await room.report(
            commands.ReportDocument(
                document=f"{effect.kind}{about}-{len(same) + 1}",
                kind=effect.kind,
                pdf_sha256=kept.sha256,
                fields={field.person_id: field.name for field in rendered.fields},
                entries=size,
                root=root,
                subject=effect.subject,
                edition=CURRENT,
            )
        )


def _worker(kind: type[E], function: Callable[[E], Awaitable[None]]) -> Callable[[Effect], Awaitable[None]]:
    async def work(effect: Effect) -> None:
        assert isinstance(effect, kind)
        await function(effect)

    return work


def _check_authority(command: commands.AddAuthority, rehearsal: bool) -> None:
    """The certificate of a CA, named as it names itself; a test CA only in a rehearsal."""
    try:
        der = base64.b64decode(command.certificate, validate=True)
    except ValueError as error:
        raise InputError("certificate.unreadable") from error
    info = describe(der)
    if not info.authority:
        raise InputError("refused.not_an_authority", name=info.holder[:80])
    if info.holder != command.name:
        raise InputError("refused.authority_name", name=info.holder[:80])
    if is_demo(der) and not rehearsal:
        raise InputError("trust.demo_root")
