"""SM2 signatures in a PDF: alone, among others, and spoiled."""

from functools import cache
from typing import Any

import pytest
from asn1crypto import core
from national import NationalHolder, NationalPki
from pdf_world import NAMES, NOW, HeldKey, sign_one, with_fields

from app.ca import gbt35275_signed as form
from app.ca import sm2
from app.ca.pdf_verifier import Coverage, DocumentVerdict, check_increment, verify
from app.ca.trust import Status, TrustList
from app.errors import FaultError, InputError
from app.rehearsal.demo_pki import DemoPerson, DemoPki


@cache
def national() -> NationalPki:
    return NationalPki(at=NOW)


@cache
def holder(name: str = NAMES[0]) -> NationalHolder:
    return national().holder(name)


def trust() -> TrustList:
    return TrustList([national().root], national().crls())


@cache
def _signed() -> dict[str, bytes]:
    return {}


async def signed() -> bytes:
    """One national signature, the certifying one."""
    if not _signed():
        _signed()["pdf"] = await sign_one(with_fields(), 0, holder())
    return _signed()["pdf"]


def said(verdict: DocumentVerdict) -> tuple[str, ...]:
    return (verdict.document.code, *(one.integrity.code for one in verdict.signatures))


async def test_an_sm2_token_signs_and_is_asked_once() -> None:
    key = national().holder(NAMES[0])
    pdf = await sign_one(with_fields(), 0, key)
    verdict = verify(pdf, trust(), NOW)
    (one,) = verdict.signatures
    assert verdict.intact
    assert (one.identity.code, one.time.code, one.coverage) == ("identity.ok", "time.claimed_only", Coverage.FILE)
    assert (one.certificate, one.holder, one.name) == (key.signing_certificate, NAMES[0], NAMES[0])
    assert [act.code for act in key.acts] == ["sign_document"]
    check_increment(with_fields(), pdf, one.field, key.signing_certificate)


async def test_national_and_international_signatures_stand_together(pki: DemoPki) -> None:
    other = HeldKey(pki.issue(DemoPerson(NAMES[1], algorithm="ec"))[0], (pki.intermediate,))
    both = TrustList([national().root, pki.root], [*national().crls(), pki.crl_file.read_bytes()], demo=True)
    keys = [holder(), other, holder(NAMES[2])]
    for order in (keys, [keys[1], keys[0], keys[2]]):
        pdf = with_fields()
        for number, key in enumerate(order):
            pdf = await sign_one(pdf, number, key)
        verdict = verify(pdf, both, NOW)
        assert verdict.intact
        assert [one.identity.code for one in verdict.signatures] == ["identity.ok"] * 3


def place(pdf: bytes) -> tuple[int, int, bytes]:
    """Where the container stands, and the container."""
    start = pdf.index(b"/Contents <", len(with_fields())) + len(b"/Contents <")
    end = pdf.index(b">", start)
    data = bytes.fromhex(pdf[start:end].decode())
    size = int.from_bytes(data[2:4], "big") + 4
    assert data[:2] == b"\x30\x82"
    return start, end, data[:size]


def replaced(pdf: bytes, container: bytes) -> bytes:
    start, end, _ = place(pdf)
    return pdf[:start] + container.hex().encode().ljust(end - start, b"0") + pdf[end:]


def content(pdf: bytes) -> bytes:
    start, end, _ = place(pdf)
    return pdf[: start - 1] + pdf[end + 1 :]


async def test_another_container_is_not_taken() -> None:
    pdf = await signed()
    me, data = holder(), content(await signed())
    assert said(verify(replaced(pdf, place(pdf)[2]), trust(), NOW)) == ("pdf.ok", "signature.ok")
    stranger = NationalPki(at=NOW).holder(NAMES[0])
    # The same key in another certificate, as its owner or an issuer could have it made.
    twin = national().leaf(NAMES[1], key=me.signing_key)
    attributes = form.signed_attributes(sm2.sm3(data), me.signing_certificate)
    signature = me.signing_key.sign(attributes)
    good = place(pdf)[2]

    def made(**changes: Any) -> bytes:
        parsed = form._SignedInfo.load(good)
        signer = parsed["content"]["signers"][0]
        for key, value in changes.items():
            (parsed["content"] if key == "crls" else signer)[key] = value
        return bytes(parsed.dump(force=True))

    plain = me.signing_key.sign(data)
    other = form.signed_attributes(sm2.sm3(b"other"), me.signing_certificate)
    unnamed = form._Attributes(
        [one for one in form._Attributes.load(attributes) if one["type"].dotted != form._SIGNING_CERTIFICATE]
    ).dump()
    for container, code in (
        (made(signature=stranger.signing_key.sign(attributes)), "signature.invalid"),
        (
            form.signed_data(
                data, me.signing_certificate, (), me.signing_key.sign(other), attached=False, attributes=other
            ),
            "signature.content_changed",
        ),
        (
            form.signed_data(
                data, me.signing_certificate, (), me.signing_key.sign(unnamed), attached=False, attributes=unnamed
            ),
            "signature.contents",
        ),
        (form.signed_data(data, me.signing_certificate, (), plain, attached=False), "signature.contents"),
        (made(unsigned_attributes=[{"type": "1.2.3", "values": [core.Integer(1)]}]), "signature.contents"),
        (made(crls=form._Lists.load(b"\x31\x02\x30\x00")), "signature.contents"),
        (good + b"\x01", "signature.contents"),
    ):
        verdict = verify(replaced(pdf, container), trust(), NOW)
        assert said(verdict) == ("pdf.ok", code)
    for broken in (
        form.signed_data(data, twin, (), signature, attached=False, attributes=attributes),
        good[:-1],
        b"",
        b"\x30\x00",
    ):
        verdict = verify(replaced(pdf, broken), trust(), NOW)
        assert not verdict.intact


async def test_a_changed_byte_anywhere_is_seen() -> None:
    pdf = await signed()
    for at in (40, len(with_fields()) // 2, len(with_fields()) + 200, len(pdf) - 8, place(pdf)[0] + 300):
        changed = pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]
        assert not verify(changed, trust(), NOW).intact, at


async def test_the_name_of_the_form_counts() -> None:
    """The container under PAdES' name, and the other way round."""
    pdf = await signed()
    mine, theirs = b"/Bidroom.GBT35275.detached", b"/ETSI.CAdES.detached      "
    assert mine in pdf
    assert not verify(pdf.replace(mine, theirs), trust(), NOW).intact


async def test_what_the_key_answers_is_checked() -> None:
    class Wrong(NationalHolder):
        async def sign(self, data: bytes, act: Any) -> bytes:
            return self.signing_key.sign(data + b"x")

    me = holder()
    wrong = Wrong((me.signing_key, me.signing_certificate), (me.encryption_key, me.encryption_certificate))
    with pytest.raises(FaultError, match=r"^pdf\.bad_signature"):
        await sign_one(with_fields(), 0, wrong)


async def test_without_sm2_nobody_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    pdf = await signed()
    monkeypatch.setattr(sm2, "gmssl_fast", None)
    assert verify(pdf, trust(), NOW).signatures[0].integrity.status is Status.COULD_NOT_TELL
    with pytest.raises(InputError, match=r"^sm2\.unavailable"):
        await sign_one(with_fields(), 0, holder())
