"""Certificate revocation lists (证书吊销列表, RFC 5280 5 and 6.3): what one list says about one certificate."""

from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from app.ca.signatures import MALFORMED
from app.ca.sm2_signed import SM2_WITH_SM3, list_signed_by

_GOOD_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


class Standing(StrEnum):
    """What a list says about a certificate at a moment."""

    GOOD = "ok"
    REVOKED = "revoked"
    STALE = "stale"
    NO_CRL = "no_crl"


class RevocationList:
    """One CRL; its signature is checked when it is used, against the issuer in the path.

    Attributes:
        der: the list itself.
    """

    def __init__(self, crl: x509.CertificateRevocationList) -> None:
        self.der = crl.public_bytes(Encoding.DER)
        self._crl = crl

    def standing(self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Standing:
        """The standing of ``certificate``, issued by ``issuer``, at the moment ``at`` (aware).

        A list made after ``at`` tells the past; one that ended before ``at`` is stale, though what it revoked stays so.
        """
        try:
            if self._crl.issuer != certificate.issuer or not self._is_from(issuer):
                return Standing.NO_CRL
            if self._indirect():
                return Standing.NO_CRL  # its entries may be other issuers' certificates
            entry = self._crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if entry is not None and _since(entry) <= at:
                return Standing.REVOKED
            if not self._covers(certificate):
                return Standing.NO_CRL
            ends = self._crl.next_update_utc
            return Standing.GOOD if ends is not None and at <= ends else Standing.STALE
        except MALFORMED:
            return Standing.NO_CRL

    def _is_from(self, issuer: x509.Certificate) -> bool:
        for extension in issuer.extensions:
            if isinstance(extension.value, x509.KeyUsage) and not extension.value.crl_sign:
                return False
        if self._crl.signature_algorithm_oid == SM2_WITH_SM3:
            return list_signed_by(self._crl, issuer)
        key = issuer.public_key()
        if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            return False
        if not isinstance(self._crl.signature_hash_algorithm, _GOOD_HASHES):
            return False
        try:
            return self._crl.is_signature_valid(key)
        except InvalidSignature:
            return False

    def _indirect(self) -> bool:
        points = (one.value for one in self._crl.extensions if isinstance(one.value, x509.IssuingDistributionPoint))
        return any(point.indirect_crl for point in points)

    def _covers(self, certificate: x509.Certificate) -> bool:
        """Whether absence from this list means not revoked: not for deltas, parts of lists and unknown extensions."""
        for extension in self._crl.extensions:
            if isinstance(extension.value, x509.IssuingDistributionPoint):
                if not _point_covers(extension.value, certificate):
                    return False
            elif extension.critical:
                return False
        return True


def _point_covers(point: x509.IssuingDistributionPoint, certificate: x509.Certificate) -> bool:
    if point.only_some_reasons or point.only_contains_attribute_certs or point.relative_name:
        return False
    authority, named = False, set()
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.BasicConstraints):
            authority = extension.value.ca
        elif isinstance(extension.value, x509.CRLDistributionPoints):
            named = {name for one in extension.value for name in one.full_name or ()}
    if (authority and point.only_contains_user_certs) or (not authority and point.only_contains_ca_certs):
        return False
    return point.full_name is None or bool(named & set(point.full_name))


def _since(entry: x509.RevokedCertificate) -> datetime:
    since = entry.revocation_date_utc
    for extension in entry.extensions:
        if isinstance(extension.value, x509.InvalidityDate):
            since = min(since, extension.value.invalidity_date_utc)
    return since
