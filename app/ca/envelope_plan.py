"""All that is fixed about an envelope before the first byte is encrypted: keys, shares, recipients, lengths."""

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec

from app.ca import shares as shamir
from app.ca.envelope_header import (
    MAX_FILES,
    MAX_MUST,
    Core,
    Kind,
    Policy,
    Purpose,
    RecipientEntry,
    core_digest,
    encode_header,
    parse_header,
    recipient_tag,
)
from app.ca.envelope_manifest import FileEntry, Manifest, encode_manifest, media_type_of, packed_size
from app.ca.envelope_shares import Share, key_commitment, root_key, wrapped_share
from app.ca.keywrap import wrap
from app.ca.shares import MAX_SHARES, SECRET_BYTES
from app.ca.streams import Digest, sealed_size
from app.ca.suite import INTL_1, SUITES, Suite
from app.errors import InputError

_UNKNOWN_DIGEST = "0" * 64


class Recipient(msgspec.Struct, frozen=True):
    """An opener (开标人) as the sealing party names it.

    Attributes:
        certificate: encryption certificate, DER.
        must: its share is required besides the k of n.
        substitute: for a must only: encryption certificate (DER) of the named person who may act instead.
    """

    certificate: bytes
    must: bool = False
    substitute: bytes | None = None


class Terms(msgspec.Struct, frozen=True):
    """For what, and by whom, an envelope can be opened; the attributes are the arguments of ``seal``."""

    purpose: Purpose
    rehearsal: bool
    context: dict[str, str]
    openers: tuple[Recipient, ...]
    k: int
    supplier: bytes | None
    suite: Suite = INTL_1


class Plan(msgspec.Struct, frozen=True):
    """An envelope to be: holds its key, so ``repr`` shows only the id.

    Attributes:
        core, hc: the core and its digest (hex).
        key, commit: the envelope's key and the commitment to it.
        blobs: the wrapped shares.
        certificates: of the signer, then its chain.
        payload, names, sizes: the content; sizes are the plaintexts'.
    """

    core: Core
    hc: str
    key: bytes
    commit: str
    blobs: tuple[bytes, ...]
    certificates: tuple[bytes, ...]
    payload: dict[str, Any]
    names: tuple[str, ...]
    sizes: tuple[int, ...]

    def __repr__(self) -> str:
        return f"Plan(env_id={self.core.env_id!r})"

    @property
    def suite(self) -> Suite:
        """The algorithms."""
        return SUITES[self.core.suite]

    def manifest(self, digests: Sequence[str]) -> bytes:
        """The manifest's bytes for these plaintext digests; the length does not depend on them."""
        entries = zip(self.names, self.sizes, digests, strict=True)
        return encode_manifest(
            Manifest(
                v=1,
                hc=self.hc,
                commit=self.commit,
                signer=self.suite.hexdigest(self.certificates[0]),
                purpose=self.core.purpose,
                rehearsal=self.core.rehearsal,
                context=self.core.context,
                payload=self.payload,
                files=tuple(FileEntry(name, size, digest, media_type_of(name)) for name, size, digest in entries),
            ),
            self.suite,
        )

    def header(self, streams: Sequence[Digest]) -> bytes:
        """The header's bytes for these ciphertext digests; the length does not depend on them either."""
        return encode_header(self.core, self.commit, self.blobs, tuple(streams))

    def layout(self) -> tuple[Digest, ...]:
        """The streams with their final sizes and digests yet unknown."""
        manifest = self.manifest([_UNKNOWN_DIGEST] * len(self.names))
        first = packed_size(len(manifest), self.certificates)
        return tuple(Digest(sealed_size(size), _UNKNOWN_DIGEST) for size in (first, *self.sizes))


def make_plan(
    terms: Terms, payload: dict[str, Any], files: Sequence[tuple[str, int]], certificates: Sequence[bytes]
) -> Plan:
    """Draw the secrets and wrap the shares.

    Args:
        files: name and size in bytes.
        certificates: of the signer, then its chain.

    Raises:
        InputError: ``envelope.policy``, ``envelope.duplicate_recipient``, ``envelope.content``, ``certificate.*``.
    """
    _require_policy(terms)
    if len(files) > MAX_FILES:
        raise InputError("envelope.content")
    suite, env_id = terms.suite, secrets.token_hex(32)
    secret = secrets.token_bytes(SECRET_BYTES) if terms.k else b""
    supplier_value = secrets.token_bytes(SECRET_BYTES) if terms.supplier is not None else b""
    must_values = [secrets.token_bytes(SECRET_BYTES) for opener in terms.openers if opener.must]
    given = _give(terms, env_id, secret, must_values, supplier_value)
    core = Core(
        v=1,
        suite=suite.name,
        env_id=env_id,
        purpose=terms.purpose,
        rehearsal=terms.rehearsal,
        context=dict(terms.context),
        policy=Policy(
            k=terms.k,
            n=sum(not opener.must for opener in terms.openers),
            must=len(must_values),
            supplier=terms.supplier is not None,
        ),
        recipients=tuple(
            RecipientEntry(_tag(suite, env_id, share.kind, der), share.kind, share.x, share.commitment(suite))
            for share, der in given
        ),
    )
    hc = core_digest(core)
    key = root_key(suite, env_id, supplier_value, secret, must_values)
    plan = Plan(
        core=core,
        hc=hc,
        key=key,
        commit=key_commitment(suite, key, hc),
        blobs=tuple(wrap(wrapped_share(hc, share), [der], anonymous=True) for share, der in given),
        certificates=tuple(certificates),
        payload=payload,
        names=tuple(name for name, _ in files),
        sizes=tuple(size for _, size in files),
    )
    try:
        parse_header(plan.header(plan.layout()))  # what we would refuse to read we do not write
    except (InputError, ValueError):
        raise InputError("envelope.content") from None
    return plan


def _require_policy(terms: Terms) -> None:
    held = sum(not opener.must for opener in terms.openers)
    musts = len(terms.openers) - held
    possible = (terms.k == 0 and held == 0) or 1 <= terms.k <= held <= MAX_SHARES
    alone = held == 0 and terms.supplier is None
    strange = any(opener.substitute is not None and not opener.must for opener in terms.openers)
    if not possible or alone or strange or musts > MAX_MUST:
        raise InputError("envelope.policy", k=terms.k, n=held, must=musts, supplier=terms.supplier is not None)
    certificates = [opener.certificate for opener in terms.openers]
    certificates += [opener.substitute for opener in terms.openers if opener.substitute is not None]
    certificates += [terms.supplier] if terms.supplier is not None else []
    # One person with two shares would count twice towards k.
    if len(set(certificates)) != len(certificates):
        raise InputError("envelope.duplicate_recipient")


def _give(
    terms: Terms, env_id: str, secret: bytes, must_values: Sequence[bytes], supplier_value: bytes
) -> list[tuple[Share, bytes]]:
    """Every share with the certificate it goes to, in the order of the header."""
    held = [opener.certificate for opener in terms.openers if not opener.must]
    values = shamir.split(secret, terms.k, len(held)) if held else ()
    given = [
        (Share(v=1, env_id=env_id, kind="share", x=x, value=value.hex()), der)
        for x, (der, value) in enumerate(zip(held, values, strict=True), 1)
    ]
    musts = [opener for opener in terms.openers if opener.must]
    for x, (opener, value) in enumerate(zip(musts, must_values, strict=True), 1):
        share = Share(v=1, env_id=env_id, kind="must", x=x, value=value.hex())
        given.append((share, opener.certificate))
        if opener.substitute is not None:
            given.append((share, opener.substitute))
    if terms.supplier is not None:
        share = Share(v=1, env_id=env_id, kind="supplier", x=0, value=supplier_value.hex())
        given.append((share, terms.supplier))
    return given


def _tag(suite: Suite, env_id: str, kind: Kind, certificate: bytes) -> str:
    return "" if kind == "supplier" else recipient_tag(suite, env_id, certificate)
