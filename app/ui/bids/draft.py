"""What a supplier has filled in and not yet sealed, kept on its own machine over a restart. No PIN, no key.

The draft holds the bid in the clear: it lies in this user's folder with mode 0600 and is offered to be deleted once the
bid is handed in.
"""

from datetime import datetime

import msgspec

from app.errors import InputError

LIMIT = 8 * 1024 * 1024


class DraftLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of the price schedule as it was typed, complete or not."""

    name: str = ""
    quantity: str = ""
    unit: str = ""
    unit_price: str = ""
    origin: str = "none"
    brand: str = ""
    core: bool = False


class DraftFile(msgspec.Struct, frozen=True):
    """A document: where it lies, and its kind."""

    path: str
    kind: str


class DraftSealed(msgspec.Struct, frozen=True):
    """An envelope that was made of this draft and not handed in yet; ``content`` tells whether it is still of it."""

    path: str
    header: str
    kit: str
    content: str
    backup: str = ""
    paper: str = ""


class BidDraft(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything the wizard's fields hold, as text, so that half a figure survives too.

    Attributes:
        enterprise: empty while the supplier has not said it.
        joint, joint_share, domestic_share, validity: as typed; shares in per cent.
    """

    saved: datetime
    lines: tuple[DraftLine, ...] = ()
    total: str = ""
    words: str = ""
    enterprise: str = ""
    joint: bool = False
    joint_share: str = ""
    domestic_share: str = ""
    delivery: str = ""
    quality: str = ""
    validity: str = ""
    facts: dict[str, int | str | bool] = {}
    files: tuple[DraftFile, ...] = ()
    sealed: DraftSealed | None = None

    def __repr__(self) -> str:
        return f"BidDraft({len(self.lines)} lines, {len(self.files)} files)"

    @property
    def blank(self) -> bool:
        """Nothing in it is worth keeping."""
        return msgspec.structs.replace(self, lines=(), validity="") == BidDraft(self.saved) and not any(
            line.name or line.unit_price for line in self.lines
        )


def read_draft(data: bytes) -> BidDraft:
    """A draft from its file.

    Raises:
        InputError: ``draft.unreadable``.
    """
    try:
        if len(data) > LIMIT:
            raise InputError("draft.unreadable")
        return msgspec.json.decode(data, type=BidDraft)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError("draft.unreadable") from None
