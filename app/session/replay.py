"""Replay 重演: the archive's entries are folded again, and everything that the rules decide is decided again.

What a person asked for stands in the record as signed bytes; what the host found out stands there as its report. From
these and nothing else the rules must give exactly the recorded events: the totals, the ranking, the triggers of the
low-price review, the outcome of every vote, every default of a clock. A difference is a finding that names the entry.
"""

from collections.abc import Iterable, Sequence
from itertools import islice, takewhile

import msgspec

from app.record.acts import parse_command
from app.record.archive_reader import ArchiveReader, Hidden
from app.record.entry import Because, Entry, SignedCommand
from app.record.verification import Finding, Tally
from app.session.engine import Engine
from app.session.replay_reports import reported
from app.session.rules import commands
from app.session.rules import events_evaluation as ev
from app.session.rules import events_opening as evo
from app.session.rules.command import Command
from app.session.rules.event import Event, Recorded
from app.session.rules.events import event_bytes, event_type, from_builtins
from app.session.rules.events_case import BidSubmitted, CaseClosed
from app.session.rules.people import HOST
from app.session.rules.state import State
from app.session.rules.table import Refused, apply, decide, elapse, follow

NUMBERS = (
    ev.TotalsComputed,
    ev.TieResolved,
    ev.RankingConfirmed,
    ev.CorrectionFound,
    ev.PricesFixed,
    ev.LowPriceDoubtRuled,
    ev.LowPriceTriggered,
    ev.LowPriceRuled,
    ev.LeaderElected,
    ev.ResponseRechecked,
    evo.ReviewDecided,
    evo.InvalidDeclared,
)
"""Events that say what was computed or counted; none of them is anybody's word."""


def recorded(entry: Entry) -> Recorded:
    """An archived entry as the rules take it; InputError ``event.unknown``, ``event.malformed``."""
    return Recorded(entry.index, entry.at, entry.actor, from_builtins(entry.event))


def replay(entries: Iterable[Recorded]) -> State:
    """The state after ``entries``, from nothing."""
    state = State()
    for item in entries:
        state = apply(state, item)
    return state


class Line(msgspec.Struct, frozen=True):
    """An entry with what it carries."""

    recorded: Recorded
    command: SignedCommand | Because | None


class ReplayStep:
    """The step ``replay``. Problems: ``replay.number_differs`` (a computed or counted event is not what comes out),
    ``replay.differs`` (another event), ``replay.missing`` (something that follows was left out), ``replay.refused``
    (the rules refuse the recorded command), ``replay.unexplained`` (nobody asked for it and nothing leads to it);
    ``replay.hidden`` where this edition hides entries.
    """

    code = "replay"

    def check(self, archive: ArchiveReader) -> Finding:
        """Fold and decide again; InputError of a malformed entry is a failure."""
        tally = Tally()
        lines: list[Line] = []
        for entry in archive.entries():
            if isinstance(entry, Hidden):
                tally.unsure("replay.hidden", index=entry.index)
                return tally.finding()
            lines.append(Line(recorded(entry), entry.command))
        check_lines(lines, tally)
        return tally.finding()


def check_lines(lines: Sequence[Line], tally: Tally) -> State:
    """Walk over all entries of a case; the state at the end. Facts: entries, commands, reports, numbers."""
    tally.facts |= {"entries": 0, "commands": 0, "reports": 0, "numbers": 0}
    walk = _Walk(lines, tally)
    place = 0
    while place < len(lines):
        if place:
            walk.at_rest(place)
        place = walk.commanded(place) if lines[place].command is not None else walk.hosted(place)
    if lines:
        walk.at_rest(len(lines))
    return walk.state


class _Walk:
    """The state before the entry that is looked at, and what ought to come next."""

    def __init__(self, lines: Sequence[Line], tally: Tally) -> None:
        self._lines = lines
        self._tally = tally
        self.state = State()

    def at_rest(self, place: int) -> None:
        """Nothing may be left that follows at the moment of the entry before, unless it comes now."""
        before = self._lines[place - 1].recorded
        now = self._lines[place].recorded.at if place < len(self._lines) else None
        mine = place < len(self._lines) and self._lines[place].command is None and now == before.at
        left = [] if mine else self._following(before)
        if left:
            self._tally.failed("replay.missing", index=place, name=event_type(left[0]))

    def _following(self, at: Recorded) -> list[Event]:
        return follow(self.state, at.at) or elapse(self.state, at.at)

    def commanded(self, place: int) -> int:
        """A person's command and all that came of it in the same step."""
        first = self._lines[place]
        end = place + 1
        while end < len(self._lines) and self._lines[end].command == Because(first.recorded.index):
            end += 1
        group = self._lines[place:end]
        if not isinstance(first.command, SignedCommand):
            self._tally.failed("replay.unexplained", index=place, name=event_type(first.recorded.event))
        else:
            self._tally.count("commands")
            command = self._as_decided(first.command, first.recorded.event)
            step = Engine(self.state).step(first.recorded.actor, command, first.recorded.at)
            if isinstance(step, Refused):
                self._tally.failed("replay.refused", index=place, code=step.code)
            else:
                self._compare(group, list(step.events))
        self._fold(group)
        return end

    def _as_decided(self, carried: SignedCommand, event: Event) -> Command:
        """The command as the host handed it to the rules: an upload's receipt and size are the host's own word."""
        command = commands.from_builtins(parse_command(carried.signed).command)
        if isinstance(command, commands.SubmitBid) and isinstance(event, BidSubmitted):
            return msgspec.structs.replace(command, receipt=event.receipt, size=event.size)
        return command

    def hosted(self, place: int) -> int:
        """The host's own: what follows from the state and the clock, else a report that the rules accept."""
        at = self._lines[place].recorded
        if at.actor != HOST:
            return self._unexplained(place)
        derived = self._following(at)
        if derived and self._matches(place, derived):
            return self._take(place, len(derived))
        command = reported(self.state, self._moment(place))
        if command is None:
            return self._mismatch(place, derived) if derived else self._unexplained(place)
        self._tally.count("reports")
        decided = decide(self.state, HOST, command, at.at)
        if isinstance(decided, Refused):
            self._tally.failed("replay.refused", index=place, code=decided.code)
            return self._take(place, 1)
        if not decided or not self._matches(place, decided):
            return self._mismatch(place, decided)
        return self._take(place, len(decided))

    def _unexplained(self, place: int) -> int:
        self._tally.failed("replay.unexplained", index=place, name=event_type(self._lines[place].recorded.event))
        return self._take(place, 1)

    def _mismatch(self, place: int, expected: Sequence[Event]) -> int:
        """Name the first entry that is not among those that ought to stand here."""
        forms = [_form(event) for event in expected]
        group = self._lines[place : place + max(len(expected), 1)]
        wrong = next((line for line in group if _form(line.recorded.event) not in forms), group[0]).recorded
        self._tally.failed(_differs(wrong.event), index=wrong.index, name=event_type(wrong.event))
        return self._take(place, 1)

    def _moment(self, place: int) -> list[Recorded]:
        """The entries from here on that the host made at the same moment."""
        at = self._lines[place].recorded.at
        ahead = islice(self._lines, place, None)
        return [line.recorded for line in takewhile(lambda line: line.recorded.at == at, ahead)]

    def _matches(self, place: int, events: Sequence[Event]) -> bool:
        group = self._lines[place : place + len(events)]
        at = self._lines[place].recorded.at
        return all(
            line.command is None and line.recorded.actor == HOST and line.recorded.at == at for line in group
        ) and _same([line.recorded.event for line in group], events)

    def _take(self, place: int, count: int) -> int:
        self._fold(self._lines[place : place + count])
        return place + count

    def _fold(self, group: Sequence[Line]) -> None:
        for line in group:
            self.state = apply(self.state, line.recorded)
            self._tally.count("entries")
            if isinstance(line.recorded.event, NUMBERS):
                self._tally.count("numbers")

    def _compare(self, group: Sequence[Line], step: Sequence[tuple[str, Event]]) -> None:
        found = [(line.recorded.actor, line.recorded.event) for line in group]
        late = next((line for line in group if line.recorded.at != group[0].recorded.at), None)
        if late is not None:
            self._tally.failed("replay.differs", index=late.recorded.index, name=event_type(late.recorded.event))
        if sorted((by, _form(event)) for by, event in found) == sorted((b, _form(e)) for b, e in step):
            return
        expected = [(by, _form(event)) for by, event in step]
        for line in group:
            event = line.recorded.event
            if (line.recorded.actor, _form(event)) not in expected:
                self._tally.failed(_differs(event), index=line.recorded.index, name=event_type(event))
                return
        after = group[-1].recorded
        missing = next((e for by, e in step if (by, _form(e)) not in _bytes(found)), after.event)
        self._tally.failed("replay.missing", index=after.index, name=event_type(missing))


def _bytes(found: Iterable[tuple[str, Event]]) -> list[tuple[str, bytes]]:
    return [(by, _form(event)) for by, event in found]


def _form(event: Event) -> bytes:
    """An event as it is compared: what is undone at the end comes in no order."""
    if isinstance(event, CaseClosed):
        event = msgspec.structs.replace(event, undone=tuple(sorted(event.undone)))
    return event_bytes(event)


def _same(found: Sequence[Event], expected: Sequence[Event]) -> bool:
    """The same events; those of one step may stand in another order, since maps in the record have none."""
    return len(found) == len(expected) and sorted(map(_form, found)) == sorted(map(_form, expected))


def _differs(event: Event) -> str:
    return "replay.number_differs" if isinstance(event, NUMBERS) else "replay.differs"
