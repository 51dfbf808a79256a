"""The form of a PAdES baseline signature and of a document time stamp: what the CMS may say where nothing covers it."""

from asn1crypto import core, parser
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from app.ca.pdf_national import NationalSignature
from app.ca.signatures import INTERNATIONAL_SUITES, describe

_MECHANISMS = frozenset({"sha256_rsa", "rsassa_pkcs1v15", "sha256_ecdsa"})
_SHA256_SETS = (
    bytes.fromhex("310f300d06096086480165030402010500"),  # parameters NULL
    bytes.fromhex("310d300b0609608648016503040201"),  # parameters absent (RFC 5754, 2)
)


def form_problem(pdf: bytes, signature: EmbeddedPdfSignature) -> str | None:
    """Why the signature is not of the one form that is accepted, as a code, or None.

    Accepted is ``ETSI.CAdES.detached`` with SHA-256 and a supported key, one signer, a byte range that leaves out
    exactly the CMS in hex of one case with zeros behind it, and a CMS without anything beside the signature.
    For SM2 it is that of :mod:`app.ca.pdf_national`. Raises anything for malformed input: the caller treats that as
    failed.
    """
    if isinstance(signature, NationalSignature):
        return signature.form_problem() or _place_problem(pdf, signature)
    dictionary = signature.sig_object
    if dictionary["/SubFilter"] != "/ETSI.CAdES.detached" or signature.sig_object_type != "/Sig":
        return "signature.subfilter"
    mechanism = signature.signer_info["signature_algorithm"]["algorithm"].native
    suite = describe(signature.signer_cert.dump()).suite
    if signature.md_algorithm != "sha256" or mechanism not in _MECHANISMS or suite not in INTERNATIONAL_SUITES:
        return "signature.algorithm"
    return _place_problem(pdf, signature) or (None if _is_plain(_cms(signature), signature) else "signature.contents")


def stamp_form_problem(pdf: bytes, stamp: EmbeddedPdfSignature) -> str | None:
    """As :func:`form_problem` for a document time stamp (``ETSI.RFC3161``; ETSI EN 319 142-1, 5.4.3)."""
    dictionary = stamp.sig_object
    if dictionary["/SubFilter"] != "/ETSI.RFC3161" or stamp.sig_object_type != "/DocTimeStamp":
        return "signature.subfilter"
    return _place_problem(pdf, stamp) or (None if _is_plain_token(_cms(stamp)) else "signature.contents")


def _place_problem(pdf: bytes, signature: EmbeddedPdfSignature) -> str | None:
    """The byte range leaves out exactly the CMS in hex of one case, with zeros behind it."""
    start, first, second, rest = (int(value) for value in signature.byte_range)
    if start != 0 or not 0 < first < second <= second + rest <= len(pdf):
        return "signature.coverage"
    content = signature.pkcs7_content
    written = content.hex()
    if pdf[first:second] not in (f"<{written}>".encode(), f"<{written.upper()}>".encode()):
        return "signature.contents"
    return "signature.contents" if content[parser.peek(content) :].strip(b"\0") else None


def _cms(signature: EmbeddedPdfSignature) -> bytes:
    content: bytes = signature.pkcs7_content
    return content[: parser.peek(content)]


def _is_plain_token(content: bytes) -> bool:
    """A time stamp token of one signer, without anything beside it that no signature covers."""
    info = _children(content)
    if len(info) != 2 or len(_children(info[1])) != 1:
        return False
    parts = _children(_children(info[1])[0])  # version, digest algorithms, content, certificates, signer infos
    if len(parts) != 5 or parts[0] != b"\x02\x01\x03":
        return False
    signers = _children(parts[4])
    if len(_children(parts[2])) != 2 or len(signers) != 1:
        return False
    signer = _children(signers[0])
    return (
        len(signer) == 6
        and parts[1] == b"\x31" + bytes([len(signer[2])]) + signer[2]  # the one digest that the signer used
        and all(_is_sequence(certificate) for certificate in _children(parts[3]))
    )


def _is_plain(content: bytes, signature: EmbeddedPdfSignature) -> bool:
    """Whether the CMS has just the parts of RFC 5652, 5.1 that are needed; parsers overlook a surprising lot."""
    info = _children(content)
    if len(info) != 2 or len(_children(info[1])) != 1:
        return False
    parts = _children(_children(info[1])[0])  # version, digest algorithms, content info, certificates, signer infos
    if len(parts) != 5 or parts[0] != b"\x02\x01\x01" or parts[1] not in _SHA256_SETS:
        return False
    signers = _children(parts[4])
    if len(_children(parts[2])) != 1 or len(signers) != 1:
        return False
    signer = _children(signers[0])
    unsigned = signature.signer_info["unsigned_attrs"]
    extras = [one["type"].native for one in unsigned] if unsigned is not core.VOID else []
    return (
        len(signer) == 6 + bool(extras)
        and signer[0] == b"\x02\x01\x01"
        and extras in ([], ["signature_time_stamp_token"])
        and all(_is_sequence(certificate) for certificate in _children(parts[3]))
    )


def _children(element: bytes) -> list[bytes]:
    """The elements inside one constructed element that fills ``element`` exactly; raises ValueError otherwise."""
    _, method, _, _, content, trailer = parser.parse(element, strict=True)
    if method != 1 or trailer:
        raise ValueError("not a constructed element of definite length")
    found = []
    while content:
        length = parser.peek(content)
        found.append(content[:length])
        content = content[length:]
    return found


def _is_sequence(element: bytes) -> bool:
    return element[:1] == b"\x30"
