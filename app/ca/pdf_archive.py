"""What keeps signatures provable for decades (PAdES B-LT and B-LTA; ETSI EN 319 142-1, 5.4 and 6.3).

When all have signed, two increments are added: a document security store (DSS) with the certificates, OCSP answers and
revocation lists behind every signature, and a document time stamp over all of it. Neither is anyone's signature; the
strict verifier (:mod:`app.ca.pdf_verifier`) accepts exactly these two behind the last signature, and nothing else.
"""

# mypy: allow-untyped-calls
# (pyHanko is only partly annotated.)

import hashlib
from collections.abc import Mapping

import msgspec
from asn1crypto import cms, crl, ocsp, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore

from app.ca.pdf_flat import open_flat
from app.ca.pdf_increment import Increment
from app.ca.pdf_revisions import Signatures
from app.ca.pdf_stamper import TOKEN_ROOM, TokenStamper
from app.ca.pdf_time import token_of
from app.errors import BidroomError, FaultError, InputError

STAMP_FIELD = "document_time_stamp"
STORE_LIMIT = 16 * 1024 * 1024
"""Of all evidence in a store, bytes."""
_MOST_ITEMS = 2000


class Signed(msgspec.Struct, frozen=True):
    """Whom evidence is needed about: one signature's (or document time stamp's) certificates, and its own time stamp.

    Attributes:
        field: name of the signature field.
        certificate: the signer's, DER; chain: others in the signature, DER.
        token: its time stamp (ContentInfo, DER), or None.
    """

    field: str
    certificate: bytes
    chain: tuple[bytes, ...]
    token: bytes | None = None


class Store(msgspec.Struct, frozen=True):
    """Evidence, DER: certificates (a path, root and leaf included), OCSP answers, revocation lists."""

    certificates: tuple[bytes, ...] = ()
    ocsp: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()


def signed_by(pdf: bytes) -> list[Signed]:
    """All signatures and document time stamps in a signed document, in the order of its fields.

    Raises:
        InputError: those of :func:`~app.ca.pdf_flat.open_flat`.
    """
    reader = open_flat(pdf)
    try:
        return [
            Signed(
                field=one.field_name,
                certificate=one.signer_cert.dump(),
                chain=tuple(other.dump() for other in one.other_embedded_certs),
                token=token_of(one.signer_info) if one.sig_object_type == "/Sig" else None,
            )
            for one in Signatures(reader).every
        ]
    except Exception as error:  # the library raises whatever a malformed file provokes
        raise InputError("pdf.unreadable") from error


def add_store(pdf: bytes, stores: Mapping[str, Store]) -> bytes:
    """``pdf`` plus one increment: a DSS with the evidence about each signature, by the name of its field.

    Raises:
        InputError: those of :func:`~app.ca.pdf_flat.open_flat`.
        FaultError: ``pdf.not_stamped``: the evidence is not what it should be.
    """
    reader = open_flat(pdf)
    writer = Increment(hashlib.sha256(pdf).digest(), reader)
    try:
        kept = reader.root["/DSS"]["/VRI"] if "/DSS" in reader.root and "/VRI" in reader.root["/DSS"] else {}
        for one in Signatures(reader).every:
            store = stores.get(one.field_name, Store())
            known = DocumentSecurityStore.sig_content_identifier(one.pkcs7_content) in kept  # stays as it was stamped
            DocumentSecurityStore.supply_dss_in_writer(
                writer,
                None if known else one.pkcs7_content,
                certs=[x509.Certificate.load(der) for der in store.certificates],
                ocsps=[ocsp.OCSPResponse.load(der) for der in store.ocsp],
                crls=[crl.CertificateList.load(der) for der in store.crls],
            )
        return writer.finished()
    except Exception as error:
        raise FaultError("pdf.not_stamped") from error


async def add_document_stamp(pdf: bytes, stamper: TokenStamper) -> bytes:
    """``pdf`` plus one increment: a document time stamp (``ETSI.RFC3161``) over the whole file, without appearance.

    Raises:
        InputError: those of :func:`~app.ca.pdf_flat.open_flat`.
        FaultError: ``time.no_authority``, ``pdf.not_stamped``.
    """
    reader = open_flat(pdf)
    writer = Increment(hashlib.sha256(pdf).digest(), reader)
    try:
        name = STAMP_FIELD
        taken = {one.field_name for one in Signatures(reader).every}
        while name in taken:
            name = f"{name}_"
        steps = PdfCMSEmbedder(new_field_spec=SigFieldSpec(name, readable_field_name=name)).write_cms(name, writer)
        next(steps)
        steps.send(SigObjSetup(DocumentTimestamp(bytes_reserved=2 * (TOKEN_ROOM + 1024))))
        prepared, output = steps.send(SigIOSetup(md_algorithm="sha256", in_place=True))
        token: cms.ContentInfo = await stamper.async_timestamp(prepared.document_digest, "sha256")
        steps.send(token.dump())
    except BidroomError:
        raise
    except Exception as error:
        raise FaultError("pdf.not_stamped") from error
    stamped: bytes = output.getvalue()
    return stamped


def read_store(reader: PdfFileReader) -> Store:
    """The evidence in a document's DSS; what is not to be read there is left out: it can only tell less."""
    if "/DSS" not in reader.root:
        return Store()
    store = reader.root["/DSS"]
    found: dict[str, tuple[bytes, ...]] = {}
    total = 0
    for key in ("/Certs", "/OCSPs", "/CRLs"):
        items = []
        listed = store[key] if key in store else []  # noqa: SIM401 - get() would not follow a reference
        for place in range(min(len(listed), _MOST_ITEMS)):
            try:
                data: bytes = listed[place].data
            except Exception:  # noqa: S112 - see above
                continue
            total += len(data)
            if total > STORE_LIMIT:
                raise InputError("pdf.too_large", limit=STORE_LIMIT)
            items.append(data)
        found[key] = tuple(items)
    return Store(found["/Certs"], found["/OCSPs"], found["/CRLs"])
