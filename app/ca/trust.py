"""Whom to believe: roots and revocation lists from outside, and a verdict on a certificate in four visible parts."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from app.ca import sm2
from app.ca.ocsp import OcspAnswer
from app.ca.revocation import RevocationList, Standing
from app.ca.signatures import (
    MALFORMED,
    MIN_RSA_BITS,
    SUPPORTED_SUITES,
    describe,
    fingerprint,
    parse_certificate,
    readable,
)
from app.ca.sm2_signed import SM2_WITH_SM3, certificate_signed_by
from app.errors import InputError

DEMO_MARK = "仅供演练"
MAX_TRUST_FILE = 8 * 1024 * 1024
MAX_PATH = 8
_MAX_SIGNATURE_CHECKS = 64

Usage = Literal["sign", "decrypt"]

_GOOD_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_PROCESSED = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.CERTIFICATE_POLICIES,  # any policy is accepted, so there is nothing more to process
    }
)
_OTHER_PURPOSES = frozenset(
    {
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CODE_SIGNING,
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.OCSP_SIGNING,
    }
)


class Status(StrEnum):
    """The three values of every check."""

    PASSED = "passed"
    FAILED = "failed"
    COULD_NOT_TELL = "could_not_tell"


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One check: its status, a code that says why, and the certificate it is about (common name)."""

    status: Status
    code: str
    about: str = ""


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known about a certificate at one moment.

    Attributes:
        chain: leads to a trusted root through CAs that may issue it.
        validity: the whole path was within its dates.
        usage: the key may be used for this.
        revocation: nothing in the path was revoked.
        path: DER, leaf first, root last; empty when there is none.
    """

    chain: Part
    validity: Part
    usage: Part
    revocation: Part
    path: tuple[bytes, ...] = ()

    @property
    def status(self) -> Status:
        """Failed if a part failed; passed if all passed."""
        statuses = {part.status for part in (self.chain, self.validity, self.usage, self.revocation)}
        for status in (Status.FAILED, Status.COULD_NOT_TELL):
            if status in statuses:
                return status
        return Status.PASSED


class TrustList:
    """Trusted roots, helpful intermediates and revocation lists.

    Attributes:
        roots, intermediates: DER.
        crls, ocsp: DER.
        demo: of a rehearsal; only such a list may hold roots marked ``DEMO_MARK``.
    """

    def __init__(
        self,
        roots: Sequence[bytes],
        crls: Sequence[bytes] = (),
        intermediates: Sequence[bytes] = (),
        *,
        ocsp: Sequence[bytes] = (),
        demo: bool = False,
    ) -> None:
        """Each item is one DER object or a PEM bundle; ``ocsp``: OCSP answers, DER.

        Raises:
            InputError: ``trust.unreadable``, ``ocsp.unreadable``, ``ocsp.refused``; ``trust.demo_root`` for a test root
                in a list that is not a demo's.
        """
        self._roots = [certificate for item in roots for certificate in _certificates(item)]
        self._intermediates = [certificate for item in intermediates for certificate in _certificates(item)]
        self._crls = [RevocationList(crl) for item in crls for crl in read_crls(item)]
        self.demo = demo
        self.roots = tuple(root.public_bytes(Encoding.DER) for root in self._roots)
        self.intermediates = tuple(one.public_bytes(Encoding.DER) for one in self._intermediates)
        self._answers = [OcspAnswer(item) for item in ocsp]
        self.crls = tuple(crl.der for crl in self._crls)
        self.ocsp = tuple(answer.der for answer in self._answers)
        if not demo and any(is_demo(root) for root in self.roots):
            raise InputError("trust.demo_root")

    def with_evidence(self, crls: Sequence[bytes] = (), ocsp: Sequence[bytes] = ()) -> "TrustList":
        """The same roots with further revocation evidence."""
        return TrustList(self.roots, [*self.crls, *crls], self.intermediates, ocsp=[*self.ocsp, *ocsp], demo=self.demo)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """SHA-256 of the roots, sorted: what the record says was trusted."""
        return tuple(sorted(fingerprint(root) for root in self.roots))

    def validate(self, certificate: bytes, chain: Sequence[bytes], at: datetime, usage: Usage) -> Verdict:
        """The verdict on ``certificate`` (DER) at the moment ``at``; ``chain``: further DER certificates, untrusted.

        Rules of RFC 5280 6.1 without names constraints and policies: where those matter the chain fails.
        """
        try:
            leaf = parse_certificate(certificate)
            info = describe(certificate)
            extensions = leaf.extensions
        except (InputError, *MALFORMED):
            unreadable = Part(Status.FAILED, "certificate.unreadable")
            return Verdict(unreadable, unreadable, unreadable, unreadable)
        unchecked = leaf.signature_algorithm_oid == SM2_WITH_SM3 and not sm2.available()
        if info.suite not in SUPPORTED_SUITES or unchecked:
            unknown = Part(Status.COULD_NOT_TELL, "certificate.suite_unsupported", info.holder)
            return Verdict(unknown, _validity([leaf], at), unknown, unknown)
        fits = (info.signs if usage == "sign" else info.decrypts) and not _other_purpose(extensions)
        usage_part = Part(Status.PASSED, "usage.ok") if fits else Part(Status.FAILED, "usage.wrong", info.holder)
        path, chain_part = self._best_path(leaf, chain)
        return Verdict(
            chain=chain_part,
            validity=_validity(path or [leaf], at),
            usage=usage_part,
            revocation=self._revocation(path, at),
            path=tuple(one.public_bytes(Encoding.DER) for one in path),
        )

    def _best_path(self, leaf: x509.Certificate, chain: Sequence[bytes]) -> tuple[list[x509.Certificate], Part]:
        if not self._roots:
            return [], Part(Status.COULD_NOT_TELL, "chain.no_roots")
        found: tuple[list[x509.Certificate], Part] | None = None
        for path in self._paths(leaf, [*_readable(chain), *self._intermediates]):
            problem = _path_problem(path)
            if problem is None:
                return path, Part(Status.PASSED, "chain.ok")
            found = found or (path, problem)
        return found or ([], Part(Status.FAILED, "chain.no_path", _name(leaf)))

    def _paths(self, leaf: x509.Certificate, pool: list[x509.Certificate]) -> Iterator[list[x509.Certificate]]:
        """Paths by name and signature, leaf to root; bounded, since the pool comes from outside."""
        checks = 0
        stack = [[leaf]]
        while stack:
            path = stack.pop()
            for candidate, trusted in [*((one, False) for one in pool), *((one, True) for one in self._roots)]:
                if candidate.subject != path[-1].issuer or candidate in path or (candidate in self._roots) != trusted:
                    continue
                checks += 1
                if checks > _MAX_SIGNATURE_CHECKS:
                    return
                if not _issued(path[-1], candidate):
                    continue
                if trusted:
                    yield [*path, candidate]
                elif len(path) < MAX_PATH:
                    stack.append([*path, candidate])

    def _revocation(self, path: list[x509.Certificate], at: datetime) -> Part:
        if not path:
            return Part(Status.COULD_NOT_TELL, "revocation.no_path")
        unsure: Part | None = None
        for certificate, issuer in itertools.pairwise(path):
            standing = _standing([*self._answers, *self._crls], certificate, issuer, at)
            if standing is Standing.REVOKED:
                return Part(Status.FAILED, "revocation.revoked", _name(certificate))
            if standing is not Standing.GOOD:
                unsure = unsure or Part(Status.COULD_NOT_TELL, f"revocation.{standing.value}", _name(certificate))
        return unsure or Part(Status.PASSED, "revocation.ok")


def is_demo(certificate: bytes) -> bool:
    """Whether a certificate (DER) is marked as a rehearsal's, by its subject or its issuer."""
    parsed = parse_certificate(certificate)
    names = [*parsed.subject, *parsed.issuer]
    return any(isinstance(attribute.value, str) and DEMO_MARK in attribute.value for attribute in names)


def _standing(
    evidence: Sequence[RevocationList | OcspAnswer],
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    at: datetime,
) -> Standing:
    standings = {one.standing(certificate, issuer, at) for one in evidence}
    for standing in (Standing.REVOKED, Standing.GOOD, Standing.STALE):
        if standing in standings:
            return standing
    return Standing.NO_CRL


def _validity(path: Sequence[x509.Certificate], at: datetime) -> Part:
    for certificate in path:
        if at < certificate.not_valid_before_utc:
            return Part(Status.FAILED, "validity.not_yet", _name(certificate))
        if at > certificate.not_valid_after_utc:
            return Part(Status.FAILED, "validity.expired", _name(certificate))
    return Part(Status.PASSED, "validity.ok")


def _path_problem(path: Sequence[x509.Certificate]) -> Part | None:
    try:
        for certificate in path:
            for extension in certificate.extensions:
                unprocessed = extension.critical and extension.oid not in _PROCESSED
                # name constraints restrict even where someone forgot to mark them critical
                if unprocessed or isinstance(extension.value, x509.NameConstraints | x509.PolicyConstraints):
                    return Part(Status.FAILED, "chain.unknown_critical_extension", _name(certificate))
        below = 0  # CA certificates between this one and the leaf that count for the path length
        for authority in path[1:]:
            if not _may_issue(authority, below):
                return Part(Status.FAILED, "chain.not_a_ca", _name(authority))
            below += authority.subject != authority.issuer
    except MALFORMED:
        return Part(Status.FAILED, "certificate.unreadable")
    return None


def _may_issue(authority: x509.Certificate, below: int) -> bool:
    constraints = usage = None
    for extension in authority.extensions:
        if isinstance(extension.value, x509.BasicConstraints):
            constraints = extension.value
        elif isinstance(extension.value, x509.KeyUsage):
            usage = extension.value
    if constraints is None or not constraints.ca or (usage is not None and not usage.key_cert_sign):
        return False
    return constraints.path_length is None or below <= constraints.path_length


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        if certificate.signature_algorithm_oid == SM2_WITH_SM3:
            return certificate_signed_by(certificate, issuer)
        if not isinstance(certificate.signature_hash_algorithm, _GOOD_HASHES):
            return False
        key = issuer.public_key()
        if isinstance(key, rsa.RSAPublicKey) and key.key_size < MIN_RSA_BITS:
            return False
        certificate.verify_directly_issued_by(issuer)
    except (TypeError, InvalidSignature, *MALFORMED):
        return False
    return True


def _other_purpose(extensions: x509.Extensions) -> bool:
    """Whether extended key usage leaves only purposes that are not a person's."""
    for extension in extensions:
        if isinstance(extension.value, x509.ExtendedKeyUsage):
            return set(extension.value) <= _OTHER_PURPOSES
    return False


def _readable(chain: Sequence[bytes]) -> list[x509.Certificate]:
    certificates = []
    for der in chain[: 2 * MAX_PATH]:
        try:
            certificates.append(parse_certificate(der))
        except InputError:
            continue  # a useless helper changes nothing
    return certificates


def _certificates(item: bytes) -> list[x509.Certificate]:
    if len(item) > MAX_TRUST_FILE:
        raise InputError("trust.unreadable")
    try:
        if b"-----BEGIN" in item:
            return [readable(certificate) for certificate in x509.load_pem_x509_certificates(item)]
        return [parse_certificate(item)]
    except (InputError, *MALFORMED):
        raise InputError("trust.unreadable") from None


def read_authorities(item: bytes) -> list[bytes]:
    """The certificates (DER) in ``item``: one in DER, or a PEM bundle; InputError ``trust.unreadable``."""
    return [one.public_bytes(Encoding.DER) for one in _certificates(item)]


def read_crls(item: bytes) -> list[x509.CertificateRevocationList]:
    """The revocation lists in ``item``: one in DER, or a PEM bundle; InputError ``trust.unreadable``."""
    if len(item) > MAX_TRUST_FILE:
        raise InputError("trust.unreadable")
    begin, end = b"-----BEGIN X509 CRL-----", b"-----END X509 CRL-----"
    try:
        if begin not in item:
            return [_readable_crl(x509.load_der_x509_crl(item))]
        blocks = [block.split(end)[0] for block in item.split(begin)[1:]]
        return [_readable_crl(x509.load_pem_x509_crl(begin + block + end + b"\n")) for block in blocks]
    except MALFORMED:
        raise InputError("trust.unreadable") from None


def _readable_crl(crl: x509.CertificateRevocationList) -> x509.CertificateRevocationList:
    """The list itself, once its lazy parts were read; its entries are read when one is asked for."""
    _ = crl.issuer, crl.extensions, crl.last_update_utc, crl.next_update_utc
    return crl


def _name(certificate: x509.Certificate) -> str:
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in certificate.subject.get_attributes_for_oid(oid):
            if isinstance(attribute.value, str):
                return attribute.value
    return ""
