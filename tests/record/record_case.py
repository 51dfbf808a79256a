"""A small case to write, archive and spoil: a CA, two people with tokens, one without, a host, and what they do."""

import base64
import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from app.canon import canonical
from app.record.acts import Challenge, Head, Statement, build_challenge, build_command, build_statement
from app.record.archive import ArchivedBlob
from app.record.checkpoint import cosign, parse_note, sign_checkpoint
from app.record.container import ContainerWriter, member_pieces, read_members
from app.record.entry import Because, SignedCommand, build_entry
from app.record.evidence import StoredCheckpoint, StoredCosignature, StoredStamp
from app.record.log import MerkleTree

NOW = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
CASE = "ZFCG-2026-001"
_COUNTER = itertools.count(1)


class Authority:
    """A root CA on P-256 with an empty revocation list."""

    def __init__(self, name: str = "Test CA") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self.issue(name, self.key, ca=True)
        self.pem = x509.load_der_x509_certificate(self.certificate).public_bytes(Encoding.PEM)
        self.crl = self._crl([])

    def issue(self, name: str, key: ec.EllipticCurvePrivateKey, *, ca: bool = False) -> bytes:
        usage = dict.fromkeys(
            (
                "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
                "decipher_only",
            ),
            False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder(
                self.name,
                x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
                key.public_key(),
                x509.random_serial_number(),
            )
            .not_valid_before(NOW - timedelta(days=30))
            .not_valid_after(NOW + timedelta(days=300))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, **usage), critical=True
            )
        )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def revoke(self, certificate: bytes) -> None:
        self.crl = self._crl([x509.load_der_x509_certificate(certificate).serial_number])

    def _crl(self, serials: Sequence[int]) -> bytes:
        builder = x509.CertificateRevocationListBuilder(self.name, NOW - timedelta(days=1), NOW + timedelta(days=9))
        for serial in serials:
            revoked = x509.RevokedCertificateBuilder(serial, NOW - timedelta(hours=1))
            builder = builder.add_revoked_certificate(revoked.build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


class Person:
    """A person with a token (P-256) and a session key."""

    def __init__(self, name: str, authority: Authority | None) -> None:
        self.name = name
        self.token = ec.generate_private_key(ec.SECP256R1())
        self.certificate = None if authority is None else authority.issue(name, self.token)
        self.session = Ed25519PrivateKey.generate()
        self.sequence = 0

    @property
    def public(self) -> bytes:
        return self.session.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        return self.token.sign(data, ec.ECDSA(hashes.SHA256()))


class RecordCase:
    """A case in memory; an :class:`app.record.archive.ArchiveSource`. Everything in it may be spoilt by a test."""

    def __init__(
        self, authority: Authority, *, rehearsal: bool = False, case: str = CASE, person: type[Person] = Person
    ) -> None:
        self.case = case
        self.authority = authority
        self.log_key = Ed25519PrivateKey.generate()
        self.host_certificate = b"the host's certificate"
        self.people = [person("supervisor", authority), person("officer", authority), person("expert", None)]
        self.lines: list[bytes] = []
        self.tree = MerkleTree()
        self.kept: dict[str, bytes] = {}
        self.notes: list[StoredCheckpoint] = []
        self.lines_of_cosigners: list[StoredCosignature] = []
        self.rulepack: bytes | None = b'{"rules":1}'
        self.certificates: Mapping[str, bytes] = {"list.crl": authority.crl}
        self.tokens: list[StoredStamp] = []
        self.add(
            {
                "type": "case_opened",
                "rehearsal": rehearsal,
                "host_key": self.log_key.public_key().public_bytes_raw().hex(),
                "host_certificate": b64(self.host_certificate),
                "rules_sha256": hashlib.sha256(self.rulepack or b"").hexdigest(),
                "blob_keys": ["rules_sha256", "document_sha256"],
            }
        )

    # --- what happens ---

    def add(self, event: Mapping[str, Any], actor: str = "host", command: SignedCommand | Because | None = None) -> int:
        at = NOW + timedelta(seconds=len(self.lines))
        salt = next(_COUNTER).to_bytes(16, "big")
        self.lines.append(build_entry(self.case, len(self.lines), at, actor, salt, event, command))
        return self.tree.append(self.lines[-1])

    def sign_in(self, person: Person, level: str | None = None, **changed: Any) -> int:
        event: dict[str, Any] = {
            "type": "signed_in",
            "person": person.name,
            "level": level or ("personal_token" if person.certificate else "staff_verified"),
            "session": person.public.hex(),
            "certificate": "",
            "chain": [],
            "challenge": "",
            "challenge_signature": "",
        }
        if person.certificate:
            host = hashlib.sha256(self.host_certificate).digest()
            challenge = build_challenge(Challenge(self.case, host, person.name, person.public, bytes(32)))
            event |= {
                "certificate": b64(person.certificate),
                "chain": [b64(self.authority.certificate)],
                "challenge": b64(challenge),
                "challenge_signature": b64(person.sign(challenge)),
            }
        return self.add(event | changed)

    def command(self, person: Person, command: Mapping[str, Any], *, head: Head | None = None) -> SignedCommand:
        person.sequence += 1
        head = head or Head(self.tree.size, self.tree.root())
        signed = build_command(self.case, person.public, person.sequence, head, command)
        return SignedCommand(signed, person.session.sign(signed), person.public)

    def act(self, person: Person, command: Mapping[str, Any], event: Mapping[str, Any] | None = None) -> int:
        return self.add(event or command, person.name, self.command(person, command))

    def grave(self, person: Person, act: str, fields: Mapping[str, Any], **changed: Any) -> int:
        statement = build_statement(Statement(self.case, person.name, act, dict(fields)))
        grave = {
            "statement": b64(statement),
            "signature": b64(person.sign(statement)),
            "certificate": b64(person.certificate or b""),
        } | changed
        return self.act(person, {"type": act, **fields, "grave": grave}, {"type": act, **fields})

    def file(self, data: bytes, **event: Any) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self.kept[digest] = data
        self.add({"type": "filed", "document_sha256": digest, **event})
        return digest

    def checkpoint(self, cosigners: Iterable[Person] = ()) -> str:
        note = sign_checkpoint(self.case, self.tree.size, self.tree.root(), self.log_key)
        self.notes.append(StoredCheckpoint(self.tree.size, note))
        for person in sorted(cosigners, key=lambda one: one.name):
            line = cosign(parse_note(note)[0], person.name, person.session, 1_795_000_000)
            self.lines_of_cosigners.append(StoredCosignature(self.tree.size, person.name, line))
        return note

    # --- as a source ---

    def entries(self) -> Iterable[bytes]:
        return self.lines

    def checkpoints(self) -> Sequence[StoredCheckpoint]:
        return self.notes

    def cosignatures(self) -> Sequence[StoredCosignature]:
        return self.lines_of_cosigners

    def stamps(self) -> Sequence[StoredStamp]:
        return self.tokens

    def blob(self, sha256: str) -> ArchivedBlob | None:
        data = self.kept.get(sha256)
        return None if data is None else ArchivedBlob(False, len(data), lambda: iter([data]))

    @property
    def expect(self) -> tuple[int, bytes]:
        return self.tree.size, self.tree.root()


def small_case(authority: Authority, *, rehearsal: bool = False, person: type[Person] = Person) -> RecordCase:
    """Sign-ins, commands, a consequence, a grave act, files, two cosigned checkpoints."""
    case = RecordCase(authority, rehearsal=rehearsal, person=person)
    supervisor, officer, expert = case.people
    for person in case.people:
        case.sign_in(person)
    case.checkpoint([supervisor])
    started = case.act(officer, {"type": "start"})
    case.add({"type": "window_opened", "seconds": 600}, command=Because(started))
    case.file("开标记录 opening record".encode() * 40)
    case.file(b"")
    case.grave(supervisor, "confirm_price", {"price": "9800000.00"})
    case.act(expert, {"type": "message", "text": "评审"})
    case.checkpoint([supervisor, officer])
    return case


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def repack(path: Path, change: Callable[[dict[str, bytes], dict[str, Any]], None]) -> None:
    """Change files of an archive, or its manifest's first line, as a careful forger would: all else fits again."""
    with open(path, "rb") as file:
        files = {member.name: b"".join(member_pieces(file, member)) for member in read_members(file)}
    first = json.loads(files.pop("MANIFEST.jsonl").split(b"\n")[0])
    change(files, first)
    rows = [first]
    for name in sorted(files):
        rows.append({"name": name, "size": len(files[name]), "sha256": hashlib.sha256(files[name]).hexdigest()})
    files["MANIFEST.jsonl"] = b"".join(canonical(row) + b"\n" for row in rows)
    with open(path, "wb") as out:
        writer = ContainerWriter(out)
        for name in sorted(files):
            writer.add(name, len(files[name]), [files[name]])
        writer.finish()
