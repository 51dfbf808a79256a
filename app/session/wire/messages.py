"""Messages over one WebSocket (TLS, pinned certificate). JSON, one tagged object a frame.

A connection goes: ``Hello`` → ``Welcome`` (nonce) → ``SignIn`` or ``Resume`` → ``SignedIn`` → then freely ``Command``
with ``Accepted`` or ``RefusedCommand``, ``Entries``, ``Head`` and ``Cosign``, media, clocks. Bytes are base64, digests
and keys hex, times as :func:`app.clock.stamp`.
"""

from typing import Any

import msgspec

from app.errors import InputError
from app.session.rules.event import tag_of

VERSION = 1
INBOUND_LIMIT = 2 * 1024 * 1024
"""Bytes of one message to the host; larger ones end the connection."""
OUTBOUND_LIMIT = 64 * 1024 * 1024
"""Bytes of one message to a desk (a whole record's entries in pieces of at most this)."""


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="m", tag=tag_of):
    """消息帧."""


# --- from the desk ---


class Hello(Message, frozen=True):
    """The first message; ``version`` must be the host's."""

    version: int
    case: str


class SignIn(Message, frozen=True):
    """Who I am: ``challenge`` is :func:`app.record.acts.build_challenge`, signed by the token (or device key).

    ``person`` may be empty for a supplier that registers; ``invitation`` is the link's secret, ``code`` the one-use
    code of a staff-verified identity, ``name`` the representative's name for a registration, ``drawn`` a PNG
    (base64) of the handwritten signature.
    """

    level: str
    person: str
    session: str
    certificate: str
    encryption_certificate: str
    chain: tuple[str, ...]
    challenge: str
    signature: str
    invitation: str = ""
    code: str = ""
    name: str = ""
    drawn: str = ""


class Resume(Message, frozen=True):
    """Back after a lost network: the session key signs the nonce; ``size`` entries are known already."""

    session: str
    signature: str
    size: int


class Command(Message, frozen=True):
    """The exact bytes that the session key signed (:func:`app.record.acts.build_command`), and the signature."""

    number: int
    signed: str
    signature: str


class Cosign(Message, frozen=True):
    """A cosignature line over the checkpoint of ``size`` entries."""

    size: int
    line: str


class Lease(Message, frozen=True):
    """I want to sign this document now: signers take turns."""

    number: int
    document: str


class MediaOffer(Message, frozen=True):
    """SDP of a new media connection; ``name`` and ``kind`` describe the source, ``publishes`` false for listeners."""

    number: int
    sdp: str
    publishes: bool
    name: str = ""
    kind: str = "camera"


class Ping(Message, frozen=True):
    """A clock sample: the desk's UTC time."""

    at: str


# --- from the host ---


class Welcome(Message, frozen=True):
    """The nonce (hex) to be signed, and the host's certificate (base64 DER), whose digest the link carries."""

    version: int
    case: str
    nonce: str
    certificate: str
    at: str


class SignedIn(Message, frozen=True):
    """``access`` is the bearer for blobs; ``sequence`` the last one the host has of this session."""

    person: str
    session: str
    sequence: int
    access: str


class Accepted(Message, frozen=True):
    """Command ``number`` is in the record: its entries' indexes, and the size and root they are in."""

    number: int
    indexes: tuple[int, ...]
    size: int


class RefusedCommand(Message, frozen=True):
    """Command, lease or offer ``number`` (0: the sign-in) was refused."""

    number: int
    code: str
    facts: dict[str, Any]


class EntryItem(msgspec.Struct, frozen=True, array_like=True):
    """One entry: leaf hash (hex), and its exact text where the desk may see it, else empty."""

    index: int
    leaf: str
    data: str


class Entries(Message, frozen=True):
    """Entries in order of index, or a later reveal of ones that were hidden."""

    items: tuple[EntryItem, ...]


class PreviewItem(msgspec.Struct, frozen=True):
    """What a supplier may see before the opening, without its place in the record (which would tell how many bid)."""

    at: str
    actor: str
    event: dict[str, Any]


class Preview(Message, frozen=True):
    items: tuple[PreviewItem, ...]


class Cosigned(msgspec.Struct, frozen=True):
    """Somebody's cosignature line over the head of ``size`` entries with ``root`` (hex)."""

    person: str
    size: int
    root: str
    line: str


class Head(Message, frozen=True):
    """A signed checkpoint (note) over everything sent so far, who has cosigned which size lately, and some of these
    cosignatures themselves: each desk checks that the others saw its own record."""

    note: str
    witnesses: dict[str, int]
    cosigned: tuple[Cosigned, ...] = ()


class Leased(Message, frozen=True):
    """The document as it is now; sign these bytes and send ``sign_document`` within ``seconds``."""

    number: int
    document: str
    pdf_sha256: str
    seconds: int


class MediaAnswer(Message, frozen=True):
    number: int
    sdp: str


class Pong(Message, frozen=True):
    """``asked`` is the desk's time of the ping, ``at`` the host's."""

    asked: str
    at: str


class Goodbye(Message, frozen=True):
    """The connection ends for good; no automatic return."""

    code: str


ToHost = Hello | SignIn | Resume | Command | Cosign | Lease | MediaOffer | Ping
_Reply = Accepted | RefusedCommand | Leased | MediaAnswer | Pong
ToDesk = Welcome | SignedIn | _Reply | Entries | Preview | Head | Goodbye
_to_host: msgspec.json.Decoder[ToHost] = msgspec.json.Decoder(ToHost)
_to_desk: msgspec.json.Decoder[ToDesk] = msgspec.json.Decoder(ToDesk)


def encode(message: Message) -> str:
    """One frame of text."""
    return msgspec.json.encode(message).decode()


def decode_to_host(frame: str | bytes) -> ToHost:
    """A message from a desk.

    Raises:
        InputError: ``message.too_large``, ``message.malformed``.
    """
    if len(frame) > INBOUND_LIMIT:
        raise InputError("message.too_large", limit=INBOUND_LIMIT)
    try:
        return _to_host.decode(frame)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError("message.malformed") from error


def decode_to_desk(frame: str | bytes) -> ToDesk:
    """A message from the host; raises as :func:`decode_to_host`."""
    if len(frame) > OUTBOUND_LIMIT:
        raise InputError("message.too_large", limit=OUTBOUND_LIMIT)
    try:
        return _to_desk.decode(frame)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError("message.malformed") from error
