"""Electronic seals and seal signatures of GB/T 38540-2020, version 4: their structures, read strictly and written.

- *SESeal* (电子印章): a picture, a name, a validity and the certificates that may use it, signed by the seal's maker.
- *SES_Signature* (电子签章数据): such a seal, a time and the SM3 of what is signed, signed with one of them.

Both signatures are SM2-with-SM3, over the DER of ``eSealInfo`` and of ``toSign``. What is read has one encoding only
(X.690, DER) and is limited in size. Whether anything of it is to be believed is :mod:`app.ca.ses_verifier`'s question.
The other versions in use (GM/T 0031-2014, version 1; the later version 5) are recognised, and refused by name.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
from asn1crypto import core

from app.ca import sm2
from app.ca.ses_asn1 import (
    CertificatesAsn1,
    DigestsAsn1,
    Problem,
    SealAsn1,
    SealInfoAsn1,
    SignatureAsn1,
    ToSignAsn1,
    children,
    require,
    strict,
)
from app.errors import InputError

VERSION: Final = 4
MAX_SEAL: Final = 2 << 20
MAX_SIGNATURE: Final = 3 << 20
MAX_PICTURE: Final = 1 << 20
MAX_SIDE_MM: Final = 200
MAX_SIGNERS: Final = 256
MAX_EXTENSIONS: Final = 32
SM3: Final = "1.2.156.10197.1.401"
SM2_WITH_SM3: Final = "1.2.156.10197.1.501"
PICTURES: Final = {
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
    "bmp": (b"BM",),
    "ofd": (b"PK\x03\x04",),
}
"""Kinds of picture, and how their bytes begin. None is decoded here."""

_Read = TypeVar("_Read")
_OTHERS: Final = {1: "GM/T 0031-2014", 2: "GM/T 0031-2014", 3: "GM/T 0031-2014", 5: "SES 5"}
_CERTIFICATES, _DIGESTS = 1, 2
_MAX_CERTIFICATE: Final = 16 * 1024
_MAX_STAMP: Final = 64 * 1024
_MOMENT: Final = re.compile(rb"[0-9]{14}Z")
_WORD: Final = re.compile(r"[\x20-\x7e]{1,200}")
_TEXT: Final = re.compile(r"[\x20-\x7e]{0,1000}")


class Picture(msgspec.Struct, frozen=True):
    """The seal's picture: ``kind`` (lower case, one of :data:`PICTURES`), its file, its printed size in millimetres."""

    kind: str
    data: bytes
    width_mm: int
    height_mm: int


class SealFacts(msgspec.Struct, frozen=True):
    """What a seal says about itself.

    Attributes:
        seal_id: its number (印章标识). vendor: of the maker's system. kind: 1 an organisation's, 2 a person's.
        name: of the seal.
        signers: DER of the certificates that may use it, or the SM3 of each where ``by_digest``.
        created, starts, ends: aware UTC, whole seconds.
    """

    seal_id: str
    vendor: str
    kind: int
    name: str
    signers: tuple[bytes, ...]
    by_digest: bool
    created: datetime
    starts: datetime
    ends: datetime
    picture: Picture

    def admits(self, certificate: bytes) -> bool:
        """Whether the seal's list names this certificate (DER)."""
        return (sm2.sm3(certificate) if self.by_digest else certificate) in self.signers


class Seal(msgspec.Struct, frozen=True):
    """A seal as read: ``der``; what is signed (``content``), by whom (``maker``, DER), ``signature`` (SM2, DER)."""

    der: bytes
    facts: SealFacts
    content: bytes
    maker: bytes
    signature: bytes


class SealSignature(msgspec.Struct, frozen=True):
    """A signature with a seal, as read.

    Attributes:
        time: as the signer says, aware UTC.
        data_hash: SM3 of what is signed, 32 bytes.
        property_info: what the signer says about it; in OFD by custom the path of Signature.xml.
        content: what is signed: DER of ``toSign``. certificate: the signer's, DER. signature: SM2, DER.
        time_stamp: token over ``signature``, or None.
    """

    seal: Seal
    time: datetime
    data_hash: bytes
    property_info: str
    content: bytes
    certificate: bytes
    signature: bytes
    time_stamp: bytes | None


def seal_content(facts: SealFacts) -> bytes:
    """What the seal's maker signs: DER of ``eSealInfo``.

    Raises:
        InputError: ``ses.refused`` (``reason``): facts that no reader of this module would take.
    """
    listed: Any = CertificatesAsn1(list(facts.signers))
    if facts.by_digest:
        listed = DigestsAsn1([{"type": SM3, "value": digest} for digest in facts.signers])
    picture = facts.picture
    info = SealInfoAsn1(
        {
            "header": {"id": "ES", "version": VERSION, "vid": facts.vendor},
            "es_id": facts.seal_id,
            "property": {
                "type": facts.kind,
                "name": facts.name,
                "cert_list_type": _DIGESTS if facts.by_digest else _CERTIFICATES,
                "cert_list": listed,
                "create_date": facts.created,
                "valid_start": facts.starts,
                "valid_end": facts.ends,
            },
            "picture": {
                "type": picture.kind,
                "data": picture.data,
                "width": picture.width_mm,
                "height": picture.height_mm,
            },
        }
    )
    content = bytes(info.dump(force=True))
    _guarded("seal", content, MAX_SEAL, lambda: _facts(strict(SealInfoAsn1, content)))
    return content


def make_seal(content: bytes, maker: bytes, signature: bytes) -> Seal:
    """The seal of ``content`` (:func:`seal_content`), by the maker's certificate (DER) and SM2 signature over it (DER).

    Raises:
        InputError: ``ses.refused``, also when the signature is not the certificate's; ``certificate.*``.
    """
    _require_signed(maker, content, signature)
    made = SealAsn1(
        {
            "info": SealInfoAsn1.load(content, strict=True),
            "certificate": maker,
            "algorithm": SM2_WITH_SM3,
            "signature": signature,
        }
    )
    return read_seal(bytes(made.dump(force=True)))


def signature_content(seal: Seal, data_hash: bytes, time: datetime, property_info: str) -> bytes:
    """What a signer signs: DER of ``toSign``. ``data_hash``: SM3, 32 bytes; ``time``: aware.

    Raises:
        InputError: ``ses.refused``.
    """
    content = {
        "version": VERSION,
        "seal": SealAsn1.load(seal.der, strict=True),
        "time": time.astimezone(UTC).replace(microsecond=0),
        "data_hash": data_hash,
        "property_info": property_info,
    }
    if len(data_hash) != 32 or not _TEXT.fullmatch(property_info):
        raise _refused("signature", "data_hash" if len(data_hash) != 32 else "property_info")
    return bytes(ToSignAsn1(content).dump(force=True))


def make_signature(content: bytes, certificate: bytes, signature: bytes, time_stamp: bytes | None = None) -> bytes:
    """An SES_Signature (DER) of ``content`` (:func:`signature_content`) and the signer's SM2 signature over it (DER).

    Raises:
        InputError: as :func:`make_seal`.
    """
    _require_signed(certificate, content, signature)
    fields: dict[str, Any] = {
        "to_sign": ToSignAsn1.load(content, strict=True),
        "certificate": certificate,
        "algorithm": SM2_WITH_SM3,
        "signature": signature,
    }
    if time_stamp is not None:
        fields["time_stamp"] = time_stamp
    der = bytes(SignatureAsn1(fields).dump(force=True))
    read_signature(der)
    return der


def read_seal(der: bytes) -> Seal:
    """Read an SESeal; its signature is not checked.

    Raises:
        InputError: ``ses.refused`` with ``what`` (``seal``) and ``reason``; ``ses.version`` (``version``) for another
            version's seal.
    """
    _require_version(der, MAX_SEAL, seal_at=())
    return _guarded("seal", der, MAX_SEAL, lambda: _seal(strict(SealAsn1, der), der))


def read_signature(der: bytes) -> SealSignature:
    """Read an SES_Signature; nothing that is signed in it is checked.

    Raises:
        InputError: as :func:`read_seal`; ``what`` is ``signature``.
    """
    _require_version(der, MAX_SIGNATURE, seal_at=(0, 1))
    return _guarded("signature", der, MAX_SIGNATURE, lambda: _signature(strict(SignatureAsn1, der)))


def _signature(parsed: Any) -> SealSignature:
    to_sign = parsed["to_sign"]
    require(to_sign["version"].native == VERSION, "version")
    _extensions(to_sign["extensions"])
    require(parsed["algorithm"].dotted == SM2_WITH_SM3, "algorithm")
    data_hash = _bits(to_sign["data_hash"])
    require(len(data_hash) == 32, "data_hash")
    stamp = None if isinstance(parsed["time_stamp"], core.Void) else _bits(parsed["time_stamp"])
    require(stamp is None or 0 < len(stamp) <= _MAX_STAMP, "time_stamp")
    return SealSignature(
        seal=_seal(to_sign["seal"], to_sign["seal"].dump()),
        time=_moment(to_sign["time"]),
        data_hash=data_hash,
        property_info=_text(to_sign["property_info"]),
        content=to_sign.dump(),
        certificate=_certificate(parsed["certificate"]),
        signature=_bits(parsed["signature"]),
        time_stamp=stamp,
    )


def _seal(parsed: Any, der: bytes) -> Seal:
    require(len(der) <= MAX_SEAL, "size")
    require(parsed["algorithm"].dotted == SM2_WITH_SM3, "algorithm")
    return Seal(
        der=der,
        facts=_facts(parsed["info"]),
        content=parsed["info"].dump(),
        maker=_certificate(parsed["certificate"]),
        signature=_bits(parsed["signature"]),
    )


def _facts(info: Any) -> SealFacts:
    header, kept, picture = info["header"], info["property"], info["picture"]
    require(header["id"].native == "ES", "header")
    require(header["version"].native == VERSION, "version")
    _extensions(info["extensions"])
    listing = kept["cert_list_type"].native
    require(listing in (_CERTIFICATES, _DIGESTS), "cert_list_type")
    listed = kept["cert_list"].parse(DigestsAsn1 if listing == _DIGESTS else CertificatesAsn1)
    require(0 < len(listed) <= MAX_SIGNERS, "cert_list")
    signers = tuple(_digest(one) if listing == _DIGESTS else _certificate(one) for one in listed)
    name = kept["name"].native
    require(0 < len(name) <= 200 and name.isprintable(), "name")
    created, starts, ends = (_moment(kept[field]) for field in ("create_date", "valid_start", "valid_end"))
    require(starts < ends and created <= ends, "validity")
    return SealFacts(
        seal_id=_word(info["es_id"], "es_id"),
        vendor=_word(header["vid"], "vid"),
        kind=_small(kept["type"], "type"),
        name=name,
        signers=signers,
        by_digest=listing == _DIGESTS,
        created=created,
        starts=starts,
        ends=ends,
        picture=_picture(picture),
    )


def _picture(parsed: Any) -> Picture:
    kind, data = parsed["type"].native.lower(), parsed["data"].native
    width, height = (_small(parsed[side], "picture_side") for side in ("width", "height"))
    require(kind in PICTURES, "picture_type")
    require(len(data) <= MAX_PICTURE, "picture_size")
    require(data.startswith(PICTURES[kind]), "picture_data")
    require(0 < width <= MAX_SIDE_MM and 0 < height <= MAX_SIDE_MM, "picture_side")
    return Picture(kind, data, width, height)


def _digest(parsed: Any) -> bytes:
    value: bytes = parsed["value"].native
    # The standard leaves the type's spelling open: the name and the number of the one digest are both in use.
    require(parsed["type"].native.upper() in ("SM3", SM3) and len(value) == 32, "cert_digest")
    return value


def _certificate(parsed: Any) -> bytes:
    value: bytes = parsed.native
    require(0 < len(value) <= _MAX_CERTIFICATE, "certificate")
    return value


def _extensions(parsed: Any) -> None:
    """None is known here; one that must be understood makes the whole not understood."""
    if isinstance(parsed, core.Void):
        return
    require(0 < len(parsed) <= MAX_EXTENSIONS, "extensions")
    require(not any(one["critical"].native for one in parsed), "critical_extension")


def _moment(parsed: Any) -> datetime:
    require(_MOMENT.fullmatch(parsed.contents) is not None, "time")
    moment: datetime = parsed.native
    return moment.astimezone(UTC)


def _word(parsed: Any, field: str) -> str:
    text: str = parsed.native
    require(_WORD.fullmatch(text) is not None, field)
    return text


def _text(parsed: Any) -> str:
    text: str = parsed.native
    require(_TEXT.fullmatch(text) is not None, "property_info")
    return text


def _small(parsed: Any, field: str) -> int:
    require(len(parsed.contents) <= 4, field)
    number: int = parsed.native
    return number


def _bits(parsed: Any) -> bytes:
    value: bytes = parsed.native  # whole bytes; others were refused
    return value


def _require_signed(certificate: bytes, content: bytes, signature: bytes) -> None:
    if not sm2.verify(sm2.public_point_of(certificate), content, signature):
        raise _refused("signature", "signature")


def _require_version(der: bytes, limit: int, seal_at: tuple[int, ...]) -> None:
    """Other versions are told by the number in the seal's header, before their other fields are looked at."""
    if len(der) > limit:
        return  # what comes next says so
    try:
        seal = der
        for place in seal_at:
            seal = children(seal)[place]
        kind, number = children(children(children(seal)[0])[0])[:2]
        fields = len(children(seal))
        if kind != b"\x16\x02ES" or number[:2] != b"\x02\x01":
            return
    except (ValueError, IndexError):
        return
    found = number[2]
    if found != VERSION:
        raise InputError("ses.version", version=_OTHERS.get(found, str(found)))
    if fields == 5:
        raise InputError("ses.version", version=_OTHERS[5])


def _guarded(what: str, der: bytes, limit: int, read: Callable[[], _Read]) -> _Read:
    if len(der) > limit:
        raise _refused(what, "size")
    try:
        return read()
    except Problem as problem:
        raise _refused(what, problem.reason) from None
    except Exception:  # the parser raises half a dozen types on nonsense
        raise _refused(what, "der") from None


def _refused(what: str, reason: str) -> InputError:
    return InputError("ses.refused", what=what, reason=reason)
