"""Damaged envelopes by the thousand: with the receipt none opens, none crashes, all end in one kind of error."""

import asyncio
import io
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from envelope_forge import assemble, forged, honest_manifest, plan, signed
from envelope_world import ACT, CONTEXT, PAYLOAD, Shelf, person, sealed, shares_of

from app.ca.device_key import DeviceKeyHolder
from app.ca.envelope import OpenedEnvelope, Share, check, open_envelope
from app.ca.envelope_header import frame_header
from app.ca.envelope_manifest import pack
from app.ca.keywrap import open_wrapped, refused, wrap
from app.ca.token import Act
from app.canon import canonical, parse_canonical, sha256_hex
from app.errors import InputError


def mutant(data: bytes, header_end: int, chance: random.Random) -> bytes:
    """One or two changes, half of them in the header, which is where parsing happens."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 2)):
        place = chance.randrange(min(header_end, len(made)) if chance.random() < 0.5 else len(made))
        match chance.randrange(7):
            case 0:
                made[place] ^= 1 << chance.randrange(8)
            case 1:
                made[place] = chance.randrange(256)
            case 2 if place:
                del made[place : place + chance.randint(1, 40)]
            case 3:
                made[place:place] = chance.randbytes(chance.randint(1, 40))
            case 4:
                other = chance.randrange(len(made))
                made[place : place + 16] = made[other : other + 16]
            case 5:
                made[place:place] = chance.choice([b"{", b"}", b'"', b",", b"0", b"\\u0000", b"\xff", b"[" * 2000])
            case _ if place:
                del made[place:]
    return bytes(made)


def outcome(work: Callable[[], object]) -> str:
    """The code ``work`` is refused with, or an empty text; anything but an InputError breaks the test."""
    try:
        work()
    except InputError as error:
        return error.code if error.facts.get("fault") in {"supplier", "platform", "opener"} else f"faultless {error}"
    return ""


def attempt(data: bytes, header_sha256: str, shares: list[Share]) -> OpenedEnvelope:
    return open_envelope(
        io.BytesIO(data),
        header_sha256=header_sha256,
        purpose="bid",
        context=CONTEXT,
        rehearsal=False,
        shares=shares,
        sink=Shelf(),
    )


def try_mutants(count: int, seed: int) -> int:
    """Damaged envelopes against the honest one's receipt: none opens; gives how many were tried."""
    envelope = sealed(files=[("a.pdf", bytes(20_000)), ("b.pdf", b"b")])
    shares = shares_of(envelope, ["张", "王", "李", "甲公司"])
    chance, seen, tried = random.Random(seed), set[str](), 0
    while tried < count:
        data = mutant(envelope.data, envelope.header.body_offset, chance)
        if data != envelope.data:
            tried += 1
            seen.add(outcome(partial(attempt, data, envelope.header_sha256, shares)))
    # With the receipt nothing is parsed that the receipt does not name: no mutant chooses another answer.
    assert seen == {"envelope.damaged", "envelope.header_differs"}
    return tried


def rewritten(value: Any, chance: random.Random) -> Any:
    """The header's value with one leaf somewhere exchanged for another value, likely of another type."""
    if isinstance(value, dict) and value and chance.random() < 0.95:
        name = chance.choice(sorted(value))
        return {**value, name: rewritten(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:
        place = chance.randrange(len(value))
        return [*value[:place], rewritten(value[place], chance), *value[place + 1 :]]
    others: list[Any] = ["", "0" * 64, "f" * 64, 0, 1, 2, -1, 1 << 80, None, True, [], {}, [[]], "\0", "share", "must"]
    return chance.choice(others)


def try_received_headers(count: int, seed: int) -> int:
    """Well-formed headers with a wrong value, for which the host itself gave a receipt; gives how many still opened."""
    envelope = sealed(files=[("a.pdf", bytes(2_000)), ("b.pdf", b"b")])
    shares = shares_of(envelope, ["张", "王", "李", "甲公司"])
    body, chance, still_open = envelope.data[envelope.header.body_offset :], random.Random(seed), 0
    for _ in range(count):
        raw = canonical(rewritten(parse_canonical(envelope.header.raw, 1 << 20), chance))
        data = frame_header(raw) + body
        code = outcome(partial(attempt, data, sha256_hex(raw), shares))
        outcome(partial(check, io.BytesIO(data), None))
        assert not code.startswith("faultless"), code
        if not code:
            still_open += 1
            assert attempt(data, sha256_hex(raw), shares).payload == PAYLOAD
    return still_open


def test_two_thousand_mutants() -> None:
    try_mutants(2_000, seed=1)


def test_a_thousand_wrong_headers_with_a_receipt_of_their_own() -> None:
    still_open = try_received_headers(1_000, seed=1)
    assert still_open < 200  # those where only a blob differs, which nobody needs any more


def test_mutated_manifests_in_good_envelopes() -> None:
    made, chance = plan(), random.Random(3)
    good = pack(signed(honest_manifest(made)))
    shares = shares_of(forged(made), ["张", "王", "甲公司"])
    used = len(good.rstrip(b"\0"))
    for _ in range(300):
        mutated = mutant(good, used, chance)
        envelope = assemble(made, mutated)
        code = outcome(partial(attempt, envelope.data, envelope.header_sha256, shares))
        # A change may fall on a byte that was zero already or undo itself; then it is the honest envelope.
        assert code == "envelope.unopenable" or mutated == good


def try_blobs(count: int, seed: int) -> int:
    """Damaged CMS blobs of both kinds: one error, always the same; gives how many still opened.

    Those differ in the recipient's key identifier alone, 20 bytes that are random and stand for nobody; what embeds a
    blob binds its digest.
    """
    tried, still_open, chance = 0, 0, random.Random(seed)
    holders: list[DeviceKeyHolder | SoftwareRsa] = [person("张"), SoftwareRsa()]
    blobs = [wrap(b"a share", [holder.encryption_certificate], anonymous=True) for holder in holders]
    while tried < count:
        holder, blob = holders[tried % 2], blobs[tried % 2]
        data = mutant(blob, len(blob), chance)
        if data == blob:
            continue
        tried += 1
        try:
            content, said = asyncio.run(holder.unwrap(data, ACT)), None
        except InputError as error:
            content, said = b"", (error.code, error.facts)
        assert said in (None, ("keywrap.refused", {}))
        if said is None:
            still_open += 1
            assert content == b"a share"
            assert without_identifier(data) == without_identifier(blob)
    return still_open


def without_identifier(blob: bytes) -> bytes:
    """The blob with its recipient's random key identifier blanked."""
    recipient = cms.ContentInfo.load(blob)["content"]["recipient_infos"][0]
    agreed = recipient.name == "kari"
    named = recipient.chosen["recipient_encrypted_keys"][0]["rid"] if agreed else recipient.chosen["rid"]
    identifier = named.chosen["subject_key_identifier"] if agreed else named.chosen
    return blob.replace(identifier.native, bytes(20))


class SoftwareRsa:
    """An RSA encryption key in memory."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        self.encryption_certificate = self_signed(self._key)

    async def unwrap(self, blob: bytes, _act: Act) -> bytes:
        return await open_wrapped(blob, self.encryption_certificate, self._oaep, self._ecdh)

    async def _oaep(self, data: bytes) -> bytes:
        try:
            return self._key.decrypt(data, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
        except ValueError:
            raise refused() from None

    async def _ecdh(self, _point: bytes) -> bytes:
        raise refused()


def self_signed(key: rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "王五")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    made = builder.not_valid_before(moment).not_valid_after(moment + timedelta(days=3650)).sign(key, hashes.SHA256())
    return made.public_bytes(Encoding.DER)


def test_a_thousand_damaged_blobs() -> None:
    assert try_blobs(1_000, seed=1) < 30


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_hundred_thousand_mutants() -> None:
    start = time.perf_counter()
    tried = try_mutants(100_000, seed=2)
    still_open = try_received_headers(20_000, seed=2)
    blobs = try_blobs(100_000, seed=2)
    print(f"{tried} envelopes with the receipt: none opened")
    print(
        f"20000 headers, well-formed and wrong, each with its own receipt: {still_open} opened, to the honest content"
    )
    print(f"100000 wrapped shares: {blobs} opened, to the same share; {time.perf_counter() - start:.0f} s in all")


def test_every_header_bit_is_bound_by_the_receipt() -> None:
    envelope = sealed(openers=[], k=0, files=())
    shares = shares_of(envelope, ["甲公司"])
    assert outcome(partial(attempt, envelope.data, envelope.header_sha256, shares)) == ""
    for place in range(envelope.header.body_offset):
        data = envelope.data[:place] + bytes([envelope.data[place] ^ 1]) + envelope.data[place + 1 :]
        assert outcome(partial(attempt, data, envelope.header_sha256, shares)) != ""
