"""What may be done to a real archive: by name, with the step and the problem that the verifier must name.

Everything is done by someone who owns the host and holds its keys, so that no digest, hash or head gives it away.
"""

import base64
import copy
import hashlib
import json
from collections.abc import Callable
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from golden_case import Forger

from app.record.checkpoint import cosign, parse_note, sign_checkpoint
from app.record.log import MerkleTree


class Attack(msgspec.Struct, frozen=True):
    """What is done, and the (step, problem) pairs that must be among the findings; "~" marks a doubt, not a failure.

    Attributes:
        resigned: the log is signed anew after the change; else the change itself makes the file.
    """

    change: Callable[[Forger], object]
    found: tuple[str, ...]
    resigned: bool = True


def _command(entry: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> None:
    """Change the signed bytes of a command, under the old signature."""
    body = json.loads(base64.b64decode(entry["command"]["signed"]))
    change(body)
    data = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    entry["command"]["signed"] = base64.b64encode(data).decode()


def _swap(f: Forger, kind: str, field: str) -> None:
    one, other = f.of(kind, 0)["event"], f.of(kind, 1)["event"]
    one[field], other[field] = other[field], one[field]


# --- entries ---


def _message_changed(f: Forger) -> None:
    f.of("message_posted")["event"]["text"] = "各位代表好，开标推迟。"


def _own_words_changed(f: Forger) -> None:
    entry = f.of("incident_noted")
    entry["event"]["text"] = "无异常。"
    _command(entry, lambda body: body["command"].update(text="无异常。"))


def _removed(f: Forger) -> None:
    f.remove(f.of("supervision_notice")["index"])


def _reordered(f: Forger) -> None:
    one, other = f.of("seal_confirmed", 0), f.of("seal_confirmed", 1)
    a, b = one["index"], other["index"]
    f.entries[a], f.entries[b] = other, one
    one["index"], other["index"] = b, a


def _cut(f: Forger) -> None:
    f.remove(f.of("case_closed")["index"])


def _inserted(f: Forger) -> None:
    f.insert(f.of("price_called", 1)["index"], {"type": "incident_noted", "text": "甲公司迟到。"})


def _inserted_at_the_end(f: Forger) -> None:
    f.insert(
        len(f.entries),
        {"type": "ranking_confirmed", "candidates": f.of("ranking_confirmed")["event"]["candidates"][::-1]},
    )


def _time_moved(f: Forger) -> None:
    entry = f.of("bid_submitted", 2)
    entry["at"] = entry["at"][:17] + ("00" if entry["at"][17:19] != "00" else "30") + entry["at"][19:]


def _line_dropped(f: Forger) -> None:
    f.entries.pop(60)


# --- heads and witnesses ---


def _other_key_signs(f: Forger) -> None:
    f.log_key = Ed25519PrivateKey.generate()


def _log_key_replaced(f: Forger) -> None:
    f.log_key = Ed25519PrivateKey.generate()
    f.entries[0]["event"]["host_key"] = f.log_key.public_key().public_bytes_raw().hex()


def _forked(f: Forger) -> None:
    """One of the signed heads is of another history."""
    lines = f.files["checkpoints.jsonl"].splitlines()
    size = json.loads(lines[40])["size"]
    fork = MerkleTree()
    for number in range(size):
        fork.append(b"%d" % number)
    lines[40] = json.dumps(
        {"note": f.sign(size, fork.root()), "size": size}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()
    f.files["checkpoints.jsonl"] = b"\n".join(lines) + b"\n"
    f.repack(lambda _files, _first: None)


def _forged_checkpoint(f: Forger) -> None:
    lines = [json.loads(line) for line in f.files["checkpoints.jsonl"].splitlines()]
    root = parse_note(lines[-1]["note"])[0].root
    lines[-1]["note"] = sign_checkpoint(f.first["case"], lines[-1]["size"], root, Ed25519PrivateKey.generate())
    f.files["checkpoints.jsonl"] = _lines(lines)
    f.repack(lambda _files, _first: None)


def _head_hidden(f: Forger) -> None:
    lines = f.files["checkpoints.jsonl"].splitlines(keepends=True)
    f.files["checkpoints.jsonl"] = b"".join(lines[:-1])
    rows = [json.loads(line) for line in f.files["cosignatures.jsonl"].splitlines()]
    last = json.loads(lines[-1])["size"]
    f.files["cosignatures.jsonl"] = _lines([row for row in rows if row["size"] != last])
    f.repack(lambda _files, _first: None)


def _cosignature_forged(f: Forger) -> None:
    rows = [json.loads(line) for line in f.files["cosignatures.jsonl"].splitlines()]
    notes = {json.loads(line)["size"]: json.loads(line)["note"] for line in f.files["checkpoints.jsonl"].splitlines()}
    row = next(row for row in rows if row["name"] == "supervisor")
    row["line"] = cosign(parse_note(notes[row["size"]])[0], "supervisor", Ed25519PrivateKey.generate(), 1_795_000_000)
    f.files["cosignatures.jsonl"] = _lines(rows)
    f.repack(lambda _files, _first: None)


def _cosignature_moved(f: Forger) -> None:
    rows = [json.loads(line) for line in f.files["cosignatures.jsonl"].splitlines()]
    mine = [row for row in rows if row["name"] == "supervisor"]
    mine[0]["line"], mine[1]["line"] = mine[1]["line"], mine[0]["line"]
    f.files["cosignatures.jsonl"] = _lines(rows)
    f.repack(lambda _files, _first: None)


def _witnesses_kept(f: Forger) -> None:
    f.witnessed = True
    _message_changed(f)


def _witnesses_dropped(f: Forger) -> None:
    f.files["cosignatures.jsonl"] = b""
    f.repack(lambda _files, _first: None)


def _stamp(f: Forger) -> None:
    size = json.loads(f.files["checkpoints.jsonl"].splitlines()[-1])["size"]
    other = base64.b64encode(b"\x30\x03\x02\x01\x00").decode()
    f.files["stamps.jsonl"] = _lines([{"at": f.entries[-1]["at"], "size": size, "token": other}])
    f.repack(lambda _files, _first: None)


# --- people ---


def _signature_stripped(f: Forger) -> None:
    f.of("seal_confirmed", 1)["command"] = None


def _grave_stripped(f: Forger) -> None:
    entry = f.of("price_confirmed")
    entry["command"]["signed"] = _without_grave(entry)
    entry["command"]["signature"] = base64.b64encode(bytes(64)).decode()


def _without_grave(entry: dict[str, Any]) -> str:
    copied = copy.deepcopy(entry)
    _command(copied, lambda body: body["command"].update(grave=None))
    return str(copied["command"]["signed"])


def _certificate_replaced(f: Forger) -> None:
    """The officer's sign-in with the supervisor's certificate."""
    officer, supervisor = f.of("signed_in", person="officer"), f.of("signed_in", person="supervisor")
    officer["event"]["certificate"] = supervisor["event"]["certificate"]


def _challenge_replaced(f: Forger) -> None:
    officer, supervisor = f.of("signed_in", person="officer")["event"], f.of("signed_in", person="supervisor")["event"]
    for field in ("certificate", "chain", "challenge", "challenge_signature"):
        officer[field] = supervisor[field]


def _sign_in_removed(f: Forger) -> None:
    f.remove(f.of("signed_in", person="expert2")["index"])


def _chain_stripped(f: Forger) -> None:
    f.of("signed_in", person="supervisor")["event"]["chain"] = []


def _act_of_another(f: Forger) -> None:
    f.of("supervision_notice")["actor"] = "clerk"


def _act_replayed(f: Forger) -> None:
    entry = f.of("message_posted")
    place = entry["index"] + 1
    f.insert(place, entry["event"], entry["actor"])
    f.entries[place]["command"] = entry["command"]


# --- bids, documents, recordings ---


def _bids_swapped(f: Forger) -> None:
    """Two suppliers' envelopes change places, receipts and all."""
    for field in ("envelope_sha256", "header_sha256", "size", "receipt"):
        _swap(f, "bid_submitted", field)


def _envelope_changed(f: Forger) -> None:
    digest = f.of("bid_submitted")["event"]["envelope_sha256"]
    content = bytearray(f.file(digest))
    content[-100] ^= 1
    f.replace_file(digest, bytes(content))


def _opened_bid_changed(f: Forger) -> None:
    """Another price is said to have come out of the envelope, and is read out and handed on."""
    opened = f.of("bid_opened")["event"]
    old = f.file(opened["manifest_sha256"])
    price = json.loads(old)["price"]["total"]
    f.replace_file(opened["manifest_sha256"], old.replace(price.encode(), b"1999999.00"))
    for entry in [*f.all("price_read", supplier=opened["supplier"]), *f.all("bids_handed_on")]:
        bid = entry["event"].get("bid") or entry["event"]["bids"][opened["supplier"]]
        bid["price"]["total"] = "1999999.00"


def _price_read_wrong(f: Forger) -> None:
    f.of("price_read", 1)["event"]["bid"]["price"]["total"] = "1.00"


def _document_replaced(f: Forger) -> None:
    """The issued report is that of the other document."""
    f.of("document_issued", document="evaluation_report-1")["event"]["pdf_sha256"] = f.of("document_issued")["event"][
        "pdf_sha256"
    ]
    _drop_unnamed(f)


def _document_unsigned(f: Forger) -> None:
    """The last signature on the opening record is taken off again."""
    signed = list(f.all("document_signed", document="opening_record-1"))
    signed[-1]["event"]["pdf_sha256"] = signed[-2]["event"]["pdf_sha256"]
    _drop_unnamed(f)


def _document_edited(f: Forger) -> None:
    digest = list(f.all("document_signed", document="evaluation_report-1"))[-1]["event"]["pdf_sha256"]
    content = bytearray(f.file(digest))
    content[2000] ^= 1
    f.replace_file(digest, bytes(content))


def _document_lost(f: Forger) -> None:
    del f.files["blobs/" + f.of("document_issued")["event"]["pdf_sha256"]]


def _segment_cut(f: Forger) -> None:
    digest = f.of("segment_closed")["event"]["segment_sha256"]
    f.files[f"blobs/{digest}"] = f.file(digest)[:400]


def _segment_cut_and_named(f: Forger) -> None:
    event = f.of("segment_closed")["event"]
    film = f.file(event["segment_sha256"])[:400]
    event["size"] = len(film)
    f.replace_file(event["segment_sha256"], film)


def _segments_swapped(f: Forger) -> None:
    _swap(f, "segment_closed", "segment_sha256")
    _swap(f, "segment_closed", "size")


def _segment_removed(f: Forger) -> None:
    f.remove(f.of("segment_closed", 1)["index"])
    _drop_unnamed(f)


def _drop_unnamed(f: Forger) -> None:
    named = json.dumps([entry["event"] for entry in f.entries])
    for name in list(f.files):
        if name.startswith("blobs/") and name[6:] not in named:
            del f.files[name]


# --- what was decided ---


def _score_changed(f: Forger) -> None:
    sheets = f.of("sheets_opened")["event"]["sheets"]
    sheet = next(iter(sheets.values()))
    scores = next(iter(sheet["scores"].values()))
    name = next(key for key, value in scores.items() if value not in ("0", "0.00"))
    scores[name] = "0.5" if scores[name] != "0.5" else "1"


def _total_changed(f: Forger) -> None:
    f.of("totals_computed")["event"]["standings"][0]["total"] = "99.99"


def _ranking_changed(f: Forger) -> None:
    event = f.of("ranking_confirmed")["event"]
    event["candidates"] = event["candidates"][::-1]


def _rules_changed(f: Forger) -> None:
    """A lower bar for what counts as a deviation among the members' scores."""
    rules = f.entries[0]["event"]["rules"]["rules"]
    next(rule for rule in rules if rule["id"] == "scoring.figures")["params"]["deviation"] = "0.001"


def _weight_changed(f: Forger) -> None:
    lot = f.entries[0]["event"]["case_file"]["lots"][0]
    one, other = lot["criteria"][:2]
    one["max_score"], other["max_score"] = other["max_score"], one["max_score"]


def _vote_changed(f: Forger) -> None:
    event = f.of("review_decided")["event"]
    event["passed"] = False


def _share_altered(f: Forger) -> None:
    digest = f.of("share_released")["event"]["share_sha256"]
    share = bytearray(f.file(digest))
    share[-20] ^= 1
    f.replace_file(digest, bytes(share))


def _holder_replaced(f: Forger) -> None:
    event = f.of("holders_fixed")["event"]
    names = list(event["holders"])
    event["holders"][names[0]] = event["holders"][names[1]]


# --- the file ---


def _passing_verifier(f: Forger) -> None:
    f.files["bidverify.py"] = b"import sys\nprint('PASSED')\nsys.exit(0)\n"
    f.repack(lambda _files, _first: None)


def _file_slipped_in(f: Forger) -> None:
    f.files["blobs/" + hashlib.sha256(b"more").hexdigest()] = b"more"
    f.repack(lambda _files, _first: None)


def _edition_widened(f: Forger) -> None:
    """A party's edition in which one hidden entry was given other words."""
    lines = f.files["entries.jsonl"].splitlines()
    place = f.of("message_posted")["index"]
    for number in range(1, len(lines), 3):
        if number != place:
            leaf = hashlib.sha256(b"\x00" + lines[number]).hexdigest()
            lines[number] = b'{"leaf":"%s"}' % leaf.encode()
    lines[place] = lines[place].replace("各位代表好".encode(), "诸位代表好".encode())
    f.files["entries.jsonl"] = b"\n".join(lines) + b"\n"
    f.repack(lambda _files, first: first.update(edition="member"))


def _full_with_holes(f: Forger) -> None:
    lines = f.files["entries.jsonl"].splitlines()
    leaf = hashlib.sha256(b"\x00" + lines[100]).hexdigest()
    lines[100] = b'{"leaf":"%s"}' % leaf.encode()
    f.files["entries.jsonl"] = b"\n".join(lines) + b"\n"
    f.repack(lambda _files, _first: None)


def _other_size(f: Forger) -> None:
    f.repack(lambda _files, first: first.update(size=first["size"] - 1))


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(
        json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n" for row in rows
    )


HEAD = "commands:command.head"
"""Someone acted later on another record than this one."""

ATTACKS: dict[str, Attack] = {
    "entry changed": Attack(_message_changed, (HEAD, "replay:replay.differs", "expect:expect.root_differs")),
    "entry and its act changed": Attack(_own_words_changed, ("commands:command.signature",)),
    "entry removed": Attack(_removed, (HEAD,)),
    "entries reordered": Attack(_reordered, (HEAD,)),
    "record truncated": Attack(_cut, ("expect:expect.log_shorter", "cosignatures:~cosignature.none")),
    "entry inserted": Attack(_inserted, (HEAD, "replay:replay.unexplained")),
    "entry added at the end": Attack(_inserted_at_the_end, ("replay:replay.unexplained",)),
    "time moved": Attack(_time_moved, (HEAD, "bids:bid.receipt_differs")),
    "line dropped": Attack(_line_dropped, ("entries:entry.index",)),
    "signed by another key": Attack(_other_key_signs, ("checkpoints:checkpoint.not_signed",)),
    "log key replaced": Attack(_log_key_replaced, (HEAD,)),
    "witnesses kept": Attack(_witnesses_kept, ("cosignatures:cosignature.invalid", HEAD)),
    "log forked": Attack(_forked, ("tree:tree.root_differs", "cosignatures:cosignature.invalid"), False),
    "checkpoint forged": Attack(_forged_checkpoint, ("checkpoints:checkpoint.not_signed",), False),
    "last head hidden": Attack(_head_hidden, ("tree:tree.end_not_signed",), False),
    "cosignature forged": Attack(_cosignature_forged, ("cosignatures:cosignature.invalid",), False),
    "cosignature moved": Attack(_cosignature_moved, ("cosignatures:cosignature.invalid",), False),
    "witnesses dropped": Attack(_witnesses_dropped, ("cosignatures:~cosignature.none",), False),
    "stamp of something else": Attack(_stamp, ("stamps:time.stamp_unreadable",), False),
    "signature stripped": Attack(_signature_stripped, ("commands:command.none",)),
    "token signature stripped": Attack(_grave_stripped, ("commands:command.signature", "replay:command.malformed")),
    "certificate replaced": Attack(
        _certificate_replaced, ("sign_ins:sign_in.signature", "grave_acts:grave.other_certificate")
    ),
    "sign-in of another": Attack(_challenge_replaced, ("sign_ins:sign_in.other_challenge",)),
    "sign-in removed": Attack(_sign_in_removed, (HEAD, "grave_acts:grave.other_certificate")),
    "chain stripped": Attack(_chain_stripped, ("identities:chain.no_path",)),
    "act put on another": Attack(_act_of_another, ("commands:command.other_person", "replay:replay.refused")),
    "act replayed": Attack(_act_replayed, ("commands:command.order",)),
    "bids swapped": Attack(_bids_swapped, ("bids:bid.receipt_differs", "replay:replay.differs", HEAD)),
    "envelope changed": Attack(_envelope_changed, ("bids:envelope.damaged", "replay:replay.differs")),
    "opened bid changed": Attack(_opened_bid_changed, ("replay:replay.refused", HEAD)),
    "price read wrong": Attack(_price_read_wrong, ("bids:bid.read_differs", "replay:replay.refused")),
    "document swapped": Attack(_document_replaced, ("documents:document.other_time", "replay:replay.refused", HEAD)),
    "document signature stripped": Attack(_document_unsigned, ("documents:document.not_an_increment", HEAD)),
    "document edited": Attack(_document_edited, ("documents:document.not_an_increment", "replay:replay.differs")),
    "document lost": Attack(_document_lost, ("files:files.missing", "documents:document.missing")),
    "entry before a document removed": Attack(_segment_removed, ("documents:document.other_root", HEAD)),
    "segment cut": Attack(_segment_cut, ("container:container.name_differs", "files:files.damaged")),
    "segment cut and named anew": Attack(_segment_cut_and_named, (HEAD,)),
    "segments swapped": Attack(_segments_swapped, (HEAD,)),
    "score changed": Attack(_score_changed, ("replay:replay.number_differs", HEAD)),
    "total changed": Attack(_total_changed, ("replay:replay.number_differs", HEAD)),
    "ranking changed": Attack(_ranking_changed, ("replay:replay.number_differs", HEAD)),
    "vote's outcome changed": Attack(_vote_changed, ("replay:replay.number_differs", HEAD)),
    "rule pack changed": Attack(_rules_changed, ("replay:replay.number_differs", HEAD)),
    "weights changed": Attack(_weight_changed, ("replay:replay.number_differs", HEAD)),
    "share altered": Attack(_share_altered, ("replay:replay.differs", HEAD)),
    "holder of sheets replaced": Attack(_holder_replaced, ("replay:replay.differs", HEAD)),
    "bidverify.py that always passes": Attack(_passing_verifier, ("carried:~carried.other_version",), False),
    "file slipped in": Attack(_file_slipped_in, ("files:files.unnamed",), False),
    "member edition widened": Attack(_edition_widened, ("tree:tree.root_differs", HEAD), False),
    "full edition with holes": Attack(_full_with_holes, ("entries:entry.hidden",), False),
    "another size claimed": Attack(_other_size, ("tree:tree.manifest_differs",), False),
}
"""By name. ``witnesses dropped`` and the verifier inside are doubts: the reader must bring something from outside."""

DOUBTS = frozenset({"witnesses dropped", "bidverify.py that always passes"})
BY_RULES_ONLY = frozenset({"entry added at the end"})
"""What nothing but the rules finds, which the stand-alone verifier says that it does not check."""
