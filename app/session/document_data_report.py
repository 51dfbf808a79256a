"""The evaluation report 评审报告 from the state and the record (87号令 art. 58; 财库〔2014〕214号 art. 26)."""

from decimal import Decimal

from app.clock import parse_stamp, stamp
from app.procurement.data import Step
from app.procurement.low_price import low_price_findings
from app.session.document_data_opening import outcome, outcome_reason, recorded_bids
from app.session.document_data_review import announcements, review_table, review_texts
from app.session.document_data_scores import (
    Figures,
    corrections,
    figures_of,
    printed_prices,
    printed_ranking,
    scoring_matrix,
)
from app.session.document_events import entered, incidents, minutes, shortened, waivers
from app.session.document_parts import (
    Source,
    body,
    box,
    figure,
    line,
    local,
    member_role,
    money,
    names,
    person_name,
    supplier_name,
)
from app.session.document_words import (
    ABSENCES,
    PLACES,
    REDO,
    TIES,
    WITHDRAWALS,
    article_words,
    ground_words,
    sentence,
    word,
)
from app.session.documents_data import Money
from app.session.documents_report import (
    ClarificationEntry,
    Dissent,
    EvaluationReport,
    InvalidBid,
    LowPriceReview,
    Member,
    MemberChange,
    ReportBidder,
)
from app.session.rules import events_case as evc
from app.session.rules import events_evaluation as ev
from app.session.rules.clarification import CORRECTION
from app.session.rules.decide_record import opening_records
from app.session.rules.decide_report import report_signers
from app.session.rules.state import Clarification, State

LEADER = "组长"


def evaluation_report(source: Source) -> EvaluationReport:
    """The report as it stands; signed by the members and nobody else."""
    state = source.state
    lot = state.the_lot()
    figures = figures_of(state)
    opened = entered(source, "discipline")
    began = entered(source, "assembling")
    return EvaluationReport(
        **source.head(),  # type: ignore[arg-type]
        signers=tuple(box(state, person, _role(state, person)) for person in report_signers(state)),
        announcements=announcements(state),
        opened_at=stamp(opened.at if opened is not None else lot.deadline),
        opening_place=line(lot.place),
        started_at=stamp(began.at if began is not None else source.now),
        ended_at=stamp(source.now),
        place=line(f"{lot.place_policy.site or lot.place}（{PLACES[lot.place_policy.kind]}）"),
        method=method_words(state),
        bidders=tuple(_bidder(source, supplier) for supplier in recorded_bids(state)),
        committee=tuple(_member(state, person) for person in state.members()),
        opening=opening_words(source),
        qualification=review_table(state, "qualification"),
        conformity=review_table(state, "conformity"),
        invalid=tuple(_invalid(state, supplier) for supplier in state.invalid),
        low_price=(
            *(_low_price(state, supplier) for supplier in state.low_price),
            *(_declined(state, supplier) for supplier in state.doubts if supplier not in state.low_price),
        ),
        scoring=None if figures is None else scoring_matrix(state, figures),
        price_scores=None if figures is None else printed_prices(state, figures),
        ranking=() if figures is None else printed_ranking(state, figures),
        clarifications=tuple(_clarification(source, item) for item in state.clarifications.values()),
        member_changes=_changes(source),
        dissents=tuple(
            Dissent(member=person_name(state, person), opinion="对评审结论持不同意见", reason=body(text))
            for person, text in state.dissents.items()
        ),
        other=tuple(_other(source, began.index if began is not None else 0)),
        result=result_words(state, figures),
    )


def _role(state: State, person: str) -> str:
    role = member_role(state.people.get(person))
    return f"{LEADER}，{role}" if person == state.leader else role


def _member(state: State, person: str) -> Member:
    found = state.people.get(person)
    return Member(
        name=person_name(state, person),
        role=member_role(found),
        organisation=line(found.organisation) if found is not None else "",
        leader=person == state.leader,
    )


# --- what was bought how, and the opening in short ---


def method_words(state: State) -> str:
    """评审方法和标准: method, criteria with their points, how is rounded and how ties are resolved."""
    method, rules, lot = state.the_method(), state.the_rules(), state.the_lot()
    points = "；".join(f"{item.name} {figure(item.max_score)} 分" for item in lot.lot.criteria)
    whole = figure(sum((item.max_score for item in lot.lot.criteria), Decimal(0)))
    decimals = rules.integer("scoring.figures", "decimals")
    ties = "；".join(TIES[key] for key in method.tie_rule if key in TIES)
    return body(
        f"{method.term}，综合评分法，满分 {whole} 分：{points}。\n"
        f"各成员独立评分，密封提交后同时开启；取各成员评分合计的算术平均值，四舍五入保留 {decimals} 位小数，"
        "不去掉最高分和最低分。\n"
        f"{ties}。"
    )


def opening_words(source: Source) -> str:
    """开标（开启）记录 in short: how many were received and opened, objections, who signed."""
    state = source.state
    bids = recorded_bids(state)
    done = state.opened_bids()
    term = state.the_method().bid_term
    parts = [f"截止时间前共收到 {len(bids)} 家供应商提交的加密{term}，开启 {len(done)} 家。"]
    for supplier in bids:
        if supplier not in done:
            bid = state.bids[supplier]
            why = outcome_reason(source, bid)
            parts.append(f"{supplier_name(state, supplier)}：{outcome(state, bid)}{f'（{why}）' if why else ''}。")
    if state.the_method().prices_read_to_all:
        confirmed = sum(state.bids[s].price == "confirmed" for s in done)
        silent = sum(state.bids[s].price == "default" for s in done)
        disputed = sum(state.bids[s].price == "disputed" for s in done)
        parts.append(f"当众唱标，确认报价 {confirmed} 家，逾期视同认可 {silent} 家，提出异议 {disputed} 家。")
    parts.append(f"异议 {len(state.objections)} 项。" if state.objections else "各供应商均未提出异议。")
    records = opening_records(state)
    if records:
        signed = tuple(dict.fromkeys(p for record in records for p in record.signed))
        refused = {p: reason for record in records for p, reason in record.refused.items()}
        deemed = {p: rule for record in records for p, rule in record.deemed.items()}
        parts.append(_signed_words(state, signed, refused, deemed))
    return body("".join(parts))


def _signed_words(state: State, signed: tuple[str, ...], refused: dict[str, str], deemed: dict[str, str]) -> str:
    term = state.the_method().record_term
    said = [f"{term}由{'、'.join(person_name(state, p) for p in signed)}签章"] if signed else [f"{term}无人签章"]
    if refused:
        said.append("拒签：" + "、".join(f"{person_name(state, p)}（{reason}）" for p, reason in refused.items()))
    if deemed:
        said.append(f"视同认可：{'、'.join(person_name(state, p) for p in deemed)}")
    return "；".join(said) + "。"


def _bidder(source: Source, supplier: str) -> ReportBidder:
    state = source.state
    return ReportBidder(
        supplier=supplier_name(state, supplier),
        uscc=line(supplier),
        outcome=outcome(state, state.bids[supplier]),
        price=_price(state, supplier),
    )


def _price(state: State, supplier: str) -> Money | None:
    """What the supplier itself wrote: read in a tender, the final quote otherwise."""
    method, bid = state.the_method(), state.bids[supplier]
    schedule = state.quotes.get(supplier) if method.has("quoting") else (bid.payload.price if bid.payload else None)
    return None if schedule is None else money(schedule.total, schedule.total_words)


# --- findings ---


def _invalid(state: State, supplier: str) -> InvalidBid:
    ground = state.invalid[supplier]
    return InvalidBid(
        supplier=supplier_name(state, supplier),
        ground=body(ground_words(ground, review_texts(state))),
        article=line(article_words(state.the_lot().method, ground)),
    )


def _low_price(state: State, supplier: str) -> LowPriceReview:
    """The triggers with their figures, derived again from the prices as they were fixed."""
    review = state.low_price[supplier]
    found = low_price_findings(state.fixed_quotes, state.the_lot(), state.the_rules())
    steps = {step.code: step for item in found if item.supplier == supplier for step in item.triggers}
    triggers = tuple(body(sentence(steps.get(code, Step(code)))[1] or code) for code in review.triggers)
    triggers += _motion(state, supplier)
    agreed = sum(review.votes.values())
    said = {None: "尚未认定", True: "说明成立，不作为无效处理", False: "认定为无效"}[review.ruled]
    reasons = [
        f"{person_name(state, p)}（{'成立' if review.votes.get(p) else '不成立'}）：{reason}"
        for p, reason in review.reasons.items()
    ]
    return LowPriceReview(
        supplier=supplier_name(state, supplier),
        quote=figure(state.fixed_quotes.get(supplier, Decimal(0))),
        triggers=triggers,
        explanation=body(review.explanation or "未在规定时间内提交书面说明"),
        ruling=body("\n".join([said, *reasons])),
        votes=f"成立 {agreed} 票，不成立 {len(review.votes) - agreed} 票" if review.votes else "",
    )


def _motion(state: State, supplier: str) -> tuple[str, ...]:
    """Who moved the committee's own review of a quote, and how it was voted."""
    doubt = state.doubts.get(supplier)
    if doubt is None:
        return ()
    wanting = sum(doubt.votes.values())
    count = f"同意审查 {wanting} 票，不同意 {len(doubt.votes) - wanting} 票"
    reasons = (
        f"{person_name(state, p)}（{'同意' if doubt.votes[p] else '不同意'}）：{r}" for p, r in doubt.reasons.items()
    )
    return (body("\n".join([count, *reasons])),)


def _declined(state: State, supplier: str) -> LowPriceReview:
    """A motion that found no majority: no review, but the report says so."""
    return LowPriceReview(
        supplier=supplier_name(state, supplier),
        quote=figure(state.fixed_quotes.get(supplier, Decimal(0))),
        triggers=_motion(state, supplier),
        ruling=body("未过半数，不启动审查"),
    )


def _clarification(source: Source, item: Clarification) -> ClarificationEntry:
    state = source.state
    asked = source.last(ev.ClarificationAsked, clarification=item.id)
    question = item.text
    if item.purpose == CORRECTION:
        known = [said for _, said in corrections(state, item.supplier)]
        steps = "；".join(known or dict.fromkeys(sentence(Step(code))[1] or code for code in item.steps))
        to = f"修正后报价 {figure(item.corrected)} 元" if item.corrected is not None else ""
        question = f"报价存在算术错误，请确认{to}（{steps or '报价修正'}）。"
    answer = item.answer
    if item.confirmed is not None:
        answer = f"{'确认修正' if item.confirmed else '不确认修正'}。{answer}"
    if item.defaulted:
        answer = "未在规定时间内答复"
    return ClarificationEntry(
        at=stamp(asked[0].at if asked is not None else source.now),
        supplier=supplier_name(state, item.supplier),
        question=body(question),
        answer=body(answer),
    )


def _changes(source: Source) -> tuple[MemberChange, ...]:
    state = source.state
    return tuple(
        MemberChange(
            at=stamp(item.at),
            left=person_name(state, event.person),
            joined=person_name(state, event.substitute) if event.substitute else "",
            reason=body(event.reason),
        )
        for item, event in source.all(ev.MemberReplaced)
    )


# --- result and the rest ---


def result_words(state: State, figures: Figures | None) -> str:
    """评审结果: the candidates in order."""
    if figures is None or not state.candidates:
        return "尚无排名，未推荐候选供应商。"
    term = state.the_method().committee_term
    candidate = "中标候选人" if state.the_method().code == "public_tender" else "成交候选供应商"
    ranks = {item.supplier: item.rank for item in figures.ranks}
    said = "；".join(f"第 {ranks[s]} 名 {supplier_name(state, s)}" for s in state.candidates if s in ranks)
    return body(f"{term}按评审得分排序，推荐{candidate}：{said}。")


def _other(source: Source, first: int) -> list[str]:
    state = source.state
    said = [item.text for item in shortened(source)]
    said.extend(f"评审成员抽取编号：{event.draw_reference}。" for _, event in source.all(evc.CommitteeImported))
    said.extend(_recusals(state))
    said.extend(_talks(state))
    said.extend(_withdrawn(state))
    for item, event in source.all(ev.SheetReopened):
        who = person_name(state, event.member)
        said.append(f"{local(item.at)} 退回{who}的评分表重新评分：{word(REDO, event.ground)}，{event.reason}。")
    for reason, answer in state.rechecks:
        said.append(f"采购代理机构要求复核：{reason}。答复：{answer}。")
    for item, absent in source.all(evc.AbsentMarked):
        if absent.rule in ABSENCES:
            said.append(f"{local(item.at)} {person_name(state, absent.person)}{ABSENCES[absent.rule]}。")
    said.extend(f"豁免　{text}" for text in waivers(state))
    said.extend(f"{local(parse_stamp(item.at))} {item.text}" for item in incidents(source, first))
    if state.agency_checked:
        said.append("采购代理机构已核对评审数据，未发现可以要求重新评审或修改评审结果的法定情形。")
    return [body(text) for text in said]


def _recusals(state: State) -> list[str]:
    said = []
    for item in state.member_recusals.values():
        ruling = {None: "尚未处理", True: "同意", False: "不同意"}[item.granted]
        why = f"，理由：{item.ruling}" if item.ruling else ""
        said.append(f"{person_name(state, item.about)}申请回避：{item.reason}；处理：{ruling}{why}。")
    return said


def _talks(state: State) -> list[str]:
    """磋商 with each supplier, and what was changed in the requirement (214号 art. 19, 20)."""
    said = []
    for talk in state.talks.values():
        began = f"，{local(talk.started)} 开始" if talk.started is not None else ""
        length = f"，历时 {minutes(talk.seconds)}" if talk.seconds is not None else ""
        said.append(f"与{supplier_name(state, talk.supplier)}磋商{began}{length}。")
    for change in state.changes.values():
        force = "经采购人代表确认" if change.confirmed else "未经采购人代表确认，不生效"
        said.append(f"采购需求变动（{force}）：{change.text}")
        for supplier, text in change.responses.items():
            passed = {None: "尚未审查", True: "审查通过", False: "审查未通过"}[change.rechecked.get(supplier)]
            said.append(f"{supplier_name(state, supplier)}重新提交响应（{passed}）：{text}")
    if state.quotes:
        said.append(f"最后报价由{names(person_name(state, p) for p in _quote_holders(state))}共同开启。")
    return said


def _quote_holders(state: State) -> tuple[str, ...]:
    found = state.sealed.get("quote")
    return tuple(found.released) if found is not None else ()


def _withdrawn(state: State) -> list[str]:
    return [
        f"{supplier_name(state, supplier)}退出磋商：{word(WITHDRAWALS, reason)}。"
        for supplier, reason in state.withdrew.items()
    ]
