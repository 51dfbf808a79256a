"""SM2 (GB/T 32918, GM/T 0003) in software: what a desk needs to check and wrap, and keys for rehearsals and tests.

Curve and arithmetic are a library's (docs/adr/0015-sm2-by-gmssl-fast.md); SM3 is ``cryptography``'s. This module
brings both into the forms that certificates, tokens and files use, all in DER: signatures ``SEQUENCE { r, s }``,
ciphertexts ``SEQUENCE { x, y, C3, C2 }`` (GM/T 0009 7.2, 7.3). Points are 65 bytes, ``04 ‖ x ‖ y``. Every value from
outside is limited in size, has one encoding only, and is a point of the curve before anything is computed with it.
"""

from typing import Any, Final

from asn1crypto import core
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes

from app.errors import FaultError, InputError

try:
    import gmssl_fast
except ImportError:  # no build of the library for this machine: nothing is verified, and everyone is told so
    gmssl_fast = None  # type: ignore[assignment]

SM2_ID: Final = b"1234567812345678"
"""The signer's identity (distid, 用户身份标识) of GM/T 0009 clause 10, which all certificates and tokens use."""

P: Final = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFF
N: Final = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123
A: Final = P - 3
B: Final = 0x28E9FA9E_9D9F5E34_4D5A9E4B_CF6509A7_F39789F5_15AB8F92_DDBCBD41_4D940E93
GENERATOR: Final = bytes.fromhex(
    "0432c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)
POINT_BYTES: Final = 65
MAX_PLAIN: Final = 255
"""Bytes that one SM2 ciphertext may hold here; enough for every key."""

_SIDE: Final = 32
_MAX_DER: Final = 512
_EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"
_SM2_CURVE: Final = "1.2.156.10197.1.301"


class _Signature(core.Sequence):  # type: ignore[misc]
    _fields = [("r", core.Integer), ("s", core.Integer)]  # noqa: RUF012


class _Ciphertext(core.Sequence):  # type: ignore[misc]
    _fields = [  # noqa: RUF012
        ("x", core.Integer),
        ("y", core.Integer),
        ("c3", core.OctetString),
        ("c2", core.OctetString),
    ]


def available() -> bool:
    """Whether SM2 can be computed on this machine."""
    return gmssl_fast is not None


def sm3(data: bytes) -> bytes:
    """SM3 (GB/T 32905) of ``data``: 32 bytes."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def is_point(point: bytes) -> bool:
    """Whether ``point`` is ``04 ‖ x ‖ y`` with both coordinates below p and on the curve; its order is then n, since
    the curve's cofactor is 1."""
    if len(point) != POINT_BYTES or point[0] != 4:
        return False
    x, y = _number(point[1:33]), _number(point[33:])
    return x < P and y < P and (y * y - (x * x * x + A * x + B)) % P == 0


def public_point_of(certificate_der: bytes) -> bytes:
    """The public key of an SM2 certificate, 65 bytes, on the curve.

    Raises:
        InputError: ``certificate.unreadable``; ``certificate.suite_unsupported`` for another kind of key.
    """
    try:
        info = asn1_x509.Certificate.load(certificate_der, strict=True)["tbs_certificate"]["subject_public_key_info"]
        algorithm, point = info["algorithm"], info["public_key"]
        is_sm2 = (
            algorithm["algorithm"].dotted == _EC_PUBLIC_KEY
            and algorithm["parameters"].name == "named"
            and algorithm["parameters"].chosen.dotted == _SM2_CURVE
        )
        data = bytes(point.contents[1:]) if point.contents[:1] == b"\0" else b""
    except Exception:  # the parser raises half a dozen types on nonsense
        raise InputError("certificate.unreadable") from None
    if not is_sm2:
        raise InputError("certificate.suite_unsupported", suite="unknown")
    if not is_point(data):
        raise InputError("certificate.unreadable")
    return data


def z_digest(public_point: bytes, data: bytes, distid: bytes = SM2_ID) -> bytes:
    """What an SM2 signature is computed over: e = SM3(Z ‖ data), Z = SM3(ENTL ‖ distid ‖ a ‖ b ‖ G ‖ public key)
    (GB/T 32918.2 5.5). 32 bytes; tokens are given exactly these.

    Raises:
        InputError: ``sm2.refused`` for a point that is none or a distid above 8191 bytes.
    """
    if not is_point(public_point) or len(distid) > 8191:
        raise refused()
    curve = _bytes(A) + _bytes(B) + GENERATOR[1:]
    z = sm3((len(distid) * 8).to_bytes(2, "big") + distid + curve + public_point[1:])
    return sm3(z + data)


def verify(public_point: bytes, data: bytes, signature: bytes) -> bool:
    """Whether ``signature`` (DER) over ``data`` was made with the key of ``public_point`` under :data:`SM2_ID`.

    False as well for a point off the curve, a signature in another encoding, and where SM2 is not available.
    """
    if gmssl_fast is None or not is_point(public_point):
        return False
    try:
        return bool(gmssl_fast.SM2(public_key=public_point.hex()).verify(data, signature_raw(signature)))
    except (InputError, gmssl_fast.GmsslError, ValueError):
        return False


def signature_der(raw: bytes) -> bytes:
    """DER of a signature as tokens give it: r ‖ s, 64 bytes, each 1 … n-1.

    Raises:
        InputError: ``sm2.refused``.
    """
    r, s = _number(raw[:_SIDE]), _number(raw[_SIDE:])
    if len(raw) != 2 * _SIDE or not (0 < r < N and 0 < s < N):
        raise refused()
    return bytes(_Signature({"r": r, "s": s}).dump())


def signature_raw(der: bytes) -> bytes:
    """r ‖ s, 64 bytes, of a signature in DER.

    Raises:
        InputError: ``sm2.refused``, also for another encoding than DER's own.
    """
    fields = _parsed(_Signature, der)
    r, s = fields["r"].native, fields["s"].native
    if not (0 < r < N and 0 < s < N):
        raise refused()
    return _bytes(r) + _bytes(s)


def encrypt(public_point: bytes, data: bytes) -> bytes:
    """Encrypt 1 to 255 bytes to the holder of ``public_point``; DER.

    Raises:
        InputError: ``sm2.refused`` for a point that is none; ``sm2.unavailable``.
        ValueError: too little or too much data.
    """
    if not 1 <= len(data) <= MAX_PLAIN:
        raise ValueError("sm2: size of the data")
    if not is_point(public_point):
        raise refused()
    raw = _library().SM2(public_key=public_point.hex()).encrypt(data)
    return ciphertext_der(raw[:32], raw[32:64], raw[64:96], raw[96:])


def ciphertext_der(x: bytes, y: bytes, c3: bytes, c2: bytes) -> bytes:
    """DER of a ciphertext's parts: the point C1 (32 bytes each), the digest C3 (32 bytes), C2 as long as the data.

    Raises:
        InputError: ``sm2.refused``.
    """
    if not is_point(b"\x04" + x + y) or len(x) != _SIDE or len(c3) != _SIDE or not 1 <= len(c2) <= MAX_PLAIN:
        raise refused()
    return bytes(_Ciphertext({"x": _number(x), "y": _number(y), "c3": c3, "c2": c2}).dump())


def ciphertext_parts(der: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """x, y, C3 and C2 of a ciphertext in DER, for tokens. C1 lies on the curve: a token must never see another point.

    Raises:
        InputError: ``sm2.refused``, also for another encoding than DER's own.
    """
    fields = _parsed(_Ciphertext, der)
    x, y, c3, c2 = (fields[name].native for name in ("x", "y", "c3", "c2"))
    if not (0 <= x < P and 0 <= y < P):
        raise refused()
    parts = (_bytes(x), _bytes(y), c3, c2)
    ciphertext_der(*parts)
    return parts


class PrivateKey:
    """A private key in software. Timing depends on it (ADR 15): for rehearsals and tests. ``repr`` shows nothing.

    Attributes:
        public_point: 65 bytes.
    """

    def __init__(self, scalar: bytes, public_point: bytes) -> None:
        """Args: ``scalar``: d, 32 bytes, 1 … n-2; ``public_point``: dG.

        Raises:
            InputError: ``sm2.refused`` when they are none or do not belong together; ``sm2.unavailable``.
        """
        if len(scalar) != _SIDE or not 0 < _number(scalar) < N - 1 or not is_point(public_point):
            raise refused()
        self._scalar = _number(scalar)
        self._key = _library().SM2(scalar.hex(), public_point.hex())
        self.public_point = public_point
        try:
            mine = verify(public_point, b"", self.sign(b""))
        except FaultError:
            mine = False
        if not mine:
            raise refused()

    @classmethod
    def generate(cls) -> "PrivateKey":
        """A fresh key.

        Raises:
            InputError: ``sm2.unavailable``.
        """
        return cls(*_generate())

    def __repr__(self) -> str:
        return "PrivateKey()"

    def scalar(self) -> bytes:
        """d, 32 bytes: the secret itself, to keep it where secrets are kept."""
        return _bytes(self._scalar)

    def sign(self, data: bytes) -> bytes:
        """SM2-with-SM3 under :data:`SM2_ID`, DER.

        Raises:
            FaultError: ``sm2.failed``.
        """
        try:
            return signature_der(self._key.sign(data))
        except (ValueError, InputError, gmssl_fast.GmsslError):
            raise FaultError("sm2.failed") from None

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign e, 32 bytes (:func:`z_digest`), as a token does (GB/T 32918.2 6.1); DER."""
        if len(digest) != _SIDE:
            raise ValueError("sm2: a digest has 32 bytes")
        while True:
            k_bytes, point = _generate()
            k = _number(k_bytes)
            r = (_number(digest) + _number(point[1:33])) % N
            s = pow(1 + self._scalar, -1, N) * (k - r * self._scalar) % N
            if r and s and r + k != N:
                return signature_der(_bytes(r) + _bytes(s))

    def decrypt(self, ciphertext: bytes) -> bytes:
        """Open a ciphertext in DER.

        Raises:
            InputError: ``sm2.refused`` whatever is wrong with it.
        """
        try:
            return bytes(self._key.decrypt(b"".join(ciphertext_parts(ciphertext))))
        except (ValueError, gmssl_fast.GmsslError):
            raise refused() from None


def refused() -> InputError:
    """The one error for anything from outside that is no SM2 value or does not open."""
    return InputError("sm2.refused")


def _library() -> Any:
    if gmssl_fast is None:
        raise InputError("sm2.unavailable")
    return gmssl_fast


def _generate() -> tuple[bytes, bytes]:
    made = _library().SM2.generate()
    return bytes.fromhex(made.private_key_hex), bytes.fromhex(made.public_key_hex)


def _parsed(kind: type[core.Sequence], der: bytes) -> Any:
    if len(der) > _MAX_DER:
        raise refused()
    try:
        fields = kind.load(der, strict=True)
        same = bool(kind({name: fields[name].native for name in fields}).dump() == der)
    except Exception:  # as above: any of them means that these bytes are no such value
        raise refused() from None
    if not same:
        raise refused()
    return fields


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _bytes(number: int) -> bytes:
    return number.to_bytes(_SIDE, "big")
