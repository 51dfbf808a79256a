"""Every parser that meets outside bytes: whatever is done to a good sample, the answer is a value or one error."""

import base64
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from record_case import Authority
from test_receipt import issued
from test_sealing_kit import kit

from app.ca import receipt, sealing_kit
from app.ca.backup import read_backup
from app.ca.envelope_header import parse_header, read_header
from app.ca.ocsp import OcspAnswer
from app.ca.timestamp import build_query, judge, read_reply
from app.ca.trust import TrustList, read_crls
from app.errors import InputError
from app.procurement.bid_file import parse_bid_file
from app.procurement.case import parse_case_file
from app.record.acts import Challenge, Head, build_challenge, build_command, parse_challenge, parse_command
from app.record.checkpoint import parse_note, parse_signature_line, sign_checkpoint
from app.record.entry import build_entry, parse_entry
from app.session.wire.link import Link, parse_link
from app.settings import RESOURCES

NOW = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
GOLDEN = Path(__file__).with_name("golden_envelope_v1.json")
Parser = Callable[[bytes], Any]


@cache
def envelope() -> bytes:
    return base64.b64decode(json.loads(GOLDEN.read_text("utf-8"))["envelope"])


def note() -> str:
    return sign_checkpoint("KM-1/1", 5, bytes(32), Ed25519PrivateKey.from_private_bytes(bytes(32)))


def text_of(parse: Callable[[str], Any]) -> Parser:
    return lambda data: parse(data.decode("utf-8", "replace"))


def entry() -> bytes:
    return build_entry("KM-1/1", 3, NOW, "officer", bytes(16), {"type": "phase_entered", "phase": "receiving"}, None)


def command() -> bytes:
    return build_command("KM-1/1", bytes(32), 7, Head(3, bytes(32)), {"type": "raise_hand"})


CHALLENGE = build_challenge(Challenge("KM-1/1", bytes(32), "officer", bytes(32), bytes(32)))
LINK = Link("kp.example.cn", 7443, "KM-1/1", "ab" * 32, "officer", "geheim").text()
# fmt: off
PARSERS: dict[str, tuple[Callable[[], bytes], Parser]] = {
    "envelope": (envelope, lambda data: read_header(io.BytesIO(data))),
    "header": (lambda: read_header(io.BytesIO(envelope())).raw, parse_header),
    "backup": (lambda: b"BIDBACK1\n" + bytes(80), lambda data: read_backup(io.BytesIO(data))),
    "receipt": (lambda: issued().to_bytes(), receipt.parse),
    "kit": (lambda: kit().to_bytes(), sealing_kit.parse),
    "ocsp": (lambda: Authority().crl, OcspAnswer),
    "crl": (lambda: Authority().crl, read_crls),
    "entry": (entry, parse_entry),
    "command": (command, parse_command),
    "challenge": (lambda: CHALLENGE, parse_challenge),
    "note": (lambda: note().encode(), text_of(parse_note)),
    "signature line": (lambda: note().splitlines(keepends=True)[-1].encode(), text_of(parse_signature_line)),
    "link": (lambda: LINK.encode(), text_of(parse_link)),
    "case file": (lambda: (RESOURCES / "samples" / "case.json").read_bytes(), parse_case_file),
    "bid file": (lambda: b'{"price": {"total": "1.00", "lines": []}, "documents": []}', parse_bid_file),
    "time stamp": (lambda: bytes(40), lambda data: read_reply(data, build_query(bytes(32)))),
    "token": (lambda: bytes(40), lambda data: judge(data, b"x", TrustList([]))),
}
# fmt: on
changes = st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(max_size=4)), min_size=1, max_size=5)


@cache
def sample(name: str) -> bytes:
    return PARSERS[name][0]()


@pytest.mark.parametrize(
    "name", [name for name in PARSERS if name not in ("ocsp", "backup", "time stamp", "token", "bid file")]
)
def test_the_good_sample_is_read(name: str) -> None:
    PARSERS[name][1](sample(name))


def refusal(name: str, data: bytes) -> InputError | None:
    """The error; None for a value. Anything else goes on."""
    try:
        PARSERS[name][1](data)
    except InputError as error:
        return error
    return None


@pytest.mark.parametrize("name", list(PARSERS))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(cuts=changes, keep=st.integers(0, 1 << 20), alone=st.booleans())
def test_a_spoiled_one_is_one_error_or_a_value(
    name: str, cuts: list[tuple[int, bytes]], keep: int, alone: bool
) -> None:
    data = bytearray() if alone else bytearray(sample(name))
    for place, piece in cuts:
        at = place % (len(data) + 1)
        data[at : at + len(piece)] = piece
    whole = bytes(data[: keep % (len(data) + 1)] if keep % 3 == 0 else data)
    error = refusal(name, whole)
    assert error is None or ("." in error.code and all(len(str(value)) <= 400 for value in error.facts.values()))


@pytest.mark.parametrize("name", list(PARSERS))
def test_what_is_much_too_large_is_refused_before_it_is_parsed(name: str) -> None:
    huge = b'{"a":' * 2_000_000 if name not in ("note", "signature line") else b"x" * 10_000_000
    if name == "token":
        assert judge(huge, b"x", TrustList([]))[1] is None
        return
    with pytest.raises(InputError):
        PARSERS[name][1](huge)
