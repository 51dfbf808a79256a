"""Small secrets wrapped to certificates: CMS AuthEnvelopedData that ``openssl cms -decrypt`` opens as well.

AES-256-GCM (RFC 5083, RFC 5084); per recipient RSA-OAEP with SHA-256 (RFC 4055) or one-pass ECDH on P-256 with the
X9.63 KDF over SHA-256 and AES-256 key wrap (RFC 5753). To SM2 certificates the container is GB/T 35275's
(:mod:`app.ca.gbt35275`), which has no authenticated mode: whoever wraps to people binds the content itself, as the
envelope does. The private operation is a callable: it can happen in a token. Nothing here binds the list of recipients:
whoever embeds a blob binds its hash.
"""

import hashlib
import os
import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from asn1crypto import (
    algos,
    cms,
    core,
    keys,
    tsp,  # noqa: F401 - it adds names to CMS's tables, which asn1crypto reads once: later is too late for time stamps
)
from asn1crypto import x509 as asn1_x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.ca import gbt35275
from app.ca.signatures import EC_SUITE, RSA_SUITE, SM2_SUITE, parse_certificate, suite_of
from app.errors import InputError

MAX_DATA = 16 * 1024
MAX_BLOB = 64 * 1024
MAX_RECIPIENTS = 32

_AES256_WRAP = "2.16.840.1.101.3.4.1.45"
_ECDH_SHA256_KDF = "1.3.132.1.11.1"
_NONCE, _TAG, _KEY, _HASH = 12, 16, 32, 32
_P256_POINT = 65

PrivateOperation = Callable[[bytes], Awaitable[bytes]]
Sm4Operation = Callable[[gbt35275.Sealed], Awaitable[bytes]]
"""Opens both layers of what SM2 wraps: the SM4 key with the private key, the data with that; gives the data without its
padding, or raises ``keywrap.refused``. Where a token gives the SM4 key itself: :func:`app.ca.gbt35275.sm4_open`."""


class _GcmParameters(core.Sequence):  # type: ignore[misc]  # RFC 5084 3.2
    _fields = [("nonce", core.OctetString), ("icv_len", core.Integer, {"default": 12})]  # noqa: RUF012


class _SharedInfo(core.Sequence):  # type: ignore[misc]  # RFC 5753 7.2
    _fields = [  # noqa: RUF012
        ("key_info", algos.AlgorithmIdentifier),
        ("supplementary", core.OctetString, {"explicit": 2}),
    ]


class _Wrapped(NamedTuple):
    """One parsed blob, reduced to what its reader needs."""

    point: bytes | None
    encrypted_key: bytes
    nonce: bytes
    ciphertext: bytes


def refused() -> InputError:
    """The one error of this module for any blob that does not open: it tells an attacker nothing more."""
    return InputError("keywrap.refused")


def wrap(data: bytes, certificates: Sequence[bytes], *, anonymous: bool = False) -> bytes:
    """Encrypt ``data`` (at most ``MAX_DATA`` bytes) to the holders of ``certificates`` (DER), each opening it alone.

    ``anonymous``: for exactly one certificate; the blob names its recipient by a random identifier instead of issuer
    and serial number, so that it does not show for whom it is (bidders stay unknown until the opening).

    Raises:
        InputError: ``certificate.unreadable``, ``certificate.suite_unsupported``, also for SM2 certificates together
            with others: no container holds both.
        ValueError: too much data, no or too many certificates.
    """
    if len(data) > MAX_DATA or not 0 < len(certificates) <= (1 if anonymous else MAX_RECIPIENTS):
        raise ValueError("keywrap: size or number of recipients")
    if {suite_of(parse_certificate(certificate)) for certificate in certificates} == {SM2_SUITE}:
        return gbt35275.envelop(data, certificates, anonymous=anonymous)
    content_key, nonce = os.urandom(_KEY), os.urandom(_NONCE)
    sealed = AESGCM(content_key).encrypt(nonce, data, None)
    recipients = [_recipient(certificate, content_key, anonymous) for certificate in certificates]
    content = cms.AuthEnvelopedData(
        {
            "version": "v0",
            "recipient_infos": recipients,
            "auth_encrypted_content_info": {
                "content_type": "data",
                "content_encryption_algorithm": {
                    "algorithm": "aes256_gcm",
                    "parameters": _GcmParameters({"nonce": nonce, "icv_len": _TAG}),
                },
                "encrypted_content": sealed[:-_TAG],
            },
            "mac": sealed[-_TAG:],
        }
    )
    info = cms.ContentInfo({"content_type": "authenticated_enveloped_data", "content": content})
    return bytes(info.dump())


async def open_wrapped(
    blob: bytes, certificate: bytes, oaep: PrivateOperation, ecdh: PrivateOperation, sm4: Sm4Operation | None = None
) -> bytes:
    """Open a blob made for ``certificate`` (DER); its key decides which container and which operation.

    Args:
        blob: output of :func:`wrap`.
        certificate: the reader's encryption certificate.
        oaep: RSA-OAEP-SHA256 decryption of one ciphertext with the certificate's private key.
        ecdh: raw P-256 Diffie-Hellman with an uncompressed point (65 bytes, already checked to lie on the curve);
            returns the 32-byte x coordinate.
        sm4: for an SM2 certificate.

    Raises:
        InputError: ``keywrap.refused``, the same for every fault of the blob; errors of the callables pass through.
    """
    if suite_of(parse_certificate(certificate)) == SM2_SUITE:
        return await _open_national(blob, certificate, sm4)
    wrapped = _parse(blob, certificate)
    if wrapped.point is None:
        content_key = await oaep(wrapped.encrypted_key)
    else:
        shared = await ecdh(wrapped.point)
        try:
            content_key = aes_key_unwrap(_key_encryption_key(shared), wrapped.encrypted_key)
        except (InvalidUnwrap, ValueError):
            raise refused() from None
    if len(content_key) != _KEY:
        raise refused()
    try:
        return AESGCM(content_key).decrypt(wrapped.nonce, wrapped.ciphertext, None)
    except InvalidTag:
        raise refused() from None


async def _open_national(blob: bytes, certificate: bytes, sm4: Sm4Operation | None) -> bytes:
    if sm4 is None:
        raise refused()
    try:
        return await sm4(gbt35275.parse_enveloped(blob, certificate))
    except InputError as error:
        if error.code in {"gbt35275.refused", "sm2.refused"}:
            raise refused() from None
        raise


def oaep_decode(encoded: bytes, size: int) -> bytes:
    """Undo OAEP (RFC 8017 7.1.2 step 3; SHA-256, MGF1 with SHA-256, empty label) after a raw RSA operation.

    For tokens that offer only CKM_RSA_X_509. ``size`` is the length of the modulus in bytes; ``encoded`` may come
    without its leading zeros.

    Raises:
        InputError: ``keywrap.refused``.
    """
    if len(encoded) > size or size < 2 * _HASH + 2:
        raise refused()
    encoded = encoded.rjust(size, b"\0")
    masked_seed, masked_block = encoded[1 : 1 + _HASH], encoded[1 + _HASH :]
    seed = _xor(masked_seed, _mgf1(masked_block, _HASH))
    block = _xor(masked_block, _mgf1(seed, len(masked_block)))
    rest = block[_HASH:]
    # All faults are gathered before one decision, so that none can be told from another (Manger's attack).
    found, end, bad = 0, 0, int(encoded[0])
    for difference in _xor(block[:_HASH], hashlib.sha256(b"").digest()):
        bad |= difference
    for place, byte in enumerate(rest):
        is_one = int(byte == 1)
        end |= place * (is_one & (1 - found))
        bad |= (1 - found) & (1 - is_one) & int(byte != 0)
        found |= is_one
    if bad | (1 - found):
        raise refused()
    return rest[end + 1 :]


def _recipient(certificate_der: bytes, content_key: bytes, anonymous: bool) -> cms.RecipientInfo:
    certificate = parse_certificate(certificate_der)
    suite, key = suite_of(certificate), None
    if suite in {RSA_SUITE, EC_SUITE}:
        key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return _key_transport(certificate_der, key, content_key, anonymous)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _key_agreement(certificate_der, key, content_key, anonymous)
    raise InputError("certificate.suite_unsupported", suite=suite)


def _key_transport(der: bytes, key: rsa.RSAPublicKey, content_key: bytes, anonymous: bool) -> cms.RecipientInfo:
    parameters = algos.RSAESOAEPParams(
        {
            "hash_algorithm": {"algorithm": "sha256"},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
        }
    )
    identifier = (
        cms.RecipientIdentifier("subject_key_identifier", os.urandom(20))
        if anonymous
        else cms.RecipientIdentifier("issuer_and_serial_number", _issuer_and_serial(der))
    )
    return cms.RecipientInfo(
        "ktri",
        {
            "version": "v2" if anonymous else "v0",
            "rid": identifier,
            "key_encryption_algorithm": {"algorithm": "rsaes_oaep", "parameters": parameters},
            "encrypted_key": key.encrypt(
                content_key, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
            ),
        },
    )


def _key_agreement(
    der: bytes, key: ec.EllipticCurvePublicKey, content_key: bytes, anonymous: bool
) -> cms.RecipientInfo:
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    key_encryption_key = _key_encryption_key(ephemeral.exchange(ec.ECDH(), key))
    public = ephemeral.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    identifier = (
        cms.KeyAgreementRecipientIdentifier("r_key_id", {"subject_key_identifier": os.urandom(20)})
        if anonymous
        else cms.KeyAgreementRecipientIdentifier("issuer_and_serial_number", _issuer_and_serial(der))
    )
    return cms.RecipientInfo(
        "kari",
        {
            "version": "v3",
            "originator": cms.OriginatorIdentifierOrKey("originator_key", keys.PublicKeyInfo.load(public)),
            "key_encryption_algorithm": cms.KeyEncryptionAlgorithm(
                {
                    "algorithm": _ECDH_SHA256_KDF,
                    "parameters": algos.AlgorithmIdentifier({"algorithm": _AES256_WRAP}),
                }
            ),
            "recipient_encrypted_keys": [
                {"rid": identifier, "encrypted_key": aes_key_wrap(key_encryption_key, content_key)}
            ],
        },
    )


def _issuer_and_serial(der: bytes) -> cms.IssuerAndSerialNumber:
    certificate = asn1_x509.Certificate.load(der)
    return cms.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number})


def _key_encryption_key(shared: bytes) -> bytes:
    info = _SharedInfo({"key_info": {"algorithm": _AES256_WRAP}, "supplementary": struct.pack(">I", _KEY * 8)})
    return X963KDF(hashes.SHA256(), _KEY, info.dump()).derive(shared)


def _parse(blob: bytes, certificate: bytes) -> _Wrapped:
    if len(blob) > MAX_BLOB:
        raise refused()
    try:
        return _parse_unsafe(blob, certificate)
    except Exception:  # the parser raises half a dozen types on nonsense; all of them mean the same here
        raise refused() from None


def _parse_unsafe(blob: bytes, certificate: bytes) -> _Wrapped:
    info = cms.ContentInfo.load(blob, strict=True)
    _require(info["content_type"].native == "authenticated_enveloped_data")
    content = info["content"]
    _require(content["version"].native == "v0")
    _require(all(content[field].native is None for field in ("originator_info", "auth_attrs", "unauth_attrs")))
    recipients = content["recipient_infos"]
    _require(0 < len(recipients) <= MAX_RECIPIENTS)
    _require(info.dump(force=True) == blob)  # one encoding only (DER): nothing hides between the fields
    me = _issuer_and_serial(certificate)
    mine = [recipient for recipient in recipients if _is_for(recipient, me, len(recipients) == 1)]
    _require(len(mine) == 1)
    point, encrypted_key = _transported(mine[0].chosen) if mine[0].name == "ktri" else _agreed(mine[0].chosen)
    encrypted = content["auth_encrypted_content_info"]
    _require(encrypted["content_type"].native == "data")
    algorithm = encrypted["content_encryption_algorithm"]
    _require(algorithm["algorithm"].native == "aes256_gcm")
    parameters = _GcmParameters.load(algorithm["parameters"].dump(), strict=True)
    nonce, mac, ciphertext = parameters["nonce"].native, content["mac"].native, encrypted["encrypted_content"].native
    _require(parameters["icv_len"].native == _TAG and len(nonce) == _NONCE and len(mac) == _TAG)
    return _Wrapped(point, encrypted_key, nonce, ciphertext + mac)


def _is_for(recipient: Any, me: cms.IssuerAndSerialNumber, alone: bool) -> bool:
    version = recipient.chosen["version"].native
    if recipient.name == "ktri":
        identifier = recipient.chosen["rid"]
        _require(version == ("v0" if identifier.name == "issuer_and_serial_number" else "v2"))
    elif recipient.name == "kari":
        encrypted_keys = recipient.chosen["recipient_encrypted_keys"]
        _require(version == "v3" and len(encrypted_keys) == 1)
        identifier = encrypted_keys[0]["rid"]
    else:
        return False
    if identifier.name == "issuer_and_serial_number":
        named = identifier.chosen
        same_issuer = named["issuer"].dump() == me["issuer"].dump()
        return same_issuer and bool(named["serial_number"].native == me["serial_number"].native)
    return alone


def _transported(recipient: Any) -> tuple[None, bytes]:
    algorithm = recipient["key_encryption_algorithm"]
    _require(algorithm["algorithm"].native == "rsaes_oaep")
    parameters = algorithm["parameters"]
    _require(parameters["hash_algorithm"]["algorithm"].native == "sha256")
    mask = parameters["mask_gen_algorithm"]
    _require(mask["algorithm"].native == "mgf1" and mask["parameters"]["algorithm"].native == "sha256")
    _require(parameters["p_source_algorithm"]["parameters"].native == b"")
    return None, recipient["encrypted_key"].native


def _agreed(recipient: Any) -> tuple[bytes, bytes]:
    algorithm = recipient["key_encryption_algorithm"]
    _require(algorithm["algorithm"].dotted == _ECDH_SHA256_KDF)
    _require(algos.AlgorithmIdentifier.load(algorithm["parameters"].dump())["algorithm"].dotted == _AES256_WRAP)
    _require(recipient["ukm"].native is None and recipient["originator"].name == "originator_key")
    key = recipient["originator"].chosen
    _require(key["algorithm"]["algorithm"].native == "ec")
    _require(key["algorithm"]["parameters"].native in (None, "secp256r1"))
    bits = key["public_key"].contents
    point = bits[1:]
    _require(bits[:1] == b"\0" and len(point) == _P256_POINT)
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)  # off the curve: the token must never see it
    return point, recipient["recipient_encrypted_keys"][0]["encrypted_key"].native


def _require(condition: bool) -> None:
    if not condition:
        raise refused()


def _mgf1(seed: bytes, length: int) -> bytes:
    blocks = (hashlib.sha256(seed + struct.pack(">I", counter)).digest() for counter in range(-(-length // _HASH)))
    return b"".join(blocks)[:length]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
