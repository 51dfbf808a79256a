"""Drafts of score sheets and reviews: a plain file on this machine; the host never sees it.

It is gone when the ranking is confirmed (until then a sealed sheet can be revised, and an opened one may be reopened),
and when a review is decided.
"""

import hashlib
from decimal import Decimal
from pathlib import Path

import msgspec

from app.logs import get_logger
from app.procurement.bid import Evidence, PriceSchedule

_log = get_logger("drafts")
LIMIT = 4 * 1024 * 1024
SAVE_MS = 800
"""Milliseconds after the last key stroke until a draft is written."""


class Draft(msgspec.Struct, forbid_unknown_fields=True):
    """Points (or verdicts), reasons and pages by supplier and criterion (or item), as typed so far."""

    scores: dict[str, dict[str, Decimal]] = {}
    verdicts: dict[str, dict[str, bool]] = {}
    reasons: dict[str, dict[str, str]] = {}
    evidence: dict[str, dict[str, Evidence]] = {}

    def score(self, supplier: str, criterion: str) -> Decimal | None:
        return self.scores.get(supplier, {}).get(criterion)

    def reason(self, supplier: str, criterion: str) -> str:
        return self.reasons.get(supplier, {}).get(criterion, "")

    def place(self, supplier: str, criterion: str) -> Evidence | None:
        return self.evidence.get(supplier, {}).get(criterion)

    def note(self, supplier: str, criterion: str, place: Evidence | None) -> None:
        """Set or clear the page that it rests on."""
        if place is None:
            self.evidence.get(supplier, {}).pop(criterion, None)
        else:
            self.evidence.setdefault(supplier, {})[criterion] = place

    def put(self, supplier: str, criterion: str, score: Decimal | None) -> None:
        """Set or clear a score."""
        if score is None:
            self.scores.get(supplier, {}).pop(criterion, None)
        else:
            self.scores.setdefault(supplier, {})[criterion] = score

    def say(self, supplier: str, criterion: str, reason: str) -> None:
        """Set a reason."""
        self.reasons.setdefault(supplier, {})[criterion] = reason


def draft_path(folder: Path, case: str, person: str, stage: str = "") -> Path:
    """One file a case and person (and ``stage`` of the review); the name tells none of them."""
    named = "\0".join(part for part in (case, person, stage) if part)
    return folder / (hashlib.sha256(named.encode()).hexdigest()[:24] + ".json")


def load_draft(path: Path) -> Draft:
    """What was kept; an empty draft when there is none or it cannot be read."""
    try:
        if path.stat().st_size > LIMIT:
            return Draft()
        return msgspec.json.decode(path.read_bytes(), type=Draft)
    except FileNotFoundError:
        return Draft()
    except (OSError, msgspec.DecodeError) as error:
        _log.warning("draft not read", error=type(error).__name__)
        return Draft()


def save_draft(path: Path, draft: Draft) -> bool:
    """Keep it; False when the disk does not take it (the desk says so, nothing is lost in memory)."""
    return _save(path, draft)


def load_quote(path: Path) -> PriceSchedule | None:
    """The final quote as it was typed on this machine, if there is one."""
    try:
        if path.stat().st_size > LIMIT:
            return None
        return msgspec.json.decode(path.read_bytes(), type=PriceSchedule)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        _log.warning("quote not read", error=type(error).__name__)
        return None


def save_quote(path: Path, price: PriceSchedule) -> bool:
    """Keep what a supplier has typed; False when the disk does not take it."""
    return _save(path, price)


def _save(path: Path, draft: Draft | PriceSchedule) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(draft))
        part.replace(path)
    except OSError as error:
        _log.warning("draft not saved", error=type(error).__name__)
        return False
    return True


def drop_draft(path: Path) -> None:
    """It is in the record now."""
    path.unlink(missing_ok=True)
