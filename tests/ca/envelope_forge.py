"""A maker of envelopes who does not keep to the rules: every part can be chosen, the result is well-formed outside."""

import asyncio
import io
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from envelope_world import CONTEXT, FILES, PAYLOAD, Envelope, person, suite

from app.ca.envelope import SIGNATURE_DOMAIN, Recipient
from app.ca.envelope_header import frame_header
from app.ca.envelope_manifest import SignedManifest, pack
from app.ca.envelope_plan import Plan, Terms, make_plan
from app.ca.envelope_shares import stream_key
from app.ca.streams import encrypt_stream
from app.ca.token import Act
from app.canon import canonical, parse_canonical, sha256_hex

CONTENTS = tuple(content for _, content in FILES)

Change = Callable[[dict[str, Any]], None]


def terms(**changes: Any) -> Terms:
    openers = tuple(Recipient(person(name).encryption_certificate) for name in "张王李")
    base = Terms("bid", False, CONTEXT, openers, 2, person("甲公司").encryption_certificate, suite())
    return msgspec.structs.replace(base, **changes)


def plan(of: Terms | None = None, payload: dict[str, Any] | None = None) -> Plan:
    files = [(name, len(data)) for name, data in FILES]
    return make_plan(of or terms(), payload or PAYLOAD, files, [person("甲公司").signing_certificate])


def honest_manifest(made: Plan) -> bytes:
    return made.manifest([made.suite.hexdigest(data) for _, data in FILES])


def signed(manifest: bytes, name: str = "甲公司") -> SignedManifest:
    signature = asyncio.run(person(name).sign(SIGNATURE_DOMAIN + manifest, Act("seal_envelope")))
    return SignedManifest(manifest, signature, (person(name).signing_certificate,))


def changed(manifest: bytes, change: Change) -> bytes:
    value = parse_canonical(manifest, 1 << 20)
    assert isinstance(value, dict)
    change(value)
    return canonical(value)


def assemble(made: Plan, first: bytes, files: Sequence[bytes] = CONTENTS) -> Envelope:
    """Encrypt ``first`` and ``files`` with the plan's key, and write a header that fits."""
    streams, body = [], io.BytesIO()
    for number, data in enumerate((first, *files)):
        key, info = stream_key(made.suite, made.key, made.hc, number)
        _, digest = encrypt_stream(key, info, io.BytesIO(data), body, suite=made.suite)
        streams.append(digest)
    raw = made.header(streams)
    return Envelope(frame_header(raw) + body.getvalue(), sha256_hex(raw))


def forged(made: Plan, manifest: bytes | None = None, signer: str = "甲公司", **parts: Any) -> Envelope:
    return assemble(made, pack(signed(manifest or honest_manifest(made), signer)), **parts)
