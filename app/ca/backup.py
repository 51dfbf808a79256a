"""The backup bid (备用投标文件): what a supplier keeps in the clear, bound before the deadline to what it sealed.

At sealing the supplier keeps the signed inner manifest of its envelope, a random salt, and the files, in one file. The
commitment to salt and manifest is announced with the submission, and the receipt names it. If the envelope does not
open by no fault of the supplier's (电子招标投标办法 art. 31: the documents may provide a remedy), the officer may admit
the backup: it counts only when it is exactly what was committed to, signed for exactly the receipted envelope, and
every file has its digest. The salt has 256 random bits, so the commitment tells nobody a price beforehand.

File: ``MAGIC``, salt (32 bytes), length (4 bytes, big-endian) of the packed manifest, the manifest as in stream 0 of
the envelope (:mod:`app.ca.envelope_manifest`), the files one after another.
"""

import hmac
import os
import secrets
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from app.ca.envelope_header import EnvelopeHeader, read_header
from app.ca.envelope_manifest import (
    MAX_PACKED,
    SIGNATURE_DOMAIN,
    Manifest,
    SignedManifest,
    pack,
    parse_manifest,
    unpack,
)
from app.ca.envelope_open import OpenedEnvelope, Sink, verified_manifest
from app.ca.signatures import verify_signature
from app.ca.suite import Suite
from app.ca.token import Act, KeyHolder
from app.errors import FaultError, InputError

MAGIC: Final = b"BIDBAK1\n"
_DOMAIN: Final = b"bidroom backup v1\x00"
_SALT: Final = 32
_LENGTH: Final = struct.Struct(">I")
_PIECE: Final = 1 << 20


class Backup(msgspec.Struct, frozen=True):
    """The head of a backup file; not shown by ``repr``, because it says the price.

    Attributes:
        salt: 32 bytes.
        signed: manifest, signature and certificates; nothing in it is verified yet.
    """

    salt: bytes
    signed: SignedManifest

    def __repr__(self) -> str:
        return "Backup()"

    def commitment(self, suite: Suite) -> str:
        """What is announced at submission, hex: digest of domain, salt and the manifest's digest."""
        return suite.hexdigest(_DOMAIN + self.salt + suite.digest(self.signed.manifest))


class ManifestKeeper:
    """A key holder that remembers the manifest it signed, for the backup; otherwise the holder it stands for."""

    def __init__(self, holder: KeyHolder) -> None:
        self._holder = holder
        self.signed: SignedManifest | None = None

    @property
    def signing_certificate(self) -> bytes:
        return self._holder.signing_certificate

    @property
    def encryption_certificate(self) -> bytes:
        return self._holder.encryption_certificate

    @property
    def chain(self) -> tuple[bytes, ...]:
        return self._holder.chain

    async def sign(self, data: bytes, act: Act) -> bytes:
        signature = await self._holder.sign(data, act)
        if data.startswith(SIGNATURE_DOMAIN):
            certificates = (self.signing_certificate, *self.chain)
            self.signed = SignedManifest(data[len(SIGNATURE_DOMAIN) :], signature, certificates)
        return signature

    async def unwrap(self, blob: bytes, act: Act) -> bytes:
        return await self._holder.unwrap(blob, act)


def write_backup(out: Path, signed: SignedManifest, files: Sequence[Path], suite: Suite) -> str:
    """Write the backup of what was just sealed with ``suite``, mode 0600, whole or not at all; its commitment.

    Raises:
        InputError: ``backup.source_changed`` (fact index): a file is not the one that was sealed.
        FaultError: ``backup.unwritable``.
    """
    manifest, packed, salt = parse_manifest(signed.manifest, suite), pack(signed), secrets.token_bytes(_SALT)
    part = out.with_name(out.name + ".part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            target.write(MAGIC + salt + _LENGTH.pack(len(packed)) + packed)
            for number, (entry, path) in enumerate(zip(manifest.files, files, strict=True)):
                digest = suite.new_hash()
                with path.open("rb") as source:
                    while piece := source.read(_PIECE):
                        digest.update(memoryview(piece))
                        target.write(piece)
                if digest.hexdigest() != entry.digest:
                    raise InputError("backup.source_changed", index=number)
            target.flush()
            os.fsync(target.fileno())
        part.replace(out)
    except OSError as error:
        raise FaultError("backup.unwritable", error=type(error).__name__) from error
    finally:
        part.unlink(missing_ok=True)
    return Backup(salt, signed).commitment(suite)


def read_backup(source: BinaryIO) -> Backup:
    """The head of a backup; afterwards ``source`` stands at the first file.

    Raises:
        InputError: ``backup.malformed``.
    """
    start = source.read(len(MAGIC) + _SALT + _LENGTH.size)
    if len(start) != len(MAGIC) + _SALT + _LENGTH.size or not start.startswith(MAGIC):
        raise InputError("backup.malformed")
    (length,) = _LENGTH.unpack(start[-_LENGTH.size :])
    if length > MAX_PACKED:
        raise InputError("backup.malformed")
    try:
        signed = unpack(source.read(length))
    except InputError:
        raise InputError("backup.malformed") from None
    return Backup(start[len(MAGIC) : len(MAGIC) + _SALT], signed)


def manifest_for(backup: Backup, header: EnvelopeHeader) -> Manifest:
    """The manifest, if its certificate's key signed it for exactly this envelope; InputError ``backup.foreign``."""
    try:
        return verified_manifest(header, backup.signed)
    except InputError:
        raise InputError("backup.foreign") from None


def manifest_of(backup: Backup, suite: Suite, context: dict[str, str], rehearsal: bool) -> Manifest:
    """The manifest where the envelope's header is lost with its bytes: signed, and for this case, lot and kit.

    Raises:
        InputError: ``backup.foreign``.
    """
    signed = backup.signed
    if not verify_signature(signed.certificates[0], SIGNATURE_DOMAIN + signed.manifest, signed.signature):
        raise InputError("backup.foreign")
    try:
        manifest = parse_manifest(signed.manifest, suite)
    except InputError:
        raise InputError("backup.foreign") from None
    said = (manifest.purpose, manifest.rehearsal, manifest.context, manifest.signer)
    if said != ("bid", rehearsal, context, suite.hexdigest(signed.certificates[0])):
        raise InputError("backup.foreign")
    return manifest


def commitment_of(backup: Path, envelope: Path) -> str:
    """What to announce of ``backup`` when ``envelope`` is submitted.

    Raises:
        InputError: ``backup.malformed``, ``backup.foreign`` (another envelope's), ``envelope.*``.
        FaultError: ``backup.unreadable``.
    """
    try:
        with open(backup, "rb") as file, open(envelope, "rb") as sealed:
            kept, header = read_backup(file), read_header(sealed)
    except OSError as error:
        raise FaultError("backup.unreadable", error=type(error).__name__) from error
    manifest_for(kept, header)
    return kept.commitment(header.suite)


def open_backup(
    source: BinaryIO,
    *,
    header: EnvelopeHeader | None,
    suite: Suite,
    context: dict[str, str],
    rehearsal: bool,
    commitment: str,
    sink: Sink,
) -> OpenedEnvelope:
    """What was sealed, from the backup instead of the ciphertext; the same checks but those of the ciphertext.

    Args:
        source: the whole file, standing at its beginning.
        header: of the receipted envelope; None when the receipted header is no longer there. The commitment was made
            before the deadline either way.
        suite, context, rehearsal: of the case's bids.
        commitment: as announced at submission and in the receipt.
        sink: as :func:`app.ca.envelope.open_envelope` takes it; what it got counts only when this returns.

    Raises:
        InputError: ``backup.malformed``, ``backup.not_committed`` (another file, or changed since), ``backup.foreign``
            (signed for another envelope), ``backup.digest`` (fact index); always with the fact ``fault`` = supplier.
    """
    try:
        backup = read_backup(source)
        if not hmac.compare_digest(backup.commitment(suite), commitment):
            raise InputError("backup.not_committed")
        manifest = manifest_of(backup, suite, context, rehearsal) if header is None else manifest_for(backup, header)
        for number, entry in enumerate(manifest.files, 1):
            with sink(number, entry) as target:
                digest = suite.new_hash()
                for piece in _part(source, entry.size):
                    digest.update(memoryview(piece))
                    target.write(piece)
                if digest.hexdigest() != entry.digest:
                    raise InputError("backup.digest", index=number)
        if source.read(1):
            raise InputError("backup.malformed")
    except InputError as error:
        raise InputError(error.code, **{**error.facts, "fault": "supplier"}) from None
    return OpenedEnvelope(
        payload=manifest.payload,
        files=manifest.files,
        manifest=backup.signed.manifest,
        signature=backup.signed.signature,
        signer_certificate=backup.signed.certificates[0],
        chain=backup.signed.certificates[1:],
        envelope_key=b"",
    )


def _part(source: BinaryIO, size: int) -> Iterator[bytes]:
    left = size
    while left:
        piece = source.read(min(left, _PIECE))
        if not piece:
            raise InputError("backup.malformed")
        left -= len(piece)
        yield piece
