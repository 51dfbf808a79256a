"""A signature with a national token in a PDF: SM2 and SM3 in a container of GB/T 35275 (ADR 18).

It stands where a PAdES signature stands, in a signature field with its seal, over the same byte range, and everything
about fields, increments and coverage is judged alike. Only the container differs, and its name says so.
"""

# mypy: allow-untyped-calls
# (pyHanko is only partly annotated.)

from typing import Final

from asn1crypto import cms, parser
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature, extract_contents

from app.ca import sm2
from app.ca.gbt35275_signed import parse_signed_data, signed_attributes, signed_data
from app.ca.token import Act, KeyHolder
from app.ca.trust import Part, Status
from app.errors import FaultError, InputError

DIGEST: Final = "sm3"
SUBFILTER: Final = "/Bidroom.GBT35275.detached"
_ROOM: Final = 2048  # bytes for everything in the container but certificates


class SubFilter:
    """What pyHanko takes for a ``SigSeedSubFilter``."""

    value = generic.pdf_name(SUBFILTER)


class NationalSignature(EmbeddedPdfSignature):
    """A filled field with this container; raises anything for a malformed one, as its base class does.

    What pyHanko asks of a CMS is answered from the container; ``signer_info`` says that there is no time stamp.
    """

    def __init__(self, reader: PdfFileReader, sig_field: generic.DictionaryObject, fq_name: str) -> None:
        # Not the base class's own: it reads a CMS. These are the attributes that its other methods use.
        self.reader, self.sig_field, self.fq_name = reader, sig_field, fq_name
        value = sig_field.raw_get("/V")
        self.sig_object = value.get_object()
        self.byte_range = self.sig_object.raw_get("/ByteRange")
        self.pkcs7_content = extract_contents(self.sig_object)
        self.signed_revision = reader.xrefs.get_last_change(value.reference)
        self.coverage = self.diff_result = None
        self._docmdp = self._fieldmdp = None
        self._docmdp_queried = self._fieldmdp_queried = False
        self.signer_info = cms.SignerInfo()
        self.container = parse_signed_data(self.pkcs7_content[: parser.peek(self.pkcs7_content)])

    @property
    def signer_cert(self) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(self.container.certificate)

    @property
    def other_embedded_certs(self) -> list[asn1_x509.Certificate]:
        return [asn1_x509.Certificate.load(der) for der in self.container.chain]

    def form_problem(self) -> str | None:
        """Why the container is not of the one form that is accepted, as a code, or None."""
        if self.sig_object["/SubFilter"] != SUBFILTER or self.sig_object_type != "/Sig":
            return "signature.subfilter"
        found = self.container
        if found.content is not None or not found.names_certificate or found.extras:
            return "signature.contents"
        return None

    def integrity(self, pdf: bytes) -> Part:
        """The cryptography alone; its place in the file is judged as every other signature's."""
        if not sm2.available():
            return Part(Status.COULD_NOT_TELL, "sm2.unavailable")
        start, first, second, rest = (int(value) for value in self.byte_range)
        content = pdf[start : start + first] + pdf[second : second + rest]
        if sm2.sm3(content) != self.container.digest:
            return Part(Status.FAILED, "signature.content_changed")
        if not self.container.is_signed(content):
            return Part(Status.FAILED, "signature.invalid")
        return Part(Status.PASSED, "signature.ok")


def embedded(reader: PdfFileReader, field: generic.DictionaryObject, name: str) -> EmbeddedPdfSignature:
    """What stands in a filled signature field; raises anything for a malformed one."""
    filled: generic.DictionaryObject = field.get_object()
    value = filled["/V"]
    national = "/SubFilter" in value and value["/SubFilter"] == SUBFILTER
    return (NationalSignature if national else EmbeddedPdfSignature)(reader, filled, name)


def room(key: KeyHolder) -> int:
    """Bytes to keep free for the container."""
    return sum(map(len, (key.signing_certificate, *key.chain))) + _ROOM


async def sign_digest(digest: bytes, key: KeyHolder, act: Act) -> bytes:
    """The container (DER) over ``digest``, the SM3 of the byte range; the key is asked once.

    Raises:
        InputError: ``certificate.unreadable``, ``sm2.unavailable``; what ``key`` raises.
        FaultError: ``pdf.bad_signature`` when the key's answer does not fit its certificate.
    """
    if not sm2.available():
        raise InputError("sm2.unavailable")
    certificate = key.signing_certificate
    attributes = signed_attributes(digest, certificate)
    signature = await key.sign(attributes, act)
    try:
        return signed_data(b"", certificate, key.chain, signature, attached=False, attributes=attributes)
    except InputError:
        raise FaultError("pdf.bad_signature") from None
