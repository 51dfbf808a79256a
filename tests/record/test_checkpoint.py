"""Checkpoints in the form of C2SP: what is signed opens, everything else does not."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.errors import InputError
from app.record.checkpoint import (
    cosign,
    open_checkpoint,
    parse_note,
    parse_signature_line,
    sign_checkpoint,
    verify_cosignature,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = KEY.public_key().public_bytes_raw()
ROOT = hashlib.sha256(b"root").digest()
NOTE = sign_checkpoint("C-1", 7, ROOT, KEY)


def test_the_form_is_that_of_the_specification() -> None:
    origin, size, root, empty, line, end = NOTE.split("\n")
    assert (origin, size, root, empty, end) == ("bidroom/C-1", "7", base64.b64encode(ROOT).decode(), "", "")
    dash, name, value = line.split(" ")
    assert (dash, name) == ("\u2014", "bidroom/C-1")
    blob = base64.b64decode(value)
    # signed-note: key id = SHA-256(name, newline, 0x01, public key)[:4]
    assert blob[:4] == hashlib.sha256(b"bidroom/C-1\n\x01" + PUBLIC).digest()[:4]
    KEY.public_key().verify(blob[4:], f"{origin}\n{size}\n{root}\n".encode())


def test_a_cosignature_is_that_of_the_specification() -> None:
    line = parse_signature_line(cosign(parse_note(NOTE)[0], "supervisor", KEY, 1_795_000_000))
    # tlog-cosignature: key id = SHA-256(name, newline, 0x04, public key)[:4]; then time, then the signature
    assert line.blob[:4] == hashlib.sha256(b"supervisor\n\x04" + PUBLIC).digest()[:4]
    assert int.from_bytes(line.blob[4:12], "big") == 1_795_000_000
    body = NOTE.partition("\n\n")[0] + "\n"
    KEY.public_key().verify(line.blob[12:], f"cosignature/v1\ntime 1795000000\n{body}".encode())


def test_opening() -> None:
    checkpoint = open_checkpoint(NOTE, "C-1", PUBLIC)
    assert (checkpoint.size, checkpoint.root) == (7, ROOT)
    with pytest.raises(InputError, match="foreign"):
        open_checkpoint(NOTE, "C-2", PUBLIC)
    with pytest.raises(InputError, match="not_signed"):
        open_checkpoint(NOTE, "C-1", bytes(32))
    with pytest.raises(InputError, match="not_signed"):
        open_checkpoint(NOTE.replace("\n7\n", "\n8\n"), "C-1", PUBLIC)


def test_cosignatures_by_the_right_key_over_the_right_head() -> None:
    checkpoint, other = parse_note(NOTE)[0], parse_note(sign_checkpoint("C-1", 8, ROOT, KEY))[0]
    line = parse_signature_line(cosign(checkpoint, "监督", KEY, 5))
    assert line.name == "监督"
    assert line.time == 5
    assert verify_cosignature(checkpoint, line, [bytes(32), PUBLIC])
    assert not verify_cosignature(other, line, [PUBLIC])
    assert not verify_cosignature(checkpoint, line, [bytes(32)])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        NOTE.replace("\n7\n", "\n07\n"),
        NOTE.replace("\n7\n", "\n-7\n"),
        NOTE.replace("\n7\n", "\n７\n"),
        NOTE.replace("\n7\n", "\n99999999999999999999\n"),
        NOTE.replace("\n\n", "\nextension\n\n"),
        NOTE.replace("=\n\n", "\n\n"),
        NOTE.rstrip("\n"),
        NOTE + "\n",
        NOTE.replace("\u2014", "-"),
        NOTE.replace("bidroom/C-1", "bidroom/C 1"),
        NOTE + "\u2014 x AAAA\n",
        NOTE + "\u2014 x AAAAAAA=\n" * 300,
        "x" * 70_000,
    ],
)
def test_another_form_is_refused(note: str) -> None:
    with pytest.raises(InputError, match="checkpoint"):
        parse_note(note)


def test_names_that_cannot_be_names() -> None:
    for case in ("a b", "a+b", "a\nb"):
        with pytest.raises(ValueError, match="not a checkpoint"):
            sign_checkpoint(case, 0, ROOT, KEY)
    with pytest.raises(ValueError, match="not a key name"):
        cosign(parse_note(NOTE)[0], "", KEY, 0)
