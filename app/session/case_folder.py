"""A case's folder on the host: made once, from the case file, the rule pack and the trust roots."""

import re
from pathlib import Path

import msgspec

from app.ca.token import Act, KeyHolder
from app.ca.trust import TrustList
from app.clock import Clock
from app.errors import FaultError, InputError
from app.procurement.case import CaseFile, lot_case
from app.procurement.case_checks import case_problems
from app.procurement.methods import method_of
from app.procurement.rulepack import effective_windows, load_rule_pack, rules_in_force
from app.record.acts import build_log_key_statement
from app.record.blobs import BlobStore
from app.record.store import AsyncStore
from app.session.keys import HostKeys
from app.session.room import Room
from app.session.rules.commands import AddPerson, OpenCase
from app.session.rules.event import Voucher
from app.session.rules.people import Person
from app.session.signin import base64_text
from app.session.trust_settings import TrustSettings, write_settings

BLOB_KEYS = (
    "envelope_sha256", "kit_sha256", "manifest_sha256", "segment_sha256", "notes_sha256", "pdf_sha256",
    "share_sha256", "document_sha256", "drawn_signature_sha256", "photo_sha256", "evidence_sha256",
    "sha256",
)  # fmt: skip
"""Keys of events whose values name files: what the archive must hold."""


class CaseMeta(msgspec.Struct, frozen=True):
    """``case.json`` in the folder: the id, so that a restarted host knows what it has."""

    case: str
    title: str


def folder_name(case: str) -> str:
    """A case id as the name of its folder."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", case)


async def create_case(
    home: Path,
    case_file: CaseFile,
    lot: str,
    *,
    rule_pack: bytes,
    trust_roots: bytes,
    crls: bytes,
    people: tuple[Person, ...],
    clock: Clock,
    mirror: Path | None = None,
    trust_settings: TrustSettings | None = None,
    vouching: KeyHolder | None = None,
) -> Room:
    """Make the case of one lot: its keys, its first entries (the case opened, the agency's people), its trust list.

    Args:
        trust_roots: PEM bundle of the CAs that this case believes; test roots only in a rehearsal.
        crls: PEM bundle of revocation lists, may be empty.
        people: at least one officer.
        trust_settings: who stamps the record, and how revocation is asked for.
        vouching: a token whose holder stands behind the log key: signs once, and the first entry has it.

    Raises:
        InputError: ``case.*`` for what is wrong in the file (facts name the first problem), ``method.*``,
            ``case.exists``, ``trust.*``.
    """
    flat = lot_case(case_file, lot)
    method_of(flat.method)
    rules = rules_in_force(load_rule_pack(rule_pack), case_file.notice_date)
    problems = case_problems(case_file, rules)
    if problems:
        first = problems[0]
        raise InputError(first.code, field=first.field, count=len(problems), **dict(first.facts))
    TrustList([trust_roots], [crls] if crls else [], demo=case_file.rehearsal)
    folder = home / folder_name(flat.case_id)
    if (folder / "case.json").exists():
        raise InputError("case.exists", case=flat.case_id)
    keys = HostKeys.create(folder, f"Bidroom {flat.agency.name}", clock)
    (folder / "trust.pem").write_bytes(trust_roots)
    (folder / "crls.pem").write_bytes(crls)
    (folder / "rulepack.json").write_bytes(rule_pack)
    if trust_settings is not None:
        write_settings(folder, trust_settings)
    if mirror is not None:
        (folder / "mirror.txt").write_text(str(mirror))
    windows = effective_windows(case_file.windows, rules)
    room = await _room(folder, flat.case_id, keys, clock, mirror)
    await room.report(
        OpenCase(
            case=flat.case_id,
            lot=lot,
            case_file=case_file,
            rehearsal=case_file.rehearsal,
            rules=rules,
            windows={name: window.seconds for name, window in windows.items()},
            shortened={name: window.seconds for name, window in windows.items() if window.shortened},
            blob_keys=BLOB_KEYS,
            host_key=keys.log_public.hex(),
            host_certificate=base64_text(keys.certificate),
            vouched=None if vouching is None else await _voucher(vouching, flat.case_id, keys),
        )
    )
    for person in people:
        await room.report(AddPerson(person=person))
    meta = CaseMeta(case=flat.case_id, title=f"{flat.project_name} {flat.lot.name}".strip())
    (folder / "case.json").write_bytes(msgspec.json.encode(meta))
    return room


async def _voucher(token: KeyHolder, case: str, keys: HostKeys) -> Voucher:
    statement = build_log_key_statement(case, bytes.fromhex(keys.fingerprint), keys.log_public)
    signature = await token.sign(statement, Act("vouch_log_key", {"case": case}))
    return Voucher(
        statement=base64_text(statement),
        signature=base64_text(signature),
        certificate=base64_text(token.signing_certificate),
        chain=tuple(base64_text(item) for item in token.chain),
    )


async def _room(folder: Path, case: str, keys: HostKeys, clock: Clock, mirror: Path | None) -> Room:
    store = await AsyncStore.at(folder, case, mirror=mirror)
    return Room(folder, case, store, keys, BlobStore(folder / "blobs"), clock)


def cases_in(home: Path) -> dict[str, Path]:
    """Case id → folder of the cases on this host."""
    found = {}
    for path in sorted(home.glob("*/case.json")):
        meta = msgspec.json.decode(path.read_bytes(), type=CaseMeta)
        found[meta.case] = path.parent
    return found


def trust_of(folder: Path, rehearsal: bool) -> TrustList:
    """The trust list of a case.

    Raises:
        FaultError: ``host.trust_missing``.
    """
    try:
        roots, crls = (folder / "trust.pem").read_bytes(), (folder / "crls.pem").read_bytes()
    except OSError as error:
        raise FaultError("host.trust_missing") from error
    return TrustList([roots], [crls] if crls else [], demo=rehearsal)
