"""Algorithm suites of an envelope: the international one and the national one (国密), each as one value.

A suite says with which algorithms an envelope's own digests, keys and streams are made. How a share is wrapped and how
the manifest is signed follows from each person's certificate instead (:mod:`app.ca.keywrap`,
:mod:`app.ca.signatures`): so people with certificates of both worlds can take part in one case.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import hmac as hmac_sm3
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from app.ca.signatures import SM2_SUITE, parse_certificate, suite_of
from app.ca.sm4_chunks import Sm4ChunksDecryptor, Sm4ChunksEncryptor

SuiteName = Literal["intl-1", "gm-1"]


class RunningHash(Protocol):
    """A hash that is fed piece by piece."""

    def update(self, data: memoryview, /) -> None: ...

    def hexdigest(self) -> str: ...


class StreamCipher(Protocol):
    """Encrypts or decrypts one stream; raises ``cryptography``'s InvalidTag."""

    def update_into(self, data: memoryview, room: memoryview, /) -> int: ...

    def finalize(self) -> bytes: ...


@dataclass(frozen=True, eq=False)
class Suite:
    """The algorithms of an envelope.

    Attributes:
        name: in the envelope's core.
        digest_name: how digests are called in headers and manifests, ``sha256`` or ``sm3``; 32 bytes.
        new_hash: a running hash.
        digest: of bytes at once.
        mac: HMAC of (key, message), 32 bytes.
        expand: HKDF-Expand (RFC 5869 2.3) of (key, info), 32 bytes.
        encryptor, decryptor: a stream's, from (key, context); 56 bytes in front, 16 more for each 16 KiB.
    """

    name: SuiteName
    digest_name: str
    new_hash: Callable[[], RunningHash]
    digest: Callable[[bytes], bytes]
    mac: Callable[[bytes, bytes], bytes]
    expand: Callable[[bytes, bytes], bytes]
    encryptor: Callable[[bytes, bytes], StreamCipher]
    decryptor: Callable[[bytes, bytes], StreamCipher]

    def hexdigest(self, data: bytes) -> str:
        """The digest of ``data``, 64 lower-case hex digits."""
        return self.digest(data).hex()


class _Sm3:
    """SM3 as ``hashlib`` would have it, which has SM3 only where its OpenSSL does."""

    def __init__(self) -> None:
        self._hash = hashes.Hash(hashes.SM3())

    def update(self, data: bytes | memoryview) -> None:
        self._hash.update(data)

    def hexdigest(self) -> str:
        return self._hash.copy().finalize().hex()


def _sm3(data: bytes) -> bytes:
    running = hashes.Hash(hashes.SM3())
    running.update(data)
    return running.finalize()


def _hmac_sm3(key: bytes, message: bytes) -> bytes:
    running = hmac_sm3.HMAC(key, hashes.SM3())
    running.update(message)
    return running.finalize()


INTL_1: Final = Suite(
    name="intl-1",
    digest_name="sha256",
    new_hash=hashlib.sha256,
    digest=lambda data: hashlib.sha256(data).digest(),
    mac=lambda key, message: hmac.digest(key, message, "sha256"),
    expand=lambda key, info: HKDFExpand(hashes.SHA256(), 32, info).derive(key),
    encryptor=Cobblestone256Encryptor,
    decryptor=Cobblestone256Decryptor,
)
GM_1: Final = Suite(
    name="gm-1",
    digest_name="sm3",
    new_hash=_Sm3,
    digest=_sm3,
    mac=_hmac_sm3,
    expand=lambda key, info: HKDFExpand(hashes.SM3(), 32, info).derive(key),
    encryptor=Sm4ChunksEncryptor,
    decryptor=Sm4ChunksDecryptor,
)
SUITES: Final[dict[str, Suite]] = {suite.name: suite for suite in (INTL_1, GM_1)}


def suite_for(certificates: Iterable[bytes]) -> Suite:
    """The suite for envelopes to the holders of these encryption certificates (DER): national when all are SM2's.

    Raises:
        InputError: ``certificate.unreadable``.
    """
    kinds = {suite_of(parse_certificate(certificate)) for certificate in certificates}
    return GM_1 if kinds == {SM2_SUITE} else INTL_1
