"""A verification in sentences: its steps, the places it names, and who was believed."""

from collections.abc import Iterable, Mapping

from app.ca.trust import Status
from app.record.verification import Place, StepResult, Verdict, Verification
from app.ui import texts
from app.ui.archive.trust import Origin, Trust
from app.ui.i18n import language, tr
from app.ui.widgets.chip import Tone

TONES = {Verdict.PASSED: Tone.OK, Verdict.COULD_NOT_TELL: Tone.WARN, Verdict.FAILED: Tone.BAD}
STATUS_TONES = {Status.PASSED: Tone.OK, Status.COULD_NOT_TELL: Tone.WARN, Status.FAILED: Tone.BAD}
CODES = frozenset({"code", "error"})
"""Facts that are codes for engineers; they are not said."""


def verdict_word(verdict: Verdict | Status) -> str:
    """通过, 无法判断, 未通过."""
    return {
        "passed": tr("通过"), "could_not_tell": tr("无法判断"), "failed": tr("未通过"),
    }[verdict.value]  # fmt: skip


def step_name(code: str) -> str:
    """What a step checks."""
    return _said("steps", code) or code


def step_title(step: StepResult) -> str:
    """What the step checked."""
    return step_name(step.code)


def problem_words(code: str, where: Mapping[str, object]) -> str:
    """One sentence for what a step met."""
    return _said("problems", code) or texts.error_text(code, where).what


def place_words(place: Place) -> str:
    """What is wrong there, without where."""
    return problem_words(place.problem, place.where)


def places_words(places: Iterable[Place]) -> str:
    """Everything that is wrong at one place."""
    return texts.sentences(*(_ended(place_words(place)) for place in places))


def where_words(place: Place) -> str:
    """Where it is: the entry, the head or the file."""
    return _counts(place.where)


def step_detail(step: StepResult) -> str:
    """What was looked at, and the first bad thing with its place."""
    parts = [_counts(step.facts)]
    if step.problem is not None:
        parts.append(problem_words(step.problem, step.where))
        parts.append(_counts(step.where))
        more = sum(place.failed == (step.verdict is Verdict.FAILED) for place in step.places) - 1
        if more > 0:
            parts.append(tr("另有 {count} 处", count=more))
    return "　".join(part for part in parts if part)


def summary(result: Verification) -> str:
    """The outcome in one sentence."""
    if result.verdict is Verdict.COULD_NOT_TELL:
        return tr("没有发现问题；有几项无法判断，原因见下。")
    return _said("summary", result.verdict.value)


def certificate(result: Verification, name: str, at: str) -> str:
    """The whole outcome as plain text, to be kept or printed."""
    lines = [
        tr("档案校验证明"),
        "",
        tr("档案：{name}", name=name),
        tr("项目：{case}", case=result.case or "—"),
        tr("条目与根：{head}", head=f"{result.size}:{result.root}"),
        tr("校验时间：{time}", time=at),
        tr("结论：{text}", text=summary(result)),
        tr("演练档案，不具法律效力") if result.rehearsal else "",
        "",
    ]
    for step in result.steps:
        lines.append(f"{step.number:2d}. {verdict_word(step.verdict)}　{step_title(step)}")
        detail = step_detail(step)
        if detail:
            lines.append(f"    {detail}")
    return "\n".join(lines) + "\n"


# --- trust ---


def trust_words(used: Trust, offered: Trust) -> str:
    """Whom was believed, and where that comes from."""
    count = len(used.roots)
    match used.origin:
        case Origin.OWN:
            return tr("依据本机信任名单中的 {count} 个根证书（{place}）。", count=count, place=used.place or "—")
        case Origin.CASE:
            return tr("依据本机主持本案时设定的 {count} 个根证书。", count=count)
        case Origin.COMPARED:
            return tr("依据您核对过指纹的根证书（共 {count} 个，含本机信任名单）。", count=count)
        case Origin.REHEARSAL:
            return tr("演练：使用随档案提供的演练根证书，不能证明任何人的真实身份。")
        case _:
            pass
    if not offered.roots:
        return tr("没有根证书：身份无法判断。请选择您信任的根证书。")
    if offered.origin is Origin.INSIDE:
        return tr("没有可信的根证书：身份无法判断。档案内附有根证书，但它与档案同来，须先核对指纹。")
    return tr("没有可信的根证书：身份无法判断。档案旁的 {place} 与档案同来，须先核对指纹。", place=offered.place)


def edition_words(edition: str) -> str:
    """完整版, or whose edition."""
    if edition == "full":
        return tr("完整版")
    kind, _, whose = edition.partition(":")
    word = texts.word("edition", kind)
    return f"{word} {whose}" if whose else word


def _ended(text: str) -> str:
    stop = "。" if language().value == "zh" else "."
    if not text or text[-1] in "。.；;":
        return text
    return text[0].upper() + text[1:] + stop


def _said(part: str, code: str) -> str:
    entry = texts.table("verification").get(part, {}).get(code)
    return str(entry[language().value]) if entry else ""


def _counts(facts: Mapping[str, object]) -> str:
    shown = []
    for key, value in facts.items():
        if key in CODES:
            continue
        word = texts.word("verified", key)
        text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
        shown.append(f"{word} {text if len(text) <= 24 else text[:12] + '…' + text[-6:]}")
    return tr("，").join(shown)
