"""The inner manifest of an envelope: what is inside, signed by its maker, readable only after the opening.

Stream 0 of an envelope, before encryption: manifest length (4 bytes, big-endian), manifest, signature length,
signature, number of certificates, each certificate with its length (signer first, then its chain), then zeros up to a
multiple of 4096 bytes. The padding keeps the length of a price or of a comment from showing outside.
"""

import struct
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import msgspec

from app.ca.envelope_header import (
    MAX_FILES,
    Context,
    Hex32,
    Purpose,
    StreamSize,
    with_digest_name,
    without_digest_name,
)
from app.ca.suite import Suite
from app.canon import canonical, parse_canonical
from app.errors import InputError

MAX_MANIFEST: Final = 4 << 20
SIGNATURE_DOMAIN: Final = b"bidroom envelope manifest v1\x00"

_BLOCK: Final = 4096
_SIGNATURE_ROOM: Final = 1024  # RSA with 8192 bits
_MAX_CERTIFICATES: Final = 8
_MAX_CERTIFICATE: Final = 16 * 1024
_LENGTH: Final = struct.Struct(">I")

_MEDIA_TYPES: Final = {
    "pdf": "application/pdf",
    "ofd": "application/ofd",
    "json": "application/json",
    "xml": "application/xml",
    "txt": "text/plain",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "zip": "application/zip",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of the bid. The name is text to show and never a path.

    Attributes:
        name: 1 to 255 characters.
        size: bytes.
        digest: of the plaintext, hex, by the envelope's suite.
        media_type: as its maker says.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    size: StreamSize
    digest: Hex32
    media_type: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9.+-]{1,64}/[a-z0-9.+-]{1,128}\Z")]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the maker of an envelope signs.

    Attributes:
        hc: digest of the envelope's core: recipients, case, lot, purpose; so the content cannot be sealed anew to
            others in its maker's name.
        commit: the header's key commitment.
        signer: digest of the signer's certificate, so that no other certificate of the same key takes its place.
        payload: any canonical JSON object, e.g. the price schedule (开标一览表) or a score sheet.
        files: in the order of the streams 1, 2, ….
    """

    v: Literal[1]
    hc: Hex32
    commit: Hex32
    signer: Hex32
    purpose: Purpose
    rehearsal: bool
    context: Context
    payload: dict[str, Any]
    files: Annotated[tuple[FileEntry, ...], msgspec.Meta(max_length=MAX_FILES)]


class SignedManifest(msgspec.Struct, frozen=True):
    """Stream 0 taken apart; nothing in it has been verified yet.

    Attributes:
        manifest: the exact signed bytes, without :data:`SIGNATURE_DOMAIN`.
        signature: over ``SIGNATURE_DOMAIN + manifest``.
        certificates: DER; the signer's first, then its chain, nearest first.
    """

    manifest: bytes
    signature: bytes
    certificates: tuple[bytes, ...]


def media_type_of(name: str) -> str:
    """Media type by the name's ending; the same on every machine."""
    return _MEDIA_TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")


def encode_manifest(manifest: Manifest, suite: Suite) -> bytes:
    """Canonical bytes.

    Raises:
        InputError: ``envelope.content`` if the payload has no canonical form, is larger than 4 MiB in all, or a file
            has an impossible name.
    """
    try:
        value = msgspec.to_builtins(manifest)
        data = canonical({**value, "files": [with_digest_name(suite, entry) for entry in value["files"]]})
        parse_manifest(data, suite)
    except (TypeError, ValueError, RecursionError, InputError):
        raise InputError("envelope.content") from None
    return data


def parse_manifest(data: bytes, suite: Suite) -> Manifest:
    """Raises InputError (``input.*``) for bytes that are not a manifest."""
    value = parse_canonical(data, MAX_MANIFEST)
    try:
        if not isinstance(value, dict) or not isinstance(value.get("files"), list):
            raise ValueError("not a manifest")
        files = [without_digest_name(suite, entry) for entry in value["files"]]
        manifest = msgspec.convert({**value, "files": files}, Manifest)
    except ValueError:  # msgspec's among them
        raise InputError("input.not_json") from None
    if any(ord(letter) < 32 for entry in manifest.files for letter in entry.name):
        raise InputError("input.not_json")
    return manifest


def packed_size(manifest_size: int, certificates: Sequence[bytes]) -> int:
    """Size of stream 0 before encryption, known before the signature is."""
    needed = 3 * _LENGTH.size + manifest_size + _SIGNATURE_ROOM + sum(_LENGTH.size + len(der) for der in certificates)
    return -(-needed // _BLOCK) * _BLOCK


def pack(signed: SignedManifest) -> bytes:
    """Stream 0 before encryption.

    Raises:
        InputError: ``envelope.content`` for a signature or certificates out of bounds.
    """
    parts = [_LENGTH.pack(len(signed.manifest)), signed.manifest]
    parts += [_LENGTH.pack(len(signed.signature)), signed.signature]
    parts.append(_LENGTH.pack(len(signed.certificates)))
    for der in signed.certificates:
        parts += [_LENGTH.pack(len(der)), der]
    data = b"".join(parts)
    if (
        len(signed.signature) > _SIGNATURE_ROOM
        or not 1 <= len(signed.certificates) <= _MAX_CERTIFICATES
        or any(len(der) > _MAX_CERTIFICATE for der in signed.certificates)
    ):
        raise InputError("envelope.content")
    return data.ljust(packed_size(len(signed.manifest), signed.certificates), b"\0")


def unpack(data: bytes) -> SignedManifest:
    """Take stream 0 apart.

    Raises:
        InputError: ``input.not_canonical`` for anything :func:`pack` does not make.
    """
    place = 0

    def take(limit: int) -> bytes:
        nonlocal place
        size = number(limit)
        if place + size > len(data):
            raise InputError("input.not_canonical")
        part = data[place : place + size]
        place += size
        return part

    def number(limit: int) -> int:
        nonlocal place
        if place + _LENGTH.size > len(data):
            raise InputError("input.not_canonical")
        (value,) = _LENGTH.unpack_from(data, place)
        place += _LENGTH.size
        if value > limit:
            raise InputError("input.not_canonical")
        return int(value)

    manifest, signature = take(MAX_MANIFEST), take(_SIGNATURE_ROOM)
    certificates = tuple(take(_MAX_CERTIFICATE) for _ in range(number(_MAX_CERTIFICATES)))
    signed = SignedManifest(manifest, signature, certificates)
    if not certificates or data != pack(signed):
        raise InputError("input.not_canonical")
    return signed


MAX_PACKED: Final = packed_size(MAX_MANIFEST, [bytes(_MAX_CERTIFICATE)] * _MAX_CERTIFICATES)
