"""A software key made on this machine: for people whose identity the staff verified, who have no token."""

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509.oid import NameOID

from app.ca.keywrap import open_wrapped, refused
from app.ca.signatures import MALFORMED, parse_certificate
from app.ca.token import Act
from app.clock import Clock, SystemClock
from app.errors import InputError

_LIFETIME = timedelta(days=365)
_CLOCK_SLACK = timedelta(hours=1)


class DeviceKeyHolder:
    """A P-256 device key (设备密钥) with a self-signed certificate; one key signs and opens. A ``KeyHolder``.

    Its certificate proves only that the same device acts again; who sits there is said by the sign-in method.
    """

    def __init__(self, private_key: ec.EllipticCurvePrivateKey, certificate: bytes) -> None:
        self._key = private_key
        self._certificate = certificate

    @classmethod
    def create(cls, name: str, clock: Clock | None = None) -> "DeviceKeyHolder":
        """A fresh key for the person ``name``; the certificate is valid for 365 days from the clock's now."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = (clock or SystemClock()).now()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=True,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=True,
            key_cert_sign=False,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = (
            x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - _CLOCK_SLACK)
            .not_valid_after(now + _LIFETIME)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate.public_bytes(Encoding.DER))

    @classmethod
    def restore(cls, exported: bytes, certificate: bytes) -> "DeviceKeyHolder":
        """The holder whose :meth:`export` and certificate were kept.

        Raises:
            InputError: ``device_key.unreadable``.
        """
        try:
            key = load_der_private_key(exported, None)
            public = parse_certificate(certificate).public_key()
        except (InputError, TypeError, *MALFORMED):
            raise InputError("device_key.unreadable") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != public:
            raise InputError("device_key.unreadable")
        return cls(key, certificate)

    def export(self) -> bytes:
        """The private key, PKCS#8 DER, unencrypted: a secret for the machine's keyring and nowhere else."""
        return self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    @property
    def signing_certificate(self) -> bytes:
        return self._certificate

    @property
    def encryption_certificate(self) -> bytes:
        return self._certificate

    @property
    def chain(self) -> tuple[bytes, ...]:
        return ()

    async def sign(self, data: bytes, act: Act) -> bytes:
        """ECDSA P-256 with SHA-256, DER. Nobody is asked."""
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))

    async def unwrap(self, blob: bytes, act: Act) -> bytes:
        """Open a blob wrapped to this certificate.

        Raises:
            InputError: ``keywrap.refused``.
        """
        return await open_wrapped(blob, self._certificate, self._oaep, self._ecdh)

    async def _oaep(self, _ciphertext: bytes) -> bytes:
        raise refused()  # not an RSA key

    async def _ecdh(self, point: bytes) -> bytes:
        return self._key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))
