"""What the host must do next: a closed list, derived from the state alone, so that a restarted host asks again."""

from collections.abc import Callable, Iterable

import msgspec

from app.session.rules.state import CLOSED, FAILED, State


class Effect(msgspec.Struct, frozen=True, tag=True):
    """Work for the host; when it is done, a report command changes the state and the effect is due no more."""


class CheckSeals(Effect, frozen=True):
    """Re-compute every stored envelope's header digest (核对密封)."""


class OpenBid(Effect, frozen=True):
    """Combine the released shares, decrypt, verify, store under the case key (解密)."""

    supplier: str


class OpenBackup(Effect, frozen=True):
    """Check an admitted backup against its commitment and store what is in it (启用备用文件)."""

    supplier: str


class ReadBids(Effect, frozen=True):
    """Read the opened bids' payloads from the confidential part, for price reading or handing on."""


class OpenSealed(Effect, frozen=True):
    """Open all quotes or all sheets together."""

    purpose: str


class IssueDocument(Effect, frozen=True):
    """Render a document of ``kind`` about ``subject``, with signature fields, and store it."""

    kind: str
    subject: str = ""


DUE: list[Callable[[State], Iterable[Effect]]] = []


def due_when(rule: Callable[[State], Iterable[Effect]]) -> Callable[[State], Iterable[Effect]]:
    """Register a rule that says what is due in a state."""
    DUE.append(rule)
    return rule


def due(state: State) -> tuple[Effect, ...]:
    """All work that is due now; nothing while paused or after the end."""
    if state.paused or state.phase in (CLOSED, FAILED):
        return ()
    return tuple(effect for rule in DUE for effect in rule(state))
