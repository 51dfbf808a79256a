"""The tokens of this machine, looked at every second in their own process; the screen never waits for them."""

import asyncio
from collections.abc import Callable, Sequence
from functools import cache

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from app.ca.certificates import Fitness, KeyPair, Use, fitness, key_pairs
from app.ca.modules import catalogue, installed
from app.ca.providers import module_paths
from app.ca.signatures import CertificateInfo, fingerprint
from app.ca.token import PinProvider, PinState, TokenInfo
from app.ca.worker import TokenKeyHolder, TokenWorker
from app.clock import Clock
from app.errors import BidroomError, InputError
from app.ui.models import CertificateView, TokenState, TokenView

POLL_SECONDS = 1.0
"""Coming and going is seen within two seconds."""
MODULES_SECONDS = 15.0
SLOW_SECONDS = 2.0
"""A token that works longer than this is said to be at work."""
_PIN_STATES = {
    PinState.LOW: TokenState.PIN_LOW,
    PinState.FINAL: TokenState.PIN_FINAL,
    PinState.LOCKED: TokenState.PIN_LOCKED,
}
_FITNESS_STATES = {
    Fitness.REVOKED: TokenState.REVOKED,
    Fitness.EXPIRED: TokenState.EXPIRED,
    Fitness.NOT_YET: TokenState.NOT_YET,
    Fitness.SOON: TokenState.EXPIRING,
    Fitness.GOOD: TokenState.READY,
}
EMPTY_CODES = ("token.gone", "token.unrecognised")
_URGENT = (TokenState.READY, TokenState.EXPIRING, TokenState.PIN_LOW, TokenState.PIN_FINAL)

Revoked = Callable[[CertificateInfo], bool]


class TokenWatch(QObject):
    """Owns the desk's token worker.

    Attributes:
        tokens: as last seen, broken ones included.
        modules: driver files in use.
        revoked: whether a certificate is known to be revoked; asked for each certificate shown.

    Signals:
        changed(): a token came, went, or is in another state.
        inserted(TokenInfo), removed(TokenInfo): one that can be read came, or went.
    """

    changed = Signal()
    inserted = Signal(object)
    removed = Signal(object)

    def __init__(self, pins: PinProvider, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tokens: tuple[TokenInfo, ...] = ()
        self.modules: tuple[str, ...] = ()
        self.revoked: Revoked = lambda _certificate: False
        self._clock = clock
        self._worker = TokenWorker(pins, clock=clock)
        self._named: Sequence[str] | None = None
        self._again = asyncio.Event()
        self._anew = False
        self._looked = -MODULES_SECONDS
        self._lost: TokenView | None = None
        self._since: float | None = None
        self._slow: TokenInfo | None = None
        self._pulse = QTimer(self)
        self._pulse.setInterval(500)
        self._pulse.timeout.connect(self._feel)

    @property
    def worker(self) -> TokenWorker:
        return self._worker

    @property
    def working(self) -> TokenInfo | None:
        """The token that has been at work for a while, None when none is."""
        return self._slow

    def use(self, modules: Sequence[str]) -> None:
        """Exactly these driver files instead of those found; the worker starts anew with the next look."""
        self._named = tuple(modules)
        self._again.set()

    def look_now(self) -> None:
        """Do not wait for the next look; drivers are sought again, and those left out get another chance."""
        self._anew = any(token.slot < 0 for token in self.tokens)
        self._looked = -MODULES_SECONDS
        self._again.set()

    async def run(self) -> None:
        """Look until cancelled."""
        self._pulse.start()
        while True:
            self._again.clear()
            try:
                await self._look()
            except BidroomError:  # the worker died or hangs: the next look starts another
                self._show(())
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._again.wait()
            except TimeoutError:
                pass

    async def close(self) -> None:
        self._pulse.stop()
        await self._worker.close()

    async def open(self, selector: str | bytes) -> TokenKeyHolder:
        """See :meth:`TokenWorker.open`."""
        return await self._worker.open(selector)

    def usable(self) -> tuple[TokenInfo, ...]:
        """Tokens with a certificate that signs."""
        return tuple(t for t in self.tokens if t.problem is None and any(c.signs for c in t.certificates))

    def pairs(self) -> tuple[KeyPair, ...]:
        """Every choice of certificates on every token, best first within a token."""
        return tuple(pair for token in self.usable() for pair in key_pairs(token, self._clock.now()))

    def has_key(self, certificate: bytes) -> bool:
        """Whether a certificate (DER) is on a token that is plugged in now, with its key."""
        wanted = fingerprint(certificate)
        return any(
            one.key_id and fingerprint(one.der) == wanted
            for token in self.tokens
            if token.problem is None
            for one in token.certificates
        )

    def views(self) -> tuple[TokenView, ...]:
        """For the screen of the tokens."""
        shown = (token for token in self.tokens if token.problem not in EMPTY_CODES)
        return tuple(self._view(token) for token in shown)

    def chip(self) -> TokenView | None:
        """The token to show at a glance: one that can be used before one that cannot, then one that was pulled out."""
        views = sorted(self.views(), key=lambda view: (view.state not in _URGENT, view.state is not TokenState.READY))
        if self._slow is not None:
            return msgspec.structs.replace(self._view(self._slow), state=TokenState.WORKING)
        if views and (views[0].state is not TokenState.BROKEN or self._lost is None):
            return views[0]
        if self._lost is not None:
            return self._lost
        if self.modules:
            return None
        return TokenView(label="", holder="", state=TokenState.NO_MODULE)

    def _view(self, token: TokenInfo) -> TokenView:
        view = token_view(token, self._clock, self.revoked)
        return view if token.slot >= 0 else msgspec.structs.replace(view, label=driver_name(token.module))

    async def _look(self) -> None:
        if self._clock.monotonic() - self._looked >= MODULES_SECONDS or self._named is not None:
            found = self._named if self._named is not None else await asyncio.to_thread(module_paths)
            self._looked = self._clock.monotonic()
            modules = tuple(dict.fromkeys(found))
            if modules != self.modules or self._anew:
                self._anew = False
                await self._worker.start(modules)
                self.modules = modules
                self.changed.emit()
        self._show(tuple(await self._worker.tokens()) if self.modules else ())

    def _show(self, tokens: tuple[TokenInfo, ...]) -> None:
        real = tuple(token for token in tokens if token.label or token.certificates or token.problem)
        if real == self.tokens:
            return
        before = {_name(token): token for token in self.tokens if token.problem is None}
        now = {_name(token): token for token in real if token.problem is None}
        self.tokens = real
        gone = [token for name, token in before.items() if name not in now]
        if gone and not now:
            self._lost = msgspec.structs.replace(self._view(gone[-1]), state=TokenState.REMOVED)
        elif now:
            self._lost = None
        self.changed.emit()
        for token in gone:
            self.removed.emit(token)
        for name, token in now.items():
            if name not in before:
                self.inserted.emit(token)

    def _feel(self) -> None:
        """Is a token at work, and for how long? Asked of this process alone: the worker may be the one that hangs."""
        under_way, now = self._worker.under_way, self._clock.monotonic()
        if under_way is None:
            self._since = None
        elif self._since is None:
            self._since = now
        slow = under_way[0] if under_way is not None and self._since is not None else None
        if slow is not None and self._since is not None and now - self._since < SLOW_SECONDS:
            slow = None
        if slow != self._slow:
            self._slow = slow
            self.changed.emit()


def _name(token: TokenInfo) -> tuple[str, str, str]:
    return token.module, token.serial, token.label


@cache
def driver_name(path: str) -> str:
    """A driver's maker and product where it is known by name, else its path."""
    return next((known.vendor for known in catalogue() if path in installed(known)), path)


def token_view(token: TokenInfo, clock: Clock, revoked: Revoked = lambda _certificate: False) -> TokenView:
    """One token as the screens show it."""
    own = [one for one in token.certificates if not one.authority]
    pair = next(iter(key_pairs(token, clock.now())), None)
    signing = pair.signing if pair is not None else max(
        (one for one in own if one.signs), key=lambda one: one.not_after, default=None
    )  # fmt: skip
    return TokenView(
        label=token.label,
        holder=signing.holder if signing is not None else "",
        state=_state(token, signing, clock, revoked),
        serial=token.serial,
        maker=token.manufacturer,
        tries_left=token.tries_left,
        expires=signing.not_after if signing is not None else None,
        certificates=tuple(certificate_view(one, clock, revoked=revoked(one)) for one in own),
        problem=token.problem or ("" if signing is not None else "token.no_signing_certificate"),
    )


def _state(token: TokenInfo, signing: CertificateInfo | None, clock: Clock, revoked: Revoked) -> TokenState:
    if token.problem is not None or signing is None:
        return TokenState.BROKEN
    if token.pin_state in _PIN_STATES:
        return _PIN_STATES[token.pin_state]
    found = fitness(signing, Use.SIGN, clock.now(), revoked=revoked(signing))
    return _FITNESS_STATES.get(found, TokenState.BROKEN)


def certificate_view(one: CertificateInfo, clock: Clock, *, revoked: bool = False) -> CertificateView:
    """One certificate as the screens show it."""
    usage = "both" if one.signs and one.decrypts else "decrypt" if one.decrypts else "sign"
    return CertificateView(
        subject=one.holder,
        issuer=one.issuer,
        serial=one.serial,
        usage=usage,
        valid_from=one.not_before,
        valid_to=one.not_after,
        number=one.uscc or one.identity_number,
        fitness=fitness(one, Use.SIGN if one.signs else Use.DECRYPT, clock.now(), revoked=revoked).value,
        trusted=False if revoked else None,
    )


def selector(token: TokenInfo) -> str:
    """How a token is named to the worker.

    Raises:
        InputError: ``token.not_found`` for one without name.
    """
    name = token.serial or token.label
    if not name:
        raise InputError("token.not_found")
    return name
