"""The receipt (签收回执): the host's signed word that it holds exactly this envelope since that moment.

Required by 87号令 art. 33. It binds the envelope's header hash, and through it every byte; opening needs that hash. It
says nothing of how many envelopes there are: no index, no count.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.ca.envelope_header import Hex32
from app.ca.signatures import MALFORMED, fingerprint, parse_certificate, verify_signature
from app.canon import canonical, parse_canonical, sha256_hex
from app.clock import parse_stamp, stamp
from app.errors import FaultError, InputError

SIGNATURE_DOMAIN: Final = b"bidroom receipt v1\x00"
MAX_RECEIPT: Final = 64 * 1024

_Text = Annotated[str, msgspec.Meta(max_length=256)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class ReceiptBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the host signs.

    Attributes:
        case, lot: where the envelope was handed in.
        header_sha256, size: of the envelope; bytes in all.
        received_at: when its last byte had arrived, by the host's clock (:func:`app.clock.stamp`).
        person, organisation: the supplier's person who handed it in, and for whom.
        replaces: SHA-256 of the receipt this one takes the place of, or None.
        host: fingerprint of the host's certificate.
        backup: commitment to a backup bid (:mod:`app.ca.backup`), where one was announced.
    """

    v: Literal[1]
    case: _Name
    lot: _Text
    header_sha256: Hex32
    size: Annotated[int, msgspec.Meta(ge=1, le=1 << 50)]
    received_at: _Name
    person: _Text
    organisation: _Name
    replaces: Hex32 | None
    host: Hex32
    backup: Hex32 | None = None


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body with the host's certificate (DER) and signature: of :func:`verify_signature`'s kinds, or Ed25519."""

    body: ReceiptBody
    certificate: bytes
    signature: bytes

    def to_bytes(self) -> bytes:
        """Canonical JSON, the bytes in base64: the file the supplier keeps."""
        return canonical(msgspec.to_builtins(self))

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the file: how a withdrawal or a replacing receipt names this one."""
        return sha256_hex(self.to_bytes())


def issue(
    *,
    case: str,
    lot: str,
    header_sha256: str,
    size: int,
    received_at: datetime,
    person: str,
    organisation: str,
    replaces: str | None,
    certificate: bytes,
    sign: Callable[[bytes], bytes],
    backup: str | None = None,
) -> Receipt:
    """Make a receipt for an envelope that :func:`app.ca.envelope.check` has passed and that is on the disk.

    Args:
        certificate: the host's, DER.
        sign: signs bytes with its key.

    Raises:
        InputError: ``receipt.content`` for values out of bounds, ``certificate.*``.
        FaultError: ``receipt.signature``: certificate and key do not belong together.
    """
    body = ReceiptBody(
        v=1,
        case=case,
        lot=lot,
        header_sha256=header_sha256,
        size=size,
        received_at=stamp(received_at),
        person=person,
        organisation=organisation,
        replaces=replaces,
        host=fingerprint(certificate),
        backup=backup,
    )
    receipt = Receipt(body=body, certificate=certificate, signature=sign(signed_bytes(body)))
    try:
        parse(receipt.to_bytes())
    except InputError:
        raise InputError("receipt.content") from None
    if not _is_signed(receipt):
        raise FaultError("receipt.signature")
    return receipt


def parse(data: bytes) -> Receipt:
    """Read a receipt; nothing in it is verified yet.

    Raises:
        InputError: ``receipt.malformed``.
    """
    try:
        receipt = msgspec.convert(parse_canonical(data, MAX_RECEIPT), Receipt)
        if receipt.to_bytes() != data or stamp(parse_stamp(receipt.body.received_at)) != receipt.body.received_at:
            raise InputError("receipt.malformed")
    except (InputError, msgspec.ValidationError, ValueError, OverflowError):
        raise InputError("receipt.malformed") from None
    return receipt


def verify(data: bytes, host: str) -> Receipt:
    """Read a receipt and check that the host with the certificate fingerprint ``host`` signed it.

    The fingerprint comes from outside: the sealing kit, the invitation link, or the case's record.

    Raises:
        InputError: ``receipt.malformed``, ``receipt.other_host``, ``receipt.not_signed``.
    """
    receipt = parse(data)
    if receipt.body.host != host or fingerprint(receipt.certificate) != host:
        raise InputError("receipt.other_host")
    if not _is_signed(receipt):
        raise InputError("receipt.not_signed")
    return receipt


def signed_bytes(body: ReceiptBody) -> bytes:
    """Exactly what the host's signature is over."""
    return SIGNATURE_DOMAIN + canonical(msgspec.to_builtins(body))


def _is_signed(receipt: Receipt) -> bool:
    data = signed_bytes(receipt.body)
    try:
        key: object = parse_certificate(receipt.certificate).public_key()
    except (InputError, *MALFORMED):
        key = None  # SM2 is none of cryptography's keys
    if not isinstance(key, Ed25519PublicKey):
        return verify_signature(receipt.certificate, data, receipt.signature)
    try:
        key.verify(receipt.signature, data)
    except InvalidSignature:
        return False
    return True
