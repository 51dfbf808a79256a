"""Verifying a seal and a signature with a seal (GB/T 38540, 7.4 and 8.4): three verdicts, never one boolean."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from app.ca import sm2
from app.ca.ses import Picture, Seal, SealSignature
from app.ca.signatures import SM2_SUITE, UNKNOWN_SUITE, describe, verify_signature
from app.ca.timestamp import judge
from app.ca.trust import Part, Status, TrustList
from app.errors import InputError

CLOCK_SLACK: Final = timedelta(minutes=10)
_FOREIGN_STAMP: Final = frozenset({"time.stamp_unreadable", "time.stamp_algorithm"})


class SealVerdict(msgspec.Struct, frozen=True):
    """A seal (电子印章).

    Attributes:
        name, seal_id: as it says. maker: name in its maker's certificate.
        integrity: the maker signed it as it is. identity: the maker's certificate is believed.
        time: it is valid at the moment in question.
    """

    name: str
    seal_id: str
    maker: str
    picture: Picture
    starts: datetime
    ends: datetime
    integrity: Part
    identity: Part
    time: Part


class SealSignatureVerdict(msgspec.Struct, frozen=True):
    """A signature with a seal (电子签章).

    Attributes:
        holder: name in the signer's certificate (DER), which is ``certificate``.
        claimed_time: as the signer says, aware UTC.
        integrity: what was signed, the seal and the signature are unchanged.
        identity: the seal names the signer; the signer's certificate and its maker's are believed.
        time: proven by a time stamp, or only claimed; within the seal's validity.
    """

    seal: SealVerdict
    holder: str
    certificate: bytes
    claimed_time: datetime
    integrity: Part
    identity: Part
    time: Part


def verify_seal(seal: Seal, trust: TrustList, at: datetime) -> SealVerdict:
    """The verdict on a seal at the moment ``at``, aware."""
    facts = seal.facts
    maker = _holder(seal.maker)
    if at < facts.starts:
        time = Part(Status.FAILED, "ses.seal_not_yet", facts.name)
    elif at > facts.ends:
        time = Part(Status.FAILED, "ses.seal_expired", facts.name)
    else:
        time = Part(Status.PASSED, "ses.seal_valid.ok")
    return SealVerdict(
        name=facts.name,
        seal_id=facts.seal_id,
        maker=maker,
        picture=facts.picture,
        starts=facts.starts,
        ends=facts.ends,
        integrity=_signed(seal.maker, seal.content, seal.signature, "ses.seal_changed", maker),
        identity=_believed(seal.maker, trust, at),
        time=time,
    )


def verify_signature_with_seal(
    signature: SealSignature, data: bytes, trust: TrustList, at: datetime
) -> SealSignatureVerdict:
    """The verdict on a signature over ``data``; ``at``: as for :func:`app.ca.pdf_verifier.verify`."""
    time, proven = _time(signature, trust, at)
    moment = proven or at
    holder = _holder(signature.certificate)
    seal = verify_seal(signature.seal, trust, moment)
    within = verify_seal(signature.seal, trust, proven or signature.time).time
    seal = msgspec.structs.replace(seal, time=within)
    if sm2.sm3(data) != signature.data_hash:
        integrity = Part(Status.FAILED, "signature.content_changed", holder)
    else:
        integrity = _signed(signature.certificate, signature.content, signature.signature, "signature.invalid", holder)
    if not signature.seal.facts.admits(signature.certificate):
        identity = Part(Status.FAILED, "ses.not_in_seal", holder)
    else:
        identity = _believed(signature.certificate, trust, moment)
    return SealSignatureVerdict(
        seal=seal,
        holder=holder,
        certificate=signature.certificate,
        claimed_time=signature.time,
        integrity=_worse(integrity, seal.integrity),
        identity=_worse(identity, seal.identity),
        time=_worse(time, within),
    )


def _time(signature: SealSignature, trust: TrustList, at: datetime) -> tuple[Part, datetime | None]:
    if signature.time_stamp is None:
        if signature.time > at + CLOCK_SLACK:
            return Part(Status.FAILED, "time.in_future"), None
        return Part(Status.COULD_NOT_TELL, "time.claimed_only"), None
    part, moment = judge(signature.time_stamp, signature.signature, trust)
    if moment is None and part.code in _FOREIGN_STAMP:  # of national algorithms, or nonsense: proves nothing here
        return Part(Status.COULD_NOT_TELL, "ses.stamp_unsupported"), None
    if part.status is not Status.PASSED or moment is None:
        return part, None
    if abs(moment - signature.time) > CLOCK_SLACK:
        return Part(Status.FAILED, "time.claim_differs"), moment
    return part, moment


def _signed(certificate: bytes, content: bytes, signature: bytes, code: str, holder: str) -> Part:
    suite = _suite(certificate)
    if suite == SM2_SUITE and not sm2.available():
        return Part(Status.COULD_NOT_TELL, "sm2.unavailable", holder)
    if suite != SM2_SUITE:
        return Part(Status.FAILED, "signature.algorithm", holder)
    if not verify_signature(certificate, content, signature):
        return Part(Status.FAILED, code, holder)
    return Part(Status.PASSED, "signature.ok", holder)


def _believed(certificate: bytes, trust: TrustList, at: datetime) -> Part:
    """The containers carry no further certificates: those between root and holder are the trust list's to know."""
    verdict = trust.validate(certificate, (), at, "sign")
    parts = (verdict.chain, verdict.validity, verdict.usage, verdict.revocation)
    if verdict.status is Status.PASSED:
        return Part(Status.PASSED, "identity.ok", _holder(certificate))
    return next(part for part in parts if part.status is verdict.status)


def _worse(one: Part, other: Part) -> Part:
    order = (Status.FAILED, Status.COULD_NOT_TELL, Status.PASSED)
    return min(one, other, key=lambda part: order.index(part.status))


def _holder(certificate: bytes) -> str:
    try:
        return describe(certificate).holder
    except InputError:
        return ""


def _suite(certificate: bytes) -> str:
    try:
        return describe(certificate).suite
    except InputError:
        return UNKNOWN_SUITE
