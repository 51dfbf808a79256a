"""Who ought to have cosigned what this desk saw, and has not: a host that parts its desks shows itself by that.

A host cannot make another desk's cosignature, and what it relays must be made over the record that it shows. So it can
part two desks only by keeping their cosignatures from each other, which shows here within ten seconds, or by saying
that the other is not connected, which the two see when they speak to each other (docs/threat-model.md).
"""

from collections.abc import Mapping

from app.session.rules.access import heard_by, witnesses
from app.session.rules.state import CLOSED, FAILED, State

SILENT_SECONDS = 7.0
"""With the pace of relays and of looking, the alarm is there within ten seconds (USERS P17)."""
KEPT = 512


class WitnessWatch:
    """Looks at the time of what was seen. Times are monotonic seconds.

    Attributes:
        silent: ids of those who are silent now, sorted.
    """

    def __init__(self) -> None:
        self.silent: tuple[str, ...] = ()
        self._seen: list[tuple[float, int]] = []
        self._here: dict[str, float] = {}

    def saw(self, size: int, now: float) -> None:
        """This desk checked a head of ``size`` entries."""
        self._seen.append((now, size))
        if len(self._seen) > KEPT:
            old = [item for item in self._seen if item[0] <= now - SILENT_SECONDS]
            self._seen = [*old[-1:], *[item for item in self._seen if item[0] > now - SILENT_SECONDS]][-KEPT:]

    def forget(self) -> None:
        """The line is down: nobody is heard, and that is no sign of anything."""
        self.silent, self._here, self._seen = (), {}, []

    def look(self, state: State, me: str, heard: Mapping[str, int], now: float) -> bool:
        """Judge anew; whether :attr:`silent` changed.

        Args:
            heard: sizes of the newest heads that others cosigned, checked (:attr:`OwnCopy.heard`).
        """
        signed_in = set(state.sessions.values())
        expected = {
            person
            for person in state.online & signed_in
            if person != me and witnesses(state, person) and heard_by(state, me, person)
        }
        if state.phase in (CLOSED, FAILED):
            expected = set()
        self._here = {person: self._here.get(person, now) for person in expected}
        due = max((size for at, size in self._seen if at <= now - SILENT_SECONDS), default=0)
        before = self.silent
        self.silent = tuple(
            sorted(p for p, since in self._here.items() if now - since >= SILENT_SECONDS and heard.get(p, 0) < due)
        )
        return self.silent != before
