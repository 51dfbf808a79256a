"""The open part of a sealed envelope (密封的投标文件): what anyone may read, and what binds every byte of the rest.

File: ``MAGIC``, the length of the header (4 bytes, big-endian), the header in canonical JSON, then the ciphertext
streams one after another. The header names nobody. docs/formats/bid-envelope.md is written for a second implementation.
"""

import base64
import binascii
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, Literal

import msgspec

from app.ca.shares import MAX_SHARES
from app.ca.streams import Digest, Meter, hash_stream, is_sealed_size
from app.ca.suite import SUITES, Suite, SuiteName
from app.canon import canonical, parse_canonical, sha256_hex
from app.errors import FaultError, InputError

MAGIC: Final = b"BIDENV1\n"
MAX_HEADER: Final = 2 << 20
MAX_FILES: Final = 512
MAX_MUST: Final = 4
MAX_BLOB: Final = 16 * 1024

_TAG_DOMAIN: Final = b"bidroom envelope recipient v1\x00"
_LENGTH: Final = struct.Struct(">I")

Purpose = Literal["bid", "sheet", "quote"]
Kind = Literal["share", "must", "supplier"]
Fault = Literal["supplier", "opener", "platform"]

# \Z and not $: the latter admits a newline at the end.
Hex32 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Tag = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?\Z")]
Fact = Annotated[str, msgspec.Meta(max_length=256)]
FactName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z")]
Context = Annotated[dict[FactName, Fact], msgspec.Meta(max_length=32)]
StreamSize = Annotated[int, msgspec.Meta(ge=0, le=1 << 50)]


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What opening takes: any ``k`` of ``n`` openers (n = 0: no opener layer), every one of ``must``, the supplier."""

    k: Annotated[int, msgspec.Meta(ge=0, le=MAX_SHARES)]
    n: Annotated[int, msgspec.Meta(ge=0, le=MAX_SHARES)]
    must: Annotated[int, msgspec.Meta(ge=0, le=MAX_MUST)]
    supplier: bool


class RecipientEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One holder of a share, as the outside sees it.

    Attributes:
        tag: :func:`recipient_tag` of the holder's encryption certificate; empty for the supplier, whose name is not to
            be guessed from a list of candidates either.
        kind: ``share`` (one of the n), ``must``, ``supplier``.
        x: 1..n for a share, 1..m for a must (a substitute has the same x), 0 for the supplier.
        commit: :func:`app.ca.shares.commitment` of the share, hex.
    """

    tag: Tag
    kind: Kind
    x: Annotated[int, msgspec.Meta(ge=0, le=MAX_SHARES)]
    commit: Hex32


class Core(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What every key in the envelope is derived from; its digest is in each share and in the signed manifest.

    Attributes:
        suite: with which algorithms, see :mod:`app.ca.suite`.
        env_id: 32 random bytes, hex.
        purpose: what the content is; an envelope of one purpose is never taken for another.
        rehearsal: made for a rehearsal or demo; never opens as real, nor the reverse.
        context: the case, lot, deadline, digest of the sealing kit and whatever else it belongs to; compared whole.
    """

    v: Literal[1]
    suite: SuiteName
    env_id: Hex32
    purpose: Purpose
    rehearsal: bool
    context: Context
    policy: Policy
    recipients: Annotated[tuple[RecipientEntry, ...], msgspec.Meta(min_length=1, max_length=32)]


class _WireDigest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    size: StreamSize
    digest: Hex32


class _WireHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    core: Core
    commit: Hex32
    blobs: tuple[Annotated[str, msgspec.Meta(max_length=MAX_BLOB * 4 // 3 + 4)], ...]
    streams: Annotated[tuple[dict[str, Any], ...], msgspec.Meta(min_length=1, max_length=MAX_FILES + 1)]


class EnvelopeHeader(msgspec.Struct, frozen=True):
    """A parsed header.

    Attributes:
        core: see :class:`Core`.
        commit: commitment to the one key that opens the envelope, hex.
        blobs: one CMS blob per recipient, in the order of ``core.recipients``.
        streams: size and digest of each ciphertext; stream 0 is the signed manifest, the others the files.
        raw: the header's bytes as they are in the file.
    """

    core: Core
    commit: str
    blobs: tuple[bytes, ...]
    streams: tuple[Digest, ...]
    raw: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) of ``raw``, in every suite: how receipt and record, which have one hash, name this header."""
        return sha256_hex(self.raw)

    @property
    def suite(self) -> Suite:
        """The algorithms of this envelope."""
        return SUITES[self.core.suite]

    @property
    def core_digest(self) -> str:
        """Hex digest of the canonical core ("hc")."""
        return core_digest(self.core)

    @property
    def body_offset(self) -> int:
        """Where stream 0 begins."""
        return len(MAGIC) + _LENGTH.size + len(self.raw)

    @property
    def size(self) -> int:
        """Bytes of the whole envelope."""
        return self.body_offset + sum(stream.size for stream in self.streams)


def refuse(code: str, fault: Fault, **facts: str | int | bool | None) -> InputError:
    """The error of everything that can be wrong with an envelope: who is at fault is always among the facts."""
    return InputError(f"envelope.{code}", fault=fault, **facts)


def recipient_tag(suite: Suite, env_id: str, certificate: bytes) -> str:
    """How an envelope names an opener: the suite's HMAC(env_id, domain + digest of the certificate's DER), hex.

    Only who holds the certificate can tell; two envelopes to the same opener have different tags.
    """
    return suite.mac(bytes.fromhex(env_id), _TAG_DOMAIN + suite.digest(certificate)).hex()


def core_digest(core: Core) -> str:
    """Digest (hex) of the core in canonical JSON, by the suite it names."""
    return SUITES[core.suite].hexdigest(canonical(msgspec.to_builtins(core)))


def with_digest_name(suite: Suite, entry: dict[str, Any]) -> dict[str, Any]:
    """``entry`` with its ``digest`` under the name that the suite has for it in files."""
    return {suite.digest_name if name == "digest" else name: value for name, value in entry.items()}


def without_digest_name(suite: Suite, entry: object) -> dict[str, Any]:
    """The reverse of :func:`with_digest_name`; no other name passes for the suite's.

    Raises:
        ValueError: what is no object, or already has a ``digest``.
    """
    if not isinstance(entry, dict) or "digest" in entry:
        raise ValueError("digest under a name of no suite")
    return {"digest" if name == suite.digest_name else name: value for name, value in entry.items()}


def encode_header(core: Core, commit: str, blobs: tuple[bytes, ...], streams: tuple[Digest, ...]) -> bytes:
    """The header's canonical bytes, without magic and length."""
    wire = _WireHeader(
        core=core,
        commit=commit,
        blobs=tuple(base64.b64encode(blob).decode() for blob in blobs),
        streams=tuple(with_digest_name(SUITES[core.suite], msgspec.to_builtins(stream)) for stream in streams),
    )
    return canonical(msgspec.to_builtins(wire))


def frame_header(raw: bytes) -> bytes:
    """Magic, length and header: how the file begins."""
    return MAGIC + _LENGTH.pack(len(raw)) + raw


def read_header(source: BinaryIO) -> EnvelopeHeader:
    """Read and check the header; ``source`` stands at the envelope's first byte, and after it at stream 0.

    Raises:
        InputError: ``envelope.damaged`` (fact ``reason``), ``envelope.suite_unsupported``.
    """
    return parse_header(_read_raw(source))


def _read_raw(source: BinaryIO) -> bytes:
    start = source.read(len(MAGIC) + _LENGTH.size)
    if len(start) != len(MAGIC) + _LENGTH.size or not start.startswith(MAGIC):
        raise refuse("damaged", "platform", reason="magic")
    (length,) = _LENGTH.unpack(start[len(MAGIC) :])
    if length > MAX_HEADER:
        raise refuse("damaged", "platform", reason="header_size")
    raw = source.read(length)
    if len(raw) != length:
        raise refuse("damaged", "platform", reason="truncated")
    return raw


def parse_header(raw: bytes) -> EnvelopeHeader:
    """Check the header's bytes as :func:`read_header` does.

    Raises:
        InputError: ``envelope.damaged``, ``envelope.suite_unsupported``.
    """
    try:
        value = parse_canonical(raw, MAX_HEADER)
    except InputError:
        raise refuse("damaged", "platform", reason="header") from None
    _check_suite(value)
    try:
        wire = msgspec.convert(value, _WireHeader)
        blobs = tuple(_decode_blob(text) for text in wire.blobs)
        suite = SUITES[wire.core.suite]
        digests = [msgspec.convert(without_digest_name(suite, entry), _WireDigest) for entry in wire.streams]
    except (msgspec.ValidationError, binascii.Error, ValueError):
        raise refuse("damaged", "platform", reason="header") from None
    if len(blobs) != len(wire.core.recipients) or not _is_orderly(wire.core):
        raise refuse("damaged", "platform", reason="recipients")
    streams = tuple(Digest(stream.size, stream.digest) for stream in digests)
    if not all(is_sealed_size(stream.size) for stream in streams):
        raise refuse("damaged", "platform", reason="stream_size")
    return EnvelopeHeader(core=wire.core, commit=wire.commit, blobs=blobs, streams=streams, raw=raw)


def check(source: Path | BinaryIO, header_sha256: str | None, meter: Meter | None = None) -> EnvelopeHeader:
    """Without any key: every byte of the envelope is the one its header says, and the header is the receipted one.

    Args:
        source: a path, or a seekable file standing anywhere; it is read from its first byte to its last.
        header_sha256: from the receipt; None only when the receipt is about to be given.

    Raises:
        InputError: ``envelope.damaged`` (reason magic, header, stream, truncated, trailing, …),
            ``envelope.header_differs``, ``envelope.suite_unsupported``, ``stream.cancelled``.
        FaultError: ``envelope.unreadable``: the disk failed.
    """
    with opened(source) as file:
        raw = _read_raw(file)
        # Before anything is parsed: against a receipt, all damage has the same answer.
        if header_sha256 is not None and sha256_hex(raw) != header_sha256:
            raise refuse("header_differs", "platform")
        header = parse_header(raw)
        for number, stream in enumerate(header.streams):
            try:
                digest = hash_stream(file, stream.size, meter, header.suite)
            except InputError as error:
                if error.code != "stream.truncated":
                    raise
                raise refuse("damaged", "platform", reason="truncated", stream=number) from None
            if digest != stream.digest:
                raise refuse("damaged", "platform", reason="stream", stream=number)
        if file.read(1):
            raise refuse("damaged", "platform", reason="trailing")
    return header


@contextmanager
def opened(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    """The envelope as a file at its first byte; closed again only if it was opened here.

    Raises:
        FaultError: ``envelope.unreadable`` for any OSError inside.
    """
    try:
        if isinstance(source, Path):
            with source.open("rb", buffering=0) as file:
                yield file
        else:
            source.seek(0)
            yield source
    except OSError as error:
        raise FaultError("envelope.unreadable", error=type(error).__name__) from error


def _check_suite(value: object) -> None:
    # Before the shape: another suite or version may have another shape, and deserves a clear word.
    core = value.get("core") if isinstance(value, dict) else None
    if not isinstance(core, dict):
        raise refuse("damaged", "platform", reason="header")
    suite, version = core.get("suite"), core.get("v")
    if not isinstance(suite, str) or not isinstance(version, int):
        raise refuse("damaged", "platform", reason="header")
    if suite not in SUITES or version != 1:
        raise refuse("suite_unsupported", "supplier", suite=suite[:32], version=version)


def _decode_blob(text: str) -> bytes:
    blob = base64.b64decode(text, validate=True)
    if base64.b64encode(blob).decode() != text:
        raise ValueError("base64 with stray bits")
    return blob


def _is_orderly(core: Core) -> bool:
    """One order only: shares by x, then must by x (each once or, with a substitute, twice), then the supplier."""
    policy, entries = core.policy, core.recipients
    if (policy.k == 0) != (policy.n == 0) or policy.k > policy.n:
        return False
    tags = [entry.tag for entry in entries if entry.kind != "supplier"]
    if len(set(tags)) != len(tags) or not all(tags):
        return False
    rest = list(entries)
    if policy.supplier:
        last = rest.pop()
        if (last.kind, last.x, last.tag) != ("supplier", 0, ""):
            return False
    shares, musts = rest[: policy.n], rest[policy.n :]
    if [(entry.kind, entry.x) for entry in shares] != [("share", x) for x in range(1, policy.n + 1)]:
        return False
    return _musts_are_orderly(musts, policy.must)


def _musts_are_orderly(musts: list[RecipientEntry], count: int) -> bool:
    places = [entry.x for entry in musts]
    if places != sorted(places) or set(places) != set(range(1, count + 1)):
        return False
    if any(entry.kind != "must" for entry in musts) or any(places.count(x) > 2 for x in places):
        return False
    # A substitute holds the same value as the one it stands in for.
    return len({(entry.x, entry.commit) for entry in musts}) == count
