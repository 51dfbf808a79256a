"""What each signed document says: frozen structs, attached to the PDF as JSON and laid out by its template.

Times are stamps (RFC 3339 UTC, :func:`app.clock.stamp`); the templates print them as Beijing time. Money, weights and
scores are decimal strings, printed exactly as given. Names are given in Chinese, in the order they are to be printed.
"""

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct

STAMP = r"^[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$"

Stamp = Annotated[str, Meta(pattern=STAMP)]
Decimal10 = Annotated[str, Meta(pattern=r"^-?\d{1,18}(\.\d{1,6})?$")]
HexDigest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
PersonId = Annotated[str, Meta(min_length=1, max_length=200)]
Line = Annotated[str, Meta(max_length=400)]
Text = Annotated[str, Meta(max_length=20_000)]


class DocumentKind(StrEnum):
    """The documents that are signed in a case (文书种类); the value names the template."""

    OPENING_RECORD = "opening_record"
    BID_RECEIPT = "bid_receipt"
    COMMITMENT = "commitment"
    CLARIFICATION_LETTER = "clarification_letter"
    SCORE_SHEET = "score_sheet"
    QUALIFICATION_RECORD = "qualification_record"
    EVALUATION_REPORT = "evaluation_report"
    RESULT_NOTICE = "result_notice"
    ACCEPTANCE_CERTIFICATE = "acceptance_certificate"


class Frozen(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Data that is signed: unchangeable, by name, nothing unknown."""


class RecordMark(Frozen, frozen=True, kw_only=True):
    """Where the record stood when the document was fixed: printed as "entry N, root R"."""

    entries: Annotated[int, Meta(ge=0)]
    root: HexDigest


class CaseHead(Frozen, frozen=True, kw_only=True):
    """The case as every document names it (项目信息)."""

    project_number: Line
    project_name: Line
    lot_number: Line = ""
    lot_name: Line = ""
    method: Line  # 公开招标, 竞争性磋商, …
    purchaser: Line
    agency: Line


class SignerBox(Frozen, frozen=True, kw_only=True):
    """One box in the signature area (签章栏): who is expected to sign, and as what."""

    person_id: PersonId
    name: Line
    role: Line  # 主持人, 供应商代表, …
    organisation: Line = ""


class Money(Frozen, frozen=True, kw_only=True):
    """An amount in yuan: figures 小写, and words 大写 as declared."""

    figures: Decimal10
    words: Line


class Document(Frozen, frozen=True, kw_only=True):
    """What every document has."""

    case: CaseHead
    rehearsal: bool
    record: RecordMark
    issued_at: Stamp
    signers: tuple[SignerBox, ...] = ()


class NamedValue(Frozen, frozen=True, kw_only=True):
    """A name and what it says, e.g. 交货期 / 30 日."""

    name: Line
    value: Text


class Incident(Frozen, frozen=True, kw_only=True):
    """Something that happened and belongs into the document."""

    at: Stamp
    text: Text


class Objection(Frozen, frozen=True, kw_only=True):
    """异议: raised on the spot, with its answer (87号令 art. 42)."""

    supplier: Line
    at: Stamp
    text: Text
    answer: Text = ""
    answered_at: Stamp | None = None


class OpeningBid(Frozen, frozen=True, kw_only=True):
    """One supplier's line of the opening record."""

    supplier: Line
    uscc: Line
    representative: Line = ""
    sign_in: Line = ""  # level and time in words, or 未参加
    received_at: Stamp
    receipt_hash: HexDigest
    seal_state: Line  # 与回执一致, …
    outcome: Line  # 已解密, 解密失败（供应商原因）, …
    outcome_reason: Text = ""
    price: Money | None = None
    declared: tuple[NamedValue, ...] = ()  # what else is read: 交货期, 质量承诺, …
    confirmation: Line = ""  # 已确认, 视同认可, 有异议
    signing: Line = ""  # 拒签（理由）, 未参加视同认可; empty when a signature is expected


class OpeningRecord(Document, frozen=True, kw_only=True):
    """开标记录表 (87号令 art. 41-42); as ``consultation`` 响应文件开启记录表, which names no price."""

    variant: Literal["tender", "consultation"]
    place: Line
    deadline: Stamp
    opened_at: Stamp
    officer: Line
    clerk: Line
    supervisors: tuple[Line, ...] = ()
    opening_policy: Line = ""
    ceiling: Money | None = None
    bids: tuple[OpeningBid, ...]
    objections: tuple[Objection, ...] = ()
    incidents: tuple[Incident, ...] = ()
    waivers: tuple[Text, ...] = ()


class BidReceipt(Document, frozen=True, kw_only=True):
    """投标（响应）文件签收回执 (87号令 art. 33)."""

    act: Literal["submitted", "replaced", "withdrawn"]
    supplier: Line
    uscc: Line
    envelope_id: Line
    header_hash: HexDigest
    size: Annotated[int, Meta(ge=0)]  # bytes
    received_at: Stamp
    deadline: Stamp
    seal_state: Line
    earlier_hash: HexDigest | None = None  # of the envelope that was replaced or withdrawn
    host_fingerprint: Line = ""


class Commitment(Document, frozen=True, kw_only=True):
    """评审诚信廉政承诺书, with recusal and confidentiality, one per member."""

    member: Line
    role: Line  # 评审专家, 采购人代表
    organisation: Line = ""
    suppliers: tuple[Line, ...]
    read_seconds: Annotated[int, Meta(ge=0)]
    declaration: Text = ""  # what the member declares about recusal; empty: nothing to declare


class Question(Frozen, frozen=True, kw_only=True):
    """One point of a clarification letter."""

    reference: Line  # where in the bid
    text: Text


class ClarificationAnswer(Frozen, frozen=True, kw_only=True):
    """The supplier's answer, point by point."""

    answered_at: Stamp
    answered_by: Line
    answers: tuple[Text, ...]
    attachments: tuple[NamedValue, ...] = ()  # file name, SHA-256


class ClarificationLetter(Document, frozen=True, kw_only=True):
    """澄清函, and with ``answer`` 澄清答复 (87号令 art. 51)."""

    number: Line
    supplier: Line
    asked_at: Stamp
    answer_by: Stamp
    questions: tuple[Question, ...]
    answer: ClarificationAnswer | None = None
    defaulted: bool = False  # the clock ran out without an answer


class Criterion(Frozen, frozen=True, kw_only=True):
    """评审因素: one line of the score model."""

    code: Line
    name: Line
    group: Line = ""  # 商务, 技术, 价格
    maximum: Decimal10
    objective: bool = False
    standard: Text = ""


class Mark(Frozen, frozen=True, kw_only=True):
    """One score with its reason."""

    score: Decimal10
    reason: Text = ""


class ScoreSheet(Document, frozen=True, kw_only=True):
    """评分表 of one member: ``marks[criterion][supplier]``, in the order of the two lists."""

    member: Line
    role: Line
    suppliers: tuple[Line, ...]
    criteria: tuple[Criterion, ...]
    marks: tuple[tuple[Mark, ...], ...]
    totals: tuple[Decimal10, ...]
    sealed_hash: HexDigest | None = None  # commitment of the sealed sheet


class ReviewItem(Frozen, frozen=True, kw_only=True):
    """资格性 / 符合性审查项."""

    code: Line
    name: Line
    requirement: Text = ""


class Finding(Frozen, frozen=True, kw_only=True):
    """One cell of a review table."""

    passed: bool
    note: Text = ""


class ReviewConclusion(Frozen, frozen=True, kw_only=True):
    """What a review ends in for one supplier; ``votes`` e.g. 通过 5 票，不通过 0 票."""

    supplier: Line
    passed: bool
    reason: Text = ""
    votes: Line = ""


class ReviewTable(Frozen, frozen=True, kw_only=True):
    """``findings[item][supplier]``; the suppliers are those of ``conclusions``, in that order."""

    reviewers: tuple[Line, ...]
    items: tuple[ReviewItem, ...]
    findings: tuple[tuple[Finding, ...], ...]
    conclusions: tuple[ReviewConclusion, ...]


class QualificationRecord(Document, frozen=True, kw_only=True):
    """资格审查表 (87号令 art. 44: by purchaser and agency, after the opening)."""

    reviewed_at: Stamp
    review: ReviewTable
    qualified: Annotated[int, Meta(ge=0)]
    minimum: Annotated[int, Meta(ge=0)]


class AcceptanceItem(Frozen, frozen=True, kw_only=True):
    """One technical, service or safety requirement of the contract, and how it was met."""

    name: Line
    required: Text
    found: Text
    passed: bool


class AcceptanceCertificate(Document, frozen=True, kw_only=True):
    """验收书 (政府采购法 art. 41, 实施条例 art. 45): made from the contract, after a case's record has ended."""

    supplier: Line
    contract_number: Line
    contract_date: Stamp
    accepted_at: Stamp
    place: Line
    amount: Money
    items: Annotated[tuple[AcceptanceItem, ...], Meta(min_length=1)]
    conclusion: Literal["passed", "partly", "failed"]
    opinion: Text = ""
