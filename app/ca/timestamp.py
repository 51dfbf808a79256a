"""RFC 3161 time stamps (时间戳): the question, the answer, and what a token proves. No network here."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec
from asn1crypto import algos, cms, tsp
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.ca.trust import Part, Status, Usage, Verdict
from app.errors import InputError

MAX_TOKEN = 64 * 1024
_IMPRINTS = frozenset({"sha256", "sha384", "sha512"})
_GRANTED = frozenset({"granted", "granted_with_mods"})


class Trust(Protocol):
    """What is asked of :class:`app.ca.trust.TrustList`."""

    def validate(self, certificate: bytes, chain: Sequence[bytes], at: datetime, usage: Usage) -> Verdict: ...


class Query(msgspec.Struct, frozen=True):
    """A question to an authority.

    Attributes:
        der: TimeStampReq (RFC 3161 2.4.1) over ``digest``, with a nonce, asking for the authority's certificates.
        digest: SHA-256 of what is stamped.
        nonce: comes back in the answer.
    """

    der: bytes
    digest: bytes
    nonce: int


def build_query(digest: bytes) -> Query:
    """The question for a SHA-256 digest (32 bytes); a new nonce each time."""
    if len(digest) != 32:
        raise ValueError("time stamps are over SHA-256 digests")
    nonce = secrets.randbits(63)
    imprint = tsp.MessageImprint(
        {"hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}), "hashed_message": digest}
    )
    request = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "nonce": nonce, "cert_req": True})
    return Query(bytes(request.dump()), digest, nonce)


def read_reply(reply: bytes, query: Query) -> bytes:
    """The token (ContentInfo, DER) in an authority's answer to ``query``; who made it is :func:`judge`'s to say.

    Raises:
        InputError: ``time.reply_unreadable``, ``time.reply_refused`` (fact ``reason``), ``time.reply_of_another``.
    """
    try:
        if len(reply) > MAX_TOKEN:
            raise ValueError("too large")
        response = tsp.TimeStampResp.load(reply, strict=True)
        status = response["status"]["status"].native
        if status not in _GRANTED:
            failure = response["status"]["fail_info"].native
            raise InputError("time.reply_refused", reason=",".join(sorted(failure or ()))[:80] or str(status)[:40])
        token = response["time_stamp_token"]
        info = _info(token)
        nonce = info["nonce"].native
        imprint = info["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        hashed = imprint["hashed_message"].native
        der = bytes(token.dump())
    except InputError:
        raise
    except Exception as error:  # asn1crypto raises what it likes for malformed input
        raise InputError("time.reply_unreadable") from error
    if algorithm != "sha256" or not hmac.compare_digest(hashed, query.digest) or nonce != query.nonce:
        raise InputError("time.reply_of_another")
    return der


def judge(token: bytes, stamped: bytes, trust: Trust) -> tuple[Part, datetime | None]:
    """What a token (DER) over the bytes ``stamped`` proves: its verdict, and its time unless its integrity failed.

    Any malformed token is a failed part.
    """
    try:
        if len(token) > MAX_TOKEN:
            raise ValueError("too large")
        return judge_token(cms.ContentInfo.load(token, strict=True), stamped, trust)
    except Exception:
        return Part(Status.FAILED, "time.stamp_unreadable"), None


def judge_digest(token: bytes, digest: bytes, trust: Trust) -> tuple[Part, datetime | None]:
    """As :func:`judge` where only the SHA-256 of what was stamped is at hand."""
    try:
        if len(token) > MAX_TOKEN:
            raise ValueError("too large")
        parsed = cms.ContentInfo.load(token, strict=True)
        return judge_imprint(parsed, lambda name: digest if name == "sha256" else b"", trust)
    except Exception:
        return Part(Status.FAILED, "time.stamp_unreadable"), None


def signer_of(token: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """The authority's certificate in a token (DER), and the others that it carries; the token is not judged.

    Raises:
        InputError: ``time.stamp_unreadable``.
    """
    from pyhanko.sign.validation.generic_cms import extract_certs_for_validation

    try:
        found = extract_certs_for_validation(cms.ContentInfo.load(token, strict=True)["content"])
        return found.signer_cert.dump(), tuple(other.dump() for other in found.other_certs)
    except Exception as error:  # pyHanko raises what it likes for malformed input
        raise InputError("time.stamp_unreadable") from error


def judge_token(token: cms.ContentInfo, stamped: bytes, trust: Trust) -> tuple[Part, datetime | None]:
    """As :func:`judge` for a parsed token; raises anything for a malformed one: the caller treats that as failed."""
    return judge_imprint(token, lambda name: hashlib.new(name, stamped).digest(), trust)


def judge_imprint(
    token: cms.ContentInfo, digest_of: Callable[[str], bytes], trust: Trust
) -> tuple[Part, datetime | None]:
    """As :func:`judge_token`; ``digest_of`` gives the digest of what was stamped by the hash's name, e.g. sha256."""
    # pyHanko brings an HTTP client along, which a verifier that meets no stamp does without.
    from pyhanko.sign.general import extract_signer_info
    from pyhanko.sign.validation.generic_cms import extract_certs_for_validation, validate_sig_integrity

    signed_data = token["content"]
    info = _info(token)
    imprint = info["message_imprint"]
    imprint_hash = imprint["hash_algorithm"]["algorithm"].native
    token_signer = extract_signer_info(signed_data)
    content_hash = token_signer["digest_algorithm"]["algorithm"].native
    if {imprint_hash, content_hash} - _IMPRINTS:
        return Part(Status.FAILED, "time.stamp_algorithm"), None
    if not hmac.compare_digest(digest_of(imprint_hash), imprint["hashed_message"].native):
        return Part(Status.FAILED, "time.stamp_of_another"), None
    certificates = extract_certs_for_validation(signed_data)
    digest = hashlib.new(content_hash, bytes(signed_data["encap_content_info"]["content"])).digest()
    if validate_sig_integrity(token_signer, certificates.signer_cert, "tst_info", digest) != (True, True):
        return Part(Status.FAILED, "time.stamp_invalid"), None
    moment = info["gen_time"].native.astimezone(UTC)
    return _believed(certificates, trust, moment), moment


def _info(token: cms.ContentInfo) -> tsp.TSTInfo:
    info = token["content"]["encap_content_info"]["content"].parsed
    if not isinstance(info, tsp.TSTInfo):
        raise TypeError("not a time stamp")
    return info


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
