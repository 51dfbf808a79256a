"""Review tables 审查表, score sheets 评分表, commitments 承诺书 and the result notice 结果公告 from the state."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from app.clock import stamp
from app.errors import InputError
from app.procurement.bid import Evidence
from app.procurement.scoring import marked_criteria
from app.session.document_data_opening import recorded_bids
from app.session.document_events import entered
from app.session.document_parts import (
    Source,
    beijing_day,
    body,
    box,
    figure,
    line,
    member_role,
    money,
    person_name,
    supplier_name,
)
from app.session.document_words import ASPECTS, ROLES, article_words, ground_words
from app.session.documents_data import (
    Commitment,
    Criterion,
    Finding,
    Mark,
    NamedValue,
    QualificationRecord,
    ReviewConclusion,
    ReviewItem,
    ReviewTable,
    ScoreSheet,
)
from app.session.documents_report import Announcement, Award, ResultNotice
from app.session.rules import events_case as evc
from app.session.rules import events_evaluation as ev
from app.session.rules import events_opening as evo
from app.session.rules.decide import counted
from app.session.rules.decide_review import review_items, reviewers
from app.session.rules.people import Role
from app.session.rules.state import ReviewSheet, State

NOTICE_DAYS = 1
"""公告期限 of a result: one working day (87号令 art. 69); shown as one day where holidays are not known."""


# --- reviews ---


def review_table(state: State, stage: str) -> ReviewTable | None:
    """The review of all suppliers that a stage looked at; None where it has not begun.

    A cell shows what the majority of the sheets found, with the reason of each that failed it.
    """
    sheets = state.reviews.get(stage, {})
    suppliers = [s for s in recorded_bids(state) if s in sheets or s in state.decisions.get(stage, {})]
    if not suppliers:
        return None
    items = review_items(state, stage)
    seats = [p for p in reviewers(state, stage) if any(p in sheets.get(s, {}) for s in suppliers)]
    return ReviewTable(
        reviewers=tuple(_reviewer(state, person) for person in seats),
        items=tuple(
            ReviewItem(code=item.id, name=line(item.text), requirement="" if item.mandatory else "非实质性条款")
            for item in items
        ),
        findings=tuple(tuple(_finding(state, s, sheets.get(s, {}), item.id) for s in suppliers) for item in items),
        conclusions=tuple(_conclusion(state, stage, s, sheets.get(s, {})) for s in suppliers),
    )


def _reviewer(state: State, person: str) -> str:
    found = state.people.get(person)
    if found is None or found.has(Role.MEMBER):
        return person_name(state, person)
    side = "采购人" if found.party == "purchaser" else "代理机构"
    return line(f"{found.name}（{side}）")


def _finding(state: State, supplier: str, sheets: dict[str, ReviewSheet], item: str) -> Finding:
    votes = [sheet.passed[item] for sheet in sheets.values() if item in sheet.passed]
    notes = [
        f"{person_name(state, person)}：{with_evidence(state, supplier, sheet.reasons[item], sheet.evidence.get(item))}"
        for person, sheet in sheets.items()
        if not sheet.passed.get(item, True) and sheet.reasons.get(item)
    ]
    against = len(votes) - sum(votes)
    passed = bool(votes) and 2 * against < len(votes)
    if not votes:
        notes = ["未表决", *notes]
    elif 0 < against < len(votes):
        notes = [f"通过 {len(votes) - against} 票，不通过 {against} 票", *notes]
    return Finding(passed=passed, note=body("\n".join(notes)))


def _conclusion(state: State, stage: str, supplier: str, sheets: dict[str, ReviewSheet]) -> ReviewConclusion:
    decision = state.decisions.get(stage, {}).get(supplier)
    texts = {item.id: item.text for item in review_items(state, stage)}
    mandatory = {item.id for item in review_items(state, stage) if item.mandatory}
    agreed = sum(all(sheet.passed.get(item, False) for item in mandatory) for sheet in sheets.values())
    reasons = []
    if decision is None:
        reasons.append("尚无结论")
    else:
        reasons.extend(f"不合格：{texts.get(item, item)}" for item in decision.failed_items)
        dissent = sorted(decision.dissent.items())  # a map in the record has no order
        reasons.extend(f"{person_name(state, p)}持不同意见：{said or '未说明理由'}" for p, said in dissent)
    return ReviewConclusion(
        supplier=supplier_name(state, supplier),
        passed=decision is not None and decision.passed,
        reason=body("\n".join(reasons)),
        votes=f"通过 {agreed} 票，不通过 {len(sheets) - agreed} 票",
    )


def qualification_record(source: Source) -> QualificationRecord:
    """资格审查表: by agency and purchaser, or by the group (87号令 art. 44)."""
    state = source.state
    stage = "qualification"
    decided = source.last(evo.ReviewDecided, stage=stage)
    table = review_table(state, stage) or ReviewTable(
        reviewers=tuple(_reviewer(state, p) for p in reviewers(state, stage)),
        items=tuple(ReviewItem(code=item.id, name=line(item.text)) for item in review_items(state, stage)),
        findings=tuple(() for _ in review_items(state, stage)),
        conclusions=(),
    )
    return QualificationRecord(
        **source.head(),  # type: ignore[arg-type]
        signers=tuple(box(state, person, "资格审查人") for person in reviewers(state, stage)),
        reviewed_at=stamp(decided[0].at if decided is not None else source.now),
        review=table,
        qualified=len(counted(state, "qualified")),
        minimum=_minimum(state, "qualified"),
    )


def _minimum(state: State, what: str) -> int:
    lot = state.the_lot()
    found = [
        state.the_rules().minimum(check.rule, check.counted, lot.count_exception)
        for check in state.the_method().counts
        if check.counted == what
    ]
    return max(found, default=0)


# --- one member ---


def score_sheet(source: Source, member: str) -> ScoreSheet:
    """评分表 of ``member`` as it was opened; a missing mark is shown as missing and counts nothing."""
    state = source.state
    opened = state.sheets.get(member)
    if opened is None:
        raise InputError("document.subject_unknown", kind="score_sheet", subject=member[:200])
    suppliers = tuple(dict.fromkeys([*sorted(state.continuing()), *sorted(opened.scores)]))
    criteria = marked_criteria(state.the_lot())
    given = [[opened.scores.get(s, {}).get(item.id) for s in suppliers] for item in criteria]
    marks = [
        tuple(
            _mark(
                score,
                with_evidence(
                    state,
                    supplier,
                    opened.reasons.get(supplier, {}).get(item.id, ""),
                    opened.evidence.get(supplier, {}).get(item.id),
                ),
            )
            for supplier, score in zip(suppliers, row, strict=True)
        )
        for item, row in zip(criteria, given, strict=True)
    ]
    sealed = _sealed_before(source, member)
    return ScoreSheet(
        **source.head(),  # type: ignore[arg-type]
        signers=(box(state, member, member_role(state.people.get(member))),),
        member=person_name(state, member),
        role=member_role(state.people.get(member)),
        suppliers=tuple(supplier_name(state, s) for s in suppliers),
        criteria=tuple(
            Criterion(
                code=item.id,
                name=line(item.name),
                group=ASPECTS[item.aspect],
                maximum=figure(item.max_score),
                objective=item.kind == "objective",
                standard=body(item.text),
            )
            for item in criteria
        ),
        marks=tuple(marks),
        totals=tuple(figure(_sum([row[column] for row in given])) for column in range(len(suppliers))),
        sealed_hash=sealed,
    )


def _sum(scores: Sequence[Decimal | None]) -> Decimal:
    return sum((score for score in scores if score is not None), Decimal(0))


def _mark(score: Decimal | None, reason: str) -> Mark:
    if score is None:
        return Mark(score="0", reason="（未评分）")
    return Mark(score=figure(score), reason=body(reason))


def with_evidence(state: State, supplier: str, reason: str, found: Evidence | None) -> str:
    """The reason with its page ``（见技术文件.pdf第 12 页）``; a page of no document of this bid is left out."""
    bid = state.bids.get(supplier)
    names = {document.sha256: document.name for document in bid.documents} if bid is not None else {}
    if found is None or found.document not in names:
        return reason
    return f"{reason}（见{names[found.document]}第 {found.page} 页）"


def _sealed_before(source: Source, member: str) -> str | None:
    """The header of the envelope that the open sheet came out of: the last one sealed before it was opened."""
    latest = found = None
    for item in source.recorded:
        match item.event:
            case ev.SheetSealed(member=owner, header_sha256=header) if owner == member:
                latest = header
            case ev.SheetsOpened(sheets=sheets) if member in sheets:
                found = latest
    return found


def commitment(source: Source, member: str) -> Commitment:
    """评审承诺书 of one member: who bids, how long it was open for reading, what it declared about recusal."""
    state = source.state
    if member not in state.people:
        raise InputError("document.subject_unknown", kind="commitment", subject=member[:200])
    shown = entered(source, "commitment")
    signed = source.last(ev.CommitmentSigned, person=member)
    seconds = 0
    if shown is not None and signed is not None:
        seconds = max(0, int((signed[0].at - shown.at).total_seconds()))
    recusal = state.member_recusals.get(member)
    role = member_role(state.people[member])
    return Commitment(
        **source.head(),  # type: ignore[arg-type]
        signers=(box(state, member, role),),
        member=person_name(state, member),
        role=role,
        organisation=line(state.people[member].organisation),
        suppliers=tuple(supplier_name(state, s) for s in state.valid_bids()),
        read_seconds=seconds,
        declaration="" if recusal is None else body(recusal.reason),
    )


# --- the notice ---


def announcements(state: State) -> tuple[Announcement, ...]:
    """The procurement notice: the case file gives its date; the media are not part of it."""
    day = state.the_lot().notice_date
    published = beijing_day(day.year, day.month, day.day)
    return (Announcement(media="（项目文件未载明）", published_at=stamp(published), title=line(_notice_title(state))),)


def _notice_title(state: State) -> str:
    return f"{state.the_lot().project_name}{state.the_method().term}公告"


def result_notice(source: Source) -> ResultNotice:
    """中标（成交）结果公告: the supplier ranked first, or the ground on which the case ended (87号令 art. 69)."""
    state = source.state
    failed = source.all(evc.CaseFailed)
    first = [item for item in state.standings if item.rank == 1 and item.supplier in state.candidates]
    awards = () if failed else tuple(_award(state, item) for item in first)
    lot = state.the_lot()
    return ResultNotice(
        **source.head(),  # type: ignore[arg-type]
        signers=tuple(box(state, p, ROLES[Role.OFFICER]) for p in state.with_role(Role.OFFICER)),
        announcements=announcements(state),
        published_at=stamp(source.now),
        notice_until=stamp(_end_of_notice(source.now)),
        awards=awards,
        committee=tuple(person_name(state, p) for p in state.members()),
        contacts=(
            NamedValue(name="采购人", value=line(lot.purchaser.name)),
            NamedValue(name="代理机构", value=line(lot.agency.name)),
        ),
        other=tuple(_invalid_line(state, s) for s in recorded_bids(state) if s in state.invalid),
        failed=_failure(failed[-1][1]) if failed else "",
    )


def _award(state: State, standing: ev.Standing) -> Award:
    return Award(
        supplier=supplier_name(state, standing.supplier),
        uscc=line(standing.supplier),
        amount=money(standing.quote),
        score=figure(standing.total),
        subject=line(state.the_lot().lot.name),
    )


def _invalid_line(state: State, supplier: str) -> str:
    ground = state.invalid[supplier]
    article = article_words(state.the_lot().method, ground)
    said = f"{supplier_name(state, supplier)}未通过：{ground_words(ground, review_texts(state))}"
    return body(said + (f"（{article}）" if article else ""))


def _failure(event: evc.CaseFailed) -> str:
    return body("\n".join(filter(None, (event.ground, event.article, event.reason))))


def _end_of_notice(now: datetime) -> datetime:
    day = now + timedelta(days=NOTICE_DAYS)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return day


def review_texts(state: State) -> dict[str, str]:
    """``<stage>.<item>`` → the text of every review item."""
    return {f"{stage}.{i.id}": i.text for stage in ("qualification", "conformity") for i in review_items(state, stage)}
