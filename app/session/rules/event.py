"""The base of all events: frozen, tagged, unknown fields refused."""

from datetime import datetime

import msgspec


def tag_of(name: str) -> str:
    """``BidOpened`` → ``bid_opened``."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag=tag_of, kw_only=True):
    """事件: something that happened. ``*_sha256`` names a blob or hash; money is Decimal, time aware UTC."""


class Grave(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The token's own signature under a grave act (share release, price confirmation, scores, documents).

    Attributes:
        statement: base64 of the exact canonical JSON that the token signed (:func:`app.session.rules.grave.statement`).
        signature: base64, as :meth:`app.ca.token.KeyHolder.sign` gives it.
        certificate: base64 DER of the signing certificate.
    """

    statement: str
    signature: str
    certificate: str


class Voucher(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token's signature that its holder stands behind the log key of a case (docs/formats/record.md).

    Attributes:
        statement: base64 of :func:`app.record.acts.build_log_key_statement`.
        signature, certificate: as in :class:`Grave`. chain: base64 DER, without the root.
    """

    statement: str
    signature: str
    certificate: str
    chain: tuple[str, ...] = ()


class Recorded(msgspec.Struct, frozen=True):
    """An event with its place in the record: log index, host time, and who did it (person id or ``host``)."""

    index: int
    at: datetime
    actor: str
    event: Event
