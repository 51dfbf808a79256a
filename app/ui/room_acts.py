"""What a step panel asks for besides a plain command; ``room_link`` carries each of them out.

A panel knows nothing of tokens, files or dialogs: it says what its person wants, and the record answers.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from app.procurement.bid import PriceSchedule
from app.session.rules.command import Command
from app.session.rules.events_evaluation import OpenedSheet
from app.ui.dialogs.sign import ToSign


class Request(msgspec.Struct, frozen=True):
    """Base of all requests."""


class Graved(Request, frozen=True):
    """A command under which the person's own token signs; ``command`` has a placeholder in ``grave``."""

    command: Command


class ReleaseBids(Request, frozen=True):
    """放行/解密: the person's share of the keys of these bids (USCCs), one after the other."""

    suppliers: tuple[str, ...]


class HandInBackup(Request, frozen=True):
    """提交备用文件: a file that the person chooses, checked before it is sent."""


class ReleaseFromPaper(Request, frozen=True):
    """纸质恢复词: the supplier's layer from the words of its page."""


class ReleaseSheets(Request, frozen=True):
    """委员放行: the member's share of every envelope of ``purpose`` (``quote``, ``sheet``)."""

    purpose: str


class ConfirmRead(Request, frozen=True):
    """确认报价 with the token; ``total`` in yuan as it was read."""

    total: Decimal


class Sign(Request, frozen=True):
    """签署: the documents of these ids, looked at in the signing dialog, then signed with the token one by one."""

    documents: tuple[str, ...]


class SignSeen(Request, frozen=True):
    """What the signing dialog answered: each paper's document, the bytes that were seen, its seal and its place."""

    papers: tuple[ToSign, ...]


class SubmitSheet(Request, frozen=True):
    """提交评分: sealed on this machine to the committee."""

    sheet: OpenedSheet


class ReviseSheet(Request, frozen=True):
    """修改评分: the desk comes back with what was sealed, until all sheets are in; ``False`` leaves it as it was."""

    on: bool


class SubmitQuote(Request, frozen=True):
    """提交最后报价: sealed on this machine to the committee."""

    price: PriceSchedule


class Manage(Request, frozen=True):
    """人员: what the staff does about people, in dialogs of its own.

    ``act`` is one of ``PeopleDesk.act``, or ``people`` for everyone in one table.
    """

    act: str
    person: str = ""


class FileAuthority(Request, frozen=True):
    """提交授权委托书: a file that the person chooses."""


class Choice(msgspec.Struct, frozen=True):
    """One of several answers; ``code`` is what goes on, ``text`` what is shown (translated)."""

    code: str
    text: str


class Asking(Request, frozen=True):
    """Words first: a dialog asks for a text (and a choice), ``make(text, code)`` gives what is then done.

    Attributes:
        title, field, act: translated texts of heading, field and button.
        lines: sentences shown above the field (what is undone, what it is about).
        danger: an act that cannot be taken back.
        optional: whether the text may stay empty.
    """

    title: str
    field: str
    act: str
    make: Callable[[str, str], Command | Graved]
    lines: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    danger: bool = False
    optional: bool = False


class Sure(Request, frozen=True):
    """Yes or no first, then the request or command ``then``."""

    title: str
    text: str
    act: str
    then: Command | Request
    danger: bool = False
