"""An opener whose key has gone: recorded once, taken back once, known to those who can still do something."""

from factory import received

import app.session.rules.commands as cmd
import app.session.rules.events_case as ev
from app.session.rules.people import Role


def test_a_missing_key_is_recorded_once_and_taken_back_once() -> None:
    room = received()
    opener, other = room.state.with_role(Role.OPENER)[:2]
    room.state = room.state.with_(kit_openers=(opener, other))
    room.does(opener, cmd.ReportHolderKey(missing=True), cmd.ReportHolderKey(missing=True))
    assert room.state.keyless == {opener}
    assert room.of(ev.HolderKeyMissing) == [ev.HolderKeyMissing(person=opener)]
    room.does(other, cmd.ReportHolderKey(missing=False))
    assert room.of(ev.HolderKeyBack) == []
    room.does(opener, cmd.ReportHolderKey(missing=False))
    assert room.state.keyless == frozenset()
    assert room.of(ev.HolderKeyBack) == [ev.HolderKeyBack(person=opener)]


def test_only_an_opener_of_the_kit_reports() -> None:
    room = received()
    opener, other = room.state.with_role(Role.OPENER)[:2]
    room.state = room.state.with_(kit_openers=(other,))
    assert room.refuses(opener, cmd.ReportHolderKey(missing=True)) == "refused.no_kit"
