"""Numbers that name organisations."""

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def uscc_check_character(first_17: str) -> str:
    """The check character of a unified social credit code 统一社会信用代码 (GB 32100-2015: mod 31, weights 3^i).

    Raises:
        ValueError: for another length or a letter outside the alphabet (no I, O, S, V, Z).
    """
    if len(first_17) != 17:
        raise ValueError("17 characters before the check character")
    total = sum(USCC_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(first_17))
    return USCC_ALPHABET[(31 - total % 31) % 31]


def uscc_ok(code: str) -> bool:
    """Whether ``code`` is a well-formed unified social credit code with a right check character."""
    if len(code) != 18:
        return False
    try:
        return uscc_check_character(code[:17]) == code[17]
    except ValueError:
        return False
