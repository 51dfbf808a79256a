"""``bidroom kit``, ``committee``, ``advance``: what officer and openers do before the opening, without the desk."""

import argparse
import base64
import secrets

import msgspec

from app.ca.sealing_kit import KitCore
from app.ca.signatures import describe, fingerprint
from app.ca.trust import read_authorities
from app.canon import sha256_hex
from app.cli.case import read, read_people
from app.errors import InputError
from app.session import acts
from app.session.client import Client
from app.session.rules import commands
from app.session.signin import digest_of


async def propose_kit(client: Client, options: argparse.Namespace) -> int:
    """The officer fixes who holds shares: everyone who opens must have signed in once. Prints who must accept."""
    await acts.fix_kit(client, sha256_hex(read(options.notice)))
    state = await client.until(lambda s: bool(s.kit_core))
    for opener in msgspec.json.decode(state.kit_core.encode(), type=KitCore).openers:
        print("\t".join([opener.holder, opener.organisation, opener.party, "must" if opener.must else ""]).rstrip())
    return 0


async def accept_kit(client: Client, _options: argparse.Namespace) -> int:
    """An opener accepts with the token; waits a minute for the proposal."""
    try:
        await client.until(lambda s: bool(s.kit_core))
    except TimeoutError as error:
        raise InputError("refused.no_kit") from error
    await acts.accept_opening(client)
    return 0


async def issue_kit(client: Client, options: argparse.Namespace) -> int:
    """The officer signs and publishes the kit; receiving begins."""
    data = await acts.issue_kit(client)
    options.out.write_bytes(data)
    print(f"{options.out}\t{sha256_hex(data)}")
    return 0


async def import_committee(client: Client, options: argparse.Namespace) -> int:
    """The officer imports the draw's result; prints a one-use link for each member."""
    people = read_people(options.people)
    await client.do(commands.ImportCommittee(people=people, draw_reference=options.draw))
    for person in people:
        secret = secrets.token_urlsafe(16)
        await client.do(commands.Invite(person=person.id, secret_sha256=digest_of(secret)))
        link = msgspec.structs.replace(client.link, person=person.id, secret=secret)
        print(f"{person.id}\t{person.name}\t{link.text()}")
    return 0


async def admit_backup(client: Client, options: argparse.Namespace) -> int:
    """The officer admits the backup of a bid that did not open by no fault of its supplier."""
    await client.do(commands.AdmitBackup(supplier=options.supplier, reason=options.reason))
    return 0


async def add_authority(client: Client, options: argparse.Namespace) -> int:
    """The officer has the case trust another certificate authority; prints what was added."""
    for der in read_authorities(read(options.certificates)):
        name = describe(der).holder
        certificate = base64.b64encode(der).decode()
        await client.do(commands.AddAuthority(certificate=certificate, name=name, reason=options.reason))
        print(f"{name}\t{fingerprint(der)}")
    return 0


async def advance(client: Client, options: argparse.Namespace) -> int:
    """The next phase; a reason where something is undone."""
    await client.do(commands.Advance(phase=options.phase, reason=options.reason))
    state = await client.until(lambda s: s.phase == options.phase)
    print(state.phase)
    return 0
