"""The room's acts about people and the whole case that take words, a choice or a file first."""

import app.session.rules.commands as cmd
from app.procurement.methods import Method
from app.session.rules.command import Command
from app.session.rules.people import Party, Role
from app.session.rules.waiting import overdue
from app.ui import texts
from app.ui.i18n import tr
from app.ui.room_acts import Asking, Choice, FileAuthority, Graved, Manage, Request
from app.ui.step_facts import StepFacts

GROUNDS = ("too_few", "unlawful", "over_budget", "cancelled", "other")
"""终止/废标的情形 (政府采购法 art. 36; 87号令 art. 43; 214号 art. 34)."""
PLACING = ("opening_closed", "qualification", "assembling", "commitment", "leader", "conformity", "scoring")


def person_request(facts: StepFacts, code: str, person: str) -> Command | Request:
    """What a code of ``people_panel.ACTS`` asks for."""
    name = facts.name(person)
    if code in ("mute", "unmute"):
        return cmd.MutePerson(person=person, muted=code == "mute")
    if code == "absent":
        return cmd.MarkAbsent(person=person)
    if code == "remove":
        return Asking(
            tr("移出会话：{name}", name=name), tr("原因（记入案卷）"), tr("移出"),
            lambda text, _code: cmd.Remove(person=person, reason=text), danger=True,
            lines=(tr("只移出音视频会话；解密、确认、异议和签署的权利不受影响。"),),
        )  # fmt: skip
    return Manage(code, person)


def case_request(facts: StepFacts, code: str) -> Command | Request:
    """What a code of ``agenda_panel.MORE``, or ``authority``, asks for."""
    if code == "authority":
        return FileAuthority()
    if code == "incident":
        return Asking(
            tr("记录情况"), tr("发生了什么（记入案卷）"), tr("记录"), lambda text, _code: cmd.NoteIncident(text=text),
            lines=(tr("随过程记录写入报告；不能修改。"),),
        )  # fmt: skip
    if code == "trust":
        return Manage("trust")
    if code == "take_over":
        return Asking(
            tr("接替主持？"), tr("理由（记入案卷）"), tr("接替主持"), lambda text, _code: cmd.TakeOver(reason=text),
            lines=(tr("主持人已多次被提醒，仍没有操作。接替后由您主持，原主持人不再主持本项目。"),), danger=True,
        )  # fmt: skip
    if code == "election":
        return Asking(
            tr("另行推选组长？"), tr("理由（记入案卷）"), tr("另行推选"),
            lambda text, _code: cmd.CallElection(reason=text),
            lines=(tr("组长已多次被提醒，仍没有操作。成员重新投票，已提交的意见和评分不变。"),), danger=True,
        )  # fmt: skip
    return ending(facts.state.method)


def relief_acts(facts: StepFacts) -> frozenset[str]:
    """Stepping in for an officer or a leader who was reminded and does nothing."""
    state, me = facts.state, facts.state.people.get(facts.me)
    may: set[str] = set()
    officers = state.with_role(Role.OFFICER)
    agency = me is not None and me.party is Party.AGENCY and me.has(Role.CLERK, Role.OPENER, Role.ENGINEER)
    if agency and not facts.officer and officers and overdue(state, officers[0]):
        may.add("take_over")
    if state.leader and (facts.officer or facts.member) and overdue(state, state.leader):
        may.add("election")
    return frozenset(may)


def ending(method: Method | None) -> Asking:
    """终止采购: the ground with its article, and the reason."""
    tender = method is not None and method.code == "public_tender"
    few = "law_36" if tender else "caiku_214_34"

    def make(text: str, code: str) -> Command | Graved:
        named = few if code == "too_few" else "" if code == "other" else "law_36"
        article = texts.recorded_word("fail_article", named) if named else ""
        return cmd.FailCase(ground=texts.recorded_word("fail_ground", code), article=article, reason=text)

    return Asking(
        tr("终止本项目？"), tr("理由（记入案卷）"), tr("终止项目"), make,
        choices=tuple(Choice(code, texts.word("fail_ground", code)) for code in GROUNDS),
        lines=(tr("终止后不能恢复：时限停止，尚未开启的投标（响应）文件不再开启。"),),
        danger=True,
    )  # fmt: skip


def lacks_members(facts: StepFacts) -> bool:
    """Whether the officer may still import the draw's result, and the committee is not as large as announced."""
    state = facts.state
    due = state.phase in ("opening_closed", "qualification", "assembling")
    return due and facts.officer and state.lot is not None and len(state.members()) < state.lot.committee.size


def unplaced(facts: StepFacts) -> tuple[str, ...]:
    """Members whose place officer, clerk or equipment officer still have to check, in a phase that asks for it."""
    state = facts.state
    if state.lot is None or not state.has_role(facts.me, Role.OFFICER, Role.CLERK, Role.ENGINEER):
        return ()
    if state.phase not in PLACING:
        return ()
    return tuple(member for member in state.members() if member in state.signed_in and member not in state.phones)


def dispersed(facts: StepFacts) -> bool:
    """Whether members sit alone, each in a place that is looked at on video, instead of at a site."""
    return facts.state.lot is not None and facts.state.lot.place_policy.kind == "dispersed"


def phone_requests(facts: StepFacts) -> tuple[cmd.LockPhone, ...]:
    """Members at the site whose phone is not ticked yet; for officer, clerk and engineer."""
    if dispersed(facts):
        return ()
    return tuple(cmd.LockPhone(person=member) for member in unplaced(facts))


def place_request(facts: StepFacts) -> Asking | None:
    """场所核验 of one of the members who sit alone; None when nobody is left."""
    members = unplaced(facts) if dispersed(facts) else ()
    if not members:
        return None
    return Asking(
        tr("场所核验"), tr("看到了什么（记入案卷）"), tr("核验通过"),
        lambda text, member: cmd.CheckPlace(person=member, note=text),
        choices=tuple(Choice(member, facts.name(member)) for member in members),
        lines=(
            tr("请本人用摄像头环视房间一周：没有他人，没有电话和其他屏幕，门已关好。"),
            tr("未通过的，不要核验；可以要求本人换地方，或者更换评委。"),
        ),
    )  # fmt: skip
