"""Decisions about the opening record 开标记录表: issued, signed, refused, deemed agreed (87号令 art. 42)."""

from collections.abc import Iterable
from datetime import datetime

import app.session.rules.events_case as evc
from app.session.rules.attendance import attending, speaker_of
from app.session.rules.decide import (
    ELAPSED,
    FOLLOWING,
    WAITING,
    Events,
    Waiting,
)
from app.session.rules.effects import Effect, IssueDocument, due_when
from app.session.rules.people import HOST, Role
from app.session.rules.state import Document, State

RECORD = "opening_record"


def record_subjects(state: State) -> tuple[str, ...]:
    """Whose records there are: one for all (empty), or where suppliers do not see each other one for each (USCC)."""
    suppliers = tuple(s for s, bid in state.bids.items() if not bid.withdrawn)
    return ("",) if state.the_method().suppliers_see_each_other or not suppliers else suppliers


def opening_records(state: State) -> tuple[Document, ...]:
    """The opening records that have been issued, the newest of each subject."""
    found = (state.document_of(RECORD, subject) for subject in record_subjects(state))
    return tuple(document for document in found if document is not None)


@due_when
def _(state: State) -> Iterable[Effect]:
    if state.phase == "signing":
        for subject in record_subjects(state):
            if state.document_of(RECORD, subject) is None:
                yield IssueDocument(RECORD, subject)


def record_signers(state: State, subject: str = "") -> tuple[str, ...]:
    """Who signs an opening record: attending representatives of its bidders, officer, clerk (87号令 art. 42)."""
    bidders = [s for s in state.valid_bids() if subject in ("", s)]
    suppliers = [speaker_of(state, s) for s in bidders if state.representatives(s)]
    staff = [*state.with_role(Role.OFFICER), *state.with_role(Role.CLERK)]
    return tuple(dict.fromkeys([*suppliers, *(p for p in staff if p in state.signed_in)]))


def _signing_following(state: State, now: datetime) -> Events:
    """Absent bidders are deemed to agree as soon as the record is there (87号令 art. 42)."""
    rule = state.the_method().deemed_agreed(RECORD, "absent")
    if rule is None:
        return []
    return [
        evc.DeemedAgreed(document=document.id, person=p, rule=rule.rule)
        for document in opening_records(state)
        for p in document.waiting
        if state.supplier_of(p) and not attending(state, state.supplier_of(p))
    ]


FOLLOWING["signing"] = _signing_following


def _signing_elapsed(state: State, name: str, now: datetime) -> Events:
    rule = state.the_method().deemed_agreed(RECORD, "silent")
    if rule is None:
        return []
    return [
        evc.DeemedAgreed(document=document.id, person=p, rule=rule.rule)
        for document in opening_records(state)
        for p in document.waiting
        if state.supplier_of(p)
    ]


ELAPSED["signing"] = _signing_elapsed


def _signing_waiting(state: State) -> Iterable[Waiting]:
    documents = opening_records(state)
    if len(documents) < len(record_subjects(state)):
        yield Waiting(HOST, "report_document")
    for person in dict.fromkeys(p for document in documents for p in document.waiting):
        yield Waiting(person, "sign_document")


WAITING["signing"] = _signing_waiting


def _closed_waiting(state: State) -> Iterable[Waiting]:
    if state.opened_bids() and not state.bids_handed_on:
        yield Waiting(HOST, "report_bids")


WAITING["opening_closed"] = _closed_waiting
