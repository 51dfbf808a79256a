"""The people of a rehearsal for any case file: the sample's own, fitted to the file's openers and committee."""

import msgspec

from app.errors import InputError
from app.procurement.case import CaseFile
from app.rehearsal.sample_case import SamplePerson, sample_people

_NAMES = (
    "江临川", "叶知秋", "方既白", "卢霁川", "宋鹤声", "秦望岳", "温若谷", "傅云舟", "纪行简", "阮青禾", "姜予安",
)  # fmt: skip


def people_for(case: CaseFile) -> tuple[SamplePerson, ...]:
    """Officer and openers bear the names of the case's opener seats; experts and members are as many as it asks.

    Raises:
        InputError: ``demo.committee`` for a committee that the sample's people cannot make up (too large).
    """
    people = {person.id: person for person in sample_people(case) if person.role != "supplier"}
    seats = case.opening_policy.openers
    agency = [seat for seat in seats if seat.party == "agency"]
    others = [seat for seat in seats if seat.party != "agency"]
    if agency:
        people["officer"] = msgspec.structs.replace(people["officer"], name=agency[0].name)
    if others:
        people["opener"] = msgspec.structs.replace(people["opener"], name=others[0].name)
    for number, seat in enumerate([*agency[1:], *others[1:]]):
        role = "agencyopener" if seat.party == "agency" else "opener"
        like = people["officer"] if seat.party == "agency" else people["opener"]
        people[f"opener-{number + 2}"] = SamplePerson(f"opener-{number + 2}", role, seat.name, like.organisation)
    must = case.opening_policy.must
    if must is not None:
        people["supervisor"] = msgspec.structs.replace(people["supervisor"], name=must.supervisor)
    experts = [key for key, person in people.items() if person.role == "expert"]
    wanted, members = case.committee.experts, case.committee.size - case.committee.experts
    if wanted > len(experts) + len(_NAMES) // 2 or members > 1 + len(_NAMES) // 2 or members < 0:
        raise InputError("demo.committee", size=case.committee.size)
    for key in experts[wanted:]:
        del people[key]
    for number in range(len(experts), wanted):
        people[f"expert-{number + 1}"] = SamplePerson(f"expert-{number + 1}", "expert", _NAMES[number], None)
    if not members:
        del people["purchaser"]
    for number in range(1, members):
        key, like = f"purchaser-{number + 1}", people["purchaser"]
        people[key] = SamplePerson(key, "purchaser", _NAMES[-number], like.organisation)
    return tuple(people.values())
