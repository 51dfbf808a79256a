"""SM2 certificates and revocation lists that should be believed, and those that should not."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import core as asn1_core
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from national import DAY, DECRYPTS, NationalPki, certify, crl_as_sm2, name, new_key, revocation_list

from app.ca import signatures, sm2, trust
from app.ca.ocsp import build_question
from app.ca.signatures import SM2_SUITE, UNKNOWN_SUITE, describe, parse_certificate, suite_of, verify_signature
from app.ca.trust import Status, TrustList, Usage, Verdict
from app.errors import InputError
from tests.ca.test_trust import Maker, codes

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
ID = "distid:1234567812345678"


@pytest.fixture(scope="module")
def pki() -> NationalPki:
    return NationalPki(at=NOW)


def judge(
    pki: NationalPki, leaf: bytes, *chain: bytes, crls: list[bytes] | None = None, usage: Usage = "sign"
) -> Verdict:
    believed = TrustList([pki.root], pki.crls() if crls is None else crls)
    return believed.validate(leaf, chain or (pki.ca,), NOW, usage)


def serial(certificate: bytes) -> int:
    return parse_certificate(certificate).serial_number


def test_all_parts_pass(pki: NationalPki) -> None:
    leaf = pki.leaf("张三", "甲公司")
    verdict = judge(pki, leaf)
    assert verdict.status is Status.PASSED
    assert verdict.path == (leaf, pki.ca, pki.root)
    info = describe(leaf)
    assert (info.holder, info.organisation, info.suite, info.signs, info.decrypts) == (
        "张三", "甲公司", SM2_SUITE, True, False,
    )  # fmt: skip
    assert describe(pki.leaf(usage=DECRYPTS)).decrypts


def test_what_is_wrong_is_said(pki: NationalPki) -> None:
    expired, early = pki.leaf(end=NOW - DAY), pki.leaf(start=NOW + DAY)
    assert codes(judge(pki, expired)) == {"validity": "validity.expired"}
    assert codes(judge(pki, early)) == {"validity": "validity.not_yet"}
    assert codes(judge(pki, pki.leaf(usage=DECRYPTS))) == {"usage": "usage.wrong"}
    assert codes(judge(pki, pki.leaf(), usage="decrypt")) == {"usage": "usage.wrong"}
    server = [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)]
    assert codes(judge(pki, pki.leaf(extensions=server))) == {"usage": "usage.wrong"}
    revoked = pki.leaf()
    assert codes(judge(pki, revoked, crls=pki.crls(serial(revoked)))) == {"revocation": "revocation.revoked"}
    assert codes(judge(pki, revoked, crls=pki.crls(serial(pki.leaf())))) == {}


def test_an_unknown_issuer_has_no_path(pki: NationalPki) -> None:
    stranger = NationalPki(at=NOW)  # of the same names
    no_path = {"chain": "chain.no_path", "revocation": "revocation.no_path"}
    assert codes(judge(pki, stranger.leaf(), stranger.ca)) == no_path
    assert codes(judge(pki, pki.leaf(), stranger.ca)) == no_path
    named_otherwise = certify(name("张三"), new_key("leaf"), name("别的签发"), pki.ca_key, at=NOW)
    assert codes(judge(pki, named_otherwise)) == no_path


def test_who_is_no_ca_issues_nothing(pki: NationalPki) -> None:
    key = new_key("middle")
    middle = pki.leaf("中间人", key=key)
    forged = certify(name("张三"), new_key("leaf"), name("中间人"), key, at=NOW)
    assert codes(judge(pki, forged, middle, pki.ca))["chain"] == "chain.not_a_ca"


def test_a_changed_certificate_has_no_path(pki: NationalPki) -> None:
    leaf = pki.leaf("张三")
    at = leaf.index("张三".encode())
    renamed = leaf[:at] + "张四".encode() + leaf[at + 6 :]
    assert judge(pki, renamed).chain.code == "chain.no_path"


def test_the_signed_part_names_the_algorithm_too(pki: NationalPki) -> None:
    parsed = asn1_x509.Certificate.load(pki.leaf())
    body = parsed["tbs_certificate"]
    body["signature"] = {"algorithm": "sha256_ecdsa"}
    parsed["signature_value"] = pki.ca_key.sign(body.dump(force=True))
    assert judge(pki, parsed.dump(force=True)).chain.code == "chain.no_path"


def test_a_list_counts_when_its_issuer_signed_it(pki: NationalPki) -> None:
    leaf = pki.leaf()
    root_list = pki.crls()[1]
    stranger = revocation_list(pki.ca_name, new_key("stranger"), serial(leaf), at=NOW)
    assert judge(pki, leaf, crls=[stranger, root_list]).revocation.code == "revocation.no_crl"
    stale = revocation_list(pki.ca_name, pki.ca_key, made=NOW - 3 * DAY, ends=NOW - DAY)
    assert judge(pki, leaf, crls=[stale, root_list]).revocation.code == "revocation.stale"


def ocsp_answer(pki: NationalPki, leaf: bytes, signer: sm2.PrivateKey, revoked: bool = False) -> bytes:
    """An OCSP answer (DER) about ``leaf``, signed with SM2."""
    issuer = parse_certificate(pki.ca)
    hashed = []
    for data in (issuer.subject.public_bytes(), sm2.public_point_of(pki.ca)):
        digest = hashes.Hash(hashes.SHA256())
        digest.update(data)
        hashed.append(digest.finalize())
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        *hashed, serial(leaf), hashes.SHA256(),
        ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
        NOW - DAY, NOW + DAY, NOW - DAY if revoked else None, None,
    )  # fmt: skip
    stand_in = Maker()
    made = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, stand_in.ca).sign(stand_in.ca_key, hashes.SHA256())
    parsed = asn1_ocsp.OCSPResponse.load(made.public_bytes(Encoding.DER))
    basic = parsed["response_bytes"]["response"].parsed
    basic["signature_algorithm"] = {"algorithm": "1.2.156.10197.1.501"}
    basic["signature"] = signer.sign(basic["tbs_response_data"].dump())
    parsed["response_bytes"]["response"] = asn1_core.ParsableOctetString(basic.dump(force=True))
    return bytes(parsed.dump(force=True))


def test_an_answer_counts_when_the_issuer_signed_it(pki: NationalPki) -> None:
    leaf, root_list = pki.leaf(), pki.crls()[1]

    def standing(answer: bytes) -> str:
        believed = TrustList([pki.root], [root_list], ocsp=[answer])
        return believed.validate(leaf, [pki.ca], NOW, "sign").revocation.code

    assert standing(ocsp_answer(pki, leaf, pki.ca_key)) == "revocation.ok"
    assert standing(ocsp_answer(pki, leaf, pki.ca_key, revoked=True)) == "revocation.revoked"
    assert standing(ocsp_answer(pki, leaf, new_key("stranger"))) == "revocation.no_crl"
    assert standing(ocsp_answer(pki, pki.leaf(), pki.ca_key)) == "revocation.no_crl"


def test_the_question_is_openssl_s(pki: NationalPki, tmp_path: Path) -> None:
    leaf = pki.leaf()
    for file, data in (("ca", pki.ca), ("leaf", leaf)):
        (tmp_path / f"{file}.pem").write_bytes(parse_certificate(data).public_bytes(Encoding.PEM))
    openssl(tmp_path, "ocsp", "-issuer", "ca.pem", "-cert", "leaf.pem", "-no_nonce", "-reqout", "question.der")
    assert (
        build_question(parse_certificate(leaf), parse_certificate(pki.ca)) == (tmp_path / "question.der").read_bytes()
    )


def test_international_and_national_do_not_vouch_for_each_other(pki: NationalPki) -> None:
    maker = Maker()
    verdict = TrustList([pki.root]).validate(maker.leaf().public_bytes(Encoding.DER), [pki.ca], NOW, "sign")
    assert verdict.chain.code == "chain.no_path"
    # The names fit, the keys do not: neither kind of check may raise.
    odd = certify(name("leaf"), new_key("leaf"), name("ca"), pki.ca_key, at=NOW)
    assert maker.judge(parse_certificate(odd), at=NOW).chain.code == "chain.no_path"
    theirs = x509.CertificateRevocationListBuilder(pki.ca_name, NOW - DAY, NOW + DAY)
    crl = theirs.sign(maker.ca_key, hashes.SHA256()).public_bytes(Encoding.DER)
    assert judge(pki, pki.leaf(), crls=[crl]).revocation.code == "revocation.no_crl"
    ours = crl_as_sm2(maker.crl(), pki.ca_key)
    assert maker.judge(maker.leaf(), crls=[ours]).revocation.code == "revocation.no_crl"


def test_signatures_are_those_of_the_certificate(pki: NationalPki) -> None:
    leaf = pki.leaf()
    signature = new_key("leaf").sign(b"bid")
    assert verify_signature(leaf, b"bid", signature)
    assert not verify_signature(leaf, b"bie", signature)
    assert not verify_signature(pki.ca, b"bid", signature)
    assert not verify_signature(leaf, b"bid", b"")


def test_a_key_off_the_curve_is_no_key(pki: NationalPki) -> None:
    leaf = pki.leaf()
    point = sm2.public_point_of(leaf)
    at = leaf.index(point) + 64
    off = leaf[:at] + bytes([leaf[at] ^ 1]) + leaf[at + 1 :]
    with pytest.raises(InputError, match=r"certificate\.unreadable"):
        sm2.public_point_of(off)
    assert suite_of(parse_certificate(off)) == UNKNOWN_SUITE
    assert not verify_signature(off, b"", new_key("leaf").sign(b""))
    with pytest.raises(InputError, match=r"certificate\.suite_unsupported"):
        sm2.public_point_of(Maker().ca.public_bytes(Encoding.DER))


def test_without_the_library_nobody_can_tell(pki: NationalPki, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sm2, "gmssl_fast", None)
    monkeypatch.setattr(trust, "SUPPORTED_SUITES", signatures.INTERNATIONAL_SUITES)
    verdict = judge(pki, pki.leaf())
    assert {verdict.chain.status, verdict.usage.status, verdict.revocation.status} == {Status.COULD_NOT_TELL}
    assert judge(pki, pki.leaf(end=NOW - DAY)).validity.code == "validity.expired"


def openssl(folder: Path, *arguments: str, check: bool = True) -> str:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=check)
    return done.stdout + done.stderr


CONFIG = """
[ca]
default_ca = it
[it]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sm3
policy = any
default_crl_days = 30
[any]
commonName = supplied
[person]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
"""


def test_openssl_issues_and_we_judge(tmp_path: Path) -> None:
    (tmp_path / "ca.cnf").write_text(CONFIG)
    (tmp_path / "index.txt").write_text("")
    (tmp_path / "serial").write_text("01\n")
    for who in ("root", "good", "old", "bad"):
        openssl(tmp_path, "genpkey", "-algorithm", "SM2", "-out", f"{who}.key")
    request = ["req", "-new", "-sm3", "-sigopt", ID, "-config", "/dev/null"]
    openssl(
        tmp_path, *request, "-x509", "-key", "root.key", "-subj", "/CN=root", "-out", "root.pem",
        "-addext", "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
    )  # fmt: skip
    signs = ["-config", "ca.cnf", "-keyfile", "root.key", "-cert", "root.pem", "-sigopt", ID]
    for who in ("good", "old", "bad"):
        openssl(tmp_path, *request, "-key", f"{who}.key", "-subj", f"/CN={who}", "-out", f"{who}.csr")
        span = ["-startdate", "200101000000Z", "-enddate", "210101000000Z"] if who == "old" else ["-days", "30"]
        openssl(
            tmp_path, "ca", "-batch", *signs, "-vfyopt", ID, "-extensions", "person", *span, "-in", f"{who}.csr",
            "-out", f"{who}.pem", "-notext",
        )  # fmt: skip
        openssl(tmp_path, "x509", "-in", f"{who}.pem", "-outform", "DER", "-out", f"{who}.der")
    openssl(tmp_path, "ca", *signs, "-revoke", "bad.pem")
    openssl(tmp_path, "ca", *signs, "-gencrl", "-out", "crl.pem")
    believed = TrustList([(tmp_path / "root.pem").read_bytes()], [(tmp_path / "crl.pem").read_bytes()])
    found = {}
    for who in ("good", "old", "bad"):
        der = (tmp_path / f"{who}.der").read_bytes()
        found[who] = codes(believed.validate(der, [], datetime.now(UTC) + timedelta(minutes=1), "sign"))
    assert found == {
        "good": {}, "old": {"validity": "validity.expired"}, "bad": {"revocation": "revocation.revoked"},
    }  # fmt: skip


def test_we_issue_and_openssl_judges(tmp_path: Path) -> None:
    made = NationalPki()
    for file, data in (("root", made.root), ("ca", made.ca), ("leaf", made.leaf())):
        pem = parse_certificate(data).public_bytes(Encoding.PEM)
        (tmp_path / f"{file}.pem").write_bytes(pem)
    # `openssl verify` tells the signer's identity to the last certificate only, so one link at a time
    for trusted, file in (("root", "ca"), ("ca", "leaf")):
        arguments = ["verify", "-vfyopt", ID, "-partial_chain", "-trusted", f"{trusted}.pem", f"{file}.pem"]
        assert f"{file}.pem: OK" in openssl(tmp_path, *arguments)
