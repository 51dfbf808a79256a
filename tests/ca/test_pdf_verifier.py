"""Every way we know to change a signed document, each refused by name."""

import asyncio
import io
import random
import re
from datetime import timedelta
from typing import Any

import pytest
from pdf_world import FIELDS, NAMES, NOW, HeldKey, chop, flat_pdf, sign_all, sign_one, spoiled, with_fields
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, async_sign_pdf

from app.ca import pdf_appearance, pdf_signer
from app.ca.device_key import DeviceKeyHolder
from app.ca.pdf_signer import PyHankoSigner
from app.ca.pdf_verifier import check_increment, verify
from app.ca.trust import Status, TrustList
from app.errors import InputError
from app.rehearsal.demo_pki import DemoPerson, DemoPki

NOBODY = TrustList([])


class World:
    """Two people have signed a document that has four boxes."""

    def __init__(self, keys: list[HeldKey], files: list[bytes]) -> None:
        self.keys = keys
        self.files = files
        self.signed = files[-1]


@pytest.fixture(scope="module")
def world(pki: DemoPki) -> World:
    keys = [
        HeldKey(pki.issue(DemoPerson(name, algorithm=kind))[0], (pki.intermediate,))
        for name, kind in zip(NAMES[:2], ("rsa", "ec"), strict=True)
    ]
    return World(keys, asyncio.run(sign_all(keys)))


def why(before: bytes, after: bytes, field: int, certificate: bytes) -> str | None:
    """The reason of the refusal, or None where the increment was accepted."""
    try:
        check_increment(before, after, FIELDS[field].name, certificate)
    except InputError as error:
        return str(error.facts["reason"])
    return None


async def test_honest_increments_are_accepted(world: World) -> None:
    for number, key in enumerate(world.keys):
        assert why(world.files[number], world.files[number + 1], number, key.signing_certificate) is None


async def test_the_right_signature_by_the_wrong_person_or_in_the_wrong_field(world: World) -> None:
    first, second = (key.signing_certificate for key in world.keys)
    before, after = world.files[1], world.files[2]
    assert why(before, after, 1, first) == "other_certificate"
    assert why(before, after, 2, second) == "other_field"
    assert why(before, after, 0, second) == "other_field"
    assert why(world.files[0], after, 1, second) == "more_than_one_change"
    assert why(before, before, 1, second) == "not_an_increment"
    assert why(after, before, 1, second) == "not_an_increment"
    assert why(with_fields(), b"\0" + world.files[1], 0, first) == "not_an_increment"


async def test_any_flipped_byte_is_found(world: World, pki: DemoPki) -> None:
    """Also in the signatures' own bytes, which no signature covers. The issuer's certificate that is carried along is
    its root's word, not the signer's: a flip there shows in the identity, by trust from outside."""
    carried = pki.intermediate.hex().upper().encode()
    issuers = [m.start() for m in re.finditer(carried, world.signed)]
    assert issuers
    believed = TrustList([pki.root], demo=True)
    chance = random.Random(7)
    first, last = len(with_fields()), len(world.signed)
    places = {chance.randrange(last) for _ in range(30)} | {chance.randrange(first, last) for _ in range(30)}
    for place in sorted(places):
        damaged = bytearray(world.signed)
        damaged[place] ^= 1 << chance.randrange(8)
        if any(start <= place < start + len(carried) for start in issuers):
            identities = [one.identity.status for one in verify(bytes(damaged), believed, NOW).signatures]
            assert set(identities) != {Status.PASSED}, place
            continue
        verdict = verify(bytes(damaged), NOBODY, NOW)
        assert not verdict.intact, place
        assert why(world.files[1], bytes(damaged), 1, world.keys[1].signing_certificate), place


async def test_any_flipped_bit_in_the_frame_of_a_signature_is_found(world: World) -> None:
    """The head of the CMS is signed by nobody, and parsers forgive much there."""
    start = world.signed.rindex(b"/Contents <3082") + len(b"/Contents <")
    for place in range(start, start + 124):
        damaged = bytearray(world.signed)
        damaged[place] ^= 1 << place % 3  # a hex digit that stays one, or not
        assert not verify(bytes(damaged), NOBODY, NOW).intact, place - start


async def test_a_page_replaced_in_a_later_increment(world: World) -> None:
    def replace(writer: IncrementalPdfFileWriter) -> None:
        page = writer.find_page_for_modification(0)[0].get_object()
        page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"0 0 0 rg 0 0 500 500 re f"))
        writer.update_container(page)

    forged = spoiled(world.signed, replace)
    assert verify(forged, NOBODY, NOW).document.code == "pdf.not_covered"
    # even when a member of the committee signs over the replaced page
    resigned = await sign_one(forged, 2, DeviceKeyHolder.create("赵思源"))
    verdict = verify(resigned, NOBODY, NOW)
    assert verdict.document.code == "pdf.changed"
    assert {one.integrity.status for one in verdict.signatures} == {Status.FAILED}


GOODS = ("content", "metadata", "rect", "appearance", "stream", "page", "orphan", "field", "root")


@pytest.mark.parametrize("what", GOODS)
async def test_a_signature_that_brings_something_else_along(
    world: World, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    key = DeviceKeyHolder.create("赵思源")
    signed = await smuggled(monkeypatch, world.signed, key, what)
    assert why(world.signed, signed, 2, key.signing_certificate) == "other_content"
    assert verify(signed, NOBODY, NOW).document.code in {"pdf.changed", "pdf.field_added"}


async def test_the_same_signature_without_the_goods_is_accepted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    key = DeviceKeyHolder.create("赵思源")
    signed = await smuggled(monkeypatch, world.signed, key, "nothing")
    assert why(world.signed, signed, 2, key.signing_certificate) is None


async def test_a_seal_is_moved_on_its_page_and_no_further(world: World) -> None:
    key = DeviceKeyHolder.create("赵思源")
    left, bottom, right, top = FIELDS[2].box
    moved = (left + 100, bottom + 300, right + 100, top + 300)
    signed = await sign_one(world.signed, 2, key, box=moved)
    assert why(world.signed, signed, 2, key.signing_certificate) is None
    assert verify(signed, NOBODY, NOW).intact
    for bad in (
        (left, bottom, right + 9, top),  # larger
        (left - 100, bottom, right - 100, top),  # off the page
        tuple(edge + 20 for edge in FIELDS[3].box),  # over another's field
    ):
        with pytest.raises(InputError, match=r"^pdf\.bad_place"):
            await sign_one(world.signed, 2, key, box=bad)


@pytest.mark.parametrize("bad", ["larger", "off", "over"])
async def test_another_program_that_moves_a_seal_too_far_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    left, bottom, right, top = FIELDS[2].box
    box = {"larger": (left, bottom, right + 9, top), "off": (left - 100, bottom, right - 100, top),
           "over": FIELDS[3].box}[bad]  # fmt: skip
    monkeypatch.setattr(pdf_signer, "placement_problem", lambda *_: False)
    key = DeviceKeyHolder.create("赵思源")
    signed = await sign_one(world.signed, 2, key, box=box)
    assert why(world.signed, signed, 2, key.signing_certificate) == "other_content"
    assert verify(signed, NOBODY, NOW).document.code == "pdf.changed"


async def test_a_signature_taken_away(world: World) -> None:
    def remove(writer: IncrementalPdfFileWriter) -> None:
        field = writer.root["/AcroForm"]["/Fields"][1]
        del field["/V"]
        writer.update_container(field)

    removed = spoiled(world.signed, remove)
    assert not verify(removed, NOBODY, NOW).intact
    resigned = await sign_one(removed, 1, DeviceKeyHolder.create("杨丽"))
    assert verify(resigned, NOBODY, NOW).document.code == "pdf.changed"
    # cutting the file is an honest earlier document: only the host, which knows the later one, can tell
    assert why(world.signed, world.files[1], 1, world.keys[1].signing_certificate) == "not_an_increment"


async def test_a_field_added_for_a_stranger(world: World) -> None:
    extra = SigFieldSpec("signature_99", on_page=0, box=(10, 10, 100, 50))
    with_extra = spoiled(world.signed, lambda writer: append_signature_field(writer, extra))
    signer = PyHankoSigner()
    forged = await signer.sign(
        with_extra,
        "signature_99",
        DeviceKeyHolder.create("x"),
        chop("李明"),
        name="x",
        reason="",
        at=NOW,
        certify=False,
    )
    assert verify(forged, NOBODY, NOW).document.status is Status.FAILED


async def test_a_document_that_nobody_certified(pki: DemoPki, world: World) -> None:
    issued = pki.issue(DemoPerson("李明", algorithm="ec"))[0]
    signed = await plain_signature(with_fields(), FIELDS[0].name, issued, certify=False)
    assert verify(signed, NOBODY, NOW).document.code == "pdf.not_certified"
    assert why(with_fields(), signed, 0, issued.certificate)
    certified_late = await plain_signature(world.files[1], FIELDS[1].name, issued, certify=False, subfilter="adbe")
    assert why(world.files[1], certified_late, 1, issued.certificate) is not None


async def test_identity_says_what_is_wrong(pki: DemoPki, world: World) -> None:
    crl = pki.crl_file.read_bytes()
    for trust, at, code in (
        (TrustList([pki.root], [crl], demo=True), NOW, "identity.ok"),
        (NOBODY, NOW, "chain.no_roots"),
        (TrustList([pki.root], demo=True), NOW, "revocation.no_crl"),
        (TrustList([pki.root], [crl], demo=True), NOW + timedelta(days=4000), "validity.expired"),
    ):
        verdict = verify(world.signed, trust, at)
        assert verdict.intact
        assert [one.identity.code for one in verdict.signatures] == [code, code]
    other = DemoPki.create(pki.trust_file.parent / "other", NOW)
    wrong = verify(world.signed, TrustList([other.root], demo=True), NOW)
    assert {one.identity.status for one in wrong.signatures} == {Status.FAILED}
    encryption = pki.issue(DemoPerson("李明", algorithm="ec"))[1]
    misused = await sign_one(with_fields(), 0, HeldKey(encryption, (pki.intermediate,)))
    assert verify(misused, TrustList([pki.root], [crl], demo=True), NOW).signatures[0].identity.code == "usage.wrong"


async def test_a_time_in_the_future_fails(world: World) -> None:
    verdict = verify(world.signed, NOBODY, NOW - timedelta(days=1))
    assert {one.time.code for one in verdict.signatures} == {"time.in_future"}


async def test_unsigned_and_nonsense_are_verdicts_not_crashes() -> None:
    assert verify(with_fields(), NOBODY, NOW).document.code == "pdf.unsigned"
    assert verify(with_fields(), NOBODY, NOW).empty_fields == tuple(field.name for field in FIELDS)
    assert verify(flat_pdf(), NOBODY, NOW).document.code == "pdf.unsigned"
    for nonsense in (b"", b"%PDF-1.7", b"x" * 5000, flat_pdf()[:3000], flat_pdf()[3000:]):
        assert verify(nonsense, NOBODY, NOW).document.status is Status.FAILED


async def smuggled(monkeypatch: pytest.MonkeyPatch, pdf: bytes, key: Any, what: str) -> bytes:
    """The third signature as the product makes it, with one thing more changed in the same increment."""

    def with_goods(writer: IncrementalPdfFileWriter, widget: Any, *args: Any, **named: Any) -> None:
        pdf_appearance.appearance(writer, widget, *args, **named)
        add_goods(writer, widget, what)

    monkeypatch.setattr(pdf_signer, "appearance", with_goods)
    return await sign_one(pdf, 2, key)


def add_goods(writer: IncrementalPdfFileWriter, widget: Any, what: str) -> None:
    def stream(data: bytes) -> Any:
        return writer.add_object(generic.StreamObject(stream_data=data))

    page = writer.find_page_for_modification(0)[0].get_object()
    other = writer.root["/AcroForm"]["/Fields"][0]
    match what:
        case "content":
            old = page["/Contents"]
            writer.objects[(old.container_ref.generation, old.container_ref.idnum)] = generic.StreamObject(
                stream_data=b"0 0 500 500 re f"
            )
        case "page":
            page["/Rotate"] = generic.NumberObject(180)
            writer.update_container(page)
        case "metadata":
            writer.root["/Metadata"] = stream(b"<x/>")
            writer.update_root()
        case "rect":
            widget["/Rect"] = generic.ArrayObject([generic.NumberObject(n) for n in (0, 0, 595, 842)])
        case "appearance":
            other["/AP"] = generic.DictionaryObject({pdf_name("/N"): stream(b"")})
            writer.update_container(other)
        case "stream":
            old = other["/AP"].raw_get("/N")
            writer.objects[(old.generation, old.idnum)] = generic.StreamObject(stream_data=b"")
        case "orphan":
            stream(b"nobody refers to this")
        case "field":
            append_signature_field(writer, SigFieldSpec("more", box=(0, 0, 10, 10)))
        case "root":
            writer.root["/PageLayout"] = pdf_name("/TwoColumnLeft")
            writer.update_root()


async def plain_signature(pdf: bytes, field: str, issued: Any, *, certify: bool, subfilter: str = "pades") -> bytes:
    """What another program's signature looks like."""
    from asn1crypto import keys, x509
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from pyhanko.sign.fields import SigSeedSubFilter
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    der = issued.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    signer = SimpleSigner(
        x509.Certificate.load(issued.certificate), keys.PrivateKeyInfo.load(der), SimpleCertificateStore()
    )
    chosen = SigSeedSubFilter.PADES if subfilter == "pades" else SigSeedSubFilter.ADOBE_PKCS7_DETACHED
    meta = PdfSignatureMetadata(field_name=field, certify=certify, md_algorithm="sha256", subfilter=chosen)
    output = await async_sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), meta, signer)
    result: bytes = output.getvalue()
    return result
