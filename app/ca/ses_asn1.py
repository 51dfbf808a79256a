"""The structures of GB/T 38540-2020, version 4, clauses 7.2 and 8.2, and reading them in their one encoding (DER)."""

from typing import Any, Final

from asn1crypto import core, parser

_MAX_ELEMENTS: Final = 5000
_MAX_DEPTH: Final = 12


class Problem(Exception):
    """Something is not as it must be; ``reason`` is a word for the facts of an error."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def require(condition: bool, reason: str) -> None:
    """Raise :class:`Problem` unless ``condition``."""
    if not condition:
        raise Problem(reason)


class ExtensionAsn1(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("extn_id", core.ObjectIdentifier),
        ("critical", core.Boolean, {"default": False}),
        ("value", core.OctetString),
    ]


class ExtensionsAsn1(core.SequenceOf):  # type: ignore[misc]
    _child_spec = ExtensionAsn1


class HeaderAsn1(core.Sequence):  # type: ignore[misc]
    _fields = [("id", core.IA5String), ("version", core.Integer), ("vid", core.IA5String)]  # noqa: RUF012


class CertificatesAsn1(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.OctetString


class DigestAsn1(core.Sequence):  # type: ignore[misc]
    _fields = [("type", core.PrintableString), ("value", core.OctetString)]  # noqa: RUF012


class DigestsAsn1(core.SequenceOf):  # type: ignore[misc]
    _child_spec = DigestAsn1


class PropertyAsn1(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("type", core.Integer),
        ("name", core.UTF8String),
        ("cert_list_type", core.Integer),
        ("cert_list", core.Any),
        ("create_date", core.GeneralizedTime),
        ("valid_start", core.GeneralizedTime),
        ("valid_end", core.GeneralizedTime),
    ]


class PictureAsn1(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("type", core.IA5String),
        ("data", core.OctetString),
        ("width", core.Integer),
        ("height", core.Integer),
    ]


class SealInfoAsn1(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("header", HeaderAsn1),
        ("es_id", core.IA5String),
        ("property", PropertyAsn1),
        ("picture", PictureAsn1),
        ("extensions", ExtensionsAsn1, {"explicit": 0, "optional": True}),
    ]


class SealAsn1(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("info", SealInfoAsn1),
        ("certificate", core.OctetString),
        ("algorithm", core.ObjectIdentifier),
        ("signature", core.OctetBitString),
    ]


class ToSignAsn1(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("version", core.Integer),
        ("seal", SealAsn1),
        ("time", core.GeneralizedTime),
        ("data_hash", core.OctetBitString),
        ("property_info", core.IA5String),
        ("extensions", ExtensionsAsn1, {"explicit": 0, "optional": True}),
    ]


class SignatureAsn1(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("to_sign", ToSignAsn1),
        ("certificate", core.OctetString),
        ("algorithm", core.ObjectIdentifier),
        ("signature", core.OctetBitString),
        ("time_stamp", core.OctetBitString, {"explicit": 0, "optional": True}),
    ]


def strict(kind: type[core.Sequence], der: bytes) -> Any:
    """``der`` as ``kind``, with one possible encoding only: structure by encoding it again, leaves one by one."""
    _check_leaves(der, 0, len(der), 0, _MAX_ELEMENTS)
    parsed = kind.load(der, strict=True)
    require(parsed.dump(force=True) == der, "der")
    return parsed


def children(element: bytes) -> list[bytes]:
    """The first eight elements inside a constructed one that fills ``element`` exactly; ValueError otherwise."""
    _, method, _, _, content, trailer = parser.parse(element, strict=True)
    if method != 1 or trailer:
        raise ValueError("not a constructed element of definite length")
    found: list[bytes] = []
    while content and len(found) < 8:
        length = parser.peek(content)
        found.append(content[:length])
        content = content[length:]
    return found


def _check_leaves(data: bytes, start: int, end: int, depth: int, left: int) -> int:
    """Lengths, integers and booleans between ``start`` and ``end`` as DER wants them; returns ``left`` elements."""
    require(depth <= _MAX_DEPTH, "depth")
    while start < end:
        left -= 1
        require(left > 0, "elements")
        tag, size, start = data[start], data[start + 1], start + 2
        if size >= 128:
            octets = size - 128
            size, start = int.from_bytes(data[start : start + octets], "big"), start + octets
            require(0 < octets <= 4 and size >= 128 and size.bit_length() > 8 * (octets - 1), "der")
        require(start + size <= end, "der")
        content = data[start : start + min(size, 2)]
        if tag & 0x20:
            left = _check_leaves(data, start, start + size, depth + 1, left)
        elif tag == core.Integer.tag:
            require(size > 0 and not _padded(content), "der")
        elif tag == core.Boolean.tag:
            require(size == 1 and content in (b"\0", b"\xff"), "der")
        start += size
    return left


def _padded(content: bytes) -> bool:
    first = content[:1] in (b"\0", b"\xff")
    return first and len(content) > 1 and (content[0] == 0) == (content[1] < 128)
