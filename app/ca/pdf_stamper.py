"""Time stamps for PDF signatures: pyHanko's view of whoever gives tokens (the host, or an authority itself)."""

# mypy: allow-untyped-calls
# (pyHanko is only partly annotated.)

from collections.abc import Awaitable, Callable

from asn1crypto import cms, core
from pyhanko.sign.timestamps import TimeStamper

from app.ca.timestamp import judge_digest
from app.ca.trust import TrustList
from app.errors import FaultError

TOKEN_ROOM = 16 * 1024
"""Bytes that are kept free for a token; those of common authorities take 2 to 8 KiB."""

Ask = Callable[[bytes], Awaitable[bytes]]
"""From a SHA-256 digest to a token (RFC 3161 ContentInfo, DER); raises BidroomError where none is to be had."""


class TokenStamper(TimeStamper):
    """Stamps by asking once; nothing is asked for estimates of size."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask

    async def async_dummy_response(self, md_algorithm: str) -> cms.ContentInfo:
        return cms.ContentInfo({"content_type": "data", "content": core.OctetString(bytes(TOKEN_ROOM))})

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """The token over a digest.

        Raises:
            FaultError: ``time.no_authority``; what ``ask`` raises.
        """
        if md_algorithm != "sha256":
            raise FaultError("time.no_authority", reason=md_algorithm)
        token = await self._ask(message_digest)
        if len(token) > TOKEN_ROOM:
            raise FaultError("time.no_authority", reason="token_too_large")
        part, moment = judge_digest(token, message_digest, TrustList([]))
        if moment is None:  # what is not a stamp over this digest is better left out; whom to believe is not asked here
            raise FaultError("time.no_authority", reason=part.code)
        return cms.ContentInfo.load(token)
