"""The case file is read strictly; what is wrong is one error that names the field."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from law_world import CASE, CASE_BYTES, case_json

from app.errors import InputError
from app.procurement.case import CASE_FILE_LIMIT, lot_case, parse_case_file
from app.procurement.data import encode


def refused(data: bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        parse_case_file(data)
    return caught.value


def test_the_sample_reads_back_the_same() -> None:
    assert parse_case_file(encode(CASE)) == CASE
    assert CASE.deadline.utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"project_name": None}, "case.field_missing", "project_name"),
        ({"projekt": 1}, "case.field_unknown", "projekt"),
        ({"category": "gods"}, "case.field_wrong", "category"),
        ({"deadline": "2026-11-20T09:00:00"}, "case.field_wrong", "deadline"),
        ({"schema": "bidroom.case/2"}, "case.field_wrong", "schema"),
        ({"project_number": "A/B"}, "case.field_wrong", "project_number"),
        ({"document_digest": "XYZ"}, "case.field_wrong", "document_digest"),
        ({"lots": []}, "case.field_wrong", "lots"),
        ({"project_name": "abc\u202edef"}, "case.text", "project_name"),
        ({"project_name": "abc\u0007"}, "case.text", "project_name"),
        ({"price_policy": {"small_rate": "NaN"}}, "case.number", "price_policy.small_rate"),
        ({"price_policy": {"small_rate": "0.12345678"}}, "case.number", "price_policy.small_rate"),
        ({"windows": {"decrypt": 0}}, "case.field_wrong", "windows.decrypt"),
        ({"windows": {"nap": 60}}, "case.field_unknown", "windows.nap"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, object], code: str, field: str) -> None:
    error = refused(case_json(**changes))
    assert (error.code, error.facts["field"]) == (code, field)


def test_a_field_deep_inside_is_named_by_its_place() -> None:
    value = msgspec.json.decode(CASE_BYTES)
    value["lots"][0]["criteria"][2]["max_score"] = "1E+4"
    assert refused(msgspec.json.encode(value)).facts["field"] == "lots[0].criteria[2].max_score"
    value["lots"][0]["criteria"][2]["max_score"] = "20"
    value["lots"][0]["criteria"][0]["rule"]["model"] = "magic"
    assert refused(msgspec.json.encode(value)).facts["field"] == "lots[0].criteria[0].rule.model"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, CASE_BYTES[:-3]])
def test_what_is_no_case_file_is_refused(data: bytes) -> None:
    assert refused(data).code in ("case.not_json", "case.field_wrong")


def test_size_is_limited_before_reading() -> None:
    assert refused(b" " * (CASE_FILE_LIMIT + 1)).code == "case.too_large"


@given(st.integers(0, len(CASE_BYTES) - 1), st.integers(0, 255))
def test_a_changed_byte_never_crashes_the_reader(place: int, byte: int) -> None:
    data = CASE_BYTES[:place] + bytes([byte]) + CASE_BYTES[place + 1 :]
    with suppress(InputError):
        assert parse_case_file(data).schema == "bidroom.case/1"


def test_one_lot_is_one_flat_view() -> None:
    flat = lot_case(CASE, "1")
    assert flat.case_id == "KM-GK-2026-0118/1"
    assert flat.limit == Decimal("2450000.00")
    assert flat.price_criterion is not None
    assert flat.price_criterion.max_score == 30
    assert msgspec.json.decode(encode(flat), type=type(flat)) == flat


def test_the_budget_is_the_limit_without_a_ceiling() -> None:
    lot = msgspec.structs.replace(CASE.lots[0], ceiling=None)
    assert lot_case(msgspec.structs.replace(CASE, lots=(lot,)), "1").limit == Decimal("2600000.00")


def test_an_unknown_lot_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        lot_case(CASE, "9")
    assert caught.value.code == "case.lot_unknown"
