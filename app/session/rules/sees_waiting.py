"""Who sees reminders and what follows from them."""

import app.session.rules.events_waiting as evw
from app.session.rules.audience import Viewer, seen_by
from app.session.rules.event import Recorded


@seen_by(evw.Reminded, evw.LeaderSetAside)
def _of_person(who: Viewer, event: evw.Reminded, at: Recorded) -> bool:
    """Those who may know of the person and organise or judge; never a supplier."""
    return not who.supplier and who.knows(event.person) and (who.id == event.person or who.evaluators)


@seen_by(evw.OfficerReplaced)
def _officer(who: Viewer, event: evw.OfficerReplaced, at: Recorded) -> bool:
    """Everybody must know who leads the case."""
    return True
