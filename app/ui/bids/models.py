"""What the sealing wizard shows and asks for."""

from datetime import datetime
from pathlib import Path

import msgspec

from app.procurement.bid import PriceSchedule
from app.ui.models import Frozen


class HolderView(Frozen, frozen=True, kw_only=True):
    """A person who holds a share of the key. ``trusted``: chained to the trust list; None when it could not be told.

    ``must``: nothing opens without this one; ``substitute``: the named substitute of such a person.
    """

    name: str
    organisation: str
    party: str
    trusted: bool | None
    must: bool = False
    substitute: bool = False


class KitView(Frozen, frozen=True, kw_only=True):
    """A sealing kit (密封工具包) as read and checked; ``k`` of the holders open it, with the supplier's own key."""

    project: str
    number: str
    lot: str
    deadline: datetime
    holders: tuple[HolderView, ...]
    k: int
    supplier_layer: bool
    issued_by: str
    signature_ok: bool
    host: str
    rehearsal: bool = False
    sha256: str = ""
    notice_sha256: str = ""

    @property
    def usable(self) -> bool:
        """Sealing is refused unless the kit and every holder are known to be good."""
        return self.signature_ok and all(holder.trusted for holder in self.holders)


class BidFile(Frozen, frozen=True, kw_only=True):
    """A document of the bid; ``kind`` is qualification, business, technical, price or annex.

    ``changed``: the file's own time, to see that it was written again; ``pages``: 0 until it has been looked at;
    ``trouble``: code of what is wrong with it.
    """

    path: Path
    kind: str
    size: int
    changed: int = 0
    pages: int = 0
    trouble: str = ""


class SealRequest(Frozen, frozen=True, kw_only=True):
    """What shall be sealed; the supplier's name and USCC come from the token's certificate.

    ``backup``: where to keep the bid in the clear for the case that the envelope does not open; None for nowhere.
    ``paper``: where to write the page (PDF) with one's own share in words; None for nowhere.
    """

    kit: Path
    price: PriceSchedule
    documents: tuple[BidFile, ...]
    facts: dict[str, int | str | bool] = msgspec.field(default_factory=dict)
    note: str = ""
    backup: Path | None = None
    paper: Path | None = None

    def __repr__(self) -> str:
        return f"SealRequest({len(self.documents)} documents)"


class SealedView(Frozen, frozen=True, kw_only=True):
    """A sealed envelope on this machine; ``header_digest`` is what the receipt will bind."""

    path: Path
    size: int
    header_digest: str
    backup: Path | None = None
    paper: Path | None = None


class TrialView(Frozen, frozen=True, kw_only=True):
    """What the trial decryption said: whose certificate, until when, and whether it lasts until the opening."""

    holder: str
    expires: datetime
    lasts: bool


class ReceiptView(Frozen, frozen=True, kw_only=True):
    """The host's signed receipt (签收回执); ``path``: where this desk keeps it."""

    received: datetime
    header_digest: str
    size: int
    host: str
    stamped: bool
    replaces: bool = False
    path: Path | None = None
