"""Who opens an envelope: the shares taken out of it, checked, and combined to its one key."""

import hmac
import struct
from collections.abc import Iterable
from itertools import combinations
from typing import Final, Literal

import msgspec

from app.ca import shares as shamir
from app.ca.envelope_header import Core, EnvelopeHeader, Hex32, Kind, recipient_tag, refuse
from app.ca.suite import Suite
from app.ca.token import Act, KeyHolder
from app.canon import canonical, parse_canonical
from app.errors import InputError

_ROOT_DOMAIN: Final = b"bidroom envelope root v1\x00"
_COMMIT_DOMAIN: Final = b"bidroom envelope commit v1\x00"
_STREAM_DOMAIN: Final = b"bidroom envelope stream v1\x00"
_MAX_SHARE: Final = 1024


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One holder's part of an envelope's key (解密份额). Secret until the envelope is open; not shown by ``repr``.

    Attributes:
        env_id: of the envelope it opens, hex.
        kind: ``share``, ``must`` or ``supplier``.
        x: see :class:`app.ca.envelope_header.RecipientEntry`.
        value: 32 bytes, hex.
    """

    v: Literal[1]
    env_id: Hex32
    kind: Kind
    x: int
    value: Hex32

    def __repr__(self) -> str:
        return f"Share(env_id={self.env_id!r}, kind={self.kind!r}, x={self.x})"

    def to_bytes(self) -> bytes:
        """Canonical JSON; secret."""
        return canonical(msgspec.to_builtins(self))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Share":
        """Raises InputError ``envelope.share_malformed``."""
        try:
            return msgspec.convert(parse_canonical(data, _MAX_SHARE), cls)
        except (InputError, msgspec.ValidationError):
            raise InputError("envelope.share_malformed", fault="opener") from None

    def commitment(self, suite: Suite) -> str:
        """What may be said of it in public: hex, equal to ``commit`` of its entry in the header of that suite."""
        raw = bytes.fromhex(self.value)
        if not 0 <= self.x <= shamir.MAX_SHARES:
            return ""
        return shamir.commitment(bytes.fromhex(self.env_id), self.kind, self.x, raw, suite).hex()


class _Wrapped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of one CMS blob."""

    hc: Hex32
    kind: Kind
    x: int
    y: Hex32


class FoundKey(msgspec.Struct, frozen=True):
    """The key and what was learnt of the shares on the way; not shown by ``repr``.

    Attributes:
        key: 32 bytes; opens the envelope.
        used: the x of the k openers' shares that gave it.
        inconsistent: the x of shares that match their commitments but lie on another polynomial: the envelope's maker
            dealt them so.
        mismatched: ``kind:x`` of shares that are not what the header commits to: their holder did not tell the truth.
    """

    key: bytes
    used: tuple[int, ...]
    inconsistent: tuple[int, ...]
    mismatched: tuple[str, ...]

    def __repr__(self) -> str:
        return f"FoundKey(used={self.used}, inconsistent={self.inconsistent}, mismatched={self.mismatched})"


async def take_share(header: EnvelopeHeader, key: KeyHolder, act: Act) -> Share:
    """Open one's own blob with one's key and check that what is inside belongs to this very envelope.

    Raises:
        InputError: ``envelope.not_recipient``; ``envelope.share_foreign`` (fault supplier; fact ``reason``: blob,
            envelope, commitment): the envelope's maker put something else there; ``token.*`` from the key.
    """
    tag = recipient_tag(header.suite, header.core.env_id, key.encryption_certificate)
    mine = [number for number, entry in enumerate(header.core.recipients) if entry.tag == tag]
    named = bool(mine)
    if not named:
        # The supplier's entry has no tag; whether it is ours shows when we try.
        mine = [number for number, entry in enumerate(header.core.recipients) if entry.kind == "supplier"]
    if not mine:
        raise refuse("not_recipient", "opener")
    number = mine[0]
    # One answer to a blob that does not open and to one with nonsense inside: SM2's container is not authenticated, and
    # a difference would tell of the padding, byte by byte.
    useless = refuse("share_foreign", "supplier", reason="blob") if named else refuse("not_recipient", "opener")
    try:
        content = await key.unwrap(header.blobs[number], act)
    except InputError as error:
        if error.code != "keywrap.refused":
            raise
        raise useless from None
    try:
        wrapped = msgspec.convert(parse_canonical(content, _MAX_SHARE), _Wrapped)
    except (InputError, msgspec.ValidationError):
        raise useless from None
    entry = header.core.recipients[number]
    if (wrapped.hc, wrapped.kind, wrapped.x) != (header.core_digest, entry.kind, entry.x):
        raise refuse("share_foreign", "supplier", reason="envelope")
    share = Share(v=1, env_id=header.core.env_id, kind=entry.kind, x=entry.x, value=wrapped.y)
    if not share_matches(header, share):
        raise refuse("share_foreign", "supplier", reason="commitment")
    return share


def wrapped_share(hc: str, share: Share) -> bytes:
    """What goes into the CMS blob of a share."""
    return canonical(msgspec.to_builtins(_Wrapped(hc=hc, kind=share.kind, x=share.x, y=share.value)))


def share_matches(header: EnvelopeHeader, share: Share) -> bool:
    """Whether ``share`` is the one the header commits to; if not, its holder (or the way to us) changed it."""
    if share.env_id != header.core.env_id:
        return False
    commitment = share.commitment(header.suite)
    return any(
        (entry.kind, entry.x) == (share.kind, share.x) and hmac.compare_digest(entry.commit, commitment)
        for entry in header.core.recipients
    )


def root_key(suite: Suite, env_id: str, supplier: bytes, secret: bytes, musts: Iterable[bytes]) -> bytes:
    """The envelope's key from its layers; an absent layer is empty. HMAC(env_id, domain + each with its length)."""
    parts = [supplier, secret, *musts]
    message = _ROOT_DOMAIN + b"".join(struct.pack(">B", len(part)) + part for part in parts)
    return suite.mac(bytes.fromhex(env_id), message)


def key_commitment(suite: Suite, key: bytes, hc: str) -> str:
    """The header's ``commit``: HKDF-Expand(key, domain + hc), 32 bytes, hex. Two keys never share one."""
    return suite.expand(key, _COMMIT_DOMAIN + bytes.fromhex(hc)).hex()


def stream_key(suite: Suite, key: bytes, hc: str, number: int) -> tuple[bytes, bytes]:
    """Key and context of ciphertext stream ``number``."""
    info = _STREAM_DOMAIN + struct.pack(">I", number) + bytes.fromhex(hc)
    return suite.expand(key, info), info


def find_key(header: EnvelopeHeader, shares: Iterable[Share]) -> FoundKey:
    """The key from the shares given.

    Shares that do not match their commitment are set aside and named. If the first k openers' shares do not give the
    committed key, every other choice of k is tried once: a maker of inconsistent shares gains nothing by them.

    Raises:
        InputError: ``envelope.share_mismatch`` (fault opener or supplier; fact ``shares``), when without the shares set
            aside too few are left; ``envelope.shares_missing`` (fault, facts missing_shares, missing_must,
            missing_supplier); ``envelope.unopenable`` (fault supplier, reason commitment).
    """
    core = header.core
    good: dict[tuple[Kind, int], bytes] = {}
    mismatched: list[str] = []
    for share in shares:
        if share_matches(header, share):
            good[share.kind, share.x] = bytes.fromhex(share.value)
        else:
            mismatched.append(f"{share.kind}:{share.x}")
    _require_enough(core, good, mismatched)
    supplier = good.get(("supplier", 0), b"") if core.policy.supplier else b""
    musts = [good["must", x] for x in range(1, core.policy.must + 1)]
    openers = {x: value for (kind, x), value in sorted(good.items()) if kind == "share"}
    for chosen in combinations(openers, core.policy.k):
        points = {x: openers[x] for x in chosen}
        secret = shamir.combine(points) if points else b""
        key = root_key(header.suite, core.env_id, supplier, secret, musts)
        if hmac.compare_digest(key_commitment(header.suite, key, header.core_digest), header.commit):
            strange = tuple(x for x in openers if shamir.interpolate(points, x) != openers[x])
            return FoundKey(key, chosen, strange, tuple(mismatched))
    raise refuse("unopenable", "supplier", reason="commitment")


def _require_enough(core: Core, good: dict[tuple[Kind, int], bytes], mismatched: list[str]) -> None:
    missing_shares = max(0, core.policy.k - sum(kind == "share" for kind, _ in good))
    missing_must = sum(("must", x) not in good for x in range(1, core.policy.must + 1))
    missing_supplier = core.policy.supplier and ("supplier", 0) not in good
    if not (missing_shares or missing_must or missing_supplier):
        return
    if mismatched:
        by_supplier = all(name.startswith("supplier:") for name in mismatched)
        raise refuse("share_mismatch", "supplier" if by_supplier else "opener", shares=",".join(mismatched)[:256])
    raise refuse(
        "shares_missing",
        "opener" if missing_shares or missing_must else "supplier",
        missing_shares=missing_shares,
        missing_must=missing_must,
        missing_supplier=missing_supplier,
    )
