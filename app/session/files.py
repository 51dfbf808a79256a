"""Files between a desk and its host: streamed, checked against their digests, over the pinned connection."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp

from app.ca.timestamp import MAX_TOKEN
from app.errors import FaultError, InputError
from app.session.wire.link import Link

UPLOAD_PIECE = 1 << 20


class Files:
    """Uploads and downloads of one desk; ``access`` is the bearer that sign-in gave."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.access = ""
        self._http: aiohttp.ClientSession | None = None

    def http(self) -> aiohttp.ClientSession:
        """The one HTTP session, opened when first needed (in the running loop)."""
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_connect=10.0))
        return self._http

    def url(self, path: str) -> str:
        """An address of the host's."""
        host = f"[{self.link.host}]" if ":" in self.link.host else self.link.host
        return f"https://{host}:{self.link.port}/v1/{path}"

    def pin(self) -> aiohttp.Fingerprint:
        """The fingerprint in the link is stronger than any public name."""
        return aiohttp.Fingerprint(bytes.fromhex(self.link.fingerprint))

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def upload(
        self, source: bytes | Path, progress: Callable[[int, int], None] | None = None, *, private: bool = False
    ) -> str:
        """Send a file; its SHA-256 (hex), as computed here and confirmed by the host.

        ``private``: it lies under the case key on the host (personal data).

        Raises:
            InputError: ``blob.too_large``, ``upload.*`` and what else the host says; ``blob.upload_differs``.
            FaultError: ``client.unreachable``.
        """
        digest = hashlib.sha256()
        size = len(source) if isinstance(source, bytes) else source.stat().st_size

        async def pieces() -> AsyncIterator[bytes]:
            sent = 0
            async for piece in _pieces(source):
                digest.update(piece)
                sent += len(piece)
                yield piece
                if progress is not None:
                    progress(sent, size)

        path = "blobs?private=1" if private else "blobs"
        async with self.request("PUT", path, data=pieces(), size=size) as response:
            answer = await response.json()
            if response.status == 413:
                raise InputError(str(answer["code"]), **answer["facts"])
            if response.status != 200:
                raise FaultError("client.unreachable", address=self.link.host, port=self.link.port)
        if answer["sha256"] != digest.hexdigest():
            raise InputError("blob.upload_differs")
        return digest.hexdigest()

    async def fetch(self, sha256: str, limit: int = 64 * 1024 * 1024) -> bytes:
        """A file by its digest, checked.

        Raises:
            InputError: ``blob.missing`` (or not for this person), ``blob.too_large``.
            FaultError: ``blob.damaged``, ``client.unreachable``.
        """
        data = bytearray()
        async for piece in self._download(sha256):
            data += piece
            if len(data) > limit:
                raise InputError("blob.too_large", limit=limit)
        return bytes(data)

    async def header(self, envelope_sha256: str, limit: int) -> bytes:
        """The header of a sealed envelope, without the rest; whoever uses it checks its digest against the receipt.

        Raises:
            InputError: ``blob.missing`` (or not for this person now), ``blob.too_large``.
        """
        async with self.request("GET", f"headers/{envelope_sha256}") as response:
            if response.status != 200:
                raise InputError("blob.missing", digest=envelope_sha256)
            data = await response.content.read(limit + 1)
            while not response.content.at_eof() and len(data) <= limit:
                data += await response.content.read(limit + 1 - len(data))
        if len(data) > limit:
            raise InputError("blob.too_large", limit=limit)
        return data

    async def gives_stamps(self) -> bool:
        """Whether the host has a time stamping authority for signatures; FaultError ``client.unreachable``."""
        async with self.request("GET", "stamps") as response:
            return response.status == 204

    async def stamp(self, digest: bytes) -> bytes:
        """A time stamp token (DER) over a SHA-256 digest from the host's authority; it is not judged here.

        Raises:
            FaultError: ``time.no_authority``, ``client.unreachable``.
        """
        async with self.request("POST", "stamps", data=digest) as response:
            if response.status != 200:
                raise FaultError("time.no_authority", reason=f"HTTP {response.status}", count=1)
            token = await response.content.read(MAX_TOKEN + 1)
            while not response.content.at_eof() and len(token) <= MAX_TOKEN:
                token += await response.content.read(MAX_TOKEN + 1 - len(token))
        if len(token) > MAX_TOKEN:
            raise FaultError("time.no_authority", reason="token_too_large", count=1)
        return token

    async def fetch_to(self, sha256: str, target: Path) -> None:
        """A file by its digest into ``target``; appears whole or not at all. Raises as :meth:`fetch`."""
        part = target.with_name(target.name + ".part")
        try:
            with open(part, "wb") as file:
                async for piece in self._download(sha256):
                    await asyncio.to_thread(file.write, piece)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    async def _download(self, sha256: str) -> AsyncIterator[bytes]:
        digest = hashlib.sha256()
        async with self.request("GET", f"blobs/{sha256}") as response:
            if response.status == 404:
                raise InputError("blob.missing", digest=sha256)
            if response.status != 200:
                raise FaultError("client.unreachable", address=self.link.host, port=self.link.port)
            async for piece in response.content.iter_chunked(UPLOAD_PIECE):
                digest.update(piece)
                yield piece
        if digest.hexdigest() != sha256:
            raise FaultError("blob.damaged", digest=sha256)

    def unreachable(self) -> FaultError:
        """The error of a host that does not answer as it should."""
        return FaultError("client.unreachable", address=self.link.host, port=self.link.port)

    @contextlib.asynccontextmanager
    async def request(
        self, method: str, path: str, size: int | None = None, more: Mapping[str, str] | None = None, **options: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """One request with this desk's bearer; ``size`` of its body, ``more`` headers; ``client.unreachable``."""
        headers = {"Authorization": f"Bearer {self.access}", **(more or {})}
        if size is not None:
            headers["Content-Length"] = str(size)  # so that a host without room says so before it all has come
        try:
            async with self.http().request(
                method, self.url(path), ssl=self.pin(), headers=headers, **options
            ) as response:
                yield response
        except (aiohttp.ClientError, OSError) as error:
            raise FaultError("client.unreachable", address=self.link.host, port=self.link.port) from error


async def _pieces(source: bytes | Path) -> AsyncIterator[bytes]:
    if isinstance(source, bytes):
        for start in range(0, len(source), UPLOAD_PIECE):
            yield source[start : start + UPLOAD_PIECE]
        return
    with open(source, "rb") as file:
        while piece := await asyncio.to_thread(file.read, UPLOAD_PIECE):
            yield piece
