"""Events of the opening room 开标 and of the qualification review by officer and purchaser 资格审查."""

from decimal import Decimal

import msgspec

from app.procurement.bid import BidPayload, Evidence
from app.session.rules.event import Event, Grave


class DisciplineRead(Event, frozen=True, kw_only=True):
    """宣布纪律."""


class BidderListPublished(Event, frozen=True, kw_only=True):
    """公布投标人名单 (tender): USCCs of the valid bids; visible to all who attend."""

    bidders: tuple[str, ...]
    names: tuple[str, ...]


class RecusalRaised(Event, frozen=True, kw_only=True):
    """申请回避."""

    recusal: str
    about: str
    reason: str


class RecusalRuled(Event, frozen=True, kw_only=True):
    """回避决定."""

    recusal: str
    granted: bool
    reason: str


class SealMatched(Event, frozen=True, kw_only=True):
    """密封核对一致: the stored envelope's header equals the receipt's."""

    supplier: str
    header_sha256: str
    size: int


class SealMismatch(Event, frozen=True, kw_only=True):
    """密封核对不一致: found by the host or raised by the supplier."""

    supplier: str
    raised_by: str
    reason: str


class SealMismatchRuled(Event, frozen=True, kw_only=True):
    """不一致的处理: with reason; ``admitted`` true when the bid goes on."""

    supplier: str
    admitted: bool
    reason: str


class SealConfirmed(Event, frozen=True, kw_only=True):
    """供应商确认密封; ``by_clock`` when it said nothing in time."""

    supplier: str
    by_clock: bool = False


class ShareReleased(Event, frozen=True, kw_only=True):
    """放行份额: for a bid's header; the share itself travels wrapped to the host and lies in the confidential part."""

    header_sha256: str
    commitment: str
    share_sha256: str
    grave: Grave


class SupplierKeyReleased(Event, frozen=True, kw_only=True):
    """供应商解密: the supplier's own layer; ``recovered`` from the paper announced at submission."""

    supplier: str
    header_sha256: str
    commitment: str
    share_sha256: str
    grave: Grave
    recovered: bool = False


class BidDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file inside an opened bid: shown by name, fetched by digest."""

    name: str
    size: int
    sha256: str
    media_type: str


class BidOpened(Event, frozen=True, kw_only=True):
    """解密成功: digests only; what the bid says stays in the confidential part until the method lets it out."""

    supplier: str
    header_sha256: str
    manifest_sha256: str
    documents: tuple[BidDocument, ...]


class DecryptionFailed(Event, frozen=True, kw_only=True):
    """解密失败: cause code and telemetry (tries, seconds, connection)."""

    supplier: str
    cause: str
    telemetry: dict[str, str]


class DecryptionTroubled(Event, frozen=True, kw_only=True):
    """解密遇到困难, said by the supplier's desk; the window goes on."""

    supplier: str
    cause: str
    telemetry: dict[str, str]


class FailureAttributed(Event, frozen=True, kw_only=True):
    """责任认定: ``supplier`` 视为撤销, ``platform`` 视为撤回 (电子招标投标办法 art. 31), with reason."""

    supplier: str
    attribution: str
    reason: str


class BackupAdmitted(Event, frozen=True, kw_only=True):
    """启用备用文件: with reason; it must be what the supplier committed to when it submitted."""

    supplier: str
    reason: str


class BackupHandedIn(Event, frozen=True, kw_only=True):
    """提交备用文件: the file lies in the confidential part; whether it is the one shows when it is opened."""

    supplier: str
    backup_sha256: str


class PriceCalled(Event, frozen=True, kw_only=True):
    """请唱标: the officer calls one supplier's price."""

    supplier: str


class PriceRead(Event, frozen=True, kw_only=True):
    """唱标: one supplier's price schedule, read to all (tender only)."""

    supplier: str
    bid: BidPayload


class PriceConfirmed(Event, frozen=True, kw_only=True):
    """报价确认; ``by_clock`` when it said nothing in time."""

    supplier: str
    total: Decimal
    by_clock: bool = False
    grave: Grave | None = None


class PriceDisputed(Event, frozen=True, kw_only=True):
    """报价异议."""

    supplier: str
    text: str


class ObjectionRaised(Event, frozen=True, kw_only=True):
    """提出异议."""

    objection: str
    supplier: str
    text: str


class ObjectionAnswered(Event, frozen=True, kw_only=True):
    """答复异议."""

    objection: str
    text: str


class ObjectionAdjourned(Event, frozen=True, kw_only=True):
    """异议另行处理."""

    objection: str
    reason: str


class NoObjection(Event, frozen=True, kw_only=True):
    """无异议."""

    supplier: str
    by_clock: bool = False


class BidsHandedOn(Event, frozen=True, kw_only=True):
    """移交评审: what the bids say, to those who review them (agency and purchaser, or the group)."""

    bids: dict[str, BidPayload]


class ItemReviewed(Event, frozen=True, kw_only=True):
    """逐项审查: one reviewer's personal sheet of one stage for one supplier, item → passed, and why and where."""

    stage: str
    supplier: str
    reviewer: str
    passed: dict[str, bool]
    reasons: dict[str, str]
    evidence: dict[str, Evidence] = msgspec.field(default_factory=dict)


class ReviewDecided(Event, frozen=True, kw_only=True):
    """审查结论: by majority (or by officer and purchaser); ``failed_items`` by id; dissenters with reasons."""

    stage: str
    supplier: str
    passed: bool
    failed_items: tuple[str, ...]
    dissent: dict[str, str]


class InvalidDeclared(Event, frozen=True, kw_only=True):
    """无效投标/响应: ground and article; ``stage`` where."""

    stage: str
    supplier: str
    ground: str


class InvalidNotified(Event, frozen=True, kw_only=True):
    """告知."""

    supplier: str
