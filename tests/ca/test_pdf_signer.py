"""Four people sign one document, one after the other, with keys of every kind."""

import io
import itertools
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from pdf_world import FIELDS, NAMES, NOW, HeldKey, chop, flat_pdf, sign_all, sign_one, spoiled, with_fields
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from app.ca.device_key import DeviceKeyHolder
from app.ca.pdf_signer import PyHankoSigner, SignatureField
from app.ca.pdf_verifier import verify
from app.ca.token import Act, FixedPin
from app.ca.trust import Status, TrustList
from app.errors import FaultError, InputError
from app.rehearsal.demo_pki import DemoPerson, DemoPki, SoftToken

PIN = "246813"


@pytest.fixture(scope="module")
def trust(pki: DemoPki) -> TrustList:
    return TrustList([pki.root], [pki.crl_file.read_bytes()], demo=True)


def issued(pki: DemoPki, name: str, algorithm: str) -> HeldKey:
    return HeldKey(pki.issue(DemoPerson(name, algorithm=algorithm))[0], (pki.intermediate,))


async def test_four_signers_rsa_ec_and_device_keys(pki: DemoPki, trust: TrustList, tmp_path: Path) -> None:
    keys = [issued(pki, NAMES[0], "rsa"), issued(pki, NAMES[1], "ec"), DeviceKeyHolder.create(NAMES[2])]
    keys.append(issued(pki, NAMES[3], "rsa"))
    files = await sign_all(keys)
    for before, after in itertools.pairwise(files):
        assert after.startswith(before)
    verdict = verify(files[-1], trust, NOW, bound=[keys[2].signing_certificate])
    assert verdict.intact
    assert [one.name for one in verdict.signatures] == list(NAMES)
    assert [one.coverage.value for one in verdict.signatures] == ["revision"] * 3 + ["file"]
    assert [one.identity.code for one in verdict.signatures] == [
        "identity.ok", "identity.ok", "identity.bound_by_record", "identity.ok",
    ]  # fmt: skip
    assert {one.time.code for one in verdict.signatures} == {"time.claimed_only"}
    assert pdfsig(files[-1], tmp_path).count("Signature is Valid") == 4


async def test_tokens_sign_with_one_operation(
    token: SoftToken, trust: TrustList, start: Callable[..., Any], tmp_path: Path
) -> None:
    worker = await start(token, FixedPin(PIN))
    holder = Counting(await worker.open(token.label))
    signed = await sign_one(with_fields(), 0, holder)
    verdict = verify(signed, trust, NOW)
    assert verdict.intact
    assert verdict.signatures[0].identity.status is Status.PASSED
    assert [act.code for act in holder.acts] == ["sign_document"]
    assert holder.acts[0].facts["field"] == FIELDS[0].name
    assert pdfsig(signed, tmp_path).count("Signature is Valid") == 1


async def test_the_same_input_gives_the_same_bytes(pki: DemoPki) -> None:
    key = issued(pki, NAMES[0], "rsa")
    assert PyHankoSigner().add_fields(flat_pdf(), FIELDS) == with_fields()
    assert await sign_one(with_fields(), 0, key) == await sign_one(with_fields(), 0, key)


def test_fields_lie_where_they_were_asked_for() -> None:
    reader = PdfFileReader(io.BytesIO(with_fields()))
    for field, wanted in zip(reader.root["/AcroForm"]["/Fields"], FIELDS, strict=True):
        widget = field.get_object()
        assert widget["/T"] == wanted.name
        assert [float(edge) for edge in widget["/Rect"]] == list(wanted.box)
        assert widget.raw_get("/P").reference == reader.find_page_for_modification(wanted.page)[0].reference


async def test_the_seal_is_seen_in_its_box_and_nowhere_else(pki: DemoPki) -> None:
    before, after = with_fields(), await sign_one(with_fields(), 0, issued(pki, NAMES[0], "ec"))
    plain, sealed = (red_pixels(pdf, 0) for pdf in (before, after))
    left, bottom, right, top = FIELDS[0].box
    assert not plain
    assert len(sealed) > 500
    assert all(left <= x <= right and bottom <= 842 - y <= top for x, y in sealed)


@pytest.mark.parametrize("found", ["OpenAction", "JavaScript", "AcroForm", "Annots"])
async def test_a_document_that_is_not_flat_is_refused(pki: DemoPki, found: str) -> None:
    key = issued(pki, NAMES[0], "ec")
    pdf = spoiled(with_fields(), lambda writer: make_active(writer, found))
    with pytest.raises(InputError, match=r"^pdf\.not_flat"):
        await sign_one(pdf, 0, key)
    assert key.acts == []


async def test_what_does_not_fit_is_refused(pki: DemoPki) -> None:
    key = issued(pki, NAMES[0], "ec")
    once = await sign_one(with_fields(), 0, key)
    for pdf, number, certify, code in (
        (once, 0, False, "pdf.already_signed"),
        (once, 1, True, "pdf.certify_first_only"),
        (with_fields(), 0, False, "pdf.certify_first_only"),
        (flat_pdf(), 0, True, "pdf.no_such_field"),
        (with_fields()[:-200], 0, True, "pdf.unreadable"),
        (b"", 0, True, "pdf.unreadable"),
    ):
        with pytest.raises(InputError, match=f"^{code}"):
            await sign_one(pdf, number, key, certify=certify)
    assert len(key.acts) == 1
    with pytest.raises(InputError, match=r"^pdf\.has_fields"):
        PyHankoSigner().add_fields(with_fields(), FIELDS)
    for bad in (SignatureField("a.b", "p", 0, (0, 0, 9, 9)), SignatureField("a", "p", 2, (0, 0, 9, 9))):
        with pytest.raises(InputError, match=r"^pdf\.bad_field"):
            PyHankoSigner().add_fields(flat_pdf(), [bad])


async def test_a_key_that_answers_with_another_signature_is_a_fault(pki: DemoPki) -> None:
    key, other = issued(pki, NAMES[0], "ec"), issued(pki, NAMES[1], "ec")
    other.signing_certificate = key.signing_certificate
    with pytest.raises(FaultError, match=r"^pdf\.bad_signature"):
        await sign_one(with_fields(), 0, other)


async def test_a_file_is_signed_in_place_as_its_bytes_are(pki: DemoPki, tmp_path: Path) -> None:
    key, path = issued(pki, NAMES[0], "rsa"), tmp_path / "paper.pdf"
    path.write_bytes(with_fields())
    wanted: dict[str, Any] = {"name": NAMES[0], "reason": "评审专家", "at": NOW}
    with pytest.raises(InputError, match=r"^pdf\.certify_first_only"):
        await PyHankoSigner().sign_file(path, FIELDS[0].name, key, chop(NAMES[0]), certify=False, **wanted)
    other = issued(pki, NAMES[1], "ec")
    other.signing_certificate = key.signing_certificate
    with pytest.raises(FaultError, match=r"^pdf\.bad_signature"):
        await PyHankoSigner().sign_file(path, FIELDS[0].name, other, chop(NAMES[0]), certify=True, **wanted)
    assert path.read_bytes() == with_fields()
    await PyHankoSigner().sign_file(path, FIELDS[0].name, key, chop(NAMES[0]), certify=True, **wanted)
    assert path.read_bytes() == await sign_one(with_fields(), 0, key)


async def test_rare_characters_and_long_reasons_do_not_stop_a_signature(pki: DemoPki, trust: TrustList) -> None:
    key = issued(pki, "王𪚥", "ec")
    signed = await PyHankoSigner().sign(
        with_fields(), FIELDS[0].name, key, chop("王𪚥"), name="王𪚥", reason="很长的理由" * 60, at=NOW, certify=True
    )
    assert verify(signed, trust, NOW).signatures[0].name == "王𪚥"


class Counting:
    """A token's holder, with what it was asked."""

    def __init__(self, holder: Any) -> None:
        self._holder = holder
        self.signing_certificate, self.chain = holder.signing_certificate, holder.chain
        self.acts: list[Act] = []

    async def sign(self, data: bytes, act: Act) -> bytes:
        self.acts.append(act)
        signature: bytes = await self._holder.sign(data, act)
        return signature


def pdfsig(pdf: bytes, folder: Path) -> str:
    path = folder / "signed.pdf"
    path.write_bytes(pdf)
    return subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, timeout=60).stdout


def red_pixels(pdf: bytes, page: int) -> set[tuple[int, int]]:
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    picture = document[page].render(may_draw_forms=True).to_pil().convert("RGB")
    document.close()
    pixels = picture.load()
    return {
        (x, y) for x in range(picture.width) for y in range(picture.height)
        if pixels[x, y][0] > 150 and pixels[x, y][1] < 90
    }  # fmt: skip


def make_active(writer: IncrementalPdfFileWriter, found: str) -> None:
    script = generic.DictionaryObject(
        {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.pdf_string("app.alert(1)")}
    )
    if found == "OpenAction":
        writer.root["/OpenAction"] = script
    elif found == "JavaScript":
        tree = generic.DictionaryObject({pdf_name("/Names"): generic.ArrayObject([generic.pdf_string("x"), script])})
        writer.root["/Names"] = generic.DictionaryObject({pdf_name("/JavaScript"): tree})
    elif found == "AcroForm":
        field = generic.DictionaryObject({pdf_name("/FT"): pdf_name("/Tx"), pdf_name("/T"): generic.pdf_string("text")})
        fields = writer.root["/AcroForm"]["/Fields"]
        fields.append(writer.add_object(field))
        writer.update_container(fields)
    else:
        page = writer.find_page_for_modification(0)[0].get_object()
        note = generic.DictionaryObject(
            {pdf_name("/Type"): pdf_name("/Annot"), pdf_name("/Subtype"): pdf_name("/Text")}
        )
        page["/Annots"].append(writer.add_object(note))
        writer.update_container(page["/Annots"])
    writer.update_root()
