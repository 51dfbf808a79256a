"""Suite gm-1 as docs/formats/bid-envelope.md tells it, read by a second implementation that shares no code with ours.

``openssl`` undoes SM2, SM4-CBC and HMAC-SM3 and verifies the signature; the shape of the container is taken apart here.
"""

import asyncio
import json
import shutil
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from envelope_world import ACT, CONTEXT, FILES, PAYLOAD, Envelope, Shelf, opened, person, sealed, world
from national import NationalHolder
from test_envelope_format import secret_of

from app.ca import sm2
from app.ca.envelope import GM_1, Share, take_share

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl does the arithmetic")
GOLDEN = Path(__file__).with_name("golden_envelope_gm_v1.json")


def openssl(*arguments: str | Path, data: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, check=True).stdout


def sm3(data: bytes) -> bytes:
    return openssl("dgst", "-sm3", "-binary", data=data)


def hmac(key: bytes, message: bytes) -> bytes:
    return openssl("dgst", "-sm3", "-mac", "HMAC", "-macopt", f"hexkey:{key.hex()}", "-binary", data=message)


def expand(key: bytes, info: bytes, size: int = 32) -> bytes:
    made, block, number = b"", b"", 1
    while len(made) < size:
        block = hmac(key, block + info + bytes([number]))
        made, number = made + block, number + 1
    return made[:size]


def parts(der: bytes) -> list[tuple[int, bytes]]:
    """Tag and content of each element that stands in ``der``, one after another."""
    found = []
    while der:
        tag, size, place = der[0], der[1], 2
        if size & 0x80:
            place += size & 0x7F
            size = int.from_bytes(der[2:place], "big")
        found.append((tag, der[place : place + size]))
        der = der[place + size :]
    return found


def inside(der: bytes, *path: int) -> bytes:
    """The content of the element that ``path`` leads to."""
    content = der
    for number in path:
        content = parts(content)[number][1]
    return content


def key_file(key: sm2.PrivateKey, folder: Path) -> Path:
    """The key as OpenSSL reads it (RFC 5915)."""
    der = bytes.fromhex("30770201010420") + key.scalar() + bytes.fromhex("a00a06082a811ccf5501822da144034200")
    (folder / "key.der").write_bytes(der + key.public_point)
    openssl("ec", "-inform", "DER", "-in", folder / "key.der", "-out", folder / "key.pem")
    return folder / "key.pem"


def unwrapped(blob: bytes, name: str, folder: Path) -> dict[str, Any]:
    assert inside(blob, 0, 0).hex() == "2a811ccf550601040203"  # 1.2.156.10197.6.1.4.2.3
    content = inside(blob, 0, 1, 0)
    recipient = inside(content, 1, 0)
    assert (inside(content, 0), inside(recipient, 0)) == (b"\x01", b"\x01")
    issuer, serial = parts(inside(recipient, 1))
    assert (issuer, len(serial[1])) == ((0x30, b""), 16)
    assert inside(recipient, 2, 0).hex() == "2a811ccf5501822d03"
    encrypted = inside(content, 2)
    assert inside(encrypted, 0).hex() == "2a811ccf550601040201"
    assert inside(encrypted, 1, 0).hex() == "2a811ccf55016802"
    key = openssl(
        "pkeyutl", "-decrypt", "-inkey", key_file(person(name).encryption_key, folder), data=inside(recipient, 3)
    )
    iv = inside(encrypted, 1, 1)
    plain = openssl("enc", "-d", "-sm4-cbc", "-K", key.hex(), "-iv", iv.hex(), data=inside(encrypted, 2))
    value: dict[str, Any] = json.loads(plain)
    return value


def decrypt(key: bytes, context: bytes, data: bytes) -> bytes:
    material = expand(key, b"bidroom sm4-gcm chunks v1\0" + data[:24] + context, 60)
    assert data[24:56] == material[28:]
    base, chunks = int.from_bytes(material[16:28], "big"), [data[i : i + 16400] for i in range(56, len(data), 16400)]
    assert len(chunks[-1]) < 16400
    plain = []
    for number, chunk in enumerate(chunks):
        nonce = (base ^ number).to_bytes(12, "big")
        decryptor = Cipher(SM4(material[:16]), GCM(nonce, chunk[-16:])).decryptor()
        plain.append(decryptor.update(chunk[:-16]) + decryptor.finalize())
    return b"".join(plain)


def read(envelope: Envelope, names: list[str], folder: Path) -> tuple[dict[str, Any], list[bytes]]:
    """Manifest and files, from the document alone; ``names`` in the order of the recipients, "" for those absent."""
    data = envelope.data
    end = 12 + int.from_bytes(data[8:12], "big")
    header = json.loads(data[12:end])
    core, shares, own = header["core"], {}, b""
    plain_core = json.dumps(core, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    hc, env_id = sm3(plain_core), bytes.fromhex(core["env_id"])
    for entry, blob, name in zip(core["recipients"], header["blobs"], names, strict=True):
        if not name:
            continue
        found = unwrapped(b64decode(blob), name, folder)
        assert (found["hc"], found["kind"], found["x"]) == (hc.hex(), entry["kind"], entry["x"])
        y, kind = bytes.fromhex(found["y"]), entry["kind"].encode()
        told = b"bidroom share v1\0" + env_id + bytes([len(kind)]) + kind + bytes([entry["x"]]) + y
        assert sm3(told).hex() == entry["commit"]
        tag = hmac(env_id, b"bidroom envelope recipient v1\0" + sm3(person(name).encryption_certificate)).hex()
        assert entry["tag"] == ("" if kind == b"supplier" else tag)
        if kind == b"share":
            shares[entry["x"]] = y
        else:
            own = y
    layers = [own, secret_of(shares)]
    key = hmac(env_id, b"bidroom envelope root v1\0" + b"".join(bytes([len(layer)]) + layer for layer in layers))
    assert expand(key, b"bidroom envelope commit v1\0" + hc).hex() == header["commit"]
    plains = []
    for number, stream in enumerate(header["streams"]):
        sealed_bytes, end = data[end : end + stream["size"]], end + stream["size"]
        assert sm3(sealed_bytes).hex() == stream["sm3"]
        info = b"bidroom envelope stream v1\0" + number.to_bytes(4, "big") + hc
        plains.append(decrypt(expand(key, info), info, sealed_bytes))
    assert end == len(data)
    manifest = signed_manifest(plains[0], folder)
    assert (manifest["hc"], manifest["commit"]) == (hc.hex(), header["commit"])
    return manifest, plains[1:]


def signed_manifest(first: bytes, folder: Path) -> dict[str, Any]:
    def take(place: int) -> tuple[bytes, int]:
        size = int.from_bytes(first[place : place + 4], "big")
        return first[place + 4 : place + 4 + size], place + 4 + size

    text, place = take(0)
    signature, place = take(place)
    der, _ = take(place + 4)
    for name, content in (("signer.der", der), ("signature", signature)):
        (folder / name).write_bytes(content)
    (folder / "signed").write_bytes(b"bidroom envelope manifest v1\0" + text)
    openssl("x509", "-inform", "DER", "-in", folder / "signer.der", "-pubkey", "-noout", "-out", folder / "public.pem")
    said = openssl(
        "pkeyutl", "-verify", "-pubin", "-inkey", folder / "public.pem", "-rawin", "-digest", "sm3",
        "-pkeyopt", "distid:1234567812345678", "-in", folder / "signed", "-sigfile", folder / "signature",
    )  # fmt: skip
    assert b"Verified Successfully" in said
    manifest: dict[str, Any] = json.loads(text)
    assert manifest["signer"] == sm3(der).hex()
    return manifest


def test_a_second_implementation_reads_our_envelopes(tmp_path: Path) -> None:
    with world(GM_1):
        envelope = sealed()
        manifest, files = read(envelope, ["张", "", "李", "甲公司"], tmp_path)
    assert (manifest["payload"], manifest["context"]) == (PAYLOAD, CONTEXT)
    assert files == [data for _, data in FILES]
    said = [(entry["name"], entry["size"], entry["sm3"]) for entry in manifest["files"]]
    assert said == [(name, len(data), sm3(data).hex()) for name, data in FILES]


def test_a_national_envelope_of_version_1_opens_for_ever() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    envelope = Envelope(b64decode(golden["envelope"]), golden["header_sha256"])

    def share_of(name: str) -> Share:
        kept = golden["people"][name]
        certificate = b64decode(kept["certificate"])
        key = sm2.PrivateKey(b64decode(kept["key"]), sm2.public_point_of(certificate))
        return asyncio.run(take_share(envelope.header, NationalHolder((key, certificate), (key, certificate)), ACT))

    shelf = Shelf()
    result = opened(envelope, [share_of(name) for name in ("王", "李", "甲公司")], shelf, context=golden["context"])
    assert result.payload == {"price": "9800000.00"}
    assert [(entry.name, data) for entry, data in shelf.files.values()] == [("投标文件.pdf", b"%PDF-1.4 golden")]
