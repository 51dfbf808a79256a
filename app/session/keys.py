"""The host's own keys for one case: the log key, the host's certificate, the case key for confidential content.

They are files of mode 0600 in the case folder, under the system's keyring where that was chosen
(:mod:`app.keystore`): by default not, for a host must survive a restart without a person. None of them opens a bid:
that takes the suppliers' and the openers' tokens. Without a keyring the case key can be taken to another machine with
the folder; ``docs/architecture.md`` says what its owner could do with it and what not.
"""

import os
import secrets
import ssl
import tempfile
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from app import keystore
from app.ca.device_key import DeviceKeyHolder
from app.ca.signatures import fingerprint
from app.clock import Clock
from app.errors import FaultError
from app.settings import data_dir

HOST_CERTIFICATE_YEARS = 3
SECRET_FILES = ("log.key", "case.key", "host.key")


class HostKeys:
    """Log key (Ed25519), host key (P-256, also TLS and unwrapping of released shares), case key (32 bytes)."""

    def __init__(self, folder: Path, log_key: Ed25519PrivateKey, host_key: ec.EllipticCurvePrivateKey,
                 certificate: bytes, case_key: bytes) -> None:  # fmt: skip
        self.folder = folder
        self.log_key = log_key
        self.host_key = host_key
        self.certificate = certificate
        self.case_key = case_key

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the host's certificate, hex: what links carry."""
        return fingerprint(self.certificate)

    @property
    def log_public(self) -> bytes:
        return self.log_key.public_key().public_bytes_raw()

    def holder(self) -> DeviceKeyHolder:
        """The host as a holder of shares released to it."""
        return DeviceKeyHolder(self.host_key, self.certificate)

    def sign(self, data: bytes) -> bytes:
        """ECDSA SHA-256 (DER) with the host's key: receipts."""
        return self.host_key.sign(data, ec.ECDSA(hashes.SHA256()))

    def tls(self) -> ssl.SSLContext:
        """TLS 1.3 with the host's certificate; desks pin its fingerprint."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if not keystore.is_wrapped(self.folder / "host.key"):
            context.load_cert_chain(self.folder / "host.crt", self.folder / "host.key")
            return context
        # OpenSSL reads keys from files only: for a moment there is one, under a password that nobody learns.
        password = secrets.token_urlsafe(24)
        locked = serialization.BestAvailableEncryption(password.encode())
        pem = self.host_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
        with tempfile.TemporaryDirectory(prefix="bidroom-") as folder:
            path = Path(folder) / "host.pem"
            path.write_bytes(pem)
            context.load_cert_chain(self.folder / "host.crt", path, password)
        return context

    @classmethod
    def create(cls, folder: Path, name: str, clock: Clock) -> "HostKeys":
        """Make and keep new keys in ``folder`` (which must not have any)."""
        folder.mkdir(parents=True, exist_ok=True)
        log_key, host_key = Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
        now = clock.now()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(host_key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=366 * HOST_CERTIFICATE_YEARS))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(host_key, hashes.SHA256())
        )
        keystore.write_new(folder / "log.key", log_key.private_bytes_raw(), keystore.Kind.HOST)
        keystore.write_new(folder / "case.key", secrets.token_bytes(32), keystore.Kind.HOST)
        plain = serialization.NoEncryption()
        keystore.write_new(
            folder / "host.key",
            host_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain),
            keystore.Kind.HOST,
        )
        _keep(folder / "host.crt", certificate.public_bytes(serialization.Encoding.PEM))
        return cls.load(folder)

    @classmethod
    def load(cls, folder: Path) -> "HostKeys":
        """Read the keys back.

        Raises:
            FaultError: ``host.keys_missing``; ``secret.key_missing``, ``secret.damaged`` of :mod:`app.keystore`.
        """
        try:
            log_key = Ed25519PrivateKey.from_private_bytes(keystore.read(folder / "log.key"))
            host_key = serialization.load_pem_private_key(keystore.read(folder / "host.key"), None)
            certificate = x509.load_pem_x509_certificate((folder / "host.crt").read_bytes())
            case_key = keystore.read(folder / "case.key")
        except (OSError, ValueError) as error:
            raise FaultError("host.keys_missing", error=type(error).__name__) from error
        if not isinstance(host_key, ec.EllipticCurvePrivateKey):
            raise FaultError("host.keys_missing", error="kind")
        der = certificate.public_bytes(serialization.Encoding.DER)
        return cls(folder, log_key, host_key, der, case_key)


def secret_files(home: Path) -> list[tuple[Path, keystore.Kind]]:
    """The secrets of this user that exist: keys of the cases hosted in ``home``, device keys of the desk."""
    hosted = [folder / name for folder in sorted(home.glob("*")) for name in SECRET_FILES]
    devices = sorted((data_dir() / "desk").glob("*/device-*.key"))
    found = [(path, keystore.Kind.HOST) for path in hosted] + [(path, keystore.Kind.DEVICE) for path in devices]
    return [(path, kind) for path, kind in found if path.is_file()]


def _keep(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
