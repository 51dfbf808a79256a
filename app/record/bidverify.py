"""Verify the archive of a procurement case: python bidverify.py ARCHIVE --trust roots.pem --expect N:R

核验采购项目归档。A second, independent implementation in one file: Python 3.11 and the package "cryptography", nothing
else. It rebuilds the container byte for byte, recomputes the log and checks every signature by which it was written.
Use a copy obtained separately from the archive, and compare its SHA-256 with the published one.

Exit code: 0 passed, 1 failed, 2 could not tell (for instance without --trust or --expect).
Not checked here, see NOT_CHECKED: use the full program for these.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PASSED, FAILED, UNSURE = "passed", "failed", "could_not_tell"
NOT_CHECKED = (
    "signatures inside PDF documents",
    "SM2 certificates and signatures (reported as could not tell)",
    "revocation of certificates",
    "who signed the RFC 3161 timestamps",
    "whether the events follow the rules, and the scores",
)
DEMO_MARK = "仅供演练"
LINE_LIMIT = 4 * 1024 * 1024
FIXED = {
    "MANIFEST.jsonl", "README.en.txt", "README.zh.txt", "bidverify.py", "checkpoints.jsonl", "cosignatures.jsonl",
    "entries.jsonl", "rulepack.json", "stamps.jsonl",
}  # fmt: skip
BY_DIGEST = re.compile(r"(?:blobs|sealed)/[0-9a-f]{64}|certificates/[0-9a-f]{64}\.[a-z0-9]{1,8}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
HEX64 = re.compile(r"[0-9a-f]{64}")
Key = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
Chain = list[x509.Certificate]
LEVELS = ("personal_token", "organisation_token", "staff_verified")


class Bad(Exception):
    """Something is wrong; the text says what."""


def need(condition: object, problem: str) -> None:
    if not condition:
        raise Bad(problem)


class Step:
    """One numbered step; the first bad thing stays, and a failure outweighs a doubt."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.problems: dict[str, str | None] = {FAILED: None, UNSURE: None}
        self.facts: dict[str, Any] = {}

    def failed(self, problem: str) -> None:
        self.problems[FAILED] = self.problems[FAILED] or problem

    def unsure(self, problem: str) -> None:
        self.problems[UNSURE] = self.problems[UNSURE] or problem

    def absorb(self, other: "Step") -> None:
        self.facts |= other.facts
        for verdict, problem in other.problems.items():
            self.problems[verdict] = self.problems[verdict] or problem

    def count(self, fact: str) -> None:
        self.facts[fact] = self.facts.get(fact, 0) + 1

    @property
    def verdict(self) -> str:
        return next((verdict for verdict in (FAILED, UNSURE) if self.problems[verdict]), PASSED)

    @property
    def problem(self) -> str | None:
        return self.problems[FAILED] or self.problems[UNSURE]


# --- canonical JSON ---------------------------------------------------------------------------------------------------


def no_floats(value: object) -> None:
    if isinstance(value, dict):
        for item in value.values():
            no_floats(item)
    elif isinstance(value, list):
        for item in value:
            no_floats(item)
    else:
        need(not isinstance(value, float), "a float")


def parse(data: bytes, keys: Iterable[str] | None = None) -> Any:
    """Canonical JSON or Bad: sorted keys, no spaces, UTF-8, no floats; ``keys``: exactly these."""
    try:
        value = json.loads(data)
        no_floats(value)
        again = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise Bad("not JSON") from error
    need(again == data, "not canonical JSON")
    if keys is not None:
        need(isinstance(value, dict) and value.keys() == set(keys), "other fields than expected")
    return value


def unbase64(text: Any, size: int | None = None) -> bytes:
    need(isinstance(text, str), "not base64")
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Bad("not base64") from error
    need(base64.b64encode(data).decode() == text and size in (None, len(data)), "not base64 of that size")
    return data


def unhex(text: Any, size: int) -> bytes:
    need(isinstance(text, str) and re.fullmatch(rf"[0-9a-f]{{{2 * size}}}", text), "not hex of that size")
    return bytes.fromhex(text)


def natural(value: Any) -> int:
    need(type(value) is int and 0 <= value < 2**53, "not a number")
    return int(value)


def text_of(value: Any, limit: int = 256) -> str:
    need(isinstance(value, str) and 0 < len(value) <= limit, "not a text")
    return str(value)


# --- container --------------------------------------------------------------------------------------------------------


def tar_header(name: str, size: int) -> bytes:
    block = bytearray(512)
    block[0 : len(name)] = name.encode()
    block[100:108] = b"0000644\0"
    block[108:116] = block[116:124] = b"0000000\0"
    block[124:136] = b"%011o\0" % size
    block[136:148] = b"00000000000\0"
    block[148:156] = b" " * 8
    block[156:157] = b"0"
    block[257:265] = b"ustar\x0000"
    block[329:337] = block[337:345] = b"0000000\0"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


class Archive:
    """The files of the container, after every other byte has been compared with the only right one."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.members: dict[str, tuple[int, int]] = {}
        end = file.seek(0, 2)
        offset, last = 0, ""
        while True:
            block = self.at(offset, 512)
            if block == bytes(512):
                break
            try:
                name = block[:100].rstrip(b"\0").decode("ascii")
                size = int(block[124:135].decode("ascii"), 8)
            except ValueError as error:
                raise Bad(f"header at byte {offset}") from error
            need(len(name) <= 100 and NAME.fullmatch(name) and 0 <= size < 8 * 1024**3, f"header at byte {offset}")
            need(tar_header(name, size) == block, f"header at byte {offset}")
            need(name > last and len(self.members) < 1_000_000, f"order of files at {name}")
            padding = -size % 512
            self.members[name] = (offset + 512, size)
            offset, last = offset + 512 + size + padding, name
            need(offset <= end, f"cut in {name}")
            need(not any(self.at(offset - padding, padding)), f"padding after {name}")
        need(self.at(offset, 1024) == bytes(1024) and end == offset + 1024, f"end of the container at byte {offset}")
        for name in self.members:
            need(name in FIXED or BY_DIGEST.fullmatch(name), f"unknown file {name}")
        for name in FIXED - {"rulepack.json"}:
            need(name in self.members, f"missing file {name}")
        self.read_manifest()

    def at(self, offset: int, size: int) -> bytes:
        self.file.seek(offset)
        data = self.file.read(size)
        need(len(data) == size, f"cut at byte {offset}")
        return data

    def pieces(self, name: str) -> Iterator[bytes]:
        offset, size = self.members[name]
        for start in range(0, size, 1 << 20):
            yield self.at(offset + start, min(1 << 20, size - start))

    def lines(self, name: str, limit: int = LINE_LIMIT) -> Iterator[bytes]:
        rest = b""
        for piece in self.pieces(name):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                need(len(line) <= limit, f"line of {name} too long")
                yield line
            need(len(rest) <= limit, f"line of {name} too long")
        need(not rest, f"last line of {name} not ended")

    def read_manifest(self) -> None:
        lines = self.lines("MANIFEST.jsonl", 4096)
        first = parse(next(lines, b""), ("format", "case", "edition", "size", "root"))
        need(first["format"] == "bidroom-archive/1", "another format of archive")
        self.case: str = first["case"]
        self.edition: str = first["edition"]
        need(isinstance(self.case, str) and isinstance(self.edition, str), "MANIFEST.jsonl")
        self.size, self.root = natural(first["size"]), unhex(first["root"], 32)
        self.listed: dict[str, tuple[int, str]] = {}
        for line in lines:
            row = parse(line, ("name", "size", "sha256"))
            need(isinstance(row["name"], str) and isinstance(row["sha256"], str), "MANIFEST.jsonl")
            self.listed[row["name"]] = (natural(row["size"]), row["sha256"])
        need(list(self.listed) == [name for name in self.members if name != "MANIFEST.jsonl"], "MANIFEST.jsonl differs")


def check_files(step: Step, archive: Archive) -> set[str]:
    """Every file against manifest and name; returns the names of the good ones."""
    good: set[str] = set()
    for name, (size, sha256) in archive.listed.items():
        digest = hashlib.sha256()
        for piece in archive.pieces(name):
            digest.update(piece)
        own = name.rpartition("/")[2].partition(".")[0]
        step.count("files")
        if size != archive.members[name][1] or digest.hexdigest() != sha256:
            step.failed(f"file differs from the manifest: {name}")
        elif name.startswith(("blobs/", "certificates/")) and own != sha256:
            step.failed(f"file differs from its name: {name}")
        else:
            good.add(name)
    return good


# --- log --------------------------------------------------------------------------------------------------------------


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Log:
    """RFC 6962: leaf hashes, and the hash of every complete subtree."""

    def __init__(self) -> None:
        self.levels: list[list[bytes]] = [[]]

    @property
    def size(self) -> int:
        return len(self.levels[0])

    def add(self, leaf: bytes) -> None:
        value, level = leaf, 0
        while True:
            if level == len(self.levels):
                self.levels.append([])
            self.levels[level].append(value)
            if len(self.levels[level]) % 2:
                return
            value = node(*self.levels[level][-2:])
            level += 1

    def root(self, size: int) -> bytes:
        """Of the first ``size`` leaves: complete subtrees from the right, joined leftwards."""
        if size == 0:
            return hashlib.sha256(b"").digest()
        result: bytes | None = None
        rest, level = size, 0
        while rest:
            if rest & 1:
                peak = self.levels[level][rest - 1]
                result = peak if result is None else node(peak, result)
            rest >>= 1
            level += 1
        assert result is not None
        return result


def note_parts(note: str) -> tuple[str, int, bytes, str, list[tuple[str, bytes]]]:
    """Origin, size, root, body and signature lines of a checkpoint note."""
    body, separator, rest = note.partition("\n\n")
    lines = body.split("\n")
    need(len(note) <= 65536 and separator and len(lines) == 3 and rest.endswith("\n"), "checkpoint malformed")
    need(re.fullmatch(r"0|[1-9][0-9]{0,15}", lines[1]) and int(lines[1]) < 2**53, "checkpoint malformed")
    signatures = [signature_line(line + "\n") for line in rest[:-1].split("\n")]
    need(len(signatures) <= 256 and key_name(lines[0]), "checkpoint malformed")
    return lines[0], int(lines[1]), unbase64(lines[2], 32), body + "\n", signatures


def key_name(name: str) -> bool:
    return 0 < len(name) <= 256 and name.isprintable() and "+" not in name and not any(c.isspace() for c in name)


def signature_line(line: str) -> tuple[str, bytes]:
    need(line.startswith("\u2014 ") and line.endswith("\n") and len(line) <= 1024, "signature line malformed")
    name, separator, value = line[2:-1].partition(" ")
    blob = unbase64(value)
    need(separator and key_name(name) and len(blob) > 4, "signature line malformed")
    return name, blob


def key_id(name: str, kind: int, key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()[:4]


def ed25519(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def check_heads(roots: Step, signatures: Step, archive: Archive, log: Log, log_key: bytes | None) -> dict[int, str]:
    """Every checkpoint: root and signature. Returns the bodies by size."""
    bodies: dict[int, str] = {}
    last = -1
    origin = f"bidroom/{archive.case}"
    try:
        for line in archive.lines("checkpoints.jsonl", 262144):
            row = parse(line, ("size", "note"))
            need(isinstance(row["note"], str), "checkpoint malformed")
            name, size, root, body, lines = note_parts(row["note"])
            signatures.count("checkpoints")
            if size != natural(row["size"]) or size <= last:
                roots.failed(f"order of checkpoints at size {size}")
            last = size
            if size > log.size or log.root(size) != root:
                roots.failed(f"root differs at size {size}")
            bodies[size] = body
            key = log_key or b""
            ours = [blob[4:] for who, blob in lines if who == origin and blob[:4] == key_id(origin, 1, key)]
            if name != origin or not ours or not all(ed25519(key, blob, body.encode()) for blob in ours):
                signatures.failed(f"not signed with the log key at size {size}")
    except Bad as error:
        roots.failed(str(error))
        signatures.failed(str(error))
    roots.facts |= {"entries": log.size, "root": log.root(log.size).hex()}
    if (archive.size, archive.root) != (log.size, log.root(log.size)):
        roots.failed("the manifest names another head")
    if last != log.size:
        roots.failed("no checkpoint covers the last entry")
    return bodies


def check_cosignatures(
    step: Step, archive: Archive, bodies: dict[int, str], people: dict[str, list[bytes]], hidden: int
) -> None:
    """Every cosignature line by a session key of that person."""
    cosigners: set[str] = set()
    try:
        for line in archive.lines("cosignatures.jsonl", 262144):
            row = parse(line, ("size", "name", "line"))
            size = natural(row["size"])
            need(isinstance(row["name"], str) and isinstance(row["line"], str), "cosignature malformed")
            name, blob = signature_line(row["line"])
            step.count("cosignatures")
            body = bodies.get(size)
            message = f"cosignature/v1\ntime {int.from_bytes(blob[4:12], 'big')}\n{body}".encode()
            good = len(blob) == 76 and any(
                blob[:4] == key_id(name, 4, key) and ed25519(key, blob[12:], message) for key in people.get(name, ())
            )
            if name != row["name"] or body is None:
                step.failed(f"cosignature of {row['name']} at size {size}")
            elif good:
                cosigners.add(name)
            elif hidden:
                step.unsure(f"the sign-in of {name} is hidden in this edition")
            else:
                step.failed(f"cosignature of {name} at size {size}")
    except Bad as error:
        step.failed(str(error))
    step.facts["people"] = len(cosigners)
    if not cosigners:
        step.unsure("nobody cosigned")


def check_stamps(step: Step, archive: Archive, bodies: dict[int, str]) -> None:
    """Every timestamp must be over its checkpoint; who made it is not judged here."""
    try:
        for line in archive.lines("stamps.jsonl", 262144):
            row = parse(line, ("size", "at", "token"))
            step.count("stamps")
            body = bodies.get(natural(row["size"]))
            token = unbase64(row["token"])
            if body is None or b"\x04\x20" + hashlib.sha256(body.encode()).digest() not in token:
                step.failed(f"stamp over another message at size {row['size']}")
            step.unsure("who signed the timestamps is not checked here")
    except Bad as error:
        step.failed(str(error))


# --- entries and acts -------------------------------------------------------------------------------------------------

ENTRY = ("v", "case", "index", "at", "actor", "salt", "event", "command")


def parse_entry(line: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = parse(line, ENTRY)
    need(type(entry["v"]) is int and entry["v"] == 1, "another version of entry")
    event = entry["event"]
    need(isinstance(event, dict) and isinstance(event.get("type"), str) and event["type"], "event malformed")
    text_of(entry["case"]), text_of(entry["actor"]), natural(entry["index"]), unhex(entry["salt"], 16)
    entry["at"] = moment(entry["at"])
    command = entry["command"]
    if command is not None and isinstance(command, dict) and command.keys() == {"because"}:
        natural(command["because"])
    elif command is not None:
        need(isinstance(command, dict) and command.keys() == {"signed", "signature", "session"}, "command malformed")
        command["signed"], command["signature"] = unbase64(command["signed"]), unbase64(command["signature"], 64)
        command["session"] = unhex(command["session"], 32)
    return entry


def moment(text: Any) -> datetime:
    try:
        need(isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text), "time malformed")
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Bad("time malformed") from error


def blob_names(value: object, keys: set[str]) -> Iterator[str]:
    """The digests under ``keys`` at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in keys:
                yield from blob_names(item, keys)
                continue
            for digest in item if isinstance(item, list) else [item]:
                if digest is not None and digest != "":
                    need(isinstance(digest, str) and HEX64.fullmatch(digest), "a digest malformed")
                    yield digest
    elif isinstance(value, list):
        for item in value:
            yield from blob_names(item, keys)


class Walk:
    """One walk over the entries; each attribute step is one of the steps."""

    def __init__(self, archive: Archive, roots: list[x509.Certificate] | None) -> None:
        self.archive, self.roots = archive, roots
        self.log, self.host, self.rehearsal, self.hidden = Log(), b"", False, 0
        self.log_key: bytes | None = None
        self.named: set[str] = set()
        self.keys: set[str] = set()
        self.sessions: dict[bytes, dict[str, Any]] = {}
        self.certificates: dict[str, set[bytes]] = {}
        self.chains: set[tuple[bytes, ...]] = set()
        self.carriers: dict[int, str] = {}
        self.entries, self.files = Step("entries"), Step("files")
        self.sign_ins, self.identities = Step("sign_ins"), Step("identities")
        self.commands, self.grave_acts = Step("commands"), Step("grave_acts")
        self.voucher = Step("log_key")
        try:
            for index, line in enumerate(archive.lines("entries.jsonl")):
                self.line(index, line)
        except Bad as error:
            self.entries.failed(str(error))
        if not self.log.size:
            self.entries.failed("no entries")
        if not self.chains:
            self.identities.unsure("nobody signed in with a token")
        self.entries.facts |= {"entries": self.log.size, "hidden": self.hidden}

    def line(self, index: int, line: bytes) -> None:
        if line.startswith(b'{"leaf":'):
            self.log.add(unhex(parse(line, ("leaf",))["leaf"], 32))
            self.hidden += 1
            if self.archive.edition == "full" or index == 0:
                self.entries.failed(f"entry {index} is hidden")
            return
        self.log.add(hashlib.sha256(b"\x00" + line).digest())
        try:
            entry = parse_entry(line)
            need(entry["index"] == index, "index differs")
            need(entry["case"] == self.archive.case, "another case's")
            if index == 0:
                self.first(entry)
        except Bad as error:
            self.entries.failed(f"entry {index}: {error}")
            return
        event, command = entry["event"], entry["command"]
        if event["type"] == "signed_in":
            self.guard(self.sign_ins, index, self.sign_in, entry)
        if command is None:
            if entry["actor"] != "host" and event["type"] != "signed_in":
                self.commands.failed(f"entry {index}: nobody's command")
        elif "because" in command:
            self.consequence(entry, command["because"])
        else:
            self.guard(self.commands, index, self.command, entry)
        try:
            self.named.update(blob_names(event, self.keys))
        except Bad as error:
            self.files.failed(f"entry {index}: {error}")

    def guard(self, step: Step, index: int, check: Callable[[dict[str, Any]], None], entry: dict[str, Any]) -> None:
        try:
            check(entry)
        except Bad as error:
            step.failed(f"entry {index}: {error}")

    def first(self, entry: dict[str, Any]) -> None:
        event = entry["event"]
        need(event["type"] == "case_opened" and isinstance(event.get("rehearsal"), bool), "not an opening of a case")
        keys = event.get("blob_keys")
        keys = [] if keys is None else keys
        need(isinstance(keys, list) and all(isinstance(key, str) for key in keys), "blob_keys malformed")
        host = unbase64(event.get("host_certificate"))
        self.log_key = unhex(event.get("host_key"), 32)
        self.keys, self.rehearsal = {"blobs", *keys}, event["rehearsal"]
        self.host = hashlib.sha256(host).digest()
        if event.get("vouched") is not None:
            self.guard(self.voucher, 0, self.vouch, entry)

    def vouch(self, entry: dict[str, Any]) -> None:
        """A token's signature over the log key."""
        found = entry["event"]["vouched"]
        fields = {"statement", "signature", "certificate", "chain"}
        need(
            isinstance(found, dict) and found.keys() == fields and isinstance(found["chain"], list), "voucher malformed"
        )
        statement, signature, certificate = (
            unbase64(found[field]) for field in ("statement", "signature", "certificate")
        )
        chain = tuple(unbase64(item) for item in found["chain"])
        assert self.log_key is not None
        wanted = {"bidroom": "log_key/1", "case": self.archive.case, "host": self.host.hex()}
        need(parse(statement) == wanted | {"log_key": self.log_key.hex()}, "the voucher is of another log key")
        self.signed(self.voucher, certificate, statement, signature, 0)
        self.voucher.facts["vouched"] = True
        self.identity(certificate, chain, entry, "log key")

    def sign_in(self, entry: dict[str, Any]) -> None:
        event, index = entry["event"], entry["index"]
        self.sign_ins.count("sign_ins")
        for field in ("person", "level", "session"):
            need(isinstance(event.get(field), str) and event[field], f"{field} malformed")
        person, level, key = event["person"], event["level"], unhex(event["session"], 32)
        need(event.get("chain") is None or isinstance(event["chain"], list), "chain malformed")
        chain = tuple(unbase64(item) for item in event.get("chain") or [])
        certificate, challenge, signature = (
            b"" if event.get(field) is None else unbase64(event[field])
            for field in ("certificate", "challenge", "challenge_signature")
        )
        need(level in LEVELS and entry["actor"] in ("host", person), "sign-in malformed")
        known = self.sessions.setdefault(key, {"person": person, "sequence": -1, "head": 0})
        need(known["person"] == person, "session key of another person")
        if certificate:
            self.certificates.setdefault(person, set()).add(certificate)
            if level != "staff_verified":
                self.identity(certificate, chain, entry, person)
            said = parse(challenge, ("bidroom", "case", "host", "person", "session", "nonce"))
            wanted = ("sign_in/1", self.archive.case, self.host.hex(), person, key.hex())
            need(
                (said["bidroom"], said["case"], said["host"], said["person"], said["session"]) == wanted,
                "the challenge is another's",
            )
            unhex(said["nonce"], 32)
            self.signed(self.sign_ins, certificate, challenge, signature, index)
        else:
            need(level == "staff_verified", "a token without certificate")

    def identity(self, certificate: bytes, chain: tuple[bytes, ...], entry: dict[str, Any], name: str) -> None:
        if (certificate, *chain) in self.chains:
            return
        self.chains.add((certificate, *chain))
        self.identities.count("chains")
        where = f"entry {entry['index']}, {name}"
        if self.roots is None:
            self.identities.unsure(f"{where}: no roots given")
            return
        verdict, problem = judge(certificate, chain, self.roots, entry["at"], self.rehearsal)
        if verdict == FAILED:
            self.identities.failed(f"{where}: {problem}")
        elif verdict == UNSURE:
            self.identities.unsure(f"{where}: {problem}")

    def command(self, entry: dict[str, Any]) -> None:
        command, index, actor = entry["command"], entry["index"], entry["actor"]
        self.commands.count("commands")
        need(ed25519(command["session"], command["signature"], command["signed"]), "signature of the command")
        body = parse(command["signed"], ("case", "session", "sequence", "head", "command"))
        head, act = body["head"], body["command"]
        need(isinstance(head, dict) and head.keys() == {"size", "root"}, "head malformed")
        size, root, sequence = natural(head["size"]), unhex(head["root"], 32), natural(body["sequence"])
        need(isinstance(act, dict) and isinstance(act.get("type"), str), "command malformed")
        same = body["case"] == self.archive.case and body["session"] == command["session"].hex()
        self.carriers[index] = actor
        session = self.sessions.get(command["session"])
        if act.get("grave") is not None:
            self.guard(self.grave_acts, index, self.grave, {**entry, "act": act})
        if session is None:
            need(self.hidden, "not a session key of anyone signed in")
            self.commands.unsure(f"entry {index}: the sign-in is hidden in this edition")
        else:
            need(session["person"] == actor, "not a session key of the actor")
            ordered = sequence > session["sequence"] and size >= session["head"]
            session["sequence"], session["head"] = sequence, size
            need(ordered, "order of commands")
        need(same, "a command of another case or session")
        need(size <= index and self.log.root(size) == root, "the head seen is not of this log")

    def consequence(self, entry: dict[str, Any], cause: int) -> None:
        actor = self.carriers.get(cause)
        if actor is None and cause < entry["index"] and self.hidden:
            self.commands.unsure(f"entry {entry['index']}: the command is hidden in this edition")
        elif actor is None or entry["actor"] not in ("host", actor):
            self.commands.failed(f"entry {entry['index']}: follows from no command of its actor")

    def grave(self, entry: dict[str, Any]) -> None:
        act, actor, index = entry["act"], entry["actor"], entry["index"]
        grave = act["grave"]
        self.grave_acts.count("grave_acts")
        need(isinstance(grave, dict) and grave.keys() == {"statement", "signature", "certificate"}, "grave malformed")
        data, signature, certificate = (unbase64(grave[key]) for key in ("statement", "signature", "certificate"))
        said = parse(data, ("bidroom", "case", "person", "act", "fields"))
        fields = {key: value for key, value in act.items() if key not in ("grave", "type")}
        wanted = {
            "bidroom": "grave/1",
            "case": self.archive.case,
            "person": actor,
            "act": act["type"],
            "fields": fields,
        }
        need(said == wanted, "the statement is about another act")
        if certificate in self.certificates.get(actor, ()):
            self.signed(self.grave_acts, certificate, data, signature, index)
        else:
            need(self.hidden, "certificate that the actor did not sign in with")
            self.grave_acts.unsure(f"entry {index}: the sign-in is hidden in this edition")

    def signed(self, step: Step, certificate: bytes, data: bytes, signature: bytes, index: int) -> None:
        good = token_signature(certificate, data, signature)
        if good is None:
            step.unsure(f"entry {index}: algorithm of the certificate")
        elif not good:
            step.failed(f"entry {index}: signature of the token")

    def compare_files(self, good: set[str]) -> None:
        step, archive = self.files, self.archive
        kept = {name[name.index("/") + 1 :]: name for name in archive.members if name.startswith(("blobs/", "sealed/"))}
        if "rulepack.json" in archive.members:
            kept[archive.listed["rulepack.json"][1]] = "rulepack.json"
        step.facts |= {"named": len(self.named), "kept": len(kept)}
        for digest in sorted(self.named):
            name = kept.get(digest)
            if name is None and archive.edition == "full":
                step.failed(f"missing: {digest}")
            elif name is None:
                step.unsure(f"not in this edition: {digest}")
            elif name not in good:
                step.failed(f"damaged: {digest}")
            elif name.startswith("sealed/"):
                step.unsure(f"still encrypted: {digest}")
        for digest in sorted(set(kept) - self.named):
            step.failed(f"no event names {digest}")


# --- certificates -----------------------------------------------------------------------------------------------------

SM2_WITH_SM3 = "1.2.156.10197.1.501"
KNOWN_EXTENSIONS = {"2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.32"}
OTHER_PURPOSES = {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9"}
READING = (
    ValueError, TypeError, UnsupportedAlgorithm,
    x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
)  # fmt: skip


def load(der: bytes) -> x509.Certificate:
    """One of READING for a certificate that no authority may issue (a serial number below one: RFC 5280 §4.1.2.2)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        certificate = x509.load_der_x509_certificate(der)
        if certificate.serial_number < 1:
            raise ValueError("serial number")
    return certificate


def usable_key(certificate: x509.Certificate) -> Key | None:
    """The public key if it is RSA of 2048 to 8192 bit or on P-256, else None."""
    try:
        key = certificate.public_key()
    except READING:
        return None
    if isinstance(key, rsa.RSAPublicKey) and 2048 <= key.key_size <= 8192:
        return key
    return key if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1) else None


def token_signature(der: bytes, data: bytes, signature: bytes) -> bool | None:
    """Whether the certificate's key signed ``data``; None for an algorithm not supported here (such as SM2)."""
    need(len(der) <= 16384, "certificate unreadable")
    try:
        key = usable_key(load(der))
    except READING as error:
        raise Bad("certificate unreadable") from error
    if key is None:
        return None
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        else:
            key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def judge(der: bytes, chain: tuple[bytes, ...], roots: Chain, at: datetime, rehearsal: bool) -> tuple[str, str | None]:
    """Verdict and problem of a signing certificate at a time (RFC 5280 §6.1 without names, policies, revocation)."""
    try:
        leaf = load(der)
        extensions = {extension.oid.dotted_string: extension for extension in leaf.extensions}
        helpers: Chain = []
        for item in chain[:16]:
            try:
                helper = load(item)
                if len(item) <= 16384 and helper.subject and helper.issuer and helper.extensions:
                    helpers.append(helper)
            except READING:
                continue
        if not leaf.not_valid_before_utc <= at <= leaf.not_valid_after_utc:
            return FAILED, "certificate not valid at that time"
        if usable_key(leaf) is None:
            return UNSURE, "algorithm of the certificate"
        if not may_sign(extensions):
            return FAILED, "certificate not for signing"
        found: Chain | None = None
        for path in paths([leaf], helpers, roots, [64]):
            found = found or path
            if well_formed(path):
                found = path
                break
        if found is None and any(one.signature_algorithm_oid.dotted_string == SM2_WITH_SM3 for one in [leaf, *helpers]):
            return UNSURE, "algorithm of the certificate's issuer"
        if found is None:
            return FAILED, "no chain to a trusted root"
        if not well_formed(found):
            return FAILED, "an authority that may not issue it, or an unknown critical extension"
        if not all(one.not_valid_before_utc <= at <= one.not_valid_after_utc for one in found):
            return FAILED, "an authority not valid at that time"
        names = [*found[-1].subject, *found[-1].issuer]
        if not rehearsal and any(DEMO_MARK in str(name.value) for name in names):
            return FAILED, "a root for rehearsals in a real case"
    except READING:
        return FAILED, "certificate unreadable"
    return PASSED, None


def may_sign(extensions: dict[str, Any]) -> bool:
    usage, constraints, purposes = (extensions.get(oid) for oid in ("2.5.29.15", "2.5.29.19", "2.5.29.37"))
    if constraints is not None and constraints.value.ca:
        return False
    if usage is not None and not (usage.value.digital_signature or usage.value.content_commitment):
        return False
    return purposes is None or not {oid.dotted_string for oid in purposes.value} <= OTHER_PURPOSES


def paths(path: Chain, helpers: Chain, roots: Chain, budget: list[int]) -> Iterator[Chain]:
    """Paths by name and signature to a root; at most 64 signatures are tried."""
    for one in [*roots, *(helper for helper in helpers if helper not in roots)]:
        if one.subject != path[-1].issuer or one in path:
            continue
        budget[0] -= 1
        if budget[0] < 0:
            return
        if not issued(path[-1], one):
            continue
        if one in roots:
            yield [*path, one]
        elif len(path) < 8:
            yield from paths([*path, one], helpers, roots, budget)


def issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        key = issuer.public_key()
        if isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048:
            return False
        if not isinstance(certificate.signature_hash_algorithm, hashes.SHA256 | hashes.SHA384 | hashes.SHA512):
            return False
        certificate.verify_directly_issued_by(issuer)
    except (*READING, InvalidSignature):
        return False
    return True


def well_formed(path: Chain) -> bool:
    for certificate in path:
        for extension in certificate.extensions:
            oid = extension.oid.dotted_string
            if oid in ("2.5.29.30", "2.5.29.36") or (extension.critical and oid not in KNOWN_EXTENSIONS):
                return False
    below = 0
    for authority in path[1:]:
        extensions = {extension.oid.dotted_string: extension.value for extension in authority.extensions}
        constraints, usage = extensions.get("2.5.29.19"), extensions.get("2.5.29.15")
        if constraints is None or not constraints.ca or (usage is not None and not usage.key_cert_sign):
            return False
        if constraints.path_length is not None and below > constraints.path_length:
            return False
        below += authority.subject != authority.issuer
    return True


# --- all of it --------------------------------------------------------------------------------------------------------


def load_roots(data: bytes) -> Chain:
    """Root certificates from PEM or DER."""
    if b"-----BEGIN" in data:
        return x509.load_pem_x509_certificates(data)
    return [x509.load_der_x509_certificate(data)]


def parse_expect(text: str) -> tuple[int, bytes]:
    match = re.fullmatch(r"([0-9]{1,15}):([0-9a-fA-F]{64})", text.strip())
    if match is None:
        raise Bad("--expect is N:R, the number of entries and 64 hex digits")
    return int(match[1]), bytes.fromhex(match[2])


def verify(path: Path, roots: Chain | None = None, expect: tuple[int, bytes] | None = None) -> list[Step]:
    """All steps: a list of :class:`Step`. ``roots``: certificates; ``expect``: number of entries and root."""
    container = Step("container")
    codes = "entries tree checkpoints cosignatures expect sign_ins identities commands grave_acts files stamps carried"
    with open(path, "rb") as file:
        try:
            archive = Archive(file)
        except Bad as error:
            container.failed(str(error))
            rest = [Step(code) for code in codes.split()]
            for step in rest:
                step.unsure("the container could not be read")
            return [container, *rest]
        good = check_files(container, archive)
        walk = Walk(archive, roots)
        walk.compare_files(good)
        tree, signatures, cosignatures, expected, stamps, carried = map(
            Step, ("tree", "checkpoints", "cosignatures", "expect", "stamps", "carried")
        )
        bodies = check_heads(tree, signatures, archive, walk.log, walk.log_key)
        signatures.absorb(walk.voucher)
        people: dict[str, list[bytes]] = {}
        for key, session in walk.sessions.items():
            people.setdefault(session["person"], []).append(key)
        check_cosignatures(cosignatures, archive, bodies, people, walk.hidden)
        if expect is None:
            expected.unsure("no --expect given")
        elif expect[0] > walk.log.size or walk.log.root(expect[0]) != expect[1]:
            expected.failed(f"the log does not begin with the expected {expect[0]} entries")
        check_stamps(stamps, archive, bodies)
        own = Path(__file__).read_bytes().replace(b"\r\n", b"\n")
        if b"".join(archive.pieces("bidverify.py")) != own:
            carried.unsure("the bidverify.py inside is not this one")
        return [
            container, walk.entries, tree, signatures, cosignatures, expected, walk.sign_ins, walk.identities,
            walk.commands, walk.grave_acts, walk.files, stamps, carried,
        ]  # fmt: skip


def exit_code(steps: list[Step]) -> int:
    verdicts = {step.verdict for step in steps}
    return 1 if FAILED in verdicts else 2 if UNSURE in verdicts else 0


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Verify the archive of a procurement case. 核验采购项目归档。")
    parser.add_argument("archive", type=Path)
    parser.add_argument("--trust", type=Path, help="root certificates (PEM), from outside the archive; 根证书")
    parser.add_argument("--expect", help="N:R, number of entries and root, from a signed document; 条目数:根哈希")
    parser.add_argument("--json", action="store_true", help="machine-readable result")
    options = parser.parse_args(arguments)
    try:
        roots = load_roots(options.trust.read_bytes()) if options.trust else None
        expect = parse_expect(options.expect) if options.expect else None
        steps = verify(options.archive, roots, expect)
    except (OSError, ValueError, Bad) as error:
        print(f"cannot verify: {error}", file=sys.stderr)
        return 2
    code = exit_code(steps)
    if options.json:
        rows = [{"code": s.code, "verdict": s.verdict, "facts": s.facts, "problem": s.problem} for s in steps]
        print(json.dumps({"exit_code": code, "steps": rows, "not_checked": NOT_CHECKED}, ensure_ascii=False, indent=1))
        return code
    words = {PASSED: "passed 通过", FAILED: "FAILED 不通过", UNSURE: "could not tell 无法判断"}
    for number, step in enumerate(steps, 1):
        facts = ", ".join(f"{key} {value}" for key, value in step.facts.items())
        print(f"{number:2} {step.code:13} {words[step.verdict]:26} {facts}")
        if step.problem:
            print(f"   {step.problem}")
    print("Not checked here 本程序不检查: " + "; ".join(NOT_CHECKED))
    print(("PASSED 通过", "FAILED 不通过", "COULD NOT TELL 无法判断")[code])
    return code


if __name__ == "__main__":
    sys.exit(main())
