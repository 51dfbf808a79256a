"""What stands beside the entries: checkpoints, cosignatures and stamps, as they are kept and archived."""

import msgspec


class StoredCheckpoint(msgspec.Struct, frozen=True):
    """A checkpoint as it was signed: the note's text, and the number of entries it speaks of."""

    size: int
    note: str


class StoredCosignature(msgspec.Struct, frozen=True):
    """A cosignature line (newline included) over the checkpoint of ``size`` entries by the person ``name``."""

    size: int
    name: str
    line: str


class StoredStamp(msgspec.Struct, frozen=True):
    """An RFC 3161 token (DER) over the body of the checkpoint of ``size`` entries, and when it came in."""

    size: int
    at: str
    token: bytes
