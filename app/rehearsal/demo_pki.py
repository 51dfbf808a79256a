"""A test CA with people and tokens, for rehearsals only: every certificate of it says so."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from app.ca.signatures import identity_check_digit, uscc_check_digit
from app.ca.trust import DEMO_MARK
from app.rehearsal.soft_token import TokenKey, TokenOrder, configuration, make_tokens, softhsm_module

ISSUER = f"测试 CA, {DEMO_MARK}"

_SIGNING_ID, _ENCRYPTION_ID = b"\x01", b"\x02"
_PAST, _FUTURE = timedelta(days=90), timedelta(days=365)
_CA_PAST, _CA_FUTURE = timedelta(days=400), timedelta(days=3650)
_CRL_LIFE = timedelta(days=30)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class DemoPerson(msgspec.Struct, frozen=True):
    """Who gets a demo certificate.

    Attributes:
        name: common name; a person, or the organisation for an organisation's token.
        organisation: O, may be empty.
        uscc: unified social credit code, into organizationIdentifier; may be empty.
        identity_number: citizen identity number, into serialNumber; may be empty.
        algorithm: ``rsa`` (2048 bit) or ``ec`` (P-256).
    """

    name: str
    organisation: str = ""
    uscc: str = ""
    identity_number: str = ""
    algorithm: str = "rsa"


class SoftToken(msgspec.Struct, frozen=True):
    """A SoftHSM token of a demo person.

    Attributes:
        env: what the token worker's environment needs (SOFTHSM2_CONF).
        module: path of the PKCS#11 module.
        label: token label.
        pin: user PIN; not shown by repr.
        signing_certificate, encryption_certificate: DER.
        folder: where its files are; ``folder/tokens`` taken away is a token pulled out.
    """

    env: dict[str, str]
    module: str
    label: str
    pin: str
    signing_certificate: bytes
    encryption_certificate: bytes
    folder: Path

    def __repr__(self) -> str:
        return f"SoftToken(label={self.label!r}, folder={str(self.folder)!r})"


class IssuedKey(msgspec.Struct, frozen=True):
    """A key with its certificate (DER) before it goes onto a token."""

    private_key: PrivateKey
    certificate: bytes


class DemoPki:
    """Root, issuing CA and revocation lists of one rehearsal.

    Attributes:
        root, intermediate: DER certificates.
        trust_file: ``trust.pem`` in the folder, the root: what ``--trust`` of a rehearsal is.
        crl_file: ``crl.pem`` in the folder, the lists of both CAs.
    """

    def __init__(self, folder: Path, now: datetime) -> None:
        self.trust_file = folder / "trust.pem"
        self.crl_file = folder / "crl.pem"
        self._now = now
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._issuing_key = ec.generate_private_key(ec.SECP256R1())
        self._root_name = _ca_name(f"{ISSUER} (根)")
        self._issuing_name = _ca_name(ISSUER)
        self._revoked: dict[int, datetime] = {}
        self.root = self._make_ca(self._root_name, self._root_key, path_length=1)
        self.intermediate = self._make_ca(self._issuing_name, self._issuing_key, path_length=0)

    @classmethod
    def create(cls, folder: Path, now: datetime) -> "DemoPki":
        """A new CA whose certificates are valid around ``now`` (aware UTC); writes trust.pem and crl.pem."""
        folder.mkdir(parents=True, exist_ok=True)
        pki = cls(folder, now)
        pki.trust_file.write_bytes(x509.load_der_x509_certificate(pki.root).public_bytes(Encoding.PEM))
        pki._write_crls()
        return pki

    def issue(self, person: DemoPerson) -> tuple[IssuedKey, IssuedKey]:
        """Dual certificates as Chinese CAs issue them: one for signing, one for encryption, each with its own key."""
        return self._issue(person, encrypts=False), self._issue(person, encrypts=True)

    def provision_token(self, person: DemoPerson, folder: Path, pin: str) -> SoftToken:
        """One token in ``folder``; see :meth:`provision_tokens`."""
        return self.provision_tokens([(person, folder, pin)])[0]

    def provision_tokens(self, wanted: Sequence[tuple[DemoPerson, Path, str]]) -> list[SoftToken]:
        """Issue certificates and make a SoftHSM token for each person, folder and PIN. Blocks: about 0.3 s a token.

        Raises:
            FaultError: ``soft_token.no_softhsm``, ``soft_token.failed``.
        """
        module = softhsm_module()
        orders, tokens = [], []
        for person, folder, pin in wanted:
            signing, encryption = self.issue(person)
            label = _label(person.name)
            keys = (_token_key(_SIGNING_ID, signing, False), _token_key(_ENCRYPTION_ID, encryption, True))
            orders.append(TokenOrder(str(folder), label, pin, keys, (self.intermediate,)))
            env = {"SOFTHSM2_CONF": str(configuration(folder))}
            tokens.append(SoftToken(env, module, label, pin, signing.certificate, encryption.certificate, folder))
        make_tokens(orders, module)
        return tokens

    def revoke(self, certificate: bytes, at: datetime) -> None:
        """Put a person's certificate (DER) on the list as revoked since ``at`` and write crl.pem anew."""
        self._revoked[x509.load_der_x509_certificate(certificate).serial_number] = at
        self._write_crls()

    def _make_ca(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, path_length: int) -> bytes:
        certificate = (
            x509.CertificateBuilder(self._root_name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(self._now - _CA_PAST)
            .not_valid_after(self._now + _CA_FUTURE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
            .add_extension(key_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(self._authority(self._root_key), critical=False)
            .sign(self._root_key, hashes.SHA256())
        )
        return certificate.public_bytes(Encoding.DER)

    def _issue(self, person: DemoPerson, encrypts: bool) -> IssuedKey:
        key: PrivateKey
        if person.algorithm == "rsa":
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        else:
            key = ec.generate_private_key(ec.SECP256R1())
        if not encrypts:
            usage = key_usage(digital_signature=True, content_commitment=True)
        elif isinstance(key, rsa.RSAPrivateKey):
            usage = key_usage(key_encipherment=True)
        else:
            usage = key_usage(key_agreement=True)
        public = key.public_key()
        certificate = (
            x509.CertificateBuilder(self._issuing_name, _subject(person), public, x509.random_serial_number())
            .not_valid_before(self._now - _PAST)
            .not_valid_after(self._now + _FUTURE)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(self._authority(self._issuing_key), critical=False)
            .sign(self._issuing_key, hashes.SHA256())
        )
        return IssuedKey(key, certificate.public_bytes(Encoding.DER))

    def _authority(self, key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())

    def _write_crls(self) -> None:
        lists = (
            self._crl(self._root_name, self._root_key, {}),
            self._crl(self._issuing_name, self._issuing_key, self._revoked),
        )
        self.crl_file.write_bytes(b"".join(lists))

    def _crl(self, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, revoked: dict[int, datetime]) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder(issuer, self._now, self._now + _CRL_LIFE)
            .add_extension(self._authority(key), critical=False)
            .add_extension(x509.CRLNumber(len(revoked) + 1), critical=False)
        )
        for serial, moment in revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def fictitious_uscc(number: int) -> str:
    """A unified social credit code with right check digits in a region that does not exist (990000)."""
    code = f"{number:08d}"
    weights = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714-1997
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(code, weights, strict=True)) % 11
    first17 = f"91990000{code}{'0' if rest == 11 else 'X' if rest == 10 else rest}"
    return first17 + uscc_check_digit(first17)


def fictitious_identity_number(number: int) -> str:
    """A citizen identity number with the right check digit in a region that does not exist (990000)."""
    first17 = f"990000{1960 + number // 1000 % 40}0101{number % 1000:03d}"
    return first17 + identity_check_digit(first17)


def key_usage(**on: bool) -> x509.KeyUsage:
    """A key usage extension with the named bits set and all others clear."""
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: on.get(name, False) for name in names})


def _ca_name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "开评标室演练"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _subject(person: DemoPerson) -> x509.Name:
    parts = [
        (NameOID.COUNTRY_NAME, "CN"),
        (NameOID.ORGANIZATION_NAME, person.organisation),
        (NameOID.ORGANIZATION_IDENTIFIER, person.uscc),
        (NameOID.COMMON_NAME, person.name),
        (NameOID.SERIAL_NUMBER, person.identity_number),
    ]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])


def _token_key(key_id: bytes, issued: IssuedKey, encrypts: bool) -> TokenKey:
    private = issued.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return TokenKey(key_id, private, issued.certificate, encrypts)


def _label(name: str) -> str:
    return name.encode()[:32].decode(errors="ignore")  # 32 bytes are what PKCS#11 gives a label
