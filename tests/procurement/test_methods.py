"""The methods as data, phase by phase as SESSION lists them."""

import pytest

from app.errors import InputError
from app.procurement.case import Windows
from app.procurement.methods import COMPETITIVE_CONSULTATION, METHODS, PUBLIC_TENDER, Method, method_of


def names(method: Method, room: str) -> list[str]:
    return [phase.name for phase in method.phases if phase.room == room]


def test_phases_of_a_public_tender() -> None:
    assert names(PUBLIC_TENDER, "opening") == [
        "gathering", "discipline", "seal_check", "decrypting", "reading", "objections", "signing", "opening_closed",
    ]  # fmt: skip
    assert names(PUBLIC_TENDER, "between") == ["qualification"]
    assert names(PUBLIC_TENDER, "evaluation") == [
        "assembling", "commitment", "leader", "conformity", "low_price", "scoring", "summary", "agency_check", "report",
        "evaluation_closed",
    ]  # fmt: skip


def test_phases_of_a_consultation() -> None:
    assert names(COMPETITIVE_CONSULTATION, "opening") == [
        "gathering", "discipline", "seal_check", "decrypting", "objections", "signing", "opening_closed",
    ]  # fmt: skip
    assert names(COMPETITIVE_CONSULTATION, "between") == []
    assert names(COMPETITIVE_CONSULTATION, "evaluation") == [
        "assembling", "commitment", "leader", "qualification", "conformity", "talks", "quoting", "low_price", "scoring",
        "summary", "agency_check", "report", "evaluation_closed",
    ]  # fmt: skip


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.code)
def test_a_method_is_consistent(method: Method) -> None:
    phases = [phase.name for phase in method.phases]
    assert len(phases) == len(set(phases))
    rooms = [phase.room for phase in method.phases]
    assert rooms == sorted(rooms, key=["opening", "between", "evaluation"].index)
    for phase in method.phases:
        assert phase.window is None or phase.window in Windows.__struct_fields__
        assert (phase.window is None) == (phase.default is None), phase.name
        assert "clock" not in phase.moved_by or phase.window
        assert "minimum_counts" in phase.gates or not method.counts_before(phase.name)
    assert all(check.phase in phases for check in method.counts)


def test_what_the_law_says_of_prices_and_rooms() -> None:
    """87号令第40、41、44条; 214号第19条: never reveal others' prices."""
    assert PUBLIC_TENDER.prices_read_to_all
    assert PUBLIC_TENDER.members_barred_from_opening
    assert PUBLIC_TENDER.qualification_by == "agency"
    assert not COMPETITIVE_CONSULTATION.prices_read_to_all
    assert not COMPETITIVE_CONSULTATION.suppliers_see_each_other
    assert not COMPETITIVE_CONSULTATION.bidder_list_published
    assert COMPETITIVE_CONSULTATION.qualification_by == "group"
    assert PUBLIC_TENDER.tie_rule == ("score_desc", "quote_asc")
    assert COMPETITIVE_CONSULTATION.tie_rule == ("score_desc", "quote_asc", "technical_desc")


def test_who_is_taken_to_agree() -> None:
    """87号令第42条: absence from the opening; 第61条, 214号第27条: no signature and no reason. A reason is dissent."""
    absent = PUBLIC_TENDER.deemed_agreed("opening_record", "absent")
    assert absent is not None
    assert (absent.basis, absent.rule) == ("law", "deemed.public_tender.absent")
    consultation = COMPETITIVE_CONSULTATION.deemed_agreed("opening_record", "absent")
    assert consultation is not None
    assert consultation.basis == "document"
    for method in METHODS.values():
        assert method.deemed_agreed("evaluation_report", "refused_without_reason")
        assert method.deemed_agreed("evaluation_report", "refused_with_reason") is None
        assert method.deemed_agreed("opening_record", "refused_without_reason") is None


def test_walking_through_the_phases() -> None:
    phase = PUBLIC_TENDER.phases[0]
    seen = [phase.name]
    while following := PUBLIC_TENDER.after(phase.name):
        phase = following
        seen.append(phase.name)
    assert seen == [item.name for item in PUBLIC_TENDER.phases]
    assert PUBLIC_TENDER.has("reading")
    assert not COMPETITIVE_CONSULTATION.has("reading")
    assert [item.name for item in PUBLIC_TENDER.room("between")] == ["qualification"]


@pytest.mark.parametrize(("code", "error"), [("inquiry", "method.not_supported"), ("auction", "method.unknown")])
def test_other_methods_are_refused(code: str, error: str) -> None:
    with pytest.raises(InputError) as caught:
        method_of(code)
    assert caught.value.code == error


def test_a_phase_a_method_does_not_have_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        PUBLIC_TENDER.phase("talks")
    assert caught.value.code == "method.no_such_phase"
    assert method_of("public_tender") is PUBLIC_TENDER
