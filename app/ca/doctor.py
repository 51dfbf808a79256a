"""The token check (证书检测): drivers, reader service, tokens, a test signature and decryption; findings as codes.

It never uses a token's last PIN try, asks for a PIN once a token, and changes nothing on a token.
"""

import asyncio
import secrets
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import msgspec

from app.ca.certificates import Fitness, KeyPair, Use, fitness, key_pairs
from app.ca.keywrap import wrap
from app.ca.modules import catalogue, installed, platform
from app.ca.providers import ProviderState, provider_states
from app.ca.reader_service import reader_findings
from app.ca.signatures import verify_signature
from app.ca.token import Act, KeyHolder, PinState, TokenInfo
from app.ca.worker import TokenWorker
from app.clock import Clock
from app.errors import BidroomError

Facts = dict[str, str | int]
CANCELLED = "token.cancelled"


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    ATTENTION = "attention"
    FAILED = "failed"
    SKIPPED = "skipped"


class Check(msgspec.Struct, frozen=True):
    """One line of the report.

    Attributes:
        code: ``provider``, ``module``, ``missing``, ``reader``, ``token``, ``signing``, ``encryption``, ``sign``,
            ``decrypt``.
        finding: code of the sentence (``doctor.*``), or of an error (``token.*``, ``keywrap.*``).
        facts: what the sentence needs.
        subject: the token's label, the driver's path or name; empty for the machine.
        advice: where to get what is missing, by language; mostly empty.
    """

    code: str
    outcome: Outcome
    finding: str
    facts: Facts = {}
    subject: str = ""
    advice: dict[str, str] = {}


class Report(msgspec.Struct, frozen=True):
    """All lines, in order."""

    checks: tuple[Check, ...]

    @property
    def exit_code(self) -> int:
        """0: a token works and nothing failed; 1: something failed; 3: there was no token to try."""
        if any(check.outcome is Outcome.FAILED for check in self.checks):
            return 1
        return 0 if any(check.code == "token" for check in self.checks) else 3


Tell = Callable[[Check], None]


async def examine(
    worker: TokenWorker, clock: Clock, tell: Tell = lambda _check: None, *, only: str = "", test: bool = True
) -> Report:
    """Check everything; ``tell`` hears each line at once. The worker must have been started.

    ``only``: label or serial of the one token to try; ``test``: sign and decrypt too, for which the PIN is asked.
    """
    checks: list[Check] = []

    def say(check: Check) -> None:
        checks.append(check)
        tell(check)

    states = await asyncio.to_thread(provider_states)
    tokens = await worker.tokens()
    for check in [*_providers(states), *_modules(states, tokens)]:
        say(check)
    found = [one for one in tokens if one.label or one.certificates]
    found = [one for one in found if not only or only in (one.label, one.serial)]
    for seen in await asyncio.to_thread(reader_findings):
        say(Check("reader", Outcome.PASSED if seen.good else Outcome.ATTENTION, seen.finding, seen.facts))
    if not any(one.problem is None for one in found):
        say(Check("none", Outcome.ATTENTION, "doctor.no_token"))
        for check in await asyncio.to_thread(_missing):
            say(check)
    for token in found:
        for check in _token(token, clock):
            say(check)
        if test and token.problem is None:
            await _try_token(worker, token, clock, say)
    return Report(tuple(checks))


def _providers(states: tuple[ProviderState, ...]) -> list[Check]:
    found = []
    for state in states:
        outcome = Outcome.PASSED if state.can_work else Outcome.SKIPPED
        if state.reason == "provider.broken":
            outcome = Outcome.ATTENTION
        finding = "doctor.provider_ok" if state.can_work else f"doctor.{state.reason}"
        found.append(Check("provider", outcome, finding, {"count": len(state.modules)}, state.code.upper()))
    return found


def _modules(states: tuple[ProviderState, ...], tokens: list[TokenInfo]) -> list[Check]:
    names = {path: known.vendor for known in catalogue() for path in installed(known)}
    found = []
    paths = dict.fromkeys([path for state in states for path in state.modules] + [token.module for token in tokens])
    for path in paths:
        facts: Facts = {"name": names.get(path, Path(path).name), "path": path}
        trouble = next((t.problem for t in tokens if t.module == path and t.slot < 0 and t.problem is not None), None)
        if trouble is not None:
            found.append(Check("module", Outcome.FAILED, trouble, {**facts, "seconds": 10}, path))
        else:
            found.append(Check("module", Outcome.PASSED, "doctor.module_ok", facts, path))
    return found


def _missing() -> list[Check]:
    """Drivers known on this system that are not there, with where to get them."""
    return [
        Check("missing", Outcome.SKIPPED, "doctor.missing", {"name": one.vendor}, one.id, one.get)
        for one in catalogue()
        if platform() in one.paths and not installed(one)
    ]


def _token(token: TokenInfo, clock: Clock) -> list[Check]:
    facts: Facts = {"label": token.label, "serial": token.serial, "maker": token.manufacturer}
    if token.problem is not None:
        return [Check("token", Outcome.FAILED, token.problem, facts, token.label)]
    pin = {
        PinState.LOCKED: (Outcome.FAILED, "doctor.pin_locked"),
        PinState.FINAL: (Outcome.ATTENTION, "doctor.pin_final"),
        PinState.LOW: (Outcome.ATTENTION, "doctor.pin_low"),
    }.get(token.pin_state, (Outcome.PASSED, "doctor.token_ok"))
    checks = [Check("token", *pin, facts, token.label)]
    pairs = key_pairs(token, clock.now())
    if not pairs:
        checks.append(Check("signing", Outcome.FAILED, "token.no_signing_certificate", {}, token.label))
    for pair in pairs:
        checks.append(_certificate(pair, Use.SIGN, clock))
        if pair.encryption is not None:
            checks.append(_certificate(pair, Use.DECRYPT, clock))
        else:
            checks.append(Check("encryption", Outcome.ATTENTION, "token.no_encryption_certificate", {}, token.label))
    return checks


def _certificate(pair: KeyPair, use: Use, clock: Clock) -> Check:
    one = pair.signing if use is Use.SIGN else pair.encryption
    assert one is not None
    fit = fitness(one, use, clock.now())
    outcome = Outcome.PASSED if fit is Fitness.GOOD else Outcome.ATTENTION if fit.usable else Outcome.FAILED
    facts: Facts = {
        "holder": one.holder,
        "number": one.uscc or one.identity_number or "-",
        "issuer": one.issuer,
        "date": f"{one.not_after:%Y-%m-%d}",
        "from": f"{one.not_before:%Y-%m-%d}",
    }
    code = "signing" if use is Use.SIGN else "encryption"
    return Check(code, outcome, f"doctor.certificate_{fit.value}", facts, pair.token.label)


async def _try_token(worker: TokenWorker, token: TokenInfo, clock: Clock, say: Tell) -> None:
    if token.pin_state in (PinState.FINAL, PinState.LOCKED):
        say(Check("sign", Outcome.SKIPPED, "doctor.not_tried", {}, token.label))
        return
    for pair in key_pairs(token, clock.now()):
        if not await _try_keys(await worker.open(pair.signing.der), token, pair, say):
            return


async def _try_keys(key: KeyHolder, token: TokenInfo, pair: KeyPair, say: Tell) -> bool:
    """Sign and decrypt something of no meaning; False when the person cancelled."""
    facts: Facts = {"holder": pair.signing.holder}
    nonce = b"bidroom token test " + secrets.token_bytes(32)
    try:
        good = verify_signature(key.signing_certificate, nonce, await key.sign(nonce, Act("test")))
    except BidroomError as error:
        say(_failed("sign", error, token))
        return False
    say(Check("sign", Outcome.PASSED if good else Outcome.FAILED, f"doctor.sign_{_word(good)}", facts, token.label))
    if pair.encryption is None:
        return True
    try:
        good = await key.unwrap(wrap(nonce, [key.encryption_certificate]), Act("test")) == nonce
    except BidroomError as error:
        say(_failed("decrypt", error, token))
        return False
    say(
        Check(
            "decrypt", Outcome.PASSED if good else Outcome.FAILED, f"doctor.decrypt_{_word(good)}", facts, token.label
        )
    )
    return True


def _word(good: bool) -> str:
    return "ok" if good else "wrong"


def _failed(code: str, error: BidroomError, token: TokenInfo) -> Check:
    outcome = Outcome.SKIPPED if error.code == CANCELLED else Outcome.FAILED
    facts: Facts = {key: value for key, value in error.facts.items() if isinstance(value, (str, int))}
    return Check(code, outcome, error.code, facts, token.label)
