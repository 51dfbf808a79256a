"""Whether a certificate on a token is known to be revoked: by the lists (``.crl``) in this user's trust folder."""

from app.ca.signatures import CertificateInfo, fingerprint
from app.ca.trust import Status, TrustList
from app.clock import Clock
from app.errors import BidroomError

FRESH_SECONDS = 600.0


class KnownRevoked:
    """Call it with a certificate and the others of its token; answers are kept for ten minutes. Never raises."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, bool] = {}
        self._trust: TrustList | None = None
        self._until = 0.0

    def __call__(self, one: CertificateInfo) -> bool:
        if self._clock.monotonic() >= self._until:
            self._until = self._clock.monotonic() + FRESH_SECONDS
            self._known, self._trust = {}, _trust()
        if self._trust is None:
            return False
        name = fingerprint(one.der)
        if name not in self._known:
            verdict = self._trust.validate(one.der, (), self._clock.now(), "sign" if one.signs else "decrypt")
            self._known[name] = verdict.revocation.status is Status.FAILED
        return self._known[name]


def _trust() -> TrustList | None:
    from app.ui.program.own_trust import own_trust

    try:
        return own_trust(rehearsal=True)  # whether a rehearsal's roots may be trusted is not asked here
    except BidroomError:
        return None
