"""The verifier's steps about people: sign-ins, identities, commands and grave acts."""

import hashlib
from typing import Any

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from app.ca.signatures import SUPPORTED_SUITES, parse_certificate, suite_of, verify_signature
from app.ca.trust import Part, Status, TrustList, is_demo
from app.errors import InputError
from app.record.acts import CommandBody, build_log_key_statement, parse_challenge, parse_command, parse_statement
from app.record.checkpoint import good_signature
from app.record.entry import HOST, Because, Entry, SignedCommand, decode_base64, decode_hex
from app.record.log import MerkleTree
from app.record.verification import Fact, Tally

SIGNED_IN = "signed_in"
_CHAIN_LIMIT = 16
BROKEN_CERTIFICATE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What reading a certificate or revocation list from outside may raise; the last three are no ValueErrors."""
_LEVELS = ("personal_token", "organisation_token", "staff_verified")
TOKEN_LEVELS = frozenset(_LEVELS[:2])
"""Levels of which a certificate chain is claimed; at the other the staff vouch for the person, by the record."""


class Session(msgspec.Struct):
    """A sign-in, as its event says, and how far its session key has come."""

    person: str
    certificate: bytes
    sequence: int = -1
    head: int = 0


class ActChecks:
    """Walks over the entries in order; the tallies are the steps.

    Attributes:
        sessions: by raw session key.
    """

    def __init__(self, case: str, tree: MerkleTree, trust: TrustList | None) -> None:
        self._case = case
        self._tree = tree
        self._trust = trust
        self._host = b""
        self._carriers: dict[int, str] = {}
        self._chains: set[tuple[bytes, ...]] = set()
        self._certificates: dict[str, set[bytes]] = {}
        self.rehearsal = False
        self.some_hidden = False
        self.sessions: dict[bytes, Session] = {}
        self.sign_ins, self.identities, self.revocations = Tally(), Tally(), Tally()
        self.commands, self.grave_acts = Tally(), Tally()
        self.voucher = Tally()

    def start(self, host_certificate: bytes, rehearsal: bool) -> None:
        """What the first entry says."""
        self._host = hashlib.sha256(host_certificate).digest()
        self.rehearsal = rehearsal

    def vouch(self, entry: Entry, log_key: bytes) -> None:
        """The first entry's voucher, if any: a token's signature over the log key; its chain is an identity."""
        found = entry.event.get("vouched")
        if found is None:
            return
        try:
            if not isinstance(found, dict) or found.keys() != {"statement", "signature", "certificate", "chain"}:
                raise ValueError("vouched")
            chain = tuple(decode_base64(item, "chain") for item in _items(found, "chain"))
            statement, signature, certificate = (
                _binary(found, field) for field in ("statement", "signature", "certificate")
            )
        except (InputError, ValueError, TypeError):
            self.voucher.failed("log_key.malformed", index=entry.index)
            return
        if statement != build_log_key_statement(self._case, self._host, log_key):
            self.voucher.failed("log_key.other_key", index=entry.index)
            return
        self._signed(self.voucher, "log_key", certificate, statement, signature, entry.index)
        self.voucher.facts["vouched"] = True
        self._identity(certificate, chain, entry, "log_key")

    def visit(self, entry: Entry) -> None:
        """The next visible entry; the tree already holds it."""
        if entry.type == SIGNED_IN:
            self._sign_in(entry)
        if isinstance(entry.command, SignedCommand):
            self._command(entry, entry.command)
        elif isinstance(entry.command, Because):
            self._consequence(entry, entry.command.index)
        elif entry.actor != HOST and entry.type != SIGNED_IN:
            self.commands.failed("command.none", index=entry.index)

    def keys_of(self) -> dict[str, list[bytes]]:
        """The session keys of each person."""
        keys: dict[str, list[bytes]] = {}
        for key, session in self.sessions.items():
            keys.setdefault(session.person, []).append(key)
        return keys

    def finish(self) -> None:
        """What can only be said at the end."""
        self.sign_ins.facts["people"] = len({session.person for session in self.sessions.values()})
        for tally, fact in ((self.commands, "commands"), (self.grave_acts, "grave_acts"), (self.identities, "chains")):
            tally.facts.setdefault(fact, 0)
        if not self._chains:
            self.identities.unsure("identity.no_token")
            self.revocations.unsure("identity.no_token")

    def _sign_in(self, entry: Entry) -> None:
        event = entry.event
        where: dict[str, Fact] = {"index": entry.index}
        self.sign_ins.count("sign_ins")
        try:
            person, level = _text(event, "person"), _text(event, "level")
            session = decode_hex(event.get("session"), "session", 32)
            certificate = _binary(event, "certificate")
            chain = tuple(decode_base64(item, "chain") for item in _items(event, "chain"))
            challenge_bytes, signature = _binary(event, "challenge"), _binary(event, "challenge_signature")
        except (InputError, ValueError, TypeError):
            self.sign_ins.failed("sign_in.malformed", **where)
            return
        if level not in _LEVELS or entry.actor not in (HOST, person):
            self.sign_ins.failed("sign_in.malformed", **where)
            return
        known = self.sessions.get(session)
        if known is not None and known.person != person:
            self.sign_ins.failed("sign_in.key_of_another", **where)
            return
        if known is None:
            self.sessions[session] = Session(person, certificate)
        if certificate:
            self._certificates.setdefault(person, set()).add(certificate)
            self._challenge(person, session, certificate, challenge_bytes, signature, entry.index)
        elif level in TOKEN_LEVELS:
            self.sign_ins.failed("sign_in.no_certificate", **where)
        if level not in TOKEN_LEVELS:
            self.identities.count("staff_verified")
        elif certificate:
            self._identity(certificate, chain, entry, person)

    def _challenge(
        self, person: str, session: bytes, certificate: bytes, data: bytes, signature: bytes, index: int
    ) -> None:
        try:
            challenge = parse_challenge(data)
        except InputError as error:
            self.sign_ins.failed(error.code, index=index)
            return
        if (challenge.case, challenge.person, challenge.session) != (self._case, person, session):
            self.sign_ins.failed("sign_in.other_challenge", index=index)
        elif challenge.host != self._host:
            self.sign_ins.failed("sign_in.other_host", index=index)
        else:
            self._signed(self.sign_ins, "sign_in", certificate, data, signature, index)

    def _identity(self, certificate: bytes, chain: tuple[bytes, ...], entry: Entry, name: str) -> None:
        if (certificate, *chain) in self._chains:
            return
        self._chains.add((certificate, *chain))
        self.identities.count("chains")
        where: dict[str, Fact] = {"index": entry.index, "name": name}
        if self._trust is None:
            self.identities.unsure("identity.no_trust", **where)
            self.revocations.unsure("identity.no_trust", **where)
            return
        try:
            found = self._trust.validate(certificate, _readable(chain), entry.at, "sign")
        except BROKEN_CERTIFICATE:  # its parts are parsed only when they are looked at
            self.identities.failed("certificate.unreadable", **where)
            return
        for part in (found.chain, found.validity, found.usage):
            _take(self.identities, part, where)
        if found.path and is_demo(found.path[-1]) and not self.rehearsal:
            self.identities.failed("identity.test_root", **where)
        _take(self.revocations, found.revocation, where)

    def _command(self, entry: Entry, command: SignedCommand) -> None:
        where: dict[str, Fact] = {"index": entry.index}
        self.commands.count("commands")
        session = self.sessions.get(command.session)
        if not good_signature(command.session, command.signature, command.signed):
            self.commands.failed("command.signature", **where)
            return
        try:
            body = parse_command(command.signed)
        except InputError as error:
            self.commands.failed(error.code, **where)
            return
        if body.case != self._case or body.session != command.session:
            self.commands.failed("command.foreign", **where)
        if body.head.size > entry.index or self._tree.root(body.head.size) != body.head.root:
            self.commands.failed("command.head", **where)
        self._carriers[entry.index] = entry.actor
        if session is None:
            if self.some_hidden:
                self.commands.unsure("command.sign_in_hidden", **where)
            else:
                self.commands.failed("command.not_signed_in", **where)
        else:
            if session.person != entry.actor:
                self.commands.failed("command.other_person", **where)
            if body.sequence <= session.sequence or body.head.size < session.head:
                self.commands.failed("command.order", **where)
            session.sequence, session.head = body.sequence, body.head.size
        if body.command.get("grave") is not None:
            self._grave(entry, body)

    def _consequence(self, entry: Entry, cause: int) -> None:
        actor = self._carriers.get(cause)
        if actor is None and cause < entry.index and self.some_hidden:
            self.commands.unsure("command.cause_hidden", index=entry.index)
        elif actor is None or entry.actor not in (HOST, actor):
            self.commands.failed("command.cause", index=entry.index)

    def _grave(self, entry: Entry, body: CommandBody) -> None:
        grave, index = body.command["grave"], entry.index
        self.grave_acts.count("grave_acts")
        try:
            if not isinstance(grave, dict) or grave.keys() != {"statement", "signature", "certificate"}:
                raise InputError("grave.malformed")
            data, signature, certificate = (
                decode_base64(grave[field], field) for field in ("statement", "signature", "certificate")
            )
            statement = parse_statement(data)
        except InputError as error:
            self.grave_acts.failed(error.code, index=index)
            return
        fields = {key: value for key, value in body.command.items() if key not in ("grave", "type")}
        said = (statement.case, statement.person, statement.act, statement.fields)
        if said != (self._case, entry.actor, body.command["type"], fields):
            self.grave_acts.failed("grave.other_act", index=index)
        elif certificate not in self._certificates.get(entry.actor, ()):
            if self.some_hidden:
                self.grave_acts.unsure("grave.sign_in_hidden", index=index)
            else:
                self.grave_acts.failed("grave.other_certificate", index=index)
        else:
            self._signed(self.grave_acts, "grave", certificate, data, signature, index)

    def _signed(self, tally: Tally, step: str, certificate: bytes, data: bytes, signature: bytes, index: int) -> None:
        try:
            supported = suite_of(parse_certificate(certificate)) in SUPPORTED_SUITES
        except (InputError, *BROKEN_CERTIFICATE):
            tally.unsure("certificate.unreadable", index=index)  # the identity fails for it
            return
        if not supported:
            tally.unsure(f"{step}.suite", index=index)
        elif not verify_signature(certificate, data, signature):
            tally.failed(f"{step}.signature", index=index)


def _take(tally: Tally, part: Part, where: dict[str, Fact]) -> None:
    if part.status is Status.FAILED:
        tally.failed(part.code, **where)
    elif part.status is Status.COULD_NOT_TELL:
        tally.unsure(part.code, **where)


def _readable(chain: tuple[bytes, ...]) -> list[bytes]:
    """The helping certificates of which every part can be parsed; a useless helper changes nothing."""
    good = []
    for der in chain[:_CHAIN_LIMIT]:
        try:
            certificate = parse_certificate(der)
            if certificate.subject and certificate.issuer and certificate.extensions:
                good.append(der)
        except (InputError, *BROKEN_CERTIFICATE):
            continue
    return good


def _text(event: dict[str, Any], field: str) -> str:
    value = event.get(field)
    if not isinstance(value, str) or not value:
        raise ValueError(field)
    return value


def _items(event: dict[str, Any], field: str) -> list[Any]:
    value = event.get(field)
    if value is not None and not isinstance(value, list):
        raise ValueError(field)
    return value or []


def _binary(event: dict[str, Any], field: str) -> bytes:
    value = event.get(field)
    return b"" if value is None else decode_base64(value, field)
