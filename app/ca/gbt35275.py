"""Containers of GB/T 35275 (GM/T 0010): what CMS is to RSA and EC, for SM2 certificates.

- *envelopedData* (数字信封): an SM4 key encrypted with SM2 for each recipient, the data under it in SM4-CBC. It is made
  of what national tokens can do: ``SKF_ImportSessionKey`` and ``SKF_Decrypt`` (GM/T 0016) open both inside the device.
  The standard has no authenticated mode: **nothing in this container tells that its content is unchanged**. Who uses
  it binds the content otherwise, as the envelope does by the commitment to every share and the hash of its core.
- *signedData* (签名数据): :mod:`app.ca.gbt35275_signed`.

Structures: GB/T 35275-2017 clause 9; what is inside: GB/T 35276. All that is read is DER, encoded again and
compared, so that nothing hides between the fields.
"""

import os
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from app.ca import sm2
from app.errors import InputError

MAX_DATA: Final = 16 * 1024
MAX_BLOB: Final = 64 * 1024
MAX_RECIPIENTS: Final = 32

DATA: Final = "1.2.156.10197.6.1.4.2.1"
ENVELOPED_DATA: Final = "1.2.156.10197.6.1.4.2.3"
SM2_ENCRYPT: Final = "1.2.156.10197.1.301.3"
SM4_CBC: Final = "1.2.156.10197.1.104.2"

_BLOCK: Final = 16


class Algorithm(core.Sequence):  # type: ignore[misc]
    """AlgorithmIdentifier."""

    _fields = [("algorithm", core.ObjectIdentifier), ("parameters", core.Any, {"optional": True})]  # noqa: RUF012


class _Recipient(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("version", core.Integer),
        ("rid", cms.IssuerAndSerialNumber),
        ("key_encryption_algorithm", Algorithm),
        ("encrypted_key", core.OctetString),
    ]


class _Recipients(core.SetOf):  # type: ignore[misc]
    _child_spec = _Recipient


class _EncryptedContent(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("content_type", core.ObjectIdentifier),
        ("algorithm", Algorithm),
        ("encrypted_content", core.OctetString, {"implicit": 0}),
    ]


class _Enveloped(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("version", core.Integer),
        ("recipients", _Recipients),
        ("encrypted_content_info", _EncryptedContent),
    ]


class _EnvelopedInfo(core.Sequence):  # type: ignore[misc]
    _fields = [("content_type", core.ObjectIdentifier), ("content", _Enveloped, {"explicit": 0})]  # noqa: RUF012


class Sealed(NamedTuple):
    """What a private key opens of an envelopedData: see :func:`sm4_open`.

    Attributes:
        wrapped_key: SM2 ciphertext (DER) of an SM4 key of 16 bytes; its point lies on the curve.
        iv: 16 bytes.
        ciphertext: SM4-CBC with PKCS#7 padding: 1 or more blocks of 16 bytes.
    """

    wrapped_key: bytes
    iv: bytes
    ciphertext: bytes


def envelop(data: bytes, certificates: Sequence[bytes], *, anonymous: bool = False) -> bytes:
    """An envelopedData (DER) that the holder of any of these SM2 certificates (DER) opens.

    ``anonymous``: for exactly one certificate; the recipient is named by an empty issuer and a random serial number.

    Raises:
        InputError: ``certificate.unreadable``, ``certificate.suite_unsupported``, ``sm2.unavailable``.
        ValueError: too much data, no or too many certificates.
    """
    if len(data) > MAX_DATA or not 0 < len(certificates) <= (1 if anonymous else MAX_RECIPIENTS):
        raise ValueError("gbt35275: size or number of recipients")
    key, iv = os.urandom(_BLOCK), os.urandom(_BLOCK)
    padder = PKCS7(_BLOCK * 8).padder()
    encryptor = Cipher(SM4(key), CBC(iv)).encryptor()
    ciphertext = encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()
    recipients = [
        {
            "version": 1,
            "rid": _nobody() if anonymous else issuer_and_serial(certificate),
            "key_encryption_algorithm": {"algorithm": SM2_ENCRYPT},
            "encrypted_key": sm2.encrypt(sm2.public_point_of(certificate), key),
        }
        for certificate in certificates
    ]
    content = {
        "version": 1,
        "recipients": recipients,
        "encrypted_content_info": {
            "content_type": DATA,
            "algorithm": {"algorithm": SM4_CBC, "parameters": core.OctetString(iv)},
            "encrypted_content": ciphertext,
        },
    }
    return bytes(_EnvelopedInfo({"content_type": ENVELOPED_DATA, "content": content}).dump())


def parse_enveloped(blob: bytes, certificate: bytes) -> Sealed:
    """What the holder of ``certificate`` (DER) opens in this envelopedData.

    Raises:
        InputError: ``gbt35275.refused``, the same for every fault of the blob.
    """
    if len(blob) > MAX_BLOB:
        raise refused()
    try:
        return _enveloped(blob, certificate)
    except Exception:  # the parser raises half a dozen types on nonsense; all of them mean the same here
        raise refused() from None


def sm4_open(key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
    """Undo SM4-CBC with PKCS#7 padding, where a token has given the key itself.

    Raises:
        InputError: ``gbt35275.refused``.
    """
    if len(key) != _BLOCK or len(iv) != _BLOCK or not ciphertext or len(ciphertext) % _BLOCK:
        raise refused()
    decryptor = Cipher(SM4(key), CBC(iv)).decryptor()
    unpadder = PKCS7(_BLOCK * 8).unpadder()
    try:
        return unpadder.update(decryptor.update(ciphertext) + decryptor.finalize()) + unpadder.finalize()
    except ValueError:
        raise refused() from None


def issuer_and_serial(certificate: bytes) -> cms.IssuerAndSerialNumber:
    """How both kinds of container name a certificate (DER).

    Raises:
        InputError: ``certificate.unreadable``.
    """
    try:
        parsed = asn1_x509.Certificate.load(certificate, strict=True)
        return cms.IssuerAndSerialNumber({"issuer": parsed.issuer, "serial_number": parsed.serial_number})
    except (ValueError, TypeError):
        raise InputError("certificate.unreadable") from None


def refused() -> InputError:
    """The one error for any container that is none."""
    return InputError("gbt35275.refused")


def require(condition: bool) -> None:
    """Raise :func:`refused` unless ``condition``."""
    if not condition:
        raise refused()


def _nobody() -> cms.IssuerAndSerialNumber:
    # Sixteen bytes, the first neither zero nor negative: the length tells nothing either.
    serial = int.from_bytes(bytes([0x40 | os.urandom(1)[0] & 0x3F]) + os.urandom(15), "big")
    return cms.IssuerAndSerialNumber({"issuer": asn1_x509.Name("", asn1_x509.RDNSequence([])), "serial_number": serial})


def _enveloped(blob: bytes, certificate: bytes) -> Sealed:
    info = _EnvelopedInfo.load(blob, strict=True)
    require(info["content_type"].dotted == ENVELOPED_DATA)
    content = info["content"]
    recipients = content["recipients"]
    require(content["version"].native == 1 and 0 < len(recipients) <= MAX_RECIPIENTS)
    me, alone = issuer_and_serial(certificate).dump(), len(recipients) == 1
    mine = [one for one in recipients if one["rid"].dump() == me or (alone and _is_nobody(one["rid"]))]
    require(len(mine) == 1 and mine[0]["version"].native == 1)
    require_algorithm(mine[0]["key_encryption_algorithm"], SM2_ENCRYPT)
    encrypted = content["encrypted_content_info"]
    algorithm = encrypted["algorithm"]
    require(encrypted["content_type"].dotted == DATA and algorithm["algorithm"].dotted == SM4_CBC)
    iv = algorithm["parameters"].parse(core.OctetString).native
    ciphertext, wrapped_key = encrypted["encrypted_content"].native, mine[0]["encrypted_key"].native
    require(len(iv) == _BLOCK and len(ciphertext) >= _BLOCK and len(ciphertext) % _BLOCK == 0)
    require(len(sm2.ciphertext_parts(wrapped_key)[3]) == _BLOCK)
    require(info.dump(force=True) == blob)
    return Sealed(wrapped_key, iv, ciphertext)


def _is_nobody(rid: cms.IssuerAndSerialNumber) -> bool:
    return not rid["issuer"].chosen


def require_algorithm(algorithm: Any, *allowed: str) -> None:
    """Raise :func:`refused` unless it is one of these (dotted), without parameters."""
    require(algorithm["algorithm"].dotted in allowed)
    require(algorithm["parameters"].native is None)  # absent or NULL
