"""The time of a signature as a timestamp token proves it (RFC 3161, CAdES signature-time-stamp)."""

from datetime import datetime
from typing import Any

from asn1crypto import cms, core

from app.ca.timestamp import Trust, judge_token
from app.ca.trust import Part


def token_of(signer_info: cms.SignerInfo) -> bytes | None:
    """The time stamp token (DER) in a signature, or None."""
    token = _token(signer_info)
    return bytes(token.dump()) if token is not None else None


def timestamp_part(signer_info: cms.SignerInfo, trust: Trust, at: datetime) -> tuple[Part | None, datetime | None]:
    """What the token in a signature proves: its verdict and its time, or nothing when there is none.

    Raises anything for a malformed token: the caller treats that as failed.
    """
    token = _token(signer_info)
    if token is None:
        return None, None
    return judge_token(token, signer_info["signature"].native, trust)


def _token(signer_info: cms.SignerInfo) -> Any:
    unsigned = signer_info["unsigned_attrs"]
    if unsigned is core.VOID or not unsigned:
        return None
    for attribute in unsigned:
        if attribute["type"].native == "signature_time_stamp_token":
            (token,) = attribute["values"]
            return token
    return None
