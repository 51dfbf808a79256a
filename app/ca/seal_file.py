"""A seal file (印章文件): a seal's picture, kept under a passphrase and bound to certificates (签名证书).

Layout: ``bidroom-seal-1`` and a newline, 16 bytes of salt, 12 bytes of nonce, then AES-256-GCM over canonical JSON; the
key comes from the passphrase by scrypt (N=2^17, r=8, p=1; RFC 7914), and what stands before the ciphertext is
authenticated with it. Inside: who holds the seal, which certificates may use it (SHA-256 of the DER), the picture, and
a signature by the key of the first of these certificates, so that nobody else, not even who knows the passphrase, makes
a seal for it or binds it to another one.
"""

import base64
import hashlib
import os
from datetime import datetime

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from app.ca.seal import DRAWN_LIMIT, SealImage, checked_picture
from app.ca.signatures import describe, fingerprint, verify_signature
from app.ca.token import Act, KeyHolder
from app.canon import canonical, parse_canonical
from app.clock import stamp
from app.errors import InputError

MAGIC = b"bidroom-seal-1\n"
FILE_LIMIT = 4 * DRAWN_LIMIT
LEAST_PASSPHRASE = 8
_SALT, _NONCE = 16, 12
_SCRYPT_N = 1 << 17
_PREFIX = b"bidroom seal file\n"
_MOST_CERTIFICATES = 16


class _Core(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is signed."""

    holder: str
    made_at: str
    certificates: tuple[str, ...]
    width_mm: str
    height_mm: str
    rehearsal: bool
    png: str


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    core: _Core
    certificate: str
    signature: str


class SealFile(msgspec.Struct, frozen=True):
    """An opened seal file.

    Attributes:
        holder: whose seal it is. made_at: UTC, as ``app.clock.stamp``.
        certificates: SHA-256 (hex) of the certificates that may use it.
        picture: as it is printed.
    """

    holder: str
    made_at: str
    certificates: tuple[str, ...]
    picture: SealImage

    def check(self, certificate: bytes, *, rehearsal: bool) -> None:
        """Whether the holder of ``certificate`` (DER) may use it here.

        Raises:
            InputError: ``seal.other_certificate``; ``seal.not_for_rehearsal``, ``seal.for_rehearsal_only``.
        """
        if fingerprint(certificate) not in self.certificates:
            raise InputError("seal.other_certificate", holder=self.holder)
        if rehearsal != self.picture.rehearsal:
            raise InputError("seal.not_for_rehearsal" if rehearsal else "seal.for_rehearsal_only", holder=self.holder)


async def make_seal_file(
    picture: SealImage, holder: str, key: KeyHolder, passphrase: str, at: datetime, also: tuple[bytes, ...] = ()
) -> bytes:
    """Seal a picture into a file; asks ``key`` for one signature.

    Args:
        also: further certificates (DER) that may use it, e.g. the one that follows on renewal.

    Raises:
        InputError: ``seal.passphrase_short`` (``least``), ``seal.file_too_large``; what ``key`` raises.
    """
    if len(passphrase) < LEAST_PASSPHRASE:
        raise InputError("seal.passphrase_short", least=LEAST_PASSPHRASE)
    core = _Core(
        holder=holder,
        made_at=stamp(at),
        certificates=tuple(dict.fromkeys(fingerprint(one) for one in (key.signing_certificate, *also))),
        width_mm=f"{picture.width_mm:.3f}",
        height_mm=f"{picture.height_mm:.3f}",
        rehearsal=picture.rehearsal,
        png=base64.b64encode(picture.png).decode(),
    )
    exact = _exact(core)
    digest = hashlib.sha256(exact).hexdigest()
    signature = await key.sign(exact, Act("make_seal", {"holder": holder, "sha256": digest}))
    content = _Content(
        core=core,
        certificate=base64.b64encode(key.signing_certificate).decode(),
        signature=base64.b64encode(signature).decode(),
    )
    head = MAGIC + os.urandom(_SALT) + os.urandom(_NONCE)
    salt, nonce = head[len(MAGIC) : -_NONCE], head[-_NONCE:]
    data = head + AESGCM(_key(passphrase, salt)).encrypt(nonce, canonical(msgspec.to_builtins(content)), head)
    if len(data) > FILE_LIMIT:
        raise InputError("seal.file_too_large", limit=FILE_LIMIT)
    return data


def open_seal_file(data: bytes, passphrase: str) -> SealFile:
    """The seal in a file; takes about half a second, on purpose.

    Raises:
        InputError: ``seal.file_too_large``, ``seal.file_unreadable``; ``seal.passphrase_wrong``, which is also what a
            changed file looks like; ``seal.file_forged``.
    """
    if len(data) > FILE_LIMIT:
        raise InputError("seal.file_too_large", limit=FILE_LIMIT)
    head = data[: len(MAGIC) + _SALT + _NONCE]
    if not data.startswith(MAGIC) or len(data) < len(head) + 16:
        raise InputError("seal.file_unreadable")
    salt, nonce = head[len(MAGIC) : -_NONCE], head[-_NONCE:]
    try:
        plain = AESGCM(_key(passphrase, salt)).decrypt(nonce, data[len(head) :], head)
    except InvalidTag:
        raise InputError("seal.passphrase_wrong") from None
    try:
        content = msgspec.convert(parse_canonical(plain, FILE_LIMIT), _Content)
        certificate = base64.b64decode(content.certificate, validate=True)
        signature = base64.b64decode(content.signature, validate=True)
        png = base64.b64decode(content.core.png, validate=True)
        width, height = float(content.core.width_mm), float(content.core.height_mm)
        describe(certificate)
    except (InputError, ValueError, msgspec.ValidationError) as error:
        raise InputError("seal.file_unreadable") from error
    core = content.core
    bound = core.certificates[:1] == (fingerprint(certificate),) and len(core.certificates) <= _MOST_CERTIFICATES
    if not bound or not verify_signature(certificate, _exact(core), signature):
        raise InputError("seal.file_forged", holder=core.holder[:80])
    if not (2 <= width <= 60 and 2 <= height <= 60):
        raise InputError("seal.file_unreadable")
    picture = SealImage(checked_picture(png), width, height, core.rehearsal)
    return SealFile(core.holder, core.made_at, core.certificates, picture)


def _exact(core: _Core) -> bytes:
    return _PREFIX + canonical(msgspec.to_builtins(core))


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_SCRYPT_N, r=8, p=1).derive(passphrase.encode())
