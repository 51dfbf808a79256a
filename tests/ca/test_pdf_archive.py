"""Signatures that stay provable: stamped one by one (B-T), with their evidence and a time stamp over all (B-LTA)."""

import hashlib
import io
import itertools
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from live_pki import LivePki, live_pki
from pdf_world import FIELDS, NAMES, NOW, chop, with_fields
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from app.ca import pdf_archive, pdf_stamper
from app.ca.pdf_archive import Store, add_document_stamp, add_store, signed_by
from app.ca.pdf_increment import Increment
from app.ca.pdf_signer import PyHankoSigner
from app.ca.pdf_stamper import TokenStamper
from app.ca.pdf_verifier import DocumentVerdict, check_archived, check_increment, verify
from app.ca.revocation_client import RevocationClient
from app.ca.timestamp import signer_of
from app.ca.timestamp_client import TimestampClient
from app.ca.token import Act
from app.ca.trust import Part, Status, TrustList
from app.clock import ManualClock
from app.errors import FaultError, InputError


class Key:
    """A certificate of the live PKI with its key; a ``KeyHolder``."""

    def __init__(self, pki: LivePki, label: str) -> None:
        self._key = pki.keys[label]
        self.signing_certificate = self.encryption_certificate = pki.certificate(label)
        self.chain = (pki.intermediate,)
        self.count = 0

    async def sign(self, data: bytes, act: Act) -> bytes:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        self.count += 1
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))

    async def unwrap(self, blob: bytes, act: Act) -> bytes:
        raise AssertionError("nothing is unwrapped here")


class World:
    """Two have signed with stamps, then evidence and a document stamp were added.

    Attributes:
        files: with fields, after each signature, with the store, with the stamp.
    """

    def __init__(self, pki: LivePki, trust: TrustList, files: list[bytes]) -> None:
        self.pki, self.trust, self.files = pki, trust, files
        self.signed, self.stored, self.archived = files[2], files[3], files[4]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePki]:
    with live_pki(tmp_path_factory.mktemp("pki"), NOW) as server:
        server.now = lambda: NOW
        yield server


def stamper(pki: LivePki, trust: TrustList) -> TokenStamper:
    client = TimestampClient([pki.tsa], trust)

    async def ask(digest: bytes) -> bytes:
        return (await client.stamp_digest(digest)).token

    return TokenStamper(ask)


async def sign(pdf: bytes, number: int, key: Any, stamps: TokenStamper | None) -> bytes:
    return await PyHankoSigner(stamps).sign(
        pdf, FIELDS[number].name, key, chop(NAMES[number]), name=NAMES[number], reason="签署", at=NOW,
        certify=number == 0,
    )  # fmt: skip


async def evidence(pdf: bytes, pki: LivePki, trust: TrustList, folder: Path) -> dict[str, Store]:
    client = RevocationClient(folder, ManualClock(NOW))
    stores = {}
    for one in signed_by(pdf):
        whom = [(one.certificate, one.chain)]
        if one.token is not None:
            whom.append(signer_of(one.token))
        paths = [trust.validate(certificate, chain, NOW, "sign").path for certificate, chain in whom]
        found = [await client.evidence(path) for path in paths]
        stores[one.field] = Store(
            tuple(dict.fromkeys(itertools.chain(*paths))),
            tuple(dict.fromkeys(itertools.chain(*(each.ocsp for each in found)))),
            tuple(dict.fromkeys(itertools.chain(*(each.crls for each in found)))),
        )
    return stores


@pytest.fixture(scope="module")
def world(pki: LivePki, tmp_path_factory: pytest.TempPathFactory) -> World:
    import asyncio

    trust = TrustList([pki.root], intermediates=[pki.intermediate])

    async def make() -> list[bytes]:
        stamps = stamper(pki, trust)
        files = [with_fields()]
        for number in range(2):
            files.append(await sign(files[-1], number, Key(pki, "good"), stamps))
        files.append(add_store(files[-1], await evidence(files[-1], pki, trust, tmp_path_factory.mktemp("evidence"))))
        files.append(await add_document_stamp(files[-1], stamps))
        return files

    return World(pki, trust, asyncio.run(make()))


def lines(verdict: DocumentVerdict) -> set[tuple[str, str, str]]:
    return {(one.integrity.code, one.identity.code, one.time.code) for one in verdict.signatures}


async def test_the_levels(world: World) -> None:
    levels = [verify(pdf, world.trust, NOW).level.value for pdf in world.files]
    assert levels == ["", "B-T", "B-T", "B-LT", "B-LTA"]
    plain = await sign(with_fields(), 0, Key(world.pki, "good"), None)
    assert verify(plain, world.trust, NOW).level == "B-B"


async def test_evidence_comes_with_the_file_and_is_enough_decades_later(world: World) -> None:
    assert lines(verify(world.signed, world.trust, NOW)) == {("signature.ok", "revocation.no_crl", "revocation.no_crl")}
    later = verify(world.archived, world.trust, NOW + timedelta(days=2000))  # the signers' certificates have ended
    assert later.intact
    assert lines(later) == {("signature.ok", "identity.ok", "time.stamped")}
    (stamp,) = later.stamps
    assert (stamp.integrity.status, stamp.time.code, stamp.at) == (Status.PASSED, "time.stamped", NOW)
    nobody = verify(world.archived, TrustList([]), NOW)
    assert nobody.intact
    assert nobody.stamps[0].time.code == "chain.no_roots"


async def test_a_document_stamp_proves_that_unstamped_signatures_were_there(world: World, tmp_path: Path) -> None:
    signed = await sign(with_fields(), 0, Key(world.pki, "good"), None)
    stored = add_store(signed, await evidence(signed, world.pki, world.trust, tmp_path))
    archived = await add_document_stamp(stored, stamper(world.pki, world.trust))
    verdict = verify(archived, world.trust, NOW + timedelta(days=2000))
    # the root's list is there for the signer's path, and says of the authority too that it was not revoked
    assert lines(verdict) == {("signature.ok", "identity.ok", "time.document_stamped")}


async def test_check_archived_accepts_these_two_increments_and_no_others(world: World) -> None:
    check_archived(world.signed, world.archived)
    for before, after, reason in (
        (world.signed, world.stored, "more_than_one_change"),
        (world.stored, world.archived, "more_than_one_change"),
        (world.files[1], world.archived, "more_than_one_change"),
        (world.archived, world.signed, "not_an_increment"),
        (world.signed, b"\0" + world.archived, "not_an_increment"),
        (with_fields(), world.signed, "other_field"),
    ):
        with pytest.raises(InputError) as refused:
            check_archived(before, after)
        assert refused.value.facts["reason"] == reason


async def test_nobody_signs_behind_the_stamp(world: World) -> None:
    key = Key(world.pki, "good")
    late = await sign(world.archived, 2, key, None)
    assert verify(late, world.trust, NOW).document.code == "pdf.changed"
    with pytest.raises(InputError):
        check_increment(world.archived, late, FIELDS[2].name, key.signing_certificate)


async def test_a_store_alone_or_a_stamp_alone_is_not_accepted(world: World) -> None:
    assert verify(world.stored, world.trust, NOW).document.code == "pdf.not_covered"
    bare = await add_document_stamp(world.signed, stamper(world.pki, world.trust))
    assert verify(bare, world.trust, NOW).document.code == "pdf.changed"
    twice = await add_document_stamp(world.archived, stamper(world.pki, world.trust))
    assert verify(twice, world.trust, NOW).document.code == "pdf.changed"


async def test_a_stamp_is_renewed_years_later(world: World, tmp_path: Path) -> None:
    again = add_store(world.archived, await evidence(world.archived, world.pki, world.trust, tmp_path))
    renewed = await add_document_stamp(again, stamper(world.pki, world.trust))
    verdict = verify(renewed, world.trust, NOW)
    assert verdict.intact
    assert len(verdict.stamps) == 2


GOODS = ("content", "root", "metadata", "names", "orphan", "second_field", "odd_store", "extensions", "annotation")


@pytest.mark.parametrize("what", GOODS)
@pytest.mark.parametrize("where", ["store", "stamp"])
async def test_evidence_that_brings_something_else_along(
    world: World, monkeypatch: pytest.MonkeyPatch, where: str, what: str
) -> None:
    class Smuggling(Increment):
        def __init__(self, sha256: bytes, reader: PdfFileReader) -> None:
            super().__init__(sha256, reader)
            if (sha256 == hashlib.sha256(world.signed).digest()) == (where == "store"):
                add_goods(self, what)

    monkeypatch.setattr(pdf_archive, "Increment", Smuggling)
    stored = add_store(world.signed, {FIELDS[0].name: Store((world.pki.root,))})
    try:
        forged = await add_document_stamp(stored, stamper(world.pki, world.trust))
    except InputError:  # what is not flat does not even get a stamp
        assert what == "annotation"
        return
    assert verify(forged, world.trust, NOW).document.status is Status.FAILED
    with pytest.raises(InputError):
        check_archived(world.signed, forged)


async def test_the_same_without_the_goods_is_accepted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = add_store(world.signed, {FIELDS[0].name: Store((world.pki.root,))})
    check_archived(world.signed, await add_document_stamp(stored, stamper(world.pki, world.trust)))


async def test_a_visible_document_stamp_is_not_accepted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Visible(SigFieldSpec):
        def __init__(self, name: str, **named: Any) -> None:
            super().__init__(name, on_page=0, box=(100, 100, 300, 200), **named)

    monkeypatch.setattr(pdf_archive, "SigFieldSpec", Visible)
    forged = await add_document_stamp(world.stored, stamper(world.pki, world.trust))
    assert verify(forged, world.trust, NOW).document.code == "pdf.changed"


async def test_any_flipped_byte_in_the_store_and_the_stamp_is_found(world: World) -> None:
    import random

    chance = random.Random(11)
    start = world.archived.rindex(b"/Contents <") + len(b"/Contents <")
    places = {chance.randrange(len(world.signed), len(world.archived)) for _ in range(5)}
    places |= set(range(start, start + 120)) | {start + 20_000}
    for place in sorted(places):
        damaged = bytearray(world.archived)
        damaged[place] ^= 1 << place % 3
        verdict = verify(bytes(damaged), world.trust, NOW)
        assert not verdict.intact, place - start


async def test_a_stamp_of_another_document_or_with_another_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    passed = Part(Status.PASSED, "time.stamped")
    monkeypatch.setattr(pdf_stamper, "judge_digest", lambda *_: (passed, NOW))  # ours would not take them
    stamps = stamper(world.pki, world.trust)
    stored = add_store(world.signed, {})

    async def other(digest: bytes) -> bytes:
        return (await stamps.async_timestamp(bytes(32), "sha256")).dump()

    stolen = await add_document_stamp(stored, TokenStamper(other))
    assert verify(stolen, world.trust, NOW).stamps[0].integrity.code == "time.stamp_of_another"

    async def earlier(digest: bytes) -> bytes:
        token = (await stamps.async_timestamp(digest, "sha256")).dump()
        moment = f"{NOW:%Y%m%d%H%M%SZ}".encode()
        assert token.count(moment) >= 1
        return token.replace(moment, b"2020" + moment[4:], 1)

    forged = verify(await add_document_stamp(stored, TokenStamper(earlier)), world.trust, NOW)
    assert not forged.intact
    assert forged.stamps[0].at is None


async def test_no_authority_costs_the_stamp_and_not_the_signature(world: World) -> None:
    async def nobody(digest: bytes) -> bytes:
        raise FaultError("time.no_authority", reason="none_set")

    key = Key(world.pki, "good")
    signed = await sign(with_fields(), 0, key, TokenStamper(nobody))
    assert key.count == 1
    assert verify(signed, world.trust, NOW).level == "B-B"
    with pytest.raises(FaultError, match=r"^time\.no_authority"):
        await add_document_stamp(signed, TokenStamper(nobody))


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils")
async def test_other_programs_find_the_signatures_valid(world: World, tmp_path: Path) -> None:
    path = tmp_path / "archived.pdf"
    path.write_bytes(world.archived)
    said = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, timeout=60).stdout
    assert said.count("Signature is Valid") == 2  # it does not verify document time stamps
    reader = PdfFileReader(io.BytesIO(world.archived))
    for number, one in enumerate(reader.embedded_signatures):
        start, first, second, rest = (int(value) for value in one.byte_range)
        (tmp_path / "content").write_bytes(world.archived[start:first] + world.archived[second : second + rest])
        (tmp_path / "cms").write_bytes(one.pkcs7_content)
        (tmp_path / "root.pem").write_bytes(b"")
        detached = ["-content", tmp_path / "content"] if one.sig_object_type == "/Sig" else []
        checked = subprocess.run(
            ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "cms", *detached,
             "-noverify", "-out", tmp_path / "out"], capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert checked.returncode == 0, (number, checked.stderr)


def add_goods(writer: IncrementalPdfFileWriter, what: str) -> None:
    def stream(data: bytes) -> Any:
        return writer.add_object(generic.StreamObject(stream_data=data))

    page = writer.find_page_for_modification(0)[0].get_object()
    match what:
        case "content":
            page["/Contents"] = stream(b"0 0 500 500 re f")
            writer.update_container(page)
        case "root":
            writer.root["/PageLayout"] = pdf_name("/TwoColumnLeft")
            writer.update_root()
        case "metadata":
            writer.root["/Metadata"] = stream(b"<x/>")
            writer.update_root()
        case "names":
            writer.root["/Names"] = generic.DictionaryObject()
            writer.update_root()
        case "orphan":
            stream(b"nobody refers to this")
        case "second_field":
            append_signature_field(writer, SigFieldSpec("more", box=(0, 0, 10, 10)))
        case "odd_store":
            writer.root["/DSS"] = writer.add_object(generic.DictionaryObject({pdf_name("/Odd"): stream(b"x")}))
            writer.update_root()
        case "extensions":
            writer.root["/Extensions"] = generic.DictionaryObject({pdf_name("/Odd"): stream(b"x")})
            writer.update_root()
        case "annotation":
            note = generic.DictionaryObject({pdf_name("/Subtype"): pdf_name("/Text")})
            page["/Annots"].append(writer.add_object(note))
            writer.update_container(page["/Annots"])
