"""The sample case: a fictitious services project, its people and marks. Names and numbers are invented."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from app.procurement.case import (
    CaseFile,
    Criterion,
    LotCase,
    MustSupervisor,
    Organisation,
    Windows,
    parse_case_file,
)
from app.procurement.case_checks import BEIJING
from app.procurement.objective import Facts, objective_score
from app.procurement.scoring import Mark, Sheet, marked_criteria
from app.settings import RESOURCES

SAMPLES = RESOURCES / "samples"

REHEARSAL_WINDOWS = Windows(
    seal_check=60, decrypt=180, confirm=60, objections=60, sign=180, commitment=120, leader=120, review=300,
    clarify=120, talk=180, resubmit=120, quote=180, explanation=120, scoring=300, report=180,
)  # fmt: skip
"""Shorter than the standard, so that a rehearsal passes in minutes; the record marks each of them."""

_NUMBERS = {"public_tender": "KM-GK-2026-0118", "competitive_consultation": "KM-CS-2026-0119"}
_STRENGTH = (Decimal("0.86"), Decimal("0.91"), Decimal("0.79"))
_LEANING = (Decimal("0.00"), Decimal("0.03"), Decimal("-0.04"), Decimal("0.02"), Decimal("-0.02"))


class SamplePerson(Struct, frozen=True):
    """A person of the sample case.

    Attributes:
        role: as in SESSION: officer, clerk, engineer, opener, purchaser, expert, supervisor, supplier.
        organisation: whom the person acts for; experts act for themselves (None).
    """

    id: str
    role: str
    name: str
    organisation: Organisation | None


def sample_data() -> dict[str, Any]:
    """People, suppliers, prices and declared facts of the sample (``resources/samples/bids.json``)."""
    data: dict[str, Any] = msgspec.json.decode((SAMPLES / "bids.json").read_bytes())
    return data


def sample_case(
    method: Literal["public_tender", "competitive_consultation"],
    now: datetime,
    rehearsal: bool = True,
    receiving: timedelta = timedelta(minutes=2),
    must_supervisor: bool = False,
) -> CaseFile:
    """The sample case file for a method, its notice 30 days before ``now``, so that the legal periods lie behind.

    Args:
        now: aware; the deadline is ``now + receiving``, rounded up to a whole second.
        rehearsal: marks the case and shortens its windows; otherwise the rule pack's standard windows hold.
        must_supervisor: the supervisor's share is needed to open, with a named substitute.
    """
    case = parse_case_file((SAMPLES / "case.json").read_bytes())
    deadline = now + receiving
    if deadline.microsecond:
        deadline = deadline.replace(microsecond=0) + timedelta(seconds=1)
    policy = case.opening_policy
    if must_supervisor:
        policy = replace(policy, must=MustSupervisor(supervisor="顾行之", substitute="孟寒江"))
    return replace(
        case,
        method=method,
        project_number=_NUMBERS[method],
        notice_date=now.astimezone(BEIJING).date() - timedelta(days=30),
        deadline=deadline,
        opening_policy=policy,
        windows=REHEARSAL_WINDOWS if rehearsal else Windows(),
        rehearsal=rehearsal,
    )


def sample_people(case: CaseFile) -> tuple[SamplePerson, ...]:
    """Everyone of the sample case: staff, opener, committee, supervisor, and one representative of each supplier."""
    data = sample_data()
    parties: dict[str, Organisation | None] = {
        "agency": case.agency,
        "purchaser": case.purchaser,
        "expert": None,
    }
    people = []
    for entry in data["people"]:
        supervision = Organisation(**data["supervision"])
        organisation = supervision if entry["party"] == "supervisor" else parties[entry["party"]]
        people.append(SamplePerson(entry["id"], entry["role"], entry["name"], organisation))
    for entry in data["suppliers"]:
        organisation = Organisation(name=entry["name"], uscc=entry["uscc"])
        people.append(SamplePerson(entry["key"], "supplier", entry["representative"], organisation))
    return tuple(people)


def sample_sheet(case: LotCase, member: str, place: int, suppliers: Sequence[str], facts: Mapping[str, Facts]) -> Sheet:
    """The marks of one member for any case: a believable spread around each supplier's strength, with reasons.

    Args:
        place: which member it is (0, 1, …): gives the member's leaning.
        suppliers: ids in the order of the sample's suppliers; ``facts``: their declared facts by id.

    Computed objective criteria carry the computed points; typed ones the same points for all members.
    """
    marks = []
    for number, supplier in enumerate(suppliers):
        for criterion in marked_criteria(case):
            computed = objective_score(criterion, facts.get(supplier, {}))
            if computed is not None:
                marks.append(Mark(supplier, criterion.id, computed.score))
                continue
            share = _STRENGTH[number % len(_STRENGTH)]
            if criterion.kind == "subjective":
                share += _LEANING[place % len(_LEANING)] + _wobble(criterion.id, number, place)
            score = _half_steps(criterion.max_score * share, criterion.max_score)
            marks.append(Mark(supplier, criterion.id, score, _reason(criterion, score, number, place)))
    return Sheet(member, tuple(marks))


@cache
def _reasons() -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = msgspec.json.decode((SAMPLES / "reasons.json").read_bytes())
    return reasons


def _wobble(criterion: str, number: int, place: int) -> Decimal:
    """A fixed difference of opinion between -0.06 and +0.06."""
    byte = hashlib.sha256(f"{criterion}/{number}/{place}".encode()).digest()[0]
    return Decimal(byte % 13 - 6) / 100


def _half_steps(value: Decimal, highest: Decimal) -> Decimal:
    """To the nearest half point within the range, unless the range is smaller than that."""
    if highest < 1:
        return highest
    return min(max(Decimal(round(value * 2)) / 2, Decimal(0)), highest)


def _reason(criterion: Criterion, score: Decimal, number: int, place: int) -> str:
    reasons = _reasons()
    level = next((level for level in criterion.levels if level.low <= score <= level.high), None)
    phrases = reasons.get(criterion.id) or reasons["other"]
    phrase = phrases[(number * 2 + place) % len(phrases)]
    return f"{level.name}：{phrase}" if level else phrase
