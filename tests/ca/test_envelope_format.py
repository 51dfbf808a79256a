"""The format as docs/formats/bid-envelope.md tells it, read by a second implementation that shares no code with ours.

The blobs are opened by ``openssl cms``, everything else by the standard library and AES-GCM.
"""

import asyncio
import hashlib
import hmac
import json
import shutil
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from envelope_world import ACT, CONTEXT, FILES, PAYLOAD, Envelope, Shelf, opened, person, sealed

from app.ca.device_key import DeviceKeyHolder
from app.ca.envelope import Recipient, Share, take_share

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl opens the blobs")


def expand(key: bytes, info: bytes, size: int = 32, name: str = "sha256") -> bytes:
    made, block, number = b"", b"", 1
    while len(made) < size:
        block = hmac.digest(key, block + info + bytes([number]), name)
        made, number = made + block, number + 1
    return made[:size]


def times(a: int, b: int) -> int:
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def secret_of(shares: dict[int, bytes]) -> bytes:
    made = bytearray(32)
    for x, y in shares.items():
        weight = 1
        for other in shares:
            if other != x:
                inverse = next(z for z in range(256) if times(z, other ^ x) == 1)
                weight = times(weight, times(other, inverse))
        made = bytearray(a ^ times(weight, b) for a, b in zip(made, y, strict=True))
    return bytes(made)


def decrypt(key: bytes, context: bytes, data: bytes) -> bytes:
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0" + data[:24] + context
    material = expand(key, info, 76, "sha512")
    assert data[24:56] == material[44:]
    base, chunks = int.from_bytes(material[32:44], "big"), [data[i : i + 16400] for i in range(56, len(data), 16400)]
    assert len(chunks[-1]) < 16400
    aead = AESGCM(material[:32])
    return b"".join(aead.decrypt((base ^ i).to_bytes(12, "big"), chunk, None) for i, chunk in enumerate(chunks))


def unwrapped(blob: bytes, name: str, folder: Path) -> dict[str, Any]:
    (folder / "key.der").write_bytes(person(name).export())
    (folder / "blob.der").write_bytes(blob)
    pem = ["openssl", "pkey", "-inform", "DER", "-in", str(folder / "key.der"), "-out", str(folder / "key.pem")]
    subprocess.run(pem, check=True)
    command = ["openssl", "cms", "-decrypt", "-inform", "DER", "-in", str(folder / "blob.der")]
    done = subprocess.run([*command, "-inkey", str(folder / "key.pem")], check=True, capture_output=True)
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def read(envelope: Envelope, names: list[str], folder: Path) -> tuple[dict[str, Any], list[bytes]]:
    """Manifest and files, from the document alone; ``names`` in the order of the recipients, "" for those absent."""
    data = envelope.data
    assert data[:8] == b"BIDENV1\n"
    end = 12 + int.from_bytes(data[8:12], "big")
    assert hashlib.sha256(data[12:end]).hexdigest() == envelope.header_sha256
    header = json.loads(data[12:end])
    core, shares, musts, own = header["core"], {}, {}, b""
    plain_core = json.dumps(core, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    hc, env_id = hashlib.sha256(plain_core).digest(), bytes.fromhex(core["env_id"])

    for entry, blob, name in zip(core["recipients"], header["blobs"], names, strict=True):
        if not name:
            continue
        inside = unwrapped(b64decode(blob), name, folder)
        assert (inside["hc"], inside["kind"], inside["x"]) == (hc.hex(), entry["kind"], entry["x"])
        y, kind = bytes.fromhex(inside["y"]), entry["kind"].encode()
        told = b"bidroom share v1\0" + env_id + bytes([len(kind)]) + kind + bytes([entry["x"]]) + y
        assert hashlib.sha256(told).hexdigest() == entry["commit"]
        fingerprint = hashlib.sha256(person(name).encryption_certificate).digest()
        tag = hmac.digest(env_id, b"bidroom envelope recipient v1\0" + fingerprint, "sha256").hex()
        assert entry["tag"] == ("" if kind == b"supplier" else tag)
        if kind == b"share":
            shares[entry["x"]] = y
        elif kind == b"must":
            musts[entry["x"]] = y
        else:
            own = y
    parts = [own, secret_of(shares), *(musts[x] for x in sorted(musts))]
    root = b"bidroom envelope root v1\0" + b"".join(bytes([len(part)]) + part for part in parts)
    key = hmac.digest(env_id, root, "sha256")
    assert expand(key, b"bidroom envelope commit v1\0" + hc).hex() == header["commit"]

    plains = []
    for number, stream in enumerate(header["streams"]):
        sealed_bytes, end = data[end : end + stream["size"]], end + stream["size"]
        assert hashlib.sha256(sealed_bytes).hexdigest() == stream["sha256"]
        info = b"bidroom envelope stream v1\0" + number.to_bytes(4, "big") + hc
        plains.append(decrypt(expand(key, info), info, sealed_bytes))
    assert end == len(data)
    return signed_manifest(plains[0], hc, header["commit"]), plains[1:]


def signed_manifest(first: bytes, hc: bytes, commit: str) -> dict[str, Any]:
    def take(place: int) -> tuple[bytes, int]:
        size = int.from_bytes(first[place : place + 4], "big")
        return first[place + 4 : place + 4 + size], place + 4 + size

    assert len(first) % 4096 == 0
    text, place = take(0)
    signature, place = take(place)
    assert first[place : place + 4] == (1).to_bytes(4, "big")
    der, place = take(place + 4)
    assert not any(first[place:])
    key = x509.load_der_x509_certificate(der).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signature, b"bidroom envelope manifest v1\0" + text, ec.ECDSA(hashes.SHA256()))
    manifest: dict[str, Any] = json.loads(text)
    expected = (hc.hex(), commit, hashlib.sha256(der).hexdigest())
    assert (manifest["hc"], manifest["commit"], manifest["signer"]) == expected
    return manifest


def test_a_second_implementation_reads_our_envelopes(tmp_path: Path) -> None:
    must = Recipient(person("孙监督").encryption_certificate, must=True)
    openers = [Recipient(person(name).encryption_certificate) for name in "张王李"]
    envelope = sealed(openers=[*openers, must])
    manifest, files = read(envelope, ["张", "", "李", "孙监督", "甲公司"], tmp_path)
    assert (manifest["payload"], manifest["context"]) == (PAYLOAD, CONTEXT)
    assert files == [data for _, data in FILES]
    said = [(entry["name"], entry["size"], entry["sha256"]) for entry in manifest["files"]]
    assert said == [(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in FILES]


def test_an_envelope_of_version_1_opens_for_ever() -> None:
    golden = json.loads((Path(__file__).parent / "golden_envelope_v1.json").read_text(encoding="utf-8"))
    envelope = Envelope(b64decode(golden["envelope"]), golden["header_sha256"])

    def share_of(name: str) -> Share:
        kept = golden["people"][name]
        key = DeviceKeyHolder.restore(b64decode(kept["key"]), b64decode(kept["certificate"]))
        return asyncio.run(take_share(envelope.header, key, ACT))

    shelf = Shelf()
    result = opened(envelope, [share_of(name) for name in ("王", "李", "甲公司")], shelf, context=golden["context"])
    assert result.payload == {"price": "9800000.00"}
    assert [(entry.name, data) for entry, data in shelf.files.values()] == [("投标文件.pdf", b"%PDF-1.4 golden")]
