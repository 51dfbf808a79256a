"""``bidroom case`` and ``bidroom invite``."""

import argparse
import asyncio
import secrets
from pathlib import Path

import msgspec

from app.bootstrap import RULE_PACK
from app.ca.token import KeyHolder
from app.clock import SystemClock
from app.errors import InputError
from app.procurement.case import parse_case_file
from app.procurement.case_checks import case_problems
from app.procurement.rulepack import load_rule_pack, rules_in_force
from app.session.case_folder import create_case
from app.session.client import Client
from app.session.rules import commands
from app.session.rules.people import Person, Role
from app.session.signin import digest_of
from app.session.trust_settings import TrustSettings
from app.session.wire.link import Link

FILE_LIMIT = 4 * 1024 * 1024


def read(path: Path) -> bytes:
    """A small file; InputError ``file.unreadable`` or ``file.too_large``."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError("file.unreadable", name=str(path)) from error
    if len(data) > FILE_LIMIT:
        raise InputError("file.too_large", name=str(path), limit=FILE_LIMIT)
    return data


def read_people(path: Path) -> tuple[Person, ...]:
    """A JSON list of people (docs/opening-day.md); InputError ``people.malformed``."""
    try:
        return msgspec.json.decode(read(path), type=tuple[Person, ...])
    except msgspec.DecodeError as error:
        raise InputError("people.malformed", detail=str(error)[:200]) from error


def check_case(file: Path) -> int:
    """Print every problem of a case file; 0 when there is none, else 2."""
    from app.cli.texts import sentence

    case = parse_case_file(read(file))
    rules = rules_in_force(load_rule_pack(RULE_PACK.read_bytes()), case.notice_date)
    problems = case_problems(case, rules)
    for problem in problems:
        print(f"{problem.field}: {sentence(problem.code, dict(problem.facts))}")
    if not problems:
        print(f"{case.project_number} {case.project_name}: OK")
    return 2 if problems else 0


def new_case(options: argparse.Namespace) -> int:
    """Make the case and print one link for each person of the agency."""
    case = parse_case_file(read(options.file))
    people = read_people(options.people)
    if not any(person.has(Role.OFFICER) for person in people):
        raise InputError("people.no_officer")
    host, _, port = options.public.rpartition(":")
    if not host or not port.isdigit():
        raise InputError("host.listen_malformed")

    async def make() -> list[tuple[Person, Link]]:
        if not options.log_token:
            return await made(None)
        from app.cli.bid import token_of

        chosen = argparse.Namespace(token=options.log_token, module=options.module)
        async with token_of(chosen) as token:
            return await made(token)

    async def made(vouching: KeyHolder | None) -> list[tuple[Person, Link]]:
        room = await create_case(
            options.home,
            case,
            options.lot or case.lots[0].id,
            rule_pack=read(options.rules) if options.rules else RULE_PACK.read_bytes(),
            trust_roots=read(options.trust),
            crls=read(options.crl) if options.crl else b"",
            people=people,
            clock=SystemClock(),
            mirror=options.mirror,
            trust_settings=TrustSettings(tuple(options.tsa), not options.offline, options.require_revocation),
            vouching=vouching,
        )
        links = []
        for person in people:
            secret = secrets.token_urlsafe(16)
            await room.report(commands.Invite(person=person.id, secret_sha256=digest_of(secret)))
            links.append((person, Link(host, int(port), room.case, room.keys.fingerprint, person.id, secret)))
        await room.close()
        return links

    for person, link in asyncio.run(make()):
        print(f"{person.id}\t{person.name}\t{link.text()}")
    return 0


async def invite(client: Client, options: argparse.Namespace) -> int:
    """A one-use link for a person; with a lost token its certificate is unbound first."""
    if options.reset_certificate:
        await client.do(commands.ResetCertificate(person=options.person, reason=options.reason))
    secret = secrets.token_urlsafe(16)
    await client.do(
        commands.Invite(person=options.person, secret_sha256=digest_of(secret), reissued_reason=options.reason)
    )
    link = msgspec.structs.replace(client.link, person=options.person, secret=secret)
    print(link.text())
    return 0
