"""The opening record 开标记录表 / 响应文件开启记录表 from the state and the record (87号令 art. 41-42)."""

from app.clock import stamp
from app.procurement.bid import BidPayload
from app.session.document_events import entered, incidents, refusals, shortened, waivers
from app.session.document_parts import (
    Source,
    body,
    box,
    line,
    money,
    names,
    person_name,
    sign_in_words,
    supplier_name,
)
from app.session.document_words import ATTRIBUTIONS, CAUSES, CONFIRMATIONS, DELIVERY, SEALS, word
from app.session.documents_data import Incident, NamedValue, Objection, OpeningBid, OpeningRecord
from app.session.rules import events_opening as evo
from app.session.rules.attendance import attending
from app.session.rules.decide_record import RECORD, record_signers
from app.session.rules.people import Role
from app.session.rules.state import Bid, State

ABSENT = "未参加"


def opening_record(source: Source, supplier: str = "") -> OpeningRecord:
    """The record of the opening as it stands; signers are the bidders' representatives, officer and clerk.

    Where suppliers do not see each other, each has a record of its own (``supplier``: its USCC) that tells nothing of
    the others.
    """
    state = source.state
    lot = state.the_lot()
    tender = state.the_method().prices_read_to_all
    opened = entered(source, "discipline")
    began = entered(source, "gathering")
    ceiling = lot.lot.ceiling if tender else None
    return OpeningRecord(
        **source.head(),  # type: ignore[arg-type]
        signers=tuple(box(state, person) for person in record_signers(state, supplier)),
        variant="tender" if tender else "consultation",
        place=line(lot.place),
        deadline=stamp(lot.deadline),
        opened_at=stamp(opened.at if opened is not None else lot.deadline),
        officer=names(person_name(state, p) for p in state.with_role(Role.OFFICER)),
        clerk=names(person_name(state, p) for p in state.with_role(Role.CLERK)),
        supervisors=tuple(person_name(state, p) for p in state.with_role(Role.SUPERVISOR) if p in state.signed_in),
        opening_policy=policy_words(state),
        ceiling=None if ceiling is None else money(ceiling),
        bids=tuple(_bid(source, one, tender) for one in recorded_bids(state) if supplier in ("", one)),
        objections=tuple(
            _objection(source, key) for key, item in state.objections.items() if supplier in ("", item.supplier)
        ),
        incidents=_incidents(source, began.index if began is not None else 0, supplier),
        waivers=waivers(state),
    )


def recorded_bids(state: State) -> tuple[str, ...]:
    """Suppliers whose bid the record names: all but the withdrawn ones, in order of receipt."""
    return tuple(supplier for supplier, bid in state.bids.items() if not bid.withdrawn)


def policy_words(state: State) -> str:
    """Who opens the bids together 解密方式."""
    policy = state.the_lot().opening_policy
    openers = f"开标人 {policy.k}/{len(policy.openers)} 人"
    said = {"both": f"供应商与{openers}共同解密", "supplier": "供应商解密", "openers": f"{openers}共同解密"}[
        policy.layers
    ]
    if policy.must is not None:
        said += f"，须有监督人员{policy.must.supervisor}（替代：{policy.must.substitute}）"
    return line(said)


def outcome(state: State, bid: Bid) -> str:
    """What became of a bid at the opening."""
    if bid.opened:
        recovered = "（使用纸质恢复份额）" if bid.recovered else ""
        return "经启用备用文件开启" if bid.backup_admitted else f"已解密{recovered}"
    if bid.seal == "excluded":
        return "未开启（密封核对不一致）"
    if bid.attribution:
        return line(word(ATTRIBUTIONS, bid.attribution).format(bid=state.the_method().bid_term))
    return "解密失败（责任待认定）" if bid.failure else "未解密"


def outcome_reason(source: Source, bid: Bid) -> str:
    """Why: cause, what the desk said, and the reason of the attribution."""
    if bid.opened and not bid.backup_admitted:
        return ""
    if bid.seal == "excluded":
        ruled = source.last(evo.SealMismatchRuled, supplier=bid.supplier)
        return body(ruled[1].reason) if ruled is not None else ""
    cause = word(CAUSES, bid.failure) if bid.failure else ""
    trouble = f"供应商报告：{word(CAUSES, bid.trouble)}" if bid.trouble else ""
    reason = f"认定理由：{bid.attribution_reason}" if bid.attribution_reason else ""
    backup = f"启用备用文件的理由：{bid.backup_admitted}" if bid.backup_admitted else ""
    return body("；".join(filter(None, (cause, trouble, reason, backup))))


def _bid(source: Source, supplier: str, tender: bool) -> OpeningBid:
    state = source.state
    bid = state.bids[supplier]
    present = attending(state, supplier)
    here = [p for p in state.representatives(supplier) if p in state.signed_in and p not in state.absent]
    read = bid.payload if tender and bid.read else None
    return OpeningBid(
        supplier=supplier_name(state, supplier),
        uscc=line(supplier),
        representative=names(person_name(state, p) for p in here),
        sign_in=line("；".join(sign_in_words(state, p) for p in here)) if present else ABSENT,
        received_at=stamp(bid.submitted),
        receipt_hash=bid.header_sha256,
        seal_state=_seal(source, bid),
        outcome=outcome(state, bid),
        outcome_reason=outcome_reason(source, bid),
        price=None if read is None else money(read.price.total, read.price.total_words),
        declared=() if read is None else declared(state, read),
        confirmation=word(CONFIRMATIONS, bid.price) if tender else "",
        signing=_signing(state, supplier, present),
    )


def declared(state: State, payload: BidPayload) -> tuple[NamedValue, ...]:
    """What is read besides the price."""
    said = payload.price.declarations
    values = (
        (DELIVERY[state.the_lot().category], said.delivery),
        ("质量", said.quality),
        ("有效期", f"{said.validity_days} 日" if said.validity_days else ""),
    )
    return tuple(NamedValue(name=name, value=value) for name, value in values if value)


def _seal(source: Source, bid: Bid) -> str:
    """Words for the seal; one that the officer ruled on is not one that nobody spoke about."""
    ruled = source.last(evo.SealMismatchRuled, supplier=bid.supplier)
    if bid.seal == "excluded":
        return "与回执不一致，裁定不予开启"
    if bid.seal == "default" and ruled is not None:
        later = source.last(evo.SealConfirmed, supplier=bid.supplier)
        if later is None or later[0].index < ruled[0].index:
            return "不一致，裁定继续开启"
    return word(SEALS, bid.seal)


def _signing(state: State, supplier: str, present: bool) -> str:
    """Why no signature is to be expected; empty when one is."""
    if present:
        return ""
    rule = state.the_method().deemed_agreed(RECORD, "absent")
    said = "未登记代表" if not state.representatives(supplier) else ABSENT
    if rule is None:
        return said
    source = state.the_rules().rule(rule.rule) if state.the_rules().has(rule.rule) else None
    basis = "" if source is None else f"（{source.doc}{source.article if source.article != '—' else ''}）"
    return line(f"{said}，视同认可开启结果{basis}")


def _objection(source: Source, key: str) -> Objection:
    state = source.state
    found = state.objections[key]
    replied = source.last(evo.ObjectionAnswered, objection=key)
    adjourned = source.last(evo.ObjectionAdjourned, objection=key)
    at = replied[0].at if replied is not None else adjourned[0].at if adjourned is not None else None
    answer = found.answer or (f"另行处理：{found.adjourned}" if found.adjourned else "")
    return Objection(
        supplier=supplier_name(state, found.supplier),
        at=stamp(found.at),
        text=body(found.text),
        answer=body(answer),
        answered_at=stamp(at) if at is not None and answer else None,
    )


def _incidents(source: Source, first: int, supplier: str) -> tuple[Incident, ...]:
    return (*shortened(source), *refusals(source, supplier), *incidents(source, first, supplier))
