"""Attacks by the maker of an envelope, who holds all its keys. Each was seen to succeed with its defence taken out."""

import asyncio
from typing import Any

import msgspec
import pytest
from envelope_forge import assemble, changed, forged, honest_manifest, plan, signed, terms
from envelope_world import (
    ACT,
    CONTEXT,
    FILES,
    PAYLOAD,
    Envelope,
    Shelf,
    opened,
    person,
    refusal,
    sealed,
    share_of,
    shares_of,
)

from app.ca.envelope import take_share
from app.ca.envelope_manifest import SignedManifest, pack
from app.ca.keywrap import wrap
from app.canon import canonical, parse_canonical, sha256_hex

BID = sealed()


def test_the_forge_makes_good_envelopes_when_told_no_lie() -> None:
    shelf = Shelf()
    envelope = forged(plan())
    assert opened(envelope, shares_of(envelope, ["张", "李", "甲公司"]), shelf).payload == PAYLOAD
    assert [data for _, data in shelf.files.values()] == [data for _, data in FILES]


def _open_forged(envelope: Envelope, shelf: Shelf | None = None) -> tuple[str, object, object]:
    return refusal(lambda: opened(envelope, shares_of(envelope, ["张", "李", "甲公司"]), shelf))


def test_a_manifest_signed_for_other_readers_cannot_be_forwarded() -> None:
    """Surreptitious forwarding: a reader of 甲's envelope seals its signed manifest anew, for another lot."""
    original = plan()
    for of in (terms(context={**CONTEXT, "lot": "2"}), terms()):
        envelope = forged(plan(of), manifest=honest_manifest(original))
        shares = shares_of(envelope, ["张", "李", "甲公司"])
        attempt = lambda of=of, envelope=envelope, shares=shares: opened(envelope, shares, context=of.context)  # noqa: E731
        assert refusal(attempt) == ("envelope.unopenable", "supplier", "manifest")


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(commit="00" * 32),
        lambda value: value.update(signer="00" * 32),
        lambda value: value.update(purpose="quote"),
        lambda value: value.update(rehearsal=True),
        lambda value: value["context"].update(lot="2"),
        lambda value: value.update(v=2),
        lambda value: value.update(extra=1),
        lambda value: value["files"].pop(),
        lambda value: value["files"][0].update(size=1),
        lambda value: value["files"][0].update(name="a\0b"),
        lambda value: value.update(payload=[1]),
    ],
)
def test_a_manifest_that_says_something_else(change: Any) -> None:
    made = plan()
    envelope = forged(made, manifest=changed(honest_manifest(made), change))
    assert _open_forged(envelope) == ("envelope.unopenable", "supplier", "manifest")


def test_a_file_that_is_not_the_signed_one_never_counts() -> None:
    made = plan()
    other = bytes(len(FILES[1][1]))
    shelf = Shelf()
    envelope = forged(made, files=[FILES[0][1], other])
    assert _open_forged(envelope, shelf) == ("envelope.unopenable", "supplier", "digest")
    assert list(shelf.files) == [1]  # the context of the second ended with an exception


def test_a_stream_under_another_key() -> None:
    made = plan()
    good, other = forged(made), forged(msgspec.structs.replace(made, key=bytes(32)))
    size = good.header.streams[2].size
    streams = [*good.header.streams[:2], other.header.streams[2]]
    raw = made.header(streams)
    data = b"BIDENV1\n" + len(raw).to_bytes(4, "big") + raw + good.data[good.header.body_offset : -size]
    mixed = Envelope(data + other.data[-size:], sha256_hex(raw))
    assert _open_forged(mixed) == ("envelope.unopenable", "supplier", "stream")


def test_streams_cannot_change_places() -> None:
    same = [("a", b"1" * 100), ("b", b"2" * 100)]
    envelope = sealed(files=same)
    header = envelope.header
    raw = parse_canonical(header.raw, 1 << 20)
    assert isinstance(raw, dict)
    raw["streams"][1], raw["streams"][2] = raw["streams"][2], raw["streams"][1]
    size = header.streams[1].size
    body = envelope.data[header.body_offset :]
    first, one, two = body[: -2 * size], body[-2 * size : -size], body[-size:]
    exchanged = canonical(raw)
    data = b"BIDENV1\n" + len(exchanged).to_bytes(4, "big") + exchanged + first + two + one
    swapped = Envelope(data, sha256_hex(exchanged))
    assert _open_forged(swapped) == ("envelope.unopenable", "supplier", "stream")


def test_someone_elses_signature_is_not_the_makers() -> None:
    made = plan()
    theirs = signed(honest_manifest(made), "乙公司")
    mixed = SignedManifest(theirs.manifest, theirs.signature, (person("甲公司").signing_certificate,))
    assert _open_forged(assemble(made, pack(mixed))) == ("envelope.unopenable", "supplier", "signature")


def test_a_signature_made_for_another_purpose_is_not_one() -> None:
    """The bytes of a manifest signed as something else, e.g. as a command: the domain is missing."""
    made = plan()
    manifest = honest_manifest(made)
    bare = asyncio.run(person("甲公司").sign(manifest, ACT))
    stripped = pack(SignedManifest(manifest, bare, (person("甲公司").signing_certificate,)))
    assert _open_forged(assemble(made, stripped)) == ("envelope.unopenable", "supplier", "signature")


@pytest.mark.parametrize("first", [b"", bytes(4096), b"\xff" * 4096, b"\0\0\0\2{}" + bytes(4090)])
def test_a_first_stream_of_nonsense(first: bytes) -> None:
    code, fault, reason = _open_forged(assemble(plan(), first))
    assert (code, fault) == ("envelope.unopenable", "supplier")
    assert reason in {"manifest", "signature"}


def test_nothing_hides_in_the_padding() -> None:
    made = plan()
    good = pack(signed(honest_manifest(made)))
    hidden = good[:-5] + b"extra"
    assert _open_forged(assemble(made, hidden)) == ("envelope.unopenable", "supplier", "manifest")
    assert _open_forged(assemble(made, good + bytes(4096))) == ("envelope.unopenable", "supplier", "manifest")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda envelope, share: b"nonsense", "blob"),
        (lambda envelope, share: canonical({"hc": envelope.header.core_digest, "kind": "share", "x": 1}), "blob"),
        (lambda envelope, share: _wrapped(envelope, share, hc="00" * 32), "envelope"),
        (lambda envelope, share: _wrapped(envelope, share, x=2), "envelope"),
        (lambda envelope, share: _wrapped(envelope, share, kind="must"), "envelope"),
        (lambda envelope, share: _wrapped(envelope, share, y="00" * 32), "commitment"),
    ],
)
def test_a_maker_that_wraps_something_else_is_at_fault(content: Any, reason: str) -> None:
    blob = wrap(content(BID, share_of(BID, "张")), [person("张").encryption_certificate], anonymous=True)
    header = msgspec.structs.replace(BID.header, blobs=(blob, *BID.header.blobs[1:]))
    attempt = lambda: asyncio.run(take_share(header, person("张"), ACT))  # noqa: E731
    assert refusal(attempt) == ("envelope.share_foreign", "supplier", reason)


def _wrapped(envelope: Envelope, share: Any, **changes: Any) -> bytes:
    honest = {"hc": envelope.header.core_digest, "kind": share.kind, "x": share.x, "y": share.value}
    return canonical({**honest, **changes})


def test_a_spoilt_blob_is_the_makers_fault() -> None:
    header = msgspec.structs.replace(BID.header, blobs=(b"spoilt", *BID.header.blobs[1:]))
    attempt = lambda: asyncio.run(take_share(header, person("张"), ACT))  # noqa: E731
    assert refusal(attempt) == ("envelope.share_foreign", "supplier", "blob")


def test_nonsense_and_a_spoilt_blob_have_one_answer() -> None:
    """A supplier's blob is tried without knowing whose it is; no difference may tell of what came out."""
    certificate, supplier = person("甲公司").encryption_certificate, person("甲公司")
    for blob in (b"spoilt", wrap(b"nonsense", [certificate], anonymous=True)):
        header = msgspec.structs.replace(BID.header, blobs=(*BID.header.blobs[:3], blob))
        attempt = lambda header=header: asyncio.run(take_share(header, supplier, ACT))  # noqa: E731
        assert refusal(attempt) == ("envelope.not_recipient", "opener", None)
