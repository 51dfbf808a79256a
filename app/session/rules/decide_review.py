"""Qualification 资格审查 and conformity review 符合性审查: by item and majority (87号令 art. 44, 50, 61)."""

from collections.abc import Iterable
from datetime import datetime

import app.session.rules.commands as cmd
import app.session.rules.events_opening as ev
from app.errors import InputError
from app.procurement.case import ReviewItem
from app.procurement.review import SupplierReview, Vote, check_vote, review_all
from app.session.rules.decide import ELAPSED, Events, Waiting, decides
from app.session.rules.effects import Effect, IssueDocument, due_when
from app.session.rules.evaluation import close, in_evaluation, missed, register, require_member
from app.session.rules.people import HOST, Role
from app.session.rules.state import State

STAGES = ("qualification", "conformity")
REVIEW_MISSED = "review_missed"
REASON_LIMIT = 2000


def review_items(state: State, stage: str) -> tuple[ReviewItem, ...]:
    """The items of a stage, as the case file gives them."""
    lot = state.the_lot().lot
    return lot.qualification if stage == "qualification" else lot.conformity


def reviewers(state: State, stage: str) -> tuple[str, ...]:
    """Who reviews: the committee; the qualification of a tender officer and purchaser (not as members), art. 44.

    Where no person holds the purchaser's role outside the committee, the purchaser's opener acts for the purchaser.
    """
    method = state.the_method()
    if stage != "qualification" or method.qualification_by == "group":
        return state.members()
    outside = [p for p in state.with_role(Role.PURCHASER) if p not in state.members()]
    if not outside:
        outside = [p for p in state.with_role(Role.OPENER) if state.people[p].party == "purchaser"]
    return tuple(dict.fromkeys([*state.with_role(Role.OFFICER), *outside]))


def counting(state: State, stage: str) -> tuple[str, ...]:
    """The reviewers whose sheets it takes: all; for agency and purchaser without those that missed the clock.

    A committee never decides without a member: who is missing there is replaced or given more time.
    """
    everyone = reviewers(state, stage)
    if state.the_method().qualification_by == "group" or stage != "qualification":
        return everyone
    sheets = state.reviews.get(stage, {})
    here = tuple(
        p
        for p in everyone
        if state.absent.get(p) != REVIEW_MISSED or any(p in by_reviewer for by_reviewer in sheets.values())
    )
    return here or everyone


QUALIFICATION_RECORD = "qualification_record"


def undecided(state: State, stage: str) -> tuple[str, ...]:
    """Suppliers still in the running that have no decision of this stage."""
    decided = state.decisions.get(stage, {})
    return tuple(s for s in state.continuing() if s not in decided)


def results(state: State, stage: str) -> tuple[SupplierReview, ...]:
    """Where the review of every undecided supplier stands."""
    votes = [
        Vote(reviewer, supplier, item, passed, sheet.reasons.get(item, ""))
        for supplier, by_reviewer in state.reviews.get(stage, {}).items()
        for reviewer, sheet in by_reviewer.items()
        for item, passed in sheet.passed.items()
    ]
    return review_all(undecided(state, stage), review_items(state, stage), counting(state, stage), votes)


@decides(cmd.SubmitReview, by=("officer", "purchaser", "opener", "member"), during=STAGES)
def _(state: State, actor: str, command: cmd.SubmitReview, now: datetime) -> Events:
    """Submitted again it replaces the earlier sheet, until the review is decided."""
    stage = state.phase
    allowed = reviewers(state, stage)
    if actor not in allowed:
        raise InputError("review.not_a_member", member=actor)
    if in_evaluation(state):
        require_member(state, actor)
    if command.supplier in state.decisions.get(stage, {}):
        raise InputError("review.decided", supplier=command.supplier)
    items = review_items(state, stage)
    for item, passed in command.passed.items():
        reason = command.reasons.get(item, "")
        if len(reason) > REASON_LIMIT:
            raise InputError("refused.text", limit=REASON_LIMIT)
        check_vote(Vote(actor, command.supplier, item, passed, reason), items, allowed, state.continuing())
    missing = [item.id for item in items if item.id not in command.passed]
    if missing:
        raise InputError("review.item_missing", item=missing[0])
    if command.supplier not in state.continuing():
        raise InputError("review.unknown_supplier", supplier=command.supplier)
    _check_evidence(state, command)
    return [
        ev.ItemReviewed(
            stage=stage,
            supplier=command.supplier,
            reviewer=actor,
            passed=command.passed,
            reasons={item: reason for item, reason in command.reasons.items() if item in command.passed},
            evidence=command.evidence,
        )
    ]


def _check_evidence(state: State, command: cmd.SubmitReview) -> None:
    """Evidence is a page of this supplier's own documents, for an item of this sheet."""
    documents = {document.sha256 for document in state.bids[command.supplier].documents}
    for item, found in command.evidence.items():
        if item not in command.passed:
            raise InputError("review.unknown_item", item=item)
        if found.document not in documents:
            raise InputError("review.unknown_document", item=item)


def _decide(state: State, now: datetime) -> Events:
    """All sheets are in, nothing is tied and no clarification is open: the majority decides for all at once."""
    reviews = results(state, state.phase)
    if not reviews or any(review.outcome == "open" for review in reviews):
        return []
    if any(item.open and item.supplier in state.continuing() for item in state.clarifications.values()):
        return []
    events: Events = close(state, state.phase)
    for review in reviews:
        events.extend(_decided(state.phase, review))
    return events


def _decided(stage: str, review: SupplierReview) -> Events:
    dissent: dict[str, str] = {}
    for item in review.items:
        for voice in item.dissents:
            said = f"{item.item}: {voice.reason}".rstrip(": ")
            dissent[voice.member] = "; ".join(filter(None, (dissent.get(voice.member), said)))
    events: Events = [
        ev.ReviewDecided(
            stage=stage,
            supplier=review.supplier,
            passed=review.outcome == "passed",
            failed_items=review.failed_items,
            dissent=dissent,
        )
    ]
    if review.outcome == "failed":
        ground = ",".join(f"{stage}.{item}" for item in review.failed_items)
        events.append(ev.InvalidDeclared(stage=stage, supplier=review.supplier, ground=ground))
        events.append(ev.InvalidNotified(supplier=review.supplier))
    return events


def _waiting(state: State) -> Iterable[Waiting]:
    stage = state.phase
    for review in results(state, stage):
        for reviewer in counting(state, stage):
            sheet = state.reviews.get(stage, {}).get(review.supplier, {}).get(reviewer)
            tied = any(item.outcome == "tied" for item in review.items)
            if sheet is None or tied:
                yield Waiting(reviewer, "submit_review")


def _awaited(state: State) -> Iterable[Waiting]:
    return dict.fromkeys([*_waiting(state), *_record_waiting(state)])


# --- the qualification record 资格审查表: only where officer and purchaser review, between the rooms ---


def _record_wanted(state: State) -> bool:
    between = state.the_method().qualification_by == "agency" and state.phase == "qualification"
    return between and bool(state.decisions.get("qualification")) and not undecided(state, "qualification")


@due_when
def _(state: State) -> Iterable[Effect]:
    if _record_wanted(state) and state.document_of(QUALIFICATION_RECORD) is None:
        yield IssueDocument(QUALIFICATION_RECORD)


def _record_waiting(state: State) -> Iterable[Waiting]:
    if not _record_wanted(state):
        return
    document = state.document_of(QUALIFICATION_RECORD)
    if document is None:
        yield Waiting(HOST, "report_document")
    else:
        yield from (Waiting(person, "sign_document") for person in document.waiting)


def _elapsed(state: State, name: str, now: datetime) -> Events:
    return missed(state, dict.fromkeys(w.person for w in _waiting(state)), state.phase)


for _stage in STAGES:
    register(_stage, following=_decide, waiting=_awaited)
    ELAPSED[_stage] = _elapsed
