"""What a step panel is shown: the state this person may see, and plain questions about it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from app.clock import Clock
from app.session.rules.decide import Waiting, waiting_for
from app.session.rules.decide_case import next_phase
from app.session.rules.people import HOST, Role
from app.session.rules.state import CLOSED, FAILED, State, Window
from app.ui import texts
from app.ui.async_bridge import AsyncBridge
from app.ui.i18n import tr

Fetch = Callable[[str], Awaitable[bytes]]


class StepContext(msgspec.Struct, frozen=True):
    """What panels need beside the state.

    Attributes:
        clock: carries the measured offset to the host.
        fetch: a file by its digest, checked; raises as ``Files.fetch``.
        drafts: folder for what stays on this machine until it is submitted.
    """

    clock: Clock
    bridge: AsyncBridge
    fetch: Fetch
    drafts: Path


class StepFacts(msgspec.Struct, frozen=True, eq=False):
    """The snapshot of every step panel."""

    state: State
    me: str

    @property
    def supplier(self) -> str:
        """The USCC this person acts for, else empty."""
        return self.state.supplier_of(self.me)

    @property
    def officer(self) -> bool:
        return self.state.has_role(self.me, Role.OFFICER)

    @property
    def leader(self) -> bool:
        return bool(self.state.leader) and self.me == self.state.leader

    @property
    def member(self) -> bool:
        return self.state.has_role(self.me, Role.MEMBER)

    @property
    def closed(self) -> bool:
        return self.state.phase in (CLOSED, FAILED)

    def waiting(self) -> tuple[Waiting, ...]:
        """Who is waited for, as far as this person can know."""
        if self.state.lot is None:
            return ()
        try:
            waiting = waiting_for(self.state)
            return tuple(item for item in waiting if item.person != HOST) if self.supplier else waiting
        except (IndexError, KeyError):  # a desk that may not see everyone cannot name whom the rules wait for
            return ()

    def awaited(self, act: str) -> bool:
        """Whether I am waited for with this act."""
        return any(item.person == self.me and item.act == act for item in self.waiting())

    def next_phase(self) -> str | None:
        return next_phase(self.state) if self.state.method is not None else None

    def may_move(self) -> bool:
        """Whether moving on is this person's: officer or leader as the method's data says; the host decides."""
        method = self.state.method
        if method is None or self.closed or self.next_phase() is None:
            return False
        movers = method.phase(self.state.phase).moved_by if method.has(self.state.phase) else ()
        if self.leader and "leader" in movers:
            return True
        return self.officer and ("officer" in movers or not movers or "leader" not in movers)

    def window(self, name: str) -> Window | None:
        """A clock that runs now."""
        found = self.state.windows.get(name)
        return found if found is not None and found.closed is None else None

    def name(self, person: str) -> str:
        """A person's name in words; suppliers with their unit."""
        if person == HOST:
            return tr("主机")
        found = self.state.people.get(person)
        if found is None:
            return self.supplier_name(person) if person in self.state.suppliers else tr("其他参加人")
        return found.name

    def supplier_name(self, uscc: str) -> str:
        """A supplier's unit, or that it is not shown."""
        known = self.state.suppliers.get(uscc)
        if known:
            return known
        found = next((p.organisation for p in self.state.people.values() if p.uscc == uscc), "")
        payload = self.state.payload(uscc)
        return found or (payload.supplier.name if payload is not None else tr("供应商（未公布）"))

    def short(self, uscc: str) -> str:
        """A supplier's name cut to what a heading of a table can hold."""
        name = self.supplier_name(uscc)
        return name if len(name) <= 7 else name[:6] + "…"


def undone_sentences(facts: StepFacts) -> tuple[str, ...]:
    """What is still waited for, one sentence each."""
    return tuple(
        dict.fromkeys(
            tr("{name}　{act}", name=facts.name(item.person), act=texts.word("act", item.act))
            for item in facts.waiting()
        )
    )
