"""Decisions about people (invitations, sign-in) and the bid box (sealing kit, receipt, withdrawal)."""

import string
from datetime import datetime, timedelta

import app.session.rules.commands as cmd
import app.session.rules.events_case as ev
from app.canon import sha256_hex
from app.errors import InputError
from app.session.rules.checks import STAFF, TEXT_LIMIT, known, text
from app.session.rules.decide import Events, decides
from app.session.rules.people import HOST, Level, Party, Role
from app.session.rules.state import ANNOUNCED, RECEIVING, State
from app.session.rules.waiting import overdue

MOST_AUTHORITIES = 64


@decides(cmd.OpenCase, by=(HOST,))
def _(state: State, actor: str, command: cmd.OpenCase, now: datetime) -> Events:
    if state.case:
        raise InputError("refused.case_open")
    if command.shortened and not command.rehearsal:
        raise InputError("refused.shortened_clocks")
    return [
        ev.CaseOpened(
            case=command.case,
            lot=command.lot,
            case_file=command.case_file,
            rehearsal=command.rehearsal,
            rules=command.rules,
            windows=command.windows,
            shortened=command.shortened,
            blob_keys=command.blob_keys,
            host_key=command.host_key,
            host_certificate=command.host_certificate,
            vouched=command.vouched,
        )
    ]


@decides(cmd.AddPerson, by=("officer", HOST))
def _(state: State, actor: str, command: cmd.AddPerson, now: datetime) -> Events:
    person = command.person
    if person.id in state.people or person.id == HOST or not person.id.isascii() or not person.id.isalnum():
        raise InputError("refused.person_id", person=person.id)
    if person.has(Role.SUPERVISOR) and person.has(Role.OFFICER, Role.CLERK, Role.MEMBER, Role.SUPPLIER):
        raise InputError("refused.roles_clash", person=person.id)
    if person.has(Role.MEMBER) and (
        person.party is Party.AGENCY
        or person.has(Role.OFFICER, Role.CLERK, Role.SUPPLIER)
        or (state.the_method().members_barred_from_opening and person.has(Role.OPENER))
    ):
        raise InputError("refused.roles_clash", person=person.id)
    return [ev.PersonAdded(person=person)]


@decides(cmd.ImportCommittee, by=("officer",))
def _(state: State, actor: str, command: cmd.ImportCommittee, now: datetime) -> Events:
    ids = [person.id for person in command.people]
    if not ids or len(set(ids)) != len(ids) or any(p in state.people for p in ids):
        raise InputError("refused.person_id")
    if not all(person.has(Role.MEMBER) and not person.has(Role.OFFICER, Role.CLERK) for person in command.people):
        raise InputError("refused.roles_clash")
    if not command.draw_reference.strip():
        raise InputError("refused.text", limit=TEXT_LIMIT)
    return [ev.CommitteeImported(people=command.people, draw_reference=command.draw_reference)]


@decides(cmd.Invite, by=(*STAFF, HOST))
def _(state: State, actor: str, command: cmd.Invite, now: datetime) -> Events:
    known(state, command.person)
    earlier = any(item.person == command.person for item in state.invitations.values())
    if earlier and not command.reissued_reason.strip():
        raise InputError("refused.reissue_needs_reason", person=command.person)
    if not 1 <= command.valid_hours <= 24 * 60 or len(command.secret_sha256) != 64:
        raise InputError("refused.invitation")
    expires = now + timedelta(hours=command.valid_hours)
    return [
        ev.InvitationIssued(
            person=command.person,
            secret_sha256=command.secret_sha256,
            expires=expires,
            reissued_reason=command.reissued_reason,
        )
    ]


@decides(cmd.ResetCertificate, by=("officer",), while_paused=True)
def _(state: State, actor: str, command: cmd.ResetCertificate, now: datetime) -> Events:
    known(state, command.person)
    if command.person not in state.certificates:
        raise InputError("refused.no_certificate", person=command.person)
    return [ev.CertificateReset(person=command.person, reason=text(command.reason))]


@decides(cmd.VerifyIdentity, by=STAFF, while_paused=True)
def _(state: State, actor: str, command: cmd.VerifyIdentity, now: datetime) -> Events:
    known(state, command.person)
    if Level.STAFF_VERIFIED.value not in state.the_lot().sign_in:
        raise InputError("refused.level", level=Level.STAFF_VERIFIED.value)
    earlier = state.signed_in.get(command.person)
    bound = command.person in state.certificates
    if bound and earlier is not None and earlier.level is not Level.STAFF_VERIFIED:
        raise InputError("refused.certificate_bound", person=command.person)  # nobody signs in beside a token
    if len(command.photo_sha256) != 64 or not set(command.photo_sha256) <= set(string.hexdigits.lower()):
        raise InputError("refused.photo", person=command.person)  # who was seen is kept (SESSION.md, identity)
    if len(command.code_sha256) != 64 or not 1 <= command.valid_minutes <= 24 * 60:
        raise InputError("refused.code")
    return [
        ev.IdentityVerified(
            person=command.person,
            verifier=actor,
            code_sha256=command.code_sha256,
            note=text(command.note),
            photo_sha256=command.photo_sha256,
            expires=now + timedelta(minutes=command.valid_minutes),
        )
    ]


@decides(cmd.AddAuthority, by=("officer",), while_paused=True)
def _(state: State, actor: str, command: cmd.AddAuthority, now: datetime) -> Events:
    if command.certificate in state.authorities:
        raise InputError("refused.authority_known", name=command.name)
    if len(state.authorities) >= MOST_AUTHORITIES:
        raise InputError("refused.authorities", count=MOST_AUTHORITIES)
    return [ev.AuthorityAdded(certificate=command.certificate, name=text(command.name), reason=text(command.reason))]


@decides(cmd.ReportSignIn, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportSignIn, now: datetime) -> Events:
    events: Events = []
    if command.registers is not None:
        events.append(ev.SupplierRegistered(person=command.registers, certificate=command.certificate))
    events.append(
        ev.SignedIn(
            person=command.person,
            level=command.level,
            session=command.session,
            certificate=command.certificate,
            encryption_certificate=command.encryption_certificate,
            chain=command.chain,
            challenge=command.challenge,
            challenge_signature=command.challenge_signature,
            revocation=command.revocation,
            invitation_sha256=command.invitation_sha256,
            drawn_signature_sha256=command.drawn_signature_sha256,
            blind_certificate=command.blind_certificate,
            evidence_sha256=command.evidence_sha256,
        )
    )
    return events


@decides(cmd.ReportSignInRefused, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportSignInRefused, now: datetime) -> Events:
    return [ev.SignInRefused(person=command.person, code=command.code)]


@decides(cmd.ReportConnection, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportConnection, now: datetime) -> Events:
    if (command.person in state.online) == command.connected:
        return []
    if command.connected:
        return [ev.Connected(person=command.person)]
    return [ev.Disconnected(person=command.person)]


@decides(cmd.FixKit, by=("officer",), during=(ANNOUNCED,))
def _(state: State, actor: str, command: cmd.FixKit, now: datetime) -> Events:
    return [ev.KitCoreFixed(core_sha256=sha256_hex(command.core.encode()), core=command.core)]


@decides(cmd.AcceptOpening, by=("opener", "supervisor"), during=(ANNOUNCED,))
def _(state: State, actor: str, command: cmd.AcceptOpening, now: datetime) -> Events:
    if not state.kit_core:
        raise InputError("refused.no_kit")
    return [ev.OpenerAccepted(person=actor, acceptance=command.acceptance)]


@decides(cmd.ReportHolderKey, by=("opener", "supervisor"), during=(RECEIVING, "gathering"))
def _(state: State, actor: str, command: cmd.ReportHolderKey, now: datetime) -> Events:
    if actor not in state.kit_openers:
        raise InputError("refused.no_kit")
    if (actor in state.keyless) == command.missing:
        return []
    return [ev.HolderKeyMissing(person=actor) if command.missing else ev.HolderKeyBack(person=actor)]


@decides(cmd.IssueKit, by=("officer",), during=(ANNOUNCED,))
def _(state: State, actor: str, command: cmd.IssueKit, now: datetime) -> Events:
    if not state.kit_core:
        raise InputError("refused.no_kit")
    missing = [p for p in state.with_role(Role.OPENER) if p not in state.acceptances]
    enough = len(state.acceptances) >= state.the_lot().opening_policy.k
    if missing and not (enough and all(overdue(state, p) for p in missing)):
        raise InputError("refused.not_accepted", person=missing[0])
    parties = {state.people[p].party for p in state.acceptances}
    if state.the_lot().opening_policy.layers != "supplier" and len(parties) < 2:
        raise InputError("refused.one_party")
    issued = ev.KitIssued(kit_sha256=command.kit_sha256, openers=tuple(state.acceptances))
    return [issued, ev.PhaseEntered(phase=RECEIVING, by=actor)]


@decides(cmd.SubmitBid, by=("supplier",), during=(RECEIVING, "gathering"))
def _(state: State, actor: str, command: cmd.SubmitBid, now: datetime) -> Events:
    supplier = state.supplier_of(actor)
    check_may_submit(state, supplier, command.header_sha256, command.replaces, now)
    if not command.receipt:
        raise InputError("bid.not_received")
    if command.recovery and not state.the_lot().opening_policy.recovery:
        raise InputError("bid.recovery_not_allowed")
    if command.backup and (len(command.backup) != 64 or set(command.backup) - set(string.hexdigits.lower())):
        raise InputError("backup.malformed")
    return [
        ev.BidSubmitted(
            supplier=supplier,
            header_sha256=command.header_sha256,
            envelope_sha256=command.envelope_sha256,
            size=command.size,
            receipt=command.receipt,
            replaces=command.replaces,
            backup=command.backup,
            recovery=command.recovery,
        )
    ]


def check_may_submit(state: State, supplier: str, header_sha256: str, replaces: str, now: datetime) -> None:
    """Raise InputError with the reason why an envelope may not be received now (87号令 art. 33)."""
    if state.phase not in (RECEIVING, "gathering"):
        raise InputError("bid.not_receiving", phase=state.phase)
    if now >= state.the_lot().deadline:
        raise InputError("bid.late")
    if supplier not in state.suppliers:
        raise InputError("bid.not_registered")
    if header_sha256 in state.superseded or any(b.header_sha256 == header_sha256 for b in state.bids.values()):
        raise InputError("bid.superseded")
    current = state.bids.get(supplier)
    standing = current is not None and not current.withdrawn
    if standing and current is not None and replaces != current.header_sha256:
        raise InputError("bid.replace_needs_receipt")
    if not standing and replaces:
        raise InputError("bid.nothing_to_replace")


@decides(cmd.ReportBidRefused, by=(HOST,))
def _(state: State, actor: str, command: cmd.ReportBidRefused, now: datetime) -> Events:
    return [ev.BidRefused(supplier=command.supplier, code=command.code)]


@decides(cmd.WithdrawBid, by=("supplier",), during=(RECEIVING, "gathering"))
def _(state: State, actor: str, command: cmd.WithdrawBid, now: datetime) -> Events:
    if now >= state.the_lot().deadline:
        raise InputError("bid.late")
    supplier = state.supplier_of(actor)
    bid = state.bids.get(supplier)
    if bid is None or bid.withdrawn or bid.header_sha256 != command.header_sha256:
        raise InputError("bid.nothing_to_withdraw")
    return [ev.BidWithdrawn(supplier=supplier, header_sha256=bid.header_sha256, grave=command.grave)]
