"""One device behind two drivers is one token: vendors install 32 and 64 bit, PKCS#11 and SKF, side by side."""

from collections.abc import Sequence

from app.ca.signatures import SM2_SUITE, CertificateInfo
from app.ca.token import PinState, TokenInfo

SKF = "skf"
"""``TokenInfo.profile`` of a token behind an SKF driver."""


def without_doubles(tokens: Sequence[TokenInfo]) -> list[TokenInfo]:
    """``tokens`` without those whose certificates are all on another one, which does more with them or comes earlier.

    What has a problem, or no certificate with a key, stays. The order stays.
    """
    kept: list[TokenInfo] = []
    ranked = sorted(enumerate(tokens), key=lambda one: (_rank(one[1]), -one[0]), reverse=True)
    for _place, token in ranked:
        mine = _own(token)
        if not mine or token.problem is not None or not any(mine <= _own(one) for one in kept if one.problem is None):
            kept.append(token)
    return [token for token in tokens if any(token is one for one in kept)]


def _own(token: TokenInfo) -> frozenset[bytes]:
    return frozenset(one.der for one in token.certificates if one.key_id and not one.authority)


def _rank(token: TokenInfo) -> tuple[int, bool, int]:
    """More certificates first, so that a part never hides the whole; a locked one last; then what it does with them."""
    able = [_ability(token, one) for one in token.certificates if one.key_id and not one.authority]
    return len(_own(token)), token.pin_state is not PinState.LOCKED, min(able, default=0)


def _ability(token: TokenInfo, certificate: CertificateInfo) -> int:
    if certificate.suite == SM2_SUITE:  # SKF's numbers are a standard, PKCS#11's a guess that was probed
        return 2 if token.profile == SKF else int(bool(token.profile))
    return 0 if token.profile == SKF else 2  # SKF does not decrypt with RSA and has no other curve
