"""Damaged envelopes by the thousand: with the receipt none opens, none crashes, all end in one kind of error."""

import io
import random

import pytest
from envelope_world import CONTEXT, Envelope, Shelf, sealed, shares_of

from app.ca.envelope import Share, check, open_envelope
from app.errors import InputError

MAGIC_AND_LENGTH = 12


def mutant(data: bytes, header_end: int, chance: random.Random) -> bytes:
    """One or two changes, half of them in the header, which is where parsing happens."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 2)):
        place = chance.randrange(header_end if chance.random() < 0.5 else len(made))
        match chance.randrange(7):
            case 0:
                made[place] ^= 1 << chance.randrange(8)
            case 1:
                made[place] = chance.randrange(256)
            case 2:
                del made[place : place + chance.randint(1, 40)]
            case 3:
                made[place:place] = chance.randbytes(chance.randint(1, 40))
            case 4:
                other = chance.randrange(len(made))
                made[place : place + 16] = made[other : other + 16]
            case 5:
                made[place:place] = chance.choice([b"{", b"}", b'"', b",", b"0", b"\\u0000", b"\xff", b"[" * 2000])
            case _:
                del made[place:]
    return bytes(made)


def refused_mutants(count: int, seed: int) -> set[str]:
    """Try ``count`` mutants; gives the codes they ended in."""
    envelope = sealed(files=[("a.pdf", bytes(20_000)), ("b.pdf", b"b")])
    shares = shares_of(envelope, ["张", "王", "李", "甲公司"])
    chance, codes = random.Random(seed), set[str]()
    for number in range(count):
        data = mutant(envelope.data, envelope.header.body_offset, chance)
        if data == envelope.data:
            continue
        for attempt in (_open, _check_only):
            try:
                attempt(data, envelope, shares)
            except InputError as error:
                assert error.facts["fault"] in {"supplier", "platform"}, error
                codes.add(error.code)
            else:
                # Without the receipt a sound mutant may pass the check, but never as the receipted one.
                assert attempt is _check_only, f"mutant {number} opened"
                assert check(io.BytesIO(data), None).sha256 != envelope.header_sha256
    return codes


def _open(data: bytes, envelope: Envelope, shares: list[Share]) -> None:
    shelf = Shelf()
    open_envelope(
        io.BytesIO(data),
        header_sha256=envelope.header_sha256,
        purpose="bid",
        context=CONTEXT,
        rehearsal=False,
        shares=shares,
        sink=shelf,
    )


def _check_only(data: bytes, envelope: Envelope, shares: list[Share]) -> None:
    check(io.BytesIO(data), None)


def test_two_thousand_mutants() -> None:
    codes = refused_mutants(2_000, seed=1)
    assert codes >= {"envelope.damaged", "envelope.header_differs"}
    assert codes <= {"envelope.damaged", "envelope.header_differs", "envelope.suite_unsupported"}


@pytest.mark.slow
def test_fifty_thousand_mutants() -> None:
    refused_mutants(50_000, seed=2)


def test_every_header_bit_is_bound_by_the_receipt() -> None:
    envelope = sealed(openers=[], k=0, files=())
    shares = shares_of(envelope, ["甲公司"])
    end = envelope.header.body_offset
    for place in range(end):
        data = envelope.data[:place] + bytes([envelope.data[place] ^ 1]) + envelope.data[place + 1 :]
        with pytest.raises(InputError):
            _open(data, envelope, shares)


def test_an_undamaged_envelope_opens_here_too() -> None:
    envelope = sealed(openers=[], k=0)
    _open(envelope.data, envelope, shares_of(envelope, ["甲公司"]))
