"""The room as each person sees it, from a played case."""

from datetime import timedelta

import pytest

from app.session.rules.people import Role
from app.ui import texts
from app.ui.models import StepState
from app.ui.room_snapshot import Surroundings, permissions, room_view, tiles
from app.ui.sample_state import Played, play
from app.ui.step_facts import StepFacts, undone_sentences


def facts_of(played: Played, person: str) -> tuple[StepFacts, dict]:  # type: ignore[type-arg]
    state, entries = played.seen_by(person)
    return StepFacts(state, person), entries


def officer(played: Played) -> str:
    return played.one(Role.OFFICER)


def test_the_agenda_says_where_we_are_and_how_far() -> None:
    played = play("decrypting")
    view = room_view(*facts_of(played, officer(played)), Surroundings())
    steps = {step.phase: step for step in view.agenda}
    assert steps["decrypting"].state is StepState.CURRENT
    assert steps["decrypting"].note == "2/3"
    assert steps["seal_check"].state is StepState.DONE
    assert steps["seal_check"].done_at is not None
    assert steps["reading"].state is StepState.COMING
    assert view.room == "opening"


def test_who_is_waited_for_is_named() -> None:
    played = play("decrypting")
    view = room_view(*facts_of(played, officer(played)), Surroundings())
    last = list(played.speaker.values())[-1]
    assert view.waiting is not None
    assert view.waiting.names == (played.state.people[last].name,)
    assert texts.has_word("act", view.waiting.act)


def test_a_consultation_supplier_sees_no_other_supplier() -> None:
    played = play("decrypting", "competitive_consultation")
    mine, *others = list(played.speaker.values())
    facts, entries = facts_of(played, mine)
    view = room_view(facts, entries, Surroundings())
    shown = {row.person_id for row in view.people}
    assert mine in shown
    assert not shown & set(others)
    assert {tile.source_id for tile in tiles(facts, Surroundings())}.isdisjoint({f"v-{other}" for other in others})


def test_buttons_follow_the_role() -> None:
    played = play("decrypting")
    assert {"mute_all", "pause", "admit", "end"} <= permissions(facts_of(played, officer(played))[0])
    supplier = permissions(facts_of(played, next(iter(played.speaker.values())))[0])
    assert "raise_objection" in supplier
    assert not supplier & {"mute_all", "pause", "admit", "end"}
    watching = permissions(facts_of(played, played.one(Role.SUPERVISOR))[0])
    assert not watching


def test_every_line_of_the_record_has_a_sentence_in_both_languages() -> None:
    for method in ("public_tender", "competitive_consultation"):
        played = play("report", method)  # type: ignore[arg-type]
        view = room_view(*facts_of(played, officer(played)), Surroundings())
        general = texts.event_text("no such event")[:2]
        assert len(view.lines) > 100
        for line in view.lines:
            said = texts.event_text(line.event, line.facts)
            assert not said.startswith(general), line
            assert "—" not in said, (line, said)


def test_what_is_undone_is_said_in_words() -> None:
    played = play("signing")
    said = undone_sentences(facts_of(played, officer(played))[0])
    assert len(said) == len(played.state.document_of("opening_record").waiting)  # type: ignore[union-attr]
    assert all("sign_document" not in sentence for sentence in said)


def test_a_supplier_never_waits_for_the_host_of_a_room_it_cannot_see() -> None:
    played = play("conformity")
    facts, _ = facts_of(played, next(iter(played.speaker.values())))
    assert all(item.person != "host" for item in facts.waiting())


@pytest.mark.parametrize("muted", [True, False])
def test_my_own_microphone_is_what_my_desk_says(muted: bool) -> None:
    played = play("decrypting")
    me = officer(played)
    view = room_view(*facts_of(played, me), Surroundings(muted=muted))
    assert view.muted is muted
    assert next(row for row in view.people if row.me).muted is muted


def test_the_clock_of_the_recording_comes_from_the_record() -> None:
    played = play("decrypting")
    view = room_view(*facts_of(played, officer(played)), Surroundings())
    assert view.top.recording_since is not None
    assert played.now - view.top.recording_since > timedelta(minutes=5)
    assert view.top.disk_minutes == 46 * 60
