"""The attacks on an envelope, row by row, each with the defences that end it taken out one after another.

Every row says what the attacker does, and which checks stand in the way. Three things are held: with all checks in
place the attack fails; with any single one left in place it still fails; with all of them out it *succeeds*. The last
one is the proof that the test could fail, kept in the suite. Rows of the bid box and of the holders' desks, which need
a host, are in ``tests/session/test_bid_attacks.py``.
"""

import asyncio
import io
from collections.abc import Callable
from itertools import combinations, islice
from typing import Any

import msgspec
import pytest
from asn1crypto import algos, cms
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.x509 import load_der_x509_certificate
from envelope_forge import assemble, forged, honest_manifest, plan, signed, terms
from envelope_world import CONTEXT, Envelope, Shelf, opened, person, sealed, share_of, shares_of, suite
from salamander import block_cipher, derived, gcm_opened, honest_split, salamander

from app.ca import (
    envelope_header,
    envelope_manifest,
    envelope_open,
    envelope_plan,
    envelope_shares,
    keywrap,
    shares,
    streams,
)
from app.ca.envelope import Recipient, check
from app.ca.envelope_manifest import SignedManifest, pack
from app.ca.envelope_shares import Share
from app.canon import canonical, parse_canonical, sha256_hex
from app.errors import InputError
from app.rehearsal.demo_pki import DemoPerson, DemoPki

Patch = pytest.MonkeyPatch
SUITE = suite()
NAME = SUITE.digest_name
Attempt = Callable[[], bool]
Defence = Callable[[Patch], None]


class Row(msgspec.Struct, frozen=True):
    """One attack. ``prepare`` builds it honestly (nothing is patched yet) and gives the attempt; with ``early``
    the patches are in place already while it is built: for a defence that the sealing side takes part in."""

    prepare: Callable[[], Attempt]
    defences: dict[str, Defence]
    early: bool = False


ROWS: dict[str, Row] = {}


def row(name: str, *, early: bool = False, **defences: Defence) -> Callable[[Callable[[], Attempt]], None]:
    def register(prepare: Callable[[], Attempt]) -> None:
        ROWS[name] = Row(prepare, defences, early)

    return register


def succeeds(work: Callable[[], object]) -> bool:
    try:
        work()
    except InputError:
        return False
    return True


# --- what is taken out


def _without(layer: str) -> Defence:
    real = envelope_shares.root_key

    def root(of: Any, env_id: str, supplier: bytes, secret: bytes, musts: Any) -> bytes:
        parts = {"supplier": supplier, "secret": secret, "musts": list(musts)}
        parts[layer] = [] if layer == "musts" else b""
        return real(of, env_id, parts["supplier"], parts["secret"], parts["musts"])  # type: ignore[arg-type]

    def take_out(patch: Patch) -> None:
        for module in (envelope_plan, envelope_shares):
            patch.setattr(module, "root_key", root)

    return take_out


def no_receipt(patch: Patch) -> None:
    real = envelope_header.check
    patch.setattr(envelope_open, "check", lambda source, _receipted, meter=None: real(source, None, meter))


def no_stream_digest(patch: Patch) -> None:
    real = streams.hash_stream
    expected = {stream.size: stream.digest for stream in BID.header.streams}
    patch.setattr(envelope_header, "hash_stream", lambda *a: (real(*a), expected[a[1]])[1])


class Unauthenticated:
    """Chunked decryption that looks at no tag."""

    def __init__(self, key: bytes, context: bytes) -> None:
        self._key, self._context, self._data = key, context, bytearray()

    def update_into(self, data: Any, room: Any) -> int:
        self._data += data
        return 0

    def finalize(self) -> bytes:
        material = derived(self._key, bytes(self._data[:24]) + self._context, SUITE)
        base, plain = int.from_bytes(material[1], "big"), bytearray()
        for number, place in enumerate(range(56, len(self._data), 16400)):
            nonce = (base ^ number).to_bytes(12, "big")
            cipher = Cipher(block_cipher(SUITE)(material[0]), modes.CTR(nonce + b"\0\0\0\2")).decryptor()
            plain += cipher.update(bytes(self._data[place : place + 16400][:-16]))
        return bytes(plain)


def no_tags(patch: Patch) -> None:
    patch.setitem(SUITE.__dict__, "decryptor", Unauthenticated)


class Uncommitted(Unauthenticated):
    """Chunked GCM as it would be without the key commitment: tags are checked, the commitment is not."""

    def finalize(self) -> bytes:
        key, nonce, _ = derived(self._key, bytes(self._data[:24]) + self._context, SUITE)
        return gcm_opened(SUITE, key, nonce, bytes(self._data[56:]))


def no_key_commitment_in_streams(patch: Patch) -> None:
    patch.setitem(SUITE.__dict__, "decryptor", Uncommitted)


def no_file_digest(patch: Patch) -> None:
    real = streams.decrypt_stream

    def decrypt(*arguments: Any, **options: Any) -> Any:
        digest = real(*arguments, **options)
        said = next((entry[NAME] for entry in _files(BID) if entry["size"] == digest.size), digest.digest)
        return msgspec.structs.replace(digest, digest=said)

    patch.setattr(envelope_open, "decrypt_stream", decrypt)


def no_signature(patch: Patch) -> None:
    patch.setattr(envelope_open, "verify_signature", lambda *_: True)


def no_place(patch: Patch) -> None:
    """Purpose, rehearsal and context of the header are not compared."""
    patch.setattr(
        envelope_open, "_checked", lambda source, receipted, _p, _c, _r, meter: check(source, receipted, meter)
    )


def no_binding_of_the_manifest(patch: Patch) -> None:
    """The signed manifest may say what it likes about the envelope it lies in."""
    said: dict[str, Any] = {}
    real, verified = envelope_manifest.parse_manifest, envelope_open.verified_manifest

    def verify(header: Any, signed_manifest: Any) -> Any:
        core = header.core
        said.update(hc=header.core_digest, commit=header.commit, context=core.context, rehearsal=core.rehearsal)
        return verified(header, signed_manifest)

    patch.setattr(envelope_open, "verified_manifest", verify)
    patch.setattr(envelope_open, "parse_manifest", lambda data, of: msgspec.structs.replace(real(data, of), **said))


def no_header_in_shares(patch: Patch) -> None:
    """A wrapped share is taken for any header's."""
    real = msgspec.convert

    class Anything(str):
        def __ne__(self, other: object) -> bool:
            return False

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = str.__hash__

    def convert(value: Any, kind: Any) -> Any:
        made = real(value, kind)
        return msgspec.structs.replace(made, hc=Anything(made.hc)) if kind is envelope_shares._Wrapped else made

    patch.setattr(msgspec, "convert", convert)


def no_share_commitment(patch: Patch) -> None:
    patch.setattr(envelope_shares, "share_matches", lambda *_: True)


def no_other_choices(patch: Patch) -> None:
    """Only the first k shares are tried."""
    patch.setattr(envelope_shares, "combinations", lambda *a: islice(combinations(*a), 1))


def no_threshold(patch: Patch) -> None:
    """The secret is shared among all, not among any k."""
    patch.setattr(shares, "split", lambda secret, _k, n: honest_split(secret, n, n))


def any_transport(patch: Patch) -> None:
    """Whatever a blob says of how its key was encrypted, the token is asked."""
    patch.setattr(keywrap, "_transported", lambda recipient: (None, recipient["encrypted_key"].native))


def no_requirements(patch: Patch) -> None:
    """A blob's algorithms, versions and lengths are not looked at."""
    patch.setattr(keywrap, "_require", lambda _condition: None)


def no_curve(patch: Patch) -> None:
    class Anywhere:
        @staticmethod
        def from_encoded_point(_curve: object, _point: bytes) -> None:
            return None

    class Lenient:
        EllipticCurvePublicKey = Anywhere
        SECP256R1 = ec.SECP256R1

    patch.setattr(keywrap, "ec", Lenient)


# --- the rows

BID = sealed()
ENOUGH = shares_of(BID, ["张", "李", "甲公司"])


def _value(envelope: Envelope) -> dict[str, Any]:
    value = parse_canonical(envelope.header.raw, 1 << 20)
    assert isinstance(value, dict)
    return value


def _files(envelope: Envelope) -> list[dict[str, Any]]:
    value = parse_canonical(opened_manifest(envelope), 1 << 20)
    assert isinstance(value, dict)
    return list(value["files"])


def opened_manifest(envelope: Envelope) -> bytes:
    if envelope.header_sha256 not in _MANIFESTS:
        _MANIFESTS[envelope.header_sha256] = opened(envelope, ENOUGH).manifest
    return _MANIFESTS[envelope.header_sha256]


_MANIFESTS: dict[str, bytes] = {}
opened_manifest(BID)


def _with_header(envelope: Envelope, value: dict[str, Any]) -> Envelope:
    raw = canonical(value)
    return Envelope(envelope_header.frame_header(raw) + envelope.data[envelope.header.body_offset :], sha256_hex(raw))


def made_up(envelope: Envelope, *places: tuple[str, int]) -> list[Share]:
    """Shares that nobody gave."""
    env_id = envelope.header.core.env_id
    return [Share(v=1, env_id=env_id, kind=kind, x=x, value="00" * 32) for kind, x in places]  # type: ignore[arg-type]


@row("openers open early, without the supplier", early=True, share=no_share_commitment, key=_without("supplier"))
def _() -> Attempt:
    envelope = sealed()
    given = [*shares_of(envelope, "张王李"), *made_up(envelope, ("supplier", 0))]
    return lambda: succeeds(lambda: opened(envelope, given))


@row("the supplier opens alone", early=True, share=no_share_commitment, key=_without("secret"))
def _() -> Attempt:
    envelope = sealed()
    given = [*shares_of(envelope, ["甲公司"]), *made_up(envelope, ("share", 1), ("share", 2))]
    return lambda: succeeds(lambda: opened(envelope, given))


@row("all but the supervisor who must take part", early=True, share=no_share_commitment, key=_without("musts"))
def _() -> Attempt:
    openers = [Recipient(person(name).encryption_certificate) for name in "张王李"]
    envelope = sealed(openers=[*openers, Recipient(person("孙监督").encryption_certificate, must=True)])
    given = [*shares_of(envelope, ["张", "王", "李", "甲公司"]), *made_up(envelope, ("must", 1))]
    return lambda: succeeds(lambda: opened(envelope, given))


@row("another sealed bid is put in the place of the receipted one", receipt=no_receipt)
def _() -> Attempt:
    swapped = Envelope(sealed(payload={"price": "1.00"}).data, BID.header_sha256)
    theirs = shares_of(swapped, ["张", "李", "甲公司"])
    return lambda: succeeds(lambda: opened(swapped, theirs))


@row("a blob nobody needs is exchanged after the receipt", receipt=no_receipt)
def _() -> Attempt:
    value = _value(BID)
    value["blobs"][1] = value["blobs"][0]
    changed = Envelope(_with_header(BID, value).data, BID.header_sha256)
    return lambda: succeeds(lambda: opened(changed, ENOUGH))


@row("a ciphertext byte is changed (EFAIL)", digest=no_stream_digest, tags=no_tags, manifest=no_file_digest)
def _() -> Attempt:
    place = len(BID.data) - BID.header.streams[2].size - 40  # in the last chunk of the first file
    changed = Envelope(BID.data[:place] + bytes([BID.data[place] ^ 1]) + BID.data[place + 1 :], BID.header_sha256)

    def attempt() -> bool:
        shelf = Shelf()
        done = succeeds(lambda: opened(changed, ENOUGH, shelf))
        return done and SUITE.hexdigest(shelf.files[1][1]) != _files(BID)[0][NAME]

    return attempt


@row("the signature is left out", signature=no_signature)
def _() -> Attempt:
    made = plan()
    bare = SignedManifest(honest_manifest(made), b"", (person("甲公司").signing_certificate,))
    envelope = assemble(made, pack(bare))
    given = shares_of(envelope, ["张", "李", "甲公司"])
    return lambda: succeeds(lambda: opened(envelope, given))


@row("a stranger signs in the maker's name", signature=no_signature)
def _() -> Attempt:
    made = plan()
    theirs = signed(honest_manifest(made), "乙公司")
    envelope = assemble(
        made, pack(SignedManifest(theirs.manifest, theirs.signature, (person("甲公司").signing_certificate,)))
    )
    given = shares_of(envelope, ["张", "李", "甲公司"])
    return lambda: succeeds(lambda: opened(envelope, given))


@row("a reader forwards the signed content in a new envelope", binding=no_binding_of_the_manifest)
def _() -> Attempt:
    original, made = plan(), plan(terms(context={**CONTEXT, "lot": "2"}))
    envelope = forged(made, manifest=honest_manifest(original))
    given = shares_of(envelope, ["张", "李", "甲公司"])
    return lambda: succeeds(lambda: opened(envelope, given, context={**CONTEXT, "lot": "2"}))


@row("a bid is used again in another lot", place=no_place)
def _() -> Attempt:
    return lambda: succeeds(lambda: opened(BID, ENOUGH, context={**CONTEXT, "lot": "2"}))


@row("a rehearsal's bid is passed off as real", place=no_place)
def _() -> Attempt:
    envelope = sealed(rehearsal=True)
    given = shares_of(envelope, ["张", "李", "甲公司"])
    return lambda: succeeds(lambda: opened(envelope, given))


@row("a quote is passed off as a bid", place=no_place)
def _() -> Attempt:
    envelope = sealed(purpose="quote")
    given = shares_of(envelope, ["张", "李", "甲公司"])
    return lambda: succeeds(lambda: opened(envelope, given))


@row("a rival's ciphertext with another lot written on it: its opener hands out the share", share=no_header_in_shares)
def _() -> Attempt:
    value = _value(BID)
    value["core"]["context"]["lot"] = "2"
    copy = _with_header(BID, value)
    return lambda: succeeds(lambda: share_of(copy, "张"))


@row("an opener lies and the supplier takes the blame", commitment=no_share_commitment)
def _() -> Attempt:
    lie = msgspec.structs.replace(share_of(BID, "张"), value="11" * 32)
    given = [lie, *shares_of(BID, ["王", "甲公司"])]

    def attempt() -> bool:
        try:
            opened(BID, given)
        except InputError as error:
            return error.facts["fault"] == "supplier"
        raise AssertionError("a wrong share opens nothing")

    return attempt


@row("one opener withholds its share and stops the bid", early=True, threshold=no_threshold)
def _() -> Attempt:
    envelope = sealed()
    given = shares_of(envelope, ["王", "李", "甲公司"])
    return lambda: not succeeds(lambda: opened(envelope, given))


@row("a dealer's wrong share stops a bid that has enough good ones", choices=no_other_choices)
def _() -> Attempt:
    with Patch.context() as patch:
        patch.setattr(shares, "split", lambda secret, k, n: (bytes(32), *honest_split(secret, k, n)[1:]))
        envelope = forged(plan())
    given = shares_of(envelope, ["张", "王", "李", "甲公司"])
    return lambda: not succeeds(lambda: opened(envelope, given))


@row("one ciphertext, two prices", commitment=no_key_commitment_in_streams)
def _() -> Attempt:
    """The stream carries the first key's commitment; under the second one its tag is valid as well."""
    salt, one, two = bytes(24), b"1" * 32, b"2" * 32
    keys = [derived(key, salt, SUITE) for key in (one, two)]
    stream = salt + keys[0][2] + salamander(keys[0][:2], keys[1][:2], SUITE)

    def attempt() -> bool:
        plains = []
        for key in (one, two):
            target = io.BytesIO()
            if not succeeds(lambda key=key, target=target: _decrypt(key, stream, target)):  # type: ignore[misc]
                return False
            plains.append(target.getvalue())
        return plains[0] != plains[1]

    return attempt


def _decrypt(key: bytes, stream: bytes, target: io.BytesIO) -> None:
    streams.decrypt_stream(key, b"", io.BytesIO(stream), len(stream), target, suite=SUITE)


# --- wrapped shares: success is that the private key was asked at all


class Asked:
    """A token that answers nothing and remembers whether it was asked."""

    def __init__(self, certificate: bytes) -> None:
        self.certificate, self.times = certificate, 0

    async def operation(self, _data: bytes) -> bytes:
        self.times += 1
        return bytes(32)

    def asked(self, blob: bytes) -> bool:
        before = self.times
        succeeds(lambda: asyncio.run(keywrap.open_wrapped(blob, self.certificate, self.operation, self.operation)))
        return self.times > before


_PKI: list[DemoPki] = []


@pytest.fixture(scope="module", autouse=True)
def _certificates(pki: DemoPki) -> None:
    _PKI[:] = [pki]


def token(kind: str) -> Asked:
    return Asked(_PKI[0].issue(DemoPerson("王五", algorithm=kind))[1].certificate)


def rewritten(blob: bytes, change: Callable[[Any], None]) -> bytes:
    info = cms.ContentInfo.load(blob).copy()
    change(info["content"])
    return bytes(info.dump(force=True))


@row("a share wrapped with PKCS#1 v1.5 makes the token a padding oracle", transport=any_transport)
def _() -> Attempt:
    reader = token("rsa")
    public: Any = load_der_x509_certificate(reader.certificate).public_key()

    def weaken(content: Any) -> None:
        recipient = content["recipient_infos"][0].chosen
        recipient["key_encryption_algorithm"] = {"algorithm": "rsaes_pkcs1v15"}
        recipient["encrypted_key"] = public.encrypt(bytes(32), padding.PKCS1v15())

    blob = rewritten(keywrap.wrap(b"x", [reader.certificate]), weaken)
    return lambda: reader.asked(blob)


@row("OAEP is taken down to SHA-1", transport=any_transport)
def _() -> Attempt:
    reader = token("rsa")

    def weaken(content: Any) -> None:
        recipient = content["recipient_infos"][0].chosen
        recipient["key_encryption_algorithm"] = {
            "algorithm": "rsaes_oaep",
            "parameters": algos.RSAESOAEPParams({"hash_algorithm": {"algorithm": "sha1"}}),
        }

    blob = rewritten(keywrap.wrap(b"x", [reader.certificate]), weaken)
    return lambda: reader.asked(blob)


@row("the content cipher is taken down to AES-128", requirements=no_requirements)
def _() -> Attempt:
    reader = token("ec")

    def weaken(content: Any) -> None:
        content["auth_encrypted_content_info"]["content_encryption_algorithm"]["algorithm"] = "aes128_gcm"

    blob = rewritten(keywrap.wrap(b"x", [reader.certificate]), weaken)
    return lambda: reader.asked(blob)


@row("a tag of four bytes, to be guessed", requirements=no_requirements)
def _() -> Attempt:
    reader = token("ec")

    def weaken(content: Any) -> None:
        content["mac"] = content["mac"].native[:4]
        parameters = keywrap._GcmParameters({"nonce": bytes(12), "icv_len": 4})
        content["auth_encrypted_content_info"]["content_encryption_algorithm"]["parameters"] = parameters

    blob = rewritten(keywrap.wrap(b"x", [reader.certificate]), weaken)
    return lambda: reader.asked(blob)


@row("bytes are hidden between the fields of a blob", requirements=no_requirements)
def _() -> Attempt:
    reader = token("ec")
    blob = keywrap.wrap(b"x", [reader.certificate])
    assert blob[:2] == b"\x30\x82"
    return lambda: reader.asked(b"\x30\x83\x00" + blob[2:])


@row("a point off the curve takes the key out of the token bit by bit", curve=no_curve)
def _() -> Attempt:
    reader = token("ec")
    blob = keywrap.wrap(b"x", [reader.certificate])
    key = cms.ContentInfo.load(blob)["content"]["recipient_infos"][0].chosen["originator"].chosen["public_key"]
    point = key.contents[1:]
    return lambda: reader.asked(blob.replace(point, point[:-1] + bytes([point[-1] ^ 1])))


# --- what is held


@pytest.mark.parametrize("name", ROWS)
def test_the_attack_fails(name: str) -> None:
    assert not ROWS[name].prepare()()


@pytest.mark.parametrize(
    ("name", "kept"), [(name, kept) for name, row in ROWS.items() if len(row.defences) > 1 for kept in row.defences]
)
def test_one_defence_alone_holds(name: str, kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    of = ROWS[name]
    attempt = None if of.early else of.prepare()
    for other, take_out in of.defences.items():
        if other != kept:
            take_out(monkeypatch)
    assert not (attempt or of.prepare())()


@pytest.mark.parametrize("name", ROWS)
def test_without_its_defences_the_attack_succeeds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    of = ROWS[name]
    attempt = None if of.early else of.prepare()
    for take_out in of.defences.values():
        take_out(monkeypatch)
    assert (attempt or of.prepare())()
