"""What desk and rendering child say to each other: length-prefixed MessagePack over the child's standard streams.

A rendered page is followed by its pixels as raw bytes, so that megabytes are not copied through the encoder.
"""

import struct
from typing import BinaryIO

import msgspec

MAX_FILE = 512 * 1024 * 1024
MAX_PIXELS = 24_000_000
MAX_PAGES_LISTED = 20_000
MAX_HEADINGS = 2_000
MAX_TITLE = 120
MAX_BOXES = 200
_HEAD = struct.Struct(">II")
_MAX_MESSAGE = 4 * 1024 * 1024


class Open(msgspec.Struct, frozen=True, tag=True):
    """Take a document: a file by ``path``, or ``size`` bytes that follow."""

    path: str = ""
    size: int = 0


class Render(msgspec.Struct, frozen=True, tag=True):
    """Draw page ``page`` (from 0) at ``scale`` pixels per point."""

    page: int
    scale: float


class Find(msgspec.Struct, frozen=True, tag=True):
    """Which pages from ``start`` on hold ``text``; the child stops after ``most`` pages looked at."""

    text: str
    start: int
    most: int


class Locate(msgspec.Struct, frozen=True, tag=True):
    """Where ``text`` stands on page ``page``."""

    page: int
    text: str


class Outline(msgspec.Struct, frozen=True, tag=True):
    """The document's own table of contents (bookmarks)."""


class Opened(msgspec.Struct, frozen=True, tag=True):
    """Page sizes in points, in order."""

    pages: tuple[tuple[float, float], ...]


class Rendered(msgspec.Struct, frozen=True, tag=True):
    """A page; ``stride * height`` bytes in the order B, G, R, X follow."""

    page: int
    width: int
    height: int
    stride: int


class Found(msgspec.Struct, frozen=True, tag=True):
    """Pages (from 0) with the text among those looked at, and the page where looking stopped."""

    pages: tuple[int, ...]
    looked_to: int


class Located(msgspec.Struct, frozen=True, tag=True):
    """Boxes (left, bottom, width, height) in points from the page's lower left corner; none on a turned page."""

    boxes: tuple[tuple[float, float, float, float], ...]


class Heading(msgspec.Struct, frozen=True):
    """One bookmark: ``level`` from 0, ``page`` from 0."""

    level: int
    title: str
    page: int


class Outlined(msgspec.Struct, frozen=True, tag=True):
    """The first :data:`MAX_HEADINGS` bookmarks that lead to a page, in order."""

    headings: tuple[Heading, ...]


class Failed(msgspec.Struct, frozen=True, tag=True):
    """``document.*`` code."""

    code: str


Request = Open | Render | Find | Locate | Outline
Reply = Opened | Rendered | Found | Located | Outlined | Failed


def write(stream: BinaryIO, message: Request | Reply, payload: bytes | memoryview = b"") -> None:
    """Send a message and the bytes that belong to it."""
    head = msgspec.msgpack.encode(message)
    stream.write(_HEAD.pack(len(head), len(payload)))
    stream.write(head)
    stream.write(payload)
    stream.flush()


def read_request(stream: BinaryIO) -> tuple[Request, bytes] | None:
    """The next request, or None at the end of the stream."""
    frame = _frame(stream, MAX_FILE)
    return None if frame is None else (msgspec.msgpack.decode(frame[0], type=Request), frame[1])


def read_reply(stream: BinaryIO) -> tuple[Reply, bytes] | None:
    """The next reply, or None at the end of the stream; raises ValueError for what is not one."""
    frame = _frame(stream, MAX_PIXELS * 4 + 65536)
    return None if frame is None else (msgspec.msgpack.decode(frame[0], type=Reply), frame[1])


def _frame(stream: BinaryIO, limit: int) -> tuple[bytes, bytes] | None:
    head = _exactly(stream, _HEAD.size)
    if head is None:
        return None
    size, payload_size = _HEAD.unpack(head)
    if size > _MAX_MESSAGE or payload_size > limit:
        raise ValueError("message too large")
    message, payload = _exactly(stream, size), _exactly(stream, payload_size)
    return None if message is None or payload is None else (message, payload)


def _exactly(stream: BinaryIO, size: int) -> bytes | None:
    parts: list[bytes] = []
    while size > 0:
        part = stream.read(min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
