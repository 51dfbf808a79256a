"""The bundled typeface: where its files are, and which characters it can show."""

import struct
import unicodedata
from functools import cache
from pathlib import Path

from app.settings import RESOURCES

FONTS = RESOURCES / "fonts"
REGULAR = FONTS / "NotoSansSC-Regular.ttf"
SEMIBOLD = FONTS / "NotoSansSC-SemiBold.ttf"


def printable(text: str) -> str:
    """``text`` with every character that cannot be seen written as its code point, e.g. ``〔U+2A6A5〕``.

    A rare name must neither stop a document nor turn into an empty box, and nothing invisible may reorder what is
    read (directional overrides and other format characters). The exact text stays in the attached data.
    """
    return "".join(char if char == "\n" or _visible(char) else f"〔U+{ord(char):04X}〕" for char in text)


def _visible(char: str) -> bool:
    return ord(char) in _code_points(REGULAR) and unicodedata.category(char) not in {"Cc", "Cf", "Zl", "Zp"}


@cache
def _code_points(font: Path) -> frozenset[int]:
    """The code points with a glyph, read from the font's ``cmap`` table (OpenType, formats 4 and 12)."""
    data = font.read_bytes()
    tables = {}
    for number in range(struct.unpack_from(">H", data, 4)[0]):
        tag, _, offset, _ = struct.unpack_from(">4sLLL", data, 12 + 16 * number)
        tables[tag] = offset
    cmap = tables[b"cmap"]
    found: set[int] = set()
    for number in range(struct.unpack_from(">H", data, cmap + 2)[0]):
        start = cmap + struct.unpack_from(">HHL", data, cmap + 4 + 8 * number)[2]
        kind = struct.unpack_from(">H", data, start)[0]
        if kind == 12:
            for group in range(struct.unpack_from(">L", data, start + 12)[0]):
                first, last, glyph = struct.unpack_from(">LLL", data, start + 16 + 12 * group)
                found.update(code for code in range(first, last + 1) if glyph + code - first)
        elif kind == 4:
            found.update(_format_4(data, start))
    return frozenset(found)


def _format_4(data: bytes, start: int) -> set[int]:
    count = struct.unpack_from(">H", data, start + 6)[0] // 2
    ends = start + 14
    starts, deltas, ranges = (ends + 2 + 2 * count * step for step in (1, 2, 3))
    found: set[int] = set()
    for segment in range(count):
        last, first, delta, jump = (
            struct.unpack_from(">H", data, base + 2 * segment)[0] for base in (ends, starts, deltas, ranges)
        )
        for code in range(first, last + 1):
            if jump:
                glyph = struct.unpack_from(">H", data, ranges + 2 * segment + jump + 2 * (code - first))[0]
                present = glyph != 0
            else:
                present = (code + delta) % 65536 != 0
            if present and code != 0xFFFF:
                found.add(code)
    return found
