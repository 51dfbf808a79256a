"""All commands as one tagged union. Who may give which, and when, is decided in decide.py.

A command that is *grave* carries ``grave``: the token's signature over :func:`app.session.rules.grave.statement`.
Reports are commands of the host itself (actor ``host``): what it observed or finished. One list, long because it is the
whole of what can be asked for: it is read by looking a name up, not from top to bottom.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from app.errors import InputError
from app.procurement.bid import BidPayload, Evidence, PriceSchedule
from app.procurement.case import CaseFile
from app.procurement.rulepack import RuleSet
from app.session.rules.command import Command
from app.session.rules.event import Grave, Voucher
from app.session.rules.events_evaluation import OpenedSheet
from app.session.rules.events_opening import BidDocument
from app.session.rules.people import Level, Person

# --- the first command of a case (host) ---


class OpenCase(Command, frozen=True, kw_only=True):
    """立项; see :class:`app.session.rules.events_case.CaseOpened`."""

    case: str
    lot: str
    case_file: CaseFile
    rehearsal: bool
    rules: RuleSet
    windows: dict[str, int]
    shortened: dict[str, int]
    blob_keys: tuple[str, ...]
    host_key: str
    host_certificate: str
    vouched: Voucher | None = None


# --- people and preparation (officer) ---


class AddPerson(Command, frozen=True, kw_only=True):
    """登记人员."""

    person: Person


class ImportCommittee(Command, frozen=True, kw_only=True):
    """导入抽取结果."""

    people: tuple[Person, ...]
    draw_reference: str


class Invite(Command, frozen=True, kw_only=True):
    """发出或换发邀请; ``secret_sha256`` is made by the officer's desk, the secret goes into the link only."""

    person: str
    secret_sha256: str
    valid_hours: int = 72
    reissued_reason: str = ""


class ResetCertificate(Command, frozen=True, kw_only=True):
    """换发证书."""

    person: str
    reason: str


class VerifyIdentity(Command, frozen=True, kw_only=True):
    """核验身份, giving a one-use code (its digest here); ``photo_sha256``: the uploaded picture of who was seen."""

    person: str
    code_sha256: str
    note: str
    photo_sha256: str
    valid_minutes: int = 30


class AddAuthority(Command, frozen=True, kw_only=True):
    """增加信任的证书机构: a CA certificate (DER, base64), its holder's name, and why this case believes it."""

    certificate: str
    name: str
    reason: str


class AssignSeats(Command, frozen=True, kw_only=True):
    """安排席位: who sits in ``room``, and whose desk runs its camera and microphone (empty: nobody's).

    Whoever sat there and is not named gets up; with nobody and no devices the room is given up.
    """

    room: str
    people: tuple[str, ...]
    devices: str = ""


class FixKit(Command, frozen=True, kw_only=True):
    """确定密封工具包 (the core that openers accept)."""

    core: str


class AcceptOpening(Command, frozen=True, kw_only=True):
    """接受开标人职责: the token's signature over the kit's core (base64 canonical JSON of the acceptance)."""

    acceptance: str


class ReportHolderKey(Command, frozen=True, kw_only=True):
    """报告开标密钥: the opener's desk sees that the accepted encryption key is, or again is not, on the token."""

    missing: bool


class IssueKit(Command, frozen=True, kw_only=True):
    """发布密封工具包: the assembled, signed file's digest."""

    kit_sha256: str


# --- the bid box (supplier) ---


class SubmitBid(Command, frozen=True, kw_only=True):
    """递交: the envelope was uploaded as blob ``envelope_sha256``. The host fills in its ``receipt``, a desk never.

    ``backup``: commitment to a backup bid 备用文件 (:mod:`app.ca.backup`), or empty. ``recovery``: the
    supplier keeps its share on paper too (:mod:`app.ca.paper`).
    """

    header_sha256: str
    envelope_sha256: str
    size: int
    replaces: str = ""
    receipt: str = ""
    backup: str = ""
    recovery: bool = False


class WithdrawBid(Command, frozen=True, kw_only=True):
    """撤回: signed over the receipt's header digest."""

    header_sha256: str
    grave: Grave


# --- always possible ---


class Advance(Command, frozen=True, kw_only=True):
    """进入下一阶段; ``phase`` must be the next one; ``reason`` where undone things are accepted."""

    phase: str
    reason: str = ""


class Pause(Command, frozen=True, kw_only=True):
    """暂停: clocks stop."""

    reason: str


class Resume(Command, frozen=True, kw_only=True):
    """恢复: clocks go on where they stopped."""


class FailCase(Command, frozen=True, kw_only=True):
    """废标/流标/终止."""

    ground: str
    article: str
    reason: str


class WaiveGate(Command, frozen=True, kw_only=True):
    """豁免: pass a gate that does not hold, with a reason; what the law itself demands cannot be waived."""

    gate: str
    reason: str


class Admit(Command, frozen=True, kw_only=True):
    """准入会议: into the conversation; no act of a bid depends on it."""

    person: str


class Remove(Command, frozen=True, kw_only=True):
    """移出会议."""

    person: str
    reason: str


class RaiseHand(Command, frozen=True, kw_only=True):
    """举手."""


class LowerHand(Command, frozen=True, kw_only=True):
    """放下: one's own, or as officer anybody's."""

    person: str = ""


class MutePerson(Command, frozen=True, kw_only=True):
    """主持人静音; ``person`` empty = everyone."""

    person: str
    muted: bool


class LockRoom(Command, frozen=True, kw_only=True):
    """锁定入场."""

    locked: bool


class PostMessage(Command, frozen=True, kw_only=True):
    """发消息: to ``all``, ``officer``, ``committee`` or a person id."""

    to: str
    text: str


class NoteIncident(Command, frozen=True, kw_only=True):
    """记录情况."""

    text: str


class GiveNotice(Command, frozen=True, kw_only=True):
    """监督意见 (supervisor)."""

    text: str


class MarkAbsent(Command, frozen=True, kw_only=True):
    """标记未到场."""

    person: str


class FileAuthorisation(Command, frozen=True, kw_only=True):
    """提交授权委托书, uploaded as a blob."""

    document_sha256: str


class MarkSeen(Command, frozen=True, kw_only=True):
    """已阅."""

    request: str


class ExtendWindow(Command, frozen=True, kw_only=True):
    """延长时限, with a reason."""

    window: str
    seconds: int
    reason: str


class SignDocument(Command, frozen=True, kw_only=True):
    """签署: the whole PDF with the new signature was uploaded as ``pdf_sha256`` over ``previous_sha256``."""

    document: str
    previous_sha256: str
    pdf_sha256: str


class RefuseSignature(Command, frozen=True, kw_only=True):
    """拒签, with the reason."""

    document: str
    reason: str


# --- opening ---


class ReadDiscipline(Command, frozen=True, kw_only=True):
    """宣布纪律."""


class PublishBidders(Command, frozen=True, kw_only=True):
    """公布投标人名单."""


class RaiseRecusal(Command, frozen=True, kw_only=True):
    """申请回避."""

    about: str
    reason: str


class RuleRecusal(Command, frozen=True, kw_only=True):
    """回避决定."""

    recusal: str
    granted: bool
    reason: str


class ConfirmSeal(Command, frozen=True, kw_only=True):
    """确认密封."""


class RaiseSealMismatch(Command, frozen=True, kw_only=True):
    """密封异议."""

    reason: str


class RuleSealMismatch(Command, frozen=True, kw_only=True):
    """处理密封不一致."""

    supplier: str
    admitted: bool
    reason: str


class ReleaseShare(Command, frozen=True, kw_only=True):
    """放行份额 (opener) for one bid; ``share_sha256``: the blob of the share wrapped to the host."""

    header_sha256: str
    commitment: str
    share_sha256: str
    grave: Grave


class ReleaseSupplierKey(Command, frozen=True, kw_only=True):
    """供应商解密; ``recovered``: the share came from the announced paper, not from a token."""

    header_sha256: str
    commitment: str
    share_sha256: str
    grave: Grave
    recovered: bool = False


class ReportTrouble(Command, frozen=True, kw_only=True):
    """解密遇到困难: what the desk saw (token codes, tries); the supplier's own words as telemetry."""

    cause: str
    telemetry: dict[str, str]


class AttributeFailure(Command, frozen=True, kw_only=True):
    """解密失败责任认定: ``supplier``, ``platform`` or ``ruled``."""

    supplier: str
    attribution: str
    reason: str


class AdmitBackup(Command, frozen=True, kw_only=True):
    """启用备用文件, before prices are read, of a bid that did not open by no fault of its supplier."""

    supplier: str
    reason: str


class HandInBackup(Command, frozen=True, kw_only=True):
    """提交备用文件: uploaded privately as ``backup_sha256``."""

    backup_sha256: str


class ReadPrice(Command, frozen=True, kw_only=True):
    """唱标 of the next supplier."""

    supplier: str


class ConfirmPrice(Command, frozen=True, kw_only=True):
    """确认报价, with the token."""

    total: Decimal
    grave: Grave


class DisputePrice(Command, frozen=True, kw_only=True):
    """报价异议."""

    text: str


class RaiseObjection(Command, frozen=True, kw_only=True):
    """提出异议."""

    text: str


class AnswerObjection(Command, frozen=True, kw_only=True):
    """答复异议."""

    objection: str
    text: str


class AdjournObjection(Command, frozen=True, kw_only=True):
    """异议另行处理."""

    objection: str
    reason: str


class DeclareNoObjection(Command, frozen=True, kw_only=True):
    """无异议."""


# --- review and evaluation ---


class SubmitReview(Command, frozen=True, kw_only=True):
    """提交审查表 of the stage for one supplier: item id → passed, reasons for what failed, where it is found."""

    supplier: str
    passed: dict[str, bool]
    reasons: dict[str, str]
    evidence: dict[str, Evidence] = msgspec.field(default_factory=dict)


class LockPhone(Command, frozen=True, kw_only=True):
    """手机入柜."""

    person: str


class CheckPlace(Command, frozen=True, kw_only=True):
    """场所核验."""

    person: str
    note: str


class SignCommitment(Command, frozen=True, kw_only=True):
    """签署承诺书, with the token."""

    text_sha256: str
    grave: Grave


class DeclareRecusal(Command, frozen=True, kw_only=True):
    """申请回避 (member)."""

    reason: str


class RuleMemberRecusal(Command, frozen=True, kw_only=True):
    """委员回避决定."""

    person: str
    granted: bool
    reason: str


class ReplaceMember(Command, frozen=True, kw_only=True):
    """更换评委; without ``substitute`` the committee goes on where it stays lawful."""

    person: str
    substitute: Person | None
    reason: str


class VoteLeader(Command, frozen=True, kw_only=True):
    """推选组长."""

    candidate: str


class CallElection(Command, frozen=True, kw_only=True):
    """另行推选组长: the leader was reminded and does nothing."""

    reason: str


class TakeOver(Command, frozen=True, kw_only=True):
    """接替主持: the officer was reminded and does nothing."""

    reason: str


class AskClarification(Command, frozen=True, kw_only=True):
    """要求澄清."""

    supplier: str
    text: str


class AnswerClarification(Command, frozen=True, kw_only=True):
    """答复澄清; ``confirmed`` must be given for an arithmetic correction, and only there."""

    clarification: str
    text: str
    grave: Grave
    confirmed: bool | None = None


class CallSupplier(Command, frozen=True, kw_only=True):
    """请供应商入场."""

    supplier: str


class StartTalk(Command, frozen=True, kw_only=True):
    """开始磋商."""

    supplier: str


class EndTalk(Command, frozen=True, kw_only=True):
    """结束磋商."""

    supplier: str


class ChangeRequirement(Command, frozen=True, kw_only=True):
    """变动采购需求."""

    text: str


class ConfirmRequirement(Command, frozen=True, kw_only=True):
    """采购人代表确认变动."""

    change: str


class ResubmitResponse(Command, frozen=True, kw_only=True):
    """重新提交响应, with the token."""

    change: str
    text: str
    grave: Grave


class RecheckResponse(Command, frozen=True, kw_only=True):
    """重新审查表决."""

    supplier: str
    change: str
    passed: bool


class WithdrawFromTalks(Command, frozen=True, kw_only=True):
    """退出磋商."""

    reason: str


class SealQuote(Command, frozen=True, kw_only=True):
    """最后报价: the envelope (purpose ``quote``) was uploaded."""

    header_sha256: str
    envelope_sha256: str
    size: int


class ReleaseSealed(Command, frozen=True, kw_only=True):
    """委员放行: header digest → blob of the share wrapped to the host, for every sealed envelope of ``purpose``."""

    purpose: str
    shares: dict[str, str]
    grave: Grave


class FileExplanation(Command, frozen=True, kw_only=True):
    """成本说明, with the token."""

    text: str
    grave: Grave


class DoubtPrice(Command, frozen=True, kw_only=True):
    """提请异常低价审查: the committee's own judgement; the mover votes for it herewith."""

    supplier: str
    reason: str


class VotePriceDoubt(Command, frozen=True, kw_only=True):
    """启动异常低价审查表决."""

    supplier: str
    review: bool
    reason: str


class VoteLowPrice(Command, frozen=True, kw_only=True):
    """异常低价表决."""

    supplier: str
    valid: bool
    reason: str


class SealSheet(Command, frozen=True, kw_only=True):
    """提交评分 (grave): the envelope (purpose ``sheet``) was uploaded."""

    header_sha256: str
    envelope_sha256: str
    size: int
    grave: Grave


class GiveDeviationReason(Command, frozen=True, kw_only=True):
    """偏差说明 of the member's own total for a supplier; ``criterion`` empty, as in the deviation."""

    supplier: str
    criterion: str
    reason: str


class ReopenSheet(Command, frozen=True, kw_only=True):
    """退回评分, on a ground of the method."""

    member: str
    ground: str
    reason: str


class ConfirmRanking(Command, frozen=True, kw_only=True):
    """确认排名."""


class ConfirmCheck(Command, frozen=True, kw_only=True):
    """代理机构核对通过."""


class AskReCheck(Command, frozen=True, kw_only=True):
    """要求复核."""

    ground: str
    reason: str


class AnswerReCheck(Command, frozen=True, kw_only=True):
    """复核答复."""

    accepted: bool
    reason: str


class FileDissent(Command, frozen=True, kw_only=True):
    """不同意见."""

    text: str


# --- reports of the host (actor ``host``) ---


class ReportSignIn(Command, frozen=True, kw_only=True):
    """A person proved who it is; checked by signin.py before it comes here."""

    person: str
    level: Level
    session: str
    certificate: str
    encryption_certificate: str
    chain: tuple[str, ...]
    challenge: str
    challenge_signature: str
    revocation: str
    invitation_sha256: str = ""
    drawn_signature_sha256: str = ""
    blind_certificate: str = ""
    evidence_sha256: tuple[str, ...] = ()
    registers: Person | None = None


class ReportSignInRefused(Command, frozen=True, kw_only=True):
    """A sign-in was refused, with the code."""

    person: str
    code: str


class ReportConnection(Command, frozen=True, kw_only=True):
    """A desk came or went."""

    person: str
    connected: bool


class ReportBidRefused(Command, frozen=True, kw_only=True):
    """An envelope was not received, with the reason."""

    supplier: str
    code: str


class ReportSeals(Command, frozen=True, kw_only=True):
    """Header digests of the stored envelopes as re-computed now: supplier → digest, empty when damaged."""

    found: dict[str, str]


class ReportBidOpened(Command, frozen=True, kw_only=True):
    """A bid was opened and verified: digests only."""

    supplier: str
    header_sha256: str
    manifest_sha256: str
    documents: tuple[BidDocument, ...]


class ReportBidFailed(Command, frozen=True, kw_only=True):
    """A bid did not open: cause and telemetry."""

    supplier: str
    cause: str
    telemetry: dict[str, str]


class ReportBids(Command, frozen=True, kw_only=True):
    """What the opened bids say, from the confidential part, for price reading and handing on."""

    bids: dict[str, BidPayload]


class ReportDocument(Command, frozen=True, kw_only=True):
    """A document was rendered, with its signature fields."""

    document: str
    kind: str
    pdf_sha256: str
    fields: dict[str, str]
    entries: int
    root: str
    subject: str = ""
    edition: int = 1


class ReportQuotes(Command, frozen=True, kw_only=True):
    """The final quotes, opened together."""

    quotes: dict[str, PriceSchedule]
    failed: dict[str, str]


class ReportSheets(Command, frozen=True, kw_only=True):
    """The score sheets, opened together."""

    sheets: dict[str, OpenedSheet]
    failed: dict[str, str]


class ReportRecording(Command, frozen=True, kw_only=True):
    """The recording started or stopped."""

    running: bool
    sources: tuple[str, ...]
    hours_left: int = 0
    reason: str = ""


class ReportDisk(Command, frozen=True, kw_only=True):
    """How much room is left on the host's disk."""

    space: str
    minutes_left: int
    free: int


class ReportTimeStamps(Command, frozen=True, kw_only=True):
    """Whether the record's heads get their time stamps."""

    missing: bool
    reason: str


class ReportDocumentStamp(Command, frozen=True, kw_only=True):
    """A document that all have signed got its evidence and time stamp."""

    document: str
    previous_sha256: str
    pdf_sha256: str


class ReportSource(Command, frozen=True, kw_only=True):
    """``state``: started, lost or restored."""

    source: str
    state: str
    person: str = ""
    name: str = ""
    kind: str = ""


class ReportSegment(Command, frozen=True, kw_only=True):
    """A recorded segment was closed and kept."""

    source: str
    number: int
    segment_sha256: str
    notes_sha256: str
    size: int
    start: datetime
    milliseconds: int
    gaps: int
    private: bool


class ReportClocks(Command, frozen=True, kw_only=True):
    """Offsets of the desks' clocks in milliseconds."""

    offsets: dict[str, int]


class ReportOutage(Command, frozen=True, kw_only=True):
    """The host was away for so long."""

    seconds: Decimal
    last_seen: datetime


class ReportDelivered(Command, frozen=True, kw_only=True):
    """A request reached a desk."""

    request: str
    person: str


class Tick(Command, frozen=True, kw_only=True):
    """The clock: what has run out by now takes its recorded default."""


COMMAND_TYPES: tuple[type[Command], ...] = tuple(
    kind
    for kind in list(vars().values())
    if isinstance(kind, type) and issubclass(kind, Command) and kind is not Command
)
_BY_TAG: dict[str, type[Command]] = {str(kind.__struct_config__.tag): kind for kind in COMMAND_TYPES}


def command_type(command: Command) -> str:
    """The tag, e.g. ``release_share``."""
    return str(command.__struct_config__.tag)


def to_builtins(command: Command) -> dict[str, Any]:
    """Plain JSON values, tagged."""
    value: dict[str, Any] = msgspec.to_builtins(command)
    return value


def from_builtins(value: object) -> Command:
    """The inverse of :func:`to_builtins`.

    Raises:
        InputError: ``command.unknown``, ``command.malformed``.
    """
    kind = _BY_TAG.get(str(value.get("type"))) if isinstance(value, dict) else None
    if kind is None:
        raise InputError("command.unknown")
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InputError("command.malformed", where=str(error)) from error
