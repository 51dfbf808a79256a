"""One envelope that opens to two prices: tried with a ciphertext of two keys, and with shares of two secrets.

A bidder who managed it could let the choice of openers, after seeing the others' prices, choose its own.
"""

import io
import secrets
from functools import partial

import pytest
from envelope_forge import forged, plan
from envelope_world import PAYLOAD, opened, refusal, shares_of, suite
from salamander import derived, gcm_opened, honest_split, salamander

from app.ca import shares
from app.ca.envelope import share_matches
from app.ca.streams import decrypt_stream
from app.errors import InputError


def test_a_ciphertext_valid_under_two_keys_opens_under_one_only() -> None:
    """The attack on plain GCM is real; the stream's key commitment ends it."""
    of, salt, one, two = suite(), bytes(24), b"1" * 32, b"2" * 32
    keys = [derived(key, salt, of) for key in (one, two)]
    chunk = salamander(keys[0][:2], keys[1][:2], of)
    plains = [gcm_opened(of, key, nonce, chunk) for key, nonce, _ in keys]
    assert plains[0] != plains[1]

    for number, key in enumerate((one, two)):
        stream = salt + keys[number][2] + chunk
        target = io.BytesIO()
        decrypt_stream(key, b"", io.BytesIO(stream), len(stream), target, suite=of)
        assert target.getvalue() == plains[number]
        with pytest.raises(InputError) as caught:
            decrypt_stream((two, one)[number], b"", io.BytesIO(stream), len(stream), io.BytesIO(), suite=of)
        assert caught.value.code == "stream.invalid"


def test_the_choice_of_openers_does_not_choose_the_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """Openers 1 and 2 hold the committed secret; 2 and 3, and 1 and 3, others that the dealer knows as well."""

    def deal(secret: bytes, k: int, n: int) -> tuple[bytes, ...]:
        return (*honest_split(secret, k, n)[:2], secrets.token_bytes(32))

    monkeypatch.setattr(shares, "split", deal)
    envelope = forged(plan())
    assert opened(envelope, shares_of(envelope, ["张", "王", "甲公司"])).payload == PAYLOAD
    for pair in ("王李", "张李"):
        attempt = shares_of(envelope, [*pair, "甲公司"])
        assert all(share_matches(envelope.header, share) for share in attempt)
        found = refusal(partial(opened, envelope, attempt))
        assert found == ("envelope.unopenable", "supplier", "commitment")


def test_with_all_shares_the_bid_opens_and_the_dealers_fault_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "split", lambda secret, k, n: (bytes(32), *honest_split(secret, k, n)[1:]))
    envelope = forged(plan())
    result = opened(envelope, shares_of(envelope, ["张", "王", "李", "甲公司"]))
    assert (result.used, result.inconsistent, result.mismatched) == ((2, 3), (1,), ())
