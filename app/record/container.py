"""The container of an archive: an uncompressed tar (POSIX ustar) of which only one byte sequence is right.

Plain files only, mode 0644, no owner, no time; names in ascending order of their bytes; zeros up to each 512; two zero
blocks at the end and nothing after. The reader builds every header anew and compares, so nothing can hide in one.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec

from app.errors import FaultError, InputError

BLOCK = 512
MEMBER_LIMIT = 8 * 1024**3 - 1
MEMBERS_LIMIT = 1_000_000
PIECE = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")


class Member(msgspec.Struct, frozen=True):
    """A file in the container: where its bytes are."""

    name: str
    offset: int
    size: int


def valid_name(name: str) -> bool:
    """At most 100 ASCII letters, digits, ``._-``, in parts divided by ``/`` that start with a letter or digit."""
    return len(name) <= 100 and _NAME.fullmatch(name) is not None


def header(name: str, size: int) -> bytes:
    """The one header block of a file; ValueError for a name or size it cannot say."""
    if not valid_name(name) or not 0 <= size <= MEMBER_LIMIT:
        raise ValueError("not a member")
    fields = (
        name.encode().ljust(100, b"\0"),
        b"0000644\0" + b"0000000\0" * 2,
        b"%011o\0" % size,
        b"00000000000\0",
        b" " * 8,
        b"0" + bytes(100) + b"ustar\x0000" + bytes(64) + b"0000000\0" * 2 + bytes(167),
    )
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


class ContainerWriter:
    """Writes a container; the caller gives the members in order and knows their sizes."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._last = ""

    def add(self, name: str, size: int, pieces: Iterable[bytes]) -> str:
        """Write one file; gives its SHA-256 (hex).

        Raises:
            ValueError: names out of order.
            FaultError: ``archive.source_changed`` where ``pieces`` are not ``size`` bytes.
        """
        if name <= self._last:
            raise ValueError("members come in ascending order")
        self._last = name
        self._out.write(header(name, size))
        digest, left = hashlib.sha256(), size
        for piece in pieces:
            left -= len(piece)
            if left < 0:
                break
            digest.update(piece)
            self._out.write(piece)
        if left:
            raise FaultError("archive.source_changed", name=name)
        self._out.write(bytes(-size % BLOCK))
        return digest.hexdigest()

    def finish(self) -> None:
        """Write the end."""
        self._out.write(bytes(2 * BLOCK))


def read_members(file: BinaryIO) -> list[Member]:
    """All files of a container, after comparing every byte that is not a file's own with the one right value.

    Raises:
        InputError: ``container.cut``, ``container.header`` (with the offset), ``container.order`` (also a name twice),
            ``container.padding``, ``container.trailing``, ``container.too_many``.
    """
    members: list[Member] = []
    end = file.seek(0, 2)
    file.seek(0)
    offset = 0
    while True:
        block = file.read(BLOCK)
        if len(block) < BLOCK:
            raise InputError("container.cut", index=offset)
        if not any(block):
            break
        member = _member(block, offset)
        if members and member.name <= members[-1].name:
            raise InputError("container.order", name=member.name)
        if len(members) >= MEMBERS_LIMIT:
            raise InputError("container.too_many", limit=MEMBERS_LIMIT)
        padding = -member.size % BLOCK
        offset = member.offset + member.size + padding
        if offset > end:
            raise InputError("container.cut", name=member.name)
        file.seek(member.offset + member.size)
        if any(file.read(padding)):
            raise InputError("container.padding", name=member.name)
        members.append(member)
    if file.read(BLOCK) != bytes(BLOCK):
        raise InputError("container.cut", index=offset)
    if end != offset + 2 * BLOCK:
        raise InputError("container.trailing", index=offset + 2 * BLOCK)
    return members


def member_pieces(file: BinaryIO, member: Member) -> Iterator[bytes]:
    """The bytes of a file, in pieces of at most 1 MiB."""
    done = 0
    while done < member.size:
        file.seek(member.offset + done)
        piece = file.read(min(PIECE, member.size - done))
        if not piece:
            raise InputError("container.cut", name=member.name)
        done += len(piece)
        yield piece


def member_lines(file: BinaryIO, member: Member, limit: int) -> Iterator[bytes]:
    """The lines of a text file without their newlines.

    Raises:
        InputError: ``archive.line`` with the line's number, from 1: longer than ``limit`` bytes, or without a newline.
    """
    rest, number = b"", 1
    for piece in member_pieces(file, member):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if len(line) > limit:
                raise InputError("archive.line", name=member.name, index=number)
            yield line
            number += 1
        if len(rest) > limit:
            raise InputError("archive.line", name=member.name, index=number)
    if rest:
        raise InputError("archive.line", name=member.name, index=number)


def _member(block: bytes, offset: int) -> Member:
    try:
        name = block[:100].rstrip(b"\0").decode("ascii")
        size = int(block[124:135].decode("ascii"), 8)
        same = header(name, size) == block
    except ValueError:
        same = False
    if not same:
        raise InputError("container.header", index=offset)
    return Member(name, offset + BLOCK, size)
