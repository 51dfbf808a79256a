"""What a certificate says, and whether a signature is its holder's."""

import re
import warnings
from datetime import datetime

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from app.ca import sm2
from app.ca.sm2_signed import signed_by, sm2_point
from app.canon import sha256_hex
from app.errors import InputError

MAX_CERTIFICATE = 16 * 1024
MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192

MALFORMED = (
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What reading a certificate or a revocation list raises when it is not one; half of them are no ValueError."""

RSA_SUITE = "rsa-sha256"
EC_SUITE = "ecdsa-p256-sha256"
SM2_SUITE = "sm2-sm3"
UNKNOWN_SUITE = "unknown"
INTERNATIONAL_SUITES = frozenset({RSA_SUITE, EC_SUITE})
SUPPORTED_SUITES = INTERNATIONAL_SUITES | ({SM2_SUITE} if sm2.available() else set())

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC = re.compile(rf"[{_USCC_ALPHABET}]{{18}}")
_IDENTITY_NUMBER = re.compile(r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]")
_ETSI_PREFIX = re.compile(r"(?:VAT|NTR)CN-")


class CertificateInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A certificate (数字证书) in plain words.

    Attributes:
        der: the certificate itself.
        holder: common name of the subject; the organisation's where there is no common name.
        organisation: O of the subject, may be empty.
        uscc: unified social credit code (统一社会信用代码, GB 32100) of the subject, or empty.
        identity_number: citizen identity number (公民身份号码, GB 11643) of the subject, or empty.
        issuer: common name of the issuer.
        serial: serial number, lower-case hex.
        not_before: first valid moment, aware UTC.
        not_after: last valid moment, aware UTC.
        signs: key usage admits digitalSignature or nonRepudiation.
        decrypts: key usage admits keyEncipherment (RSA, SM2) or keyAgreement (EC).
        authority: a CA certificate.
        suite: ``rsa-sha256``, ``ecdsa-p256-sha256``, ``sm2-sm3``; ``unknown`` cannot be used.
        key_id: CKA_ID of the key on the token; empty when the certificate does not come from one.
    """

    der: bytes
    holder: str
    organisation: str
    uscc: str
    identity_number: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    signs: bool
    decrypts: bool
    authority: bool
    suite: str
    key_id: bytes = b""


def parse_certificate(der: bytes) -> x509.Certificate:
    """The certificate in ``der``, read to the end: its names, dates and extensions raise nothing later.

    Its key may still be of an algorithm that is not supported.

    Raises:
        InputError: ``certificate.unreadable``.
    """
    if len(der) > MAX_CERTIFICATE:
        raise InputError("certificate.unreadable")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it would warn of is refused here
            return readable(x509.load_der_x509_certificate(der))
    except MALFORMED as error:
        raise InputError("certificate.unreadable") from error


def readable(certificate: x509.Certificate) -> x509.Certificate:
    """The certificate itself, once its lazy parts were read.

    Raises:
        one of :data:`MALFORMED`.
    """
    _ = certificate.subject, certificate.issuer, certificate.extensions, certificate.serial_number
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if certificate.serial_number < 1:
        raise ValueError("no authority may issue such a serial number (RFC 5280 §4.1.2.2)")
    return certificate


def describe(certificate_der: bytes) -> CertificateInfo:
    """What the certificate says about itself; whether that is true is the trust list's business.

    Raises:
        InputError: ``certificate.unreadable``.
    """
    certificate = parse_certificate(certificate_der)
    try:
        usage, authority = _usage(certificate)
        subject, suite = certificate.subject, suite_of(certificate)
        uscc, identity_number = _subject_numbers(subject)
        organisation = _first(subject, NameOID.ORGANIZATION_NAME)
        issuer = certificate.issuer
        return CertificateInfo(
            der=certificate_der,
            holder=_first(subject, NameOID.COMMON_NAME) or organisation,
            organisation=organisation,
            uscc=uscc,
            identity_number=identity_number,
            issuer=_first(issuer, NameOID.COMMON_NAME) or _first(issuer, NameOID.ORGANIZATION_NAME),
            serial=f"{certificate.serial_number:x}",
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            signs=not authority and (usage is None or usage.digital_signature or usage.content_commitment),
            decrypts=not authority and (usage is None or _may_decrypt(usage, suite)),
            authority=authority,
            suite=suite,
        )
    except ValueError as error:  # names and extensions are parsed when they are asked for
        raise InputError("certificate.unreadable") from error


def fingerprint(der: bytes) -> str:
    """SHA-256 of the DER certificate, 64 lower-case hex digits: how the record names a certificate."""
    return sha256_hex(der)


def suite_of(certificate: x509.Certificate) -> str:
    """The algorithm suite of the certificate's key: one of the ``*_SUITE`` values."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return SM2_SUITE if sm2_point(certificate) is not None else UNKNOWN_SUITE
    if isinstance(key, rsa.RSAPublicKey) and MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        return RSA_SUITE
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return EC_SUITE
    return UNKNOWN_SUITE


def verify_signature(certificate_der: bytes, data: bytes, signature: bytes) -> bool:
    """Whether ``signature`` over ``data`` was made with the certificate's key.

    RSA PKCS#1 v1.5 with SHA-256 (2048 to 8192 bit), ECDSA P-256 with SHA-256 (DER) or SM2 with SM3 (DER). False also
    for a certificate that cannot be read or whose suite is not supported; says nothing about trust, validity or usage.
    """
    try:
        certificate = parse_certificate(certificate_der)
    except InputError:
        return False
    try:
        key = certificate.public_key()
    except MALFORMED:
        return signed_by(certificate, data, signature)  # SM2, or nothing that verifies
    try:
        if isinstance(key, rsa.RSAPublicKey) and MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


def require_able(certificate_der: bytes) -> None:
    """To be asked before a signature that does not verify is held against anyone.

    Raises:
        InputError: ``sm2.unavailable``: the key is SM2's, and this machine has no component for it.
    """
    if sm2.available():
        return
    try:
        suite = suite_of(parse_certificate(certificate_der))
    except InputError:
        return  # what comes next says so
    if suite == SM2_SUITE:
        raise InputError("sm2.unavailable", fault="platform")


def uscc_check_digit(first17: str) -> str:
    """The 18th character of a unified social credit code (GB 32100-2015, modulus 31)."""
    total = sum(_USCC_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(first17))
    return _USCC_ALPHABET[-total % 31]


def is_uscc(text: str) -> bool:
    """Whether ``text`` has the form and check digit of a unified social credit code."""
    return _USCC.fullmatch(text) is not None and uscc_check_digit(text[:17]) == text[17]


def identity_check_digit(first17: str) -> str:
    """The 18th character of a citizen identity number (GB 11643-1999, ISO 7064 MOD 11-2)."""
    total = sum(int(char) * pow(2, 17 - place, 11) for place, char in enumerate(first17))
    return "10X98765432"[total % 11]


def is_identity_number(text: str) -> bool:
    """Whether ``text`` has the form and check digit of a citizen identity number."""
    return _IDENTITY_NUMBER.fullmatch(text) is not None and identity_check_digit(text[:17]) == text[17]


def _usage(certificate: x509.Certificate) -> tuple[x509.KeyUsage | None, bool]:
    usage: x509.KeyUsage | None = None
    authority = False
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.KeyUsage):
            usage = extension.value
        elif isinstance(extension.value, x509.BasicConstraints):
            authority = extension.value.ca
    return usage, authority


def _may_decrypt(usage: x509.KeyUsage, suite: str) -> bool:
    return usage.key_agreement if suite == EC_SUITE else usage.key_encipherment


def _first(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    for attribute in name.get_attributes_for_oid(oid):
        if isinstance(attribute.value, str):
            return attribute.value.strip()
    return ""


def _subject_numbers(subject: x509.Name) -> tuple[str, str]:
    """USCC and identity number: organizationIdentifier first, then serialNumber, where CAs put either."""
    uscc = _ETSI_PREFIX.sub("", _first(subject, NameOID.ORGANIZATION_IDENTIFIER))
    uscc = uscc if _USCC.fullmatch(uscc) else ""
    number = _first(subject, NameOID.SERIAL_NUMBER).upper()
    # Eighteen digits can be read as either: the check digits decide.
    if is_identity_number(number):
        return uscc, number
    if not uscc and is_uscc(number):
        return number, ""
    return uscc, ""
