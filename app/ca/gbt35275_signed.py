"""signedData (签名数据) of GB/T 35275-2017, clause 8: SM2-with-SM3, with authenticated attributes or without.

All that is read is DER, encoded again and compared, so that nothing hides between the fields.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509

from app.ca import sm2
from app.ca.gbt35275 import DATA, Algorithm, issuer_and_serial, refused, require, require_algorithm

MAX_SIGNED: Final = 16 << 20
MAX_CERTIFICATES: Final = 16
SIGNED_DATA: Final = "1.2.156.10197.6.1.4.2.2"
SM3: Final = "1.2.156.10197.1.401"
SM2_SIGN: Final = "1.2.156.10197.1.301.1"
SM2_WITH_SM3: Final = "1.2.156.10197.1.501"
_CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE: Final = "1.2.840.113549.1.9.16.2.47"


class _Algorithms(core.SetOf):  # type: ignore[misc]
    _child_spec = Algorithm


class _Content(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("content_type", core.ObjectIdentifier),
        ("content", core.OctetString, {"explicit": 0, "optional": True}),
    ]


class _Certificates(core.SetOf):  # type: ignore[misc]
    _child_spec = asn1_x509.Certificate


class _Lists(core.SetOf):  # type: ignore[misc]
    _child_spec = core.Any


class _Attribute(core.Sequence):  # type: ignore[misc]
    _fields = [("type", core.ObjectIdentifier), ("values", _Lists)]  # noqa: RUF012


class _Attributes(core.SetOf):  # type: ignore[misc]
    _child_spec = _Attribute


class _CertificateDigest(core.Sequence):  # type: ignore[misc]
    _fields = [("algorithm", Algorithm), ("digest", core.OctetString)]  # noqa: RUF012


class _CertificateDigests(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _CertificateDigest


class _SigningCertificate(core.Sequence):  # type: ignore[misc]
    _fields = [("digests", _CertificateDigests)]  # noqa: RUF012


class _Signer(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("version", core.Integer),
        ("sid", cms.IssuerAndSerialNumber),
        ("digest_algorithm", Algorithm),
        ("attributes", _Attributes, {"implicit": 0, "optional": True}),
        ("signature_algorithm", Algorithm),
        ("signature", core.OctetString),
        ("unsigned_attributes", _Attributes, {"implicit": 1, "optional": True}),
    ]


class _Signers(core.SetOf):  # type: ignore[misc]
    _child_spec = _Signer


class _Signed(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("version", core.Integer),
        ("digest_algorithms", _Algorithms),
        ("content_info", _Content),
        ("certificates", _Certificates, {"implicit": 0, "optional": True}),
        ("crls", _Lists, {"implicit": 1, "optional": True}),
        ("signers", _Signers),
    ]


class _SignedInfo(core.Sequence):  # type: ignore[misc]
    _fields = [("content_type", core.ObjectIdentifier), ("content", _Signed, {"explicit": 0})]  # noqa: RUF012


class Signed(NamedTuple):
    """A signedData whose signature is its certificate's; whether to believe the certificate is the trust list's word.

    Attributes:
        content: what is signed.
        certificate: the signer's, DER.
        chain: the others it carries, DER, in no order.
        signature: DER.
    """

    content: bytes
    certificate: bytes
    chain: tuple[bytes, ...]
    signature: bytes


class Unverified(NamedTuple):
    """A signedData as it is read, before its signature is checked: :meth:`verifies`.

    Attributes:
        content: what it carries, or None. certificate, chain, signature: as in :class:`Signed`.
        attributes: DER of the authenticated attributes, or None. digest: the content's SM3 among them.
        names_certificate: they name the certificate too. extras: something stands beside that no signature covers.
    """

    content: bytes | None
    certificate: bytes
    chain: tuple[bytes, ...]
    signature: bytes
    attributes: bytes | None
    digest: bytes
    names_certificate: bool
    extras: bool

    def verifies(self, content: bytes) -> bool:
        """Whether the signature is the certificate's and over ``content``."""
        if self.attributes is not None and self.digest != sm2.sm3(content):
            return False
        return self.is_signed(content)

    def is_signed(self, content: bytes) -> bool:
        """Whether the certificate's key signed the attributes, or ``content`` where there are none."""
        over = content if self.attributes is None else self.attributes
        return sm2.verify(sm2.public_point_of(self.certificate), over, self.signature)


def signed_attributes(digest: bytes, certificate: bytes) -> bytes:
    """What a signer signs instead of a long content (DER): that it is ``digest`` (SM3), signed by ``certificate``.

    The certificate is named as RFC 5035 does it, by its SM3: nobody puts another one of the same key in its place.
    """
    named = {"digests": [{"algorithm": {"algorithm": SM3}, "digest": sm2.sm3(certificate)}]}
    values = (
        (_CONTENT_TYPE, core.ObjectIdentifier(DATA)),
        (_MESSAGE_DIGEST, core.OctetString(digest)),
        (_SIGNING_CERTIFICATE, _SigningCertificate(named)),
    )
    return bytes(_Attributes([{"type": kind, "values": [value]} for kind, value in values]).dump())


def signed_data(
    content: bytes,
    certificate: bytes,
    chain: Sequence[bytes],
    signature: bytes,
    *,
    attached: bool = True,
    attributes: bytes | None = None,
) -> bytes:
    """A signedData (DER) from a signature (SM2-with-SM3, DER) over ``attributes``, else over ``content``.

    Raises:
        InputError: ``certificate.unreadable``; ``gbt35275.refused`` if the signature is not the certificate's.
    """
    over = content if attributes is None else attributes
    if not sm2.verify(sm2.public_point_of(certificate), over, signature):
        raise refused()
    inner = {"content_type": DATA, "content": content} if attached else {"content_type": DATA}
    signer: dict[str, Any] = {
        "version": 1,
        "sid": issuer_and_serial(certificate),
        "digest_algorithm": {"algorithm": SM3},
        "signature_algorithm": {"algorithm": SM2_SIGN},
        "signature": signature,
    }
    if attributes is not None:
        signer["attributes"] = _Attributes.load(attributes, strict=True)
    signed = {
        "version": 1,
        "digest_algorithms": [{"algorithm": SM3}],
        "content_info": inner,
        "certificates": [asn1_x509.Certificate.load(der) for der in (certificate, *chain)],
        "signers": [signer],
    }
    return bytes(_SignedInfo({"content_type": SIGNED_DATA, "content": signed}).dump())


def parse_signed_data(blob: bytes) -> Unverified:
    """Read a signedData by one signer; nothing of it is to be believed yet.

    Raises:
        InputError: ``gbt35275.refused``.
    """
    if len(blob) > MAX_SIGNED:
        raise refused()
    try:
        return _parse_signed(blob)
    except Exception:  # as above
        raise refused() from None


def read_signed_data(blob: bytes, detached: bytes | None = None) -> Signed:
    """Read a signedData by one signer and check its signature over ``detached``, or over what it carries.

    Raises:
        InputError: ``gbt35275.refused``, also when both or neither of them is there.
    """
    found = parse_signed_data(blob)
    if (found.content is None) == (detached is None):
        raise refused()
    content = detached if detached is not None else found.content or b""
    if not found.verifies(content):
        raise refused()
    return Signed(content, found.certificate, found.chain, found.signature)


def _parse_signed(blob: bytes) -> Unverified:
    info = _SignedInfo.load(blob, strict=True)
    signed = info["content"]
    require(info["content_type"].dotted == SIGNED_DATA and signed["version"].native == 1)
    require(len(signed["signers"]) == 1 and len(signed["certificates"]) <= MAX_CERTIFICATES)
    signer = signed["signers"][0]
    require(signer["version"].native == 1 and len(signed["digest_algorithms"]) == 1)
    require_algorithm(signed["digest_algorithms"][0], SM3)
    require_algorithm(signer["digest_algorithm"], SM3)
    require_algorithm(signer["signature_algorithm"], SM2_SIGN, SM2_WITH_SM3)
    certificates = [bytes(one.dump()) for one in signed["certificates"]]
    mine = [der for der in certificates if issuer_and_serial(der).dump() == signer["sid"].dump()]
    require(len(mine) == 1)
    content_type, attributes = signed["content_info"]["content_type"].dotted, signer["attributes"]
    over, digest, named = None, b"", False
    if isinstance(attributes, core.Void):
        require(content_type == DATA)  # else attributes are due, or one kind of content could be taken for another
    else:
        require(_attribute(attributes, _CONTENT_TYPE, core.ObjectIdentifier).dotted == content_type)
        digest = _attribute(attributes, _MESSAGE_DIGEST, core.OctetString).native
        over = attributes.untag().dump()
        named = any(one["type"].dotted == _SIGNING_CERTIFICATE for one in attributes)
        require(not named or _names(attributes, mine[0]))
    require(info.dump(force=True) == blob)
    return Unverified(
        content=signed["content_info"]["content"].native,
        certificate=mine[0],
        chain=tuple(der for der in certificates if der != mine[0]),
        signature=signer["signature"].native,
        attributes=over,
        digest=digest,
        names_certificate=named,
        extras=not all(isinstance(one, core.Void) for one in (signed["crls"], signer["unsigned_attributes"])),
    )


def _names(attributes: Any, certificate: bytes) -> bool:
    digests = _attribute(attributes, _SIGNING_CERTIFICATE, _SigningCertificate)["digests"]
    require_algorithm(digests[0]["algorithm"], SM3)
    return bool(digests[0]["digest"].native == sm2.sm3(certificate))


def _attribute(attributes: Any, kind: str, spec: Any) -> Any:
    found = [one for one in attributes if one["type"].dotted == kind]
    require(len(found) == 1 and len(found[0]["values"]) == 1)
    return found[0]["values"][0].parse(spec)
