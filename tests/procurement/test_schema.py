"""The shipped JSON Schemas say what the program reads."""

from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from law_world import CASE_BYTES, PACK_BYTES

from app.procurement.schema import SCHEMAS, schema_bytes
from app.settings import RESOURCES


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_shipped_schema_is_up_to_date(name: str) -> None:
    assert (RESOURCES / "schema" / name).read_bytes() == schema_bytes(name)


def test_no_schema_is_left_over() -> None:
    assert {path.name for path in Path(RESOURCES / "schema").iterdir()} == set(SCHEMAS)


def validator(name: str) -> Any:
    schema = msgspec.json.decode(schema_bytes(name))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_sample_and_the_pack_are_valid_by_their_schemas() -> None:
    validator("case-file.json").validate(msgspec.json.decode(CASE_BYTES))
    validator("rule-pack.json").validate(msgspec.json.decode(PACK_BYTES))


def test_an_unknown_field_is_invalid_by_the_schema() -> None:
    value = {**msgspec.json.decode(CASE_BYTES), "extra": 1}
    assert not validator("case-file.json").is_valid(value)
