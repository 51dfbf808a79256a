"""The common ground of this floor: frozen data, checked input, problems and steps."""

import re
import unicodedata
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from app.errors import InputError

T = TypeVar("T")

MAX_NUMBER = Decimal("1e13")
MAX_PLACES = 6
DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
REFUSED = ("Cc", "Cs", "Cn")

Key = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Number = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\s/\\]+$")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=4000)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Seconds = Annotated[int, Meta(ge=1, le=1_209_600)]
Count = Annotated[int, Meta(ge=0, le=1000)]
Moment = Annotated[datetime, Meta(tz=True)]


class Problem(Struct, frozen=True):
    """One thing that is wrong in a file that could be read.

    Attributes:
        code: stable and dotted, e.g. ``"case.weights_not_100"``; the key of the sentence in the UI.
        field: where, e.g. ``"lots[0].criteria"``.
        facts: what the sentence needs.
    """

    code: str
    field: str
    facts: dict[str, str] = {}


class Step(Struct, frozen=True):
    """One step of a derivation ("why is it 26.25?"): a code for the sentence and the figures in it, as text."""

    code: str
    facts: dict[str, str] = {}


def decode(data: bytes, kind: type[T], limit: int, prefix: str) -> T:
    """Read JSON of at most ``limit`` bytes as ``kind``; what is wrong is one error that names the field.

    Raises:
        InputError: ``<prefix>.too_large``, ``.not_json``, ``.field_missing``, ``.field_unknown``, ``.field_wrong``
            (facts ``field``, ``expected``), ``.number`` (not finite, too big, too many decimals), ``.text``
            (control or direction-changing characters).
    """
    if len(data) > limit:
        raise InputError(f"{prefix}.too_large", limit=limit, size=len(data))
    try:
        value = msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise _field_error(prefix, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # bad UTF-8 is no DecodeError
        raise InputError(f"{prefix}.not_json", detail=str(error)[:200]) from error
    _check_values(value, "", prefix)
    return value


def encode(value: Struct) -> bytes:
    """JSON with sorted keys, decimals as strings: the file form of a case, a bid, a quote."""
    return msgspec.json.encode(value, order="sorted")


def to_cent(amount: Decimal) -> Decimal:
    """Whole fen, half up: how an amount in yuan is written."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def two_places(value: Decimal) -> str:
    """A figure as it is printed in steps, e.g. ``1234.50``; more decimals stay as they are."""
    return f"{value:.2f}" if value == round(value, 2) else f"{value.normalize():f}"


def _field_error(prefix: str, message: str) -> InputError:
    what, _, path = message.partition(" - at `$")
    field = path.rstrip("`").lstrip(".")
    missing = re.match(r"Object missing required field `(.+)`", what)
    unknown = re.match(r"Object contains unknown field `(.+)`", what)
    for found, code in ((missing, "field_missing"), (unknown, "field_unknown")):
        if found:
            name = found[1][:100]
            return InputError(f"{prefix}.{code}", field=f"{field}.{name}" if field else name)
    return InputError(f"{prefix}.field_wrong", field=field[:200] or "file", expected=what.replace("`", "")[:200])


def _check_values(value: Any, path: str, prefix: str) -> None:
    if isinstance(value, Struct):
        for name in value.__struct_fields__:
            _check_values(getattr(value, name), f"{path}.{name}" if path else name, prefix)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_values(key, path, prefix)
            _check_values(item, f"{path}.{key}", prefix)
    elif isinstance(value, tuple | list):
        for index, item in enumerate(value):
            _check_values(item, f"{path}[{index}]", prefix)
    elif isinstance(value, Decimal):
        check_number(value, path, prefix)
    elif isinstance(value, str) and not _plain(value):
        raise InputError(f"{prefix}.text", field=path[:200])
    elif isinstance(value, int) and abs(value) >= MAX_NUMBER:
        raise InputError(f"{prefix}.number", field=path)


def check_number(value: Decimal, path: str, prefix: str) -> None:
    """Refuse what is no ordinary amount: not finite, over 10^13 or with more than six decimals.

    Raises:
        InputError: ``<prefix>.number``.
    """
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or abs(value) >= MAX_NUMBER or exponent < -MAX_PLACES or exponent > 0:
        raise InputError(f"{prefix}.number", field=path)


def _plain(text: str) -> bool:
    """No control characters but new lines and tabs, nothing that changes the direction of reading."""
    return not any(
        char in DIRECTIONS or (char not in "\n\t" and unicodedata.category(char) in REFUSED) for char in text
    )
