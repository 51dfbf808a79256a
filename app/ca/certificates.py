"""Which certificate for what: by key usage and by time, in codes. Pure; trust is the trust list's business."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from app.ca.signatures import SUPPORTED_SUITES, CertificateInfo, parse_certificate
from app.ca.sm2_signed import SM2_WITH_SM3, certificate_signed_by
from app.ca.token import TokenInfo

SOON = timedelta(days=30)


class Use(StrEnum):
    """What a certificate is wanted for."""

    SIGN = "sign"
    DECRYPT = "decrypt"


class Fitness(StrEnum):
    """What speaks against a certificate, the worst first; ``soon`` and ``good`` can be used."""

    WRONG_USE = "wrong_use"
    UNSUPPORTED = "unsupported"
    NO_KEY = "no_key"
    REVOKED = "revoked"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    BEFORE_OPENING = "before_opening"
    SOON = "soon"
    GOOD = "good"

    @property
    def usable(self) -> bool:
        """Now; one that will have expired at the opening still signs today."""
        return self in (Fitness.GOOD, Fitness.SOON, Fitness.BEFORE_OPENING)


_ORDER = list(Fitness)


class KeyPair(msgspec.Struct, frozen=True):
    """A person's certificates on one token: the one that signs, and the one for encryption that goes with it."""

    token: TokenInfo
    signing: CertificateInfo
    encryption: CertificateInfo | None


def fitness(
    one: CertificateInfo, use: Use, now: datetime, *, opening: datetime | None = None, revoked: bool = False
) -> Fitness:
    """Whether a certificate on a token serves ``use`` at ``now`` (aware UTC), and still at the case's ``opening``."""
    if not (one.signs if use is Use.SIGN else one.decrypts):
        return Fitness.WRONG_USE
    if one.suite not in SUPPORTED_SUITES:
        return Fitness.UNSUPPORTED
    if not one.key_id:
        return Fitness.NO_KEY
    if revoked:
        return Fitness.REVOKED
    if one.not_after < now:
        return Fitness.EXPIRED
    if one.not_before > now:
        return Fitness.NOT_YET
    if opening is not None and one.not_after < opening:
        return Fitness.BEFORE_OPENING
    return Fitness.SOON if one.not_after < now + SOON else Fitness.GOOD


def worse(one: Fitness, other: Fitness) -> Fitness:
    """The one that speaks louder against use."""
    return min(one, other, key=_ORDER.index)


def key_pairs(token: TokenInfo, now: datetime) -> tuple[KeyPair, ...]:
    """The pairs of a token, best first: signing certificates that serve now, those for signing alone, the newest.

    A certificate with an algorithm that cannot be used, or without its key, makes no pair.
    """
    signing = [one for one in token.certificates if _may_serve(one) and one.signs]
    signing.sort(key=lambda one: _rank(one, Use.SIGN, now), reverse=True)
    return tuple(KeyPair(token, one, encryption_for(one, token.certificates, now)) for one in signing)


def encryption_for(
    signing: CertificateInfo, certificates: Sequence[CertificateInfo], now: datetime
) -> CertificateInfo | None:
    """The encryption certificate of the same holder that serves best now; of any holder where the names differ."""
    candidates = [one for one in certificates if _may_serve(one) and one.decrypts]
    own = [one for one in candidates if _holder(one) == _holder(signing)] or candidates
    return max(own, key=lambda one: _rank(one, Use.DECRYPT, now), default=None)


def chain_of(leaf: CertificateInfo, certificates: Sequence[CertificateInfo]) -> tuple[bytes, ...]:
    """Those of ``certificates`` that lead up from ``leaf`` by name and signature, nearest first; DER, without it."""
    authorities = [parse_certificate(one.der) for one in certificates if one.authority]
    chain: list[bytes] = []
    current = parse_certificate(leaf.der)
    while current.issuer != current.subject and len(chain) < len(authorities):
        issuer = next((one for one in authorities if _issued_by(current, one)), None)
        if issuer is None:
            break
        current = issuer
        chain.append(current.public_bytes(Encoding.DER))
    return tuple(chain)


def _issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if certificate.signature_algorithm_oid == SM2_WITH_SM3:
        return certificate.issuer == issuer.subject and certificate_signed_by(certificate, issuer)
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _may_serve(one: CertificateInfo) -> bool:
    return one.suite in SUPPORTED_SUITES and bool(one.key_id) and not one.authority


def _rank(one: CertificateInfo, use: Use, now: datetime) -> tuple[bool, bool, datetime]:
    return fitness(one, use, now).usable, one.signs != one.decrypts, one.not_after


def _holder(one: CertificateInfo) -> tuple[str, str, str]:
    return one.uscc or one.organisation, one.identity_number, one.holder
