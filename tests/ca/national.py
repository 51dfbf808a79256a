"""People with SM2 certificates (国密): a CA in software, made from certificates of the usual builder.

``cryptography`` builds a certificate with a P-256 key; its key, algorithms and signature are then exchanged for SM2's.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from app.ca import gbt35275, sm2
from app.ca.keywrap import open_wrapped, refused
from app.ca.token import Act
from app.rehearsal.demo_pki import key_usage

SIGNS = key_usage(digital_signature=True, content_commitment=True)
DECRYPTS = key_usage(key_encipherment=True, data_encipherment=True)
ISSUES = key_usage(key_cert_sign=True, crl_sign=True)
DAY = timedelta(days=1)
SM2_WITH_SM3 = "1.2.156.10197.1.501"
_SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
_PLACEHOLDER = ec.generate_private_key(ec.SECP256R1())

new_key = cache(lambda number: sm2.PrivateKey.generate())
"""A key of one's own by any name or number; keys are slow to make and nothing here depends on them."""


def as_sm2(certificate: bytes, point: bytes, issuer: sm2.PrivateKey) -> bytes:
    """``certificate`` (DER) for the SM2 key at ``point``, signed by ``issuer``."""
    parsed = asn1_x509.Certificate.load(certificate)
    body = parsed["tbs_certificate"]
    body["subject_public_key_info"] = asn1_keys.PublicKeyInfo.load(_SPKI + point)
    body["signature"] = parsed["signature_algorithm"] = {"algorithm": SM2_WITH_SM3}
    parsed["signature_value"] = issuer.sign(body.dump(force=True))
    return bytes(parsed.dump(force=True))


def crl_as_sm2(crl: bytes, issuer: sm2.PrivateKey) -> bytes:
    """The revocation list ``crl`` (DER), signed by ``issuer``."""
    parsed = asn1_crl.CertificateList.load(crl)
    body = parsed["tbs_cert_list"]
    body["signature"] = parsed["signature_algorithm"] = {"algorithm": SM2_WITH_SM3}
    parsed["signature"] = issuer.sign(body.dump(force=True))
    return bytes(parsed.dump(force=True))


def certificate_pem(certificate: bytes) -> bytes:
    return x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM)


def crl_pem(crl: bytes) -> bytes:
    return x509.load_der_x509_crl(crl).public_bytes(Encoding.PEM)


def name(common: str, organisation: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    parts += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation)] if organisation else []
    return x509.Name(parts)


def certify(
    subject: x509.Name, key: sm2.PrivateKey, issuer: x509.Name, issuer_key: sm2.PrivateKey, **options: Any
) -> bytes:
    """A certificate (DER). Options: ``at``, ``start``, ``end``, ``usage``, ``ca``, ``extensions``."""
    at = options.get("at", datetime.now(UTC))
    ca = options.get("ca", False)
    builder = (
        x509.CertificateBuilder(issuer, subject, _PLACEHOLDER.public_key(), x509.random_serial_number())
        .not_valid_before(options.get("start", at - 30 * DAY))
        .not_valid_after(options.get("end", at + 30 * DAY))
        .add_extension(options.get("usage", ISSUES if ca else SIGNS), critical=True)
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
    )
    for extension, critical in options.get("extensions", ()):
        builder = builder.add_extension(extension, critical)
    made = builder.sign(_PLACEHOLDER, hashes.SHA256()).public_bytes(Encoding.DER)
    return as_sm2(made, key.public_point, issuer_key)


def revocation_list(
    issuer: x509.Name, key: sm2.PrivateKey, *revoked: int, at: datetime | None = None, **options: Any
) -> bytes:
    """A list (DER) with the serial numbers ``revoked``. Options: ``made``, ``ends``."""
    at = at or datetime.now(UTC)
    made = options.get("made", at - DAY)
    builder = x509.CertificateRevocationListBuilder(issuer, made, options.get("ends", at + DAY))
    for serial in revoked:
        builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder(serial, at - DAY).build())
    return crl_as_sm2(builder.sign(_PLACEHOLDER, hashes.SHA256()).public_bytes(Encoding.DER), key)


class NationalHolder:
    """SM2 keys in memory, one to sign and one to decrypt, as on a national token. A ``KeyHolder``."""

    def __init__(
        self,
        signing: tuple[sm2.PrivateKey, bytes],
        encryption: tuple[sm2.PrivateKey, bytes],
        chain: tuple[bytes, ...] = (),
    ) -> None:
        self.signing_key, self.signing_certificate = signing
        self.encryption_key, self.encryption_certificate = encryption
        self.chain = chain
        self.acts: list[Act] = []

    async def sign(self, data: bytes, act: Act) -> bytes:
        self.acts.append(act)
        return await asyncio.to_thread(self.signing_key.sign, data)

    async def unwrap(self, blob: bytes, act: Act) -> bytes:
        self.acts.append(act)
        return await open_wrapped(blob, self.encryption_certificate, _never, _never, self._sm4)

    async def _sm4(self, sealed: gbt35275.Sealed) -> bytes:
        key = self.encryption_key.decrypt(sealed.wrapped_key)
        return gbt35275.sm4_open(key, sealed.iv, sealed.ciphertext)


class NationalPki:
    """A root and an issuing CA of SM2 (根证书、签发证书), and who holds their certificates."""

    def __init__(self, root: str = "测试国密根", issuing: str = "测试国密签发", at: datetime | None = None) -> None:
        self.at = at or datetime.now(UTC)
        self.root_name, self.ca_name = name(root), name(issuing)
        self.root_key, self.ca_key = sm2.PrivateKey.generate(), sm2.PrivateKey.generate()
        self.root = certify(self.root_name, self.root_key, self.root_name, self.root_key, ca=True, at=self.at)
        self.ca = certify(self.ca_name, self.ca_key, self.root_name, self.root_key, ca=True, at=self.at)

    def leaf(self, common: str = "张三", organisation: str = "", key: Any = None, **options: Any) -> bytes:
        key = key or new_key("leaf")
        return certify(name(common, organisation), key, self.ca_name, self.ca_key, **{"at": self.at, **options})

    def holder(self, common: str, organisation: str = "") -> NationalHolder:
        return self.holder_named(name(common, organisation))

    def holder_named(self, subject: x509.Name) -> NationalHolder:
        """Dual certificates for a subject."""

        def issued(usage: x509.KeyUsage) -> tuple[sm2.PrivateKey, bytes]:
            key = sm2.PrivateKey.generate()
            return key, certify(subject, key, self.ca_name, self.ca_key, at=self.at, usage=usage)

        return NationalHolder(issued(SIGNS), issued(DECRYPTS), (self.ca,))

    def crls(self, *revoked: int) -> list[bytes]:
        """Of the issuing CA, with these serial numbers, and of the root."""
        return [
            revocation_list(self.ca_name, self.ca_key, *revoked, at=self.at),
            revocation_list(self.root_name, self.root_key, at=self.at),
        ]


async def _never(_: bytes) -> bytes:
    raise refused()
