"""What the evaluation report (评审报告) and the result notice (结果公告) say; see :mod:`app.session.documents_data`."""

from typing import Annotated

from msgspec import Meta

from app.session.documents_data import Decimal10, Document, Frozen, Line, Money, NamedValue, ReviewTable, Stamp, Text


class Announcement(Frozen, frozen=True, kw_only=True):
    """刊登采购公告的媒体 and when."""

    media: Line
    published_at: Stamp
    title: Line = ""


class ReportBidder(Frozen, frozen=True, kw_only=True):
    """A supplier in the report's list, with what the opening record says of it."""

    supplier: Line
    uscc: Line
    outcome: Line
    price: Money | None = None  # read in a tender; final quote otherwise


class Member(Frozen, frozen=True, kw_only=True):
    """评审委员会成员."""

    name: Line
    role: Line
    organisation: Line = ""
    leader: bool = False


class MemberChange(Frozen, frozen=True, kw_only=True):
    """A member replaced (87号令 art. 49)."""

    at: Stamp
    left: Line
    joined: Line = ""
    reason: Text


class InvalidBid(Frozen, frozen=True, kw_only=True):
    """无效投标（响应） with ground and article."""

    supplier: Line
    ground: Text
    article: Line = ""


class ScoreRow(Frozen, frozen=True, kw_only=True):
    """One criterion of the scoring matrix: per supplier the members' average."""

    criterion: Line
    maximum: Decimal10
    scores: tuple[Decimal10, ...]


class MemberTotals(Frozen, frozen=True, kw_only=True):
    """One member's totals (without price), per supplier."""

    member: Line
    totals: tuple[Decimal10, ...]


class ScoringMatrix(Frozen, frozen=True, kw_only=True):
    """评分汇总: columns are ``suppliers``."""

    suppliers: tuple[Line, ...]
    rows: tuple[ScoreRow, ...]
    members: tuple[MemberTotals, ...]
    price: tuple[Decimal10, ...]
    totals: tuple[Decimal10, ...]
    notes: tuple[Text, ...] = ()  # deviations explained, art. 64 re-checks


class PriceScore(Frozen, frozen=True, kw_only=True):
    """How one price score came about: each step in words and figures (87号令 art. 55, 59)."""

    supplier: Line
    quote: Money
    steps: tuple[NamedValue, ...]
    evaluation_price: Decimal10
    score: Decimal10


class PriceScores(Frozen, frozen=True, kw_only=True):
    """价格分计算."""

    formula: Line
    base: Decimal10
    weight: Decimal10
    scores: tuple[PriceScore, ...]


class Rank(Frozen, frozen=True, kw_only=True):
    """One line of the ranking; ``note`` says how a tie was resolved."""

    rank: Annotated[int, Meta(ge=1)]
    supplier: Line
    total: Decimal10
    quote: Decimal10
    recommended: bool = False
    note: Text = ""


class ClarificationEntry(Frozen, frozen=True, kw_only=True):
    """A clarification as the report tells it."""

    at: Stamp
    supplier: Line
    question: Text
    answer: Text


class LowPriceReview(Frozen, frozen=True, kw_only=True):
    """异常低价审查 (财库〔2026〕2号)."""

    supplier: Line
    quote: Decimal10
    triggers: tuple[Text, ...]
    explanation: Text = ""
    ruling: Text
    votes: Line = ""


class Dissent(Frozen, frozen=True, kw_only=True):
    """不同意见及理由 (87号令 art. 61)."""

    member: Line
    opinion: Text
    reason: Text


class EvaluationReport(Document, frozen=True, kw_only=True):
    """评审报告 with the contents of 87号令 art. 58."""

    announcements: tuple[Announcement, ...]
    opened_at: Stamp
    opening_place: Line
    started_at: Stamp
    ended_at: Stamp
    place: Line
    method: Text
    bidders: tuple[ReportBidder, ...]
    committee: tuple[Member, ...]
    opening: Text  # what the opening record says, in short
    qualification: ReviewTable | None = None
    conformity: ReviewTable | None = None
    invalid: tuple[InvalidBid, ...] = ()
    low_price: tuple[LowPriceReview, ...] = ()
    scoring: ScoringMatrix | None = None
    price_scores: PriceScores | None = None
    ranking: tuple[Rank, ...] = ()
    clarifications: tuple[ClarificationEntry, ...] = ()
    member_changes: tuple[MemberChange, ...] = ()
    dissents: tuple[Dissent, ...] = ()
    deemed_agreed: tuple[Line, ...] = ()
    other: tuple[Text, ...] = ()
    result: Text


class Award(Frozen, frozen=True, kw_only=True):
    """中标（成交）供应商 as the notice names it (87号令 art. 69)."""

    supplier: Line
    uscc: Line = ""
    address: Line = ""
    amount: Money
    score: Decimal10 | None = None
    subject: Text = ""  # name, quantity, specification of what is bought


class ResultNotice(Document, frozen=True, kw_only=True):
    """中标（成交）结果公告."""

    announcements: tuple[Announcement, ...] = ()
    published_at: Stamp
    notice_until: Stamp
    awards: tuple[Award, ...]
    committee: tuple[Line, ...]
    fee: Line = ""
    contacts: tuple[NamedValue, ...] = ()
    other: tuple[Text, ...] = ()
    failed: Text = ""  # 废标 / 终止: the ground; then there are no awards
