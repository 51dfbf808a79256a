"""A head in digits that two people read to each other 核对码: what a host that parts people cannot make fit.

Forty decimal digits of SHA-256 over size and root: 132 bits, so that a host which may choose salts in both of two
histories would still have to try some 2^66 of each until their codes meet.
"""

import hashlib

from app.errors import InputError
from app.record.verifier import parse_expect

GROUPS, DIGITS = 10, 4


def head_code(size: int, root: str) -> str:
    """Ten groups of four digits for the head of ``size`` entries with ``root`` (hex)."""
    digest = hashlib.sha256(f"bidroom head/1\n{size}:{root}\n".encode()).digest()
    digits = f"{int.from_bytes(digest) % 10 ** (GROUPS * DIGITS):0{GROUPS * DIGITS}d}"
    return " ".join(digits[place : place + DIGITS] for place in range(0, len(digits), DIGITS))


def same_head(text: str, size: int, root: str) -> bool:
    """Whether ``text`` from the other person, a code or ``N:R``, says this head.

    Raises:
        InputError: ``expect.malformed`` for what is neither; ``head.other_size`` where it is of another number of
            entries, with both numbers: that cannot be compared.
    """
    digits = "".join(text.split())
    if digits.isascii() and digits.isdigit() and len(digits) == GROUPS * DIGITS:
        return digits == head_code(size, root).replace(" ", "")
    other_size, other_root = parse_expect(text)
    if other_size != size:
        raise InputError("head.other_size", size=other_size, own=size)
    return other_root.hex() == root
