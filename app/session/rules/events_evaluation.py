"""Events of the evaluation room 评审."""

from datetime import datetime
from decimal import Decimal

import msgspec

from app.procurement.bid import Evidence, PriceSchedule
from app.session.rules.event import Event, Grave

Scores = dict[str, dict[str, Decimal]]
"""supplier USCC → criterion id → points."""


class PhoneLocked(Event, frozen=True, kw_only=True):
    """手机入柜, ticked at the site."""

    person: str


class PlacePolicyChecked(Event, frozen=True, kw_only=True):
    """场所核验."""

    person: str
    note: str


class CommitmentSigned(Event, frozen=True, kw_only=True):
    """签署承诺书, after the forced reading."""

    person: str
    text_sha256: str
    grave: Grave


class RecusalDeclared(Event, frozen=True, kw_only=True):
    """申请回避 by a member."""

    person: str
    reason: str


class MemberRecusalRuled(Event, frozen=True, kw_only=True):
    """回避决定."""

    person: str
    granted: bool
    reason: str


class MemberReplaced(Event, frozen=True, kw_only=True):
    """更换评委: the old opinions are void (87号令 art. 49). ``substitute`` may be empty."""

    person: str
    substitute: str
    reason: str


class LeaderVoteCast(Event, frozen=True, kw_only=True):
    """推选投票: seen by nobody else until all are in."""

    voter: str
    candidate: str
    round: int


class LeaderElected(Event, frozen=True, kw_only=True):
    """组长."""

    person: str
    round: int
    votes: dict[str, int]


class LeaderTied(Event, frozen=True, kw_only=True):
    """票数相同, a new round."""

    round: int
    votes: dict[str, int]


class ClarificationAsked(Event, frozen=True, kw_only=True):
    """要求澄清: in writing, with a clock (87号令 art. 51)."""

    clarification: str
    supplier: str
    text: str
    purpose: str
    until: datetime


class ClarificationAnswered(Event, frozen=True, kw_only=True):
    """澄清答复: signed; ``confirmed`` says yes or no to a correction, None for a plain question."""

    clarification: str
    text: str
    grave: Grave
    confirmed: bool | None = None


class ClarificationDefaulted(Event, frozen=True, kw_only=True):
    """逾期未答."""

    clarification: str


class SupplierCalled(Event, frozen=True, kw_only=True):
    """请供应商入场."""

    supplier: str


class TalkStarted(Event, frozen=True, kw_only=True):
    """磋商开始."""

    supplier: str


class TalkEnded(Event, frozen=True, kw_only=True):
    """磋商结束."""

    supplier: str
    seconds: int


class RequirementChanged(Event, frozen=True, kw_only=True):
    """变动采购需求: to all at once; proposed by the leader, in force when the purchaser's member confirms."""

    change: str
    text: str


class RequirementConfirmed(Event, frozen=True, kw_only=True):
    """采购人代表确认."""

    change: str


class ResponseResubmitted(Event, frozen=True, kw_only=True):
    """重新提交响应."""

    supplier: str
    change: str
    text: str
    grave: Grave


class ResponseVoted(Event, frozen=True, kw_only=True):
    """重新审查表决."""

    voter: str
    supplier: str
    change: str
    passed: bool


class ResponseRechecked(Event, frozen=True, kw_only=True):
    """重新审查: by majority."""

    supplier: str
    change: str
    passed: bool
    votes: dict[str, bool]


class SupplierWithdrew(Event, frozen=True, kw_only=True):
    """退出磋商, before the final quote."""

    supplier: str
    reason: str


class HoldersFixed(Event, frozen=True, kw_only=True):
    """密封对象: quotes or sheets are sealed to k of these members' certificates (base64 DER)."""

    purpose: str
    k: int
    holders: dict[str, str]


class QuoteSealed(Event, frozen=True, kw_only=True):
    """递交最后报价: sealed to the members."""

    supplier: str
    header_sha256: str
    envelope_sha256: str
    size: int


class SealedShareReleased(Event, frozen=True, kw_only=True):
    """委员放行份额 for quotes or sheets: one act releases the member's share of every envelope of that purpose."""

    purpose: str
    shares: dict[str, str]
    grave: Grave


class QuotesOpened(Event, frozen=True, kw_only=True):
    """开启最后报价: opened together, to the group only."""

    quotes: dict[str, PriceSchedule]
    failed: dict[str, str]


class CorrectionFound(Event, frozen=True, kw_only=True):
    """算术修正: to be confirmed by the supplier (87号令 art. 59)."""

    supplier: str
    clarification: str
    corrected: Decimal
    steps: tuple[str, ...]


class PricesFixed(Event, frozen=True, kw_only=True):
    """报价确定: the raw quotes in yuan, after confirmed corrections, of all who are still in; what counts."""

    quotes: dict[str, Decimal]


class LowPriceDoubted(Event, frozen=True, kw_only=True):
    """认为报价异常: a member moves that a quote be reviewed, though no computed condition holds."""

    supplier: str
    member: str
    reason: str


class LowPriceDoubtVoted(Event, frozen=True, kw_only=True):
    """启动异常低价审查表决."""

    supplier: str
    voter: str
    review: bool
    reason: str


class LowPriceDoubtRuled(Event, frozen=True, kw_only=True):
    """是否启动异常低价审查: by more than half of the members; ``by_clock`` when not all had voted in time."""

    supplier: str
    review: bool
    votes: dict[str, bool]
    by_clock: bool = False


class LowPriceTriggered(Event, frozen=True, kw_only=True):
    """异常低价审查启动: which conditions, with the figures."""

    supplier: str
    triggers: tuple[str, ...]
    until: datetime


class ExplanationFiled(Event, frozen=True, kw_only=True):
    """成本说明."""

    supplier: str
    text: str
    grave: Grave


class LowPriceVoted(Event, frozen=True, kw_only=True):
    """异常低价表决."""

    voter: str
    supplier: str
    valid: bool
    reason: str


class LowPriceRuled(Event, frozen=True, kw_only=True):
    """异常低价认定: by majority."""

    supplier: str
    valid: bool
    votes: dict[str, bool]


class SheetSealed(Event, frozen=True, kw_only=True):
    """提交评分: sealed to the members; nobody reads it before all are in."""

    member: str
    header_sha256: str
    envelope_sha256: str
    size: int


class OpenedSheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """评分表: points, reasons and where in the bids they are found, as the member sealed them."""

    scores: Scores
    reasons: dict[str, dict[str, str]]
    evidence: dict[str, dict[str, Evidence]] = {}


class SheetsOpened(Event, frozen=True, kw_only=True):
    """评分开启: all at once."""

    sheets: dict[str, OpenedSheet]
    failed: dict[str, str]


class SheetReopened(Event, frozen=True, kw_only=True):
    """评分退回: only on a ground of art. 64; the old sheet stays in the record."""

    member: str
    ground: str
    reason: str


class Standing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """排名中的一行."""

    supplier: str
    rank: int
    total: Decimal
    technical: Decimal
    price_score: Decimal
    quote: Decimal
    evaluation_price: Decimal


class CheckFinding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """核对发现: a code, and where; what does not apply is empty. Deviations have no criterion."""

    code: str
    member: str
    supplier: str
    criterion: str


class TotalsComputed(Event, frozen=True, kw_only=True):
    """汇总: computed by the host, derived again by replay."""

    standings: tuple[Standing, ...]
    findings: tuple[CheckFinding, ...]
    deviations: tuple[CheckFinding, ...]


class DeviationReasoned(Event, frozen=True, kw_only=True):
    """偏差说明."""

    member: str
    supplier: str
    criterion: str
    reason: str


class TieResolved(Event, frozen=True, kw_only=True):
    """并列的处理: by the method's rule."""

    order: tuple[str, ...]
    rule: str


class RankingConfirmed(Event, frozen=True, kw_only=True):
    """确认排名 by the leader; the candidates in order."""

    candidates: tuple[str, ...]


class AgencyChecked(Event, frozen=True, kw_only=True):
    """采购代理机构核对: no ground of art. 64 found."""


class ReCheckAsked(Event, frozen=True, kw_only=True):
    """要求复核: in writing, with the ground."""

    ground: str
    reason: str


class ReCheckAnswered(Event, frozen=True, kw_only=True):
    """复核答复: done or refused with reason (recorded and reported)."""

    accepted: bool
    reason: str


class DissentFiled(Event, frozen=True, kw_only=True):
    """不同意见."""

    person: str
    text: str
