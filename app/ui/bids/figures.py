"""Figures and words as a supplier types them, within the limits of the record: what passes here can be read again."""

from decimal import Decimal, InvalidOperation

from app.errors import BidroomError
from app.procurement.capital_amount import from_words
from app.procurement.data import MAX_NUMBER, MAX_PLACES


def amount_of(text: str) -> Decimal | None:
    """A number that is not negative, below 10^13 and with six decimals at most; None for anything else."""
    try:
        value = Decimal(text.replace(",", "").replace("，", "").strip())
    except InvalidOperation:
        return None
    if not value.is_finite() or not 0 <= value < MAX_NUMBER:
        return None
    plain = Decimal(f"{value:f}")  # 1e3 is written 1000: the record takes no powers of ten
    exponent = plain.as_tuple().exponent
    return plain if isinstance(exponent, int) and exponent >= -MAX_PLACES else None


def spoken(text: str) -> Decimal | None:
    """An amount in words 大写; None for words that are none."""
    try:
        return from_words(text.strip())
    except BidroomError:
        return None
