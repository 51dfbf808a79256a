"""What certificates say and whose signature it is."""

import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID

from app.ca import signatures
from app.errors import InputError
from app.rehearsal.demo_pki import DemoPerson, DemoPki, fictitious_identity_number, fictitious_uscc
from tests.ca.conftest import NOW

ISSUER_KEY = ec.generate_private_key(ec.SECP256R1())


def certificate_for(
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey, *subject: tuple[x509.ObjectIdentifier, str]
) -> bytes:
    names = x509.Name([x509.NameAttribute(oid, value) for oid, value in subject])
    builder = x509.CertificateBuilder(names, names, key, x509.random_serial_number(), NOW, NOW)
    return builder.sign(ISSUER_KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def test_describe_names_holder_numbers_and_use(pki: DemoPki) -> None:
    uscc, number = fictitious_uscc(42), fictitious_identity_number(42)
    signing, encryption = pki.issue(DemoPerson("张三", "甲公司", uscc, number))
    info = signatures.describe(signing.certificate)
    assert (info.holder, info.organisation, info.uscc, info.identity_number) == ("张三", "甲公司", uscc, number)
    assert (info.signs, info.decrypts, info.authority, info.suite) == (True, False, False, signatures.RSA_SUITE)
    other = signatures.describe(encryption.certificate)
    assert (other.signs, other.decrypts) == (False, True)
    assert info.not_before < NOW < info.not_after
    assert signatures.describe(pki.root).authority


@pytest.mark.parametrize(
    ("subject", "uscc", "number"),
    [
        ([(NameOID.ORGANIZATION_IDENTIFIER, "NTRCN-91330106673959654P")], "91330106673959654P", ""),
        ([(NameOID.ORGANIZATION_IDENTIFIER, "91330106673959654P")], "91330106673959654P", ""),
        ([(NameOID.SERIAL_NUMBER, "91330106673959654P")], "91330106673959654P", ""),
        ([(NameOID.SERIAL_NUMBER, "11010519491231002X")], "", "11010519491231002X"),
        ([(NameOID.SERIAL_NUMBER, "11010519491231002x")], "", "11010519491231002X"),
        ([(NameOID.SERIAL_NUMBER, "110105194912310021")], "", ""),
        ([(NameOID.SERIAL_NUMBER, "SN-0815")], "", ""),
        ([(NameOID.COMMON_NAME, "x")], "", ""),
    ],
)
def test_numbers_in_the_subject(subject: list[tuple[x509.ObjectIdentifier, str]], uscc: str, number: str) -> None:
    info = signatures.describe(certificate_for(ISSUER_KEY.public_key(), *subject))
    assert (info.uscc, info.identity_number) == (uscc, number)


def test_check_digits() -> None:
    assert signatures.is_uscc("91330106673959654P")
    assert not signatures.is_uscc("91330106673959654Q")
    assert signatures.is_identity_number("11010519491231002X")
    assert not signatures.is_identity_number("110105194912310020")
    assert not signatures.is_identity_number("11010519491331002X")
    assert all(signatures.is_uscc(fictitious_uscc(number)) for number in range(200))
    assert all(signatures.is_identity_number(fictitious_identity_number(number)) for number in range(200))
    assert len({fictitious_identity_number(number) for number in range(2000)}) == 2000


def test_unreadable_is_one_code() -> None:
    for garbage in (b"", b"nonsense", bytes(signatures.MAX_CERTIFICATE + 1)):
        with pytest.raises(InputError, match=r"certificate\.unreadable"):
            signatures.describe(garbage)
        assert not signatures.verify_signature(garbage, b"data", b"signature")


def test_suites_that_are_not_supported() -> None:
    for key in (rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP384R1())):
        der = certificate_for(key.public_key(), (NameOID.COMMON_NAME, "x"))
        assert signatures.describe(der).suite == signatures.UNKNOWN_SUITE
    strong = ec.generate_private_key(ec.SECP384R1())
    der = certificate_for(strong.public_key(), (NameOID.COMMON_NAME, "x"))
    assert not signatures.verify_signature(der, b"x", strong.sign(b"x", ec.ECDSA(hashes.SHA256())))


def test_rsa_signatures_against_wycheproof(wycheproof: Path) -> None:
    ran = 0
    for group in json.loads((wycheproof / "rsa_signature_2048_sha256_test.json").read_bytes())["testGroups"]:
        key = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
        assert isinstance(key, rsa.RSAPublicKey)
        der = certificate_for(key, (NameOID.COMMON_NAME, "x"))
        for vector in group["tests"]:
            ran += 1
            good = signatures.verify_signature(der, bytes.fromhex(vector["msg"]), bytes.fromhex(vector["sig"]))
            assert good == (vector["result"] == "valid") or vector["result"] == "acceptable", vector["tcId"]
    print(f"wycheproof RSA signatures: {ran} vectors ran")
    assert ran > 200


def test_ecdsa_signatures_against_wycheproof(wycheproof: Path) -> None:
    ran = 0
    for group in json.loads((wycheproof / "ecdsa_secp256r1_sha256_p1363_test.json").read_bytes())["testGroups"]:
        key = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
        assert isinstance(key, ec.EllipticCurvePublicKey)
        der = certificate_for(key, (NameOID.COMMON_NAME, "x"))
        for vector in group["tests"]:
            raw = bytes.fromhex(vector["sig"])
            if len(raw) != 64:
                continue  # lengths are the other encoding's matter
            ran += 1
            encoded = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
            good = signatures.verify_signature(der, bytes.fromhex(vector["msg"]), encoded)
            assert good == (vector["result"] == "valid"), vector["tcId"]
    print(f"wycheproof ECDSA signatures: {ran} vectors ran")
    assert ran > 200
