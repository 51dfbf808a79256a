"""A person's encryption key without the person: what suppliers seal final quotes to (评审小组名单保密, 87号令 art. 47).

The host re-issues the public key of a member's encryption certificate under a random name. Sealing to it is sealing to
the same token key; what is left out is who holds it.
"""

import secrets
from datetime import datetime, timedelta

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.ca.signatures import parse_certificate
from app.ca.token import Act, KeyHolder

_LIFETIME = timedelta(days=90)
_CLOCK_SLACK = timedelta(hours=1)


def blind(certificate: bytes, issuer: ec.EllipticCurvePrivateKey, now: datetime) -> bytes:
    """A certificate (DER) for the same public key and use as ``certificate``, under a random name, signed by the host.

    Raises:
        InputError: ``certificate.unreadable``.
    """
    original = parse_certificate(certificate)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, secrets.token_hex(8))])
    host = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bidroom")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(host)
        .public_key(issuer.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SLACK)
        .not_valid_after(now + _LIFETIME)
    )
    usages = [item for item in original.extensions if isinstance(item.value, x509.KeyUsage)]
    for item in usages:
        builder = builder.add_extension(item.value, critical=item.critical)
    made = builder.sign(issuer, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return _with_key_of(certificate, made, issuer)


def _with_key_of(original: bytes, made: bytes, issuer: ec.EllipticCurvePrivateKey) -> bytes:
    """``made`` with the public key of ``original``, signed anew: the builder knows no SM2 keys."""
    parsed = asn1_x509.Certificate.load(made)
    body, key = parsed["tbs_certificate"], asn1_x509.Certificate.load(original)["tbs_certificate"]
    body["subject_public_key_info"] = key["subject_public_key_info"]
    parsed["signature_value"] = issuer.sign(body.dump(force=True), ec.ECDSA(hashes.SHA256()))
    return bytes(parsed.dump(force=True))


class BlindHolder:
    """Finds its share by the certificate without a name; everything else is the person's own key."""

    def __init__(self, key: KeyHolder, certificate: bytes) -> None:
        self._key = key
        self._certificate = certificate

    @property
    def signing_certificate(self) -> bytes:
        return self._key.signing_certificate

    @property
    def encryption_certificate(self) -> bytes:
        return self._certificate

    @property
    def chain(self) -> tuple[bytes, ...]:
        return self._key.chain

    async def sign(self, data: bytes, act: Act) -> bytes:
        """See ``KeyHolder.sign``."""
        return await self._key.sign(data, act)

    async def unwrap(self, blob: bytes, act: Act) -> bytes:
        """See ``KeyHolder.unwrap``; envelopes name no recipient, so the key opens them as its own."""
        return await self._key.unwrap(blob, act)
