"""A share on paper (纸质恢复份额): SLIP-39 words that stand in for a broken token.

A supplier may keep its own layer's share of one envelope as 33 words, where the case allows it; that there is such a
paper is announced with the submission. The words have a checksum of their own (RS1024: up to three wrong words, and
words that changed places, are noticed), and the share must fit the envelope's commitment, so that the paper of another
bid is noticed as well. Whoever has the paper has the supplier's layer: it is worth nothing without the openers.

Source: SLIP-0039 (https://github.com/satoshilabs/slips/blob/master/slip-0039.md), one group of one share, without a
passphrase.
"""

from collections.abc import Sequence
from typing import Final

from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.wordlist import WORDLIST

from app.ca.envelope_header import EnvelopeHeader
from app.ca.envelope_shares import Share, share_matches
from app.errors import InputError

WORDS: Final = 33
_KNOWN: Final = frozenset(WORDLIST)


def words_of(share: Share) -> tuple[str, ...]:
    """The 33 words of a share; secret. Other words each time, for the same share."""
    ((text,),) = generate_mnemonics(1, [(1, 1)], bytes.fromhex(share.value), iteration_exponent=0)
    return tuple(text.split())


def secret_of(words: Sequence[str]) -> bytes:
    """The 32 bytes that the words of a page say; whose they are is not yet known. Secret.

    Raises:
        InputError: ``paper.count`` (facts found, needed), ``paper.word`` (fact place, from 1), ``paper.checksum``
            (mistyped, or in another order).
    """
    said = [word.strip().lower() for word in words if word.strip()]
    if len(said) != WORDS:
        raise InputError("paper.count", found=len(said), needed=WORDS)
    for place, word in enumerate(said, 1):
        if word not in _KNOWN:
            raise InputError("paper.word", place=place)
    try:
        value = combine_mnemonics([" ".join(said)])
    except MnemonicError:
        raise InputError("paper.checksum") from None
    if len(value) != 32:
        raise InputError("paper.checksum")
    return bytes(value)


def share_from_words(words: Sequence[str], header: EnvelopeHeader) -> Share:
    """The supplier's share of ``header``'s envelope from its paper.

    Raises:
        InputError: as :func:`secret_of`; ``paper.other_envelope``.
    """
    value = secret_of(words)
    share = Share(v=1, env_id=header.core.env_id, kind="supplier", x=0, value=value.hex())
    if not share_matches(header, share):
        raise InputError("paper.other_envelope")
    return share
