"""Who a viewer is, here and now: the questions that the table of visibility asks (SESSION.md, Who sees what)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.session.rules.evaluation import in_evaluation
from app.session.rules.event import Event, Recorded
from app.session.rules.people import HOST, Person, Role
from app.session.rules.state import State


class Viewer:
    """A person of the case looking at one entry.

    Attributes:
        supervisor: 监督人员; sees what is in the record, but not who takes part before the deadline.
        staff: officer and clerk; engineer: keeps devices and phones.
        reviewer: reviews the qualification of a tender (officer, or the purchaser outside the committee).
        outside: openers and the purchaser's people who are not on the committee.
        member: on the committee; ``supplier`` the USCC a supplier's representative acts for, else empty.
    """

    def __init__(self, state: State, person: Person, at: datetime | None = None) -> None:
        self.state = state
        self.id = person.id
        self.supervisor = person.has(Role.SUPERVISOR)
        self.staff = person.has(Role.OFFICER, Role.CLERK)
        self.engineer = person.has(Role.ENGINEER)
        self.member = person.has(Role.MEMBER)
        self.outside = person.has(Role.OPENER, Role.PURCHASER) and not self.member
        self.supplier = person.uscc if person.has(Role.SUPPLIER) else ""
        self._at = at

    # --- where the case stands ---

    def entered(self, phase: str) -> bool:
        """Whether ``phase`` has been entered, now or before."""
        return self.state.phase == phase or any(name == phase for name, _ in self.state.history)

    @property
    def past_deadline(self) -> bool:
        """The phase that only opens at the deadline has been entered."""
        return self.entered("discipline")

    @property
    def then_in_opening(self) -> bool:
        """Whether the entry was made before the opening room closed."""
        closed = next((at for name, at in self.state.history if name == "opening_closed"), None)
        return closed is None or self._at is None or self._at <= closed

    @property
    def then_before_evaluation(self) -> bool:
        """Whether the entry was made before the evaluation room opened."""
        begun = next((at for name, at in self.state.history if name == "assembling"), None)
        return begun is None or self._at is None or self._at < begun

    @property
    def ranked(self) -> bool:
        """The committee has confirmed its ranking: now the agency may check."""
        return bool(self.state.candidates)

    # --- what kind of viewer, in which room ---

    @property
    def committee(self) -> bool:
        """A member, once the evaluation room is open."""
        return self.member and self.entered("assembling")

    @property
    def member_at_opening(self) -> bool:
        """A member may know of the opening: always afterwards, during it only where the method does not bar it."""
        return self.committee or (self.member and not self.state.the_method().members_barred_from_opening)

    @property
    def organiser(self) -> bool:
        """Staff, purchaser's side, openers and supervisors, and the members that may attend: not the suppliers."""
        return self.staff or self.outside or self.supervisor or self.member_at_opening

    @property
    def evaluators(self) -> bool:
        """The committee, the staff that organises, the supervisors."""
        return self.committee or self.staff or self.supervisor

    @property
    def judges(self) -> bool:
        """Committee and supervisors; the staff only from the confirmed ranking on."""
        return self.committee or self.supervisor or (self.staff and self.ranked)

    @property
    def qualifier(self) -> bool:
        """Who reviews, or organises the review of, the qualification between the rooms."""
        between = self.state.the_method().qualification_by == "agency"
        return between and (self.staff or self.outside) and self.entered("qualification")

    @property
    def in_the_running(self) -> bool:
        """A supplier that is still in."""
        return bool(self.supplier) and self.supplier in self.state.continuing()

    # --- about others ---

    def others_known(self) -> bool:
        """Suppliers know of each other: where the method publishes the list, once it is published."""
        method = self.state.the_method()
        return method.suppliers_see_each_other and method.bidder_list_published and self.state.bidders_published

    def knows_supplier(self, supplier: str) -> bool:
        """Whether the viewer may know that ``supplier`` takes part; the staff from the lobby on, others later."""
        if self.supplier:
            return supplier == self.supplier or (self.others_known() and supplier in self.state.bids)
        if self.staff or self.supervisor:
            return self.entered("gathering")
        return (self.outside and self.past_deadline) or (self.member_at_opening and self.past_deadline)

    def knows_bid(self, supplier: str) -> bool:
        """Whether the viewer may know that ``supplier`` handed in a bid: nobody else before the deadline."""
        if self.supplier == supplier:
            return True
        return self.past_deadline and self.knows_supplier(supplier)

    def knows(self, person_id: str) -> bool:
        """Whether the viewer may know that ``person_id`` takes part."""
        if person_id in (self.id, HOST):
            return True
        subject = self.state.people.get(person_id)
        if subject is None:
            return self.staff or self.supervisor
        return self.knows_person(subject)

    def knows_person(self, subject: Person) -> bool:
        """As :meth:`knows`; members are named to nobody outside the evaluation room (实施条例 40, 87号令 art. 47)."""
        if subject.id == self.id:
            return True
        if subject.has(Role.SUPPLIER):
            return self.knows_supplier(subject.uscc)
        if subject.has(Role.MEMBER):
            if self.engineer:
                return self.entered("opening_closed")
            return self.staff or self.supervisor or self.committee
        return True


Rule = Callable[[Viewer, Any, Recorded], bool]

AUDIENCE: dict[type[Event], Rule] = {}
"""Event type → who sees it, besides the one who did it."""


def seen_by(*kinds: type[Event]) -> Callable[[Rule], Rule]:
    """Enter a rule into the table for these types of event."""

    def register(rule: Rule) -> Rule:
        for kind in kinds:
            assert kind not in AUDIENCE, f"two audiences for {kind.__name__}"
            AUDIENCE[kind] = rule
        return rule

    return register


def viewer(state: State, person: str, at: datetime | None = None) -> Viewer | None:
    """The viewer, or None for whoever sees nothing: unknown, not signed in, or replaced."""
    found = state.people.get(person)
    if found is None or person not in state.signed_in or person in state.replaced or state.method is None:
        return None
    return Viewer(state, found, at)


def asked(who: Viewer, supplier: str) -> bool:
    """Whether a viewer may read what was asked of a supplier, and its answer."""
    if who.supplier:
        return who.supplier == supplier
    return who.judges or (who.qualifier and who.then_before_evaluation)


def may_read(who: Viewer, kind: str, subject: str, fields: dict[str, str]) -> bool:
    """Whether a viewer may read a document: whoever signs it, and those whose room it belongs to."""
    if who.id in fields or who.supervisor:
        return True
    if kind == "opening_record":
        own = subject == who.supplier if subject else who.others_known()
        return who.organiser or (bool(who.supplier) and own)
    if kind == "qualification_record":
        return who.qualifier or who.committee
    if kind in ("evaluation_report", "score_sheet"):
        return who.judges
    if kind == "clarification_letter":
        return asked(who, subject)
    if kind == "commitment":
        return who.staff
    return kind == "bid_receipt" and bool(who.supplier) and who.supplier == subject


def room_of(state: State) -> str:
    """Which conversation the case is in: ``opening``, ``between``, ``evaluation``, or empty after the end."""
    if in_evaluation(state):
        return "evaluation"
    method = state.the_method()
    if method.has(state.phase):
        return method.phase(state.phase).room
    return "opening" if state.phase in ("announced", "receiving") else ""
