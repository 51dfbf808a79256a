"""Will this token decrypt on the day? Something of no meaning is sealed to it as a bid is, and opened again with it."""

import io
import secrets
from datetime import datetime

import msgspec

from app.ca.certificates import Fitness, Use, fitness, worse
from app.ca.envelope import open_envelope, read_header, seal_bytes, suite_for, take_share
from app.ca.signatures import describe
from app.ca.token import Act, KeyHolder
from app.errors import FaultError, InputError

TRIAL = Act("trial_bid")


class Trial(msgspec.Struct, frozen=True):
    """What a trial that succeeded says of the certificates at the opening.

    Attributes:
        holder: as in the encryption certificate.
        expires: when the first of the two certificates expires, aware UTC.
        fitness: the worse of both; ``before_opening`` when one will have expired.
    """

    holder: str
    expires: datetime
    fitness: Fitness


async def try_decryption(key: KeyHolder, now: datetime, opening: datetime | None = None) -> Trial:
    """Seal, take the supplier's share out with the token, open, compare: every step of the opening day.

    Args:
        opening: when the case's bids will be opened.

    Raises:
        InputError: ``token.*`` (cancelled, PIN, no encryption certificate); ``trial.other_key``: the token's key is not
            the certificate's.
        FaultError: ``trial.differs``: the token decrypted something else.
    """
    said = {"trial": secrets.token_hex(16)}
    sealed, data = await seal_bytes(
        purpose="bid", rehearsal=True, context=said, openers=(), k=0, supplier=key.encryption_certificate, payload=said,
        signer=key, act=TRIAL, suite=suite_for([key.encryption_certificate]),
    )  # fmt: skip
    try:
        share = await take_share(read_header(io.BytesIO(data)), key, TRIAL)
    except InputError as error:
        if error.code.startswith("token."):
            raise
        raise InputError("trial.other_key") from error
    opened = open_envelope(
        io.BytesIO(data), header_sha256=sealed.header_sha256, purpose="bid", context=said, rehearsal=True,
        shares=[share],
    )  # fmt: skip
    if opened.payload != said:
        raise FaultError("trial.differs")
    # Both keys have just worked; what remains to be judged is time.
    signing, encryption = (
        msgspec.structs.replace(describe(der), key_id=b"tried")
        for der in (key.signing_certificate, key.encryption_certificate)
    )
    both = worse(
        fitness(signing, Use.SIGN, now, opening=opening), fitness(encryption, Use.DECRYPT, now, opening=opening)
    )
    return Trial(encryption.holder, min(signing.not_after, encryption.not_after), both)
