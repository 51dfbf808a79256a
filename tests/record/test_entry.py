"""The envelope: what goes in comes out, and only the exact form is read."""

import json
from typing import Any

import pytest
from record_case import NOW

from app.errors import InputError
from app.record.acts import Head, build_command, parse_command
from app.record.entry import Because, SignedCommand, build_entry, parse_entry
from app.record.naming import blob_keys, named_blobs

SIGNED = SignedCommand(b"signed bytes", bytes(64), bytes(range(32)))


@pytest.mark.parametrize("command", [None, SIGNED, Because(3)])
def test_round_trip(command: SignedCommand | Because | None) -> None:
    event = {"type": "message", "text": "评审", "nested": {"list": [1, None, True]}}
    data = build_entry("C-1", 4, NOW, "officer", bytes(16), event, command)
    entry = parse_entry(data)
    assert (entry.case, entry.index, entry.at, entry.actor, entry.type) == ("C-1", 4, NOW, "officer", "message")
    assert entry.event == event
    assert entry.command == command
    assert b"\n" not in data


GOOD = json.loads(build_entry("C-1", 4, NOW, "officer", bytes(16), {"type": "x"}, SIGNED))


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2}, {"v": True}, {"case": ""}, {"case": 1}, {"index": -1}, {"index": True}, {"index": 2**60},
        {"at": "2026-11-20T01:30:00Z"}, {"at": "2026-11-20T09:30:00.000+08:00"}, {"at": 5}, {"at": ""},
        {"actor": ""}, {"actor": "x" * 300}, {"salt": "00"}, {"salt": "G" * 32}, {"salt": "AB" * 16},
        {"event": {}}, {"event": {"type": ""}}, {"event": []}, {"command": {}}, {"command": {"because": -1}},
        {"command": GOOD["command"] | {"session": "00"}}, {"command": GOOD["command"] | {"signature": "AA=="}},
        {"command": GOOD["command"] | {"signed": "AAB="}}, {"more": 1},
    ],
)  # fmt: skip
def test_another_form_is_refused(change: dict[str, Any]) -> None:
    data = json.dumps(GOOD | change, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(InputError, match=r"entry\.malformed"):
        parse_entry(data)


def test_only_canonical_bytes_of_a_limited_size() -> None:
    data = build_entry("C-1", 4, NOW, "host", bytes(16), {"type": "x"})
    for bad in (data + b" ", data.replace(b'"index":4', b'"index":4.0'), b"\xff", b"[" * 100_000):
        with pytest.raises(InputError, match="input"):
            parse_entry(bad)
    with pytest.raises(InputError, match="too_large"):
        parse_entry(data, limit=10)


def test_the_writer_refuses_what_is_no_entry() -> None:
    for event in ({}, {"type": 1}, {"type": "x", "price": 1.5}):
        with pytest.raises((ValueError, TypeError)):
            build_entry("C-1", 0, NOW, "host", bytes(16), event)
    with pytest.raises(ValueError, match="not an entry"):
        build_entry("C-1", 0, NOW, "host", b"short", {"type": "x"})


def test_commands_round_trip_and_are_strict() -> None:
    head = Head(5, bytes(range(32)))
    data = build_command("C-1", bytes(32), 9, head, {"type": "start"})
    body = parse_command(data)
    assert (body.case, body.session, body.sequence, body.head) == ("C-1", bytes(32), 9, head)
    for bad in (data.replace(b'"sequence":9', b'"sequence":-9'), data.replace(b'"type"', b'"typo"'), b"[]"):
        with pytest.raises(InputError, match=r"command\.malformed"):
            parse_command(bad)


def test_the_case_says_which_keys_name_files() -> None:
    one, two, other = "1" * 64, "2" * 64, "3" * 64
    keys = blob_keys({"blob_keys": ["pdf_sha256"]})
    event = {"pdf_sha256": one, "deep": [{"pdf_sha256": [two, None]}], "secret_sha256": other, "blobs": [one]}
    assert sorted(named_blobs(event, keys)) == [one, one, two]
    assert list(named_blobs(event, blob_keys({}))) == [one]
    with pytest.raises(ValueError, match="not a digest"):
        list(named_blobs({"blobs": ["x"]}, keys))
    with pytest.raises(ValueError, match="keys"):
        blob_keys({"blob_keys": "pdf_sha256"})
