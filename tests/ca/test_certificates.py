"""Which certificate is chosen, and what is said of the others."""

from datetime import UTC, datetime, timedelta

import pytest

from app.ca.certificates import Fitness, Use, encryption_for, fitness, key_pairs, worse
from app.ca.signatures import EC_SUITE, UNKNOWN_SUITE, CertificateInfo
from app.ca.token import TokenInfo

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
OPENING = NOW + timedelta(days=20)


def certificate(name: str, **changed: object) -> CertificateInfo:
    values: dict[str, object] = {
        "der": name.encode(), "holder": "测试公司", "organisation": "测试公司", "uscc": "91990000000000000X",
        "identity_number": "", "issuer": "CA", "serial": name, "not_before": NOW - timedelta(days=300),
        "not_after": NOW + timedelta(days=300), "signs": True, "decrypts": False, "authority": False,
        "suite": EC_SUITE, "key_id": b"1",
    }  # fmt: skip
    return CertificateInfo(**{**values, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, Fitness.GOOD),
        ({"not_after": NOW + timedelta(days=29)}, Fitness.SOON),
        ({"not_after": OPENING - timedelta(seconds=1)}, Fitness.BEFORE_OPENING),
        ({"not_after": OPENING}, Fitness.SOON),
        ({"not_after": NOW - timedelta(seconds=1)}, Fitness.EXPIRED),
        ({"not_before": NOW + timedelta(seconds=1)}, Fitness.NOT_YET),
        ({"key_id": b""}, Fitness.NO_KEY),
        ({"suite": UNKNOWN_SUITE}, Fitness.UNSUPPORTED),
        ({"signs": False, "decrypts": True}, Fitness.WRONG_USE),
    ],
)
def test_what_speaks_against_a_certificate(changed: dict[str, object], found: Fitness) -> None:
    assert fitness(certificate("a", **changed), Use.SIGN, NOW, opening=OPENING) is found
    assert found.usable is (found in (Fitness.GOOD, Fitness.SOON, Fitness.BEFORE_OPENING))


def test_a_revoked_one_is_said_to_be_revoked_and_not_expired() -> None:
    old = certificate("a", not_after=NOW - timedelta(days=1))
    assert fitness(old, Use.SIGN, NOW, revoked=True) is Fitness.REVOKED
    assert worse(Fitness.SOON, Fitness.EXPIRED) is Fitness.EXPIRED


def test_one_that_serves_now_comes_before_one_that_is_newer() -> None:
    later = certificate("later", not_before=NOW + timedelta(days=1), not_after=NOW + timedelta(days=900))
    expired = certificate("expired", not_after=NOW - timedelta(days=1))
    both = certificate("both", decrypts=True, not_after=NOW + timedelta(days=600))
    older, newer = certificate("older"), certificate("newer", not_after=NOW + timedelta(days=301))
    token = TokenInfo("m", 0, certificates=(later, expired, both, older, newer))
    assert [pair.signing.serial for pair in key_pairs(token, NOW)] == ["newer", "older", "both", "later", "expired"]


def test_the_encryption_certificate_is_of_the_same_holder() -> None:
    mine = certificate("sign")
    for_mine = certificate("enc", signs=False, decrypts=True)
    old = certificate("old", signs=False, decrypts=True, not_after=NOW - timedelta(days=1))
    others = certificate(
        "other", signs=False, decrypts=True, holder="别的公司", organisation="别的公司", uscc="",
        not_after=NOW + timedelta(days=900),
    )  # fmt: skip
    assert encryption_for(mine, [mine, old, others, for_mine], NOW) is for_mine
    assert encryption_for(mine, [mine, others], NOW) is others
    assert encryption_for(mine, [mine], NOW) is None


def test_what_cannot_be_used_makes_no_pair() -> None:
    authority = certificate("ca", authority=True)
    keyless = certificate("keyless", key_id=b"")
    foreign = certificate("foreign", suite=UNKNOWN_SUITE)
    assert key_pairs(TokenInfo("m", 0, certificates=(authority, keyless, foreign)), NOW) == ()
