"""The procurement methods 采购方式 as data: phases, counts, flags, names of rules. Nobody asks ``if method ==``.

Sources: 财政部令第87号 (public tender), 财库〔2014〕214号 (competitive consultation). Figures are in the rule pack; a
reference such as ``"minimum.bids"`` names a rule there, qualified by the method's code.
"""

from typing import Literal

from msgspec import Struct

from app.errors import InputError

Room = Literal["opening", "between", "evaluation"]
Counted = Literal["bids", "qualified", "conforming", "continuing"]


class Phase(Struct, frozen=True):
    """One phase of a room 环节.

    Attributes:
        name: as in SESSION.md; unique within a method.
        moved_by: who moves on: ``officer``, ``leader``, ``clock``, ``all`` (everyone waited for has acted),
            ``votes``; any of them suffices.
        gates: codes of what must hold to enter, checked by the session's rules.
        window: name of the clock (a field of ``Windows``), or None.
        default: code of what is recorded for whoever has not acted when the window ends, or None.
    """

    name: str
    room: Room
    moved_by: tuple[str, ...]
    gates: tuple[str, ...] = ()
    window: str | None = None
    default: str | None = None


class CountCheck(Struct, frozen=True):
    """A minimum count 最低家数: before entering ``phase``, at least ``rule``'s figure of what ``counted`` names."""

    phase: str
    counted: Counted
    rule: str


class Deemed(Struct, frozen=True):
    """Who is taken to agree 视同同意 without signing: on what, on which conduct, by which rule."""

    document: Literal["opening_record", "evaluation_report"]
    conduct: Literal["absent", "silent", "refused_without_reason"]
    basis: Literal["law", "document"]
    rule: str


class Method(Struct, frozen=True):
    """A procurement method 采购方式.

    Attributes:
        code: e.g. ``public_tender``; ``term``: the legal term, as printed in documents.
        phases: all phases of the opening, between the rooms, and of the evaluation, in order.
        counts: minimum-count checks by phase.
        prices_read_to_all: prices are announced at the opening (唱标); otherwise only the committee learns them.
        bidder_list_published: suppliers' names are announced at the opening.
        suppliers_see_each_other: whether suppliers may see and hear each other in the opening room.
        qualification_by: ``agency`` (officer and purchaser) or ``group`` (the committee).
        members_barred_from_opening: 87号令第40条.
        requirement_may_change: technical, service and contract terms may change in talks (214号第20条).
        price_formula: 87号令 ``ratio_then_weight`` or 214号 ``weight_inside``; same number, different print.
        price_weight, committee, leader, deemed, period: names of rules in the pack.
        redo_grounds: codes of the only grounds on which a result may change (87号令第64条, 214号第32条).
        tie_rule: keys applied one after the other; what is still equal shares the rank.
        bid_term, record_term, committee_term, supplier_term: words of this method for documents and screens.
    """

    code: str
    term: str
    phases: tuple[Phase, ...]
    counts: tuple[CountCheck, ...]
    prices_read_to_all: bool
    bidder_list_published: bool
    suppliers_see_each_other: bool
    qualification_by: Literal["agency", "group"]
    members_barred_from_opening: bool
    requirement_may_change: bool
    price_formula: Literal["ratio_then_weight", "weight_inside"]
    price_weight: str
    committee: str
    leader: str
    period: str
    redo_grounds: tuple[str, ...]
    tie_rule: tuple[Literal["score_desc", "quote_asc", "technical_desc"], ...]
    deemed: tuple[Deemed, ...]
    bid_term: str
    record_term: str
    committee_term: str
    supplier_term: str

    def room(self, room: Room) -> tuple[Phase, ...]:
        """The phases of one room in order."""
        return tuple(phase for phase in self.phases if phase.room == room)

    def phase(self, name: str) -> Phase:
        """The phase of this name.

        Raises:
            InputError: ``method.no_such_phase``.
        """
        for phase in self.phases:
            if phase.name == name:
                return phase
        raise InputError("method.no_such_phase", method=self.code, phase=name)

    def has(self, name: str) -> bool:
        """Whether this method has a phase of this name."""
        return any(phase.name == name for phase in self.phases)

    def after(self, name: str) -> Phase | None:
        """The phase that follows ``name`` (across rooms), or None after the last."""
        following = self.phases[self.phases.index(self.phase(name)) + 1 :]
        return following[0] if following else None

    def counts_before(self, name: str) -> tuple[CountCheck, ...]:
        """The minimum counts to be met before entering a phase."""
        return tuple(check for check in self.counts if check.phase == name)

    def deemed_agreed(self, document: str, conduct: str) -> Deemed | None:
        """The rule by which this conduct counts as agreement with this document, if there is one."""
        return next((rule for rule in self.deemed if (rule.document, rule.conduct) == (document, conduct)), None)


_GATHERING = Phase("gathering", "opening", ("officer",), ("not_earlier_than_lead", "site_checked_or_waived"))
_DISCIPLINE = Phase("discipline", "opening", ("officer",), ("deadline_reached", "recording_runs", "minimum_counts"))
_SEAL_CHECK = Phase(
    "seal_check", "opening", ("officer",), ("recusals_ruled",), "seal_check", "seal_confirmed_by_default"
)
_DECRYPTING = Phase(
    "decrypting", "opening", ("officer", "clock"), ("seals_match_or_ruled",), "decrypt", "decryption_timed_out"
)
_READING = Phase("reading", "opening", ("officer",), ("bids_settled",), "confirm", "price_confirmed_by_default")
_OBJECTIONS = Phase("objections", "opening", ("officer", "clock"), (), "objections", "no_objection_by_default")
_SIGNING = Phase(
    "signing", "opening", ("officer", "clock"), ("objections_settled", "record_fixed"), "sign", "deemed_agreed"
)
_OPENING_CLOSED = Phase("opening_closed", "opening", (), ("undone_accepted",))

_ASSEMBLING = Phase(
    "assembling",
    "evaluation",
    ("officer",),
    ("opening_closed", "minimum_counts", "composition_lawful", "members_admissible", "place_held"),
)
_COMMITMENT = Phase("commitment", "evaluation", ("all", "clock"), ("members_present",), "commitment", "member_lost")
_LEADER = Phase("leader", "evaluation", ("votes",), ("all_committed",), "leader", "vote_missed")
_CONFORMITY = Phase("conformity", "evaluation", ("leader",), ("minimum_counts",), "review", "review_missed")
_LOW_PRICE = Phase(
    "low_price", "evaluation", ("leader",), ("minimum_counts", "prices_known"), "explanation", "no_explanation"
)
_SCORING = Phase(
    "scoring", "evaluation", ("all", "clock"), ("minimum_counts", "low_price_ruled"), "scoring", "sheet_missed"
)
_SUMMARY = Phase("summary", "evaluation", ("leader",), ("sheets_open",))
_AGENCY_CHECK = Phase("agency_check", "evaluation", ("officer",), ("ranking_confirmed",))
_REPORT = Phase("report", "evaluation", ("leader", "clock"), ("report_fixed",), "report", "deemed_agreed")
_EVALUATION_CLOSED = Phase("evaluation_closed", "evaluation", (), ("undone_accepted",))

PUBLIC_TENDER = Method(
    code="public_tender",
    term="公开招标",
    phases=(
        _GATHERING, _DISCIPLINE, _SEAL_CHECK, _DECRYPTING, _READING, _OBJECTIONS, _SIGNING, _OPENING_CLOSED,
        Phase("qualification", "between", ("officer",), ("opening_closed",), "review", "review_missed"),
        _ASSEMBLING, _COMMITMENT, _LEADER, _CONFORMITY, _LOW_PRICE, _SCORING, _SUMMARY, _AGENCY_CHECK, _REPORT,
        _EVALUATION_CLOSED,
    ),
    counts=(
        CountCheck("discipline", "bids", "minimum.public_tender"),
        CountCheck("assembling", "qualified", "minimum.public_tender"),
        CountCheck("conformity", "qualified", "minimum.public_tender"),
        CountCheck("low_price", "conforming", "minimum.public_tender"),
        CountCheck("scoring", "conforming", "minimum.public_tender"),
    ),
    prices_read_to_all=True,
    bidder_list_published=True,
    suppliers_see_each_other=True,
    qualification_by="agency",
    members_barred_from_opening=True,
    requirement_may_change=False,
    price_formula="ratio_then_weight",
    price_weight="price_weight.public_tender",
    committee="committee.public_tender",
    leader="leader.public_tender",
    period="period.public_tender",
    redo_grounds=("summing_error", "score_out_of_range", "objective_unequal", "abnormal_agreed"),
    tie_rule=("score_desc", "quote_asc"),
    deemed=(
        Deemed("opening_record", "absent", "law", "deemed.public_tender.absent"),
        Deemed("opening_record", "silent", "document", "deemed.public_tender.silent"),
        Deemed("evaluation_report", "silent", "law", "deemed.public_tender.report"),
        Deemed("evaluation_report", "refused_without_reason", "law", "deemed.public_tender.report"),
    ),
    bid_term="投标文件",
    record_term="开标记录表",
    committee_term="评标委员会",
    supplier_term="投标人",
)  # fmt: skip

COMPETITIVE_CONSULTATION = Method(
    code="competitive_consultation",
    term="竞争性磋商",
    phases=(
        _GATHERING, _DISCIPLINE, _SEAL_CHECK, _DECRYPTING, _OBJECTIONS, _SIGNING, _OPENING_CLOSED,
        _ASSEMBLING, _COMMITMENT, _LEADER,
        Phase("qualification", "evaluation", ("leader",), (), "review", "review_missed"),
        _CONFORMITY,
        Phase("talks", "evaluation", ("leader",), ("minimum_counts",), "talk", "talk_missed"),
        Phase("quoting", "evaluation", ("all", "clock"), ("minimum_counts", "talks_held"), "quote", "quote_missed"),
        _LOW_PRICE, _SCORING, _SUMMARY, _AGENCY_CHECK, _REPORT, _EVALUATION_CLOSED,
    ),
    counts=(
        CountCheck("discipline", "bids", "minimum.competitive_consultation"),
        CountCheck("conformity", "qualified", "minimum.competitive_consultation"),
        CountCheck("talks", "conforming", "minimum.competitive_consultation"),
        CountCheck("quoting", "continuing", "minimum.competitive_consultation"),
        CountCheck("low_price", "continuing", "minimum.competitive_consultation"),
        CountCheck("scoring", "continuing", "minimum.competitive_consultation"),
    ),
    prices_read_to_all=False,
    bidder_list_published=False,
    suppliers_see_each_other=False,
    qualification_by="group",
    members_barred_from_opening=False,
    requirement_may_change=True,
    price_formula="weight_inside",
    price_weight="price_weight.competitive_consultation",
    committee="committee.competitive_consultation",
    leader="leader.competitive_consultation",
    period="period.competitive_consultation",
    redo_grounds=(
        "qualification_error", "summing_error", "score_out_of_range", "objective_unequal", "abnormal_agreed",
    ),
    tie_rule=("score_desc", "quote_asc", "technical_desc"),
    deemed=(
        Deemed("opening_record", "absent", "document", "deemed.competitive_consultation.opening"),
        Deemed("opening_record", "silent", "document", "deemed.competitive_consultation.opening"),
        Deemed("evaluation_report", "silent", "law", "deemed.competitive_consultation.report"),
        Deemed("evaluation_report", "refused_without_reason", "law", "deemed.competitive_consultation.report"),
    ),
    bid_term="响应文件",
    record_term="响应文件开启记录表",
    committee_term="磋商小组",
    supplier_term="供应商",
)  # fmt: skip

METHODS = {method.code: method for method in (PUBLIC_TENDER, COMPETITIVE_CONSULTATION)}

NOT_SUPPORTED = {
    "invited_tender": "邀请招标",
    "negotiation": "竞争性谈判",
    "inquiry": "询价",
    "single_source": "单一来源采购",
}
"""Methods known by name and refused by name."""


def method_of(code: str) -> Method:
    """The method of this code.

    Raises:
        InputError: ``method.not_supported`` (a method of the law that is not carried out here; facts ``method``,
            ``term``), ``method.unknown``.
    """
    if code in METHODS:
        return METHODS[code]
    if code in NOT_SUPPORTED:
        raise InputError("method.not_supported", method=code, term=NOT_SUPPORTED[code])
    raise InputError("method.unknown", method=code)
