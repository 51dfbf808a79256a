"""Asking time stamping authorities over HTTP (RFC 3161 3.4): several, in order; each answer is checked first."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime

import aiohttp
import msgspec

from app.ca.timestamp import MAX_TOKEN, build_query, judge_digest, read_reply
from app.ca.trust import Status, TrustList
from app.errors import FaultError, InputError
from app.logs import get_logger

ANSWER_SECONDS = 10.0
"""How long one authority may take; then the next is asked."""

_TYPE = "application/timestamp-query"
_log = get_logger("time stamps")


class Stamped(msgspec.Struct, frozen=True):
    """A time stamp: the token (ContentInfo, DER), its time (aware UTC), and the address that gave it."""

    token: bytes
    at: datetime
    authority: str


class TimestampClient:
    """Gets time stamps from the first authority that gives a good one."""

    def __init__(self, addresses: Sequence[str], trust: TrustList, *, seconds: float = ANSWER_SECONDS) -> None:
        """``addresses``: http or https, asked in this order; ``trust``: their chains must lead to its roots.

        Raises:
            InputError: ``time.bad_address`` (``address``).
        """
        check_addresses(addresses)
        self.addresses = tuple(addresses)
        self._trust = trust
        self._seconds = seconds

    async def stamp(self, data: bytes) -> Stamped:
        """A stamp over the SHA-256 of ``data``; see :meth:`stamp_digest`."""
        return await self.stamp_digest(hashlib.sha256(data).digest())

    async def stamp_digest(self, digest: bytes) -> Stamped:
        """A stamp over a SHA-256 digest (32 bytes).

        An answer counts only when it is over these bytes, its signature is right and the authority's chain leads to a
        trusted root; that its revocation cannot be told does not hinder, the record says so when it is verified.

        Raises:
            FaultError: ``time.no_authority``: none is set, or none answered well (``reason``: the last one's).
        """
        reason = "none_set"
        timeout = aiohttp.ClientTimeout(total=self._seconds)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as http:
            for address in self.addresses:
                try:
                    return await self._ask(http, address, digest)
                except InputError as error:
                    reason = str(error.facts.get("reason") or error.code)
                except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                    reason = type(error).__name__
                _log.warning("no time stamp", authority=address, reason=reason)
        raise FaultError("time.no_authority", reason=reason, count=len(self.addresses))

    async def _ask(self, http: aiohttp.ClientSession, address: str, digest: bytes) -> Stamped:
        query = build_query(digest)
        headers = {"Content-Type": _TYPE, "Accept": "application/timestamp-reply"}
        async with http.post(address, data=query.der, headers=headers, allow_redirects=False) as answer:
            if answer.status != 200:
                raise InputError("time.reply_refused", reason=f"HTTP {answer.status}")
            reply = await read_limited(answer.content, MAX_TOKEN)
        token = read_reply(reply, query)
        part, moment = await asyncio.to_thread(judge_digest, token, digest, self._trust)
        if moment is None or part.status is Status.FAILED or part.code.startswith("chain."):
            raise InputError("time.reply_refused", reason=part.code)
        return Stamped(token, moment, address)


def check_addresses(addresses: Sequence[str]) -> None:
    """Raises InputError ``time.bad_address`` (``address``) for what is no web address."""
    for address in addresses:
        if not address.startswith(("http://", "https://")) or len(address) > 400 or not address.isprintable():
            raise InputError("time.bad_address", address=address[:100])


async def read_limited(content: aiohttp.StreamReader, limit: int) -> bytes:
    """The whole body of at most ``limit`` bytes.

    Raises:
        InputError: ``http.too_large``.
    """
    body = bytearray()
    async for piece in content.iter_chunked(1 << 16):
        body += piece
        if len(body) > limit:
            raise InputError("http.too_large", limit=limit)
    return bytes(body)
