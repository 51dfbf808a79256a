"""Ways to reach a token: each says whether it can work on this machine, and why not.

Built in are PKCS#11 and SKF. Other packages may add their own through the entry point group ``bidroom.token_providers``
(an object with :attr:`Provider.code` and :meth:`Provider.state`); one that fails is named as broken and hides nothing.
"""

import importlib.util
from importlib.metadata import entry_points
from typing import Protocol

import msgspec

from app.ca.module_file import ModuleKind
from app.ca.modules import find_modules
from app.logs import get_logger

GROUP = "bidroom.token_providers"
_log = get_logger("providers")


class ProviderState(msgspec.Struct, frozen=True):
    """What can be said of one provider now.

    Attributes:
        code: ``pkcs11``, ``skf``, or the entry point's name.
        reason: empty when it can work, else ``provider.not_built``, ``provider.no_module`` or ``provider.broken``.
        modules: files the token worker is to load for it, best first.
    """

    code: str
    reason: str = ""
    modules: tuple[str, ...] = ()

    @property
    def can_work(self) -> bool:
        return not self.reason


class Provider(Protocol):
    """One way to reach tokens."""

    code: str

    def state(self) -> ProviderState:
        """Look at this machine now; loads no driver."""
        ...


class ModuleProvider:
    """Drivers of one interface, found by :func:`app.ca.modules.find_modules`; ``needs`` is the code that speaks it."""

    def __init__(self, kind: ModuleKind, needs: str) -> None:
        self.code = kind.value
        self._kind, self._needs = kind, needs

    def state(self) -> ProviderState:
        if importlib.util.find_spec(self._needs) is None:
            return ProviderState(self.code, "provider.not_built")
        found = tuple(find_modules(self._kind))
        return ProviderState(self.code, "" if found else "provider.no_module", found)


BUILT_IN: tuple[Provider, ...] = (
    ModuleProvider(ModuleKind.PKCS11, "app.ca.pkcs11_token"),
    ModuleProvider(ModuleKind.SKF, "app.ca.skf_token"),
)


def provider_states() -> tuple[ProviderState, ...]:
    """Every provider, built in first."""
    states = [provider.state() for provider in BUILT_IN]
    for point in entry_points(group=GROUP):
        try:
            states.append(point.load()().state())
        except Exception as error:  # a stranger's package: whatever it does, the others work
            _log.warning("token provider broken", provider=point.name, error=type(error).__name__)
            states.append(ProviderState(point.name, "provider.broken"))
    return tuple(states)


def module_paths() -> list[str]:
    """The files that the token worker is to load: of every provider that can work, in order."""
    found: dict[str, None] = {}
    for state in provider_states():
        if state.can_work:
            found.update(dict.fromkeys(state.modules))
    return list(found)
