"""Events about people who are waited for and do nothing (SESSION.md: nobody can block a case by walking away)."""

from app.session.rules.event import Event


class Reminded(Event, frozen=True, kw_only=True):
    """催办: ``person`` is waited for and has done nothing for the time of patience; ``act`` is a command's tag."""

    person: str
    act: str


class LeaderSetAside(Event, frozen=True, kw_only=True):
    """另行推选组长: the leader was reminded and did nothing; the members elect another."""

    person: str
    reason: str


class OfficerReplaced(Event, frozen=True, kw_only=True):
    """接替主持: the officer was reminded and did nothing; ``by`` of the agency goes on as officer, he as clerk."""

    person: str
    by: str
    reason: str
