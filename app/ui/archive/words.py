"""A verification in sentences, and the certificate of it as text."""

from collections.abc import Mapping

from app.record.verification import StepResult, Verdict, Verification
from app.ui import texts
from app.ui.i18n import language, tr
from app.ui.widgets.chip import Tone

TONES = {Verdict.PASSED: Tone.OK, Verdict.COULD_NOT_TELL: Tone.WARN, Verdict.FAILED: Tone.BAD}
QUIET = frozenset({"digest"})


def verdict_word(verdict: Verdict) -> str:
    """通过, 无法判断, 未通过."""
    return {
        Verdict.PASSED: tr("通过"), Verdict.COULD_NOT_TELL: tr("无法判断"), Verdict.FAILED: tr("未通过"),
    }[verdict]  # fmt: skip


def step_title(step: StepResult) -> str:
    """What the step checked."""
    return _said("steps", step.code) or step.code


def step_detail(step: StepResult) -> str:
    """What was looked at, and the first bad thing with its place."""
    parts = [_counts(step.facts)]
    if step.problem is not None:
        known = _said("problems", step.problem)
        parts.append(known or texts.error_text(step.problem, step.where).what)
        parts.append(_counts(step.where))
    return "　".join(part for part in parts if part)


def summary(result: Verification) -> str:
    """The outcome in one sentence."""
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


def _said(part: str, code: str) -> str:
    entry = texts.table("verification").get(part, {}).get(code)
    return str(entry[language().value]) if entry else ""


def _counts(facts: Mapping[str, object]) -> str:
    shown = []
    for key, value in facts.items():
        word = texts.word("verified", key)
        text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
        shown.append(f"{word} {text if len(text) <= 24 else text[:12] + '…' + text[-6:]}")
    return tr("，").join(shown)
