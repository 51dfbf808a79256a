"""OCSP (在线证书状态协议, RFC 6960): the question, and what one answer says about one certificate. No network here."""

import hashlib
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.ca.revocation import Standing
from app.ca.sm2_signed import SM2_WITH_SM3, certificate_signed_by, signed_by, sm2_point
from app.errors import InputError

MAX_ANSWER = 64 * 1024
_GOOD_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_SLACK = timedelta(minutes=5)
_MOST_RESPONSES = 16


def build_question(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """An OCSP request (DER) for one certificate; SHA-1 names the issuer, as RFC 6960 responders all understand."""
    name, key = hashes.Hash(hashes.SHA1()), hashes.Hash(hashes.SHA1())  # noqa: S303 - names
    name.update(issuer.subject.public_bytes())
    key.update(_key_bits(issuer))
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        name.finalize(),
        key.finalize(),
        certificate.serial_number,
        hashes.SHA1(),  # noqa: S303
    )
    return builder.build().public_bytes(Encoding.DER)


class OcspAnswer:
    """One answer; its signature is checked when it is used, against the issuer in the path.

    Attributes:
        der: the answer itself.
    """

    def __init__(self, der: bytes) -> None:
        """Raises InputError ``ocsp.unreadable``, ``ocsp.refused`` (``reason``: the responder gave no answer)."""
        if len(der) > MAX_ANSWER:
            raise InputError("ocsp.unreadable")
        try:
            self._answer = ocsp.load_der_ocsp_response(der)
            status = self._answer.response_status
        except Exception as error:  # outside bytes: whatever the parser makes of them
            raise InputError("ocsp.unreadable") from error
        if status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise InputError("ocsp.refused", reason=status.name.lower())
        self.der = der

    def standing(self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Standing:
        """The standing of ``certificate``, issued by ``issuer``, at the moment ``at`` (aware).

        An answer made after ``at`` tells the past; a good one that ended before ``at`` is stale, though what was
        revoked stays so.
        """
        try:
            found = self._about(certificate, issuer)
            if found is None or not self._is_from(issuer):
                return Standing.NO_CRL
            if found.certificate_status is ocsp.OCSPCertStatus.REVOKED:
                since = found.revocation_time_utc
                return Standing.REVOKED if since is None or since <= at else Standing.GOOD
            if found.certificate_status is not ocsp.OCSPCertStatus.GOOD:
                return Standing.NO_CRL
            ends = found.next_update_utc or found.this_update_utc
            return Standing.GOOD if at <= ends + _SLACK else Standing.STALE
        except Exception:  # extensions and names are parsed only when they are asked for
            return Standing.NO_CRL

    @property
    def ends(self) -> datetime:
        """Until when the answer may be used again: the earliest nextUpdate, else its thisUpdate."""
        try:
            return min(one.next_update_utc or one.this_update_utc for one in self._answer.responses)
        except Exception as error:
            raise InputError("ocsp.unreadable") from error

    def _about(self, certificate: x509.Certificate, issuer: x509.Certificate) -> ocsp.OCSPSingleResponse | None:
        for number, one in enumerate(self._answer.responses):
            if number >= _MOST_RESPONSES:
                break
            name = hashes.Hash(one.hash_algorithm)
            name.update(issuer.subject.public_bytes())
            key = hashes.Hash(one.hash_algorithm)
            key.update(_key_bits(issuer))
            same_issuer = (one.issuer_name_hash, one.issuer_key_hash) == (name.finalize(), key.finalize())
            if same_issuer and one.serial_number == certificate.serial_number:
                return one
        return None

    def _is_from(self, issuer: x509.Certificate) -> bool:
        """Signed by the issuer itself, or by whom it authorised for this (RFC 6960 4.2.2.2)."""
        for candidate in (issuer, *self._answer.certificates[:4]):
            if candidate != issuer and not self._delegated(candidate, issuer):
                continue
            if self._signed_by(candidate):
                return True
        return False

    def _delegated(self, candidate: x509.Certificate, issuer: x509.Certificate) -> bool:
        produced = self._answer.produced_at_utc
        if not candidate.not_valid_before_utc <= produced <= candidate.not_valid_after_utc:
            return False
        purposes = [one.value for one in candidate.extensions if isinstance(one.value, x509.ExtendedKeyUsage)]
        if not purposes or ExtendedKeyUsageOID.OCSP_SIGNING not in purposes[0]:
            return False
        if candidate.signature_algorithm_oid == SM2_WITH_SM3:
            return certificate_signed_by(candidate, issuer)
        if not isinstance(candidate.signature_hash_algorithm, _GOOD_HASHES):
            return False
        try:
            candidate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return False
        return True

    def _signed_by(self, responder: x509.Certificate) -> bool:
        if self._answer.signature_algorithm_oid == SM2_WITH_SM3:
            return signed_by(responder, self._answer.tbs_response_bytes, self._answer.signature)
        algorithm = self._answer.signature_hash_algorithm
        key = responder.public_key()
        if not isinstance(algorithm, _GOOD_HASHES):
            return False
        try:
            if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
                key.verify(self._answer.signature, self._answer.tbs_response_bytes, padding.PKCS1v15(), algorithm)
            elif isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(self._answer.signature, self._answer.tbs_response_bytes, ec.ECDSA(algorithm))
            else:
                return False
        except (InvalidSignature, ValueError):
            return False
        return True


def _key_bits(certificate: x509.Certificate) -> bytes:
    """The subjectPublicKey bit string without tag, length and unused bits, as CertID hashes it."""
    point = sm2_point(certificate)
    if point is not None:
        return point
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    raise ValueError("key type")


def question_id(question: bytes) -> str:
    """SHA-256 (hex) of a question: the name under which its answer is kept."""
    return hashlib.sha256(question).hexdigest()
