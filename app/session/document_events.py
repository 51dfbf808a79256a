"""What happened on the way 过程事项: incidents, interruptions, extended clocks, rulings and waivers as sentences."""

from collections import Counter

from app.clock import stamp
from app.session.document_parts import Source, body, local, person_name, supplier_name
from app.session.document_words import CLOCKS, GATES, PHASES, RECORDING_STOPS, REFUSALS, word
from app.session.documents_data import Incident
from app.session.rules import events_case as evc
from app.session.rules import events_opening as evo
from app.session.rules.event import Recorded
from app.session.rules.state import State


def clock_words(state: State, window: str) -> str:
    """A clock by its name, with the supplier it is about."""
    name, _, about = window.partition(":")
    said = word(CLOCKS, name)
    return f"{said}（{supplier_name(state, about)}）" if about in state.bids else said


def minutes(seconds: float) -> str:
    """A length of time."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} 秒"
    return f"{whole // 60} 分 {whole % 60} 秒" if whole % 60 else f"{whole // 60} 分钟"


def happened(state: State, item: Recorded) -> str:
    """The sentence for an entry that belongs into a document's course of events; empty for all others."""
    match item.event:
        case evc.IncidentNoted(text=text):
            return f"情况记录（{person_name(state, item.actor)}）：{text}"
        case evc.SupervisionNotice(text=text):
            return f"监督意见（{person_name(state, item.actor)}）：{text}"
        case evc.WindowExtended(window=window, until=until, reason=reason):
            return f"{clock_words(state, window)}时限延长至 {local(until)}，理由：{reason}"
        case evc.Paused(reason=reason):
            return f"暂停，理由：{reason}"
        case evc.Resumed(seconds=seconds):
            return f"恢复，各时限顺延 {minutes(float(seconds))}"
        case evc.OutageNoted(seconds=seconds):
            return f"主机中断 {minutes(float(seconds))}，各时限顺延"
        case evc.PhaseEntered(phase=phase, reason=reason) if reason:
            return f"进入{word(PHASES, phase)}环节，说明：{reason}"
        case evc.Removed(person=person, reason=reason):
            return f"{person_name(state, person)}被移出会议，理由：{reason}"
        case evc.CertificateReset(person=person, reason=reason):
            return f"为{person_name(state, person)}换发证书绑定，理由：{reason}"
        case evc.IdentityVerified(person=person, verifier=verifier, note=note):
            said = f"{person_name(state, verifier)}核验{person_name(state, person)}的身份"
            return f"{said}：{note}" if note else said
        case evc.RecordingStopped(reason=reason) if reason:
            return f"录制停止：{RECORDING_STOPS.get(reason, reason)}"
        case evo.RecusalRaised(about=about, reason=reason):
            return f"{_who(state, item.actor)}申请{person_name(state, about)}回避，理由：{reason}"
        case evo.RecusalRuled(recusal=recusal, granted=granted, reason=reason):
            found = state.recusals.get(recusal)
            about = person_name(state, found.about) if found is not None else recusal
            return f"对{about}的回避申请：{'同意' if granted else '不同意'}，理由：{reason}"
        case evo.SealMismatch(supplier=supplier, raised_by=raised_by, reason=reason):
            by = "主机核对发现" if raised_by == "host" else f"{_who(state, raised_by)}提出"
            return f"{by}{supplier_name(state, supplier)}的文件与回执不一致：{reason}"
        case evo.SealMismatchRuled(supplier=supplier, admitted=admitted, reason=reason):
            ruling = "继续开启" if admitted else "不予开启"
            return f"{supplier_name(state, supplier)}的文件与回执不一致，裁定{ruling}，理由：{reason}"
        case evc.BidWithdrawn(supplier=supplier) if state.the_method().bidder_list_published:
            return f"{supplier_name(state, supplier)}在截止时间前撤回文件"
        case _:
            return ""


def _who(state: State, person: str) -> str:
    supplier = state.supplier_of(person)
    return supplier_name(state, supplier) if supplier else person_name(state, person)


def concerns(state: State, supplier: str, item: Recorded) -> bool:
    """Whether a supplier that does not know of the others may read of this entry: everybody's business, or its own."""
    match item.event:
        case evc.Paused() | evc.Resumed() | evc.OutageNoted() | evc.PhaseEntered() | evc.RecordingStopped():
            return True
        case evc.WindowExtended(window=window):
            return window.partition(":")[2] in ("", supplier)
        case evo.SealMismatch(supplier=about) | evo.SealMismatchRuled(supplier=about):
            return about == supplier
        case evo.RecusalRaised():
            return state.supplier_of(item.actor) == supplier
        case evo.RecusalRuled(recusal=recusal):
            found = state.recusals.get(recusal)
            return found is not None and state.supplier_of(found.raised_by) == supplier
        case evc.Removed(person=person) | evc.CertificateReset(person=person) | evc.IdentityVerified(person=person):
            return state.supplier_of(person) == supplier
        case _:
            return False


def incidents(source: Source, first: int = 0, supplier: str = "") -> tuple[Incident, ...]:
    """The course of events from entry ``first`` on; with ``supplier`` only what :func:`concerns` it."""
    found = [
        Incident(at=stamp(item.at), text=body(text))
        for item in source.recorded
        if item.index >= first
        and (not supplier or concerns(source.state, supplier, item))
        and (text := happened(source.state, item))
    ]
    return tuple(found)


def refusals(source: Source, only: str = "") -> tuple[Incident, ...]:
    """Uploads that were not received, one line for each supplier (or for one ``only``) and reason."""
    state = source.state
    refused = [event for _, event in source.all(evc.BidRefused) if only in ("", event.supplier)]
    counts = Counter((event.supplier, event.code) for event in refused)
    lines = []
    for (supplier, code), count in counts.items():
        last = source.last(evc.BidRefused, supplier=supplier, code=code)
        if last is not None:
            times = f"（共 {count} 次）" if count > 1 else ""
            text = f"{supplier_name(state, supplier)}提交的文件被拒收{times}：{word(REFUSALS, code)}"
            lines.append(Incident(at=stamp(last[0].at), text=body(text)))
    return tuple(lines)


def shortened(source: Source) -> tuple[Incident, ...]:
    """The clocks of a rehearsal that are shorter than the standard."""
    state = source.state
    if not state.shortened:
        return ()
    opened = source.all(evc.CaseOpened)
    at = opened[0][0].at if opened else source.now
    said = "、".join(f"{word(CLOCKS, name)} {minutes(state.windows_seconds[name])}" for name in sorted(state.shortened))
    return (Incident(at=stamp(at), text=body(f"演练案卷，下列时限短于标准时限：{said}")),)


def waivers(state: State) -> tuple[str, ...]:
    """Gates that were passed with a stated reason 豁免."""
    return tuple(body(f"{word(GATES, gate)}：{reason}") for gate, reason in state.waived.items())


def entered(source: Source, *phases: str) -> Recorded | None:
    """The first entry into one of ``phases``."""
    for item, event in source.all(evc.PhaseEntered):
        if event.phase in phases:
            return item
    return None
