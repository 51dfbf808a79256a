"""JSON Schemas of the files that people write: the case file, a bid, a rule pack."""

import inspect
from typing import Any

import msgspec

from app.procurement.bid import BidPayload, QuotePayload
from app.procurement.bid_file import BidFile
from app.procurement.case import CaseFile
from app.procurement.rulepack import RulePack

SCHEMAS: dict[str, type[msgspec.Struct]] = {
    "case-file.json": CaseFile,
    "bid-file.json": BidFile,
    "bid.json": BidPayload,
    "quote.json": QuotePayload,
    "rule-pack.json": RulePack,
}
"""File name under ``resources/schema/`` and the type it describes."""


def schema_bytes(name: str) -> bytes:
    """The schema (JSON Schema 2020-12) of one of :data:`SCHEMAS`, as the bytes of its file."""
    schema: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema.update(_described(msgspec.json.schema(SCHEMAS[name])))
    return msgspec.json.format(msgspec.json.encode(schema, order="sorted"), indent=2) + b"\n"


def _described(value: Any) -> Any:
    """Descriptions come from docstrings, which Python keeps with their indentation up to 3.12 and without it since."""
    if isinstance(value, dict):
        return {
            key: inspect.cleandoc(item) if key == "description" and isinstance(item, str) else _described(item)
            for key, item in value.items()
        }
    return [_described(item) for item in value] if isinstance(value, list) else value
