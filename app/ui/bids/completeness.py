"""Is the bid complete? Sentences, each passed, to be looked at, or failed."""

from datetime import datetime
from decimal import Decimal

from app.procurement.bid import PriceSchedule
from app.ui.bids.models import BidFile, KitView
from app.ui.models import CheckLine, CheckState

NEEDED = ("qualification", "business", "technical")
SOON_MINUTES = 30


def completeness(
    kit: KitView, price: PriceSchedule | None, files: tuple[BidFile, ...], now: datetime
) -> tuple[CheckLine, ...]:
    """Lines for ``CheckList``; sealing is possible when none has failed."""
    lines = [_deadline(kit, now), _holders(kit), _price(price)]
    if price is not None:
        lines.append(_sum(price))
    lines.append(_files(files))
    return tuple(lines)


def may_seal(lines: tuple[CheckLine, ...]) -> bool:
    """Whether nothing has failed."""
    return all(line.state != CheckState.FAILED for line in lines)


def _deadline(kit: KitView, now: datetime) -> CheckLine:
    minutes = int((kit.deadline - now).total_seconds() // 60)
    if minutes < 0:
        return CheckLine(code="bid_deadline", state=CheckState.FAILED, finding="bid_deadline.past")
    state = CheckState.ATTENTION if minutes < SOON_MINUTES else CheckState.PASSED
    return CheckLine(code="bid_deadline", state=state, finding="bid_deadline.left",
                     facts={"hours": minutes // 60, "minutes": minutes % 60})  # fmt: skip


def _holders(kit: KitView) -> CheckLine:
    names = "、".join(holder.name for holder in kit.holders)
    state = CheckState.PASSED if kit.usable else CheckState.FAILED
    finding = "bid_holders.ok" if kit.usable else "bid_holders.bad"
    return CheckLine(code="bid_holders", state=state, finding=finding, facts={"names": names or "—"})


def _price(price: PriceSchedule | None) -> CheckLine:
    if price is None:
        return CheckLine(code="bid_price", state=CheckState.FAILED, finding="bid_price.missing")
    return CheckLine(code="bid_price", state=CheckState.PASSED, finding="bid_price.ok",
                     facts={"total": f"{price.total:,.2f}", "words": price.total_words})  # fmt: skip


def _sum(price: PriceSchedule) -> CheckLine:
    lines = sum((item.total for item in price.items), Decimal(0))
    equal = lines == price.total
    return CheckLine(code="bid_sum", state=CheckState.PASSED if equal else CheckState.ATTENTION,
                     finding="bid_sum.ok" if equal else "bid_sum.differs", facts={"sum": f"{lines:,.2f}"})  # fmt: skip


def _files(files: tuple[BidFile, ...]) -> CheckLine:
    if not files:
        return CheckLine(code="bid_files", state=CheckState.FAILED, finding="bid_files.none")
    missing = [kind for kind in NEEDED if kind not in {file.kind for file in files}]
    whole = sum(file.size for file in files)
    if missing:
        return CheckLine(code="bid_files", state=CheckState.ATTENTION, finding="bid_files.missing_" + missing[0])
    return CheckLine(code="bid_files", state=CheckState.PASSED, finding="bid_files.ok",
                     facts={"count": len(files), "megabytes": f"{whole / 1e6:.1f}"})  # fmt: skip
