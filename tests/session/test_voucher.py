"""A token's holder stands behind the log key of a case: signed once, in the first entry, checked by both verifiers."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from record_case import Authority, Person, RecordCase, b64
from test_two_verifiers import both
from world import RULES, World

from app.canon import canonical
from app.procurement.case import lot_case
from app.record import bidverify
from app.record.acts import build_log_key_statement
from app.record.archive import save_archive
from app.record.archive_reader import ArchiveReader
from app.record.log import MerkleTree
from app.record.verification import Verdict
from app.record.verifier import verify_archive
from app.rehearsal.cast import person_of
from app.session.archiving import archive_room
from app.session.case_folder import create_case


async def test_a_case_made_with_a_token_carries_its_voucher(tmp_path: Path) -> None:
    world = await World.create(tmp_path)
    try:
        token = world.keys["officer"]
        case = lot_case(world.file, world.file.lots[0].id)
        room = await create_case(
            tmp_path / "other",
            world.file,
            case.lot.id,
            rule_pack=RULES.read_bytes(),
            trust_roots=world.pki.trust_file.read_bytes(),
            crls=world.pki.crl_file.read_bytes(),
            people=(person_of(world.samples["officer"]),),
            clock=world.clock,
            vouching=token,
        )
        await room.start()
        done = await archive_room(room)
        await room.close()
    finally:
        await world.close()
    assert [act.code for act in token.acts] == ["vouch_log_key"]
    roots = world.pki.trust_file.read_bytes()
    steps = {step.code: step for step in verify_archive(done.path, roots=roots).steps}
    assert steps["checkpoints"].verdict is Verdict.PASSED
    assert steps["checkpoints"].facts["vouched"] is True
    assert (steps["identities"].verdict, steps["identities"].facts["chains"]) == (Verdict.PASSED, 1)
    small = {step.code: step for step in bidverify.verify(done.path, bidverify.load_roots(roots))}
    assert (small["checkpoints"].verdict, small["identities"].verdict) == ("passed", "passed")
    assert small["checkpoints"].facts["vouched"] is True
    with ArchiveReader(done.path) as archive:
        first = json.loads(next(iter(archive.entry_lines())))  # type: ignore[arg-type]
    assert x509.load_der_x509_certificate(token.signing_certificate)
    assert first["event"]["vouched"]["certificate"] == b64(token.signing_certificate)


Change = Callable[[dict[str, Any], Any], None]


def _wrong_signature(vouched: dict[str, Any], _case: Any) -> None:
    vouched["signature"] = b64(b"nothing")


def _other_key(vouched: dict[str, Any], case: Any) -> None:
    statement = build_log_key_statement(case.case, bytes(32), bytes(32))
    vouched["statement"] = b64(statement)


def _other_authority(vouched: dict[str, Any], _case: Any) -> None:
    vouched["certificate"] = b64(Authority("Other CA").certificate)


def _malformed(vouched: dict[str, Any], _case: Any) -> None:
    del vouched["chain"]


@pytest.mark.parametrize(
    ("change", "step", "problem"),
    [
        (_wrong_signature, "checkpoints", "log_key.signature"),
        (_other_key, "checkpoints", "log_key.other_key"),
        (_other_authority, "checkpoints", "log_key.signature"),
        (_malformed, "checkpoints", "log_key.malformed"),
        (None, "", ""),
    ],
)
def test_a_voucher_that_is_not_one_is_named(change: Change | None, step: str, problem: str, tmp_path: Path) -> None:
    authority = Authority()
    case = RecordCase(authority)
    person = Person("agency", authority)
    host = hashlib.sha256(case.host_certificate).digest()
    statement = build_log_key_statement(case.case, host, case.log_key.public_key().public_bytes_raw())
    vouched: dict[str, Any] = {
        "statement": b64(statement),
        "signature": b64(person.sign(statement)),
        "certificate": b64(person.certificate or b""),
        "chain": [b64(authority.certificate)],
    }
    if change is not None:
        change(vouched, case)
    entry = json.loads(case.lines[0])
    entry["event"]["vouched"] = vouched
    case.lines, case.tree = [canonical(entry)], MerkleTree()
    case.tree.append(case.lines[0])
    case.sign_in(case.people[0])
    case.checkpoint([case.people[0]])
    path = tmp_path / "case.tar"
    save_archive(path, case)
    full, small = both(path, case)
    failed = [(one.code, one.problem) for one in full.steps if one.verdict is Verdict.FAILED]
    if change is None:
        assert failed == []
        assert "failed" not in small.values()
    else:
        assert (step, problem) in failed
        assert small[step] == "failed"
