"""Proving who one is (签到): the challenge, the certificate, the link, and the person it is bound to."""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

from app.ca.signatures import CertificateInfo, describe, require_able, verify_signature
from app.ca.trust import Status, TrustList
from app.errors import InputError
from app.record.acts import Challenge, build_challenge
from app.session.rules.commands import ReportSignIn
from app.session.rules.people import Level, Party, Person, Role
from app.session.rules.state import ANNOUNCED, CLOSED, RECEIVING, State
from app.session.wire.messages import SignIn

NAME_LIMIT = 60
DRAWN_LIMIT = 400_000
"""Bytes of the drawn signature's PNG."""
PNG = b"\x89PNG\r\n\x1a\n"


def unbase64(text: str) -> bytes:
    """Strict base64; InputError ``message.malformed``."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError("message.malformed") from error


def base64_text(data: bytes) -> str:
    """Base64 as text: how bytes stand in events and messages."""
    return base64.b64encode(data).decode()


def digest_of(secret: str) -> str:
    """What the record keeps of an invitation's secret or a one-use code."""
    return hashlib.sha256(f"bidroom secret {secret}".encode()).hexdigest()


def check_sign_in(
    state: State, message: SignIn, *, nonce: bytes, host: bytes, trust: TrustList, now: datetime
) -> ReportSignIn:
    """The report that signs a person in.

    Args:
        nonce: what this connection was given; a challenge is good once.
        host: SHA-256 of the host's certificate.

    Raises:
        InputError: ``sign_in.*`` with the reason, ``sm2.unavailable``; nothing in it helps to guess a secret.
    """
    level = _level(state, message.level)
    certificate = unbase64(message.certificate)
    challenge = unbase64(message.challenge)
    session = _session(message.session)
    person_id = message.person or supplier_id(state.case, certificate, message.name)
    expected = build_challenge(Challenge(state.case, host, person_id, session, nonce))
    if not hmac.compare_digest(challenge, expected):
        raise InputError("sign_in.challenge")
    require_able(certificate)
    if not verify_signature(certificate, challenge, unbase64(message.signature)):
        raise InputError("sign_in.signature")
    chain = tuple(unbase64(item) for item in message.chain)
    info = describe(certificate)
    revocation = "not_applicable"
    if level is not Level.STAFF_VERIFIED:
        revocation = _trusted(trust, certificate, chain, now)
    registers: Person | None = None
    person = state.people.get(person_id)
    invitation = ""
    if person is None or not message.person:
        registers = _registration(state, message, level, info, now, person_id)
        if person is not None:
            registers = None
        else:
            person = registers
    elif state.phase == CLOSED:
        _check_reader(state, person, message, level)
    elif level is Level.STAFF_VERIFIED:
        _check_code(state, person, message.code, now)
        drawn(message)
    else:
        invitation = _check_binding(state, person, message, level, info, now)
    return ReportSignIn(
        person=person.id,
        level=level,
        session=message.session,
        certificate=message.certificate,
        encryption_certificate=_encryption(message, info, level, trust, chain, now),
        chain=message.chain,
        challenge=message.challenge,
        challenge_signature=message.signature,
        revocation=revocation,
        invitation_sha256=invitation,
        registers=registers,
    )


def _level(state: State, text: str) -> Level:
    if text not in {level.value for level in Level} or text not in state.the_lot().sign_in:
        raise InputError("sign_in.level", level=text[:40])
    return Level(text)


def _session(text: str) -> bytes:
    try:
        session = bytes.fromhex(text)
    except ValueError as error:
        raise InputError("message.malformed") from error
    if len(session) != 32 or session.hex() != text:
        raise InputError("message.malformed")
    return session


def _trusted(trust: TrustList, certificate: bytes, chain: tuple[bytes, ...], now: datetime) -> str:
    verdict = trust.validate(certificate, chain, now, "sign")
    for part in (verdict.chain, verdict.validity, verdict.usage, verdict.revocation):
        if part.status is Status.FAILED:
            raise InputError("sign_in.untrusted", reason=part.code)
    if verdict.chain.status is not Status.PASSED:
        raise InputError("sign_in.untrusted", reason=verdict.chain.code)
    return verdict.revocation.status.value


def check_certificates(message: SignIn, trust: TrustList, now: datetime) -> tuple[tuple[bytes, ...], ...]:
    """The paths, leaf first, of the token's certificates; a token that does not sign or is not trusted has none.

    Raises:
        InputError: ``message.malformed``, ``sign_in.signature``, ``sign_in.untrusted``, ``sm2.unavailable``.
    """
    certificate, encryption = unbase64(message.certificate), unbase64(message.encryption_certificate)
    require_able(certificate)
    if not verify_signature(certificate, unbase64(message.challenge), unbase64(message.signature)):
        raise InputError("sign_in.signature")
    chain = tuple(unbase64(item) for item in message.chain)
    _trusted(trust, certificate, chain, now)
    paths = [trust.validate(certificate, chain, now, "sign").path]
    if encryption != certificate:
        paths.append(trust.validate(encryption, chain, now, "decrypt").path)
    return tuple(path for path in paths if path)


def _encryption(
    message: SignIn, info: CertificateInfo, level: Level, trust: TrustList, chain: tuple[bytes, ...], now: datetime
) -> str:
    """The certificate to which shares are sealed: of the same holder as the signing one."""
    certificate = unbase64(message.encryption_certificate)
    if level is Level.STAFF_VERIFIED:
        if message.encryption_certificate != message.certificate:
            raise InputError("sign_in.encryption_certificate")
        return message.encryption_certificate
    other = describe(certificate)
    same = (other.holder, other.uscc, other.identity_number) == (info.holder, info.uscc, info.identity_number)
    verdict = trust.validate(certificate, chain, now, "decrypt")
    if not same or not other.decrypts or verdict.status is Status.FAILED:
        raise InputError("sign_in.encryption_certificate")
    return message.encryption_certificate


def supplier_id(case: str, certificate: bytes, name: str) -> str:
    """The person id of a supplier's representative: known to its own desk before it registers, tells others nothing."""
    joined = "\0".join(["bidroom supplier", case, hashlib.sha256(certificate).hexdigest(), " ".join(name.split())])
    return f"s{hashlib.sha256(joined.encode()).hexdigest()[:8]}"


def _registration(
    state: State, message: SignIn, level: Level, info: CertificateInfo, now: datetime, person_id: str
) -> Person:
    """A supplier registers with its organisation token while documents are available; later it only signs in again."""
    if message.person or level is not Level.ORGANISATION_TOKEN:
        raise InputError("sign_in.unknown_person")
    known = state.people.get(person_id)
    if known is not None:
        return known
    if state.phase not in (ANNOUNCED, RECEIVING, "gathering") or now >= state.the_lot().deadline:
        raise InputError("sign_in.registration_closed")
    name = " ".join(message.name.split())
    if not info.uscc or not info.organisation or not 0 < len(name) <= NAME_LIMIT or not name.isprintable():
        raise InputError("sign_in.organisation_needed")
    lot = state.the_lot()
    if info.uscc in (lot.agency.uscc, lot.purchaser.uscc):
        raise InputError("sign_in.own_organisation")
    return Person(
        id=person_id,
        name=name,
        roles=(Role.SUPPLIER,),
        party=Party.SUPPLIER,
        organisation=info.organisation,
        uscc=info.uscc,
    )


def drawn(message: SignIn) -> bytes:
    """The handwritten signature (手写签名) of a staff-verified person, which goes with the code; else empty.

    Raises:
        InputError: ``sign_in.drawn_signature``: none, too large, or no PNG.
    """
    if message.level != Level.STAFF_VERIFIED.value:
        return b""
    png = unbase64(message.drawn)
    if not png.startswith(PNG) or len(png) > DRAWN_LIMIT:
        raise InputError("sign_in.drawn_signature", limit=DRAWN_LIMIT)
    return png


def _check_code(state: State, person: Person, code: str, now: datetime) -> None:
    """Whoever has the right code is told why it no longer serves; a wrong one is only called wrong."""
    expected = state.codes.get(person.id)
    if expected is None:
        raise InputError("sign_in.code_none")
    if expected.void:
        raise InputError("sign_in.code_void")
    if not hmac.compare_digest(expected.sha256, digest_of(code)):
        raise InputError("sign_in.code")
    if expected.used:
        raise InputError("sign_in.code_used")
    if expected.expires is not None and expected.expires <= now:
        raise InputError("sign_in.code_expired")


def _check_reader(state: State, person: Person, message: SignIn, level: Level) -> None:
    """After the end only who took part comes back, to read, with the certificate that is bound; links bind no more.

    A staff-verified person needs no code for that: no new one can be given, and the device key is the bound one.
    """
    signed_in = state.signed_in.get(person.id)
    if signed_in is None or state.certificates.get(person.id) is None:
        raise InputError("sign_in.case_closed")
    if state.certificates[person.id] != message.certificate:
        raise InputError("sign_in.other_certificate")
    if signed_in.level is not level:
        raise InputError("sign_in.level", level=level.value)


def _check_binding(
    state: State, person: Person, message: SignIn, level: Level, info: CertificateInfo, now: datetime
) -> str:
    """A bound certificate signs in by itself; the first time it takes the link, and the token must be the person's."""
    bound = state.certificates.get(person.id)
    if bound is not None:
        if bound != message.certificate:
            raise InputError("sign_in.other_certificate")
        if state.signed_in[person.id].level is not level:
            raise InputError("sign_in.level", level=level.value)  # the level shown with every act is that of the token
        return ""
    if level is Level.PERSONAL_TOKEN and info.holder != person.name:
        raise InputError("sign_in.other_holder", holder=info.holder[:60])
    if level is Level.ORGANISATION_TOKEN and (not info.uscc or info.uscc != person.uscc):
        raise InputError("sign_in.other_organisation")
    digest = digest_of(message.invitation)
    invitation = state.invitations.get(digest)
    if invitation is None or invitation.person != person.id:
        raise InputError("sign_in.invitation")
    if invitation.used:
        raise InputError("sign_in.invitation_used")
    if invitation.expires <= now:
        raise InputError("sign_in.invitation_expired")
    return digest
