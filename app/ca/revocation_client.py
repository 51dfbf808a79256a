"""Fetching revocation evidence (吊销证据) from where certificates say it is: OCSP first, then the list; kept on disk.

Only certificates whose chain leads to a trusted root are asked about, so nobody makes this machine call addresses by
showing a certificate of their own making. Offline, or when nobody answers, what was kept is used and its age shows: a
list past its nextUpdate tells of what it revoked, and of the rest "could not tell".
"""

import asyncio
import contextlib
import hashlib
import itertools
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import aiohttp
import msgspec
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from app.ca.ocsp import MAX_ANSWER, OcspAnswer, build_question, question_id
from app.ca.revocation import RevocationList, Standing
from app.ca.signatures import parse_certificate
from app.ca.timestamp_client import read_limited
from app.ca.trust import MAX_TRUST_FILE, read_crls
from app.clock import Clock
from app.errors import InputError
from app.logs import get_logger

_SETTLED = (Standing.GOOD, Standing.REVOKED)
_MOST_ADDRESSES = 3
_Found = TypeVar("_Found", OcspAnswer, RevocationList)
_log = get_logger("revocation")


class Evidence(msgspec.Struct, frozen=True):
    """What was found about the certificates of one path: OCSP answers and revocation lists, DER."""

    ocsp: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()


class RevocationClient:
    """Finds evidence; see the module.

    Args:
        cache: folder for what was fetched; made when needed.
        online: False: nothing is asked, only what is kept is used.
        seconds: for one path altogether.
    """

    def __init__(self, cache: Path, clock: Clock, *, online: bool = True, seconds: float = 6.0) -> None:
        self._cache = cache
        self._clock = clock
        self._online = online
        self._seconds = seconds

    async def evidence(self, path: Sequence[bytes]) -> Evidence:
        """Evidence for a path (DER, leaf first, root last) that a trust list accepted; never raises for a bad net."""
        certificates = [parse_certificate(der) for der in path]
        ocsp: list[bytes] = []
        crls: list[bytes] = []
        timeout = aiohttp.ClientTimeout(total=self._seconds)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as http:
            pairs = itertools.pairwise(certificates)
            found = await asyncio.gather(*(self._pair(http, one, issuer) for one, issuer in pairs))
        for answer, lists in found:
            ocsp += answer
            crls += lists
        return Evidence(tuple(dict.fromkeys(ocsp)), tuple(dict.fromkeys(crls)))

    async def _pair(
        self, http: aiohttp.ClientSession, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> tuple[list[bytes], list[bytes]]:
        answers: list[bytes] = []
        for address in _ocsp_addresses(certificate):
            answer = await self._answer(http, address, certificate, issuer)
            if answer is not None:
                answers.append(answer.der)
                if answer.standing(certificate, issuer, self._clock.now()) in _SETTLED:
                    return answers, []
        lists: list[bytes] = []
        for address in _list_addresses(certificate):
            one = await self._list(http, address, certificate, issuer)
            if one is not None:
                lists.append(one.der)
                if one.standing(certificate, issuer, self._clock.now()) in _SETTLED:
                    break
        return answers, lists

    async def _answer(
        self, http: aiohttp.ClientSession, address: str, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> OcspAnswer | None:
        question = build_question(certificate, issuer)
        headers = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}

        async def fetch() -> bytes:
            async with http.post(address, data=question, headers=headers, allow_redirects=False) as reply:
                return await _body(reply, MAX_ANSWER)

        def read(data: bytes) -> tuple[OcspAnswer, Standing]:
            answer = OcspAnswer(data)
            return answer, answer.standing(certificate, issuer, self._clock.now())

        return await self._find(self._place(address + question_id(question), "ocsp"), address, fetch, read)

    async def _list(
        self, http: aiohttp.ClientSession, address: str, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> RevocationList | None:
        async def fetch() -> bytes:
            async with http.get(address, allow_redirects=False) as reply:
                return await _body(reply, MAX_TRUST_FILE)

        def read(data: bytes) -> tuple[RevocationList, Standing]:
            (crl,) = read_crls(data)
            one = RevocationList(crl)
            return one, one.standing(certificate, issuer, self._clock.now())

        return await self._find(self._place(address, "crl"), address, fetch, read)

    async def _find(
        self,
        place: Path,
        address: str,
        fetch: Callable[[], Awaitable[bytes]],
        read: Callable[[bytes], tuple[_Found, Standing]],
    ) -> _Found | None:
        """What is kept, while it settles the question; else what is fetched; else what is kept all the same."""
        kept = await asyncio.to_thread(_kept, place, read)
        if kept is not None and (kept[1] in _SETTLED or not self._online):
            return kept[0]
        if self._online:
            try:
                data = await fetch()
                fresh, told = read(data)
                if told is not Standing.NO_CRL:  # about this certificate, by whom may say so
                    await asyncio.to_thread(_keep, place, data)
                    return fresh
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError, InputError) as error:
                _log.info("no revocation evidence", address=address, error=type(error).__name__)
        return kept[0] if kept is not None else None

    def _place(self, name: str, ending: str) -> Path:
        return self._cache / f"{hashlib.sha256(name.encode()).hexdigest()}.{ending}"


def _ocsp_addresses(certificate: x509.Certificate) -> list[str]:
    found = []
    for extension in _extensions(certificate):
        if isinstance(extension, x509.AuthorityInformationAccess):
            for one in extension:
                if one.access_method == AuthorityInformationAccessOID.OCSP:
                    found.append(one.access_location)
    return _web(found)


def _list_addresses(certificate: x509.Certificate) -> list[str]:
    found: list[x509.GeneralName] = []
    for extension in _extensions(certificate):
        if isinstance(extension, x509.CRLDistributionPoints):
            for point in extension:
                if not point.reasons and not point.crl_issuer:
                    found += point.full_name or ()
    return _web(found)


def _extensions(certificate: x509.Certificate) -> list[x509.ExtensionType]:
    try:
        return [one.value for one in certificate.extensions]
    except ValueError:
        return []


def _web(names: Sequence[x509.GeneralName]) -> list[str]:
    addresses = [one.value for one in names if isinstance(one, x509.UniformResourceIdentifier)]
    return [one for one in addresses if one.startswith(("http://", "https://")) and len(one) < 400][:_MOST_ADDRESSES]


async def _body(reply: aiohttp.ClientResponse, limit: int) -> bytes:
    if reply.status != 200:
        raise InputError("http.status", status=reply.status)
    return await read_limited(reply.content, limit)


def _kept(place: Path, read: Callable[[bytes], tuple[_Found, Standing]]) -> tuple[_Found, Standing] | None:
    try:
        if place.stat().st_size > MAX_TRUST_FILE:
            return None
        return read(place.read_bytes())
    except (OSError, ValueError, InputError):
        return None


def _keep(place: Path, data: bytes) -> None:
    part = place.with_name(f"{place.name}.{os.getpid()}.part")
    with contextlib.suppress(OSError):  # a full disk costs the copy, not the sign-in
        place.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        os.replace(part, place)
