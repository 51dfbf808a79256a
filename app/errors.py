"""Errors as codes with facts; sentences belong to the screens (app/ui/texts.py)."""

import errno

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class BidroomError(Exception):
    """Something that can be said to a person in one sentence.

    Attributes:
        code: stable, dotted, lower case, e.g. ``"token.pin_wrong"``; the key of the sentence in the UI.
        facts: what the sentence needs (plain str, int, bool, None). Never a secret, never bid content.
    """

    def __init__(self, code: str, **facts: str | int | bool | None) -> None:
        self.code = code
        self.facts = facts
        shown = ", ".join(f"{key}={value}" for key, value in facts.items())
        super().__init__(f"{code} ({shown})" if shown else code)


class InputError(BidroomError):
    """The peer's, file's or person's mistake: refused; the process and everyone else go on."""


class FaultError(BidroomError):
    """Our own or the machine's mistake: a disk, a lost process, a broken invariant."""


def is_full(error: BaseException) -> bool:
    """Whether the system says that no more can be written: no space, a quota, a file at its greatest size."""
    return getattr(error, "errno", None) in _FULL
