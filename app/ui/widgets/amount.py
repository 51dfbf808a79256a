"""Money as figures: thousands separators, two decimals, right aligned."""

from decimal import Decimal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget


def amount_text(value: Decimal | None, unit: str = "") -> str:
    """``1,234,567.00`` with ``unit`` before it; an em dash for no value; further decimals stay."""
    if value is None:
        return "—"
    exponent = value.as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{unit}{value:,.{places}f}"


class AmountLabel(QLabel):
    """An amount in yuan (元)."""

    def __init__(self, value: Decimal | None = None, unit: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = unit
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.show_amount(value)

    def show_amount(self, value: Decimal | None) -> None:
        """Show another amount."""
        self.setText(amount_text(value, self._unit))
