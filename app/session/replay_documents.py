"""The step about the signed documents: whole, signed by those who they say, and saying what the record says."""

from collections import OrderedDict
from datetime import datetime
from typing import Any

import msgspec

from app.ca.pdf_flat import open_flat
from app.ca.pdf_signer import PyHankoSigner
from app.ca.pdf_verifier import CLOCK_SLACK, SignatureVerdict, check_archived, check_increment, verify
from app.ca.trust import Part, Status, TrustList, is_demo
from app.canon import canonical, parse_canonical
from app.clock import parse_stamp
from app.errors import BidroomError, InputError
from app.record.archive_reader import ArchiveReader, Hidden
from app.record.carried import with_carried
from app.record.entry import decode_base64, parse_entry
from app.record.log import MerkleTree
from app.record.verification import Fact, Finding, Tally
from app.session.document_data import document_for
from app.session.document_editions import folder_of
from app.session.documents import DATA_LIMIT, render
from app.session.replay import recorded, replay
from app.session.rules.event import Recorded
from app.session.rules.events_case import DocumentIssued, DocumentSigned, DocumentStamped
from app.session.rules.people import Level
from app.session.rules.state import State
from app.session.rules.table import apply

PDF_LIMIT = 64 * 1024 * 1024
ATTACHED = "data.json"
RECENT = 500
"""States that are kept while walking."""


class DocumentStep:
    """The step ``documents``: every PDF that the record names as issued or signed.

    Checked for each: the attached data are what the state at its entry gives (``document.data_differs``), with "entry
    N, root R" of this log (``document.other_root``), the pages come out again from these data (else
    ``document.pages_differ``, could not tell: another version may set type differently), each signed file is the one
    before plus one signature in the signer's field by the certificate bound to that person then (``pdf.*``,
    ``signature.*``, ``document.not_bound``), or when all have signed plus evidence and a time stamp; integrity by the
    strict verifier, identity by ``trust``.
    """

    code = "documents"

    def __init__(self, trust: TrustList | None) -> None:
        self._trust = trust

    def check(self, archive: ArchiveReader) -> Finding:
        """Judge all documents; Facts: documents, signatures, pages_again."""
        tally = Tally()
        tally.facts |= {"documents": 0, "signatures": 0, "pages_again": 0}
        walk = _Walk(archive, with_carried(self._trust or TrustList([]), archive), tally)
        for line in archive.entry_lines():
            walk.visit(line)
        walk.finish()
        if walk.hidden:
            tally.unsure("documents.entries_hidden")
        return tally.finding()


class _Known(msgspec.Struct):
    """A document as it stands: its newest file, and where it was issued."""

    pdf: bytes | None
    sha256: str
    fields: dict[str, str]
    last: Recorded
    signers: list[tuple[str, str]]  # person, field; in the order of signing
    bound: set[bytes]


class _Walk:
    """One walk over the entries; the state is the one before each entry."""

    def __init__(self, archive: ArchiveReader, trust: TrustList, tally: Tally) -> None:
        self._archive = archive
        self._trust = trust
        self._tally = tally
        self._tree = MerkleTree()
        self._entries: list[Recorded] = []
        self._state = State()
        self._recent: OrderedDict[int, State] = OrderedDict()
        self._documents: dict[str, _Known] = {}
        self.hidden = False

    def visit(self, line: bytes | Hidden) -> None:
        """The next line of the record."""
        if isinstance(line, Hidden):
            self._tree.append_leaf_hash(line.leaf)
            self.hidden = True
            return
        item = recorded(parse_entry(line))
        match item.event:
            case DocumentIssued() as event:
                self._issued(item, event)
            case DocumentSigned() as event:
                self._signed(item, event)
            case DocumentStamped() as event:
                self._stamped(item, event)
            case _:
                pass
        self._tree.append(line)
        self._entries.append(item)
        self._recent[item.index] = self._state
        if len(self._recent) > RECENT:
            self._recent.popitem(last=False)
        self._state = apply(self._state, item)

    def _state_at(self, size: int) -> State:
        """The state after ``size`` entries; a document is issued soon after the state that it was made from."""
        if size == len(self._entries):
            return self._state
        return self._recent[size] if size in self._recent else replay(self._entries[:size])

    # --- issued ---

    def _issued(self, item: Recorded, event: DocumentIssued) -> None:
        self._tally.count("documents")
        pdf = self._pdf(item, event.pdf_sha256)
        self._documents[event.document] = _Known(pdf, event.pdf_sha256, event.fields, item, [], set())
        where: dict[str, Fact] = {"index": item.index, "name": event.document}
        if event.entries > item.index or self._tree.root(event.entries).hex() != event.root:
            self._tally.failed("document.other_root", **where)
            return
        if pdf is None or self.hidden:
            return
        try:
            attached = attached_data(pdf)
        except BidroomError as error:
            self._tally.failed(error.code, **where)
            return
        self._same_data(item, event, pdf, attached)

    def _same_data(self, item: Recorded, event: DocumentIssued, pdf: bytes, attached: bytes) -> None:
        where: dict[str, Fact] = {"index": item.index, "name": event.document}
        before = self._entries[: event.entries]
        try:
            folder_of(event.edition)
        except InputError as error:  # a later program's; nothing is known to be wrong
            self._tally.unsure(error.code, **where)
            return
        try:
            issued_at = _issued_at(attached)
            if not (not before or before[-1].at <= issued_at) or issued_at > item.at:
                raise InputError("document.other_time")
            made = document_for(
                self._state_at(event.entries),
                event.kind,
                event.subject,
                entries=event.entries,
                root=event.root,
                recorded=before,
                now=issued_at,
                edition=event.edition,
            )
            if canonical(msgspec.to_builtins(made.document)) != attached:
                raise InputError("document.data_differs")
            again = render(made.kind, made.document, event.edition)
            if {field.person_id: field.name for field in again.fields} != event.fields:
                raise InputError("document.other_fields")
        except ValueError:
            self._tally.failed("document.data_differs", **where)
            return
        except BidroomError as error:
            self._tally.failed(error.code, **where)
            return
        if PyHankoSigner().add_fields(again.pdf, again.fields) == pdf:
            self._tally.count("pages_again")
        else:
            self._tally.unsure("document.pages_differ", **where)

    # --- signed ---

    def _signed(self, item: Recorded, event: DocumentSigned) -> None:
        self._tally.count("signatures")
        where: dict[str, Fact] = {"index": item.index, "name": event.document, "person": event.person}
        known = self._documents.get(event.document)
        if known is None:
            if self.hidden:
                self._tally.unsure("document.issue_hidden", **where)
            else:
                self._tally.failed("document.not_issued", **where)
            return
        before, after = known.pdf, self._pdf(item, event.pdf_sha256)
        known.pdf, known.sha256, known.last = after, event.pdf_sha256, item
        field = known.fields.get(event.person, "")
        bound = self._bound(event.person)
        if not field or bound is None:
            self._tally.failed("document.not_bound", **where)
            return
        if before is None or after is None:
            return
        try:
            check_increment(before, after, field, bound)
        except InputError as error:
            reason = str(error.facts.get("reason", error.code))
            self._tally.failed(reason if "." in reason else f"document.{reason}", **where)
            return
        known.signers.append((event.person, field))
        signed_in = self._state.signed_in.get(event.person)
        if signed_in is not None and signed_in.level is Level.STAFF_VERIFIED:
            known.bound.add(bound)

    def _stamped(self, item: Recorded, event: DocumentStamped) -> None:
        where: dict[str, Fact] = {"index": item.index, "name": event.document}
        known = self._documents.get(event.document)
        if known is None:
            (self._tally.unsure if self.hidden else self._tally.failed)("document.not_issued", **where)
            return
        before, after = known.pdf, self._pdf(item, event.pdf_sha256)
        known.pdf, known.sha256, known.last = after, event.pdf_sha256, item
        if before is None or after is None:
            return
        try:
            check_archived(before, after)
        except InputError as error:
            self._tally.failed(str(error.facts.get("reason", error.code)), **where)

    def _bound(self, person: str) -> bytes | None:
        text = self._state.certificates.get(person)
        try:
            return decode_base64(text, "certificate") if text else None
        except InputError:
            return None

    def _pdf(self, item: Recorded, sha256: str) -> bytes | None:
        try:
            return self._archive.read_blob(sha256, PDF_LIMIT)
        except InputError as error:
            if error.code == "blob.missing":
                sealed = f"sealed/{sha256}" in self._archive.members
                code = "document.sealed" if sealed or not self._archive.full else "document.missing"
                (self._tally.failed if code == "document.missing" else self._tally.unsure)(code, index=item.index)
            else:
                self._tally.failed(error.code, index=item.index)
            return None

    # --- the whole, at the end ---

    def finish(self) -> None:
        """The strict verifier over every document's last file, and who its signers are."""
        for key, known in self._documents.items():
            if known.pdf is None or not known.signers:
                continue
            verdict = verify(known.pdf, self._trust, known.last.at, known.bound)
            where: dict[str, Fact] = {"index": known.last.index, "name": key}
            self._take(verdict.document, where)
            for one in verdict.signatures:
                self._judge(one, {**where, "field": one.field}, known)
            for stamp in verdict.stamps:
                self._take(stamp.integrity, {**where, "field": stamp.field})
                self._take(stamp.time, {**where, "field": stamp.field})

    def _judge(self, one: SignatureVerdict, where: dict[str, Fact], known: _Known) -> None:
        self._take(one.integrity, where)
        self._take(one.identity, where)
        if one.time.status is Status.FAILED:
            self._take(one.time, where)
        elif one.claimed_time is not None and one.claimed_time > known.last.at + CLOCK_SLACK:
            self._tally.failed("time.in_future", **where)
        path = one.certificate_verdict.path if one.certificate_verdict is not None else ()
        if path and is_demo(path[-1]) and not self._state.rehearsal:
            self._tally.failed("identity.test_root", **where)

    def _take(self, part: Part, where: dict[str, Fact]) -> None:
        if part.status is Status.FAILED:
            self._tally.failed(part.code, **where)
        elif part.status is Status.COULD_NOT_TELL:
            self._tally.unsure(part.code, **where)


def _issued_at(attached: bytes) -> datetime:
    """The moment that a document states; ValueError where it states none."""
    value = parse_canonical(attached, DATA_LIMIT)
    if not isinstance(value, dict) or not isinstance(value.get("issued_at"), str):
        raise ValueError("no moment")
    return parse_stamp(value["issued_at"])


def attached_data(pdf: bytes) -> bytes:
    """The data that a document carries as ``data.json``.

    Raises:
        InputError: ``pdf.*`` from :func:`app.ca.pdf_flat.open_flat`, ``document.no_data``.
    """
    reader = open_flat(pdf)
    try:
        names: Any = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
        pairs = {str(names[place]): names[place + 1] for place in range(0, len(names), 2)}
        data: bytes = pairs[ATTACHED]["/EF"]["/F"].data
    except Exception as error:  # whatever shape a file made elsewhere has
        raise InputError("document.no_data") from error
    if len(data) > DATA_LIMIT:
        raise InputError("document.data_too_large", limit=DATA_LIMIT)
    return data
