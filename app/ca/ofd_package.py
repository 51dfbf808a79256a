"""An OFD file (GB/T 33190) as a package: its members by name, within limits, and the XML in it without any magic."""

import io
import stat
import zipfile
from typing import Final
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from app.errors import InputError

MAX_FILE: Final = 128 << 20
MAX_MEMBERS: Final = 4000
MAX_UNPACKED: Final = 512 << 20
MAX_XML: Final = 8 << 20
MAX_RATIO: Final = 250
_RATIO_FROM: Final = 1 << 20  # smaller members may be packed as tightly as they like
_MAX_NAME: Final = 255
_MAX_NODES: Final = 200_000
_MAX_DEPTH: Final = 64
NAMESPACE: Final = "http://www.ofdspec.org/2016"
_ALLOWED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED: Final = 0x1 | 0x40


class Package:
    """The members of an OFD file. Names are relative, with ``/``; nothing is written to disk.

    Attributes:
        names: all members, sorted; folders are none.
    """

    def __init__(self, data: bytes) -> None:
        """Raises: InputError: ``ofd.unreadable``; ``ofd.too_large``; ``ofd.bad_name`` (``name``)."""
        if len(data) > MAX_FILE:
            raise InputError("ofd.too_large", limit=MAX_FILE)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            members = self._zip.infolist()
        except Exception:  # zipfile raises half a dozen types on nonsense
            raise _unreadable() from None
        self._members: dict[str, zipfile.ZipInfo] = {}
        folded: set[str] = set()
        total = 0
        if len(members) > MAX_MEMBERS:
            raise InputError("ofd.too_large", limit=MAX_MEMBERS)
        for member in members:
            name = _checked_name(member)
            if member.compress_type not in _ALLOWED or member.flag_bits & _ENCRYPTED:
                raise _unreadable()
            total += member.file_size
            bomb = member.file_size > _RATIO_FROM and member.file_size > MAX_RATIO * member.compress_size
            if bomb or total > MAX_UNPACKED:
                raise InputError("ofd.too_large", limit=MAX_UNPACKED)
            if name.casefold() in folded:  # which of the two a reader shows would be its own choice
                raise InputError("ofd.bad_name", name=name)
            folded.add(name.casefold())
            if not member.is_dir():
                self._members[name] = member
            elif member.file_size:
                raise _unreadable()
        self.names = tuple(sorted(self._members))

    def read(self, name: str, limit: int = MAX_UNPACKED) -> bytes:
        """A member's bytes.

        Raises:
            InputError: ``ofd.missing`` (``name``), ``ofd.too_large``, ``ofd.unreadable``.
        """
        member = self._members.get(name)
        if member is None:
            raise InputError("ofd.missing", name=name[:_MAX_NAME])
        if member.file_size > limit:
            raise InputError("ofd.too_large", limit=limit)
        try:
            with self._zip.open(member) as file:
                data = file.read(member.file_size + 1)
        except Exception:  # as above, now from a bad checksum or stream
            raise _unreadable() from None
        if len(data) != member.file_size:
            raise _unreadable()
        return data

    def tree(self, name: str) -> Element:
        """A member as XML; its elements are named ``{namespace}name``.

        Raises:
            InputError: as :meth:`read`; ``ofd.unreadable`` also for a document type, and so for every entity.
        """
        data = self.read(name, MAX_XML)
        builder, counter = TreeBuilder(), [0, 0]

        def start(tag: str, attributes: dict[str, str]) -> None:
            counter[0] += 1
            counter[1] += 1
            if counter[0] > _MAX_NODES or counter[1] > _MAX_DEPTH:
                raise ValueError("too much")
            builder.start(_qualified(tag), {_qualified(key): value for key, value in attributes.items()})

        def end(tag: str) -> None:
            counter[1] -= 1
            builder.end(_qualified(tag))

        def forbidden(*_arguments: object) -> None:
            raise ValueError("a document type")

        parser = expat.ParserCreate(namespace_separator="}")
        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.CharacterDataHandler = builder.data
        parser.StartDoctypeDeclHandler = forbidden
        try:
            parser.Parse(data, True)
            return builder.close()
        except Exception:  # expat's own error, and what the handlers raise
            raise _unreadable() from None


def resolve(location: str, base: str) -> str:
    """The member that an ``ST_Loc`` names: from the root when it begins with ``/``, else beside ``base`` (7.2).

    Raises:
        InputError: ``ofd.bad_name``.
    """
    location = location.strip()
    if not location or len(location) > _MAX_NAME or "\\" in location or ":" in location or "\0" in location:
        raise InputError("ofd.bad_name", name=location[:_MAX_NAME])
    parts = [] if location.startswith("/") else base.split("/")[:-1]
    for part in location.split("/"):
        if part == "..":
            if not parts:
                raise InputError("ofd.bad_name", name=location)
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _checked_name(member: zipfile.ZipInfo) -> str:
    name = member.filename
    inside = name.removesuffix("/") if member.is_dir() else name
    plain = 0 < len(name) <= _MAX_NAME and name.isprintable() and not set('\\:*?"<>|') & set(name)
    named = all(part not in ("", ".", "..") and part == part.strip(" ") for part in inside.split("/"))
    link = stat.S_ISLNK(member.external_attr >> 16)
    if not plain or not named or link or member.orig_filename != name:
        raise InputError("ofd.bad_name", name=name[:_MAX_NAME])
    return inside


def _qualified(tag: str) -> str:
    return "{" + tag if "}" in tag else tag


def _unreadable() -> InputError:
    return InputError("ofd.unreadable")
