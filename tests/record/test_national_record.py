"""A record whose people hold SM2 tokens: the verifier checks them, the stand-alone one says that it cannot."""

import io
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from national import NationalPki, certify, name, new_key
from record_case import NOW, Authority, Person, RecordCase, small_case
from test_two_verifiers import both

from app.ca import signatures, sm2, trust
from app.ca.signatures import parse_certificate
from app.record import bidverify, checks_acts
from app.record.archive import write_archive
from app.record.verification import Verdict


class NationalAuthority(Authority):
    """A root of SM2 with an empty revocation list."""

    def __init__(self) -> None:
        self.pki = NationalPki(at=NOW)
        self.certificate, self.crl = self.pki.root, self.pki.crls()[1]
        self.pem = parse_certificate(self.pki.root).public_bytes(Encoding.PEM)


class NationalPerson(Person):
    """A person with an SM2 token."""

    def __init__(self, person: str, authority: Any) -> None:
        super().__init__(person, None)
        self._key = new_key(person)
        if authority is not None:
            pki = authority.pki
            self.certificate = certify(name(person), self._key, pki.root_name, pki.root_key, at=NOW)

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


@pytest.fixture(scope="module")
def authority() -> NationalAuthority:
    return NationalAuthority()


def archived(case: RecordCase, path: Path) -> Path:
    out = io.BytesIO()
    write_archive(out, case)
    path.write_bytes(out.getvalue())
    return path


def test_the_verifier_checks_sm2_and_the_other_says_it_cannot(authority: NationalAuthority, tmp_path: Path) -> None:
    case = small_case(authority, person=NationalPerson)
    full, small = both(archived(case, tmp_path / "case.tar"), case)
    assert {step.code for step in full.steps if step.verdict is not Verdict.PASSED} == {"documents"}
    unsure = {code for code, verdict in small.items() if verdict == bidverify.UNSURE}
    assert unsure == {"sign_ins", "identities", "grave_acts"}
    assert set(small.values()) == {bidverify.PASSED, bidverify.UNSURE}


def test_a_wrong_sm2_signature_is_found_and_never_passes(authority: NationalAuthority, tmp_path: Path) -> None:
    class Liar(NationalPerson):
        def sign(self, data: bytes) -> bytes:
            return super().sign(data + b"x")

    case = small_case(authority, person=Liar)
    full, small = both(archived(case, tmp_path / "case.tar"), case)
    assert full.verdict is Verdict.FAILED
    assert set(small.values()) == {bidverify.PASSED, bidverify.UNSURE}


def test_without_the_library_nobody_can_tell(
    authority: NationalAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = small_case(authority, person=NationalPerson)
    path = archived(case, tmp_path / "case.tar")
    monkeypatch.setattr(sm2, "gmssl_fast", None)
    for module in (trust, checks_acts):
        monkeypatch.setattr(module, "SUPPORTED_SUITES", signatures.INTERNATIONAL_SUITES)
    full, _ = both(path, case)
    assert full.verdict is Verdict.COULD_NOT_TELL


def test_an_issuer_with_sm2_is_not_a_missing_chain(authority: NationalAuthority) -> None:
    """An RSA or EC key certified by an SM2 authority: the path exists, and cannot be checked here."""
    person = Person("officer", Authority())
    parsed = asn1_x509.Certificate.load(person.certificate)
    parsed["tbs_certificate"]["issuer"] = asn1_x509.Certificate.load(authority.pki.root).subject
    parsed["tbs_certificate"]["signature"] = parsed["signature_algorithm"] = {"algorithm": "1.2.156.10197.1.501"}
    parsed["signature_value"] = authority.pki.root_key.sign(parsed["tbs_certificate"].dump(force=True))
    certificate = parsed.dump(force=True)
    assert isinstance(parse_certificate(certificate).public_key(), ec.EllipticCurvePublicKey)
    roots = [parse_certificate(authority.pki.root)]
    assert bidverify.judge(certificate, (), roots, NOW, False)[0] == bidverify.UNSURE
    passed = trust.TrustList([authority.pki.root], [authority.crl]).validate(certificate, [], NOW, "sign")
    assert passed.status is trust.Status.PASSED
