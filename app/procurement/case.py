"""The procurement case as a file 采购项目文件: project, lots, criteria, policies. People come by events, not here."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from app.errors import InputError
from app.procurement.data import Count, Digest, Key, Moment, Name, Number, Seconds, Text, decode

CASE_FILE_LIMIT = 1_048_576
"""Bytes that a case file may have."""

Category = Literal["goods", "services", "works"]
Party = Literal["agency", "purchaser", "supervisor"]


class Organisation(Struct, frozen=True, forbid_unknown_fields=True):
    """An organisation 单位 with its unified social credit code 统一社会信用代码 (GB 32100)."""

    name: Name
    uscc: Annotated[str, Meta(pattern="^[0-9A-HJ-NP-RTUW-Y]{18}$")]


class Level(Struct, frozen=True, forbid_unknown_fields=True):
    """One level 档次 of a subjective criterion: marks from ``low`` to ``high``, both included."""

    name: Name
    low: Decimal
    high: Decimal
    text: Text = ""


class PerUnit(Struct, frozen=True, forbid_unknown_fields=True, tag_field="model", tag="per_unit"):
    """So many points for each: ``min(fact x each, cap)``; the fact is a declared whole number."""

    fact: Key
    each: Decimal
    cap: Decimal


class Tier(Struct, frozen=True, forbid_unknown_fields=True):
    """From ``at_least`` (included) on, ``score`` points."""

    at_least: Decimal
    score: Decimal


class Tiers(Struct, frozen=True, forbid_unknown_fields=True, tag_field="model", tag="tiers"):
    """The highest tier reached by a declared number counts; below the lowest there are no points."""

    fact: Key
    tiers: Annotated[tuple[Tier, ...], Meta(min_length=1, max_length=20)]


class Match(Struct, frozen=True, forbid_unknown_fields=True, tag_field="model", tag="match"):
    """Points by the declared word, e.g. a title or a class of certificate; yes/no facts are ``"true"``/``"false"``."""

    fact: Key
    scores: Annotated[dict[str, Decimal], Meta(min_length=1, max_length=50)]


ObjectiveRule = PerUnit | Tiers | Match


class Criterion(Struct, frozen=True, forbid_unknown_fields=True):
    """One scoring criterion 评分项.

    Attributes:
        kind: ``subjective`` is marked by each member; ``objective`` is computed by ``rule`` or, without one, typed
            and equal for all members; ``price`` is computed after all sheets are in.
        aspect: 商务 business or 技术 technical; technical marks break ties where the method says so.
        evidence: the bid document (its ``kind``) where a reader finds what the criterion is about.
    """

    id: Key
    name: Name
    kind: Literal["subjective", "objective", "price"]
    max_score: Decimal
    aspect: Literal["technical", "business", "price"] = "technical"
    text: Text = ""
    levels: Annotated[tuple[Level, ...], Meta(max_length=10)] = ()
    rule: ObjectiveRule | None = None
    evidence: str = ""


class ReviewItem(Struct, frozen=True, forbid_unknown_fields=True):
    """One item of the qualification 资格审查项 or conformity review 符合性审查项; a mandatory one decides."""

    id: Key
    text: Annotated[str, Meta(min_length=1, max_length=1000)]
    mandatory: bool = True


class Lot(Struct, frozen=True, forbid_unknown_fields=True):
    """One lot 采购包/标项; budget 预算 and ceiling 最高限价 in yuan."""

    id: Key
    name: Name
    budget: Decimal
    criteria: Annotated[tuple[Criterion, ...], Meta(min_length=1, max_length=100)]
    qualification: Annotated[tuple[ReviewItem, ...], Meta(min_length=1, max_length=100)]
    conformity: Annotated[tuple[ReviewItem, ...], Meta(min_length=1, max_length=200)]
    ceiling: Decimal | None = None
    fixed_price: bool = False


class OpenerSeat(Struct, frozen=True, forbid_unknown_fields=True):
    """A named person who holds a key share 开标人."""

    id: Key
    name: Name
    party: Party


class MustSupervisor(Struct, frozen=True, forbid_unknown_fields=True):
    """A supervisor whose share is needed 监督人员份额, with what happens when nobody gives it.

    Attributes:
        supervisor: person; ``substitute``: the named person who may act instead.
        default: ``escrow`` opens the paper shares in escrow after the decryption window; ``fail`` closes the case.
    """

    supervisor: Name
    substitute: Name
    default: Literal["escrow", "fail"] = "escrow"


class OpeningPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """Who must act together to open a bid 开启策略: the supplier's layer, ``k`` of the openers' shares, or both."""

    layers: Literal["both", "supplier", "openers"] = "both"
    k: Annotated[int, Meta(ge=0, le=16)] = 2
    openers: Annotated[tuple[OpenerSeat, ...], Meta(max_length=16)] = ()
    must: MustSupervisor | None = None
    recovery: bool = False
    """Suppliers may keep their layer's share on paper as well 纸质恢复份额; that one did is announced at submission."""


class PlacePolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """Where people sit 场所: an equipped site, sub-venues 副场, or dispersed (which needs a filed ground)."""

    kind: Literal["equipped_site", "sub_venues", "dispersed"] = "equipped_site"
    site: str = ""
    ground: Text = ""


class Committee(Struct, frozen=True, forbid_unknown_fields=True):
    """The committee to be formed 评标委员会/磋商小组: ``size`` members, ``experts`` of them 评审专家."""

    size: Annotated[int, Meta(ge=1, le=31)]
    experts: Annotated[int, Meta(ge=0, le=31)]
    complex: bool = False


class LowPriceRatios(Struct, frozen=True, forbid_unknown_fields=True):
    """Ratios (0..1) that start the low-price review; None takes the rule pack's, which also bounds them (≤ 65 %)."""

    mean: Decimal | None = None
    second_lowest: Decimal | None = None
    limit: Decimal | None = None


class PricePolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """Policy deductions 价格扣除 fixed in the procurement document; a rate (0..1) that is None is not granted.

    Attributes:
        set_aside: reserved for small and micro enterprises 专门面向中小企业, so no deduction for them.
        small_rate: small and micro enterprises, prison enterprises, welfare units for the disabled.
        joint_rate: consortium or subcontract with a small-enterprise share of at least the pack's minimum.
        domestic: whether the domestic-product deduction 本国产品 applies (its rate is the rule pack's).
    """

    set_aside: bool = False
    small_rate: Decimal | None = None
    joint_rate: Decimal | None = None
    domestic: bool = False


class Windows(Struct, frozen=True, forbid_unknown_fields=True):
    """Clocks of the rooms in seconds; None takes the rule pack's default. Shorter ones are marked as rehearsal."""

    seal_check: Seconds | None = None
    decrypt: Seconds | None = None
    confirm: Seconds | None = None
    objections: Seconds | None = None
    sign: Seconds | None = None
    commitment: Seconds | None = None
    leader: Seconds | None = None
    review: Seconds | None = None
    clarify: Seconds | None = None
    talk: Seconds | None = None
    resubmit: Seconds | None = None
    quote: Seconds | None = None
    explanation: Seconds | None = None
    scoring: Seconds | None = None
    report: Seconds | None = None


class CaseFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The case file 采购项目文件: everything that is fixed before the first bid. ``docs/case-file.md`` describes it.

    Attributes:
        notice_date: 公告日期; pins the rules in force.
        document_digest: SHA-256 of the procurement document 采购文件, hex.
        deadline: end of receipt = opening time, with a zone.
        count_exception: name of a lawful exception to the minimum counts that the case relies on, as in the rule
            pack (e.g. ``government_service``).
        sign_in: levels of identity that this case accepts (SESSION: levels).
        rehearsal: marks a rehearsal; such a case never counts.
    """

    schema: Literal["bidroom.case/1"] = "bidroom.case/1"
    project_number: Number
    project_name: Name
    purchaser: Organisation
    agency: Organisation
    category: Category
    method: Key
    notice_date: date
    deadline: Moment
    place: Name
    lots: Annotated[tuple[Lot, ...], Meta(min_length=1, max_length=50)]
    committee: Committee
    opening_policy: OpeningPolicy
    document_digest: Digest | None = None
    place_policy: PlacePolicy = PlacePolicy()
    bid_source: Literal["bid_box", "platform_export"] = "bid_box"
    windows: Windows = Windows()
    low_price: LowPriceRatios = LowPriceRatios()
    price_policy: PricePolicy = PricePolicy()
    count_exception: Key | None = None
    candidates: Count = 3
    sign_in: Annotated[
        tuple[Literal["personal_token", "organisation_token", "staff_verified"], ...], Meta(min_length=1, max_length=3)
    ] = ("personal_token", "organisation_token", "staff_verified")
    rehearsal: bool = False


class LotCase(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One lot with all that holds for it: what a room works with. One record = one lot (一标段一卷, DA/T 103)."""

    case_id: str
    project_number: str
    project_name: str
    purchaser: Organisation
    agency: Organisation
    category: Category
    method: str
    notice_date: date
    deadline: Moment
    place: str
    lot: Lot
    committee: Committee
    opening_policy: OpeningPolicy
    document_digest: str | None
    place_policy: PlacePolicy
    bid_source: Literal["bid_box", "platform_export"]
    windows: Windows
    low_price: LowPriceRatios
    price_policy: PricePolicy
    count_exception: str | None
    candidates: int
    sign_in: tuple[str, ...]
    rehearsal: bool

    @property
    def limit(self) -> Decimal:
        """The ceiling 最高限价 or, without one, the budget: what a quote may not exceed, in yuan."""
        return self.lot.budget if self.lot.ceiling is None else self.lot.ceiling

    @property
    def price_criterion(self) -> Criterion | None:
        """The price criterion, or None where the price is fixed and so not scored."""
        return next((item for item in self.lot.criteria if item.kind == "price"), None)


def parse_case_file(data: bytes) -> CaseFile:
    """Read a case file (JSON, UTF-8); what it means is checked by :func:`app.procurement.case_checks.case_problems`.

    Raises:
        InputError: ``case.too_large``, ``case.not_json``, ``case.field_missing``, ``case.field_unknown``,
            ``case.field_wrong``, ``case.number``, ``case.text``; facts name the field.
    """
    return decode(data, CaseFile, CASE_FILE_LIMIT, "case")


def lot_case(case_file: CaseFile, lot_id: str) -> LotCase:
    """The flat view of one lot; ``case_id`` is ``<project number>/<lot id>``.

    Raises:
        InputError: ``case.lot_unknown``.
    """
    lot = next((lot for lot in case_file.lots if lot.id == lot_id), None)
    if lot is None:
        raise InputError("case.lot_unknown", lot=lot_id)
    shared = {
        name: getattr(case_file, name) for name in LotCase.__struct_fields__ if name not in ("case_id", "lot")
    }  # fmt: skip
    return LotCase(case_id=f"{case_file.project_number}/{lot_id}", lot=lot, **shared)
