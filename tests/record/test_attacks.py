"""What a dishonest host, person or archivist may try: each is found, by both verifiers, at the step that says why."""

import copy
import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from record_case import CASE, Authority, Person, RecordCase, b64, repack, small_case
from test_two_verifiers import SEED, both

from app.errors import FaultError
from app.record import archive
from app.record.acts import Challenge, Head, Statement, build_challenge, build_statement
from app.record.archive import save_archive
from app.record.checkpoint import cosign, parse_note
from app.record.entry import Because, SignedCommand
from app.record.evidence import StoredCheckpoint, StoredCosignature, StoredStamp
from app.record.log import MerkleTree
from app.record.verification import Verdict, Verification
from app.record.verifier import verify_archive


def _archive(tmp_path: Path, case: RecordCase, **options: Any) -> Path:
    path = tmp_path / "case.tar"
    save_archive(path, case, **options)
    return path


def _rebuild(case: RecordCase) -> None:
    """The host rewrites its log and signs it anew."""
    sizes = [note.size for note in case.notes]
    case.tree, case.notes, case.lines_of_cosigners = MerkleTree(), [], []
    lines, case.lines = case.lines, []
    for line in lines:
        case.lines.append(line)
        case.tree.append(line)
        if case.tree.size in sizes:
            case.checkpoint()
    if not case.notes or case.notes[-1].size != case.tree.size:
        case.checkpoint()


def _edit(case: RecordCase, index: int, change: Callable[[dict[str, Any]], object]) -> None:
    entry = json.loads(case.lines[index])
    change(entry)
    case.lines[index] = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _removed(case: RecordCase) -> None:
    del case.lines[5]
    _rebuild(case)


def _reordered(case: RecordCase) -> None:
    case.lines[5], case.lines[6] = case.lines[6], case.lines[5]
    _rebuild(case)


def _truncated(case: RecordCase) -> None:
    del case.lines[-2:]
    case.notes.pop()
    _rebuild(case)


def _rewritten(case: RecordCase) -> None:
    _edit(case, 7, lambda entry: entry["event"].update(note="another"))
    _rebuild(case)


def _forked_note(case: RecordCase) -> None:
    other = Ed25519PrivateKey.generate()
    forged = RecordCase(case.authority)
    forged.log_key = other
    forged.lines, forged.tree = case.lines, case.tree
    case.notes[-1] = StoredCheckpoint(case.tree.size, forged.checkpoint())


def _forked_head(case: RecordCase) -> None:
    fork = MerkleTree()
    for number in range(case.notes[0].size):
        fork.append(b"fork %d" % number)
    right, case.tree = case.tree, fork
    case.checkpoint()
    note = case.notes.pop()
    case.tree = right
    case.notes[0] = note


def _tail_unsigned(case: RecordCase) -> None:
    signed = case.notes[-1]
    case.add({"type": "added"})
    case.checkpoint()
    case.notes[-1] = StoredCheckpoint(case.tree.size, signed.note)


def _forged_cosignature(case: RecordCase) -> None:
    last = case.lines_of_cosigners[-1]
    line = cosign(parse_note(case.notes[-1].note)[0], last.name, Ed25519PrivateKey.generate(), 1)
    case.lines_of_cosigners[-1] = StoredCosignature(last.size, last.name, line)


def _cosignature_of_another_head(case: RecordCase) -> None:
    first, last = case.lines_of_cosigners[0], case.notes[-1]
    case.lines_of_cosigners[-1] = StoredCosignature(last.size, first.name, first.line)


def _act_of_nobody(case: RecordCase) -> None:
    case.add({"type": "price_confirmed"}, actor="supervisor")
    case.checkpoint()


def _command_by_host(case: RecordCase) -> None:
    officer = case.people[1]
    good = case.command(officer, {"type": "start"})
    bad = Ed25519PrivateKey.generate()
    public = bad.public_key().public_bytes_raw()
    case.add({"type": "start"}, "officer", SignedCommand(good.signed, bad.sign(good.signed), public))
    case.checkpoint()


def _command_of_another(case: RecordCase) -> None:
    case.add({"type": "start"}, "supervisor", case.command(case.people[1], {"type": "start"}))
    case.checkpoint()


def _replayed(case: RecordCase) -> None:
    command = case.command(case.people[1], {"type": "start"})
    case.add({"type": "start"}, "officer", command)
    case.add({"type": "start"}, "officer", command)
    case.checkpoint()


def _changed_command(case: RecordCase) -> None:
    command = case.command(case.people[1], {"type": "start"})
    signed = command.signed.replace(b'"start"', b'"close"')
    case.add({"type": "close"}, "officer", SignedCommand(signed, command.signature, command.session))
    case.checkpoint()


def _other_head_seen(case: RecordCase) -> None:
    head = Head(3, hashlib.sha256(b"a fork").digest())
    case.add({"type": "start"}, "officer", case.command(case.people[1], {"type": "start"}, head=head))
    case.checkpoint()


def _consequence_of_nothing(case: RecordCase) -> None:
    case.add({"type": "closed"}, command=Because(0))
    case.checkpoint()


def _stolen_sign_in(case: RecordCase) -> None:
    thief = Person("thief", None)
    host = hashlib.sha256(case.host_certificate).digest()
    supervisor = case.people[0]
    challenge = build_challenge(Challenge(CASE, host, "supervisor", supervisor.public, bytes(32)))
    case.sign_in(
        supervisor,
        session=thief.public.hex(),
        challenge=b64(challenge),
        challenge_signature=b64(supervisor.sign(challenge)),
    )
    case.checkpoint()


def _other_host(case: RecordCase) -> None:
    person = Person("late", case.authority)
    challenge = build_challenge(Challenge(CASE, bytes(32), "late", person.public, bytes(32)))
    case.sign_in(person, challenge=b64(challenge), challenge_signature=b64(person.sign(challenge)))
    case.checkpoint()


def _bad_challenge_signature(case: RecordCase) -> None:
    case.sign_in(Person("late", case.authority), challenge_signature=b64(b"no signature"))
    case.checkpoint()


def _shared_session_key(case: RecordCase) -> None:
    person = Person("late", case.authority)
    person.session = case.people[0].session
    case.sign_in(person)
    case.checkpoint()


def _token_without_certificate(case: RecordCase) -> None:
    case.sign_in(Person("late", None), "personal_token")
    case.checkpoint()


def _untrusted(case: RecordCase) -> None:
    other = Authority("Other CA")
    case.sign_in(Person("late", other), chain=[b64(other.certificate)])
    case.checkpoint()


def _grave_changed(case: RecordCase) -> None:
    supervisor = case.people[0]
    said = build_statement(Statement(CASE, "supervisor", "confirm_price", {"price": "1"}))
    case.grave(supervisor, "confirm_price", {"price": "2"}, statement=b64(said), signature=b64(supervisor.sign(said)))
    case.checkpoint()


def _grave_unsigned(case: RecordCase) -> None:
    case.grave(case.people[0], "confirm_price", {"price": "2"}, signature=b64(b"nothing"))
    case.checkpoint()


def _grave_by_another_token(case: RecordCase) -> None:
    supervisor, other = case.people[0], Person("supervisor", case.authority)
    supervisor.token, supervisor.certificate = other.token, other.certificate
    case.grave(supervisor, "confirm_price", {"price": "2"})
    case.checkpoint()


def _file_lost(case: RecordCase) -> None:
    case.kept.pop(next(iter(case.kept)))


def _file_replaced(case: RecordCase) -> None:
    digest = next(iter(case.kept))
    case.kept[digest] = bytes(len(case.kept[digest]))


def _stamp_of_something_else(case: RecordCase) -> None:
    case.tokens.append(StoredStamp(case.notes[-1].size, "2026-11-20T01:30:00.000Z", b"\x30\x00"))


ATTACKS: dict[str, Callable[[RecordCase], None]] = {
    "entries": _removed,
    "entries reordered": _reordered,
    "expect truncated": _truncated,
    "expect rewritten": _rewritten,
    "checkpoints forked": _forked_note,
    "tree forked": _forked_head,
    "tree tail": _tail_unsigned,
    "cosignatures forged": _forged_cosignature,
    "cosignatures moved": _cosignature_of_another_head,
    "commands nobody": _act_of_nobody,
    "commands host": _command_by_host,
    "commands another": _command_of_another,
    "commands replayed": _replayed,
    "commands changed": _changed_command,
    "commands head": _other_head_seen,
    "commands cause": _consequence_of_nothing,
    "sign_ins stolen": _stolen_sign_in,
    "sign_ins other host": _other_host,
    "sign_ins signature": _bad_challenge_signature,
    "sign_ins shared key": _shared_session_key,
    "sign_ins no certificate": _token_without_certificate,
    "identities untrusted": _untrusted,
    "grave_acts changed": _grave_changed,
    "grave_acts unsigned": _grave_unsigned,
    "grave_acts other token": _grave_by_another_token,
    "files lost": _file_lost,
    "stamps other": _stamp_of_something_else,
}


def _failed(full: Verification) -> list[str]:
    return [step.code for step in full.steps if step.verdict is Verdict.FAILED]


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_found(name: str, case: RecordCase, tmp_path: Path) -> None:
    expected = case.expect
    ATTACKS[name](case)
    path = _archive(tmp_path, case)
    if not name.startswith("expect"):
        expected = case.expect  # the rewriting itself is not what this attack is about
    full = verify_archive(path, roots=case.authority.pem, expect=expected)
    step = name.partition(" ")[0]
    assert step in _failed(full)
    _, small = both(path, case)
    assert small[step] == "failed" or step == "expect"


def test_a_replaced_file_does_not_get_into_an_archive(case: RecordCase, tmp_path: Path) -> None:
    _file_replaced(case)
    with pytest.raises(FaultError, match="source_changed"):
        _archive(tmp_path, case)
    assert not list(tmp_path.iterdir())


def test_a_revoked_certificate_fails(case: RecordCase, tmp_path: Path) -> None:
    case.authority = Authority()
    person = Person("late", case.authority)
    assert person.certificate
    case.authority.revoke(person.certificate)
    case.sign_in(person)
    case.checkpoint()
    case.certificates = {"x.crl": case.authority.crl}
    full, _ = both(_archive(tmp_path, case), case)
    assert "revocations" in _failed(full)


def test_without_trust_from_outside_nothing_passes_whole(archive_path: Path) -> None:
    full = verify_archive(archive_path)
    doubts = {step.code for step in full.steps if step.verdict is Verdict.COULD_NOT_TELL}
    assert {"identities", "revocations", "expect"} <= doubts
    assert full.exit_code == 2
    assert json.loads(full.to_json())["exit_code"] == 2


def test_a_rehearsals_root_counts_only_in_a_rehearsal(tmp_path: Path) -> None:
    authority = Authority("测试 CA, 仅供演练")
    real, _ = both(_archive(tmp_path, real_case := small_case(authority)), real_case)
    assert _failed(real) == ["identities"]
    played = small_case(authority, rehearsal=True)
    full, small = both(_archive(tmp_path, played), played)
    assert full.rehearsal
    assert _failed(full) == []
    assert set(small.values()) == {"passed"}


def test_a_party_edition_verifies_and_says_what_it_cannot_tell(case: RecordCase, tmp_path: Path) -> None:
    whole = case.expect
    path = tmp_path / "party.tar"
    summary = save_archive(path, case, "supplier", visible=lambda index: index in (1, 2, 4, 6))
    assert summary.hidden == 5
    full, small = both(path, case)
    assert _failed(full) == []
    assert "failed" not in small.values()
    verdicts = {step.code: step.verdict for step in full.steps}
    assert verdicts["tree"] is verdicts["expect"] is verdicts["checkpoints"] is Verdict.PASSED
    assert (full.size, bytes.fromhex(full.root)) == whole
    assert b"9800000" not in path.read_bytes()


def test_a_full_edition_hides_nothing(case: RecordCase, tmp_path: Path) -> None:
    path = tmp_path / "party.tar"
    save_archive(path, case, "party", visible=lambda index: index != 7)
    repack(path, lambda _files, first: first.update(edition="full"))
    full, small = both(path, case)
    assert _failed(full) == ["entries"]
    assert small["entries"] == "failed"


def _add_file(files: dict[str, bytes], _first: dict[str, Any]) -> None:
    files["blobs/" + hashlib.sha256(b"slipped in").hexdigest()] = b"slipped in"


def _other_content(files: dict[str, bytes], _first: dict[str, Any]) -> None:
    name = next(name for name in files if name.startswith("blobs/"))
    files[name] = b"another price"


def _other_cosigner(files: dict[str, bytes], _first: dict[str, Any]) -> None:
    files["cosignatures.jsonl"] = files["cosignatures.jsonl"].replace(b"officer", b"expert1")


def _no_cosignatures(files: dict[str, bytes], _first: dict[str, Any]) -> None:
    files["cosignatures.jsonl"] = b""


def _other_verifier(files: dict[str, bytes], _first: dict[str, Any]) -> None:
    files["bidverify.py"] = b"print('PASSED')\n"


def _broken_list(files: dict[str, bytes], _first: dict[str, Any]) -> None:
    """A revocation list of a version that does not exist."""
    content = files.pop(next(name for name in files if name.endswith(".crl"))).replace(
        b"\x02\x01\x01", b"\x02\x01\x09", 1
    )
    files[f"certificates/{hashlib.sha256(content).hexdigest()}.crl"] = content


def _other_size(_files: dict[str, bytes], first: dict[str, Any]) -> None:
    first["size"] += 1


@pytest.mark.parametrize(
    ("change", "step", "verdict"),
    [
        (_add_file, "files", "failed"),
        (_other_content, "container", "failed"),
        (_other_cosigner, "cosignatures", "failed"),
        (_no_cosignatures, "cosignatures", "could_not_tell"),
        (_other_verifier, "carried", "could_not_tell"),
        (_other_size, "tree", "failed"),
        (_broken_list, "container", "passed"),
    ],
)
def test_a_careful_forger_is_found(
    change: Callable[[dict[str, bytes], dict[str, Any]], None],
    step: str,
    verdict: str,
    archive_path: Path,
    archived: tuple[bytes, RecordCase],
) -> None:
    repack(archive_path, change)
    full, small = both(archive_path, archived[1])
    assert {one.code: one.verdict.value for one in full.steps}[step] == small[step] == verdict


_VALUES: list[Any] = [None, True, 0, -1, 2**60, "", "x", "officer", [], ["x"], {}, {"type": 1}, "AAAA", "00" * 32]


def _spots(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        found += [(value, key), *_spots(item)]
    return found


def _resigned(case: RecordCase, chance: random.Random) -> str:
    """One value somewhere in an entry becomes another, and the host signs the log anew."""
    index = chance.randrange(len(case.lines))
    entry = json.loads(case.lines[index])
    holder, key = chance.choice(_spots(entry))
    if isinstance(holder[key], str) and chance.random() < 0.4:
        holder[key] = holder[key][:-1] if chance.random() < 0.5 else holder[key].upper()
    elif isinstance(holder, dict) and chance.random() < 0.2:
        del holder[key]
    else:
        holder[key] = chance.choice(_VALUES)
    case.lines[index] = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    _rebuild(case)
    return f"{index}: {key}"


def _fuzz(authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    verdicts = set()
    original = small_case(authority)

    def note(survey: Any, data: bytes, _shown: bool) -> None:
        """A writer that takes every entry as it is."""
        survey.tree.append(data)
        survey.named.update(original.kept)

    monkeypatch.setattr(archive._Survey, "_note", note)
    for _ in range(rounds):
        case = copy.copy(original)
        case.lines, case.notes = list(original.lines), list(original.notes)
        what = _resigned(case, chance)
        try:
            full, _small = both(_archive(tmp_path, case), case)
        except AssertionError as error:
            raise AssertionError(f"{what}: {error}") from error
        verdicts.add(full.verdict)
    assert Verdict.FAILED in verdicts


def test_the_two_never_disagree_about_a_resigned_log(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fuzz(authority, tmp_path, monkeypatch, 250, SEED)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_two_never_disagree_about_many_resigned_logs(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fuzz(authority, tmp_path, monkeypatch, 5000, SEED + 1)
