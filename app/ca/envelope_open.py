"""Opening: from an envelope, its receipt and enough shares to what was sealed, or one clear refusal."""

import hmac
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from app.ca.envelope_header import EnvelopeHeader, Purpose, check, opened, read_header, refuse
from app.ca.envelope_manifest import (
    MAX_PACKED,
    SIGNATURE_DOMAIN,
    FileEntry,
    Manifest,
    SignedManifest,
    parse_manifest,
    unpack,
)
from app.ca.envelope_shares import FoundKey, Share, find_key, key_commitment, stream_key
from app.ca.signatures import require_able, verify_signature
from app.ca.streams import Meter, decrypt_stream, sealed_size
from app.errors import InputError

Sink = Callable[[int, FileEntry], AbstractContextManager[BinaryIO]]


class OpenedEnvelope(msgspec.Struct, frozen=True):
    """What was sealed. The signature is verified; whether its certificate is trusted and is the submitter's is not.

    Attributes:
        payload: the maker's data, e.g. the price schedule.
        files: in the order the sink got them.
        manifest: the exact signed bytes; ``SIGNATURE_DOMAIN + manifest`` is what ``signature`` is over.
        signature: RSA PKCS#1 v1.5 or ECDSA (DER), with SHA-256, or SM2 (DER), with SM3, by the certificate's key.
        signer_certificate: DER.
        chain: DER, nearest first.
        envelope_key: 32 bytes; with it anyone opens this envelope again (:func:`open_with_key`). Confidential as long
            as the content is.
        used: the x of the openers whose shares gave the key.
        inconsistent: the x of openers whose shares match their commitments but not the key: dealt wrongly by the maker.
        mismatched: ``kind:x`` of shares set aside because they are not what the header commits to.
    """

    payload: dict[str, Any]
    files: tuple[FileEntry, ...]
    manifest: bytes
    signature: bytes
    signer_certificate: bytes
    chain: tuple[bytes, ...]
    envelope_key: bytes
    used: tuple[int, ...] = ()
    inconsistent: tuple[int, ...] = ()
    mismatched: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"OpenedEnvelope(files={len(self.files)}, used={self.used})"


def open_envelope(
    source: Path | BinaryIO,
    *,
    header_sha256: str,
    purpose: Purpose,
    context: dict[str, str],
    rehearsal: bool,
    shares: Iterable[Share],
    sink: Sink | None = None,
    meter: Meter | None = None,
) -> OpenedEnvelope:
    """Check every byte, find the key, decrypt into sinks, verify. Blocking: call it on a worker thread.

    Args:
        header_sha256: from the receipt given before the deadline; mandatory, because parts of the header that are not
            needed to open could otherwise be changed unseen.
        purpose, context, rehearsal: what is expected; anything else is refused before a key is touched.
        shares: as many as there are; wrong ones are set aside and named.
        sink: called with the number (1, 2, …) and entry of each file for a context that gives the file to write. The
            name is text, never a path. What it received counts only when this function returns; until then a failure
            passes through the context as an exception. None: an envelope with files is refused.

    Raises:
        InputError: always with a fact ``fault`` (supplier, opener, platform) except ``stream.cancelled``:
            ``envelope.damaged`` (not the bytes that were receipted), ``envelope.header_differs``,
            ``envelope.suite_unsupported``, ``envelope.foreign`` (reason purpose, rehearsal, context),
            ``envelope.shares_missing``, ``envelope.share_mismatch``, ``envelope.unopenable`` (supplier; reason
            commitment, stream, manifest, signature, digest, files), ``sm2.unavailable`` (platform).
        FaultError: ``envelope.unreadable``: a disk failed; nobody's fault but the machine's.
    """
    header = _checked(source, header_sha256, purpose, context, rehearsal, meter)
    found = find_key(header, shares)
    with opened(source) as file:
        return _decrypt(file, header, found, sink, meter)


def open_with_key(
    source: Path | BinaryIO,
    *,
    header_sha256: str,
    purpose: Purpose,
    context: dict[str, str],
    rehearsal: bool,
    envelope_key: bytes,
    sink: Sink | None = None,
    meter: Meter | None = None,
) -> OpenedEnvelope:
    """:func:`open_envelope` with the key kept as evidence from an earlier opening: for verifiers.

    Raises:
        InputError, FaultError: as :func:`open_envelope`; a wrong key is ``envelope.key_mismatch`` (fault platform).
    """
    header = _checked(source, header_sha256, purpose, context, rehearsal, meter)
    if len(envelope_key) != 32 or not hmac.compare_digest(
        key_commitment(header.suite, envelope_key, header.core_digest), header.commit
    ):
        raise refuse("key_mismatch", "platform")
    with opened(source) as file:
        return _decrypt(file, header, FoundKey(envelope_key, (), (), ()), sink, meter)


def _checked(
    source: Path | BinaryIO,
    header_sha256: str,
    purpose: Purpose,
    context: dict[str, str],
    rehearsal: bool,
    meter: Meter | None,
) -> EnvelopeHeader:
    header = check(source, header_sha256, meter)
    core = header.core
    if core.purpose != purpose:
        raise refuse("foreign", "supplier", reason="purpose")
    if core.rehearsal != rehearsal:
        raise refuse("foreign", "supplier", reason="rehearsal")
    if core.context != context:
        raise refuse("foreign", "supplier", reason="context")
    return header


def _decrypt(
    file: BinaryIO, header: EnvelopeHeader, found: FoundKey, sink: Sink | None, meter: Meter | None
) -> OpenedEnvelope:
    if read_header(file).raw != header.raw:  # exchanged between the check and now
        raise refuse("header_differs", "platform")
    signed = _manifest_stream(file, header, found.key)
    manifest = verified_manifest(header, signed)
    if manifest.files and sink is None:
        raise refuse("unopenable", "supplier", reason="files")
    for number, entry in enumerate(manifest.files, 1):
        assert sink is not None
        _file(file, header, found.key, number, entry, sink, meter)
    return OpenedEnvelope(
        payload=manifest.payload,
        files=manifest.files,
        manifest=signed.manifest,
        signature=signed.signature,
        signer_certificate=signed.certificates[0],
        chain=signed.certificates[1:],
        envelope_key=found.key,
        used=found.used,
        inconsistent=found.inconsistent,
        mismatched=found.mismatched,
    )


def _manifest_stream(file: BinaryIO, header: EnvelopeHeader, envelope_key: bytes) -> SignedManifest:
    if header.streams[0].size > sealed_size(MAX_PACKED):
        raise refuse("unopenable", "supplier", reason="manifest")
    key, info = stream_key(header.suite, envelope_key, header.core_digest, 0)
    plain = BytesIO()
    try:
        decrypt_stream(key, info, file, header.streams[0].size, plain, suite=header.suite)
    except InputError:
        raise refuse("unopenable", "supplier", reason="stream", stream=0) from None
    try:
        return unpack(plain.getvalue())
    except InputError:
        raise refuse("unopenable", "supplier", reason="manifest") from None


def verified_manifest(header: EnvelopeHeader, signed: SignedManifest) -> Manifest:
    """What is signed, if it is signed for exactly this envelope; InputError ``envelope.unopenable``."""
    require_able(signed.certificates[0])
    if not verify_signature(signed.certificates[0], SIGNATURE_DOMAIN + signed.manifest, signed.signature):
        raise refuse("unopenable", "supplier", reason="signature")
    try:
        manifest = parse_manifest(signed.manifest, header.suite)
    except InputError:
        raise refuse("unopenable", "supplier", reason="manifest") from None
    core = header.core
    said = (manifest.hc, manifest.commit, manifest.purpose, manifest.rehearsal, manifest.context)
    # Signed for this very envelope: not one made for others, taken out and sealed anew.
    if said != (header.core_digest, header.commit, core.purpose, core.rehearsal, core.context):
        raise refuse("unopenable", "supplier", reason="manifest")
    if manifest.signer != header.suite.hexdigest(signed.certificates[0]):
        raise refuse("unopenable", "supplier", reason="manifest")
    if [sealed_size(entry.size) for entry in manifest.files] != [stream.size for stream in header.streams[1:]]:
        raise refuse("unopenable", "supplier", reason="manifest")
    return manifest


def _file(
    file: BinaryIO,
    header: EnvelopeHeader,
    envelope_key: bytes,
    number: int,
    entry: FileEntry,
    sink: Sink,
    meter: Meter | None,
) -> None:
    key, info = stream_key(header.suite, envelope_key, header.core_digest, number)
    with sink(number, entry) as target:
        try:
            digest = decrypt_stream(key, info, file, header.streams[number].size, target, meter, header.suite)
        except InputError as error:
            if error.code == "stream.cancelled":
                raise
            raise refuse("unopenable", "supplier", reason="stream", stream=number) from None
        if digest.digest != entry.digest:
            raise refuse("unopenable", "supplier", reason="digest", stream=number)
