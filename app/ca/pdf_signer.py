"""Signing a PDF: fields made up front, then one incremental PAdES signature after the other, each with its seal."""

# mypy: allow-untyped-calls
# (pyHanko is only partly annotated.)

import hashlib
import io
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import (
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    append_signature_field,
    ensure_sig_flags,
    enumerate_sig_fields,
)
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from app.ca import pdf_national
from app.ca.pdf_appearance import appearance
from app.ca.pdf_flat import open_flat
from app.ca.pdf_increment import Increment
from app.ca.pdf_policy import Box, placement_problem, places
from app.ca.seal import SealImage
from app.ca.signatures import INTERNATIONAL_SUITES, SM2_SUITE, describe, verify_signature
from app.ca.token import Act, KeyHolder
from app.errors import BidroomError, FaultError, InputError
from app.logs import get_logger

DIGEST = "sha256"  # the one digest of both suites of app.ca.signatures
ACT = "sign_document"
_log = get_logger("documents")

_FIELD_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class SignatureField:
    """Where one person signs (签章域).

    Attributes:
        name: of the field; letters, digits, ``_``, ``-``.
        person_id: who is to sign there.
        page: index from 0.
        box: left, bottom, right, top in points from the page's lower left corner.
    """

    name: str
    person_id: str
    page: int
    box: Box


class PdfSigner(Protocol):
    """Makes signature fields and signatures; verifying is :mod:`app.ca.pdf_verifier`'s, whoever signed."""

    def add_fields(self, pdf: bytes, fields: Sequence[SignatureField]) -> bytes:
        """The unsigned flat ``pdf`` with empty signature fields; the same input gives the same bytes."""
        ...

    async def sign(
        self,
        pdf: bytes,
        field: str,
        key: KeyHolder,
        seal: SealImage,
        *,
        name: str,
        reason: str,
        at: datetime,
        certify: bool,
        box: Box | None = None,
    ) -> bytes:
        """``pdf`` plus one increment: the signature in ``field``. One key operation."""
        ...


class PyHankoSigner:
    """PAdES B-B (``ETSI.CAdES.detached``, SHA-256); B-T when a timestamper is given and its authority answers.

    An SM2 key signs in the form of :mod:`app.ca.pdf_national`, without a time stamp of its own.
    """

    def __init__(self, timestamper: TimeStamper | None = None) -> None:
        self._timestamper = timestamper

    def add_fields(self, pdf: bytes, fields: Sequence[SignatureField]) -> bytes:
        """See :class:`PdfSigner`.

        Raises:
            InputError: those of :func:`~app.ca.pdf_flat.open_flat`; ``pdf.has_fields``, ``pdf.bad_field`` (``field``).
        """
        reader = open_flat(pdf)
        if "/AcroForm" in reader.root:
            raise InputError("pdf.has_fields")
        writer = Increment(hashlib.sha256(pdf).digest(), reader)
        pages = int(reader.root["/Pages"]["/Count"])
        if len({field.name for field in fields}) != len(fields):
            raise InputError("pdf.bad_field", field="twice")
        for field in fields:
            left, bottom, right, top = field.box
            if not (_FIELD_NAME.fullmatch(field.name) and 0 <= field.page < pages and left < right and bottom < top):
                raise InputError("pdf.bad_field", field=field.name[:64])
            append_signature_field(
                writer,
                SigFieldSpec(field.name, on_page=field.page, box=field.box, readable_field_name=field.name),  # type: ignore[arg-type]
            )
        ensure_sig_flags(writer, lock_sig_flags=True)  # now, so that signing changes no form entry
        return writer.finished()

    async def sign(
        self,
        pdf: bytes,
        field: str,
        key: KeyHolder,
        seal: SealImage,
        *,
        name: str,
        reason: str,
        at: datetime,
        certify: bool,
        box: Box | None = None,
    ) -> bytes:
        """See :class:`PdfSigner`.

        Args:
            pdf: flat, with ``field`` still empty.
            field: name of the signature field.
            key: asked once, with ``Act("sign_document", {"field", "name", "reason", "sha256"})``; ``sha256`` is that
                of ``pdf``.
            seal: the visible picture.
            name: of the person who signs, shown beside the seal.
            reason: as what or why, shown beside the seal.
            at: the claimed time of signing, aware.
            certify: exactly the first signature certifies (DocMDP: nothing but signatures may follow).
            box: where the seal stands instead of in its field's place: of the same size, on the same page, over nobody
                else's field.

        Raises:
            InputError: those of :func:`~app.ca.pdf_flat.open_flat`; ``pdf.no_such_field``, ``pdf.already_signed``,
                ``pdf.bad_place``,
                ``pdf.certify_first_only``, ``certificate.suite_unsupported``; what ``key`` raises.
            FaultError: ``pdf.bad_signature`` when the key's answer does not fit its certificate.
        """
        stream = io.BytesIO(pdf)
        await self._sign(stream, field, key, seal, name=name, reason=reason, at=at, certify=certify, box=box)
        return stream.getvalue()

    async def sign_file(
        self,
        path: Path,
        field: str,
        key: KeyHolder,
        seal: SealImage,
        *,
        name: str,
        reason: str,
        at: datetime,
        certify: bool,
        box: Box | None = None,
    ) -> None:
        """As :meth:`sign`, in place: the file grows by the increment, and is as before when that does not succeed.

        Memory stays near the size of the largest object in the file (``benchmarks/pdf_signing.py``).
        """
        size = path.stat().st_size
        with path.open("r+b") as file:
            try:
                await self._sign(file, field, key, seal, name=name, reason=reason, at=at, certify=certify, box=box)
                os.fsync(file.fileno())
            except BaseException:
                file.truncate(size)
                raise

    async def _sign(
        self,
        stream: BinaryIO,
        field: str,
        key: KeyHolder,
        seal: SealImage,
        *,
        name: str,
        reason: str,
        at: datetime,
        certify: bool,
        box: Box | None,
    ) -> None:
        sha256 = _sha256(stream)
        reader = open_flat(stream)
        if certify == _anyone_signed(reader, field):
            raise InputError("pdf.certify_first_only")
        info = describe(key.signing_certificate)
        national = info.suite == SM2_SUITE
        if not national and info.suite not in INTERNATIONAL_SUITES:
            raise InputError("certificate.suite_unsupported", suite=info.suite)
        act = Act(ACT, {"field": field, "name": name, "reason": reason, "sha256": sha256.hex()})
        if box is not None and placement_problem(field, box, places(reader)):
            raise InputError("pdf.bad_place", field=field)
        writer = Increment(sha256, reader)
        try:
            steps = PdfCMSEmbedder().write_cms(field, writer, existing_fields_only=True)
            widget = next(steps).get_object()
            if box is not None:
                widget[generic.pdf_name("/Rect")] = generic.ArrayObject(
                    [generic.FloatObject(f"{edge:.3f}") for edge in box]
                )
            appearance(writer, widget, seal, name=name, reason=reason, at=at, serial=info.serial)
            signer = None if national else _KeyHolderSigner(key, act)
            room = await self._room(signer) if signer else pdf_national.room(key)
            steps.send(
                SigObjSetup(
                    SignatureObject(
                        timestamp=at.astimezone(UTC),
                        subfilter=SigSeedSubFilter.PADES if signer else pdf_national.SubFilter(),  # type: ignore[arg-type]
                        name=name,
                        reason=reason,
                        bytes_reserved=2 * room,
                    ),
                    mdp_setup=SigMDPSetup(DIGEST, certify=True, docmdp_perms=MDPPerm.FILL_FORMS) if certify else None,
                )
            )
            digest = DIGEST if signer else pdf_national.DIGEST
            prepared, _ = steps.send(SigIOSetup(md_algorithm=digest, in_place=True))
            if signer:
                made = await self._cms(signer, prepared.document_digest, dry_run=False)
            else:
                made = await pdf_national.sign_digest(prepared.document_digest, key, act)
            steps.send(made)
        except (InputError, FaultError):
            raise
        except Exception as error:
            raise FaultError("pdf.not_signed") from error

    async def _room(self, signer: "_KeyHolderSigner") -> int:
        return len(await self._cms(signer, hashlib.sha256(b"").digest(), dry_run=True)) + 1024

    async def _cms(self, signer: "_KeyHolderSigner", digest: bytes, *, dry_run: bool) -> bytes:
        content = await signer.async_sign(
            digest, DIGEST, dry_run=dry_run, use_pades=True, timestamper=self._timestamper
        )
        encoded: bytes = content.dump()
        return encoded


class _KeyHolderSigner(Signer):
    """CMS around one operation of a key holder."""

    def __init__(self, key: KeyHolder, act: Act) -> None:
        store = SimpleCertificateStore()
        store.register_multiple([asn1_x509.Certificate.load(der) for der in key.chain])
        super().__init__(
            signing_cert=asn1_x509.Certificate.load(key.signing_certificate), cert_registry=store, embed_roots=False
        )
        self._key = key
        self._act = act

    async def unsigned_attrs(self, *args: Any, **named: Any) -> cms.CMSAttributes | None:
        """The time stamp. One that cannot be had costs no signature: the key is not asked a second time."""
        try:
            return await super().unsigned_attrs(*args, **named)
        except BidroomError as error:
            _log.warning("signature without a time stamp", code=error.code)
            return None

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        if dry_run:
            return bytes(1024)  # RSA-8192, the largest key that is accepted
        signature = await self._key.sign(data, self._act)
        if not verify_signature(self._key.signing_certificate, data, signature):
            raise FaultError("pdf.bad_signature")
        return signature


def _sha256(stream: BinaryIO) -> bytes:
    stream.seek(0)
    digest = hashlib.sha256()
    while piece := stream.read(1 << 20):
        digest.update(piece)
    return digest.digest()


def _anyone_signed(reader: PdfFileReader, field: str) -> bool:
    """Whether there is a signature already; ``field`` must be there and empty."""
    try:
        signed = {name: value is not None for name, value, _ in enumerate_sig_fields(reader)}
    except Exception as error:
        raise InputError("pdf.unreadable") from error
    if field not in signed:
        raise InputError("pdf.no_such_field", field=field[:64])
    if signed[field]:
        raise InputError("pdf.already_signed", field=field)
    return any(signed.values())
