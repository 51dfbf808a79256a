"""The time of a signature as a timestamp token proves it (RFC 3161, CAdES signature-time-stamp)."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from asn1crypto import cms, core
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.sign.general import extract_signer_info
from pyhanko.sign.validation.generic_cms import extract_certs_for_validation, validate_sig_integrity

from app.ca.trust import Part, Status, Usage, Verdict

_IMPRINTS = frozenset({"sha256", "sha384", "sha512"})


class Trust(Protocol):
    """What is asked of :class:`app.ca.trust.TrustList`."""

    def validate(self, certificate: bytes, chain: Sequence[bytes], at: datetime, usage: Usage) -> Verdict: ...


def timestamp_part(signer_info: cms.SignerInfo, trust: Trust, at: datetime) -> tuple[Part | None, datetime | None]:
    """What the token in a signature proves: its verdict and its time, or nothing when there is none.

    Raises anything for a malformed token: the caller treats that as failed.
    """
    token = _token(signer_info)
    if token is None:
        return None, None
    signed_data = token["content"]
    info = signed_data["encap_content_info"]["content"].parsed
    imprint = info["message_imprint"]
    imprint_hash = imprint["hash_algorithm"]["algorithm"].native
    token_signer = extract_signer_info(signed_data)
    content_hash = token_signer["digest_algorithm"]["algorithm"].native
    if {imprint_hash, content_hash} - _IMPRINTS:
        return Part(Status.FAILED, "time.stamp_algorithm"), None
    stamped = hashlib.new(imprint_hash, signer_info["signature"].native).digest()
    if not hmac.compare_digest(stamped, imprint["hashed_message"].native):
        return Part(Status.FAILED, "time.stamp_of_another"), None
    certificates = extract_certs_for_validation(signed_data)
    content = bytes(signed_data["encap_content_info"]["content"])
    digest = hashlib.new(content_hash, content).digest()
    if validate_sig_integrity(token_signer, certificates.signer_cert, "tst_info", digest) != (True, True):
        return Part(Status.FAILED, "time.stamp_invalid"), None
    moment = info["gen_time"].native.astimezone(UTC)
    return _believed(certificates, trust, moment), moment


def _token(signer_info: cms.SignerInfo) -> Any:
    unsigned = signer_info["unsigned_attrs"]
    if unsigned is core.VOID or not unsigned:
        return None
    for attribute in unsigned:
        if attribute["type"].native == "signature_time_stamp_token":
            (token,) = attribute["values"]
            return token
    return None


def _believed(certificates: Any, trust: Trust, moment: datetime) -> Part:
    der = certificates.signer_cert.dump()
    if not _is_authority(der):
        return Part(Status.FAILED, "time.not_an_authority")
    verdict = trust.validate(der, [other.dump() for other in certificates.other_certs], moment, "sign")
    # Usage is judged above: a time stamping authority's key is for nothing else (RFC 3161, 2.3).
    for status in (Status.FAILED, Status.COULD_NOT_TELL):
        for part in (verdict.chain, verdict.validity, verdict.revocation):
            if part.status is status:
                return part
    return Part(Status.PASSED, "time.stamped")


def _is_authority(der: bytes) -> bool:
    for extension in x509.load_der_x509_certificate(der).extensions:
        if isinstance(extension.value, x509.ExtendedKeyUsage):
            return extension.critical and list(extension.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    return False
