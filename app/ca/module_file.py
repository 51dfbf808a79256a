"""What a library file is, read from its bytes: never loaded, so a stranger's code does not run by being looked at.

A token driver is known by what it exports: ``C_GetFunctionList`` (PKCS#11) or ``SKF_EnumDev`` (GM/T 0016). Formats: ELF
(System V ABI), PE (Microsoft PE/COFF specification), Mach-O. Sizes and counts from the file are bounded before use. The
standard library alone: a worker for 32-bit modules runs in an interpreter that has nothing else.
"""

import platform
import struct
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from app.errors import InputError

MAX_FILE = 256 << 20
_MAX_NAMES = 8 << 20
_MAX_TABLE = 16 << 20
_WANTED = {b"C_GetFunctionList": "pkcs11", b"SKF_EnumDev": "skf"}
_ELF_MACHINES = {3: "x86", 62: "x86_64", 40: "arm", 183: "aarch64", 258: "loongarch64", 8: "mips", 0x9026: "alpha"}
_PE_MACHINES = {0x14C: "x86", 0x8664: "x86_64", 0xAA64: "aarch64", 0x1C4: "arm"}
_MACHO_MACHINES = {7: "x86", 0x01000007: "x86_64", 12: "arm", 0x0100000C: "aarch64"}


class ModuleKind(StrEnum):
    """Which interface a driver offers."""

    PKCS11 = "pkcs11"
    SKF = "skf"


@dataclass(frozen=True)
class ModuleFile:
    """A driver's file.

    Attributes:
        kinds: interfaces it exports, PKCS#11 first; never empty.
        system: ``linux`` (any ELF), ``win32``, ``darwin``.
        machines: processors it is for; several in a universal Mach-O.
        bits: 32 or 64; the larger of several.
    """

    path: str
    kinds: tuple[ModuleKind, ...]
    system: str
    machines: tuple[str, ...]
    bits: int

    def problem(self) -> str | None:
        """Why this program cannot load it, as a code; None when nothing speaks against it."""
        if self.system != (sys.platform if sys.platform in ("win32", "darwin") else "linux"):
            return "token.module_other_system"
        if self.bits < struct.calcsize("P") * 8:
            return "token.module_32bit"
        return None if this_machine() in (*self.machines, "") else "token.module_other_machine"


class _Bad(Exception):
    """Not a library of this format."""


def this_machine() -> str:
    """The processor this program runs on, in the words of :class:`ModuleFile`; empty when unknown."""
    name = platform.machine().lower()
    known = {
        "amd64": "x86_64",
        "x86_64": "x86_64",
        "arm64": "aarch64",
        "aarch64": "aarch64",
        "i386": "x86",
        "i686": "x86",
    }
    return known.get(name, name if name in _ELF_MACHINES.values() else "")


def inspect(path: str | Path) -> ModuleFile:
    """Read what a file is.

    Raises:
        InputError: ``token.module_missing``, ``token.module_not_read``, ``token.module_no_library`` (nothing loadable),
            ``token.module_no_interface`` (a library, but no token driver). The fact ``name`` is the file's name.
    """
    file = Path(path)
    facts = {"name": file.name}
    try:
        if not file.is_file():
            raise InputError("token.module_missing", **facts)
        size = file.stat().st_size
        if size > MAX_FILE:
            raise InputError("token.module_no_library", **facts)
        with file.open("rb") as opened:
            reader = _Reader(opened, size)
            magic = reader.at(0, 4)
            if magic == b"\x7fELF":
                system, machines, bits, names = "linux", *_elf(reader)
            elif magic[:2] == b"MZ":
                system, machines, bits, names = "win32", *_pe(reader)
            else:
                system, machines, bits, names = "darwin", *_macho(reader)
    except OSError as error:
        raise InputError("token.module_not_read", error=type(error).__name__, **facts) from None
    except (_Bad, struct.error, OverflowError):
        raise InputError("token.module_no_library", **facts) from None
    kinds = tuple(ModuleKind(kind) for name, kind in _WANTED.items() if name in names)
    if not kinds:
        raise InputError("token.module_no_interface", **facts)
    return ModuleFile(str(path), kinds, system, machines, bits)


def module_bits(path: str | Path) -> int | None:
    """32 or 64; None for a file that is no driver."""
    try:
        return inspect(path).bits
    except InputError:
        return None


def module_kind(path: str | Path) -> ModuleKind | None:
    """The interface that a driver offers, PKCS#11 where it offers both; None for a file that is no driver."""
    try:
        return inspect(path).kinds[0]
    except InputError:
        return None


class _Reader:
    """Reads pieces of one file within its bounds."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size

    def at(self, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0 or length > _MAX_TABLE or offset + length > self._size:
            raise _Bad
        self._file.seek(offset)
        data = self._file.read(length)
        if len(data) != length:
            raise _Bad
        return data

    def fields(self, form: str, offset: int) -> tuple[int, ...]:
        return struct.unpack(form, self.at(offset, struct.calcsize(form)))

    def text(self, offset: int, limit: int = 64) -> bytes:
        return self.at(offset, max(0, min(limit, self._size - offset))).split(b"\0", 1)[0]


_Found = tuple[tuple[str, ...], int, frozenset[bytes]]


def _elf(file: _Reader) -> _Found:
    """Defined symbols of the dynamic symbol table, found by its section."""
    wide, order = file.fields("<BB", 4)
    if wide not in (1, 2) or order not in (1, 2):
        raise _Bad
    end = "<" if order == 1 else ">"
    kind, machine = file.fields(end + "HH", 16)
    if kind != 3:  # ET_DYN
        raise _Bad
    if wide == 2:
        (table,) = file.fields(end + "Q", 40)
        size, count = file.fields(end + "HH", 58)
        head, symbol = end + "IIQQQQIIQQ", end + "IBBHQQ"
    else:
        (table,) = file.fields(end + "I", 32)
        size, count = file.fields(end + "HH", 46)
        head, symbol = end + "IIIIIIIIII", end + "IIIBBH"
    if size < struct.calcsize(head):
        raise _Bad
    found: set[bytes] = set()
    for number in range(count):
        section = file.fields(head, table + number * size)
        if section[1] != 11:  # SHT_DYNSYM
            continue
        names = file.fields(head, table + section[6] * size)
        text = file.at(names[4], min(names[5], _MAX_NAMES))
        for entry in struct.iter_unpack(
            symbol, file.at(section[4], section[5] // struct.calcsize(symbol) * struct.calcsize(symbol))
        ):
            defined = entry[3] if wide == 2 else entry[5]
            if defined:
                name = text[entry[0] : entry[0] + 64].split(b"\0", 1)[0]
                if name in _WANTED:
                    found.add(name)
    return (_ELF_MACHINES.get(machine, "other"),), 64 if wide == 2 else 32, frozenset(found)


def _pe(file: _Reader) -> _Found:
    """Names of the export directory."""
    (start,) = file.fields("<I", 60)
    if file.at(start, 4) != b"PE\0\0":
        raise _Bad
    machine, sections, _, _, _, size, _ = file.fields("<HHIIIHH", start + 4)
    (magic,) = file.fields("<H", start + 24)
    if magic not in (0x10B, 0x20B):
        raise _Bad
    bits = 64 if magic == 0x20B else 32
    exports, _length = file.fields("<II", start + 24 + (112 if bits == 64 else 96))
    table = [file.fields("<8sIIII", start + 24 + size + 40 * number) for number in range(min(sections, 96))]

    def place(address: int) -> int:
        for _name, virtual, begin, raw, pointer in table:
            if begin <= address < begin + max(virtual, raw):
                return address - begin + pointer
        raise _Bad

    machines = (_PE_MACHINES.get(machine, "other"),)
    if not exports:
        return machines, bits, frozenset()
    count, _functions, names = file.fields("<III", place(exports) + 24)
    if count > 65536:
        raise _Bad
    found = set()
    for (address,) in struct.iter_unpack("<I", file.at(place(names), 4 * count)):
        name = file.text(place(address))
        if name in _WANTED:
            found.add(name)
    return machines, bits, frozenset(found)


def _macho(file: _Reader) -> _Found:
    """External symbols of a Mach-O library, or of all parts of a universal one."""
    (magic,) = file.fields(">I", 0)
    if magic not in (0xCAFEBABE, 0xCAFEBABF):
        machine, bits, names = _thin(file, 0)
        return (machine,), bits, names
    (count,) = file.fields(">I", 4)
    if not 0 < count <= 8:  # a Java class has the same magic and a version here
        raise _Bad
    step, form = (20, ">IIIII") if magic == 0xCAFEBABE else (32, ">IIQQII")
    parts = [_thin(file, file.fields(form, 8 + step * number)[2]) for number in range(count)]
    names = frozenset().union(*(part[2] for part in parts))
    return tuple(part[0] for part in parts), max(part[1] for part in parts), names


def _thin(file: _Reader, start: int) -> tuple[str, int, frozenset[bytes]]:
    (magic,) = file.fields("<I", start)
    if magic not in (0xFEEDFACE, 0xFEEDFACF):
        raise _Bad
    bits = 64 if magic == 0xFEEDFACF else 32
    machine, _, kind, commands, _ = file.fields("<IIIII", start + 4)
    if kind not in (6, 8):  # MH_DYLIB, MH_BUNDLE
        raise _Bad
    found, place = set(), start + (32 if bits == 64 else 28)
    for _ in range(min(commands, 4096)):
        command, length = file.fields("<II", place)
        if command == 2:  # LC_SYMTAB
            symbols, count, strings, size = file.fields("<IIII", place + 8)
            text = file.at(start + strings, min(size, _MAX_NAMES))
            form = "<IBBHQ" if bits == 64 else "<IBBHI"
            for entry in struct.iter_unpack(form, file.at(start + symbols, count * struct.calcsize(form))):
                if entry[1] & 0x01 and entry[1] & 0x0E:  # external and defined
                    name = text[entry[0] : entry[0] + 64].split(b"\0", 1)[0].removeprefix(b"_")
                    if name in _WANTED:
                        found.add(name)
        if length < 8:
            raise _Bad
        place += length
    return _MACHO_MACHINES.get(machine, "other"), bits, frozenset(found)
