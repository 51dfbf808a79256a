"""What a verification says: numbered steps, each passed, failed or could not tell, with the first bad thing."""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from app.record.archive_reader import ArchiveReader

Fact = str | int | bool | None
MOST_PLACES = 200
"""How many bad things a step names; the first always is among them."""

Watch = Callable[[str, int, int], None]
"""Told, in the verifying thread, which step is at work and how much of it is done: its code, bytes read, bytes in all
(0 where that is not known). It may raise :class:`Stopped`."""


class Stopped(Exception):
    """Raised by a watcher: the verification is not to go on. It leaves no outcome."""


class Verdict(StrEnum):
    """通过 / 不通过 / 无法判断."""

    PASSED = "passed"
    FAILED = "failed"
    COULD_NOT_TELL = "could_not_tell"


class Place(msgspec.Struct, frozen=True):
    """One thing that a step found; ``failed`` or only doubtful. ``where`` as in :class:`Finding`."""

    failed: bool
    problem: str
    where: dict[str, Fact]


class Finding(msgspec.Struct, frozen=True):
    """The outcome of one check.

    Attributes:
        facts: what was looked at (counts and the like), for the screen.
        problem: code of the first bad thing; None when passed.
        where: where it is: ``index`` (of an entry), ``size`` (of a checkpoint), ``name`` (of a file or person), …
        places: everything bad or doubtful that was met, in order, up to :data:`MOST_PLACES`.
    """

    verdict: Verdict
    facts: dict[str, Fact] = {}
    problem: str | None = None
    where: dict[str, Fact] = {}
    places: tuple[Place, ...] = ()


class StepResult(msgspec.Struct, frozen=True):
    """A step (核验步骤) with its number from 1 and its code; else as :class:`Finding`."""

    number: int
    code: str
    verdict: Verdict
    facts: dict[str, Fact]
    problem: str | None
    where: dict[str, Fact]
    places: tuple[Place, ...] = ()


class Step(Protocol):
    """A check that another floor contributes, e.g. the replay; an exception counts as failed."""

    @property
    def code(self) -> str:
        """Stable name of the step."""
        ...

    def check(self, archive: "ArchiveReader") -> Finding:
        """Judge an archive whose container has been read; the file stays open meanwhile."""
        ...


class Verification(msgspec.Struct, frozen=True):
    """The whole outcome. ``case`` and ``edition`` are empty, ``size`` 0 where the archive could not be read at all."""

    case: str
    edition: str
    size: int
    root: str
    rehearsal: bool
    steps: tuple[StepResult, ...]

    @property
    def verdict(self) -> Verdict:
        """Failed if any step failed; passed only if all passed."""
        found = {step.verdict for step in self.steps}
        for verdict in (Verdict.FAILED, Verdict.COULD_NOT_TELL):
            if verdict in found:
                return verdict
        return Verdict.PASSED

    @property
    def exit_code(self) -> int:
        """0 passed, 1 failed, 2 could not tell; never 0 without trust and an expected head from outside."""
        return {Verdict.PASSED: 0, Verdict.FAILED: 1, Verdict.COULD_NOT_TELL: 2}[self.verdict]

    @property
    def first_failed(self) -> StepResult | None:
        """The first step that failed."""
        return next((step for step in self.steps if step.verdict is Verdict.FAILED), None)

    def to_json(self) -> bytes:
        """The outcome as JSON with ``verdict`` and ``exit_code``."""
        value = msgspec.to_builtins(self) | {"verdict": self.verdict.value, "exit_code": self.exit_code}
        return msgspec.json.format(msgspec.json.encode(value), indent=1)


class Tally:
    """Collects a step's outcome: the first bad thing stays, a failure outweighs a doubt."""

    def __init__(self) -> None:
        self.facts: dict[str, Fact] = {}
        self._failed: tuple[str, dict[str, Fact]] | None = None
        self._unsure: tuple[str, dict[str, Fact]] | None = None
        self._places: list[Place] = []

    def failed(self, problem: str, **where: Fact) -> None:
        """Something is wrong."""
        self._failed = self._failed or (problem, where)
        self._note(Place(True, problem, where))

    def unsure(self, problem: str, **where: Fact) -> None:
        """Something cannot be judged."""
        self._unsure = self._unsure or (problem, where)
        self._note(Place(False, problem, where))

    def _note(self, place: Place) -> None:
        if len(self._places) < MOST_PLACES:
            self._places.append(place)

    def count(self, fact: str, by: int = 1) -> None:
        """Add to a number among the facts."""
        self.facts[fact] = int(self.facts.get(fact) or 0) + by

    def absorb(self, other: "Tally") -> None:
        """Take over what another tally found."""
        self.facts |= other.facts
        self._failed = self._failed or other._failed
        self._unsure = self._unsure or other._unsure

    @property
    def good(self) -> bool:
        """Whether nothing failed so far."""
        return self._failed is None

    def finding(self) -> Finding:
        """The outcome."""
        places = tuple(self._places)
        if self._failed is not None:
            return Finding(Verdict.FAILED, self.facts, self._failed[0], self._failed[1], places)
        if self._unsure is not None:
            return Finding(Verdict.COULD_NOT_TELL, self.facts, self._unsure[0], self._unsure[1], places)
        return Finding(Verdict.PASSED, self.facts)
