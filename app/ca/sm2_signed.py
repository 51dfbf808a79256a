"""SM2-with-SM3 (GM/T 0015) on what ``cryptography`` reads and cannot check: certificates, revocation lists, answers."""

from typing import Final

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.ca import sm2
from app.errors import InputError

SM2_WITH_SM3: Final = x509.ObjectIdentifier("1.2.156.10197.1.501")


def sm2_point(certificate: x509.Certificate) -> bytes | None:
    """The certificate's SM2 key, 65 bytes; None when it has another kind of key, or none that is right."""
    try:
        return sm2.public_point_of(certificate.public_bytes(Encoding.DER))
    except InputError:
        return None


def certificate_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether ``issuer``, by name and SM2 key, issued ``certificate``."""
    if certificate.signature_algorithm_oid != SM2_WITH_SM3 or certificate.issuer != issuer.subject:
        return False
    parsed = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    return _is_sm2_with_sm3(parsed["tbs_certificate"]["signature"]) and signed_by(
        issuer, certificate.tbs_certificate_bytes, certificate.signature
    )


def list_signed_by(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Whether ``issuer``'s SM2 key signed the list."""
    if crl.signature_algorithm_oid != SM2_WITH_SM3:
        return False
    parsed = asn1_crl.CertificateList.load(crl.public_bytes(Encoding.DER))
    return _is_sm2_with_sm3(parsed["tbs_cert_list"]["signature"]) and signed_by(
        issuer, crl.tbs_certlist_bytes, crl.signature
    )


def signed_by(issuer: x509.Certificate, data: bytes, signature: bytes) -> bool:
    """Whether ``signature`` over ``data`` is SM2-with-SM3 by ``issuer``'s key."""
    point = sm2_point(issuer)
    return point is not None and sm2.verify(point, data, signature)


def _is_sm2_with_sm3(algorithm: object) -> bool:
    # What is inside the signed part must say the same as what stands beside the signature (RFC 5280 4.1.1.2).
    return bool(algorithm["algorithm"].dotted == SM2_WITH_SM3.dotted_string)  # type: ignore[index]
