from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ca import shares
from app.errors import InputError

policies = st.integers(1, 7).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n)))
secret_bytes = st.binary(min_size=32, max_size=32)

# Made by an independent implementation of Vault's format (y followed by x), 3 of 5, secret 00 01 02 … 1f.
VAULT = (
    "a6447dfdeb8505949af2a5322cecafc9b68983aed7e22da384d995308bb9e187d8",
    "c336b0506b1667bd8d0264f51718805d979741509b18a5309c5c4f2de3b13e7c97",
    "39e4dfe8a806559c4afdce2c91d07bd0488fc63a30a7f6084d5e6050fc5e03006a",
)


@given(secret_bytes, policies)
def test_every_k_of_n_restores(secret: bytes, policy: tuple[int, int]) -> None:
    k, n = policy
    made = dict(enumerate(shares.split(secret, k, n), 1))
    for chosen in combinations(made, k):
        assert shares.combine({x: made[x] for x in chosen}) == secret


@given(secret_bytes, st.integers(2, 6))
def test_fewer_than_k_restore_something_else(secret: bytes, k: int) -> None:
    made = dict(enumerate(shares.split(secret, k, k), 1))
    made.pop(k)
    assert shares.combine(made) != secret  # one in 2^256 by chance


@given(secret_bytes, policies)
def test_every_share_lies_on_the_polynomial_of_the_others(secret: bytes, policy: tuple[int, int]) -> None:
    k, n = policy
    made = dict(enumerate(shares.split(secret, k, n), 1))
    through = {x: made[x] for x in range(1, k + 1)}
    assert all(shares.interpolate(through, x) == made[x] for x in made)


def test_k_minus_one_shares_fit_every_secret() -> None:
    """Perfect secrecy, seen on one byte: with one of two shares fixed, each secret has exactly one second share."""
    first = bytes(32)
    seconds = {shares.interpolate({1: first, 2: bytes([y]) * 32}, 3)[0] for y in range(256)}
    assert len(seconds) == 256


def test_vault_shares_combine() -> None:
    points = {}
    for text in VAULT:
        raw = bytes.fromhex(text)
        points[raw[-1]] = raw[:-1]
    assert shares.combine(points) == bytes(range(32))


@pytest.mark.parametrize(("k", "n"), [(0, 1), (2, 1), (1, 16), (-1, 3)])
def test_policy_out_of_range(k: int, n: int) -> None:
    with pytest.raises(InputError) as caught:
        shares.split(bytes(32), k, n)
    assert caught.value.code == "shares.policy"


def test_bad_lengths_and_points() -> None:
    for attempt in (
        lambda: shares.split(b"short", 1, 1),
        lambda: shares.combine({}),
        lambda: shares.combine({0: bytes(32)}),
        lambda: shares.combine({1: b"short"}),
    ):
        with pytest.raises(InputError):
            attempt()


def test_commitment_binds_every_part() -> None:
    base = (bytes(32), "share", 1, b"\x07" * 32)
    others = [
        (b"\x01" * 32, *base[1:]),
        (base[0], "must", *base[2:]),
        (*base[:2], 2, base[3]),
        (*base[:3], b"\x08" * 32),
    ]
    assert len({shares.commitment(*parts) for parts in [base, *others]}) == 5


def test_commitment_is_frozen() -> None:
    frozen = "1cfc0557b5d8768e75c7f0114f6812c3129851c05de9e5fe46f92c821670ce77"
    assert shares.commitment(bytes(range(32)), "share", 3, bytes(32)).hex() == frozen
