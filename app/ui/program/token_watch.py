"""The tokens of this machine, looked at every two seconds in their own process; the screen never waits for them."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from PySide6.QtCore import QObject, Signal

from app.ca.modules import find_modules
from app.ca.signatures import CertificateInfo
from app.ca.token import PinProvider, PinState, TokenInfo
from app.ca.worker import TokenKeyHolder, TokenWorker
from app.clock import Clock
from app.errors import BidroomError, InputError
from app.ui.models import CertificateView, TokenState, TokenView

POLL_SECONDS = 2.0
SOON = timedelta(days=30)
_STATES = {
    PinState.LOW: TokenState.PIN_LOW,
    PinState.FINAL: TokenState.PIN_FINAL,
    PinState.LOCKED: TokenState.PIN_LOCKED,
}
EMPTY_CODES = ("token.gone", "token.unrecognised")


class TokenWatch(QObject):
    """Owns the desk's token worker.

    Attributes:
        tokens: as last seen, broken ones included.
        modules: PKCS#11 drivers in use.

    Signals:
        changed(): a token came, went, or is in another state.
    """

    changed = Signal()

    def __init__(self, pins: PinProvider, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tokens: tuple[TokenInfo, ...] = ()
        self.modules: tuple[str, ...] = ()
        self._clock = clock
        self._worker = TokenWorker(pins)
        self._named: Sequence[str] = ()
        self._again = asyncio.Event()

    def use(self, named: Sequence[str]) -> None:
        """Further driver files, named by the person; the worker starts anew with the next look."""
        self._named = tuple(named)
        self._again.set()

    def look_now(self) -> None:
        """Do not wait for the next look."""
        self._again.set()

    async def run(self) -> None:
        """Look until cancelled."""
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
        await self._worker.close()

    async def open(self, selector: str | bytes) -> TokenKeyHolder:
        """See :meth:`TokenWorker.open`."""
        return await self._worker.open(selector)

    def usable(self) -> tuple[TokenInfo, ...]:
        """Tokens with a certificate that signs."""
        return tuple(t for t in self.tokens if t.problem is None and any(c.signs for c in t.certificates))

    def views(self) -> tuple[TokenView, ...]:
        """For the screen of the tokens."""
        return tuple(token_view(token, self._clock) for token in self.tokens if token.problem not in EMPTY_CODES)

    def chip(self) -> TokenView | None:
        """The token to show at a glance: one that can be used before one that cannot."""
        views = sorted(self.views(), key=lambda view: view.state is not TokenState.READY)
        if views:
            return views[0]
        if self.modules:
            return None
        return TokenView(label="", holder="", state=TokenState.NO_MODULE)

    async def _look(self) -> None:
        modules = tuple(dict.fromkeys((*self._named, *await asyncio.to_thread(find_modules))))
        if modules != self.modules:
            await self._worker.start(modules)
            self.modules = modules
            self.changed.emit()
        self._show(tuple(await self._worker.tokens()) if modules else ())

    def _show(self, tokens: tuple[TokenInfo, ...]) -> None:
        real = tuple(token for token in tokens if token.label or token.certificates or token.problem)
        if real != self.tokens:
            self.tokens = real
            self.changed.emit()


def token_view(token: TokenInfo, clock: Clock) -> TokenView:
    """One token as the screens show it."""
    own = [one for one in token.certificates if not one.authority]
    signing = max((one for one in own if one.signs), key=lambda one: one.not_after, default=None)
    return TokenView(
        label=token.label,
        holder=signing.holder if signing is not None else "",
        state=_state(token, signing, clock),
        serial=token.serial,
        maker=token.manufacturer,
        expires=signing.not_after if signing is not None else None,
        certificates=tuple(_certificate(one) for one in own),
        problem=token.problem or ("" if signing is not None else "token.no_signing_certificate"),
    )


def _state(token: TokenInfo, signing: CertificateInfo | None, clock: Clock) -> TokenState:
    if token.problem is not None or signing is None:
        return TokenState.BROKEN
    if token.pin_state in _STATES:
        return _STATES[token.pin_state]
    now = clock.now()
    if signing.not_after < now:
        return TokenState.EXPIRED
    return TokenState.EXPIRING if signing.not_after < now + SOON else TokenState.READY


def _certificate(one: CertificateInfo) -> CertificateView:
    usage = "both" if one.signs and one.decrypts else "decrypt" if one.decrypts else "sign"
    return CertificateView(
        subject=one.holder, issuer=one.issuer, serial=one.serial, usage=usage, valid_from=one.not_before,
        valid_to=one.not_after,
    )  # fmt: skip


def selector(token: TokenInfo) -> str:
    """How a token is named to the worker.

    Raises:
        InputError: ``token.not_found`` for one without name.
    """
    name = token.serial or token.label
    if not name:
        raise InputError("token.not_found")
    return name
