"""What a supervisor should look at now, derived from the state: each with its icon, tone and sentence."""

from datetime import datetime

import msgspec

from app.ui import texts
from app.ui.i18n import tr
from app.ui.room_snapshot import Surroundings, disk_warning
from app.ui.step_facts import StepFacts
from app.ui.widgets.chip import Tone

OPENING_RECORDED = ("discipline", "seal_check", "decrypting", "reading", "objections", "signing")


class Alarm(msgspec.Struct, frozen=True):
    """One thing to look at; ``code`` is stable."""

    code: str
    tone: Tone
    text: str


def alarms(facts: StepFacts, around: Surroundings, distrust: str, now: datetime) -> tuple[Alarm, ...]:
    """The gravest first; empty when all is in order."""
    state = facts.state
    found: list[Alarm] = []
    if distrust:
        said = texts.error_text(distrust)
        found.append(Alarm("record", Tone.BAD, f"{said.what}{said.do}"))
    if state.phase in OPENING_RECORDED and not state.recording.running:
        found.append(Alarm("recording", Tone.BAD, tr("没有在录制。")))
    disk = disk_warning(state.disk)
    if disk:
        found.append(Alarm("disk", Tone.BAD, disk))
    if state.stamps_missing:
        found.append(Alarm("stamps", Tone.WARN, tr("时间戳服务无应答，记录尚未盖时间戳。")))
    for source in state.sources.values():
        if not source.live:
            name = facts.name(source.person) if source.person else source.name
            found.append(Alarm(f"source.{source.id}", Tone.WARN, tr("画面中断：{name}", name=name)))
    for person in around.silent:
        text = tr("{name} 十秒没有见证本机见到的记录，请与其核对记录。", name=facts.name(person))
        found.append(Alarm(f"silent.{person}", Tone.BAD, text))
    missing = around.expected - around.cosigned
    if around.expected and missing > 0:
        found.append(Alarm("witness", Tone.WARN, tr("{count} 方尚未见证最新记录。", count=missing)))
    worst = max((abs(ms) for ms in state.clocks.values()), default=0)
    if worst > 5000:
        found.append(Alarm("clock", Tone.WARN, tr("时钟偏差达到 {seconds} 秒。", seconds=round(worst / 1000))))
    for supplier, bid in state.bids.items():
        if bid.seal == "mismatch":
            found.append(
                Alarm(f"seal.{supplier}", Tone.BAD, tr("密封不一致：{name}", name=facts.supplier_name(supplier)))
            )
        if bid.failure and not bid.settled:
            text = tr("解密失败待认定：{name}", name=facts.supplier_name(supplier))
            found.append(Alarm(f"failure.{supplier}", Tone.WARN, text))
    for gate, reason in state.waived.items():
        text = tr("豁免：{gate}　{reason}", gate=texts.word("gate", gate), reason=reason)
        found.append(Alarm(f"waived.{gate}", Tone.WARN, text))
    if state.paused:
        found.append(Alarm("paused", Tone.INFO, tr("会议已暂停：{reason}", reason=state.paused)))
    shortened = len(state.shortened)
    if shortened and not state.rehearsal:
        found.append(Alarm("shortened", Tone.BAD, tr("{count} 项时限短于规定。", count=shortened)))
    order = {Tone.BAD: 0, Tone.WARN: 1, Tone.INFO: 2}
    return tuple(sorted(found, key=lambda one: order.get(one.tone, 3)))
