import subprocess
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from asn1crypto import pem
from hypothesis import given, settings
from hypothesis import strategies as st
from national import DAY, DECRYPTS, NationalPki, new_key
from seal_maker import PNG, SM3_OID, SealWorld, bits, der, ia5, moment, number, octets

from app.ca import ses, sm2
from app.ca.ses_verifier import CLOCK_SLACK, SealSignatureVerdict, verify_seal, verify_signature_with_seal
from app.ca.trust import Status, TrustList
from app.errors import InputError
from app.rehearsal.demo_pki import DemoPki

DATA = b"<Signature/>"


@cache
def world() -> SealWorld:
    return SealWorld(NationalPki())


def trust(*revoked: int) -> TrustList:
    pki = world().pki
    return TrustList([pki.root], pki.crls(*revoked), [pki.ca])


def judged(blob: bytes, data: bytes = DATA, at: timedelta = timedelta()) -> SealSignatureVerdict:
    return verify_signature_with_seal(ses.read_signature(blob), data, trust(), world().at + at)


def codes(verdict: SealSignatureVerdict) -> tuple[str, str, str]:
    return verdict.integrity.code, verdict.identity.code, verdict.time.code


GOOD = ("signature.ok", "identity.ok", "time.claimed_only")


def sealed(**info: bytes) -> bytes:
    """A good signature with a seal whose maker signed these changes."""
    return world().signature(DATA, world().to_sign(DATA, world().seal(info_changes=info)))


def reason(read: Callable[[bytes], object], blob: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read(blob)
    assert caught.value.code in ("ses.refused", "ses.version")
    return str(caught.value.facts.get("reason") or caught.value.facts["version"])


def test_a_seal_and_a_signature_written_elsewhere_hold() -> None:
    verdict = judged(world().signature(DATA))
    assert codes(verdict) == GOOD
    assert verdict.time.status is Status.COULD_NOT_TELL
    assert (verdict.holder, verdict.seal.maker, verdict.seal.name) == ("甲公司", "印章制作机构", "甲公司公章")
    assert verdict.seal.picture == ses.Picture("png", PNG, 40, 40)
    assert verdict.seal.time.status is Status.PASSED


def test_what_we_write_is_what_others_write() -> None:
    """Byte for byte, but for the signatures."""
    w = world()
    theirs = ses.read_seal(w.seal())
    assert ses.seal_content(theirs.facts) == theirs.content == w.info()
    ours = ses.make_seal(theirs.content, w.maker, theirs.signature)
    assert ours == theirs
    content = ses.signature_content(ours, sm2.sm3(DATA), w.at, "/Doc_0/Signs/Sign_0/Signature.xml")
    assert content == w.to_sign(DATA, ours.der)
    made = ses.make_signature(content, w.signer, w.signer_key.sign(content))
    assert codes(judged(made)) == GOOD
    digests = ses.read_seal(w.seal(info_changes={"listed": w.digests(w.signer, kind="1.2.156.10197.1.401")}))
    assert ses.seal_content(digests.facts) == digests.content


def test_nothing_false_is_made() -> None:
    w = world()
    seal = ses.read_seal(w.seal())
    content = ses.signature_content(seal, sm2.sm3(DATA), w.at, "")
    for make, body in ((ses.make_seal, seal.content), (ses.make_signature, content)):
        with pytest.raises(InputError, match=r"^ses\.refused"):
            make(body, w.signer, new_key("stranger").sign(body))
    with pytest.raises(InputError, match=r"^ses\.refused"):
        ses.signature_content(seal, b"short", w.at, "")


def test_openssl_verifies_what_a_seal_says(tmp_path: Path) -> None:
    """And we what it signs."""
    w = world()
    point = sm2.public_point_of(w.maker)
    (tmp_path / "public.pem").write_bytes(
        pem.armor("PUBLIC KEY", bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200") + point)
    )
    curve, scalar = bytes.fromhex("06082a811ccf5501822d"), w.maker_key.scalar()
    private = der(0x30, number(1), octets(scalar), der(0xA0, curve), der(0xA1, bits(point)))
    (tmp_path / "private.pem").write_bytes(pem.armor("EC PRIVATE KEY", private))
    (tmp_path / "info").write_bytes(w.info())
    (tmp_path / "signature").write_bytes(ses.read_seal(w.seal()).signature)
    same = ["-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678", "-in", "info"]

    def openssl(*arguments: str) -> str:
        done = subprocess.run(["openssl", "pkeyutl", *arguments, *same], cwd=tmp_path, capture_output=True, text=True)
        return done.stdout + done.stderr

    assert "Verified Successfully" in openssl("-verify", "-pubin", "-inkey", "public.pem", "-sigfile", "signature")
    openssl("-sign", "-inkey", "private.pem", "-out", "theirs")
    seal = ses.read_seal(w.seal(signature=(tmp_path / "theirs").read_bytes()))
    assert verify_seal(seal, trust(), w.at).integrity.code == "signature.ok"


def test_each_false_signature_is_said() -> None:
    w = world()
    stranger = new_key("stranger")
    other = w.pki.leaf("乙公司", key=stranger)
    info = w.info()
    forged = {
        "another document": (w.signature(b"other", w.to_sign(b"other")), "signature.content_changed"),
        "another key": (w.signature(DATA, signature=stranger.sign(w.to_sign(DATA))), "signature.invalid"),
        "seal changed after its making": (
            w.signature(DATA, w.to_sign(DATA, w.seal(w.info(es_id=ia5("2")), signature=w.maker_key.sign(info)))),
            "ses.seal_changed",
        ),
        "seal signed by the signer": (
            w.signature(DATA, w.to_sign(DATA, w.seal(signature=w.signer_key.sign(info)))),
            "ses.seal_changed",
        ),
    }
    for what, (blob, code) in forged.items():
        assert judged(blob).integrity.code == code, what
    not_listed = w.to_sign(DATA)
    borrowed = w.signature(DATA, not_listed, signer=other, signature=stranger.sign(not_listed))
    assert codes(judged(borrowed)) == ("signature.ok", "ses.not_in_seal", "time.claimed_only")


def test_an_rsa_or_ec_certificate_signs_no_seal(pki: DemoPki) -> None:
    w = world()
    to_sign = w.to_sign(DATA, w.seal(info_changes={"listed": w.certificates(pki.intermediate)}))
    blob = w.signature(DATA, to_sign, signer=pki.intermediate)
    assert judged(blob).integrity.code == "signature.algorithm"


def test_the_list_may_be_of_digests() -> None:
    w = world()
    assert codes(judged(sealed(listed=w.digests(w.signer)))) == GOOD
    assert judged(sealed(listed=w.digests(w.maker))).identity.code == "ses.not_in_seal"
    assert judged(sealed(listed=w.certificates(w.maker, w.signer))).identity.code == "identity.ok"


def test_both_certificates_must_be_believed() -> None:
    w = world()
    key = new_key("bad")
    stranger = NationalPki()
    for certificate, code in (
        (stranger.leaf("甲公司", key=key), "chain.no_path"),
        (w.pki.leaf("甲公司", key=key, end=w.at - DAY), "validity.expired"),
        (w.pki.leaf("甲公司", key=key, usage=DECRYPTS), "usage.wrong"),
    ):
        seal = w.seal(info_changes={"listed": w.certificates(certificate)})
        to_sign = w.to_sign(DATA, seal)
        blob = w.signature(DATA, to_sign, signer=certificate, signature=key.sign(to_sign))
        assert codes(judged(blob)) == ("signature.ok", code, "time.claimed_only")
        info = w.info()
        made_by = w.seal(info, maker=certificate, signature=key.sign(info))
        assert codes(judged(w.signature(DATA, w.to_sign(DATA, made_by)))) == ("signature.ok", code, "time.claimed_only")


def test_the_seal_s_validity_counts() -> None:
    w = world()
    early = sealed(starts=moment(w.at + DAY))
    late = sealed(ends=moment(w.at - DAY))
    assert (judged(early).time.code, judged(late).time.code) == ("ses.seal_not_yet", "ses.seal_expired")
    future = w.signature(DATA, w.to_sign(DATA, time=moment(w.at + 2 * CLOCK_SLACK)))
    assert judged(future).time.code == "time.in_future"


def test_a_stamp_proves_or_is_refused() -> None:
    assert judged(world().signature(DATA, stamp=b"no stamp")).time.code == "ses.stamp_unsupported"


MALFORMED_SEALS: dict[str, Callable[[SealWorld], dict[str, bytes]]] = {
    "header": lambda w: {"id": ia5("EX")},
    "vid": lambda w: {"vid": ia5("")},
    "es_id": lambda w: {"es_id": ia5("a\nb")},
    "name": lambda w: {"name": der(0x0C, b"")},
    "cert_list_type": lambda w: {"listed": number(3) + der(0x30, octets(w.signer))},
    "cert_list": lambda w: {"listed": number(1) + der(0x30)},
    "cert_digest": lambda w: {"listed": w.digests(w.signer, kind="MD5")},
    "certificate": lambda w: {"listed": w.certificates(bytes(20_000))},
    "time": lambda w: {"starts": der(0x18, b"20260101000000.5Z")},
    "validity": lambda w: {"ends": moment(w.at - 20 * DAY)},
    "picture_type": lambda w: {"kind": ia5("svg")},
    "picture_data": lambda w: {"picture": octets(b"GIF89a")},
    "picture_size": lambda w: {"picture": octets(PNG + bytes(ses.MAX_PICTURE))},
    "picture_side": lambda w: {"width": number(0)},
    "critical_extension": lambda w: {
        "extensions": der(0xA0, der(0x30, der(0x30, SM3_OID, der(1, b"\xff"), octets(b"x"))))
    },
    "extensions": lambda w: {"extensions": der(0xA0, der(0x30))},
    "elements": lambda w: {"listed": number(1) + der(0x30, *[octets(b"x")] * 6000)},
    "der": lambda w: {"width": der(2, b"\0\x28")},
}


@pytest.mark.parametrize("why", MALFORMED_SEALS)
def test_a_malformed_seal_is_refused_however_well_signed(why: str) -> None:
    assert reason(ses.read_signature, sealed(**MALFORMED_SEALS[why](world()))) == why
    assert reason(ses.read_seal, world().seal(info_changes=MALFORMED_SEALS[why](world()))) == why


def test_a_malformed_signature_is_refused() -> None:
    w = world()
    for blob, why in (
        (w.signature(DATA, w.to_sign(DATA, version=number(3))), "version"),
        (w.signature(DATA, w.to_sign(DATA, hash=bits(b"short"))), "data_hash"),
        (w.signature(DATA, algorithm=SM3_OID), "algorithm"),
        (w.signature(DATA, w.to_sign(DATA, w.seal(algorithm=SM3_OID))), "algorithm"),
        (w.signature(DATA, stamp=bytes(70_000)), "time_stamp"),
        (w.signature(DATA, w.to_sign(DATA, info=ia5("x" * 1001))), "property_info"),
        (w.signature(DATA) + b"\0", "der"),
        (w.signature(DATA, w.to_sign(DATA, hash=der(3, b"\1", sm2.sm3(DATA)))), "der"),
        (bytes(ses.MAX_SIGNATURE + 1), "size"),
        (b"", "der"),
    ):
        assert reason(ses.read_signature, blob) == why
    long_form = w.signature(DATA).replace(ia5("ES"), b"\x16\x81\x02ES")
    assert reason(ses.read_signature, long_form) == "der"


def test_other_versions_are_named() -> None:
    w = world()
    assert reason(ses.read_seal, w.seal(info_changes={"version": number(1)})) == "GM/T 0031-2014"
    assert reason(ses.read_signature, sealed(version=number(5))) == "SES 5"
    assert reason(ses.read_seal, w.seal(more=der(0xA0, bits(b"stamp")))) == "SES 5"
    assert reason(ses.read_seal, w.seal(info_changes={"version": number(9)})) == "9"


def test_nothing_can_be_changed_unseen() -> None:
    """One bit in any byte: refused, or a line that is no longer what it was."""
    blob = world().signature(DATA)
    seal_picture = range(blob.index(PNG), blob.index(PNG) + len(PNG))
    for place in {*range(0, len(blob), 41), *seal_picture[:3], len(blob) - 1}:
        changed = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
        try:
            verdict = judged(changed)
        except InputError:
            continue
        assert codes(verdict) != GOOD, place
        assert Status.FAILED in (verdict.integrity.status, verdict.identity.status), place


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=300), st.integers(0, 3000), st.integers(0, 40))
def test_nonsense_has_one_error(piece: bytes, place: int, cut: int) -> None:
    blob = world().signature(DATA, signature=b"0")
    for data in (piece, blob[:place] + piece + blob[place + cut :]):
        for read in (ses.read_seal, ses.read_signature):
            assert outcome(read, data) in ("", "ses.refused", "ses.version")


def outcome(read: Callable[[bytes], object], data: bytes) -> str:
    try:
        read(data)
    except InputError as error:
        return error.code
    return ""


def test_without_sm2_nobody_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    blob = world().signature(DATA)
    monkeypatch.setattr(sm2, "gmssl_fast", None)
    assert judged(blob).integrity.status is Status.COULD_NOT_TELL
