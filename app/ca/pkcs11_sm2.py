"""SM2 on PKCS#11 modules: whose numbers a module uses, and the forms in which vendors want things.

The numbers are data: ``resources/tokens/pkcs11_sm2.json``, which says what each field means.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).resolve().parent.parent.parent / "resources" / "tokens" / "pkcs11_sm2.json"
_SM2_CURVE = bytes.fromhex("06082a811ccf5501822d")
_SIDE = 32


@dataclass(frozen=True)
class Profile:
    """One vendor's numbers.

    Attributes:
        name: short, shown to people who look for help.
        needs: mechanisms that must be there too.
        key_types: CKK numbers of private keys.
        sign: mechanisms, each with what goes in: ``digest`` or ``data``.
        decrypt: mechanisms, each with the form of the ciphertext.
    """

    name: str
    needs: frozenset[int]
    key_types: tuple[int, ...]
    sign: tuple[tuple[int, str], ...]
    decrypt: tuple[tuple[int, str], ...]

    def offered(self, mechanisms: Collection[int]) -> bool:
        """Whether a token with these mechanisms may be one of this vendor's."""
        return self.needs <= set(mechanisms) and any(number in mechanisms for number, _form in self.sign)


@cache
def profiles() -> tuple[Profile, ...]:
    """All profiles, in the order in which they are tried."""
    return tuple(
        Profile(
            name=one["id"],
            needs=frozenset(int(number, 16) for number in one["needs"]),
            key_types=tuple(int(number, 16) for number in one["key_types"]),
            sign=tuple((int(number, 16), form) for number, form in one["sign"]),
            decrypt=tuple((int(number, 16), form) for number, form in one["decrypt"]),
        )
        for one in json.loads(_TABLE.read_text(encoding="utf-8"))["profiles"]
    )


def profile_of(mechanisms: Collection[int]) -> Profile | None:
    """The profile for a token with these mechanisms. Only for one that holds SM2 certificates (:func:`is_sm2`): the
    smaller numbers mean other things to other vendors."""
    return next((one for one in profiles() if one.offered(mechanisms)), None)


def is_sm2(certificate: bytes) -> bool:
    """Whether a certificate (DER) names the SM2 curve."""
    return _SM2_CURVE in certificate


def number_of(kind: type[IntEnum], number: int) -> IntEnum:
    """A vendor's number as a member of a binding's enumeration: python-pkcs11 takes and reads no others."""
    known = kind._value2member_map_.get(number)
    if known is None:
        known = int.__new__(kind, number)
        known._name_, known._value_ = f"VENDOR_{number:#x}", number
        kind._value2member_map_[number] = known
    return known  # type: ignore[return-value]


def ciphertext(wrapped: bytes, form: str) -> bytes:
    """C1‖C3‖C2 without the leading 04 (as in ``OpenSm4``) in the form that a mechanism wants.

    Raises:
        ValueError: an unknown form.
    """
    if form == "c1c3c2":
        return wrapped
    if form == "04c1c3c2":
        return b"\x04" + wrapped
    if form != "der":
        raise ValueError(form)
    x, y, c3, c2 = wrapped[:_SIDE], wrapped[_SIDE : 2 * _SIDE], wrapped[2 * _SIDE : 3 * _SIDE], wrapped[3 * _SIDE :]
    body = _integer(x) + _integer(y) + _element(0x04, c3) + _element(0x04, c2)
    return _element(0x30, body)


def raw_signature(signature: bytes) -> bytes:
    """r‖s of a signature that a module gives so or in DER; unchanged when it is neither (it will not verify)."""
    if len(signature) == 2 * _SIDE or signature[:1] != b"\x30":
        return signature
    numbers, place = [], 2
    while place + 2 <= len(signature) and signature[place] == 0x02:
        end = place + 2 + signature[place + 1]
        numbers.append(int.from_bytes(signature[place + 2 : end]))
        place = end
    if len(numbers) != 2 or max(numbers).bit_length() > 8 * _SIDE:
        return signature
    return b"".join(number.to_bytes(_SIDE) for number in numbers)


def _integer(number: bytes) -> bytes:
    shortest = number.lstrip(b"\0") or b"\0"
    return _element(0x02, b"\0" + shortest if shortest[0] & 0x80 else shortest)


def _element(tag: int, content: bytes) -> bytes:
    length = bytes([len(content)]) if len(content) < 0x80 else bytes([0x81, len(content)])
    return bytes([tag]) + length + content
