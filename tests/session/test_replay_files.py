"""The steps about documents and bids accept what is true and find what is not."""

import asyncio
import base64
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent / "rules"))

from factory import DEADLINE, SPEAKER, TENDER, A, B, case_file, digest, payload, rules, staff, supplier_person
from recorded_room import Archive, Room, host, line

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_opening as evo
from app.ca import receipt as receipts
from app.ca.device_key import DeviceKeyHolder
from app.ca.envelope import Recipient, seal_bytes
from app.ca.pdf_signer import PyHankoSigner
from app.ca.seal import name_chop
from app.ca.token import Act
from app.canon import canonical, sha256_hex
from app.clock import ManualClock
from app.procurement.rulepack import effective_windows
from app.record.entry import parse_entry
from app.record.log import MerkleTree
from app.record.verification import Finding, Verdict
from app.session.document_data import document_for
from app.session.documents import render
from app.session.replay_bids import BidStep
from app.session.replay_documents import DocumentStep, attached_data
from app.session.rules.event import Event
from app.session.rules.events import from_builtins
from app.session.rules.people import Level

OFFICER, CLERK, HOST_KEY = (DeviceKeyHolder.create(name, ManualClock(DEADLINE)) for name in ("o", "c", "h"))


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def begun() -> Room:
    """A case whose officer and clerk are signed in with device keys that the staff vouch for."""
    room = Room()
    file, law = case_file(TENDER), rules()
    clocks = {name: clock.seconds for name, clock in effective_windows(file.windows, law).items()}
    opening = cmd.OpenCase(
        case="KM-1/1", lot="1", case_file=file, rehearsal=False, rules=law, windows=clocks, shortened={},
        blob_keys=(), host_key="00" * 32, host_certificate=text(HOST_KEY.signing_certificate),
    )  # fmt: skip
    host(room, opening, *(cmd.AddPerson(person=one) for one in staff()))
    for person, key in (("officer", OFFICER), ("clerk", CLERK)):
        certificate = text(key.signing_certificate)
        signed = cmd.ReportSignIn(
            person=person, level=Level.STAFF_VERIFIED, session=digest(person), certificate=certificate,
            encryption_certificate=certificate, chain=(), challenge="", challenge_signature="", revocation="passed",
        )  # fmt: skip
        host(room, signed)
    room.now = DEADLINE
    return room


# --- documents ---


def root(lines: list[bytes]) -> str:
    tree = MerkleTree()
    for data in lines:
        tree.append(data)
    return tree.root().hex()


def issued(room: Room, change: Any = lambda document: document, root_hex: str = "") -> bytes:
    """Issue the opening record, perhaps with other data than the state gives."""
    size, head = len(room.lines), root_hex or root(room.lines)
    made = document_for(room.state, "opening_record", "", entries=size, root=head, recorded=room.log, now=room.now)
    rendered = render(made.kind, change(made.document))
    pdf = PyHankoSigner().add_fields(rendered.pdf, rendered.fields)
    report = cmd.ReportDocument(
        document="d1", kind="opening_record", pdf_sha256=sha256_hex(pdf), entries=size, root=head,
        fields={field.person_id: field.name for field in rendered.fields},
    )  # fmt: skip
    host(room, report)
    return pdf


def signs(room: Room, person: str, key: DeviceKeyHolder, pdf: bytes) -> bytes:
    document = room.state.documents["d1"]
    work = PyHankoSigner().sign(
        pdf, document.fields[person], key, name_chop(person, rehearsal=False), name=person, reason="签署",
        at=room.now, certify=b"/DocMDP" not in pdf,
    )  # fmt: skip
    signed = asyncio.run(work)
    previous = sha256_hex(pdf)
    room.does(person, cmd.SignDocument(document="d1", previous_sha256=previous, pdf_sha256=sha256_hex(signed)))
    return signed


def judged(room: Room, *files: bytes, hidden: int | None = None) -> Finding:
    return DocumentStep(None).check(Archive(room.lines, files, hidden))  # type: ignore[arg-type]


def test_an_honest_document_passes_and_its_pages_come_out_again() -> None:
    room = begun()
    first = issued(room)
    second = signs(room, "officer", OFFICER, first)
    third = signs(room, "clerk", CLERK, second)
    finding = judged(room, first, second, third)
    assert (finding.verdict, finding.problem, finding.where) == (Verdict.PASSED, None, {})
    assert finding.facts == {"documents": 1, "signatures": 2, "pages_again": 1}


def test_data_that_the_record_does_not_give_are_found() -> None:
    room = begun()
    pdf = issued(room, lambda document: msgspec.structs.replace(document, place="别处"))
    finding = judged(room, pdf)
    assert (finding.verdict, finding.problem) == (Verdict.FAILED, "document.data_differs")


def test_a_root_of_another_record_is_found() -> None:
    room = begun()
    finding = judged(room, issued(room, root_hex="ab" * 32))
    assert (finding.verdict, finding.problem) == (Verdict.FAILED, "document.other_root")


def test_pages_that_say_something_else_than_their_data_are_not_believed() -> None:
    room = begun()
    size, head = len(room.lines), root(room.lines)
    made = document_for(room.state, "opening_record", "", entries=size, root=head, recorded=room.log, now=room.now)
    honest = render(made.kind, made.document)
    pdf = PyHankoSigner().add_fields(honest.pdf, honest.fields[::-1])
    report = cmd.ReportDocument(
        document="d1", kind="opening_record", pdf_sha256=sha256_hex(pdf), entries=size, root=head,
        fields={field.person_id: field.name for field in honest.fields},
    )  # fmt: skip
    host(room, report)
    finding = judged(room, pdf)
    assert (finding.verdict, finding.problem) == (Verdict.COULD_NOT_TELL, "document.pages_differ")


def test_a_signature_by_another_certificate_is_found() -> None:
    room = begun()
    first = issued(room)
    second = signs(room, "officer", CLERK, first)
    finding = judged(room, first, second)
    assert (finding.verdict, finding.problem) == (Verdict.FAILED, "document.other_certificate")
    assert finding.where["person"] == "officer"


def test_a_changed_signed_file_is_found() -> None:
    room = begun()
    first = issued(room)
    place = first.rindex(b"%%EOF") - 30
    other = first[:place] + bytes([first[place] ^ 1]) + first[place + 1 :]
    room.does(
        "officer",
        cmd.SignDocument(document="d1", previous_sha256=sha256_hex(first), pdf_sha256=sha256_hex(other)),
    )
    assert judged(room, first, other).verdict is Verdict.FAILED


def test_a_missing_file_is_found_and_a_hidden_entry_leaves_it_untold() -> None:
    room = begun()
    first = issued(room)
    assert judged(room).problem == "document.missing"
    assert judged(room, first, hidden=2).verdict is not Verdict.PASSED


def test_the_attached_data_are_those_of_the_document() -> None:
    room = begun()
    pdf = issued(room)
    assert b'"place":"' + "开标一室".encode() in attached_data(pdf)


# --- bids ---


def sealed() -> tuple[Room, bytes, bytes]:
    """One real envelope, received with a real receipt and reported as opened; the room, envelope and manifest."""
    room = begun()
    work = seal_bytes(
        purpose="bid", rehearsal=False, context={"case": "KM-1/1"}, openers=[Recipient(CLERK.encryption_certificate)],
        k=1, supplier=None, payload={"x": "y"}, signer=OFFICER,
    )  # fmt: skip
    made, envelope = asyncio.run(work)
    host(room, msgspec.structs.replace(_sign_in(), registers=supplier_person(A)))
    receipt = receipts.issue(
        case="KM-1/1", lot="1", header_sha256=made.header_sha256, size=len(envelope),
        received_at=DEADLINE - timedelta(minutes=5), person="人", organisation="甲公司", replaces=None,
        certificate=HOST_KEY.signing_certificate, sign=lambda data: asyncio.run(HOST_KEY.sign(data, Act("receipt"))),
    )  # fmt: skip
    submitted = evc.BidSubmitted(
        supplier=A, header_sha256=made.header_sha256, envelope_sha256=sha256_hex(envelope), size=len(envelope),
        receipt=text(receipt.to_bytes()),
    )  # fmt: skip
    bid = payload(A, "900.00")
    manifest = canonical(msgspec.to_builtins(bid))
    record(room, submitted)
    record(
        room,
        evo.BidOpened(supplier=A, header_sha256=made.header_sha256, manifest_sha256=sha256_hex(manifest), documents=()),
    )
    record(room, evo.PriceRead(supplier=A, bid=bid))
    return room, envelope, manifest


def _sign_in() -> cmd.ReportSignIn:
    return cmd.ReportSignIn(
        person=SPEAKER[A], level=Level.ORGANISATION_TOKEN, session=digest(A), certificate="Yw==",
        encryption_certificate="Yw==", chain=(), challenge="", challenge_signature="", revocation="passed",
    )  # fmt: skip


def record(room: Room, event: Event) -> None:
    room.lines.append(line(len(room.lines), room.now, "host", event, None))


@pytest.fixture(scope="module")
def bid() -> tuple[Room, bytes, bytes]:
    return sealed()


def weighed(lines: list[bytes], *files: bytes) -> Finding:
    return BidStep().check(Archive(lines, files))  # type: ignore[arg-type]


def test_an_honest_bid_passes(bid: tuple[Room, bytes, bytes]) -> None:
    room, envelope, manifest = bid
    finding = weighed(room.lines, envelope, manifest)
    assert (finding.verdict, finding.problem, finding.where) == (Verdict.PASSED, None, {})
    assert finding.facts == {"envelopes": 1, "receipts": 1, "opened": 1}


CHANGES = (
    (evc.BidSubmitted, {"size": 5}, "envelope.size"),
    (evc.BidSubmitted, {"header_sha256": "ab" * 32}, "envelope.header_differs"),
    (evc.BidSubmitted, {"replaces": "cd" * 32}, "bid.receipt_differs"),
    (evc.BidSubmitted, {"receipt": "e30="}, "receipt.malformed"),
    (evo.BidOpened, {"supplier": B}, "bid.manifest_differs"),
    (evo.PriceRead, {"bid": payload(A, "901.00")}, "bid.read_differs"),
)


@pytest.mark.parametrize(("kind", "changes", "problem"), CHANGES, ids=[problem for _, _, problem in CHANGES])
def test_a_changed_word_about_a_bid_is_found(
    bid: tuple[Room, bytes, bytes], kind: type[Event], changes: dict[str, Any], problem: str
) -> None:
    room, envelope, manifest = bid
    lines = []
    for data in room.lines:
        entry = parse_entry(data)
        event = from_builtins(entry.event)
        if isinstance(event, kind):
            data = line(entry.index, entry.at, entry.actor, msgspec.structs.replace(event, **changes), entry.command)
        lines.append(data)
    finding = weighed(lines, envelope, manifest)
    assert (finding.verdict, finding.problem) == (Verdict.FAILED, problem)


def test_an_envelope_that_is_not_there_or_other_documents_are_found(bid: tuple[Room, bytes, bytes]) -> None:
    room, envelope, _ = bid
    assert weighed(room.lines).problem == "blob.missing"
    assert weighed(room.lines, envelope).problem == "blob.missing"
