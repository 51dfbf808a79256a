"""Events of the case itself: people, invitations, sign-in, the bid box, the conversation, recording and incidents.

Longer than other files: a vocabulary without a line of logic, which is looked up and not read.
"""

from datetime import datetime
from decimal import Decimal

from app.procurement.case import CaseFile
from app.procurement.rulepack import RuleSet
from app.session.rules.event import Event, Grave, Voucher
from app.session.rules.people import Level, Person


class CaseOpened(Event, frozen=True, kw_only=True):
    """立项: the first entry, complete in itself: the file, the rules in force, every clock in seconds.

    ``shortened`` names the clocks that are shorter than the rule pack's (rehearsal only). ``host_key`` is the log's
    Ed25519 key (hex), ``host_certificate`` the host's (base64 DER), ``vouched`` a token's signature over both.
    """

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


class PersonAdded(Event, frozen=True, kw_only=True):
    """登记人员."""

    person: Person


class CommitteeImported(Event, frozen=True, kw_only=True):
    """导入抽取结果: the drawn members and where the draw was made."""

    people: tuple[Person, ...]
    draw_reference: str


class InvitationIssued(Event, frozen=True, kw_only=True):
    """发出邀请: one-use; only the secret's digest is recorded. ``reissued_reason`` is empty the first time."""

    person: str
    secret_sha256: str
    expires: datetime
    reissued_reason: str = ""


class CertificateReset(Event, frozen=True, kw_only=True):
    """换发证书: the bound certificate no longer signs in; the next sign-in with a new invitation binds another."""

    person: str
    reason: str


class IdentityVerified(Event, frozen=True, kw_only=True):
    """工作人员核验身份: who was seen with which document (pictured in ``photo_sha256``); the one-use code's digest.

    ``expires`` and ``photo_sha256`` are absent in older records: such a code held until it was used.
    """

    person: str
    verifier: str
    code_sha256: str
    note: str
    photo_sha256: str = ""
    expires: datetime | None = None


class PersonSeated(Event, frozen=True, kw_only=True):
    """入席: the person sits in this room with others; ``room`` empty: at a desk of its own."""

    person: str
    room: str


class RoomEquipped(Event, frozen=True, kw_only=True):
    """席位设备: ``person``'s desk runs the room's camera and microphone; empty: nobody's."""

    room: str
    person: str


class SupplierRegistered(Event, frozen=True, kw_only=True):
    """供应商登记: at its first sign-in with an organisation token while documents are available."""

    person: Person
    certificate: str


class SignedIn(Event, frozen=True, kw_only=True):
    """签到: the person's token signed the challenge together with the session key (Ed25519, hex).

    ``evidence_sha256``: the revocation lists and OCSP answers that were looked at besides the case's own.
    """

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


class SignInRefused(Event, frozen=True, kw_only=True):
    """签到被拒: with the code; nothing secret."""

    person: str
    code: str


class Connected(Event, frozen=True, kw_only=True):
    """在线."""

    person: str


class Disconnected(Event, frozen=True, kw_only=True):
    """断线."""

    person: str


class KitCoreFixed(Event, frozen=True, kw_only=True):
    """密封工具包草案: what the openers accept with their tokens."""

    core_sha256: str
    core: str


class OpenerAccepted(Event, frozen=True, kw_only=True):
    """开标人接受: the holder's token signed the kit's core."""

    person: str
    acceptance: str


class HolderKeyMissing(Event, frozen=True, kw_only=True):
    """开标密钥不在: the key with which the opener accepted is not on the token plugged in (renewed, exchanged)."""

    person: str


class HolderKeyBack(Event, frozen=True, kw_only=True):
    """开标密钥已恢复: the key is there again."""

    person: str


class KitIssued(Event, frozen=True, kw_only=True):
    """密封工具包发布."""

    kit_sha256: str
    openers: tuple[str, ...]


class BidSubmitted(Event, frozen=True, kw_only=True):
    """递交: ``header_sha256`` is what the receipt binds; ``envelope_sha256`` names the stored file.

    ``backup``: the supplier's commitment to a backup bid, or empty. ``recovery``: it keeps its share on paper too.
    """

    supplier: str
    header_sha256: str
    envelope_sha256: str
    size: int
    receipt: str
    replaces: str = ""
    backup: str = ""
    recovery: bool = False


class BidWithdrawn(Event, frozen=True, kw_only=True):
    """撤回: signed over the receipt."""

    supplier: str
    header_sha256: str
    grave: Grave


class BidRefused(Event, frozen=True, kw_only=True):
    """拒收: late, unsealed, foreign, superseded or damaged."""

    supplier: str
    code: str


class PhaseEntered(Event, frozen=True, kw_only=True):
    """进入阶段: ``by`` is the person who moved on or ``host`` for a clock."""

    phase: str
    by: str
    reason: str = ""


class WindowOpened(Event, frozen=True, kw_only=True):
    """计时开始: ``window`` names it, e.g. ``decrypting`` or ``clarify:c1``; ``until`` is host time."""

    window: str
    seconds: int
    until: datetime


class WindowExtended(Event, frozen=True, kw_only=True):
    """延长."""

    window: str
    until: datetime
    reason: str


class WindowClosed(Event, frozen=True, kw_only=True):
    """计时结束: ``elapsed`` true when the clock ran out, false when all were in."""

    window: str
    elapsed: bool


class Paused(Event, frozen=True, kw_only=True):
    """暂停: clocks stop."""

    reason: str


class Resumed(Event, frozen=True, kw_only=True):
    """恢复: clocks go on, moved by ``seconds``."""

    seconds: Decimal


class OutageNoted(Event, frozen=True, kw_only=True):
    """中断: the host was away; open windows move by ``seconds`` (rule: frozen while the host is away)."""

    seconds: Decimal
    last_seen: datetime


class CaseFailed(Event, frozen=True, kw_only=True):
    """废标/流标/终止: with ground and article."""

    ground: str
    article: str
    reason: str


class GateWaived(Event, frozen=True, kw_only=True):
    """豁免: a gate that did not hold was passed with a stated reason."""

    gate: str
    reason: str


class ClockChecked(Event, frozen=True, kw_only=True):
    """时钟核对: offsets in milliseconds by source (clients' signed samples, NTP)."""

    offsets: dict[str, int]


class Admitted(Event, frozen=True, kw_only=True):
    """准入会议."""

    person: str


class Removed(Event, frozen=True, kw_only=True):
    """移出会议: costs the conversation, never the bid."""

    person: str
    reason: str


class HandRaised(Event, frozen=True, kw_only=True):
    """举手."""

    person: str


class HandLowered(Event, frozen=True, kw_only=True):
    """放下."""

    person: str


class MutedByOfficer(Event, frozen=True, kw_only=True):
    """主持人静音: ``person`` empty = everyone but the officer, newcomers too."""

    person: str
    muted: bool


class RoomLocked(Event, frozen=True, kw_only=True):
    """锁定入场."""

    locked: bool


class MessagePosted(Event, frozen=True, kw_only=True):
    """消息: ``to`` is ``all``, ``officer``, ``committee`` or a person id."""

    to: str
    text: str


class IncidentNoted(Event, frozen=True, kw_only=True):
    """情况记录."""

    text: str


class SupervisionNotice(Event, frozen=True, kw_only=True):
    """监督意见: outside the flow."""

    text: str


class AbsentMarked(Event, frozen=True, kw_only=True):
    """未到场: by clock or officer; the default that follows is a rule."""

    person: str
    rule: str


class AuthorisationFiled(Event, frozen=True, kw_only=True):
    """授权委托书."""

    person: str
    document_sha256: str


class RecordingStarted(Event, frozen=True, kw_only=True):
    """开始录制: required sources and what runs."""

    sources: tuple[str, ...]
    hours_left: int


class RecordingStopped(Event, frozen=True, kw_only=True):
    """停止录制."""

    reason: str


class DiskNoted(Event, frozen=True, kw_only=True):
    """磁盘余量: ``space`` is ample, low, critical or full; ``minutes_left`` of recording, ``free`` bytes."""

    space: str
    minutes_left: int
    free: int


class AuthorityAdded(Event, frozen=True, kw_only=True):
    """增加信任的证书机构: from now on the case believes this CA too (certificate: DER, base64), with the reason."""

    certificate: str
    name: str
    reason: str


class TimeStampsNoted(Event, frozen=True, kw_only=True):
    """时间戳服务: no authority stamps the record's heads any more (``reason``), or again one does."""

    missing: bool
    reason: str


class SourceStarted(Event, frozen=True, kw_only=True):
    """画面接入."""

    source: str
    person: str
    name: str
    kind: str


class SourceLost(Event, frozen=True, kw_only=True):
    """画面中断."""

    source: str


class SourceRestored(Event, frozen=True, kw_only=True):
    """画面恢复."""

    source: str


class SegmentClosed(Event, frozen=True, kw_only=True):
    """录像片段: a closed 10-second Matroska file; ``gaps`` counts unrepaired gaps."""

    source: str
    number: int
    segment_sha256: str
    notes_sha256: str
    size: int
    start: datetime
    milliseconds: int
    gaps: int
    private: bool = False


class DocumentIssued(Event, frozen=True, kw_only=True):
    """文书生成: ``fields`` maps each signer (person id) to its signature field in the PDF.

    ``edition`` is that of its wording (:mod:`app.session.document_editions`).
    """

    document: str
    kind: str
    pdf_sha256: str
    fields: dict[str, str]
    entries: int
    root: str
    subject: str = ""
    edition: int = 1


class DocumentSigned(Event, frozen=True, kw_only=True):
    """签署: ``pdf_sha256`` is the whole file with this signature appended."""

    document: str
    person: str
    pdf_sha256: str


class DocumentStamped(Event, frozen=True, kw_only=True):
    """文档时间戳: all have signed; ``pdf_sha256`` is the file with evidence and a time stamp appended."""

    document: str
    previous_sha256: str
    pdf_sha256: str


class SignatureRefused(Event, frozen=True, kw_only=True):
    """拒签: with the reason."""

    document: str
    person: str
    reason: str


class DeemedAgreed(Event, frozen=True, kw_only=True):
    """视同认可: by rule (87号令 art. 42, 61; 74号令 17; 214号 27)."""

    document: str
    person: str
    rule: str


class Delivered(Event, frozen=True, kw_only=True):
    """送达: the request reached the person's desk."""

    request: str
    person: str


class Seen(Event, frozen=True, kw_only=True):
    """已阅."""

    request: str
    person: str


class CaseClosed(Event, frozen=True, kw_only=True):
    """归档: nothing follows; ``undone`` lists what was accepted as undone."""

    undone: tuple[str, ...]
    reason: str = ""
