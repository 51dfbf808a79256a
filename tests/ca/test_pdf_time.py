"""Signatures with a timestamp: the time is proven, or the token is refused by name."""

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from asn1crypto import cms, keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pdf_world import FIELDS, NAMES, NOW, HeldKey, chop, with_fields
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

from app.ca.pdf_signer import PyHankoSigner
from app.ca.pdf_time import timestamp_part
from app.ca.pdf_verifier import verify
from app.ca.trust import Part, Status, TrustList, Verdict
from app.rehearsal.demo_pki import DemoPerson, DemoPki


class Authority:
    """A time stamping authority with a root of its own; ``purpose`` as its certificate says it."""

    def __init__(self, purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING) -> None:
        key, root_key = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
        root_name, name = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in ("TSA root", "TSA"))
        self.root = self._certificate(root_name, root_name, root_key, root_key, authority=True, purpose=None)
        self.certificate = self._certificate(name, root_name, key, root_key, authority=False, purpose=purpose)
        self.key = key

    def _certificate(self, subject: Any, issuer: Any, key: Any, by: Any, *, authority: bool, purpose: Any) -> bytes:
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign"), False
        )
        builder = (
            x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=9))
            .not_valid_after(NOW + timedelta(days=9))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not authority, key_cert_sign=authority, encipher_only=False, decipher_only=False,
                    **usage,
                ),
                critical=True,
            )
        )  # fmt: skip
        if purpose is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
        return builder.sign(by, hashes.SHA256()).public_bytes(Encoding.DER)

    def stamper(self, at: datetime) -> DummyTimeStamper:
        der = self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return DummyTimeStamper(
            asn1_x509.Certificate.load(self.certificate), keys.PrivateKeyInfo.load(der), fixed_dt=at
        )


async def stamped(pki: DemoPki, authority: Authority, at: datetime = NOW) -> bytes:
    key = HeldKey(pki.issue(DemoPerson(NAMES[0], algorithm="ec"))[0], (pki.intermediate,))
    signer = PyHankoSigner(authority.stamper(at))
    pdf = await signer.sign(
        with_fields(), FIELDS[0].name, key, chop(NAMES[0]), name=NAMES[0], reason="主持人", at=NOW, certify=True
    )
    assert len(key.acts) == 1
    return pdf


def trusting(pki: DemoPki, *roots: bytes) -> TrustList:
    return TrustList([pki.root, *roots], [pki.crl_file.read_bytes()], demo=True)


async def test_a_stamp_proves_the_time_as_far_as_its_authority_is_believed(pki: DemoPki) -> None:
    authority = Authority()
    pdf = await stamped(pki, authority)
    unknown = verify(pdf, trusting(pki), NOW)
    assert unknown.intact
    assert unknown.signatures[0].time.code == "chain.no_path"
    # without a revocation list of the authority nobody can tell whether it still was one
    believed = verify(pdf, trusting(pki, authority.root), NOW).signatures[0]
    assert believed.time.code == "revocation.no_crl"
    assert believed.identity.status is Status.PASSED


async def test_a_stamp_that_contradicts_the_claim(pki: DemoPki) -> None:
    authority = Authority()
    pdf = await stamped(pki, authority, NOW - timedelta(days=2))
    assert verify(pdf, Believing(), NOW).signatures[0].time.code == "time.claim_differs"
    honest = await stamped(pki, authority)
    assert verify(honest, Believing(), NOW).signatures[0].time.code == "time.stamped"


async def test_only_an_authority_stamps(pki: DemoPki) -> None:
    pdf = await stamped(pki, Authority(ExtendedKeyUsageOID.CODE_SIGNING))
    assert verify(pdf, Believing(), NOW).signatures[0].time.code == "time.not_an_authority"


@pytest.mark.parametrize(("spoil", "code"), [("time", "time.stamp_invalid"), ("signature", "time.stamp_of_another")])
async def test_a_forged_stamp(pki: DemoPki, spoil: str, code: str) -> None:
    reader = PdfFileReader(io.BytesIO(await stamped(pki, Authority())))
    der = reader.embedded_signatures[0].signer_info.dump()
    assert timestamp_part(cms.SignerInfo.load(der), Believing(), NOW)[1] == NOW
    if spoil == "time":
        wanted = f"{NOW:%Y%m%d%H%M%SZ}".encode()
        assert der.count(wanted) == 1
        der = der.replace(wanted, b"2020" + wanted[4:])
    else:
        signature = cms.SignerInfo.load(der)["signature"].native
        der = der.replace(signature, signature[:-1] + bytes([signature[-1] ^ 1]))
    part, proven = timestamp_part(cms.SignerInfo.load(der), Believing(), NOW)
    assert part is not None
    assert (part.code, proven) == (code, None)


class Believing:
    """Believes every certificate: what is left is the timestamp's own business."""

    def validate(self, certificate: bytes, chain: Any, at: datetime, usage: Any) -> Any:
        passed = Part(Status.PASSED, "ok")
        return Verdict(passed, passed, passed, passed)
