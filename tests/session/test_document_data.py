"""From folded states to real PDFs: what is printed comes from the record, for every lawful state."""

import sys
from pathlib import Path
from typing import Any

import msgspec
import pypdfium2
import pytest

sys.path.insert(0, str(Path(__file__).parent / "rules"))

from factory import (
    CONSULTATION,
    GRAVE,
    SPEAKER,
    TENDER,
    A,
    B,
    C,
    D,
    Room,
    advance,
    announced,
    digest,
    opened,
    payload,
    received,
)
from steps import (
    assemble,
    commit,
    confirm,
    open_quotes,
    open_sheets,
    quote,
    review,
    seal_sheets,
    sheet,
    talk,
    to_low_price,
    to_quoting,
    to_scoring,
    to_talks,
)

import app.session.rules.commands as cmd
import app.session.rules.events_case as evc
import app.session.rules.events_evaluation as ev
import app.session.rules.events_opening as evo
from app.canon import canonical
from app.errors import FaultError, InputError
from app.procurement.bid import Evidence
from app.procurement.data import Step
from app.session.document_data import document_for
from app.session.document_words import STEPS, ground_words, sentence
from app.session.documents import render
from app.session.rules.event import Event, Recorded
from app.session.rules.events import from_builtins, to_builtins
from app.session.rules.state import State
from app.session.rules.table import apply

ROOT = "ab" * 32


def made(room: Room, kind: str, subject: str = "") -> Any:
    """The document's data; it renders, with a field for each signer."""
    data = document_for(room.state, kind, subject, entries=len(room.log), root=ROOT, recorded=room.log, now=room.now)
    assert len(render(data.kind, data.document).fields) == len(data.document.signers)
    return data.document


def page_text(room: Room, kind: str) -> str:
    data = document_for(room.state, kind, "", entries=len(room.log), root=ROOT, recorded=room.log, now=room.now)
    document = pypdfium2.PdfDocument(render(data.kind, data.document).pdf)
    said = "".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return "".join(said.split())


def evaluated(**own: Any) -> Room:
    room = opened(TENDER)
    to_scoring(room)
    seal_sheets(room)
    open_sheets(room, {A: 60, B: 40, C: 50}, **own)
    return room


# --- the opening record ---


def test_a_tender_record_names_prices_times_and_signers() -> None:
    room = opened(TENDER)
    record = made(room, "opening_record")
    assert record.variant == "tender"
    assert [bid.price.figures for bid in record.bids] == ["900.00", "800.00", "850.00"]
    assert record.bids[0].price.words == "玖佰元整"
    assert record.bids[0].received_at == "2026-04-01T01:00:00.000Z"
    assert record.bids[0].receipt_hash == digest(f"header {A}")
    assert [signer.person_id for signer in record.signers] == ["sa", "sb", "sc", "officer", "clerk"]
    assert record.record.entries == len(room.log)
    assert "¥900.00玖佰元整" in page_text(room, "opening_record")


def test_a_consultation_record_holds_no_price_anywhere() -> None:
    room = opened(CONSULTATION)
    record = made(room, "opening_record")
    assert record.variant == "consultation"
    attached = canonical(msgspec.to_builtins(record)).decode()
    assert not any(price in attached for price in ("900", "800.00", "850", "佰元"))


@pytest.mark.parametrize(
    ("attribution", "said"),
    [
        ("supplier", "供应商原因），视为撤销投标文件"),
        ("platform", "非供应商原因），视为撤回投标文件"),
        ("ruled", "按裁定处理"),
    ],
)
def test_a_failed_bid_is_shown_with_cause_and_attribution(attribution: str, said: str) -> None:
    room = received(TENDER)
    room.happens(
        evc.PhaseEntered(phase="gathering", by="officer"),
        evc.PhaseEntered(phase="discipline", by="officer"),
        evo.DecryptionTroubled(supplier=A, cause="token.removed", telemetry={}),
        evo.DecryptionFailed(supplier=A, cause="decryption.supplier_silent", telemetry={}),
        evo.FailureAttributed(supplier=A, attribution=attribution, reason="令牌损坏"),
    )
    bid = made(room, "opening_record").bids[0]
    assert said in bid.outcome
    assert bid.price is None
    assert "未在规定时间内解密" in bid.outcome_reason
    assert "令牌损坏" in bid.outcome_reason


def test_seals_confirmations_objections_and_incidents_are_told_as_they_were() -> None:
    room = received(TENDER)
    steps: tuple[Event, ...] = (
        evc.BidRefused(supplier=B, code="bid.late"),
        evc.PhaseEntered(phase="gathering", by="officer"),
        evc.PhaseEntered(phase="discipline", by="officer"),
        evo.SealMismatch(supplier=A, raised_by="host", reason="seal.digest_differs"),
        evo.SealMismatchRuled(supplier=A, admitted=True, reason="副本一致"),
        evo.SealMismatch(supplier=B, raised_by="sb", reason="不是我的文件"),
        evo.SealMismatchRuled(supplier=B, admitted=False, reason="确认不符"),
        evo.SealConfirmed(supplier=C, by_clock=True),
        evc.WindowOpened(window="decrypting", seconds=10, until=room.now),
        evc.WindowExtended(window="decrypting", until=room.now, reason="网络中断"),
        evc.GateWaived(gate="recording_runs", reason="演练"),
        evo.BidOpened(supplier=A, header_sha256=digest(f"header {A}"), manifest_sha256=digest(1), documents=()),
        evo.BidOpened(supplier=C, header_sha256=digest(f"header {C}"), manifest_sha256=digest(2), documents=()),
        evo.PriceRead(supplier=A, bid=payload(A, "900.00")),
        evo.PriceConfirmed(supplier=A, total=payload(A, "900.00").price.total, by_clock=True),
        evo.PriceRead(supplier=C, bid=payload(C, "850.00")),
        evo.PriceDisputed(supplier=C, text="读错"),
        evo.ObjectionRaised(objection="o1", supplier=C, text="读错"),
        evo.ObjectionAnswered(objection="o1", text="与文件一致"),
        evo.ObjectionRaised(objection="o2", supplier=A, text="交货期"),
        evo.ObjectionAdjourned(objection="o2", reason="会后书面答复"),
    )
    for event in steps:
        room.happens(event, actor="officer")
    room.happens(evc.IncidentNoted(text="投影故障"), actor="clerk")
    room.happens(evc.SupervisionNotice(text="注意时限"), actor="boss")
    record = made(room, "opening_record")
    assert [bid.seal_state for bid in record.bids] == [
        "不一致，裁定继续开启",
        "与回执不一致，裁定不予开启",
        "与回执一致，逾期未提出异议",
    ]
    assert record.bids[1].outcome == "未开启（密封核对不一致）"
    assert record.bids[1].outcome_reason == "确认不符"
    assert [bid.confirmation for bid in record.bids] == ["逾期未确认，视同认可", "", "有异议"]
    assert [item.answer for item in record.objections] == ["与文件一致", "另行处理：会后书面答复"]
    said = "\n".join(item.text for item in record.incidents)
    for words in ("拒收：超过截止时间", "解密时限延长", "网络中断", "投影故障", "监督意见（人boss）：注意时限"):
        assert words in said
    assert record.waivers == ("音视频录制：演练",)


def test_a_bidder_without_a_known_person_still_stands_in_the_record() -> None:
    room = announced(TENDER)
    room.happens(
        evc.BidSubmitted(
            supplier=A, header_sha256=digest(1), envelope_sha256=digest(2), size=5, receipt="", replaces=""
        )
    )
    record = made(room, "opening_record")
    assert record.bids[0].supplier == A
    assert record.bids[0].sign_in == "未参加"
    assert record.bids[0].signing.startswith("未登记代表，视同认可")
    assert [signer.person_id for signer in record.signers] == ["officer", "clerk"]


def test_an_absent_bidder_is_deemed_to_agree_by_the_article() -> None:
    room = opened(TENDER)
    room.happens(evc.AbsentMarked(person="sb", rule="absent"))
    bid = made(room, "opening_record").bids[1]
    assert bid.sign_in == "未参加"
    assert "视同认可" in bid.signing
    assert "第42条" in bid.signing


def test_shortened_clocks_of_a_rehearsal_are_named() -> None:
    room = opened(TENDER)
    state = room.state.with_(rehearsal=True, shortened={"decrypt": 60}, windows_seconds={"decrypt": 60})
    data = document_for(state, "opening_record", "", entries=9, root=ROOT, recorded=room.log, now=room.now)
    document: Any = data.document
    assert document.rehearsal
    assert "解密 1 分钟" in document.incidents[0].text


# --- the evaluation ---


def test_the_report_computes_every_figure_again() -> None:
    room = evaluated()
    confirm(room)
    report = made(room, "evaluation_report")
    assert [(r.rank, r.supplier, r.total) for r in report.ranking] == [
        (1, "甲公司", "83.78"),
        (2, "丙公司", "74.82"),
        (3, "乙公司", "66.00"),
    ]
    assert report.scoring.totals == ("83.78", "74.82", "66.00")
    assert report.price_scores.scores[0].score == "17.78"
    assert ("价格分", "800.00 ÷ 900.00 × 20.00 = 17.78") in [
        (step.name, step.value) for step in report.price_scores.scores[0].steps
    ]
    assert [signer.person_id for signer in report.signers] == list(room.state.members())
    assert "第 1 名 甲公司" in report.result


def test_a_report_never_prints_totals_that_the_sheets_do_not_give() -> None:
    room = evaluated()
    confirm(room)
    first = room.state.standings[0]
    raised = msgspec.structs.replace(first, total=first.total + 1)
    state = room.state.with_(standings=(raised, *room.state.standings[1:]))
    with pytest.raises(FaultError, match=r"document\.numbers_differ"):
        document_for(state, "evaluation_report", "", entries=9, root=ROOT, recorded=room.log, now=room.now)


def test_votes_against_dissents_and_invalid_bids_are_told_with_reasons() -> None:
    room = opened(TENDER, {A: "900.00", B: "800.00", C: "850.00", D: "820.00"})
    advance(room, "qualification")
    review(room, "officer", "o2")
    assemble(room)
    commit(room)
    for member in room.state.members():
        room.does(member, cmd.VoteLeader(candidate="m1"))
    for supplier in room.state.continuing():
        for member in room.state.members():
            bad = supplier == B and member != "m4"
            passed = {"signed": not bad, "format": True}
            reasons = {"signed": "无签章"} if bad else {}
            room.does(member, cmd.SubmitReview(supplier=supplier, passed=passed, reasons=reasons))
    report = made(room, "evaluation_report")
    assert report.invalid[0].supplier == "乙公司"
    assert report.invalid[0].ground == "符合性审查不合格：签章"
    assert "第63条" in report.invalid[0].article
    place = [item.supplier for item in report.conformity.conclusions].index("乙公司")
    conclusion = report.conformity.conclusions[place]
    assert not conclusion.passed
    assert conclusion.votes == "通过 1 票，不通过 4 票"
    assert "人m4持不同意见" in conclusion.reason
    assert "人m0：无签章" in report.conformity.findings[0][place].note
    assert report.scoring is None
    assert report.ranking == ()


def test_a_consultation_report_tells_talks_final_quotes_and_changes() -> None:
    room = opened(CONSULTATION)
    to_quoting(room)
    quote(room, A, B, C)
    open_quotes(room, {A: "880.00", B: "790.00", C: "840.00"})
    report = made(room, "evaluation_report")
    assert [bidder.price.figures for bidder in report.bidders] == ["880.00", "790.00", "840.00"]
    assert any("与甲公司磋商" in text and "历时 1 分钟" in text for text in report.other)
    assert "磋商小组" not in report.result
    assert report.qualification is not None


def test_no_final_quote_and_no_score_still_render() -> None:
    room = opened(CONSULTATION)
    to_talks(room)
    talk(room, A)
    report = made(room, "evaluation_report")
    assert all(bidder.price is None for bidder in report.bidders)
    assert made(room, "qualification_record").qualified == 3
    assert made(room, "commitment", "m1").read_seconds == 0


def test_a_correction_and_its_confirmation_are_told() -> None:
    room = opened(TENDER, {A: payload(A, "900.00", written="950.00"), B: "800.00", C: "850.00"})
    to_low_price(room)
    room.does(SPEAKER[A], cmd.AnswerClarification(clarification="c1", text="同意", grave=GRAVE, confirmed=True))
    report = made(room, "evaluation_report")
    entry = report.clarifications[0]
    assert "修正后报价 900.00 元" in entry.question
    assert "总价 950.00 元，按单价汇总为 900.00 元" in entry.question
    assert entry.answer == "确认修正。同意"


def test_a_low_price_review_shows_triggers_with_figures_votes_and_reasons() -> None:
    room = opened(TENDER, {A: "900.00", B: "300.00", C: "850.00"})
    to_low_price(room)
    room.does(SPEAKER[B], cmd.FileExplanation(text="库存设备", grave=GRAVE))
    for member in room.state.members():
        room.does(member, cmd.VoteLowPrice(supplier=B, valid=member != "m4", reason="材料齐全"))
    found = made(room, "evaluation_report").low_price[0]
    assert found.quote == "300.00"
    assert found.votes == "成立 4 票，不成立 1 票"
    assert any("低于最高限价（预算）1000.00 元的 45%（450.00 元）" in text for text in found.triggers)
    assert "人m4（不成立）：材料齐全" in found.ruling


def test_the_committees_own_review_of_a_price_is_told_with_mover_votes_and_reasons() -> None:
    """财库〔2026〕2号: reason, opinion and result go into the report, also where no review was started."""
    room = opened(TENDER, {A: "900.00", B: "800.00", C: "850.00"})
    to_low_price(room)
    for supplier, wanted in ((A, True), (C, False)):
        room.does("m2", cmd.DoubtPrice(supplier=supplier, reason="低于人工成本"))
        for member in ("m1", "m3", "m4"):
            vote = cmd.VotePriceDoubt(supplier=supplier, review=wanted, reason=f"理由{member}")
            if supplier not in room.state.low_price and room.state.doubts[supplier].ruled is None:
                room.does(member, vote)
    reviewed, declined = made(room, "evaluation_report").low_price
    assert reviewed.quote == "900.00"
    assert "评审小组认为" in reviewed.triggers[0]
    assert "同意审查 3 票，不同意 0 票" in reviewed.triggers[1]
    assert "人m2（同意）：低于人工成本" in reviewed.triggers[1]
    assert declined.ruling == "未过半数，不启动审查"
    assert "人m4（不同意）：理由m4" in declined.triggers[0]


def test_deviations_members_lost_and_dissents_are_told() -> None:
    room = evaluated(m4=sheet({A: 20, B: 40, C: 50}))
    room.happens(
        ev.DeviationReasoned(member="m4", supplier=A, criterion="", reason="方案不可行"),
        ev.DissentFiled(person="m4", text="甲方案不可行"),
    )
    room.happens(ev.MemberReplaced(person="gone", substitute="m3", reason="突发疾病"))
    report = made(room, "evaluation_report")
    assert "人m4对甲公司评分合计 26.00" in report.scoring.notes[0]
    assert "方案不可行" in report.scoring.notes[0]
    assert report.dissents[0].reason == "甲方案不可行"
    assert report.member_changes[0].left == "gone"
    assert report.member_changes[0].joined == "人m3"


def test_a_sheet_with_a_missing_mark_says_so() -> None:
    room = evaluated(m2=ev.OpenedSheet(scores={A: {"approach": payload(A, "60.00").price.total}}, reasons={}))
    document = made(room, "score_sheet", "m2")
    assert document.totals == ("60.00", "0.00", "0.00")
    assert document.marks[0][0].reason == "（未评分）"
    assert document.sealed_hash == room_header(room, "m2")


def test_a_reason_is_printed_with_its_page_and_a_foreign_page_is_left_out() -> None:
    room = evaluated()
    own = room.state.bids[A].documents[0].sha256
    marks = {A: {"approach": payload(A, "60.00").price.total}, B: {"approach": payload(B, "60.00").price.total}}
    evidence = {s: {"approach": Evidence(own, 12)} for s in (A, B)}
    said = {s: {"approach": "有实例"} for s in (A, B)}
    room = evaluated(m2=ev.OpenedSheet(scores=marks, reasons=said, evidence=evidence))
    document = made(room, "score_sheet", "m2")
    row = document.marks[[item.code for item in document.criteria].index("approach")]
    first, second = (row[document.suppliers.index(name)] for name in ("甲公司", "乙公司"))
    assert first.reason == "有实例（见技术.pdf第 12 页）"
    assert second.reason == "有实例"


def room_header(room: Room, member: str) -> str:
    return next(
        e.header_sha256 for e in room.of(ev.SheetSealed) if isinstance(e, ev.SheetSealed) and e.member == member
    )


def test_the_notice_names_the_first_or_the_ground_of_failure() -> None:
    room = evaluated()
    confirm(room)
    notice = made(room, "result_notice")
    assert [(a.supplier, a.amount.figures, a.score) for a in notice.awards] == [("甲公司", "900.00", "83.78")]
    room.happens(evc.CaseFailed(ground="有效投标不足三家", article="87号令第43条", reason="废标"))
    assert made(room, "result_notice").failed == "有效投标不足三家\n87号令第43条\n废标"


# --- for replay ---


def test_the_same_document_comes_out_of_the_record_read_back() -> None:
    room = evaluated(m4=sheet({A: 20, B: 40, C: 50}))
    read = [Recorded(i.index, i.at, i.actor, from_builtins(roundtrip(to_builtins(i.event)))) for i in room.log]
    state = State()
    for item in read:
        state = apply(state, item)
    for kind, subject in (("opening_record", ""), ("evaluation_report", ""), ("score_sheet", "m4")):
        first = document_for(room.state, kind, subject, entries=7, root=ROOT, recorded=room.log, now=room.now)
        again = document_for(state, kind, subject, entries=7, root=ROOT, recorded=read, now=room.now)
        assert first == again


def roundtrip(value: dict[str, Any]) -> Any:
    return msgspec.json.decode(canonical(value))


def test_unknown_kinds_and_subjects_are_refused() -> None:
    room = announced()
    for kind, subject, code in (
        ("love_letter", "", "document.kind_unknown"),
        ("bid_receipt", "", "document.kind_unknown"),
        ("score_sheet", "m1", "document.subject_unknown"),
        ("commitment", "nobody", "document.subject_unknown"),
    ):
        with pytest.raises(InputError, match=code):
            document_for(room.state, kind, subject, entries=0, root=ROOT, recorded=room.log, now=room.now)


# --- words ---


def test_every_step_of_a_derivation_has_words_and_an_unknown_one_is_shown() -> None:
    source = Path(__file__).parents[2] / "app" / "procurement"
    text = (source / "price.py").read_text("utf-8") + (source / "low_price.py").read_text("utf-8")
    for code in STEPS:
        family, _, name = code.partition(".")
        assert name == "words_unreadable" or name in text or family in text
    assert sentence(Step("new.step", {"a": "1"})) == ("new.step", "a 1")
    assert sentence(Step("deduction.small", {"base": "1"})) == ("deduction.small", "base 1")


def test_grounds_become_sentences() -> None:
    items = {"conformity.signed": "签章"}
    assert ground_words("conformity.signed", items) == "符合性审查不合格：签章"
    assert "未确认修正" in ground_words("correction_unconfirmed", items)
    assert ground_words("quote.sealed.damaged", items) == "最后报价无法开启（sealed.damaged）"
    assert ground_words("something.else", items) == "something.else"
