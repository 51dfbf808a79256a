"""Key moments of both methods, for the tests of who sees what."""

from factory import CONSULTATION, TENDER, A, B, Room, advance, committee, opened, received
from samples import document, source
from steps import open_quotes, open_sheets, quote, review, seal_sheets, talk, to_conformity

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_evaluation as eve
import app.session.rules.events_opening as evo

PEOPLE = ("officer", "clerk", "engineer", "o1", "o2", "boss", "sa", "sb", "m2")
"""Officer, clerk, engineer, the agency's opener, the purchaser's, supervisor, supplier A, another, another member."""


def receiving(method: str) -> Room:
    """Bids are in, the deadline has not come; the members are known and signed in."""
    room = received(method)
    room.happens(evc.CommitteeImported(people=committee(method), draw_reference="x"))
    room.signs_in(*(one.id for one in committee(method)))
    return room


def lobby(method: str) -> Room:
    """The opening room gathers, before the deadline."""
    room = receiving(method)
    room.happens(evc.PhaseEntered(phase="gathering", by="officer"), *(source(p) for p in PEOPLE))
    return room


def opening(method: str) -> Room:
    """In the decryption, the list published where the method does so; everyone admitted who may be."""
    room = lobby(method)
    room.happens(evc.PhaseEntered(phase="discipline", by="officer"))
    if method == TENDER:
        room.happens(evo.BidderListPublished(bidders=(A, B), names=("甲", "乙")))
    people = [p for p in PEOPLE if method == CONSULTATION or not p.startswith("m")]
    room.happens(*(evc.Admitted(person=p) for p in people))
    room.happens(evc.PhaseEntered(phase="decrypting", by="officer"))
    return room


def handed_on(method: str) -> Room:
    """The opening is closed; a tender is in its qualification review, where c1 has been asked."""
    room = opened(method)
    if method == TENDER:
        advance(room, "qualification")
    room.happens(eve.ClarificationAsked(clarification="c1", supplier=A, text="x", purpose="clarify", until=room.now))
    room.wait(60)
    return room


def _things_to_talk_about(room: Room) -> None:
    room.happens(
        *(evc.Admitted(person=p) for p in ("m1", *PEOPLE)),
        *(source(p) for p in ("m1", *PEOPLE)),
        eve.ClarificationAsked(clarification="c1", supplier=A, text="x", purpose="clarify", until=room.now),
        document("opening_record", "sb", "officer"),
        document("evaluation_report", "m1", "m2"),
        evo.ObjectionRaised(objection="o1", supplier=A, text="x"),
    )


def evaluating(method: str) -> Room:
    """Scoring; a consultation has had its talks, a change in force, and its quotes are open."""
    room = opened(method)
    if method == TENDER:
        advance(room, "qualification")
        review(room, "officer", "o2")
    to_conformity(room)
    if method == CONSULTATION:
        review(room, *room.state.members())
        advance(room, "conformity", "m1")
    review(room, *room.state.members())
    if method == CONSULTATION:
        advance(room, "talks", "m1")
        for supplier in room.state.continuing():
            talk(room, supplier)
        advance(room, "quoting", "m1")
        quote(room, *room.state.continuing())
        open_quotes(room, dict.fromkeys(room.state.continuing(), "900.00"))
        room.happens(eve.RequirementChanged(change="ch1", text="x"), eve.RequirementConfirmed(change="ch1"))
    else:
        advance(room, "low_price", "m1")
    advance(room, "scoring", "m1")
    _things_to_talk_about(room)
    room.wait(60)
    return room


def ranked(method: str) -> Room:
    """The leader has confirmed the ranking."""
    room = evaluating(method)
    room.happens(eve.ClarificationDefaulted(clarification="c1"))
    seal_sheets(room)
    open_sheets(room, dict.fromkeys(room.state.continuing(), 50))
    room.does("m1", cmd.ConfirmRanking())
    return room


MOMENTS = {
    "receiving": receiving,
    "lobby": lobby,
    "opening": opening,
    "handed_on": handed_on,
    "evaluating": evaluating,
    "ranked": ranked,
}
