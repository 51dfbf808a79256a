"""An envelope's reader written from docs/formats/bid-envelope.md alone: the standard library and ``cryptography``.

Suite ``intl-1`` with EC P-256 recipients. Nothing of the program is imported; whoever writes another implementation may
begin here. ``python second_reader.py ENVELOPE HEADER_SHA256 KEY…`` (keys: PKCS#8 DER) prints the manifest.
"""

import hashlib
import hmac
import json
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap
from cryptography.hazmat.primitives.serialization import load_der_private_key
from cryptography.x509 import load_der_x509_certificate

# SEQUENCE { SEQUENCE { aes256-wrap }, [2] { OCTET STRING 256 in four bytes } } (RFC 5753 7.2)
SHARED_INFO = bytes.fromhex("3015300b060960864801650304012da206040400000100")


def parts(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of the elements that follow one another in ``der``."""
    while der:
        tag, size, start = der[0], der[1], 2
        if size & 0x80:
            start = 2 + (size & 0x7F)
            size = int.from_bytes(der[2:start], "big")
        yield tag, der[start : start + size]
        der = der[start + size :]


def inside(der: bytes, *way: int) -> bytes:
    """Content of the element found by taking these positions, one level after the other."""
    for position in way:
        der = list(parts(der))[position][1]
    return der


def opened_blob(blob: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """CMS AuthEnvelopedData with one KeyAgreeRecipientInfo (RFC 5083, RFC 5753); InvalidUnwrap for another's."""
    content = inside(blob, 0, 1, 0)  # ContentInfo, [0], AuthEnvelopedData
    _, recipients, encrypted, mac = (part for _, part in parts(content))
    agreement = inside(recipients, 0)
    point = inside(agreement, 1, 0, 1)[1:]  # originator: [0], [1], BIT STRING without its unused bits
    wrapped = inside(agreement, 3, 0, 1)
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))
    kek = hashlib.sha256(shared + b"\0\0\0\1" + SHARED_INFO).digest()
    content_key = aes_key_unwrap(kek, wrapped)
    nonce, ciphertext = inside(encrypted, 1, 1, 0), list(parts(encrypted))[2][1]
    return AESGCM(content_key).decrypt(nonce, ciphertext + mac, None)


def expand(key: bytes, info: bytes, size: int = 32, name: str = "sha256") -> bytes:
    made, block, number = b"", b"", 1
    while len(made) < size:
        block = hmac.digest(key, block + info + bytes([number]), name)
        made, number = made + block, number + 1
    return made[:size]


def product(a: int, b: int) -> int:
    made = 0
    while b:
        made ^= a if b & 1 else 0
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return made


def secret_of(shares: dict[int, bytes]) -> bytes:
    made = bytes(32)
    for x, y in shares.items():
        weight = 1
        for other in shares:
            if other != x:
                inverse = next(z for z in range(256) if product(z, other ^ x) == 1)
                weight = product(weight, product(other, inverse))
        made = bytes(a ^ product(weight, b) for a, b in zip(made, y, strict=True))
    return made


def stream(key: bytes, context: bytes, data: bytes) -> bytes:
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0" + data[:24] + context
    material = expand(key, info, 76, "sha512")
    if data[24:56] != material[44:]:
        raise ValueError("key commitment")
    base, aead = int.from_bytes(material[32:44], "big"), AESGCM(material[:32])
    chunks = [data[i : i + 16400] for i in range(56, len(data), 16400)]
    if len(data[56:]) % 16400 < 16:
        raise ValueError("cut")
    return b"".join(aead.decrypt((base ^ i).to_bytes(12, "big"), chunk, None) for i, chunk in enumerate(chunks))


def read(data: bytes, header_sha256: str, keys: list[ec.EllipticCurvePrivateKey]) -> tuple[dict[str, Any], list[bytes]]:
    """Manifest and files of an envelope; ValueError for whatever does not fit."""
    size = int.from_bytes(data[8:12], "big")
    header_bytes, end = data[12 : 12 + size], 12 + size
    if data[:8] != b"BIDENV1\n" or hashlib.sha256(header_bytes).hexdigest() != header_sha256:
        raise ValueError("not the receipted envelope")
    header = json.loads(header_bytes)
    core = header["core"]
    if (core["v"], core["suite"]) != (1, "intl-1"):
        raise ValueError("suite")
    plain = json.dumps(core, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    hc, env_id = hashlib.sha256(plain).digest(), bytes.fromhex(core["env_id"])
    found: dict[tuple[str, int], bytes] = {}
    for entry, blob in zip(core["recipients"], header["blobs"], strict=True):
        for key in keys:
            try:
                told = json.loads(opened_blob(b64decode(blob), key))
            except InvalidUnwrap:
                continue
            kind, x, y = entry["kind"], entry["x"], bytes.fromhex(told["y"])
            commit = b"bidroom share v1\0" + env_id + bytes([len(kind)]) + kind.encode() + bytes([x]) + y
            fits = (told["hc"], told["kind"], told["x"]) == (hc.hex(), kind, x)
            if not fits or hashlib.sha256(commit).hexdigest() != entry["commit"]:
                raise ValueError("share")
            found[kind, x] = y
    k = core["policy"]["k"]
    openers = dict([(x, y) for (kind, x), y in sorted(found.items()) if kind == "share"][:k])
    musts = [found["must", x] for x in range(1, core["policy"]["must"] + 1)]
    layers = [found.get(("supplier", 0), b""), secret_of(openers) if k else b"", *musts]
    root = b"bidroom envelope root v1\0" + b"".join(bytes([len(layer)]) + layer for layer in layers)
    secret = hmac.digest(env_id, root, "sha256")
    if expand(secret, b"bidroom envelope commit v1\0" + hc).hex() != header["commit"]:
        raise ValueError("key")
    plains = []
    for number, said in enumerate(header["streams"]):
        sealed, end = data[end : end + said["size"]], end + said["size"]
        if hashlib.sha256(sealed).hexdigest() != said["sha256"]:
            raise ValueError("stream digest")
        info = b"bidroom envelope stream v1\0" + number.to_bytes(4, "big") + hc
        plains.append(stream(expand(secret, info), info, sealed))
    if end != len(data):
        raise ValueError("something follows")
    manifest = signed_manifest(plains[0])
    said = [manifest[name] for name in ("hc", "commit", "purpose", "rehearsal", "context")]
    if said != [hc.hex(), header["commit"], core["purpose"], core["rehearsal"], core["context"]]:
        raise ValueError("manifest of another envelope")
    for entry, content in zip(manifest["files"], plains[1:], strict=True):
        if (entry["size"], entry["sha256"]) != (len(content), hashlib.sha256(content).hexdigest()):
            raise ValueError("file")
    return manifest, plains[1:]


def signed_manifest(first: bytes) -> dict[str, Any]:
    def take(place: int) -> tuple[bytes, int]:
        end = place + 4 + int.from_bytes(first[place : place + 4], "big")
        return first[place + 4 : end], end

    text, place = take(0)
    signature, place = take(place)
    certificate, _ = take(place + 4)
    key = load_der_x509_certificate(certificate).public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("this reader knows P-256 signers")
    key.verify(signature, b"bidroom envelope manifest v1\0" + text, ec.ECDSA(hashes.SHA256()))
    manifest: dict[str, Any] = json.loads(text)
    if manifest["signer"] != hashlib.sha256(certificate).hexdigest():
        raise ValueError("signer")
    return manifest


def private_key(der: bytes) -> ec.EllipticCurvePrivateKey:
    key = load_der_private_key(der, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("this reader knows P-256 keys")
    return key


if __name__ == "__main__":
    envelope, digest, *files = sys.argv[1:]
    manifest, _ = read(Path(envelope).read_bytes(), digest, [private_key(Path(name).read_bytes()) for name in files])
    print(json.dumps(manifest, ensure_ascii=False, indent=1))
